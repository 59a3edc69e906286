"""What an import has to fit, and what the user chooses of a file: which columns mean what. With a first guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dgstudio.records import dataclass
from dgstudio.streams.imports.table import ImportTable
from dgstudio.streams.tables.columns import Column
from dgstudio.streams.tables.table import LABEL_NAMES, TIME_NAMES
from dgstudio.types import StreamSpec

SAMPLES, FEATURES = "samples", "features"
TAKES = ("take", "takes")
OF_EXPORTS = frozenset({"id", "ids", "start", "end", "who", "source", "learned", "note", "class_ids"})
"""What *Export examples* tells of each example besides its features."""
ASIDE = frozenset({*TAKES, *TIME_NAMES, *OF_EXPORTS, "notes", "split", "index"})
"""Columns, in lower case, that hold no channel and no feature."""


@dataclass(frozen=True, slots=True)
class Target:
    """What examples have to be like to be this session's own: its stream, its features, its living classes."""

    spec: StreamSpec
    features: tuple[str, ...]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choices:
    """Which columns of a file mean what.

    Attributes
    ----------
    shape : `SAMPLES` (windows are cut) or `FEATURES` (a row is an example).
    label, time, take : names of columns, or None.
    rate : samples a second of a file without times; None: as the stream.
    channels : for each channel of the stream the column that holds it, or None. Of samples only.
    """

    shape: str = SAMPLES
    label: str | None = None
    time: str | None = None
    rate: float | None = None
    take: str | None = None
    channels: tuple[str | None, ...] = ()


def numeric_columns(table: ImportTable, choices: Choices) -> list[Column]:
    """Return the columns that may hold channels or features, in the order of the file."""
    special = (choices.label, choices.time, choices.take)
    return [
        column
        for column in table.columns
        if column.name not in special and column.name.lower() not in ASIDE and column.numbers
    ]


def guessed(table: ImportTable, target: Target) -> Choices:
    """Return what the columns most likely mean, by their names, else by their places."""
    label = table.called(*LABEL_NAMES, "y")
    if label is None:
        # One column of words among numbers says what the rows are.
        words = [c for c in table.columns if c.words and not c.numbers and c.name.lower() not in ASIDE]
        label = words[-1] if words else None
    time, take = table.called(*TIME_NAMES), table.called(*TAKES)
    choices = Choices(
        label=None if label is None else label.name,
        time=None if time is None or not time.numbers else time.name,
        take=None if take is None else take.name,
    )
    names = {column.name for column in table.columns}
    numeric = numeric_columns(table, choices)
    own, features = len(target.spec.channels), len(target.features)
    if table.of_features or names.issuperset(target.features) or (len(numeric) == features != own):
        return replace(choices, shape=FEATURES)
    return replace(choices, channels=matched(numeric, target.spec.channels))


def matched(columns: Sequence[Column], channels: Sequence[str]) -> tuple[str | None, ...]:
    """Return for each channel the column of its name (however it is written); by place where none has one."""
    by_name = {column.name.casefold(): column.name for column in reversed(columns)}
    named = [by_name.get(channel.casefold()) for channel in channels]
    if any(named):
        return tuple(named)
    placed: list[str | None] = [column.name for column in columns[: len(channels)]]
    return tuple(placed + [None] * (len(channels) - len(placed)))
