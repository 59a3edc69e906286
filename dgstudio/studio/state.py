"""The view model of the window: what panels read (StudioState, Frame) and what they may ask for (Commands)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from dgstudio.engine.analysis import Analysis
from dgstudio.engine.imports.choices import Choices
from dgstudio.engine.imports.worker import ImportView
from dgstudio.engine.past import Past
from dgstudio.engine.protecting import ProtectedInput
from dgstudio.engine.quality_report import QualityReport
from dgstudio.engine.room import AnswerMargins
from dgstudio.engine.version_contents import Containing
from dgstudio.learning.contents import Contents
from dgstudio.streams.source import Knob
from dgstudio.types import (
    F32,
    F64,
    Act,
    ClassInfo,
    EngineStats,
    Event,
    Example,
    Mode,
    PublishRecord,
    Reading,
    StreamSpec,
    Take,
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

LAMPS = ("empty", "not learnable", "out of date", "learning", "up to date")
"""What `ClassCard.lamp` may say, from worst to best."""


@dataclass(slots=True)
class ClassCard:
    """What the Classes panel shows of one class: its identity, how many examples, the latest of them, its lamp."""

    info: ClassInfo
    count: int = 0
    thumbs: list[F32] = field(default_factory=list)
    """Windows of the newest examples, each (n, channels), oldest first."""
    lamp: str = "empty"
    """One of `LAMPS`."""
    learnable: int = 0
    """How many of the examples the learner takes: neighbours in time are nearly the same."""
    reason: str = ""
    """Where the lamp says "not learnable" or "out of date": why it stays so, where that is known."""


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

    `figures` are rows (what, present model, other model); `kind` is "new base" or "rebuild".
    """

    kind: str
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
        self.history: list[PublishRecord] = []
        self.serving = 0
        self.head = 0
        self.pinned: int | None = None
        self.reachable: frozenset[int] | None = None
        """Versions that can be pinned and rolled back to; None: all of the history."""
        self.mode = Mode.OFF
        self.compare: str | None = None
        """None, "in_place" or "swap"."""
        self.spec: StreamSpec | None = None
        self.knobs: tuple[Knob, ...] = ()
        self.source_name = ""
        self.protected = 0
        self.tau = -0.5
        """The learning bank is open where r > τ."""
        self.least_tau = -0.52
        """The widest openness that leaves protected inputs room."""
        self.delta = 0.2
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
        self.saved = ""
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
        self.phase = "loading"
        """"loading", "ready" or "failed"."""
        self.failure = ""
        """Where `phase` is "failed": the sentence that says why."""

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
    def stream_mode(self) -> str:
        """What the view of the stream does: "following", "paused" or "scrubbing"."""
        return "scrubbing" if self.scrubbing else "paused" if self.paused else "following"

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


