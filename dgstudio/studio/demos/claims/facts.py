"""The figures that captions and conditions of a demo may name, read from what the window itself is handed."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable
from typing import Final

from dgstudio.engine.facts.compared import TwinFigures
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, TwinFrame
from dgstudio.studio.demos.claims.conditions import Value
from dgstudio.studio.demos.claims.figures import figure_named, written
from dgstudio.studio.demos.claims.moved import moved
from dgstudio.studio.demos.claims.plane import PlaneFigures
from dgstudio.studio.demos.claims.settled import LateAccuracy, SettledTruth
from dgstudio.studio.demos.claims.traced import Tracing
from dgstudio.types import Reading, RecordKind, TwinKind, TwinReading

HOPS_KEPT: Final = 500
"""Hops of which it is kept that it is fair to judge them: a twin's answer may come some frames after ours."""


class _Model:
    """One model's newest answer, and how right its late ones are."""

    def __init__(self) -> None:
        self.accuracy = LateAccuracy()
        self.answer: int | None = None
        self.answered = False
        self.figures: TwinFigures | None = None

    def take(
        self, readings: Iterable[Reading | TwinReading], name_of: Callable[[int], str], whole: Container[int]
    ) -> None:
        """Take up new answers, oldest first; `whole` are hops that it is fair to judge."""
        for reading in readings:
            self.answer, self.answered = reading.top, True
            if reading.hop in whole:
                right = reading.top is not None and name_of(reading.top) == reading.truth
                self.accuracy.add(reading.end, right)


