"""How long a start of the program takes, beside one of Python that only imports what no window does without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dgstudio.errors import DgstudioError
from dgstudio.studio.timings import TIMINGS

STARTS = 5
"""How often the program is started to see how long that takes."""
OPEN_S = 4.0
"""How long it then stays open: until something has moved, for sure."""
BARE = "import PySide6.QtWidgets, numpy"
LONGEST_S = 120.0


def start_times() -> dict[str, float]:
    """Seconds from the start of a process to its splash, its window and its first moving frame, and of `BARE`.

    Medians; both are started in turn.
    """
    bare: list[float] = []
    runs: list[dict[str, float]] = []
    with TemporaryDirectory(prefix="dgstudio-start-") as folder:
        for _ in range(STARTS):
            bare.append(bare_imports())
            runs.append(timed_start(Path(folder), "--quit-after", f"{OPEN_S:g}"))
    median = {name: float(np.median([run[name] for run in runs])) for name in ("splash", "window", "moving")}
    imports = float(np.median(bare))
    return {
        **{f"{name}_s": seconds for name, seconds in median.items()},
        "bare_imports_s": imports,
        "over_bare_imports": median["window"] / imports,
    }


def bare_imports() -> float:
    """Seconds that a process takes which imports Qt's widgets and numpy, from the wish for it to its end."""
    begun = time.time()
    command = [sys.executable, "-c", BARE]
    subprocess.run(command, env=_environment(), check=True, capture_output=True, timeout=LONGEST_S)
    return time.time() - begun


def timed_start(folder: Path, *arguments: str) -> dict[str, float]:
    """Start `dgstudio` with these arguments; what was seen, and how many seconds after the process was asked for.

    Both ends are read from the same clock, as by a user: when the system says that a process began may be wrong by a
    second.
    """
    path = folder / "timings.json"
    path.unlink(missing_ok=True)
    environment = {**_environment(), TIMINGS: str(path), "DGSTUDIO_HOME": str(folder)}
    begun = time.time()
    command = [sys.executable, "-m", "dgstudio", *arguments]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=LONGEST_S)
    seen = json.loads(path.read_text(encoding="utf-8"))
    if "moving" not in seen:
        raise DgstudioError("The window that was started showed nothing moving: is this machine very busy?")
    return {name: moment - begun for name, moment in seen.items()}


def _environment() -> dict[str, str]:
    """That of this process, but for what forbids to keep compiled modules: `make run` takes that away as well.

    Whoever starts the program twice has them; without, every start would compile all that has changed since the set-up.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
