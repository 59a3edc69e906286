"""The one place where the window and the engine meet: a timer pulls frames, commands go the other way."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer

from dgstudio.engine.consolidation import READY, RUNNING
from dgstudio.engine.engine import Engine
from dgstudio.errors import BadInputError
from dgstudio.learning.settings import TAU_GAP
from dgstudio.studio.proposals import of_new_base, of_rebuild
from dgstudio.studio.state import CellView, ClassCard, Frame, StudioState, Task, UnitView
from dgstudio.types import Act, ClassInfo, EngineStats, Event, Example, Mode, PublishRecord, Reading, Take, TwinReading

FRAME_MS = 33
STATS_MS = 250
CELLS = 60
MOST_PACE = 20.0
"""A view that had to hold more than this many times the samples would be slow to draw."""
WHAT_TO_DO = "Open the learning bank wider (L), protect what it knows now, or take labels back."
UNCERTAIN_KEPT = 3
UNCERTAIN_BELOW = 0.6
"""Answers less sure than this are candidates for "Which one was this?"."""
UNCERTAIN_APART_S = 2.0
"""Candidates are at least this many wall seconds apart."""


class Bridge(QObject):
    """Pulls the engine 30 times a second in the Qt thread, fills the view model, and hands out frames.

    It is the window's `Commands`: every command returns at once. `on_frame` is called with each frame.
    """

    def __init__(self, engine: Engine, session_name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.engine = engine
        self.state = StudioState(self)
        self.on_frame: Callable[[Frame], None] | None = None
        self._readings = 0
        self._twin_readings = 0
        self._history = 0
        self._book = -1
        self._stats = EngineStats()
        self._stats_wall = 0.0
        self._learned_examples = 0
        self._view: deque[Reading] = deque()
        self._uncertain_wall = 0.0
        self._takes_from = 0.0
        self._cells: tuple[int, list[CellView]] = (-1, [])
        self._proposed: object = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._tick)
        self._fill(session_name)

    # -- life ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the engine and the frames."""
        self.engine.start()
        self.state.phase = "ready"
        self.state.announce("phase")
        self._timer.start()

    def shutdown(self) -> None:
        """Stop the frames, then the engine; called once, when the window closes."""
        self._timer.stop()
        self.engine.stop()

    def _fill(self, session_name: str) -> None:
        state, engine = self.state, self.engine
        state.spec = engine.spec
        state.pace = min(max(1.0, engine.spec.speed), MOST_PACE)
        state.view_s *= state.pace
        state.knobs = engine.source.knobs()
        state.source_name = engine.spec.name
        state.mode = engine.learner.mode
        settings = engine.learner.settings
        state.tau, state.delta, state.rule = settings.tau, settings.delta, settings.rule
        state.least_tau = TAU_GAP - settings.margin
        state.set_aside = engine.store.sets_aside
        state.feature_names = engine.features.names
        state.session_name = session_name
        self._describe_base()
        # What a reopened session holds is history; frames carry what happens in this run.
        state.history.extend(engine.past)
        self._history = len(engine.past)
        state.serving = engine.learner.store.serving.version
        state.head = engine.learner.store.head.version
        self._refresh_classes()

    def _describe_base(self) -> bool:
        """Say how large the base is and which rules it allows; returns whether that has changed."""
        state, learner = self.state, self.engine.learner
        base = learner.store.head.base
        before = state.hidden, state.active, state.rules
        state.hidden = 0 if base is None else base.b1.shape[0]
        state.active = 0 if base is None else base.k
        state.rules = learner.offered_rules
        if state.rule not in state.rules:
            # Rolled back to before there was a base.
            state.rule = learner.settings.rule
        return before != (state.hidden, state.active, state.rules)

    # -- frames ----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        frame = self.pull()
        if self.on_frame is not None:
            self.on_frame(frame)

    def pull(self) -> Frame:
        """Take what is new from the engine and bring the view model up to date. Qt thread only."""
        engine, state = self.engine, self.state
        wall = time.perf_counter()
        new, self._readings = engine.lane.readings.since(self._readings)
        times, values = engine.ring.latest(state.view_s)
        now = float(times[-1]) if len(times) else 0.0
        self._view.extend(new)
        while self._view and self._view[0].end < now - state.view_s:
            self._view.popleft()
        if not state.paused:
            # A frozen view goes on showing its own stretch, with the labels that are put on it meanwhile.
            self._takes_from = now - state.view_s
        publishes, self._history = engine.learn.history.since(self._history)
        twin_new: list[TwinReading] = []
        if engine.twin is not None:
            twin_new, self._twin_readings = engine.twin.readings.since(self._twin_readings)
        if wall - self._stats_wall > STATS_MS / 1e3:
            self._stats_wall = wall
            self._stats = engine.stats()
            self._health()
            self._note_reach()
            self._note_quality()
        self._note_publishes(publishes)
        self._note_labels()
        self._note_other_models()
        self._note_uncertain(new, wall)
        return Frame(
            spec=engine.spec,
            now=now,
            times=times,
            values=values,
            readings=list(self._view),
            new_readings=new,
            reading=engine.lane.readings.newest,
            twin_new=twin_new,
            twin=engine.twin.readings.newest if engine.twin is not None else None,
            publishes=publishes,
            takes=engine.book.takes(self._takes_from),
            recording=engine.recording,
            events=engine.events.drain(),
            stats=self._stats,
            frame_time_wall=wall,
        )

    def _health(self) -> None:
        state = self.state
        if state.saved != self._stats.saved or state.protected != self._stats.protected:
            state.saved, state.protected = self._stats.saved, self._stats.protected
            state.announce("health")

    def _note_reach(self) -> None:
        reachable = self.engine.reachable()
        if reachable != self.state.reachable:
            self.state.reachable = reachable
            self.state.announce("versions")

    def _note_quality(self) -> None:
        report = self.engine.quality.report
        if report is not self.state.quality:
            self.state.quality = report
            self.state.announce("quality")

    def _note_publishes(self, publishes: list[PublishRecord]) -> None:
        state, store = self.state, self.engine.learner.store
        serving, head, pinned = store.serving.version, store.head.version, store.pinned
        if not publishes and (serving, head, pinned) == (state.serving, state.head, state.pinned):
            return
        state.history.extend(publishes)
        state.reachable = self.engine.reachable()
        state.serving, state.head, state.pinned = serving, head, pinned
        if any(record.version is not None for record in publishes):
            self._learned_examples = self._stats.learned
            if self._describe_base():
                state.announce("settings")
        state.announce("versions")
        self._refresh_lamps()

    def _note_other_models(self) -> None:
        """Show how far the training of a new base is, and the model that waits for the user's word."""
        engine, state = self.engine, self.state
        training, rebuild = engine.consolidation, engine.rebuild
        if training is not None and training.state not in (RUNNING, READY):
            # Its event has said why.
            engine.discard_consolidation()
            training = None
        task = None
        if training is not None:
            over = training.state == READY
            task = Task("New base", training.text, 1.0 if over else training.share, over)
        if task != state.task:
            state.task = task
            state.announce("task")
        waiting = rebuild or (training if training is not None and training.state == READY else None)
        if waiting is self._proposed:
            return
        self._proposed = waiting
        if rebuild is not None:
            state.proposal = of_rebuild(rebuild, state.name_of)
        elif training is not None and training.comparison is not None:
            state.proposal = of_new_base(training.comparison)
        else:
            state.proposal = None
        state.announce("proposal")

    def _note_labels(self) -> None:
        if self.engine.book.changes != self._book:
            self._book = self.engine.book.changes
            self._refresh_classes()

    def _refresh_classes(self) -> None:
        cards = []
        for info in self.engine.classes.living():
            count, learnable, thumbs = self.engine.book.labels(info.id)
            lamp, reason = self._lamp(info.id, count)
            cards.append(ClassCard(info, count, thumbs, lamp, learnable, reason))
        self.state.classes = cards
        self.state.announce("classes")

    def _refresh_lamps(self) -> None:
        before = [(card.lamp, card.reason) for card in self.state.classes]
        for card in self.state.classes:
            card.lamp, card.reason = self._lamp(card.info.id, card.count)
        if before != [(card.lamp, card.reason) for card in self.state.classes]:
            self.state.announce("classes")

    def _lamp(self, class_id: int, count: int) -> tuple[str, str]:
        """What the card's lamp says: whether the newest version has learned all examples of the class; and why not."""
        learner, learn = self.engine.learner, self.engine.learn
        if count == 0:
            return "empty", ""
        waits, refusal = learner.waiting_for(class_id), learner.refusal
        if waits and refusal and learn.idle:
            return "not learnable", f"{refusal.rstrip('.')}. {WHAT_TO_DO}"
        if waits or not learn.idle:
            if learner.mode is Mode.OFF:
                return "out of date", "learning is off"
            if waits and learn.idle and learner.parked:
                return "out of date", "a roll-back set its examples aside: “Resume parked examples” learns them again"
            return ("learning" if learn.state == "learning" else "out of date"), ""
        return "up to date", ""

    def _note_uncertain(self, new: list[Reading], wall: float) -> None:
        candidates = [r for r in new if len(r.classes) > 1 and r.top is not None and r.confidence < UNCERTAIN_BELOW]
        if not candidates or wall - self._uncertain_wall < UNCERTAIN_APART_S:
            return
        self._uncertain_wall = wall
        least = min(candidates, key=lambda reading: reading.confidence)
        self.state.uncertain = [least, *self.state.uncertain][:UNCERTAIN_KEPT]
        self.state.announce("uncertain")

    # -- commands --------------------------------------------------------------------------------------------

    def offered_modes(self) -> tuple[Mode, ...]:
        """Return the learning modes that the learner has."""
        return self.engine.learner.offered_modes

    def press_class(self, class_id: int) -> None:
        """Begin a take, or label the marked stretch if there is one."""
        span = self.state.selection
        if span is not None:
            self.state.set_selection(None)
            self.engine.label_span(class_id, *span)
            return
        self.engine.press_class(class_id)

    def release_class(self) -> None:
        """End the take that is being held."""
        self.engine.release_class()

    def add_class(self, name: str) -> ClassInfo:
        """Add a class; `BadInputError` carries a sentence for the user."""
        info = self.engine.add_class(name)
        self._refresh_classes()
        return info

    def edit_class(
        self, class_id: int, *, name: str | None = None, key: str | None = None, colour: str | None = None
    ) -> None:
        """Rename, re-key or recolour a class; `BadInputError` says what is wrong."""
        self.engine.edit_class(class_id, name=name, key=key, colour=colour)

    def move_class(self, class_id: int, place: int) -> None:
        """Put a class at `place` (from 0) in the order of the classes."""
        self.engine.move_class(class_id, place)

    def remove_class(self, class_id: int) -> None:
        """End a class, and let its examples stand no more."""
        self.engine.remove_class(class_id)

    def merge_class(self, class_id: int, into: int) -> None:
        """End a class and give its examples another."""
        self.engine.merge_class(class_id, into)

    def relabel(self, example_ids: Sequence[int], class_id: int) -> None:
        """Give examples another class."""
        self.engine.relabel(example_ids, class_id)

    def take_back_last(self, class_id: int) -> None:
        """Let the newest take of a class stand no more."""
        self.engine.take_back_last(class_id)

    def delete_examples(self, example_ids: Sequence[int]) -> None:
        """Let examples stand no more."""
        self.engine.delete_examples(example_ids)

    def examples(self) -> list[Example]:
        """Return every example that stands, by id."""
        return self.engine.book.active_examples()

    def takes_by_id(self) -> dict[int, Take]:
        """Return every take that there ever was, as it was made."""
        return self.engine.book.every_take()

    def show_span(self, start: float, end: float) -> None:
        """Pause the stream and mark the stretch [start, end]; `BadInputError` where it is out of sight."""
        times, _ = self.engine.ring.latest(self.state.view_s)
        if not len(times) or start < times[0] or end > times[-1] + 1e-6:
            raise BadInputError("That stretch of the stream is no longer in view.")
        self.state.set_paused(True)
        self.state.set_selection((start, end))

    def acts(self) -> tuple[list[Act], int]:
        """Return what was done to labels and classes, oldest first, and how many of that are done, not undone."""
        return self.engine.book.history()

    def undo(self) -> None:
        """Take back the last labelling act."""
        self.engine.undo()

    def redo(self) -> None:
        """Do again what was undone last."""
        self.engine.redo()

    def save_copy(self, path: str) -> None:
        """Write all that the session has to another file; one that is there the user has agreed to replace."""
        self.engine.save_copy(Path(path), overwrite=True)

    def watch_quality(self, kind: str | None) -> None:
        """Report on data of this kind from now on, or on nothing."""
        self.engine.quality.ask(kind)

    def set_aside_takes(self, on: bool) -> None:
        """Set every fifth take of each class aside from learning, or none."""
        self.engine.set_aside(on)
        self.state.set_aside = on
        self.state.announce("quality")

    def export(self, kind: str, path: str) -> None:
        """Write examples, model or report to a file; one that is there the user has agreed to replace."""
        self.engine.export(kind, Path(path), overwrite=True)

    def set_mode(self, mode: Mode) -> None:
        """Choose what the learner may change."""
        self.engine.set_mode(mode)
        self.state.mode = mode
        self.state.announce("mode")

    def set_openness(self, tau: float, delta: float) -> None:
        """Set the dials of the learning bank."""
        self.engine.set_openness(tau, delta)
        self.state.tau, self.state.delta = tau, delta
        self.state.announce("settings")

    def set_rule(self, name: str) -> None:
        """Choose the update rule."""
        self.engine.set_rule(name)
        self.state.rule = name
        self.state.announce("settings")

    def set_compare(self, kind: str | None) -> None:
        """Run a conventional twin beside ours, or none."""
        self.engine.set_compare(kind)
        self._twin_readings = 0
        self.state.compare = kind
        self.state.announce("compare")

    def pin(self, version: int) -> None:
        """Serve this version until `unpin`."""
        self.engine.pin(version)

    def unpin(self) -> None:
        """Serve the newest version again."""
        self.engine.unpin()

    def roll_back(self, version: int | None = None) -> None:
        """Go back to `version`, or to the one before the newest."""
        self.engine.roll_back(version)

    def protect_now(self) -> None:
        """Protect what the model knows now."""
        self.engine.protect_now()

    def start_consolidation(self) -> None:
        """Train a new base in the background; `BadInputError` where that goes on already."""
        self.engine.start_consolidation()

    def cancel_consolidation(self) -> None:
        """Stop the training."""
        self.engine.cancel_consolidation()

    def plan_rebuild(self, example_ids: tuple[int, ...]) -> None:
        """Make the model that never saw these sealed examples."""
        self.engine.plan_rebuild(example_ids)

    def accept_proposal(self) -> None:
        """Switch to the model that waits for the user's word."""
        if self.engine.rebuild is not None:
            self.engine.accept_rebuild()
        else:
            self.engine.accept_consolidation()

    def discard_proposal(self) -> None:
        """Keep the present model."""
        if self.engine.rebuild is not None:
            self.engine.discard_rebuild()
        else:
            self.engine.discard_consolidation()

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Turn a knob of the source."""
        self.engine.source.set_knob(name, value)
        self.state.spec = self.engine.source.spec
        self.state.knobs = tuple(
            replace(knob, value=value) if knob.name == name else knob for knob in self.engine.source.knobs()
        )
        self.state.announce("source")

    def label_span(self, class_id: int, start: float, end: float) -> None:
        """Label the past stretch [start, end] of stream time."""
        self.engine.label_span(class_id, start, end)

    def tell(self, notes: list[str]) -> None:
        """Put notes about the start into the log."""
        for note in notes:
            self.engine.events.say(Event("start", note))

    # -- what panels ask about one answer ----------------------------------------------------------------------

    def cells(self, reading: Reading) -> list[CellView]:
        """Return the learning bank's labelled examples that carry this answer, strongest first, at most 60.

        The strength of example i is max_c |α_ic (q_i·z)| relative to the strongest (design 3, exact attribution).
        """
        if self._cells[0] == reading.hop:
            return self._cells[1]
        evidence = self.engine.learner.evidence()
        cells: list[CellView] = []
        if evidence is not None and len(evidence.example_ids):
            strength = evidence.strength(reading.features)
            answered = -1 if reading.top is None else reading.top
            toward = evidence.toward(reading.features, answered)
            order = np.argsort(-strength, kind="stable")[:CELLS]
            top = float(strength[order[0]]) or 1.0
            cells = [
                CellView(
                    class_id=int(evidence.class_ids[i]),
                    strength=float(strength[i]) / top,
                    example_id=int(evidence.example_ids[i]),
                    toward=float(toward[i]) / top,
                )
                for i in order
            ]
        self._cells = (reading.hop, cells)
        return cells

    def unit(self, index: int) -> UnitView | None:
        """Return the weights of one base unit of the serving snapshot, or None without a base."""
        base = self.engine.learner.store.serving.base
        if base is None or not 0 <= index < base.b1.shape[0]:
            return None
        names = self.engine.features.names
        outgoing = tuple(self.state.name_of(class_id) for class_id in base.classes)
        return UnitView(index, names, base.W1[index], outgoing, base.V[index])
