"""Values that come when they like: each is answered, and what a program says of them is exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from waiting import wait_until

from dgstudio.engine.engine import Engine
from dgstudio.engine.labels.labeller import VALUES_AT_ONCE
from dgstudio.engine.recording.replay import Replay
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import BadInputError
from dgstudio.session.file import Session
from dgstudio.streams.queued import QueuedSource
from dgstudio.types import LabelledBy, StreamKind, StreamSpec

SPEC = StreamSpec("osc", StreamKind.VALUES, 100.0, ("a", "b"), 0.1, 0.1)


class Desk:
    """An engine on values that a test puts in at times of its own."""

    def __init__(self, session: Session | None = None, spec: StreamSpec = SPEC) -> None:
        self.source = QueuedSource(spec)
        self.engine = Engine(self.source, None, session, EngineSettings())
        self.wall = 100.0

    def put(self, x: float, y: float, count: int = 1, every: float = 0.01) -> None:
        for _ in range(count):
            self.wall += every
            self.source.put((x, y), self.wall)
        wait_until(lambda: self.engine.infer.done == self.source.taken, "all answers")

    def now(self) -> float:
        """A moment after all that came, and before all that comes."""
        return self.source.moment(self.wall)

    def settle(self) -> None:
        wait_until(lambda: self.engine.store.idle and self.engine.learn.idle, "the store and the learner")

    def teach(self, name: str, x: float, y: float, count: int = 10) -> int:
        known = self.engine.classes.by_name(name)
        class_id = (known or self.engine.labels.add_class(name)).id
        self.engine.labels.begin_take(class_id, self.now())
        self.put(x, y, count)
        self.engine.labels.end_take(self.now())
        self.settle()
        return class_id


@pytest.fixture
def desks() -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(session: Session | None = None, spec: StreamSpec = SPEC) -> Desk:
        desk = Desk(session, spec)
        made.append(desk)
        desk.engine.start()
        return desk

    yield make
    for desk in made:
        assert desk.engine.stop() == []


def test_every_value_is_answered_by_what_was_learned_from_values(desks: Callable[..., Desk]) -> None:
    desk = desks()
    low, high = desk.teach("low", -1.0, 0.5), desk.teach("high", 2.0, -0.5)
    before = desk.engine.lane.readings.total
    desk.put(-1.0, 0.5, 20)
    desk.put(2.0, -0.5, 20)
    answers = [reading.top for reading in desk.engine.lane.readings.since(before)[0]]
    assert answers == [low] * 20 + [high] * 20
    assert desk.engine.lane.readings.newest.features.tolist() == [2.0, -0.5]


def test_a_take_holds_what_came_between_its_begin_and_its_end_and_nothing_else(desks: Callable[..., Desk]) -> None:
    desk = desks()
    info = desk.engine.labels.add_class("a")
    desk.put(9.0, 9.0, 3)
    desk.engine.labels.begin_take(info.id, desk.now())
    # In a burst: no time passes between them.
    desk.put(1.0, 1.0, 5, every=0.0)
    desk.engine.labels.end_take(desk.now())
    desk.put(9.0, 9.0, 3, every=0.0)
    desk.settle()
    examples = desk.engine.book.of_class(info.id)
    assert [example.features.tolist() for example in examples] == [[1.0, 1.0]] * 5
    assert all(example.learn for example in examples)
    (take,) = desk.engine.book.takes(-1.0)
    assert take.who is LabelledBy.MESSAGE and take.examples == 5


def test_a_second_take_ends_the_first_where_it_begins(desks: Callable[..., Desk]) -> None:
    desk = desks()
    one, two = desk.engine.labels.add_class("one"), desk.engine.labels.add_class("two")
    desk.engine.labels.begin_take(one.id, desk.now())
    desk.put(1.0, 1.0, 4)
    desk.engine.labels.begin_take(two.id, desk.now())
    desk.put(2.0, 2.0, 6)
    desk.engine.labels.end_take(desk.now())
    desk.settle()
    assert [len(desk.engine.book.of_class(info.id)) for info in (one, two)] == [4, 6]


def test_of_many_values_at_once_some_are_learned_and_all_are_kept(desks: Callable[..., Desk]) -> None:
    desk = desks()
    info = desk.engine.labels.add_class("a")
    desk.engine.labels.begin_take(info.id, desk.now())
    desk.put(1.0, 1.0, 100, every=0.001)
    desk.engine.labels.end_take(desk.now())
    desk.settle()
    examples = desk.engine.book.of_class(info.id)
    assert len(examples) == 100
    assert VALUES_AT_ONCE <= sum(example.learn for example in examples) <= VALUES_AT_ONCE + 2


def test_every_example_can_be_deleted_at_once_and_that_can_be_taken_back(desks: Callable[..., Desk]) -> None:
    desk = desks()
    for name, x in (("a", 0.0), ("b", 5.0)):
        desk.teach(name, x, x)
    assert desk.engine.book.total == 20
    desk.engine.labels.delete_every_example()
    desk.settle()
    assert desk.engine.book.total == 0 and desk.engine.learn.learned == 0
    assert len(desk.engine.classes.living()) == 2
    desk.engine.labels.undo()
    desk.settle()
    assert desk.engine.book.total == 20


def test_a_session_goes_on_at_any_rate_and_not_with_other_inputs(tmp_path: Path, desks: Callable[..., Desk]) -> None:
    desk = desks(Session.create(tmp_path / "a.dgs"))
    low, _ = desk.teach("low", -1.0, 0.0), desk.teach("high", 1.0, 0.0)
    desk.engine.stop()
    quick = StreamSpec("osc", StreamKind.VALUES, 500.0, ("a", "b"), 0.2, 0.2)
    again = desks(Session.open(tmp_path / "a.dgs"), quick)
    again.put(-1.0, 0.0, 3)
    assert again.engine.lane.readings.newest.top == low
    again.engine.stop()
    # A signal's samples are inputs as well, one by one.
    signal = StreamSpec("phone", StreamKind.SIGNAL, 50.0, ("a", "b"), 1.0, 0.02)
    third = desks(Session.open(tmp_path / "a.dgs"), signal)
    third.put(-1.0, 0.0, 3)
    assert third.engine.lane.readings.newest.top == low and third.engine.spec.kind is StreamKind.VALUES
    third.engine.stop()
    more = StreamSpec("osc", StreamKind.VALUES, 100.0, ("a", "b", "c"), 0.1, 0.1)
    with Session.open(tmp_path / "a.dgs") as session, pytest.raises(BadInputError, match="it has 3 channels"):
        Engine(QueuedSource(more), None, session)


def test_what_was_recorded_replays_to_the_last_bit(tmp_path: Path, desks: Callable[..., Desk]) -> None:
    desk = desks(Session.create(tmp_path / "a.dgs"))
    desk.engine.recording.record(True)
    wait_until(lambda: desk.engine.recorder.taking, "the recording")
    desk.teach("low", -1.0, 0.0)
    desk.teach("high", 1.0, 0.0)
    chance = np.random.default_rng(0)
    for x, y in chance.normal(size=(50, 2)):
        desk.put(float(x), float(y), every=float(chance.uniform(0.0, 0.05)))
    desk.engine.stop()
    with Session.reading(tmp_path / "a.dgs") as session:
        figures = Replay(session).run()
    assert figures.answers == figures.checked == 70 and figures.mismatches == figures.lost_samples == 0
