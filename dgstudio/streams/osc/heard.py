"""What comes to a port, by address: who sends it, how often, how many values; for people who look for their sender."""

from __future__ import annotations

from dgstudio.guard.texts import plain_text
from dgstudio.records import dataclass
from dgstudio.streams.condition import HeardMessages
from dgstudio.streams.osc.packets import OscMessage
from dgstudio.streams.timing.arrivals import ArrivalRate

MOST = 32
"""Addresses that are remembered; whoever sends to more is shown in part."""
LATELY_S = 5.0
"""What has not come for so long is not told any more."""
SHOWN = 8
"""Values of the newest message that are kept."""
LONGEST = 80
"""Characters of an address, and of a value that is a text."""


@dataclass(slots=True)
class _Heard:
    sender: str
    rate: ArrivalRate
    wall: float
    values: tuple[object, ...]


class HeardTable:
    """One thread notes; any asks. Times are `perf_counter` seconds."""

    def __init__(self) -> None:
        self._heard: dict[str, _Heard] = {}

    def note(self, message: OscMessage, sender: str, wall: float) -> None:
        """A message came from the machine `sender`. Where too many addresses are known, it makes way for none."""
        entry = self._heard.get(message.address)
        if entry is None:
            if len(self._heard) >= MOST and not self._forget_one(wall):
                return
            entry = self._heard[message.address] = _Heard(sender, ArrivalRate(), wall, message.values)
        entry.sender, entry.wall, entry.values = sender, wall, message.values
        entry.rate.note(wall)

    def lately(self, wall: float) -> tuple[HeardMessages, ...]:
        """What came in the last seconds before `wall`, in order of its addresses."""
        found = [(address, entry) for address, entry in self._heard.copy().items() if wall - entry.wall < LATELY_S]
        return tuple(_told(address, entry, wall) for address, entry in sorted(found, key=lambda each: each[0]))

    def _forget_one(self, wall: float) -> bool:
        """Forget the address that was silent longest, if it was silent; whether there was one."""
        oldest = min(self._heard, key=lambda address: self._heard[address].wall)
        if wall - self._heard[oldest].wall < LATELY_S:
            return False
        del self._heard[oldest]
        return True


def _told(address: str, entry: _Heard, wall: float) -> HeardMessages:
    newest = tuple(_shown(value) for value in entry.values[:SHOWN])
    return HeardMessages(plain_text(address, LONGEST), entry.sender, len(entry.values), entry.rate.at(wall), newest)


def _shown(value: object) -> float | str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return plain_text(str(value), LONGEST)
