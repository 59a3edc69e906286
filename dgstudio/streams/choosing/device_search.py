"""dg-find: what could be a source now, looked for again and again: LSL streams, serial ports, OSC senders."""

from __future__ import annotations

import logging
import threading
import time

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.extras.known import EXTRAS, installed, needs
from dgstudio.records import dataclass
from dgstudio.streams.condition import HeardMessages
from dgstudio.streams.lsl.query import LslStream, Resolver
from dgstudio.streams.osc.endpoint import Endpoint
from dgstudio.streams.osc.heard import HeardTable
from dgstudio.streams.osc.packets import OscMessage
from dgstudio.streams.osc.receiver import OscReceiver
from dgstudio.streams.osc.source import USUAL
from dgstudio.streams.serial.ports import PortFound, ports_found

log = logging.getLogger(__name__)

LOOK_S = 0.4
"""How often it is looked."""
PUMP_S = 0.05
"""How long a packet is waited for, each time."""
JOIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """What was there when it was looked for last.

    Attributes
    ----------
    looked : whether it was looked for at all yet.
    ports, streams, heard : serial ports, LSL streams, and messages that come to the usual OSC port, by address.
    no_ports, no_streams, no_heard : why none can be found, in a sentence; "" where they can.
    """

    looked: bool = False
    ports: tuple[PortFound, ...] = ()
    streams: tuple[LslStream, ...] = ()
    heard: tuple[HeardMessages, ...] = ()
    no_ports: str = ""
    no_streams: str = ""
    no_heard: str = ""


class DeviceSearch:
    """Looks in a thread of its own, from `start` to `stop`. `found` may be read by any thread.

    It listens on the usual OSC port of this machine as long as nobody needs that: `yield_port` gives it up. Parameters
    are for tests.
    """

    def __init__(self, at: Endpoint = USUAL) -> None:
        self.found = Found()
        self._heard = HeardTable()
        self._receiver = OscReceiver(at, self._hear)
        self._lock = threading.Lock()
        """Held while the port is used."""
        self._listens = False
        self._resolver: Resolver | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dg-find", daemon=True)

    def start(self) -> None:
        """Look from now on. Once."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more, and give everything back soon. Does not wait."""
        self._stop.set()

    def join(self) -> None:
        """Wait until everything is given back."""
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)

    def listen(self, on: bool) -> None:
        """Listen on the usual OSC port, or leave it to others. Any thread; off, it waits until the port is free."""
        if on:
            self._listens = True
            return
        with self._lock:
            self._listens = False
            self._receiver.close()

    # -- dg-find ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            due = 0.0
            while not self._stop.is_set():
                no_heard = self._pump()
                now = time.monotonic()
                if now >= due:
                    due = now + LOOK_S
                    self._look(no_heard)
        except Exception:
            log.exception("looking for sources has failed")
        finally:
            self.listen(False)
            if self._resolver is not None:
                self._resolver.close()

    def _look(self, no_heard: str) -> None:
        streams, no_streams = self._streams()
        no_ports = "" if _there("serial", "serial") else needs("Boards on a serial port need", "serial")
        self.found = Found(
            True,
            ports_found() if not no_ports else (),
            streams,
            self._heard.lately(time.perf_counter()),
            no_ports,
            no_streams,
            no_heard,
        )

    def _streams(self) -> tuple[tuple[LslStream, ...], str]:
        if not _there("pylsl", "lsl"):
            return (), needs("LSL streams need", "pylsl")
        try:
            if self._resolver is None:
                self._resolver = Resolver()
            return self._resolver.found(), ""
        except BadInputError as error:
            return (), str(error)
        except Exception as error:  # the library has errors of its own
            return (), f"LSL streams cannot be looked for: {error!r}."

    def _pump(self) -> str:
        """Take in what comes to the port; why that cannot be, in a sentence, or ""."""
        with self._lock:
            if self._listens:
                try:
                    self._receiver.open()
                    self._receiver.pump(PUMP_S)
                    return ""
                except DgstudioError as error:
                    said = str(error)
            else:
                said = ""
        self._stop.wait(PUMP_S)
        return said

    def _hear(self, message: OscMessage, wall: float) -> None:
        self._heard.note(message, self._receiver.sender, wall)


def _there(package: str, extra: str) -> bool:
    return installed(package, EXTRAS[extra].packages[package])
