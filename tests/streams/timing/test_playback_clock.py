"""The clock of a source: when a sample is due, at any speed, and after a sleep."""

import threading
import time

import pytest
from waiting import DEADLINE_S

from dgstudio.errors import BadInputError
from dgstudio.streams.timing import playback_clock
from dgstudio.streams.timing.playback_clock import LATE_S, StreamClock


def test_everything_is_due_when_it_runs_free() -> None:
    clock = StreamClock(0)
    clock.start(0.0)
    assert clock.wait(1e9, 0.0)


def test_a_sample_is_due_when_its_time_has_come() -> None:
    clock = StreamClock(10.0)
    clock.start(5.0)
    begin = time.perf_counter()
    assert not clock.wait(1000.0, 0.0)
    assert clock.wait(5.5, 1.0)
    assert time.perf_counter() - begin >= 0.05
    assert clock.wait(5.2, 0.0)


def test_before_the_start_and_after_the_stop_nothing_is_due() -> None:
    clock = StreamClock(1.0)
    assert not clock.running and not clock.wait(0.0, 0.0)
    clock.start(0.0)
    clock.stop()
    assert not clock.running and not clock.wait(0.0, 0.0)


def test_stopping_wakes_who_waits() -> None:
    clock = StreamClock(1.0)
    clock.start(0.0)
    result: list[bool] = []
    thread = threading.Thread(target=lambda: result.append(clock.wait(1000.0, 1000.0)))
    thread.start()
    clock.stop()
    thread.join(DEADLINE_S)
    assert not thread.is_alive() and result == [False]


def test_it_starts_afresh_after_a_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(playback_clock.time, "perf_counter", lambda: now[0])
    clock = StreamClock(1.0)
    clock.start(0.0)
    now[0] += LATE_S - 0.5
    assert clock.wait(0.0, 0.0) and clock.slips == 0
    now[0] += 60.0
    assert clock.wait(1.0, 0.0) and clock.slips == 1
    assert not clock.wait(1.5, 0.0), "the minute that was slept through is not hurried after"


@pytest.mark.parametrize("speed", [-1.0, float("nan"), float("inf")])
def test_impossible_speeds_are_refused(speed: float) -> None:
    with pytest.raises(BadInputError, match="speed"):
        StreamClock(speed)
