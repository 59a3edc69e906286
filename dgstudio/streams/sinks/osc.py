"""Answers as OSC, as Wekinator sends them: the class as a number from 1 on; and what only dgstudio knows of them."""

from __future__ import annotations

import numpy as np

from dgstudio.streams.osc.endpoint import LOOPBACK, Endpoint, endpoint_of
from dgstudio.streams.osc.outlet import OscOutlet
from dgstudio.streams.sinks.output_switches import SwitchedOutput
from dgstudio.streams.sinks.sink import SinkKind, SinkRequest
from dgstudio.streams.source import address_in
from dgstudio.types import NOBODY, Reading, Unsure

NAME = "osc"
USUAL = Endpoint(LOOPBACK, 12000, "/wek/outputs")
"""Where Wekinator's receivers listen."""
VERSION, CONFIDENCE, UNSURE = "/dgstudio/version", "/dgstudio/confidence", "/dgstudio/unsure"


class OscSink:
    """Sends each answer; called in dg-out. `outlet` may be used by any thread, for other messages to the same place.

    For each answer, while running: the most likely class to `to.path`, as a float from 1 on, since receivers of
    Wekinator's know no “unsure”; its probability to `/dgstudio/confidence`. When they change, whoever answers: version
    and digest to `/dgstudio/version`, and to `/dgstudio/unsure` 1 or 0, and why. `switched` says what of that is
    sent, and from which input on.
    """

    def __init__(self, to: Endpoint = USUAL) -> None:
        self.to = to
        self.outlet = OscOutlet(to)
        self.switched = SwitchedOutput()
        self.name = f"OSC to {to}"
        self._last = 0.0
        self._version: str | None = None
        self._unsure: Unsure | None = None

    def __call__(self, reading: Reading) -> None:
        """Send what is to be told of one answer."""
        switches, send = self.switched.at(reading.sample), self.outlet.send
        if not switches.running or reading.speaker == NOBODY:
            return
        if reading.digest != self._version:
            self._version = reading.digest
            send(VERSION, reading.version, reading.digest)
        if switches.computed:
            best = int(np.argmax(reading.probabilities))
            self._last = float(number_of(reading.classes[best]))
            send(self.to.path, self._last)
            send(CONFIDENCE, float(reading.probabilities[best]))
            if switches.probabilities:
                send(f"/{switches.name}", *_by_number(reading))
            if reading.unsure != self._unsure:
                self._unsure = reading.unsure
                send(UNSURE, int(bool(reading.unsure)), str(reading.unsure))
        elif self._last:
            send(self.to.path, self._last)

    def close(self) -> None:
        """End."""
        self.outlet.close()

    @property
    def figure(self) -> tuple[str, int]:
        """How many messages were sent."""
        return "OSC messages", self.outlet.sent


def number_of(class_id: int) -> int:
    """What a class is called in OSC: from 1 on, and for good."""
    return class_id + 1


def class_of(number: int) -> int:
    """The class that a number stands for."""
    return number - 1


def _by_number(reading: Reading) -> list[float]:
    """The probabilities of the classes 1 to K; 0 of those that have gone."""
    found = [0.0] * number_of(max(reading.classes))
    for class_id, probability in zip(reading.classes, reading.probabilities, strict=True):
        found[class_id] = float(probability)
    return found


def _endpoint(name: str) -> Endpoint:
    return endpoint_of(address_in(name, NAME) or "", USUAL)


def _open(request: SinkRequest) -> OscSink:
    return OscSink(_endpoint(request.name))


KIND = SinkKind(
    NAME,
    "osc[:[HOST:]PORT[/ADDRESS]]",
    "OSC messages as Wekinator sends them: to port 12000, /wek/outputs.",
    lambda name: address_in(name, NAME) is not None,
    _open,
    _endpoint,
)
