"""Checkpoints: a version of the model with what rollback, branching and unlearning need, as arrays by content id."""

from __future__ import annotations

import hashlib
import math
import weakref
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from dgstudio.errors import SessionError, SessionFormatError
from dgstudio.guard.limits import ARRAY_BYTES
from dgstudio.records import dataclass
from dgstudio.session.format.codecs import pack, unpacked
from dgstudio.types import RecordKind

Array: TypeAlias = npt.NDArray[Any]

PROTECTED = "protected."
"""Prefix of the names of arrays that belong to the protected inputs, not to the snapshot."""
TRAINING = "footing"
"""Entry of a checkpoint's metadata: what the learner stood on; files have had it under this name from the first."""
KERNEL_OF, SETTINGS, SERVED_BY = "kernel", "settings", "served by"
"""Entries of a checkpoint's metadata: the kernel that learned it, the settings that its weights depend on, and the
kernel that answered with it (missing before specification 4)."""

_STORABLE = frozenset(np.dtype(code).str for code in ("?", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8"))
_STORABLE_FLOATS = frozenset(np.dtype(code).str for code in ("<f2", "<f4", "<f8"))


def _no_ids() -> npt.NDArray[np.int64]:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A snapshot as arrays and metadata, the protected inputs, and the examples learned, in order.

    `arrays` holds the snapshot's arrays by name and, under names that begin with "protected.", features (N, d)
    float32, reference logits and labels. `meta` is JSON-able. `learned` are example ids, int64. `kept` versions
    are never thinned out. `recorded` ones are not either, for they answered what is recorded; where they are `kept`
    for nothing else, they may be stored by their recipe. Arrays that were read from a session are read-only.
    """

    version: int
    parent: int | None
    digest: str
    arrays: Mapping[str, Array]
    meta: dict[str, Any]
    kind: RecordKind = RecordKind.LEARNED
    reason: str = ""
    unix: float = 0.0
    learned: npt.NDArray[np.int64] = field(default_factory=_no_ids)
    kept: bool = False
    recorded: bool = False

    @property
    def snapshot(self) -> dict[str, Array]:
        """The snapshot's own arrays, by name."""
        return {name: array for name, array in self.arrays.items() if not name.startswith(PROTECTED)}

    @property
    def protected(self) -> dict[str, Array]:
        """Arrays of the protected inputs, by their names without "protected."."""
        return {name[len(PROTECTED) :]: array for name, array in self.arrays.items() if name.startswith(PROTECTED)}


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    """A checkpoint without its arrays: a line of the timeline.

    `learned` counts the examples learned. `whole`: its arrays are stored, else the recipe to learn it again.
    """

    version: int
    parent: int | None
    digest: str
    kind: RecordKind
    reason: str
    unix: float
    kept: bool
    learned: int
    whole: bool = True


def _plain(array: Array, name: str) -> Array:
    """Contiguous, little-endian view or copy of what safetensors can hold, else SessionError."""
    plain = np.asarray(array, order="C")
    if plain.dtype.str.startswith(">"):
        plain = plain.astype(plain.dtype.newbyteorder("<"))
    if plain.dtype.str not in _STORABLE and plain.dtype.str not in _STORABLE_FLOATS:
        raise SessionError(
            f"The array {name!r} of type {array.dtype} cannot be stored in a session; use numbers or booleans."
        )
    return plain


def content_id(array: Array, name: str = "array") -> str:
    """Hex BLAKE2b of dtype, shape and bytes (C order, little-endian); the name takes no part.

    Parameters
    ----------
    array
        Numbers or booleans, any shape, empty and 0-d too.
    name
        What to call it in an error.

    Raises
    ------
    SessionError
        For a dtype that cannot be stored (objects, text, complex).
    """
    plain = _plain(array, name)
    digest = hashlib.blake2b(digest_size=20)
    digest.update(f"{plain.dtype.str}{plain.shape}".encode())
    if plain.size:
        digest.update(plain.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


class ContentIds:
    """Content ids of arrays that do not change, hashed once each: snapshots share most arrays with their parents.

    Only an array that owns its memory and is read-only is remembered, for as long as it lives; any other is hashed
    at each call. One thread at a time.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Array], str]] = {}

    def __call__(self, array: Array, name: str) -> str:
        """Content id of an array, `name` in an error. Raises SessionError for a dtype that cannot be stored."""
        if array.flags.writeable or not array.flags.owndata:
            return content_id(array, name)
        key = id(array)
        known = self._known.get(key)
        if known is not None and known[0]() is array:
            return known[1]
        content = content_id(array, name)
        self._known = {k: entry for k, entry in self._known.items() if entry[0]() is not None}
        self._known[key] = (weakref.ref(array), content)
        return content


def encode(array: Array, name: str = "array") -> bytes:
    """One array as a packed safetensors file; of a symmetric matrix, the lower triangle by rows.

    Raises SessionError for a dtype that it cannot hold.
    """
    plain = _plain(array, name)
    if _mirrored(plain):
        # The sums of a seal are most of what it takes: half of them is enough.
        return pack(safetensors.numpy.save({"lower": plain[np.tril_indices(len(plain))]}), plain.dtype.itemsize)
    return pack(safetensors.numpy.save({"array": plain}), plain.dtype.itemsize)


def _mirrored(array: Array) -> bool:
    """Whether a matrix is its own transpose, to the last bit."""
    if array.ndim != 2 or array.shape[0] != array.shape[1] or len(array) < 2:
        return False
    bits = array.view(f"u{array.dtype.itemsize}")
    return bool((bits == bits.T).all())


def _from_lower(lower: Array) -> Array:
    if lower.ndim != 1:
        raise ValueError("half of a matrix is one row of numbers")
    rows = (math.isqrt(8 * len(lower) + 1) - 1) // 2
    whole, places = np.empty((rows, rows), lower.dtype), np.tril_indices(rows)
    whole[places] = whole.T[places] = lower
    return whole


def decode(data: bytes, content: str) -> Array:
    """Read-only array from a blob, after checking that its content is what its id says.

    Raises
    ------
    SessionFormatError
        Where the bytes are damaged.
    """
    try:
        stored: dict[str, Array] = safetensors.numpy.load(unpacked(data, ARRAY_BYTES))
        array = _from_lower(stored["lower"]) if "lower" in stored else stored["array"]
    except MemoryError as error:
        raise SessionFormatError(f"the stored array {content[:12]} is larger than this machine's memory") from error
    except (safetensors.SafetensorError, zlib.error, KeyError, ValueError, TypeError) as error:
        raise SessionFormatError(f"the stored array {content[:12]} is damaged") from error
    if content_id(array) != content:
        raise SessionFormatError(f"the stored array {content[:12]} is damaged")
    # A copy owns its memory, so that it is aligned and shared like any array that was never on disk.
    array = array.copy()
    array.flags.writeable = False
    return array


def versions_to_thin(versions: Sequence[int], keep: int) -> list[int]:
    """Which versions to drop so that `keep` remain, dense among the new ones and sparse among the old.

    The gap that a version leaves is compared with its age, and the smallest goes first, again and again: what
    remains is spaced about geometrically, however often this is called. The newest and the oldest stay as long
    as `keep` allows.

    Parameters
    ----------
    versions
        Candidates, in any order.
    keep
        How many of them stay, at least 0.
    """
    left = sorted(versions)
    dropped: list[int] = []
    while len(left) > max(keep, 2):
        newest = left[-1]
        ranks = range(1, len(left) - 1)
        smallest = min(ranks, key=lambda i: (left[i + 1] - left[i - 1]) / (newest - left[i] + 1))
        dropped.append(left.pop(smallest))
    while len(left) > max(keep, 0):
        dropped.append(left.pop(0))
    return sorted(dropped)
