"""A board that is none: writes lines of numbers on a pseudo-terminal, at the speed that a wire would have."""

from __future__ import annotations

import itertools
import json
import math
import os
import sys
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path

BITS_A_BYTE = 10
"""Eight of the byte, a start bit and a stop bit."""
STEP_S = 0.004
"""How often the wire hands on what it has carried."""


class PseudoBoard:
    """Sends at the pace of `baud`; what the other side has no room for is lost, as on a wire without flow control.

    `plug` gives the port a name, `unplug` takes it away. One thread sends.

    Parameters
    ----------
    port
        A link of this path stands for the port, so that its name stays when it is plugged in again.
    """

    def __init__(self, port: Path, baud: int = 115_200) -> None:
        self.port, self.baud = port, baud
        self.lost_bytes = 0
        """For which the other side had no room."""
        self._board = self._other = -1

    def plug(self) -> None:
        """Be there."""
        self._board, self._other = os.openpty()
        tty.setraw(self._board)
        tty.setraw(self._other)
        os.set_blocking(self._board, False)
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(self._other))

    def unplug(self) -> None:
        """Be gone; twice does nothing."""
        if self._board >= 0:
            self.port.unlink()
            os.close(self._board)
            os.close(self._other)
        self._board = self._other = -1

    def write(self, data: bytes) -> None:
        """Send all of it at once."""
        try:
            sent = os.write(self._board, data)
        except BlockingIOError:
            sent = 0
        self.lost_bytes += len(data) - sent

    def send(self, lines: Callable[[], bytes | None], stop: threading.Event) -> int:
        """Send line after line, as fast as the wire carries them, until there is none or `stop`; how many bytes."""
        begin = time.perf_counter()
        sent, pending = 0, b""
        while not stop.is_set():
            due = int((time.perf_counter() - begin) * self.baud / BITS_A_BYTE) - sent
            while len(pending) < due:
                line = lines()
                if line is None:
                    self.write(pending)
                    return sent + len(pending)
                pending += line
            piece, pending = pending[:due], pending[due:]
            if piece:
                self.write(piece)
                sent += len(piece)
            stop.wait(STEP_S)
        return sent


def counted_line(number: int) -> bytes:
    """A line of six numbers, of which the first counts, and the last is a check on it."""
    angle = number / 10
    return b"%d,%.3f,%.3f,%.3f,%.2f,%d\r\n" % (
        number,
        math.sin(angle),
        math.cos(angle),
        math.sin(3 * angle),
        9.81 * math.cos(3 * angle),
        number % 97,
    )


def main(port: str, baud: str, seconds: str) -> None:
    """Be a board for a while, in a process of its own: say when it is plugged in, and what was sent."""
    board, stop = PseudoBoard(Path(port), int(baud)), threading.Event()
    board.plug()
    print("plugged", flush=True)
    # Whoever reads says when he listens.
    sys.stdin.readline()
    timer = threading.Timer(float(seconds), stop.set)
    timer.start()
    numbers = itertools.count(1)
    written = 0

    def line() -> bytes:
        nonlocal written
        written = next(numbers)
        return counted_line(written)

    sent = board.send(line, stop)
    # What of the last line has not gone yet: whole lines are counted.
    board.write(b"".join(map(counted_line, range(1, written + 1)))[sent:])
    print(json.dumps({"lines": written, "lost_bytes": board.lost_bytes}), flush=True)
    sys.stdin.readline()
    timer.cancel()
    board.unplug()


if __name__ == "__main__":
    main(*sys.argv[1:])
