""" "Unsure" by the user's threshold: what counts as the answer changes, and nothing that the model computes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgstudio.engine.runtime.abstention import ABSTAIN, kept_threshold
from dgstudio.engine.runtime.metrics import UNSURE
from dgstudio.errors import BadInputError
from dgstudio.session.file import Session
from dgstudio.streams.sinks.jsonl import as_record
from dgstudio.types import Unsure

Rigs = Callable[..., Any]


def test_below_the_threshold_the_answer_is_unsure_and_the_logits_and_receipts_stand(rigs: Rigs) -> None:
    rig = rigs()
    before = rig.play("Running")
    threshold = float(np.quantile([reading.confidence for reading in before], 0.5))
    rig.engine.lane.abstain = threshold
    rig._next["Running"] = 0
    after = rig.play("Running")
    assert [r.logits.tobytes() for r in after] == [r.logits.tobytes() for r in before]
    assert [r.receipt for r in after] == [r.receipt for r in before]
    for was, now in zip(before, after, strict=True):
        unlikely = was.confidence < threshold
        assert (now.unsure == Unsure.UNLIKELY) == unlikely
        assert now.top == (None if unlikely else was.top)
    stats = rig.engine.stats()
    assert 0 < stats.unsure == sum(bool(r.unsure) for r in after)
    assert stats.unsure_share == pytest.approx(stats.unsure / (len(before) + len(after)))
    rig.check_all()


def test_what_is_sent_says_that_and_why_it_is_unsure(rigs: Rigs) -> None:
    rig = rigs()
    (sure, *_) = rig.play("Walking")
    # Nothing is as likely as that.
    rig.engine.lane.abstain = 1.1
    (unsure, *_) = rig.play("Walking")
    names = rig.engine.classes.names
    assert as_record(sure, names)["unsure"] is None and as_record(sure, names)["answer"] in names.values()
    record = json.loads(json.dumps(as_record(unsure, names)))
    assert (record["answer"], record["unsure"], record["confidence"]) == (None, "unlikely", 0.0)
    assert sum(record["probabilities"].values()) == pytest.approx(1.0, abs=1e-4)


def test_takes_are_scored_by_the_same_rule(rigs: Rigs) -> None:
    rig = rigs()
    rig.engine.lane.abstain = 1.1
    readings = rig.play("Walking")
    rig.label(0, readings)
    (take,) = rig.engine.book.takes()
    answers = rig.engine.scores.of(take.id)
    assert set(answers.answered) == {UNSURE} and set(answers.confidence) == {0.0}


def test_the_threshold_is_part_of_the_session(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.engine.model.set_abstain(0.6)
    rig.settle()
    rig.engine.stop()
    assert rigs(Session.open(path)).engine.lane.abstain == 0.6


@pytest.mark.parametrize("threshold", [-0.1, 1.0, float("nan")])
def test_a_threshold_that_makes_no_sense_is_refused(rigs: Rigs, threshold: float) -> None:
    rig = rigs(start=False)
    with pytest.raises(BadInputError, match="choose 0"):
        rig.engine.model.set_abstain(threshold)
    rig.engine.session.set_config(ABSTAIN, "much")
    assert kept_threshold(rig.engine.session) == 0.0
