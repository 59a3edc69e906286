"""Other programs at the run: what they send to tell it what to do, and what they are told."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol

from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import Event
from dgstudio.engine.remote.remote_control import RemoteControl
from dgstudio.engine.remote.reports import Reports
from dgstudio.station.options import RunOptions
from dgstudio.streams.osc.control_port import control_port_of
from dgstudio.streams.osc.control_queue import ControlQueue
from dgstudio.streams.osc.endpoint import networks_of
from dgstudio.streams.osc.source import OscSource
from dgstudio.streams.sinks.osc import OscSink
from dgstudio.streams.sinks.sink import Sink
from dgstudio.streams.source import Source

SOON_S = 0.005


class _Turning(Protocol):
    def turn(self, events: Sequence[Event]) -> None: ...


class Others:
    """What a run does for other programs, in its own thread. `stack` closes what is opened for that.

    Raises
    ------
    BadInputError, StreamError
        If a port for messages cannot be read or had.
    """

    def __init__(
        self, options: RunOptions, engine: Engine, source: Source, sinks: Sequence[Sink], stack: ExitStack
    ) -> None:
        controls = _controls(options, source, stack)
        osc = [sink for sink in sinks if isinstance(sink, OscSink)]
        reports = Reports(engine, [sink.outlet for sink in osc])
        self._remote = None if controls is None else RemoteControl(engine, controls, osc, reports, learns=options.learn)
        self._turning: _Turning = reports if self._remote is None else self._remote
        self._arrived = threading.Event() if controls is None else controls.arrived

    @property
    def performing(self) -> bool:
        """Whether what is only to be looked at should rest."""
        return self._remote is not None and self._remote.performing

    def wait(self, seconds: float) -> None:
        """Wait so long, or until there is something to do."""
        self._arrived.wait(SOON_S if self._remote is not None and self._remote.busy else seconds)

    def turn(self, events: Sequence[Event]) -> None:
        """Do what was asked for, and tell what is new."""
        self._turning.turn(events)


def _controls(options: RunOptions, source: Source, stack: ExitStack) -> ControlQueue | None:
    """Where messages come from that tell the run what to do; None: nobody can send any."""
    if isinstance(source, OscSource):
        return source.controls
    if options.listen is None:
        return None
    port = control_port_of(options.listen, networks_of(options.allowed))
    port.listen()
    stack.callback(port.close)
    return port.controls