class Facts:
    """Follows the frames of one window from the beginning of a demo on. Qt thread only."""

    def __init__(self, commands: Bridge) -> None:
        self._commands, self._state = commands, commands.state
        self._began = time.perf_counter()
        self._versions = self._parts = self._rejected = 0
        self._label_to_publish: float | None = None
        self._settled = SettledTruth()
        self._whole: dict[int, None] = {}
        """Hops of late, whose whole window was of one truth."""
        self._ours = _Model()
        self._twins: dict[TwinKind, _Model] = {}
        self._tracing, self._plane = Tracing(commands), PlaneFigures()
        self._step = commands.engine.learner.store.serving
        """What answered when the present step began."""
        self._step_versions = self._step_parts = 0
        self._frame: Frame | None = None

    def begin_step(self) -> None:
        """Hold what moves against what is now, and count right answers from now on."""
        for model in (self._ours, *self._twins.values()):
            model.accuracy.begin()
        self._step = self._commands.engine.learner.store.serving
        self._step_versions, self._step_parts = self._versions, self._parts

    def update_frame(self, frame: Frame) -> None:
        """Take up a frame."""
        self._frame = frame
        for reading in frame.new_readings:
            if self._settled.whole(reading):
                self._whole[reading.hop] = None
        while len(self._whole) > HOPS_KEPT:
            del self._whole[next(iter(self._whole))]
        self._ours.take(frame.new_readings, self._state.name_of, self._whole)
        running = {twin.kind: self._twins.get(twin.kind) or _Model() for twin in frame.twins}
        self._twins = running
        for twin in frame.twins:
            self._take_twin(twin)
        self._tracing.follow()
        if self._commands.plane is not None:
            self._plane.follow(self._commands.plane.map)
        for record in frame.publishes:
            self._versions += record.version is not None
            self._parts += record.parts_left > 0
            self._rejected += record.kind == RecordKind.REJECTED
            if record.label_to_publish_ms is not None:
                self._label_to_publish = record.label_to_publish_ms

    def _take_twin(self, twin: TwinFrame) -> None:
        model = self._twins[twin.kind]
        model.figures = twin.figures
        model.take(twin.new, self._state.name_of, self._whole)

    # -- what is asked -------------------------------------------------------------------------------------------

    def value(self, name: str) -> Value:
        """Return a figure as it is now; None while it is not known."""
        owner, _, rest = name.partition(".")
        match owner:
            case _ if not rest:
                return self._plain(name)
            case "ours":
                return self._of_ours(rest)
            case "because":
                return self._because(rest)
            case "moved":
                return self._moved(rest)
            case "plane":
                return self._of_plane(rest)
            case "twin":
                model = next(iter(self._twins.values()), None)
            case _:
                model = next((model for kind, model in self._twins.items() if kind == owner), None)
        return None if model is None else self._of_twin(model, rest)

    def words(self, name: str) -> str:
        """Return a figure as a caption has it now."""
        return written(self.value(name), figure_named(name).unit)

    def _plain(self, name: str) -> Value:
        state, frame = self._state, self._frame
        stats = frame.stats if frame is not None else None
        match name:
            case "truth":
                return None if frame is None or frame.reading is None else frame.reading.truth
            case "protected":
                return state.protected
            case "version":
                return state.serving
            case "versions":
                return self._versions
            case "rejected":
                return self._rejected
            case "examples":
                return sum(card.count for card in state.classes)
            case "mode":
                return state.mode.value
            case "certified":
                return None if stats is None else stats.coverage
            case "label_to_publish":
                return self._label_to_publish
            case "same_as":
                return self._tracing.same_as(state.serving)
            case _:
                return time.perf_counter() - self._began

    def _of_ours(self, name: str) -> Value:
        frame = self._frame
        if frame is None:
            return None
        stats = frame.stats
        match name:
            case "answer":
                return self._word(self._ours)
            case "accuracy":
                return self._ours.accuracy.lately
            case "right":
                return self._ours.accuracy.since
            case "kept":
                return frame.ours.kept
            case "lost":
                return frame.ours.gone
            case "no_version":
                return stats.torn + stats.unpublished
            case "bits":
                return stats.protected_bits_changed
            case "certified":
                return None if frame.reading is None else frame.reading.certified is not None
            case "wrong_receipts":
                return stats.receipts_wrong
            case _:
                counts = {"torn": stats.torn, "unpublished": stats.unpublished, "unattributed": stats.unattributed}
                return {**counts, "learned": stats.learned, "reads": stats.reads}[name]

    def _of_twin(self, model: _Model, name: str) -> Value:
        figures = model.figures
        if figures is None:
            return None
        match name:
            case "answer":
                return self._word(model)
            case "accuracy":
                return model.accuracy.lately
            case "right":
                return model.accuracy.since
            case "kept":
                return figures.answers.kept
            case "lost":
                return figures.answers.gone
            case "no_version":
                return figures.torn + figures.unpublished
            case _:
                counts = {"torn": figures.torn, "unpublished": figures.unpublished}
                more = {"unattributed": figures.unattributed, "learned": figures.learned, "reads": figures.reads}
                return {**counts, **more}[name]

    def _because(self, name: str) -> Value:
        frame = self._frame
        if frame is None:
            return None
        carrier = self._tracing.carrier(frame.reading if frame.look is None else frame.look.reading)
        if carrier is None:
            return None
        class_name = self._state.name_of(carrier.class_id)
        # People count takes from 1.
        values: dict[str, Value] = {"take": carrier.take + 1, "class": class_name, "examples": carrier.examples}
        return {**values, "version": carrier.version, "share": carrier.share}[name]

    def _moved(self, name: str) -> Value:
        if name == "versions":
            return self._versions - self._step_versions
        if name == "parts":
            return self._parts - self._step_parts
        found = moved(self._step, self._commands.engine.learner.store.serving)
        return found.routing if name == "routing" else found.weights

    def _of_plane(self, name: str) -> Value:
        if name == "patches":
            return self._plane.patches
        if name == "certified":
            return self._plane.certified
        class_id = next((card.info.id for card in self._state.classes if card.info.name == name), None)
        return None if class_id is None else self._plane.share(class_id)

    def _word(self, model: _Model) -> Value:
        return self._state.name_of(model.answer) if model.answered else None
