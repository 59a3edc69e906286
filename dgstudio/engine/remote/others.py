"""Other programs at an engine: what they send to tell it what to do, and what they are told."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import Event
from dgstudio.engine.remote.remote_control import RemoteControl
from dgstudio.engine.remote.reports import Reports
from dgstudio.streams.osc.control_queue import ControlQueue
from dgstudio.streams.sinks.osc import OscSink

SOON_S = 0.005


class _Turning(Protocol):
    def turn(self, events: Sequence[Event]) -> None: ...


class Others:
    """What is done for other programs, in the thread that owns the engine's commands.

    Parameters
    ----------
    engine
        With its sinks, not yet started.
    controls
        Where messages come from that tell it what to do; None: nobody can send any.
    learns
        Whether they may label and delete.
    """

    def __init__(self, engine: Engine, controls: ControlQueue | None, *, learns: bool) -> None:
        osc = [sink for sink in engine.out.sinks if isinstance(sink, OscSink)]
        reports = Reports(engine, [sink.outlet for sink in osc])
        self._remote = None if controls is None else RemoteControl(engine, controls, osc, reports, learns=learns)
        self._turning: _Turning = reports if self._remote is None else self._remote
        self._arrived = threading.Event() if controls is None else controls.arrived

    @property
    def waiting(self) -> bool:
        """Whether there is something to do now. Any thread."""
        return self._remote is not None and (self._remote.busy or self._arrived.is_set())

    @property
    def performing(self) -> bool:
        """Whether what is only to be looked at should rest."""
        return self._remote is not None and self._remote.performing

    def wait(self, seconds: float) -> None:
        """Wait so long, or until there is something to do."""
        self._arrived.wait(SOON_S if self._remote is not None and self._remote.busy else seconds)

    def turn(self, events: Sequence[Event] = ()) -> None:
        """Do what was asked for, and tell what is new; `events` are those since the last call."""
        self._turning.turn(events)
