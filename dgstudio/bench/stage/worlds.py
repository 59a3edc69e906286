"""The sessions that are looked at: each is worked in with the hands until every panel has something to show."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QSettings, Qt

from dgstudio.bench.ui_script import Hands, Script, Until, after, digit
from dgstudio.bench.views.long_history import make_long_history
from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.streams.pointer import PointerSource
from dgstudio.streams.registry import open_source
from dgstudio.studio.app import make_window, next_window
from dgstudio.studio.crash_trace import CrashTrace
from dgstudio.studio.launch import StudioOptions, make_engine
from dgstudio.studio.session_switcher import Sessions
from dgstudio.studio.window.main_window import StudioWindow

LONG_NAME = "stir the pot, slowly"
"""A class that has a name as long as people give."""
VERSIONS = 3000
"""Of the long session."""
SEED = 3


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A session to look at: its name, its stream, which base it begins with, and what is done in it.

    `versions` are how many its history tells of from before.
    """

    name: str
    source: str
    work: Callable[[StudioWindow], Script]
    base: str = "auto"
    speed: float = 1.0
    versions: int = 0


class _NoTrace(CrashTrace):
    """A crash of a bench is told where its other errors are."""

    def follow(self, session: Path | None) -> None:
        """Leave no trace."""


@contextmanager
def opened(world: World, folder: Path) -> Iterator[StudioWindow]:
    """Open a world in a window and work in it until it is as it is to be seen; it is closed again at the end."""
    source = open_source(
        world.source, seed=SEED, speed=world.speed, labels_column="label" if world.speed != 1.0 else None
    )
    base, _ = base_for(source.spec, world.base)
    path = folder / f"{world.name}.dgs"
    if world.versions:
        make_long_history(path, world.versions)
    session = Session.open(path) if path.exists() else Session.create(path)
    engine = Engine(source, base, session)
    settings = QSettings(str(folder / f"{world.name}.ini"), QSettings.Format.IniFormat)
    window = make_window(engine, path.name, settings=settings, start=False)
    trace = _NoTrace()
    sessions = Sessions(window, StudioOptions(session=path), make_engine, next_window, trace)
    try:
        window.show()
        window.activateWindow()
        window.commands.start()
        Hands(window).play(_worked(window, world))
        yield window
    finally:
        sessions.window.finish()
        sessions.window.close()
        window.deleteLater()
        trace.done()


def _worked(window: StudioWindow, world: World) -> Script:
    engine = window.commands.engine
    yield Until(lambda: engine.ring.edge() is not None, "a sample")
    window.layout_.desk.setFocus()
    yield from world.work(window)
    window.notifier.toast.hide()


def streamed(window: StudioWindow, seconds: float) -> Until:
    """Wait for so many seconds of the stream: on a busy machine it lags, and a take of wall seconds may be empty."""
    engine = window.commands.engine
    end = engine.clock.now() + seconds * window.state.pace
    return Until(lambda: (edge := engine.ring.edge()) is not None and edge[0] >= end, f"{seconds:g} s of the stream")


# -- what is done in each --------------------------------------------------------------------------------------------


def _taught(window: StudioWindow) -> Script:
    """A new gesture is taught and recognised, one is taken back, what it knows is protected, another is begun."""
    hands = Hands(window)
    yield Until(lambda: window.commands.engine.lane.readings.newest is not None, "an answer")
    yield from _performed(window, hands, "circle", "circle", 2.2)
    window.commands.model.protect_now()
    yield from _learned(window)
    yield from _performed(window, hands, "tap", LONG_NAME, 1.6)
    yield from _performed(window, hands, "shake", "", 0.8, "4")
    hands.tap(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    yield from _learned(window)
    window.commands.set_knob("gesture", "wave")
    yield after(1.5)
    window.commands.set_knob("gesture", "circle")
    yield after(1.5)


def _untouched(window: StudioWindow) -> Script:
    """Nothing is there yet: no base, no class."""
    yield after(0.5)


def _drawn(window: StudioWindow) -> Script:
    """A class is drawn on the pad."""
    engine = window.commands.engine
    source = engine.source
    assert isinstance(source, PointerSource)
    town = engine.labels.add_class("town")
    yield Until(lambda: window.state.card(town.id) is not None, "the class")
    engine.labels.press_class(town.id)
    begun = time.perf_counter()

    def drawing() -> bool:
        since = time.perf_counter() - begun
        source.point(-0.55 + 0.16 * math.cos(5 * since), -0.6 + 0.16 * math.sin(6.5 * since))
        return since > 2.0

    yield Until(drawing, "the pointer to be moved about")
    engine.labels.release_class()
    yield from _learned(window)
    plane = window.commands.plane
    assert plane is not None
    yield Until(lambda: plane.map is not None and plane.map.snapshot.version > 0, "the map of what was learned")


def _recorded(window: StudioWindow) -> Script:
    """A recording plays fast, a class of it is labelled, and all is recorded once more."""
    engine = window.commands.engine
    yield Until(lambda: engine.lane.readings.newest is not None, "an answer")
    window.commands.recording.record(True)
    info = engine.labels.add_class("Badminton")
    yield Until(lambda: window.state.card(info.id) is not None, "the class")
    yield from _held(window, Hands(window), info.key, 1.2)
    yield from _learned(window)
    yield after(1.0)


def _long(window: StudioWindow) -> Script:
    """A history of thousands of versions, and more classes than there is room for."""
    engine = window.commands.engine
    for number in range(9):
        engine.labels.add_class(f"gesture {number + 1}" if number else LONG_NAME)
    yield Until(lambda: len(window.state.classes) > 9, "the classes")
    # A take that ends before the first window is full has no example.
    yield Until(lambda: engine.lane.readings.newest is not None, "an answer")
    yield from _held(window, Hands(window), window.state.classes[-1].info.key or "5", 1.0)
    yield from _learned(window)


def _performed(window: StudioWindow, hands: Hands, gesture: str, name: str, seconds: float, key: str = "") -> Script:
    """Let the simulated person perform something, name a class for it (or take the one of a key), label it."""
    window.commands.set_knob("gesture", gesture)
    if name:
        hands.tap(Qt.Key.Key_A)
        hands.type(name)
        hands.tap(Qt.Key.Key_Return)
        yield Until(lambda: any(card.info.name == name for card in window.state.classes), "the class")
        key = next(card.info.key for card in window.state.classes if card.info.name == name)
        window.layout_.desk.setFocus()
    yield streamed(window, 1.0)
    yield from _held(window, hands, key, seconds)
    yield from _learned(window)


def _held(window: StudioWindow, hands: Hands, key: str, seconds: float) -> Script:
    window.layout_.desk.setFocus()
    book = window.commands.engine.book
    before = len(book.as_arrays().ids)
    hands.press(digit(key))
    yield streamed(window, seconds)
    hands.release(digit(key))
    # The last windows of a take are answered after the key is up.
    yield Until(lambda: len(book.as_arrays().ids) > before, "the examples of the take")
    yield after(0.2)


def _learned(window: StudioWindow) -> Script:
    engine = window.commands.engine
    yield Until(lambda: engine.store.idle and engine.learn.idle, "all to be learned")
    yield after(0.3)


WORLDS = (
    World("evening gestures", "simulator", _taught),
    World("nothing yet", "simulator", _untouched, base="none"),
    World("pad", "pointer", _drawn),
    World("basic motions", "basic_motions", _recorded, speed=10.0),
    World("a long winter", "simulator", _long, versions=VERSIONS),
)
"""All that is looked at; the first has most to show."""
TAUGHT, NOTHING, PAD, RECORDED, LONG = WORLDS
