"""What the learner may change, and what it published: a record a version, with what the user did that it comes of."""

from __future__ import annotations

from enum import StrEnum

from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass


class Mode(StrEnum):
    """What the learner may change (design 3)."""

    OFF = "off"
    ROUTING = "routing"
    WEIGHTS = "weights"
    BOTH = "both"


class CauseKind(StrEnum):
    """What the user did that a record of the history comes of."""

    TAKE = "take"
    RELABELLED = "relabelled"
    DELETED = "deleted"
    IMPORTED = "imported"
    CLASS_ADDED = "class added"
    CLASS_REMOVED = "class removed"
    """Or merged into another."""
    UNDONE = "undone"
    REDONE = "redone"
    DIALS = "dials"
    """Mode, openness, rule: what may change, and how."""
    RESUMED = "resumed"
    """What was set aside is learned again."""
    MODEL = "model"
    """Another model was chosen, a new base or a rebuilt one; what it lacks is learned on top."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that the user did, as the records tell that come of it.

    `number` is that of the take, or of the act on labels and classes; `class_id` the class that it is about, None where
    it is about none, or several.
    """

    kind: CauseKind
    number: int = 0
    class_id: int | None = None


@dataclass(frozen=True, slots=True)
class SetChange:
    """By what the set of examples that a version has learned differs from its parent's.

    `gained` are runs (first id, last id, class id) of examples that the parent has not learned, or with another label;
    `lost` runs (first id, last id) of those that it has and the version has not.
    """

    gained: tuple[tuple[int, int, int], ...] = ()
    lost: tuple[tuple[int, int], ...] = ()


class RecordKind(StrEnum):
    """What a record of the history is about."""

    INITIAL = "initial"
    LEARNED = "learned"
    CLASS_ADDED = "class added"
    CLASS_REMOVED = "class removed"
    BANK_SEALED = "bank sealed"
    PROTECTED = "protected"
    RELEASED = "released"
    ROLLED_BACK = "rolled back"
    REBUILT = "rebuilt"
    CONSOLIDATED = "consolidated"
    PINNED = "pinned"
    """An older version serves, and is held; its record has no version, as nothing was published."""
    UNPINNED = "unpinned"
    """The newest version serves again; likewise."""
    REJECTED = "rejected"
    """A proposal that was not published, or what else was refused; its record has no version."""


OWN_ACTS = frozenset({RecordKind.REBUILT, RecordKind.CONSOLIDATED})
"""Kinds of publishes that may move protected answers, since the user was told so and chose them."""


@dataclass(frozen=True, slots=True)
class PublishRecord:
    """One entry of the history: a publish, a rejection, a roll-back. Feeds the timeline and the stability lanes.

    `bits_changed` and `max_delta` are over all protected logits. `routing_delta`, `representation_delta`: how far the
    logits of the newest live input moved at this publish, split into its two parts (maximum over classes); None where
    there was no live input.
    """

    seq: int
    kind: RecordKind
    version: int | None
    parent: int | None
    reason: Reason
    time: float
    unix: float
    digest: str = ""
    examples: int = 0
    """Examples that the learner held at this publish."""
    new_examples: tuple[tuple[int, int], ...] = ()
    """(class id, count) that this publish learned first."""
    units_changed: int = 0
    protected: int = 0
    bits_changed: int = 0
    max_delta: float = 0.0
    flips: int = 0
    """Protected inputs whose top class changed."""
    routing_delta: float | None = None
    representation_delta: float | None = None
    live_flip: bool = False
    live_causes: tuple[tuple[int, float], ...] = ()
    """(class id, what its examples gave to the change of the learning bank's logit that moved most), largest first."""
    duration_ms: float = 0.0
    """Solve → assignment, without the background audit."""
    label_to_publish_ms: float | None = None
    to_version: int | None = None
    """The version that a roll-back went back to, or that serves from then on."""
    sealed: int = 0
    """Examples of the learning bank that this publish sealed."""
    waiting: int = 0
    """Examples that a roll-back set aside: they stay as that version has learned them, or unlearned, until resumed."""
    cause: Cause | None = None
    """What the user did that it comes of; None where he did not, or where an earlier dgstudio kept the record."""
    change: SetChange | None = None
    """What was learned and unlearned in it; None where nothing was, or it is not known."""
    parts_left: int = 0
    """Where it is one part of what was learned, published apart: how many parts were still to come."""
    by_gradient: bool = False
    """Whether steps of the gradient moved the base: such a version cannot be learned again."""


@dataclass(frozen=True, slots=True)
class RoutingRoom:
    """How much room routing has left over all protected inputs of a version: (least, median) of each margin.

    `gates` γ = s_(k) − s_(k+1); `radius` how far the normalised input may move (Euclidean) before another unit is
    active; `routers` |r − τ|; `disagreement` that of the open banks to −δ. None where no protected input has it.
    """

    version: int
    inputs: int
    gates: tuple[float, float] | None
    radius: tuple[float, float] | None
    routers: tuple[float, float] | None
    disagreement: tuple[float, float] | None


class LearnerActivity(StrEnum):
    """What the learner does."""

    IDLE = "idle"
    LEARNING = "learning"
    OFF = "off"
    FAILED = "failed"
