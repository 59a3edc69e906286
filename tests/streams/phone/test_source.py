"""A phone's sensors become one signal, whichever of three apps sends them; silence and strangers are told."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from streams.osc.sender import Sender
from streams.phone.apps import Beat, Phone, accel, gyrosc, sensors2osc, zig_sim
from waiting import wait_until

from dgstudio.errors import BadInputError, StreamError
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.osc.endpoint import Endpoint, networks_of
from dgstudio.streams.osc.own_addresses import own_addresses
from dgstudio.streams.phone import source as phone
from dgstudio.streams.phone.source import PhoneSource, phone_endpoint
from dgstudio.streams.registry import open_source
from dgstudio.types import F32, StreamKind

ANY_PORT = Endpoint("0.0.0.0", 0, "/phone")
Make = Callable[..., PhoneSource]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes sources that listen; a phone is looked at for a short while only."""
    monkeypatch.setattr(phone, "LEARN_S", 0.4)
    made: list[PhoneSource] = []

    def start(**options: Any) -> PhoneSource:
        source = PhoneSource(ANY_PORT, **options)
        made.append(source)
        source.listen()
        return source

    yield start
    for source in made:
        source.close()


def sending(source: PhoneSource, beat: Beat, hz: float, request: pytest.FixtureRequest) -> Phone:
    sender = Phone(beat, source.port, hz)
    request.addfinalizer(sender.stop)
    return sender


def rows(source: PhoneSource, count: int) -> F32:
    """The next samples."""
    found: list[F32] = []

    def enough() -> bool:
        block = source.read(0.0)
        if block is not None:
            found.extend(block.values)
        return len(found) >= count

    wait_until(enough, "samples")
    return np.array(found)


@pytest.mark.parametrize(
    ("beat", "hz", "channels"),
    [
        (
            gyrosc,
            60,
            "accel x, accel y, accel z, gyro pitch, gyro roll, gyro yaw, rrate x, rrate y, rrate z",
        ),
        (zig_sim, 30, "accel x, accel y, accel z, gyro x, gyro y, gyro z"),
        (sensors2osc, 50, "accelerometer x, accelerometer y, accelerometer z, gyroscope x, gyroscope y, gyroscope z"),
    ],
)
def test_three_apps_are_understood(
    beat: Beat, hz: float, channels: str, make: Make, request: pytest.FixtureRequest
) -> None:
    source = make()
    sending(source, beat, hz, request)
    wait_until(source.known.is_set, "what the phone sends")
    assert ", ".join(source.spec.channels) == channels
    assert source.spec.kind is StreamKind.SIGNAL and source.spec.rate == 50 and source.spec.window == 50
    source.open()
    taken = rows(source, 20)
    np.testing.assert_allclose(taken[:, 1:3], np.tile(np.array(accel(0)[1:], np.float32), (len(taken), 1)))
    assert (np.diff(taken[:, 0]) != 0).any()
    wait_until(lambda: (source.condition().rate or 0) > hz / 3, "the rate")
    heard = source.condition().heard
    assert {each.sender for each in heard} == {"127.0.0.1"}
    newest = next(each for each in heard if "acc" in each.address)
    assert newest.count == 3 and newest.newest[1:] == pytest.approx(accel(0)[1:]) and newest.rate > hz / 3


def test_each_sensor_keeps_its_newest_values(make: Make) -> None:
    source = make(channels=("accelerometer x", "accelerometer y", "accelerometer z", "light"))
    send = Sender(source.port)
    source.open()
    send("/accelerometer", 1.0, 2.0, 3.0)
    send("/accelerometer", 1.0, 2.0, 3.0)
    send("/light", 5.0)
    assert source.read(0.0) is None
    send("/light", 6.0)
    send("/accelerometer", 1.5, 2.0, 3.0)
    np.testing.assert_allclose(rows(source, 3)[-1], (1.5, 2, 3, 6))
    send("/accelerometer", 1.5, 2.0)
    wait_until(lambda: source.condition().lamp is Lamp.WRONG, "the lamp")
    assert source.condition().words == "wrong: wrong number of inputs: 2, expected 3"
    send.close()


def test_the_channels_of_a_session_may_be_called_otherwise(make: Make, request: pytest.FixtureRequest) -> None:
    six = ("ax", "ay", "az", "gx", "gy", "gz")
    source = make(channels=six, rate=100.0)
    assert source.spec.rate == 100 and source.spec.channels == six
    source.open()
    sender = sending(source, zig_sim, 50, request)
    np.testing.assert_allclose(rows(source, 10)[:, 1:3], np.tile(np.array(accel(0)[1:], np.float32), (10, 1)))
    sender.stop()
    few = make(channels=six[:4])
    few.open()
    sending(few, zig_sim, 50, request)
    wait_until(lambda: few.condition().lamp is Lamp.WRONG, "the lamp")
    assert few.condition().words == "wrong: wrong number of inputs: 6, expected 4"


def test_it_may_be_called_otherwise_and_knows_its_phone_still(make: Make, request: pytest.FixtureRequest) -> None:
    source = make()
    sending(source, zig_sim, 50, request)
    wait_until(source.known.is_set, "what the phone sends")
    source.close()
    other = source.called(("ax", "ay", "az", "gx", "gy", "gz"))
    assert other._layout == {"/ZIGSIM/tHONK-2x_a/accel": (0, 1, 2), "/ZIGSIM/tHONK-2x_a/gyro": (3, 4, 5)}
    assert other.spec.channels[0] == "ax" and source.called(("one",))._layout is None


