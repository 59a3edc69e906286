"""Uneven times: rows are interpolated onto an even grid, and it is said; times that only wobble are left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.types import F64


def played(tmp_path: Path, time: F64, **more: object) -> RecordingSource:
    """A recording of a slow sine, sampled at these times."""
    np.savez(tmp_path / "uneven.npz", X=np.sin(time)[:, None].astype(np.float32), time=time, **more)  # type: ignore[arg-type]
    return RecordingSource(tmp_path / "uneven.npz", speed=0, loop=False)


def said(source: RecordingSource) -> str:
    return "\n".join(note.sentence for note in source.notes)


def test_a_sensor_without_a_steady_rate_is_evened(tmp_path: Path) -> None:
    time = np.cumsum(np.random.default_rng(0).uniform(0.01, 0.04, 2000))
    source = played(tmp_path, time)
    assert "The times are uneven, in steps of 10 to 40 ms: rows are interpolated" in said(source)
    even = time[0] + np.arange(len(source.values)) / source.spec.rate
    assert even[-1] == pytest.approx(time[-1], abs=0.05)
    np.testing.assert_allclose(source.values[:, 0], np.sin(even), atol=1e-3)


def test_lost_rows_are_filled_and_gaps_are_not(tmp_path: Path) -> None:
    time = np.arange(1000) / 50
    kept = (np.random.default_rng(1).random(1000) > 0.1) & ((time < 8) | (time > 12))
    source = played(tmp_path, time[kept])
    assert "uneven" in said(source) and "1 gap" in said(source)
    blocks = []
    source.open()
    while sum(len(block.times) for block in blocks) < len(source.values):
        block = source.read(1.0)
        assert block is not None
        blocks.append(block)
    source.close()
    times, values = (np.concatenate([getattr(block, name) for block in blocks]) for name in ("times", "values"))
    assert [block.break_before for block in blocks].count(True) == 1
    np.testing.assert_allclose(values[:, 0], np.sin(times + time[kept][0]), atol=2e-3)


@pytest.mark.parametrize("jitter", [0.0, 0.004])
def test_stamps_that_wobble_are_left_alone(tmp_path: Path, jitter: float) -> None:
    time = np.arange(500) / 50 + np.random.default_rng(2).uniform(-jitter, jitter, 500)
    source = played(tmp_path, time)
    assert source.notes == () and len(source.values) == 500


def test_packets_are_left_alone(tmp_path: Path) -> None:
    source = played(tmp_path, np.floor(np.arange(500) / 10) * 0.2)
    assert "uneven" not in said(source) and len(source.values) == 500


def test_names_are_those_of_the_row_before_and_missing_values_stay_missing(tmp_path: Path) -> None:
    time = np.cumsum(np.random.default_rng(3).uniform(0.01, 0.04, 400))
    names = np.where(np.arange(400) < 200, "rest", "walk")
    source = played(tmp_path, time, label=names)
    source.open()
    block = source.read(1.0)
    source.close()
    assert block is not None and block.truth is not None and block.truth[0] == 0
    takes = played(tmp_path, time, take=np.arange(400) // 100).take_table()
    assert len(takes) == 4 and sum(take.n_rows for take in takes) == pytest.approx(400, abs=80)
    values = np.sin(time)[:, None].astype(np.float32)
    values[50] = np.nan
    np.savez(tmp_path / "holes.npz", X=values, time=time)
    holes = RecordingSource(tmp_path / "holes.npz", speed=0)
    assert 1 <= np.count_nonzero(np.isnan(holes.values)) <= 4
