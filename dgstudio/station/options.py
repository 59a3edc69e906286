"""What `dgstudio run` was asked for, and whether that makes sense together."""

from __future__ import annotations

import math
from pathlib import Path

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.streams.sinks.registry import check_sink


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line asked for.

    Attributes
    ----------
    source : None: the one that the session was made with, or the simulator.
    outs : sinks, each as KIND or KIND:ADDRESS; `jsonl` is one more of them.
    speed : 0 means as fast as the machine allows, losing nothing.
    session : a new file; `station` one that is gone on with, or made where it is not there.
    learn : whether other programs may label.
    window_s, inputs, features, listen, allowed : as in `streams.source.SourceRequest`.
    """

    source: str | None = None
    outs: tuple[str, ...] = ()
    jsonl: Path | None = None
    rate: float | None = None
    speed: float = 1.0
    duration: float | None = None
    labels_column: str | None = None
    label_delay: float = 0.0
    session: Path | None = None
    station: Path | None = None
    record: bool = False
    base: str = "auto"
    seed: int = 0
    learn: bool = False
    window_s: float | None = None
    inputs: int | None = None
    features: str | None = None
    listen: str | None = None
    allowed: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse what makes no sense together; raises `BadInputError`."""
        if self.speed < 0:
            raise BadInputError("--speed must be 0 (as fast as possible) or a positive number.")
        if self.duration is not None and not 0 < self.duration < math.inf:
            raise BadInputError("--duration must be a positive number of seconds.")
        if not 0 <= self.label_delay < math.inf:
            raise BadInputError("--label-delay must be a number of seconds, 0 or more.")
        if self.session is not None and self.station is not None:
            raise BadInputError("Name one session: --session FILE for a new one, or the file alone to go on with it.")
        if self.record and self.session is None and self.station is None:
            raise BadInputError("--record needs a file to record into: give it one with --session FILE.dgs.")
        for out in self.outs:
            # What it is of would be waited for first.
            check_sink(out)
        if self.speed == 0 and self.source in (None, "simulator") and self.duration is None and self.station is None:
            raise BadInputError("The simulator never ends: give --duration with --speed 0.")
