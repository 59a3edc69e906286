"""Whether a live stream that is recorded to a file plays back the same: every answer is compared by its receipt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import DgstudioError
from dgstudio.session.export.stream import export_stream
from dgstudio.session.file import Session
from dgstudio.session.recording.recorded import RecordedAnswer
from dgstudio.streams.registry import open_source
from dgstudio.streams.source import Source
from dgstudio.types import StreamState

TROUBLE = {"jitter": 1.0, "dropouts": 0.3}
"""Knobs of the simulator that make its stream as uneven as it can be."""
BASE = "simulator"
WAIT_S = 120.0


def run_replay_match(seconds: float, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Record the simulator with jitter and dropouts for so many seconds, export its stream, play that, and compare.

    `mismatches` counts recorded answers to which the played file gives another one, in a bit of features, gates or
    logits, or none.
    """
    with TemporaryDirectory(prefix="dgstudio-replay-") as folder:
        say(f"recording a stream for {seconds:g} s")
        source = open_source("simulator", seed=3)
        knobs = {knob.name for knob in source.knobs()}
        for name, value in TROUBLE.items():
            if name in knobs:
                source.set_knob(name, value)
        recorded = recorded_session(source, Path(folder) / "live.dgs", lambda: time.sleep(seconds))
        say("playing it from its file")
        return compared(recorded, Path(folder) / "stream.npz")


def recorded_session(source: Source, path: Path, lasts: Callable[[], object], base: str = BASE) -> Path:
    """Run an engine on a source, without learning, and record its stream while `lasts` runs; the session's file."""
    session = Session.create(path)
    engine = Engine(source, base_for(source.spec, base)[0], session)
    try:
        engine.start()
        _until(lambda: engine.lane.readings.total > 2, "answers")
        engine.recording.record(True)
        lasts()
        engine.recording.record(False)
        _until(lambda: not engine.recorder.taking, "the end of the recording")
    finally:
        left = engine.stop()
        session.close()
    if left:
        raise DgstudioError(f"These threads did not stop: {', '.join(left)}.")
    return path


def compared(recorded: Path, file: Path, base: str = BASE) -> dict[str, Any]:
    """Export the stream of a session to a file, play that as fast as possible, and compare the answers."""
    with Session.reading(recorded) as session:
        export_stream(session, file)
        then = list(_answers(session))
    played = file.with_suffix(".dgs")
    source = open_source(str(file), speed=0, loop=False)
    again = Session.create(played)
    engine = Engine(source, base_for(source.spec, base)[0], again, EngineSettings(lossless=True))
    engine.recorder.choose(True)
    try:
        engine.start()
        _until(lambda: engine.input.state is StreamState.ENDED and engine.infer.done >= engine.ring.total, "its end")
    finally:
        engine.stop()
        again.close()
    with Session.reading(played) as session:
        now = dict(_answers(session))
    different = sum(1 for sample, answer in then if not _same(answer, now.get(sample)))
    return {"mismatches": different, "answers": len(then), "played_answers": len(now)}


def _answers(session: Session) -> Iterator[tuple[int, RecordedAnswer]]:
    """Each recorded answer with the place of its window in the exported stream."""
    before = 0
    for stretch in session.recorded.stretches():
        bounds = session.recorded.bounds(stretch.id)
        first: int | None = None
        window = round(float(stretch.signal["window_s"]) * float(stretch.signal["rate"]))
        for kept in session.recorded.answers(stretch.id):
            for answer in kept.content or ():
                first = answer.sample - window if first is None else first
                yield before + answer.sample - first, answer
        if bounds is not None and first is not None:
            before += bounds[1] - first


def _same(then: RecordedAnswer, now: RecordedAnswer | None) -> bool:
    return (
        now is not None
        and then.input == now.input
        and then.active.tobytes() == now.active.tobytes()
        and then.state.tobytes() == now.state.tobytes()
        and then.logits.tobytes() == now.logits.tobytes()
        and then.top == now.top
    )


def _until(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > until:
            raise DgstudioError(f"In vain waited for {what}.")
        time.sleep(0.01)
