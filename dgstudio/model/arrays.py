"""Parts of a snapshot: read-only arrays that are named by their content."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.types import F32


def frozen(array: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
    """`array` as a contiguous read-only array of `dtype`; the same object if it already is one that owns its data."""
    if (
        isinstance(array, np.ndarray)
        and array.dtype == dtype
        and array.flags.c_contiguous
        and array.flags.owndata
        and not array.flags.writeable
    ):
        return array
    copy = np.array(array, dtype=dtype, order="C", copy=True)
    copy.flags.writeable = False
    return copy


def content_id(array: npt.NDArray[Any]) -> str:
    """Hex BLAKE2b-128 of dtype, shape and bytes."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def stamp(first: npt.NDArray[Any], second: npt.NDArray[Any], rest: str) -> str:
    """Hex BLAKE2b-128 of two arrays and a text: the content id of a part of a part."""
    digest = hashlib.blake2b(digest_size=16)
    for array in (first, second):
        digest.update(f"{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(rest.encode())
    return digest.hexdigest()


class Arrays:
    """A part whose arrays are frozen when it is made, as float32 or, where they are int8, as that.

    `ids` holds their content ids, hashed once.
    """

    def __post_init__(self) -> None:
        for item in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                dtype = np.int8 if value.dtype == np.int8 else np.float32
                object.__setattr__(self, item.name, frozen(value, dtype))

    def arrays(self) -> dict[str, F32]:
        """Name → array, in the order of declaration, absent ones left out."""
        found = {}
        for item in fields(self):  # type: ignore[arg-type]  # as above
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                found[item.name] = value
        return found

    @cached_property
    def ids(self) -> dict[str, str]:
        """Array name → content id."""
        return {name: content_id(array) for name, array in self.arrays().items()}
