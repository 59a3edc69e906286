"""A snapshot compiled for serving: a thin handle on the kernel, which answers one input at a time. Holds no locks.

What an answer is, to the last bit, stands in docs/kernel.md. Whatever answers is asked here, and is what is audited.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace

import numpy as np

from dgstudio.kernel import KERNEL, parts, reference
from dgstudio.kernel.backend import backend
from dgstudio.kernel.parts import Audited
from dgstudio.model.answers import Answers
from dgstudio.model.snapshot import Snapshot
from dgstudio.types import F32, I32, U8, BankState, Receipt

UNKNOWN_LOGIT = float(reference.UNKNOWN)
"""The logit of a living class that the answering part does not know."""
BANK_GAIN = float(reference.GAIN)
"""A bank's logits are this times its scores, which run from about 0 to 1."""


class Answer:
    """One answer of a plan; its arrays are views of what the kernel wrote, float32 unless told otherwise.

    Where it is unsure `top` is −1, and the logits stand.
    """

    __slots__ = ("_network", "_out", "_who", "_z")

    def __init__(self, network: parts.Network, out: F32, who: I32, z: F32 | None) -> None:
        self._network, self._out, self._who, self._z = network, out, who, z

    def _part(self, number: int) -> F32:
        return self._out[self._network.ranges[number]]

    @property
    def x(self) -> F32:
        """Normalised input (d,)."""
        return self._part(0)

    @property
    def active(self) -> I32:
        """Indices of the active units, ascending, (k,)."""
        return self._who[: self._network.active_size]

    @property
    def activations(self) -> F32:
        """What these compute, (k,)."""
        return self._part(1)

    @property
    def base_logits(self) -> F32:
        """Logits (C₀,) over the base's own classes."""
        return self._part(2)

    @property
    def margin(self) -> float:
        """s_(k) − s_(k+1); inf without a base or when all units are active."""
        return float(self._out[self._network.offsets[3]])

    @property
    def z(self) -> F32 | None:
        """Features (D+1,) that the banks read; None without banks."""
        phi = self._network.phi
        return None if self._z is None or phi is None else self._z[: phi.waves + 1]

    @property
    def r(self) -> F32:
        """Each bank's r, (B,)."""
        return self._part(4)

    @property
    def state(self) -> U8:
        """Each bank’s `BankState`, (B,)."""
        return self._who[self._network.active_size : -3].astype(np.uint8)

    @property
    def t(self) -> F32 | None:
        """Scores (C_b,) of the bank that speaks, or None."""
        speaker = self.speaker
        return self._part(5)[: self._network.bank[speaker].outputs] if speaker >= 0 else None

    @property
    def speaker(self) -> int:
        """Place of the bank that answers, `BASE` or `NOBODY`."""
        return int(self._who[-3])

    @property
    def logits(self) -> F32:
        """(C,) over the living classes."""
        return self._part(6)

    @property
    def probabilities(self) -> F32:
        """(C,), softmax(logits / T)."""
        return self._part(7)

    @property
    def top(self) -> int:
        """Index of the answer among the living classes; −1 for none."""
        return int(self._who[-2])

    @property
    def unsure(self) -> bool:
        """Whether the input is unlike anything learned, or no class leads (see `ood_reference.py`)."""
        return bool(self._who[-1])

    @property
    def lead(self) -> float:
        """By how many logits the first class leads the second; infinite where there is no second."""
        logits = self.logits
        if len(logits) < 2:
            return float("inf")
        second, first = np.partition(logits, -2)[-2:]
        return float(first - second)

    @property
    def close(self) -> bool:
        """Whether the first class leads the second by less than it must: where it is unsure, why."""
        return self.lead < float(np.float32(self._network.lead))

    @property
    def who(self) -> I32:
        """Active units and states of banks: what a receipt names beside the logits."""
        return self._who[:-3]


