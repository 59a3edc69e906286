"""What can be taken along from a session, the files that each kind is written to, and what `process.py` tells of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from dgstudio.errors import BadInputError


class ExportKind(StrEnum):
    """What can be taken along."""

    EXAMPLES = "examples"
    MODEL = "model"
    REPORT = "report"
    RECORDING = "recording"
    STREAM = "stream"
    FIGURES = "figures"


class Told(StrEnum):
    """What a line of the process that exports holds: something to be told, or why it cannot be done."""

    SAID = "said"
    REFUSED = "refused"


OVERWRITE = "overwrite"
"""An argument of that process: it may replace a file that is there."""
SUFFIXES = {
    ExportKind.EXAMPLES: (".csv", ".npz"),
    ExportKind.MODEL: (".onnx", ".safetensors"),
    ExportKind.REPORT: (".html", ".htm"),
    ExportKind.RECORDING: (".dgs",),
    ExportKind.STREAM: (".npz",),
    ExportKind.FIGURES: (".csv",),
}
"""Kind → endings of file names; the ending says the format."""


def check_name(kind: ExportKind, path: Path) -> None:
    """Refuse a file whose name says no format of this kind; `BadInputError`."""
    endings = SUFFIXES[kind]
    if path.suffix.lower() not in endings:
        what = {
            ExportKind.EXAMPLES: "Examples are",
            ExportKind.MODEL: "A model is",
            ExportKind.REPORT: "A report is",
            ExportKind.RECORDING: "A session is",
            ExportKind.STREAM: "A stream is",
            ExportKind.FIGURES: "Figures are",
        }[kind]
        raise BadInputError(f"{what} written as {' or '.join(endings)}, not “{path.name}”: name the file so.")
