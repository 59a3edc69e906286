"""dg-source reads whatever comes of a source: its end, and its going on after that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from waiting import wait_until

from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.rings import SampleRing
from dgstudio.engine.serving.source_worker import SourceWorker
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.types import StreamState


def test_a_recording_that_is_over_is_played_again_when_it_is_asked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "short.npz", X=np.arange(40)[:, None])
    source = RecordingSource(tmp_path / "short.npz", speed=20, loop=False, rate=100)
    events, ring = EventQueue(), SampleRing(4096, 1)
    worker = SourceWorker(source, ring, events)
    worker.start()
    try:
        wait_until(lambda: worker.state is StreamState.ENDED)
        assert ring.total == 40
        source.set_knob("position", 0.3)
        wait_until(lambda: ring.total == 50 and worker.state is StreamState.ENDED)
        assert 40 in ring.breaks
    finally:
        worker.stop()
        worker.join(5.0)
    assert [event.kind for event in events.drain()] == [EventKind.STREAM_ENDED] * 2, "each end is said once"
