"""A part of the engine as the window calls it: each call is followed up, so that the view shows it at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

Part = TypeVar("Part")


class _Followed:
    def __init__(self, part: object, then: Callable[[], None]) -> None:
        self._part, self._then = part, then

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if not inspect.ismethod(found):
            return found

        @wraps(found)
        def call(*values: Any, **named: Any) -> Any:
            result = found(*values, **named)
            self._then()
            return result

        return call


def followed(part: Part, then: Callable[[], None]) -> Part:
    """Return what is used like `part`; `then` is called after each method that returns, and after none that raises."""
    return cast(Part, _Followed(part, then))
