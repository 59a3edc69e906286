"""What is pushed becomes a steady stream: the newest value wins, whoever rests is sampled all the same."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pytest
from waiting import DEADLINE_S

from dgstudio.errors import BadInputError, StreamError
from dgstudio.streams.push import PushSource
from dgstudio.types import Block, StreamKind, StreamSpec


def spec(rate: float = 500.0, speed: float = 1.0) -> StreamSpec:
    return StreamSpec("osc", StreamKind.SIGNAL, rate, ("a", "b"), 1.0, 0.02, speed=speed)


def read(source: PushSource) -> Block:
    block = source.read(DEADLINE_S)
    assert block is not None
    return block


def test_the_newest_value_is_sampled_steadily_while_nobody_pushes() -> None:
    source = PushSource(spec(), first=(1.0, 2.0))
    source.open()
    blocks = [read(source) for _ in range(3)]
    times = np.concatenate([block.times for block in blocks])
    np.testing.assert_allclose(np.diff(times), 1 / 500)
    assert times[0] == 0 and len(blocks[0].times) == 5
    assert (np.concatenate([block.values for block in blocks]) == (1.0, 2.0)).all()
    assert not any(block.break_before for block in blocks)
    source.close()


def test_of_what_comes_between_two_samples_the_newest_wins_and_the_others_are_counted() -> None:
    source = PushSource(spec())
    source.open()
    for value in range(4):
        assert source.push((value, -value))
    np.testing.assert_array_equal(read(source).values[-1], (3, -3))
    assert (source.pushed, source.overwritten, source.refused) == (4, 3, 0)
    assert source.push((9, 9))
    assert source.overwritten == 3
    source.close()


def test_before_the_first_value_there_is_no_sample_and_then_time_begins() -> None:
    source = PushSource(spec())
    source.open()
    assert source.read(0.0) is None
    pusher = threading.Thread(target=source.push, args=((1.0, 1.0),))
    pusher.start()
    block = read(source)
    assert block.times[0] == 0.0 and not block.break_before
    pusher.join()
    source.close()


@pytest.mark.parametrize("bad", [(), (1.0,), (1, 2, 3), ((1, 2), (3, 4)), ("x", 1), (None, {}), (1j, 0), 7, "ab"])
def test_what_is_no_row_of_numbers_is_refused_and_counted(bad: Sequence[float]) -> None:
    source = PushSource(spec(), first=(1.0, 1.0))
    assert not source.push(bad)
    source.open()
    assert (read(source).values == 1.0).all()
    assert source.refused == 1
    source.close()


def test_numbers_that_float32_cannot_hold_pass_for_the_features_to_repair() -> None:
    source = PushSource(spec())
    assert source.push((1e300, float("nan")))
    source.open()
    row = read(source).values[-1]
    assert np.isinf(row[0]) and np.isnan(row[1])
    source.close()


def test_opened_again_it_goes_on_after_a_break() -> None:
    source = PushSource(spec(), first=(0.0, 0.0))
    source.open()
    end = read(source).times[-1]
    source.close()
    source.close()
    with pytest.raises(StreamError, match="not open"):
        source.read(0.0)
    source.open()
    block = read(source)
    assert block.break_before and block.times[0] == pytest.approx(end + 1 / 500)
    source.close()


@pytest.mark.parametrize("first", [None, (0.0, 0.0)])
def test_closing_lets_a_waiting_read_return(first: tuple[float, float] | None) -> None:
    source = PushSource(spec(rate=1e-3), first=first)  # the second sample is due in a quarter of an hour
    source.open()
    if first is not None:
        read(source)
    got: list[Block | None] = []

    def wait() -> None:
        # Closed before it came to reading, it is told so.
        with suppress(StreamError):
            got.append(source.read(10 * DEADLINE_S))

    reader = threading.Thread(target=wait)
    reader.start()
    source.close()
    reader.join(DEADLINE_S)
    assert not reader.is_alive() and not any(got)


def test_many_threads_may_push_at_once() -> None:
    source = PushSource(spec())
    threads = [
        threading.Thread(target=lambda k=k: [source.push((k, k)) for _ in range(500)]) for k in range(4)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    source.open()
    row = read(source).values[-1]
    assert row[0] == row[1] and source.pushed == 2000 and source.overwritten == 1999
    source.close()


@pytest.mark.parametrize(("rate", "speed"), [(0.0, 1.0), (float("nan"), 1.0), (60.0, 2.0), (60.0, 0.0)])
def test_a_rate_or_speed_that_cannot_be_is_refused(rate: float, speed: float) -> None:
    with pytest.raises(BadInputError, match="speed"):
        PushSource(spec(rate, speed))


def test_it_has_no_knobs() -> None:
    source = PushSource(spec())
    assert source.knobs() == ()
    with pytest.raises(BadInputError, match="no knob"):
        source.set_knob("gain", 1.0)
    with pytest.raises(BadInputError, match="2 channels"):
        PushSource(spec(), first=(1.0,))
