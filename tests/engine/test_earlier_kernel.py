"""A session that an earlier kernel served opens with all that it holds, and its model is learned again."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from waiting import wait_until

from dgstudio.engine.engine import Engine
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.kernel import KERNEL
from dgstudio.reasons.published import LearnedAgain
from dgstudio.session.file import Session
from dgstudio.session.restore import restored, served_here
from dgstudio.streams.simulation.simulator import SimulatorSource

STORED = Path(__file__).parent / "data" / "format_4.dgs"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    shutil.copy(STORED, tmp_path / "old.dgs")
    return tmp_path / "old.dgs"


def test_it_is_copied_before_it_is_changed_and_holds_what_it_held(path: Path) -> None:
    session = Session.open(path)
    try:
        assert [info.name for info in session.classes()] == ["wave", "circle"]
        assert len(session.takes()) == 3 and len(session.examples()) > 20
        latest = session.latest_checkpoint()
        assert latest is not None and not served_here(latest)
        snapshot, training = restored(latest)
        assert snapshot.phi is not None and snapshot.phi.omega is not None
        assert len(training.protected) == 18
    finally:
        session.close()
    db = sqlite3.connect(path.parent / "old.dgs.backup-v4")
    assert db.execute("PRAGMA user_version").fetchone() == (4,)
    db.close()


def test_its_model_is_learned_again_and_its_promises_hold(path: Path) -> None:
    session = Session.open(path)
    known = {example.id for example in session.examples()}
    engine = Engine(SimulatorSource(seed=0), None, session, EngineSettings())
    before = engine.learner.store.head.version
    engine.start()
    try:
        # The model changes first, then the history is told.
        wait_until(lambda: engine.learn.history and engine.learn.history[-1].version not in (None, *range(before + 1)))
        again = engine.learn.history[-1]
        assert again.reason == LearnedAgain(KERNEL)
        assert any(KERNEL in event.fact.sentence for event in engine.events.drain())
    finally:
        engine.stop()
    result = engine.learner.audit_all()
    assert (result.checked, result.bits_changed) == (18, 0)
    reopened = Session.open(path)
    latest = reopened.latest_checkpoint()
    assert latest is not None and served_here(latest) and {e.id for e in reopened.examples()} == known
    reopened.close()
