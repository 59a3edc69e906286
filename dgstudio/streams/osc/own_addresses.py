"""The addresses by which others on the network reach this machine."""

from __future__ import annotations

import ipaddress
import socket

import psutil

INNER = ("docker", "br-", "veth", "virbr", "vmnet", "vEthernet", "lxc", "tun", "tap", "utun")
"""How networks begin that lead to machines inside this one, or through it: no phone is on them."""
ELSEWHERE = ("192.0.2.1", 9)
"""An address that nobody has (RFC 5737): by which of ours it would be reached is asked, and nothing is sent."""


def own_addresses() -> tuple[str, ...]:
    """Return this machine's IPv4 addresses on its networks, the one that leads out first; none where there is none."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found: list[tuple[bool, str]] = []
    for name, addresses in psutil.net_if_addrs().items():
        for address in addresses:
            if address.family == socket.AF_INET and name in up and _of_a_network(address.address):
                found.append((name.startswith(INNER), address.address))
    out = _leading_out()
    ordered = sorted(found, key=lambda each: (each[0], each[1] != out, ipaddress.IPv4Address(each[1])))
    outer = [text for inner, text in ordered if not inner]
    return tuple(dict.fromkeys(outer or [text for _, text in ordered]))


def _of_a_network(text: str) -> bool:
    address = ipaddress.IPv4Address(text)
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)


def _leading_out() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(ELSEWHERE)
            return str(asked.getsockname()[0])
        except OSError:  # no network
            return ""
