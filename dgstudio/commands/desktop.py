"""The studio as the command line opens it: what must be so before Qt is loaded."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.signals import interrupts_end_at_once
from dgstudio.system_packages import refuse_if_no_platform

OF_THE_WINDOW = frozenset({"PySide6", "shiboken6", "qtawesome", "pyqtgraph"})
"""Packages that only the window needs: a station is installed without."""
LONGEST_S = 2_000_000.0
"""The longest that Qt's timers wait, nearly."""


def without_display() -> bool:
    """Whether this is a Linux without a screen, and Qt has not been told to do without."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("QT_QPA_PLATFORM")
    return sys.platform.startswith("linux") and not screen


def open_studio(**options: Any) -> int:
    """Open the studio; returns the exit status. `options` are those of `studio.launch.StudioOptions`.

    Raises
    ------
    DgstudioError
        Where there is no screen, or an option or a file is not as it must be.
    """
    seconds = options.get("quit_after")
    if seconds is not None and not 0 < seconds <= LONGEST_S:
        raise BadInputError(f"--quit-after must be a number of seconds above 0 and at most {LONGEST_S:,.0f}.")
    if without_display():
        raise DgstudioError(
            "There is no display to open the studio on. Without one these work: dgstudio run, dgstudio demo "
            "--unattended, dgstudio bench, dgstudio replay, dgstudio experiment, dgstudio proof, dgstudio import, "
            "dgstudio export, dgstudio doctor."
        )
    # Nothing of what is imported and made until the window is there is garbage: to look for some takes a fifth of it.
    gc.disable()
    try:
        return _open(options)
    finally:
        gc.enable()


def _open(options: dict[str, Any]) -> int:
    # Until the window listens to signals, and when it does no more.
    with interrupts_end_at_once():
        try:
            from dgstudio.studio.pyside_imports import keep_from_reading_sources

            # Before the next line, which imports most of the program.
            keep_from_reading_sources()
            from dgstudio.studio.start import start_studio
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in OF_THE_WINDOW:
                raise
            raise DgstudioError(_no_window()) from error
        refuse_if_no_platform()
        return start_studio(**options)


def _no_window() -> str:
    from dgstudio.extras.known import EXTRAS, line

    return (
        f"The window is not installed; to install it: {line(EXTRAS['studio'])}. Without it dgstudio run works, and all "
        "commands that draw nothing."
    )
