"""OSC messages become inputs: counted, in order, told what is wrong; and whatever else comes changes nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from streams.osc.sender import Sender, bundle, message
from waiting import wait_until

from dgstudio.errors import BadInputError, StreamError
from dgstudio.reasons.arrivals import Trouble
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.osc import receiver
from dgstudio.streams.osc.endpoint import Endpoint, networks_of
from dgstudio.streams.osc.source import OscSource, input_names
from dgstudio.streams.registry import open_source
from dgstudio.types import F32, StreamKind

ANY_PORT = Endpoint("127.0.0.1", 0, "/wek/inputs")
Make = Callable[..., tuple[OscSource, Sender]]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes sources that listen, each with somebody who sends to it."""
    made: list[Any] = []

    def start(inputs: int | None = 2, at: Endpoint = ANY_PORT, **options: Any) -> tuple[OscSource, Sender]:
        source = OscSource(at, channels=None if inputs is None else input_names(inputs), **options)
        source.listen()
        sender = Sender(source.port)
        made.extend((source, sender))
        if inputs is not None:
            source.open()
        return source, sender

    yield start
    for it in made:
        it.close()


def reading(source: OscSource, condition: Callable[[], object], what: str) -> None:
    """Read, as an engine does all the time, until it holds; what comes meanwhile is not looked at."""
    wait_until(lambda: (source.read(0.0), condition())[1], what)


def values(source: OscSource, count: int) -> F32:
    """The next values."""
    rows: list[F32] = []

    def enough() -> bool:
        block = source.read(0.0)
        if block is not None:
            rows.extend(block.values)
        return len(rows) >= count

    wait_until(enough, f"{count} values, and not only {len(rows)}")
    return np.array(rows)


def counted(source: OscSource) -> list[str]:
    return [counted.words for counted in source.condition().counted]


def test_each_message_is_a_sample_as_it_stands(make: Make) -> None:
    source, send = make(3)
    assert source.spec.kind is StreamKind.VALUES and source.spec.window == 1
    send("/wek/inputs", 0.5, -2.0, 3.25)
    send("/wek/inputs", 1, 2, 1 << 40)
    send.raw(bundle(message("/wek/inputs", 7.0, 8.0, 9.0), message("/wek/inputs", 10.0, 11.0, 12.0)))
    np.testing.assert_array_equal(
        values(source, 4), np.array([(0.5, -2, 3.25), (1, 2, 1 << 40), (7, 8, 9), (10, 11, 12)], np.float32)
    )


def test_a_wrong_number_is_dropped_counted_and_told(make: Make) -> None:
    source, send = make(6)
    send("/wek/inputs", *[0.0] * 7)
    reading(source, lambda: source.condition().lamp is Lamp.WRONG, "the lamp")
    assert source.condition().words == "wrong: wrong number of inputs: 7, expected 6"
    assert counted(source) == ["1 message without the right inputs"]
    send("/wek/inputs", *[1.0] * 6)
    assert len(values(source, 1)) == 1
    assert source.condition().lamp is Lamp.RECEIVING


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (("a", 1.0), "a text"),
        ((float("nan"), 1.0), "nan"),
        ((float("inf"), 1.0), "inf"),
        ((1e30, 1.0), "1e\\+30"),
        ((True, 1.0), "true or false"),
        ((None, 1.0), "nothing"),
        (([1.0], 1.0), "a list"),
        ((), "nothing"),
    ],
)
def test_what_is_no_finite_number_is_told(make: Make, sent: tuple[object, ...], why: str) -> None:
    source, send = make(2)
    send("/wek/inputs", *sent)
    reading(source, lambda: source.condition().lamp is Lamp.WRONG, "the lamp")
    assert f"and {why.replace(chr(92), '')} came" in source.condition().words
    assert source.read(0.0) is None


