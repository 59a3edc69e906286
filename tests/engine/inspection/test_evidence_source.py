"""Every bank of every version is explained by sums that its own weights give, or a reason says why it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from engine.inspection.kept_learner import KeptLearner
from hypothesis import given, settings
from hypothesis import strategies as st
from learning.conftest import User, blob, examples_of

from dgstudio.engine.inspection import reachable_versions
from dgstudio.engine.inspection.evidence_source import EvidenceSource
from dgstudio.engine.inspection.reachable_versions import ReachableVersions
from dgstudio.engine.inspection.unavailable import ExamplesMissing, NotNotedYet, SolvedOtherwise, UnavailableError
from dgstudio.learning.bank.attribution import Evidence
from dgstudio.learning.learner.bank_ground import SUM_ERROR
from dgstudio.learning.learner.learner_state import LearnerState
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.reason import Reason


def adds_up(evidence: Evidence, snapshot: Snapshot, place: int, rows: np.ndarray) -> bool:
    bank, plan = snapshot.banks[place], Plan(snapshot)
    assert evidence.classes == bank.classes and evidence.version == snapshot.version
    weights = np.concatenate([bank.R, bank.w[None]]).astype(np.float64)
    for raw in rows:
        of_base, of_examples = evidence.parts(raw)
        scores = weights @ plan.embed(raw).astype(np.float64)
        size = (np.abs(of_base) + np.abs(of_examples).sum(0)).max()
        if np.abs(of_base + of_examples.sum(0) - scores).max() > SUM_ERROR * size:
            return False
    return True


def explained(versions: ReachableVersions, source: EvidenceSource, version: int, rows: np.ndarray) -> list[Any]:
    """What is found of each bank; where it is evidence, it adds up."""
    snapshot, found = versions.of(version).snapshot, []
    for place in range(len(snapshot.banks)):
        evidence = source.evidence_of(version, place)
        assert evidence is not None
        if isinstance(evidence, Evidence):
            assert adds_up(evidence, snapshot, place, rows)
        found.append(evidence)
    return found


@settings(max_examples=40)
@given(data=st.data(), nothing=st.booleans())
def test_after_any_history_each_bank_of_each_version_is_explained(
    data: st.DataObject, nothing: bool, small: BaseModel
) -> None:
    with KeptLearner(None if nothing else small, protected=6, seal_at=9) as one:
        for act in data.draw(st.lists(User.acts if nothing else User.every_act, min_size=4, max_size=12)):
            one.does(act)
        rows = np.concatenate([blob(c, 1, seed=8) for c in (0, 3, 4)])
        for versions, source in (one.by_memory(), one.by_file()):
            for version in data.draw(st.permutations(one.versions))[:6]:
                for place, found in enumerate(explained(versions, source, version, rows)):
                    assert isinstance(found, Evidence), (version, place, found.words)


def test_a_sealed_bank_is_explained_by_what_was_sealed_and_so_is_the_one_above_it(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 12))
        one.keeps(one.learner.seal_and_protect())
        one.learns(examples_of(4, 6, first=50))
        for versions, source in (one.by_memory(), one.by_file()):
            sealed, open_one = explained(versions, source, one.versions[-1], blob(3, 5, seed=4))
            assert sealed.example_ids.tolist() == list(range(12)) and set(sealed.class_ids.tolist()) == {3}
            assert open_one.example_ids.tolist() == list(range(50, 56))
            # The version before the seal has the very bank: it is solved once.
            before = source.evidence_of(one.versions[2])
            assert before.alpha is sealed.alpha and before.version == one.versions[2]


def test_an_older_version_is_explained_by_its_own_examples_and_labels(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 6))
        older = one.versions[-1]
        one.learns([*examples_of(4, 8, first=20), replace(one.user.labelled[2], class_id=4)])
        one.keeps(one.learner.forget([0, 1]))
        one.publishes()
        versions, source = one.by_memory()
        (found,) = explained(versions, source, older, blob(3, 4, seed=2))
        assert found.example_ids.tolist() == list(range(6)) and found.class_ids.tolist() == [3] * 6
        (now,) = explained(versions, source, one.versions[-1], blob(3, 4, seed=2))
        assert now.example_ids.tolist() == [2, 3, 4, 5, *range(20, 28)] and now.class_ids[0] == 4


def test_what_was_released_since_does_not_hide_what_a_bank_rests_on(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 8))
        one.learns(
            [
                type(e)(e.id, 4, 0, raw + np.float32(0.05), 0, 1)
                for e, raw in zip(examples_of(4, 5, first=20), base.protected, strict=False)
            ]
        )
        one.keeps(one.learner.release(range(20)))
        for versions, source in (one.by_memory(), one.by_file()):
            (found,) = explained(versions, source, one.versions[-1], blob(3, 4, seed=2))
            assert isinstance(found, Evidence)


def test_why_a_bank_is_not_explained_is_said(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 8))
        _, source = one.by_file()
        one.user.labelled[2] = examples_of(5, 1, first=2)[0]  # other features than it was learned with
        found = source.evidence_of(one.versions[-1])
        assert isinstance(found, SolvedOtherwise) and found.error > SUM_ERROR
        del one.user.labelled[2]
        assert source.evidence_of(one.versions[-1]) == ExamplesMissing(0, 1, 2)
        assert all(isinstance(r, Reason) and r.sentence.endswith(".") for r in (found, ExamplesMissing(0, 1, 2)))
        assert source.evidence_of(0) is None and source.evidence_of(one.versions[-1], 4) is None


def test_evidence_is_kept_within_bounds(small: BaseModel, monkeypatch: Any) -> None:
    from dgstudio.engine.inspection import evidence_source

    with KeptLearner(small) as one:
        for first in range(0, 30, 3):
            one.learns(examples_of(3, 3, first=first, seed=first))
        _, source = one.by_memory()
        monkeypatch.setattr(evidence_source, "CACHE_BYTES", 20_000)
        for version in one.versions[2:]:
            assert isinstance(source.evidence_of(version), Evidence)
            assert source.size_bytes <= 20_000


def test_a_version_that_answers_is_explained_while_the_learner_is_still_busy_with_what_comes_next(
    base: BaseModel, monkeypatch: Any
) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 8))
        found: list[Any] = []
        explain = LearnerState.go_on_from

        def go_on_from(self: LearnerState, *args: Any, **options: Any) -> None:
            # As another thread may ask now: the seal answers already.
            _, source = one.by_memory()
            found.append(source.evidence_of(self.store.head.version))
            explain(self, *args, **options)

        monkeypatch.setattr(LearnerState, "go_on_from", go_on_from)
        one.keeps(one.learner.seal_and_protect())
        assert isinstance(found[0], Evidence) and found[0].example_ids.tolist() == list(range(8))
        monkeypatch.undo()
        monkeypatch.setattr(reachable_versions, "NOTED_S", 0.01)
        one.learner.store.publish(one.learner.store.head.with_(version=99))
        with pytest.raises(UnavailableError) as error:
            one.by_memory()[1].evidence_of(99)
        assert error.value.reason == NotNotedYet(99)
