"""One LSL stream that is received: samples or markers, with the times of this machine's clock."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.errors import StreamError
from dgstudio.guard.limits import LABEL
from dgstudio.guard.texts import plain_text
from dgstudio.streams.lsl.library import lsl
from dgstudio.streams.lsl.query import LslStream
from dgstudio.types import F64

CONNECT_S = 3.0
BUFFER_S = 60
"""Seconds that the library keeps of what was not taken yet."""
MOST = 4096
"""Samples that are taken at once."""


class Inlet:
    """Connected to a stream until it is lost or closed. One thread.

    It does not reconnect by itself: whoever has sent may send something else when he comes again.

    Raises
    ------
    StreamError
        If it cannot be connected.
    """

    def __init__(self, stream: LslStream) -> None:
        self.stream = stream
        pylsl = lsl()
        try:
            self._inlet: Any = pylsl.StreamInlet(
                stream.info, max_buflen=BUFFER_S, recover=False, processing_flags=pylsl.proc_clocksync
            )
            self._info = self._inlet.info(timeout=CONNECT_S)
            self._inlet.open_stream(timeout=CONNECT_S)
        except Exception as error:  # the library has classes of its own for it, and RuntimeError
            self._inlet = None
            raise StreamError(f"The LSL stream {stream.words} does not answer: start its sender again.") from error

    def labels(self) -> tuple[str, ...]:
        """Names of its channels: those that its sender gives, else ch1, ch2, …"""
        given = self._info.get_channel_labels() or []
        names = [plain_text(str(label or "")).strip()[:LABEL] for label in given]
        if len(names) == self.stream.channels and all(names) and len(set(names)) == len(names):
            return tuple(names)
        return tuple(f"ch{number + 1}" for number in range(self.stream.channels))

    def pull(self, timeout: float) -> tuple[npt.NDArray[Any], F64]:
        """Return what has come, (n, channels) and (n,) stamps in seconds of this machine's clock of LSL; n may be 0.

        Raises
        ------
        StreamError
            If the stream is lost.
        """
        if self._inlet is None:
            raise StreamError(f"The LSL stream {self.stream.name} is closed.")
        try:
            values, stamps = self._inlet.pull_chunk(
                timeout=max(timeout, 0.0), max_samples=MOST, min_samples=1, as_numpy=True
            )
        except Exception as error:
            self.close()
            raise StreamError(f"The LSL stream {self.stream.name} is gone: it is looked for.") from error
        return values, np.asarray(stamps, np.float64)

    def close(self) -> None:
        """Let go of it. Closing twice does nothing."""
        inlet, self._inlet = self._inlet, None
        if inlet is not None:
            inlet.close_stream()
