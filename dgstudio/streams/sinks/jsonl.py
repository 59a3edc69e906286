"""A sink that writes one JSON line for each answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.streams.sinks.sink import SinkKind, SinkRequest
from dgstudio.streams.source import address_in
from dgstudio.types import Reading

NAME = "jsonl"


def as_record(reading: Reading, names: Mapping[int, str]) -> dict[str, Any]:
    """A reading as JSON-able values.

    `answer` is a class name, or None while there is none or it is unsure; `unsure` then says why: a value of `Unsure`.
    The probabilities are the model's in any case.
    """
    record: dict[str, Any] = {
        "hop": reading.hop,
        "time": round(reading.end, 6),
        "answer": None if reading.top is None else names.get(reading.top, f"class {reading.top}"),
        "unsure": reading.unsure or None,
        "confidence": round(reading.confidence, 6),
        "probabilities": {
            names.get(c, f"class {c}"): round(float(p), 6)
            for c, p in zip(reading.classes, reading.probabilities, strict=True)
        },
        "version": reading.version,
        "digest": reading.digest,
        "certified": reading.certified,
        "latency_us": round(reading.latency_us, 1),
    }
    if reading.truth is not None:
        record["truth"] = reading.truth
    return record


class JsonLines:
    """Writes to a file that `close` flushes; called in dg-out."""

    def __init__(self, path: Path, names: Callable[[], Mapping[int, str]]) -> None:
        try:
            self._file: IO[str] = path.open("w", encoding="utf-8")
        except OSError as error:
            raise BadInputError(f"Cannot write {path}: {error.strerror or error}.") from error
        self._names = names
        self.name = str(path)
        self.lines = 0

    def __call__(self, reading: Reading) -> None:
        """Write one line."""
        self._file.write(json.dumps(as_record(reading, self._names()), ensure_ascii=False) + "\n")
        self.lines += 1

    def close(self) -> None:
        """Flush and close the file. `DgstudioError` where the last lines could not be written."""
        try:
            self._file.close()
        except OSError as error:
            raise DgstudioError(f"The end of {self._file.name} is missing: {error.strerror or error}.") from error

    @property
    def figure(self) -> tuple[str, int]:
        """How many lines were written."""
        return "JSON lines", self.lines


def _open(request: SinkRequest) -> JsonLines:
    path = address_in(request.name, NAME)
    if not path:
        raise BadInputError("JSON lines go to a file: name it, as in --out jsonl:answers.jsonl.")
    return JsonLines(Path(path), request.names)


KIND = SinkKind(
    NAME, "jsonl:FILE", "One JSON line for each answer.", lambda name: address_in(name, NAME) is not None, _open
)
