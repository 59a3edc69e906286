"""A snapshot: one immutable version of all parameters, identified by its content. Numpy only."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.kernel import parts
from dgstudio.kernel.backend import backend
from dgstudio.model.arrays import Arrays, stamp
from dgstudio.model.arrays import content_id as content_id
from dgstudio.model.arrays import frozen as frozen
from dgstudio.model.ood_reference import Known
from dgstudio.model.random_features import Features
from dgstudio.records import dataclass
from dgstudio.types import F32

CLIP = 6.0
"""Standardised features are clipped to ±CLIP."""
SPREAD_FLOOR = 0.05
"""No feature is scaled up by more than 1/SPREAD_FLOOR of the widest one's scale."""

_LOW, _HIGH = np.float32(-CLIP), np.float32(CLIP)


@dataclass(frozen=True, eq=False)
class Normaliser(Arrays):
    """x = clip((raw − mean) / scale, ±6), scale = max(sd, .05·max sd). Arrays (d,) float32."""

    mean: F32
    scale: F32

    @classmethod
    def fit(cls, raw: npt.ArrayLike) -> Normaliser:
        """From raw features (n, d), n ≥ 1; a set without any spread gets scale 1."""
        data = np.asarray(raw, np.float64)
        if data.ndim != 2 or len(data) == 0 or not np.isfinite(data).all():
            raise BadInputError("A normaliser needs at least one row of finite features.")
        sd = data.std(0)
        widest = float(sd.max(initial=0.0))
        scale = np.maximum(sd, SPREAD_FLOOR * widest) if widest > 0 else np.ones_like(sd)
        return cls(data.mean(0).astype(np.float32), scale.astype(np.float32))

    def __call__(self, raw: F32) -> F32:
        """Standardised and clipped features, (d,) or (n, d)."""
        x: F32 = np.minimum(np.maximum((raw - self.mean) / self.scale, _LOW), _HIGH)
        return x


@dataclass(frozen=True, eq=False)
class Base(Arrays):
    """The gated MLP: gates Θ (H, p), c (H,); units W1 (H, d), b1 (H,); read-out V (H, C₀), b2 (C₀,).

    s = Θ ψ(x) + c; the `k` units with the largest s answer, ties go to the lower index. ψ is `psi` (p, d), or the
    identity where it is None. `classes` are the ids of the columns of V, for good.
    """

    theta: F32
    c: F32
    W1: F32
    b1: F32
    V: F32
    b2: F32
    k: int
    classes: tuple[int, ...]
    psi: F32 | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.W1.ndim != 2 or (self.psi is not None and self.psi.shape[1:] != self.W1.shape[1:]):
            raise BadInputError("The base's W1 or ψ is no matrix over its inputs.")
        hidden, d = self.W1.shape
        p = d if self.psi is None else self.psi.shape[0]
        wanted = {
            "theta": (hidden, p),
            "c": (hidden,),
            "b1": (hidden,),
            "V": (hidden, len(self.classes)),
            "b2": (len(self.classes),),
        }
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise BadInputError(f"The base's {name} has shape {getattr(self, name).shape}; {shape} was expected.")
        if len(self.classes) < 2 or len(set(self.classes)) != len(self.classes):
            raise BadInputError("A base needs at least two different classes.")
        if not 1 <= self.k <= hidden:
            raise BadInputError(f"A base of {hidden} units cannot have {self.k} active ones.")

    @cached_property
    def for_kernel(self) -> parts.Base:
        """As the kernel reads it, but for where the living classes stand."""
        return parts.Base(
            hidden=self.hidden,
            active=self.k,
            outputs=len(self.classes),
            projected=0 if self.psi is None else len(self.psi),
            psi=None if self.psi is None else parts.columns(self.psi),
            theta=parts.columns(self.theta),
            c=parts.filled(self.c, parts.tiles(self.hidden)),
            W1=parts.rows(self.W1),
            b1=self.b1,
            V=self.V,
            b2=self.b2,
            classes=parts.ids(self.classes),
            place=parts.ids(()),
        )

    @property
    def hidden(self) -> int:
        """Number of units H."""
        return int(self.W1.shape[0])

    @property
    def inputs(self) -> int:
        """Number of features d."""
        return int(self.W1.shape[1])

    @cached_property
    def routing_stamps(self) -> tuple[str, ...]:
        """Content id of each unit's gate: its row of Θ, its c, and ψ."""
        psi = self.ids.get("psi", "")
        return tuple(stamp(self.theta[j], self.c[j : j + 1], psi) for j in range(self.hidden))

    @cached_property
    def unit_stamps(self) -> tuple[str, ...]:
        """Content id of what each unit computes: its row of W1, its b1, its row of V."""
        return tuple(stamp(self.W1[j], self.b1[j : j + 1], self.V[j].tobytes().hex()) for j in range(self.hidden))


