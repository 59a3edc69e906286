"""Raw windows of examples and answers, for small pictures: those that are kept, cut from the stream, or close by."""

from __future__ import annotations

from collections import OrderedDict

from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.types import F32, Example

KEPT = 400


class Windows:
    """Looks windows up and remembers them. Qt thread only."""

    def __init__(self, commands: Bridge) -> None:
        self._commands = commands
        self._known: OrderedDict[tuple[str, int], F32 | None] = OrderedDict()

    def of_example(self, example: Example) -> F32 | None:
        """The window (n, channels) of an example; None where nothing of its take is held.

        Of windows that overlap much only one is kept with the examples: where that stretch of the stream is not held
        any more, it stands for the others.
        """
        if example.raw is not None:
            return example.raw
        # The times of other runs are of other clocks.
        if example.take_id in self._commands.book.takes_of_this_run():
            pictured = self._commands.small_picture(example.end)
            if pictured is None:
                pictured = self._cut(("example", example.id), example.start, example.end)
            if pictured is not None:
                return pictured
        return self._commands.book.window_of(example)

    def reached(self, example: Example | None) -> float | None:
        """The stream time at which an example ended, where that stretch of the stream can be looked back at."""
        reach = self._commands.lookback.reach()
        if example is None or reach is None or not reach[0] <= example.start:
            return None
        ours = example.take_id in self._commands.book.takes_of_this_run()
        return example.end if ours and example.end <= reach[1] else None

    def of_hop(self, hop: int) -> F32 | None:
        """The window of an answer by the number of its hop; None where the ring has let go of it."""
        found = self._known.get(("hop", hop))
        if found is not None:
            return found
        reading = self._commands.lookback.by_hop(hop)
        pictured = None if reading is None else self._commands.small_picture(reading.end)
        if pictured is not None:
            return pictured
        return None if reading is None else self._cut(("hop", hop), reading.start, reading.end)

    def _cut(self, key: tuple[str, int], start: float, end: float) -> F32 | None:
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        past = self._commands.lookback.past(start, end)
        # A stretch that has partly left the buffer is none.
        whole = len(past.times) > 1 and past.times[0] <= start + 0.1 * (end - start)
        window = self._known[key] = past.values if whole else None
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return window
