"""From nothing, two seconds of labels later: ten a class of one simulated person, and the rest of it is told."""

from __future__ import annotations

import numpy as np
import pytest

from dgstudio.lab.bases import person_windows
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.plan import Plan
from dgstudio.types import Example

LEARNED = 10
"""Of a class: the most that are learned of one second in which a key is held."""
PAIRS = (("rest", "walk"), ("circle", "wave"), ("run", "shake"), ("tap", "circle"))


@pytest.mark.parametrize("person", [7001, 7002, 7003])
def test_ten_labels_of_each_of_two_classes_make_a_usable_model(person: int) -> None:
    """It answers nothing wrong, and says "unsure" seldom: of all but one window in twenty it tells the class."""
    every: list[bool] = []
    for pair in PAIRS:
        windows = person_windows(person, pair, every_s=0.1)
        learner, number = Learner.begin(None), 0
        for class_id in range(2):
            learner.add_class(class_id)
            for raw in windows.raw[windows.labels == class_id][:LEARNED]:
                learner.absorb([Example(number, class_id, 0, raw, 0.0, 0.0)])
                number += 1
                while learner.pending:
                    learner.step()
        plan, told, wrong = Plan(learner.store.head), [], 0
        for class_id in range(2):
            # Ten windows on, none shares a sample with what was learned.
            later = windows.raw[windows.labels == class_id][2 * LEARNED :]
            tops = [plan.answer(raw).top for raw in later]
            told += [top >= 0 for top in tops]
            wrong += sum(top >= 0 and plan.snapshot.classes[top] != class_id for top in tops)
        assert len(told) > 150 and wrong <= 0.02 * len(told) and np.mean(told) >= 0.8, pair
        every += told
        protected = learner.seal_and_protect()
        assert protected is not None and learner.protected_count == 2 * LEARNED
        assert learner.audit_all().bits_changed == 0
    assert np.mean(every) >= 0.95
