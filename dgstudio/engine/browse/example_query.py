"""The labelled examples as columns: which of them a filter leaves, in which order, and how good each class is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.engine.browse.analysis import MARKS, NOTED, Analysis
from dgstudio.engine.labels.example_table import ExampleArrays, distinct
from dgstudio.engine.runtime.metrics import UNSURE
from dgstudio.records import dataclass
from dgstudio.types import LabelledBy, Take

Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float64]

LEARNED, KEPT_ONLY, SET_ASIDE = "learned", "kept only", "set aside"
"""What `Wanted.learning` may ask for: "set aside" is what belongs to a take of which nothing is learned."""

NEWEST, OLDEST, LEAST_SURE, MOST_SURE, BY_CLASS, BY_TAKE = (
    "newest first",
    "oldest first",
    "least sure first",
    "surest first",
    "by class",
    "by take",
)
ORDERS = (NEWEST, OLDEST, LEAST_SURE, MOST_SURE, BY_CLASS, BY_TAKE)

IMBALANCE = 3
"""A class with fewer than one in so many of the learnable examples of the largest is said to be short of them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter: what is None, or empty, leaves everything; the others must all hold.

    `span` is in stream time of this run; `this_run` tells runs apart, whose clocks differ. `only` are example ids.
    `text` is looked for in notes, class names and sources.
    """

    class_id: int | None = None
    take_id: int | None = None
    span: tuple[float, float] | None = None
    this_run: bool | None = None
    who: LabelledBy | None = None
    source: str | None = None
    learning: str | None = None
    marks: frozenset[str] = frozenset()
    only: frozenset[int] | None = None
    text: str = ""

    @property
    def anything(self) -> bool:
        """Whether it leaves everything."""
        return self == Wanted()


@dataclass(frozen=True, slots=True, eq=False)
class Columns(ExampleArrays):
    """What stands, and more of each example as arrays (n,); `here`: whether it is of this run.

    `flags` has one array for each of `MARKS`; `aside`: of a take of which nothing is learned; `sure` is the
    probability of the class that is answered now, NaN where it has not been answered yet, and `answered` that class.
    """

    takes: Mapping[int, Take]
    notes: Mapping[int, str]
    aside: Flags
    here: Flags
    flags: Mapping[str, Flags] = field(default_factory=dict)
    sure: Reals = field(default_factory=lambda: np.zeros(0))
    answered: Ids = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of_standing(
        cls,
        standing: ExampleArrays,
        takes: Mapping[int, Take],
        notes: Mapping[int, str],
        here: Iterable[int],
        analysis: Analysis | None,
    ) -> Columns:
        """Of the examples that stand; `here` are the takes of this run."""
        take_ids = standing.take_ids
        return cls(
            **{each.name: getattr(standing, each.name) for each in fields(ExampleArrays)},
            takes=takes,
            notes=notes,
            aside=~np.isin(take_ids, distinct(take_ids[standing.learn])),
            # A take that is still being made is not among the takes yet.
            here=np.isin(take_ids, np.fromiter(here, np.int64)) | ~np.isin(take_ids, np.fromiter(takes, np.int64)),
            flags={NOTED: np.isin(standing.ids, np.fromiter(notes, np.int64, len(notes)))},
        ).known(analysis)

    def known(self, analysis: Analysis | None) -> Columns:
        """The same examples with what is known of them by now."""
        found = analysis or Analysis()
        answered, sure = found.answered(self.ids)
        flags = {**found.flags(self.ids, self.class_ids), NOTED: self.flags[NOTED]}
        return replace(self, flags={name: flags[name] for name in MARKS}, sure=sure, answered=answered)

    def rows(self, wanted: Wanted, order: str, name_of: Callable[[int], str]) -> Ids:
        """The rows that a filter leaves, in this order (one of `ORDERS`)."""
        rows = np.flatnonzero(self.wanted(wanted, name_of))
        return rows[self._ordered(rows, order, name_of)]

    def wanted(self, wanted: Wanted, name_of: Callable[[int], str]) -> Flags:
        """Which rows a filter leaves."""
        left = np.ones(len(self), bool)
        if wanted.class_id is not None:
            left &= self.class_ids == wanted.class_id
        if wanted.take_id is not None:
            left &= self.take_ids == wanted.take_id
        if wanted.span is not None:
            left &= self.here & (self.ends > wanted.span[0]) & (self.starts < wanted.span[1])
        if wanted.this_run is not None:
            left &= self.here == wanted.this_run
        if wanted.who is not None:
            left &= self._of_takes(lambda take: take.who == wanted.who)
        if wanted.source is not None:
            left &= self._of_takes(lambda take: take.source == wanted.source)
        if wanted.learning is not None:
            left &= {LEARNED: self.learn, KEPT_ONLY: ~self.learn, SET_ASIDE: self.aside}[wanted.learning]
        for mark in wanted.marks:
            left &= self.flags[mark]
        if wanted.only is not None:
            left &= np.isin(self.ids, np.fromiter(wanted.only, np.int64))
        if wanted.text:
            left &= self._says(wanted.text.casefold(), name_of)
        return left

    def _of_takes(self, holds: Callable[[Take], bool]) -> Flags:
        ids = [take_id for take_id, take in self.takes.items() if holds(take)]
        return np.isin(self.take_ids, np.array(ids, np.int64))

    def _says(self, text: str, name_of: Callable[[int], str]) -> Flags:
        noted = [identity for identity, note in self.notes.items() if text in note.casefold()]
        named = [c for c in distinct(self.class_ids).tolist() if text in name_of(c).casefold()]
        sources = self._of_takes(lambda take: text in take.source.casefold())
        said: Flags = np.isin(self.ids, np.array(noted, np.int64)) | np.isin(self.class_ids, np.array(named, np.int64))
        return said | sources

    def _ordered(self, rows: Ids, order: str, name_of: Callable[[int], str]) -> Ids:
        """Places among `rows`; what is equal stands newest first, but where the oldest are asked for."""
        here, ends, ids = self.here[rows], self.ends[rows], self.ids[rows]
        # Clocks of earlier runs say nothing beside that of this one: their takes are in the order of their numbers.
        run = np.where(here, 0, self.take_ids[rows])
        newest = (-ids, -ends, -run, ~here)
        if order in (OLDEST, NEWEST) and _ascend(here, run, ends):
            # As they mostly are: labelled in the order in which they happened.
            return np.arange(len(rows)) if order == OLDEST else np.arange(len(rows))[::-1]
        if order == OLDEST:
            return np.lexsort((ids, ends, run, here))
        if order == BY_TAKE:
            return np.lexsort((*newest, -self.take_ids[rows]))
        if order == BY_CLASS:
            names = sorted(distinct(self.class_ids[rows]).tolist(), key=lambda c: (name_of(c).casefold(), c))
            place = {class_id: number for number, class_id in enumerate(names)}
            return np.lexsort((*newest, np.array([place[c] for c in self.class_ids[rows].tolist()], np.int64)))
        if order in (LEAST_SURE, MOST_SURE):
            sure = np.nan_to_num(self.sure[rows], nan=np.inf if order == LEAST_SURE else -np.inf)
            return np.lexsort((*newest, sure if order == LEAST_SURE else -sure))
        return np.lexsort(newest)

    def is_unsure(self, row: int) -> bool:
        """Whether the serving version answers this one with no class."""
        return bool(self.answered[row] == UNSURE) and not np.isnan(self.sure[row])


def _ascend(*keys: npt.NDArray[Any]) -> bool:
    """Whether rows are in ascending order by keys (n,), the first key first."""
    equal = np.ones(max(0, len(keys[0]) - 1), bool)
    for key in keys:
        before, after = key[:-1], key[1:]
        if (equal & (after < before)).any():
            return False
        equal &= after == before
    return True


@dataclass(frozen=True, slots=True)
class ClassQuality:
    """One class's examples in figures: `marks` has how many are what, of `MARKS`; `judged` of how many neighbours tell
    whether they are likely mislabelled.
    """

    class_id: int
    count: int
    learnable: int
    takes: int
    judged: int
    marks: Mapping[str, int]


def quality_of(columns: Columns, class_ids: Sequence[int], analysis: Analysis | None) -> list[ClassQuality]:
    """The figures of these classes, in this order."""
    known = distinct(columns.class_ids)
    places = np.searchsorted(known, columns.class_ids)

    def count(flags: Flags) -> dict[int, int]:
        return dict(zip(known.tolist(), np.bincount(places[flags], minlength=len(known)).tolist(), strict=True))

    judged = count((analysis or Analysis()).enough(columns.ids, columns.class_ids))
    every, learnable = count(np.ones(len(columns), bool)), count(columns.learn)
    marks = {name: count(flag) for name, flag in columns.flags.items()}
    return [
        ClassQuality(
            class_id,
            every.get(class_id, 0),
            learnable.get(class_id, 0),
            len(distinct(columns.take_ids[columns.class_ids == class_id])),
            judged.get(class_id, 0),
            {name: counts.get(class_id, 0) for name, counts in marks.items()},
        )
        for class_id in class_ids
    ]


def imbalance_of(quality: Sequence[ClassQuality], name_of: Callable[[int], str]) -> str:
    """One sentence where classes are short of examples, with the rule and the numbers; "" where none is."""
    most = max(quality, key=lambda q: q.learnable, default=None)
    if most is None:
        return ""
    short = [q for q in quality if 0 < q.learnable * IMBALANCE < most.learnable]
    if not short:
        return ""
    named = [f"{name_of(q.class_id)} ({q.learnable:,})" for q in sorted(short, key=lambda q: q.learnable)]
    words = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    has = "has" if len(named) == 1 else "have"
    return (
        f"{words} {has} less than a third of the learned windows of {name_of(most.class_id)} ({most.learnable:,}): "
        "record more."
    )
