"""Sends to a receiver of the test's own, over loopback, by the library that other programs use as well."""

from __future__ import annotations

import socket

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import build_msg


def message(address: str, *values: object) -> bytes:
    return build_msg(address, list(values)).dgram


def bundle(*parts: bytes) -> bytes:
    """Of the messages and bundles in these packets."""
    return b"#bundle\0" + (1).to_bytes(8, "big") + b"".join(len(p).to_bytes(4, "big") + p for p in parts)


def timed(seconds: float, address: str, *values: object) -> bytes:
    """A message in a bundle that is meant for later."""
    import time

    builder = OscBundleBuilder(IMMEDIATELY if seconds == 0 else time.time() + seconds)
    builder.add_content(build_msg(address, list(values)))
    return builder.build().dgram


class Sender:
    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._to = (host, port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __call__(self, address: str, *values: object) -> None:
        self.raw(message(address, *values))

    def raw(self, packet: bytes) -> None:
        self._socket.sendto(packet, self._to)

    def close(self) -> None:
        self._socket.close()
