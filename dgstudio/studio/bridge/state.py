"""The view model of the window: what panels read (StudioState, Frame) and what they may ask for (Commands)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from dgstudio.engine.browse.analysis import Analysis
from dgstudio.engine.evaluation.quality_report import QualityReport
from dgstudio.engine.facts.event import Event
from dgstudio.engine.imports.worker import ImportView
from dgstudio.engine.runtime.history import History
from dgstudio.reasons.reason import Reason
from dgstudio.streams.source import Knob
from dgstudio.types import (
    F32,
    F64,
    ClassInfo,
    EngineStats,
    LogLine,
    Mode,
    PublishRecord,
    Reading,
    Saving,
    StreamSpec,
    Take,
    TwinKind,
    TwinReading,
)

TOPICS = frozenset(
    {
        "classes",
        "versions",
        "mode",
        "source",
        "compare",
        "session",
        "settings",
        "health",
        "phase",
        "paused",
        "selection",
        "presentation",
        "uncertain",
        "task",
        "proposal",
        "quality",
        "import",
        "recording",
        "analysis",
    }
)
"""Every topic that `StudioState.changed` may carry."""


class Phase(StrEnum):
    """Whether there is an engine to show."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class StreamMode(StrEnum):
    """What the view of the stream does."""

    FOLLOWING = "following"
    PAUSED = "paused"
    SCRUBBING = "scrubbing"


class Lamp(StrEnum):
    """How it stands with the examples of a class, from worst to best."""

    EMPTY = "empty"
    NOT_LEARNABLE = "not learnable"
    OUT_OF_DATE = "out of date"
    LEARNING = "learning"
    UP_TO_DATE = "up to date"


class ProposalKind(StrEnum):
    """What other model waits for the user's word."""

    NEW_BASE = "new base"
    REBUILD = "rebuild"


@dataclass(slots=True)
class ClassCard:
    """What the Classes panel shows of one class: its identity, how many examples, the latest of them, its lamp."""

    info: ClassInfo
    count: int = 0
    thumbs: list[F32] = field(default_factory=list)
    """Windows of the newest examples, each (n, channels), oldest first."""
    lamp: Lamp = Lamp.EMPTY
    learnable: int = 0
    """How many of the examples the learner takes: neighbours in time are nearly the same."""
    why: Reason | None = None
    """Where the examples are not learnable or out of date: why it stays so, where that is known."""


@dataclass(frozen=True, slots=True)
class CellView:
    """One labelled example of the learning bank as a cell: its class, and how much it carries this answer (0..1)."""

    class_id: int
    strength: float
    example_id: int = -1
    toward: float = 0.0
    """How much it speaks for the class that was answered, in the same measure (-1..1): negative against it."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitView:
    """One base unit of the serving snapshot for the inspector.

    `incoming` (d,) float32 are its weights on the features `feature_names`; `outgoing` (C,) float32 those on the
    classes `class_names`.
    """

    index: int
    feature_names: tuple[str, ...]
    incoming: F32
    class_names: tuple[str, ...]
    outgoing: F32


@dataclass(frozen=True, slots=True)
class Task:
    """Something long that goes on in the background: what it is, what it does now, how much is done (0..1).

    `over` says that it has ended well, and that `StudioState.proposal` waits for the user's word.
    """

    title: str
    text: str
    share: float
    over: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another model that the user may switch to: what it would mean, in words and figures, and what the buttons say.

    `figures` are rows (what, present model, other model).
    """

    kind: ProposalKind
    title: str
    words: tuple[str, ...]
    figures: tuple[tuple[str, str, str], ...]
    accept: str
    keep: str
    heads: tuple[str, str] = ("present", "new")


@dataclass(slots=True, eq=False)
class Frame:
    """What every panel is handed some 30 times a second; arrays and lists are to be read, never written.

    `times` (n,) and `values` (n, channels) are the visible samples; `readings` are those of the same period, oldest
    first; `new_readings`, `twin_new`, `publishes` and `events` are new since the frame before.
    """

    spec: StreamSpec
    now: float
    """Stream time of the live edge."""
    times: F64
    values: F32
    readings: list[Reading] = field(default_factory=list)
    new_readings: list[Reading] = field(default_factory=list)
    reading: Reading | None = None
    twin_new: list[TwinReading] = field(default_factory=list)
    twin: TwinReading | None = None
    publishes: list[PublishRecord] = field(default_factory=list)
    takes: list[Take] = field(default_factory=list)
    recording: tuple[int, float] | None = None
    """(class id, stream time of its start) of the take that is being held."""
    events: list[Event] = field(default_factory=list)
    stats: EngineStats = field(default_factory=EngineStats)
    frame_time_wall: float = 0.0
    oldest: float = 0.0
    """Stream time of the oldest sample in the buffer."""


