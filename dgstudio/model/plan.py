"""The serving kernel: a snapshot compiled for answering one input at a time. Numpy and BLAS only, no locks.

Bits depend on shapes, on the BLAS and on the processor, so exactly this code both serves and is audited: base and
banks are separate products that keep their shapes for good, and nothing is ever answered in batches.

An answer keeps the interpreter's lock from beginning to end, but for one sort. Where it lets go, as numpy does at each
product, sort, take, argmax, and at anything of more than 500 numbers, whoever takes the lock meanwhile (a paint, a step
of the learner) keeps the answer waiting for milliseconds. Hence scipy's BLAS, whose wrappers hold the lock, and the
small detours below.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy
import threadpoolctl

from dgstudio.model.ood_reference import Known, nearest_of_bank, nearest_of_base
from dgstudio.model.routines import saxpy, sdot, sgemv, sscal
from dgstudio.model.snapshot import Bank, Base, Features, Snapshot
from dgstudio.types import BASE, F32, I32, NOBODY, U8, BankState, Receipt

KERNEL_VERSION = 3
UNKNOWN_LOGIT = -30.0
"""The logit of a living class that the answering part does not know."""
BANK_GAIN = 10.0
"""A bank's logits are this times its scores, which run from about 0 to 1."""

_ZERO, _ONE, _GAIN = np.float32(0), np.float32(1), np.float32(BANK_GAIN)
_NO_UNITS: I32 = np.zeros(0, np.int32)
_NO_FLOATS: F32 = np.zeros(0, np.float32)
_NO_STATES: U8 = np.zeros(0, np.uint8)


def _kernel_name() -> str:
    blas = [info for info in threadpoolctl.threadpool_info() if info.get("user_api") == "blas"]
    libraries = sorted(
        {f"{info.get('internal_api')}-{info.get('version')}-{info.get('architecture', 'unknown')}" for info in blas}
    )
    versions = f"numpy-{np.__version__} scipy-{scipy.__version__}"
    return f"dg{KERNEL_VERSION} {versions} {'+'.join(libraries) or 'blas-unknown'}"


KERNEL = _kernel_name()
"""Answers are compared bit for bit only between equal kernel names: kernel, numpy, scipy, BLAS, architecture."""


_PIECE = 500
"""Numbers that numpy works on without letting go of the interpreter's lock."""


def _product(A: F32, x: F32) -> F32:
    """A x (m,) of A (m, n), C order, and x (n,), both float32 and of at least one element."""
    result: F32 = sgemv(1.0, A.T, x, trans=1)
    return result


def _first_largest(values: F32) -> int:
    """Index of the largest value, the first of equals."""
    listed = values.tolist()
    return int(listed.index(max(listed)))


def _leading(values: F32) -> tuple[int, float, float]:
    """Index of the largest value (the first of equals), the value, its lead over the next (inf where it is alone)."""
    listed = values.tolist()
    first = max(listed)
    place = listed.index(first)
    listed[place] = -math.inf
    return place, first, first - max(listed)


class _Rows:
    """Rows of a matrix (n, m), each taken as one lump of bytes."""

    __slots__ = ("_lumps", "_width")

    def __init__(self, matrix: F32) -> None:
        self._width = matrix.shape[1]
        self._lumps = np.ascontiguousarray(matrix).view(np.dtype((np.void, 4 * self._width))).reshape(-1)

    def __getitem__(self, rows: npt.NDArray[np.integer]) -> F32:
        """A copy of some rows, (len(rows), m)."""
        taken: F32 = self._lumps[rows].view(np.float32).reshape(len(rows), self._width)
        return taken


@dataclass(slots=True, eq=False)
class Answer:
    """One answer of a plan.

    `x` (d,) normalised input; `active` (k,) ascending unit indices and their `activations`; `margin` s_(k) − s_(k+1)
    (inf without a base or when all units are active); `z` (D+1,) or None without banks; `r` (B,) and `state` (B,) a
    bank; `t` (C_b,) the scores of the speaking bank, or None; `speaker` the index of the answering bank, `BASE` or
    `NOBODY`; `logits`, `probabilities` (C,) over the living classes; `top` an index into these, −1 for no answer.
    """

    x: F32
    active: I32
    activations: F32
    margin: float
    base_logits: F32
    z: F32 | None
    r: F32
    state: U8
    t: F32 | None
    speaker: int
    logits: F32
    probabilities: F32
    top: int
    unsure: bool = False
    """The input is unlike anything learned, or no class leads (see `known.py`); `top` is −1 then, the logits stand."""


