"""A sender and receiver as Wekinator's users write them, from its published protocol: nothing of dgstudio is in it.

Inputs go to port IN, `/wek/inputs`, floats; `/wekinator/control/…` to the same port. What comes back on port OUT is
`/wek/outputs` (floats, classes from 1 on) and `/wekinator/status/done-training`.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import deque
from typing import Any

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer
from pythonosc.udp_client import SimpleUDPClient

DEADLINE_S = 60.0


class Wekinator:
    def __init__(self, port_in: int, port_out: int) -> None:
        self._client = SimpleUDPClient("127.0.0.1", port_in)
        self.outputs: deque[tuple[float, ...]] = deque()
        self.heard: deque[tuple[str, tuple[Any, ...]]] = deque()
        self.done = threading.Event()
        dispatcher = Dispatcher()
        dispatcher.map("/wek/outputs", lambda _, *values: self.outputs.append(values))
        dispatcher.map("/wekinator/status/done-training", lambda *_: self.done.set())
        dispatcher.set_default_handler(lambda address, *values: self.heard.append((address, values)))
        self._server = BlockingOSCUDPServer(("127.0.0.1", port_out), dispatcher)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._client.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def control(self, name: str, *values: Any) -> None:
        self._client.send_message(f"/wekinator/control/{name}", list(values))

    def send(self, address: str, *values: Any) -> None:
        self._client.send_message(address, list(values))

    def inputs(self, *values: float) -> None:
        self._client.send_message("/wek/inputs", [float(value) for value in values])

    def record(self, label: float, at: tuple[float, ...], count: int = 20) -> None:
        """Some examples around a place."""
        self.control("outputs", float(label))
        self.control("startRecording")
        for _ in range(count):
            self.inputs(*(value + random.gauss(0.0, 0.05) for value in at))
            time.sleep(0.002)
        self.control("stopRecording")

    def train(self) -> None:
        self.done.clear()
        self.control("train")
        assert self.done.wait(DEADLINE_S), "done-training has not come"

    def ask(self, at: tuple[float, ...], count: int) -> list[float]:
        """The outputs for so many inputs at a place: one for each."""
        self.outputs.clear()
        for _ in range(count):
            self.inputs(*at)
            time.sleep(0.002)
        end = time.monotonic() + DEADLINE_S
        while len(self.outputs) < count and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(0.05)  # one more would be one too many
        return [values[0] for values in self.outputs]


def main(port_in: int, port_out: int) -> None:
    random.seed(1)
    wekinator = Wekinator(port_in, port_out)
    try:
        wekinator.record(1.0, (0.0, 0.0, 1.0))
        wekinator.record(2.0, (1.0, 0.5, -1.0))
        wekinator.train()
        wekinator.control("startRunning")
        first = wekinator.ask((0.0, 0.0, 1.0), 25)
        second = wekinator.ask((1.0, 0.5, -1.0), 25)
        # What comes right after a message meets what it says, and what comes right before it does not.
        wekinator.outputs.clear()
        for _ in range(10):
            wekinator.inputs(0.0, 0.0, 1.0)
            wekinator.control("stopRunning")
            wekinator.inputs(1.0, 0.5, -1.0)
            wekinator.control("startRunning")
        wekinator.control("stopRunning")
        wekinator.inputs(1.0, 0.5, -1.0)
        end = time.monotonic() + DEADLINE_S
        while len(wekinator.outputs) < 10 and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(0.3)
        turns = [values[0] for values in wekinator.outputs]
    finally:
        wekinator.close()
    print(f"{first} {second} {turns}")
    assert first == [1.0] * 25 and second == [2.0] * 25 and turns == [1.0] * 10


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
