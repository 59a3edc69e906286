"""The kernel in plain numpy: what docs/kernel.md says, equal to kernel.c in every byte; serves where nothing else can.

Every number is float32, and every sum has one order: `columns` adds input by input, `dot` in 16 lanes that are added by
a tree, a softmax class by class. Read it from `ReferenceNetwork` on; the names are those of kernel.c.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from dgstudio.kernel.parts import LANES, Audited, Bank, Base, Near, Network, Phi, Window, filled, lanes
from dgstudio.types import F32, F64, I32, U8

CLIP = np.float32(6.0)
UNKNOWN = np.float32(-30.0)
"""The logit of a living class that the answering part does not know."""
GAIN = np.float32(10.0)
"""A bank's logits are this times its scores, which run from about 0 to 1."""
CLOSED, SILENT, SPEAKING = 0, 1, 2
BASE, NOBODY = -1, -2
LARGEST_SAMPLE = np.float32(1e18)

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_MAGIC = np.float32(12582912.0)
"""1.5·2²³: adding it and taking it away rounds a float32 below 2²² to a whole number, halves to the even one."""
_WHOLE = np.float32(4194304.0)
SINE = tuple(np.float32(c) for c in (39.536705, -76.54978, 81.601006, -41.341656, 6.283185))
"""sin 2πu ≈ u·p(u²) for |u| ≤ ¼, least largest error; the highest power first."""
EXPONENT = tuple(np.float32(c) for c in (0.0013814541, 0.008368745, 0.041668389, 0.16666521, 0.49999994))
"""e^r ≈ 1 + r + r²·p(r) for |r| ≤ ½ ln 2, least largest relative error."""
_LOG2_E, _LN2_HIGH, _LN2_LOW = np.float32(1.442695), np.float32(0.693359375), np.float32(-0.00021219444)

Float = TypeVar("Float", np.float32, np.float64)


# -- sums ----------------------------------------------------------------------------------------------------------


def columns(y: F32, W: F32, x: F32) -> F32:
    """y + W x, input by input: y (m,), W as columns (n, m), x (n,)."""
    y = y.copy()
    for xi, w in zip(x, W, strict=True):
        y += xi * w
    return y


def tree(sums: npt.NDArray[Float]) -> Float:
    """The sum of 16 lanes: each half of them onto the other."""
    while len(sums) > 1:
        sums = sums[: len(sums) // 2] + sums[len(sums) // 2 :]
    return sums[0]  # type: ignore[no-any-return]  # numpy types an entry as anything


def dot(a: F32, b: F32) -> np.float32:
    """a·b, both in whole lanes: entry i is added to lane i mod 16."""
    sums = np.zeros(LANES, np.float32)
    for products in (a * b).reshape(-1, LANES):
        sums += products
    return tree(sums)


def hadamard(v: F32) -> F32:
    """The Walsh–Hadamard transform, not scaled, of the columns of v (a power of two, blocks)."""
    size, blocks = v.shape
    half = 1
    while half < size:
        pairs = v.reshape(-1, 2, half, blocks)
        v = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).reshape(size, blocks)
        half *= 2
    return v


# -- functions -----------------------------------------------------------------------------------------------------


def relu(v: F32) -> F32:
    """max(v, 0); NaN stays."""
    return np.where(v < _ZERO, _ZERO, v)


def cosine(a: F32) -> F32:
    """cos 2πa of angles in turns: what is left of whole turns lies in ±½; ¼ less its size is the angle of a sine."""
    whole = np.where(np.abs(a) < _WHOLE, (a + _MAGIC) - _MAGIC, a)
    u = np.float32(0.25) - np.abs(a - whole)
    q = u * u
    p = np.full_like(u, SINE[0])
    for coefficient in SINE[1:]:
        p = p * q + coefficient
    return p * u


def exponential(x: F32) -> F32:
    """e^x of x ≤ 0; 0 below −87, and 1 above 0."""
    usual = np.where(x < np.float32(-87.0), _ZERO, np.minimum(x, _ZERO))
    usual = np.where(np.isnan(x), _ZERO, usual)
    n = (usual * _LOG2_E + _MAGIC) - _MAGIC
    r = (usual - n * _LN2_HIGH) - n * _LN2_LOW
    p = np.full_like(r, EXPONENT[0])
    for coefficient in EXPONENT[1:]:
        p = p * r + coefficient
    p = ((p * r) * r + r) + _ONE
    result = p * ((n.astype(np.int32) + 127) << 23).astype(np.int32).view(np.float32)
    result = np.where(x < np.float32(-87.0), _ZERO, result)
    return np.where(np.isnan(x), x, result)


