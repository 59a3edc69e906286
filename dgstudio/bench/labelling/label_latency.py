"""Labelling in the bench: real keys in the real window on a long session, and how soon each was done and painted."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSettings, Qt
from PySide6.QtWidgets import QWidget

from dgstudio.bench.ui_script import CTRL, SHIFT, Hands, Script, Until, after, digit
from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import EventKind, Fact
from dgstudio.engine.facts.labelling import ActWalked, LabelsChanged, TakeSaved
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.errors import DgstudioError
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source
from dgstudio.streams.simulation.simulator import SimulatorSource
from dgstudio.studio.app import make_window
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame
from dgstudio.studio.window.main_window import StudioWindow
from dgstudio.types import Example

SIZE = (1600, 1000)
SEED = 5
CLASSES = ("circle", "wave")
"""What is labelled: classes of the session that its base model does not know."""
HOLD_S = 0.5
PAUSE_S = 0.15
"""Between one thing that the user does and the next."""
WARM_UP_S = 2.0
OPENED = 5
"""How often the browser is opened."""
SCROLLED_S = 5.0
RELABELLED = 6
"""How often a selection in the browser is relabelled, and that undone."""


class WatchedEngine(Engine):
    """An engine that notes when the examples were made of which the cards show the window."""

    def __init__(self, *values: Any) -> None:
        super().__init__(*values)
        self.pictured: deque[tuple[Example, float]] = deque()
        """Examples with their window, and the moment of their making; dg-store appends, the window takes."""
        self.updates.absorbed.append(self._note)

    def _note(self, examples: Sequence[Example], made_wall: float) -> None:
        self.pictured.extend((example, made_wall) for example in examples if example.raw is not None)


class Repaints(QObject):
    """Lets the window repaint, then calls `painted` with the moment at which it had: everything is on the screen."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.painted: list[Callable[[float], None]] = []
        self._painting = False
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if event.type() != QEvent.Type.UpdateRequest or self._painting:
            return False
        self._painting = True
        # Sent, which lets go of the interpreter as Qt's own loop does: `watched.event` would hold it all the while.
        QCoreApplication.sendEvent(watched, event)
        self._painting = False
        now = time.perf_counter()
        for listener in tuple(self.painted):
            listener(now)
        return True


@dataclass(slots=True)
class Labelled:
    """What the run measured, in milliseconds, and the moments at which a new frame had been painted."""

    toast: list[float] = field(default_factory=list)
    thumbnail: list[float] = field(default_factory=list)
    undo: list[float] = field(default_factory=list)
    relabel: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    scrolled: list[float] = field(default_factory=list)
    """Moments at which the browser had been painted at another place."""
    frames: list[float] = field(default_factory=list)
    begin: float = 0.0
    end: float = 0.0
    not_durable: int = 0
    """What was shown as done and was not in the file by then."""


