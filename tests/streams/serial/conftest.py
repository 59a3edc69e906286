"""A board on a pseudo-terminal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import DEADLINE_S

from dgstudio.bench.streams.board import PseudoBoard


@pytest.fixture
def board(tmp_path: Path) -> Iterator[PseudoBoard]:
    """Plugged in, and sends nothing by itself."""
    board = PseudoBoard(tmp_path / "ttyACM0")
    board.plug()
    yield board
    board.unplug()


@pytest.fixture
def steadily(board: PseudoBoard) -> Iterator[Callable[..., None]]:
    """Let the board send rows (n,) of numbers, so many a second, until the test ends; or what a function makes of n."""
    stop, threads = threading.Event(), list[threading.Thread]()

    def start(rate: float, line: Callable[[int], str] = lambda n: f"{n},{-n}") -> None:
        def run() -> None:
            number = 0
            while not stop.wait(1 / rate):
                board.write(f"{line(number)}\r\n".encode())
                number += 1

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join(DEADLINE_S)
