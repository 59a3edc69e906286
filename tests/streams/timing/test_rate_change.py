"""Samples are brought to another rate, however they come in blocks."""

from __future__ import annotations

import numpy as np
import pytest

from dgstudio.streams.timing.rate_change import RateChange
from dgstudio.types import Block

TIMES = np.arange(200) / 80.0 + 3.0
VALUES = np.stack((TIMES, -2 * TIMES), axis=1).astype(np.float32)
TRUTH = (np.arange(200) // 20).astype(np.int16)


def taken(change: RateChange, cuts: list[int], breaks: frozenset[int] = frozenset()) -> list[Block]:
    """What comes of the samples in blocks that begin at `cuts`."""
    parts = [slice(begin, end) for begin, end in zip(cuts, [*cuts[1:], len(TIMES)], strict=True)]
    blocks = [Block(TIMES[p], VALUES[p], TRUTH[p], p.start in breaks) for p in parts]
    return [block for block in map(change.taken, blocks) if block is not None]


@pytest.mark.parametrize("rate", [10.0, 50.0, 79.0, 200.0])
def test_the_grid_is_the_same_however_the_blocks_are_cut(rate: float) -> None:
    for cuts in ([0], [0, 1, 2, 3, 100], list(range(0, 200, 7))):
        found = taken(RateChange(rate, 1.0), cuts)
        times = np.concatenate([block.times for block in found])
        values = np.concatenate([block.values for block in found])
        assert np.allclose(times, 3.0 + np.arange(len(times)) / rate) and len(times) == int(199 / 80 * rate + 1e-6) + 1
        assert np.allclose(values[:, 0], times, atol=1e-5) and np.allclose(values[:, 1], -2 * times, atol=1e-5)
        truth = np.concatenate([block.truth for block in found])
        assert truth.tolist() == [int((t - 3.0) * 80 + 1e-6) // 20 for t in times.tolist()]
        assert not any(block.break_before for block in found)


def test_nothing_is_joined_over_a_break_or_a_silence() -> None:
    found = taken(RateChange(50.0, 1.0), [0, 101, 150], frozenset({101}))
    first = next(block for block in found if block.break_before)
    assert first.times[0] == TIMES[101] and sum(block.break_before for block in found) == 1
    change = RateChange(50.0, 1.0)
    change.taken(Block(TIMES[:10], VALUES[:10]))
    after = change.taken(Block(TIMES[:1] + 2.0, VALUES[:1]))
    assert after is not None and after.break_before and after.times.tolist() == [5.0] and after.truth is None
    assert change.taken(Block(TIMES[:1] + 2.001, VALUES[:1])) is None


def test_the_silence_of_less_than_a_window_is_filled_in() -> None:
    change = RateChange(10.0, 1.0)
    change.taken(Block(np.array([0.0]), np.array([[0.0]], np.float32)))
    filled = change.taken(Block(np.array([0.5]), np.array([[1.0]], np.float32)))
    assert filled is not None and np.allclose(filled.values[:, 0], [0.2, 0.4, 0.6, 0.8, 1.0])