class Plan:
    """A snapshot compiled for serving. Any number of threads may answer with it at once.

    Parameters
    ----------
    snapshot
        What to serve.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        known, base = snapshot.known, snapshot.base
        living = snapshot.classes
        self._inputs = snapshot.inputs
        """None while nothing tells: then any input will do, and nothing is computed of it."""
        normaliser = snapshot.normaliser
        self._network = parts.Network(
            inputs=self._inputs or 0,
            living=len(living),
            temperature=snapshot.temperature,
            mean=None if normaliser is None else normaliser.mean,
            scale=None if normaliser is None else normaliser.scale,
            base=None if base is None else replace(base.for_kernel, place=parts.places(living, base.classes)),
            phi=None if snapshot.phi is None else snapshot.phi.for_kernel,
            bank=tuple(replace(b.for_kernel, place=parts.places(living, b.classes)) for b in snapshot.banks),
            weights=None if known is None else known.weights,
            near=parts.NOTHING_NEAR if known is None else known.for_kernel,
            lead=0.0 if known is None else known.lead,
        )
        self._kernel = backend().network(self._network)

    def _row(self, raw: F32) -> F32:
        """One raw input as the kernel reads it."""
        raw = np.asarray(raw, np.float32)
        if self._inputs is None:
            return raw[:0]
        if raw.shape != (self._inputs,):
            raise ValueError(f"an input of this model has {self._inputs} features, not the shape {raw.shape}")
        return raw

    def _rows(self, raw: F32) -> F32:
        """Raw inputs (n, d) as the kernel reads them."""
        raw = np.ascontiguousarray(raw, np.float32)
        if not len(raw):
            return np.zeros((0, self._network.inputs), np.float32)
        if self._inputs is None:
            return np.zeros((len(raw), 0), np.float32)
        if raw.shape != (len(raw), self._inputs):
            raise ValueError(f"inputs of this model have {self._inputs} features, not the shape {raw.shape}")
        return raw

    # -- answering -----------------------------------------------------------------------------------------------

    def answer(self, raw: F32) -> Answer:
        """Answer raw features (d,)."""
        return Answer(self._network, *self._kernel.answer(self._row(raw)))

    def answers(self, raw: F32) -> Answers:
        """Answer raw features (n, d), each by itself; lets other threads run meanwhile."""
        return Answers(self._network, *self._kernel.answers(self._rows(raw)))

    def logits_of(self, raw: F32) -> F32:
        """Logits (C,) of the living classes."""
        return self.answer(raw).logits

    def logits_of_rows(self, raw: F32) -> F32:
        """Logits (n, C) of raw features (n, d), each answered by itself."""
        return self._kernel.logits(self._rows(raw))

    def forced(self, raw: F32, active: I32, bank: int | None) -> F32:
        """Logits (C,) of raw features as if these base units were active and this bank (by its place) had spoken.

        `bank` None: the base answers. The gates and routers are not asked.
        """
        if bank is None and self._network.base is None:
            return np.full(len(self.snapshot.classes), UNKNOWN_LOGIT, np.float32)
        units = np.ascontiguousarray(active, np.int32)
        return self._kernel.forced(np.ascontiguousarray(self._row(raw)), units, -1 if bank is None else bank)

    # -- the parts of an answer ----------------------------------------------------------------------------------

    def normalise(self, raw: F32) -> F32:
        """X (d,) float32 from raw features (d,)."""
        raw = np.ascontiguousarray(raw, np.float32)
        return raw if self._inputs is None else self._kernel.normalise(self._row(raw))

    def normalise_rows(self, raw: F32) -> F32:
        """The same of finite raw features (n, d): each number by itself, so that numpy gives the kernel's bytes."""
        rows = self._rows(raw)
        return rows if self.snapshot.normaliser is None else self.snapshot.normaliser(rows)

    def embed(self, raw: F32) -> F32:
        """Z (D+1,) float32 of raw features (d,); the snapshot must have φ."""
        return self.embed_rows(np.asarray(raw)[None])[0, : self._dim]

    def embed_rows(self, raw: F32) -> F32:
        """Z of raw features (n, d), as rows of D + 1 numbers and zeros behind them up to whole lanes of the kernel."""
        assert self._network.phi is not None, "only a snapshot with features can embed"
        return self._kernel.embed(self._rows(raw))

    def embed_normalised(self, x: F32) -> F32:
        """Z (D+1,) float32 of a normalised input (d,); the snapshot must have φ."""
        assert self._network.phi is not None, "only a snapshot with features can embed"
        return self._kernel.embed_normalised(np.ascontiguousarray(self._row(x)))[: self._dim]

    @property
    def _dim(self) -> int:
        phi = self._network.phi
        return 0 if phi is None else phi.waves + 1

    def router(self, bank: int, z: F32) -> np.float32:
        """R = 1 + w·z of one bank (by its place)."""
        return self._kernel.router(bank, parts.filled(z, self._network.z_size))

    def decide(self, bank: int, z: F32, below: int | None) -> tuple[BankState, int | None]:
        """What one bank (by its place) does on z above the class `below`, and the class that answers from there on."""
        z = parts.filled(z, self._network.z_size)
        state, above = self._kernel.decide(bank, z, -1 if below is None else below)
        return BankState(state), None if above < 0 else above

    def active_rows(self, raw: F32) -> I32:
        """Units (n, k), ascending, that raw inputs (n, d) open; the snapshot must have a base."""
        assert self._network.base is not None, "only a base has units"
        return self._kernel.active(self._rows(raw))

    def base_knows(self, raw: F32) -> U8:
        """Whether each of raw inputs (n, d) is within reach of something that the base knows, (n,)."""
        if not self._network.near.rows:
            return np.zeros(len(raw), np.uint8)
        return self._kernel.knows(self._rows(raw))

    # -- proofs --------------------------------------------------------------------------------------------------

    def prove_closed(self, bank: int, rows: F32, limit: float) -> tuple[int, F32]:
        """The first of `rows` (of `embed_rows`) on which a bank's r is not below `limit` (−1: none), and r of all."""
        assert rows.shape[1] == self._network.z_size, "rows as the kernel lays them out"
        return self._kernel.prove_closed(bank, np.ascontiguousarray(rows), limit)

    def audit(self, raw: F32, stored: F32, classes: tuple[int, ...]) -> Audited:
        """Answer raw inputs (n, d) again and compare with logits (n, len(classes)) byte for byte.

        Classes that live no more are passed over: removing a class is the user's own act.
        """
        columns = parts.places(classes, self.snapshot.classes)
        return self._kernel.audit(self._rows(raw), np.ascontiguousarray(stored, np.float32), columns)

    # -- accounts ------------------------------------------------------------------------------------------------

    def macs(self, answer: Answer) -> int:
        """Return the true multiply–accumulates of an answer: gates, projections, features and routers counted.

        An addition of a Walsh–Hadamard transform counts as one; zeros that fill up a matrix count nothing.
        """
        return self.macs_of(len(answer.active), answer.state)

    def macs_of(self, active: int, states: U8) -> int:
        """The same of an answer with so many active units and these states of the banks."""
        total = 0
        base, phi = self.snapshot.base, self.snapshot.phi
        if base is not None:
            total += base.theta.size + (0 if base.psi is None else base.psi.size)
            total += active * (base.inputs + len(base.classes))
        if self.snapshot.banks and phi is not None:
            total += _macs_of_features(self._network)
            total += sum(len(bank.w) for bank in self.snapshot.banks)
            total += sum(
                bank.R.size for bank, s in zip(self.snapshot.banks, states, strict=True) if s != BankState.CLOSED
            )
        known = self.snapshot.known
        if known is not None:
            rows = known.rows()
            asked = [b.near for b, s in zip(self.snapshot.banks, states, strict=True) if s != BankState.CLOSED]
            total += 2 * self._network.inputs + (0 if rows is None else rows[0].size)
            total += sum(near.size for near in asked if near is not None)
        return total

    def receipt(self, raw: F32, answer: Answer) -> Receipt:
        """Return what replays this answer."""
        return Receipt(
            _digest(np.ascontiguousarray(raw, np.float32)),
            self.snapshot.version,
            self.snapshot.digest,
            _digest(answer.who),
            _digest(answer.logits),
            KERNEL,
        )


