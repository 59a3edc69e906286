"""A source that is made in a thread of its own, to be taken as soon as it is there."""

from __future__ import annotations

import logging
import threading

from dgstudio.errors import DgstudioError
from dgstudio.streams.choosing.preview import Open
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.source import Source

log = logging.getLogger(__name__)


class _GivenUpError(Exception):
    """Nobody wants it any more."""


class SourceOpening:
    """Makes a source once; `over` tells when. Any thread.

    Attributes
    ----------
    failure : why it cannot be made, in a sentence; "" otherwise.
    condition : how it stands while it waits for what it must know.
    """

    def __init__(self, make: Open) -> None:
        self.failure = ""
        self.condition = SourceCondition(Lamp.WAITING)
        self._make = make
        self._source: Source | None = None
        self._given_up = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="dg-look", daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether it is there, or will not be."""
        return not self._thread.is_alive()

    def take(self) -> Source | None:
        """Return the source, which is the caller's from then on; None where there is none."""
        with self._lock:
            source, self._source = self._source, None
        return source

    def give_up(self) -> None:
        """Close it, now or as soon as it is there."""
        with self._lock:
            self._given_up = True
            source, self._source = self._source, None
        if source is not None:
            source.close()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def _run(self) -> None:
        try:
            source = self._make(self._wait)
        except _GivenUpError:
            return
        except DgstudioError as error:
            self.failure = str(error)
            return
        except Exception as error:
            log.exception("a source cannot be opened")
            self.failure = f"It cannot be opened: {error!r}."
            return
        with self._lock:
            if not self._given_up:
                self._source = source
                return
        source.close()

    def _wait(self, condition: SourceCondition) -> None:
        self.condition = condition
        if self._given_up:
            raise _GivenUpError
