"""What of the answers is sent, and from which input on: other programs switch it while inputs are on their way."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from typing import Any

from dgstudio.records import dataclass

OUTPUT_NAME = "outputs-1"
"""What Wekinator calls its only output."""
MOST = 256
"""Changes that wait for their input at most; beyond that the oldest holds at once."""


@dataclass(frozen=True, slots=True)
class OutputSwitches:
    """What of the answers is sent.

    Attributes
    ----------
    running : whether answers are sent at all.
    computed : whether what is sent follows the answers; if not, the last one is sent again and again.
    probabilities : whether those of all classes are sent as well, to `/name`.
    name : of the output.
    """

    running: bool = True
    computed: bool = True
    probabilities: bool = False
    name: str = OUTPUT_NAME


class SwitchedOutput:
    """Switches with the input from which on they hold. One thread changes, one other asks; any reads `newest`.

    Whoever hears of a change calls `change` before the inputs after it are put in. So an answer finds the switches
    that its input met, however late it is given.
    """

    def __init__(self) -> None:
        self.newest = OutputSwitches()
        """As they are once all inputs by now are answered."""
        self._now = self.newest
        self._coming: deque[tuple[int, OutputSwitches]] = deque()
        self._lock = threading.Lock()

    def change(self, after: int | None = None, **changes: Any) -> None:
        """Change some of them for the inputs that come after the first `after`; None: from the next answer on."""
        with self._lock:
            self.newest = replace(self.newest, **changes)
            if after is None:
                self._coming.clear()
                self._now = self.newest
                return
            if self._coming and self._coming[-1][0] == after:
                self._coming.pop()
            self._coming.append((after, self.newest))
            if len(self._coming) > MOST:
                self._now = self._coming.popleft()[1]

    def at(self, sample: int) -> OutputSwitches:
        """The switches that hold for input number `sample`, counted from 1; the number rises from call to call."""
        with self._lock:
            while self._coming and self._coming[0][0] < sample:
                self._now = self._coming.popleft()[1]
            return self._now
