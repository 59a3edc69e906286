"""What a running engine stands on breaks, and nothing is lost; what would be lost is noticed."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from dgstudio.bench.faults.live import FAULTS, Patient, run_all_on_one, suffer

SEED = 7


@pytest.mark.skipif(sys.platform == "win32", reason="limits of processes")
def test_whatever_a_running_engine_stands_on_may_break_one_after_the_other() -> None:
    found = run_all_on_one(SEED, print, goes_on_s=0.3)
    assert found.uncontained == [] and found.tried + len(found.left_out) == len(FAULTS)


def test_harm_is_noticed(tmp_path: Path) -> None:
    def harm(patient: Patient) -> None:
        patient.settle()
        lost = patient.engine.book.active_examples()[0].id
        patient.engine.queue.write(lambda session: session.set_active([lost], False))

    (said,) = suffer([harm], tmp_path, random.Random(SEED), goes_on_s=0.2)
    assert said.startswith("1 examples are lost, 0 came back, of ")
