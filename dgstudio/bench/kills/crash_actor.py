"""A window that is worked in with real keys until its process is killed, and that says what it showed as saved."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMessageLogContext, QSettings, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from dgstudio.bench.kills.imported_files import ImportedFiles
from dgstudio.bench.ui_script import CTRL, SHIFT, Hands, Script, Until, after, digit
from dgstudio.engine.adapt import consolidation
from dgstudio.engine.adapt.consolidation import ConsolidationState
from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import Event, EventKind
from dgstudio.engine.facts.labelling import ActWalked, LabelsChanged, TakeSaved
from dgstudio.engine.facts.saving import CopySaved
from dgstudio.engine.imports.worker import ImportStage
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.errors import DgstudioError
from dgstudio.extras.known import EXTRAS, missing
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.app import make_window
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame
from dgstudio.studio.theme.application import application
from dgstudio.types import Act, RecordKind

SIZE = (1024, 600)
SPEED = 4.0
"""Stream seconds a second: more examples before the end, and the first of them sooner."""
NEW_CLASSES = ("circle", "wave")
DEEDS = (
    *("hold", "hold"),
    *("tap", "relabel", "relabel", "delete", "undo", "undo", "redo", "copy", "protect", "record"),
    *("import table", "import session"),
)
TRAIN_DEED = "train"
"""Where torch is there: it is done now and then."""
TRAIN_STEPS = 25
"""As few as say once how far it is: most of the time goes by before the first and after the last."""
LASTS_S = {"read": 3.0, "import": 1.0, "train": 30.0, "switch": 1.0}
"""What goes on for longer than a key: a file is read to be imported, it is imported, a new base is trained, it takes
the place of the one before. A kill comes within so many seconds of its beginning."""
LONG_S = 600.0
Entry = tuple[str, int]
"""An act as the parent knows it: "take" and the take's id, or "act" and its own."""


