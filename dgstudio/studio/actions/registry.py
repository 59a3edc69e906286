"""The registry of actions: one declaration each feeds shortcut, tooltip, menu, tool button, palette and the F1 list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from dgstudio.errors import BadInputError


@dataclass(frozen=True, slots=True)
class Action:
    """Something the user can do.

    `shortcut` is in Qt's portable notation ("Ctrl+K"), several parted by ", " are alternatives; `icon` names a
    qtawesome icon; `callback` takes the new state where `checkable`, nothing else; `group` heads it in lists, `under`
    names the sub-menu that lists it; `offered` tells at any moment whether it can be done. The key of a `bare` action
    is left to the focused control if that has a use for it (Space presses a button, Esc closes a field), and is the
    window's only otherwise.
    """

    id: str
    title: str
    callback: Callable[..., object]
    shortcut: str = ""
    tooltip: str = ""
    icon: str = ""
    checkable: bool = False
    group: str = "General"
    under: str = ""
    offered: Callable[[], bool] = field(default=lambda: True)
    bare: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The alternatives of the shortcut."""
        return tuple(key for key in self.shortcut.split(", ") if key)


class ActionRegistry:
    """All actions of one window, in the order in which they were declared. Lives in the Qt thread."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._actions: dict[str, Action] = {}
        self._qactions: dict[str, QAction] = {}
        self.besides: Callable[[], list[Action]] = list
        """What is found by searching besides, made at each search: what can be done to each class, say."""
        self._found: dict[str, Action] = {}

    def add(self, action: Action) -> QAction:
        """Declare an action; its shortcut works in the whole window from now on.

        Raises
        ------
        ValueError
            If its id or one of its shortcuts is taken: a key that two actions claim would do neither.
        """
        if action.id in self._actions:
            raise ValueError(f"the action {action.id!r} is declared twice: give one of them another id")
        for other in self._actions.values():
            for key in action.keys:
                if key in other.keys:
                    raise ValueError(f"{key} belongs to {other.id!r}: give {action.id!r} another shortcut")
        qaction = QAction(action.title, self._window)
        qaction.setObjectName(action.id)
        qaction.setToolTip(tooltip_of(action))
        qaction.setCheckable(action.checkable)
        if not action.bare:
            qaction.setShortcuts([QKeySequence(key) for key in action.keys])
        qaction.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        # A held key repeats; an action means one press.
        qaction.setAutoRepeat(False)
        qaction.triggered.connect(lambda checked=False, id=action.id: self._run(id, checked))
        self._window.addAction(qaction)
        self._actions[action.id] = action
        self._qactions[action.id] = qaction
        return qaction

    def __getitem__(self, id: str) -> Action:
        return self._actions.get(id) or self._found[id]

    def single_letters(self) -> frozenset[str]:
        """Letters that alone are the key of an action."""
        return frozenset(key for action in self for key in action.keys if len(key) == 1 and key.isalpha())

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions.values())

    def __len__(self) -> int:
        return len(self._actions)

    def qaction(self, id: str) -> QAction:
        """Return the Qt action, for menus and buttons."""
        return self._qactions[id]

    def trigger(self, id: str) -> None:
        """Do an action, as its shortcut would.

        Raises
        ------
        BadInputError
            If there is no such action.
        """
        if id in self._found:
            if self._found[id].offered():
                self._found[id].callback()
            return
        if id not in self._actions:
            raise BadInputError(f"there is no action {id!r}: the command palette (Ctrl+K) lists them all")
        self._qactions[id].trigger()

    def set_checked(self, id: str, checked: bool) -> None:
        """Show a checkable action as on or off, without doing it."""
        self._qactions[id].setChecked(checked)

    def press_bare(self, key: int) -> bool:
        """Do the bare action whose key (a Qt key code) this is; return whether there was one on offer."""
        pressed = QKeySequence(key)
        bare = (action for action in self if action.bare and action.offered())
        found = next((action for action in bare if pressed in map(QKeySequence, action.keys)), None)
        if found is not None:
            self._qactions[found.id].trigger()
        return found is not None

    def groups(self) -> dict[str, list[Action]]:
        """Return the actions by group, both in the order of declaration."""
        found: dict[str, list[Action]] = {}
        for action in self:
            found.setdefault(action.group, []).append(action)
        return found

    def search(self, text: str) -> list[Action]:
        """Return the actions on offer that match `text` loosely, the best first; all of them for no text."""
        self._found = {action.id: action for action in self.besides()}
        offered = [action for action in (*self, *self._found.values()) if action.offered()]
        if not text.strip():
            return offered
        scored = [
            (max(fuzzy_score(text, action.title), fuzzy_score(text, f"{action.group} {action.title}") - 1), action)
            for action in offered
        ]
        # sorted() is stable: equals stay in the order of declaration.
        return [action for score, action in sorted(scored, key=lambda pair: -pair[0]) if score > 0]

    def _run(self, id: str, checked: bool) -> None:
        action = self._actions[id]
        if not action.offered():
            return
        if action.checkable:
            action.callback(checked)
        else:
            action.callback()


def tooltip_of(action: Action) -> str:
    """Return what to show over the action's button: what it does, and its key."""
    text = action.tooltip or action.title
    return f"{text}  [{display_key(action.keys[0])}]" if action.keys else text


def display_key(key: str) -> str:
    """Return a shortcut as it is printed on a key cap, in the platform's words."""
    words = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
    return words if len(words) == 1 else words.replace("+", " ")


def fuzzy_score(query: str, text: str) -> int:
    """Return how well `query`'s letters are found in this order in `text`; 0 if they are not.

    Letters that follow each other or begin a word count more, so that "rb" finds "Roll back" before "cRossBar".
    """
    query, text = "".join(query.lower().split()), text.lower()
    if not query:
        return 1
    best = 0
    for start in (place for place, letter in enumerate(text) if letter == query[0]):
        score, place, previous = 0, start, -2
        for letter in query:
            place = text.find(letter, place)
            if place < 0:
                score = 0
                break
            score += 1 + (3 if place == previous + 1 else 0)
            score += 4 if place == 0 or not text[place - 1].isalnum() else 0
            previous, place = place, place + 1
        best = max(best, score)
    return best
