"""What one version says of one input, small enough to keep many."""

from __future__ import annotations

import numpy as np

from dgstudio.engine.runtime.abstention import decided
from dgstudio.model.plan import Answer, Plan
from dgstudio.records import dataclass
from dgstudio.types import F32, NOBODY, Unsure


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """An answer.

    Attributes
    ----------
    version : that gave it.
    classes : the living classes, in the order of the logits.
    logits, probabilities : (C,) float32.
    speaker : the place of the bank that answers, `BASE` or `NOBODY`.
    top : class id of the answer; None where it is unsure, or there is nothing to answer.
    unsure : why it names no class, where there are some.
    likeliest : class id of the greatest logit, however unsure; None where nobody answers.
    """

    version: int
    classes: tuple[int, ...]
    logits: F32
    probabilities: F32
    speaker: int
    top: int | None
    unsure: Unsure
    likeliest: int | None

    @property
    def lead(self) -> float:
        """How far the greatest logit is ahead of the next; inf where there is none."""
        if len(self.logits) < 2:
            return float("inf")
        second, first = np.partition(self.logits, -2)[-2:]
        return float(first) - float(second)

    def probability_of(self, class_id: int | None) -> float:
        """The probability of a class; 0 for one that does not live."""
        return float(self.probabilities[self.classes.index(class_id)]) if class_id in self.classes else 0.0

    def same_bytes(self, other: Said) -> bool:
        """Whether both have the same logits for the same classes, bit for bit."""
        return self.classes == other.classes and self.logits.tobytes() == other.logits.tobytes()


def said_by(plan: Plan, answer: Answer, abstain: float = 0.0) -> Said:
    """What an answer of a plan says; less likely than `abstain` counts as unsure."""
    classes = plan.snapshot.classes
    place, unsure = decided(answer, abstain)
    answered = len(classes) > 0 and answer.speaker != NOBODY
    return Said(
        version=plan.snapshot.version,
        classes=classes,
        logits=answer.logits,
        probabilities=answer.probabilities,
        speaker=answer.speaker,
        top=classes[place] if place >= 0 else None,
        unsure=unsure,
        likeliest=classes[int(answer.logits.argmax())] if answered else None,
    )
