"""Labelling with the hand: which class is held down right now, by key or pointer, and what a press means."""

from __future__ import annotations

import itertools
import time

from PySide6.QtCore import QObject, QTimer, Signal

from dgstudio.engine.runtime.class_table import CHORD, KEYS, LETTERS, free_key
from dgstudio.errors import DgstudioError
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import ClassCard, Phase, StudioState
from dgstudio.types import LabelledBy

REPEATS_AFTER_S = 0.18
"""No keyboard repeats a key sooner."""
REPEAT_MS = 25
"""A repeating key is pressed again within this time of its release, or it is up: X sends the two in one breath."""
SPENT_S = 0.03
"""Between the release and the press of a repeating key; no finger is as quick."""
CHORD_MS = 2500
"""The second key of a chord follows within this time."""
CAPS = frozenset(map(ord, KEYS + LETTERS + CHORD))
"""Qt key codes that can be part of a class's key."""


class Labelling(QObject):
    """One class at a time is held; a press while a past stretch is marked labels that stretch instead.

    `changed` carries the class id that is held, or None; `overruled` the id whose take a later press ended, and that
    of the later one; `refused` a sentence where a stretch cannot be labelled. Lives in the Qt thread.
    """

    changed = Signal(object)
    overruled = Signal(object, object)
    refused = Signal(str)

    def __init__(self, state: StudioState, commands: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._commands = state, commands
        self._held: int | None = None
        self._key: int | None = None
        self._since = 0.0
        self._spent: tuple[int | None, float] = (None, 0.0)
        """The key that labelled a stretch, and when."""
        self._up = 0.0
        self._release = QTimer(self)
        self._release.setSingleShot(True)
        self._release.setInterval(REPEAT_MS)
        self._release.timeout.connect(self.stop)
        self._chord = QTimer(self)
        self._chord.setSingleShot(True)
        self._chord.setInterval(CHORD_MS)

    @property
    def held(self) -> int | None:
        """The class that is held down, or None."""
        return self._held

    @property
    def held_s(self) -> float:
        """Wall seconds since the press; 0 where nothing is held."""
        return time.perf_counter() - self._since if self._held is not None else 0.0

    def card_of_key(self, key: int) -> ClassCard | None:
        """Return the class that a key (a Qt key code) records, after 0 the one with that chord, or None."""
        if key not in CAPS:
            return None
        cap = CHORD + chr(key) if self.in_chord else chr(key)
        return next((card for card in self._state.classes if card.info.key == cap), None)

    # -- chords ------------------------------------------------------------------------------------------------

    @property
    def in_chord(self) -> bool:
        """Whether 0 was pressed a moment ago, and the second key of a chord is waited for."""
        return self._chord.isActive()

    def wants(self, key: int) -> bool:
        """Whether a key belongs to a chord now, whatever else it means."""
        return self.in_chord and key in CAPS

    def begin_chord(self) -> str:
        """0 was pressed: wait for the second key; returns the sentence to say."""
        cards = [card for card in self._state.classes if card.info.key.startswith(CHORD)]
        if not cards:
            return "Keys that begin with 0 belong to the tenth class and those after it."
        self._chord.start()
        names = ", ".join(f"{card.info.key[1:]} {card.info.name}" for card in cards[:4])
        return f"0, and now hold the second key: {names}{' …' if len(cards) > 4 else ''}"

    def end_chord(self) -> bool:
        """Wait for no second key any more; returns whether one was waited for."""
        waited = self.in_chord
        self._chord.stop()
        return waited

    def press_unknown(self, key: int) -> str:
        """Take a press of a digit, or of a chord's second key, that no class has; returns the sentence to say, or "".

        Where there is no class at all, it makes the first one and begins to hold it. Where the session began from
        nothing, the next free key makes the second one in the same way.

        Raises
        ------
        BadInputError
            If no class can be added; the text is a sentence for the user.
        """
        if self.end_chord():
            return f"No class has the key 0 {chr(key)}."
        if not 0x31 <= key <= 0x39 or self._state.phase != Phase.READY:
            return ""
        cards = self._state.classes
        following = free_key({card.info.key for card in cards})
        if cards and not (self._state.begun_from_nothing and chr(key) == following):
            if self._state.begun_from_nothing:
                return f"No class has key {chr(key)}: hold {following} for a second one, or press A to name it first."
            return f"No class has key {chr(key)}: press A to add one."
        self.press(self._commands.labels.add_class(self._next_name()).id, key)
        return ""

    def _next_name(self) -> str:
        """Name a class that nobody has named: "class 2" beside one other class, unless that has taken this name."""
        cards = self._state.classes
        taken = {card.info.name.casefold() for card in cards}
        names = (f"class {number}" for number in itertools.count(len(cards) + 1))
        return next(name for name in names if name not in taken)

    # -- holding -----------------------------------------------------------------------------------------------

    def press(self, class_id: int, key: int | None = None) -> None:
        """Begin to hold a class; `key` is the Qt key code that does it, None for the pointer.

        Two classes cannot be true of one moment: the later press wins, and the take of the earlier one ends.
        """
        self.end_chord()
        if self._state.watched is not None:
            # It says why not; nothing is held.
            self._commands.labels.press_class(class_id)
            return
        if self._held is not None:
            if key == self._key or class_id == self._held:
                self._release.stop()
                return
            before = self._held
            self.stop()
            self.overruled.emit(before, class_id)
        span, now = self._state.selection, time.perf_counter()
        again = key is not None and key == self._spent[0] and now - self._spent[1] > REPEATS_AFTER_S
        if again and now - self._up < SPENT_S:
            # The press that labelled a stretch still repeats: it must not name what is marked next.
            return
        if span is not None:
            self._spent = key, now
            # Unmarked first: a press with no mark left is an ordinary one.
            self._state.selection = None
            doubtful = any((reading.start, reading.end) == span for reading in self._state.uncertain)
            self.label(class_id, span, LabelledBy.SUGGESTION if doubtful else LabelledBy.RETRO)
            return
        self._held, self._key, self._since = class_id, key, time.perf_counter()
        self._commands.labels.press_class(class_id)
        self.changed.emit(class_id)

    def label(self, class_id: int, span: tuple[float, float], who: LabelledBy) -> None:
        """Label a past stretch; `who` as in `Take`. A doubtful moment that has got its name is doubtful no more."""
        try:
            self._commands.labels.label_span(class_id, *span, who)
        except DgstudioError as error:
            self.refused.emit(str(error))
        if who == LabelledBy.SUGGESTION:
            self._commands.pass_over(*span)

    def release(self, key: int | None = None) -> None:
        """End the hold if it was begun by `key` (None: by the pointer).

        A key that is held long enough to repeat sends releases and presses in pairs, and Qt does not always know them
        for what they are: then the hold ends only if no press follows at once.
        """
        self._up = time.perf_counter()
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
        self.end_chord()
        if self._held is None:
            return
        self._release.stop()
        self._held, self._key = None, None
        self._commands.labels.release_class()
        self.changed.emit(None)
