"""What the learner is set up with, and the one sentence that each impossible number gets."""

from __future__ import annotations

import math
from typing import Any

import pytest

from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.settings import PROJECTION_SLACK, PROOF_GAP, TAU_GAP, LearnerSettings
from dgstudio.model.base_model_file import BaseModel

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kappa": math.nan}, "The learner's κ is nan: give it a finite number."),
    ({"mu": math.inf}, "The learner's μ is inf: give it a finite number."),
    ({"margin": -math.inf}, "The learner's m is -inf: give it a finite number."),
    ({"tau": math.nan}, "The learner's τ is nan: give it a finite number."),
    ({"kappa": 0.0}, "The learner's κ is 0.0: it must be above 0."),
    ({"mu": -1.0}, "The learner's μ is -1.0: it must be above 0."),
    ({"margin": 0.0, "tau": 0.5}, "The learner's m is 0.0: it must be above 0."),
    ({"delta": -0.1}, "δ is -0.1: give 0 (speak only to disagree), more, or inf (always speak)."),
    ({"delta": math.nan}, "δ is nan: give 0 (speak only to disagree), more, or inf (always speak)."),
    (
        {"tau": -0.53},
        "Openness τ = -0.53 leaves no room below it for protected inputs: choose -0.52 or more.",
    ),
    ({"margin": 0.1}, "Openness τ = -0.5 leaves no room below it for protected inputs: choose -0.02 or more."),
    ({"tau": 1.0}, "Openness τ = 1 would keep every bank closed: choose less than 1."),
    ({"features": 0}, "The number of random features is 0: it must be at least 1."),
    ({"protected_max": 0}, "The number of protected inputs in all is 0: it must be at least 1."),
    ({"seal_at": 0}, "The number of examples before sealing is 0: it must be at least 1."),
    ({"max_rounds": -3}, "The number of rounds of the projection is -3: it must be at least 1."),
    ({"protected": -1}, "The number of inputs protected at a seal is -1: give 0 or more."),
    ({"rule": "genetic"}, "There is no update rule “genetic”: choose locked bank or gradient."),
    ({"rate": 0.0}, "The learner's rate of Adam is 0.0: it must be above 0."),
    ({"gate_temperature": math.nan}, "The learner's T_g is nan: give it a finite number."),
    ({"steps_per_example": 0}, "The number of Adam steps an example is 0: it must be at least 1."),
    ({"halvings": -1}, "The number of halvings of a step is -1: give 0 or more."),
    ({"audit_at_publish": "never"}, "Audit at publish “never” is not one of: background, full."),
]


@pytest.mark.parametrize(("numbers", "sentence"), WRONG, ids=[str(numbers) for numbers, _ in WRONG])
def test_each_number_that_makes_no_sense_gets_a_sentence(
    numbers: dict[str, Any], sentence: str, small: BaseModel
) -> None:
    with pytest.raises(BadInputError) as error:
        LearnerSettings(**numbers).check()
    assert str(error.value) == sentence
    with pytest.raises(BadInputError):
        Learner.begin(small, LearnerSettings(**numbers))


@pytest.mark.parametrize(
    "numbers",
    [{}, {"tau": -0.52}, {"tau": 0.99}, {"delta": 0.0}, {"delta": math.inf}, {"protected": 0}, {"margin": 0.58}],
    ids=str,
)
def test_the_ends_of_the_ranges_are_allowed(numbers: dict[str, Any]) -> None:
    settings = LearnerSettings(**numbers)
    assert settings.check() is settings


def test_the_least_openness_leaves_room_for_slack_gap_and_rounding() -> None:
    assert TAU_GAP >= PROJECTION_SLACK + PROOF_GAP + 1e-3


def test_the_size_of_a_bank_and_of_features_from_nothing_can_be_chosen(begin: Any, label: Any) -> None:
    learner = begin(None)
    learner.set_features(96)
    learner.set_seal_at(8)
    for class_id in (3, 4):
        learner.add_class(class_id)
        learner.absorb(label(class_id, 4, first=10 * class_id))
    while learner.pending:
        learner.step()
    assert len(learner.training.seals) == 1 and len(learner.training.sums.b_r) == 97
    for refused in (learner.set_features, learner.set_seal_at):
        with pytest.raises(BadInputError):
            refused(0)
    with pytest.raises(BadInputError, match="before the first label"):
        learner.set_features(128)
