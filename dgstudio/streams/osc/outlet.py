"""Sends OSC messages to one place, and never waits or raises: whoever listens there may be gone for a while."""

from __future__ import annotations

import socket

from pythonosc.osc_message_builder import build_msg

from dgstudio.errors import BadInputError
from dgstudio.guard.texts import plain_text
from dgstudio.streams.osc.endpoint import Endpoint

LONGEST = 500
"""Characters of a text; a packet stays small enough for any network."""


class OscOutlet:
    """Any thread may send; `close` when nobody does any more.

    Raises
    ------
    BadInputError
        If there is no machine of that name.
    """

    def __init__(self, to: Endpoint) -> None:
        self.to = to
        self.sent = 0
        """Messages that the system took; whether they arrive nobody knows."""
        self.failed = 0
        """Messages that it did not."""
        try:
            family, _, _, _, place = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
        except OSError as error:
            raise BadInputError(f"No OSC can be sent to {to}: {error.strerror or error}.") from error
        self._place: tuple[object, ...] = place
        self._socket.setblocking(False)

    def send(self, address: str, *values: float | int | str) -> None:
        """Send one message. Texts are made plain, and long ones cut."""
        packet = build_msg(
            address, [plain_text(value, LONGEST) if isinstance(value, str) else value for value in values]
        ).dgram
        try:
            self._socket.sendto(packet, self._place)
        except OSError:  # a full buffer, no network, or (on Windows) nobody who listens there
            self.failed += 1
        else:
            self.sent += 1

    def close(self) -> None:
        """Give the socket back. Closing twice does nothing; what is sent later is counted as failed."""
        self._socket.close()
