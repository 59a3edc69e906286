"""The lock that says who writes a session file: one program at a time, while any number may read.

It is a lock of the operating system on one byte of the file, in the page that SQLite keeps for its own locks and never
stores anything in. `kill -9` frees it, a file that is moved keeps it, and nothing is left to clean up.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from dgstudio.records import dataclass

BYTE = (1 << 30) + 1024
"""Which byte: SQLite's own begin at 1 GiB and end 512 bytes later (https://sqlite.org/fileformat2.html, 1.4)."""
RETRY_S = 0.02


@dataclass(slots=True)
class _Shared:
    """The file as this process has it open, for all who ask: closing another would take all its locks away.

    See https://sqlite.org/howtocorrupt.html, 2.2.
    """

    file: int
    may_write: bool
    users: int = 0
    taken: bool = False


_shared: dict[tuple[int, int], _Shared] = {}
"""By device and inode."""
_guard = threading.Lock()


class WriterLock:
    """The lock of one file, taken by nobody at first. Any thread, one at a time.

    It is taken while a connection of SQLite holds the file, and given back after that is closed: where SQLite holds no
    lock, closing any of its connections takes this one away.

    Parameters
    ----------
    path
        A plain file; `OSError` where it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        with _guard:
            known = path.stat()
            self._key = known.st_dev, known.st_ino
            shared = _shared.get(self._key)
            if shared is None:
                file, may_write = _opened(path)
                found = os.fstat(file)
                self._key = found.st_dev, found.st_ino
                shared = _shared[self._key] = _Shared(file, may_write)
            shared.users += 1
            self._shared = shared
        self._mine = self._closed = False

    def take(self, patience_s: float = 0.0) -> bool:
        """Be the one who writes, unless somebody else is; whether nobody else is.

        Where the system grants no locks, or this file may only be read, nobody is known to write it.
        """
        with _guard:
            if self._shared.taken:
                return self._mine
            if not self._shared.may_write:
                return not _is_locked(self._shared.file)
            until = time.monotonic() + patience_s
            while not _locked(self._shared.file):
                # Somebody may just be looking whether it is free.
                if time.monotonic() >= until:
                    return False
                time.sleep(RETRY_S)
            self._shared.taken = self._mine = True
            return True

    @property
    def may_write(self) -> bool:
        """Whether the system lets this process write the file."""
        return self._shared.may_write

    @property
    def mine(self) -> bool:
        """Whether it was taken by this one."""
        return self._mine

    @property
    def taken(self) -> bool:
        """Whether anybody writes the file, in this process or in another."""
        with _guard:
            return self._shared.taken or _is_locked(self._shared.file)

    def bytes_at(self, place: int, count: int) -> bytes:
        """Return what stands in the file at a place."""
        with _guard:
            os.lseek(self._shared.file, place, os.SEEK_SET)
            return os.read(self._shared.file, count)

    def close(self) -> None:
        """Give it back, and the file; twice does nothing."""
        with _guard:
            if self._closed:
                return
            self._closed = True
            shared = self._shared
            if self._mine:
                self._mine = shared.taken = False
                _unlock(shared.file)
            shared.users -= 1
            if not shared.users:
                del _shared[self._key]
                os.close(shared.file)


def _opened(path: Path) -> tuple[int, bool]:
    """The file, and whether it may be written."""
    flags = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        return os.open(path, os.O_RDWR | flags), True
    except PermissionError:
        return os.open(path, os.O_RDONLY | flags), False
    except OSError as error:
        if error.errno != _READ_ONLY_DISK:
            raise
        return os.open(path, os.O_RDONLY | flags), False


if sys.platform == "win32":
    import errno
    import msvcrt

    _READ_ONLY_DISK = errno.EROFS

    def _locked(file: int) -> bool:
        """Take the byte; whether that was possible."""
        os.lseek(file, BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _is_locked(file: int) -> bool:
        """Whether somebody else has the byte."""
        if not _locked(file):
            return True
        _unlock(file)
        return False

    def _unlock(file: int) -> None:
        os.lseek(file, BYTE, os.SEEK_SET)
        with suppress(OSError):
            msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import errno
    import fcntl

    _READ_ONLY_DISK = errno.EROFS
    _ELSEWHERE = (errno.EACCES, errno.EAGAIN)

    def _locked(file: int) -> bool:
        """Take the byte; whether nobody else has it."""
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, BYTE)
        except OSError as error:
            # Another error: a disk that knows no locks.
            return error.errno not in _ELSEWHERE
        return True

    def _is_locked(file: int) -> bool:
        """Whether another process has the byte."""
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, BYTE)
        except OSError as error:
            return error.errno in _ELSEWHERE
        _unlock(file)
        return False

    def _unlock(file: int) -> None:
        with suppress(OSError):
            fcntl.lockf(file, fcntl.LOCK_UN, 1, BYTE)
