"""Senders that imitate three apps for phones, by python-osc, from what is published of them (docs/phone.md)."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient

Beat = Callable[[SimpleUDPClient, int], None]
"""What an app sends at its n-th beat."""


def accel(n: int) -> list[float]:
    return [0.5 + n % 7, -1.5, 9.81]


def gyro(n: int) -> list[float]:
    return [math.sin(n / 10), 0.25, -0.125]


def gyrosc(client: SimpleUDPClient, n: int) -> None:
    """GyrOSC (iPhone): a message for each sensor; its gyro is how the phone is turned."""
    client.send_message("/gyrosc/gyro", gyro(n))
    client.send_message("/gyrosc/rrate", gyro(n + 1))
    client.send_message("/gyrosc/accel", accel(n))
    if n % 40 == 0:
        client.send_message("/gyrosc/button", [1, 1.0])


def zig_sim(client: SimpleUDPClient, n: int) -> None:
    """ZIG SIM (iPhone): all in one bundle, with texts about the device; addresses have its name."""
    bundle = OscBundleBuilder(IMMEDIATELY)  # type: ignore[arg-type]
    for address, values in (("deviceinfo", ["phone", "uuid", "ios"]), ("accel", accel(n)), ("gyro", gyro(n))):
        builder = OscMessageBuilder(f"/ZIGSIM/tHONK-2x_a/{address}")
        for value in values:
            builder.add_arg(value)
        bundle.add_content(builder.build())  # type: ignore[arg-type]
    client.send(bundle.build())


def sensors2osc(client: SimpleUDPClient, n: int) -> None:
    """Sensors2OSC (Android): sensors at paces of their own; light only when it changes."""
    client.send_message("/accelerometer", accel(n))
    if n % 2 == 0:
        client.send_message("/gyroscope", gyro(n))
    if n == 5:
        client.send_message("/light", [120.0])


class Phone:
    """Sends a beat so many times a second until it is stopped."""

    def __init__(self, beat: Beat, port: int, hz: float) -> None:
        self._client = SimpleUDPClient("127.0.0.1", port)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(beat, hz), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._client._sock.close()

    def _run(self, beat: Beat, hz: float) -> None:
        begun, n = time.perf_counter(), 0
        while not self._stop.is_set():
            beat(self._client, n)
            n += 1
            self._stop.wait(max(0.0, begun + n / hz - time.perf_counter()))
