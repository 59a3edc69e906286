"""What the version that serves now would say to an input that an earlier one answered."""

from __future__ import annotations

from dgstudio.engine.runtime.abstention import decided
from dgstudio.engine.serving.lane import Lane
from dgstudio.model.plan import Plan
from dgstudio.records import dataclass
from dgstudio.types import Reading


@dataclass(frozen=True, slots=True)
class AnsweredNow:
    """An old input answered again.

    Attributes
    ----------
    version : that serves now.
    top : class id of its answer; None where it is unsure.
    identical : whether the logits of the classes living in both versions are the same to the last bit.
    """

    version: int
    top: int | None
    identical: bool


class AnswerAgain:
    """Answers old inputs with the version that serves now, the last one asked about at hand. One thread at a time."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._plan: Plan | None = None
        self._last: tuple[str, int, AnsweredNow] | None = None

    def __call__(self, reading: Reading) -> AnsweredNow | None:
        """Answer again; None where the features of that input are not known any more."""
        serving = self._lane.store.serving
        if not len(reading.features):
            return None
        if self._last is not None and self._last[:2] == (serving.digest, reading.hop):
            return self._last[2]
        plan = self._plan
        if plan is None or plan.snapshot is not serving:
            plan = self._plan = Plan(serving)
        answer = plan.answer(reading.features)
        top, _ = decided(answer, self._lane.abstain)
        both = [c for c in reading.classes if c in serving.classes]
        then = reading.logits[[reading.classes.index(c) for c in both]]
        now = answer.logits[[serving.classes.index(c) for c in both]]
        found = AnsweredNow(
            serving.version, serving.classes[top] if top >= 0 else None, then.tobytes() == now.tobytes() and bool(both)
        )
        self._last = serving.digest, reading.hop, found
        return found
