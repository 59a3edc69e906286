"""The view model of the window, StudioState, and what panels are handed at each frame."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject

from dgstudio.engine.facts.compared import KeptAnswers, TwinFigures
from dgstudio.engine.facts.event import Event
from dgstudio.engine.facts.watched import Watched
from dgstudio.engine.runtime.history import History
from dgstudio.learning.learner.training.consolidation import TrainingStage
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.streams.condition import SourceCondition
from dgstudio.streams.source import Knob
from dgstudio.studio.bridge.caption import Caption
from dgstudio.studio.bridge.evented import Evented, Field
from dgstudio.studio.bridge.inspected import AnswerSubject, Subject
from dgstudio.studio.bridge.look import Look
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

if TYPE_CHECKING:
    from dgstudio.engine.browse.analysis import Analysis
    from dgstudio.engine.evaluation.quality_report import QualityReport
    from dgstudio.engine.imports.worker import ImportView


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


class MapMode(StrEnum):
    """What the map of a pointer's plane shows."""

    CLASS = "class"
    """The class that is answered, and how sure the answer is."""
    UNITS = "units"
    """Which units are active, and who speaks."""
    CERTIFIED = "certified"
    """Which answers are byte for byte those of the last protected version."""


class ProposalKind(StrEnum):
    """What other model waits for the user's word."""

    NEW_BASE = "new base"
    REBUILD = "rebuild"


