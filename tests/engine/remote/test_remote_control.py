"""Each message of Wekinator's, and of our own: what it does, what it answers, and what is refused in a sentence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from waiting import wait_until

from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import Event
from dgstudio.engine.remote import remote_control
from dgstudio.engine.remote.remote_control import RemoteControl
from dgstudio.engine.remote.reports import Reports
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.session.file import Session
from dgstudio.session.restore import FEATURES, SIGNAL
from dgstudio.streams.osc.control_queue import ControlMessage, ControlQueue
from dgstudio.streams.osc.endpoint import Endpoint
from dgstudio.streams.queued import QueuedSource
from dgstudio.streams.sinks.osc import OscSink
from dgstudio.types import StreamKind, StreamSpec

SPEC = StreamSpec("osc", StreamKind.VALUES, 100.0, ("input 1", "input 2"), 0.1, 0.1)
Told = tuple[Any, ...]


class Outlet:
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.to, self.sent, self.failed = Endpoint("127.0.0.1", 12000, "/wek/outputs"), 0, 0
        self.told: list[Told] = []

    def send(self, address: str, *values: float | int | str) -> None:
        self.told.append((address, *values))

    def close(self) -> None: ...


class Station:
    """An engine whose inputs and wishes a test puts in, and what others would be sent."""

    def __init__(self, session: Session | None, *, learns: bool) -> None:
        self.source, self.controls, self.outlet = QueuedSource(SPEC), ControlQueue(), Outlet()
        self.engine = Engine(self.source, None, session, EngineSettings())
        self.sink = OscSink(Endpoint("127.0.0.1", 12000, "/wek/outputs"))
        self.sink.outlet.close()
        self.sink.outlet = self.outlet  # type: ignore[assignment]
        self.engine.add_sink(self.sink)
        reports = Reports(self.engine, [self.sink.outlet])
        self.remote = RemoteControl(self.engine, self.controls, [self.sink], reports, learns=learns)
        self.wall = 100.0
        self.events: list[Event] = []

    # -- what others send ----------------------------------------------------------------------------------------

    def say(self, address: str, *values: object) -> None:
        if not address.startswith("/"):
            address = f"/wekinator/control/{address}"
        self.controls.put(ControlMessage(address, values, self.source.moment(self.wall), self.source.taken))

    def put(self, x: float, y: float, count: int = 1) -> None:
        for _ in range(count):
            self.wall += 0.01
            self.source.put((x, y), self.wall)

    def record(self, label: float, x: float, y: float, count: int = 10) -> None:
        self.say("outputs", label)
        self.say("startRecording")
        self.put(x, y, count)
        self.say("stopRecording")

    # -- what becomes of it --------------------------------------------------------------------------------------

    def turn(self) -> None:
        events = self.engine.events.drain()
        self.events += events
        self.remote.turn(events)

    def hears(self, *told: object, count: int = 1) -> None:
        def heard() -> bool:
            self.turn()
            return self.of(*told) >= count

        wait_until(heard, f"{told}, and not only {self.outlet.told[-20:]}")

    def of(self, *told: object) -> int:
        return sum(each[: len(told)] == told for each in self.outlet.told)

    def done(self, address: str, *values: object) -> None:
        """Say it and wait until it is done."""
        whole = address if address.startswith("/") else f"/wekinator/control/{address}"
        before = self.of("/dgstudio/ack", whole)
        self.say(address, *values)
        self.hears("/dgstudio/ack", whole, count=before + 1)

    def refused(self, address: str, *values: object) -> str:
        whole = address if address.startswith("/") else f"/wekinator/control/{address}"
        self.outlet.told.clear()
        self.say(address, *values)
        self.hears("/dgstudio/error", whole)
        assert not self.of("/dgstudio/ack", whole)
        return str(next(told[2] for told in self.outlet.told if told[:2] == ("/dgstudio/error", whole)))

    def train(self) -> None:
        before = self.of("/wekinator/status/done-training")
        self.say("train")
        self.hears("/wekinator/status/done-training", count=before + 1)

    def answers(self, x: float, y: float, count: int = 3) -> list[Told]:
        """What is sent of so many inputs."""
        self.turn()
        seen = len(self.outlet.told)
        self.put(x, y, count)
        wait_until(lambda: self.engine.infer.done == self.source.taken and self.engine.out.idle, "the answers")
        return self.outlet.told[seen:]

    def outputs(self, x: float, y: float, count: int = 3) -> list[float]:
        return [told[1] for told in self.answers(x, y, count) if told[0] == "/wek/outputs"]

    def examples(self, number: int) -> int:
        return len(self.engine.book.of_class(number - 1))


@pytest.fixture
def stations() -> Iterator[Callable[..., Station]]:
    made: list[Station] = []

    def make(session: Session | None = None, *, learns: bool = True) -> Station:
        station = Station(session, learns=learns)
        made.append(station)
        station.engine.start()
        return station

    yield make
    for station in made:
        assert station.engine.stop() == []


@pytest.fixture
def station(stations: Callable[..., Station]) -> Station:
    return stations()


@pytest.fixture
def taught(station: Station) -> Station:
    """Two classes, trained and running."""
    station.record(1.0, 0.0, 0.0)
    station.record(2.0, 1.0, 1.0)
    station.train()
    station.done("startRunning")
    return station


# -- recording, training, running ----------------------------------------------------------------------------


def test_two_classes_are_recorded_trained_and_answered_as_numbers_from_one(station: Station) -> None:
    station.record(1.0, 0.0, 0.0)
    station.record(2.0, 1.0, 1.0)
    station.train()
    assert station.outputs(0.0, 0.0) == []
    station.done("startRunning")
    assert station.outputs(0.0, 0.0, 5) == [1.0] * 5 and station.outputs(1.0, 1.0, 5) == [2.0] * 5
    assert isinstance(station.outputs(0.0, 0.0)[0], float)
    station.done("stopRunning")
    assert station.outputs(0.0, 0.0) == []


def test_exactly_what_came_between_start_and_stop_is_recorded(station: Station) -> None:
    station.put(9.0, 9.0, 4)
    station.record(1.0, 0.0, 0.0, 7)
    station.put(9.0, 9.0, 4)
    station.record(2.0, 1.0, 1.0, 3)
    station.train()
    assert (station.examples(1), station.examples(2)) == (7, 3)
    assert {tuple(e.features.tolist()) for e in station.engine.book.of_class(0)} == {(0.0, 0.0)}


def test_recording_before_the_first_input_begins_with_it(station: Station) -> None:
    station.record(1.0, 0.0, 0.0, 5)
    station.hears("/dgstudio/ack", "/wekinator/control/stopRecording")
    wait_until(lambda: station.examples(1) == 5, "them all")


def test_the_label_is_one_where_nobody_says_otherwise_and_may_change_while_recording(station: Station) -> None:
    station.say("startRecording")
    station.put(0.0, 0.0, 3)
    station.say("outputs", 2)
    station.put(1.0, 1.0, 4)
    station.say("outputs", 2.0)
    station.say("stopRecording")
    station.train()
    assert (station.examples(1), station.examples(2)) == (3, 4)


def test_recording_does_not_stop_the_answers(taught: Station) -> None:
    taught.done("startRecording")
    assert taught.outputs(1.0, 1.0, 4) == [2.0] * 4
    taught.done("stopRecording")


def test_a_class_that_is_labelled_is_made_with_all_before_it(station: Station) -> None:
    station.record(3.0, 0.0, 0.0)
    station.train()
    assert [info.name for info in station.engine.classes.living()] == ["class 1", "class 2", "class 3"]
    assert station.examples(3) == 10


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ((0.0,), "numbered from 1"),
        ((65,), "numbered from 1 to 64"),
        ((1.5,), "whole number"),
        (("one",), "whole number"),
        ((True,), "whole number"),
        ((float("nan"),), "whole number"),
        ((1.0, 2.0), "wrong number of outputs: 2, expected 1"),
        ((), "wrong number of outputs: 0, expected 1"),
    ],
)
def test_what_cannot_be_a_label_is_refused(station: Station, values: tuple[object, ...], why: str) -> None:
    assert why in station.refused("outputs", *values)
    station.record(2.0, 0.0, 0.0, 2)
    station.train()
    assert station.examples(2) == 2


def test_there_is_nothing_to_train_on_before_there_are_examples(station: Station) -> None:
    assert "nothing to learn from" in station.refused("train")
    assert "Nothing is being trained" in station.refused("cancelTrain")


def test_training_that_is_cancelled_is_not_told_as_done(station: Station) -> None:
    station.record(1.0, 0.0, 0.0)
    station.hears("/dgstudio/ack", "/wekinator/control/stopRecording")
    wait_until(lambda: station.examples(1) == 10, "the examples")
    station.say("train")
    station.say("cancelTrain")
    station.hears("/dgstudio/ack", "/wekinator/control/cancelTrain")
    wait_until(lambda: station.engine.learn.idle, "the learner")
    station.turn()
    assert not station.of("/wekinator/status/done-training")


def test_an_input_after_start_running_is_answered_however_soon_it_comes(station: Station) -> None:
    station.record(1.0, 0.0, 0.0)
    station.train()
    station.put(0.0, 0.0, 4)
    station.say("startRunning")
    station.put(0.0, 0.0, 5)
    station.say("stopRunning")
    station.put(0.0, 0.0, 6)
    station.say("startRunning")
    station.put(0.0, 0.0, 7)
    # Nobody has looked at a message yet.
    wait_until(lambda: station.engine.infer.done == station.source.taken and station.engine.out.idle, "the answers")
    assert station.of("/wek/outputs") == 12
    station.turn()
    assert station.of("/dgstudio/ack", "/wekinator/control/startRunning") == 2
    assert station.outputs(0.0, 0.0) == [1.0] * 3


def test_answers_to_inputs_before_stop_running_are_sent_though_they_are_late(taught: Station) -> None:
    outlet, gate = taught.outlet, threading.Event()
    sink = taught.sink.__class__.__call__

    def late(self: OscSink, reading: Any) -> None:
        gate.wait(30.0)
        sink(self, reading)

    outlet.told.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OscSink, "__call__", late)
        taught.put(1.0, 1.0, 5)
        taught.done("stopRunning")
        gate.set()
        wait_until(lambda: taught.engine.out.idle, "the answers")
    assert taught.of("/wek/outputs", 2.0) == 5 and taught.outputs(1.0, 1.0) == []


def test_models_can_be_left_out_of_recording_and_of_running(taught: Station) -> None:
    taught.done("disableModelRecording", 1)
    taught.record(1.0, 5.0, 5.0)
    taught.hears("/dgstudio/ack", "/wekinator/control/stopRecording", count=3)
    assert taught.examples(1) == 10
    taught.say("startRecording")
    taught.put(6.0, 6.0, 2)
    taught.say("enableModelRecording", 1)
    taught.put(0.0, 0.0, 2)
    taught.say("stopRecording")
    taught.train()
    assert taught.examples(1) == 12
    assert taught.outputs(1.0, 1.0) == [2.0] * 3
    taught.done("disableModelRunning", 1)
    assert taught.outputs(0.0, 0.0) == [2.0] * 3
    taught.done("enableModelRunning", 1)
    assert taught.outputs(0.0, 0.0) == [1.0] * 3
    assert "There is no output 2" in taught.refused("disableModelRunning", 1, 2)
    assert "missing" in taught.refused("enableModelRecording")


# -- deleting ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [("deleteAllExamples",), ("deleteExamplesForOutput", 1)])
def test_all_examples_can_be_deleted_and_nothing_is_answered_any_more(taught: Station, message: Told) -> None:
    taught.done(*message)
    wait_until(lambda: taught.engine.learn.learned == 0, "the learner")
    assert taught.engine.book.total == 0 and taught.outputs(0.0, 0.0) == []
    taught.record(1.0, 1.0, 1.0)
    taught.record(2.0, 0.0, 0.0)
    taught.train()
    assert taught.outputs(0.0, 0.0) == [2.0] * 3


def test_what_was_sealed_is_deleted_as_well(station: Station) -> None:
    station.record(1.0, 0.0, 0.0, 20)
    station.record(2.0, 1.0, 1.0, 20)
    station.train()
    station.done("/dgstudio/control/protect")
    wait_until(lambda: station.engine.learn.sealed > 0, "the seal")
    station.done("deleteAllExamples")

    def forgotten() -> bool:
        station.turn()
        return station.engine.learn.learned == 0 and station.engine.learn.sealed == 0

    wait_until(forgotten, "the rebuild")


def test_examples_of_one_class_can_be_deleted_and_that_can_be_taken_back(taught: Station) -> None:
    taught.done("/dgstudio/control/deleteExamplesForClass", 1)
    wait_until(lambda: taught.examples(1) == 0, "the deletion")
    assert taught.examples(2) == 10
    taught.done("/dgstudio/control/undo")
    wait_until(lambda: taught.examples(1) == 10, "the undo")
    taught.done("/dgstudio/control/redo")
    wait_until(lambda: taught.examples(1) == 0, "the redo")
    assert "There is no class 7; there are 1, 2" in taught.refused("/dgstudio/control/deleteExamplesForClass", 7)


# -- names and models ----------------------------------------------------------------------------------------


def test_probabilities_go_to_the_name_of_the_output_where_they_are_switched_on(taught: Station) -> None:
    assert not [told for told in taught.answers(0.0, 0.0) if told[0] == "/outputs-1"]
    taught.done("/dgstudio/control/enableProbabilities")
    told = [told for told in taught.answers(0.0, 0.0) if told[0] == "/outputs-1"]
    assert (
        len(told) == 3 and len(told[0]) == 3 and told[0][1] > 0.5 and sum(told[0][1:]) == pytest.approx(1.0, abs=1e-5)
    )
    taught.done("setOutputNames", "my hand")
    assert [told for told in taught.answers(0.0, 0.0) if told[0] == "/my_hand"]
    taught.done("/dgstudio/control/disableProbabilities")
    assert not [told for told in taught.answers(0.0, 0.0) if told[0] == "/my_hand"]
    assert taught.refused("setOutputNames", "a", "b") == "wrong number of output names: 2, expected 1"


def test_names_of_inputs_are_the_sessions_from_then_on(tmp_path: Path, stations: Callable[..., Station]) -> None:
    station = stations(Session.create(tmp_path / "a.dgs"))
    station.record(1.0, 0.0, 0.0)
    station.train()
    station.done("setInputNames", "left", "right")
    assert station.refused("setInputNames", "left") == "wrong number of input names: 1, expected 2"
    assert "must differ" in station.refused("setInputNames", "same", "same")
    assert "is a text" in station.refused("setInputNames", "left", 3)
    station.engine.stop()
    with Session.open(tmp_path / "a.dgs") as session:
        assert session.config(FEATURES) == ["left", "right"]
        assert session.config(SIGNAL)["channels"] == ["left", "right"]


def test_a_class_is_called_what_it_is_told(taught: Station) -> None:
    taught.done("/dgstudio/control/setClassName", 2, "fist")
    wait_until(lambda: taught.engine.classes.names[1] == "fist", "the name")
    assert "already a class" in taught.refused("/dgstudio/control/setClassName", 1, "fist")
    assert "Two values" in taught.refused("/dgstudio/control/setClassName", 1)


def test_a_model_that_was_saved_answers_again_when_it_is_loaded_until_training(
    tmp_path: Path, stations: Callable[..., Station]
) -> None:
    station = stations(Session.create(tmp_path / "a.dgs"))
    station.record(1.0, 0.0, 0.0)
    station.record(2.0, 1.0, 1.0)
    station.train()
    station.done("saveModelToFile", 1, "/Users/me/models/first.xml")
    station.done("startRunning")
    station.done("deleteAllExamples")
    station.record(1.0, 1.0, 1.0)
    station.record(2.0, 0.0, 0.0)
    station.train()
    assert station.outputs(0.0, 0.0) == [2.0] * 3
    station.done("loadModelFromFile", 1, "first")
    wait_until(lambda: station.engine.learner.store.pinned is not None, "the pin")
    assert station.outputs(0.0, 0.0) == [1.0] * 3
    station.train()
    wait_until(lambda: station.engine.learner.store.pinned is None, "the newest")
    assert station.outputs(0.0, 0.0) == [2.0] * 3
    assert "no model “other” in this session; those that were saved in it: first" in station.refused(
        "loadModelFromFile", 1, "other"
    )


def test_the_file_of_a_model_goes_to_the_folder_for_models_and_nowhere_else(
    taught: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DGSTUDIO_HOME", str(tmp_path / "home"))
    taught.done("saveModelToFile", 1, "../../evil/../name.xml")
    assert {path.name for path in (tmp_path / "home" / "models").iterdir()} == {
        "name.safetensors",
        "name.safetensors.json",
    }
    for bad in ("..", "", "/", "a\0b/..", "*"):
        assert station_says_no(taught, bad)
    assert "There is no output 2" in taught.refused("saveModelToFile", 2, "x")
    assert "Two values" in taught.refused("saveModelToFile", 1)


def station_says_no(station: Station, name: str) -> bool:
    why = station.refused("saveModelToFile", 1, name)
    return "cannot be the name" in why or "is a text" in why


# -- what is told --------------------------------------------------------------------------------------------


def test_versions_confidence_and_what_is_unsure_are_told(taught: Station) -> None:
    told = taught.answers(0.0, 0.0)
    confidence = [each[1] for each in told if each[0] == "/dgstudio/confidence"]
    assert len(confidence) == 3 and all(0.5 < value <= 1.0 for value in confidence)
    serving = taught.engine.learner.store.serving
    assert ("/dgstudio/version", serving.version, serving.digest) in taught.outlet.told
    assert ("/dgstudio/unsure", 0, "") in taught.outlet.told
    far = taught.answers(60.0, -60.0)
    assert ("/dgstudio/unsure", 1, "strange") in far and len([t for t in far if t[0] == "/wek/outputs"]) == 3


def test_what_is_learned_and_that_nothing_protected_moved_is_told(taught: Station) -> None:
    versions = [told[1] for told in taught.outlet.told if told[0] == "/dgstudio/learned"]
    assert versions == sorted(set(versions)) and versions
    stability = [told for told in taught.outlet.told if told[0] == "/dgstudio/stability"]
    assert len(stability) == len(versions) and all(told[3] == 0 for told in stability)


def test_the_log_can_be_heard_and_switched_off(taught: Station) -> None:
    assert any(told[:2] == ("/dgstudio/log", "good") for told in taught.outlet.told)
    taught.done("/dgstudio/control/disableLog")
    taught.outlet.told.clear()
    taught.record(1.0, 0.0, 0.0)
    taught.train()
    assert not taught.of("/dgstudio/log")


def test_a_flood_of_events_is_not_passed_on(taught: Station) -> None:
    taught.turn()
    taught.outlet.told.clear()
    event = taught.events[0]
    taught.remote.turn([event] * 1000)
    assert taught.of("/dgstudio/log") <= 52


def test_how_it_stands_can_be_asked_for(taught: Station) -> None:
    taught.done("/dgstudio/query/state")
    told = next(told for told in reversed(taught.outlet.told) if told[0] == "/dgstudio/state")
    state = dict(zip(told[1::2], told[2::2], strict=True))
    assert state["running"] == 1 and state["recording"] == 0 and state["inputs"] == 2 and state["examples"] == 20
    assert ("/dgstudio/class", 1, "class 1", 10) in taught.outlet.told
    assert ("/dgstudio/class", 2, "class 2", 10) in taught.outlet.told


def test_performance_mode_lets_what_is_looked_at_rest(station: Station) -> None:
    station.done("enablePerformanceMode")
    assert station.remote.performing
    station.done("disablePerformanceMode")
    assert not station.remote.performing


# -- what is refused, and what is kept -----------------------------------------------------------------------


def test_unknown_messages_are_refused_in_a_sentence(station: Station) -> None:
    assert "known here" in station.refused("/dgstudio/nothing")
    assert "has no meaning here" in station.refused("startDtwRecording", 1)


@pytest.mark.parametrize("message", ["startRecording", "train", "deleteAllExamples", "/dgstudio/control/undo"])
def test_a_run_that_does_not_learn_refuses_what_teaches(stations: Callable[..., Station], message: str) -> None:
    station = stations(learns=False)
    assert "start it with --learn" in station.refused(message)
    station.done("startRunning")
    station.done("outputs", 1.0)


def test_whether_it_runs_is_remembered_by_the_session(tmp_path: Path, stations: Callable[..., Station]) -> None:
    station = stations(Session.create(tmp_path / "a.dgs"))
    station.record(1.0, 0.0, 0.0)
    station.record(2.0, 1.0, 1.0)
    station.train()
    station.done("startRunning")
    station.done("setOutputNames", "hand")
    station.done("/dgstudio/control/enableProbabilities")
    station.engine.stop()
    again = stations(Session.open(tmp_path / "a.dgs"))
    told = again.answers(1.0, 1.0)
    assert [each[1] for each in told if each[0] == "/wek/outputs"] == [2.0] * 3
    assert [each for each in told if each[0] == "/hand"]


def test_a_message_waits_for_the_answers_before_it_but_not_for_ever(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_control, "PATIENCE_S", 0.05)
    station.controls.put(ControlMessage("/wekinator/control/startRunning", (), 0.0, after=10_000))
    begin = time.monotonic()
    station.hears("/dgstudio/ack", "/wekinator/control/startRunning")
    assert time.monotonic() - begin >= 0.04


def test_fuzzed_messages_are_answered_and_change_no_label(taught: Station) -> None:
    chance = np.random.default_rng(0)
    pool: list[object] = [1, 2.5, -1, 10**30, "x" * 5000, "", None, b"\0", [1, [2]], True, float("nan"), "\x1b[2J"]
    names = [
        name for name in taught.remote._handlers if not name.endswith(("Recording", "Class", "Examples", "Output"))
    ]
    for _ in range(300):
        address = names[int(chance.integers(len(names)))]
        values = tuple(pool[int(i)] for i in chance.integers(len(pool), size=int(chance.integers(4))))
        if address.endswith(("undo", "redo", "protect")):
            continue
        taught.say(address, *values)
        taught.turn()
    wait_until(lambda: taught.engine.store.idle, "the store")
    assert (taught.examples(1), taught.examples(2)) == (10, 10)
