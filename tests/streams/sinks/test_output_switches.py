"""Switches hold from one input on, however late its answer is given."""

from __future__ import annotations

from dgstudio.streams.sinks.output_switches import MOST, SwitchedOutput


def test_an_answer_finds_the_switches_that_its_input_met() -> None:
    output = SwitchedOutput()
    output.change(0, running=False)
    output.change(3, running=True)
    output.change(3, name="hand")
    output.change(5, running=False)
    assert not output.newest.running
    assert [output.at(sample).running for sample in range(1, 8)] == [False] * 3 + [True] * 2 + [False] * 2
    assert output.at(8).name == "hand"


def test_a_change_without_a_place_among_the_inputs_holds_at_once() -> None:
    output = SwitchedOutput()
    output.change(100, running=False)
    output.change(None, computed=False)
    now = output.at(1)
    assert (now.running, now.computed) == (False, False) and now is output.newest


def test_changes_that_nobody_asks_for_take_no_more_room_than_they_may() -> None:
    output = SwitchedOutput()
    for number in range(10 * MOST):
        output.change(number, name=str(number))
    assert len(output._coming) == MOST and output.at(10 * MOST).name == str(10 * MOST - 1)
