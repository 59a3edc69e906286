"""Labels beside a video: a label track as Audacity writes it, one line a stretch: start, end and label between tabs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.guard.texts import plain_text
from dgstudio.types import UNKNOWN_TRUTH

SUFFIX = ".txt"
MOST_BYTES = 4_000_000


class LabelTrack:
    """What a video shows when; `names` are the labels, in the order in which they first come."""

    def __init__(self, spans: list[tuple[float, float, str]]) -> None:
        spans = sorted(spans)
        self.names: tuple[str, ...] = tuple(dict.fromkeys(name for _, _, name in spans))
        self._starts = np.array([start for start, _, _ in spans])
        self._ends = np.array([end for _, end, _ in spans])
        self._labels = [self.names.index(name) for _, _, name in spans]

    def at(self, position: float) -> int:
        """The number of the label at so many seconds from the beginning, or `UNKNOWN_TRUTH`."""
        place = int(np.searchsorted(self._starts, position, side="right")) - 1
        return self._labels[place] if place >= 0 and position < self._ends[place] else UNKNOWN_TRUTH

    @classmethod
    def read(cls, path: Path) -> LabelTrack:
        """Read the file.

        Raises
        ------
        BadInputError
            For a file that cannot be read or is no label track, with the line that is wrong.
        """
        try:
            if path.stat().st_size > MOST_BYTES:
                raise BadInputError(f"The label track {path.name} is too large: {MOST_BYTES // 1_000_000} MB at most.")
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BadInputError(f"The label track {path.name} cannot be read: {error}") from error
        spans = []
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("\\"):  # what Audacity adds about frequencies
                continue
            parts = line.split("\t", 2)
            try:
                start, end, label = float(parts[0]), float(parts[1]), plain_text(parts[2]).strip()
            except (IndexError, ValueError):
                start = end = math.nan
                label = ""
            if not (0 <= start < end < math.inf and label):
                raise BadInputError(
                    f"Line {number} of the label track {path.name} is wrong: it should be a start, a later end, in "
                    "seconds, and a label, with tabs between them."
                )
            spans.append((start, end, label))
        return cls(spans)
