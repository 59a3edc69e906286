"""Readers at full speed against publishes: no read of ours is wrong, and the check sees what is."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.lab.experiment import Options
from dgstudio.lab.experiments import concurrency
from dgstudio.lab.experiments.concurrency import contestant_of, dense_states, prepare, race
from dgstudio.lab.publishing import OK, TORN, UNATTRIBUTED, UNPUBLISHED, PlanSwap
from dgstudio.lab.runs import Runs
from dgstudio.learning.contract.contract import Contract
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.model.plan import Plan


@pytest.fixture(scope="module")
def prepared():
    return prepare(0)


@pytest.fixture(scope="module")
def states(prepared):
    return dense_states(prepared, 0)


def raced(method, prepared, states, reads, readers=2):
    return race(contestant_of(method, prepared, states), reads, len(prepared.inputs), readers)


def test_each_read_of_ours_is_one_published_version(prepared, states):
    """In small; the experiment makes ten million reads."""
    publishes = overlapped = 0
    # Else nothing was at risk; how many there are in one race is up to whatever else the machine does.
    while publishes <= 500 or overlapped <= 500:
        result = raced("ours", prepared, states, 50_000)
        assert result.reads == 50_000
        assert (result.torn, result.unpublished, result.unattributed) == (0, 0, 0)
        assert result.publishes > 20
        publishes, overlapped = publishes + result.publishes, overlapped + result.overlapped


@pytest.mark.parametrize("method", ["swap", "lock"])
def test_whole_states_stay_whole_behind_one_reference_or_one_mutex(method, prepared, states):
    result = raced(method, prepared, states, 60_000)
    assert (result.reads, result.torn, result.unpublished, result.unattributed) == (60_000, 0, 0, 0)
    assert result.publishes > 50


def test_the_in_place_control_is_caught(prepared, states):
    result = raced("in_place", prepared, states, 100_000, readers=1)
    assert result.torn > 0 and result.unpublished > 0
    assert result.unattributed > 0


def test_parts_alone_are_versions_that_no_step_of_the_learner_published(prepared):
    alone = prepared.versions[prepared.learned :]
    learned = {snapshot.digest for snapshot in prepared.versions[: prepared.learned]}
    assert len(alone) == 2 * prepared.learned
    assert sum(snapshot.digest not in learned for snapshot in alone) > 0.9 * len(alone)
    for before, after in itertools.pairwise(alone):
        a, b = before.banks[-1], after.banks[-1]
        assert (a.w is b.w) or (a.R is b.R)
    assert prepared.bits_changed == 0


def test_parts_alone_keep_every_protected_answer(prepared):
    base = prepared.base
    contract = Contract(ProtectedSet().joined(Plan(base.snapshot()), base.protected, base.protected_labels))
    for snapshot in prepared.versions[:: len(prepared.versions) // 20]:
        audit = contract.audit(Plan(snapshot), 0, len(contract.protected))
        assert (audit.checked, audit.bits_changed) == (60, 0)


def test_versions_differ_on_what_readers_ask(prepared):
    """Else an answer of the wrong version would pass."""
    ours = PlanSwap(prepared.versions, prepared.inputs)
    answers = set()
    for _ in range(len(prepared.versions)):
        ours.write()
        read = [ours.read(number)[1] for number in range(len(prepared.inputs))]
        answers.add(b"".join(answer.logits.tobytes() + answer.r.tobytes() for answer in read))
    assert len(answers) == len({snapshot.digest for snapshot in prepared.versions})


def test_the_judge_tells_apart_what_can_go_wrong(prepared):
    ours = PlanSwap(prepared.versions[:4], prepared.inputs)
    version, answer = ours.read(0)
    assert ours.judge(0, (version, answer)) == OK
    assert ours.judge(0, (10**6, answer)) == UNPUBLISHED
    _, moved = ours.read(0)
    moved.logits[:] = np.nextafter(answer.logits, np.float32(np.inf))
    assert ours.judge(0, (version, moved)) == UNATTRIBUTED
    _, rerouted = ours.read(0)
    rerouted.r[:] = np.nextafter(answer.r, np.float32(np.inf))
    assert ours.judge(0, (version, rerouted)) == UNATTRIBUTED
    with_other_bytes = prepared.versions[0].banks[-1].R
    kept = with_other_bytes.copy()
    try:
        with_other_bytes.flags.writeable = True
        with_other_bytes[...] += 1
        assert ours.judge(0, (version, moved)) == TORN
    finally:
        with_other_bytes[...] = kept
        with_other_bytes.flags.writeable = False


class _Broken:
    """A contestant whose reads fail."""

    publishes = 0

    def read(self, number):
        raise ValueError("broken")

    def judge(self, number, got):
        return OK

    def write(self):
        self.publishes += 1

    def late(self):
        return 0


def test_a_race_that_fails_ends_and_says_why():
    interval = sys.getswitchinterval()
    with pytest.raises(ValueError, match="broken"):
        race(_Broken(), 1000, 10)
    assert sys.getswitchinterval() == interval


def test_the_experiment_counts_all_reads_over_its_seeds(monkeypatch, prepared):
    monkeypatch.setattr(concurrency, "prepare", lambda seed: prepared)
    monkeypatch.setattr(concurrency, "READS_QUICK", {"ours": 2000})
    monkeypatch.setattr(concurrency, "READS_OTHERS_QUICK", 20_000)
    shares = []
    options = Options(seeds=2, quick=True, methods=("ours", "in_place"))
    result = concurrency.run(options, Runs(lambda progress: shares.append(progress.share)))
    ours, in_place = result.rows
    assert (ours["method"], ours["reads"], ours["seeds"]) == ("ours", 2000, 2)
    assert ours["torn"] + ours["unpublished"] + ours["unattributed"] + ours["protected_bits_changed"] == 0
    assert in_place["torn"] + in_place["unpublished"] > 0
    assert 0 < ours["serve_p50_us"]["mean"] <= ours["serve_p99_us"]["mean"]
    assert all(ours[name]["ci95"] >= 0 for name in ("serve_p50_us", "serve_p99_us", "publishes_per_s"))
    assert ours["data"] == in_place["data"] == "blobs"
    assert shares == sorted(shares) and shares[-1] <= 1


def test_a_control_that_shows_nothing_fails_the_experiment(monkeypatch, prepared):
    monkeypatch.setattr(concurrency, "prepare", lambda seed: prepared)
    monkeypatch.setattr(concurrency, "READS_OTHERS_QUICK", 100)
    monkeypatch.setattr(
        concurrency,
        "contestant_of",
        lambda method, prepared, states, seed: PlanSwap(prepared.versions, prepared.inputs),
    )
    with pytest.raises(DgstudioError, match="check is broken"):
        concurrency.run(Options(quick=True, methods=("in_place",)), Runs())


def test_an_unknown_method_is_named():
    with pytest.raises(BadInputError, match="no method “magic”"):
        concurrency.run(Options(methods=("magic",)), Runs())
