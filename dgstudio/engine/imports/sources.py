"""Reads whatever can be imported: a file, or another session."""

from __future__ import annotations

from pathlib import Path

from dgstudio.engine.imports.column_mapping import Target
from dgstudio.engine.imports.other_session import SUFFIX, read_session
from dgstudio.streams.imports.reading import read_import
from dgstudio.streams.imports.table import ImportTable
from dgstudio.streams.imports.watch import Watch


def read_any(path: Path, target: Target, watch: Watch, named: tuple[str, ...] = ()) -> ImportTable:
    """Read a file or another session.

    Raises
    ------
    DgstudioError
        If that cannot be.
    """
    if path.suffix.lower() == SUFFIX:
        return read_session(path, target.features, watch)
    return read_import(path, len(target.spec.channels), watch, named)