def start_doomed(path: Path, seed: int, first: str = "") -> tuple[BaseProcess, Connection]:
    """Start a process that works in a window on the session `path`; what it says comes out of the connection.

    `first` is what it begins with: to "import", or to train a new base and "switch" to it; "" is anything.

    Messages are tuples: ("found", entries, done), the history in the file; ("begun", entries, done) once the window
    is up and has its classes; ("wish", "do", "undo" or "redo") before the key; ("take", id, examples), ("act", id),
    ("undo", entry), ("redo", entry), ("copy", path) or ("base", version, digest) when the window is given this to
    show as saved; ("history", entries, done) where the history sheet would; ("under way", what, seconds) when
    something begins that goes on for about so long, ("over", what) when it has ended.
    """
    if sys.platform == "linux":
        # A server that has imported everything forks: a window is up in a third of the time.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
    else:
        # Elsewhere the system's own libraries do not stand that.
        context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(str(path), seed, first, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def work(path: str, seed: int, first: str, connection: Connection) -> None:
    """Work in a window until the process is killed, or for `LONG_S`."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # What is being trained when it is killed may stay: it goes with the rest.
    tempfile.tempdir = str(Path(path).parent)
    qInstallMessageHandler(_say_warning)
    with contextlib.suppress(BrokenPipeError):
        Doomed(Path(path), seed, first, connection).run()


def _say_warning(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    # What the platform without a screen cannot do it says at every window.
    if not text.startswith("This plugin does not support"):
        print(text, file=sys.stderr)


class Doomed:
    """One window, its keys drawn from `seed`. Qt thread of its own process only."""

    def __init__(self, path: Path, seed: int, first: str, connection: Connection) -> None:
        self._first = first
        self._path, self._chance, self._connection = path, random.Random(seed), connection
        self._copies = 0
        application()
        source = open_source("simulator", seed=seed % 1000, speed=SPEED)
        session = Session.open(path) if path.exists() else Session.create(path)
        base = base_for(source.spec)[0]
        if base is None:
            raise DgstudioError("There is no base model for the simulator: its file is missing.")
        self._engine = Engine(source, base, session)
        files = ImportedFiles(path, source.spec, self._engine.features.names, base.protected)
        self._table, self._other = files.table(), files.other_session()
        settings = QSettings(str(path.with_suffix(".ini")), QSettings.Format.IniFormat)
        self._window = make_window(self._engine, path.name, settings=settings, start=False)
        self._hands = Hands(self._window)
        self._events: list[Event] = []
        consolidation.STEPS = TRAIN_STEPS
        self._deeds = DEEDS if missing(EXTRAS["train"]) else (*DEEDS, TRAIN_DEED)

    def run(self) -> None:
        """Show the window and work in it."""
        bridge = self._window.commands
        assert isinstance(bridge, Bridge), "make_window puts a bridge behind every window"
        bridge.on_frame = self._show
        self._window.resize(*SIZE)
        self._window.show()
        self._window.activateWindow()
        self._say_history("found")
        for name in NEW_CLASSES:
            if self._engine.classes.by_name(name) is None:
                self._say("wish", "do")
                bridge.labels.add_class(name)
        bridge.start()
        try:
            self._hands.play(self._script())
        finally:
            self._window.close()

    def _show(self, frame: Frame) -> None:
        self._window.update_frame(frame)
        self._events += frame.events
        for event in frame.events:
            # Before it is painted: what is counted as shown is more than what was seen.
            match event.fact:
                case TakeSaved(take, durable=True):
                    self._say("take", take.id, take.examples)
                case LabelsChanged(act, durable=True):
                    self._say("act", act.id)
                case CopySaved(copy):
                    self._say("copy", str(copy))

    def _say(self, *message: Any) -> None:
        self._connection.send(message)

    def _begin(self, what: str) -> None:
        self._say("under way", what, LASTS_S[what])

    def _say_history(self, kind: str) -> None:
        acts, done = self._engine.book.history()
        self._say(kind, [entry_of(act) for act in acts], done)

    # -- what is done ------------------------------------------------------------------------------------------

    def _script(self) -> Script:
        engine = self._engine
        yield Until(lambda: engine.store.idle, "the classes to be kept")
        self._say_history("begun")
        end = after(LONG_S)
        deeds: dict[str, Any] = {
            "hold": self._hold,
            "tap": self._tap,
            "relabel": lambda: self._browse(None),
            "delete": lambda: self._browse(Qt.Key.Key_Delete),
            "undo": lambda: self._walk("undo", CTRL),
            "redo": lambda: self._walk("redo", CTRL | SHIFT),
            "copy": self._copy,
            "protect": self._protect,
            "record": self._record,
            "import table": lambda: self._import(self._table),
            "import session": lambda: self._import(self._other),
            TRAIN_DEED: self._train,
        }
        begin = {"import": "import table", "switch": TRAIN_DEED}.get(self._first, "")
        if begin in self._deeds:
            yield from deeds[begin]()
        while not end.true():
            yield from deeds[self._chance.choice(self._deeds)]()
            training = engine.candidates.consolidation
            if training is not None and training.state != ConsolidationState.RUNNING:
                yield from self._trained(training.state)

    def _class_key(self) -> Qt.Key:
        return digit(self._chance.choice([info.key for info in self._engine.classes.living() if info.key]))

    def _hold(self) -> Script:
        key = self._class_key()
        self._hands.press(key)
        yield after(self._chance.uniform(0.3, 0.6))
        self._say("wish", "do")
        self._events.clear()
        self._hands.release(key)
        yield from self._told(EventKind.TAKE_SAVED, EventKind.TAKE_EMPTY)

    def _tap(self) -> Script:
        self._say("wish", "do")
        self._events.clear()
        self._hands.tap(self._class_key())
        yield from self._told(EventKind.TAKE_SAVED, EventKind.TAKE_EMPTY)

    def _browse(self, key: Qt.Key | None) -> Script:
        """Select some examples in the browser and relabel or delete them."""
        sheet = self._window.sheets.examples
        self._hands.tap(Qt.Key.Key_E)
        yield Until(sheet.isVisible, "the browser")
        self._hands.tap(Qt.Key.Key_Home, CTRL)
        for _ in range(self._chance.randrange(20)):
            self._hands.tap(Qt.Key.Key_Down)
        for _ in range(self._chance.randrange(12)):
            self._hands.tap(Qt.Key.Key_Down, SHIFT)
        self._say("wish", "do")
        self._events.clear()
        self._hands.tap(self._class_key() if key is None else key)
        # Where all have that label already nothing is done, and nothing said.
        yield Until(lambda: self._engine.store.idle, "the browser's wish")
        yield after(0.05)
        self._hands.tap(Qt.Key.Key_Escape)

    def _walk(self, word: str, modifiers: Qt.KeyboardModifier) -> Script:
        self._say("wish", word)
        self._events.clear()
        self._hands.tap(Qt.Key.Key_Z, modifiers)
        yield from self._told(EventKind.UNDO)
        fact = next(event.fact for event in self._events if event.kind == EventKind.UNDO)
        if isinstance(fact, ActWalked):
            self._say(word, entry_of(fact.act))
            if fact.act.version is not None:
                # Protecting again is an act of its own, some time later.
                yield from self._settled()

    def _copy(self) -> Script:
        self._copies += 1
        name = str(self._path.with_name(f"{self._path.stem}-{os.getpid()}-{self._copies}.copy.dgs"))
        self._events.clear()
        yield from self._named_file(Qt.Key.Key_S, name)
        yield from self._told(EventKind.COPY_SAVED, EventKind.COPY_NOT_SAVED)

    def _named_file(self, key: Qt.Key, name: str) -> Script:
        """Have a file asked for by Ctrl and a key, and name it."""
        window = self._window
        self._hands.tap(key, CTRL)
        yield Until(lambda: self._hands.target.window() is not window, "the dialog")
        self._hands.type(name)
        self._hands.tap(Qt.Key.Key_Return)
        # Without a screen nobody brings the window to the front again.
        window.activateWindow()
        yield Until(window.isActiveWindow, "the window to come to the front")

    def _import(self, path: Path) -> Script:
        """Import a file through the sheet; what is imported twice is there twice."""
        state, sheet = self._window.state, self._window.sheets.importing
        self._begin("read")
        yield from self._named_file(Qt.Key.Key_I, str(path))
        over = (ImportStage.CHOOSING, ImportStage.FAILED)
        yield Until(lambda: state.importing is not None and state.importing.stage in over, "the file to be read")
        if not sheet.go.isEnabled():
            raise DgstudioError(f"{path.name} cannot be imported: {sheet.summary.text()}")
        self._say("over", "read")
        self._say("wish", "do")
        self._begin("import")
        self._events.clear()
        sheet.go.click()
        yield from self._told(EventKind.LABELS_CHANGED, EventKind.IMPORT_FAILED)
        self._say("over", "import")
        # It goes with the next frame.
        yield Until(lambda: not sheet.isVisible(), "the sheet to close")

    def _train(self) -> Script:
        """Begin to train a new base, unless one is being trained; meanwhile other things are done."""
        training = self._engine.candidates.consolidation
        if training is None:
            self._begin("train")
            self._window.actions_.trigger(ActionId.CONSOLIDATE)
        yield after(0.05)

    def _trained(self, state: ConsolidationState) -> Script:
        """Switch to the base that has been trained, as the button of its sheet does."""
        self._say("over", "train")
        if state != ConsolidationState.READY:
            self._window.commands.candidates.discard_consolidation()
            return
        yield Until(lambda: self._window.state.proposal is not None, "the comparison")
        sheet = self._window.sheets.proposal
        sheet.open()
        self._begin("switch")
        sheet.accept.click()
        yield from self._settled()
        # Not the newest version: that may be of labels learned since, and thin out.
        switches = (r for r in reversed(self._engine.learn.history) if r.kind == RecordKind.CONSOLIDATED)
        if (switch := next(switches, None)) is not None:
            self._say("base", switch.version, switch.digest)
        self._say("over", "switch")

    def _protect(self) -> Script:
        self._say("wish", "do")
        self._events.clear()
        self._hands.tap(Qt.Key.Key_K, CTRL)
        yield Until(lambda: QApplication.focusWidget() is self._window.sheets.palette.field, "the palette")
        self._hands.type("protect")
        self._hands.tap(Qt.Key.Key_Return)
        yield from self._settled()

    def _record(self) -> Script:
        """Record the stream from now on, or no more: most of the next deeds are done while it is being recorded."""
        self._window.actions_.trigger(ActionId.RECORD_STREAM)
        yield after(self._chance.uniform(0.0, 0.2))

    def _told(self, *kinds: EventKind) -> Script:
        yield Until(lambda: any(event.kind in kinds for event in self._events), f"“{kinds[0]}”")

    def _settled(self) -> Iterator[Until]:
        """Wait until all is done and kept, then say how things stand."""
        learn, store = self._engine.learn, self._engine.store
        for _ in range(3):
            # What the learner has done the store hears of, and the other way round.
            yield Until(lambda: learn.idle and store.idle, "the learner and the store")
        self._say_history("history")


def entry_of(act: Act) -> Entry:
    """What the parent knows an act by."""
    return ("act", act.id) if act.take_id is None else ("take", act.take_id)
