"""The source: how busy each processor is, and how full the memory, ten times a second. `--source load`."""

import time

import numpy as np
import psutil

from dgstudio.errors import BadInputError, StreamError
from dgstudio.streams.features import default_window
from dgstudio.streams.source import SourceKind, address_in
from dgstudio.types import Block, StreamKind, StreamSpec


class Load:
    def __init__(self, rate=10.0):
        if not 1 <= rate <= 50:
            raise BadInputError(f"The load is measured 1 to 50 times a second, not {rate:g} times.")
        channels = (*(f"processor {n + 1}" for n in range(psutil.cpu_count())), "memory")
        self.spec = StreamSpec("load", StreamKind.SIGNAL, rate, channels, *default_window(rate))
        self._sample, self._begun = 0, None

    def open(self):
        psutil.cpu_percent(percpu=True)
        self._begun = time.perf_counter() - self._sample / self.spec.rate

    def close(self):
        self._begun = None

    def read(self, timeout):
        if self._begun is None:
            raise StreamError("The load is not measured: open it before reading.")
        left = self._begun + (self._sample + 1) / self.spec.rate - time.perf_counter()
        time.sleep(min(max(left, 0.0), timeout))
        if left > timeout:
            return None
        self._sample += 1
        row = [*psutil.cpu_percent(percpu=True), psutil.virtual_memory().percent]
        return Block(np.array([self._sample / self.spec.rate]), np.array([row], np.float32))

    def knobs(self):
        return ()

    def set_knob(self, name, value):
        raise BadInputError(f"The load has no knob “{name}”.")


def _claims(typed):
    return address_in(typed, "load") is not None


KIND = SourceKind("load", "load", "How busy the processors are.", _claims, lambda request: Load(request.rate or 10.0))
