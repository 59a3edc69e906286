"""The runs of an experiment, one after the other: how far it is, and what earlier ones of the same options found."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from dgstudio.lab.results import Row
from dgstudio.records import dataclass


@dataclass(frozen=True, slots=True)
class RunId:
    """One run: a method on a data set with a seed; "" where it is about all methods. `setting` is what else varies."""

    data: str
    seed: int
    method: str = ""
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an experiment is.

    Attributes
    ----------
    share : 0..1, with what is done of the present run where that is known.
    number, of : which run it is at, from 1, and how many there are.
    run : the one it is at.
    doing : what is done for it just now, as in "training the base"; "" while it runs.
    passed_s : seconds since the beginning.
    left_s : about how many are left, by those that were measured now; None before the first one.
    """

    share: float
    number: int
    of: int
    run: RunId
    doing: str
    passed_s: float
    left_s: float | None


class RunStore(Protocol):
    """Where finished runs are kept."""

    def rows_of(self, run: RunId) -> list[Row] | None:
        """Rows that an earlier session left of this run, or None."""

    def keep(self, run: RunId, rows: Sequence[Row]) -> None:
        """Keep the rows of a finished run."""


class Runs:
    """What an experiment hands its runs to, in a fixed order: it keeps what they find and tells how far they are.

    One thread.

    Parameters
    ----------
    tell
        Called whenever something new begins.
    store
        Where finished runs are kept and looked up; None: nowhere.
    clock
        Seconds.

    Attributes
    ----------
    taken_over : how many runs were not done again because the store had them.
    """

    def __init__(
        self,
        tell: Callable[[Progress], object] = lambda progress: None,
        store: RunStore | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.taken_over = 0
        self._tell, self._store, self._clock = tell, store, clock
        self._of = 0
        self._done = 0
        self._run = RunId("", 0)
        self._began = clock()
        self._skipped_s = 0.0

    def expect(self, count: int) -> None:
        """So many runs will there be. Before the first one."""
        self._of = count

    def rows(self, run: RunId, measure: Callable[[], list[Row]]) -> list[Row]:
        """Rows of a run: those that are kept, else what `measure` finds, which is kept before this returns."""
        self._run = run
        kept = None if self._store is None else self._store.rows_of(run)
        if kept is not None:
            self.taken_over += 1
        else:
            self.at()
            kept = measure()
            if self._store is not None:
                self._store.keep(run, kept)
        self._done += 1
        # A caller may add to its rows what is known later.
        return [dict(row) for row in kept]

    def row(self, run: RunId, measure: Callable[[], Row]) -> Row:
        """As `rows`, where there is one."""
        return self.rows(run, lambda: [measure()])[0]

    def at(self, doing: str = "", share: float = 0.0) -> None:
        """Tell what is done for the present run, and which share of it is done."""
        passed = self._clock() - self._began
        done = self._done + share
        measured = done - self.taken_over
        left = passed / measured * (self._of - done) if measured > 0 else None
        of = max(self._of, self._done + 1)
        self._tell(Progress(done / of, self._done + 1, of, self._run, doing, passed, left))
