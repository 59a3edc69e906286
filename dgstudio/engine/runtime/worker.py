"""A named thread that the engine owns: its loop is contained, its failures are reported, its end is awaited."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

from dgstudio.engine.facts.running import OUTCOMES, Outcome, ThreadFailed
from dgstudio.engine.runtime.events import EventQueue

log = logging.getLogger(__name__)

MAX_FAILURES = 5
"""Failures within `FAILURE_WINDOW_S` after which a worker gives up; before that it is restarted."""
FAILURE_WINDOW_S = 10.0
JOIN_S = 5.0
"""How long the end of a thread is waited for."""


class Worker:
    """One thread. Subclasses give `turn`, one round of work that returns within about 0.1 s.

    An exception in a turn becomes an event and `recover` is called; after too many of them in a short time the
    worker stops, `failed` is True, and everything else goes on.
    """

    name = "dg-worker"

    def __init__(self, events: EventQueue) -> None:
        self.events = events
        self.failed = False
        self._stop = threading.Event()
        self._failures: deque[float] = deque(maxlen=MAX_FAILURES)
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Start the thread. Once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end after its present turn; does not wait. Any thread."""
        self._stop.set()
        self.wake()

    def join(self, timeout: float) -> bool:
        """Wait for the end of the thread; True if it has ended (or never began)."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether the thread has been asked to end."""
        return self._stop.is_set()

    @property
    def alive(self) -> bool:
        """Whether the thread runs. Any thread."""
        return self._thread.is_alive()

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the wish to stop. Only from the worker's own thread."""
        self._stop.wait(seconds)

    def begin(self) -> None:
        """What the thread does once, before the first turn."""

    def turn(self) -> None:
        """One round of work."""
        raise AssertionError(f"{type(self).__name__} has no turn")

    def recover(self, error: Exception) -> None:
        """Bring the worker back to a state from which `turn` can go on."""

    def finish(self) -> None:
        """What the thread does once, after the last turn, whatever happened."""

    def wake(self) -> None:
        """Make a waiting turn return soon. Any thread."""

    def _run(self) -> None:
        try:
            self.begin()
            while not self.stopping:
                try:
                    self.turn()
                except Exception as error:
                    self._failed_turn(error)
                    if self.failed:
                        return
        except Exception as error:
            self.failed = True
            self._report(error, Outcome.NOT_STARTED)
        finally:
            try:
                self.finish()
            except Exception as error:
                self._report(error, Outcome.NOT_ENDED)

    def _failed_turn(self, error: Exception) -> None:
        now = time.monotonic()
        self._failures.append(now)
        if len(self._failures) == MAX_FAILURES and now - self._failures[0] < FAILURE_WINDOW_S:
            self.failed = True
            self._report(error, Outcome.STOPPED)
            return
        self._report(error, Outcome.RESTARTED)
        self.recover(error)
        self.pause(0.05)

    def _report(self, error: Exception, outcome: Outcome) -> None:
        log.warning("%s %s", self.name, OUTCOMES[outcome], exc_info=error)
        self.events.say(ThreadFailed(self.name, outcome, type(error).__name__, str(error)))
