"""A station in a process of its own, and an engine that watches its session: the same answers, labels and versions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from station.test_station import ONE, TWO, Program, free_port
from station.wekinator_script import Wekinator
from waiting import wait_until

from dgstudio.engine.facts.watched import Writer
from dgstudio.engine.watching.refusing import WHY
from dgstudio.engine.watching.watched_engine import WatchedEngine
from dgstudio.errors import BadInputError
from dgstudio.session.file import Session
from dgstudio.types import Mode

THREE = (-2.0, 3.0, 0.5)


class Station:
    """A station that has learned two classes and answers; and who watches it."""

    def __init__(self, path: Path, *options: str) -> None:
        port_in, port_out = free_port(), free_port()
        self.path = path
        arguments = ("--source", f"osc:{port_in}", "--out", f"osc:{port_out}", "--learn", "--inputs", 3)
        self.program = Program(path, *arguments, *options)
        self.client = Wekinator(port_in, port_out)
        self.engines: list[WatchedEngine] = []
        self.program.says("inputs to /wek/inputs")
        random.seed(2)
        self.client.record(1.0, ONE)
        self.client.record(2.0, TWO)
        self.client.train()
        self.client.control("startRunning")
        assert self.client.ask(ONE, 5) == [1.0] * 5

    def watch(self, listen: str | None = None) -> WatchedEngine:
        engine = WatchedEngine(Session.watching(self.path), listen)
        self.engines.append(engine)
        engine.start()
        return engine

    def end(self) -> int:
        return self.program.stop()

    def close(self) -> None:
        for engine in self.engines:
            assert engine.stop() == []
        self.end()
        self.client.close()


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Callable[..., Station]]:
    made: list[Station] = []

    def start(*options: str) -> Station:
        made.append(Station(tmp_path / "station.dgs", *options))
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_what_a_station_answers_and_learns_is_seen_as_it_goes_on(station: Callable[..., Station]) -> None:
    it = station("--record")
    engine = it.watch()
    assert engine.watched.writer is Writer.STATION and [info.name for info in engine.classes.living()] == [
        "class 1",
        "class 2",
    ]
    before = engine.learner.store.serving.version
    it.client.record(3.0, THREE)
    it.client.train()
    assert it.client.ask(THREE, 20) == [3.0] * 20

    def learned() -> bool:
        return engine.learner.store.serving.version > before and engine.stats().learned == 60

    wait_until(learned, "the version that learned it")
    assert [info.name for info in engine.classes.living()][2] == "class 3"
    assert engine.book.total == 60 and len(engine.book.takes()) == 3 and len(engine.book.of_class(2)) == 20
    wait_until(lambda: engine.lane.readings.newest is not None and engine.lane.readings.newest.top == 2, "its answer")
    assert engine.watched.recorded and engine.watched.behind_s is not None and engine.watched.receipts_only == 0
    # Because it is watched the station writes sooner, and less is kept back.
    wait_until(lambda: it.client.ask(THREE, 20) and engine.watched.behind_s < 1.0, "what is shown to come nearer")
    it.end()
    wait_until(lambda: engine.watched.writer is Writer.NOBODY, "the end of the station")
    with Session.reading(it.path) as session:
        stretches = session.recorded.stretches()
        kept = [answer for s in stretches for row in session.recorded.answers(s.id) for answer in row.content or ()]
        records, head = session.records(), session.head
    wait_until(lambda: len(engine.lane.readings.since(0)[0]) == len(kept), "all answers")
    for seen, then in zip(engine.lane.readings.since(0)[0], kept, strict=True):
        assert seen.logits.tobytes() == then.logits.tobytes() and seen.receipt is not None
        assert (seen.version, seen.digest, seen.top) == (then.version, then.digest, then.top)
        assert seen.receipt.input == then.input and seen.bank_state.tobytes() == then.state.tobytes()
    times = [reading.end for reading in engine.lane.readings.since(0)[0]]
    assert times == sorted(times) and engine.stats().samples >= len(kept)
    assert [record.seq for record in engine.learn.history] == [record.seq for record in records]
    assert engine.learner.store.head.version == head


def test_without_a_recording_all_but_the_stream_is_seen(station: Callable[..., Station]) -> None:
    it = station()
    engine = it.watch()
    it.client.record(2.0, THREE)
    wait_until(lambda: engine.book.total == 60, "the labels")
    watched = engine.watched
    assert not watched.recorded and watched.behind_s is None and engine.stats().samples == 0
    it.client.send("/dgstudio/control/setClassName", 1, "nod")
    wait_until(lambda: engine.classes.living()[0].name == "nod", "the name")
    it.client.control("deleteAllExamples")
    wait_until(lambda: engine.book.total == 0, "that they are gone")


def test_what_a_station_sends_is_heard_at_once_and_told_once(station: Callable[..., Station]) -> None:
    port = free_port()
    it = station("--out", f"osc:{port}")
    engine = it.watch(f"127.0.0.1:{port}")
    assert it.client.ask(TWO, 5) == [2.0] * 5
    wait_until(lambda: engine.watched.heard is not None and engine.watched.heard.class_id == 1, "the answer")
    assert engine.watched.heard is not None and engine.watched.heard.confidence > 0.5
    it.client.send("/dgstudio/control/setClassName", 1, "nod")
    said: list[str] = []

    def renamed() -> bool:
        said.extend(event.sentence for event in engine.events.drain())
        return any("nod" in sentence for sentence in said)

    wait_until(renamed, "the line of the log")
    wait_until(lambda: engine.classes.living()[0].name == "nod", "the name")
    it.client.record(1.0, ONE)
    wait_until(lambda: engine.book.total == 60, "more examples")
    said.extend(event.sentence for event in engine.events.drain())
    assert sum("nod" in sentence and "renamed" in sentence for sentence in said) <= 1
    wait_until(lambda: engine.watched.heard is None, "silence")


def test_nothing_is_changed_by_who_watches_and_each_wish_is_answered(station: Callable[..., Station]) -> None:
    it = station("--record")
    engine = it.watch()
    engine.labels.undo()
    engine.labels.press_class(0)
    engine.model.set_mode(Mode.OFF)
    engine.model.roll_back()
    engine.comparison.choose()
    engine.recording.record(False)
    engine.candidates.accept()
    with pytest.raises(BadInputError, match="another program writes it"):
        engine.labels.add_class("mine")
    with pytest.raises(BadInputError, match="read by another program"):
        engine.source.set_knob("gain", 1.0)
    said = [event.sentence for event in engine.events.drain()]
    assert said.count(WHY) == 7
    assert it.client.ask(ONE, 5) == [1.0] * 5 and engine.book.total == 40
    assert it.end() == 143 and it.program.errors == []
    with Session.open(it.path) as session:
        assert session.report.ok and len(session.examples()) == 40


def test_a_station_that_begins_again_is_followed_on(station: Callable[..., Station]) -> None:
    it = station("--record")
    engine = it.watch()
    wait_until(lambda: engine.stats().reads > 0, "the first answers")
    it.end()
    wait_until(lambda: engine.watched.writer is Writer.NOBODY, "its end")
    seen = engine.stats().samples
    again = Station(it.path, "--record")
    try:
        wait_until(lambda: engine.watched.writer is Writer.STATION, "the next one")
        assert again.client.ask(TWO, 20) == [2.0] * 20
        wait_until(lambda: engine.stats().samples >= seen + 20, "its samples")
        times = [reading.end for reading in engine.lane.readings.since(0)[0]]
        assert (np.diff(times) > 0).all()
    finally:
        again.close()


def test_a_session_with_nothing_in_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    said = pytest.raises(BadInputError, match="Nothing is in a yet")
    with Session.create(path), Session.watching(path) as watched, said:
        WatchedEngine(watched)