def test_the_first_message_says_how_many_inputs_there_are(make: Make) -> None:
    source, send = make(None)
    assert not source.known.is_set()
    with pytest.raises(StreamError, match="not known yet"):
        source.open()
    send("/somewhere/else", 1.0)
    wait_until(lambda: source.condition().heard, "the other address")
    assert source.condition().words == "waiting: messages come to /somewhere/else, and none to /wek/inputs"
    send("/wek/inputs", *[0.0] * 2000)
    wait_until(lambda: source.condition().lamp is Lamp.WRONG, "the lamp")
    assert "1,024 is the most" in source.condition().words
    send("/wek/inputs", 1.0, 2.0, 3.0)
    send("/wek/inputs", 4.0, 5.0, 6.0)
    wait_until(source.known.is_set, "the first input")
    assert source.spec.channels == ("input 1", "input 2", "input 3")
    # What came before it was opened is not lost.
    source.open()
    assert len(values(source, 2)) == 2


def test_another_address_can_be_listened_to(make: Make) -> None:
    source, send = make(1, Endpoint("127.0.0.1", 0, "/accxyz"))
    send("/wek/inputs", 1.0)
    send("/accxyz", 2.0)
    np.testing.assert_array_equal(values(source, 1), [[2.0]])


def test_with_a_window_the_newest_message_is_sampled_steadily(make: Make) -> None:
    source, send = make(1, window_s=0.5, rate=50.0)
    assert source.spec.kind is StreamKind.SIGNAL and source.spec.window == 25
    send("/wek/inputs", 3.0)
    assert (values(source, 5) == 3.0).all()


def test_wishes_come_with_their_time_and_how_many_inputs_came_before(make: Make) -> None:
    source, send = make(1)
    send("/wekinator/control/startRecording")
    send("/wek/inputs", 1.0)
    send("/wek/inputs", 2.0)
    send("/wekinator/control/outputs", 2.0)
    send("/wek/inputs", 3.0)
    send("/dgstudio/state")
    wishes: list[Any] = []
    came: list[float] = []

    def read() -> None:
        block = source.read(0.0)
        came.extend([] if block is None else block.times)

    wait_until(lambda: (read(), wishes.extend(source.controls.take()), len(wishes) == 3)[2], "the wishes")
    assert [(wish.address, wish.values, wish.after) for wish in wishes] == [
        ("/wekinator/control/startRecording", (), 0),
        ("/wekinator/control/outputs", (2.0,), 2),
        ("/dgstudio/state", (), 3),
    ]
    read()
    times = [wishes[0].moment, *came[:2], wishes[1].moment, came[2], wishes[2].moment]
    assert times == sorted(times) and len(set(times)) == 6


def test_more_wishes_than_anybody_has_are_left_out_and_counted(make: Make) -> None:
    source, send = make(1)
    for _ in range(300):
        send("/wekinator/control/train")
    reading(source, lambda: source.controls.dropped >= 44, "them all")
    assert len(source.controls.take()) == 256
    assert counted(source) == ["44 control messages too many"]


def test_fuzz_changes_nothing_but_counters(make: Make) -> None:
    source, send = make(2)
    chance = random.Random(0)
    sound = message("/wek/inputs", 1.0, 2.0)
    for _ in range(500):
        packet = bytearray(sound)
        for _ in range(chance.randrange(1, 6)):
            packet[chance.randrange(len(packet))] = chance.randrange(256)
        send.raw(bytes(packet)[: chance.randrange(len(packet) + 1)])
        send.raw(chance.randbytes(chance.randrange(200)))

    def large() -> bool:
        # The system drops what finds its buffer full: it is sent until it has come.
        send.raw(b"/a\0\0," + b"x" * 60_000 + b"\0\0\0")
        return any("too large" in words for words in counted(source))

    def comes() -> bool:
        send("/wek/inputs", 5.0, 6.0)
        block = source.read(0.01)
        return block is not None and [5.0, 6.0] in block.values.tolist()

    # What was sent at once was more than is read in a moment.
    wait_until(comes, "a sound one")
    reading(source, large, "a large one")
    assert any("without OSC" in words for words in counted(source))


