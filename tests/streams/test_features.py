"""Features: what each number is, and that nothing that comes in makes one that is not finite."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dgstudio.errors import BadInputError
from dgstudio.streams.features import BANDS, SignalFeatures, band_starts, default_window, repair
from dgstudio.types import StreamSpec


def spec(channels: int = 3, rate: float = 100.0, kind: str = "signal") -> StreamSpec:
    window_s, hop_s = default_window(rate)
    return StreamSpec("test", kind, rate, tuple("abcdefghijkl"[:channels]), window_s, hop_s)


def noise(n: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, channels)) + [3 * c for c in range(channels)]).astype(np.float32)


def named(features: SignalFeatures, window: np.ndarray) -> dict[str, float]:
    return dict(zip(features.names, features(window).tolist(), strict=True))


def test_names_are_one_a_number_and_all_different() -> None:
    features = SignalFeatures(spec(3))
    assert len(features.names) == len(set(features.names)) == features.dim == 3 * (5 + BANDS) + 3
    assert {"a mean", "b rms", "c power 5/5", "a~c"} <= set(features.names)
    out = features(noise(100))
    assert out.shape == (features.dim,) and out.dtype == np.float32


def test_many_channels_have_no_correlations() -> None:
    assert any("~" in name for name in SignalFeatures(spec(8)).names)
    assert not any("~" in name for name in SignalFeatures(spec(9)).names)


@pytest.mark.parametrize("n", [2, 3, 7, 32, 100, 201])
def test_statistics_are_those_of_the_textbook(n: int) -> None:
    window = noise(n)
    got = named(SignalFeatures(spec()), window)
    for c, x in zip("abc", window.T.astype(np.float64), strict=True):
        signs = np.where(x >= x.mean(), 1, -1)
        want = {
            "mean": x.mean(),
            "sd": x.std(),
            "mean abs difference": np.mean([abs(b - a) for a, b in pairwise(x)]),
            "rms": np.sqrt(np.mean(x**2)),
            "crossing rate": sum(a != b for a, b in pairwise(signs)) / (n - 1),
        }
        for name, value in want.items():
            assert got[f"{c} {name}"] == pytest.approx(value, rel=1e-5, abs=1e-6), name
    matrix = np.corrcoef(window.T.astype(np.float64))
    for i, j in combinations(range(3), 2):
        assert got[f"{'abc'[i]}~{'abc'[j]}"] == pytest.approx(matrix[i, j], abs=1e-5)


@pytest.mark.parametrize("n", [32, 100, 201])
def test_power_is_that_of_a_hann_periodogram_in_bands(n: int) -> None:
    window = noise(n, 1)
    got = named(SignalFeatures(spec(1)), window)
    x = window[:, 0].astype(np.float64)
    hann = np.sin(np.pi * np.arange(1, n + 1) / (n + 1)) ** 2
    tapered = (x - x.mean()) * hann
    k = np.arange(n // 2 + 1)[:, None]
    spectrum = (tapered * np.exp(-2j * np.pi * k * np.arange(n) / n)).sum(axis=1)
    power = 2 * np.abs(spectrum) ** 2 / (n * (hann**2).sum())
    starts = [*band_starts(n), n // 2 + 1]
    for band in range(BANDS):
        want = np.log10(power[starts[band] : starts[band + 1]].sum() + 1e-10)
        assert got[f"a power {band + 1}/{BANDS}"] == pytest.approx(want, abs=1e-4)


def test_a_tone_is_loudest_in_its_band_and_as_loud_as_it_is() -> None:
    t = np.arange(200) / 200
    got = named(SignalFeatures(spec(1, 200)), (2 * np.sin(2 * np.pi * 60 * t))[:, None].astype(np.float32))
    powers = [got[f"a power {b + 1}/{BANDS}"] for b in range(BANDS)]
    assert int(np.argmax(powers)) == 4
    assert 10 ** powers[4] == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("rate", [1.0, 10.0, 50.0, 400.0])
def test_the_number_of_features_does_not_depend_on_the_rate(rate: float) -> None:
    of = spec(6, rate)
    features = SignalFeatures(of)
    assert features.dim == SignalFeatures(spec(6, 123.0)).dim
    assert np.isfinite(features(noise(of.window, 6))).all()


def test_windows_are_a_second_or_32_samples() -> None:
    assert default_window(200.0) == (1.0, 0.02)
    assert default_window(10.0) == (3.2, 0.1)


HOSTILE = st.floats(width=32, allow_nan=True, allow_infinity=True)


@given(hnp.arrays(np.float32, st.tuples(st.integers(2, 40), st.just(3)), elements=HOSTILE))
def test_all_features_are_finite_whatever_comes_in(window: np.ndarray) -> None:
    features = SignalFeatures(spec())
    out = features(window)
    assert np.isfinite(out).all()
    assert out.tobytes() == SignalFeatures(spec())(window).tobytes()


@pytest.mark.parametrize("value", [0.0, 1.0, -3.3, 1e9, np.nan, np.inf])
@pytest.mark.parametrize("n", [64, 97])
def test_a_constant_channel_has_no_spread_and_no_correlation(n: int, value: float) -> None:
    window = noise(n)
    window[:, 1] = value
    got = named(SignalFeatures(spec()), window)
    assert got["b sd"] == 0 and got["b crossing rate"] == 0 and got["b mean abs difference"] == 0
    assert got["a~b"] == 0 and got["b~c"] == 0
    assert got["b mean"] == pytest.approx(value if np.isfinite(value) else 0.0)


def test_missing_values_are_repaired_by_the_last_good_one() -> None:
    nan, inf = np.nan, np.inf
    window = np.array([[nan, 1, nan], [2, nan, nan], [3, 2e18, nan], [nan, 5, inf]], np.float32)
    values, bad = repair(window)
    np.testing.assert_array_equal(values, [[2, 1, 0], [2, 1, 0], [3, 1, 0], [3, 5, 0]])
    assert bad is not None
    assert int(bad.sum()) == 8
    clean = noise(10)
    values, bad = repair(clean)
    assert bad is None
    np.testing.assert_array_equal(values, clean)


def test_overlapping_windows_count_a_bad_value_once() -> None:
    of = spec(3)
    features = SignalFeatures(of)
    stream = noise(300)
    stream[[5, 150, 151], 0] = np.nan
    for end in range(of.window, 301, of.hop):
        features(stream[end - of.window : end])
    assert features.repaired == 3


def test_a_pointer_is_its_newest_sample_and_what_is_missing_there_is_the_one_before() -> None:
    features = SignalFeatures(spec(2, kind="pointer"))
    assert features.names == ("a", "b")
    window = np.array([[0.1, 0.2], [0.3, np.nan]], np.float32)
    assert features(window).tobytes() == np.array([0.3, 0.2], np.float32).tobytes()
    assert features.repaired == 1


@pytest.mark.parametrize("shape", [(1, 3), (0, 3), (10, 2), (10,)])
def test_a_window_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="window"):
        SignalFeatures(spec())(np.zeros(shape, np.float32))


@pytest.mark.parametrize("kind", ["signal", "pointer", "image"])
def test_what_has_no_channels_is_refused(kind: str) -> None:
    with pytest.raises(BadInputError, match="channels"):
        SignalFeatures(spec(0, kind=kind))


def test_of_pictures_the_newest_sample_is_what_the_model_sees() -> None:
    features = SignalFeatures(spec(3, kind="image"))
    assert features.names == spec(3).channels and features.dim == 3
    rows = np.array([[1, 2, 3], [4, np.nan, 6]], np.float32)
    np.testing.assert_array_equal(features(rows), (4, 2, 6))
    np.testing.assert_array_equal(features(rows[:1]), (1, 2, 3))
    assert features.repaired == 1
