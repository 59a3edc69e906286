"""An LSL sender in a process of its own: as steady, or as uneven, as it is told to be."""

from __future__ import annotations

import json
import random
import sys
import time

RATE = 500.0
CHANNELS = 8
CHUNK = 20
"""Samples that are sent at once, at most."""
WAIT_S = 30.0
STEP_S = 0.002
CUES = ("walk", "run", "end")
CUE_S = 1.0


def send(name: str, seconds: float, jitter_s: float, gap_every_s: float, gap_s: float) -> None:
    """Send samples that count, and cues beside them, once somebody listens, and say what was sent.

    Parameters
    ----------
    jitter_s
        Stamps are off by up to so much, and chunks late by up to ten times it.
    gap_every_s, gap_s
        So often nothing is sent for so long; 0: never.
    """
    import pylsl

    chance = random.Random(7)
    info = pylsl.StreamInfo(name, "EEG", CHANNELS, RATE, "float32", f"{name}-source")
    info.set_channel_labels([f"c{number + 1}" for number in range(CHANNELS)])
    outlet = pylsl.StreamOutlet(info)
    cues = pylsl.StreamOutlet(pylsl.StreamInfo(f"{name} cues", "Markers", 1, 0.0, "string", f"{name}-cues"))
    print("up", flush=True)
    outlet.wait_for_consumers(WAIT_S)
    sys.stdin.readline()
    begin = pylsl.local_clock()
    slot = sent = gaps = told = 0
    silent = False
    while (now := pylsl.local_clock() - begin) < seconds:
        due = int(now * RATE)
        while slot < due:
            at = slot / RATE
            if gap_every_s and at % gap_every_s > gap_every_s - gap_s:
                # What would have been sampled now never is.
                slot, silent = slot + 1, True
                continue
            # One that nothing follows is an end.
            gaps += silent
            silent = False
            count = min(chance.randint(1, CHUNK), due - slot)
            rows = [
                [float(sent + number), *([0.0] * (CHANNELS - 2)), float((sent + number) % 97)]
                for number in range(count)
            ]
            stamp = begin + (slot + count - 1) / RATE + chance.uniform(-jitter_s, jitter_s)
            outlet.push_chunk(rows, stamp)
            slot, sent = slot + count, sent + count
        if now >= told * CUE_S:
            cues.push_sample([CUES[told % len(CUES)]])
            told += 1
        time.sleep(STEP_S + chance.uniform(0.0, 10 * jitter_s))
    # What was sent last is on its way until somebody says that it has come.
    print(json.dumps({"samples": sent, "gaps": gaps, "cues": told}), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    send(sys.argv[1], *map(float, sys.argv[2:]))
