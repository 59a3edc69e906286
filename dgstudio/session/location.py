"""Where sessions are kept when the user names no file."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import platformdirs


def session_folder() -> Path:
    """Folder of sessions: `$DGSTUDIO_HOME/sessions`, else in the user's data folder of this system. Not made here."""
    home = os.environ.get("DGSTUDIO_HOME", "").strip()
    # Not the documents folder: macOS asks for permission there, in a window on top of a live stream.
    root = Path(home).expanduser() if home else Path(platformdirs.user_data_dir("dgstudio", appauthor=False))
    return root / "sessions"


def default_session_path(now: datetime | None = None) -> Path:
    """Path of a session that starts now, `session-YYYYmmdd-HHMMSS.dgs`, of a file that does not exist yet.

    Parameters
    ----------
    now
        Local time to name it after; the present where None.
    """
    stem = f"session-{now or datetime.now():%Y%m%d-%H%M%S}"
    folder = session_folder()
    path, number = folder / f"{stem}.dgs", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.dgs"
    return path
