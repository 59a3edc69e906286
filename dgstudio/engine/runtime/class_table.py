"""The table of classes: names, keys and colours. Ids are permanent; the model knows classes by id only."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Container, Iterable
from dataclasses import replace

from dgstudio.errors import BadInputError
from dgstudio.guard import limits
from dgstudio.guard.texts import plain_text
from dgstudio.types import ClassInfo

KEYS = "123456789"
"""The keys of the first classes; from the tenth on a class gets a chord."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CHORD = "0"
"""The first key of a chord: it is let go, then the second one is held."""
CHORDS = tuple(CHORD + second for second in KEYS + LETTERS)
EVERY_KEY = frozenset((*KEYS, *LETTERS, *CHORDS))
"""All that a class's key may be; which letters are free, whoever reads the keyboard knows."""
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")

OKABE_ITO = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#f0e442", "#999999")
"""Okabe and Ito (2008), Color Universal Design: eight colours told apart with any kind of colour vision."""


class ClassTable:
    """Any thread may call: every method takes one short lock. Removed classes keep their id and name."""

    def __init__(self, classes: Iterable[ClassInfo] = ()) -> None:
        self._lock = threading.Lock()
        self._classes = {info.id: info for info in classes}
        self.names: dict[int, str] = {info.id: info.name for info in self._classes.values()}
        """id → name, replaced as a whole at every change, so that it can be read without the lock."""

    def living(self) -> list[ClassInfo]:
        """The classes that have not been removed, in the user's order."""
        with self._lock:
            return sorted((info for info in self._classes.values() if info.living), key=lambda info: info.order)

    def every(self) -> list[ClassInfo]:
        """All classes that ever were, by id."""
        with self._lock:
            return [info for _, info in sorted(self._classes.items())]

    def get(self, class_id: int) -> ClassInfo:
        """The class with this id; `BadInputError` if there never was one."""
        with self._lock:
            if class_id not in self._classes:
                raise BadInputError(f"There is no class number {class_id}.")
            return self._classes[class_id]

    def by_name(self, name: str) -> ClassInfo | None:
        """The living class of that name, if any."""
        return next((info for info in self.living() if info.name == name), None)

    def name_of(self, class_id: int) -> str:
        """What a class is called; "class N" for one that is not known."""
        return self.names.get(class_id, f"class {class_id}")

    def add(self, name: str) -> ClassInfo:
        """A new class with the next id, key and colour. `BadInputError` says what is wrong with a name."""
        clean = clean_name(name)
        with self._lock:
            taken = {info.name.casefold() for info in self._classes.values() if info.living}
            if clean.casefold() in taken:
                raise BadInputError(f"There is already a class “{clean}”: choose another name.")
            number = max(self._classes, default=-1) + 1
            used = {info.key for info in self._classes.values() if info.living}
            info = ClassInfo(number, clean, free_key(used), OKABE_ITO[number % len(OKABE_ITO)])
            self._put(info)
            return info

    def edited(
        self, class_id: int, *, name: str | None = None, key: str | None = None, colour: str | None = None
    ) -> list[ClassInfo]:
        """Return what the classes would be after this change; `put` makes it. None leaves a thing as it is.

        A key that another class has is exchanged for this one's; "" takes the key away.

        Raises
        ------
        BadInputError
            If there is no such class, or the name, key or colour cannot be had.
        """
        info, others = self.get(class_id), [other for other in self.living() if other.id != class_id]
        edited: list[ClassInfo] = []
        if name is not None:
            clean = clean_name(name)
            if clean.casefold() in {other.name.casefold() for other in others}:
                raise BadInputError(f"There is already a class “{clean}”: choose another name.")
            info = replace(info, name=clean)
        if key is not None:
            key = key.upper()
            if key and key not in EVERY_KEY:
                raise BadInputError(
                    f"“{key}” cannot be a class's key: use 1 to 9, a letter, or 0 and then one of these."
                )
            edited += [replace(other, key=info.key) for other in others if key and other.key == key]
            info = replace(info, key=key)
        if colour is not None:
            if not COLOUR.fullmatch(colour):
                raise BadInputError(f"“{colour}” is no colour: write it as #56b4e9.")
            info = replace(info, colour=colour.lower())
        return [info, *edited]

    def moved(self, class_id: int, place: int) -> list[ClassInfo]:
        """Return the living classes with this one at `place` (from 0) among them; `put` makes it so."""
        info = self.get(class_id)
        order = [other for other in self.living() if other.id != class_id]
        order.insert(max(0, min(place, len(order))), info)
        return [replace(other, place=number) for number, other in enumerate(order)]

    def put(self, infos: Iterable[ClassInfo]) -> None:
        """Let classes be this from now on; their ids say which."""
        with self._lock:
            for info in infos:
                self._put(info)

    def _put(self, info: ClassInfo) -> None:
        self._classes[info.id] = info
        self.names = {**self.names, info.id: info.name}


def free_key(used: Container[str]) -> str:
    """The first key of 1 to 9, 01 to 09, 0A to 0Z that is not used; "" where all are."""
    return next((key for key in (*KEYS, *CHORDS) if key not in used), "")


def clean_name(name: str) -> str:
    """A class name without surrounding and doubled spaces and control characters; `BadInputError` if unusable.

    Emoji and right-to-left names are fine; what a name may not do is turn the direction of the text around it.
    """
    whole = "".join(c for c in name if unicodedata.category(c) != "Cs")
    clean = unicodedata.normalize("NFC", " ".join(plain_text(whole).split()))
    if not clean:
        raise BadInputError("A class needs a name: type at least one letter.")
    if len(clean) > limits.NAME:
        raise BadInputError(f"That name has {len(clean)} characters; {limits.NAME} is the most.")
    return clean