def test_a_port_that_is_taken_is_told(make: Make) -> None:
    first = make()
    second = PhoneSource(Endpoint("0.0.0.0", first.port, "/phone"))
    with pytest.raises(
        StreamError, match=f"already: end it, or name another port, as in --source phone:{first.port + 1}"
    ):
        second.listen()


def test_a_phone_that_falls_silent_is_told_and_gives_no_samples(
    make: Make, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(phone, "LOST_S", 0.3)
    source = make()
    assert source.condition().lamp is Lamp.WAITING
    sender = sending(source, sensors2osc, 50, request)
    wait_until(source.known.is_set, "what the phone sends")
    source.open()
    rows(source, 5)
    sender.stop()
    wait_until(lambda: source.read(0.05) is None and source._resting, "silence")
    wait_until(lambda: source.condition().lamp is Lamp.LOST, "the lamp")
    assert source.condition().words.startswith("lost: nothing for")
    sending(source, sensors2osc, 50, request)
    found = []
    wait_until(lambda: found.append(source.read(0.05)) or found[-1] is not None, "samples again")
    assert found[-1].break_before


def test_a_second_phone_waits_until_the_first_is_silent(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone, "LOST_S", 0.5)
    source = make(channels=("light",))
    first = Sender(source.port)
    second = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    second.bind(("127.0.0.2", 0))
    second.connect(("127.0.0.1", source.port))

    def send_second(value: float) -> None:
        from streams.osc.sender import message

        second.send(message("/light", value))

    for value in (1.0, 2.0, 3.0):
        first("/light", value)
    wait_until(lambda: source._pushed is not None and source._pushed.pushed, "the first phone")
    send_second(100.0)
    wait_until(lambda: source.condition().counted, "the second phone")
    assert [each.words for each in source.condition().counted] == ["1 message from another phone"]

    def taken() -> bool:
        send_second(200.0)
        return source._phone == "127.0.0.2" and source._layout is not None

    wait_until(taken, "the second phone's turn")
    source.open()
    wait_until(lambda: (send_second(200.0), rows(source, 1)[-1, 0] == 200)[1], "the second phone's values")
    first.close()
    second.close()


def test_who_may_send_is_filtered(make: Make) -> None:
    source = make(channels=("light",), allowed=networks_of(["10.1.2.0/24"]))
    send = Sender(source.port)
    send("/light", 1.0)
    wait_until(lambda: source.condition().counted, "the stranger")
    assert [each.words for each in source.condition().counted] == ["1 packet from elsewhere"]
    send.close()


def test_texts_and_control_messages_do_nothing(make: Make) -> None:
    source = make()
    send = Sender(source.port)
    send("/wekinator/control/deleteAllExamples")
    send("/nfc", "a tag")
    send("/orientation", float("nan"), 1.0)
    wait_until(lambda: source.heard.lately(1e9) is not None and source._receiver.counts.messages == 3, "messages")
    assert not source._counts and not source.known.is_set()
    send.close()


def test_it_is_opened_by_its_port(request: pytest.FixtureRequest) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sender = Phone(sensors2osc, port, 50)
    request.addfinalizer(sender.stop)
    told: list[str] = []
    source = open_source(f"phone:{port}", patience=lambda condition: told.append(condition.words))
    request.addfinalizer(source.close)
    assert len(source.spec.channels) == 6
    assert any("type " in words or "looking at" in words for words in told)
    said = source.notes[0].sentence  # type: ignore[attr-defined]
    assert f"the port {port}" in said and "--osc-from" in said


def test_waiting_says_what_to_type() -> None:
    def give_up(condition: SourceCondition) -> None:
        raise BadInputError(condition.words)

    with pytest.raises(BadInputError, match=r"no phone has sent yet: type [0-9.]+, port \d+ in its app"):
        open_source("phone:0".replace("0", "49321"), patience=give_up)


@pytest.mark.parametrize("name", ["phone:no", "phone:0", "phone:99999"])
def test_a_port_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(BadInputError, match="names no port"):
        open_source(name)


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(BadInputError, match="no column"):
        open_source("phone", labels_column="label")
    with pytest.raises(BadInputError, match="leave out --speed"):
        open_source("phone", speed=2.0)
    with pytest.raises(BadInputError, match="5 to 400"):
        open_source("phone", rate=1000.0)
    with pytest.raises(BadInputError, match="--window"):
        open_source("phone", window_s=0.01)
    assert phone_endpoint("", "127.0.0.1") == Endpoint("127.0.0.1", 9000, "/phone")


def test_it_must_be_opened_to_be_read(make: Make) -> None:
    source = make()
    with pytest.raises(StreamError, match="listen first"):
        source.open()
    with pytest.raises(StreamError, match="open it"):
        source.read(0.0)
    with pytest.raises(BadInputError, match="no knob"):
        source.set_knob("gain", 1.0)
    assert source.knobs() == ()


def test_own_addresses_are_of_networks() -> None:
    assert all(not text.startswith(("127.", "169.254.", "0.")) for text in own_addresses())