class _Output:
    """Where the living classes stand in the list of one part; `some`: whether it knows any of them."""

    __slots__ = ("_known", "_source", "_unknown", "same", "some")

    def __init__(self, living: tuple[int, ...], own: tuple[int, ...]) -> None:
        known = [(i, own.index(c)) for i, c in enumerate(living) if c in own]
        self.same = living == own
        self.some = bool(known)
        self._unknown = np.full(len(living), UNKNOWN_LOGIT, np.float32)
        self._known = np.asarray([i for i, _ in known], np.intp)
        self._source = np.asarray([j for _, j in known], np.intp)

    def __call__(self, scores: F32) -> F32:
        if self.same:
            return scores
        logits = self._unknown.copy()
        logits[self._known] = scores[self._source]
        return logits


class _BankPlan:
    """One bank compiled: its read-out has at least two rows, so that the product has a fixed kind of shape."""

    __slots__ = ("R", "classes", "delta", "nearest", "output", "place", "rows", "speaks_always", "tau", "w")

    def __init__(self, bank: Bank, living: tuple[int, ...]) -> None:
        self.w = bank.w
        self.rows = len(bank.classes)
        self.R = bank.R if self.rows > 1 else np.concatenate([bank.R, np.zeros_like(bank.R)])
        self.classes = bank.classes
        self.place = {c: i for i, c in enumerate(bank.classes)}
        self.tau = np.float32(bank.tau)
        self.delta = np.float32(bank.delta)
        self.speaks_always = math.isinf(bank.delta)
        self.nearest = nearest_of_bank(bank.near, bank.reach)
        self.output = _Output(living, bank.classes)

    def router(self, z: F32) -> np.float32:
        """R = 1 + w·z."""
        return _ONE + np.float32(sdot(self.w, z))

    def read_out(self, z: F32) -> F32:
        return _product(self.R, z)[: self.rows]

    def speaks(self, t: F32, below: int | None) -> bool:
        """Whether an open bank with scores `t` overrides the class `below` (None: nothing answers below)."""
        if self.speaks_always or below is None:
            return True
        place = self.place.get(below)
        if place is None:
            return bool(t.max() > -self.delta)
        if self.rows == 1:
            return False
        others = t.copy()
        others[place] = -np.inf
        return bool(others.max() - t[place] > -self.delta)


