"""What is taken along from a running session: all that there is by then, by a process, and nothing live waits."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.saving import ExportDied, ExportNotStarted
from dgstudio.engine.lifecycle import export_worker
from dgstudio.errors import BadInputError, SessionError
from dgstudio.model.snapshot import Snapshot
from dgstudio.session.file import Session

Rigs = Callable[..., Any]
Until = Callable[..., None]
NEW = "Badminton"


def test_examples_and_model_of_the_moment(rigs: Rigs, tmp_path: Path) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    rig.teach(NEW, NEW)
    npz, model = tmp_path / "e.npz", tmp_path / "m.safetensors"
    rig.engine.recording.export("examples", npz)
    said = rig.heard("exported")
    assert said.level == "good" and str(npz) in said.sentence and said.fact.path == npz
    with np.load(npz) as found:
        assert len(found["y"]) == rig.engine.book.total > 0
    rig.teach(NEW, NEW)
    rig.engine.recording.export("model", model)
    while len(rig.events("exported")) < 2:
        rig.heard("exported")
    with safetensors.safe_open(model, framework="np") as file:
        meta = json.loads(file.metadata()["snapshot"])
    exported = Snapshot.from_arrays_and_meta(safetensors.numpy.load_file(model), meta)
    # Not what the file happened to hold: the newest version, written for the occasion.
    assert exported.digest == rig.engine.learner.store.head.digest
    assert json.loads((tmp_path / "m.safetensors.json").read_text())["session"] == "a"


def test_a_session_in_memory_can_be_taken_along_too(rigs: Rigs, tmp_path: Path) -> None:
    rig = rigs(None)
    rig.teach(NEW, NEW)
    rig.engine.recording.export("report", tmp_path / "r.html")
    assert "The report of not saved is in" in rig.heard("exported").sentence
    assert NEW in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_what_cannot_be_is_refused_at_once_or_told(rigs: Rigs, tmp_path: Path) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    for kind, name, words in (
        ("model", "m.bin", r"written as \.onnx or \.safetensors"),
        ("examples", "no/a.csv", "a folder that exists"),
    ):
        with pytest.raises(BadInputError, match=words):
            rig.engine.recording.export(kind, tmp_path / name)
    # No example yet: the process finds that out.
    rig.engine.recording.export("examples", tmp_path / "a.csv")
    said = rig.heard("not exported")
    assert said.level == "error" and said.fact.why.startswith("The session a has no examples")
    (tmp_path / "a.csv").write_text("mine")
    with pytest.raises(BadInputError, match="exists already"):
        rig.engine.recording.export("examples", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "mine"


def test_a_copy_that_cannot_be_made_is_told(rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session.create(tmp_path / "a.dgs")
    rig = rigs(session)

    def full(*_: object) -> None:
        raise SessionError("The session could not be made because the disk is full; make room.")

    monkeypatch.setattr(session, "save_copy", full)
    rig.engine.recording.export("examples", tmp_path / "a.csv")
    assert "the disk is full" in rig.heard("not exported").sentence
    assert rig.engine.exports.idle


def test_answers_go_on_while_a_process_exports(
    rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    """The process waits for a file: meanwhile the stream is answered and labels are learned."""
    gate = tmp_path / "go"
    waits = f"import json,pathlib,time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n"
    waits += "print('chatter')\nprint(json.dumps({'said': 'Done.'}))"
    monkeypatch.setattr(export_worker, "COMMAND", (sys.executable, "-c", waits))
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    rig.engine.recording.export("examples", tmp_path / "a.csv")
    rig.engine.recording.export("examples", tmp_path / "b.csv")
    until(lambda: rig.engine.exports._process is not None, "the process")
    rig.teach(NEW, NEW)
    assert rig.share_of(NEW, rig.play(NEW)) > 0.9 and not rig.engine.exports.idle
    gate.touch()
    until(lambda: rig.engine.exports.idle and len(rig.events("exported")) == 2)
    assert rig.events("exported")[0].sentence == "a.csv is written. Done."


def test_a_process_that_dies_is_told(rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_worker, "COMMAND", (sys.executable, "-c", "import os; os._exit(3)"))
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    rig.engine.recording.export("examples", tmp_path / "a.csv")
    assert rig.heard("not exported").fact == ExportDied(tmp_path / "a.csv", 3)
    monkeypatch.setattr(export_worker, "COMMAND", (str(tmp_path / "nothing"),))
    rig.engine.recording.export("examples", tmp_path / "b.csv")
    while len(rig.events("not exported")) < 2:
        rig.heard("not exported")
    assert isinstance(rig.events("not exported")[1].fact, ExportNotStarted)
    monkeypatch.setattr(export_worker, "COMMAND", (sys.executable, "-c", "print('no news'); 1 / 0"))
    rig.engine.recording.export("examples", tmp_path / "c.csv")
    while len(rig.events("not exported")) < 3:
        rig.heard("not exported")
    died = rig.events("not exported")[2].fact
    assert died == ExportDied(tmp_path / "c.csv", 1, "ZeroDivisionError: division by zero")


def test_the_end_waits_for_an_export(rigs: Rigs, tmp_path: Path) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    rig.teach(NEW, NEW)
    rig.engine.recording.export("examples", tmp_path / "a.csv")
    rig.engine.learn.ask(lambda learner: None)
    rig.settle()
    assert rig.engine.stop() == []
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").count("\n") == rig.engine.book.total + 1


def test_but_not_for_ever_and_nothing_is_left(
    rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    begun = tmp_path / "begun"
    hangs = (
        "import os,pathlib,sys,time\n"
        "to = pathlib.Path(sys.argv[3])\n"
        "to.with_name(f'.{to.name}.{os.getpid()}.new').touch()\n"
        f"pathlib.Path({str(begun)!r}).touch()\n"
        "time.sleep(600)"
    )
    monkeypatch.setattr(export_worker, "COMMAND", (sys.executable, "-c", hangs))
    monkeypatch.setattr("dgstudio.engine.engine.JOIN_S", 2.0)
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    rig.engine.recording.export("examples", tmp_path / "a.csv")
    until(begun.exists, "the process")
    engine: Engine = rig.engine
    assert engine.stop() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.dgs", "begun"]
