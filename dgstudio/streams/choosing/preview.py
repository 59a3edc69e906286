"""dg-look: opens a source, and reads what comes from it, for somebody who looks at it before it is taken."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

import numpy as np

from dgstudio.errors import DgstudioError, StreamEnded, StreamError
from dgstudio.reasons.arrivals import Trouble
from dgstudio.streams.condition import Lamp, Reporting, SourceCondition
from dgstudio.streams.source import Listening, Source
from dgstudio.types import F32, F64, Block

log = logging.getLogger(__name__)

KEPT_S = 10.0
"""Seconds of the stream that are kept, at most."""
KEPT_SAMPLES = 40_000
READ_S = 0.05
RETRY_S = 1.0
JOIN_S = 10.0

Open = Callable[[Callable[[SourceCondition], None]], Source]
"""Makes the source: is given what is called while it waits for what it must know, as `SourceRequest.patience`."""


class _GivenUpError(Exception):
    """Nobody looks any more."""


class SourcePreview:
    """A source that is looked at, in a thread of its own, until `stop`. What is public may be read by any thread.

    Parameters
    ----------
    make
        Makes the source; it may wait, and `DgstudioError` says why it cannot be.
    first
        Called in the thread before that: what has the device until then lets go of it.

    Attributes
    ----------
    source : what was made; None before that, or where that cannot be.
    failure : why it cannot be, in a sentence; "" otherwise.
    """

    def __init__(self, make: Open, first: Callable[[], object] = lambda: None) -> None:
        self.source: Source | None = None
        self.failure = ""
        self._make, self._first = make, first
        self._condition = SourceCondition(Lamp.WAITING)
        self._trouble = ""
        self._ended = False
        self._blocks: deque[Block] = deque()
        self._samples = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dg-look", daemon=True)

    def start(self) -> None:
        """Begin. Once."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more: what was opened is closed soon. Does not wait."""
        self._stop.set()

    def join(self, timeout: float = JOIN_S) -> None:
        """Wait until everything is closed."""
        if self._thread.ident is not None:
            self._thread.join(timeout)

    @property
    def over(self) -> bool:
        """Whether everything is closed."""
        return self._thread.ident is not None and not self._thread.is_alive()

    def condition(self) -> SourceCondition:
        """How it stands, as the lamp of the source would show it."""
        source = self.source
        if self.failure:
            return SourceCondition(Lamp.WRONG, why=Trouble(self.failure))
        if source is None:
            return self._condition
        if self._ended:
            return SourceCondition(Lamp.ENDED)
        if self._trouble:
            heard = source.condition().heard if isinstance(source, Reporting) else ()
            return SourceCondition(Lamp.RETRYING, why=Trouble(self._trouble), heard=heard)
        if isinstance(source, Reporting):
            return source.condition()
        return SourceCondition(Lamp.RECEIVING if self._samples else Lamp.WAITING)

    def newest(self, seconds: float) -> tuple[F64, F32]:
        """The samples of the last seconds of stream time, oldest first: times (n,), values (n, channels)."""
        blocks = list(self._blocks)
        if not blocks:
            return np.zeros(0), np.zeros((0, 0), np.float32)
        times = np.concatenate([block.times for block in blocks])
        values = np.concatenate([block.values for block in blocks])
        begin = int(np.searchsorted(times, times[-1] - seconds))
        return times[begin:], values[begin:]

    # -- dg-look ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        source: Source | None = None
        try:
            self._first()
            source = self.source = self._make(self._wait)
            if isinstance(source, Listening):
                source.listen()
            self._read(source)
        except _GivenUpError:
            pass
        except DgstudioError as error:
            self.failure = str(error)
        except Exception as error:
            log.exception("a source that is looked at has failed")
            self.failure = f"It cannot be opened: {error!r}."
        finally:
            if source is not None:
                self._close(source)

    def _wait(self, condition: SourceCondition) -> None:
        self._condition = condition
        if self._stop.is_set():
            raise _GivenUpError

    def _read(self, source: Source) -> None:
        opened = False
        while not self._stop.is_set():
            try:
                if not opened:
                    source.open()
                    opened, self._trouble = True, ""
                block = source.read(READ_S)
                self._trouble = ""
                if block is not None:
                    self._keep(block)
            except StreamEnded:
                self._ended = True
                return
            except StreamError as error:
                self._trouble = str(error)
                self._close(source)
                opened = False
                self._stop.wait(RETRY_S)

    def _keep(self, block: Block) -> None:
        self._blocks.append(block)
        self._samples += len(block.times)
        newest = block.times[-1]
        while len(self._blocks) > 1 and (newest - self._blocks[0].times[-1] > KEPT_S or self._samples > KEPT_SAMPLES):
            self._samples -= len(self._blocks.popleft().times)

    def _close(self, source: Source) -> None:
        try:
            source.close()
        except Exception:
            log.warning("a source that was looked at could not be closed", exc_info=True)
