"""What an import would bring, before it is done: how many examples of which class, and what is wrong with what."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import field

import numpy as np
import numpy.typing as npt

from dgstudio.engine.imports.column_mapping import FEATURES, Choices, Target, numeric_columns
from dgstudio.engine.imports.windows import Cut, cut_windows
from dgstudio.engine.runtime.class_table import clean_name
from dgstudio.errors import BadInputError
from dgstudio.reasons.noted import (
    ChannelsNamedOtherwise,
    ColumnsToSpare,
    FeaturesByPlace,
    FeaturesReordered,
    Note,
    RowsWithoutLabel,
    SomeLearned,
    ValuesMissing,
)
from dgstudio.reasons.reason import how_many
from dgstudio.reasons.wrong_lines import CellNoNumber, NoNameOfAClass, NoValue, Outcome, ValueTooLarge, WrongLine
from dgstudio.records import dataclass
from dgstudio.session.format.rows import NO_LABEL
from dgstudio.streams.imports.table import ImportTable, Problems
from dgstudio.streams.imports.watch import Watch
from dgstudio.streams.recordings.timing import missing
from dgstudio.streams.tables.columns import Categories, Column
from dgstudio.types import F32, I32

MOST_CLASSES = 100
"""More different labels than this are numbers, not classes."""
MOST_LEARNED = 600
"""Examples of one import that are learned, spread evenly; the others are kept. A bank holds 1,000."""

Flags = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How many examples of one class an import brings, how many of them are learned, and whether it makes the class."""

    name: str
    count: int
    learned: int
    new: bool


@dataclass(slots=True, eq=False)
class ImportPlan:
    """What an import would do. `blocker` says why it cannot be done; empty: it can.

    Attributes
    ----------
    classes : what comes of each class, in the order in which the file names them.
    problems : what is wrong with lines, those that the file itself has too.
    notes : what the user should know.
    cut : the windows of samples; None of features.
    rows : (n,) the rows of the table that become examples; of features only.
    label_of : (n,) int32, for each example its place in `classes`.
    takes : (n,) int64, for each example its take, counted from 0.
    learn : (n,) bool.
    """

    table: ImportTable
    choices: Choices
    target: Target
    blocker: str = ""
    classes: tuple[ClassCount, ...] = ()
    problems: Problems = field(default_factory=Problems)
    notes: list[Note] = field(default_factory=list)
    cut: Cut | None = None
    X: F32 | None = None
    rows: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    label_of: I32 = field(default_factory=lambda: np.zeros(0, np.int32))
    takes: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    learn: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))

    @property
    def total(self) -> int:
        """Examples that it brings."""
        return len(self.label_of)


def plan_import(table: ImportTable, choices: Choices, target: Target, watch: Watch) -> ImportPlan:
    """Work out what an import would bring. Any thread; raises `Stopped` if `watch` says so."""
    plan = ImportPlan(table, choices, target)
    plan.problems = Problems(list(table.problems.told), table.problems.count)
    plan.notes += table.notes
    try:
        labels, names = _labels(plan)
        if choices.shape == FEATURES:
            _plan_features(plan, labels, watch)
        else:
            _plan_samples(plan, labels, watch)
        _count(plan, names)
    except BadInputError as error:
        plan.blocker = str(error)
    plan.problems.told.sort(key=lambda problem: problem.line)
    return plan


def _labels(plan: ImportPlan) -> tuple[I32, list[str]]:
    """For each row its place among the classes, `NO_LABEL` where it has none; and the names of the classes."""
    table, column = plan.table, plan.table.column(plan.choices.label)
    if column is None:
        raise BadInputError("Choose the column that holds the labels.")
    labels = column.categories()
    known = [code for code, name in enumerate(labels.names) if not _unlabelled(name)]
    used = np.unique(labels.codes)
    if len(np.intersect1d(used, known)) > MOST_CLASSES:
        raise BadInputError(
            f"“{column.name}” has {len(known):,} different values: those are numbers, not classes. Choose another "
            "column for the labels."
        )
    names: list[str] = []
    places: dict[str, int] = {}
    of_code = np.full(len(labels.names), NO_LABEL, np.int32)
    for code in known:
        try:
            name = clean_name(labels.names[code])
        except BadInputError as error:
            rows = np.flatnonzero(labels.codes == code)
            if len(rows):
                wrong = NoNameOfAClass(labels.names[code], len(rows), str(error))
                plan.problems.add(int(table.lines[rows[0]]), wrong)
            continue
        key = name.casefold()
        if key not in places:
            places[key] = len(names)
            names.append(next((own for own in plan.target.classes if own.casefold() == key), name))
        of_code[code] = places[key]
    result: I32 = of_code[labels.codes]
    without = int(np.count_nonzero(np.isin(labels.codes, [c for c in used if c not in known])))
    if without == len(result):
        raise BadInputError(f"No row has a label in “{column.name}”: choose another column.")
    if without:
        plan.notes.append(RowsWithoutLabel(without, len(result)))
    return result, names


