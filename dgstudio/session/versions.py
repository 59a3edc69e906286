"""Versions of the model in a session's database: checkpoints, their arrays by content id, what thins out."""

from __future__ import annotations

import json
import math
import weakref
import zlib
from collections.abc import Mapping

import numpy as np

from dgstudio.errors import SessionError, SessionFormatError
from dgstudio.learning.contents import SETS, Contents
from dgstudio.session.checkpoint import (
    PROTECTED,
    Array,
    Checkpoint,
    CheckpointInfo,
    ContentIds,
    decode,
    encode,
    versions_to_thin,
)
from dgstudio.session.database import Database
from dgstudio.session.rows import Row, text_of, to_json

_INFO = "version, parent, digest, kind, reason, unix, kept, learned_count"
_WHOLE = f"{_INFO}, array_count, learned, checksum, meta"


class Versions:
    """The checkpoints of one session. Used under the database's lock; see `Session` for the public methods."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._content_id = ContentIds()
        self._lately: dict[int, frozenset[str]] = {}
        """Contents of the two versions that were put last."""
        self._sets: weakref.WeakValueDictionary[str, Array] = weakref.WeakValueDictionary()
        """Sets of examples by content id, as long as somebody holds them: versions share what is sealed."""

    def put(self, checkpoint: Checkpoint) -> int:
        """Store a version, replacing one of the same number. Raises SessionError.

        Returns the bytes that it does not share with the other version that was put last; of the first one, those that
        the session did not have.
        """
        version = int(checkpoint.version)
        meta = to_json(checkpoint.meta, f"The metadata of version {version}")
        learned = np.array(checkpoint.learned, np.int64).reshape(-1)
        contents = {name: self._content_id(array, name) for name, array in checkpoint.arrays.items()}
        learned_id = self._content_id(learned, "learned")
        parent = None if checkpoint.parent is None else int(checkpoint.parent)
        texts = (text_of(checkpoint.digest), text_of(checkpoint.kind), text_of(checkpoint.reason))
        unix = None if math.isnan(checkpoint.unix) else float(checkpoint.unix)
        info = (version, parent, *texts, unix, int(checkpoint.kept), len(learned))
        row = (*info, len(contents), learned_id, zlib.crc32(meta.encode()), meta)
        with self._database.own_batch():
            self._database.write("DELETE FROM checkpoint_array WHERE version = ?", [(version,)])
            new = self._put_blobs({**checkpoint.arrays, "": learned}, {**contents, "": learned_id})
            pairs = [(version, name, content) for name, content in contents.items()]
            self._database.write("INSERT INTO checkpoint_array (version, name, blob) VALUES (?, ?, ?)", pairs)
            self._database.put("checkpoint", _WHOLE, [row])
            own = self._own_bytes(version, frozenset((*contents.values(), learned_id)), new)
        return own + len(meta) + sum(len(name) + len(content) for name, content in contents.items())

    def _own_bytes(self, version: int, contents: frozenset[str], new: frozenset[str]) -> int:
        self._lately.pop(version, None)
        other = next(reversed(self._lately.values()), None)
        self._lately = {**dict(list(self._lately.items())[-1:]), version: contents}
        sql = "SELECT length(data) FROM blob WHERE id = ?"
        own = new if other is None else contents - other
        return sum(int(self._database.read(sql, (content,))[0][0]) for content in own)

    def _put_blobs(self, arrays: Mapping[str, Array], contents: Mapping[str, str]) -> frozenset[str]:
        new = set()
        for name, content in contents.items():
            if not self._database.read("SELECT 1 FROM blob WHERE id = ?", (content,)):
                row = (content, encode(arrays[name], name))
                self._database.write("INSERT INTO blob (id, data) VALUES (?, ?)", [row])
                new.add(content)
        return frozenset(new)

    def thin(self, keep: int, references: frozenset[int | None]) -> list[int]:
        """Drop what `versions_to_thin` says of the versions that are neither kept for good nor referred to."""
        with self._database.own_batch():
            unkept = self._database.read("SELECT version FROM checkpoint WHERE NOT kept")
            dropped = versions_to_thin([int(row[0]) for row in unkept if row[0] not in references], keep)
            for table in ("checkpoint", "checkpoint_array"):
                self._database.write(f"DELETE FROM {table} WHERE version = ?", [(version,) for version in dropped])
            if dropped:
                self._database.write(
                    """DELETE FROM blob WHERE id NOT IN (SELECT blob FROM checkpoint_array)
                        AND id NOT IN (SELECT learned FROM checkpoint)""",
                    [()],
                )
        return dropped

    def infos(self) -> list[CheckpointInfo]:
        """All versions in order, without arrays."""
        return [_info_of(row) for row in self._database.read(f"SELECT {_INFO} FROM checkpoint ORDER BY version")]

    def get(self, version: int, known: dict[str, Array]) -> Checkpoint:
        """A version with its arrays. SessionError where there is none, SessionFormatError where it is damaged.

        `known`: see `Session.checkpoint`.
        """
        label = self._database.label
        with self._database.lock:
            sql = f"SELECT {_WHOLE} FROM checkpoint WHERE version = ?"
            found = self._database.read(sql, (int(version),))
            if not found:
                raise SessionError(f"The session {label} has no version {version}; choose one of its list.")
            info, (count, learned_id, checksum, meta) = _info_of(found[0]), found[0][8:]
            sql = "SELECT name, blob FROM checkpoint_array WHERE version = ? ORDER BY rowid"
            named = self._database.read(sql, (info.version,))
            try:
                if len(named) != count or zlib.crc32(meta.encode()) != checksum:
                    raise SessionFormatError("its list of arrays or its metadata is damaged")
                wanted = {str(content) for _, content in named}
                read = {content: self._array(content) for content in sorted(wanted.difference(known))}
                for content in known.keys() - wanted:
                    del known[content]
                known.update(read)
                arrays = {str(name): known[content] for name, content in named}
                learned = self._array(learned_id)
            except SessionFormatError as error:
                raise SessionFormatError(
                    f"Version {version} of the session {label} cannot be restored because {error}; choose another."
                ) from error
        return Checkpoint(
            version=info.version,
            parent=info.parent,
            digest=info.digest,
            arrays=arrays,
            meta=json.loads(meta),
            kind=info.kind,
            reason=info.reason,
            unix=info.unix,
            learned=learned,
            kept=info.kept,
        )

    def learned_in(self, version: int) -> Contents:
        """The examples that a version had learned. SessionError where there is none, SessionFormatError if damaged."""
        with self._database.lock:
            sql = "SELECT checksum, meta FROM checkpoint WHERE version = ?"
            found = self._database.read(sql, (int(version),))
            if not found:
                raise SessionError(f"The session {self._database.label} has no version {version}.")
            checksum, meta = found[0]
            sql = "SELECT name, blob FROM checkpoint_array WHERE version = ?"
            named = dict(self._database.read(sql, (int(version),)))
            try:
                if zlib.crc32(meta.encode()) != checksum:
                    raise SessionFormatError("its metadata is damaged")
                wanted = {name[len(PROTECTED) :]: content for name, content in named.items() if _tells_learned(name)}
                arrays = {name: self._set(content) for name, content in wanted.items()}
                return Contents.from_arrays(int(version), arrays, json.loads(meta)["footing"])
            except (SessionFormatError, KeyError, TypeError, ValueError) as error:
                raise SessionFormatError(f"What version {version} has learned cannot be read: {error}.") from error

    def _set(self, content: str) -> Array:
        known = self._sets.get(content)
        if known is None:
            known = self._sets[content] = self._array(content)
        return known

    def _array(self, content: str) -> Array:
        found = self._database.read("SELECT data FROM blob WHERE id = ?", (content,))
        if not found:
            raise SessionFormatError(f"the stored array {content[:12]} is missing")
        return decode(found[0][0], content)


def _tells_learned(name: str) -> bool:
    """Whether an array of a version, by its name, is a set of examples."""
    kind = name.removeprefix(PROTECTED)
    return kind != name and (kind in SETS or kind.startswith("seal."))


def _info_of(row: Row) -> CheckpointInfo:
    return CheckpointInfo(
        version=int(row[0]),
        parent=None if row[1] is None else int(row[1]),
        digest=str(row[2]),
        kind=str(row[3]),
        reason=str(row[4]),
        unix=math.nan if row[5] is None else float(row[5]),
        kept=bool(row[6]),
        learned=int(row[7]),
    )
