"""Rings: numbering, wrap-around, breaks, and what a reader may see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.engine.rings import Latencies, RecordRing, SampleRing
from dgstudio.types import Block


def block(first: int, n: int, *, break_before: bool = False) -> Block:
    times = np.arange(first, first + n, dtype=np.float64)
    values = np.stack([times, -times], 1).astype(np.float32)
    return Block(times, values, (times.astype(np.int64) % 3).astype(np.int16), break_before)


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(16, 120))
def test_what_is_held_is_what_was_appended(sizes: list[int], capacity: int) -> None:
    ring = SampleRing(capacity, 2)
    for size in sizes:
        ring.append(block(ring.total, size), 1.0)
    start, stop = ring.oldest, ring.total
    got = ring.window(start, stop)
    assert got is not None
    np.testing.assert_array_equal(got[0], np.arange(start, stop))
    np.testing.assert_array_equal(got[1][:, 1], -np.arange(start, stop, dtype=np.float32))
    assert stop - start >= min(stop, capacity - max(1, capacity // 16))


def test_overwritten_and_future_samples_are_refused() -> None:
    ring = SampleRing(32, 2)
    ring.append(block(0, 40), 1.0)
    assert ring.window(0, 10) is None
    assert ring.window(30, 41) is None
    assert ring.truth(0, 10) is None


def test_breaks_carry_the_number_of_the_first_sample_after_them() -> None:
    ring = SampleRing(64, 2)
    ring.append(block(0, 10, break_before=True), 1.0)
    ring.append(block(10, 5), 1.0)
    ring.append(block(15, 5, break_before=True), 1.0)
    assert list(ring.breaks) == [0, 15]


def test_latest_is_cut_by_stream_time() -> None:
    ring = SampleRing(64, 2)
    assert len(ring.latest(5)[0]) == 0
    ring.append(block(0, 100), 1.0)
    times, values = ring.latest(9.0)
    assert times[0] == 90 and times[-1] == 99 and values.shape == (10, 2)
    assert ring.edge() == (99.0, 1.0)


@given(st.integers(0, 40), st.integers(0, 50))
def test_records_since(count: int, since: int) -> None:
    ring: RecordRing[int] = RecordRing(16)
    for i in range(count):
        ring.append(i)
    items, following = ring.since(since)
    assert following == count
    assert items == list(range(max(since, count - 15, 0), count))
    assert ring.newest == (count - 1 if count else None)


def test_percentiles_of_nothing_and_of_the_newest() -> None:
    latencies = Latencies(4)
    assert latencies.percentile(50, 99) == (0.0, 0.0)
    for value in (1, 2, 3, 4, 100, 100, 100, 100):
        latencies.add(value)
    assert latencies.percentile(50) == pytest.approx((100.0,))
    assert sorted(latencies.since(6)) == [100, 100]
