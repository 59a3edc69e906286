"""Reading of NPZ files: what each array would take is looked at before one is unpacked; no Python object is loaded."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.guard.limits import DIMENSION, MEMBERS, UNPACKED_BYTES
from dgstudio.guard.texts import plain_text

Array = npt.NDArray[Any]

_ENTRY = b"PK\x01\x02"
"""Begins each entry of the list of contents."""
_PACKED_AS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What numpy writes; others would take memory of a size that the file names."""
_MAGIC = b"\x93NUMPY"


def arrays_of(path: Path, data: bytes, wanted: Collection[str] | None = None) -> dict[str, Array]:
    """Return the arrays of an NPZ file by name, or those that are wanted.

    Raises
    ------
    BadInputError
        If it is damaged, holds Python objects, or would take more than the limits say; before that is unpacked.
    """
    try:
        if data.startswith(_MAGIC):
            raise ValueError("it holds one array without a name")
        # Random numbers may look like an entry, too.
        if data.count(_ENTRY) > 2 * MEMBERS:
            raise _too_much(path, f"holds more than {MEMBERS:,} arrays")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(path, archive, wanted)
    except MemoryError as error:
        raise BadInputError(f"{path} is larger than the memory of this machine.") from error
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise BadInputError(
            f"{path} is not a usable NPZ file ({_first_line(error)}): save plain arrays with numpy.savez."
        ) from error


def _read(path: Path, archive: zipfile.ZipFile, wanted: Collection[str] | None) -> dict[str, Array]:
    entries = archive.infolist()
    if len(entries) > MEMBERS:
        raise _too_much(path, f"holds more than {MEMBERS:,} arrays")
    arrays: dict[str, Array] = {}
    total = 0
    for entry in entries:
        name = plain_text(entry.filename.removesuffix(".npy"))
        if wanted is not None and name not in wanted:
            continue
        if entry.compress_type not in _PACKED_AS:
            raise ValueError("it is packed in a way that numpy does not use")
        with archive.open(entry) as file:
            size = _size(file)
        if size is None:
            continue
        total += size
        if total > UNPACKED_BYTES:
            raise _too_much(path, f"would take more than {UNPACKED_BYTES >> 20:,} MB unpacked")
        with archive.open(entry) as file:
            arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
    return arrays


def _size(file: Any) -> int | None:
    """The bytes that an array would take, by its header; None where there is none. ValueError for what cannot be."""
    if file.read(len(_MAGIC)) != _MAGIC:
        return None
    major = file.read(2)[:1]
    header = {b"\x01": np.lib.format.read_array_header_1_0, b"\x02": np.lib.format.read_array_header_2_0}.get(major)
    if header is None:
        raise ValueError("its arrays are of a format that numpy uses for odd names only")
    shape, _, dtype = header(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are never loaded")
    # An array without entries may claim to be as long as it likes: whoever goes over its columns would never end.
    if any(not 0 <= side <= DIMENSION for side in shape):
        raise ValueError(f"one of its arrays claims the shape {shape}")
    return max(1, dtype.itemsize) * math.prod(max(1, side) for side in shape)


def _too_much(path: Path, what: str) -> BadInputError:
    return BadInputError(f"{path} {what}: that is more than is read at once, split it into several files.")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
