"""How a session file is opened: checked before anything writes to it, locked, migrated, or salvaged."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import field
from pathlib import Path

from dgstudio.errors import SessionError, SessionFormatError, SessionInUseError
from dgstudio.guard.files import UnusableFileError, keep_mode, make_folder, make_private, require_regular
from dgstudio.records import dataclass
from dgstudio.session.format import schema
from dgstudio.session.format.own_schema import SchemaReport, compare
from dgstudio.session.storage.connection import (
    BUSY_S,
    connect,
    is_corruption,
    is_of_the_file,
    memory_database,
    tolerate,
)
from dgstudio.session.storage.examine import examine
from dgstudio.session.storage.file_place import WAL_KEPT
from dgstudio.session.storage.salvage import salvage
from dgstudio.session.storage.sizes import check_sizes
from dgstudio.session.storage.writer_lock import WriterLock

BESIDE = ("-wal", "-shm", "-journal")
"""Ends of the names of files that SQLite has beside a session."""
READ_ONLY = "the file or its folder is read-only"
DAMAGED = "it is damaged"
FIRST_CHECKED = 6
"""The first format with checksums over rows."""
WATCHED = "another program writes it"
FOREIGN = "it holds what is not dgstudio's"


@dataclass(slots=True)
class OpenReport:
    """What opening a session found. `problems` are sentences, the general one first; empty where all is well."""

    problems: list[str] = field(default_factory=list)
    damaged: bool = False
    migrated_from: int | None = None
    backup: Path | None = None
    """The copy that was made before the migration."""

    @property
    def ok(self) -> bool:
        """Whether everything was read and the session can be written."""
        return not self.problems


@dataclass(slots=True)
class Opened:
    """A connection, why it cannot be written (empty: it can), and what opening found.

    `lock` says who writes the file: this process, or, where it is watched, another one; None where nobody does.
    """

    db: sqlite3.Connection
    read_only: str
    report: OpenReport
    lock: WriterLock | None = None


def failure_sentence(name: str, error: BaseException, done: str = "was not saved") -> str:
    """Why SQLite or the system refused, and what to do, in one sentence."""
    code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF
    reasons = {
        sqlite3.SQLITE_FULL: ("the disk is full", "free some space and try again"),
        sqlite3.SQLITE_READONLY: (READ_ONLY, "save a copy somewhere else"),
        sqlite3.SQLITE_PERM: (READ_ONLY, "save a copy somewhere else"),
        sqlite3.SQLITE_BUSY: ("another dgstudio has it open", "close it there first"),
        sqlite3.SQLITE_LOCKED: ("another dgstudio has it open", "close it there first"),
        sqlite3.SQLITE_CANTOPEN: ("the file cannot be opened", "check its folder and permissions"),
        sqlite3.SQLITE_IOERR: (f"the disk reported an error ({error})", "check the disk or save a copy elsewhere"),
        sqlite3.SQLITE_CORRUPT: (DAMAGED, "open it again to see what can be read"),
        sqlite3.SQLITE_NOTADB: (DAMAGED, "open it again to see what can be read"),
    }
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    reason, advice = reasons.get(code, (text, "check the file and try again"))
    return f"The session {name} {done} because {reason}; {advice}."


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _has_wal(path: Path) -> bool:
    """Whether commits are still outside the main file: the writer was killed."""
    wal = _beside(path, "-wal")
    return wal.is_file() and wal.stat().st_size > 0


def _make_durable(db: sqlite3.Connection) -> None:
    """From here on a commit that has returned survives `kill -9` and the loss of power."""
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA fullfsync=ON")
    db.execute(f"PRAGMA journal_size_limit={WAL_KEPT}")


def check_file(path: Path) -> None:
    """Refuse what is no session by its looks and its header, read without a lock and without touching it."""
    name = str(path)
    try:
        size = _require_files(path).st_size
    except FileNotFoundError as error:
        raise SessionFormatError(f"There is no session {name}; check the name.") from error
    except (OSError, ValueError) as error:
        raise SessionFormatError(failure_sentence(name, error, "cannot be opened")) from error
    if size == 0:
        raise SessionFormatError(f"{name} is empty, not a session; choose another file.")
    # Through SQLite, not open(): closing a plain file would drop the locks that this process holds on it.
    try:
        with closing(connect(path, "mode=ro&immutable=1")) as db:
            # Else a file that is shorter than its header says is refused before its header can be read.
            tolerate(db)
            application_id = int(db.execute("PRAGMA application_id").fetchone()[0])
            schema.check_version(name, application_id, schema.version_of(db))
            if size < int(db.execute("PRAGMA page_size").fetchone()[0]):
                # SQLite would take what is left for an empty database, and begin to write it.
                raise SessionFormatError(f"{name} is cut off after {size} bytes: nothing of it is left to read.")
    except (sqlite3.Error, ValueError) as error:
        if not isinstance(error, sqlite3.Error) or is_corruption(error):
            raise SessionFormatError(
                f"{name} is not a dgstudio session, or its beginning is damaged; it is left as it is, choose another "
                "file or restore it from a backup."
            ) from error
        raise SessionError(failure_sentence(name, error, "cannot be read")) from error


def _require_files(path: Path) -> os.stat_result:
    """Refuse a session that is a folder, a pipe or a device, or has one beside it that SQLite would read from.

    Raises SessionFormatError, or what `Path.stat` does.
    """
    beside = path
    try:
        found = require_regular(path)
        for end in BESIDE:
            beside = _beside(path, end)
            if beside.is_symlink():
                raise SessionFormatError(f"{beside} is a link, which SQLite would write through: move it away.")
            with suppress(FileNotFoundError):
                require_regular(beside)
    except UnusableFileError as error:
        advice = "choose a file that ends in .dgs" if beside is path else "move it away"
        raise SessionFormatError(f"{beside} cannot be read: {error}; {advice}.") from error
    return found


def open_database(path: Path) -> Opened:
    """Open an existing session: for writing if that is possible, else for reading.

    It is locked for this process until the connection is closed, or the process ends; others may read it meanwhile.

    A killed writer's last commits are still in the -wal file, and a writing connection would move them into the
    main file when it closes. So damage is looked for by a reading connection first: a damaged file is never touched.

    Raises
    ------
    SessionFormatError
        Where it is no session, is from the future, or nothing in it can be read.
    SessionInUseError
        Where another dgstudio has it open.
    SessionError
        Where it cannot be got at.
    """
    check_file(path)
    try:
        lock = WriterLock(path)
    except OSError as error:
        raise SessionError(failure_sentence(str(path), error, "cannot be read")) from error
    try:
        opened = _opened(path, lock)
    except BaseException:
        lock.close()
        raise
    if opened.lock is None:
        lock.close()
    return opened


def _opened(path: Path, lock: WriterLock) -> Opened:
    name = str(path)
    if lock.taken:
        raise SessionInUseError(_in_use(name))
    try:
        if _has_wal(path):
            with _beside_wal(path) as db:
                rescued = _rescued(db, name)
                if rescued is not None:
                    return rescued
        elif not _has_its_size(path, lock):
            # SQLite writes the size into the file with the first transaction, whatever else is wrong with it.
            with closing(connect(path, "mode=ro&immutable=1")) as db:
                told = OpenReport([f"{name} has not the size that it says; the file is left as it is."], damaged=True)
                return _rescued(db, name) or Opened(_in_memory(db), DAMAGED, told)
        if not lock.may_write:
            # SQLite would open it, and say so only when something is written.
            return _open_read_only(path, READ_ONLY)
        return _open_writable(path, lock)
    except (sqlite3.Error, OSError) as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise SessionInUseError(_in_use(name)) from error
        try:
            return _open_read_only(path, str(error) if _may_write(path) else READ_ONLY)
        except (sqlite3.Error, OSError) as second:
            raise SessionError(failure_sentence(name, second, "cannot be read")) from second


def _in_use(name: str) -> str:
    return (
        f"The session {name} is open in another dgstudio (or another window of this one); close it there, watch it, or "
        "open a copy of the file."
    )


def open_for_watching(path: Path) -> Opened:
    """Open a session that another program may be writing, to follow it: whoever reads sees what is durable by then.

    Nothing is written, migrated or locked, and the writer waits for nothing. `lock` tells whether somebody writes it.

    Raises
    ------
    SessionFormatError
        As `open_database`, and where it is damaged or from an earlier dgstudio.
    SessionError
        Where it cannot be got at.
    """
    check_file(path)
    name = str(path)
    try:
        lock = WriterLock(path)
        try:
            return Opened(_watched(path, name), WATCHED, OpenReport(), lock)
        except BaseException:
            lock.close()
            raise
    except (sqlite3.Error, OSError) as error:
        raise SessionError(failure_sentence(name, error, "cannot be watched")) from error


def _watched(path: Path, name: str) -> sqlite3.Connection:
    db = connect(path, "mode=ro")
    try:
        # All of it at one moment: the writer goes on meanwhile.
        db.execute("BEGIN")
        if _check_version(db, name) < schema.FORMAT:
            raise SessionFormatError(f"{name} is written by an earlier dgstudio: it cannot be watched, end that first.")
        rescued = _rescued(db, name)
        if rescued is not None:
            rescued.db.close()
            raise SessionFormatError(f"{name} is damaged, and cannot be watched; open it to see what can be read.")
        db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db


def open_for_reading(path: Path, *, deep: bool = False) -> Opened:
    """Open an existing session to take something from it: nothing is written, nothing migrated, nothing locked.

    `deep`: a value is made of each row, and each recipe's examples are looked for.

    Raises
    ------
    SessionFormatError
        As `open_database`.
    SessionInUseError
        Where a dgstudio has it open: what it writes meanwhile would be half seen.
    SessionError
        Where it cannot be got at.
    """
    check_file(path)
    name = str(path)
    if is_open_elsewhere(path):
        raise SessionInUseError(
            f"The session {name} is open in another dgstudio; close it there, or take a copy of it."
        )
    try:
        return _open_read_only(path, "it was opened for reading", asked=True, deep=deep)
    except (sqlite3.Error, OSError) as error:
        raise SessionError(failure_sentence(name, error, "cannot be read")) from error


def _may_write(path: Path) -> bool:
    """Whether the system lets this process write the file and its folder; only used to say why it did not work."""
    effective = os.access in os.supports_effective_ids
    return all(os.access(place, os.W_OK, effective_ids=effective) for place in (path, path.absolute().parent))


def _has_its_size(path: Path, lock: WriterLock) -> bool:
    """Whether a file is as long as its header says; raises sqlite3.Error."""
    with closing(connect(path, "mode=ro&immutable=1")) as db:
        page = int(db.execute("PRAGMA page_size").fetchone()[0])
    # The page count in SQLite's header: https://sqlite.org/fileformat2.html, 1.3.
    return path.stat().st_size == page * int.from_bytes(lock.bytes_at(28, 4), "big")


@contextmanager
def _beside_wal(path: Path) -> Iterator[sqlite3.Connection]:
    """A reading connection that sees what is in the -wal file and moves none of it into the main file."""
    shm = _beside(path, "-shm")
    was_there = shm.exists()
    try:
        with closing(connect(path, "mode=ro")) as db:
            yield db
    finally:
        if not was_there:
            with suppress(OSError):
                shm.unlink()


@contextmanager
def _private_copy(path: Path) -> Iterator[sqlite3.Connection]:
    """The same for a folder that cannot be written, where SQLite cannot read a -wal file: a copy elsewhere."""
    with tempfile.TemporaryDirectory(prefix="dgstudio-") as folder:
        copy = Path(folder) / "copy.dgs"
        shutil.copyfile(path, copy)
        shutil.copyfile(_beside(path, "-wal"), _beside(copy, "-wal"))
        with closing(connect(copy, "mode=rw")) as db:
            yield db


def _check_version(db: sqlite3.Connection, name: str) -> int:
    version = schema.version_of(db)
    schema.check_version(name, schema.APPLICATION_ID, version)
    return version


def _open_writable(path: Path, lock: WriterLock) -> Opened:
    name, report = str(path), OpenReport()
    db = connect(path, "mode=rw")
    try:
        # Whether it can be written at all.
        db.execute("BEGIN IMMEDIATE")
        db.execute("COMMIT")
        rescued = _rescued(db, name)
        if rescued is not None:
            db.close()
            return rescued
        _make_durable(db)
        version = _check_version(db, name)
        # From here on it is held by SQLite as well.
        if not lock.take(BUSY_S):
            raise SessionInUseError(_in_use(name))
        if version < schema.FORMAT:
            report.backup, report.migrated_from = _back_up(db, path, version), version
            schema.migrate(db, name)
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except BaseException:
        db.close()
        raise
    return Opened(db, "", report, lock)


def _open_read_only(path: Path, why: str, *, asked: bool = False, deep: bool = False) -> Opened:
    """Open for reading; unless that is what was asked for, it is a problem that is said."""
    name, report = str(path), OpenReport()
    if _has_wal(path):
        with _private_copy(path) as copy:
            rescued = _rescued(copy, name, deep=deep)
            if rescued is not None:
                return rescued
            db = _in_memory(copy)
    else:
        db = connect(path, "mode=ro&immutable=1")
    try:
        rescued = None if _has_wal(path) else _rescued(db, name, deep=deep)
        if rescued is not None:
            db.close()
            return rescued
        version = _check_version(db, name)
        if version < schema.FORMAT:
            on_disk, db = db, _in_memory(db)
            on_disk.close()
            report.migrated_from = version
            schema.migrate(db, name)
    except BaseException:
        db.close()
        raise
    if not asked:
        report.problems.append(f"{name} can be read but nothing can be saved in it ({why}); save a copy to go on.")
    return Opened(db, why, report)


def _rescued(db: sqlite3.Connection, name: str, *, deep: bool = False) -> Opened | None:
    """What can be read, in memory, of a file that is not wholly ours and sound; None for one that is.

    Its schema is looked at first, before anything that would run what it says; then pages, then every row and array.
    """
    ours: SchemaReport | None = None
    try:
        ours = compare(db, _check_version(db, name))
        if ours.ours and db.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",) and _is_sound(db, name, deep):
            return None
    except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
        if not is_of_the_file(error):
            raise
    try:
        saved, problems = salvage(db, name, ours)
    except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
        if not is_of_the_file(error):
            raise
        raise SessionFormatError(
            f"{name} is damaged and cannot be read ({error}); it is left as it is, restore it from a backup."
        ) from error
    check_sizes(saved, name)
    foreign = ours is not None and bool(ours.foreign)
    return Opened(saved, FOREIGN if foreign else DAMAGED, OpenReport(problems, damaged=True))


def _is_sound(db: sqlite3.Connection, name: str, deep: bool) -> bool:
    """Whether every row and array is what was written; of an earlier format, in a copy that has been brought up."""
    version = schema.version_of(db)
    if version == schema.FORMAT:
        # Before anything is unpacked.
        check_sizes(db, name)
    if version >= FIRST_CHECKED and not examine(db, deep=deep).sound:
        return False
    if version == schema.FORMAT:
        return True
    with closing(_in_memory(db)) as copy:
        schema.migrate(copy, name)
        check_sizes(copy, name)
        # Its checksums are of now: they say nothing of what was written once.
        return examine(copy, deep=True).sound


def _in_memory(db: sqlite3.Connection) -> sqlite3.Connection:
    memory = memory_database()
    db.backup(memory)
    return memory


def _back_up(db: sqlite3.Connection, path: Path, version: int) -> Path:
    """Copy the whole session, -wal file included, to NAME.dgs.backup-vN, or the next free name after it."""
    backup, number = _beside(path, f".backup-v{version}"), 1
    while backup.exists():
        number += 1
        backup = _beside(path, f".backup-v{version}-{number}")
    _write_copy(db, backup)
    return backup


def _write_copy(db: sqlite3.Connection, path: Path) -> None:
    try:
        # SQLite gives the files beside it the same mode.
        make_private(path)
        with closing(connect(path, "mode=rw")) as copy:
            db.backup(copy)
            copy.execute("PRAGMA journal_mode=WAL")
    except BaseException:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise


def create_file(path: Path, overwrite: bool, source: sqlite3.Connection | None = None) -> None:
    """Make a session file, empty or a copy of `source`; it appears whole or not at all.

    Raises
    ------
    SessionError
        Where it exists and `overwrite` is false, is open in another dgstudio, or the disk refuses.
    """
    name = str(path)
    new = _beside(path, ".new")
    try:
        if path.is_dir():
            raise SessionError(f"{name} is a folder; choose the name of a file that ends in .dgs.")
        if path.exists():
            if not overwrite:
                raise SessionError(f"The session {name} exists already; open it, or choose another name.")
            _require_files(path)
        make_folder(path.parent)
        new.unlink(missing_ok=True)
        if source is None:
            with closing(memory_database()) as empty:
                schema.create_tables(empty)
                _write_copy(empty, new)
        else:
            _write_copy(source, new)
        if path.exists() and is_open_elsewhere(path):
            raise SessionError(
                f"The session {name} is open in another dgstudio; close it there, or choose another name."
            )
        # A -wal file that stays behind would be taken for that of the new session.
        for end in BESIDE:
            _beside(path, end).unlink(missing_ok=True)
        keep_mode(new, path)
        new.replace(path)
    except (sqlite3.Error, OSError, ValueError) as error:
        raise SessionError(failure_sentence(name, error, "could not be made")) from error
    finally:
        with suppress(OSError, ValueError):
            new.unlink(missing_ok=True)


def is_open_elsewhere(path: Path) -> bool:
    """Whether somebody, this process or another, writes a session file."""
    try:
        _require_files(path)
    except (SessionFormatError, OSError):
        return False
    try:
        lock = WriterLock(path)
        try:
            if lock.taken:
                return True
            with _beside_wal(path) as db:
                db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            lock.close()
    except OSError:
        return False
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    except ValueError:
        # Its schema is no text, which is seen and said when it is opened.
        return False
    return False
