"""What a device sends waits in order until it is read."""

import threading

import numpy as np
import pytest
from waiting import DEADLINE_S

from dgstudio.errors import StreamError
from dgstudio.streams.block_queue import MOST, BlockQueue
from dgstudio.types import Block


def put(queue: BlockQueue, first: int, count: int, *, gap: bool = False) -> bool:
    times = np.arange(first, first + count, dtype=np.float64)
    return queue.put(times, times.astype(np.float32)[:, None], gap=gap)


def read(queue: BlockQueue) -> Block:
    block = queue.read(DEADLINE_S)
    assert block is not None
    return block


def test_what_waits_is_read_together_and_never_across_a_gap() -> None:
    queue = BlockQueue("board", 1000)
    queue.open()
    for first in (0, 3, 6):
        assert put(queue, first, 3, gap=first == 6)
    assert put(queue, 0, 0)
    one, two = read(queue), read(queue)
    assert one.times.tolist() == [0, 1, 2, 3, 4, 5] and not one.break_before
    assert two.values[:, 0].tolist() == [6, 7, 8] and two.break_before
    assert queue.read(0.0) is None and queue.taken == 9


def test_where_there_is_no_room_the_new_is_dropped_counted_and_a_gap_told() -> None:
    queue = BlockQueue("board", 5)
    queue.open()
    assert put(queue, 0, 4) and not put(queue, 4, 4)
    assert read(queue).times.tolist() == [0, 1, 2, 3]
    assert put(queue, 8, 4) and queue.dropped == 4
    assert read(queue).break_before


def test_a_block_is_not_endless() -> None:
    queue = BlockQueue("board", 10_000)
    queue.open()
    for first in range(0, 3000, 100):
        put(queue, first, 100)
    assert MOST <= len(read(queue).times) < 2 * MOST


def test_what_comes_after_a_new_beginning_follows_nothing() -> None:
    queue = BlockQueue("board", 100)
    queue.break_next()
    queue.open()
    put(queue, 0, 2)
    assert not read(queue).break_before
    queue.break_next()
    put(queue, 2, 2)
    assert read(queue).break_before


def test_a_waiting_read_returns_when_something_comes_and_when_it_is_closed() -> None:
    queue = BlockQueue("board", 100)
    with pytest.raises(StreamError, match="open it"):
        queue.read(0.0)
    queue.open()
    for deed in (lambda: put(queue, 0, 1), queue.close):
        thread = threading.Timer(0.01, deed)
        thread.start()
        queue.read(DEADLINE_S)
        thread.join()
