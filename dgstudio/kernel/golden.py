"""Fixed networks, inputs and windows, and the digest that every machine must get from them.

`results` calls every function of kernel.h; `scripts/portable.c` makes the same calls where there is no Python.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.kernel import parts, tables
from dgstudio.kernel.backend import Backend, NetworkKernel
from dgstudio.records import dataclass
from dgstudio.types import F32, I32

GOLDEN = "ea57b021384f9dc1"
"""What `digest` gives by specification 4."""
INPUTS = 24
"""Answered by each network; the last ones hold NaN, infinities, denormals and numbers near the ends of the range."""
SHAPES = (
    # inputs, hidden, active, rows of psi, waves, banks, full matrix
    (12, 40, 7, 0, 96, 2, False),
    (75, 128, 32, 0, 512, 1, False),
    (9, 33, 33, 5, 50, 3, False),
    (20, 0, 0, 0, 64, 2, False),
    (6, 16, 4, 0, 40, 1, True),
    (5, 8, 3, 0, 0, 0, False),
    (3, 0, 0, 0, 20, 1, False),
)
WINDOWS = ((2, 1), (32, 3), (35, 2), (97, 1), (200, 6))
"""Samples and channels."""
_EXTREME = (0.0, -0.0, float("nan"), float("inf"), float("-inf"), 1e-40, -1e-45, 3e38, -3e38, 1e18)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A network and what its functions are called with."""

    network: parts.Network
    inputs: F32
    """Raw, (INPUTS, d)."""
    columns: I32
    """Of an audit: one of the living classes is passed over, (living,)."""
    reach: F32
    """Of the inputs, taken as examples, (INPUTS,)."""
    limit: float
    """For r of the banks."""


def cases() -> list[Case]:
    """The same bytes everywhere."""
    draw = random.Random(4)  # its numbers are the same on all versions of Python
    return [_case(draw, _network(draw, *shape)) for shape in SHAPES]


