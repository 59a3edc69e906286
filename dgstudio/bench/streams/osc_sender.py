"""Sends OSC to a station and counts what comes back, in a process of its own: `python -m …osc_sender MODE …`.

What it found is one line of JSON. Nothing of dgstudio is in it: it must not compete for the station's interpreter.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time

from pythonosc.osc_message_builder import build_msg

ANSWER = b"/wek/outputs\0"
DONE = b"/wekinator/status/done-training\0"
WAIT_S = 30.0
PING_S = 0.01
"""Between two pings, so that each finds the station at rest or learning, not busy with the one before."""
LABEL_S = 1.0
"""How long one class is held while pings go on."""
PLACES = ((0.0, 0.5, 1.0, 0.0, -0.5, -1.0), (1.0, -0.5, 0.0, 0.5, 0.0, 1.0))


class Client:
    """Two sockets: one that sends, one that the station answers to."""

    def __init__(self, port_in: int, port_out: int) -> None:
        self._to = ("127.0.0.1", port_in)
        self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._in = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._in.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._in.bind(("127.0.0.1", port_out))
        self.inputs = [build_msg("/wek/inputs", list(place)).dgram for place in PLACES]

    def send(self, packet: bytes) -> None:
        """Send one packet."""
        self._out.sendto(packet, self._to)

    def control(self, name: str, *values: float) -> None:
        """Send one of Wekinator's control messages."""
        self.send(build_msg(f"/wekinator/control/{name}", list(values)).dgram)

    def wait_for(self, address: bytes, seconds: float) -> bool:
        """Whether a message to this address comes within so many seconds."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self._in.settimeout(left)
            try:
                if self._in.recv(4096).startswith(address):
                    return True
            except TimeoutError:
                break
        return False

    def count(self, address: bytes, stop: threading.Event) -> int:
        """How many messages to this address come until `stop`, and for a moment after it."""
        found, over = 0, False
        self._in.settimeout(0.3)
        while not over:
            over = stop.is_set()
            try:
                while True:
                    found += self._in.recv(4096).startswith(address)
            except TimeoutError:
                continue
        return found

    def teach(self) -> None:
        """Two classes, trained and running."""
        for number, packet in enumerate(self.inputs, start=1):
            self.control("outputs", float(number))
            self.control("startRecording")
            for _ in range(30):
                self.send(packet)
                time.sleep(0.002)
            self.control("stopRecording")
        self.control("train")
        if not self.wait_for(DONE, WAIT_S):
            raise SystemExit("The station has not trained.")
        self.control("startRunning")


def pace(client: Client, rate: float, seconds: float) -> dict[str, float]:
    """Send so many a second for so long; how many were answered."""
    stop, counts = threading.Event(), [0]
    counter = threading.Thread(target=lambda: counts.__setitem__(0, client.count(ANSWER, stop)))
    counter.start()
    begin, sent = time.perf_counter(), 0
    while (passed := time.perf_counter() - begin) < seconds:
        while sent < passed * rate:
            client.send(client.inputs[sent & 1])
            sent += 1
        time.sleep(0.0005)
    took = time.perf_counter() - begin
    stop.set()
    counter.join()
    return {"sent": sent, "answered": counts[0], "seconds": took}


def pings(client: Client, seconds: float) -> dict[str, float]:
    """Send one, wait for its answer, again and again, while classes are held and learned in turns."""
    times, lost, begin, held = [], 0, time.perf_counter(), -1
    while (passed := time.perf_counter() - begin) < seconds:
        turn = int(passed / LABEL_S)
        if turn != held:
            held = turn
            client.control("outputs", 1.0 + turn % 2)
            client.control("startRecording" if turn % 4 < 2 else "stopRecording")
        sent = time.perf_counter()
        client.send(client.inputs[turn % 2])
        if client.wait_for(ANSWER, 1.0):
            times.append((time.perf_counter() - sent) * 1e3)
        else:
            lost += 1
        time.sleep(PING_S)
    client.control("stopRecording")
    times.sort()
    share = (len(times) - 1) / 100 if times else 0
    return {
        "pings": len(times),
        "lost": lost,
        "p50_ms": times[round(50 * share)] if times else float("inf"),
        "p99_ms": times[round(99 * share)] if times else float("inf"),
    }


def main() -> None:
    """Do what the command line says: teach, pace RATE SECONDS, or pings SECONDS; each after the two ports."""
    mode, port_in, port_out, *more = sys.argv[1:]
    client = Client(int(port_in), int(port_out))
    found: dict[str, float] = {}
    if mode == "teach":
        client.teach()
    elif mode == "pace":
        found = pace(client, *map(float, more))
    else:
        found = pings(client, *map(float, more))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