def _unlabelled(name: str) -> bool:
    return missing(name) or name == "?"


# -- features --------------------------------------------------------------------------------------------------------


def _plan_features(plan: ImportPlan, labels: I32, watch: Watch) -> None:
    table = plan.table
    columns = _feature_columns(plan)
    X = np.empty((len(table), len(columns)), np.float32)
    with np.errstate(over="ignore"):
        for i, column in enumerate(columns):
            X[:, i] = column.values()
            watch.at(i / len(columns))
    good = np.isfinite(X).all(axis=1)
    for row in np.flatnonzero(~good & (labels != NO_LABEL)).tolist():
        if len(plan.problems.told) == plan.problems.count or row % 64 == 0:
            watch.at(1.0)
        column = columns[int(np.argmax(~np.isfinite(X[row])))]
        plan.problems.add(int(table.lines[row]), _bad_cell(column, row))
    plan.rows = np.flatnonzero(good & (labels != NO_LABEL))
    plan.X = X
    plan.label_of = labels[plan.rows]
    take = table.column(plan.choices.take)
    plan.takes = _numbered(take.categories() if take is not None else None, plan.rows, plan.label_of)
    learned = table.column("learned")
    wanted = np.ones(len(plan.rows), np.bool_) if learned is None else learned.values()[plan.rows] != 0
    plan.learn = _spread(wanted, plan.label_of, plan.notes)


def _feature_columns(plan: ImportPlan) -> list[Column]:
    """The columns of the features in the order of this model's, by name, else by place."""
    target, table = plan.target.features, plan.table
    by_name = {column.name: column for column in table.columns}
    if all(name in by_name for name in target):
        columns = [by_name[name] for name in target]
        if [column for column in table.columns if column.name in target] != columns:
            plan.notes.append(FeaturesReordered())
        return columns
    columns = numeric_columns(table, plan.choices)
    named = sum(name in by_name for name in target)
    if len(columns) != len(target):
        lacks = next(name for name in target if name not in by_name)
        raise BadInputError(
            f"This model takes {len(target)} features, and {table.path.name} has {how_many(len(columns), 'column')} "
            f"of numbers{f', without “{lacks}”' if named else ''}: its examples are of another kind."
        )
    if named or table.of_features:
        other = next(column.name for column in columns if column.name not in target)
        raise BadInputError(
            f"{table.path.name} has as many features as this model takes, but other ones, “{other}” among them: its "
            "examples are of another kind."
        )
    plan.notes.append(FeaturesByPlace(len(target)))
    return columns


def _bad_cell(column: Column, row: int) -> WrongLine:
    word = column.bad.get(row)
    if word is not None:
        return CellNoNumber(word, column.name, Outcome.LEFT_OUT)
    value = float(column.values()[row])
    return NoValue(column.name) if math.isnan(value) else ValueTooLarge(column.name, value)


def _numbered(takes: Categories | None, rows: I64, label_of: I32) -> I64:
    """Number the takes of examples: the file's own, one for each class in it; else one a class."""
    codes = np.zeros(len(rows), np.int64) if takes is None else takes.codes[rows].astype(np.int64)
    pairs = codes * (int(label_of.max(initial=0)) + 1) + label_of
    numbers: I64 = np.unique(pairs, return_inverse=True)[1].astype(np.int64)
    return numbers


# -- samples ---------------------------------------------------------------------------------------------------------


