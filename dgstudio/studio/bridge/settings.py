"""Where the window remembers what is the user's: geometry, arrangement, theme, whether the hints were seen."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from PySide6.QtCore import QSettings

HINTS_SEEN = "hints/seen"
THEME = "look/theme"
GEOMETRY = "window/geometry"
ARRANGEMENT = "window/arrangement"
LAYOUTS = "window/layouts"
ARRANGEMENT_VERSION = 3
"""Raised when the panels are arranged anew; what was saved under another number is not restored."""


def settings_folder() -> Path:
    """Return the folder of the settings: $DGSTUDIO_HOME, else the platform's own place."""
    home = os.environ.get("DGSTUDIO_HOME")
    return Path(home) if home else Path(platformdirs.user_config_dir("dgstudio", appauthor=False))


def open_settings(folder: Path | None = None) -> QSettings:
    """Return the window's settings, read from and written to `studio.ini` in `folder` (Qt thread).

    A folder that cannot be written is no error: the window then begins anew next time.
    """
    return QSettings(str((folder or settings_folder()) / "studio.ini"), QSettings.Format.IniFormat)


def read_flag(settings: QSettings, key: str) -> bool:
    """Return a stored yes or no; an INI file gives booleans back as text."""
    return str(settings.value(key, "false")).lower() == "true"
