"""Addresses as users write them, and sentences for those that cannot be."""

from __future__ import annotations

import pytest

from dgstudio.errors import BadInputError
from dgstudio.streams.osc.endpoint import Endpoint, endpoint_of, is_loopback, networks_of

USUAL = Endpoint("127.0.0.1", 6448, "/wek/inputs")


@pytest.mark.parametrize(
    ("text", "host", "port", "path"),
    [
        ("", "127.0.0.1", 6448, "/wek/inputs"),
        ("9000", "127.0.0.1", 9000, "/wek/inputs"),
        ("/accxyz", "127.0.0.1", 6448, "/accxyz"),
        ("9000/a/b", "127.0.0.1", 9000, "/a/b"),
        ("0.0.0.0", "0.0.0.0", 6448, "/wek/inputs"),
        ("lamp.local:12000", "lamp.local", 12000, "/wek/inputs"),
        ("192.168.1.20:9000/in", "192.168.1.20", 9000, "/in"),
        ("[::1]:9000", "::1", 9000, "/wek/inputs"),
        ("[::1]", "::1", 6448, "/wek/inputs"),
    ],
)
def test_what_is_left_out_is_as_usual(text: str, host: str, port: int, path: str) -> None:
    assert endpoint_of(text, USUAL) == Endpoint(host, port, path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0", "no port"),
        ("70000", "no port"),
        ("host:", None),
        ("host:x", "no port"),
        ("-host-", "neither the name"),
        ("999.1.1.1:80", "neither the name"),
        ("9000/", "no OSC address"),
        ("9000/a b", "no OSC address"),
        ("9000/a*", "no OSC address"),
        ("9000/" + "a" * 300, "no OSC address"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(text: str, why: str | None) -> None:
    if why is None:
        assert endpoint_of(text, USUAL).host == "host"
        return
    with pytest.raises(BadInputError, match=why):
        endpoint_of(text, USUAL)


def test_who_may_send_is_one_machine_or_a_network() -> None:
    one, many = networks_of(["192.168.1.20", "10.1.2.3/8"])
    assert (str(one), str(many)) == ("192.168.1.20/32", "10.0.0.0/8")
    with pytest.raises(BadInputError, match="no address that may send"):
        networks_of(["nobody"])
    assert is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("localhost")
    assert not is_loopback("0.0.0.0") and not is_loopback("lamp.local")


def test_an_endpoint_is_written_as_others_write_it() -> None:
    assert str(USUAL) == "127.0.0.1:6448" and str(Endpoint("::1", 1, "/a")) == "[::1]:1"
