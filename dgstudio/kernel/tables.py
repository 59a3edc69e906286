"""The tables of the Fourier transform, computed so that every machine gets the same bytes: no cosine of a library."""

from __future__ import annotations

import math

import numpy as np

from dgstudio.kernel.parts import Window
from dgstudio.types import F64, I32


def turns(count: int) -> F64:
    """Cosine and sine of t/count turns, t = 0 … count − 1, (count, 2): by their series within an eighth of a turn."""
    t = np.arange(count, dtype=np.int64)
    # The nearest quarter turn, and what is left of it, in whole numbers: exact.
    quarter = (4 * t + count // 2) // count
    angle = (4 * t - quarter * count).astype(np.float64) * (math.pi / 2) / count
    q = angle * angle
    cosine, sine = np.ones(count), np.ones(count)
    for n in range(20, 0, -2):
        cosine = 1.0 - q * cosine / (n * (n - 1.0))
        sine = 1.0 - q * sine / ((n + 1.0) * n)
    sine = sine * angle
    by_quarter = [(cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine)]
    result = np.empty((count, 2))
    for number, (c, s) in enumerate(by_quarter):
        here = quarter % 4 == number
        result[here, 0], result[here, 1] = c[here], s[here]
    # No −0: c and s of whole quarters are exact.
    return result + 0.0


def factors(count: int) -> list[int]:
    """Prime factors of `count` ≥ 2, ascending, pairs of twos joined to fours that come first."""
    found, rest, prime = [], count, 2
    while rest > 1:
        if prime * prime > rest:
            prime = rest
        while rest % prime == 0:
            found.append(prime)
            rest //= prime
        prime += 1
    twos = found.count(2)
    return [4] * (twos // 2) + [2] * (twos % 2) + found[twos:]


def hann(count: int) -> F64:
    """The Hann window without its zeros, scaled so that the powers of all bins add up to about the variance."""
    taper: F64 = 0.5 - 0.5 * turns(count + 1)[1:, 0]
    return taper * math.sqrt(2.0 / (count * math.fsum((taper * taper).tolist())))


def window(samples: int, channels: int, bands: I32, pairs: I32) -> Window:
    """How the features of a window are computed.

    Parameters
    ----------
    samples, channels
        Shape of the window; at least two samples.
    bands
        First bin of each band, and the bin after the last one, (bands + 1,).
    pairs
        The channels that are correlated, (pairs, 2).
    """
    factor = np.array(factors(samples), np.int32)
    return Window(
        samples=samples,
        channels=channels,
        lanes=-(-channels // 4) * 4,
        bands=len(bands) - 1,
        pairs=len(pairs),
        factors=len(factor),
        factor=factor,
        band=np.ascontiguousarray(bands, np.int32),
        pair=np.ascontiguousarray(pairs, np.int32).reshape(-1, 2),
        taper=hann(samples),
        wheel=turns(samples),
    )
