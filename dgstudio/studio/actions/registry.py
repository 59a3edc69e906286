"""The registry of actions: one row each feeds shortcut, tooltip, menu, tool button, palette and the F1 list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, Generic, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.studio.actions.ids import ActionId, Group, SubMenu

On = TypeVar("On")
"""What actions work on: the parts of the window."""


def always(_on: object) -> bool:
    """At any moment."""
    return True


@dataclass(frozen=True)
class Action(Generic[On]):
    """Something the user can do, as a row of a table; what it works on is handed to it when it is done.

    Parameters
    ----------
    do, switch
        What it does. One that is on or off has `switch` instead, which takes the new state too.
    key
        In Qt's portable notation ("Ctrl+K"); several parted by ", " are alternatives.
    icon
        Names an icon, "mdi6.plus" for one.
    group, under, in_menu, in_palette
        Where it is listed: what heads it, in which sub-menu, and whether it is listed at all.
    offered
        Tells at any moment whether it can be done.
    bare
        Whether its key is left to the focused control if that has a use for it (Space presses a button, Esc closes a
        field), and is the window's only otherwise.
    subject
        The class or layout that it is about, where there is one such action for each of them.
    """

    id: ActionId
    title: str
    do: Callable[[On], object] | None = None
    key: str = ""
    tooltip: str = ""
    icon: str = ""
    group: Group = Group.GENERAL
    under: SubMenu | None = None
    in_menu: bool = True
    in_palette: bool = True
    offered: Callable[[On], bool] = always
    switch: Callable[[On, bool], object] | None = None
    bare: bool = False
    subject: int | str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The alternatives of the shortcut."""
        return tuple(key for key in self.key.split(", ") if key)


