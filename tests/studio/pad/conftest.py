"""A map of the shipped base for the pointer, and what its classes look like."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor

from dgstudio.engine.plane.decision_map import DecisionMap, points
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.certificate import certify_rows
from dgstudio.model.plan import Plan
from dgstudio.paths import asset
from dgstudio.studio.pad.class_marks import Look
from dgstudio.studio.theme.theme import DARK
from dgstudio.types import Example

SIDE = 40
TOWN = 7


@pytest.fixture(scope="session")
def learned():
    """The base, and the version that has learned a town at the lower left; each with its plan."""
    learner = Learner.begin(BaseModel.load(asset("bases/pointer.safetensors")), LearnerSettings())
    before = learner.store.head
    learner.add_class(TOWN)
    spots = np.random.default_rng(2).uniform(-0.15, 0.15, (12, 2)) + np.array([-0.55, -0.6])
    learner.absorb([Example(k, TOWN, 0, spot.astype(np.float32), 0.0, 0.0) for k, spot in enumerate(spots)])
    learner.step()
    return before, learner.store.head


@pytest.fixture(scope="session")
def make_map(learned):
    """Return a function: the map of the version that has learned the town, or of the base, in so many cells a row."""
    before, after = learned

    def make(snapshot=after, reference=before, side=SIDE, generation=1, inputs=2):
        answers, equal = Plan(snapshot).answers(points(side, inputs)), None
        if reference is not None:
            equal = certify_rows(snapshot, answers, reference, Plan(reference).answers(points(side, inputs)))
        version = None if reference is None else reference.version
        return DecisionMap(generation, snapshot, side, answers, 0.0, version, equal)

    return make


@pytest.fixture
def looks(qapp):
    """Return the looks of the base's classes and of the town."""
    colours = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7")
    ids, names = (0, 1, 2, TOWN), ("lake", "river", "hill", "town")
    return {
        class_id: Look(QColor(colour), DARK.colour("text_strong"), name, str(class_id), class_id)
        for class_id, colour, name in zip(ids, colours, names, strict=True)
    }
