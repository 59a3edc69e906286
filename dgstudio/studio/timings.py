"""When the start has come how far, for the bench."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

TIMINGS = "DGSTUDIO_TIMINGS"
"""Names a file: there go the moments, in Unix seconds, at which the splash, the window and the first moving frame were
painted. Whoever starts the process knows when that was."""


class Timings:
    """Notes the first time that each thing is seen, where the environment asks for it."""

    def __init__(self) -> None:
        path = os.environ.get(TIMINGS)
        self._path = Path(path) if path else None
        self._moments: dict[str, float] = {}
        self._samples = 0

    def note(self, what: str) -> None:
        """Note the first time that something is seen."""
        if self._path is not None and what not in self._moments:
            self._moments[what] = time.time()
            self._path.write_text(json.dumps(self._moments), encoding="utf-8")

    def moving(self, samples: int, answered: bool) -> bool:
        """Note the first frame with an answer and new samples since the one before; whether it has been."""
        if answered and samples > self._samples > 0:
            self.note("moving")
            return True
        self._samples = samples
        return False