@dataclass(frozen=True, slots=True, eq=False)
class ClassCard:
    """What the Classes panel shows of one class: its identity, how many examples, the latest of them, its lamp."""

    info: ClassInfo
    count: int = 0
    thumbs: tuple[F32, ...] = ()
    """Windows of the newest examples, each (n, channels), oldest first."""
    lamp: Lamp = Lamp.EMPTY
    learnable: int = 0
    """How many of the examples the learner takes: neighbours in time are nearly the same."""
    why: Reason | None = None
    """Where the examples are not learnable or out of date: why it stays so, where that is known."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClassCard) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        # An example keeps its window: the same one is the same array.
        windows = tuple(map(id, self.thumbs))
        return self.info, self.count, windows, self.lamp, self.learnable, self.why


class CellView(NamedTuple):
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
    """The training of a new base in the background: what it does now, how much is done (0..1).

    `over` says that it has ended well, and that `StudioState.proposal` waits for the user's word.
    """

    stage: TrainingStage
    share: float
    over: bool = False


class LearnedAgain(NamedTuple):
    """A version that is being learned again in the background, and how much is done (0..1)."""

    version: int
    share: float


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
class TwinFrame:
    """What a frame tells of one twin: its answers since the frame before, the newest one, and its figures."""

    kind: TwinKind
    figures: TwinFigures
    new: list[TwinReading] = field(default_factory=list)
    newest: TwinReading | None = None


@dataclass(slots=True, eq=False)
class Frame:
    """What every panel is handed up to 60 times a second; arrays and lists are to be read, never written.

    `times` (n,) and `values` (n, channels) are the visible samples; `readings` are those of the same period, oldest
    first; `new_readings`, `publishes` and `events` are new since the frame before.
    """

    spec: StreamSpec
    now: float
    """Stream time of the live edge."""
    times: F64
    values: F32
    readings: list[Reading] = field(default_factory=list)
    new_readings: list[Reading] = field(default_factory=list)
    reading: Reading | None = None
    twins: tuple[TwinFrame, ...] = ()
    """The twins that run, in the order in which they were chosen."""
    ours: KeptAnswers = KeptAnswers()
    """What has become of the protected answers of our own model."""
    publishes: list[PublishRecord] = field(default_factory=list)
    takes: list[Take] = field(default_factory=list)
    recording: tuple[int, float] | None = None
    """(class id, stream time of its start) of the take that is being held."""
    events: list[Event] = field(default_factory=list)
    stats: EngineStats = field(default_factory=EngineStats)
    source: SourceCondition | None = None
    """What the lamp of the source shows; None: what `stats` say of the stream."""
    frame_time_wall: float = 0.0
    oldest: float = 0.0
    """Stream time of the oldest sample in the buffer."""
    look: Look | None = None
    """What all panels show while the view stands still; None while it follows."""

    def age(self, moment: float) -> float:
        """Return how long ago a moment of stream time is, as every panel says it: before now, or, while the view stands
        still, before the moment at which it was stopped, as all its axes count; 0 for one that came since.
        """
        return max(0.0, (self.now if self.look is None else self.look.edge) - moment)


class StudioState(Evented):
    """The window's model, living in the Qt thread: the bridge and the panels assign its fields, panels follow them.

    What is no field stays as it is for as long as the window is open, or grows by itself.
    """

    classes = Field[tuple[ClassCard, ...]](())
    class_looks = Field[tuple[tuple[int, str, str], ...]](())
    """Id, name and colour of each class: they stay while `classes` changes with every label."""
    label_changes = Field(0)
    """How often labels have changed: the number that the label book gives its last change."""
    record_count = Field(0)
    """How many records of `history` the bridge has seen."""
    serving = Field(0)
    head = Field(0)
    pinned = Field[int | None](None)
    reachable = Field[frozenset[int] | None](None)
    """Versions that can be pinned and rolled back to; None: all of the history."""
    compared = Field[tuple[int, int] | None](None)
    """The two versions that are to be compared, A and B; None where no two are selected."""
    relearning = Field[LearnedAgain | None](None)
    """The version that is being learned again, since it was not kept."""
    set_aside_examples = Field(0)
    """Examples that a roll-back, or a failure, set aside until they are resumed."""
    mode = Field(Mode.OFF)
    compare = Field[tuple[TwinKind, ...]](())
    """The twins that run beside ours, in the order in which they were chosen."""
    spec = Field[StreamSpec | None](None)
    knobs = Field[tuple[Knob, ...]](())
    source_name = Field("")
    protected = Field(0)
    tau = Field(-0.5)
    """The learning bank is open where r > τ."""
    least_tau = Field(-0.52)
    """The widest openness that leaves protected inputs room."""
    delta = Field(0.05)
    """The learning bank speaks where it disagrees by more than −δ."""
    protect_at_seal = Field(400)
    """How many inputs at most join the protected ones at one seal."""
    parts_apart = Field(False)
    """Whether what is learned is published part by part, with pauses."""
    seal_at = Field(1000)
    """How many examples fill the learning bank, so that it is sealed."""
    features = Field(1024)
    """How many random features a model has that began from nothing."""
    features_open = Field(False)
    """Whether their number can still be chosen."""
    protect_by_itself = Field(False)
    """Whether what has been stable for half a minute is protected without being asked for."""
    abstain = Field(0.0)
    """Answers less likely than this are "unsure"; 0: none."""
    rule = Field("locked bank")
    rules = Field[tuple[str, ...]](("locked bank",))
    """The update rules that can be chosen."""
    hidden = Field(0)
    active = Field(0)
    feature_names = Field[tuple[str, ...]](())
    session_name = Field("")
    watched = Field[Watched | None](None)
    """How it stands with the other program whose session is only watched; None where the session is this one's."""
    saved = Field[Saving | None](None)
    """How saving stands; None before it is known."""
    looked_at_unit = Field[int | None](None)
    """The unit of the base that the hand or the keys are on, or that the inspector shows."""
    presentation = Field(False)
    """Full screen and large type, for an audience."""
    caption = Field[Caption | None](None)
    """What a guided demo says; None while there is none."""
    uncertain = Field[tuple[Reading, ...]](())
    """Moments that the model was least sure of, newest first."""
    unseen = Field[frozenset[int]](frozenset())
    """Numbers (`Reading.hop`) of those among them whose gate pattern was an unseen one."""
    map_mode = Field(MapMode.CLASS)
    """What the map of a pointer's plane shows."""
    paused = Field(False)
    """The view of the stream stands still; the engine goes on."""
    view_s = Field(10.0)
    """Seconds of stream that are in view."""
    pace = Field(1.0)
    """Stream seconds a wall second, by which views are longer: what is seen stays as long in view."""
    scrubbing = Field(False)
    """The view stands still somewhere else than where it was paused."""
    looked_at = Field[tuple[float, float] | None](None)
    """The stretch of stream time that a view which stands still shows; None: what it showed when it was paused."""
    moment = Field[float | None](None)
    """Where the time cursor stands: the stream time that all panels show; None while the view follows."""
    then = Field[int | None](None)
    """The version that answered at that moment; None while the view follows, or where nothing was answered."""
    inspected = Field[Subject](AnswerSubject())
    """What the Inspector shows."""
    inspections = Field(0)
    """How often something was to be inspected: with each the Inspector opens."""
    selection = Field[tuple[float, float] | None](None)
    """A past stretch that the user marked; the next class key labels it."""
    task = Field[Task | None](None)
    """What goes on in the background, if anything does."""
    proposal = Field[Proposal | None](None)
    """Another model that waits for the user's word."""
    quality: Field[QualityReport | None] = Field(None)
    """How good the answers are, on the data that the window watches."""
    importing: Field[ImportView | None] = Field(None)
    """The import that the user is about, if there is one."""
    analysis: Field[Analysis | None] = Field(None)
    """What is known of the labelled examples; brought up to date while they are browsed."""
    set_aside = Field(False)
    """Whether every fifth take of a class is set aside from learning."""
    recording_stream = Field(False)
    """Whether the raw stream is being recorded."""
    drawing = Field(0)
    """Frames a second while fewer are drawn than usual, for the machine is busy; else 0."""
    phase = Field(Phase.LOADING)
    """"loading", "ready" or "failed"."""
    failure = Field("")
    """Where `phase` is "failed": the sentence that says why."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history = History()
        """The engine's own: who needs its records reads on from where he was; `record_count` tells of new ones."""
        self.first_record = 0
        """The number of the first record of `history` that is of this run."""
        self.told_before: tuple[LogLine, ...] = ()
        """The newest lines of the session's log, of earlier runs."""
        self.when(StudioState.classes).connect(self._note_looks)
        # What stands still is of one stream.
        self.when(StudioState.spec).connect(self._follow_again)

    def _note_looks(self) -> None:
        self.class_looks = tuple((card.info.id, card.info.name, card.info.colour) for card in self.classes)

    def _follow_again(self) -> None:
        self.set_paused(False)

    @property
    def begun_from_nothing(self) -> bool:
        """Whether there is no base, and too few classes yet to tell one from another: held keys make the first two."""
        return self.phase == Phase.READY and self.hidden == 0 and len(self.classes) < 2

    @property
    def stream_mode(self) -> StreamMode:
        """What the view of the stream does."""
        standing = StreamMode.PAUSED if self.paused else StreamMode.FOLLOWING
        return StreamMode.SCRUBBING if self.scrubbing else standing

    def set_paused(self, paused: bool) -> None:
        """Freeze the view of the stream where it is, or let it follow the live edge; one that is frozen stays there.

        What was marked in the past is unmarked when the view follows again: nobody sees it any more.
        """
        if paused != self.paused:
            with self.update():
                self.paused, self.scrubbing, self.looked_at, self.moment = paused, False, None, None
                if not paused:
                    self.then, self.selection = None, None

    def look_at(self, start: float, end: float, *, scrubbing: bool = True) -> None:
        """Show the stretch [start, end] of the stream and stand still; not `scrubbing`: only its width was changed.

        The time cursor keeps its place in the picture where that moves, and its moment where it is zoomed.
        """
        before = self.looked_at
        # What does not move has not been scrubbed.
        if (start, end) != before or not self.paused:
            with self.update():
                if self.moment is not None and before is not None and self.paused:
                    same = abs((before[1] - before[0]) - (end - start)) < 1e-6
                    self.moment = min(max(self.moment + (start - before[0] if same else 0.0), start), end)
                self.paused, self.scrubbing, self.looked_at = True, scrubbing, (start, end)

    def look_back(self, moment: float) -> None:
        """Put the time cursor on a moment of stream time: the view stands still, and all panels show that moment.

        Where the view that is shown does not hold the moment, another one is.
        """
        with self.update():
            looked = self.looked_at if self.paused else None
            if looked is not None and not looked[0] <= moment <= looked[1]:
                looked = None
            self.paused, self.scrubbing, self.looked_at, self.moment = True, True, looked, moment

    def inspect(self, subject: Subject) -> None:
        """Open the Inspector on something."""
        with self.update():
            self.inspected, self.inspections = subject, self.inspections + 1

    def drop_uncertain(self, span: tuple[float, float]) -> None:
        """Take the doubtful moment [start, end] off the list."""
        self.uncertain = tuple(reading for reading in self.uncertain if (reading.start, reading.end) != span)

    def card(self, class_id: int) -> ClassCard | None:
        """Return the card of a class, or None if the window does not show that class."""
        return next((card for card in self.classes if card.info.id == class_id), None)

    def name_of(self, class_id: int | None) -> str:
        """Return a class's name; "unsure" for None, "class N" for one that is not shown (any more)."""
        if class_id is None:
            return "unsure"
        card = self.card(class_id)
        return card.info.name if card is not None else f"class {class_id}"