def _macs_of_features(network: parts.Network) -> int:
    phi = network.phi
    assert phi is not None
    units = 0 if phi.W1 is None else network.inputs * phi.hidden
    if phi.signs is None:
        return units + phi.waves * len(phi.gain)
    numbers = int(phi.signs[0].size)
    return units + len(phi.gain) + 3 * numbers * (1 + round(math.log2(phi.width))) + phi.waves


def _digest(array: F32 | I32) -> str:
    return hashlib.blake2b(array.data, digest_size=8).hexdigest()


def verify_receipt(plan: Plan, raw: F32, receipt: Receipt) -> str | None:
    """Re-answer `raw` and return what differs from the receipt, as the end of a sentence; None if nothing does."""
    if receipt.kernel != KERNEL:
        return f"it was made by another kernel ({receipt.kernel}; this is {KERNEL})"
    if receipt.digest != plan.snapshot.digest:
        return f"it names the snapshot {receipt.digest[:8]}, and v{plan.snapshot.version} is {plan.snapshot.digest[:8]}"
    again = plan.receipt(raw, plan.answer(raw))
    for what in ("input", "active", "logits"):
        if getattr(again, what) != getattr(receipt, what):
            return f"the {what} differ: {getattr(receipt, what)} then, {getattr(again, what)} now"
    return None