class Commands(Protocol):
    """What the window may ask of the engine. Every call returns at once and is made in the Qt thread."""

    state: StudioState

    def offered_modes(self) -> tuple[Mode, ...]:
        """Return the learning modes that this engine has."""
        ...

    def press_class(self, class_id: int) -> None:
        """Begin a take of this class; a press shorter than 250 ms counts as a tap (the last half second)."""
        ...

    def release_class(self) -> None:
        """End the take that is being held; without one, nothing happens."""
        ...

    def add_class(self, name: str) -> ClassInfo:
        """Add a class.

        Raises
        ------
        BadInputError
            If the name is empty, too long or taken; the text is a sentence for the user.
        """
        ...

    def edit_class(
        self, class_id: int, *, name: str | None = None, key: str | None = None, colour: str | None = None
    ) -> None:
        """Rename, re-key or recolour a class; `BadInputError` says what is wrong."""
        ...

    def move_class(self, class_id: int, place: int) -> None:
        """Put a class at `place` (from 0) in the order of the classes."""
        ...

    def remove_class(self, class_id: int) -> None:
        """End a class, and let its examples stand no more."""
        ...

    def merge_class(self, class_id: int, into: int) -> None:
        """End a class and give its examples another."""
        ...

    def relabel(self, example_ids: Sequence[int], class_id: int) -> None:
        """Give examples another class."""
        ...

    def take_back_last(self, class_id: int) -> None:
        """Let the newest take of a class stand no more."""
        ...

    def delete_examples(self, example_ids: Sequence[int]) -> None:
        """Let examples stand no more."""
        ...

    def examples(self) -> list[Example]:
        """Return every example that stands, by id."""
        ...

    def takes_by_id(self) -> dict[int, Take]:
        """Return every take that there ever was, as it was made."""
        ...

    def watch_examples(self, on: bool) -> None:
        """Keep `StudioState.analysis` up to date from now on, or no longer."""
        ...

    def notes(self) -> dict[int, str]:
        """Return the user's notes by example id."""
        ...

    def note_examples(self, example_ids: Sequence[int], text: str) -> None:
        """Put a note on examples in place of what they had; "" is none. `BadInputError` for one that is too long."""
        ...

    def takes_of_this_run(self) -> frozenset[int]:
        """Return the ids of the takes whose times are of this run's clock."""
        ...

    def containing(self, example_ids: Sequence[int]) -> Containing:
        """Return which of the versions that can be gone back to contain at least one of these examples."""
        ...

    def contents_of(self, version: int) -> Contents | None:
        """Return the examples that a version has learned; None while that is being read, or where it is gone."""
        ...

    def show_span(self, start: float, end: float) -> None:
        """Pause the stream and mark the stretch [start, end]; `BadInputError` where it is out of sight."""
        ...

    def acts(self) -> tuple[list[Act], int]:
        """Return what was done to labels and classes, oldest first, and how many of that are done, not undone."""
        ...

    def undo(self) -> None:
        """Take back the last labelling act."""
        ...

    def redo(self) -> None:
        """Do again what was undone last."""
        ...

    def save_copy(self, path: str) -> None:
        """Write all that the session has to another file, what could not be saved so far too; an event follows."""
        ...

    def save_as(self, path: str) -> None:
        """Go on in another file with all that the session has; an event follows."""
        ...

    def duplicate(self) -> None:
        """Write a copy of the session beside it and go on in this one; an event names the copy."""
        ...

    def read_import(self, path: str) -> None:
        """Read a file or another session that is to be imported; `StudioState.importing` follows."""
        ...

    def choose_import(self, choices: Choices) -> None:
        """Plan the import anew, with other columns."""
        ...

    def begin_import(self) -> None:
        """Import what is planned."""
        ...

    def cancel_import(self) -> None:
        """Give up the import; of what is not complete nothing is left."""
        ...

    def layout(self) -> dict[str, Any]:
        """Return how the session was arranged when it was closed, as `keep_layout` was given it; else empty."""
        ...

    def keep_layout(self, layout: dict[str, Any]) -> None:
        """Keep in the session how it is arranged."""
        ...

    def watch_quality(self, kind: str | None) -> None:
        """Report on data of this kind (one of `KINDS`) as `StudioState.quality` from now on; None: on nothing."""
        ...

    def set_aside_takes(self, on: bool) -> None:
        """Set every fifth take of each class aside from learning from now on, or none."""

    def record_stream(self, on: bool) -> None:
        """Record the raw stream, its answers and their versions from now on, or no more."""
        ...

    def export(self, kind: str, path: str) -> None:
        """Write "examples", "model" or "report" to a file; an event says how it ended.

        Raises
        ------
        BadInputError
            If the file's name says no format of this kind, or it cannot be written.
        """
        ...

    def set_mode(self, mode: Mode) -> None:
        """Choose what the learner may change."""
        ...

    def set_openness(self, tau: float, delta: float) -> None:
        """Set the dials of the learning bank; a publish with full proof applies them."""
        ...

    def set_abstain(self, threshold: float) -> None:
        """Call answers less likely than this "unsure"; 0: none."""
        ...

    def set_rule(self, name: str) -> None:
        """Choose the update rule, one of `StudioState.rules`."""
        ...

    def set_compare(self, kind: str | None) -> None:
        """Run a conventional twin beside ours ("in_place", "swap"), or none."""
        ...

    def pin(self, version: int) -> None:
        """Serve this version until `unpin`."""
        ...

    def unpin(self) -> None:
        """Serve the newest version again."""
        ...

    def roll_back(self, version: int | None = None) -> None:
        """Go back to `version`, or to the one before the serving one."""
        ...

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Turn a knob of the source."""
        ...

    def label_span(self, class_id: int, start: float, end: float, who: str = "retro") -> None:
        """Label the past stretch [start, end] of stream time; `BadInputError` where it has left the buffer."""
        ...

    def pass_over(self, start: float, end: float) -> None:
        """Ask no more about the doubtful moment [start, end] of stream time: named, skipped, or none of the classes."""
        ...

    def past(self, start: float, end: float) -> Past:
        """Return the samples and answers of stream time [start, end] that the buffer still holds."""
        ...

    def takes_in(self, start: float, end: float) -> list[Take]:
        """Return the takes of this run that stand and reach into [start, end] of stream time, by id."""
        ...

    def cells(self, reading: Reading) -> list[CellView]:
        """Return the learning bank's labelled examples that carry this answer, strongest first, at most 60."""
        ...

    def margins(self, reading: Reading) -> AnswerMargins | None:
        """Return how safely this answer was routed; None where its version has been thinned out."""
        ...

    def unit(self, index: int) -> UnitView | None:
        """Return the weights of one base unit of the serving snapshot, or None where there is no such unit."""
        ...

    def resume_parked(self) -> None:
        """Learn again what a roll-back or a failure set aside."""
        ...

    def protect_now(self) -> None:
        """Seal the learning bank and protect what the model knows now."""
        ...

    def protect_by_itself(self, on: bool) -> None:
        """Protect what has been stable for half a minute without being asked for, or not."""
        ...

    def set_protected(self, count: int) -> None:
        """Let at most so many inputs join the protected ones at one seal."""
        ...

    def set_seal_at(self, count: int) -> None:
        """Seal the learning bank once it holds so many examples."""
        ...

    def set_features(self, count: int) -> None:
        """Let a model that begins from nothing have so many random features."""
        ...

    def protected_inputs(self) -> list[ProtectedInput]:
        """Return the protected inputs in the order in which they joined."""
        ...

    def release_inputs(self, inputs: Sequence[F32]) -> None:
        """Take protected inputs (raw features) out of the contract: their answers may move."""
        ...

    def start_consolidation(self) -> None:
        """Train a new base from all examples in the background; `StudioState.task` and `proposal` follow.

        Raises
        ------
        BadInputError
            If that goes on already.
        """
        ...

    def cancel_consolidation(self) -> None:
        """Stop that training; nothing is left of it."""
        ...

    def plan_rebuild(self, example_ids: tuple[int, ...]) -> None:
        """Make the model that never saw these sealed examples; `StudioState.proposal` follows."""
        ...

    def accept_proposal(self) -> None:
        """Switch to the proposed model."""
        ...

    def discard_proposal(self) -> None:
        """Keep the present model, and forget the proposed one."""
        ...

    def shutdown(self) -> None:
        """Stop the engine; called once, when the window closes."""
        ...
