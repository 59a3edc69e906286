"""The simulator: a function of seed, rate and knobs alone, with the truth beside it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgstudio.errors import BadInputError, StreamError
from dgstudio.streams.simulation.gestures import GESTURES, PACE_HZ
from dgstudio.streams.simulation.simulator import SimulatorSource
from dgstudio.types import UNKNOWN_TRUTH

Recorded = tuple[np.ndarray, np.ndarray, np.ndarray]


def read(source: SimulatorSource, samples: int) -> Recorded:
    """At least `samples` samples: exactly as many if they are a multiple of the block."""
    if not samples:
        return np.zeros(0), np.zeros((0, 6), np.float32), np.zeros(0, np.int16)
    blocks = []
    while sum(len(b.times) for b in blocks) < samples:
        block = source.read(1.0)
        assert block is not None
        blocks.append(block)
    assert all(b.truth is not None for b in blocks)
    return (
        np.concatenate([b.times for b in blocks]),
        np.concatenate([b.values for b in blocks]),
        np.concatenate([b.truth for b in blocks if b.truth is not None]),
    )


def opened(**options: float) -> SimulatorSource:
    source = SimulatorSource(**{"speed": 0, **options})  # type: ignore[arg-type]
    source.open()
    return source


def performing(gesture: str, samples: int = 2000, **knobs: float | bool) -> Recorded:
    source = opened()
    source.set_knob("gesture", gesture)
    for name, value in knobs.items():
        source.set_knob(name, value)
    return read(source, samples)


@settings(max_examples=15)
@given(st.integers(2, 100), st.integers(0, 5), st.sampled_from([50.0, 200.0, 333.0]), st.integers(0, 8))
def test_bytes_do_not_depend_on_blocks(block: int, seed: int, rate: float, blocks_before: int) -> None:
    def run(size: int) -> Recorded:
        source = opened(seed=seed, rate=rate, block_s=size / rate)
        source.set_knob("jitter", 0.5)
        head = read(source, blocks_before * block)
        source.set_knob("gesture", "circle")
        source.set_knob("gain", 1.4)
        source.set_knob("dropouts", 0.2)
        times, values, truth = (np.concatenate(parts) for parts in zip(head, read(source, 900), strict=True))
        stop = blocks_before * block + 900
        return times[:stop], values[:stop], truth[:stop]

    for one, many in zip(run(1), run(block), strict=True):
        assert one.tobytes() == many.tobytes()


def test_the_clock_does_not_change_the_bytes() -> None:
    free, hurried = opened(), opened(speed=400.0)
    for a, b in zip(read(free, 1600), read(hurried, 1600), strict=True):
        assert a.tobytes() == b.tobytes()


def test_a_seed_is_a_person() -> None:
    same, again, other = (read(opened(seed=seed), 400)[1] for seed in (3, 3, 4))
    assert same.tobytes() == again.tobytes()
    assert not np.allclose(same, other, atol=0.1)


def test_a_knob_holds_from_the_next_sample_on() -> None:
    plain, turned = opened(), opened()
    before, _ = read(plain, 300), read(turned, 300)
    turned.set_knob("rotation", 120.0)
    np.testing.assert_array_equal(read(opened(), 300)[1], before[1])
    assert np.abs(read(plain, 10)[1][0] - read(turned, 10)[1][0]).max() > 0.3


def test_truth_names_what_is_performed() -> None:
    source = opened()
    assert source.spec.truth_names == GESTURES
    for gesture in GESTURES:
        source.set_knob("gesture", gesture)
        truth = read(source, 50)[2]
        assert set(truth) == {GESTURES.index(gesture)}


def test_the_script_performs_its_four_gestures_in_turn() -> None:
    truth = read(opened(), 200 * 24)[2]
    changes = truth[np.flatnonzero(np.diff(truth, prepend=-2))]
    assert [GESTURES[t] for t in changes[:5]] == ["rest", "walk", "run", "shake", "rest"]
    assert UNKNOWN_TRUTH not in truth


def test_a_chosen_gesture_ends_the_script_at_once() -> None:
    _, _, truth = read(opened(), 2000)
    turn = int(np.flatnonzero(np.diff(truth))[0]) + 1
    source = opened(block_s=1 / 200)
    # Just before the turn, when the script has planned it already.
    read(source, turn - 1)
    source.set_knob("gesture", "circle")
    assert set(read(source, 200)[2]) == {GESTURES.index("circle")}


def test_gestures_move_at_the_pace_of_the_person() -> None:
    _, values, _ = performing("wave", 4000, noise=0.0)
    spectrum = np.abs(np.fft.rfft(values[:, 5] - values[:, 5].mean()))
    hz = np.fft.rfftfreq(4000, 1 / 200)[spectrum.argmax()]
    assert hz == pytest.approx(PACE_HZ["wave"], rel=0.2)


def test_gravity_is_there_at_rest() -> None:
    _, values, _ = performing("rest", noise=0.0)
    assert np.linalg.norm(values[:, :3], axis=1).mean() == pytest.approx(1.0, abs=0.05)


def test_custom_follows_its_frequency_and_amplitude() -> None:
    _, values, _ = performing("custom", 4000, noise=0.0, frequency=3.0, amplitude=2.0)
    spectrum = np.abs(np.fft.rfft(values[:, 0] - values[:, 0].mean()))
    assert np.fft.rfftfreq(4000, 1 / 200)[spectrum.argmax()] == pytest.approx(3.0, abs=0.3)
    _, weak, _ = performing("custom", 4000, noise=0.0, frequency=3.0, amplitude=0.5)
    assert values[:, 0].std() == pytest.approx(4 * weak[:, 0].std(), rel=0.05)


def test_dropouts_are_missing_values_in_fives() -> None:
    _, values, _ = performing("walk", 4000, dropouts=0.3)
    lost = np.isnan(values)
    assert (lost.all(axis=1) == lost.any(axis=1)).all()
    assert 0.2 < lost[:, 0].mean() < 0.4
    assert (lost[:, 0].reshape(-1, 5).all(axis=1) == lost[:, 0].reshape(-1, 5).any(axis=1)).all()


def test_noise_gain_swap_and_jitter_do_what_they_say() -> None:
    times, clean, _ = performing("rest", noise=0.0)
    np.testing.assert_array_equal(times, np.arange(2000) / 200)
    _, noisy, _ = performing("rest", noise=0.3)
    assert (noisy - clean).std() == pytest.approx(0.3, rel=0.05)
    _, swapped, _ = performing("rest", noise=0.0, swap=True)
    np.testing.assert_array_equal(swapped, clean[:, [1, 0, 2, 4, 3, 5]])
    _, strong, _ = performing("rest", 4000, noise=0.0, gain=1.5)
    ratio = strong[:, 2] / performing("rest", 4000, noise=0.0)[1][:, 2]
    assert ratio[0] == pytest.approx(1.0, abs=0.01) and ratio[-1] == pytest.approx(1.5, abs=0.01)
    late, _, _ = performing("rest", noise=0.0, jitter=1.0)
    assert (np.diff(late) >= 0).all() and (late >= times).all() and (late - times).max() > 0.5 / 200


def test_all_knobs_take_their_extremes() -> None:
    source = opened()
    for knob in source.knobs():
        for value in knob.choices or ((True, False) if knob.kind == "bool" else (knob.low, knob.high)):
            source.set_knob(knob.name, value)
            assert next(k.value for k in source.knobs() if k.name == knob.name) == value
            read(source, 10)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("colour", 1.0, "no knob “colour”"),
        ("gesture", "dance", "one of"),
        ("swap", 0.5, "on or off"),
        ("noise", float("nan"), "finite"),
        ("noise", "loud", "finite"),
    ],
)
def test_wrong_knobs_are_refused_and_change_nothing(name: str, value: float | str, said: str) -> None:
    source = opened()
    before = source.knobs()
    with pytest.raises(BadInputError, match=said):
        source.set_knob(name, value)
    assert source.knobs() == before


def test_floats_are_limited_to_the_range_of_the_knob() -> None:
    source = opened()
    source.set_knob("noise", 7)
    assert next(k.value for k in source.knobs() if k.name == "noise") == 0.5


@pytest.mark.parametrize("options", [{"rate": 10}, {"rate": float("nan")}, {"seed": -1}, {"speed": -1}])
def test_options_that_cannot_be_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(BadInputError):
        SimulatorSource(**options)  # type: ignore[arg-type]


def test_sent_counts_and_reopening_is_a_break() -> None:
    source = opened()
    first = source.read(1.0)
    assert first is not None and not first.break_before
    source.close()
    with pytest.raises(StreamError):
        source.read(1.0)
    source.open()
    second = source.read(1.0)
    assert second is not None and second.break_before
    assert source.sent == len(first.times) + len(second.times)
    assert second.times[0] > first.times[-1]