def one_nan(values: F32) -> F32:
    """The same, every NaN of the same bits: processors make different ones."""
    return np.where(np.isnan(values), np.float32(np.nan), values)


# -- choosing ------------------------------------------------------------------------------------------------------


def largest(values: F32) -> int:
    """The first of the largest values; NaN is less than all."""
    best = 0
    for i, value in enumerate(values.tolist()):
        if value > values[best] or (np.isnan(values[best]) and not math.isnan(value)):
            best = i
    return best


def top_k(scores: F32, k: int) -> tuple[I32, np.float32]:
    """The k largest scores, ascending by index, and the margin s_(k) − s_(k+1), inf where there is no next.

    Ties go to the lower index, both zeros are alike, NaN comes last.
    """
    scores = scores + _ZERO  # no −0
    order = np.argsort(-scores, kind="stable")
    margin = scores[order[k - 1]] - scores[order[k]] if k < len(scores) else np.float32(np.inf)
    return np.sort(order[:k]).astype(np.int32), margin


# -- the parts of an answer ----------------------------------------------------------------------------------------


def normalise(network: Network, raw: F32) -> F32:
    """x = clip((raw − mean) / scale, ±6); NaN stays."""
    if network.mean is None or network.scale is None:
        return raw.copy()
    x: F32 = (raw - network.mean) / network.scale
    x = np.where(x > CLIP, CLIP, x)
    return np.where(x < -CLIP, -CLIP, x)


def gates(base: Base, x: F32) -> F32:
    """s = Θ ψ(x) + c, (H,)."""
    if base.psi is not None:
        x = columns(np.zeros(base.psi.shape[1], np.float32), base.psi, x)[: base.projected]
    return columns(base.c, base.theta, x)[: base.hidden]


def units(base: Base, x: F32, active: I32) -> tuple[F32, F32]:
    """u_j = relu(W1_j·x + b1_j) of the active units alone, and the logits Σ_j V_j u_j + b2."""
    padded = filled(x, lanes(len(x)))
    u = np.array([dot(base.W1[j], padded) + base.b1[j] for j in active], np.float32)
    u = relu(u)
    logits = np.zeros(base.outputs, np.float32)
    for j, value in zip(active, u, strict=True):
        logits += base.V[j] * value
    return u, logits + base.b2


def embed(phi: Phi, x: F32) -> F32:
    """z = [√(2/D) cos 2π(Ω g(x) + ϕ) ; 1] in lanes; g(x) = gain ∘ [x ; relu(W1 x + b1)] over all units of the base."""
    g = x
    if phi.W1 is not None and phi.b1 is not None:
        u = columns(phi.b1, phi.W1, x)[: phi.hidden]
        g = np.concatenate([x, relu(u)])
    g = g * phi.gain
    if phi.signs is not None and phi.lengths is not None:
        angles = directions(phi.signs, g, phi.width)[: phi.waves] * phi.lengths[: phi.waves] + phi.phase[: phi.waves]
    else:
        assert phi.omega is not None
        angles = columns(phi.phase, phi.omega, g)[: phi.waves]
    z = filled(one_nan(cosine(angles) * np.float32(phi.scale)), lanes(phi.waves + 1))
    z[phi.waves] = _ONE
    return z


def directions(signs: F32, g: F32, width: int) -> F32:
    """H S₃ H S₂ H S₁ g: directions of one length, orthogonal within a block; wave i·blocks + b is row i of block b."""
    s1, s2, s3 = signs
    v = filled(g, width)[:, None] * s1
    return hadamard(hadamard(hadamard(v) * s2) * s3).reshape(-1)


def router(bank: Bank, z: F32) -> np.float32:
    """r = 1 + w·z."""
    return _ONE + dot(bank.w, z)


