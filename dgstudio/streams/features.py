"""Features of a window of samples: what the model sees of a signal or of a pointer."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.types import F32, F64, StreamKind, StreamSpec

WINDOW_S = 1.0
WINDOW_SAMPLES = 32
HOP_S = 0.02
BANDS = 5
"""Bands of log power a channel."""
MAX_CORRELATED = 8
"""Correlations are left out above this number of channels: they would outnumber everything else."""
POWER_FLOOR = 1e-10
"""Added to the power before the logarithm, so that silence is a number; in the channel's unit squared."""
LARGEST = 1e18
"""Values beyond this magnitude count as bad, as NaN and infinities do: their squares would overflow float32."""
VELOCITY_S = 0.05
"""Seconds over which a pointer's velocity is taken."""

STATISTICS = ("mean", "sd", "mean abs difference", "rms", "crossing rate")


def default_window(rate: float) -> tuple[float, float]:
    """Return window and hop in seconds: 1 s but at least 32 samples; 20 ms but at least one sample."""
    return max(WINDOW_S, WINDOW_SAMPLES / rate), max(HOP_S, 1.0 / rate)


def repair(window: npt.NDArray[np.floating]) -> tuple[F64, npt.NDArray[np.bool_] | None]:
    """Return the window (n, channels) without bad values, and where they were (None if nowhere).

    NaN, infinities and magnitudes above 1e18 are replaced by the last good value of the channel before them in the
    window; before its first good value, by that one; in a channel without any, by 0.
    """
    good = np.abs(window) <= LARGEST
    values = window.astype(np.float64)
    if good.all():
        return values, None
    rows = np.where(good, np.arange(len(values))[:, None], -1)
    source = np.maximum.accumulate(rows, axis=0)
    source = np.where(source < 0, np.argmax(good, axis=0), source)
    values = np.take_along_axis(values, source, axis=0)
    values[:, ~good.any(axis=0)] = 0.0
    return values, ~good


def band_starts(n: int) -> npt.NDArray[np.intp]:
    """Return the first bin of each of the `BANDS` bands among the bins 1..n//2 of a real FFT of `n` samples.

    Their edges are spaced evenly in the logarithm of frequency, from the first bin to Nyquist, as fractions of
    Nyquist: a stream of 10 Hz and one of 400 Hz have the same number of features. A window too short to give each
    band a bin of its own lets neighbours share one.
    """
    bins = max(1, n // 2)
    edges = np.ceil(bins ** (np.arange(BANDS) / BANDS) - 1e-9).astype(np.intp)
    return np.minimum(edges, bins)


class SignalFeatures:
    """Turns a window into features; each has a name, as in "ax rms" or "gx~gz".

    Of a signal, for each channel: mean, standard deviation, mean absolute difference of neighbours, root mean
    square, rate of crossings of the mean (0..1 a sample), log10 of the power in five bands (Hann window); then the
    correlations of all pairs of channels, if there are at most eight channels. Of a pointer: the last position and
    the velocity (units a second). Works for any window of at least two samples.

    The same window gives the same bytes. `repaired` counts bad values (see `repair`): all those of the first
    window, later only those among the newest `spec.hop` samples, so that overlapping windows in turn count each
    once. One thread calls; any may read `repaired`.

    Raises
    ------
    BadInputError
        For a stream that is neither a signal nor a pointer, or has no channels.
    """

    def __init__(self, spec: StreamSpec) -> None:
        if spec.kind not in (StreamKind.SIGNAL, StreamKind.POINTER) or not spec.channels:
            raise BadInputError(f"“{spec.name}” ({spec.kind}) has no features of a signal: it needs numeric channels.")
        self.spec = spec
        self.repaired = 0
        self._first = True
        self._pointer = spec.kind == StreamKind.POINTER
        channels = spec.channels
        names = [f"{c} {s}" for s in STATISTICS for c in channels]
        names += [f"{c} power {b + 1}/{BANDS}" for b in range(BANDS) for c in channels]
        pairs = list(combinations(range(len(channels)), 2)) if len(channels) <= MAX_CORRELATED else []
        names += [f"{channels[i]}~{channels[j]}" for i, j in pairs]
        if self._pointer:
            names = [*channels, *(f"{c} velocity" for c in channels)]
        self.names: tuple[str, ...] = tuple(names)
        self.dim = len(names)
        self._left = np.array([i for i, _ in pairs], np.intp)
        self._right = np.array([j for _, j in pairs], np.intp)
        self._taper: dict[int, tuple[F64, npt.NDArray[np.intp]]] = {}

    def __call__(self, window: F32) -> F32:
        """Return the features (dim,) float32, all finite, of a window (n, channels), n ≥ 2.

        Raises
        ------
        ValueError
            If the window has another shape.
        """
        window = np.asarray(window)
        if window.ndim != 2 or len(window) < 2 or window.shape[1] != len(self.spec.channels):
            raise ValueError(f"a window is (n ≥ 2, {len(self.spec.channels)} channels), not {window.shape}")
        values, bad = repair(window)
        if bad is not None:
            self.repaired += int(np.count_nonzero(bad if self._first else bad[-self.spec.hop :]))
        self._first = False
        return self._of_pointer(values) if self._pointer else self._of_signal(values)

    def _of_pointer(self, values: F64) -> F32:
        steps = min(len(values) - 1, max(1, round(VELOCITY_S * self.spec.rate)))
        velocity = (values[-1] - values[-1 - steps]) * (self.spec.rate / steps)
        return np.concatenate([values[-1], velocity]).astype(np.float32)

    def _of_signal(self, values: F64) -> F32:
        x = np.ascontiguousarray(values.T)
        n = x.shape[1]
        mean = np.add.reduce(x, axis=1) / n
        centred = x - mean[:, None]
        covariance = centred @ centred.T / n
        variance = covariance.diagonal()
        sd = np.sqrt(variance)
        difference = np.add.reduce(np.abs(x[:, 1:] - x[:, :-1]), axis=1) / (n - 1)
        rms = np.sqrt(variance + mean * mean)
        above = centred >= 0
        crossings = np.count_nonzero(above[:, 1:] != above[:, :-1], axis=1) / (n - 1)
        parts = [mean, sd, difference, rms, crossings, self._log_power(centred).ravel()]
        if len(self._left):
            # A channel that does not move has no correlation; what rounding left of its variance does not count.
            moves = sd > 1e-7 * rms + 1e-12
            inverse = np.where(moves, 1.0 / np.where(moves, sd, 1.0), 0.0)
            correlation = covariance[self._left, self._right] * inverse[self._left] * inverse[self._right]
            parts.append(np.clip(correlation, -1.0, 1.0))
        return np.concatenate(parts).astype(np.float32)

    def _log_power(self, centred: F64) -> F64:
        n = centred.shape[1]
        taper = self._taper.get(n)
        if taper is None:
            hann = np.hanning(n + 2)[1:-1]
            # Scaled so that the powers of all bins add up to about the variance, whatever the length.
            taper = hann * np.sqrt(2.0 / (n * np.add.reduce(hann * hann))), band_starts(n)
            self._taper[n] = taper
        spectrum = np.fft.rfft(centred * taper[0], axis=1)[:, 1:]
        power = spectrum.real**2 + spectrum.imag**2
        bands = np.add.reduceat(power, taper[1] - 1, axis=1)
        logs: F64 = np.log10(bands.T + POWER_FLOOR)
        return logs
