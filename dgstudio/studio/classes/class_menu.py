"""The menu of one class: its name, key, colour, place, merging and removal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QColorDialog, QMenu, QWidget

from dgstudio.engine.runtime.class_table import CHORDS, KEYS, LETTERS, OKABE_ITO
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import ClassSubject
from dgstudio.studio.bridge.state import StudioState

COLOUR_NAMES = ("sky blue", "orange", "green", "pink", "blue", "vermilion", "yellow", "grey")
"""Of Okabe and Ito's colours, in their order."""
SWATCH = 14


class ClassMenu(QMenu):
    """Everything that can be done to a class; each is one act that Ctrl+Z takes back.

    `attempt` calls a command and tells what it refuses; `rename` lets the user type the new name,
    `countdown` records the class after a countdown; `taken` are letters that are the keys of actions.
    """

    def __init__(
        self,
        class_id: int,
        state: StudioState,
        commands: Bridge,
        attempt: Callable[..., None],
        rename: Callable[[int], None],
        countdown: Callable[[int], None],
        parent: QWidget,
        taken: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        card = state.card(class_id)
        assert card is not None, "only a class that is shown has a menu"
        self._id, self._info, self._state = class_id, card.info, state
        self._commands, self._attempt = commands, attempt
        self._do("Record after a countdown", lambda: countdown(class_id), "R")
        self.addSeparator()
        self._do("What changed it…", lambda: state.inspect(ClassSubject(class_id)))
        self._do("Rename…", lambda: rename(class_id), "F2")
        self._add_keys(taken)
        self._add_colours()
        self.addSeparator()
        ids = [other.info.id for other in state.classes]
        place = ids.index(class_id)
        up = self._do("Move up", lambda: attempt(commands.labels.move_class, class_id, place - 1), "Alt+Up")
        down = self._do("Move down", lambda: attempt(commands.labels.move_class, class_id, place + 1), "Alt+Down")
        up.setEnabled(place > 0)
        down.setEnabled(place < len(ids) - 1)
        self.addSeparator()
        self._add_merging(attempt)
        what = f"Remove with {card.count} windows" if card.count else "Remove"
        self._do(what, lambda: attempt(commands.labels.remove_class, class_id), "Del")

    def _do(self, text: str, act: Callable[[], None], key: str = "", menu: QMenu | None = None) -> QAction:
        action = (menu or self).addAction(f"{text}\t{key}" if key else text)
        action.triggered.connect(lambda _checked=False: act())
        return action

    def _add_keys(self, taken: frozenset[str]) -> None:
        menu = self.addMenu("Key")
        group = QActionGroup(menu)
        letters = [letter for letter in LETTERS if letter not in taken]
        for under, keys in (("", (*KEYS, "")), ("A letter", letters), ("0, then another", CHORDS)):
            place = menu.addMenu(under) if under else menu
            for key in keys:
                self._add_key(key, place, group)

    def _add_key(self, key: str, menu: QMenu, group: QActionGroup) -> None:
        holders = {card.info.key: card.info.name for card in self._state.classes}
        holder = holders.get(key) if key and key != self._info.key else None
        words = key_words(key) or "No key"
        text = f"{words}   exchange with {_plain(holder)}" if holder else words
        action = self._do(text, partial(self._edit, key=key), menu=menu)
        action.setCheckable(True)
        action.setChecked(key == self._info.key)
        group.addAction(action)

    def _add_colours(self) -> None:
        menu = self.addMenu("Colour")
        for colour, name in zip(OKABE_ITO, COLOUR_NAMES, strict=True):
            action = self._do(name, partial(self._edit, colour=colour), menu=menu)
            action.setIcon(_swatch(colour))
            action.setEnabled(colour != self._info.colour)
        menu.addSeparator()
        self._do("Another…", self._choose_colour, menu=menu)

    def _add_merging(self, attempt: Callable[..., None]) -> None:
        menu = self.addMenu("Merge into")
        for card in self._state.classes:
            if card.info.id != self._id:
                into = card.info.id
                action = self._do(
                    _plain(card.info.name),
                    partial(attempt, self._commands.labels.merge_class, self._id, into),
                    menu=menu,
                )
                action.setIcon(_swatch(card.info.colour))
        menu.setEnabled(len(self._state.classes) > 1)

    def _edit(self, **change: str) -> None:
        self._attempt(lambda: self._commands.labels.edit_class(self._id, **change))

    def _choose_colour(self) -> None:
        # The menu is gone by the time a colour has been chosen.
        attempt, commands, class_id = self._attempt, self._commands, self._id
        dialog = QColorDialog(QColor(self._info.colour), self.parentWidget())
        dialog.setWindowTitle(f"Colour of {self._info.name}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(
            lambda colour: attempt(lambda: commands.labels.edit_class(class_id, colour=colour.name()))
        )
        dialog.open()


def key_words(key: str) -> str:
    """A class's key as it is read: the keys of a chord apart."""
    return " ".join(key)


def _plain(name: str | None) -> str:
    """A name as a menu shows it as it is: & would underline a letter."""
    return (name or "").replace("&", "&&")


def _swatch(colour: str) -> QIcon:
    pixmap = QPixmap(SWATCH, SWATCH)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(1, 1, SWATCH - 2, SWATCH - 2, 3, 3)
    painter.end()
    return QIcon(pixmap)
