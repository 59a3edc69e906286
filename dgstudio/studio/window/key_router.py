"""What a key means for the whole window when no control has a use for it: classes, chords, the stream, bare actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from dgstudio.engine.runtime.class_table import KEYS
from dgstudio.errors import DgstudioError
from dgstudio.records import dataclass
from dgstudio.studio.actions.registry import ActionRegistry
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.classes.hold_to_label import CAPS, Labelling
from dgstudio.studio.stream.panel import StreamPanel
from dgstudio.studio.window.notifier import Notifier
from dgstudio.types import Level

PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta)


@dataclass(frozen=True, slots=True)
class KeyNotice:
    """What a toast is about that explains a key: which one, whether it was the second of a chord, among how many."""

    key: int
    chord: bool
    classes: int


class KeyRouter(QObject):
    """Asked by the window's key events; those of panels that float mean the same. Qt thread only."""

    left = Signal()
    """A panel that floats is not in use any more."""

    def __init__(
        self,
        window: QWidget,
        state: StudioState,
        commands: Bridge,
        labelling: Labelling,
        stream: StreamPanel,
        actions: ActionRegistry[Any],
        notifier: Notifier,
    ) -> None:
        super().__init__(window)
        window.installEventFilter(self)
        self._window = window
        self._state, self.commands, self._labelling = state, commands, labelling
        self._stream, self._actions, self._notifier = stream, actions, notifier
        # Shortcuts, for what Shift makes of a digit differs from keyboard to keyboard.
        for digit in KEYS:
            shortcut = QShortcut(QKeySequence(f"Shift+{digit}"), window)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(lambda digit=digit: self._take_back(digit))

    def on_alt(self, do: Callable[[str], object]) -> None:
        """Do something with each digit that is pressed together with Alt."""
        for digit in KEYS:
            shortcut = QShortcut(QKeySequence(f"Alt+{digit}"), self._window)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(lambda digit=digit: do(digit))

    def watch(self, panel: QWidget) -> None:
        """Take the keys of a panel too while it floats, being a window of its own."""
        panel.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        # A filter, for an `event` of the window's own would hold the interpreter while Qt paints everything in it.
        # Qt sends events before there are keys; this one comes with a key only.
        if event.type() == QEvent.Type.ShortcutOverride and self._wants(event):
            event.accept()
            return True
        if watched is not self.parent() and isinstance(watched, QWidget) and watched.isWindow():
            return self._take_from(event)
        return False

    def _take_from(self, event: QEvent) -> bool:
        """Take a key that nothing in a floating panel has a use for; return whether it means anything."""
        if event.type() == QEvent.Type.WindowDeactivate:
            self.left.emit()
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self.press(event)
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyRelease:
            self.release(event)
        return False

    def _wants(self, event: QEvent) -> bool:
        """Whether a key that is about to be a shortcut's is the second one of a chord; that has to wait then."""
        return isinstance(event, QKeyEvent) and self._labelling.wants(event.key())

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key means; return whether it means anything."""
        key = event.key()
        if event.isAutoRepeat():
            self._labelling.repeated(key)
            return False
        if event.modifiers() not in PLAIN:
            return self._take_back_by_letter(event) or self._stream.press_key(event)
        return self._press_class(key) or self._stream.press_key(event) or self._actions.press_bare(key)

    def release(self, event: QKeyEvent) -> None:
        """A key came up."""
        if not event.isAutoRepeat():
            self._labelling.release(event.key())

    def _press_class(self, key: int) -> bool:
        """Record, begin a chord or call it off, or say why not; whether the key has to do with classes."""
        labelling, toast = self._labelling, self._notifier.toast
        chord, card = labelling.in_chord, labelling.card_of_key(key)
        if card is not None:
            if chord:
                toast.hide()
            labelling.press(card.info.id, key)
        elif chord and key not in CAPS:
            if key in MODIFIERS:
                return False
            labelling.end_chord()
            toast.hide()
            return key == Qt.Key.Key_Escape
        elif key == Qt.Key.Key_0 and not chord:
            sentence = labelling.begin_chord()
            self._say(sentence, Level.INFO if labelling.in_chord else Level.WARNING, key)
        elif chord or Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
            try:
                self._say(labelling.press_unknown(key), Level.WARNING, key, chord)
            except DgstudioError as error:
                self._say(str(error), Level.WARNING, key)
        else:
            return False
        return True

    def _say(self, sentence: str, level: Level, key: int, chord: bool = False) -> None:
        # Said, not logged; and not again while it can still be read: a held key repeats, and so does a hasty finger.
        if sentence:
            self._notifier.show_once(sentence, level, KeyNotice(key, chord, len(self._state.classes)))

    def _take_back_by_letter(self, event: QKeyEvent) -> bool:
        # Digits have shortcuts of their own.
        if event.modifiers() != Qt.KeyboardModifier.ShiftModifier:
            return False
        chord, card = self._labelling.in_chord, self._labelling.card_of_key(event.key())
        if card is None or (event.key() <= Qt.Key.Key_9 and not chord):
            return False
        self._labelling.end_chord()
        self._take_back(card.info.key)
        return True

    def _take_back(self, key: str) -> None:
        card = next((card for card in self._state.classes if card.info.key == key), None)
        if card is not None and card.count:
            self._labelling.stop()
            self._notifier.attempt(self.commands.labels.take_back_last, card.info.id)
        else:
            words = f"{card.info.name} has no take to take back." if card else f"No class has key {key}."
            self._notifier.show(words, Level.WARNING)
