"""The one place where the window and the engine meet: a timer pulls frames, what is asked for goes the other way."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer

from dgstudio.engine.adapt.consolidation import ConsolidationState
from dgstudio.engine.adapt.routing_margins import MarginReader
from dgstudio.engine.engine import Engine
from dgstudio.engine.evaluation.active_learning import DoubtfulMoments
from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.engine.lifecycle.stream_config import StreamChoice, keep_choice, keep_knobs, kept_stream
from dgstudio.engine.recording.lookback import Past
from dgstudio.engine.serving.answered_now import AnswerAgain
from dgstudio.errors import BadInputError
from dgstudio.guard.texts import plain_text
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.settings import TAU_GAP
from dgstudio.reasons.reason import Reason
from dgstudio.reasons.refused import ExamplesAside, LearningOff
from dgstudio.streams.osc.control_queue import controls_of
from dgstudio.streams.pointer import PointerSource
from dgstudio.streams.source import Knob, Source, rate_to_keep
from dgstudio.streams.timing.playback_clock import POSITION
from dgstudio.studio.bridge.evidence_at_hand import EvidenceAtHand
from dgstudio.studio.bridge.followed import followed
from dgstudio.studio.bridge.frame_governor import FrameGovernor
from dgstudio.studio.bridge.proposal_text import of_new_base, of_rebuild
from dgstudio.studio.bridge.state import (
    CellView,
    ClassCard,
    Frame,
    Lamp,
    LearnedAgain,
    Phase,
    StudioState,
    Task,
    UnitView,
)
from dgstudio.studio.bridge.time_cursor import TimeCursor
from dgstudio.studio.bridge.twin_feed import TwinFeed
from dgstudio.types import F32, EngineStats, LearnerActivity, Mode, PublishRecord, Reading, StreamKind, StreamSpec

if TYPE_CHECKING:
    from dgstudio.engine.remote.others import Others
    from dgstudio.streams.camera.source import CameraSource
    from dgstudio.studio.camera.video_feed import VideoFeed

GLANCE_MS = 8
"""How often the bridge looks whether there is news between two frames."""
STATS_MS = 250
CELLS = 60
MOST_PACE = 20.0
"""A view that had to hold more than this many times the samples would be slow to draw."""
UNCERTAIN_APART_S = 2.0
"""Moments for "Which one was this?" are at least this many wall seconds apart."""
LAYOUT = "layout"
"""Session setting: how the window was arranged."""


class Bridge(QObject):
    """Pulls the engine at every frame in the Qt thread, fills the view model, and hands out frames.

    The window asks the engine's own parts, which stand here under the names that they have there; after each call the
    view model follows at once. What is a matter of the view as well is asked of the bridge itself. Qt thread only.

    Attributes
    ----------
    state : the view model that the panels show.
    on_frame : called with each frame.
    margins : how safely an answer was routed.
    answer_again : what the version that serves now would say to an old input.
    evidence : what the banks that answered rest on, as far as it is at hand.
    cursor : the moment that all panels show while the view stands still.
    twins : what the models that ours is compared with answer, and have answered.
    plane : computes what is answered all over the plane of a pointer; None where the stream is none.
    camera : the source of pictures; None where the stream is none.
    """

    def __init__(self, engine: Engine, session_name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.engine = engine
        self.state = StudioState(self)
        self.on_frame: Callable[[Frame], None] | None = None
        self.labels = followed(engine.labels, self._follow)
        self.model = followed(engine.model, self._follow)
        self.comparison = followed(engine.comparison, self._follow)
        self.candidates, self.recording, self.imports = engine.candidates, engine.recording, engine.imports
        self.relearning = engine.relearning
        self.book, self.lookback = engine.book, engine.lookback
        self.quality, self.browse, self.contents = engine.quality, engine.browse, engine.contents
        self.inspection = engine.inspection
        self.plane = engine.plane
        self.camera = _camera_of(engine)
        self._feed = None if self.camera is None else _feed_of(self.camera, self)
        self.margins = MarginReader(engine.lane)
        self.answer_again = AnswerAgain(engine.lane)
        self._names = engine.classes.names
        self._readings = 0
        self.twins = TwinFeed(engine.comparison)
        self._stats = EngineStats()
        self._stats_wall = 0.0
        self._condition = engine.input.condition()
        self._others = _others_of(engine)
        self._view: deque[Reading] = deque()
        self._doubtful = DoubtfulMoments()
        self._cells: tuple[tuple[int, int, int] | None, list[CellView]] = (None, [])
        self._proposed: object = None
        self._moved = False
        self._inspected = 0
        self.evidence = EvidenceAtHand(engine.learner, engine.inspection)
        self.cursor = TimeCursor(self.state, self.lookback)
        self._governor = FrameGovernor()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(self._governor.interval_ms)
        self._timer.timeout.connect(self._tick)
        self._glance = QTimer(self)
        self._glance.setInterval(GLANCE_MS)
        self._glance.timeout.connect(self._look)
        self._fill(session_name)

    # -- life ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the engine, if it does not run yet, and the frames."""
        self.engine.start()
        self.start_frames()

    def start_frames(self) -> None:
        """Start the frames, of an engine that runs or answers by now."""
        self.state.phase = Phase.READY
        if self._feed is not None:
            self._feed.start()
        self._timer.start()
        self._glance.start()

    def rest(self, on: bool) -> None:
        """Make no frames, for the window is out of sight, or make them again; the engine goes on."""
        for timer in (self._timer, self._glance):
            if on:
                timer.stop()
            else:
                timer.start()

    def shutdown(self) -> None:
        """Stop the frames, then the engine; called once, when the window closes."""
        self._timer.stop()
        self._glance.stop()
        if self._feed is not None:
            self._feed.stop()
        self.engine.stop()

    def _fill(self, session_name: str) -> None:
        state, engine = self.state, self.engine
        state.told_before = tuple(engine.told_before)
        # What a reopened session holds is known already; frames carry what happens in this run.
        state.history = engine.learn.history
        state.record_count = state.first_record = engine.records_before
        state.spec = engine.spec
        self._set_pace(engine.spec.speed)
        self._doubtful = DoubtfulMoments(UNCERTAIN_APART_S * state.pace)
        state.knobs = engine.source.knobs()
        state.source_name = engine.spec.name
        state.least_tau = TAU_GAP - engine.learner.settings.margin
        state.feature_names = engine.features.names
        state.session_name, state.watched = session_name, engine.watched
        state.serving = engine.learner.store.serving.version
        state.head = engine.learner.store.head.version
        state.when(StudioState.recording_stream).connect(self._renew_stats)
        state.when(StudioState.paused, StudioState.looked_at, StudioState.moment).connect(self._look_soon)
        self._follow()
        self._refresh_classes()

    def _follow(self) -> None:
        """Show what has been asked for, though the threads of the engine may still be on their way to it."""
        engine, state = self.engine, self.state
        with state.update():
            self._show_dials()
            state.set_aside = engine.labels.sets_aside
            state.compare = engine.comparison.kinds
            if engine.classes.names is not self._names:
                self._refresh_classes()

    def _show_dials(self) -> None:
        """Show what the user has set, how large the base is and which rules it allows."""
        state, learner, dials = self.state, self.engine.learner, self.engine.model.dials
        base = learner.store.head.base
        state.mode, state.tau, state.delta, state.abstain = dials.mode, dials.tau, dials.delta, dials.abstain
        state.protect_at_seal, state.protect_by_itself = dials.protect_at_seal, dials.protect_by_itself
        state.parts_apart = dials.parts_apart
        state.seal_at, state.features, state.features_open = dials.seal_at, dials.features, learner.features_open
        state.hidden, state.active = (0, 0) if base is None else (base.b1.shape[0], base.k)
        state.rules = learner.offered_rules
        # Rolled back to before there was a base, the rule may be one that it needs.
        state.rule = dials.rule if dials.rule in state.rules else learner.settings.rule

    # -- frames ----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        interval = self._governor.next_frame()
        if interval != self._timer.interval():
            self._timer.setInterval(interval)
        self._show()

    def _look(self) -> None:
        # What a key did is told at once, and what was found about a moment that was clicked: of the 100 ms for that,
        # the next frame would take a third, and more while the machine is busy.
        found = self.inspection.ended != self._inspected
        asked = self._others is not None and self._others.waiting
        if self.engine.events.waiting or self._moved or found or asked:
            self._show()

    def _look_soon(self) -> None:
        # Where the hand has put the cursor is shown as soon as what it did.
        self._moved = True

    def _show(self) -> None:
        self._moved, self._inspected = False, self.inspection.ended
        frame = self.pull()
        if self.on_frame is not None:
            self.on_frame(frame)

    def pull(self) -> Frame:
        """Take what is new from the engine and bring the view model up to date. Qt thread only."""
        engine, state = self.engine, self.state
        wall, events = time.perf_counter(), engine.events.drain()
        # First, so that what others have asked for is in this frame.
        if self._others is not None:
            self._others.turn(events)
        self.evidence.poll()
        engine.marks.carry_out()
        new, self._readings = engine.lane.readings.since(self._readings)
        times, values = engine.ring.latest(state.view_s)
        now = float(times[-1]) if len(times) else 0.0
        self._view.extend(new)
        while self._view and self._view[0].end < now - state.view_s:
            self._view.popleft()
        reach = self.lookback.reach()
        oldest = reach[0] if reach is not None else now
        with state.update():
            publishes = self._note_publishes()
            if wall - self._stats_wall > STATS_MS / 1e3:
                self._stats_wall = wall
                self._note_stats()
            self._note_labels()
            self._note_other_models()
            self._note_uncertain(new, reach)
            state.importing = self.imports.view
            again = self.relearning.running
            state.relearning = (
                None if again is None or again.over else LearnedAgain(again.version, round(again.share, 2))
            )
            state.recording_stream = engine.recorder.on
        look = self.cursor.follow(Past(times, values, tuple(self._view)), now, oldest)
        return Frame(
            spec=engine.spec,
            now=now,
            times=times,
            values=values,
            readings=list(self._view),
            new_readings=new,
            reading=engine.lane.readings.newest,
            twins=self.twins.pull(),
            ours=self.twins.ours,
            publishes=publishes,
            takes=engine.book.takes(now - state.view_s),
            recording=engine.labels.held,
            events=events,
            stats=self._stats,
            source=self._condition,
            frame_time_wall=wall,
            oldest=oldest,
            look=look,
        )

    def _note_stats(self) -> None:
        """What is soon enough four times a second."""
        state, engine = self.state, self.engine
        stats = self._stats = engine.stats()
        self._condition = engine.input.condition()
        self.twins.renew()
        # One that failed runs no more.
        state.compare = engine.comparison.kinds
        state.watched = engine.watched
        # How another program's file is saved, it knows.
        state.saved, state.protected = None if state.watched else stats.saved, stats.protected
        state.drawing = self._governor.yields_to
        path = engine.session.path
        if path is not None:
            # It may have been saved as another file.
            state.session_name = plain_text(path.name)
        if any(knob.name == POSITION for knob in state.knobs):
            # A recording that plays moves by itself.
            state.knobs = self.source_knobs()
        state.reachable = engine.model.reachable()
        state.set_aside_examples = len(engine.learner.parked)
        state.quality, state.analysis = engine.quality.report, engine.browse.analysis
        # The learner may have come to rest after its last publish was seen.
        self._refresh_lamps()

    def _renew_stats(self) -> None:
        self._stats_wall = 0.0

    def _note_publishes(self) -> list[PublishRecord]:
        state, store = self.state, self.engine.learner.store
        publishes, state.record_count = state.history.since(state.record_count)
        state.serving, state.head, state.pinned = store.serving.version, store.head.version, store.pinned
        if publishes:
            state.set_aside_examples = len(self.engine.learner.parked)
            state.reachable = self.engine.model.reachable()
            # A roll-back restores the dials, and any version may have another base.
            self._show_dials()
            self._refresh_lamps()
        return publishes

    def _note_other_models(self) -> None:
        """Show how far the training of a new base is, and the model that waits for the user's word."""
        engine, state = self.engine, self.state
        training, rebuild = engine.candidates.consolidation, engine.candidates.rebuild
        if training is not None and training.state not in (ConsolidationState.RUNNING, ConsolidationState.READY):
            # Its event has said why.
            engine.candidates.discard_consolidation()
            training = None
        over = training is not None and training.state == ConsolidationState.READY
        state.task = None if training is None else Task(training.stage, 1.0 if over else training.share, over)
        waiting = rebuild or (training if over else None)
        if waiting is self._proposed:
            # What is said of it has been said: it is not put into words at every frame.
            return
        self._proposed = waiting
        if rebuild is not None:
            state.proposal = of_rebuild(rebuild, state.name_of)
        elif training is not None and training.comparison is not None:
            state.proposal = of_new_base(training.comparison, state.name_of)
        else:
            state.proposal = None

    def _note_labels(self) -> None:
        book = self.engine.book
        if book.changes != self.state.label_changes:
            self.state.label_changes = book.changes
            self._refresh_classes()
            waiting = self._doubtful.moments
            if waiting and self._doubtful.labelled(book.takes(waiting[-1].reading.start)):
                self._show_uncertain()

    def _refresh_classes(self) -> None:
        self._names = self.engine.classes.names
        cards = []
        for info in self.engine.classes.living():
            count, learnable, thumbs = self.engine.book.labels(info.id)
            lamp, why = self._lamp(info.id, count)
            cards.append(ClassCard(info, count, tuple(thumbs), lamp, learnable, why))
        self.state.classes = tuple(cards)

    def _refresh_lamps(self) -> None:
        lamps = ((card, *self._lamp(card.info.id, card.count)) for card in self.state.classes)
        self.state.classes = tuple(replace(card, lamp=lamp, why=why) for card, lamp, why in lamps)

    def _lamp(self, class_id: int, count: int) -> tuple[Lamp, Reason | None]:
        """What the card's lamp says: whether the newest version has learned all examples of the class; and why not."""
        learner, learn = self.engine.learner, self.engine.learn
        if count == 0:
            return Lamp.EMPTY, None
        waits, refusal = learner.waiting_for(class_id), learner.refusal
        if waits and refusal is not None and learn.idle:
            return Lamp.NOT_LEARNABLE, refusal
        if waits or not learn.idle:
            if learner.mode is Mode.OFF:
                return Lamp.OUT_OF_DATE, LearningOff()
            if waits and learn.idle and learner.parked:
                return Lamp.OUT_OF_DATE, ExamplesAside()
            return (Lamp.LEARNING if learn.state == LearnerActivity.LEARNING else Lamp.OUT_OF_DATE), None
        return Lamp.UP_TO_DATE, None

    def _note_uncertain(self, new: list[Reading], reach: tuple[float, float] | None) -> None:
        changed = self._doubtful.note(new)
        if reach is not None:
            changed |= self._doubtful.keep_from(reach[0])
        if changed:
            self._show_uncertain()

    def _show_uncertain(self) -> None:
        state, moments = self.state, self._doubtful.moments
        if any((reading.start, reading.end) == state.selection for reading in state.uncertain):
            # While one of them is being named the others stand still: none comes in between.
            shown = {reading.hop for reading in state.uncertain}
            moments = [moment for moment in moments if moment.reading.hop in shown]
        with state.update():
            state.uncertain = tuple(moment.reading for moment in moments)
            state.unseen = frozenset(moment.reading.hop for moment in moments if moment.unseen)

    # -- what is a matter of the view as well --------------------------------------------------------------------

    def show_span(self, start: float, end: float) -> None:
        """Show the stretch [start, end] of the stream, standing still, and mark it; the time cursor is at its end.

        Raises
        ------
        BadInputError
            Where it has left the buffer, or never was in it.
        """
        reach = self.lookback.reach()
        if reach is None or start < reach[0] or end > reach[1] + 1e-6:
            raise BadInputError("That stretch of the stream is no longer in the buffer.")
        wide = max(self.state.view_s, 1.2 * (end - start))
        # In the middle, as far as the live edge allows.
        last = min(reach[1], (start + end + wide) / 2)
        with self.state.update():
            self.state.look_at(last - wide, last)
            self.state.moment, self.state.selection = end, (start, end)

    def pass_over(self, start: float, end: float) -> None:
        """Ask no more about the doubtful moment [start, end] of stream time."""
        self._doubtful.passed_over(start, end)
        self.state.drop_uncertain((start, end))

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Turn a knob of the source."""
        source, state = self.engine.source, self.state
        source.set_knob(name, value)
        if self.camera is not None:
            knobs = source.knobs()
            self.engine.queue.write(lambda session: keep_knobs(session, knobs))
        with state.update():
            state.spec = replace(self.engine.spec, speed=source.spec.speed)
            state.knobs = tuple(replace(knob, value=value) if knob.name == name else knob for knob in source.knobs())

    def switch_source(self, source: Source, choice: StreamChoice) -> None:
        """Let another source, not yet opened, take the place of the present one; the session remembers the choice.

        Raises
        ------
        BadInputError
            If what was learned means nothing for it; the present source goes on.
        """
        engine, state = self.engine, self.state
        engine.switch_source(source)
        rate = rate_to_keep(source, choice.rate)
        if not engine.session.read_only:
            engine.queue.write(lambda session: keep_choice(session, choice, rate))
        self._others = _others_of(engine)
        if self._feed is not None:
            self._feed.stop()
            self._feed.deleteLater()
        self.camera = _camera_of(engine)
        self._feed = None if self.camera is None else _feed_of(self.camera, self)
        if self._feed is not None:
            self._feed.start()
        with state.update():
            state.spec = engine.spec
            self._set_pace(engine.spec.speed)
            state.knobs, state.source_name = source.knobs(), source.spec.name

    def _set_pace(self, speed: float) -> None:
        """Let as many wall seconds be seen as before, of a stream that runs so many times as fast."""
        state = self.state
        pace = min(max(1.0, speed), MOST_PACE)
        state.view_s *= pace / state.pace
        state.pace = pace

    @property
    def stream(self) -> StreamSpec:
        """The stream that the session stands on: another source must give the like of it."""
        return self.engine.spec

    @property
    def chosen_source(self) -> str:
        """What was typed or chosen as the source that answers are given to; "" where nobody remembers."""
        return str(kept_stream(self.engine.session).get("source", ""))

    def source_time(self, moment: float) -> float:
        """The time of the present source at a moment of the stream, which may have begun with another."""
        return moment - self.engine.input.shift

    def source_knobs(self) -> tuple[Knob, ...]:
        """Return the source's knobs as they stand at this moment."""
        return self.engine.source.knobs()

    def point(self, x: float, y: float) -> None:
        """Move the pointer on its plane, −1 to 1 each; nothing where the stream is no pointer."""
        source = self.engine.source
        if isinstance(source, PointerSource):
            source.point(x, y)

    def small_picture(self, moment: float) -> F32 | None:
        """Return the picture of a stream time of this run, small, as an example keeps it; None where there is none."""
        return None if self.camera is None else self.camera.picture_window(self.source_time(moment))

    @property
    def protected(self) -> ProtectedSet:
        """The inputs whose answers must not move: another object whenever they have changed."""
        return self.engine.learner.training.protected

    def layout(self) -> dict[str, Any]:
        """Return how the session was arranged when it was closed; empty where it never was."""
        kept = self.engine.session.config(LAYOUT)
        return kept if isinstance(kept, dict) else {}

    def keep_layout(self, layout: dict[str, Any]) -> None:
        """Keep in the session how it is arranged."""
        self.engine.queue.write(lambda session: session.set_config(LAYOUT, layout))

    def tell(self, notes: list[str]) -> None:
        """Put notes about the start into the log."""
        for note in notes:
            self.engine.events.say(Notice(EventKind.START, note))

    # -- what panels ask about one answer ----------------------------------------------------------------------

    def cells(self, reading: Reading, *, urgent: bool = True) -> list[CellView]:
        """Return the labelled examples that carry this answer in the version that gave it, strongest first, at most 60.

        They are those of the bank that answers, a sealed one too; where the base does, those of the last bank. Empty
        as well until they are at hand (`evidence`). The strength of example i is max_c |α_ic (q_i·z)| relative to the
        strongest (design 3, exact attribution).
        """
        key = reading.hop, reading.version, self.evidence.turn
        if self._cells[0] == key:
            return self._cells[1]
        evidence = self.evidence.of(reading, urgent=urgent)
        cells: list[CellView] = []
        if evidence is not None and len(evidence.example_ids) and len(reading.features):
            strength, toward = evidence.said_of(reading.features, -1 if reading.top is None else reading.top)
            order = np.argsort(-strength, kind="stable")[:CELLS]
            top = float(strength[order[0]]) or 1.0
            columns = (evidence.class_ids, strength / top, evidence.example_ids, toward / top)
            cells = [*map(CellView, *(column[order].tolist() for column in columns))]
        if cells or self.evidence.knows(reading):
            self._cells = (key, cells)
        return cells

    def unit(self, index: int) -> UnitView | None:
        """Return the weights of one base unit of the serving snapshot, or None without a base."""
        base = self.engine.learner.store.serving.base
        if base is None or not 0 <= index < base.b1.shape[0]:
            return None
        names = self.engine.features.names
        outgoing = tuple(self.state.name_of(class_id) for class_id in base.classes)
        return UnitView(index, names, base.W1[index], outgoing, base.V[index])


def _others_of(engine: Engine) -> Others | None:
    """What is done for other programs; imported only where one can send or is told something."""
    controls = controls_of(engine.source)
    if controls is None and not engine.out.sinks:
        return None
    from dgstudio.engine.remote.others import Others

    return Others(engine, controls, learns=True)


def _feed_of(camera: CameraSource, parent: QObject) -> VideoFeed:
    from dgstudio.studio.camera.video_feed import VideoFeed

    return VideoFeed(camera, parent)


def _camera_of(engine: Engine) -> CameraSource | None:
    """The camera or the video that the engine looks at; imported only where the stream is of pictures."""
    if engine.spec.kind is not StreamKind.IMAGE:
        return None
    from dgstudio.streams.camera.source import CameraSource

    return engine.source if isinstance(engine.source, CameraSource) else None
