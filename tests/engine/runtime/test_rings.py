"""Rings: numbering, wrap-around, breaks, and what a reader may see."""

import sys
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.engine.runtime.rings import Latencies, RecordRing, SampleRing
from dgstudio.streams.windows import Windower
from dgstudio.types import Block, StreamSpec


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


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads take turns as often as they can, so that what can go wrong between two of them does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def beside_a_writer(write: Callable[[int], None], read: Callable[[], int], reads: int) -> int:
    """Read so often while another thread writes; returns the sum of what `read` returned."""
    over, errors = threading.Event(), list[Exception]()

    def run() -> None:
        number = 0
        try:
            while not over.is_set():
                write(number)
                number += 1
        except Exception as error:
            errors.append(error)

    writer = threading.Thread(target=run)
    writer.start()
    try:
        return sum(read() for _ in range(reads))
    finally:
        over.set()
        writer.join()
        assert not errors


def test_records_are_whole_and_in_order_beside_a_writer(hasty_threads: None) -> None:
    ring: RecordRing[int] = RecordRing(32)
    following = 0

    def read() -> int:
        nonlocal following
        items, total = ring.since(0)
        assert items == list(range(total - len(items), total))
        fresh, following = ring.since(following)
        assert fresh == list(range(following - len(fresh), following))
        return len(items)

    assert beside_a_writer(ring.append, read, 4000) > 0


def test_a_record_that_is_being_overwritten_is_left_out() -> None:
    ring: RecordRing[int] = RecordRing(8)
    for number in range(20):
        ring.append(number)

    class Overtaken(list[int]):
        """When the first of them is read, the writer adds one record and is half-way through the next."""

        def __getitem__(self, place: Any) -> Any:
            if ring.total == 20:
                ring.append(20)
                self[21 % 8] = 21
            return super().__getitem__(place)

    ring._items = Overtaken(ring._items)
    items, following = ring.since(0)
    assert items == list(range(14, 20)) and following == 20


def test_samples_are_whole_beside_a_writer(hasty_threads: None) -> None:
    ring = SampleRing(64, 2)
    chance = np.random.default_rng(0)

    def read() -> int:
        total = ring.total
        start = max(0, total - int(chance.integers(1, 70)))
        got = ring.window(start, total)
        times, values = ring.latest(20.0) if got is None else got
        assert len(times) == 0 or np.array_equal(times, np.arange(times[0], times[0] + len(times)))
        np.testing.assert_array_equal(values[:, 1], -times.astype(np.float32))
        if got is not None and total:
            assert times[-1] == total - 1
        truth = ring.truth(start, total)
        if truth is not None:
            np.testing.assert_array_equal(truth, np.arange(start, total) % 3)
        return len(times)

    assert beside_a_writer(lambda number: ring.append(block(3 * number, 3), 1.0), read, 4000) > 0


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=20), st.integers(16, 64))
def test_every_window_between_breaks_is_told_once_and_can_be_read(parts: list[tuple[int, bool]], size: int) -> None:
    spec = StreamSpec("test", "signal", 10.0, ("a", "b"), window_s=0.8, hop_s=0.3)
    ring, windower = SampleRing(size, 2), Windower(spec)
    ends: list[int] = []
    begins = [0]
    for count, gap in parts:
        if gap and ring.total and begins[-1] != ring.total:
            begins.append(ring.total)
        ring.append(block(ring.total, count, break_before=gap), 0.0)
        for end in windower.due(ring.total, ring.breaks):
            ends.append(end)
            got = ring.window(end - spec.window, end)
            assert (got is None) == (end - spec.window < ring.oldest)
            assert got is None or got[0][-1] == end - 1
    expected = [
        end
        for begin, until in pairwise([*begins, ring.total])
        for end in range(begin + spec.window, until + 1, spec.hop)
    ]
    assert ends == expected
