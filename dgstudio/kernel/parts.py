"""What the kernel reads: the arrays of a network, padded and turned as the inner loops want them, checked for size.

Each class here is the struct of the same name in kernel.h, field by field in the same order; `as_struct` makes the one
of the other. "Columns" is a matrix stored input by input, (inputs, outputs filled up to tiles of 32); "rows" is one
stored output by output, (outputs, inputs filled up to lanes of 16). What is filled up is zero, and adds nothing.
"""

from __future__ import annotations

import ctypes
from dataclasses import fields
from functools import cache, cached_property
from itertools import pairwise
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt

from dgstudio.records import dataclass
from dgstudio.types import F32, F64, I32

TILE = 32
LANES = 16


def tiles(count: int) -> int:
    """`count` as whole tiles."""
    return -(-count // TILE) * TILE


def lanes(count: int) -> int:
    """`count` as whole lanes."""
    return -(-count // LANES) * LANES


def columns(matrix: npt.ArrayLike) -> F32:
    """M (outputs, inputs) as columns (inputs, outputs in tiles)."""
    M = np.asarray(matrix, np.float32)
    result = np.zeros((M.shape[1], tiles(M.shape[0])), np.float32)
    result[:, : M.shape[0]] = M.T
    return result


def rows(matrix: npt.ArrayLike) -> F32:
    """M (outputs, inputs) as rows (outputs, inputs in lanes)."""
    M = np.asarray(matrix, np.float32)
    result = np.zeros((M.shape[0], lanes(M.shape[1])), np.float32)
    result[:, : M.shape[1]] = M
    return result


def filled(vector: npt.ArrayLike, size: int) -> F32:
    """A vector with zeros behind it, (size,)."""
    v = np.asarray(vector, np.float32)
    result = np.zeros(size, np.float32)
    result[: len(v)] = v
    return result


def ids(values: tuple[int, ...]) -> I32:
    """Class ids as the kernel reads them."""
    return np.asarray(values, np.int32).reshape(-1)


def places(living: tuple[int, ...], own: tuple[int, ...]) -> I32:
    """Where each living class stands among a part's own; −1 for nowhere."""
    return np.array([own.index(c) if c in own else -1 for c in living], np.int32)


def width_for(count: int) -> int:
    """The power of two that holds `count` entries."""
    return 1 << max(0, count - 1).bit_length()


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """dg_base: gates, units, read-out, and where each living class stands in it."""

    hidden: int
    active: int
    outputs: int
    projected: int
    psi: F32 | None
    theta: F32
    c: F32
    W1: F32
    b1: F32
    V: F32
    b2: F32
    classes: I32
    place: I32


@dataclass(frozen=True, slots=True, eq=False)
class Phi:
    """dg_phi: the features that banks read, by structured directions (`width` > 0) or by a full matrix `omega`."""

    hidden: int
    waves: int
    width: int
    W1: F32 | None
    b1: F32 | None
    gain: F32
    signs: F32 | None
    lengths: F32 | None
    omega: F32 | None
    phase: F32
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """dg_near: inputs that are like something learned; `rows` in tiles, 0 where there are none."""

    rows: int
    near: F32 | None
    start: F32 | None


NOTHING_NEAR = Near(0, None, None)


def near(rows_of: F32, start: npt.ArrayLike) -> Near:
    """Inputs (n, d) and the start of each (n,); what fills them up is out of reach of everything."""
    padded = np.full(tiles(len(rows_of)), -np.inf, np.float32)
    padded[: len(rows_of)] = start
    return Near(len(padded), columns(rows_of), padded)


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """dg_bank: router, read-out, and where each living class stands in it."""

    outputs: int
    always: int
    tau: float
    delta: float
    w: F32
    R: F32
    classes: I32
    place: I32
    near: Near


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """dg_window: how the features of a window (samples, channels) are computed."""

    samples: int
    channels: int
    lanes: int
    bands: int
    pairs: int
    factors: int
    factor: I32
    band: I32
    pair: I32
    taper: F64
    wheel: F64

    @property
    def size(self) -> int:
        """Number of features: five statistics and the bands of each channel, and the correlations."""
        return (5 + self.bands) * self.channels + self.pairs


@dataclass(frozen=True, slots=True)
class Audited:
    """dg_audited: inputs checked, number of the first that differs (−1: none), bits that differ, top classes that
    changed, the largest change of a logit.
    """

    checked: int
    first: int
    bits: int
    flips: int
    largest: float


@dataclass(frozen=True, eq=False)
class Network:
    """dg_plan: everything that answers, and where an answer's parts lie in what the kernel writes."""

    inputs: int
    living: int
    temperature: float
    mean: F32 | None
    scale: F32 | None
    base: Base | None
    phi: Phi | None
    bank: tuple[Bank, ...]
    weights: F32 | None
    near: Near
    lead: float

    @cached_property
    def z_size(self) -> int:
        """D + 1 in lanes; 0 without features."""
        return 0 if self.phi is None else lanes(self.phi.waves + 1)

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Where x, u, base logits, margin, r, t, logits and probabilities begin in `out`, and its size."""
        base = self.base
        sizes = (
            self.inputs,
            self.active_size,
            0 if base is None else base.outputs,
            1,
            len(self.bank),
            max((bank.outputs for bank in self.bank), default=0),
            self.living,
            self.living,
        )
        return tuple(np.cumsum((0, *sizes)).tolist())

    @cached_property
    def ranges(self) -> tuple[slice, ...]:
        """These parts of `out`, each from its beginning to its end."""
        return tuple(slice(*ends) for ends in pairwise(self.offsets))

    @property
    def out_size(self) -> int:
        """Floats of an answer."""
        return self.offsets[-1]

    @cached_property
    def active_size(self) -> int:
        """k; 0 without a base."""
        return 0 if self.base is None else self.base.active

    @cached_property
    def who_size(self) -> int:
        """Ints of an answer: active units, states of banks, speaker, top, unsure."""
        return self.active_size + len(self.bank) + 3


_C_TYPES: dict[Any, Any] = {int: ctypes.c_int32, float: ctypes.c_float}


@cache
def struct_class(part: type) -> type[ctypes.Structure]:
    """The ctypes structure of one of the classes above: ints, floats, `Near` by value, and pointers to arrays."""
    if part is Network:
        pairs: list[tuple[str, Any]] = [
            *((name, ctypes.c_int32) for name in ("inputs", "living", "banks")),
            ("temperature", ctypes.c_float),
            *((name, ctypes.c_void_p) for name in ("mean", "scale", "base", "phi", "bank", "weights")),
            ("near", struct_class(Near)),
            ("lead", ctypes.c_float),
        ]
    else:
        hints = get_type_hints(part)
        pairs = [
            (f.name, struct_class(Near) if hints[f.name] is Near else _C_TYPES.get(hints[f.name], ctypes.c_void_p))
            for f in fields(part)
        ]
    return type(f"dg_{part.__name__.lower()}", (ctypes.Structure,), {"_fields_": pairs})


def as_struct(part: Any) -> Any:
    """One of the classes above as its C struct, which points to the arrays: keep the part as long as the struct."""
    kind: type = type(part)
    struct = struct_class(kind)
    return struct(*(_c_value(getattr(part, field[0])) for field in struct._fields_))


def _c_value(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        assert value.flags.c_contiguous, "the kernel reads arrays from end to end"
        return value.ctypes.data if value.size else None
    return as_struct(value) if isinstance(value, Near) else value


def plan_struct(network: Network) -> Any:
    """A network as dg_plan; keep the network as long as that."""
    base = None if network.base is None else as_struct(network.base)
    phi = None if network.phi is None else as_struct(network.phi)
    banks = (struct_class(Bank) * max(1, len(network.bank)))(*map(as_struct, network.bank))
    struct = struct_class(Network)(
        network.inputs,
        network.living,
        len(network.bank),
        network.temperature,
        _c_value(network.mean),
        _c_value(network.scale),
        None if base is None else ctypes.addressof(base),
        None if phi is None else ctypes.addressof(phi),
        ctypes.addressof(banks),
        _c_value(network.weights),
        as_struct(network.near),
        network.lead,
    )
    struct.kept = (base, phi, banks)
    return struct
