"""The measure of the camera's path, in a process of its own: it shows a window, which the others do without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dgstudio.errors import DgstudioError
from dgstudio.extras.known import EXTRAS, missing

NEEDED = ("studio", "webcam")
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
"""Where none of these says otherwise, the window is drawn in memory."""
LONGEST_S = 600.0
"""The clip takes a minute; a machine that is busy, some more."""


def run_webcam(_seconds: float = 0.0) -> dict[str, Any]:
    """Play the shipped clip once through the path of a camera, in a window, and teach it; see `webcam_figures`.

    It takes as long as the clip does. Where the window or the embedding is not installed, `left_out` says so.

    Raises
    ------
    DgstudioError
        Where the clip does not play here.
    """
    lacking = [package for name in NEEDED for package in missing(EXTRAS[name])]
    if lacking:
        return {"left_out": f"{', '.join(lacking)} is not installed"}
    environment = dict(os.environ)
    if sys.platform.startswith("linux") and not any(environment.get(name) for name in SCREENS):
        environment["QT_QPA_PLATFORM"] = "offscreen"
    command = [sys.executable, "-m", "dgstudio.bench.streams.webcam_process"]
    try:
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise DgstudioError(f"The clip was not played to its end within {LONGEST_S:g} s.") from None
    lines = done.stdout.strip().splitlines()
    found = json.loads(lines[-1]) if lines else {}
    if done.returncode or "features_hz" not in found:
        raise DgstudioError(str(found.get("error", f"The window of the clip ended with status {done.returncode}.")))
    return dict(found)


def main() -> None:
    """Measure, and print the figures as one line of JSON, or what went wrong."""
    from PySide6.QtCore import QSettings

    from dgstudio.bench.streams.webcam_bench import webcam_figures
    from dgstudio.studio.theme.application import application

    # Kept by this name until the end.
    app = application()
    with TemporaryDirectory(prefix="dgstudio-webcam-") as folder:
        settings = QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat)
        try:
            figures = webcam_figures(settings)
        except DgstudioError as error:
            figures = {"error": str(error)}
    print(json.dumps(figures), flush=True)
    del app


if __name__ == "__main__":
    main()
