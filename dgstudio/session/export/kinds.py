"""What can be taken along from a session, and the files that each kind is written to."""

from __future__ import annotations

from pathlib import Path

from dgstudio.errors import BadInputError

EXAMPLES, MODEL, REPORT = "examples", "model", "report"
SUFFIXES = {EXAMPLES: (".csv", ".npz"), MODEL: (".onnx", ".safetensors"), REPORT: (".html", ".htm")}
"""Kind → endings of file names; the ending says the format."""


def check_name(kind: str, path: Path) -> None:
    """Refuse a file whose name says no format of this kind; `BadInputError`."""
    endings = SUFFIXES[kind]
    if path.suffix.lower() not in endings:
        what = {EXAMPLES: "Examples are", MODEL: "A model is", REPORT: "A report is"}[kind]
        raise BadInputError(f"{what} written as {' or '.join(endings)}, not “{path.name}”: name the file so.")
