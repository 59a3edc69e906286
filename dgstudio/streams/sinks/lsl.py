"""Our answers as LSL streams: figures with every answer, the class and the version in words whenever they change."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.guard.limits import LABEL
from dgstudio.guard.texts import plain_text
from dgstudio.streams.lsl.library import lsl
from dgstudio.streams.sinks.osc import number_of
from dgstudio.streams.sinks.sink import SinkKind, SinkRequest
from dgstudio.streams.source import address_in
from dgstudio.types import Reading

NAME = "lsl"
USUAL = "dgstudio"
FIGURES = ("class", "confidence", "version", "latency_ms")
NOBODY = "unsure"
"""Told where no class is the answer."""
LAST_S = 0.2
"""How long those who listen have for what was sent last."""


class LslOutlet:
    """Three streams: NAME (type dgstudio, float64), NAME answers and NAME versions (type Markers, texts).

    A sample of NAME comes with every answer: the class as a number, as in OSC (0: unsure, or none), its probability,
    the version that answered, and milliseconds from the newest sample to the answer. All stamps are of the newest
    sample of the window that was answered. Called in dg-out.

    Raises
    ------
    BadInputError
        If pylsl is not there.
    """

    def __init__(self, request: SinkRequest) -> None:
        called = plain_text(address_in(request.name, NAME) or "").strip()[:LABEL] or USUAL
        self.name = f"LSL outlet {called}"
        self.sent = 0
        self._names = request.names
        pylsl = lsl()
        self._lsl: Any = pylsl
        figures = pylsl.StreamInfo(called, USUAL, len(FIGURES), pylsl.IRREGULAR_RATE, pylsl.cf_double64, _id(called))
        figures.set_channel_labels(list(FIGURES))
        self._figures: Any = pylsl.StreamOutlet(figures)
        self._answers: Any = self._marker_outlet(f"{called} answers")
        self._versions: Any = self._marker_outlet(f"{called} versions")
        self._answer = self._version = ""

    def _marker_outlet(self, name: str) -> Any:
        pylsl = self._lsl
        return pylsl.StreamOutlet(
            pylsl.StreamInfo(name, "Markers", 1, pylsl.IRREGULAR_RATE, pylsl.cf_string, _id(name))
        )

    def __call__(self, reading: Reading) -> None:
        """Send one answer."""
        stamp = self._lsl.local_clock() - (time.perf_counter() - reading.arrival_wall)
        number = 0 if reading.top is None else number_of(reading.top)
        latency_ms = 1e3 * (reading.ready_wall - reading.arrival_wall)
        self._figures.push_sample([float(number), reading.confidence, float(reading.version), latency_ms], stamp)
        self.sent += 1
        answer = NOBODY if reading.top is None else self._names().get(reading.top, f"class {reading.top}")
        version = f"v{reading.version} {reading.digest[:8]}"
        if answer != self._answer:
            self._answers.push_sample([answer], stamp)
        if version != self._version:
            self._versions.push_sample([version], stamp)
        self._answer, self._version = answer, version

    def close(self) -> None:
        """End the streams. Closing twice does nothing."""
        if self._figures is None:
            return
        if self._figures.have_consumers() or self._answers.have_consumers():
            # What is on its way would be thrown away with the outlet.
            time.sleep(LAST_S)
        self._figures = self._answers = self._versions = None

    @property
    def figure(self) -> tuple[str, int]:
        """How many answers were sent."""
        return "answers over LSL", self.sent


def _id(name: str) -> str:
    """Tells a stream of ours from those of others, and is the same when the program starts again."""
    return f"dgstudio-{socket.gethostname()}-{os.getuid() if hasattr(os, 'getuid') else 0}-{name}"


def _open(request: SinkRequest) -> LslOutlet:
    try:
        return LslOutlet(request)
    except RuntimeError as error:
        raise BadInputError(f"The LSL outlet cannot be made: {error}.") from error


KIND = SinkKind(
    NAME,
    "lsl[:NAME]",
    "LSL outlets: NAME with every answer, NAME answers and NAME versions with what changes.",
    lambda name: address_in(name, NAME) is not None,
    _open,
)
