"""What other programs are told of the model, by messages: what it learned, what was rejected, what happened."""

from __future__ import annotations

from collections.abc import Sequence

from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import Event
from dgstudio.guard.line_limit import LineLimit
from dgstudio.streams.osc.outlet import OscOutlet
from dgstudio.types import PublishRecord, RecordKind

LEARNED, STABILITY, REJECTED = "/dgstudio/learned", "/dgstudio/stability", "/dgstudio/rejected"
LOG = "/dgstudio/log"
LOG_BURST, LOG_A_MINUTE = 50, 120.0


class Reports:
    """Sends to all outlets at once. `send` may be called by any thread, `turn` by the one that owns the commands.

    For each version that is published: its number and how many examples it holds to `/dgstudio/learned`; its number,
    how many inputs are protected, how many bits of their answers have changed, and which share of the newest answers is
    certified to equal the last protected version's (−1: nothing to compare with) to `/dgstudio/stability`. For each
    proposal that was rejected why, to `/dgstudio/rejected`. For each event its level and its sentence to
    `/dgstudio/log`, while `log` is on; of too many some are left out, and their number is said.
    """

    def __init__(self, engine: Engine, outlets: Sequence[OscOutlet]) -> None:
        self.log = True
        self._engine = engine
        self._outlets = tuple(outlets)
        self._records = len(engine.learn.history)
        self._limit = LineLimit(LOG_BURST, LOG_A_MINUTE)

    def send(self, address: str, *values: float | int | str) -> None:
        """Send one message to everybody."""
        for outlet in self._outlets:
            outlet.send(address, *values)

    def turn(self, events: Sequence[Event]) -> None:
        """Tell what is new; `events` are those since the last call."""
        records, self._records = self._engine.learn.history.since(self._records)
        for record in records:
            self._tell(record)
        for event in events if self.log else ():
            left_out = self._limit.admit()
            if left_out:
                self.send(LOG, "info", f"{left_out} lines left out")
            if left_out is not None:
                self.send(LOG, event.level.value, event.sentence)

    def _tell(self, record: PublishRecord) -> None:
        if record.kind is RecordKind.REJECTED:
            self.send(REJECTED, record.reason.words)
        if record.version is not None:
            coverage = self._engine.stats().coverage
            self.send(LEARNED, record.version, record.examples)
            self.send(
                STABILITY,
                record.version,
                record.protected,
                record.bits_changed,
                -1.0 if coverage is None else float(coverage),
            )
