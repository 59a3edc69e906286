"""Files of others, opened so that nothing hangs and nothing floods; and our own, made for whom they are for."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dgstudio.guard.limits import MB

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
"""What is recorded of a person is for that person; Windows keeps such things elsewhere and takes no heed of these."""
USUAL_FILE: Final = 0o666
"""Less what the user's umask takes away: what every program gives a file that is to be taken along."""

_KINDS: Final[tuple[tuple[Callable[[int], bool], str], ...]] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)
_ADD_UP: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
_NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0)
"""Opening a pipe then returns at once, whether or not somebody writes into it."""
_PIECE: Final = 8 * MB


class UnusableFileError(OSError):
    """What is named is no regular file, or is too large; the text is the end of a sentence."""


def require_regular(path: Path) -> os.stat_result:
    """Return what the system says of a regular file, behind links too, without opening it.

    Raises
    ------
    UnusableFileError
        If it is a folder, a pipe, a device or a socket: reading from one may never end.
    OSError
        If it is not there or cannot be looked at; `ValueError` for a name that no file can have.
    """
    found = path.stat()
    _check_kind(found.st_mode)
    return found


def read_regular(path: Path, most: int) -> bytes:
    """Read a whole regular file of at most `most` bytes; what it is, is looked at once more when it is open.

    Raises
    ------
    UnusableFileError
        If it is no regular file, or larger.
    OSError
        As `require_regular`.
    """
    require_regular(path)
    with os.fdopen(os.open(path, os.O_RDONLY | _NO_WAIT | _ADD_UP), "rb", buffering=0) as file:
        found = os.fstat(file.fileno())
        # It may be another by now.
        _check_kind(found.st_mode)
        if found.st_size > most:
            raise _too_large(most)
        pieces, size = [], 0
        # Not by its size: it may grow meanwhile, and some files of the system have none.
        while piece := file.read(max(1, min(_PIECE, most + 1 - size))):
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise _too_large(most)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_large(most: int) -> UnusableFileError:
    return UnusableFileError(f"it is larger than {most >> 20:,} MB, the most that is read")


def _check_kind(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = next((word for is_it, word in _KINDS if is_it(mode)), "something of the system")
        raise UnusableFileError(f"it is {kind}, not a file")


def make_private(path: Path) -> None:
    """Make a new, empty file that only this user may read. `FileExistsError` where there is anything of that name."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _ADD_UP, PRIVATE_FILE))


def make_usual(path: Path) -> None:
    """Make a new, empty file that others may read as any new file of the user's (umask). Errors as `make_private`."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _ADD_UP, USUAL_FILE))


def keep_mode(new: Path, before: Path) -> None:
    """Give a file that takes another's place the mode that the other has; a new one stays as it was made."""
    try:
        mode = stat.S_IMODE(before.stat().st_mode)
    except OSError:
        return
    new.chmod(mode)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, for this user alone; what is there already keeps its mode.

    Raises
    ------
    OSError
        If the system refuses, or a file is in the way.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent)
    path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
