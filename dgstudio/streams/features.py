"""Features of a window of samples: what the model sees of a signal, a pointer, values that others send, or pictures."""

from __future__ import annotations

from itertools import combinations
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.kernel import tables
from dgstudio.kernel.backend import WindowFeatures, backend
from dgstudio.types import F32, F64, ONE_BY_ONE, StreamKind, StreamSpec

WINDOW_S = 1.0
WINDOW_SAMPLES = 32
HOP_S = 0.02
BANDS = 5
"""Bands of log power a channel."""
MAX_CORRELATED = 8
"""Correlations are left out above this number of channels: they would outnumber everything else."""
LARGEST = 1e18
"""Values beyond this magnitude count as bad, as NaN and infinities do: their squares would overflow float32."""

AS_THEY_ARE = ONE_BY_ONE | {StreamKind.POINTER}
"""Kinds of streams whose newest sample is what the model sees."""
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


class Features(Protocol):
    """Turns a window (n, channels) into features (dim,), all finite. One thread calls; any may read `repaired`."""

    spec: StreamSpec
    names: tuple[str, ...]
    dim: int
    repaired: int
    """Bad values that were replaced (see `repair`)."""

    def __call__(self, window: F32) -> F32:
        """Return the features of a window; the same bytes for the same window."""
        ...


class SignalFeatures:
    """Turns a window into features; each has a name, as in "ax rms" or "gx~gz".

    Of a signal, for each channel: mean, standard deviation, mean absolute difference of neighbours, root mean
    square, rate of crossings of the mean (0..1 a sample), log10 of the power in five bands (Hann window); then the
    correlations of all pairs of channels, if there are at most eight channels. Of a pointer, of values and of pictures:
    the last sample as it is. Works for any window of at least two samples; of what comes one by one, one is enough. By
    the kernel (docs/kernel.md): the same on every machine. Power has 10⁻¹⁰ of the channel's unit squared added, so that
    silence is a number.

    The same window gives the same bytes. `repaired` counts bad values (see `repair`): all those of the first
    window, later only those among the newest `spec.hop` samples, so that overlapping windows in turn count each
    once. One thread calls; any may read `repaired`.

    Raises
    ------
    BadInputError
        For a stream that has no channels.
    """

    def __init__(self, spec: StreamSpec) -> None:
        if not spec.channels:
            raise BadInputError(f"“{spec.name}” ({spec.kind}) has no features: it needs numeric channels.")
        self.spec = spec
        self.repaired = 0
        self._first = True
        self._as_it_is = spec.kind in AS_THEY_ARE
        self._least = 1 if spec.kind in ONE_BY_ONE else 2
        channels = spec.channels
        names = [f"{c} {s}" for s in STATISTICS for c in channels]
        names += [f"{c} power {b + 1}/{BANDS}" for b in range(BANDS) for c in channels]
        pairs = list(combinations(range(len(channels)), 2)) if len(channels) <= MAX_CORRELATED else []
        names += [f"{channels[i]}~{channels[j]}" for i, j in pairs]
        if self._as_it_is:
            names = [*channels]
        self.names: tuple[str, ...] = tuple(names)
        self.dim = len(names)
        self._pairs = np.array(pairs, np.int32).reshape(-1, 2)
        self._kernels: dict[int, WindowFeatures] = {}

    def __call__(self, window: F32) -> F32:
        """Return the features (dim,) float32, all finite, of a window (n, channels), n ≥ 2, one by one n ≥ 1.

        Raises
        ------
        ValueError
            If the window has another shape.
        """
        window = np.ascontiguousarray(window, np.float32)
        if window.ndim != 2 or len(window) < self._least or window.shape[1] != len(self.spec.channels):
            raise ValueError(f"a window is (n ≥ {self._least}, {len(self.spec.channels)} channels), not {window.shape}")
        features = None if self._as_it_is else self._of_signal(window)
        if features is None:
            values, bad = repair(window)
            if bad is not None:
                self.repaired += int(np.count_nonzero(bad if self._first else bad[-self.spec.hop :]))
            features = self._newest(values) if self._as_it_is else self._of_signal(values.astype(np.float32))
            assert features is not None, "what is repaired has features"
        self._first = False
        return features

    def _newest(self, values: F64) -> F32:
        last: F32 = values[-1].astype(np.float32)
        return last

    def _of_signal(self, samples: F32) -> F32 | None:
        n = len(samples)
        kernel = self._kernels.get(n)
        if kernel is None:
            bands = np.append(band_starts(n), max(1, n // 2) + 1)
            window = tables.window(n, samples.shape[1], bands.astype(np.int32), self._pairs)
            kernel = self._kernels[n] = backend().features(window)
        return kernel(samples)
