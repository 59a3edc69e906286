"""Sound files to begin with: a session with a row of every kind, tables, a base model."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.lifecycle.stream_config import keep_stream
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import DgstudioError
from dgstudio.paths import sample
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source

SESSION = "sound.dgs"
PATIENCE_S = 60.0
SPEED = 8.0
"""Stream seconds a second."""
TAKE_S = 1.5
SEED = 5


def make_session(path: Path, *, with_base: bool) -> None:
    """Label, undo, relabel, write a note, protect and record on the simulator; a few seconds.

    With a base model the session has everything, and 4 MB of sums; without one it is small.

    Raises
    ------
    DgstudioError
        Where that does not come about.
    """
    source = open_source("simulator", seed=SEED, speed=SPEED)
    session = Session.create(path)
    keep_stream(session, source="simulator", seed=SEED)
    base = base_for(source.spec)[0] if with_base else None
    engine = Engine(source, base, session, EngineSettings(learn_every_s=0.2))
    engine.recording.record(True)
    engine.start()
    try:
        for name in ("circle", "wave", "circle"):
            known = engine.classes.by_name(name)
            info = engine.labels.add_class(name) if known is None else known
            source.set_knob("gesture", name)
            begin = engine.clock.now()
            wait_for(partial(_has_passed, engine, begin + 2 * TAKE_S), "the gesture")
            now = engine.clock.now()
            engine.labels.label_span(info.id, now - TAKE_S, now - 0.1)
            wait_for(lambda: engine.store.idle and engine.learn.idle, "learning")
        first = engine.book.active_examples()[0]
        engine.labels.note_examples([first.id], "bent wrist, “slow”")
        engine.labels.relabel([first.id], info.id)
        engine.model.protect_now()
        wait_for(lambda: engine.store.idle and engine.learn.idle, "the relabelling")
        engine.labels.undo()
        engine.recording.record(False)
        wait_for(lambda: engine.store.idle and engine.learn.idle and not engine.recorder.taking, "the end")
    finally:
        engine.stop()


def _has_passed(engine: Engine, moment: float) -> bool:
    return engine.clock.now() > moment


def wait_for(true: Callable[[], object], what: str) -> None:
    """Wait until something is so; DgstudioError where it does not come in `PATIENCE_S`."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > end:
            raise DgstudioError(f"Waited {PATIENCE_S:g} s in vain for {what}.")
        time.sleep(0.01)


def make_tables(folder: Path) -> None:
    """A CSV, an ARFF and an NPZ file of labelled samples, and the simulator's base model, each under its suffix."""
    lines = sample("basic_motions.csv").read_text(encoding="utf-8").splitlines()[:130]
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = [line.split(",") for line in lines[1:60]]
    names = lines[0].split(",")
    labels = sorted({row[names.index("label")] for row in rows})
    kinds = ["{" + ",".join(labels) + "}" if name == "label" else "numeric" for name in names]
    head = ["@relation motions", *(f"@attribute {n} {k}" for n, k in zip(names, kinds, strict=True)), "@data"]
    (folder / "table.arff").write_text("\n".join([*head, *map(",".join, rows)]) + "\n", encoding="utf-8")
    values = np.asarray([[float(cell) for cell in row[-6:]] for row in rows], np.float32)
    label = names.index("label")
    np.savez_compressed(folder / "table.npz", values=values, y=np.asarray([row[label] for row in rows]))
    base, why = base_for(open_source("simulator").spec)
    if base is None:
        raise DgstudioError(f"There is no base model to damage. {why}")
    base.save(folder / "base.safetensors")
