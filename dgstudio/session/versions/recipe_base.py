"""Grounds in a session's database: what versions that are kept by recipe stand on, stored once for all of them."""

from __future__ import annotations

from collections.abc import Mapping

from dgstudio.errors import SessionFormatError
from dgstudio.records import dataclass
from dgstudio.session.format.checkpoint import Array
from dgstudio.session.storage.blobs import Blobs
from dgstudio.session.storage.database import Database


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground: its key (`recipes.ground_key`), content ids of its arrays by name, metadata of its first version."""

    key: str
    contents: Mapping[str, str]
    meta: str


class Grounds:
    """The grounds of one session. Used under the database's lock."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    def put(self, ground: Ground, arrays: Mapping[str, Array] | None) -> tuple[int, int]:
        """Store a ground unless one with its key is there; returns its number, and its bytes if it is new.

        `arrays`, by name: None where all are in the session.
        """
        found = self._database.read("SELECT id FROM ground WHERE key = ?", (ground.key,))
        if arrays is not None:
            self._blobs.put(arrays, ground.contents)
        if found:
            return int(found[0][0]), 0
        number = int(self._database.read("SELECT coalesce(max(id), 0) + 1 FROM ground")[0][0])
        row = (number, ground.key, len(ground.contents), ground.meta)
        self._database.put("ground", "id, key, array_count, meta", [row])
        pairs = [(number, name, content) for name, content in ground.contents.items()]
        self._database.insert("ground_array", "ground, name, blob", pairs)
        return number, len(ground.meta) + sum(len(name) + len(content) for name, content in ground.contents.items())

    def get(self, number: int) -> Ground:
        """A ground by its number. Raises SessionFormatError where it is missing or something of it is."""
        found = self._database.read("SELECT key, array_count, meta FROM ground WHERE id = ?", (number,))
        named = self._database.read("SELECT name, blob FROM ground_array WHERE ground = ? ORDER BY rowid", (number,))
        if not found or len(named) != found[0][1]:
            raise SessionFormatError("what its recipe stands on is damaged")
        return Ground(str(found[0][0]), {str(name): str(content) for name, content in named}, str(found[0][2]))

    def drop_unused(self) -> None:
        """Remove the grounds that no version stands on."""
        used = "SELECT ground FROM checkpoint WHERE ground IS NOT NULL"
        self._database.write(f"DELETE FROM ground WHERE id NOT IN ({used})", [()])
        self._database.write("DELETE FROM ground_array WHERE ground NOT IN (SELECT id FROM ground)", [()])
