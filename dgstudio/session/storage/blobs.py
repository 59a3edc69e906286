"""Arrays in a session's database: each stored once, under its content id."""

from __future__ import annotations

import weakref
from collections.abc import Mapping

from dgstudio.errors import SessionFormatError
from dgstudio.guard.limits import VERSION_BYTES
from dgstudio.session.format.checkpoint import Array, decode, encode
from dgstudio.session.storage.database import Database


class Blobs:
    """The arrays of one session. Used under the database's lock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: weakref.WeakValueDictionary[str, Array] = weakref.WeakValueDictionary()
        """Arrays that `shared` gave, as long as somebody holds them."""
        self._sound: set[str] = set()
        """Contents that were written, or read from the file and found to be what their ids say."""

    def put(self, arrays: Mapping[str, Array], contents: Mapping[str, str]) -> frozenset[str]:
        """Store those of the arrays (by name) that are not there under their content ids; returns the new ones' ids.

        One that is there is looked at before something refers to it for the first time: a damaged one is written anew.
        """
        new = set()
        for name, content in contents.items():
            stored = self._database.read("SELECT 1 FROM blob WHERE id = ?", (content,))
            known = content in self._sound
            self._sound.add(content)
            if stored and (known or self._is_sound(content)):
                continue
            row = (content, encode(arrays[name], name))
            sql = "INSERT INTO blob (id, data) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data"
            self._database.write(sql, [row])
            new.add(content)
        return frozenset(new)

    def _is_sound(self, content: str) -> bool:
        try:
            self.get(content)
        except SessionFormatError:
            return False
        return True

    def size(self, content: str) -> int:
        """Bytes that an array takes in the file."""
        return int(self._database.read("SELECT length(data) FROM blob WHERE id = ?", (content,))[0][0])

    def get(self, content: str) -> Array:
        """An array, read-only. Raises SessionFormatError where it is missing or damaged."""
        found = self._database.read("SELECT data FROM blob WHERE id = ?", (content,))
        if not found:
            raise SessionFormatError(f"the stored array {content[:12]} is missing")
        return decode(found[0][0], content)

    def shared(self, content: str) -> Array:
        """The same array for everybody who asks while somebody holds it."""
        known = self._held.get(content)
        if known is None:
            known = self._held[content] = self.get(content)
        return known

    def by_name(self, contents: Mapping[str, str], known: dict[str, Array]) -> dict[str, Array]:
        """Arrays by name; `known` (by content id) has these afterwards, and no others."""
        wanted = set(contents.values())
        read: dict[str, Array] = {}
        total = sum(known[content].nbytes for content in wanted.intersection(known))
        for content in sorted(wanted.difference(known)):
            read[content] = self.get(content)
            total += read[content].nbytes
            if total > VERSION_BYTES:
                raise SessionFormatError(f"its arrays would take more than {VERSION_BYTES >> 20:,} MB")
        for content in known.keys() - wanted:
            del known[content]
        known.update(read)
        return {name: known[content] for name, content in contents.items()}

    def drop_unused(self) -> None:
        """Remove the arrays that no version refers to."""
        self._database.write(
            """DELETE FROM blob WHERE id NOT IN (SELECT blob FROM checkpoint_array)
                AND id NOT IN (SELECT blob FROM ground_array) AND id NOT IN (SELECT learned FROM checkpoint)""",
            [()],
        )
        self._sound.intersection_update(row[0] for row in self._database.read("SELECT id FROM blob"))
