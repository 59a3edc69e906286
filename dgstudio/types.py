"""What flows between the rooms: blocks, examples, takes, readings, receipts, records of publishes, events.

Everything here is a plain value, numpy only, safe to hand from one thread to another. Times are seconds of
*stream time* (the clock of the source) unless a name ends in `_wall` (`time.perf_counter`) or `_unix`.
"""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from dgstudio.reasons.reason import Reason, capital
from dgstudio.records import dataclass

F32: TypeAlias = npt.NDArray[np.float32]
F64: TypeAlias = npt.NDArray[np.float64]
I32: TypeAlias = npt.NDArray[np.int32]
U8: TypeAlias = npt.NDArray[np.uint8]

UNKNOWN_TRUTH = -1
"""The entry of `Block.truth` where the ground truth is not known."""


class Mode(StrEnum):
    """What the learner may change (design 3)."""

    OFF = "off"
    ROUTING = "routing"
    WEIGHTS = "weights"
    BOTH = "both"


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


class StreamKind(StrEnum):
    """What a stream is of."""

    SIGNAL = "signal"
    POINTER = "pointer"
    IMAGE = "image"
    VALUES = "values"
    """Each sample is an input of the model as it stands, and comes when it likes: there are no windows."""


ONE_BY_ONE = frozenset({StreamKind.VALUES, StreamKind.IMAGE})
"""Kinds of streams whose samples are inputs as they stand and come when they like; of pictures, their features."""


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """What a source declares about its stream.

    `rate` is in samples per second of stream time; `truth_names` are the labels that `Block.truth` indexes. Of values
    and pictures, which come when they like, `rate` is what there is room for, and `hop_s` how far apart two of them
    still belong together where they are drawn.
    """

    name: str
    kind: StreamKind
    rate: float
    channels: tuple[str, ...]
    window_s: float
    hop_s: float
    truth_names: tuple[str, ...] = ()
    speed: float = 1.0
    """Stream seconds per wall second; 0 means as fast as it is read."""
    features: str = ""
    """Name of the features that a package brings; "" for ours."""

    @property
    def window(self) -> int:
        """Samples in a window, at least one."""
        return 1 if self.kind in ONE_BY_ONE else max(1, round(self.window_s * self.rate))

    @property
    def hop(self) -> int:
        """Samples between two windows, at least one."""
        return 1 if self.kind in ONE_BY_ONE else max(1, round(self.hop_s * self.rate))


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive samples: `times` (n,) float64, `values` (n, channels) float32, `truth` (n,) int16 or None.

    `break_before` says that the first sample does not follow the last one of the block before it (a gap, the
    boundary of a take, a seek): windows start afresh.
    """

    times: F64
    values: F32
    truth: npt.NDArray[np.int16] | None = None
    break_before: bool = False


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


BASE = -1
"""`Reading.speaker` where the base answered."""
NOBODY = -2
"""`Reading.speaker` where no part of the snapshot answers."""


class BankState(IntEnum):
    """What a bank did on one input."""

    CLOSED = 0
    SILENT = 1
    SPEAKING = 2


class Receipt(NamedTuple):
    """What replays an answer: digests (hex) of the input, the snapshot, the active units and the logits.

    A tuple, for one is made with every answer: a frozen dataclass takes four times as long to make.
    """

    input: str
    version: int
    digest: str
    active: str
    logits: str
    kernel: str


class Unsure(StrEnum):
    """Why an answer names no class although there are some."""

    NOT = ""
    STRANGE = "strange"
    """The model itself says so: the input is unlike anything learned."""
    CLOSE = "close"
    """The model itself says so: no class leads the next by as much as it must."""
    UNLIKELY = "unlikely"
    """The class is less probable than the user wants."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One answer. Arrays are read-only by convention; `classes` names the columns of `logits`.

    `features` (d,) float32 raw; `active` (k,) int32 ascending; `activations` (k,) float32 of those units;
    `bank_r`, `bank_state`, one entry a bank; `margin` is s_(k) − s_(k+1) of the base (inf without a base).
    """

    hop: int
    start: float
    end: float
    version: int
    digest: str
    features: F32
    active: I32
    activations: F32
    bank_r: F32
    bank_tau: F32
    bank_state: U8
    speaker: int
    margin: float
    classes: tuple[int, ...]
    logits: F32
    probabilities: F32
    top: int | None
    """Class id of the answer; None while there is no class or the answer is "unsure"."""
    latency_us: float
    """Features in hand → probabilities."""
    arrival_wall: float
    """When the sample that completed the hop entered the ring."""
    ready_wall: float
    """When this reading became readable."""
    truth: str | None = None
    certified: int | None = None
    """The last protected version that this answer is certified to equal, if it is."""
    receipt: Receipt | None = None
    sample: int = 0
    """Running number of the sample after the window's last one, in the sample ring."""
    unsure: Unsure = Unsure.NOT
    """Why `top` is None, where there are classes."""

    @property
    def confidence(self) -> float:
        """Probability of the top class, 0 where there is none."""
        return float(self.probabilities.max()) if self.top is not None and len(self.probabilities) else 0.0