def _plan_samples(plan: ImportPlan, labels: I32, watch: Watch) -> None:
    channels = _channel_columns(plan)
    values = np.empty((len(plan.table), len(channels)), np.float32)
    with np.errstate(over="ignore"):
        for i, column in enumerate(channels):
            values[:, i] = column.values()
            watch.at(0.3 * i / len(channels))
    _tell_bad_samples(plan, channels, values)
    cut = plan.cut = cut_windows(plan.table, plan.choices, plan.target.spec, values, labels, plan.notes, watch)
    plan.label_of, plan.takes = cut.labels, cut.takes
    plan.learn = _spread(cut.learnable, plan.label_of, plan.notes)
    if not plan.total:
        window = plan.target.spec.window_s
        raise BadInputError(f"Nothing labelled is as long as a window of this stream ({window:g} s): nothing comes.")


def _channel_columns(plan: ImportPlan) -> list[Column]:
    names, choices, table = plan.target.spec.channels, plan.choices, plan.table
    has = numeric_columns(table, choices)
    chosen = [table.column(name) for name in choices.channels]
    lacking = [name for name, column in zip(names, chosen, strict=False) if column is None]
    if len(chosen) != len(names) or lacking:
        first = (lacking or list(names))[0]
        raise BadInputError(
            f"The stream has {how_many(len(names), 'channel')}, {table.path.name} has "
            f"{how_many(len(has), 'column')} of numbers: choose the column for “{first}”."
        )
    columns = [column for column in chosen if column is not None]
    if len({column.name for column in columns}) < len(columns):
        double = next(c.name for i, c in enumerate(columns) if c.name in [b.name for b in columns[:i]])
        raise BadInputError(f"“{double}” is chosen for two channels: choose another column for one of them.")
    if len(has) > len(names):
        plan.notes.append(ColumnsToSpare(len(has), len(names)))
    if [column.name.casefold() for column in columns] != [name.casefold() for name in names]:
        pairs = tuple((column.name, name) for column, name in zip(columns, names, strict=True))
        plan.notes.append(ChannelsNamedOtherwise(pairs))
    return columns


def _tell_bad_samples(plan: ImportPlan, channels: Sequence[Column], values: F32) -> None:
    for column in channels:
        for row, word in column.bad.items():
            wrong = CellNoNumber(word, column.name, Outcome.AS_MISSING)
            plan.problems.add(int(plan.table.lines[row]), wrong)
        plan.problems.count += column.words - len(column.bad)
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        plan.notes.append(ValuesMissing(bad, values.size))


# -- both ------------------------------------------------------------------------------------------------------------


def _spread(wanted: Flags, label_of: I32, notes: list[Note]) -> Flags:
    """Of those that may be learned at most `MOST_LEARNED`, evenly over classes and within each."""
    total = int(np.count_nonzero(wanted))
    if total <= MOST_LEARNED:
        return wanted
    rows = [np.flatnonzero(wanted & (label_of == code)) for code in np.unique(label_of).tolist()]
    shares = _fair(MOST_LEARNED, [len(mine) for mine in rows])
    learn = np.zeros(len(wanted), np.bool_)
    for mine, share in zip(rows, shares, strict=True):
        if share:
            learn[mine[np.linspace(0, len(mine) - 1, share).astype(np.int64)]] = True
    notes.append(SomeLearned(int(learn.sum())))
    return learn


def _fair(room: int, wishes: Sequence[int]) -> list[int]:
    """Share room out: who wishes for less than an even share gets its wish, the others share the rest."""
    shares = [0] * len(wishes)
    order = sorted(range(len(wishes)), key=lambda i: wishes[i])
    for done, i in enumerate(order):
        shares[i] = min(wishes[i], room // (len(order) - done))
        room -= shares[i]
    return shares


def _count(plan: ImportPlan, names: Iterable[str]) -> None:
    known = {name.casefold() for name in plan.target.classes}
    listed = list(names)
    counts = np.bincount(plan.label_of, minlength=len(listed))
    learned = np.bincount(plan.label_of[plan.learn], minlength=len(listed))
    plan.classes = tuple(
        ClassCount(name, int(counts[i]), int(learned[i]), name.casefold() not in known) for i, name in enumerate(listed)
    )
    if not plan.total:
        raise BadInputError("No row can become an example: what is wrong with them is listed.")
