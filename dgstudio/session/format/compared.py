"""What a session keeps of its comparisons: of each twin that ran, the figures of its last run, and ours meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from dgstudio.records import dataclass
from dgstudio.session.format.rows import MOST_ID
from dgstudio.types import TwinKind

COMPARED = "compared"
"""Session setting: a list of `ComparedTwin` as dictionaries."""
MOST_LOST = 1000
"""Pairs of classes that are read of one twin: there are no more protected inputs."""
_COUNTS = (
    "watched", "kept", "learned", "reads", "torn", "unpublished", "unattributed", "seen", "right", "ours_watched",
    "ours_kept", "ours_seen", "ours_right",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ComparedTwin:
    """Figures of a twin, and of ours for as long as it ran.

    Attributes
    ----------
    unix : when they were noted.
    watched, kept : protected inputs, and those that it answers as it did when each was watched first.
    lost : (class id that was answered, class id that is answered now or None, how many), the most frequent first.
    bits : kept means every byte; else the same top class.
    learned : labels that it has learned.
    reads, torn, unpublished, unattributed : its answers, and those that were no version's.
    seen, right : answers to inputs whose truth was known, and those that were right; `ours_seen` and `ours_right`
        those of ours meanwhile.
    ours_watched, ours_kept : as above, of ours, byte for byte.
    """

    kind: TwinKind
    unix: float
    watched: int = 0
    kept: int = 0
    lost: tuple[tuple[int, int | None, int], ...] = ()
    bits: bool = False
    learned: int = 0
    reads: int = 0
    torn: int = 0
    unpublished: int = 0
    unattributed: int = 0
    seen: int = 0
    right: int = 0
    ours_watched: int = 0
    ours_kept: int = 0
    ours_seen: int = 0
    ours_right: int = 0


def to_setting(compared: Iterable[ComparedTwin]) -> list[dict[str, Any]]:
    """As the session keeps them."""
    return [{**asdict(twin), "kind": twin.kind.value, "lost": [list(pair) for pair in twin.lost]} for twin in compared]


def of_setting(kept: object) -> tuple[ComparedTwin, ...]:
    """What a session keeps; what is none, or of a kind that this dgstudio does not know, is left out."""
    found: dict[TwinKind, ComparedTwin] = {}
    for entry in kept if isinstance(kept, list) else ():
        twin = _read(entry)
        if twin is not None:
            found[twin.kind] = twin
    return tuple(found.values())


def _read(entry: object) -> ComparedTwin | None:
    if not isinstance(entry, dict):
        return None
    lost, unix, bits = entry.get("lost"), entry.get("unix"), entry.get("bits")
    counts: dict[str, Any] = {name: entry.get(name) for name in _COUNTS}
    if not (isinstance(unix, int | float) and isinstance(bits, bool) and all(map(_is_count, counts.values()))):
        return None
    if not (isinstance(lost, list) and len(lost) <= MOST_LOST and all(map(_is_pair, lost))):
        return None
    try:
        kind = TwinKind(str(entry.get("kind")))
    except ValueError:
        return None
    return ComparedTwin(kind=kind, unix=float(unix), lost=tuple(map(tuple, lost)), bits=bits, **counts)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MOST_ID


def _is_pair(value: object) -> bool:
    if not (isinstance(value, list) and len(value) == 3):
        return False
    was, now, count = value
    return _is_count(was) and (now is None or _is_count(now)) and _is_count(count)
