"""Labelling with the hand: which class is held down right now, by key or pointer, and what a press means."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer, Signal

from dgstudio.studio.state import ClassCard, Commands, StudioState

FIRST_NAME = "class 1"
"""Of the class that a held key makes where there is none yet."""
REPEATS_AFTER_S = 0.18
"""No keyboard repeats a key sooner."""
REPEAT_MS = 25
"""A repeating key is pressed again within this time of its release, or it is up: X sends the two in one breath."""


class Labelling(QObject):
    """One class at a time is held; a press while a past stretch is marked labels that stretch instead.

    `changed` carries the class id that is held, or None. Lives in the Qt thread.
    """

    changed = Signal(object)

    def __init__(self, state: StudioState, commands: Commands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._commands = state, commands
        self._held: int | None = None
        self._key: int | None = None
        self._since = 0.0
        self._release = QTimer(self)
        self._release.setSingleShot(True)
        self._release.setInterval(REPEAT_MS)
        self._release.timeout.connect(self.stop)

    @property
    def held(self) -> int | None:
        """The class that is held down, or None."""
        return self._held

    @property
    def held_s(self) -> float:
        """Wall seconds since the press; 0 where nothing is held."""
        return time.perf_counter() - self._since if self._held is not None else 0.0

    def card_of_key(self, key: int) -> ClassCard | None:
        """Return the class that a key (a Qt key code) records, or None."""
        if not 0x31 <= key <= 0x39:
            return None
        return next((card for card in self._state.classes if card.info.key == chr(key)), None)

    def press_unknown(self, key: int) -> str:
        """Take a press of a digit that no class has; returns the sentence to say, or "" where there is none.

        Where there is no class at all, it makes the first one and begins to hold it.

        Raises
        ------
        BadInputError
            If no class can be added; the text is a sentence for the user.
        """
        if not 0x31 <= key <= 0x39 or self._state.phase != "ready":
            return ""
        if self._state.classes:
            return f"No class has key {chr(key)}: press A to add one."
        self.press(self._commands.add_class(FIRST_NAME).id, key)
        return ""

    def press(self, class_id: int, key: int | None = None) -> None:
        """Begin to hold a class; `key` is the Qt key code that does it, None for the pointer.

        While one class is held another press is left alone: two classes cannot be true of one moment.
        """
        if self._held is not None:
            if key == self._key:
                self._release.stop()
            return
        span = self._state.selection
        if span is not None:
            # Unmarked first: a press with no mark left is an ordinary one.
            self._state.set_selection(None)
            self._commands.label_span(class_id, *span)
            self._answer_moment(span)
            return
        self._held, self._key, self._since = class_id, key, time.perf_counter()
        self._commands.press_class(class_id)
        self.changed.emit(class_id)

    def release(self, key: int | None = None) -> None:
        """End the hold if it was begun by `key` (None: by the pointer).

        A key that is held long enough to repeat sends releases and presses in pairs, and Qt does not always know them
        for what they are: then the hold ends only if no press follows at once.
        """
        if self._held is None or key != self._key:
            return
        if key is not None and self.held_s > REPEATS_AFTER_S:
            self._release.start()
        else:
            self.stop()

    def repeated(self, key: int) -> None:
        """The keyboard repeats a key: it is still held."""
        if key == self._key:
            self._release.stop()

    def stop(self) -> None:
        """End the hold whoever began it: the window lost the focus, or closes."""
        if self._held is None:
            return
        self._release.stop()
        self._held, self._key = None, None
        self._commands.release_class()
        self.changed.emit(None)

    def _answer_moment(self, span: tuple[float, float]) -> None:
        # A doubtful moment that has got its name is doubtful no more.
        left = [reading for reading in self._state.uncertain if (reading.start, reading.end) != span]
        if len(left) != len(self._state.uncertain):
            self._state.uncertain = left
            self._state.announce("uncertain")