def windows() -> list[tuple[parts.Window, F32]]:
    """Windows, and samples (n, channels) of each."""
    draw = random.Random(5)
    found = []
    for samples, channels in WINDOWS:
        bins = max(1, samples // 2)
        bands = np.minimum(np.array([1, 2, 4, 8, 16, bins + 1]), bins + 1)
        bands[:-1] = np.minimum(bands[:-1], bins)
        pairs = np.array(list(combinations(range(channels), 2)), np.int32).reshape(-1, 2)
        values = _floats(draw, samples, channels) * np.float32(3.0) + np.float32(1.0)
        found.append((tables.window(samples, channels, bands.astype(np.int32), pairs), values))
    return found


def digest(backend: Backend) -> str:
    """16 hex digits of all that a backend gives."""
    return digest_of(b"".join(as_bytes(part) for part in results(backend)))


def digest_of(data: bytes) -> str:
    """16 hex digits of the bytes of all results."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def as_bytes(array: npt.NDArray[Any]) -> bytes:
    """An array's bytes, the low one of a number first."""
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def results(backend: Backend) -> Iterator[npt.NDArray[Any]]:
    """What a backend gives, in the order in which it is hashed."""
    for case in cases():
        yield from of_case(backend, case)
    for window, samples in windows():
        features = backend.features(window)(samples)
        assert features is not None, "these samples have features"
        yield features


def of_case(backend: Backend, case: Case) -> Iterator[npt.NDArray[Any]]:
    """What a backend gives of one network."""
    kernel = backend.network(case.network)
    yield from _answers(kernel, case)
    if case.network.base is not None:
        yield from _of_base(kernel, case)
    if case.network.phi is not None:
        yield from _of_banks(kernel, case)
    yield backend.near_start(case.inputs, case.reach)


def _answers(kernel: NetworkKernel, case: Case) -> Iterator[npt.NDArray[Any]]:
    """Of each input its answer and x; then all answers and the logits at once, what is known, and an audit.

    The audit's reference are the logits themselves, from the sixth input on in reverse order.
    """
    for raw in case.inputs:
        yield from (part for part in kernel.answer(raw) if part is not None)
        yield kernel.normalise(raw)
    yield from kernel.answers(case.inputs)
    logits = kernel.logits(case.inputs)
    yield logits
    if case.network.weights is not None:
        yield kernel.knows(case.inputs)
    found = kernel.audit(case.inputs, np.concatenate([logits[:5], logits[5:][::-1]]), case.columns)
    yield np.array([found.checked, found.first, found.bits, found.flips], np.int32)
    yield np.array([found.largest], np.float32)


def _of_base(kernel: NetworkKernel, case: Case) -> Iterator[npt.NDArray[Any]]:
    """Active units, and the logits of each input with those of the next one."""
    active = kernel.active(case.inputs)
    yield active
    for i, raw in enumerate(case.inputs):
        yield kernel.forced(raw, active[(i + 1) % INPUTS], -1)


def _of_banks(kernel: NetworkKernel, case: Case) -> Iterator[npt.NDArray[Any]]:
    """z by raw and by normalised inputs; then what each bank does on each z, above one class after the other."""
    z = kernel.embed(case.inputs)
    yield z
    for raw in case.inputs:
        yield kernel.embed_normalised(kernel.normalise(raw))
    for bank in range(len(case.network.bank)):
        first, r = kernel.prove_closed(bank, z, case.limit)
        yield np.array([first], np.int32)
        yield r
        for i, raw in enumerate(case.inputs):
            yield np.array([kernel.router(bank, z[i])], np.float32)
            yield np.array(kernel.decide(bank, z[i], i % 7 - 1), np.int32)
            yield kernel.forced(raw, np.zeros(0, np.int32), bank)


def _floats(draw: random.Random, *shape: int) -> F32:
    """About normally distributed."""
    values = [sum(draw.random() for _ in range(4)) - 2.0 for _ in range(int(np.prod(shape)))]
    return (np.array(values) * 1.7).astype(np.float32).reshape(shape)


def _inputs(draw: random.Random, count: int) -> F32:
    rows = _floats(draw, INPUTS, count)
    for row in rows[INPUTS // 2 :]:
        for _ in range(1 + count // 4):
            row[draw.randrange(count)] = draw.choice(_EXTREME)
    return rows


def _case(draw: random.Random, network: parts.Network) -> Case:
    columns = np.arange(network.living, dtype=np.int32)
    columns[2] = -1
    inputs = _inputs(draw, network.inputs)
    return Case(network, inputs, columns, np.abs(_floats(draw, INPUTS)), limit=0.5)


def _network(
    draw: random.Random, inputs: int, hidden: int, active: int, projected: int, waves: int, banks: int, full: bool
) -> parts.Network:
    living = (0, 1, 2, 3, 4)
    base = None
    if hidden:
        base = parts.Base(
            hidden=hidden,
            active=active,
            outputs=4,
            projected=projected,
            psi=parts.columns(_floats(draw, projected, inputs)) if projected else None,
            theta=parts.columns(_floats(draw, hidden, projected or inputs)),
            c=parts.filled(_floats(draw, hidden), parts.tiles(hidden)),
            W1=parts.rows(_floats(draw, hidden, inputs) * np.float32(0.3)),
            b1=_floats(draw, hidden),
            V=_floats(draw, hidden, 4),
            b2=_floats(draw, 4),
            classes=parts.ids((0, 1, 2, 5)),
            place=parts.places(living, (0, 1, 2, 5)),
        )
    phi = _phi(draw, inputs, hidden, waves, full) if banks else None
    return parts.Network(
        inputs=inputs,
        living=len(living),
        temperature=0.75,
        mean=_floats(draw, inputs),
        scale=np.abs(_floats(draw, inputs)) + np.float32(0.25),
        base=base,
        phi=phi,
        bank=tuple(_bank(draw, number, inputs, waves, living) for number in range(banks)),
        weights=np.abs(_floats(draw, inputs)),
        near=_near(draw, 40, inputs) if hidden else parts.NOTHING_NEAR,
        lead=0.25,
    )


def _phi(draw: random.Random, inputs: int, hidden: int, waves: int, full: bool) -> parts.Phi:
    width = parts.width_for(inputs + hidden)
    blocks = -(-waves // width)
    signs = np.array([draw.choice((-1.0, 1.0)) for _ in range(3 * width * blocks)], np.float32)
    return parts.Phi(
        hidden=hidden,
        waves=waves,
        width=0 if full else width,
        W1=parts.columns(_floats(draw, hidden, inputs)) if hidden else None,
        b1=parts.filled(_floats(draw, hidden), parts.tiles(hidden)) if hidden else None,
        gain=np.abs(_floats(draw, inputs + hidden)),
        signs=None if full else signs.reshape(3, width, blocks),
        lengths=None if full else parts.filled(np.full(waves, 0.0004, np.float32), parts.tiles(waves)),
        omega=parts.columns(_floats(draw, waves, inputs + hidden)) if full else None,
        phase=parts.filled([draw.random() for _ in range(waves)], parts.tiles(waves)),
        scale=0.125,
    )


def _bank(draw: random.Random, number: int, inputs: int, waves: int, living: tuple[int, ...]) -> parts.Bank:
    classes = ((3, 0, 1), (4,), (1, 2, 3, 4, 6))[number]
    return parts.Bank(
        outputs=len(classes),
        always=int(number == 2),
        tau=-0.5,
        delta=0.0625,
        w=parts.filled(_floats(draw, waves + 1), parts.lanes(waves + 1)),
        R=parts.rows(_floats(draw, len(classes), waves + 1)),
        classes=parts.ids(classes),
        place=parts.places(living, classes),
        near=_near(draw, 12 * number, inputs),
    )


def _near(draw: random.Random, rows: int, inputs: int) -> parts.Near:
    if not rows:
        return parts.NOTHING_NEAR
    return parts.near(_floats(draw, rows, inputs), -np.abs(_floats(draw, rows)) * np.float32(inputs))
