"""A live stream that was recorded to a file plays back the same, receipt by receipt."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from dgstudio.bench.streams.replay_match import compared, recorded_session, run_replay_match
from dgstudio.streams.block_queue import BlockQueue
from dgstudio.streams.features import default_window
from dgstudio.types import Block, StreamKind, StreamSpec


class Uneven:
    """Comes in packets of odd sizes, with gaps and missing values; of the kind that is asked for."""

    def __init__(self, kind: StreamKind) -> None:
        window_s, hop_s = default_window(100.0) if kind is StreamKind.SIGNAL else (0.01, 0.01)
        self.spec = StreamSpec("uneven", kind, 100.0, ("a", "b"), window_s, hop_s)
        self._random = np.random.default_rng(0)
        self._queue = BlockQueue("uneven", 100_000)
        self._time = 0.0

    def open(self) -> None:
        self._queue.open()

    def close(self) -> None:
        self._queue.close()

    def read(self, timeout: float) -> Block | None:
        time.sleep(0.002)
        count = int(self._random.integers(1, 9))
        gap = bool(self._random.random() < 0.02)
        self._time += 1.0 if gap else 0.0
        times = self._time + np.cumsum(self._random.uniform(0.001, 0.02, count))
        self._time = float(times[-1])
        values = self._random.normal(size=(count, 2)).astype(np.float32)
        values[self._random.random((count, 2)) < 0.01] = np.nan
        self._queue.put(times, values, gap=gap)
        return self._queue.read(timeout)

    def knobs(self) -> tuple[()]:
        return ()

    def set_knob(self, name: str, value: float | str | bool) -> None: ...


@pytest.mark.parametrize("kind", [StreamKind.SIGNAL, StreamKind.VALUES, StreamKind.IMAGE])
def test_a_stream_with_gaps_and_holes_plays_back_the_same(tmp_path: Path, kind: StreamKind) -> None:
    recorded = recorded_session(Uneven(kind), tmp_path / "live.dgs", lambda: time.sleep(1.5), base="none")
    figures = compared(recorded, tmp_path / "stream.npz", base="none")
    assert figures["mismatches"] == 0 and figures["answers"] > 100


@pytest.mark.slow
def test_the_simulator_at_its_most_uneven_plays_back_the_same() -> None:
    figures = run_replay_match(2.0)
    assert figures["mismatches"] == 0 and figures["answers"] >= 60
