"""Where sessions are kept when the user names no file, and what a copy beside another is called."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

import platformdirs

from dgstudio.errors import BadInputError

SUFFIX = ".dgs"
NUMBERED = re.compile(r"(.*) (\d{1,4})")


def data_folder() -> Path:
    """Folder of what the program keeps for its user: `$DGSTUDIO_HOME`, else as this system has it. Not made here."""
    home = os.environ.get("DGSTUDIO_HOME", "").strip()
    # Not the documents folder: macOS asks for permission there, in a window on top of a live stream.
    return Path(home).expanduser() if home else Path(platformdirs.user_data_dir("dgstudio", appauthor=False))


def session_folder() -> Path:
    """Folder of sessions, `sessions` in the data folder. Not made here."""
    return data_folder() / "sessions"


def default_session_path(now: datetime | None = None) -> Path:
    """Path of a session that starts now, `session-YYYYmmdd-HHMMSS.dgs`, of a file that does not exist yet.

    Parameters
    ----------
    now
        Local time to name it after; the present where None.
    """
    stem = f"session-{now or datetime.now():%Y%m%d-%H%M%S}"
    folder = session_folder()
    path, number = folder / f"{stem}{SUFFIX}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{SUFFIX}"
    return path


def found_session(named: Path) -> Path:
    """Return the file of a session: as it is named, or with `.dgs` added; a bare name also in the default folder.

    Raises
    ------
    BadInputError
        Where there is none.
    """
    bare = str(named) == named.name
    for folder in (Path(), session_folder()) if bare else (Path(),):
        for suffix in ("", SUFFIX):
            path = folder / f"{named}{suffix}"
            if path.is_file():
                return path
    also = f", here or in {session_folder()}" if bare else ""
    raise BadInputError(f"There is no session {named}{also}: check the name.")


def rescue_paths(path: Path) -> list[Path]:
    """Where a session goes on whose file was lost: beside it, else in the default folder; none exists yet."""
    number, beside = 1, path.with_name(f"{path.stem} rescued{SUFFIX}")
    while beside.exists():
        number += 1
        beside = path.with_name(f"{path.stem} rescued {number}{SUFFIX}")
    return [beside, default_session_path()]


def duplicate_path(path: Path) -> Path:
    """Path of a copy beside `path` that does not exist yet: `NAME 2.dgs`, `NAME 3.dgs`, … also for copies of copies."""
    found = NUMBERED.fullmatch(path.stem)
    stem, number = (found[1], int(found[2])) if found else (path.stem, 1)
    while True:
        number += 1
        copy = path.with_name(f"{stem} {number}{path.suffix or SUFFIX}")
        if not copy.exists():
            return copy
