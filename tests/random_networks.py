"""Networks and inputs drawn at random for tests of the kernel, extreme values included."""

from __future__ import annotations

import numpy as np

from dgstudio.kernel import parts
from dgstudio.types import F32, I32

SPECIAL = np.array(
    [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-40, -1e-40, 1e-45, 3e38, -3e38, 1e18, 1e-38, 6.0, -6.0, 0.5, 8388608.0],
    np.float32,
)


def inputs(rng: np.random.Generator, count: int, dim: int, special: float = 0.0) -> F32:
    """Rows (count, dim), of which the share `special` has extreme values somewhere."""
    rows = rng.normal(size=(count, dim)).astype(np.float32)
    for i in np.flatnonzero(rng.random(count) < special):
        where = rng.random(dim) < rng.choice([0.02, 0.3, 1.0])
        rows[i, where] = rng.choice(SPECIAL, where.sum())
        if rng.random() < 0.3:
            with np.errstate(over="ignore"):
                rows[i] *= np.float32(10.0 ** rng.integers(-40, 38))
    return rows


def network(
    rng: np.random.Generator,
    *,
    inputs: int = 12,
    hidden: int = 40,
    active: int = 7,
    projected: int = 0,
    waves: int = 100,
    banks: int = 2,
    dense: bool = False,
    near: int = 20,
    extreme: bool = False,
) -> parts.Network:
    """Draw a network; `hidden` 0 is one from nothing, `extreme` one whose weights hold extreme values."""

    def f(*shape: int, scale: float = 0.4) -> F32:
        values = (rng.normal(size=shape) * scale).astype(np.float32)
        if extreme:
            hit = rng.random(shape) < 0.003
            values[hit] = rng.choice(SPECIAL, hit.sum())
        return values

    living = tuple(rng.permutation(7)[: rng.integers(1, 7)].tolist())

    def own(count: int) -> tuple[I32, I32]:
        classes = rng.permutation(7)[:count].tolist()
        place = [classes.index(c) if c in classes else -1 for c in living]
        return parts.ids(tuple(classes)), np.array(place, np.int32)

    def near_of(count: int) -> parts.Near:
        if not count:
            return parts.NOTHING_NEAR
        start = np.full(parts.tiles(count), -np.inf, np.float32)
        start[:count] = f(count, scale=3.0)
        return parts.Near(len(start), parts.columns(f(count, inputs)), start)

    base = None
    if hidden:
        classes, place = own(int(rng.integers(2, 7)))
        gate_inputs = projected or inputs
        base = parts.Base(
            hidden=hidden,
            active=active,
            outputs=len(classes),
            projected=projected,
            psi=parts.columns(f(projected, inputs)) if projected else None,
            theta=parts.columns(f(hidden, gate_inputs)),
            c=parts.filled(f(hidden), parts.tiles(hidden)),
            W1=parts.rows(f(hidden, inputs)),
            b1=f(hidden),
            V=f(hidden, len(classes)),
            b2=f(len(classes)),
            classes=classes,
            place=place,
        )
    phi = None
    if banks:
        width = 1 << (inputs + hidden - 1).bit_length()
        blocks = -(-waves // width)
        phi = parts.Phi(
            hidden=hidden,
            waves=waves,
            width=0 if dense else width,
            W1=parts.columns(f(hidden, inputs)) if hidden else None,
            b1=parts.filled(f(hidden), parts.tiles(hidden)) if hidden else None,
            gain=f(inputs + hidden, scale=0.3),
            signs=None if dense else rng.choice(np.array([-1, 1], np.float32), (3, width, blocks)),
            lengths=None if dense else parts.filled(f(waves, scale=0.02), parts.tiles(waves)),
            omega=parts.columns(f(waves, inputs + hidden)) if dense else None,
            phase=parts.filled(rng.random(waves), parts.tiles(waves)),
            scale=float(np.float32(np.sqrt(2.0 / waves))),
        )
    drawn = []
    for _ in range(banks):
        classes, place = own(int(rng.integers(1, 7)))
        drawn.append(
            parts.Bank(
                outputs=len(classes),
                always=int(rng.random() < 0.3),
                tau=float(rng.normal() * 0.5),
                delta=float(np.abs(rng.normal()) * 0.2),
                w=parts.filled(f(waves + 1, scale=1.0), parts.lanes(waves + 1)),
                R=parts.rows(f(len(classes), waves + 1)),
                classes=classes,
                place=place,
                near=near_of(int(rng.integers(0, near + 1))),
            )
        )
    normalised, known = rng.random() < 0.8, rng.random() < 0.8
    return parts.Network(
        inputs=inputs,
        living=len(living),
        temperature=float(np.float32(rng.choice([1.0, 0.7, 2.5]))),
        mean=f(inputs) if normalised else None,
        scale=np.abs(f(inputs)) + np.float32(0.1) if normalised else None,
        base=base,
        phi=phi,
        bank=tuple(drawn),
        weights=np.abs(f(inputs, scale=1.0)) if known else None,
        near=near_of(near if hidden and known else 0),
        lead=0.3,
    )
