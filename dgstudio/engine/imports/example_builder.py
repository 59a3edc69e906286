"""The examples of an import, made of what was planned: features of its windows, or the rows of its table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dgstudio.engine.imports.plan import ImportPlan
from dgstudio.guard.limits import LABEL
from dgstudio.guard.texts import plain_text
from dgstudio.records import dataclass
from dgstudio.session.format.rows import NO_LABEL
from dgstudio.streams.features import Features
from dgstudio.streams.imports.watch import Watch
from dgstudio.streams.plugins.own_features import features_of
from dgstudio.types import F32, F64, Example, LabelledBy, Take

BLOCK = 256
"""Examples that are made, and written, at a time."""


@dataclass(slots=True, eq=False)
class ExampleBlock:
    """Some examples of an import, without ids: `features` (m, d), `raws` one a row; `first` is the place of one."""

    first: int
    features: F32
    raws: list[F32 | None]


def blocks_of(plan: ImportPlan, watch: Watch) -> Iterator[ExampleBlock]:
    """Make the features of a plan's examples, a block at a time; raises `Stopped` if `watch` says so."""
    features = None if plan.cut is None else features_of(plan.target.spec)
    for first in range(0, plan.total, BLOCK):
        rows = range(first, min(first + BLOCK, plan.total))
        if features is None:
            yield _of_table(plan, rows)
        else:
            yield _of_windows(plan, rows, features)
        watch.at(rows.stop / plan.total)


def _of_table(plan: ImportPlan, places: range) -> ExampleBlock:
    assert plan.X is not None, "planned as features"
    rows, raws = plan.rows[places.start : places.stop], plan.table.raws
    kept = [None] * len(rows) if raws is None else [raws[row] for row in rows.tolist()]
    return ExampleBlock(places.start, plan.X[rows], kept)


def _of_windows(plan: ImportPlan, places: range, features: Features) -> ExampleBlock:
    cut, window = plan.cut, plan.target.spec.window
    assert cut is not None, "planned as samples"
    made = np.empty((len(places), features.dim), np.float32)
    raws: list[F32 | None] = []
    for i, place in enumerate(places):
        end = int(cut.ends[place])
        piece = cut.pieces[int(cut.piece[place])][end - window : end]
        made[i] = features(piece)
        raws.append(piece.copy() if cut.apart[place] else None)
    return ExampleBlock(places.start, made, raws)


def examples_of(plan: ImportPlan, block: ExampleBlock, first_example: int, first_take: int) -> list[Example]:
    """Give the examples of a block their ids; their class is `NO_LABEL` until the import is done."""
    places = slice(block.first, block.first + len(block.features))
    starts, ends = (times[places] for times in _times(plan))
    block.features.setflags(write=False)
    return [
        Example(
            id=first_example + place,
            class_id=NO_LABEL,
            take_id=first_take + int(plan.takes[place]),
            features=features,
            start=float(start),
            end=float(end),
            learn=bool(plan.learn[place]),
            raw=raw,
        )
        for place, features, start, end, raw in zip(
            range(places.start, places.stop), block.features, starts, ends, block.raws, strict=True
        )
    ]


def takes_of(plan: ImportPlan, class_ids: Sequence[int], first_take: int, unix: float) -> list[Take]:
    """The takes of the examples, each with the class of its first one."""
    starts, ends = _times(plan)
    numbers, first, counts = np.unique(plan.takes, return_index=True, return_counts=True)
    begin, end = np.full(len(numbers), np.inf), np.full(len(numbers), -np.inf)
    places = np.searchsorted(numbers, plan.takes)
    np.minimum.at(begin, places, starts)
    np.maximum.at(end, places, ends)
    labels = plan.label_of[first].tolist()
    return [
        Take(
            id=first_take + number,
            class_id=class_ids[label],
            start=float(begin[i]),
            end=float(end[i]),
            source=plain_text(plan.table.path.name, LABEL),
            who=LabelledBy.IMPORT,
            created_unix=unix,
            examples=int(counts[i]),
        )
        for i, (number, label) in enumerate(zip(numbers.tolist(), labels, strict=True))
    ]


def _times(plan: ImportPlan) -> tuple[F64, F64]:
    """Seconds of the file at which each example begins and ends."""
    spec = plan.target.spec
    start, end = plan.table.column("start"), plan.table.column("end")
    if plan.cut is None and end is not None and start is not None:
        return np.nan_to_num(start.values()[plan.rows]), np.nan_to_num(end.values()[plan.rows])
    # The rows of a table without times follow each other as hops do.
    ends: F64 = plan.rows.astype(np.float64) * spec.hop_s + spec.window_s
    if plan.cut is not None:
        ends = plan.cut.since + plan.cut.ends.astype(np.float64) / spec.rate
    return np.subtract(ends, spec.window_s), ends
