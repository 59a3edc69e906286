"""The sessions that were open lately: remembered in the settings, looked up on disk when they are listed."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings

from dgstudio.guard.texts import json_value
from dgstudio.records import dataclass

RECENT = "sessions/recent"
MOST = 20
"""Sessions remembered; the oldest is forgotten."""
AGES = ((60.0, "minute"), (3600.0, "hour"), (86400.0, "day"))


@dataclass(frozen=True, slots=True)
class RecentSession:
    """A session file as it was when it was open last: `used` in Unix seconds, how many classes and examples.

    `size` is what the file has now, in bytes; None where it is gone.
    """

    path: Path
    used: float
    classes: int = 0
    examples: int = 0
    size: int | None = None

    @property
    def gone(self) -> bool:
        """Whether the file is not there any more."""
        return self.size is None


class RecentSessions:
    """The list, the newest first. Qt thread."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    def note(self, path: Path, classes: int = 0, examples: int = 0) -> None:
        """A session is open, or was until now, and has so much in it."""
        entry = RecentSession(path.absolute(), time.time(), classes, examples)
        self._keep([entry, *(other for other in self._stored() if other.path != entry.path)][:MOST])

    def forget(self, path: Path) -> None:
        """List it no more; the file stays as it is."""
        self._keep([entry for entry in self._stored() if entry.path != path])

    def every(self) -> list[RecentSession]:
        """All of them, with the sizes that their files have now."""
        return [
            RecentSession(entry.path, entry.used, entry.classes, entry.examples, _size(entry.path))
            for entry in self._stored()
        ]

    def _stored(self) -> list[RecentSession]:
        try:
            listed = json_value(str(self._settings.value(RECENT, "[]")), plain=False)
            return [_entry(values) for values in listed]
        except (ValueError, KeyError, TypeError):
            # Someone else wrote there: no reason not to start.
            return []

    def _keep(self, entries: list[RecentSession]) -> None:
        plain = [{**asdict(entry), "path": str(entry.path), "size": None} for entry in entries]
        self._settings.setValue(RECENT, json.dumps(plain))
        self._settings.sync()


def _entry(values: dict[str, Any]) -> RecentSession:
    counts = int(values["classes"]), int(values["examples"])
    return RecentSession(Path(str(values["path"])), float(values["used"]), *counts)


def _size(path: Path) -> int | None:
    try:
        if not path.is_file():
            return None
        wal = path.with_name(f"{path.name}-wal")
        return path.stat().st_size + (wal.stat().st_size if wal.is_file() else 0)
    except OSError:
        return None


def age_words(seconds: float) -> str:
    """Say how long ago something was: "just now", "5 minutes ago", "yesterday", "12 days ago"."""
    if seconds < AGES[0][0]:
        return "just now"
    unit, name = [entry for entry in AGES if seconds >= entry[0]][-1]
    count = int(seconds // unit)
    if name == "day" and count == 1:
        return "yesterday"
    return f"{count} {name}{'' if count == 1 else 's'} ago"
