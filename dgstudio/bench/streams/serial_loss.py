"""What is lost of lines on a serial port, on the way from a board in another process to the samples of an engine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dgstudio.engine.engine import Engine
from dgstudio.errors import DgstudioError
from dgstudio.extras.known import EXTRAS, missing
from dgstudio.streams.registry import open_source
from dgstudio.streams.serial.source import SerialSource

BAUDS = (115_200, 9_600, 921_600)
SETTLE_S = 10.0


def run_serial_loss(seconds: float, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Send lines of six numbers for so many seconds at each speed, over a pseudo-terminal, while an engine answers.

    `lost` is at 115,200 baud. A line counts as lost unless a sample has its numbers, at its place. Where the machine
    has no pseudo-terminals or pyserial is not installed, `left_out` says so.
    """
    if sys.platform == "win32" or missing(EXTRAS["serial"]):
        why = "pyserial is not installed" if missing(EXTRAS["serial"]) else "Windows has no pseudo-terminals"
        return {"left_out": why}
    figures: dict[str, Any] = {}
    for baud in BAUDS:
        say(f"serial lines at {baud:,} baud for {seconds:g} s")
        found = _measured(baud, seconds)
        if baud == BAUDS[0]:
            figures |= found
        else:
            figures |= {f"{name}_at_{baud}": value for name, value in found.items() if name in ("lost", "lines")}
    return figures


def _measured(baud: int, seconds: float) -> dict[str, Any]:
    with TemporaryDirectory(prefix="dgstudio-serial-") as folder:
        port = Path(folder) / "ttyACM0"
        command = [sys.executable, "-m", "dgstudio.bench.streams.board", str(port), str(baud), str(seconds)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as board:
            try:
                return _received(board, port, baud)
            finally:
                board.kill()


def _received(board: subprocess.Popen[str], port: Path, baud: int) -> dict[str, Any]:
    assert board.stdin is not None, "the board's input is a pipe"
    assert board.stdout is not None, "its output as well"
    board.stdout.readline()

    begun = [False]

    def patience(_: object) -> None:
        # The port is open by now: what was sent before would be nobody's.
        if not begun[0] and board.stdin is not None:
            begun[0] = True
            print(file=board.stdin, flush=True)

    source = open_source(f"serial:{port}@{baud}", patience=patience)
    assert isinstance(source, SerialSource), "it was asked for"
    engine = Engine(source, None)
    try:
        engine.start()
        sent = json.loads(board.stdout.readline())
        _settled(engine, sent["lines"])
        samples = engine.ring.total
        got = engine.ring.window(engine.ring.oldest, samples)
        skipped = engine.stats().skipped_hops
    finally:
        left = engine.stop()
    print(file=board.stdin, flush=True)
    if left:
        raise DgstudioError(f"These threads did not stop: {', '.join(left)}.")
    numbers = np.zeros(0) if got is None else got[1][:, 0].astype(np.int64)
    wrong = int(np.count_nonzero(np.diff(numbers) != 1)) + (
        0 if got is None else int(np.count_nonzero(got[1][:, 5] != numbers % 97))
    )
    return {
        "lost": sent["lines"] - samples + wrong,
        "lines": sent["lines"],
        "garbled": source.counts.garbled + source.counts.uneven + source.counts.partial,
        "rate_measured": source.spec.rate,
        "skipped_hops": skipped,
    }


def _settled(engine: Engine, lines: int) -> None:
    until = time.monotonic() + SETTLE_S
    while engine.ring.total < lines and time.monotonic() < until:
        time.sleep(0.02)
