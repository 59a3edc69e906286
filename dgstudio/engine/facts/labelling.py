"""What becomes of labels: takes, acts on them, undo and redo, imports."""

from __future__ import annotations

from typing import ClassVar

from dgstudio.engine.facts.event import EventKind, Fact
from dgstudio.engine.facts.words import spans_text
from dgstudio.records import dataclass
from dgstudio.types import Act, Level, Take


@dataclass(frozen=True, slots=True)
class TakeSaved(Fact):
    """A take is in the session, and in its file unless it is not `durable` yet. `name` is that of its class.

    `set_aside`: it is scored, but not learned.
    """

    subject: ClassVar[EventKind] = EventKind.TAKE_SAVED
    take: Take
    name: str
    set_aside: bool = False
    durable: bool = True

    @property
    def level(self) -> Level:
        """A warning while it is in memory only."""
        return Level.GOOD if self.durable else Level.WARNING

    @property
    def sentence(self) -> str:
        """As in "42 examples of circle, 2.1 s"."""
        text = f"{self.take.examples} examples of {self.name}, {self.take.end - self.take.start:.1f} s"
        text += ", set aside: scored, not learned" if self.set_aside else ""
        return text if self.durable else f"{text} – not saved yet"


@dataclass(frozen=True, slots=True)
class TakeEmpty(Fact):
    """No window lies inside a take of the class `name`."""

    subject: ClassVar[EventKind] = EventKind.TAKE_EMPTY
    usual: ClassVar[Level] = Level.WARNING
    take: Take
    name: str

    @property
    def sentence(self) -> str:
        """With what to do."""
        return f"No window lies inside that take of {self.name}: hold the key a little longer."


@dataclass(frozen=True, slots=True)
class StillLearned:
    """Versions that have learned of examples that stand no more, as (first, last) of those in a row.

    `several`: of more than one example. `sealed`: some are sealed, so that the versions to come will have, too.
    """

    spans: tuple[tuple[int, int], ...]
    several: bool
    sealed: bool

    @property
    def words(self) -> str:
        """As in "v3–v5 have learned them; the next version will not have"."""
        one = len(self.spans) == 1 and self.spans[0][0] == self.spans[0][1]
        it = "them" if self.several else "it"
        words = f"{spans_text(self.spans)} {'has' if one else 'have'} learned {it}"
        return words if self.sealed else f"{words}; the next version will not have"


@dataclass(frozen=True, slots=True)
class LabelsChanged(Fact):
    """An act on labels or classes is done, and in the file unless it is not `durable` yet."""

    subject: ClassVar[EventKind] = EventKind.LABELS_CHANGED
    act: Act
    still: StillLearned | None = None
    durable: bool = True

    @property
    def level(self) -> Level:
        """A warning while it is in memory only."""
        return Level.GOOD if self.durable else Level.WARNING

    @property
    def sentence(self) -> str:
        """As in "3 examples deleted. v3–v5 have learned them; the next version will not have."."""
        text = self.act.text if self.still is None else f"{self.act.text}. {self.still.words}"
        return _ended(text, self.durable)


@dataclass(frozen=True, slots=True)
class ActWalked(Fact):
    """An act was taken back, or done again. Of a take: how many examples it has, and the name of its class."""

    subject: ClassVar[EventKind] = EventKind.UNDO
    act: Act
    back: bool
    examples: int = 0
    name: str = ""
    durable: bool = True

    @property
    def level(self) -> Level:
        """A warning while it is in memory only."""
        return Level.INFO if self.durable else Level.WARNING

    @property
    def sentence(self) -> str:
        """Of the labels only: what becomes of the model is the learner's to say, for what is sealed stays learned."""
        if self.act.take_id is not None:
            word = "Label taken back" if self.back else "Labelled again"
            return _ended(f"{word}: {self.examples} examples of {self.name}", self.durable)
        return _ended(f"{'Taken back' if self.back else 'Done again'}: {self.act.text}", self.durable)


@dataclass(frozen=True, slots=True)
class NothingToWalk(Fact):
    """There is no act to take back, or to do again."""

    subject: ClassVar[EventKind] = EventKind.UNDO
    back: bool

    @property
    def sentence(self) -> str:
        """Which of the two."""
        return "Nothing to undo." if self.back else "Nothing to redo."


@dataclass(frozen=True, slots=True)
class LabelLeftOut(Fact):
    """A label of what is played can be no name of a class."""

    subject: ClassVar[EventKind] = EventKind.LABEL_LEFT_OUT
    usual: ClassVar[Level] = Level.WARNING
    label: str
    why: str

    @property
    def sentence(self) -> str:
        """Naming its beginning."""
        return f"The label “{self.label[:60]}” is not learned: {self.why}"


@dataclass(frozen=True, slots=True)
class ImportCancelled(Fact):
    """The user has called an import off."""

    subject: ClassVar[EventKind] = EventKind.IMPORT_CANCELLED
    usual: ClassVar[Level] = Level.WARNING
    name: str

    @property
    def sentence(self) -> str:
        """Naming the file."""
        return f"Cancelled: nothing of {self.name} came."


@dataclass(frozen=True, slots=True)
class ImportFailed(Fact):
    """An import could not be brought to its end."""

    subject: ClassVar[EventKind] = EventKind.IMPORT_FAILED
    usual: ClassVar[Level] = Level.ERROR
    why: str

    @property
    def sentence(self) -> str:
        """With why."""
        return f"Nothing was imported: {self.why}"


def _ended(text: str, durable: bool) -> str:
    return f"{text}." if durable else f"{text} – not saved yet."
