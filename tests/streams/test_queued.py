"""Every value that is put in comes out, in order, at the time at which it came."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from waiting import DEADLINE_S

from dgstudio.errors import StreamError
from dgstudio.streams.block_queue import MOST
from dgstudio.streams.queued import QueuedSource
from dgstudio.types import StreamKind, StreamSpec

SPEC = StreamSpec("osc", StreamKind.VALUES, 100.0, ("a", "b"), 0.01, 0.01)


def test_values_come_out_with_the_time_since_the_first_one() -> None:
    source = QueuedSource(SPEC)
    source.open()
    for at in (5.0, 5.5, 7.0):
        source.put((at, -at), at)
    block = source.read(0.0)
    assert block is not None and not block.break_before
    np.testing.assert_allclose(block.times, (0.0, 0.5, 2.0))
    np.testing.assert_array_equal(block.values, [(5.0, -5.0), (5.5, -5.5), (7.0, -7.0)])
    assert block.values.dtype == np.float32 and source.read(0.0) is None


def test_what_comes_together_has_an_order_and_so_has_what_comes_between() -> None:
    source = QueuedSource(SPEC)
    source.open()
    assert source.moment(4.0) < 0
    first, between, second = source.put((0, 0), 5.0), source.moment(5.0), source.put((1, 1), 4.9)
    assert first is not None and second is not None
    assert 0 == first < between < second < 1e-3


def test_what_has_no_room_is_counted_and_the_rest_comes() -> None:
    source = QueuedSource(SPEC, capacity=MOST + 1)
    source.open()
    taken = [source.put((k, k), float(k)) is not None for k in range(MOST + 3)]
    assert taken.count(True) == source.taken == MOST + 1 and source.dropped == 2
    blocks = [source.read(0.0) for _ in range(3)]
    assert [None if block is None else len(block.times) for block in blocks] == [MOST, 1, None]


def test_a_reader_that_waits_is_woken_by_a_value_and_by_the_end() -> None:
    source = QueuedSource(SPEC)
    source.open()
    for wake in (lambda: source.put((1, 2), 1.0), source.close):
        other = threading.Timer(0.02, wake)
        other.start()
        block = source.read(DEADLINE_S)
        other.join()
        assert (block is None) == (wake == source.close)
    with pytest.raises(StreamError, match="not open"):
        source.read(0.0)


def test_what_came_before_it_was_opened_is_read_and_after_a_pause_there_is_a_break() -> None:
    source = QueuedSource(SPEC)
    source.put((1, 2), 1.0)
    source.open()
    block = source.read(0.0)
    assert block is not None and not block.break_before
    source.close()
    source.put((3, 4), 9.0)
    source.open()
    block = source.read(0.0)
    assert block is not None and block.break_before and block.times[0] == 8.0
