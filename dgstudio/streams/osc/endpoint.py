"""Where OSC messages come to and go to, as users write it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from dgstudio.errors import BadInputError
from dgstudio.reasons.reason import shortened
from dgstudio.records import dataclass

LOOPBACK = "127.0.0.1"
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
PATH = re.compile(r"/[!-~]*")
NOT_IN_PATHS = frozenset("#*,?[]{}")
"""What a pattern is made of, and a bundle's mark: no address has it."""
Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host, a port, and the OSC address of what is sent there."""

    host: str
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def endpoint_of(text: str, usual: Endpoint) -> Endpoint:
    """Read [HOST:]PORT[/ADDRESS]; what is left out is as usual.

    Raises
    ------
    BadInputError
        If it cannot be read.
    """
    place, slash, rest = text.partition("/")
    host, port = _parted(place)
    path = slash + rest if slash else usual.path
    return Endpoint(
        usual.host if not host else checked_host(host),
        usual.port if not port else checked_port(port, text),
        path_of(path),
    )


def _parted(place: str) -> tuple[str, str]:
    """Host and port; a word that is no number is a host."""
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        return host, port.removeprefix(":")
    host, colon, port = place.rpartition(":")
    if colon:
        return host, port
    return ("", place) if not place or place.isdigit() else (place, "")


def checked_port(text: str, whole: str) -> int:
    """Return the number of a port. `BadInputError` where it is none."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise BadInputError(
            f"“{shortened(whole)}” names no port: write [HOST:]PORT, and a port is a number from 1 to 65535."
        )
    return int(text)


def checked_host(text: str) -> str:
    """Return the name or number of a machine. `BadInputError` where it can be none."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        if HOST.fullmatch(text) and len(text) <= 253 and not re.fullmatch(r"[0-9.]+", text):
            return text
    raise BadInputError(f"“{shortened(text)}” is neither the name of a machine nor its number, as 192.168.1.20.")


def path_of(text: str) -> str:
    """Return an OSC address. `BadInputError` where it can be none."""
    if not PATH.fullmatch(text) or NOT_IN_PATHS & set(text) or len(text) > 200 or text == "/":
        raise BadInputError(
            f"“{shortened(text)}” is no OSC address: it begins with / and has no spaces, as /wek/inputs."
        )
    return text


def networks_of(texts: Iterable[str]) -> Networks:
    """Read addresses that may send, as 192.168.1.20 or 192.168.1.0/24. `BadInputError` where one cannot be read."""
    found: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            raise BadInputError(
                f"“{shortened(text)}” is no address that may send: write 192.168.1.20, or 192.168.1.0/24 for all of a "
                "network."
            ) from None
    return tuple(found)


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can send there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
