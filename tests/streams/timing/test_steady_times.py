"""Times of samples rise steadily, however unsteadily they come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.streams.timing.steady_times import SteadyTimes, measured_rate, rounded_rate
from dgstudio.types import F64


def packets(rate: float, seconds: float, every_s: float) -> list[F64]:
    """Stamps of samples that are handed on every so often."""
    taken = np.arange(round(seconds * rate)) / rate
    came = np.ceil(taken / every_s + 1e-9) * every_s
    return np.split(came, np.flatnonzero(np.diff(came)) + 1)


@pytest.mark.parametrize(("rate", "every_s"), [(100.0, 0.016), (500.0, 0.016), (5000.0, 0.004), (10.0, 0.001)])
def test_what_comes_in_packets_is_spread_evenly(rate: float, every_s: float) -> None:
    steady = SteadyTimes(rate)
    found = [steady.of(packet) for packet in packets(rate, 20.0, every_s)]
    times, gaps = np.concatenate([times for times, _ in found]), [gap for _, gaps in found for gap in gaps]
    assert not gaps
    later = times[len(times) // 2 :]
    np.testing.assert_allclose(np.diff(later), 1 / rate, rtol=0.2)
    assert abs(later[-1] - 20.0) < 2 * every_s + 1 / rate


@pytest.mark.parametrize("real", [80.0, 125.0])
def test_the_rate_that_really_comes_is_followed(real: float) -> None:
    steady = SteadyTimes(100.0)
    for packet in packets(real, 40.0, 0.005):
        times, _ = steady.of(packet)
    assert steady.rate == pytest.approx(real, rel=0.01)
    assert abs(times[-1] - 40.0) < 0.02


def test_a_silence_is_a_gap_and_a_lost_sample_is_not() -> None:
    steady = SteadyTimes(100.0)
    stamps = np.arange(200) / 100
    assert steady.of(stamps)[1] == []
    assert steady.of(stamps[:100] + 2.01)[1] == []
    times, gaps = steady.of(stamps[:100] + 5.0)
    assert gaps == [0] and times[-1] == pytest.approx(5.99, abs=0.02)
    times, gaps = steady.of(np.concatenate([stamps[:50] + 6.0, stamps[:50] + 8.0]))
    assert gaps == [50] and times[50] == pytest.approx(8.0, abs=0.02)


def test_after_a_restart_time_begins_where_the_stamps_are() -> None:
    steady = SteadyTimes(100.0)
    steady.of(np.arange(10) / 100 + 50)
    steady.restart()
    times, gaps = steady.of(np.array([3.0]))
    assert times[0] == 3.0 and gaps == []


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 20)), min_size=1, max_size=40), st.floats(1, 5000))
def test_times_always_rise(steps: list[tuple[float, int]], rate: float) -> None:
    steady, wall, last = SteadyTimes(rate), 0.0, -np.inf
    for step, count in steps:
        wall += step
        times, _ = steady.of(np.full(count, wall))
        assert times[0] > last and (np.diff(times) > 0).all()
        last = times[-1]


def test_a_rate_is_measured_in_packets_and_rounded_as_people_would() -> None:
    stamps = np.concatenate(packets(100.0, 1.5, 0.016))
    measured = measured_rate(stamps)
    assert measured is not None and rounded_rate(measured) == 100
    assert measured_rate(np.zeros(5)) is None
    assert [rounded_rate(rate) for rate in (99.2, 104.1, 49.6, 1.01, 4961.0, 0.999)] == [100, 104, 50, 1, 5000, 1]
