"""Reasons as plain data, and back: what a session file keeps of them beside the words that were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from enum import IntEnum
from typing import Any

import numpy as np

from dgstudio.reasons import done, published, refused
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass

IS = "is"
"""Under which name the plain data keep what reason it is."""
_KNOWN: dict[str, type[Reason]] = {
    name: found
    for module in (published, refused, done)
    for name, found in vars(module).items()
    if isinstance(found, type) and issubclass(found, Reason) and found.__module__ == module.__name__
}


@dataclass(frozen=True, slots=True)
class Told(Reason):
    """A reason of which a file has only the words: it was written by an earlier dgstudio, or by a later one."""

    said: str

    @property
    def words(self) -> str:
        """As it was told."""
        return self.said


def reason_fields(reason: Reason) -> dict[str, Any] | None:
    """Its fields as JSON can hold them, without what is as usual; None where there are only words."""
    if isinstance(reason, Told):
        return None
    it: Any = reason
    usual = {field.name: field.default for field in fields(it)}
    said = {name: _plain(value) for name, value in asdict(it).items() if value != usual[name]}
    return {IS: type(reason).__name__, **said}


def stored_reason(kept: object, words: str) -> Reason:
    """The reason that was stored; from words alone where its fields say nothing that is known here."""
    if not isinstance(kept, Mapping):
        return Told(words)
    try:
        known = _KNOWN[kept[IS]]
        reason = known(**{name: _frozen(value) for name, value in kept.items() if name != IS})
        # What comes from a file may be of any type: it shows here, not in a window.
        reason.words  # noqa: B018
    except (TypeError, ValueError, KeyError, AttributeError, IndexError):
        return Told(words)
    return reason


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's; of numbers that have names the names."""
    if isinstance(value, np.generic):
        return value.item()
    return value.name.lower() if isinstance(value, IntEnum) else value


def _frozen(value: Any) -> Any:
    """Lists of JSON as the tuples that they were."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