class Plan:
    """A snapshot compiled for serving. Any number of threads may answer with it at once; it holds no scratch space.

    Parameters
    ----------
    snapshot
        What to serve; its arrays are used as they are.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._normaliser = snapshot.normaliser
        self._base: Base | None = snapshot.base
        self._phi: Features | None = snapshot.phi
        self._banks = [_BankPlan(bank, snapshot.classes) for bank in snapshot.banks]
        self._temperature = np.float32(snapshot.temperature)
        self._known = snapshot.known
        self._nearest = nearest_of_base(self._known)
        if self._base is not None:
            self._base_output = _Output(snapshot.classes, self._base.classes)
            self._W1, self._V = _Rows(self._base.W1), _Rows(self._base.V)
        if self._phi is not None:
            self._z_scale = math.sqrt(2.0 / (self._phi.dim - 1))
            self._x_rms = np.float32(self._phi.x_rms)
            self._u_gain = np.float32(2.0 / self._phi.u_rms)
            waves = self._phi.dim - 1
            self._pieces = [slice(i, min(i + _PIECE, waves)) for i in range(0, waves, _PIECE)]

    # -- the parts of an answer ----------------------------------------------------------------------------------

    def normalise(self, raw: F32) -> F32:
        """X (d,) float32 from raw features (d,)."""
        raw = np.asarray(raw, np.float32)
        return raw if self._normaliser is None else self._normaliser(raw)

    def embed(self, raw: F32) -> F32:
        """Z (D+1,) float32 of raw features (d,); the snapshot must have φ."""
        return self._embed(self.normalise(raw))

    def _embed(self, x: F32) -> F32:
        phi = self._phi
        assert phi is not None, "only a snapshot with features can embed"
        if phi.W1 is None or phi.b1 is None:
            g = x
        else:
            g = np.empty(phi.omega.shape[1], np.float32)
            np.divide(x, self._x_rms, out=g[: len(x)])
            u = _product(phi.W1, x)
            u += phi.b1
            np.maximum(u, _ZERO, out=u)
            np.multiply(u, self._u_gain, out=g[len(x) :])
        angles = _product(phi.omega, g)
        saxpy(phi.phase, angles)
        z = np.empty(phi.dim, np.float32)
        for piece in self._pieces:
            np.cos(angles[piece], z[piece])
        sscal(self._z_scale, z, len(angles))
        z[-1] = _ONE
        return z

    def embed_normalised(self, x: F32) -> F32:
        """Z (D+1,) float32 of a normalised input (d,); the snapshot must have φ."""
        return self._embed(x)

    def router(self, bank: int, z: F32) -> np.float32:
        """R = 1 + w·z of one bank (by its place)."""
        return self._banks[bank].router(z)

    def decide(self, bank: int, z: F32, below: int | None) -> tuple[BankState, int | None]:
        """What one bank (by its place) does on z above the class `below`, and the class that answers from there on."""
        plan = self._banks[bank]
        if not self.router(bank, z) > plan.tau:
            return BankState.CLOSED, below
        t = plan.read_out(z)
        if not plan.speaks(t, below):
            return BankState.SILENT, below
        return BankState.SPEAKING, plan.classes[_first_largest(t)]

    def forced(self, raw: F32, active: I32, bank: int | None) -> F32:
        """Logits (C,) of raw features as if these base units were active and this bank (by its place) had spoken.

        `bank` None: the base answers. The gates and routers are not asked.
        """
        x = self.normalise(raw)
        if bank is not None:
            plan = self._banks[bank]
            return plan.output(_GAIN * plan.read_out(self._embed(x)))
        if self._base is None:
            return np.full(len(self.snapshot.classes), UNKNOWN_LOGIT, np.float32)
        return self._base_output(self._units(self._base, active, x)[1])

    # -- answering -----------------------------------------------------------------------------------------------

    def answer(self, raw: F32) -> Answer:
        """Answer raw features (d,) float32, finite."""
        x = self.normalise(raw)
        living = self.snapshot.classes
        base = self._base
        speaker, below = NOBODY, None
        logits: F32 | None = None
        output: _Output | None = None
        if base is not None:
            active, activations, margin, base_logits = self._answer_base(base, x)
            speaker = BASE
            if self._banks:
                below = base.classes[_first_largest(base_logits)]
            output = self._base_output
            logits = output(base_logits)
        else:
            active, activations, margin, base_logits = _NO_UNITS, _NO_FLOATS, math.inf, _NO_FLOATS
        z: F32 | None = None
        r, state, spoken = _NO_FLOATS, _NO_STATES, None
        if self._banks:
            z = self._embed(x)
            r = np.empty(len(self._banks), np.float32)
            state = np.zeros(len(self._banks), np.uint8)
            for i, bank in enumerate(self._banks):
                r[i] = bank.router(z)
                if not r[i] > bank.tau:
                    continue
                t = bank.read_out(z)
                if not bank.speaks(t, below):
                    state[i] = BankState.SILENT
                    continue
                state[i] = BankState.SPEAKING
                speaker, below, spoken = i, bank.classes[_first_largest(t)], t
        if spoken is not None:
            output = self._banks[speaker].output
            logits = output(_GAIN * spoken)
        if logits is None:
            logits = np.full(len(living), UNKNOWN_LOGIT, np.float32)
        if not len(living):
            return Answer(x, active, activations, margin, base_logits, z, r, state, spoken, speaker, logits, logits, -1)
        # A part that knows no living class has nothing to say, however alike its −30s are.
        top, largest, lead = _leading(logits)
        if output is None or not output.some:
            top = -1
        probabilities = self._softmax(logits, largest)
        known = self._known
        unsure = top >= 0 and known is not None and (lead < known.lead or self._unlike(known, x, state))
        return Answer(
            x,
            active,
            activations,
            margin,
            base_logits,
            z,
            r,
            state,
            spoken,
            speaker,
            logits,
            probabilities,
            -1 if unsure else top,
            unsure,
        )

    def base_knows(self, raw: F32) -> bool:
        """Whether raw features (d,) are within reach of something that the base knows."""
        if self._known is None or self._nearest is None:
            return False
        y = self.normalise(raw) * self._known.weights
        return self._nearest(y, 0.5 * float(sdot(y, y)))

    def _unlike(self, known: Known, x: F32, state: U8) -> bool:
        """Whether x (d,) is out of reach of all that the base knows and of the examples of every open bank."""
        y = x * known.weights
        half = 0.5 * float(sdot(y, y))
        if self._nearest is not None and self._nearest(y, half):
            return False
        asked = self._nearest is not None
        for bank, did in zip(self._banks, state.tolist(), strict=True):
            if did == BankState.CLOSED:
                continue
            if bank.nearest is None or bank.nearest(y, half):
                return False
            asked = True
        return asked

    def _answer_base(self, base: Base, x: F32) -> tuple[I32, F32, float, F32]:
        features = x if base.psi is None else _product(base.psi, x)
        scores = _product(base.theta, features)
        scores += base.c
        # Stable, so that ties go to the lower index; NaN sorts last.
        order = np.argsort(-scores, kind="stable")
        k = base.k
        margin = float(scores[order[k - 1]] - scores[order[k]]) if k < len(order) else math.inf
        chosen = np.zeros(len(order), np.bool_)
        chosen[order[:k]] = True
        active = chosen.nonzero()[0]
        u, logits = self._units(base, active, x)
        return active.astype(np.int32), u, margin, logits

    def _units(self, base: Base, active: npt.NDArray[np.integer], x: F32) -> tuple[F32, F32]:
        """Activations (k,) of the active units alone, and the logits (C₀,) that they add up to."""
        u = _product(self._W1[active], x)
        u += base.b1[active]
        np.maximum(u, _ZERO, out=u)
        logits: F32 = np.add.reduce(self._V[active] * u[:, None], 0)
        logits += base.b2
        return u, logits

    def _softmax(self, logits: F32, largest: float) -> F32:
        p: F32 = logits - largest
        if self._temperature != _ONE:
            p /= self._temperature
        np.exp(p, out=p)
        p /= np.add.reduce(p)
        return p

    def logits_of(self, raw: F32) -> F32:
        """Logits (C,) of the living classes."""
        return self.answer(raw).logits

    # -- accounts ------------------------------------------------------------------------------------------------

    def macs(self, answer: Answer) -> int:
        """Return the true multiply–accumulates of an answer: gates, projections, features and routers counted."""
        total = 0
        base, phi = self._base, self._phi
        if base is not None:
            total += base.theta.size + (0 if base.psi is None else base.psi.size)
            total += len(answer.active) * (base.inputs + len(base.classes))
        if self._banks and phi is not None:
            total += phi.omega.size + (0 if phi.W1 is None else phi.W1.size)
            total += sum(len(bank.w) for bank in self._banks)
            total += sum(
                bank.R.size for bank, s in zip(self._banks, answer.state, strict=True) if s != BankState.CLOSED
            )
        total += self._macs_known(answer)
        return total

    def _macs_known(self, answer: Answer) -> int:
        """Of asking the base's prototypes and the examples of open banks, all of them."""
        if self._known is None:
            return 0
        asked = [bank.nearest for bank, s in zip(self._banks, answer.state, strict=True) if s != BankState.CLOSED]
        return 2 * len(answer.x) + sum(nearest.size for nearest in (self._nearest, *asked) if nearest is not None)

    def receipt(self, raw: F32, answer: Answer) -> Receipt:
        """Return what replays this answer."""
        who = answer.active.tobytes() + answer.state.tobytes()
        return Receipt(
            input=_digest(np.asarray(raw, np.float32).tobytes()),
            version=self.snapshot.version,
            digest=self.snapshot.digest,
            active=_digest(who),
            logits=_digest(answer.logits.tobytes()),
            kernel=KERNEL,
        )


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()


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
