"""Versions of the model in a session's database: checkpoints, their arrays by content id, what thins out."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from dgstudio.errors import SessionError, SessionFormatError
from dgstudio.guard.texts import json_value
from dgstudio.learning.learner.training.learned_examples import SETS, LearnedExamples
from dgstudio.session.format import recipes
from dgstudio.session.format.checkpoint import (
    PROTECTED,
    TRAINING,
    Array,
    Checkpoint,
    CheckpointInfo,
    ContentIds,
    versions_to_thin,
)
from dgstudio.session.format.recipes import LABELS, LEARNED, Recipe
from dgstudio.session.format.rows import EXAMPLE_COLUMNS, INFO_COLUMNS, Row, example_of, info_of, text_of, to_json
from dgstudio.session.storage.blobs import Blobs
from dgstudio.session.storage.database import Database
from dgstudio.session.versions.recipe_base import Ground, Grounds
from dgstudio.session.versions.recipe_solver import Relearner

_WHOLE = f"{INFO_COLUMNS}, array_count, learned, checksum, meta, ground, recipe"
FOR_GOOD, RECORDED = 1, 2
"""In the column `kept`, where 0 may thin out: never thinned out and whole; never thinned out, perhaps by recipe."""

BOILED_DOWN = 32
"""So many versions become recipes before the arrays that nobody needs any more, a megabyte of them, are looked for."""

References = frozenset[int | None]
"""Head and serving: they are always whole."""


class Versions:
    """The checkpoints of one session. Used under the database's lock; see `Session` for the public methods.

    Only here it is known whether a version is stored whole or by its recipe: `get` gives it whole.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._content_id = ContentIds()
        self._lately: dict[int, frozenset[str]] = {}
        """Contents of the two versions that were put last."""
        self._blobs = Blobs(database)
        self._grounds = Grounds(database, self._blobs)
        self._boiled_down = 0
        """Versions that have become recipes since arrays that nobody needs were removed last."""

    # -- writing -------------------------------------------------------------------------------------------

    def put(self, checkpoint: Checkpoint) -> int:
        """Store a version whole, replacing another of the same number. Raises SessionError.

        One that is there already (by its digest) keeps its metadata: it can become whole, and be kept for longer.

        Returns the bytes that it does not share with the other version that was put last; of the first one, those that
        the session did not have.
        """
        with self._database.own_batch():
            info, meta = self._described(checkpoint, self._row(int(checkpoint.version)))
            return self._put_whole(info, meta, checkpoint)

    def put_recorded(self, checkpoint: Checkpoint, references: References) -> int:
        """Store a version that answered what is recorded, by its recipe where it has no other use. Raises SessionError.

        One that is there already stays as it is. Returns about the bytes that it takes.
        """
        version = int(checkpoint.version)
        with self._database.own_batch():
            there = self._row(version)
            info, meta = self._described(checkpoint, there)
            if there is not None and there[2] == info[2]:
                self._keep(version, info[6])
                return 0
            if info[6] == RECORDED and version not in references:
                contents = self._content_ids(checkpoint)
                if recipes.fits(checkpoint.kind, checkpoint.meta, contents):
                    size = self._put_recipe(info, contents, meta, checkpoint.arrays)
                    if size:
                        return size
            return self._put_whole(info, meta, checkpoint)

    def _described(self, checkpoint: Checkpoint, there: Row | None) -> tuple[Row, str]:
        """The columns of `INFO_COLUMNS`, and the metadata as text; those of the row where it is the same version."""
        meta = to_json(checkpoint.meta, f"The metadata of version {checkpoint.version}")
        parent = None if checkpoint.parent is None else int(checkpoint.parent)
        digest, kind, reason = text_of(checkpoint.digest), text_of(checkpoint.kind), text_of(checkpoint.reason)
        unix = None if math.isnan(checkpoint.unix) else float(checkpoint.unix) + 0.0
        kept = FOR_GOOD if checkpoint.kept else RECORDED if checkpoint.recorded else 0
        if there is not None and there[2] == digest:
            kept = FOR_GOOD if FOR_GOOD in (kept, there[6]) else max(kept, there[6])
            parent, kind, reason, unix = there[1], there[3], there[4], there[5]
            meta = self._meta_text(there, meta)
        return (int(checkpoint.version), parent, digest, kind, reason, unix, kept, len(checkpoint.learned)), meta

    def _content_ids(self, checkpoint: Checkpoint) -> dict[str, str]:
        return {name: self._content_id(array, name) for name, array in checkpoint.arrays.items()}

    def _put_whole(self, info: Row, meta: str, checkpoint: Checkpoint) -> int:
        version, contents = int(info[0]), self._content_ids(checkpoint)
        learned = np.array(checkpoint.learned, np.int64).reshape(-1)
        learned_id = self._content_id(learned, "learned")
        self._database.write("DELETE FROM checkpoint_array WHERE version = ?", [(version,)])
        new = self._blobs.put({**checkpoint.arrays, "": learned}, {**contents, "": learned_id})
        pairs = [(version, name, content) for name, content in contents.items()]
        self._database.insert("checkpoint_array", "version, name, blob", pairs)
        row = (*info, len(contents), learned_id, zlib.crc32(meta.encode()), meta, None, None)
        self._database.put("checkpoint", _WHOLE, [row])
        own = self._own_bytes(version, frozenset((*contents.values(), learned_id)), new)
        return own + len(meta) + sum(len(name) + len(content) for name, content in contents.items())

    def _put_recipe(
        self, info: Row, contents: Mapping[str, str], meta_text: str, arrays: Mapping[str, Array] | None = None
    ) -> int:
        """Store a version by its recipe; returns its bytes, 0 where not all of its examples are in the session.

        `arrays`: None where all are in the session.
        """
        meta, version = json_value(meta_text, plain=False), int(info[0])
        if arrays is None:
            ids, labels = self._blobs.get(contents[LEARNED]), self._blobs.get(contents[LABELS])
        else:
            ids, labels = arrays[LEARNED], arrays[LABELS]
        if not self._has_examples(ids):
            return 0
        shared = {name: contents[name] for name in recipes.shared_names(meta, contents)}
        number, size = self._grounds.put(Ground(recipes.ground_key(meta, shared), shared, meta_text), arrays)
        data = recipes.packed(ids, labels, meta_text, self._grounds.get(number).meta)
        self._database.write("DELETE FROM checkpoint_array WHERE version = ?", [(version,)])
        row = (*info, len(contents), "", recipes.checksum(info[2], data), "", number, data)
        self._database.put("checkpoint", _WHOLE, [row])
        return size + len(data) + sum(len(text) for text in info if isinstance(text, str))

    def _has_examples(self, ids: Array) -> bool:
        wanted = json.dumps(ids.tolist())
        sql = "SELECT count(*) FROM json_each(?) AS wanted JOIN example ON example.id = wanted.value"
        return int(self._database.read(sql, (wanted,))[0][0]) == len(ids)

    def _own_bytes(self, version: int, contents: frozenset[str], new: frozenset[str]) -> int:
        self._lately.pop(version, None)
        other = next(reversed(self._lately.values()), None)
        self._lately = {**dict(list(self._lately.items())[-1:]), version: contents}
        return sum(self._blobs.size(content) for content in (new if other is None else contents - other))

    def thin(self, keep: int, references: References) -> list[int]:
        """Drop what `versions_to_thin` says of the versions that are neither kept for good nor referred to.

        Of those that are kept for a recording only, all but the newest whole version and `references` become recipes.
        """
        with self._database.own_batch():
            unkept = self._database.read("SELECT version FROM checkpoint WHERE kept = 0")
            dropped = versions_to_thin([int(row[0]) for row in unkept if row[0] not in references], keep)
            self.drop(dropped)
            self._boil_down(references)
            if dropped or self._boiled_down >= BOILED_DOWN:
                self._boiled_down = 0
                self._grounds.drop_unused()
                self._blobs.drop_unused()
        return dropped

    def drop(self, versions: Iterable[int]) -> None:
        """Remove versions; arrays that nobody needs any more go with the next that thin out."""
        doomed = [(int(version),) for version in versions]
        with self._database.own_batch():
            for table in ("checkpoint", "checkpoint_array"):
                self._database.write(f"DELETE FROM {table} WHERE version = ?", doomed)

    def _boil_down(self, references: References) -> None:
        """Turn into recipes what may be one."""
        newest = self._database.read("SELECT max(version) FROM checkpoint WHERE ground IS NULL")[0][0]
        sql = f"SELECT {_WHOLE} FROM checkpoint WHERE kept = {RECORDED} AND ground IS NULL"
        for row in self._database.read(sql):
            if row[0] in references or row[0] == newest:
                continue
            contents = self._contents_of(int(row[0]))
            meta = self._sound_meta(row, len(contents))
            if meta is None or not recipes.fits(row[3], json_value(meta, plain=False), contents):
                # Looked at once: it stays whole.
                self._keep(row[0], FOR_GOOD)
                continue
            # Of a damaged one, reading it will say so.
            with suppress(SessionFormatError):
                self._boiled_down += bool(self._put_recipe(row[:8], contents, meta))

    # -- reading -------------------------------------------------------------------------------------------

    def infos(self) -> list[CheckpointInfo]:
        """All versions in order, without arrays."""
        sql = f"SELECT {INFO_COLUMNS}, ground IS NULL FROM checkpoint ORDER BY version"
        return [replace(info_of(row), whole=bool(row[8])) for row in self._database.read(sql)]

    def get(self, version: int, relearner: Relearner) -> Checkpoint:
        """A version with its arrays, learned again where it is kept by its recipe.

        Raises
        ------
        SessionError
            Where there is none.
        SessionFormatError
            Where it is damaged.
        OtherKernelError
            Where it is kept by its recipe, which another kernel learned to other bits.
        """
        label = self._database.label
        with self._database.lock:
            row = self._row(int(version))
            if row is None:
                raise SessionError(f"The session {label} has no version {version}; choose one of its list.")
            try:
                if row[12] is None:
                    return self._whole(row, relearner)
                recipe = self._recipe(row, relearner)
                self._look_up(recipe, relearner)
            except (SessionFormatError, ValueError) as error:
                raise SessionFormatError(
                    f"Version {version} of the session {label} cannot be restored because {error}; choose another."
                ) from error
        # Without the lock: it can take a second, and a label may be waiting to be written.
        return relearner.whole(recipe, label)

    def _whole(self, row: Row, relearner: Relearner) -> Checkpoint:
        info, contents = info_of(row), self._contents_of(int(row[0]))
        meta = self._sound_meta(row, len(contents))
        if meta is None:
            raise SessionFormatError("its list of arrays or its metadata is damaged")
        return Checkpoint(
            version=info.version,
            parent=info.parent,
            digest=info.digest,
            arrays=self._blobs.by_name(contents, relearner.arrays),
            meta=json_value(meta, plain=False),
            kind=info.kind,
            reason=info.reason,
            unix=info.unix,
            learned=self._blobs.get(row[9]),
            kept=info.kept,
        )

    def _recipe(self, row: Row, relearner: Relearner | None = None) -> Recipe:
        """The recipe in a row; without a relearner only the sets among the arrays that it shares with others."""
        ground = self._grounds.get(int(row[12]))
        if not isinstance(row[13], bytes) or recipes.checksum(row[2], row[13]) != row[10]:
            raise SessionFormatError("its recipe is damaged")
        ids, labels, text = recipes.taken_apart(row[13], ground.meta)
        if relearner is None:
            sets = {name: content for name, content in ground.contents.items() if _tells_learned(name)}
            shared = {name: self._blobs.shared(content) for name, content in sets.items()}
        else:
            shared = self._blobs.by_name(ground.contents, relearner.arrays)
        info = replace(info_of(row), whole=False)
        return Recipe(info, ground.key, shared, ids, labels, json_value(text, plain=False), int(row[8]))

    def _look_up(self, recipe: Recipe, relearner: Relearner) -> None:
        """Let the relearner have the recipe's examples, and no others."""
        known, wanted = relearner.examples, recipe.ids.tolist()
        found = {i: known[i] for i in wanted if i in known}
        sql = f"SELECT {EXAMPLE_COLUMNS} FROM example WHERE id = ?"
        for identity in wanted:
            if identity not in found:
                rows = self._database.read(sql, (identity,))
                try:
                    # The raw window takes no part in learning.
                    found[identity] = replace(example_of(rows[0]), raw=None)
                except IndexError as error:
                    raise SessionFormatError(f"example {identity}, which it was learned from, is missing") from error
                except (TypeError, ValueError) as error:
                    raise SessionFormatError(f"example {identity}, which it was learned from, is damaged") from error
        known.clear()
        known.update(found)

    def learned_in(self, version: int) -> LearnedExamples:
        """The examples that a version had learned. SessionError where there is none, SessionFormatError if damaged."""
        with self._database.lock:
            row = self._row(int(version))
            if row is None:
                raise SessionError(f"The session {self._database.label} has no version {version}.")
            try:
                meta, named = self._sets_of(row)
                arrays = {name[len(PROTECTED) :]: array for name, array in named.items()}
                return LearnedExamples.from_arrays(int(version), arrays, meta[TRAINING])
            except (SessionFormatError, KeyError, TypeError, ValueError) as error:
                raise SessionFormatError(f"What version {version} has learned cannot be read: {error}.") from error

    def _sets_of(self, row: Row) -> tuple[dict[str, Any], dict[str, Array]]:
        """Metadata of a version, and those of its arrays that are sets of examples."""
        if row[12] is not None:
            recipe = self._recipe(row)
            return recipe.meta, {**recipe.shared, LEARNED: recipe.ids, LABELS: recipe.labels}
        if zlib.crc32(row[11].encode()) != row[10]:
            raise SessionFormatError("its metadata is damaged")
        sets = {name: content for name, content in self._contents_of(int(row[0])).items() if _tells_learned(name)}
        return json_value(row[11], plain=False), {name: self._blobs.shared(content) for name, content in sets.items()}

    # -- inside --------------------------------------------------------------------------------------------

    def _keep(self, version: int, how: int) -> None:
        self._database.update("checkpoint", {"kept": "?1"}, "version = ?2", [(how, version)])

    def _row(self, version: int) -> Row | None:
        found: Sequence[Row] = self._database.read(f"SELECT {_WHOLE} FROM checkpoint WHERE version = ?", (version,))
        return found[0] if found else None

    def _contents_of(self, version: int) -> dict[str, str]:
        sql = "SELECT name, blob FROM checkpoint_array WHERE version = ? ORDER BY rowid"
        return {str(name): str(content) for name, content in self._database.read(sql, (version,))}

    def _sound_meta(self, row: Row, arrays: int) -> str | None:
        """The metadata of a whole version; None where they or its list of arrays are damaged."""
        text = str(row[11])
        return text if arrays == row[8] and zlib.crc32(text.encode()) == row[10] else None

    def _meta_text(self, row: Row, otherwise: str) -> str:
        """The metadata that a version has in the session; `otherwise` where they are damaged."""
        try:
            if row[12] is not None:
                return recipes.taken_apart(row[13], self._grounds.get(int(row[12])).meta)[2]
        except (SessionFormatError, TypeError):
            return otherwise
        return row[11] if zlib.crc32(row[11].encode()) == row[10] else otherwise


def _tells_learned(name: str) -> bool:
    """Whether an array of a version, by its name, is a set of examples."""
    kind = name.removeprefix(PROTECTED)
    return kind != name and (kind in SETS or kind.startswith("seal."))
