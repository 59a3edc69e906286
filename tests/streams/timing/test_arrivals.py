"""What the lamp of a source shows of what comes to it, and how many values a second it says."""

from __future__ import annotations

import pytest

from dgstudio.reasons.arrivals import Counted, OtherAddress, WrongNumberOfInputs
from dgstudio.streams.condition import Lamp
from dgstudio.streams.timing.arrivals import LOST_S, ArrivalRate, Arrivals


@pytest.mark.parametrize("hz", [4, 60, 1000])
def test_the_rate_is_that_of_the_last_two_seconds(hz: int) -> None:
    rate = ArrivalRate()
    for k in range(5 * hz):
        rate.note(100.0 + k / hz)
        if k in (hz, 3 * hz):
            assert rate.at(100.0 + k / hz) == pytest.approx(hz, rel=0.05)
    assert rate.at(105.0) == pytest.approx(hz, rel=0.05)
    assert rate.at(106.0) == pytest.approx(hz / 2, rel=0.05)
    assert rate.at(110.0) == 0


def test_the_lamp_tells_waiting_receiving_wrong_and_lost() -> None:
    it = Arrivals()
    assert it.condition(0.0).lamp is Lamp.WAITING
    assert it.condition(0.0).words == "waiting: nothing has come yet"
    other = OtherAddress("/accxyz", "/wek/inputs")
    assert it.condition(0.0, waiting=other).words == "waiting: messages come to /accxyz, and none to /wek/inputs"
    for k in range(101):
        it.note_right(10.0 + k / 100)
    assert it.condition(11.0).words == "receiving, 100 a second"
    it.note_wrong(WrongNumberOfInputs(7, 6), 11.1)
    assert it.wrong == 1
    assert it.condition(11.2).words == "wrong: wrong number of inputs: 7, expected 6"
    it.note_right(11.3)
    assert it.condition(11.4).lamp is Lamp.RECEIVING
    assert it.condition(11.3 + LOST_S + 5).words == "lost: nothing for 7 s"


def test_of_what_only_comes_wrong_that_is_told_until_nothing_comes() -> None:
    it = Arrivals()
    it.note_wrong(WrongNumberOfInputs(2, 6), 1.0)
    assert it.condition(1.5).lamp is Lamp.WRONG
    assert it.condition(9.0).lamp is Lamp.WAITING


def test_what_was_left_out_is_counted_in_words() -> None:
    condition = Arrivals().condition(0.0, (Counted(3, "packet", "too large"), Counted(1, "input", "too many")))
    assert [counted.words for counted in condition.counted] == ["3 packets too large", "1 input too many"]