class TwinKind(StrEnum):
    """A model that ours is compared with on the same stream and labels."""

    IN_PLACE = "in_place"
    """Conventional: fine-tuned, every step written into the arrays that are read."""
    SWAP = "swap"
    """Conventional: fine-tuned, published by swapping one reference."""
    REPLAY = "replay"
    """Conventional: half of each step rehearses the protected inputs, class by class; published by swap."""
    OURS_OFF = "ours_off"
    """Our own model, that learns nothing; likewise below, in each of its modes."""
    OURS_ROUTING = "ours_routing"
    OURS_WEIGHTS = "ours_weights"
    OURS_BOTH = "ours_both"

    @property
    def mode(self) -> Mode | None:
        """The mode in which it learns, where it is our own model; None of a conventional one."""
        return Mode(self.removeprefix("ours_")) if self.startswith("ours_") else None


class TwinState(StrEnum):
    """What the arrays were from which a twin answered, from best to worst."""

    VERSION = "version"
    """Whole, and a published version."""
    UNPUBLISHED = "unpublished"
    """Whole, never a version."""
    TORN = "torn"
    """They changed during the read."""
    UNATTRIBUTED = "unattributed"
    """Torn, and equal to no state that ever was."""


@dataclass(frozen=True, slots=True, eq=False)
class TwinReading:
    """An answer of a twin to the same hop; `truth` is the hop's own."""

    hop: int
    end: float
    classes: tuple[int, ...]
    probabilities: F32
    top: int | None
    state: TwinState
    latency_us: float
    truth: str | None = None


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


class Level(StrEnum):
    """How much something matters."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the log: what was told, as it was told then, and its fields as plain data.

    `kind` says what it is about: of an event, or of a record. An earlier dgstudio kept no fields.
    """

    kind: str
    text: str
    level: Level = Level.INFO
    unix: float = 0.0
    data: Any = None


class SaveState(StrEnum):
    """Where everything that was labelled and learned is kept by now."""

    SAVED = "saved"
    MEMORY_ONLY = "memory only"
    """The session has no file."""
    FAILED = "failed"
    """The file could not be written when that was last tried; what waits is in memory."""


@dataclass(frozen=True, slots=True)
class Saving:
    """How saving stands; `why` is a sentence where it failed."""

    state: SaveState
    why: str = ""

    @property
    def safe(self) -> bool:
        """Whether nothing is in memory only."""
        return self.state is SaveState.SAVED

    @property
    def failed(self) -> bool:
        """Whether the file could not be written when that was last tried."""
        return self.state is SaveState.FAILED


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


class StreamState(StrEnum):
    """How it stands with the source."""

    OPENING = "opening"
    LIVE = "live"
    ENDED = "ended"
    LOST = "lost"


class LearnerActivity(StrEnum):
    """What the learner does."""

    IDLE = "idle"
    LEARNING = "learning"
    OFF = "off"
    FAILED = "failed"


@dataclass(slots=True)
class EngineStats:
    """Counters and percentiles of a running engine, one consistent copy a call. Times as the names say."""

    samples: int = 0
    lost_samples: int = 0
    hops: int = 0
    skipped_hops: int = 0
    repaired_values: int = 0
    serve_p50_us: float = 0.0
    serve_p99_us: float = 0.0
    answer_p50_ms: float = 0.0
    answer_p99_ms: float = 0.0
    examples: int = 0
    learned: int = 0
    """Examples that the newest version has learned, sealed ones too; publishes, rejections, roll-backs: of this run."""
    sealed: int = 0
    """Those of them that are sealed: they are no longer in the learning bank."""
    publishes: int = 0
    rejections: int = 0
    roll_backs: int = 0
    published_ever: int = 0
    """Versions published and proposals rejected in the whole history, of earlier runs too."""
    rejected_ever: int = 0
    reads: int = 0
    torn: int = 0
    unpublished: int = 0
    unattributed: int = 0
    receipts_checked: int = 0
    receipts_wrong: int = 0
    audited: int = 0
    protected: int = 0
    protected_bits_changed: int = 0
    certified: int = 0
    coverage: float | None = None
    """Share of the newest answers that are certified to equal the last protected version's; None before one."""
    novelty: float | None = None
    """How unlike what was learned the newest inputs are: above 1 most are; None where nothing says how far is far."""
    room: RoutingRoom | None = None
    """Of the newest version that all protected inputs have been looked at with; None before one."""
    unsure: int = 0
    """Answers that were "unsure", for either reason."""
    unsure_share: float | None = None
    """Their share of the newest answers; None before the first."""
    truth_seen: int = 0
    truth_right: int = 0
    stream_state: StreamState = StreamState.OPENING
    learner_state: LearnerActivity = LearnerActivity.IDLE
    saved: Saving | None = None
    """None before it is known."""
    recording: bool = False
    """Whether the raw stream is being recorded; the next four are of what was recorded in this run."""
    recorded_s: float = 0.0
    recorded_bytes: int = 0
    recording_lost: int = 0
    """Samples and answers that could not be kept."""
    recording_failing: str = ""
    """Why what is recorded waits in memory; "" where all is well."""
    errors: list[str] = field(default_factory=list)
