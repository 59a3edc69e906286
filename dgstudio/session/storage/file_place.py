"""Whether a session's path still names the file that is open: what is written to another one is lost."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from dgstudio.errors import SessionError
from dgstudio.session.storage.writer_lock import WriterLock

WAL_KEPT = 16 * 2**20
"""Bytes to which SQLite cuts a -wal file that it begins anew; below that it never gets shorter."""


class FileLoss(StrEnum):
    """What somebody else did to the file of a session that is open."""

    DELETED = "deleted"
    REPLACED = "replaced"
    TRUNCATED = "truncated"


class SessionLostError(SessionError):
    """The file of an open session is not there any more, or not whole. `loss` says what became of it."""

    def __init__(self, path: Path, loss: FileLoss) -> None:
        super().__init__(f"The session file {path} was {loss} while it was open.")
        self.path = path
        self.loss = loss

    @property
    def whole(self) -> bool:
        """Whether all of it can still be read by whoever has it open: it only has no name any more."""
        return self.loss != FileLoss.TRUNCATED


class FilePlace:
    """The file at `path` and its -wal file, as they are known: device, inode, and at least so many bytes.

    A session holds its file open: on most systems somebody else can delete it, move it or put another one there all
    the same, and what is written from then on is nowhere once the program ends. Used under the database's lock.

    `lock` says that this process writes it.
    """

    def __init__(self, path: Path, lock: WriterLock) -> None:
        self.path = path
        self._files = {path: path.stat()}
        self._wal = path.with_name(path.name + "-wal")
        self._lock = lock

    def let_go(self) -> None:
        """The file is closed."""
        self._lock.close()

    def check(self) -> None:
        """Raise `SessionLostError` where somebody else has been at the file. A few microseconds."""
        for path in (self.path, self._wal):
            loss = self._loss(path)
            if loss is not None:
                raise SessionLostError(self.path, loss)

    def _loss(self, path: Path) -> FileLoss | None:
        known = self._files.get(path)
        try:
            now = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            # SQLite makes the -wal file with the first write, and keeps it while it is open.
            return None if known is None else FileLoss.DELETED
        except OSError:
            # Of a disk that cannot be asked nothing is known; writing to it will tell.
            return None
        if known is not None:
            if (now.st_dev, now.st_ino) != (known.st_dev, known.st_ino):
                return FileLoss.REPLACED
            if now.st_size < (known.st_size if path is self.path else min(known.st_size, WAL_KEPT)):
                return FileLoss.TRUNCATED
        self._files[path] = now
        return None
