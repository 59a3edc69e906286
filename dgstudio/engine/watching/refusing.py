"""A part of the engine that can be looked at, and refuses what would change the session."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from dgstudio.errors import BadInputError

Part = TypeVar("Part")
WHY = "You are watching this session: another program writes it, and only there can it be changed."
RETURNING = frozenset({"add_class"})
"""Methods whose callers wait for what they return, and hear of an error."""


class _Refusing:
    def __init__(self, part: object, say: Callable[[str], object], allowed: frozenset[str]) -> None:
        self._part, self._say, self._allowed = part, say, allowed

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if name in self._allowed or not inspect.ismethod(found):
            return found

        def refuse(*_values: object, **_named: object) -> None:
            if name in RETURNING:
                raise BadInputError(WHY)
            self._say(WHY)

        return refuse


def refusing(part: Part, say: Callable[[str], object], *allowed: str) -> Part:
    """Return what is used like `part`; each of its methods only says why not, except those that are `allowed`."""
    return cast(Part, _Refusing(part, say, frozenset(allowed)))