def test_a_flood_is_read_up_to_a_limit_and_fills_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "UNITS_A_SECOND", 100.0)
    monkeypatch.setattr(receiver, "BURST", 50.0)
    source, send = make(1)
    packet = message("/wek/inputs", 1.0)
    for _ in range(5_000):
        send.raw(packet)
    seen = 0

    def limited() -> bool:
        nonlocal seen
        block = source.read(0.0)
        seen += 0 if block is None else len(block.times)
        return any("beyond" in words for words in counted(source))

    wait_until(limited, "the limit")
    assert seen < 500

    def comes() -> bool:
        send("/wek/inputs", 2.0)
        block = source.read(0.01)
        return block is not None and block.values[-1, 0] == 2.0

    wait_until(comes, "what comes when the flood is over")


def test_only_those_who_may_are_listened_to(make: Make) -> None:
    source, send = make(1, allowed=networks_of(["10.0.0.0/8"]))
    send("/wek/inputs", 1.0)
    reading(source, lambda: counted(source) == ["1 packet from elsewhere"], "the count")
    assert source.read(0.0) is None
    near, send = make(1, allowed=networks_of(["10.0.0.0/8", "127.0.0.0/8"]))
    send("/wek/inputs", 1.0)
    assert len(values(near, 1)) == 1


def test_a_port_that_another_program_has_is_told_and_can_be_had_later(make: Make) -> None:
    source, send = make(1)
    other = OscSource(Endpoint("127.0.0.1", source.port, "/wek/inputs"), channels=("a",))
    with pytest.raises(StreamError, match="Another program listens"):
        other.open()
    source.close()
    other.open()
    send("/wek/inputs", 1.0)
    assert len(values(other, 1)) == 1
    other.close()


def test_closed_and_opened_again_it_goes_on_after_a_break(make: Make) -> None:
    source, send = make(1)
    send("/wek/inputs", 1.0)
    assert len(values(source, 1)) == 1
    source.close()
    source.close()
    source.open()
    send = Sender(source.port)
    send("/wek/inputs", 2.0)
    block = source.read(5.0)
    send.close()
    assert block is not None and block.break_before


def test_the_network_is_told_of_who_may_send() -> None:
    quiet, loud = OscSource(channels=("a",)), OscSource(Endpoint("0.0.0.0", 6448, "/a"), channels=("a",))
    assert isinstance(quiet.notes[0], Trouble) and "127.0.0.1:6448, inputs to /wek/inputs" in quiet.notes[0].sentence
    assert "everybody" in loud.notes[0].sentence and "everybody" not in quiet.notes[0].sentence


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"rate": 1e6}, "1 to 2,000"),
        ({"speed": 2.0}, "--speed"),
        ({"labels_column": "y"}, "control/outputs"),
        ({"window_s": 0.001}, "--window"),
        ({"inputs": 0}, "--inputs"),
        ({"inputs": 3, "channels": ("a", "b")}, "has 2 inputs"),
        ({"allowed": ("nobody",), "inputs": 1}, "may send"),
        ({"listen": "nowhere:x", "inputs": 1}, "no port"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, Any], why: str) -> None:
    with pytest.raises(BadInputError, match=why):
        open_source("osc:9000", **asked)


def test_a_source_is_asked_for_by_kind_and_address() -> None:
    source = open_source("osc:9000/accxyz", inputs=2, listen="0.0.0.0")
    assert isinstance(source, OscSource) and source.at == Endpoint("0.0.0.0", 9000, "/accxyz")
    kept = open_source("osc", channels=("x", "y"))
    assert kept.spec.channels == ("x", "y")
    with pytest.raises(BadInputError, match="no use for --window"):
        open_source("simulator", window_s=1.0)


def test_waiting_for_the_first_message_can_be_given_up() -> None:
    seen: list[SourceCondition] = []

    def patience(condition: SourceCondition) -> None:
        seen.append(condition)
        raise BadInputError("enough")

    with pytest.raises(BadInputError, match="enough"):
        open_source("osc:47123", patience=patience)
    assert seen[0].lamp is Lamp.WAITING
