"""A station in a process of its own, and what others send to it, for the bench."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import psutil
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from dgstudio.errors import DgstudioError

SENDER = "dgstudio.bench.streams.osc_sender"
READY_S, ENDED_S = 60.0, 20.0
INPUTS = 6


class StationProcess:
    """`dgstudio run SESSION --source osc --out osc --learn`, taught two classes and running, until the `with` ends.

    Raises
    ------
    DgstudioError
        If it does not start, or what sends to it fails.
    """

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="dgstudio-station-")
        self.port_in, self.port_out = _free_ports(2)
        session = Path(self._folder.name) / "station.dgs"
        command = [sys.executable, "-m", "dgstudio", "run", str(session), "--learn", "--inputs", str(INPUTS)]
        command += ["--source", f"osc:{self.port_in}", "--out", f"osc:{self.port_out}"]
        self._beside: list[subprocess.Popen[bytes]] = []
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        try:
            self.state()
            self.send("teach")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for beside in self._beside:
            beside.kill()
            beside.wait()
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.communicate(timeout=ENDED_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._folder.cleanup()

    def send(self, *arguments: object, beside: bool = False) -> dict[str, Any]:
        """Let the sender do something and return what it found; `beside`: let it work on, and return nothing."""
        mode, *more = map(str, arguments)
        command = [sys.executable, "-m", SENDER, mode, str(self.port_in), str(self.port_out), *more]
        if beside:
            self._beside.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
            return {}
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise DgstudioError(f"What sends to the station has failed: {done.stderr.strip()[-300:]}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def state(self) -> dict[str, Any]:
        """How it stands, by its own word, as soon as it answers."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
            there.bind(("127.0.0.1", self.port_out))
            there.settimeout(0.2)
            until = time.monotonic() + READY_S
            while time.monotonic() < until:
                if self._process.poll() is not None:
                    said = self._process.communicate()[1]
                    raise DgstudioError(f"The station has ended: {said.strip()[-300:]}")
                there.sendto(build_msg("/dgstudio/query/state").dgram, ("127.0.0.1", self.port_in))
                with suppress(TimeoutError):
                    message = OscMessage(there.recv(1 << 16))
                    if message.address == "/dgstudio/state":
                        words = message.params
                        return dict(zip(words[::2], words[1::2], strict=True))
        raise DgstudioError(f"In {READY_S:.0f} s the station did not answer.")

    @property
    def rss_mb(self) -> float:
        """What it has of the memory, in MB."""
        return float(psutil.Process(self._process.pid).memory_info().rss) / 1e6


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for taken in sockets:
        taken.bind(("127.0.0.1", 0))
    ports = [int(taken.getsockname()[1]) for taken in sockets]
    for taken in sockets:
        taken.close()
    return ports
