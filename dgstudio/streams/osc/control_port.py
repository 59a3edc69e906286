"""A port for messages that tell the program what to do, where its inputs come from elsewhere."""

from __future__ import annotations

from dgstudio.streams.osc.control_queue import PREFIXES, ControlMessage, ControlQueue
from dgstudio.streams.osc.endpoint import LOOPBACK, Endpoint, Networks, endpoint_of
from dgstudio.streams.osc.packets import OscMessage
from dgstudio.streams.osc.receiver import OscReceiver

USUAL = Endpoint(LOOPBACK, 6448, "/wekinator/control")


class OscControlPort:
    """Listens from `listen` to `close`; what comes waits in `controls`."""

    def __init__(self, at: Endpoint = USUAL, allowed: Networks = ()) -> None:
        self.controls = ControlQueue()
        self._receiver = OscReceiver(at, self._hear, allowed)

    @property
    def port(self) -> int:
        """The port that packets come to."""
        return self._receiver.port

    def listen(self) -> None:
        """Take packets in from now on. `StreamError` where the port cannot be had."""
        self._receiver.listen()

    def close(self) -> None:
        """Give the port back."""
        self._receiver.close()

    def _hear(self, message: OscMessage, wall: float) -> None:
        if message.address.startswith(PREFIXES):
            self.controls.put(ControlMessage(message.address, message.values))


def control_port_of(listen: str, allowed: Networks) -> OscControlPort:
    """Make the port that a user names: ADDRESS or ADDRESS:PORT. `BadInputError` where it cannot be read."""
    return OscControlPort(endpoint_of(listen, USUAL), allowed)