@dataclass(frozen=True, eq=False)
class Bank(Arrays):
    """A bank: router w (D+1,), read-out R (C_b, D+1) whose rows are `classes`; open ⇔ 1 + w·z > tau.

    `delta` = inf means that it speaks whenever it is open; else only where it disagrees by more than −delta. `id` is
    unique among the banks of a model, for good. `near` (n, d) are inputs that it was taught, weighted as in `Known`:
    where the bank is open, what lies within a squared distance of `reach` of one of them is like something learned.
    None: whatever opens the bank is. `added` and `unsure` are as `Features.seen`: read of older files, and not used.
    """

    id: int
    w: F32
    R: F32
    classes: tuple[int, ...]
    tau: float = -0.5
    delta: float = 0.05
    sealed: bool = False
    added: F32 | None = None
    unsure: float = math.inf
    near: F32 | None = None
    reach: float = math.inf

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.R.shape != (len(self.classes), len(self.w)) or not self.classes:
            shape = self.R.shape
            raise BadInputError(f"A bank of {len(self.classes)} classes cannot have a read-out of shape {shape}.")
        if math.isnan(self.tau) or math.isnan(self.delta):
            raise BadInputError("A bank's tau and delta must be numbers.")
        if self.near is not None and self.near.ndim != 2:
            raise BadInputError("The examples that a bank keeps are not rows of features.")

    @cached_property
    def for_kernel(self) -> parts.Bank:
        """As the kernel reads it, but for where the living classes stand."""
        near = parts.NOTHING_NEAR
        if self.near is not None and len(self.near) and not math.isinf(self.reach):
            reach = np.full(len(self.near), self.reach, np.float32)
            near = parts.near(self.near, backend().near_start(self.near, reach))
        always = math.isinf(self.delta)
        return parts.Bank(
            outputs=len(self.classes),
            always=int(always),
            tau=self.tau,
            delta=0.0 if always else self.delta,
            w=parts.filled(self.w, parts.lanes(len(self.w))),
            R=parts.rows(self.R),
            classes=parts.ids(self.classes),
            place=parts.ids(()),
            near=near,
        )

    @cached_property
    def router_stamp(self) -> str:
        """Content id of the router, without φ."""
        return stamp(self.w, self.w[:0], f"{self.tau!r}")

    @cached_property
    def readout_stamps(self) -> dict[int, str]:
        """Class id → content id of its row of the read-out, without φ."""
        return {c: stamp(self.R[i], self.R[i, :0], "") for i, c in enumerate(self.classes)}


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One version of everything that answers. Immutable; arrays that an update did not touch are the parent's own.

    `classes` are the living classes in the order of the output; `phi` is None while there is no bank. Where `known` is
    None no answer is ever "unsure".
    The digest covers names, shapes, dtypes and bytes of all arrays and all settings that an answer depends on; it
    does not cover version, parent, mode, reason and time.
    """

    version: int = 0
    parent: int | None = None
    classes: tuple[int, ...] = ()
    temperature: float = 1.0
    normaliser: Normaliser | None = None
    base: Base | None = None
    phi: Features | None = None
    banks: tuple[Bank, ...] = ()
    mode: str = "both"
    reason: str = "initial"
    unix: float = 0.0
    known: Known | None = None

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes):
            raise BadInputError("A class occurs twice in a snapshot.")
        if self.banks and self.phi is None:
            raise BadInputError("A snapshot with banks needs the features that they read.")
        if not self.temperature > 0:
            raise BadInputError("The temperature must be a positive number.")
        if len({bank.id for bank in self.banks}) != len(self.banks):
            raise BadInputError("Two banks of a snapshot have the same id.")
        if self.phi is not None and any(len(bank.w) != self.phi.dim for bank in self.banks):
            raise BadInputError("A bank was made for other features than this snapshot has.")
        if len(set(self._input_counts())) > 1:
            raise BadInputError("The parts of a snapshot were made for different numbers of features.")

    def _input_counts(self) -> Iterator[int]:
        if self.normaliser is not None:
            yield len(self.normaliser.mean)
            yield len(self.normaliser.scale)
        if self.base is not None:
            yield self.base.inputs
        if self.phi is not None:
            yield self.phi.inputs
        if self.known is not None:
            yield len(self.known.weights)
        for bank in self.banks:
            if bank.near is not None:
                yield bank.near.shape[1]

    @property
    def inputs(self) -> int | None:
        """Number of features d; None while nothing tells."""
        return next(self._input_counts(), None)

    def with_(self, **changes: Any) -> Self:
        """Return a child with these fields changed; all other parts are shared."""
        return replace(self, **changes)

    def parts(self) -> Iterator[tuple[str, Arrays]]:
        """Names and parts that hold arrays, in a fixed order."""
        if self.normaliser is not None:
            yield "normaliser", self.normaliser
        if self.base is not None:
            yield "base", self.base
        if self.phi is not None:
            yield "phi", self.phi
        for bank in self.banks:
            yield f"bank{bank.id}", bank
        if self.known is not None:
            yield "known", self.known

    def arrays(self) -> dict[str, F32]:
        """Name ("base.W1", "bank0.R", …) → read-only array."""
        return {f"{part}.{name}": array for part, owner in self.parts() for name, array in owner.arrays().items()}

    @cached_property
    def array_ids(self) -> dict[str, str]:
        """Name → content id, as `arrays`."""
        return {f"{part}.{name}": value for part, owner in self.parts() for name, value in owner.ids.items()}

    def content_ids(self) -> dict[str, str]:
        """Name → content id of every array; hashed once for each part, however many snapshots share it."""
        return dict(self.array_ids)

    @cached_property
    def digest(self) -> str:
        """Hex BLAKE2b-128 of all that an answer depends on."""
        text = json.dumps([self.array_ids, self._answering_meta()], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def is_intact(self) -> bool:
        """Whether the arrays still are what the digest says: hashes all of them again."""
        return all(content_id(array) == self.array_ids[name] for name, array in self.arrays().items())

    def _answering_meta(self) -> dict[str, Any]:
        base, phi = self.base, self.phi
        # What older versions did not have stays out of their digest.
        known = {} if self.known is None else {"known": {"lead": self.known.lead}}
        return known | {
            "classes": list(self.classes),
            "temperature": self.temperature,
            "base": None if base is None else {"k": base.k, "classes": list(base.classes)},
            "phi": None if phi is None else phi.scalars(),
            "banks": [
                {
                    "id": bank.id,
                    "classes": list(bank.classes),
                    "tau": bank.tau,
                    "delta": "off" if math.isinf(bank.delta) else bank.delta,
                    "sealed": bank.sealed,
                    "unsure": bank.unsure,
                }
                | ({} if bank.near is None else {"reach": bank.reach})
                for bank in self.banks
            ],
        }

    def to_arrays_and_meta(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Arrays by name, and JSON-able metadata, from which the same snapshot can be made again."""
        meta = {
            **self._answering_meta(),
            "version": self.version,
            "parent": self.parent,
            "mode": str(self.mode),
            "reason": self.reason,
            "unix": self.unix,
            "digest": self.digest,
        }
        return dict(self.arrays()), meta

    @classmethod
    def from_arrays_and_meta(
        cls, arrays: Mapping[str, npt.NDArray[Any]], meta: Mapping[str, Any], relative: Snapshot | None = None
    ) -> Snapshot:
        """Make the snapshot again. `BadInputError` if parts are missing or the digest is another.

        Parts whose arrays are the very arrays of `relative` are shared with it, and not hashed again.
        """
        snapshot = cls.unchecked(arrays, meta)
        if relative is not None:
            theirs = [part for _, part in relative.parts()]
            snapshot = snapshot.with_(
                normaliser=_shared(snapshot.normaliser, theirs),
                base=_shared(snapshot.base, theirs),
                phi=_shared(snapshot.phi, theirs),
                banks=tuple(_shared(bank, theirs) for bank in snapshot.banks),
            )
        if snapshot.digest != meta["digest"]:
            raise BadInputError(f"The stored snapshot v{snapshot.version} is damaged: its digest does not agree.")
        return snapshot

    @classmethod
    def unchecked(cls, arrays: Mapping[str, npt.NDArray[Any]], meta: Mapping[str, Any]) -> Snapshot:
        """The same whatever its digest is, for one that is to be changed. `BadInputError` if parts are missing."""
        try:
            return cls(
                version=int(meta["version"]),
                parent=None if meta["parent"] is None else int(meta["parent"]),
                classes=tuple(int(c) for c in meta["classes"]),
                temperature=float(meta["temperature"]),
                normaliser=_part(Normaliser, "normaliser", arrays),
                base=None if meta["base"] is None else _base(arrays, meta["base"]),
                phi=None if meta["phi"] is None else _part(Features, "phi", arrays, **meta["phi"]),
                banks=tuple(_bank(arrays, bank) for bank in meta["banks"]),
                known=_part(Known, "known", arrays, **meta["known"]) if "known" in meta else None,
                mode=str(meta["mode"]),
                reason=str(meta["reason"]),
                unix=float(meta["unix"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInputError(f"The stored snapshot is incomplete: {error!r}.") from error


def _of(name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    return {key.split(".", 1)[1]: array for key, array in arrays.items() if key.split(".", 1)[0] == name}


def _part(kind: type[Any], name: str, arrays: Mapping[str, npt.NDArray[Any]], **settings: Any) -> Any:
    found = _of(name, arrays)
    return kind(**found, **settings) if found else None


def _shared(part: Any, theirs: list[Arrays]) -> Any:
    """The part of theirs that has the same arrays, not only equal ones, and the same settings; else `part`."""
    for other in theirs:
        if type(other) is type(part):
            names = [item.name for item in fields(other)]  # type: ignore[arg-type]  # every subclass is a dataclass
            pairs = [(getattr(part, name), getattr(other, name)) for name in names]
            if all(a is b or (not isinstance(a, np.ndarray) and a == b) for a, b in pairs):
                return other
    return part


def _base(arrays: Mapping[str, npt.NDArray[Any]], meta: Mapping[str, Any]) -> Base:
    return Base(**_of("base", arrays), k=int(meta["k"]), classes=tuple(int(c) for c in meta["classes"]))


def _bank(arrays: Mapping[str, npt.NDArray[Any]], meta: Mapping[str, Any]) -> Bank:
    delta = math.inf if meta["delta"] == "off" else float(meta["delta"])
    return Bank(
        id=int(meta["id"]),
        **_of(f"bank{meta['id']}", arrays),
        classes=tuple(int(c) for c in meta["classes"]),
        tau=float(meta["tau"]),
        delta=delta,
        sealed=bool(meta["sealed"]),
        unsure=float(meta["unsure"]),
        reach=float(meta.get("reach", math.inf)),
    )
