"""Recipes: a version without its learning bank, kept as what that was learned from.

What many versions stand on alike (base, features, sealed banks, sums, protected inputs) is their *ground*, stored once.
A recipe adds the examples, each with its class at that time, and the metadata.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.errors import SessionFormatError
from dgstudio.guard.limits import JSON_CHARACTERS
from dgstudio.learning.learner.reproduce import learning_kernel
from dgstudio.learning.settings import LOCKED_BANK
from dgstudio.records import dataclass
from dgstudio.session.format.checkpoint import KERNEL_OF, PROTECTED, SETTINGS, TRAINING, Array, CheckpointInfo
from dgstudio.session.format.codecs import inflated, joined, pack, split, unpacked
from dgstudio.types import Mode, RecordKind

Ids = npt.NDArray[np.int64]

LEARNED, LABELS = PROTECTED + "learned", PROTECTED + "labels"
"""Names of the arrays that hold the examples of a version and their classes."""
DICTIONARY = 32_768
"""As much of the ground's metadata as compressing can look back on."""


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """A version as it is kept by its recipe. `ground` is the key of what it stands on; `shared` are the arrays of that.

    `ids` (n,) ascending and `labels` (n,) int64 are the examples and their classes at that time; `meta` and
    `array_count` are those of the whole version.
    """

    info: CheckpointInfo
    ground: str
    shared: Mapping[str, Array]
    ids: Ids
    labels: Ids
    meta: dict[str, Any]
    array_count: int


def fits(kind: RecordKind, meta: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Whether a version with this metadata and these arrays can be made from a recipe, here and now.

    That is: it was learned by the locked bank alone, router and read-out together, by this kernel, and all of it.
    """
    snapshot, training = meta.get("snapshot"), meta.get(TRAINING)
    if kind != RecordKind.LEARNED or snapshot is None or training is None or meta.get(KERNEL_OF) != learning_kernel():
        return False
    dials, names = training.get("dials"), set(names)
    return (
        meta.get(SETTINGS) is not None
        and snapshot.get("mode") == Mode.BOTH.value
        and dials is not None
        and dials[0] == LOCKED_BANK
        and not training.get("partway")
        and PROTECTED + "base.learned" not in names
        and {LEARNED, LABELS} <= names
        and all(bank["sealed"] for bank in snapshot["banks"][:-1])
    )


def shared_names(meta: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Those of a version's arrays that are not made by learning: what it shares with others on its ground, sorted."""
    made = tuple(f"bank{bank['id']}." for bank in meta["snapshot"]["banks"] if not bank["sealed"])
    if meta[TRAINING]["sums"] is None:
        # A model from nothing: normaliser and features are fitted to the examples as well.
        made = (*made, "normaliser.", "phi.", "known.")
    return sorted(name for name in names if not name.startswith(made) and name not in (LEARNED, LABELS))


def lower_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    """The snapshot's metadata without what is learned above the ground."""
    snapshot = dict(meta["snapshot"])
    snapshot["banks"] = [bank for bank in snapshot["banks"] if bank["sealed"]]
    if meta[TRAINING]["sums"] is None:
        snapshot["phi"] = None
        snapshot.pop("known", None)
    return snapshot


def ground_key(meta: Mapping[str, Any], contents: Mapping[str, str]) -> str:
    """Hex digest of a ground: content ids of its arrays by name, what goes with them, settings and kernel."""
    lower, training = lower_meta(meta), meta[TRAINING]
    parts = {name: lower.get(name) for name in ("base", "phi", "known", "banks")}
    text = json.dumps(
        [dict(contents), parts, training["cohorts"], training["sums"], meta[SETTINGS], meta[KERNEL_OF]], sort_keys=True
    )
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def packed(ids: Ids, labels: Ids, meta: str, ground_meta: str) -> bytes:
    """A recipe's examples and metadata as a blob; metadata are compressed by how they differ from the ground's."""
    compress = zlib.compressobj(level=9, zdict=_dictionary(ground_meta))
    text = compress.compress(meta.encode()) + compress.flush()
    steps = np.diff(ids.astype("<i8"), prepend=np.int64(0)).astype("<i8")
    return joined(pack(steps.tobytes(), 8), pack(labels.astype("<i8").tobytes(), 8), text)


def taken_apart(data: bytes, ground_meta: str) -> tuple[Ids, Ids, str]:
    """What `packed` was given. Raises SessionFormatError where the bytes are damaged."""
    try:
        steps, labels, text = split(data)
        meta = inflated(text, JSON_CHARACTERS, _dictionary(ground_meta)).decode()
        ids = np.add.accumulate(np.frombuffer(unpacked(steps), "<i8")).astype(np.int64)
        class_ids = np.frombuffer(unpacked(labels), "<i8").astype(np.int64)
    except (ValueError, TypeError, struct.error, zlib.error) as error:
        raise SessionFormatError("its recipe is damaged") from error
    if len(ids) != len(class_ids):
        raise SessionFormatError("its recipe is damaged")
    for array in (ids, class_ids):
        array.flags.writeable = False
    return ids, class_ids, meta


def checksum(digest: str, data: bytes) -> int:
    """Over a version's digest and its recipe, as `packed` made it."""
    return zlib.crc32(data, zlib.crc32(digest.encode()))


def _dictionary(ground_meta: str) -> bytes:
    return ground_meta.encode()[-DICTIONARY:]
