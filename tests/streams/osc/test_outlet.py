"""Messages go out whole, short and plain; and where nobody listens that is counted, and nothing else."""

from __future__ import annotations

import socket

from pythonosc.osc_message import OscMessage

from dgstudio.streams.osc.endpoint import Endpoint
from dgstudio.streams.osc.outlet import LONGEST, OscOutlet


def test_messages_arrive_as_they_were_sent_and_texts_plain() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.bind(("127.0.0.1", 0))
        there.settimeout(10)
        outlet = OscOutlet(Endpoint("127.0.0.1", there.getsockname()[1], "/wek/outputs"))
        outlet.send("/wek/outputs", 2.0)
        outlet.send("/dgstudio/log", "info", "a\x1b[2Jb" + "x" * 1000)
        first, second = (OscMessage(there.recv(65536)) for _ in range(2))
        assert first.address == "/wek/outputs" and first.params == [2.0]
        assert second.params[1].startswith("a[2Jb") and len(second.params[1]) == LONGEST
        assert (outlet.sent, outlet.failed) == (2, 0)
        outlet.close()


def test_what_cannot_be_sent_is_counted() -> None:
    outlet = OscOutlet(Endpoint("127.0.0.1", 9, "/a"))
    outlet.close()
    outlet.close()
    outlet.send("/a", 1.0)
    assert (outlet.sent, outlet.failed) == (0, 1)