def read_out(bank: Bank, z: F32) -> F32:
    """t = R z, (C_b,)."""
    return np.array([dot(row, z) for row in bank.R], np.float32)


def speaks(bank: Bank, t: F32, below: int) -> bool:
    """Whether max_{c≠ĉ} t_c − t_ĉ > −δ, ĉ the class that answers below; −1: nothing does."""
    if bank.always or below < 0:
        return True
    own = bank.classes == below
    ahead = t[~own] - t[own] if own.any() else t
    return bool((ahead > -np.float32(bank.delta)).any())


def decide(bank: Bank, z: F32, below: int) -> tuple[int, int, np.float32, F32 | None]:
    """State, the class that answers from there on, r, and t where the bank is open."""
    r = router(bank, z)
    if not r > np.float32(bank.tau):
        return CLOSED, below, r, None
    t = read_out(bank, z)
    if not speaks(bank, t, below):
        return SILENT, below, r, t
    return SPEAKING, int(bank.classes[largest(t)]), r, t


def as_logits(place: I32, scores: F32, gain: np.float32) -> F32:
    """Scores of a part, times a gain, as logits of the living classes; −30 for what it does not know."""
    return np.where(place < 0, UNKNOWN, scores[np.maximum(place, 0)] * gain)


def within_reach(near: Near, y: F32, half: np.float32) -> bool:
    """Whether p·y − ½(‖p‖² − reach) ≥ ½‖y‖² for some p."""
    if near.near is None or near.start is None:
        return False
    return bool((columns(near.start, near.near, y) >= half).any())


def weighted(network: Network, x: F32) -> tuple[F32, np.float32]:
    """y = weights ∘ x and ½‖y‖²."""
    assert network.weights is not None
    y = x * network.weights
    padded = filled(y, lanes(len(y)))
    return y, np.float32(0.5) * dot(padded, padded)


def unlike(network: Network, x: F32, states: list[int]) -> bool:
    """Whether x is out of reach of all that the base knows and of the examples of every open bank."""
    y, half = weighted(network, x)
    asked = network.near.rows > 0
    if asked and within_reach(network.near, y, half):
        return False
    for bank, state in zip(network.bank, states, strict=True):
        if state == CLOSED:
            continue
        if not bank.near.rows or within_reach(bank.near, y, half):
            return False
        asked = True
    return asked


def softmax(logits: F32, greatest: np.float32, temperature: np.float32) -> F32:
    """e^((l − max)/T) over their sum, class by class."""
    p = exponential((logits - greatest) / temperature)
    total = _ZERO
    for value in p:
        total = total + value
    return p / total


# -- features of a window ------------------------------------------------------------------------------------------


def log_10(values: F64) -> F64:
    """log₁₀ of positive numbers: 2^e·m with m in (√½, √2], and ln m = 2 artanh((m − 1)/(m + 1)) by its series."""
    bits = np.ascontiguousarray(values).view(np.int64)
    exponent = (bits >> 52 & 0x7FF) - 1023
    m = (bits & 0xFFFFFFFFFFFFF | 0x3FF0000000000000).view(np.float64)
    high = m > 1.4142135623730951
    m, exponent = np.where(high, m * 0.5, m), exponent + high
    t = (m - 1.0) / (m + 1.0)
    q = t * t
    p = np.full_like(t, 1.0 / 21.0)
    for n in range(19, 0, -2):
        p = p * q + 1.0 / n
    return exponent.astype(np.float64) * 0.30102999566398120 + (p * t) * 0.86858896380650366


