"""`dgstudio bench --soak`: a user who never stops, and whether memory, threads, files and widgets grow meanwhile.

A window on the simulator is worked in with real keys: labels, taps, undo and redo, relabelling in the browser,
protecting, comparing, recording, presenting, looking back, copies, and every minute another session.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PySide6.QtCore import QEventLoop, QSettings, Qt, QTimer
from PySide6.QtWidgets import QApplication

from dgstudio.bench.report import machine
from dgstudio.bench.ui_script import CTRL, PATIENCE_S, SHIFT, Hands, Script, Until, after, digit
from dgstudio.engine.engine import Engine
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.records import dataclass
from dgstudio.studio import app
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.crash_trace import CrashTrace
from dgstudio.studio.launch import StudioOptions, make_engine
from dgstudio.studio.session_switcher import Sessions
from dgstudio.studio.window.main_window import StudioWindow

SIZE = (1280, 720)
SESSIONS = 3
"""Sessions that take turns; each grows by what is labelled and protected in it, and is read anew each time."""
TURNS = 4
"""So many turns a session lasts, then a new one takes its place: what it holds on purpose must not look like a leak."""
TURN_S = 60.0
LEAST_S = 90.0
LEAST_TURNS = 4
"""With fewer, the line goes through all that was seen."""
SETTLED = 1 / 6
"""The share of the time after which nothing more may grow: of an hour ten minutes."""
SEED = 20260316
DEEDS = (
    *("hold",) * 8,
    *("tap",) * 3,
    *("undo", "undo", "redo"),
    *("browse", "relabel", "protect", "compare", "record", "present", "pause", "zoom", "quality", "log", "copy"),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """How large the program was in which turn: `stored` are bytes of examples and history that the open session has in
    memory.
    """

    turn: int
    at: float
    rss: int
    stored: int
    threads: int
    files: int
    widgets: int


@dataclass(slots=True)
class Soak:
    """What was seen, and counted over all sessions that were open."""

    moments: list[Moment] = field(default_factory=list)
    deeds: dict[str, int] = field(default_factory=dict)
    switches: int = 0
    lost: int = 0
    skipped: int = 0
    torn: int = 0
    bits_changed: int = 0
    labelled: int = 0
    kept: int = 0
    """Engines of sessions that were left and that something still holds."""


class SoakRun:
    """One window after another. Qt thread only."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder, self._seconds = folder, seconds
        self._chance = random.Random(SEED)
        self._soak = Soak()
        self._paths: list[Path | None] = [folder / "soak.dgs", *[None] * (SESSIONS - 1)]
        """The sessions that take turns; None until it is made."""
        self._turns = list(range(SESSIONS))
        """How many turns each has had: not all are as old as each other."""
        options = StudioOptions(session=self._paths[0])
        engine, name, _ = make_engine(options)
        settings = QSettings(str(folder / "soak.ini"), QSettings.Format.IniFormat)
        window = app.make_window(engine, name, settings=settings, start=False)
        self._sessions = Sessions(window, options, make_engine, app.next_window, CrashTrace())
        self._left: list[weakref.ref[Engine]] = []
        self._begun = self._looked = 0.0
        self._copies = 0

    def run(self, say: Callable[[str], object]) -> Soak:
        """Work for the whole time; DgstudioError where something does not come about."""
        self._window.resize(*SIZE)
        self._window.show()
        self._window.activateWindow()
        self._window.commands.start()
        self._begun, number = time.monotonic(), 0
        while (passed := time.monotonic() - self._begun) < self._seconds:
            until = min(self._seconds, passed + TURN_S)
            Hands(self._window).play(self._work(until))
            self._count()
            self._turns[number % SESSIONS] += 1
            number += 1
            say(f"{passed / 60:.0f} min, {psutil.Process().memory_info().rss / 1e6:.0f} MB")
            self._switch(number % SESSIONS)
        self._count()
        self._soak.kept = self._kept()
        self._window.finish()
        self._window.close()
        return self._soak

    @property
    def _window(self) -> StudioWindow:
        return self._sessions.window

    @property
    def _engine(self) -> Engine:
        engine: Engine = self._window.commands.engine
        return engine

    def _count(self) -> None:
        """Add what this engine has lost, so far."""
        stats, soak = self._engine.stats(), self._soak
        soak.lost += stats.lost_samples
        soak.skipped += stats.skipped_hops
        soak.torn += stats.torn + stats.unpublished + stats.unattributed
        soak.bits_changed += stats.protected_bits_changed
        soak.labelled = max(soak.labelled, self._engine.book.total)

    def _switch(self, number: int) -> None:
        """Put another session into the place of this one, as from the list of recent ones, or a new one."""
        if self._turns[number] >= TURNS:
            self._turns[number], self._paths[number] = 0, None
        before, path = id(self._window), self._paths[number]
        self._left.append(weakref.ref(self._engine))
        # Nobody here may hold the window that goes: the program is to let go of it.
        gc.collect()
        if path is None:
            self._sessions.new()
        else:
            self._sessions.open(path)
        loop, timer = QEventLoop(), QTimer()
        deadline = time.monotonic() + PATIENCE_S
        timer.timeout.connect(
            lambda: loop.quit() if id(self._window) != before or time.monotonic() > deadline else None
        )
        timer.start(20)
        loop.exec()
        timer.stop()
        if id(self._window) == before:
            raise DgstudioError(f"The other session did not open within {PATIENCE_S:g} s.")
        self._paths[number] = self._sessions.present()
        self._soak.switches += 1

    def _kept(self) -> int:
        """How many engines are still there that were left; those of the last switch included."""
        gc.unfreeze()
        gc.collect()
        return sum(engine() is not None for engine in self._left)

    # -- what is done ------------------------------------------------------------------------------------------

    def _work(self, until: float) -> Script:
        engine, window = self._engine, self._window
        hands = Hands(window)
        yield Until(lambda: engine.lane.readings.newest is not None, "an answer")
        while time.monotonic() - self._begun < until:
            deed = self._chance.choice(DEEDS)
            self._soak.deeds[deed] = self._soak.deeds.get(deed, 0) + 1
            act: Callable[[StudioWindow, Hands], Script] = getattr(self, f"_{deed}")
            yield from act(window, hands)
            hands.tap(Qt.Key.Key_Escape)
            yield after(self._chance.uniform(0.05, 0.4))
            self._look()
        window.state.presentation = False
        if engine.recorder.wanted:
            yield from self._record(window, hands)
        yield Until(lambda: engine.store.idle and engine.learn.idle, "all to be saved")

    def _class_key(self) -> Qt.Key:
        keys = [info.key for info in self._engine.classes.living() if info.key]
        return digit(self._chance.choice(keys))

    def _hold(self, window: StudioWindow, hands: Hands) -> Script:
        key = self._class_key()
        hands.press(key)
        yield after(self._chance.uniform(0.3, 1.2))
        hands.release(key)

    def _tap(self, window: StudioWindow, hands: Hands) -> Script:
        hands.tap(self._class_key())
        yield after(0.05)

    def _undo(self, window: StudioWindow, hands: Hands) -> Script:
        hands.tap(Qt.Key.Key_Z, CTRL)
        yield after(0.1)

    def _redo(self, window: StudioWindow, hands: Hands) -> Script:
        hands.tap(Qt.Key.Key_Z, CTRL | SHIFT)
        yield after(0.1)

    def _browse(self, window: StudioWindow, hands: Hands) -> Script:
        sheet = window.sheets.examples
        hands.tap(Qt.Key.Key_E)
        yield Until(sheet.isVisible, "the browser")
        for _ in range(self._chance.randrange(12)):
            hands.tap(Qt.Key.Key_Down, SHIFT if self._chance.random() < 0.5 else Qt.KeyboardModifier.NoModifier)
            yield after(0.03)

    def _relabel(self, window: StudioWindow, hands: Hands) -> Script:
        yield from self._browse(window, hands)
        hands.tap(self._class_key())
        yield after(0.1)

    def _protect(self, window: StudioWindow, hands: Hands) -> Script:
        window.actions_.trigger(ActionId.PROTECT)
        yield after(0.1)

    def _compare(self, window: StudioWindow, hands: Hands) -> Script:
        for _ in range(2):
            hands.tap(Qt.Key.Key_C)
            yield after(self._chance.uniform(0.5, 3.0))

    def _record(self, window: StudioWindow, hands: Hands) -> Script:
        window.actions_.trigger(ActionId.RECORD_STREAM)
        yield after(0.2)

    def _present(self, window: StudioWindow, hands: Hands) -> Script:
        for _ in range(2):
            window.actions_.trigger(ActionId.PRESENT)
            yield after(self._chance.uniform(0.3, 1.5))

    def _pause(self, window: StudioWindow, hands: Hands) -> Script:
        hands.tap(Qt.Key.Key_Space)
        yield after(self._chance.uniform(0.2, 1.0))
        hands.tap(Qt.Key.Key_Space)

    def _zoom(self, window: StudioWindow, hands: Hands) -> Script:
        for action in (ActionId.ZOOM_OUT, ActionId.ZOOM_OUT, ActionId.ZOOM_IN, ActionId.ZOOM_IN):
            window.actions_.trigger(action)
            yield after(0.1)

    def _quality(self, window: StudioWindow, hands: Hands) -> Script:
        hands.tap(Qt.Key.Key_Q)
        yield after(self._chance.uniform(0.5, 2.0))

    def _log(self, window: StudioWindow, hands: Hands) -> Script:
        window.actions_.trigger(ActionId.LOG)
        yield after(0.3)
        window.actions_.trigger(ActionId.LOG)

    def _copy(self, window: StudioWindow, hands: Hands) -> Script:
        path = self._folder / "copy.dgs"
        window.commands.recording.save_copy(path, overwrite=True)
        yield after(0.5)

    # -- how large it is ---------------------------------------------------------------------------------------

    def _look(self) -> None:
        if time.monotonic() - self._looked < 2.0:
            return
        self._looked = time.monotonic()
        process, engine = psutil.Process(), self._engine
        examples = engine.book.active_examples()
        stored = sum(e.features.nbytes + (0 if e.raw is None else e.raw.nbytes) for e in examples)
        self._soak.moments.append(
            Moment(
                self._soak.switches,
                self._looked - self._begun,
                process.memory_info().rss,
                stored,
                threading.active_count(),
                process.num_fds() if sys.platform != "win32" else process.num_handles(),
                len(QApplication.allWidgets()),
            )
        )


