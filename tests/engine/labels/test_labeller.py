"""Which windows a take means."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from dgstudio.engine.labels.labeller import Labeller, belongs
from dgstudio.engine.runtime.rings import RecordRing, SampleRing
from dgstudio.types import BASE, Block, Reading, StreamSpec

SPEC = StreamSpec("test", "signal", 10.0, ("a",), window_s=1.0, hop_s=0.1)


def reading(hop: int) -> Reading:
    end = 1.0 + hop * 0.1
    none = np.zeros(0, np.float32)
    return Reading(
        hop, end - 0.9, end, 0, "", np.full(2, hop, np.float32), np.zeros(0, np.int32), none, none, none,
        np.zeros(0, np.uint8), BASE, 0.0, (), none, none, None, 1.0, 0.0, 0.0, sample=10 + hop,
    )  # fmt: skip


def labeller(hops: int, learn_every_s: float = 0.0) -> Labeller:
    ring, readings = SampleRing(4096, 1), RecordRing[Reading](4096)
    times = 0.1 + np.arange(hops + 10) * 0.1
    ring.append(Block(times, times[:, None].astype(np.float32)), 0.0)
    for hop in range(hops):
        readings.append(reading(hop))
    return Labeller(SPEC, readings, ring, learn_every_s=learn_every_s, next_example=100, next_take=7)


@pytest.mark.parametrize(
    ("window", "take", "strict", "expected"),
    [
        ((0, 1), (0.5, 3), True, True),
        ((0, 1), (0.6, 3), True, False),
        ((0, 1), (0, 0.9), True, False),
        ((0, 1), (0.6, 1.0), False, True),
        ((0, 0.7), (0.6, 1.0), False, False),
        ((5, 6), (0, 1), False, False),
    ],
)
def test_half_of_the_shorter_must_overlap(
    window: tuple[float, float], take: tuple[float, float], strict: bool, expected: bool
) -> None:
    assert belongs(*window, *take, strict=strict) is expected


def test_a_take_held_gives_the_same_windows_as_one_labelled_afterwards() -> None:
    held = labeller(60)
    open_take = held.open(3, 2.0, 0.0, "held")
    grown = [example for until in (2.4, 2.9, 3.7, 4.4) for example in held.grow(open_take, until)]
    take, rest = held.close(open_take, 4.5)
    other = labeller(60)
    again, at_once = other.close(other.open(3, 2.0, 0.0, "retro"), 4.5)
    assert {e.end for e in grown + rest} == {e.end for e in at_once}
    assert take.examples == again.examples == len(at_once) > 10
    assert {e.take_id for e in at_once} == {7} and {e.class_id for e in at_once} == {3}


def test_windows_closer_than_the_limit_are_stored_but_not_learned() -> None:
    part = labeller(60, learn_every_s=0.2)
    _, examples = part.close(part.open(0, 2.0, 0.0, "retro"), 5.0)
    learned = [e.end for e in examples if e.learn]
    assert len(learned) == pytest.approx(len(examples) / 2, abs=1)
    assert np.diff(learned).min() >= 0.2 - 1e-6


def test_an_interval_that_is_no_multiple_of_the_hop_keeps_its_rate() -> None:
    part = labeller(1000, learn_every_s=0.25)
    _, examples = part.close(part.open(0, 2.0, 0.0, "retro"), 62.0)
    assert sum(e.learn for e in examples) == pytest.approx(60 / 0.25, abs=4)


def test_raw_windows_are_kept_that_show_the_take_once() -> None:
    part = labeller(60)
    _, examples = part.close(part.open(0, 2.0, 0.0, "retro"), 5.0)
    kept = [example for example in examples if example.raw is not None]
    assert kept[0] is examples[0] and len(kept) == 3
    assert all(b.start >= a.end for a, b in itertools.pairwise(kept))
    for example in kept:
        assert example.raw is not None and example.raw.shape == (10, 1)
        assert example.raw[-1, 0] == pytest.approx(example.end)


def test_a_take_without_a_window_is_empty() -> None:
    part = labeller(5)
    take, examples = part.close(part.open(0, 50.0, 0.0, "held"), 51.0)
    assert examples == [] and take.examples == 0


def test_examples_of_pictures_keep_what_is_seen_at_their_time_each_half_second() -> None:
    ring, readings = SampleRing(4096, 1), RecordRing[Reading](4096)
    spec = StreamSpec("test", "image", 20.0, ("a",), window_s=0.05, hop_s=0.05)
    times = np.arange(100) * 0.05
    ring.append(Block(times, times[:, None].astype(np.float32)), 0.0)
    for hop, at in enumerate(times):
        readings.append(replace(reading(hop), start=float(at), end=float(at), sample=hop + 1))
    asked: list[float] = []

    def picture(moment: float) -> np.ndarray:
        asked.append(moment)
        return np.full((2, 3), moment, np.float32)

    made = Labeller(spec, readings, ring, learn_every_s=0.1, next_example=0, next_take=0, picture=picture)
    _, examples = made.close(made.open(0, 1.0, 0.0, "held"), 3.0)
    # A sample is of a take that it lies in: none is at its edge.
    assert [examples[0].end, examples[-1].end] == pytest.approx([1.05, 3.0]) or examples[0].end == pytest.approx(1.0)
    kept = [example for example in examples if example.raw is not None]
    assert [example.end for example in kept] == pytest.approx(asked)
    assert np.diff(asked).min() >= 0.5 - 1e-6 and len(asked) == pytest.approx(4, abs=1)
    assert sum(example.learn for example in examples) == pytest.approx(20, abs=1)


def test_a_press_that_was_a_tap_takes_no_number() -> None:
    part = labeller(60)
    pressed = part.open(3, 2.0, 0.0, "held")
    part.give_back(pressed)
    tapped = part.open(3, 1.5, 0.0, "tap")
    assert tapped.take.id == pressed.take.id == 7
    # Once another was begun, numbers stay given.
    later = part.open(3, 2.5, 0.0, "held")
    part.give_back(tapped)
    assert part.open(3, 3.0, 0.0, "held").take.id == later.take.id + 1