def fourier(window: Window, real: F64) -> tuple[F64, F64]:
    """The discrete Fourier transform of real (n, channels), Stockham's scheme: one stage a factor of n."""
    n, channels = real.shape
    cosines, sines = window.wheel[:, 0], window.wheel[:, 1]
    # (length, stride, channels): what is still to be transformed, and what has been.
    re, im = real.reshape(n, 1, channels), np.zeros((n, 1, channels))
    for factor in window.factor.tolist():
        groups, stride = len(re) // factor, re.shape[1]
        xr, xi = re.reshape(factor, groups, stride, channels), im.reshape(factor, groups, stride, channels)
        yr, yi = _short(window, factor, xr, xi)
        for k in range(1, groups):
            for r in range(1, factor):
                at = k * r * (n // (groups * factor))
                c, s = cosines[at], sines[at]
                yr[r, k], yi[r, k] = yr[r, k] * c + yi[r, k] * s, yi[r, k] * c - yr[r, k] * s
        re = yr.transpose(1, 0, 2, 3).reshape(groups, factor * stride, channels)
        im = yi.transpose(1, 0, 2, 3).reshape(groups, factor * stride, channels)
    return re[0], im[0]


def _short(window: Window, factor: int, xr: F64, xi: F64) -> tuple[F64, F64]:
    """The transform of 2, 4 or any odd number of terms along the first axis."""
    if factor == 2:
        return np.stack([xr[0] + xr[1], xr[0] - xr[1]]), np.stack([xi[0] + xi[1], xi[0] - xi[1]])
    if factor == 4:
        pr, pi, mr, mi = xr[0] + xr[2], xi[0] + xi[2], xr[0] - xr[2], xi[0] - xi[2]
        sr, si, tr, ti = xr[1] + xr[3], xi[1] + xi[3], xr[1] - xr[3], xi[1] - xi[3]
        return np.stack([pr + sr, mr + ti, pr - sr, mr - ti]), np.stack([pi + si, mi - tr, pi - si, mi + tr])
    yr, yi = np.empty_like(xr), np.empty_like(xi)
    half = (factor - 1) // 2
    sums = [(xr[j] + xr[factor - j], xi[j] + xi[factor - j]) for j in range(1, half + 1)]
    differences = [(xr[j] - xr[factor - j], xi[j] - xi[factor - j]) for j in range(1, half + 1)]
    yr[0], yi[0] = xr[0], xi[0]
    for sr, si in sums:
        yr[0], yi[0] = yr[0] + sr, yi[0] + si
    for r in range(1, half + 1):
        ur, ui, er, ei = xr[0], xi[0], np.zeros_like(xr[0]), np.zeros_like(xi[0])
        for j, ((sr, si), (dr, di)) in enumerate(zip(sums, differences, strict=True), 1):
            c, s = window.wheel[j * r % factor * (window.samples // factor)]
            ur, ui, er, ei = ur + sr * c, ui + si * c, er + dr * s, ei + di * s
        yr[r], yi[r] = ur + ei, ui - er
        yr[factor - r], yi[factor - r] = ur - ei, ui + er
    return yr, yi


# -- the kernel ----------------------------------------------------------------------------------------------------


class ReferenceNetwork:
    """The functions of a network, as `library.CompiledNetwork` has them compiled. Any thread.

    Raw inputs and features are float32, in C order, and of the network's sizes.
    """

    def __init__(self, network: Network) -> None:
        self.network = network

    def answer(self, raw: F32) -> tuple[F32, I32, F32 | None]:
        """Answer raw features (d,): what kernel.h calls out, who and z (`Network.offsets` tells what lies where)."""
        with np.errstate(all="ignore"):
            return self._answer(self.network, raw)

    @staticmethod
    def _answer(network: Network, raw: F32) -> tuple[F32, I32, F32 | None]:
        x = normalise(network, raw)
        base, speaker, below = network.base, NOBODY, -1
        active, u, scores, margin = np.zeros(0, np.int32), x[:0], x[:0], np.float32(np.inf)
        if base is not None:
            active, margin = top_k(gates(base, x), base.active)
            u, scores = units(base, x, active)
            speaker, below = BASE, int(base.classes[largest(scores)])
        z = None if not network.bank or network.phi is None else embed(network.phi, x)
        states, r, spoken = [], [], None
        for place, bank in enumerate(network.bank):
            assert z is not None
            state, below, score, t = decide(bank, z, below)
            states.append(state)
            r.append(score)
            if state == SPEAKING:
                speaker, spoken = place, t
        some = False
        logits = np.full(network.living, UNKNOWN)
        if spoken is not None:
            living = network.bank[speaker].place
            logits, some = as_logits(living, spoken, GAIN), bool((living >= 0).any())
        elif base is not None:
            logits, some = as_logits(base.place, scores, _ONE), bool((base.place >= 0).any())
        p, top, unsure = logits, -1, False
        if network.living:
            first = largest(logits)
            others = np.delete(logits, first)
            second = np.float32(np.max(others, initial=-np.inf, where=~np.isnan(others)))
            p = softmax(logits, logits[first], np.float32(network.temperature))
            # A part that knows no living class has nothing to say, however alike its −30s are.
            top = first if some else -1
            if top >= 0 and network.weights is not None:
                unsure = bool(logits[first] - second < np.float32(network.lead)) or unlike(network, x, states)
        most = max((bank.outputs for bank in network.bank), default=0)
        t = filled(x[:0] if spoken is None else spoken, most)
        out = np.concatenate([x, u, scores, [margin], np.array(r, np.float32), t, logits, p]).astype(np.float32)
        who = [*active.tolist(), *states, speaker, -1 if unsure else top, unsure]
        return one_nan(out), np.array(who, np.int32), z

    def normalise(self, raw: F32) -> F32:
        """X (d,) of raw features (d,)."""
        with np.errstate(all="ignore"):
            return one_nan(normalise(self.network, raw))

    def embed(self, raw: F32) -> F32:
        """Features of raw inputs (n, d): z as rows, (n, D + 1 in lanes)."""
        assert self.network.phi is not None
        with np.errstate(all="ignore"):
            rows = [embed(self.network.phi, normalise(self.network, row)) for row in raw]
        return np.array(rows, np.float32).reshape(len(raw), self.network.z_size)

    def embed_normalised(self, x: F32) -> F32:
        """Z, D + 1 in lanes, of a normalised input (d,)."""
        assert self.network.phi is not None
        with np.errstate(all="ignore"):
            return embed(self.network.phi, x)

    def router(self, bank: int, z: F32) -> np.float32:
        """R of a bank on z, D + 1 in lanes."""
        with np.errstate(all="ignore"):
            return np.float32(one_nan(np.asarray(router(self.network.bank[bank], z))))

    def decide(self, bank: int, z: F32, below: int) -> tuple[int, int]:
        """What a bank does on z above the class `below` (−1: none), and the class that answers from there on."""
        with np.errstate(all="ignore"):
            return decide(self.network.bank[bank], z, below)[:2]

    def forced(self, raw: F32, active: I32, bank: int) -> F32:
        """Logits (C,) as if these units were active, or this bank (−1: the base) had spoken."""
        with np.errstate(all="ignore"):
            x = normalise(self.network, raw)
            if bank >= 0:
                assert self.network.phi is not None
                part = self.network.bank[bank]
                return one_nan(as_logits(part.place, read_out(part, embed(self.network.phi, x)), GAIN))
            assert self.network.base is not None
            return one_nan(as_logits(self.network.base.place, units(self.network.base, x, active)[1], _ONE))

    def answers(self, raw: F32) -> tuple[F32, I32]:
        """Out (n, …) and who (n, …) of `answer` of raw inputs (n, d), each answered by itself."""
        found = [self.answer(row)[:2] for row in raw]
        out = np.array([out for out, _ in found], np.float32).reshape(len(raw), self.network.out_size)
        return out, np.array([who for _, who in found], np.int32).reshape(len(raw), self.network.who_size)

    def logits(self, raw: F32) -> F32:
        """Logits (n, C) of raw inputs (n, d), each answered by itself."""
        begin, end = self.network.offsets[6], self.network.offsets[7]
        rows = [self.answer(row)[0][begin:end] for row in raw]
        return np.array(rows, np.float32).reshape(len(raw), self.network.living)

    def active(self, raw: F32) -> I32:
        """Active units (n, k), ascending, of raw inputs (n, d)."""
        base = self.network.base
        assert base is not None
        with np.errstate(all="ignore"):
            found = [top_k(gates(base, normalise(self.network, row)), base.active)[0] for row in raw]
        return np.array(found, np.int32).reshape(len(raw), base.active)

    def knows(self, raw: F32) -> U8:
        """Whether each raw input (n, d) is within reach of something that the base knows, (n,)."""
        with np.errstate(all="ignore"):
            found = [
                within_reach(self.network.near, *weighted(self.network, normalise(self.network, row))) for row in raw
            ]
        return np.array(found, np.uint8)

    def audit(self, raw: F32, reference: F32, columns: I32) -> Audited:
        """Answer raw inputs (n, d) and compare with logits (n, columns); column i is the living class `columns[i]`.

        A column whose `columns` is −1 is passed over.
        """
        kept = columns >= 0
        now = np.ascontiguousarray(self.logits(raw)[:, columns[kept]])
        was = np.ascontiguousarray(reference[:, kept])
        bits = np.bitwise_count(now.view(np.uint32) ^ was.view(np.uint32)).sum(1)
        with np.errstate(all="ignore"):
            moved = np.abs(now - was)[bits > 0]
        moved = np.where(np.isnan(moved), np.float32(np.inf), moved)
        differ = np.flatnonzero(bits)
        flips = sum(_first_of(now[i]) != _first_of(was[i]) for i in differ)
        first = int(differ[0]) if len(differ) else -1
        return Audited(len(raw), first, int(bits.sum()), int(flips), float(moved.max(initial=0.0)))

    def prove_closed(self, bank: int, z: F32, limit: float) -> tuple[int, F32]:
        """The first of z (n, D + 1 in lanes) on which a bank's r is not below `limit` (−1: none), and r of all (n,)."""
        with np.errstate(all="ignore"):
            r = one_nan(np.array([router(self.network.bank[bank], row) for row in z], np.float32))
        open_ones = np.flatnonzero(~(r < np.float32(limit)))
        return (int(open_ones[0]) if len(open_ones) else -1), r


class ReferenceFeatures:
    """The features of windows of one shape. Any thread."""

    def __init__(self, window: Window) -> None:
        self._window = window

    def __call__(self, samples: F32) -> F32 | None:
        """Features of samples (n, channels), C order; None where a value is not within ±1e18."""
        if not (np.abs(samples) <= LARGEST_SAMPLE).all():
            return None
        x = samples.astype(np.float64)
        n = len(x)
        mean = _in_order(x) / n
        moved = _in_order(np.abs(x[1:] - x[:-1])) / (n - 1.0)
        centred = x - mean
        variance = _in_order(centred * centred) / n
        sd, rms = np.sqrt(variance), np.sqrt(variance + mean * mean)
        above = centred >= 0.0
        crossings = (above[1:] != above[:-1]).sum(0) / (n - 1.0)
        re, im = fourier(self._window, centred * self._window.taper[:, None])
        power = re * re + im * im
        bands = []
        for first, end in zip(self._window.band[:-1], self._window.band[1:], strict=True):
            bands.append(log_10(_in_order(power[first : max(end, first + 1)]) + 1e-10))
        # A channel that does not move has no correlation; what rounding left of its variance does not count.
        moves = sd > 1e-7 * rms + 1e-12
        inverse = np.where(moves, 1.0 / np.where(moves, sd, 1.0), 0.0)
        left, right = self._window.pair.T
        correlation = _in_order(centred[:, left] * centred[:, right]) / n * inverse[left] * inverse[right]
        parts = [mean, sd, moved, rms, crossings, *bands, np.minimum(np.maximum(correlation, -1.0), 1.0)]
        return np.concatenate(parts).astype(np.float32)


class Reference:
    """The backend of this page: see `backend.Backend`."""

    compiled = False
    about = "numpy"

    def network(self, network: Network) -> ReferenceNetwork:
        """The functions of a network."""
        return ReferenceNetwork(network)

    def features(self, window: Window) -> ReferenceFeatures:
        """The features of windows of one shape."""
        return ReferenceFeatures(window)

    def near_start(self, near: F32, reach: F32) -> F32:
        """−½(‖p‖² − reach) of rows p (n, d), summed in double lanes."""
        sums = np.zeros((len(near), LANES))
        for j, column in enumerate(near.astype(np.float64).T):
            sums[:, j % LANES] += column * column
        with np.errstate(all="ignore"):
            squares = np.array([tree(row) for row in sums]).reshape(len(near))
            return one_nan((-0.5 * (squares - reach.astype(np.float64))).astype(np.float32))


def _in_order(rows: F64) -> F64:
    """The sum of rows (n, m), one after the other, (m,)."""
    total = np.zeros(rows.shape[1])
    for row in rows:
        total = total + row
    return total


def _first_of(values: F32) -> int:
    """The first of the largest values."""
    best = 0
    for i, value in enumerate(values):
        if value > values[best]:
            best = i
    return best