def run_soak(folder: Path, seconds: float, say: Callable[[str], object]) -> dict[str, Any]:
    """Work in a window for so many seconds; figures as nested dictionaries. Qt's thread.

    Raises
    ------
    BadInputError
        For too short a run.
    """
    if not seconds >= LEAST_S:
        raise BadInputError(f"--seconds must be at least {LEAST_S:g} with --soak: what is shorter shows no growth.")
    os.environ.setdefault("DGSTUDIO_HOME", str(folder))
    soak = SoakRun(folder, seconds).run(say)
    gc.collect()
    return {"soak": soak_figures(soak, seconds), "seconds": seconds, "machine": machine()}


def soak_figures(soak: Soak, seconds: float) -> dict[str, float]:
    """Growth an hour after the first sixth of the time, by a line through what was seen; and what must be nothing.

    Of memory the line goes through the least of each turn: by how much a session grows while it is worked in differs by
    more from turn to turn than an hour may leave behind.
    """
    late = [moment for moment in soak.moments if moment.at > SETTLED * seconds]
    if len(late) < 8:
        raise DgstudioError("The window was looked at too rarely: is this machine very busy?")
    half = len(late) // 2
    first, second = late[:half], late[half:]
    turns: dict[int, Moment] = {}
    for moment in late:
        least = turns.setdefault(moment.turn, moment)
        if moment.rss - moment.stored < least.rss - least.stored:
            turns[moment.turn] = moment
    least_of_turns = list(turns.values()) if len(turns) >= LEAST_TURNS else late
    times = np.asarray([moment.at for moment in least_of_turns]) / 3600
    free = np.asarray([moment.rss - moment.stored for moment in least_of_turns]) / 1e6

    def more(name: str) -> float:
        """By how much the least of the second half is above that of the first: what windows that went have left."""
        return float(min(getattr(m, name) for m in second) - min(getattr(m, name) for m in first))

    return {
        "memory_mb_per_hour": float(np.polyfit(times, free, 1)[0]),
        "memory_start_mb": late[0].rss / 1e6,
        "memory_end_mb": late[-1].rss / 1e6,
        "threads_more": more("threads"),
        "files_more": more("files"),
        "widgets_more": more("widgets"),
        "switches": soak.switches,
        "deeds": sum(soak.deeds.values()),
        "labelled": soak.labelled,
        "lost": soak.lost,
        "skipped": soak.skipped,
        "torn": soak.torn,
        "bits_changed": soak.bits_changed,
        "kept": soak.kept,
    }