class StudioState(QObject):
    """The window's model, living in the Qt thread. The bridge writes it and calls `announce`; panels read it.

    `changed` carries one topic of `TOPICS`. Nothing here is touched by another thread.
    """

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.classes: list[ClassCard] = []
        self.history = History()
        self.told_before: list[LogLine] = []
        """The newest lines of the session's log, of earlier runs."""
        self.serving = 0
        self.head = 0
        self.pinned: int | None = None
        self.reachable: frozenset[int] | None = None
        """Versions that can be pinned and rolled back to; None: all of the history."""
        self.mode = Mode.OFF
        self.compare: TwinKind | None = None
        """The conventional twin that is compared with."""
        self.spec: StreamSpec | None = None
        self.knobs: tuple[Knob, ...] = ()
        self.source_name = ""
        self.protected = 0
        self.tau = -0.5
        """The learning bank is open where r > τ."""
        self.least_tau = -0.52
        """The widest openness that leaves protected inputs room."""
        self.delta = 0.05
        """The learning bank speaks where it disagrees by more than −δ."""
        self.protect_at_seal = 400
        """How many inputs at most join the protected ones at one seal."""
        self.seal_at = 1000
        """How many examples fill the learning bank, so that it is sealed."""
        self.features = 1024
        """How many random features a model has that began from nothing."""
        self.features_open = False
        """Whether their number can still be chosen."""
        self.protect_by_itself = False
        """Whether what has been stable for half a minute is protected without being asked for."""
        self.abstain = 0.0
        """Answers less likely than this are "unsure"; 0: none."""
        self.rule = "locked bank"
        self.rules: tuple[str, ...] = ("locked bank",)
        """The update rules that can be chosen."""
        self.hidden = 0
        self.active = 0
        self.feature_names: tuple[str, ...] = ()
        self.session_name = ""
        self.saved: Saving | None = None
        """How saving stands; None before it is known."""
        self.presentation = False
        self.uncertain: list[Reading] = []
        """Moments that the model was least sure of, newest first."""
        self.unseen: frozenset[int] = frozenset()
        """Numbers (`Reading.hop`) of those among them whose gate pattern was an unseen one."""
        self.paused = False
        """The view of the stream stands still; the engine goes on."""
        self.view_s = 10.0
        """Seconds of stream that are in view."""
        self.pace = 1.0
        """Stream seconds a wall second, by which views are longer: what is seen stays as long in view."""
        self.scrubbing = False
        """The view stands still somewhere else than where it was paused."""
        self.looked_at: tuple[float, float] | None = None
        """The stretch of stream time that a view which stands still shows; None: what it showed when it was paused."""
        self.selection: tuple[float, float] | None = None
        """A past stretch that the user marked; the next class key labels it."""
        self.task: Task | None = None
        """What goes on in the background, if anything does."""
        self.proposal: Proposal | None = None
        """Another model that waits for the user's word."""
        self.quality: QualityReport | None = None
        """How good the answers are, on the data that the window watches."""
        self.importing: ImportView | None = None
        """The import that the user is about, if there is one."""
        self.analysis: Analysis | None = None
        """What is known of the labelled examples; brought up to date while they are browsed."""
        self.set_aside = False
        """Whether every fifth take of a class is set aside from learning."""
        self.recording_stream = False
        """Whether the raw stream is being recorded."""
        self.phase = Phase.LOADING
        self.failure = ""
        """Where loading failed: the sentence that says why."""

    @property
    def begun_from_nothing(self) -> bool:
        """Whether there is no base, and too few classes yet to tell one from another: held keys make the first two."""
        return self.phase == Phase.READY and self.hidden == 0 and len(self.classes) < 2

    def announce(self, topic: str) -> None:
        """Tell every panel that `topic` changed.

        Raises
        ------
        ValueError
            If `topic` is none of `TOPICS`.
        """
        if topic not in TOPICS:
            raise ValueError(f"unknown topic {topic!r}: use one of {', '.join(sorted(TOPICS))}")
        self.changed.emit(topic)

    @property
    def stream_mode(self) -> StreamMode:
        """What the view of the stream does."""
        standing = StreamMode.PAUSED if self.paused else StreamMode.FOLLOWING
        return StreamMode.SCRUBBING if self.scrubbing else standing

    def set_paused(self, paused: bool) -> None:
        """Freeze the view of the stream where it is, or let it follow the live edge."""
        if paused != self.paused:
            self.paused, self.scrubbing, self.looked_at = paused, False, None
            self.announce("paused")

    def look_at(self, start: float, end: float, *, scrubbing: bool = True) -> None:
        """Show the stretch [start, end] of the stream and stand still; not `scrubbing`: only its width was changed."""
        if (start, end) != self.looked_at or not self.paused:
            self.paused, self.scrubbing, self.looked_at = True, scrubbing, (start, end)
            self.announce("paused")

    def set_selection(self, span: tuple[float, float] | None) -> None:
        """Mark the stretch [start, end] of stream time, or none."""
        if span != self.selection:
            self.selection = span
            self.announce("selection")

    def drop_uncertain(self, span: tuple[float, float]) -> None:
        """Take the doubtful moment [start, end] off the list."""
        left = [reading for reading in self.uncertain if (reading.start, reading.end) != span]
        if len(left) != len(self.uncertain):
            self.uncertain = left
            self.announce("uncertain")

    def set_presentation(self, presentation: bool) -> None:
        """Enter or leave presentation mode; the window and the panels follow."""
        if presentation != self.presentation:
            self.presentation = presentation
            self.announce("presentation")

    def card(self, class_id: int) -> ClassCard | None:
        """Return the card of a class, or None if the window does not show that class."""
        return next((card for card in self.classes if card.info.id == class_id), None)

    def name_of(self, class_id: int | None) -> str:
        """Return a class's name; "unsure" for None, "class N" for one that is not shown (any more)."""
        if class_id is None:
            return "unsure"
        card = self.card(class_id)
        return card.info.name if card is not None else f"class {class_id}"
