"""A source is looked at in a thread of its own: opened, read, told how it stands, and given back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from waiting import wait_until

from dgstudio.errors import BadInputError, StreamEnded, StreamError
from dgstudio.streams.choosing import preview
from dgstudio.streams.choosing.preview import SourcePreview
from dgstudio.streams.choosing.source_opening import SourceOpening
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.simulation.simulator import SimulatorSource
from dgstudio.types import Block

Look = Callable[..., SourcePreview]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Iterator[Look]:
    monkeypatch.setattr(preview, "RETRY_S", 0.005)
    made: list[SourcePreview] = []

    def start(make: Any, **more: Any) -> SourcePreview:
        made.append(SourcePreview(make, **more))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.stop()
        each.join()
        assert each.over


class Spoilt(SimulatorSource):
    """A simulator that fails as it is told."""

    failing: Exception | None = None
    closed = 0

    def read(self, timeout: float) -> Block | None:
        if self.failing is not None:
            raise self.failing
        return super().read(timeout)

    def close(self) -> None:
        self.closed += 1
        super().close()


def test_samples_are_kept_for_some_seconds(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "KEPT_S", 0.2)
    source = Spoilt(rate=200)
    it = look(lambda _patience: source)
    wait_until(lambda: len(it.newest(0.1)[0]) > 15, "samples")
    assert it.condition().lamp is Lamp.RECEIVING
    wait_until(lambda: it.newest(9)[0][-1] > 0.5, "more")
    times, values = it.newest(9)
    assert times[-1] - times[0] < 0.3 and values.shape == (len(times), 6) and (np.diff(times) > 0).all()
    it.stop()
    it.join()
    assert source.closed == 1


def test_what_cannot_be_opened_says_why(look: Look) -> None:
    def make(_patience: Any) -> Any:
        raise BadInputError("There is no such thing.")

    it = look(make)
    wait_until(lambda: it.over, "the end")
    assert it.condition().words == "wrong: There is no such thing" and it.source is None

    def odd(_patience: Any) -> Any:
        raise ZeroDivisionError("a bug")

    it = look(odd)
    wait_until(lambda: it.over, "the end")
    assert "a bug" in it.failure


def test_while_it_waits_it_says_for_what_and_can_be_left(look: Look) -> None:
    def make(patience: Any) -> Any:
        while True:
            patience(SourceCondition(Lamp.WAITING, 7.0))
            time.sleep(0.001)

    it = look(make)
    wait_until(lambda: it.condition().rate == 7.0, "what it waits for")
    it.stop()
    it.join()
    assert it.over and it.failure == ""


def test_a_source_that_is_lost_is_tried_again_and_one_that_ends_is_over(look: Look) -> None:
    source = Spoilt(rate=200)
    it = look(lambda _patience: source)
    wait_until(lambda: len(it.newest(1)[0]), "samples")
    source.failing = StreamError("the cable is out")
    wait_until(lambda: it.condition().lamp is Lamp.RETRYING and source.closed > 2, "tries")
    assert it.condition().words == "retrying: the cable is out"
    source.failing = None
    wait_until(lambda: it.condition().lamp is Lamp.RECEIVING, "samples again")
    source.failing = StreamEnded("over")
    wait_until(lambda: it.condition().lamp is Lamp.ENDED, "the end")


def test_what_must_let_go_first_is_waited_for(look: Look) -> None:
    free, order = threading.Event(), list[str]()

    def first() -> None:
        free.wait()
        order.append("free")

    def make(_patience: Any) -> Any:
        order.append("made")
        return SimulatorSource()

    it = look(make, first=first)
    assert it.source is None
    free.set()
    wait_until(lambda: it.source is not None, "the source")
    assert order == ["free", "made"]


def test_an_opening_gives_its_source_to_one_who_takes_it() -> None:
    source = Spoilt()
    opening = SourceOpening(lambda _patience: source)
    opening.join()
    assert opening.over and opening.take() is source and opening.take() is None
    opening.give_up()
    assert not source.closed
    opening = SourceOpening(lambda _patience: source)
    opening.join()
    opening.give_up()
    assert source.closed == 1


def test_an_opening_that_fails_or_is_given_up_leaves_nothing_open() -> None:
    def make(_patience: Any) -> Any:
        raise BadInputError("No.")

    opening = SourceOpening(make)
    opening.join()
    assert opening.failure == "No." and opening.take() is None

    def waits(patience: Any) -> Any:
        while True:
            patience(SourceCondition(Lamp.WAITING))
            time.sleep(0.001)

    opening = SourceOpening(waits)
    opening.give_up()
    opening.join()
    assert opening.over and opening.take() is None and not opening.failure