class ActionRegistry(Generic[On]):
    """All actions of one window, in the order of their rows. Lives in the Qt thread.

    Keys work from the beginning; `work_on` says what they work on, and nothing is done before.
    """

    def __init__(self, window: QWidget, rows: Iterable[Action[On]] = ()) -> None:
        self._window = window
        self._on: On | None = None
        self._actions: dict[ActionId, Action[On]] = {}
        self._qactions: dict[ActionId, QAction] = {}
        self._taken: dict[str, ActionId] = {}
        """Whose each shortcut is."""
        self._checked: set[ActionId] = set()
        """Those that are on."""
        self._forbidden: frozenset[ActionId] = frozenset()
        """Those that cannot be done in this window."""
        self.besides: Callable[[On], list[Action[On]]] = _none
        """What is found by searching besides, made at each search: what can be done to each class, say."""
        for row in rows:
            self.add(row)

    def work_on(self, on: On) -> None:
        """Let the actions work on this from now on."""
        self._on = on

    def add(self, action: Action[On]) -> QAction:
        """Take up an action; its shortcut works in the whole window from now on.

        Raises
        ------
        ValueError
            If its id or one of its shortcuts is taken: a key that two actions claim would do neither.
        """
        if action.id in self._actions:
            raise ValueError(f"the action {action.id!r} is declared twice: give one of them another id")
        for key in action.keys:
            if key in self._taken:
                raise ValueError(f"{key} belongs to {self._taken[key]!r}: give {action.id!r} another shortcut")
        qaction = QAction(_menu_text(action), self._window)
        qaction.setObjectName(action.id)
        qaction.setToolTip(tooltip_of(action))
        qaction.setCheckable(action.switch is not None)
        if not action.bare:
            qaction.setShortcuts([QKeySequence(key) for key in action.keys])
        qaction.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        # A held key repeats; an action means one press.
        qaction.setAutoRepeat(False)
        qaction.triggered.connect(lambda checked=False, action=action: self.run(action, checked))
        self._window.addAction(qaction)
        self._actions[action.id] = action
        self._qactions[action.id] = qaction
        self._taken.update(dict.fromkeys(action.keys, action.id))
        return qaction

    def __getitem__(self, id: ActionId) -> Action[On]:
        return self._actions[id]

    def single_letters(self) -> frozenset[str]:
        """Letters that alone are the key of an action."""
        return frozenset(key for action in self for key in action.keys if len(key) == 1 and key.isalpha())

    def __iter__(self) -> Iterator[Action[On]]:
        return iter(self._actions.values())

    def __len__(self) -> int:
        return len(self._actions)

    def qaction(self, id: ActionId) -> QAction:
        """Return the Qt action, for menus and buttons."""
        return self._qactions[id]

    def offered(self, action: Action[On]) -> bool:
        """Whether an action can be done now."""
        return self._on is not None and action.id not in self._forbidden and action.offered(self._on)

    def forbid(self, ids: Iterable[ActionId], why: str) -> None:
        """Let these actions not be done in this window; their tooltips say `why`, menus show them greyed."""
        self._forbidden = frozenset(ids)
        for id in self._forbidden & self._qactions.keys():
            self._qactions[id].setEnabled(False)
            self._qactions[id].setToolTip(why)

    def run(self, action: Action[On], checked: bool = False) -> None:
        """Do an action, if it can be done now; one that is on or off is asked to become `checked`."""
        if self._on is None or not self.offered(action):
            return
        if action.switch is not None:
            action.switch(self._on, checked)
            # It shows what is so: Qt has turned it already, and what was asked for may be refused.
            self._qactions[action.id].setChecked(action.id in self._checked)
        elif action.do is not None:
            action.do(self._on)

    def trigger(self, id: ActionId) -> None:
        """Do an action, as its shortcut would.

        Raises
        ------
        BadInputError
            If there is no such action.
        """
        if id not in self._actions:
            raise BadInputError(f"there is no action {id!r}: the command palette (Ctrl+K) lists them all")
        self._qactions[id].trigger()

    def choose(self, action: Action[On]) -> None:
        """Do what `search` has found, as its shortcut would."""
        if action.subject is None:
            self.trigger(action.id)
        else:
            self.run(action)

    def set_checked(self, id: ActionId, checked: bool) -> None:
        """Show an action as on or off, without doing it."""
        (self._checked.add if checked else self._checked.discard)(id)
        self._qactions[id].setChecked(checked)

    def press_bare(self, key: int) -> bool:
        """Do the bare action whose key (a Qt key code) this is; return whether there was one on offer."""
        pressed = QKeySequence(key)
        bare = (action for action in self if action.bare and self.offered(action))
        found = next((action for action in bare if pressed in map(QKeySequence, action.keys)), None)
        if found is not None:
            self._qactions[found.id].trigger()
        return found is not None

    def groups(self) -> dict[Group, list[Action[On]]]:
        """Return the actions by group, both in the order of the rows."""
        found: dict[Group, list[Action[On]]] = {}
        for action in self:
            found.setdefault(action.group, []).append(action)
        return found

    def fill_menu(self, menu: QMenu) -> dict[SubMenu, QMenu]:
        """List the actions by group, greyed while they are not on offer; returns the menus within it."""
        within: dict[SubMenu, QMenu] = {}
        for place, members in enumerate(self.groups().values()):
            if place:
                menu.addSeparator()
            for under, listed in groupby(members, lambda action: action.under):
                place_of = menu
                if under:
                    # Made here: one that Qt makes loses its wrapper as soon as PySide forgets whose it was.
                    place_of = within[under] = QMenu(under, menu)
                    menu.addMenu(place_of)
                for action in listed:
                    if action.in_menu:
                        place_of.addAction(self._qactions[action.id])
        menu.aboutToShow.connect(self._grey)
        menu.aboutToHide.connect(self._enable)
        return within

    def _grey(self) -> None:
        """Show what cannot be done now as such; only while the menu is seen, as a greyed action hears no key."""
        for action in self:
            self._qactions[action.id].setEnabled(self.offered(action))

    def _enable(self) -> None:
        for id, qaction in self._qactions.items():
            qaction.setEnabled(id not in self._forbidden)

    def search(self, text: str) -> list[Action[On]]:
        """Return the actions on offer that match `text` loosely, the best first; all of them for no text."""
        besides = [] if self._on is None else self.besides(self._on)
        offered = [action for action in (*self, *besides) if self.offered(action)]
        if not text.strip():
            return offered
        scored = [
            (max(fuzzy_score(text, action.title), fuzzy_score(text, f"{action.group} {action.title}") - 1), action)
            for action in offered
        ]
        # sorted() is stable: equals stay in the order of the rows.
        return [action for score, action in sorted(scored, key=lambda pair: -pair[0]) if score > 0]


def _none(_on: object) -> list[Action[Any]]:
    return []


def tooltip_of(action: Action[Any]) -> str:
    """Return what to show over the action's button: what it does, and its key."""
    text = action.tooltip or action.title
    return f"{text}  [{display_key(action.keys[0])}]" if action.keys else text


def _menu_text(action: Action[Any]) -> str:
    """What a menu says of an action. Qt writes the keys that it handles itself; a bare one stands after a tab."""
    if not (action.bare and action.keys):
        return action.title
    return f"{action.title}\t{QKeySequence(action.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)}"


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
