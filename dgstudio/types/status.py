"""How a running engine stands: its counters, what is saved, lines of its log."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import Any

from dgstudio.records import dataclass
from dgstudio.types.learning import LearnerActivity, RoutingRoom
from dgstudio.types.streams import StreamState


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
