"""The stream of a session that is watched, as a source from which nothing is read: it comes from the recording."""

from __future__ import annotations

import time

from dgstudio.errors import BadInputError
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.source import Knob
from dgstudio.types import Block, StreamSpec


class WatchedSource:
    """Stands for the source that another program reads. `condition` says what was seen of it last."""

    def __init__(self, spec: StreamSpec) -> None:
        self.spec = spec
        self.lamp = Lamp.WAITING
        """Set by whoever follows the recording."""

    def open(self) -> None:
        """Do nothing: the other program has it open."""

    def read(self, timeout: float) -> Block | None:
        """Return None, after `timeout` seconds."""
        time.sleep(timeout)
        return None

    def close(self) -> None:
        """Do nothing."""

    def knobs(self) -> tuple[Knob, ...]:
        """Return the live settings: they are the other program's."""
        return ()

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Refuse a setting (`BadInputError`)."""
        raise BadInputError(f"“{self.spec.name}” is read by another program: its settings are there.")

    def condition(self) -> SourceCondition:
        """How it stands at this moment. Any thread."""
        return SourceCondition(self.lamp)
