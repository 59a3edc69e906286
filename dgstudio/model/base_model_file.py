"""A base model as one file: what it answers with, what the locked bank starts from, and its conventional twin."""

from __future__ import annotations

import hashlib
import json
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from dgstudio.errors import BadInputError
from dgstudio.guard.files import make_folder, read_regular
from dgstudio.guard.limits import BASE_BYTES, BASE_HEADER, DIMENSION, LABEL, NAME
from dgstudio.guard.texts import json_value, plain_text
from dgstudio.model.ood_reference import Known
from dgstudio.model.random_features import Features
from dgstudio.model.snapshot import Base, Normaliser, Snapshot, content_id
from dgstudio.reasons.reason import shortened
from dgstudio.records import dataclass
from dgstudio.types import F32, I32

FORMAT = "dgstudio-base-3"
READABLE = (FORMAT, "dgstudio-base-2")
"""The older one has a full matrix of directions."""
METADATA = "__metadata__"
"""Entry of a safetensors header that is no array."""


@dataclass(frozen=True, eq=False)
class BaseModel:
    """A trained base and all that belongs to it.

    `A0` (D+1, D+1), `B0` (D+1, C₀) and `b_r` (D+1,) float32 are sums over the whole training set (design 3); B0's
    columns are `base.classes`. `protected` (N, d) float32 are raw training inputs, `protected_labels` (N,) class ids.
    `dense` are W1 (H, d), b1 (H,), V (H, C₀), b2 (C₀,) of a conventional network of the same size, trained on the
    same data with the same steps: the twin's start.
    """

    normaliser: Normaliser
    base: Base
    phi: Features
    A0: F32
    B0: F32
    b_r: F32
    protected: F32
    protected_labels: I32
    dense: tuple[F32, F32, F32, F32]
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    meta: dict[str, Any] = field(default_factory=dict)
    known: Known | None = None
    """Which inputs are like the training set; None in files from before there was such a thing."""

    def __post_init__(self) -> None:
        base, dim = self.base, self.phi.dim
        hidden, d, count = base.hidden, base.inputs, len(base.classes)
        W1, b1, V, b2 = self.dense
        wanted: list[tuple[str, npt.NDArray[Any], tuple[int, ...]]] = [
            ("normaliser", self.normaliser.mean, (d,)),
            ("normaliser's scale", self.normaliser.scale, (d,)),
            ("A0", self.A0, (dim, dim)),
            ("B0", self.B0, (dim, count)),
            ("b_r", self.b_r, (dim,)),
            ("protected inputs", self.protected, (len(self.protected_labels), d)),
            ("dense W1", W1, (hidden, d)),
            ("dense b1", b1, (hidden,)),
            ("dense V", V, (hidden, count)),
            ("dense b2", b2, (count,)),
        ]
        for name, array, shape in wanted:
            if array.shape != shape:
                raise BadInputError(f"The base model's {name} has shape {array.shape}; {shape} was expected.")
        if (len(self.feature_names), len(self.class_names)) != (d, count):
            raise BadInputError(f"The base model must name each of its {d} features and {count} classes.")

    @property
    def classes(self) -> tuple[int, ...]:
        """Ids of the base's classes, in the order of `class_names`."""
        return self.base.classes

    def snapshot(self) -> Snapshot:
        """Return the first version of a model that begins with this base: no bank yet."""
        return Snapshot(
            version=0,
            parent=None,
            classes=self.base.classes,
            temperature=float(self.meta.get("temperature", 1.0)),
            normaliser=self.normaliser,
            base=self.base,
            phi=self.phi,
            known=self.known,
            reason="initial",
        )

    def save(self, path: Path) -> None:
        """Write one safetensors file; the metadata are JSON in its header."""
        meta = {
            "format": FORMAT,
            "k": self.base.k,
            "classes": list(self.base.classes),
            "class_names": list(self.class_names),
            "feature_names": list(self.feature_names),
            "phi": self.phi.scalars(),
            "known": None if self.known is None else {"lead": self.known.lead},
            "meta": self.meta,
        }
        make_folder(path.parent)
        arrays = {name: np.ascontiguousarray(array) for name, array in self._arrays().items()}
        meta["digest"] = _digest(arrays)
        safetensors.numpy.save_file(arrays, path, metadata={"dgstudio": json.dumps(meta)})

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        arrays: dict[str, npt.NDArray[Any]] = {}
        parts = {"normaliser": self.normaliser, "base": self.base, "phi": self.phi, "known": self.known}
        for prefix, part in parts.items():
            if part is not None:
                arrays.update({f"{prefix}.{name}": array for name, array in part.arrays().items()})
        arrays.update(A0=self.A0, B0=self.B0, b_r=self.b_r)
        arrays.update({"protected.inputs": self.protected, "protected.labels": self.protected_labels})
        arrays.update({f"dense.{n}": a for n, a in zip(("W1", "b1", "V", "b2"), self.dense, strict=True)})
        return arrays

    @classmethod
    def load(cls, path: Path) -> BaseModel:
        """Read a base file.

        Raises
        ------
        BadInputError
            If the file is missing, damaged, or not a base model of dgstudio.
        """
        try:
            data = read_regular(path, BASE_BYTES)
            header = _head(data)
            arrays = safetensors.numpy.load(data)
        except FileNotFoundError as error:
            raise BadInputError(f"The base model {path} does not exist.") from error
        except MemoryError as error:
            raise BadInputError(f"{path} is larger than the memory of this machine.") from error
        except (safetensors.SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadInputError(f"{path} cannot be read as a base model: {error}.") from error
        meta = _header(header, path)
        if meta.get("digest") != _digest(arrays):
            raise BadInputError(
                f"{path} is damaged: its numbers are not those that were written; make or copy it again."
            )
        try:
            return cls._from(arrays, meta)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadInputError(f"{path} is an incomplete base model: {error!r}.") from error

    @classmethod
    def _from(cls, arrays: dict[str, npt.NDArray[Any]], meta: dict[str, Any]) -> BaseModel:
        def part(prefix: str) -> dict[str, npt.NDArray[Any]]:
            return {name.split(".", 1)[1]: a for name, a in arrays.items() if name.startswith(prefix + ".")}

        phi: dict[str, Any] = {**part("phi"), **{name: float(value) for name, value in meta["phi"].items()}}
        return cls(
            normaliser=Normaliser(**part("normaliser")),
            base=Base(**part("base"), k=int(meta["k"]), classes=tuple(int(c) for c in meta["classes"])),
            phi=Features(**phi),
            A0=arrays["A0"],
            B0=arrays["B0"],
            b_r=arrays["b_r"],
            protected=arrays["protected.inputs"],
            protected_labels=arrays["protected.labels"],
            dense=(arrays["dense.W1"], arrays["dense.b1"], arrays["dense.V"], arrays["dense.b2"]),
            feature_names=tuple(plain_text(str(name), LABEL) for name in meta["feature_names"]),
            class_names=tuple(plain_text(str(name), NAME) for name in meta["class_names"]),
            meta=dict(meta["meta"]),
            known=None if meta.get("known") is None else Known(**part("known"), lead=float(meta["known"]["lead"])),
        )


def _digest(arrays: dict[str, npt.NDArray[Any]]) -> str:
    text = json.dumps({name: content_id(array) for name, array in arrays.items()}, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _head(data: bytes) -> dict[str, Any]:
    """The metadata of a safetensors file, after a look at its header. ValueError for what no base model has."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(BASE_HEADER, len(data) - 8):
        raise ValueError("its header is cut off, or too long")
    header = json_value(data[8 : 8 + size])
    if not isinstance(header, dict) or not all(isinstance(entry, dict) for entry in header.values()):
        raise ValueError("its header does not list arrays")
    for name, entry in header.items():
        shape = entry.get("shape")
        if name != METADATA and not (isinstance(shape, list) and all(map(_may_be_long, shape))):
            raise ValueError(f"its array “{shortened(name)}” claims the shape {shortened(str(shape))}")
    return dict(header.get(METADATA, {}))


def _may_be_long(side: object) -> bool:
    return isinstance(side, int) and 0 <= side <= DIMENSION


def _header(header: dict[str, str], path: Path) -> dict[str, Any]:
    try:
        meta = json_value(header["dgstudio"])
    except (KeyError, ValueError, TypeError) as error:
        raise BadInputError(f"{path} is not a base model of dgstudio.") from error
    if not isinstance(meta, dict) or meta.get("format") not in READABLE:
        raise BadInputError(f"{path} was made by another version of dgstudio; make it again.")
    return meta
