"""Whatever the user did, a version that is kept by its recipe comes back byte for byte, in any order of asking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgstudio.engine.lifecycle.resume import checkpoint_of
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.reproduce import MATTER, settings_again, settings_kept
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.session.file import Session
from dgstudio.session.format.checkpoint import Checkpoint
from dgstudio.session.versions.recipe_solver import Relearner

Begin = Callable[..., Learner]


def bytes_of(checkpoint: Checkpoint) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    return {name: (array.dtype.str, array.shape, array.tobytes()) for name, array in checkpoint.arrays.items()}


def same(again: Checkpoint, was: Checkpoint) -> bool:
    assert bytes_of(again) == bytes_of(was)
    assert (again.digest, again.meta, again.kind, again.reason) == (was.digest, was.meta, was.kind, was.reason)
    assert (again.version, again.parent, again.unix) == (was.version, was.parent, was.unix)
    return bool(np.array_equal(again.learned, was.learned))


@settings(max_examples=60, deadline=None)
@given(data=st.data(), nothing=st.booleans(), kappa=st.sampled_from([4.0, 2.5]))
def test_any_history_kept_by_recipes_comes_back(
    user: Any, begin: Begin, small: BaseModel, data: st.DataObject, nothing: bool, kappa: float
) -> None:
    learner = begin(None if nothing else small, kappa=kappa, seal_at=12)
    who, put = user(learner), {}
    with Session.memory() as session:
        for act in data.draw(st.lists(who.acts if nothing else who.every_act, min_size=5, max_size=14)):
            for record in who.does(act):
                present = {example.id for example in session.examples()}
                session.put_examples([e for i, e in who.labelled.items() if i not in present])
                if record.version is not None:
                    put[record.version] = checkpoint_of(learner, record, recorded=True)
                    session.put_recorded_checkpoint(put[record.version])
        # What has become of the labels since makes no difference.
        session.set_active(who.labelled, False)
        whole = {info.version: info.whole for info in session.checkpoints()}
        for version, checkpoint in put.items():
            learned_so = checkpoint.kind == "learned" and checkpoint.meta["snapshot"]["mode"] == "both"
            assert whole[version] is not (learned_so and "protected.base.learned" not in checkpoint.arrays)
        relearner = Relearner()
        for version in data.draw(st.permutations(sorted(put))):
            assert same(session.checkpoint(version, relearner), put[version])
            seals = [
                a for name, a in put[version].arrays.items() if name.startswith("protected.seal.") and "ids" in name
            ]
            held = {int(i) for ids in (put[version].learned, *seals) for i in ids}
            assert session.learned_in(version).labels().keys() == held


def test_settings_that_matter_come_back_and_incomplete_ones_are_refused(begin: Begin, small: BaseModel) -> None:
    learner = begin(small, kappa=2.0, prior=0.1, protected=7)
    kept = settings_kept(learner.settings, learner.store.head)
    assert set(kept) == set(MATTER)
    assert kept["features"] == small.snapshot().phi.dim - 1
    again = settings_again(kept, tau=-0.4, delta=0.1)
    assert (again.kappa, again.prior, again.tau, again.delta) == (2.0, 0.1, -0.4, 0.1)
    assert settings_again(None) == LearnerSettings()
    for wrong in ({}, {**kept, "kappa": "much"}, {**kept, "kappa": -1.0}):
        with pytest.raises(BadInputError):
            settings_again(wrong)
