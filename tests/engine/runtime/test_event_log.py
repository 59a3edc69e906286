"""The log in the session: what was told and done is there afterwards, but for how saving went."""

from __future__ import annotations

from dgstudio.engine.runtime.event_log import EventLog
from dgstudio.reasons.stored import Told
from dgstudio.session import file
from dgstudio.session.file import Session
from dgstudio.types import Event, PublishRecord


class Queue:
    """Writes at once."""

    def __init__(self, session):
        self.session = session

    def write(self, write):
        write(self.session)


def record(kind, version=3):
    return PublishRecord(1, kind, version, 2, Told("why"), 0.0, 1e9)


def test_what_was_told_is_kept_without_what_went_with_it():
    with Session.memory() as session:
        log = EventLog(Queue(session))
        log.note(Event("stream lost", "The stream was lost", "warning", 5.0, data=object()))
        log.note(Event("not saved", "The disk is full", "error", 6.0))
        (kept,) = session.events()
        assert (kept.kind, kept.text, kept.level, kept.unix, kept.data) == (
            "stream lost",
            "The stream was lost",
            "warning",
            5.0,
            None,
        )


def test_acts_on_the_model_are_kept_and_what_it_learned_is_elsewhere():
    with Session.memory() as session:
        log = EventLog(Queue(session))
        for kind in ("initial", "learned", "protected", "rejected", "rolled back"):
            log.note_record(record(kind))
        assert [event.text for event in session.events()] == ["v3 protected: why", "v3 rolled back: why"]


def test_the_log_keeps_the_newest(monkeypatch):
    monkeypatch.setattr(file, "EVENTS_KEPT", 4)
    with Session.memory() as session:
        for number in range(10):
            session.put_event(Event("x", f"line {number}"))
        assert [event.text for event in session.events()] == [f"line {number}" for number in range(6, 10)]
        assert [event.text for event in session.events(2)] == ["line 8", "line 9"]


def test_a_reopened_engine_has_what_was_told_before(rigs, tmp_path):
    path = tmp_path / "told.dgs"
    rig = rigs(Session.create(path))
    rig.engine.events.say(Event("stream lost", "The stream was lost", "warning"))
    rig.engine.stop()
    again = rigs(Session.open(path))
    assert "The stream was lost" in [event.text for event in again.engine.told_before]
