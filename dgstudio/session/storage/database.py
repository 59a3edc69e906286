"""The database under a session: one user at a time, group commits that hold or never were, errors as sentences."""

from __future__ import annotations

import ctypes
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from dgstudio.errors import SessionError
from dgstudio.session.format import row_check
from dgstudio.session.format.rows import Row
from dgstudio.session.format.schema import create_tables
from dgstudio.session.storage.connection import memory_database
from dgstudio.session.storage.file_place import FilePlace
from dgstudio.session.storage.opening import create_file, failure_sentence
from dgstudio.session.storage.salvage import salvage

T = TypeVar("T")


def _insert(table: str, columns: str) -> str:
    marks = ", ".join("?" * (columns.count(",") + 2))
    return f"INSERT INTO {table} ({columns}, {row_check.COLUMN}) VALUES ({marks})"


def _checked(table: str, columns: str, values: Sequence[Row]) -> list[Row]:
    """Rows with their checksums at the end; a column that is not given is empty."""
    names = columns.split(", ")
    places = [names.index(column) if column in names else -1 for column in row_check.CHECKED[table]]
    # One more at the end for those that are not given.
    return [(*row, row_check.row_check(*[(*row, None)[place] for place in places])) for row in values]


class Database:
    """A connection with a lock. Any thread may call it; a batch holds it until it ends, and others wait.

    Parameters
    ----------
    connection
        In autocommit mode, usable from every thread; closed by `close`.
    label
        What to call it in errors.
    why_read_only
        Why nothing can be written; empty where it can.
    place
        The file that is written; None in memory, and where nothing is written.
    """

    def __init__(
        self, connection: sqlite3.Connection, label: str, why_read_only: str = "", place: FilePlace | None = None
    ) -> None:
        self.label = label
        self.why_read_only = why_read_only
        self._place = place
        self.lock = threading.RLock()
        self._connection = connection
        self._in_batch = False
        self._failure: SessionError | None = None
        self._closed = False

    def close(self) -> None:
        """Close and unlock; a batch that this very thread has open is rolled back. May be called again."""
        with self.lock:
            if not self._closed:
                self._roll_back()
                self._closed = True
                if self._place is not None:
                    # Else what was written last stays outside of the file as long as somebody watches it.
                    with suppress(sqlite3.Error):
                        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._connection.close()
                if self._place is not None:
                    self._place.let_go()

    def check_place(self) -> None:
        """Raise `SessionLostError` where the path does not name the file any more that is written."""
        with self.lock:
            if self._place is not None and not self._closed:
                self._place.check()

    def go_on_with(
        self,
        connection: sqlite3.Connection,
        label: str,
        why_read_only: str = "",
        place: FilePlace | None = None,
        *,
        lost: bool = False,
    ) -> None:
        """Let another connection, to a copy of all of it, take this one's place; whoever waits for the lock gets it.

        `lost`: the path of the one before may name somebody else's file by now, which is not touched.
        """
        with self.lock:
            self._check_open()
            before, self._connection = self._connection, connection
            held, self._place = self._place, place
            self.label, self.why_read_only = label, why_read_only
            if lost:
                # Closing would write into a file that was cut short, and remove a -wal file by its name, whosever it
                # is. Nobody closes what is never let go of.
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(before))
                return
            before.close()
            if held is not None:
                held.let_go()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """One group commit: durable when the block is left, all of it or nothing. Raises SessionError."""
        with self.lock:
            self._check_open()
            if self._in_batch:
                raise SessionError(f"The session {self.label} is in a batch already; end it before the next.")
            if self.why_read_only:
                raise SessionError(
                    f"Nothing can be saved in the session {self.label} because {self.why_read_only}; save a copy "
                    "somewhere else to go on."
                )
            self._failure, self._in_batch = None, True
            try:
                self._run(self._connection.execute, "BEGIN IMMEDIATE")
                yield
                self._check_open()
                if self._failure is not None:
                    # A statement failed and someone swallowed it: half a batch is not what was asked for.
                    raise self._failure
                self.check_place()
                self._run(self._connection.execute, "COMMIT")
            except BaseException as error:
                self._roll_back()
                if isinstance(error, SessionError):
                    # A file that was cut short fails in many ways; this is the one to tell of.
                    self.check_place()
                raise
            finally:
                self._in_batch = False

    @contextmanager
    def own_batch(self) -> Iterator[None]:
        """The batch of this thread that is open, else one of its own."""
        with self.lock:
            if self._in_batch:
                self._check_open()
                yield
            else:
                with self.batch():
                    yield

    def write(self, sql: str, values: Sequence[Row]) -> int:
        """Run one statement for each row of values; returns how many rows of the table it changed."""
        with self.own_batch():
            return self._run(self._connection.executemany, sql, values).rowcount if values else 0

    def put(self, table: str, columns: str, values: Sequence[Row]) -> None:
        """Insert rows with their checksums, or overwrite those that have the same first column."""
        names = [*columns.split(", "), row_check.COLUMN]
        changes = ", ".join(f"{column} = excluded.{column}" for column in names[1:])
        sql = f"{_insert(table, columns)} ON CONFLICT ({names[0]}) DO UPDATE SET {changes}"
        self.write(sql, _checked(table, columns, values))

    def insert(self, table: str, columns: str, values: Sequence[Row]) -> None:
        """Insert rows with their checksums."""
        self.write(_insert(table, columns), _checked(table, columns, values))

    def update(self, table: str, changes: dict[str, str], where: str, values: Sequence[Row]) -> int:
        """Change rows, each with its checksum, once for each row of values; returns how many rows it changed.

        `changes` are SQL expressions by column; in these and in `where`, ?1 is the first of the values, and so on.
        """
        everything = {**changes, row_check.COLUMN: row_check.expression(table, changes)}
        sets = ", ".join(f"{column} = {new}" for column, new in everything.items())
        return self.write(f"UPDATE {table} SET {sets} WHERE {where}", values)

    def read(self, sql: str, values: Row = ()) -> list[Any]:
        """All rows of a query. Raises SessionError."""
        with self.lock:
            self._check_open()
            try:
                return self._connection.execute(sql, values).fetchall()
            except (sqlite3.Error, OverflowError) as error:
                raise SessionError(failure_sentence(self.label, error, "could not be read")) from error

    def size_bytes(self) -> int:
        """Bytes of all pages, also of those that are not yet in the main file. Raises SessionError."""
        with self.lock:
            pages, page = (int(self.read(f"PRAGMA {name}")[0][0]) for name in ("page_count", "page_size"))
            return pages * page

    def table_bytes(self, tables: Sequence[str]) -> dict[str, int]:
        """Bytes of the values in each of these tables. Raises SessionError."""
        found = {}
        with self.lock:
            for table in tables:
                columns = [row[1] for row in self.read(f'PRAGMA table_info("{table}")')]
                lengths = " + ".join(f"coalesce(length(CAST({column} AS BLOB)), 0)" for column in columns)
                found[table] = int(self.read(f'SELECT coalesce(sum({lengths}), 0) FROM "{table}"')[0][0])
        return found

    def copy_to(self, path: Path, overwrite: bool) -> None:
        """Write all of it to a new session file. Raises SessionError."""
        with self.lock:
            self._check_open()
            if self._in_batch:
                raise SessionError(f"The session {self.label} is being written; save a copy after that.")
            create_file(path, overwrite, self._connection)

    def readable(self) -> sqlite3.Connection:
        """What can still be read of it, in memory, by whatever means; empty where nothing can."""
        with self.lock:
            self._check_open()
            try:
                return salvage(self._connection, self.label)[0]
            except (SessionError, sqlite3.Error):
                empty = memory_database()
                create_tables(empty)
                return empty

    def in_memory(self) -> sqlite3.Connection:
        """A copy of all of it in memory. Raises SessionError."""
        with self.lock:
            self._check_open()
            copy = memory_database()
            try:
                self._connection.backup(copy)
            except sqlite3.Error as error:
                copy.close()
                raise SessionError(failure_sentence(self.label, error, "could not be read")) from error
            return copy

    def _check_open(self) -> None:
        if self._closed:
            raise SessionError(f"The session {self.label} is closed; open it again.")

    def _run(self, act: Callable[..., T], *arguments: Any) -> T:
        try:
            return act(*arguments)
        except (sqlite3.Error, OverflowError) as error:
            self._failure = SessionError(failure_sentence(self.label, error))
            raise self._failure from error

    def _roll_back(self) -> None:
        # SQLite has rolled back by itself after some errors, a full disk among them.
        if not self._closed and self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
