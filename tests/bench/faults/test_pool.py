"""Trials that go wrong are results: the processes that make them import this file, so it imports little."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from dgstudio.bench.faults import pool
from dgstudio.bench.faults.pool import Outcome, run_trials


def prepare_bad(sound: Path, folder: Path, seed: int):
    def make(number: int) -> tuple[Outcome, str]:
        if number == 0:
            raise ValueError("a traceback")
        if number == 1:
            bytearray(3 * 10**9)
        if number == 2:
            os._exit(3)
        if number == 3:
            raise MemoryError
        return Outcome.FINE, ""

    return make


def prepare_slow(sound: Path, folder: Path, seed: int):
    pool.TRIAL_S, pool.IN_ALL_S = (0.2, 30.0) if seed else (30.0, 0.2)

    def make(number: int) -> tuple[Outcome, str]:
        while True:
            time.sleep(0.0 if seed else 0.01)

    return make


@pytest.mark.skipif(sys.platform != "linux", reason="limits of processes")
def test_what_goes_wrong_in_a_trial_is_a_result(tmp_path):
    tally = run_trials(prepare_bad, tmp_path, 6, 0, print, processes=1)
    found = {number: outcome for number, outcome, _ in tally.examples}
    assert found == {
        0: Outcome.TRACEBACK,
        1: Outcome.OVER_MEMORY,
        2: Outcome.TRACEBACK,
        3: Outcome.OVER_MEMORY,
    }
    assert tally.tried == 6 and tally.counts[Outcome.FINE] == 2


@pytest.mark.skipif(sys.platform == "win32", reason="alarms of processes")
@pytest.mark.parametrize("busy", [False, True])
def test_what_waits_or_computes_for_ever_hangs(tmp_path, busy):
    assert run_trials(prepare_slow, tmp_path, 1, busy, print, processes=1).counts == {Outcome.HANG: 1}
