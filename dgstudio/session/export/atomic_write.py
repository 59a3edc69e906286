"""Files that are taken along: never over another without leave, whole or not at all, one sentence where it fails."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.guard.files import keep_mode, make_private, make_usual, require_regular

Write = Callable[[Path], object]
"""Writes a new file of this name."""


class MissingLibraryError(DgstudioError):
    """An optional library that this kind of export needs is not installed."""


def needed(module: str) -> Any:
    """Import an optional library. `MissingLibraryError` names the line that installs it where it is not there."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        from dgstudio.extras.known import needs

        raise MissingLibraryError(needs("This export needs", module.partition(".")[0])) from error


def card_path(path: Path) -> Path:
    """Where the card of a model file goes: beside it, NAME.onnx.json."""
    return path.with_name(f"{path.name}.json")


def check_targets(paths: Sequence[Path], session: Path | None, overwrite: bool) -> None:
    """Refuse, before any work is done, files that could not be written or must not be.

    Parameters
    ----------
    session
        The session's own file, which none of them may be.

    Raises
    ------
    BadInputError
        Naming the first of them that cannot be.
    """
    seen: set[Path] = set()
    for path in paths:
        try:
            real = path.resolve()
            if path.is_dir():
                raise BadInputError(f"{path} is a folder: name a file in it.")
            if path.exists():
                # A file put in the place of a pipe or a device would take it from everybody.
                require_regular(path)
            if not path.absolute().parent.is_dir():
                raise BadInputError(f"Cannot write {path}: name a file in a folder that exists.")
            if session is not None and real == session.resolve():
                raise BadInputError(f"{path} is the session itself: choose another name.")
            if real in seen:
                raise BadInputError(f"{path} is named twice: give each export a file of its own.")
            seen.add(real)
            if path.exists() and not overwrite:
                raise BadInputError(f"{path} exists already: choose another name, or add --overwrite.")
        except (OSError, ValueError) as error:
            raise BadInputError(f"Cannot write {path}: {_reason(error)}.") from error


def unfinished(path: Path, process: int) -> Path:
    """The file that a process writes to until it is whole; what is left of it if the process is killed."""
    return path.with_name(f".{path.name}.{process}.new")


def write_whole(files: Sequence[tuple[Path, Write]], overwrite: bool) -> None:
    """Write files beside where they go, then put them in place, each in one step: all of them, or none.

    They are to be taken along: what is new may be read as any new file of the user's, what takes the place of another
    has its mode.

    Should the system refuse to put a later one in its place, earlier ones that are new are taken away again.

    Raises
    ------
    BadInputError
        If one is there and `overwrite` is false.
    DgstudioError
        If the system refuses; what was there before is still there.
    """
    made: list[tuple[Path, Path]] = []
    placed: list[Path] = []
    try:
        for path, write in files:
            # In the same folder, so that putting it in place is one step; not a name that someone might use.
            new = unfinished(path, os.getpid())
            made.append((new, path))
            # What takes the place of a private file is private while it is written, too.
            (make_private if path.exists() else make_usual)(new)
            write(new)
            with new.open("rb+") as written:
                os.fsync(written.fileno())
        check_targets([path for path, _ in files], None, overwrite)
        fresh = [path for _, path in made if not path.exists()]
        for new, path in made:
            keep_mode(new, path)
            new.replace(path)
            placed.append(path)
    except (OSError, ValueError) as error:
        for path in placed:
            if path in fresh:
                path.unlink(missing_ok=True)
        raise DgstudioError(f"Cannot write {made[-1][1]}: {_reason(error)}; nothing was written.") from error
    finally:
        for new, _ in made:
            with suppress(OSError, ValueError):
                new.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]
