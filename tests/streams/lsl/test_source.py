"""LSL streams over loopback: found, received whole, labelled by markers, lost and found again."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from waiting import DEADLINE_S, wait_until

pylsl = pytest.importorskip("pylsl")

from dgstudio.errors import BadInputError, StreamError  # noqa: E402
from dgstudio.streams.condition import Lamp  # noqa: E402
from dgstudio.streams.lsl.source import LslSource  # noqa: E402
from dgstudio.streams.marks import Mark  # noqa: E402
from dgstudio.streams.registry import open_source  # noqa: E402
from dgstudio.types import Block, StreamKind  # noqa: E402

_names = itertools.count()


class Sender:
    """A stream of two channels that sends what it is told to."""

    def __init__(
        self, name: str, rate: float = 100.0, form: str = "float32", channels: int = 2, kind: str = "EEG"
    ) -> None:
        self.name, self.rate = name, rate
        info = pylsl.StreamInfo(name, kind, channels, rate, form, f"{name}-id")
        if form != "string":
            info.set_channel_labels(["left", "right"][:channels])
        self.outlet = pylsl.StreamOutlet(info)
        self.begin = pylsl.local_clock()
        self.sent = 0

    def send(self, count: int, at: float | None = None) -> None:
        """So many samples that count, the first of them `at` so many seconds; None: as their number says."""
        for number in range(self.sent, self.sent + count):
            when = number / self.rate if at is None else at + (number - self.sent) / self.rate
            self.outlet.push_sample([number, -number][: self.outlet.channel_count], self.begin + when)
        self.sent += count


@pytest.fixture
def sender() -> Iterator[Callable[..., Sender]]:
    """Makes senders; each has a name of its own."""
    made: list[Sender] = []

    def make(name: str = "", **options: object) -> Sender:
        made.append(Sender(name or f"test{os.getpid()}-{next(_names)}", **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.outlet = None


@pytest.fixture
def opened() -> Iterator[Callable[..., LslSource]]:
    made: list[LslSource] = []

    def make(address: str, **options: object) -> LslSource:
        source = open_source(f"lsl:{address}", **options)  # type: ignore[arg-type]
        assert isinstance(source, LslSource)
        source.open()
        made.append(source)
        return source

    yield make
    for source in made:
        source.close()


def read(source: LslSource, count: int) -> list[Block]:
    blocks: list[Block] = []
    end = time.monotonic() + DEADLINE_S
    while sum(len(block.times) for block in blocks) < count:
        block = source.read(0.05)
        blocks += [] if block is None else [block]
        assert time.monotonic() < end, source.condition()
    return blocks


def numbers(blocks: list[Block]) -> list[int]:
    return [int(value) for block in blocks for value in block.values[:, 0]]


def times(blocks: list[Block]) -> np.ndarray:
    return np.concatenate([block.times for block in blocks])


@pytest.mark.parametrize("form", ["float32", "double64", "int32", "int16"])
def test_a_stream_is_found_by_its_name_and_comes_whole(
    form: str, sender: Callable[..., Sender], opened: Callable[..., LslSource]
) -> None:
    one = sender(form=form)
    source = opened(one.name)
    spec = source.spec
    assert (spec.name, spec.kind, spec.rate, spec.channels) == (one.name, StreamKind.SIGNAL, 100, ("left", "right"))
    assert one.name in source.notes[0].sentence
    one.send(200)
    blocks = read(source, 200)
    assert numbers(blocks) == list(range(200)) and blocks[0].values.dtype == np.float32
    np.testing.assert_allclose(np.diff(times(blocks)), 0.01, atol=1e-3)
    assert not any(block.break_before for block in blocks)
    assert source.condition().lamp is Lamp.RECEIVING


def test_it_is_found_by_type_and_host_too_and_waited_for(
    sender: Callable[..., Sender], opened: Callable[..., LslSource]
) -> None:
    made: list[Sender] = []

    def patience(condition: object) -> None:
        assert "there is no LSL stream of type Rare" in condition.words  # type: ignore[attr-defined]
        if not made:
            made.append(sender(kind="Rare"))

    host = pylsl.StreamInfo("x", "y").hostname()
    assert opened("type=Rare", patience=patience).spec.name == made[0].name
    named = opened(f"id={made[0].name}-id")
    assert named.spec.name == made[0].name and host is not None


def test_a_gap_is_a_break_with_the_samples_that_lack(
    sender: Callable[..., Sender], opened: Callable[..., LslSource]
) -> None:
    one = sender()
    source = opened(one.name)
    one.send(50)
    one.send(50, at=1.5)
    blocks = read(source, 100)
    assert [block.break_before for block in blocks].count(True) == 1
    assert times(blocks)[50] == pytest.approx(1.5, abs=0.02)
    assert source.missing == pytest.approx(100, abs=3)
    assert "missing" in source.condition().counted[0].words


def test_values_that_come_when_they_like_are_inputs_of_their_own(
    sender: Callable[..., Sender], opened: Callable[..., LslSource]
) -> None:
    one = sender(rate=0.0)
    source = opened(one.name)
    assert source.spec.kind is StreamKind.VALUES and source.spec.window == 1
    for number in range(5):
        one.outlet.push_sample([number, 0.0], one.begin + 0.1 * number**2)
    one.outlet.push_sample([5, 0.0], one.begin)
    blocks = read(source, 6)
    assert numbers(blocks) == list(range(6)) and (np.diff(times(blocks)) > 0).all()
    np.testing.assert_allclose(times(blocks)[:5], [0.1 * number**2 for number in range(5)], atol=1e-3)
    assert opened(one.name, rate=25.0).spec.kind is StreamKind.SIGNAL


@pytest.mark.parametrize("form", ["string", "int32"])
def test_markers_say_what_the_stream_is(
    form: str, sender: Callable[..., Sender], opened: Callable[..., LslSource]
) -> None:
    one, cues = sender(), sender(rate=0.0, form=form, channels=1, kind="Markers")
    source = opened(f"{one.name},markers={cues.name}")
    wait_until(lambda: source._markers is not None or source.read(0.01) or source._markers is not None)
    assert source._markers is not None, "they are found while the stream is read"
    said = ["walk", "end", "run"] if form == "string" else [1, 0, 2]
    for at, word in zip((0.5, 1.0, 1.25), said, strict=True):
        cues.outlet.push_sample([word], one.begin + at)
    one.send(200)
    read(source, 200)
    found: list[Mark] = []

    def come() -> bool:
        source.read(0.01)
        found.extend(source.marks.take(99.0))
        return len(found) >= 3

    wait_until(come)
    names = ["walk", None, "run"] if form == "string" else ["1", None, "2"]
    assert [mark.name for mark in found] == names
    np.testing.assert_allclose([mark.moment for mark in found], [0.5, 1.0, 1.25], atol=2e-3)


def test_a_sender_that_starts_again_is_found_again(
    sender: Callable[..., Sender], opened: Callable[..., LslSource]
) -> None:
    one = sender()
    source = opened(one.name)
    one.send(50)
    blocks = read(source, 50)
    one.outlet = None

    def lost() -> bool:
        try:
            source.read(0.05)
        except StreamError as error:
            return "is gone" in str(error)
        return False

    wait_until(lost)
    assert source.condition().lamp is Lamp.RETRYING
    source.close()
    with pytest.raises(StreamError, match="There is no LSL stream"):
        source.open()
    again = sender(one.name)

    def found() -> bool:
        try:
            source.open()
        except StreamError:
            return False
        return True

    wait_until(found)
    again.send(50)
    more = read(source, 50)
    assert more[0].break_before and numbers(more) == list(range(50))
    assert (np.diff(times([*blocks, *more])) > 0).all()
    assert source.condition().lamp is Lamp.RECEIVING


def test_other_channels_than_before_are_refused(
    sender: Callable[..., Sender], opened: Callable[..., LslSource]
) -> None:
    one = sender()
    with pytest.raises(BadInputError, match="other channels than before, when it had 3: begin a new session"):
        opened(one.name, channels=("a", "b", "c"))
    assert opened(one.name, channels=("a", "b")).spec.channels == ("a", "b")


def test_what_is_not_there_or_cannot_be_is_said_in_a_sentence(sender: Callable[..., Sender]) -> None:
    one = sender()

    def impatient(condition: object) -> None:
        text = condition.words  # type: ignore[attr-defined]
        if one.name in text:
            raise BadInputError(text)

    with pytest.raises(BadInputError, match=r"there is no LSL stream “nobody” on the network, but test"):
        open_source("lsl:nobody", patience=impatient)
    asks: dict[str, dict[str, object]] = {
        "no column": {"labels_column": "x"}, "--speed": {"speed": 2.0}, "--inputs": {"inputs": 3},
        "rate": {"rate": -1.0}, "--window": {"window_s": 0.0},
    }  # fmt: skip
    for told, asked in asks.items():
        with pytest.raises(BadInputError, match=told):
            open_source(f"lsl:{one.name}", **asked)  # type: ignore[arg-type]
