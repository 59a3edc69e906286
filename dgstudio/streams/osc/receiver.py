"""Takes packets in on a UDP port, whatever comes, and hands on the messages that they hold."""

from __future__ import annotations

import ipaddress
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable

from dgstudio.errors import StreamError
from dgstudio.records import dataclass
from dgstudio.streams.osc.endpoint import Endpoint, Networks
from dgstudio.streams.osc.packets import LARGEST, MalformedError, OscMessage, messages_of

log = logging.getLogger(__name__)

LOOK_S = 0.1
"""How soon the thread notices that it is to end."""
AT_ONCE = 64
"""Packets that are taken in at one go, before what they hold is passed on."""
UNITS_A_SECOND = 5_000.0
"""Packets a second that are read, each 512 bytes of one counting as one more; what is beyond is left to the system."""
BURST = 1_000.0
"""Units that may come at once."""
UNIT_BYTES = 512
FOREIGN_UNITS = 0.1
"""What a packet counts that is not looked into."""
REST_S = 0.002
"""How long the thread rests when too much comes: others work meanwhile, and the system throws away what overflows."""
ROOM_BYTES = 4 << 20
"""What the system is asked to hold for us; it may give less."""
_RXQ_OVFL = 40
"""Linux: a message beside each packet says how many were thrown away before it."""
JOIN_S = 5.0


@dataclass(slots=True)
class PacketCounts:
    """What came; only whoever takes it in writes."""

    packets: int = 0
    messages: int = 0
    malformed: int = 0
    too_large: int = 0
    foreign: int = 0
    """From addresses that may not send."""
    too_many: int = 0
    """Beyond what is read in a second."""
    overflowed: int = 0
    """What the system threw away, where it says so (Linux)."""


Hear = Callable[[OscMessage, float], None]
"""Called with each message and when its packet came, in `perf_counter` seconds, by whoever takes it in."""


