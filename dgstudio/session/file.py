"""A session: one SQLite file of classes, takes, examples, checkpoints and history, durable at each group commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from dgstudio.errors import SessionError, SessionFormatError
from dgstudio.guard.texts import json_value, plain_text
from dgstudio.learning.learner.training.learned_examples import LearnedExamples
from dgstudio.session.format import row_check, rows, schema
from dgstudio.session.format.checkpoint import Checkpoint, CheckpointInfo
from dgstudio.session.recording.recorded import Recorded
from dgstudio.session.storage.connection import memory_database
from dgstudio.session.storage.database import Database
from dgstudio.session.storage.file_place import FilePlace, SessionLostError
from dgstudio.session.storage.opening import (
    Opened,
    OpenReport,
    create_file,
    open_database,
    open_for_reading,
    open_for_watching,
)
from dgstudio.session.versions.recipe_solver import OtherKernelError, Relearner
from dgstudio.session.versions.versions import Versions
from dgstudio.types import Act, ClassInfo, Example, LogLine, PublishRecord, Take

__all__ = ["OpenReport", "Session"]

T = TypeVar("T")

EVENTS_KEPT = 10_000
"""Lines of the log; older ones go."""
NAMED = 8
"""So many damaged rows of a kind are named one by one."""


class Session:
    """One session file, or none (`Session.memory`). Make one with `create`, `open` or `memory`.

    Any thread may call it, one at a time: a batch holds the session until it ends, and a reader waits for it. The
    file is locked for this process until `close` or the end of the process: nobody else writes it, others may watch.

    Attributes
    ----------
    path : Path or None
        The file; None in memory.
    report : OpenReport
        What opening found; `report.problems` says in sentences what could not be read.
    recorded : Recorded
        Stretches of the stream that were recorded, with a receipt for each answer.
    """

    def __init__(self, opened: Opened, path: Path | None) -> None:
        self.path = path
        self.report = opened.report
        label = "in memory" if path is None else str(path)
        self._database = Database(opened.db, label, opened.read_only, _place_of(opened, path))
        self._watched = opened.lock if opened.read_only else None
        self._versions = Versions(self._database)
        self._settings: dict[str, str] = {}
        """Settings as JSON, those that were read or written here: they outlive the file."""
        self.recorded = Recorded(self._database)

    # -- making, opening, closing --------------------------------------------------------------------------

    @classmethod
    def create(cls, path: str | Path, overwrite: bool = False) -> Session:
        """Make a new, empty session file and open it; folders on the way are made.

        Raises
        ------
        SessionError
            Where the file exists and `overwrite` is false, is open elsewhere, or cannot be made.
        """
        create_file(Path(path), overwrite)
        return cls.open(path)

    @classmethod
    def open(cls, path: str | Path) -> Session:
        """Open a session for writing, or, where that is not possible, for reading (`read_only`, `report`).

        An older format is migrated after a copy to NAME.dgs.backup-vN. Of a damaged file everything that can be
        read is, into memory; the file itself is left as it is.

        Raises
        ------
        SessionFormatError
            Where it is missing, no session, from a newer dgstudio, or nothing in it can be read.
        SessionError
            Where another dgstudio has it open, or the system refuses.
        """
        return cls(open_database(Path(path)), Path(path))

    @classmethod
    def reading(cls, path: str | Path) -> Session:
        """Open a session to take something from it; the file is not changed, and not locked either.

        Raises
        ------
        SessionError
            As `open`.
        """
        return cls(open_for_reading(Path(path)), Path(path))

    @classmethod
    def watching(cls, path: str | Path) -> Session:
        """Open a session that another program may be writing, to follow it: each look sees what is durable by then.

        Nothing is changed or locked, and whoever writes it waits for nothing; see `written_elsewhere`.

        Raises
        ------
        SessionFormatError
            As `open`, and where it is damaged or was written by an earlier dgstudio.
        SessionError
            Where the system refuses.
        """
        return cls(open_for_watching(Path(path)), Path(path))

    @classmethod
    def examined(cls, path: str | Path) -> Session:
        """Open a session as `reading` does, after a look at each row, array and recipe for all that it needs.

        Raises
        ------
        SessionError
            As `open`.
        """
        return cls(open_for_reading(Path(path), deep=True), Path(path))

    @classmethod
    def memory(cls) -> Session:
        """A session without a file: all works, nothing outlives it."""
        db = memory_database()
        schema.create_tables(db)
        return cls(Opened(db, "", OpenReport()), None)

    def close(self) -> None:
        """Close and unlock the file; a batch that this very thread has open is rolled back. May be called again."""
        self._database.close()
        if self._watched is not None:
            self._watched.close()

    @property
    def watched(self) -> bool:
        """Whether this session only follows what another program writes."""
        return self._watched is not None

    @property
    def written_elsewhere(self) -> bool:
        """Whether another program writes the file of a session that is watched, at this moment."""
        return self._watched is not None and self._watched.taken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """Name for a status line: the file's name without .dgs, or "not saved"."""
        return "not saved" if self.path is None else plain_text(self.path.stem)

    @property
    def size_bytes(self) -> int:
        """Bytes of the database, what is still in the -wal file included; 0 in memory."""
        return 0 if self.path is None else self._database.size_bytes()

    def table_bytes(self) -> dict[str, int]:
        """Bytes of the values in each table, without what SQLite adds."""
        return self._database.table_bytes(list(schema.TABLES))

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written: a read-only file or folder, or a damaged file."""
        return bool(self._database.why_read_only)

    def save_copy(
        self, path: str | Path, overwrite: bool = False, more: Callable[[Session], object] | None = None
    ) -> None:
        """Write everything that this session holds to a new file, whole or not at all; this session stays open.

        `more` puts into the copy what could not be put into this session; the copy is then made in memory first.

        Raises
        ------
        SessionError
            Where the file exists and `overwrite` is false, is open (this one is), or cannot be written.
        """
        target = Path(path)
        if self.path is not None and target.resolve() == self.path.resolve():
            raise SessionError(f"A copy of {self.path} cannot take its own place; choose another name.")
        if more is None:
            self._database.copy_to(target, overwrite)
            return
        with Session(Opened(self._database.in_memory(), "", OpenReport()), None) as copy:
            more(copy)
            copy.save_copy(target, overwrite)

    def go_on_in(
        self, path: str | Path, overwrite: bool = False, more: Callable[[Session], object] | None = None
    ) -> None:
        """Save a copy as `save_copy` does, and be that file from now on; the one before is closed as it is.

        Raises
        ------
        SessionError
            As `save_copy`, or where the copy cannot be opened; this session then stays what it was.
        """
        target = Path(path)
        with self._database.lock:
            self.save_copy(target, overwrite, more)
            opened = open_database(target)
            self._database.go_on_with(opened.db, str(target), opened.read_only, _place_of(opened, target))
            self.path, self.report = target, opened.report

    def check_place(self) -> None:
        """Raise `SessionLostError` where somebody deleted, replaced or cut the file since it was opened."""
        self._database.check_place()

    def rescue_in(self, path: Path, lost: SessionLostError, memory: Callable[[Session], object]) -> None:
        """Write everything to a new file after `check_place` has raised, and be that file from now on.

        What the process still holds of the file before is all of it (`lost.whole`), or, of one that was cut short, what
        can be read; `memory` then adds what the program knows. The path of the file before is not touched.

        Raises
        ------
        SessionError
            Where the new file exists or cannot be written; this session then stays what it was.
        """
        with self._database.lock:
            if lost.whole:
                self._database.copy_to(path, overwrite=False)
            else:
                with Session(Opened(self._database.readable(), "", OpenReport()), None) as copy:
                    copy._database.put("config", "key, value", list(self._settings.items()))
                    memory(copy)
                    # What was recorded is in no memory: the new file says how much of it is lost.
                    copy.recorded.drop(copy.recorded.missing())
                    copy.save_copy(path)
            opened = open_database(path)
            place = _place_of(opened, path)
            self._database.go_on_with(opened.db, str(path), opened.read_only, place, lost=True)
            self._versions = Versions(self._database)
            self.path, self.report = path, opened.report

    # -- writing -------------------------------------------------------------------------------------------

    def batch(self) -> AbstractContextManager[None]:
        """One group commit: what is put inside is durable when the block is left, all of it or nothing.

        A `put_…` outside of a batch is a batch of its own.

        Raises
        ------
        SessionError
            On entering or leaving, where it could not be saved; nothing of the batch was, and it may be tried again.
        """
        return self._database.batch()

    def put_class(self, info: ClassInfo) -> None:
        """Store a class, or its new name, key, colour or end."""
        self.put_classes([info])

    def put_classes(self, infos: Iterable[ClassInfo]) -> None:
        """Store several classes as `put_class` does."""
        self._database.put("class", rows.CLASS_COLUMNS, [rows.class_row(info) for info in infos])

    def put_take(self, take: Take) -> None:
        """Store a take, or the new state of one."""
        self.put_takes([take])

    def put_takes(self, takes: Iterable[Take]) -> None:
        """Store several takes as `put_take` does."""
        self._database.put("take", rows.TAKE_COLUMNS, [rows.take_row(take) for take in takes])

    def put_examples(self, examples: Sequence[Example]) -> None:
        """Store examples as active; one with a known id is replaced. Features (d,) and raw (n, channels) float32."""
        self._database.put("example", rows.EXAMPLE_COLUMNS, [rows.example_row(example) for example in examples])

    def set_active(self, example_ids: Iterable[int], active: bool) -> int:
        """Undo or delete examples softly (False), or bring them back (True); returns how many the session has."""
        return self._update("example", "active", "id", int(active), example_ids)

    def set_labels(self, examples: Iterable[Example]) -> int:
        """Let examples stand with the labels that they have here; returns how many of them the session has."""
        values = [(int(example.class_id), int(example.id)) for example in examples]
        return self._database.update("example", {"class_id": "?1", "active": "1"}, "id = ?2", values)

    def put_notes(self, notes: Iterable[tuple[int, str]]) -> None:
        """Let these examples have these notes (example id, text); an empty text is none."""
        every = [(int(example_id), rows.text_of(text)) for example_id, text in notes]
        with self._database.own_batch():
            self._database.write("DELETE FROM note WHERE example_id = ?", [(i,) for i, text in every if not text])
            self._database.put("note", "example_id, text", [(i, text) for i, text in every if text])

    def put_act(self, act: Act) -> None:
        """Append to the undo history; acts that were undone can no longer be done again and are dropped."""
        with self._database.own_batch():
            self._database.write("DELETE FROM act WHERE NOT done", [()])
            self._database.put("act", rows.ACT_COLUMNS, [rows.act_row(act)])

    def drop_examples(self, example_ids: Iterable[int], take_ids: Iterable[int]) -> None:
        """Remove for good what never came to be: examples with the class `NO_LABEL`, and takes.

        Any other example stays, for versions that are kept by recipe may need it: see `set_active`.
        """
        with self._database.own_batch():
            sql = f"DELETE FROM example WHERE id = ? AND class_id = {rows.NO_LABEL}"
            self._database.write(sql, [(int(i),) for i in example_ids])
            self._database.write("DELETE FROM take WHERE id = ?", [(int(i),) for i in take_ids])

    def set_act_done(self, act_id: int, done: bool) -> None:
        """Say that an act was undone, or done again."""
        self._update("act", "done", "id", int(done), [act_id])

    def put_checkpoint(self, checkpoint: Checkpoint) -> int:
        """Store a version of the model whole, each array once; another of the same number is replaced.

        The same one put again keeps its metadata, and is kept for as long as either wants.

        Returns
        -------
        The bytes that it does not share with the other version that was put last; of the first one, those that the
        session did not have.
        """
        return self._versions.put(checkpoint)

    def put_recorded_checkpoint(self, checkpoint: Checkpoint) -> int:
        """Store a version that answered what is recorded: never thinned out, and by its recipe where that is enough.

        Enough it is for what the locked bank learned by this kernel, unless it is head, serving or `kept` for something
        else; all its examples must be here. `checkpoint` gives it whole all the same, learned again.

        Returns
        -------
        About the bytes that it takes.
        """
        with self._database.own_batch():
            return self._versions.put_recorded(checkpoint, frozenset({self.head, self.serving}))

    def keep_checkpoint(self, version: int, kept: bool = True) -> bool:
        """Keep a version for good (pinned, named, protected at), or let it thin out; False where it is unknown."""
        return self._update("checkpoint", "kept", "version", int(kept), [version]) == 1

    def thin_checkpoints(self, keep: int) -> list[int]:
        """Drop versions so that `keep` remain of those not kept for good, dense among the new, sparse among the old.

        Head and serving (`set_references`) stay as well. Versions that are kept for a recording only become recipes,
        except the newest that is whole. Arrays that no version refers to any more are removed.

        Returns
        -------
        The versions that were dropped.
        """
        with self._database.own_batch():
            return self._versions.thin(keep, frozenset({self.head, self.serving}))

    def drop_checkpoints(self, versions: Iterable[int]) -> None:
        """Remove versions that cannot be restored."""
        self._versions.drop(versions)

    def set_references(self, head: int, serving: int) -> None:
        """Say which version the learner goes on from, and which one readers take."""
        with self._database.own_batch():
            self.set_config("head", int(head))
            self.set_config("serving", int(serving))

    def put_record(self, record: PublishRecord) -> None:
        """Append to the history."""
        self._database.insert("record", "data", [(rows.record_text(record),)])

    def put_event(self, line: LogLine) -> None:
        """Append to the log, which keeps the newest `EVENTS_KEPT`; data that is not plain is kept as its text."""
        self._database.insert("event", rows.EVENT_COLUMNS, [(None, *rows.line_row(line))])
        self._database.write("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?", [(EVENTS_KEPT,)])

    def set_config(self, key: str, value: Any) -> None:
        """Store a setting: numbers, text, None, lists and dictionaries of them."""
        row = rows.text_of(key), rows.to_json(value, f"The setting {key!r}")
        self._database.put("config", "key, value", [row])
        self._settings[row[0]] = row[1]

    # -- reading -------------------------------------------------------------------------------------------

    def classes(self) -> list[ClassInfo]:
        """All classes by id, those that no longer live too."""
        return self._all(f"SELECT {rows.CLASS_COLUMNS} FROM class ORDER BY id", rows.class_of, "class")

    def takes(self) -> list[Take]:
        """All takes by id, those whose examples were undone too."""
        return self._all(f"SELECT {rows.TAKE_COLUMNS} FROM take ORDER BY id", rows.take_of, "take")

    def acts(self) -> tuple[list[Act], int]:
        """The undo history, oldest first, and how many of the acts are done; the others were undone."""
        acts = self._all("SELECT id, unix, data FROM act ORDER BY id", rows.act_of, "act")
        undone = {int(row[0]) for row in self._database.read("SELECT id FROM act WHERE NOT done")}
        return acts, sum(act.id not in undone for act in acts)

    def examples(self, active_only: bool = True) -> list[Example]:
        """Examples by id with their arrays, read-only; who labelled them stands in their takes.

        What no example can be made of is left out; `report` names it.
        """
        where = "WHERE active" if active_only else ""
        sql = f"SELECT {rows.EXAMPLE_COLUMNS} FROM example {where} ORDER BY id"
        return self._all(sql, rows.example_of, "example")

    def examples_by_id(self, ids: Iterable[int]) -> list[Example]:
        """Those of these examples that the session has, by id, whether they stand or not; damaged ones left out."""
        wanted = json.dumps(sorted({int(i) for i in ids}))
        sql = f"SELECT {rows.EXAMPLE_COLUMNS} FROM example WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
        found = []
        for row in self._database.read(sql, (wanted,)):
            with suppress(*rows.NOT_A_VALUE):
                found.append(rows.example_of(row))
        return found

    def notes(self) -> dict[int, str]:
        """Example id → the user's note, of examples that do not stand too."""
        return dict(self._all("SELECT example_id, text FROM note", rows.note_of, "note"))

    def learned_in(self, version: int) -> LearnedExamples:
        """Which examples a version had learned, without its weights.

        Raises
        ------
        SessionError
            Where the session has no such version.
        SessionFormatError
            Where it is damaged.
        """
        return self._versions.learned_in(version)

    def inactive_ids(self) -> frozenset[int]:
        """Ids of the examples that were undone or deleted."""
        return frozenset(int(row[0]) for row in self._database.read("SELECT id FROM example WHERE NOT active"))

    def checkpoints(self) -> list[CheckpointInfo]:
        """All versions in order, without their arrays."""
        return self._versions.infos()

    def versions(self) -> frozenset[int]:
        """The numbers of all versions."""
        return frozenset(int(row[0]) for row in self._database.read("SELECT version FROM checkpoint"))

    def checkpoint(self, version: int, relearner: Relearner | None = None) -> Checkpoint:
        """A version with its arrays, each checked against its content id, read-only.

        One that is kept by its recipe is learned again, which can take a second; it is that version, or an error.
        Whoever reads several gives the same `relearner` each time: what they share is then read and made once.

        Raises
        ------
        SessionError
            Where the session has no such version.
        SessionFormatError
            Where it is damaged.
        OtherKernelError
            Where another kernel learned it, and learned again by this one it is not the same to the last bit.
        """
        return self._versions.get(version, Relearner() if relearner is None else relearner)

    def latest_checkpoint(self) -> Checkpoint | None:
        """The first of `newest_checkpoints`; None where there is none."""
        return next(self.newest_checkpoints(), None)

    def newest_checkpoints(self) -> Iterator[Checkpoint]:
        """The head (`set_references`), then the other versions that can be restored, newest first.

        A version that is damaged is passed over, and `report.problems` says so. Whole ones come before those that would
        have to be learned again.
        """
        head, relearner = self.head, Relearner()
        infos = sorted(self.checkpoints(), key=lambda info: (info.version == head, info.whole, info.version))
        for info in reversed(infos):
            try:
                checkpoint = self.checkpoint(info.version, relearner)
            except (SessionFormatError, OtherKernelError) as error:
                self.tell(str(error))
            else:
                yield checkpoint

    @property
    def head(self) -> int | None:
        """The version that the learner goes on from."""
        return self._reference("head")

    @property
    def serving(self) -> int | None:
        """The version that readers take."""
        return self._reference("serving")

    def records(self) -> list[PublishRecord]:
        """The history, oldest first."""
        return self._all("SELECT id, data FROM record ORDER BY id", rows.record_of, "record of the history")

    def events(self, newest: int = -1) -> list[LogLine]:
        """The log, oldest first; of a long one the `newest` lines, −1 for all."""
        sql = f"SELECT {rows.EVENT_COLUMNS} FROM event ORDER BY id DESC LIMIT {int(newest)}"
        return self._all(sql, rows.line_of, "log line")[::-1]

    def data_version(self) -> int:
        """A number that changes whenever another program has written something."""
        return int(self._database.read("PRAGMA data_version")[0][0])

    def label_marks(self) -> tuple[float, ...]:
        """Figures that change whenever classes, examples, takes or the undo history do; read in no time."""
        sums = (
            "count(*), max(id), total(active), total(class_id * (id + 1)) FROM example",
            "count(*), max(id), total(examples) FROM take",
            "count(*), max(id), total(done) FROM act",
            "count(*), total(crc) FROM class".replace("crc", row_check.COLUMN),
        )
        return tuple(float(value or 0) for part in sums for value in self._database.read(f"SELECT {part}")[0])

    def labels(self) -> dict[int, tuple[int, bool]]:
        """Example id → its class, and whether it stands; without its arrays."""
        rows_ = self._database.read("SELECT id, class_id, active FROM example")
        return {int(row[0]): (int(row[1]), bool(row[2])) for row in rows_}

    def records_after(self, row: int) -> tuple[list[PublishRecord], int]:
        """The history behind a row of the file, oldest first, and the row to ask behind next time; 0: all."""
        return self._after("record", "id, data", rows.record_of, row)

    def events_after(self, row: int | None) -> tuple[list[LogLine], int]:
        """The log behind a row of the file, oldest first, and the row to ask behind next time; None: nothing yet."""
        if row is None:
            return [], int(self._database.read("SELECT coalesce(max(id), 0) FROM event")[0][0])
        return self._after("event", rows.EVENT_COLUMNS, rows.line_of, row)

    def config(self, key: str, default: Any = None) -> Any:
        """A setting, or `default` where it was never set or is damaged."""
        found = self._database.read("SELECT value FROM config WHERE key = ?", (rows.text_of(key),))
        if not found:
            return default
        try:
            value = json_value(found[0][0])
            self._settings[rows.text_of(key)] = found[0][0]
            return value
        except rows.NOT_A_VALUE:
            self.tell(f"The setting {key!r} is damaged; its usual value is taken.")
            return default

    # -- inside --------------------------------------------------------------------------------------------

    def _all(self, sql: str, value_of: Callable[[rows.Row], T], what: str) -> list[T]:
        """Values of all rows; one that no value can be made of is left out, and said."""
        values, left_out = [], []
        for row in self._database.read(sql):
            try:
                values.append(value_of(row))
            except rows.NOT_A_VALUE:
                left_out.append(row[0])
        for number in left_out[:NAMED]:
            self.tell(f"The {what} with the number {number} is damaged and left out.")
        if len(left_out) > NAMED:
            self.tell(f"So are {len(left_out) - NAMED:,} others like that {what}.")
        return values

    def _after(self, table: str, columns: str, value_of: Callable[[rows.Row], T], row: int) -> tuple[list[T], int]:
        values = []
        for found in self._database.read(f"SELECT {columns} FROM {table} WHERE id > ? ORDER BY id", (row,)):
            row = int(found[0])
            with suppress(*rows.NOT_A_VALUE):
                values.append(value_of(found))
        return values, row

    def tell(self, problem: str) -> None:
        """Add to the report what was found only when it was read; once."""
        if problem not in self.report.problems:
            self.report.problems.append(problem)

    def _update(self, table: str, column: str, key: str, value: int, ids: Iterable[int]) -> int:
        return self._database.update(table, {column: "?1"}, f"{key} = ?2", [(value, int(i)) for i in ids])

    def _reference(self, key: str) -> int | None:
        value = self.config(key)
        return value if isinstance(value, int) else None


def _place_of(opened: Opened, path: Path | None) -> FilePlace | None:
    """The file that a session writes, if it writes one."""
    return None if path is None or opened.read_only or opened.lock is None else FilePlace(path, opened.lock)
