"""The figures of a recording: how long it is, how large, and what could not be kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dgstudio.records import dataclass


@dataclass(frozen=True, slots=True)
class RecordingFigures:
    """How the recording stands: what has been written since the engine was made, in seconds of stream and in bytes.

    `failing`: why what is recorded waits in memory; "" where all is well.
    """

    on: bool = False
    began_unix: float = 0.0
    seconds: float = 0.0
    sample_bytes: int = 0
    receipt_bytes: int = 0
    version_bytes: int = 0
    answers: int = 0
    versions: int = 0
    lost_samples: int = 0
    lost_answers: int = 0
    failing: str = ""

    @property
    def bytes(self) -> int:
        """All that the recording takes in the file."""
        return self.sample_bytes + self.receipt_bytes + self.version_bytes


def counted(figures: RecordingFigures, written: Iterable[tuple[str, float, int]]) -> RecordingFigures:
    """The figures with what has been written: what it is, how much of it (seconds, answers, …), and its bytes."""
    kinds = "choice", "stretch", "samples", "answers", "version"
    sizes, amounts = dict.fromkeys(kinds, 0), dict.fromkeys(kinds, 0.0)
    for what, amount, size in written:
        sizes[what] += size
        amounts[what] += amount
    return replace(
        figures,
        sample_bytes=figures.sample_bytes + sizes["samples"],
        receipt_bytes=figures.receipt_bytes + sizes["answers"],
        version_bytes=figures.version_bytes + sizes["version"],
        seconds=figures.seconds + amounts["samples"],
        answers=figures.answers + round(amounts["answers"]),
        versions=figures.versions + round(amounts["version"]),
    )
