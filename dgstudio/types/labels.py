"""What a user labels: classes, takes, examples, and each act on them as what it changed."""

from __future__ import annotations

from enum import StrEnum

from dgstudio.reasons.reason import Reason, capital
from dgstudio.records import dataclass
from dgstudio.types.arrays import F32


class LabelledBy(StrEnum):
    """How a take was labelled."""

    HELD = "held"
    """A held key."""
    TAP = "tap"
    RETRO = "retro"
    """A stretch of the past stream."""
    FILE = "file"
    """A label column of what is played."""
    IMPORT = "import"
    SUGGESTION = "suggestion"
    MESSAGE = "message"
    """Another program said when it began and when it ended."""


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """A class of the user's: a permanent id, a name, the key that records it, its colour as "#rrggbb"."""

    id: int
    name: str
    key: str
    colour: str
    living: bool = True
    place: int | None = None
    """Where it stands in lists; None: where its id puts it."""

    @property
    def order(self) -> tuple[int, int]:
        """What lists sort by."""
        return (self.id if self.place is None else self.place, self.id)


@dataclass(frozen=True, slots=True)
class Take:
    """One act of labelling: the stretch [start, end] of the stream was `class_id`."""

    id: int
    class_id: int
    start: float
    end: float
    source: str
    who: LabelledBy = LabelledBy.HELD
    created_unix: float = 0.0
    examples: int = 0


@dataclass(frozen=True, slots=True)
class LabelChange:
    """Examples that had the label `before` and have `after` now: class ids, or None where they do not stand."""

    before: int | None
    after: int | None
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClassChange:
    """A class as it was, None before its birth, and as it is now."""

    before: ClassInfo | None
    after: ClassInfo


@dataclass(frozen=True, slots=True)
class NoteChange:
    """Examples that had the note `before` and have `after` now; "" is none."""

    before: str
    after: str
    ids: tuple[int, ...]


class ActKind(StrEnum):
    """What the user did to labels and classes."""

    TAKE = "take"
    CLASS_ADDED = "class added"
    CLASS_CHANGED = "class changed"
    CLASS_REMOVED = "class removed"
    CLASSES_MERGED = "classes merged"
    CLASSES_ORDERED = "classes ordered"
    RELABELLED = "relabelled"
    DELETED = "deleted"
    NOTED = "noted"
    IMPORTED = "imported"
    PROTECTED = "protected"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that the user did to labels and classes, as what it changed: undo goes back, redo forth.

    A take is the birth of all its examples, and names no changes, an import of those that it names; to take back that
    something was protected or released is to roll back to `version`, and a release is done again by going to `made`.
    """

    id: int
    kind: ActKind
    what: Reason
    """What was done, with the names that things had then."""
    labels: tuple[LabelChange, ...] = ()
    classes: tuple[ClassChange, ...] = ()
    take_id: int | None = None
    unix: float = 0.0
    version: int | None = None
    notes: tuple[NoteChange, ...] = ()
    made: int | None = None
    """The version that a release made."""

    @property
    def text(self) -> str:
        """What was done, in words, for the history."""
        return capital(self.what.words)


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One labelled window: raw features (d,) float32 before the normaliser; `start`..`end` in stream time.

    `learn` is False for windows that are stored and scored but not learned (at most ten a second are).
    `raw` is the window itself, (n, channels) float32, for a thumbnail; it may be None.
    """

    id: int
    class_id: int
    take_id: int
    features: F32
    start: float
    end: float
    learn: bool = True
    raw: F32 | None = None