class OscReceiver:
    """Listens on one port, in a thread of its own (dg-osc) or in that of whoever calls `pump`.

    `listen`, `open` and `close` belong to one thread at a time. A packet that is malformed, too large, from somebody
    who may not send, or one too many is counted and forgotten: nothing that comes can raise, fill the memory, or keep
    the processor busy.

    Parameters
    ----------
    at
        Host and port to listen on.
    hear
        Is handed each message; what it raises is logged, and changes nothing.
    allowed
        Networks that may send; empty: all that reach the address.
    kind
        What a user types to have it elsewhere, before the port.
    """

    def __init__(self, at: Endpoint, hear: Hear, allowed: Networks = (), *, kind: str = "osc") -> None:
        self.at = at
        self.counts = PacketCounts()
        self.trouble: str | None = None
        """Why listening has ended by itself; None while it goes on, and before it does."""
        self.sender = ""
        """The machine from which the packet came whose messages are being handed on; for `hear`."""
        self._hear = hear
        self._allowed, self._kind = allowed, kind
        self._known: dict[str, bool] = {}
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._units = BURST
        self._filled = 0.0
        self._failed = False

    @property
    def port(self) -> int:
        """The port that was taken, where any would do (0); else the one that was asked for."""
        return self.at.port if self._socket is None else int(self._socket.getsockname()[1])

    def listen(self) -> None:
        """Take the port, and packets in, in a thread of its own; where that is so already, nothing happens.

        Raises
        ------
        StreamError
            If the port cannot be had; its text says why.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        taken = self._bound()
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(taken,), name="dg-osc", daemon=True)
        self._thread.start()

    def open(self) -> None:
        """Take the port, if it is not taken yet, and leave it to the caller to `pump`; `StreamError` as `listen`."""
        self._end_thread()
        self._bound()

    def pump(self, timeout: float) -> None:
        """Take in what has come, at most `AT_ONCE` packets; the first is waited for, `timeout` seconds at most.

        Raises
        ------
        StreamError
            If the port was lost, or is not open.
        """
        taken = self._socket
        if taken is None:
            raise StreamError(f"Nothing listens on {self.at}: open it first.")
        try:
            if self._one(taken, timeout):
                for _ in range(AT_ONCE - 1):
                    if not self._one(taken, 0.0):
                        break
        except OSError as error:
            self.trouble = f"Listening on {self.at} has ended: {error.strerror or error}."
            raise StreamError(self.trouble) from error

    def close(self) -> None:
        """Stop, and give the port back. Closing twice does nothing."""
        self._end_thread()
        taken, self._socket = self._socket, None
        if taken is not None:
            taken.close()

    def _end_thread(self) -> None:
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(JOIN_S)

    def _bound(self) -> socket.socket:
        """The socket on the port; made where there is none, or where it was lost."""
        if self._socket is not None and self.trouble is None:
            return self._socket
        self.close()
        try:
            family, _, _, _, place = socket.getaddrinfo(
                self.at.host, self.at.port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE
            )[0]
            taken = socket.socket(family, socket.SOCK_DGRAM)
        except OSError as error:
            raise StreamError(f"Cannot listen on {self.at}: {error.strerror or error}.") from error
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM_BYTES)
            if sys.platform == "linux":
                taken.setsockopt(socket.SOL_SOCKET, _RXQ_OVFL, 1)
            taken.bind(place)
        except OSError as error:
            taken.close()
            raise StreamError(self._why_not(error)) from error
        self._socket, self.trouble, self._filled = taken, None, time.perf_counter()
        return taken

    def _why_not(self, error: OSError) -> str:
        import errno

        if error.errno == errno.EADDRINUSE:
            perhaps = ", Wekinator perhaps" if self._kind == "osc" else ""
            return (
                f"Another program listens on port {self.at.port} already{perhaps}: end it, or name another "
                f"port, as in --source {self._kind}:{self.at.port + 1}."
            )
        if error.errno == errno.EADDRNOTAVAIL:
            return f"This machine does not have the address {self.at.host}: 0.0.0.0 stands for all that it has."
        return f"Cannot listen on {self.at}: {error.strerror or error}."

    # -- whoever takes packets in ----------------------------------------------------------------------------------

    def _run(self, taken: socket.socket) -> None:
        while not self._stop.is_set():
            try:
                self._one(taken, LOOK_S)
            except OSError as error:
                self.trouble = f"Listening on {self.at} has ended: {error.strerror or error}."
                return

    def _one(self, taken: socket.socket, timeout: float) -> bool:
        """Take one packet in; False where none comes in time."""
        try:
            taken.settimeout(timeout)
            packet, beside, flags, sender = _received(taken)
        except (TimeoutError, BlockingIOError):
            return False
        except ConnectionError:
            return True  # Windows tells here that an answer of ours reached nobody
        wall = time.perf_counter()
        self.counts.packets += 1
        if beside is not None:
            self.counts.overflowed = beside
        self.sender = str(sender[0])
        known = self._may_send(self.sender)
        if not self._afforded(1.0 + len(packet) / UNIT_BYTES if known else FOREIGN_UNITS, wall):
            self.counts.too_many += 1
            time.sleep(REST_S)
            return False
        if not known:
            self.counts.foreign += 1
        elif flags & _TRUNCATED or len(packet) > LARGEST:
            self.counts.too_large += 1
        else:
            self._take(packet, wall)
        return True

    def _take(self, packet: bytes, wall: float) -> None:
        try:
            messages = messages_of(packet)
        except MalformedError:
            self.counts.malformed += 1
            return
        for message in messages:
            self.counts.messages += 1
            try:
                self._hear(message, wall)
            except Exception:
                if not self._failed:
                    # Once: whoever sends decides how often it happens.
                    self._failed = True
                    log.warning("a message to %s could not be taken in", message.address[:80], exc_info=True)

    def _afforded(self, units: float, wall: float) -> bool:
        """Whether this packet is still within what is read in a second."""
        self._units = min(BURST, self._units + (wall - self._filled) * UNITS_A_SECOND)
        self._filled = wall
        if self._units < 1.0:
            return False
        self._units -= units
        return True

    def _may_send(self, host: str) -> bool:
        if not self._allowed:
            return True
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= 1024:
                self._known.clear()
            address = ipaddress.ip_address(host.partition("%")[0])
            mapped = getattr(address, "ipv4_mapped", None) or address
            known = self._known[host] = any(mapped in network for network in self._allowed)
        return known


_TRUNCATED = getattr(socket, "MSG_TRUNC", 0)


def _received(taken: socket.socket) -> tuple[bytes, int | None, int, tuple[object, ...]]:
    """One packet, how many the system has thrown away so far (None: it does not say), flags and sender."""
    if sys.platform != "linux":
        packet, sender = taken.recvfrom(1 << 16)
        return packet, None, 0, sender
    packet, beside, flags, sender = taken.recvmsg(LARGEST + 1, 64)
    thrown = next((int.from_bytes(data[:4], sys.byteorder) for level, kind, data in beside if kind == _RXQ_OVFL), None)
    return packet, thrown, flags, sender
