"""Prequential accuracy after the fact: what each take was answered before it was learned, noted then or found now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dgstudio.errors import DgstudioError
from dgstudio.model.plan import Plan
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.restore import TAKE_ANSWERS, restored
from dgstudio.session.versions.recipe_solver import Relearner
from dgstudio.types import ClassInfo, Example, PublishRecord, Take


@dataclass(frozen=True, slots=True)
class TakeScore:
    """What one version says of a take that it has not learned from.

    Attributes
    ----------
    answers : (label, answer) → how many of the take's examples have that label and were answered so, class ids; None
        for no answer or "unsure".
    known : whether the class had been learned before at all; if not, no answer could be right.
    noted : whether the session noted these answers then; else the version was asked again.
    """

    take: Take
    version: int
    answers: dict[tuple[int, int | None], int]
    known: bool
    noted: bool

    @property
    def seen(self) -> int:
        """How many examples were answered."""
        return sum(self.answers.values())

    @property
    def right(self) -> int:
        """How many of them were answered as the user labelled them."""
        return sum(count for (label, answer), count in self.answers.items() if label == answer)


@dataclass(frozen=True, slots=True)
class Scores:
    """The takes that could be scored, in order, and how many takes with standing examples there are."""

    takes: tuple[TakeScore, ...] = ()
    of: int = 0

    @property
    def accuracy(self) -> float | None:
        """Share of right answers over all scored examples; None where there are none."""
        seen = sum(score.seen for score in self.takes)
        return sum(score.right for score in self.takes) / seen if seen else None

    @property
    def known_accuracy(self) -> float | None:
        """The same over the takes of classes that the version had learned before."""
        known = Scores(tuple(score for score in self.takes if score.known))
        return known.accuracy


def score_takes(
    session: Session,
    takes: Sequence[Take],
    examples: Sequence[Example],
    records: Sequence[PublishRecord],
    classes: Sequence[ClassInfo],
) -> Scores:
    """What the standing examples of each take were answered before it was learned.

    As the session noted it then; else answered again with the version before it, as far as the session still has that.

    Parameters
    ----------
    takes, examples, records
        Of the session; takes as they are labelled now, examples that stand only.
    classes
        Those that live: examples of others are not scored.
    """
    living = {info.id for info in classes}
    of_take: dict[int, list[Example]] = {}
    for example in examples:
        if example.class_id in living:
            of_take.setdefault(example.take_id, []).append(example)
    wanted = [take for take in takes if take.id in of_take]
    kept = session.versions()
    learned = _of_first_base(session)
    known: dict[int, bool] = {}
    for take in wanted:
        known[take.id] = take.class_id in learned
        learned.add(take.class_id)
    scores: list[TakeScore] = []
    due: dict[int, list[Take]] = {}
    for take in wanted:
        noted = _noted(session, take, of_take[take.id], known[take.id])
        if noted is not None:
            scores.append(noted)
            continue
        version = version_before(take, records)
        if version in kept and version is not None:
            due.setdefault(version, []).append(take)
    relearner = Relearner()
    for version, work in sorted(due.items()):
        scores += _answered(session, version, work, of_take, known, relearner)
    return Scores(tuple(sorted(scores, key=lambda score: score.take.id)), len(wanted))


def version_before(take: Take, records: Sequence[PublishRecord]) -> int | None:
    """The newest version that was there when the take was labelled; None where that is not known."""
    earlier = [record for record in records if record.version is not None and record.unix <= take.created_unix]
    return max(earlier, key=lambda record: record.seq).version if earlier else None


def _of_first_base(session: Session) -> set[int]:
    """The classes of the base model that the session began with."""
    try:
        snapshot, _ = restored(session.checkpoint(min(session.versions(), default=0)))
    except DgstudioError:
        return set()
    return set() if snapshot.base is None else set(snapshot.base.classes)


def _noted(session: Session, take: Take, examples: Sequence[Example], known: bool) -> TakeScore | None:
    """What the session noted when the take was labelled; None where it noted nothing, or that is damaged."""
    kept = session.config(TAKE_ANSWERS.format(take.id))
    try:
        answered = dict(zip(map(int, kept["examples"]), map(int, kept["answered"]), strict=True))
        version = int(kept["version"])
    except (KeyError, TypeError, ValueError):
        return None
    found = [(example.class_id, answered[example.id]) for example in examples if example.id in answered]
    answers = Counter((label, None if answer < 0 else answer) for label, answer in found)
    return TakeScore(take, version, dict(answers), known, noted=True) if answers else None


def _answered(
    session: Session,
    version: int,
    takes: Sequence[Take],
    examples: dict[int, list[Example]],
    known: dict[int, bool],
    relearner: Relearner,
) -> list[TakeScore]:
    try:
        snapshot, training = restored(session.checkpoint(version, relearner))
    except DgstudioError:
        # It counts as one that the session no longer has.
        return []
    plan, scores, learned = Plan(snapshot), [], training.every()
    for take in takes:
        mine = examples[take.id]
        fits = all(snapshot.inputs in (None, len(example.features)) for example in mine)
        # A clock that was set back must not let a version be asked about what it has learned.
        if not fits or not learned.isdisjoint(example.id for example in mine):
            continue
        answers: Counter[tuple[int, int | None]] = Counter()
        for example in mine:
            top = plan.answer(example.features).top
            answers[example.class_id, None if top < 0 else snapshot.classes[top]] += 1
        scores.append(TakeScore(take, version, dict(answers), known[take.id], noted=False))
    return scores
