"""Trials in processes of their own, bounded in time and memory: what hangs or dies is a result, not the end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import field
from enum import StrEnum
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dgstudio.records import dataclass

MEMORY = 10**9
"""Bytes that a trial may take on top of what its process has."""
TRIAL_S, IN_ALL_S = 10.0, 60.0
"""A trial hangs that takes so many seconds of the processor, or so many by the clock: others may keep the machine."""
STUCK_S = 90.0
"""A process that says nothing for so long does not come back: its trial hangs where no alarm reaches it."""
STARTING_S = 120.0
MOST_EXAMPLES = 20
"""So many of each bad outcome are told with what happened."""


class Outcome(StrEnum):
    """What became of a trial; the first three are good."""

    FINE = "fine"
    TOLD = "told"
    REFUSED = "refused"
    TRACEBACK = "tracebacks"
    HANG = "hangs"
    OVER_MEMORY = "over_memory"
    CHANGED = "original_changed"
    SILENT = "silent"


GOOD = (Outcome.FINE, Outcome.TOLD, Outcome.REFUSED)


@dataclass(slots=True)
class Tally:
    """How often each outcome came, and examples of the bad ones: the trial's number and what happened."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    examples: list[tuple[int, Outcome, str]] = field(default_factory=list)

    def add(self, number: int, outcome: Outcome, detail: str) -> None:
        """Count one."""
        self.counts[outcome] += 1
        if outcome not in GOOD and sum(1 for _, other, _ in self.examples if other == outcome) < MOST_EXAMPLES:
            self.examples.append((number, outcome, detail))

    @property
    def tried(self) -> int:
        """How many there were."""
        return sum(self.counts.values())


Try = Callable[[int], tuple[Outcome, str]]
"""Makes the trial of a number; what it raises is a traceback."""
Prepare = Callable[[Path, Path, int], Try]
"""Given the folder of sound files, one of the process's own and the seed; at the top of a module, to be imported."""


def run_trials(
    prepare: Prepare, sound: Path, count: int, seed: int, say: Callable[[str], object], processes: int = 0
) -> Tally:
    """Make trials 0 … count − 1 on what is in `sound`, each bounded; with one process a core unless told otherwise."""
    tally, numbers = Tally(), iter(range(count))
    context = multiprocessing.get_context("spawn")
    with TemporaryDirectory(prefix="dgstudio-faults-") as folder:
        lanes = [
            _Lane(context, prepare, sound, Path(folder) / str(n), seed) for n in range(processes or os.cpu_count() or 1)
        ]
        lanes = [lane for lane in lanes if lane.give(numbers)]
        told = time.monotonic()
        while lanes:
            ready = wait([lane.connection for lane in lanes], 1.0)
            for lane in list(lanes):
                found = lane.heard() if lane.connection in ready else lane.stuck()
                if found is None:
                    continue
                tally.add(*found)
                if not lane.give(numbers):
                    lane.end()
                    lanes.remove(lane)
            if time.monotonic() - told > 30:
                told = time.monotonic()
                say(f"{tally.tried:,} of {count:,}")
    return tally


class _Lane:
    """One process, started again after it had to be killed."""

    def __init__(self, context: Any, prepare: Prepare, sound: Path, folder: Path, seed: int) -> None:
        self._context, self._prepare, self._sound = context, prepare, sound
        self._folder, self._seed = folder, seed
        self._number, self._since = -1, 0.0
        self._lives = 0
        self._start()

    def _start(self) -> None:
        self._lives += 1
        self.connection, theirs = self._context.Pipe()
        folder = self._folder.with_name(f"{self._folder.name}-{self._lives}")
        folder.mkdir()
        self._process = self._context.Process(
            target=_work, args=(self._prepare, self._sound, folder, self._seed, theirs), daemon=True
        )
        self._process.start()
        theirs.close()
        self._patience = STARTING_S

    def give(self, numbers: Iterator[int]) -> bool:
        """Have the next trial made; False where there is none."""
        number = next(numbers, None)
        if number is None:
            return False
        self._number, self._since = number, time.monotonic()
        self.connection.send(number)
        return True

    def heard(self) -> tuple[int, Outcome, str] | None:
        """What the process says; a process that is gone ran out of memory, or crashed."""
        try:
            outcome, detail = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode
            self._start()
            return self._number, Outcome.TRACEBACK, f"the process ended with {code}"
        self._patience = STUCK_S
        return self._number, Outcome(outcome), detail

    def stuck(self) -> tuple[int, Outcome, str] | None:
        """Kill a process that says nothing any more."""
        if time.monotonic() - self._since < self._patience:
            return None
        self._process.kill()
        self._process.join()
        self._start()
        return self._number, Outcome.HANG, "the process said nothing any more"

    def end(self) -> None:
        """No more trials."""
        with suppress(OSError):
            self.connection.send(None)
        self._process.join(STUCK_S)
        self._process.kill()
        self._process.join()
        self.connection.close()


class _TooLongError(BaseException):
    """Raised by the alarm; nothing that a trial calls catches it by accident."""


def _work(prepare: Prepare, sound: Path, folder: Path, seed: int, connection: Connection) -> None:
    make = prepare(sound, folder, seed)
    if sys.platform != "win32":
        import resource

        def alarm(number: int, frame: object) -> None:
            raise _TooLongError

        signal.signal(signal.SIGALRM, alarm)
        signal.signal(signal.SIGPROF, alarm)
        pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
        if pages:
            limit = pages * resource.getpagesize() + MEMORY
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while (number := connection.recv()) is not None:
        connection.send(_bounded(make, number))


def _bounded(make: Try, number: int) -> tuple[str, str]:
    timed = sys.platform != "win32"
    try:
        try:
            if timed:
                signal.setitimer(signal.ITIMER_PROF, TRIAL_S)
                signal.setitimer(signal.ITIMER_REAL, IN_ALL_S)
            return make(number)
        finally:
            if timed:
                signal.setitimer(signal.ITIMER_PROF, 0)
                signal.setitimer(signal.ITIMER_REAL, 0)
    except _TooLongError:
        return (
            Outcome.HANG,
            f"took more than {TRIAL_S:g} s of the processor, or {IN_ALL_S:g} s:\n{traceback.format_exc(limit=-6)}",
        )
    except MemoryError:
        return Outcome.OVER_MEMORY, traceback.format_exc(limit=-6)
    except Exception:
        return Outcome.TRACEBACK, traceback.format_exc(limit=-8)