class LabelRun:
    """One window on one session file, driven by real key events. Qt thread only.

    Parameters
    ----------
    path
        A session of the simulator in which `CLASSES` are.
    seconds
        How long keys are held and undone, about; the browser comes on top.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        source = open_source("simulator", seed=SEED)
        base, why = base_for(source.spec)
        if base is None:
            raise DgstudioError(f"The bench needs the simulator's base model. {why}")
        self._engine = WatchedEngine(source, base, Session.open(path))
        settings = QSettings(str(path.with_suffix(".ini")), QSettings.Format.IniFormat)
        self._window: StudioWindow = make_window(self._engine, path.name, settings=settings, start=False)
        self._hands = Hands(self._window)
        self._seconds = seconds
        self._seen = Labelled()
        self._due = False
        self._shown: list[Fact] = []
        """What the window was told, newest last, until a repaint has shown it."""
        self._painted: list[tuple[Fact, float]] = []
        self._painted_at = 0.0
        self._pictured = {example.id for example in self._engine.book.active_examples() if example.raw is not None}
        self._unpainted: list[tuple[Example, float]] = []

    def run(self) -> dict[str, Any]:
        """Do everything; the window is closed whatever happens. Returns figures as nested dictionaries of numbers.

        Raises
        ------
        DgstudioError
            Where something that was asked for with a key does not come.
        """
        window, bridge = self._window, self._window.commands
        assert isinstance(bridge, Bridge), "make_window puts a bridge behind every window"
        repaints = Repaints(window)
        repaints.painted.append(self._on_painted)

        def show(frame: Frame) -> None:
            window.update_frame(frame)
            self._due = True
            self._shown += [event.fact for event in frame.events]

        bridge.on_frame = show
        try:
            window.resize(*SIZE)
            window.show()
            window.activateWindow()
            bridge.start()
            self._hands.play(self._script(), self._going_wrong)
        finally:
            window.close()
        # Now that nothing is on its way from the source: it would count as lost.
        return self._figures()

    def _going_wrong(self) -> str:
        failed = [part.name for part in (self._engine.infer, self._engine.learn, self._engine.store) if part.failed]
        return f"{failed[0]} stopped." if failed else ""

    # -- what is done ------------------------------------------------------------------------------------------

    def _script(self) -> Script:
        engine, seen = self._engine, self._seen
        yield Until(lambda: engine.lane.counts.reads > 0, "the first answer")
        # Samples, receipts and versions are recorded all the while: afterwards they are replayed.
        self._hands.tap(Qt.Key.Key_R, CTRL)
        yield Until(lambda: engine.recorder.taking, "the recording of the stream")
        yield after(WARM_UP_S)
        seen.begin = time.perf_counter()
        end = seen.begin + 0.75 * self._seconds
        number = 0
        while time.perf_counter() < end:
            yield from self._take(CLASSES[number % 2], HOLD_S if number % 4 else 0.0)
            number += 1
        end = time.perf_counter() + 0.25 * self._seconds
        while time.perf_counter() < end:
            yield from self._undone_and_done_again()
        yield from self._browse()
        seen.end = time.perf_counter()
        yield Until(lambda: engine.store.idle and engine.learn.idle, "everything to be learned")
        yield Until(lambda: engine.learn.receipts.caught_up, "the audit of the answers")

    def _take(self, name: str, held_s: float) -> Script:
        """Hold a class key, or tap it; from its release to the toast that says it is saved."""
        info = self._engine.classes.by_name(name)
        assert info is not None, "the session was made with these classes"
        self._engine.source.set_knob("gesture", name)
        yield after(PAUSE_S)
        self._hands.press(digit(info.key))
        yield after(held_s)
        since = time.perf_counter()
        self._hands.release(digit(info.key))
        shown = yield from self._until_shown(EventKind.TAKE_SAVED, f"the toast of a take of {name}")
        self._seen.toast.append((shown[1] - since) * 1e3)
        fact = shown[0]
        assert isinstance(fact, TakeSaved), "what is of that kind"
        self._expect(any(stored == fact.take for stored in self._engine.session.takes()))

    def _undone_and_done_again(self) -> Script:
        since = time.perf_counter()
        self._hands.tap(Qt.Key.Key_Z, CTRL)
        shown = yield from self._until_shown(EventKind.UNDO, "the toast of an undo")
        self._seen.undo.append((shown[1] - since) * 1e3)
        self._check_act(shown[0], done=False)
        yield after(PAUSE_S)
        if len(self._seen.undo) % 2:
            self._hands.tap(Qt.Key.Key_Z, CTRL | SHIFT)
            shown = yield from self._until_shown(EventKind.UNDO, "the toast of doing it again")
            self._check_act(shown[0], done=True)
            yield after(PAUSE_S)

    def _browse(self) -> Script:
        hands, seen, sheet = self._hands, self._seen, self._window.sheets.examples
        for _ in range(OPENED):
            since = time.perf_counter()
            hands.tap(Qt.Key.Key_E)
            yield self._repainted(since)
            if not sheet.isVisible() or sheet.model.rowCount() != self._engine.book.total:
                raise DgstudioError("E did not open the browser on all examples.")
            seen.opened.append((self._painted_at - since) * 1e3)
            yield after(PAUSE_S)
            hands.tap(Qt.Key.Key_Escape)
            yield after(PAUSE_S)
        hands.tap(Qt.Key.Key_E)
        yield after(2 * PAUSE_S)
        yield from self._scroll()
        for _ in range(RELABELLED):
            yield from self._relabel()
        hands.tap(Qt.Key.Key_Escape)

    def _scroll(self) -> Script:
        table = self._window.sheets.examples.table
        key, end = Qt.Key.Key_PageDown, time.perf_counter() + SCROLLED_S
        while time.perf_counter() < end:
            # The bar is fetched each time: PySide takes one that was held for long for deleted.
            was = table.verticalScrollBar().value()
            self._hands.tap(key)
            if table.verticalScrollBar().value() == was:
                key = Qt.Key.Key_PageUp if key == Qt.Key.Key_PageDown else Qt.Key.Key_PageDown
                continue
            yield self._repainted(time.perf_counter())
            self._seen.scrolled.append(self._painted_at)

    def _relabel(self) -> Script:
        """Select some four pages of rows and give them another class, then take that back."""
        self._hands.tap(Qt.Key.Key_Home, CTRL)
        for _ in range(4):
            self._hands.tap(Qt.Key.Key_PageDown, SHIFT)
        yield after(PAUSE_S)
        # The browser shows a moment later what was undone; the same class again would change nothing.
        (first,) = self._engine.book.standing([self._window.sheets.examples.model.example(0).id])
        info = next(info for info in self._engine.classes.living() if info.id != first.class_id and info.key)
        since = time.perf_counter()
        self._hands.tap(digit(info.key))
        shown = yield from self._until_shown(EventKind.LABELS_CHANGED, "the toast of a relabelling")
        self._seen.relabel.append((shown[1] - since) * 1e3)
        self._check_act(shown[0], done=True)
        yield after(PAUSE_S)
        yield from self._undone_and_done_again()

    # -- what is seen ------------------------------------------------------------------------------------------

    def _until_shown(self, kind: EventKind, what: str) -> Any:
        """Wait until an event of this kind has been shown; returns its fact and the moment. For `yield from`."""
        self._painted.clear()
        yield Until(lambda: any(fact.kind == kind for fact, _ in self._painted), what)
        return next((fact, moment) for fact, moment in self._painted if fact.kind == kind)

    def _repainted(self, since: float) -> Until:
        return Until(lambda: self._painted_at > since, "the browser to be painted")

    def _on_painted(self, moment: float) -> None:
        self._painted_at = moment
        if self._due:
            self._due = False
            self._seen.frames.append(moment)
        if self._shown:
            visible = self._window.notifier.toast.isVisible()
            self._painted += [(fact, moment) for fact in self._shown if visible]
            self._shown.clear()
        while self._engine.pictured:
            example, made = self._engine.pictured.popleft()
            if example.id not in self._pictured:
                # What is labelled again had its picture before.
                self._pictured.add(example.id)
                self._unpainted.append((example, made))
        if self._unpainted:
            self._note_thumbnails(moment)

    def _note_thumbnails(self, moment: float) -> None:
        cards = {card.card.info.id: card for card in self._window.layout_.classes_panel.cards()}
        for entry in tuple(self._unpainted):
            example, made = entry
            card = cards[example.class_id]
            if any(raw is example.raw for raw in card.card.thumbs) and not card.visibleRegion().isEmpty():
                self._seen.thumbnail.append((moment - made) * 1e3)
                self._unpainted.remove(entry)

    def _check_act(self, fact: object, *, done: bool) -> None:
        assert isinstance(fact, ActWalked | LabelsChanged), "what tells of an act"
        acts, standing = self._engine.session.acts()
        place = next((place for place, stored in enumerate(acts) if stored.id == fact.act.id), None)
        self._expect(place is not None and (place < standing) == done)

    def _expect(self, durable: bool) -> None:
        self._seen.not_durable += not durable

    def _figures(self) -> dict[str, Any]:
        engine, seen = self._engine, self._seen
        stats, source = engine.stats(), engine.source
        assert isinstance(source, SimulatorSource), "it was opened so"
        frames = np.asarray([moment for moment in seen.frames if seen.begin <= moment <= seen.end])
        turns = np.diff(seen.scrolled)
        return {
            "toast": _percentiles(seen.toast),
            "thumbnail": {**_percentiles(seen.thumbnail), "missed": len(self._unpainted)},
            "undo": _percentiles(seen.undo),
            "relabel": _percentiles(seen.relabel),
            "browser": {
                "open_ms_50k": max(seen.opened),
                "scroll_fps_50k": float(len(turns) / np.sum(turns)),
                "scroll_gap_p99_ms": float(np.percentile(turns, 99) * 1e3),
            },
            "shown": {"not_durable": seen.not_durable},
            "samples": {"sent": source.sent, "lost": source.sent - stats.samples + stats.lost_samples},
            "hops": {"skipped": stats.skipped_hops},
            "serve": {"p50_us": stats.serve_p50_us, "p99_us": stats.serve_p99_us},
            "answer": {"p50_ms": stats.answer_p50_ms, "p99_ms": stats.answer_p99_ms},
            "window": {
                "fps": float((len(frames) - 1) / (frames[-1] - frames[0])),
                "gap_p99_ms": float(np.percentile(np.diff(frames), 99) * 1e3),
                "gap_max_ms": float(np.diff(frames).max() * 1e3),
            },
            "reads": {"total": stats.reads, "torn": stats.torn, "unpublished": stats.unpublished},
            "contract": {"bits_changed": stats.protected_bits_changed},
            "examples": engine.book.total,
        }


def _percentiles(values: Iterable[float]) -> dict[str, float]:
    listed = list(values)
    p50, p99 = np.percentile(listed, (50, 99))
    return {"p50_ms": float(p50), "p99_ms": float(p99), "count": len(listed)}


def run_labels(path: Path, seconds: float) -> dict[str, Any]:
    """Measure labelling in a window on this session file; see `LabelRun`."""
    return LabelRun(path, seconds).run()
