"""The log in the session: what was told and done is there afterwards, but for how saving went."""

from __future__ import annotations

from dgstudio.engine.facts.event import Event, log_line
from dgstudio.engine.facts.labelling import LabelsChanged, StillLearned, TakeSaved
from dgstudio.engine.facts.learning import ExamplesWait, ProposalRejected
from dgstudio.engine.facts.running import NotRecording, RecordingTrouble, StreamLost
from dgstudio.engine.facts.saving import CopySaved, NotSaved
from dgstudio.engine.runtime.event_log import EventLog
from dgstudio.reasons.refused import NoRoom
from dgstudio.reasons.stored import Told
from dgstudio.session import file
from dgstudio.session.file import Session
from dgstudio.types import Act, ActKind, LabelChange, Level, LogLine, PublishRecord, Take


class Queue:
    """Writes at once."""

    def __init__(self, session):
        self.session = session

    def write(self, write):
        write(self.session)


def record(kind, version=3):
    return PublishRecord(1, kind, version, 2, Told("why"), 0.0, 1e9)


def test_what_was_told_is_kept_with_its_fields_and_the_sentence():
    with Session.memory() as session:
        log = EventLog(Queue(session))
        log.note(Event(StreamLost("the cable is out"), 5.0))
        log.note(Event(NotSaved("the disk is full"), 6.0))
        (kept,) = session.events()
        text, fields = "Stream lost, retrying: the cable is out", {"why": "the cable is out"}
        assert kept == LogLine("stream lost", text, Level.ERROR, 5.0, fields)


def test_what_the_session_has_elsewhere_is_named_by_its_number(tmp_path):
    take = Take(7, 1, 0.0, 2.5, "simulator", examples=12)
    act = Act(3, ActKind.DELETED, Told("3 examples deleted"), (LabelChange(1, None, (4, 5, 6)),))
    said = [
        (TakeSaved(take, "circle", durable=False), {"take": 7, "name": "circle", "set_aside": False, "durable": False}),
        (
            LabelsChanged(act, StillLearned(((3, 5),), several=True, sealed=False)),
            {"act": 3, "still": {"spans": [[3, 5]], "several": True, "sealed": False}, "durable": True},
        ),
        (ProposalRejected(record("rejected", None)), {"record": 1}),
        (ExamplesWait(NoRoom(3, None)), {"room": {"is": "NoRoom", "waiting": 3, "full": None}}),
        (CopySaved(tmp_path), {"path": str(tmp_path)}),
        (NotRecording(RecordingTrouble.READ_ONLY, stopped=False), None),
    ]
    with Session.memory() as session:
        for number, (fact, _) in enumerate(said):
            session.put_event(log_line(Event(fact, float(number))))
        for line, (fact, fields) in zip(session.events(), said, strict=True):
            assert (line.kind, line.text, line.level) == (fact.kind, fact.sentence, fact.level)
            assert fields is None or line.data == fields


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
            session.put_event(LogLine("x", f"line {number}"))
        assert [event.text for event in session.events()] == [f"line {number}" for number in range(6, 10)]
        assert [event.text for event in session.events(2)] == ["line 8", "line 9"]


def test_a_reopened_engine_has_what_was_told_before(rigs, tmp_path):
    path = tmp_path / "told.dgs"
    rig = rigs(Session.create(path))
    rig.engine.events.say(StreamLost("the cable is out"))
    rig.engine.stop()
    again = rigs(Session.open(path))
    assert "Stream lost, retrying: the cable is out" in [event.text for event in again.engine.told_before]
