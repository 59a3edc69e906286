"""What could be a source is found in a thread of its own, told with what it is, and given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streams.osc.sender import Sender
from waiting import wait_until

from dgstudio.errors import BadInputError
from dgstudio.extras import known
from dgstudio.streams.choosing import device_search
from dgstudio.streams.choosing.device_search import DeviceSearch
from dgstudio.streams.lsl.query import LslStream
from dgstudio.streams.osc.endpoint import LOOPBACK, Endpoint
from dgstudio.streams.osc.source import OscSource
from dgstudio.streams.serial.ports import PortFound

Make = Callable[..., DeviceSearch]
ANY_PORT = Endpoint(LOOPBACK, 0, "/wek/inputs")
EEG = LslStream("BioSemi", "EEG", "lab-2", "b1", 8, 500.0, False, "uid")


class FakeResolver:
    """Stands in for the network."""

    streams: tuple[LslStream, ...] = ()
    trouble: Exception | None = None
    closed = 0

    def __init__(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    def found(self) -> tuple[LslStream, ...]:
        return self.streams

    def close(self) -> None:
        type(self).closed += 1


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setattr(device_search, "LOOK_S", 0.01)
    monkeypatch.setattr(device_search, "Resolver", FakeResolver)
    monkeypatch.setattr(device_search, "installed", lambda *_: True)
    monkeypatch.setattr(device_search, "ports_found", lambda: ())
    for name, value in (("streams", ()), ("trouble", None), ("closed", 0)):
        monkeypatch.setattr(FakeResolver, name, value)
    made: list[DeviceSearch] = []

    def start(at: Endpoint = ANY_PORT) -> DeviceSearch:
        search = DeviceSearch(at)
        made.append(search)
        search.start()
        wait_until(lambda: search.found.looked, "a look")
        return search

    yield start
    for search in made:
        search.stop()
        search.join()
        assert not search._thread.is_alive()


def test_what_is_plugged_in_and_what_is_on_the_network_comes_and_goes(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = make()
    assert (search.found.ports, search.found.streams, search.found.heard) == ((), (), ())
    port = PortFound("/dev/ttyACM0", "Arduino Uno")
    monkeypatch.setattr(device_search, "ports_found", lambda: (port,))
    monkeypatch.setattr(FakeResolver, "streams", (EEG,))
    wait_until(lambda: search.found.ports == (port,) and search.found.streams == (EEG,), "both")
    monkeypatch.setattr(device_search, "ports_found", lambda: ())
    monkeypatch.setattr(FakeResolver, "streams", ())
    wait_until(lambda: not search.found.ports and not search.found.streams, "neither")
    search.stop()
    search.join()
    assert FakeResolver.closed == 1


def test_senders_are_heard_until_somebody_else_needs_the_port(make: Make) -> None:
    search = make()
    search.listen(True)
    wait_until(lambda: search._receiver.port, "the port")
    port = search._receiver.port
    send = Sender(port)

    def heard() -> bool:
        send("/wek/inputs", 1.0, 2.0, 3.0)
        return bool(search.found.heard)

    wait_until(heard, "the sender")
    told = search.found.heard[0]
    assert (told.address, told.count, told.sender) == ("/wek/inputs", 3, "127.0.0.1")
    search.listen(False)
    other = OscSource(Endpoint(LOOPBACK, port, "/wek/inputs"), channels=("a",))
    other.listen()
    other.close()
    send.close()


def test_a_port_that_is_taken_is_told_and_the_rest_is_found(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    other = OscSource(Endpoint(LOOPBACK, 0, "/wek/inputs"), channels=("a",))
    other.listen()
    monkeypatch.setattr(FakeResolver, "streams", (EEG,))
    search = make(Endpoint(LOOPBACK, other.port, "/wek/inputs"))
    search.listen(True)
    wait_until(lambda: "Another program listens" in search.found.no_heard and search.found.streams, "the sentence")
    other.close()
    wait_until(lambda: not search.found.no_heard, "the port")


def test_what_is_not_installed_is_said_with_the_line_that_installs_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_search, "installed", lambda *_: False)
    found = make().found
    assert "pyserial" in found.no_ports and known.line(known.EXTRAS["serial"]) in found.no_ports
    assert "pylsl" in found.no_streams and known.line(known.EXTRAS["lsl"]) in found.no_streams


@pytest.mark.parametrize("trouble", [BadInputError("The library of LSL cannot be loaded."), RuntimeError("odd")])
def test_a_library_that_fails_is_told(make: Make, monkeypatch: pytest.MonkeyPatch, trouble: Any) -> None:
    monkeypatch.setattr(FakeResolver, "trouble", trouble)
    assert str(trouble) in make().found.no_streams
