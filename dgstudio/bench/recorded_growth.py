"""How fast a session grows while its stream is recorded and labels come now and then, and whether it replays."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dgstudio.bench.live import NEW_CLASSES, TAKE_S, WARM_UP_S, make_engine
from dgstudio.bench.report import machine
from dgstudio.engine.engine import Engine
from dgstudio.engine.recording.replay import replay_figures
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.session.file import Session

EVERY_S = 10.0
"""A take of `TAKE_S` begins this often: labels come 20 % of the time."""
SETTLE_S = 60.0
MOST_TABLES = 8
"""Tables whose growth is told one by one."""


def run_recorded_growth(seconds: float, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Record the simulator's stream for `seconds`, with 20 labels a second 20 % of the time, all of them kept.

    Growth is counted from the end of the first take on, when what is stored once (base, features, sums) is there; by
    pages of the file as a whole, and by the bytes of the rows of each table.

    Raises
    ------
    BadInputError
        For too short a run.
    DgstudioError
        Where the base model is missing, or threads do not stop.
    """
    if not seconds >= 2 * EVERY_S:
        raise BadInputError(f"--seconds must be at least {2 * EVERY_S:.0f}: one take must have been before.")
    with TemporaryDirectory(prefix="dgstudio-growth-") as folder:
        path = Path(folder) / "bench.dgs"
        engine = make_engine(Path(folder))
        say(f"recording for {seconds:g} s and some")
        try:
            engine.start()
            hours, before, after = _recorded(engine, seconds)
            seals = len(engine.learner.training.seals)
            publishes = engine.stats().publishes
        finally:
            left = engine.stop()
        if left:
            raise DgstudioError(f"These threads did not stop: {', '.join(left)}.")
        say("replaying it")
        replay = replay_figures(path)
    grown = {name: (after[name] - before.get(name, 0)) / 1e6 / hours for name in after}
    total = grown.pop("")
    most = sorted(grown, key=lambda name: -grown[name])[:MOST_TABLES]
    return {
        "session": {"recorded_mb_per_hour": total, "sealed_banks": seals, "publishes": publishes},
        "mb_per_hour": {name: grown[name] for name in most},
        "replay": replay,
        "seconds": seconds,
        "machine": machine(),
    }


def _recorded(engine: Engine, seconds: float) -> tuple[float, dict[str, int], dict[str, int]]:
    """Hours that were measured, and the bytes by table at their beginning and end; "" is the file."""
    _wait(WARM_UP_S)
    engine.recording.record(True)
    _take(engine, 0)
    _settled(engine)
    before, begin = sizes(engine.session), time.perf_counter()
    number = 0
    while time.perf_counter() - begin < seconds - EVERY_S / 2:
        number += 1
        _wait(number * EVERY_S - TAKE_S - (time.perf_counter() - begin))
        _take(engine, number)
    _settled(engine)
    hours = (time.perf_counter() - begin) / 3600
    return hours, before, sizes(engine.session)


def _take(engine: Engine, number: int) -> None:
    name = NEW_CLASSES[number % len(NEW_CLASSES)]
    info = engine.classes.by_name(name)
    assert info is not None, "make_engine adds these classes"
    engine.source.set_knob("gesture", name)
    engine.labels.press_class(info.id)
    _wait(TAKE_S)
    engine.labels.release_class()


def _wait(seconds: float) -> None:
    if seconds > 0:
        time.sleep(seconds)


def _settled(engine: Engine) -> None:
    deadline = time.perf_counter() + SETTLE_S
    while not (engine.store.idle and engine.learn.idle):
        if time.perf_counter() > deadline:
            raise DgstudioError("What was labelled is not learned in time: is this machine very busy?")
        time.sleep(0.05)


def sizes(session: Session) -> dict[str, int]:
    """Bytes of the rows of each table, and of all pages of the file under ""."""
    return {"": session.size_bytes, **session.table_bytes()}
