"""dg-serial: reads what comes on a serial port, and notices when the board is gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from dgstudio.streams.serial.ports import SerialPlace, device_now, hardware_of, opened

if TYPE_CHECKING:
    from serial import Serial

GATHER_S = 0.004
"""How long bytes are waited for after the first ones: a line comes in several pieces."""
JOIN_S = 5.0

Take = Callable[[bytes, float], None]
"""Called in dg-serial with what came and when, in `perf_counter` seconds."""


class PortReader:
    """Reads one port in a thread of its own. `open` and `close` belong to one thread at a time.

    Attributes
    ----------
    trouble : why the thread ended by itself; None while it runs, and before it does.
    opened_wall : when the port was opened last; what was sent before is not read.
    """

    def __init__(self, place: SerialPlace, take: Take) -> None:
        self.place = place
        self.trouble: str | None = None
        self.opened_wall = 0.0
        self._take = take
        self._hardware = ""
        self._port: Serial | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    @property
    def running(self) -> bool:
        """Whether the port is read."""
        return self._thread is not None and self._thread.is_alive()

    def open(self) -> None:
        """Open the port and start; where it runs already, nothing happens.

        A board that was plugged in again is found under its new name too.

        Raises
        ------
        StreamError
            If the port cannot be opened; its text says why.
        BadInputError
            If pyserial is not installed.
        """
        if self.running:
            return
        self.close()
        device = device_now(self.place.device, self._hardware)
        # pyserial throws away what was sent before.
        port = opened(device, self.place.baud)
        self._hardware = self._hardware or hardware_of(device)
        self._port, self.trouble, self.opened_wall = port, None, time.perf_counter()
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(port, device), name="dg-serial", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, and give the port back. Closing twice does nothing."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(JOIN_S)
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def _run(self, port: Serial, device: str) -> None:
        try:
            while not self._stop.is_set():
                data = port.read(1)
                if not data:
                    continue
                wall = time.perf_counter()
                self._stop.wait(GATHER_S)
                waiting = port.in_waiting
                self._take(data + port.read(waiting) if waiting else data, wall)
        except Exception as error:
            if not self._stop.is_set():
                self.trouble = f"{device} is gone ({_short(error)}): plug the board in again, it is looked for."


def _short(error: Exception) -> str:
    """The system's own words where there are some: pyserial's are long."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "nothing can be read" if type(error).__name__ == "SerialException" else repr(error)
