"""What has happened, in one plain sentence that is computed from the figures of the comparison."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from dgstudio.engine.facts.compared import KeptAnswers
from dgstudio.records import dataclass
from dgstudio.studio.common.twin_text import TWIN_WORDS
from dgstudio.studio.theme.format import grouped, percent
from dgstudio.types import TwinKind

CLEARLY = 0.05
"""By how much a share of right answers must be the larger one, for the sentence to say so."""
ENOUGH = 100
"""Answers whose truth is known, below which no share of right ones is told."""
LONGEST_NAME = 16
"""Letters of a class's name that a sentence keeps where there is no room for all."""


class Tone(StrEnum):
    """How a piece of a sentence is set; a class has its own colour."""

    PLAIN = "plain"
    CLASS = "class"
    GOOD = "good"
    BAD = "bad"


class Piece(NamedTuple):
    """A part of a sentence; `class_id` where it names a class."""

    text: str
    tone: Tone = Tone.PLAIN
    class_id: int | None = None


Sentence = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Taught:
    """The class that was learned last, how many seconds ago its teaching began, and whether it still goes on."""

    class_id: int
    ago_s: float
    going_on: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """What has become of one model's old answers, and of its newest ones: `right` of `judged` since the teaching."""

    answers: KeptAnswers
    right: int = 0
    judged: int = 0

    @property
    def share(self) -> float | None:
        """The share of right answers; None where too few can be judged."""
        return self.right / self.judged if self.judged >= ENOUGH else None


@dataclass(frozen=True, slots=True)
class TwinScore:
    """The same of a twin; `learned`: the examples that it has learned since the comparison began."""

    kind: TwinKind
    score: Score
    learned: int = 0


def story_of(
    source: str,
    ours: Score,
    twins: tuple[TwinScore, ...],
    taught: Taught | None,
    name_of: Callable[[int | None], str],
    *,
    knows: bool = True,
) -> tuple[Sentence, ...]:
    """Return what an audience should know now: sentences that are shown in turn.

    `source` says what the stream is of; `name_of` names a class, or None for "unsure"; `knows`: there is a class.
    """
    if not knows:
        return ((Piece("It knows nothing yet. It will learn while it runs."),),)
    if not twins:
        return (_alone(source, ours, taught, name_of),)
    worst = max(twins, key=lambda twin: twin.score.answers.gone)
    if taught is None:
        if worst.score.answers.gone:
            return (_begun(_losses(worst, ours, name_of)),)
        return ((Piece("Two networks, one stream. Teach a gesture: both get the same labels."),),)
    name = Piece(name_of(taught.class_id), Tone.CLASS, taught.class_id)
    if taught.going_on and not worst.score.answers.gone:
        return ((Piece("Both are taught "), name, Piece(" now, by the same examples.")),)
    better = _better(twins, ours)
    if worst.score.answers.gone:
        return (Piece("Taught "), name, Piece(": "), *_losses(worst, ours, name_of)), *better
    if not all(twin.score.answers.counted for twin in twins):
        return (Piece("Taught "), name, Piece(": the old answers are being counted.")), *better
    if worst.score.answers.watched:
        kept = f"all {grouped(worst.score.answers.watched)} old answers"
        both = "both" if len(twins) == 1 else "all three"
        return (Piece("Taught "), name, Piece(f": {both} keep {kept}.")), *better
    return (Piece("Taught "), name, Piece(", with no old answer to lose.")), *(better or _shares(twins[0], ours))


def _alone(source: str, ours: Score, taught: Taught | None, name_of: Callable[[int | None], str]) -> tuple[Piece, ...]:
    """What is said where nothing is compared."""
    if taught is None:
        return _begun((Piece(f"{source}: every answer comes from one whole version of the network."),))
    name = Piece(name_of(taught.class_id), Tone.CLASS, taught.class_id)
    if taught.going_on:
        return Piece("Learning "), name, Piece(" while it goes on answering.")
    watched, lost = ours.answers.watched, ours.answers.gone
    if not watched:
        return Piece("It has learned "), name, Piece(" from your examples alone.")
    if lost:
        gone = Piece(f"; {grouped(lost)} of {grouped(watched)} old answers were let go.")
        return Piece("It has learned "), name, gone
    same = Piece(f"{grouped(watched)} of {grouped(watched)}", Tone.GOOD)
    return Piece("It has learned "), name, Piece(". "), same, Piece(" old answers are the same, bit for bit.")


def _losses(twin: TwinScore, ours: Score, name_of: Callable[[int | None], str]) -> Sentence:
    """What a twin has lost, the largest part of it by name."""
    answers, subject = twin.score.answers, TWIN_WORDS[twin.kind].subject
    count = Piece(f"{grouped(answers.gone)} of {grouped(answers.watched)} old answers lost", Tone.BAD)
    own = Piece(f"ours {grouped(ours.answers.gone)}", Tone.GOOD if not ours.answers.gone else Tone.BAD)
    if not answers.lost:
        return Piece(f"{subject}: "), count, Piece(", "), own, Piece(".")
    first = answers.lost[0]
    was = Piece(name_of(first.was), Tone.CLASS, first.was)
    if first.now is None:
        confused: Sentence = Piece(f"{subject} is now unsure of "), was
    else:
        # Two names follow each other: one of several words is set apart.
        was, now = (Piece(_set_apart(name_of(of)), Tone.CLASS, of) for of in (first.was, first.now))
        confused = Piece(f"{subject} now calls "), was, Piece(" "), now
    return *confused, Piece(": "), count, Piece(", "), own, Piece(".")


def _begun(sentence: Sentence) -> Sentence:
    """The same with a capital letter."""
    first, *others = sentence
    return first._replace(text=f"{first.text[:1].upper()}{first.text[1:]}"), *others


def _better(twins: tuple[TwinScore, ...], ours: Score) -> tuple[Sentence, ...]:
    """Where a twin is clearly right more often, that it is."""
    own = ours.share
    known = [twin for twin in twins if twin.score.share is not None]
    if own is None or not known:
        return ()
    best = max(known, key=lambda twin: twin.score.share or 0.0)
    return _shares(best, ours) if (best.score.share or 0.0) - own >= CLEARLY else ()


def _shares(twin: TwinScore, ours: Score) -> tuple[Sentence, ...]:
    """How often each is right."""
    own, other = ours.share, twin.score.share
    if own is None or other is None:
        return ()
    subject = TWIN_WORDS[twin.kind].subject
    return ((Piece(f"Right since then: ours {percent(own)}, {subject} {percent(other)}."),),)


def brief(sentence: Sentence) -> Sentence:
    """Return a sentence with the long names of classes cut: they would leave no room for the figures."""
    return tuple(piece._replace(text=_cut(piece.text)) if piece.tone == Tone.CLASS else piece for piece in sentence)


def _cut(name: str) -> str:
    bare = name.strip("“”")
    if len(bare) <= LONGEST_NAME:
        return name
    return name.replace(bare, f"{bare[: LONGEST_NAME - 1].rstrip()}…")


def _set_apart(name: str) -> str:
    return f"“{name}”" if " " in name else name


def words_of(sentence: Sentence) -> str:
    """Return a sentence without its looks."""
    return "".join(piece.text for piece in sentence)
