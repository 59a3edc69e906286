"""An arrangement as it is stored, and one's own layouts by name; what is damaged is left out and told."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QSettings

from dgstudio.errors import BadInputError
from dgstudio.guard.texts import json_value, plain_text
from dgstudio.records import dataclass
from dgstudio.studio.bridge.settings import ARRANGEMENT_VERSION, LAYOUTS
from dgstudio.studio.docking.built_in import BUILT_IN
from dgstudio.studio.docking.tree import Box, Node, from_data, to_data

FAR = 100_000
"""Logical pixels: no screen reaches so far."""
MOST_LAYOUTS = 40
LONGEST_NAME = 40
"""Characters of the name of a layout."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An arrangement of panels by their ids.

    Parameters
    ----------
    layout
        Name of the layout that it is, or was before a hand changed it.
    tree
        Where panels stand; None: as in the layout of that name, which the window brings.
    floats
        Where panels float on the screen, in logical pixels.
    apart
        Whether Quality has a place of its own, and takes none from gates and stability.
    """

    layout: str
    tree: Node | None
    opened: frozenset[str]
    floats: dict[str, Box]
    apart: bool = False

    def to_data(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return {
            "version": ARRANGEMENT_VERSION,
            "layout": self.layout,
            "tree": None if self.tree is None else to_data(self.tree),
            "open": sorted(self.opened),
            "floating": {name: [box.x, box.y, box.wide, box.tall] for name, box in self.floats.items()},
            "apart": self.apart,
        }


def is_ours(data: object) -> bool:
    """Whether this is an arrangement of this version of the program, damaged or not."""
    return isinstance(data, dict) and data.get("version") == ARRANGEMENT_VERSION


def read_stored(data: object) -> Stored:
    """Return what `Stored.to_data` wrote.

    Raises
    ------
    BadInputError
        If it is damaged or of another version of the program.
    """
    if not isinstance(data, dict) or not is_ours(data):
        raise BadInputError("it is of another version of dgstudio")
    name, opened, tree, floats = (data.get(key) for key in ("layout", "open", "tree", "floating"))
    if not isinstance(name, str) or not isinstance(opened, list) or not all(isinstance(one, str) for one in opened):
        raise BadInputError("it does not say which panels are open")
    if tree is None and name not in BUILT_IN:
        raise BadInputError("it does not say where the panels are")
    if not isinstance(floats, dict):
        raise BadInputError("it does not say which panels float")
    places = {str(panel): _box(str(panel), numbers) for panel, numbers in floats.items()}
    node = None if tree is None else from_data(tree)
    return Stored(name, node, frozenset(opened), places, data.get("apart") is True)


def _box(panel: str, numbers: object) -> Box:
    whole = isinstance(numbers, list) and len(numbers) == 4 and all(type(number) is int for number in numbers)
    if not isinstance(numbers, list) or not whole or max(map(abs, numbers)) > FAR or min(numbers[2:]) < 1:
        raise BadInputError(f"the place where {plain_text(panel, 40)} floats is none")
    return Box(*numbers)


class OwnLayouts:
    """Layouts that the user has named, kept in the settings. Qt thread only.

    `problems` says in a sentence each what could not be read.
    """

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings
        self._layouts: dict[str, Stored] = {}
        self.problems: list[str] = []
        text = str(settings.value(LAYOUTS, ""))
        try:
            kept = json_value(text) if text else {}
            if not isinstance(kept, dict):
                raise BadInputError("it is no list of layouts")
        except (ValueError, BadInputError) as error:
            self.problems.append(f"Your own layouts could not be read and are left out: {error}.")
            return
        for name, data in kept.items():
            try:
                self._layouts[self.fit_name(name)] = read_stored(data)
            except BadInputError as error:
                self.problems.append(f"The layout {plain_text(name, LONGEST_NAME)!r} is left out: {error}.")

    def names(self) -> list[str]:
        """Return all names, in the order of the alphabet."""
        return sorted(self._layouts, key=str.casefold)

    def __contains__(self, name: object) -> bool:
        return name in self._layouts

    def __getitem__(self, name: str) -> Stored:
        return self._layouts[name]

    def get(self, name: str) -> Stored | None:
        """Return the layout of a name; None where there is none."""
        return self._layouts.get(name)

    @staticmethod
    def fit_name(name: str) -> str:
        """Return a name as it is kept.

        Raises
        ------
        BadInputError
            If it is empty, too long, or that of a layout which the window brings.
        """
        name = plain_text(name).strip()
        if not name:
            raise BadInputError("Give the layout a name.")
        if len(name) > LONGEST_NAME:
            raise BadInputError(f"A name of a layout has {LONGEST_NAME} characters at most: this one has {len(name)}.")
        if name.casefold() in (built_in.casefold() for built_in in BUILT_IN):
            raise BadInputError(f"{name} is a layout that the window brings: take another name.")
        return name

    def keep(self, name: str, layout: Stored) -> None:
        """Keep a layout under a name, in place of one that has it already.

        Raises
        ------
        BadInputError
            If the name is none, or there are too many layouts.
        """
        name = self.fit_name(name)
        if name not in self._layouts and len(self._layouts) >= MOST_LAYOUTS:
            raise BadInputError(f"There are {MOST_LAYOUTS} layouts of your own: delete one first.")
        self._layouts[name] = layout
        self._write()

    def rename(self, name: str, to: str) -> None:
        """Give a layout another name.

        Raises
        ------
        BadInputError
            If the name is none or another layout has it.
        """
        to = self.fit_name(to)
        if to != name and to in self._layouts:
            raise BadInputError(f"There is a layout {to} already: take another name.")
        self._layouts[to] = self._layouts.pop(name)
        self._write()

    def drop(self, name: str) -> Stored:
        """Forget a layout; returns it, so that it can be kept again."""
        layout = self._layouts.pop(name)
        self._write()
        return layout

    def _write(self) -> None:
        kept = {name: layout.to_data() for name, layout in self._layouts.items()}
        self._settings.setValue(LAYOUTS, json.dumps(kept))
