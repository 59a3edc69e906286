"""What a comparison has come to: how many protected answers each model has kept, and what became of the others."""

from __future__ import annotations

from dgstudio.records import dataclass
from dgstudio.types import TwinKind


@dataclass(frozen=True, slots=True)
class LostAnswers:
    """Protected inputs that were answered `was` and are answered `now`: class ids, and how many there are.

    `now` is None where nothing is answered, or the answer is "unsure". Where bytes count, `now` may be `was` again.
    """

    was: int
    now: int | None
    count: int


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """What has become of the answers to the protected inputs that are watched.

    Attributes
    ----------
    watched, kept : how many inputs are watched, and of how many the answer is what it was.
    lost : what the others were answered and are answered now, the most frequent first.
    bits : kept means that every byte of the logits is the same; else that the top class is.
    counted : False while a model that has just begun has not answered them yet: nothing else here means a thing then.
    """

    watched: int = 0
    kept: int = 0
    lost: tuple[LostAnswers, ...] = ()
    bits: bool = True
    counted: bool = True

    @property
    def gone(self) -> int:
        """How many answers were lost."""
        return self.watched - self.kept


@dataclass(frozen=True, slots=True)
class TwinFigures:
    """What a twin has done so far, one copy.

    Attributes
    ----------
    learned, waiting : labels that it has learned, and those that it still has to.
    reads, torn, unpublished, unattributed : its answers, and those of them that were no version's; see `TwinState`.
    max_delta : largest change of a probability of a watched answer.
    truth_seen, truth_right : answers to inputs whose truth is known, and those of them that were right.
    """

    kind: TwinKind
    answers: KeptAnswers = KeptAnswers(counted=False)
    learned: int = 0
    waiting: int = 0
    reads: int = 0
    torn: int = 0
    unpublished: int = 0
    unattributed: int = 0
    max_delta: float = 0.0
    truth_seen: int = 0
    truth_right: int = 0
