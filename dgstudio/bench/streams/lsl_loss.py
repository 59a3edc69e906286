"""What is lost of an LSL stream on its way from another process to the samples of an engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from dgstudio.engine.engine import Engine
from dgstudio.errors import DgstudioError
from dgstudio.extras.known import EXTRAS, missing
from dgstudio.streams.registry import open_source

SETTLE_S = 10.0
EVEN = ("0", "0", "0")
UNEVEN = ("0.003", "2.0", "0.4")
"""Jitter of stamps, how often there is a gap, and how long it is, in seconds."""


def run_lsl_loss(seconds: float, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Receive 500 samples a second of 8 channels over loopback, for so many seconds, while an engine answers.

    `lost` counts samples that do not come, at their place, with their numbers: of an even stream; `lost_uneven` of one
    whose stamps jitter, whose chunks come late, and that breaks off now and then. `breaks_missed`: its gaps that are no
    breaks. Where pylsl is not installed, `left_out` says so.
    """
    if missing(EXTRAS["lsl"]):
        return {"left_out": "pylsl is not installed"}
    say(f"an LSL stream of 8 channels at 500 Hz for {seconds:g} s")
    even = _measured(seconds, EVEN)
    say("the same with jitter and gaps")
    uneven = _measured(seconds, UNEVEN)
    return {
        "lost": even["lost"],
        "samples": even["samples"],
        "breaks_too_many": even["breaks"],
        "lost_uneven": uneven["lost"],
        "samples_uneven": uneven["samples"],
        "breaks_missed": uneven["gaps"] - uneven["breaks"],
        "time_off_ms": even["time_off_ms"],
        "skipped_hops": even["skipped_hops"] + uneven["skipped_hops"],
    }


def _measured(seconds: float, how: tuple[str, ...]) -> dict[str, Any]:
    name = f"dgstudio-bench-{os.getpid()}"
    command = [sys.executable, "-m", "dgstudio.bench.streams.lsl_sender", name, str(seconds), *how]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as sender:
        try:
            return _received(sender, name)
        finally:
            sender.kill()


def _received(sender: subprocess.Popen[str], name: str) -> dict[str, Any]:
    assert sender.stdin is not None, "the sender's input is a pipe"
    assert sender.stdout is not None, "its output as well"
    sender.stdout.readline()
    engine = Engine(open_source(f"lsl:{name}"), None)
    try:
        engine.start()
        print(file=sender.stdin, flush=True)
        sent = json.loads(sender.stdout.readline())
        until = time.monotonic() + SETTLE_S
        while engine.ring.total < sent["samples"] and time.monotonic() < until:
            time.sleep(0.02)
        samples = engine.ring.total
        got = engine.ring.window(engine.ring.oldest, samples)
        breaks = len([at for at in engine.ring.breaks if at > 0])
        skipped = engine.stats().skipped_hops
    finally:
        left = engine.stop()
    print(file=sender.stdin, flush=True)
    if left:
        raise DgstudioError(f"These threads did not stop: {', '.join(left)}.")
    times, values = (np.zeros(0), np.zeros((0, 8))) if got is None else got
    numbers = values[:, 0].astype(np.int64)
    wrong = int(np.count_nonzero(np.diff(numbers) != 1)) + int(np.count_nonzero(values[:, 7] != numbers % 97))
    even = times - times[0] - np.arange(len(times)) / engine.spec.rate if len(times) else np.zeros(1)
    return {
        "lost": sent["samples"] - samples + wrong,
        "samples": sent["samples"],
        "gaps": sent["gaps"],
        "breaks": breaks,
        "time_off_ms": 1e3 * float(np.abs(even).max()),
        "skipped_hops": skipped,
    }
