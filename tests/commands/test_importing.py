"""`dgstudio import`: into a session that nobody has open; the studio learns it, and takes it back, when it opens it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from dgstudio.commands.importing import run_import
from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import BadInputError, DgstudioError, SessionError
from dgstudio.paths import sample
from dgstudio.session.file import Session
from dgstudio.streams.recordings.source import RecordingSource


def engine_on(path: Path) -> Engine:
    source = RecordingSource(sample("basic_motions.csv"), loop=False, speed=0)
    base, _ = base_for(source.spec)
    session = Session.open(path) if path.exists() else Session.create(path)
    return Engine(source, base, session, EngineSettings(lossless=True))


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A session that was open on the recording for a moment."""
    path = tmp_path / "a.dgs"
    with engine_on(path):
        pass
    return path


def imported(session: Path, file: Path, **options: Any) -> str:
    out = io.StringIO()
    known = {"label": None, "time": None, "rate": None, "features": False, "only_plan": False, **options}
    run_import(session, file, Console(file=out, width=200), **known)
    return out.getvalue()


def test_what_is_imported_is_learned_and_taken_back_by_whoever_opens_it(session: Path) -> None:
    before = session.read_bytes()
    said = imported(session, sample("basic_motions.csv"), only_plan=True)
    assert "Badminton: " in said and "a new class" in said and said.rstrip().endswith("examples would come.")
    assert session.read_bytes() == before
    said = imported(session, sample("basic_motions.csv"))
    assert f"are in {session}" in said
    with engine_on(session) as engine:
        names = [info.name for info in engine.classes.living()]
        assert "Badminton" in names and engine.book.total > 1000
        assert engine.book.history()[0][-1].kind == "imported"
        while not engine.learn.idle:
            engine.learn.pause(0.01)
        learnable = {example.id for example in engine.book.active_examples() if example.learn}
        assert engine.learner.training.every() == learnable
        engine.labels.undo()
        while not (engine.store.idle and engine.learn.idle):
            engine.learn.pause(0.01)
        assert engine.book.total == 0 and "Badminton" not in [info.name for info in engine.classes.living()]


def test_options_say_what_a_guess_gets_wrong(session: Path, tmp_path: Path) -> None:
    table = (sample("basic_motions.csv")).read_text().replace("label", "what").replace("split", "label", 1)
    file = tmp_path / "b.csv"
    file.write_text(table)
    said = imported(session, file, only_plan=True)
    assert "train: " in said, "the usual name wins"
    said = imported(session, file, label="what", only_plan=True)
    assert "Badminton: " in said and "train" not in said
    with pytest.raises(BadInputError, match="has no column “nope”; it has time, take"):
        imported(session, file, label="nope")
    with pytest.raises(BadInputError, match="This model takes"):
        imported(session, file, label="what", features=True)


def test_wrong_lines_are_printed(session: Path, tmp_path: Path) -> None:
    lines = sample("basic_motions.csv").read_text().splitlines()
    for row in range(5, 65, 2):
        lines[row] = "1,2"
    (tmp_path / "b.csv").write_text("\n".join(lines))
    said = imported(session, tmp_path / "b.csv", only_plan=True)
    assert "line 6 has 2 cells where the header has" in said and "… and 10 more" in said


def test_refusals_change_nothing(session: Path, tmp_path: Path) -> None:
    file = sample("basic_motions.csv")
    with pytest.raises(BadInputError, match="There is no session"):
        imported(tmp_path / "gone.dgs", file)
    with pytest.raises(BadInputError, match="is the session itself"):
        imported(session, session)
    with Session.open(session), pytest.raises(SessionError, match="open in another dgstudio"):
        imported(session, file)
    Session.create(tmp_path / "new.dgs").close()
    with pytest.raises(BadInputError, match="open it in the studio once"):
        imported(tmp_path / "new.dgs", file)
    with pytest.raises(DgstudioError, match="There is no file"):
        imported(session, tmp_path / "gone.csv")
    with Session.reading(session) as left:
        assert left.examples(active_only=False) == [] and left.acts() == ([], 0)
