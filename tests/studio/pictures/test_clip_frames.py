"""The last seconds as frames: what comes out is what went in, no longer and no larger than is said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.studio.pictures.clip_frames import GROUP, ClipFrames
from dgstudio.studio.pictures.limits import KEPT_S

WIDE, TALL = 6, 4


def picture(number):
    """A picture of its own for each number."""
    return np.random.default_rng(number).integers(0, 256, (TALL, WIDE, 3)).astype(np.uint8)


def shown(clip):
    """(when, pixels) of each frame."""
    return [(when, pixels.copy()) for when, pixels in zip(clip.times(), clip.frames(), strict=True)]


@given(st.lists(st.tuples(st.floats(0.05, 9.0), st.integers(0, 3)), min_size=1, max_size=90))
def test_every_change_of_the_last_seconds_is_there_at_its_moment(steps):
    frames, now, added = ClipFrames(), 100.0, []
    for step, number in steps:
        now += step
        frames.add(now, picture(number))
        added.append((now, number))
    clip = frames.taken()
    begin = max(added[0][0], now - KEPT_S)
    assert clip.end == now and clip.begin == pytest.approx(begin) and frames.seconds == pytest.approx(clip.seconds)
    assert clip.seconds <= KEPT_S + 1e-9

    def seen_at(moment):
        return next(number for when, number in reversed(added) if when <= moment)

    told = shown(clip)
    assert told[0][0] == 0.0 and [when for when, _ in told] == sorted(when for when, _ in told)
    for moment in (*(when for when, _ in added if when >= begin), begin):
        pixels = [pixels for when, pixels in told if when <= moment - begin + 1e-6][-1]
        assert np.array_equal(pixels, picture(seen_at(moment + 1e-6)))


def test_what_stays_as_it_is_takes_no_memory_and_is_one_frame():
    frames = ClipFrames()
    still = np.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(np.uint8)
    for place in range(GROUP):
        frames.add(float(place) / 8, still)
    once = frames.bytes
    assert len(frames.taken().times()) == 1 and once < 1.1 * still.nbytes
    frames.add(GROUP / 8, still)
    assert frames.bytes < 2.2 * still.nbytes, "each group can be shown without those before"


def test_memory_is_bounded_by_keeping_less():
    most = 200_000
    frames = ClipFrames(most)
    noise = np.random.default_rng(1)
    for place in range(400):
        frames.add(place / 8, noise.integers(0, 256, (80, 100, 3)).astype(np.uint8))
        # One group of frames must be there, however large it is.
        assert frames.bytes <= max(most, (GROUP + 1) * 24_400)
    assert 0 < frames.seconds < KEPT_S


def test_what_had_another_size_is_fitted_into_the_newest():
    frames = ClipFrames()
    frames.add(1.0, np.full((40, 80, 3), (200, 100, 50), np.uint8))
    frames.add(2.0, picture(1))
    wide = np.full((30, 60, 3), (10, 20, 30), np.uint8)
    wide[:, 30:] = 255
    frames.add(3.0, wide)
    frames.add(4.0, np.full((60, 60, 3), (1, 2, 3), np.uint8))
    clip = frames.taken()
    assert clip.size == (60, 60) and clip.times() == [0.0, 1.0, 2.0, 3.0]
    first, _, third, last = (pixels.copy() for pixels in clip.frames())
    assert {tuple(pixel) for pixel in first.reshape(-1, 3).tolist()} == {(200, 100, 50)}
    assert third[30, 50].tolist() == [255] * 3 and third[30, 5].tolist() == third[2, 50].tolist() == [10, 20, 30]
    assert last[0, 0].tolist() == [1, 2, 3]


def test_a_clip_stays_as_it_was_taken():
    frames = ClipFrames()
    assert frames.taken() is None and frames.seconds == 0.0
    for place in range(40):
        frames.add(float(place), picture(place))
    clip = frames.taken()
    before = shown(clip)
    for place in range(40, 120):
        frames.add(float(place), picture(place))
    after = shown(clip)
    assert len(before) == len(after) == 31
    assert all(np.array_equal(one, other) for (_, one), (_, other) in zip(before, after, strict=True))
