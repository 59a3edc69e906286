"""The chip of the source: its lamp, what comes how often, and what is wrong, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dgstudio.reasons.arrivals import Counted, NothingComes, Trouble, WrongNumberOfInputs
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.types import StreamKind


@pytest.fixture
def shown(window, bridge):
    """Shows a condition; gives the chip's words, the colour of its dot, and its tooltip."""
    bridge.show(spec=replace(bridge.state.spec, name="osc", kind=StreamKind.VALUES), source_name="osc")
    window.resize(1600, 900)

    def show(condition):
        frame = bridge.frame(0.3)
        frame.source = condition
        window.update_frame(frame)
        chip = window.layout_.bar.source
        return chip.text_shown(), chip.parts[0].colour, chip.toolTip()

    return show


def test_while_it_receives_it_says_how_many_inputs_come_how_often(shown):
    words, colour, tip = shown(SourceCondition(Lamp.RECEIVING, 98.4))
    assert words == "OSC 6 inputs · 98 a second" and colour == "good"
    assert tip.startswith("OSC: receiving, 98 a second\n")
    assert shown(SourceCondition(Lamp.RECEIVING, 2.5))[0].endswith("· 2.5 a second")


@pytest.mark.parametrize(
    ("condition", "words", "colour", "tip"),
    [
        (SourceCondition(Lamp.WAITING, why=NothingComes()), "waiting …", "warning", "waiting: nothing has come yet"),
        (
            SourceCondition(Lamp.WRONG, why=WrongNumberOfInputs(7, 6), counted=(Counted(3, "packet", "too large"),)),
            "wrong input",
            "bad",
            "wrong number of inputs: 7, expected 6",
        ),
        (SourceCondition(Lamp.LOST, why=NothingComes(12)), "silent", "warning", "lost: nothing for 12 s"),
        (
            SourceCondition(Lamp.RETRYING, why=Trouble("The port is taken.")),
            "lost, retrying",
            "bad",
            "The port is taken",
        ),
        (SourceCondition(Lamp.ENDED), "ended", "text_faint", "ended"),
    ],
)
def test_what_is_wrong_is_told_in_words_and_in_full_in_the_tooltip(shown, condition, words, colour, tip):
    text, dot, told = shown(condition)
    assert text == f"OSC {words}" and dot == colour and tip in told
    assert ("3 packets too large" in told) == bool(condition.counted)


def test_a_rate_that_changes_does_not_move_what_stands_beside_it(window, shown):
    shown(SourceCondition(Lamp.RECEIVING, 98.4))
    before = window.layout_.bar.learn.x()
    for rate in (9.5, 100.0, 1999.0):
        shown(SourceCondition(Lamp.RECEIVING, rate))
        assert window.layout_.bar.learn.x() == before


def test_a_source_that_does_not_report_is_as_reading_it_goes(shown, bridge):
    bridge.stats.stream_state = "live"
    assert shown(None)[1] == "good"
    bridge.stats.stream_state = "lost"
    assert shown(None)[:2] == ("OSC lost, retrying", "bad")
