"""How late a thread wakes in this process at the very moments when an answer begins, and it only notes the time."""

from __future__ import annotations

import threading
import time

import numpy as np

from dgstudio.engine.engine import Engine
from dgstudio.engine.runtime.rings import Latencies
from dgstudio.streams.windows import Windower


class _Told(threading.Event):
    """Sets another event just before itself, so that who waits for that one need not wait for the work done on this."""

    def __init__(self, first: threading.Event) -> None:
        super().__init__()
        self._first = first

    def set(self) -> None:
        self._first.set()
        super().set()


class WakeUps:
    """A bare thread beside dg-infer: it is woken by the same samples, in the same way, and does nothing.

    What an answer takes longer than this is the program's own; the rest is that of the machine, the interpreter and
    the other threads. Make it before the engine starts.
    """

    def __init__(self, engine: Engine) -> None:
        self.delay = Latencies()
        """Milliseconds from the arrival of a sample that completes a hop to this thread running."""
        self._ring = engine.ring
        self._windower = Windower(engine.spec)
        self._grown = threading.Event()
        self._stop = False
        engine.ring.grown = _Told(self._grown)
        self._thread = threading.Thread(target=self._run, name="bench-wake", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop = True
        self._grown.set()
        self._thread.join()

    @property
    def p99_ms(self) -> float:
        """Of a hop's wake-up."""
        return float(np.percentile(self.delay.since(0), 99))

    def _run(self) -> None:
        while not self._stop:
            if not self._grown.wait(0.1):
                continue
            woken = time.perf_counter()
            self._grown.clear()
            for end in self._windower.due(self._ring.total, self._ring.breaks):
                self.delay.add((woken - self._ring.arrival(end - 1)) * 1e3)
