"""Questions are answered in a thread of their own, the newest first, and what nobody wants any more is given up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from waiting import wait_until

from dgstudio.engine.inspection.inspection_worker import InspectionWorker
from dgstudio.engine.inspection.inspector import Inspector
from dgstudio.engine.inspection.unavailable import GivenUpError, UnavailableError, VersionGone
from dgstudio.engine.runtime.events import EventQueue


class Asker:
    def __init__(self) -> None:
        self.worker = InspectionWorker(EventQueue(), lambda: cast(Inspector, self))
        self.go_on: Callable[[], bool] = lambda: True
        self.order: list[object] = []
        self.gate = threading.Event()

    def holds(self) -> Any:
        """A question that is being answered until the gate opens."""
        begun = threading.Event()

        def question(_: Inspector) -> str:
            begun.set()
            self.gate.wait()
            return "held"

        asked = self.worker.ask("held", question)
        begun.wait()
        return asked

    def note(self, what: object) -> Callable[[Inspector], object]:
        def question(_: Inspector) -> object:
            self.order.append(what)
            return what

        return question


@pytest.fixture
def asker() -> Iterator[Asker]:
    made = Asker()
    yield made
    made.gate.set()
    made.worker.stop()
    assert made.worker.join(60)


def test_the_newest_question_comes_first_and_takes_the_place_of_its_topic(asker: Asker) -> None:
    held = asker.holds()
    asked = [asker.worker.ask(topic, asker.note(n)) for n, topic in enumerate(["a", "b", "a", "c"])]
    assert asked[0].superseded and asked[0].done and not asker.worker.idle
    asker.gate.set()
    wait_until(lambda: asker.worker.idle, "all answers")
    assert asker.order == [3, 2, 1]
    assert [a.value for a in asked] == [None, 1, 2, 3] and held.value == "held"
    assert [a.generation for a in asked] == sorted(a.generation for a in asked)


def test_why_there_is_no_answer_comes_with_the_question(asker: Asker) -> None:
    def gone(_: Inspector) -> int:
        raise UnavailableError(VersionGone(7))

    asked = asker.worker.ask("a", gone)
    wait_until(lambda: asked.done, "the refusal")
    assert asked.refused == VersionGone(7) and asked.value is None and not asker.worker.failed


def test_a_running_question_hears_that_a_newer_one_has_come(asker: Asker) -> None:
    begun = threading.Event()

    def long(inspector: Inspector) -> int:
        begun.set()
        while inspector.go_on():
            pass
        raise GivenUpError

    first = asker.worker.ask("a", long)
    begun.wait()
    second = asker.worker.ask("a", asker.note(2))
    wait_until(lambda: second.done, "the newer answer")
    assert first.superseded and first.value is None and second.value == 2


def test_what_waits_when_the_thread_ends_is_given_up(asker: Asker) -> None:
    asker.holds()
    waits = asker.worker.ask("a", asker.note(1))
    asker.worker.stop()
    asker.gate.set()
    assert asker.worker.join(60) and waits.superseded
    assert asker.worker.ask("a", asker.note(2)).superseded and asker.order == []
