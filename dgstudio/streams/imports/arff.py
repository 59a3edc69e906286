"""ARFF files to be imported: flat ones as Weka writes them, and takes in relational attributes as in the UEA archive.

Our own reader, since scipy's keeps no line numbers, stops at the first bad cell, and reads no sparse rows.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.guard.limits import CHUNK_CELLS, IMPORT_CELLS, LABEL
from dgstudio.reasons.noted import TakesHeld
from dgstudio.reasons.reason import shortened
from dgstudio.reasons.wrong_lines import (
    LengthOf,
    NoNumberInRelation,
    NotDeclared,
    NotSparse,
    OtherChannels,
    RelationUneven,
    RowOfOtherLength,
)
from dgstudio.records import dataclass
from dgstudio.streams.imports.table import PREVIEW, ImportTable, Problems, shown
from dgstudio.streams.imports.watch import Watch
from dgstudio.streams.tables.columns import Categories, Column, name_in, number_in, require_columns, too_many_cells
from dgstudio.types import F64

CHUNK = 256
NAME = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s{]+"""
ATTRIBUTE = re.compile(rf"@attribute\s+({NAME})\s*(.+)", re.IGNORECASE)
QUOTED = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*(?:,|$)""")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
NUMERIC = ("numeric", "real", "integer")
MISSING = "?"


@dataclass(slots=True)
class _Attribute:
    """A column: `values` are those of a nominal one, in order; `inner` the columns of a relational one."""

    name: str
    kind: str
    values: dict[str, None] = field(default_factory=dict)
    inner: list[_Attribute] = field(default_factory=list)


def read_arff(path: Path, file: io.TextIOWrapper, channels: int, watch: Watch) -> ImportTable:
    """Read an ARFF file, flat or with takes in one relational attribute.

    Of takes, the rows of a bag are its channels, as in the UEA archive, unless the bag has as many columns as the
    stream has channels and another number of rows.

    Raises
    ------
    BadInputError
        If it has no attributes or no data, or more than one relational attribute.
    """
    with file:
        lines = enumerate(file, 1)
        attributes = _header(path, lines)
        if sum(attribute.kind == "relational" for attribute in attributes) > 1:
            raise BadInputError(f"{path.name} has more than one relational attribute: one can be imported.")
        problems = Problems()
        rows = _rows(lines, attributes, problems)
        if any(attribute.kind == "relational" for attribute in attributes):
            return _takes(path, attributes, rows, problems, channels, watch)
        return _flat(path, attributes, rows, problems, watch)


def _header(path: Path, lines: Iterator[tuple[int, str]]) -> list[_Attribute]:
    attributes: list[_Attribute] = []
    outer: list[_Attribute] | None = None
    for number, line in lines:
        text = line.strip()
        word = text.split(None, 1)[0].lower() if text else ""
        require_columns(path, len(attributes))
        if word == "@data":
            if not attributes or outer is not None:
                break
            return attributes
        if word == "@end" and outer is not None:
            attributes, outer = outer, None
        elif word == "@attribute":
            attribute = _attribute(path, number, text)
            attributes.append(attribute)
            if attribute.kind == "relational":
                if outer is not None:
                    raise BadInputError(f"Line {number} of {path.name}: a relation inside a relation is not read.")
                outer, attributes = attributes, attribute.inner
    raise BadInputError(f"{path.name} is no ARFF file: it has no attributes, or no @data after them.")


def _attribute(path: Path, number: int, text: str) -> _Attribute:
    found = ATTRIBUTE.match(text)
    if found is None:
        raise BadInputError(f"Line {number} of {path.name} is no attribute (“{shortened(text)}”): name and type.")
    name, kind = name_in(_plain(found[1]), LABEL), found[2]
    if kind.startswith("{"):
        return _Attribute(name, "nominal", dict.fromkeys(_cells(kind.strip("{} \t"))))
    kind = kind.split()[0].lower()
    if kind in NUMERIC:
        return _Attribute(name, "numeric")
    return _Attribute(name, kind if kind == "relational" else "string")


def _rows(
    lines: Iterator[tuple[int, str]], attributes: list[_Attribute], problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of each row, "?" where one is missing; what is no row becomes a problem."""
    for number, line in lines:
        text = line.strip()
        if not text or text.startswith("%"):
            continue
        cells = _sparse(text, attributes) if text.startswith("{") else _cells(text)
        if cells is None:
            problems.add(number, NotSparse())
        elif len(cells) != len(attributes):
            problems.add(number, RowOfOtherLength(len(cells), len(attributes), LengthOf.ATTRIBUTES))
        else:
            yield number, cells


def _cells(text: str) -> list[str]:
    if "'" not in text and '"' not in text:
        return [cell.strip() for cell in text.split(",")]
    cells, place = [], 0
    while place < len(text):
        found = QUOTED.match(text, place)
        if found is not None:
            cells.append(_plain(found[1]))
            place = found.end()
            continue
        stop = text.find(",", place)
        stop = len(text) if stop < 0 else stop
        cells.append(_plain(text[place:stop].strip()))
        place = stop + 1
    if text.rstrip().endswith(","):
        cells.append("")
    return cells


def _sparse(text: str, attributes: list[_Attribute]) -> list[str] | None:
    """The cells of "{1 walk, 4 0.5}": what is not named is 0, or the first value of a nominal attribute."""
    cells = [next(iter(a.values), "0") if a.kind == "nominal" else "0" for a in attributes]
    inside = text.strip("{} \t")
    for entry in _cells(inside) if inside else []:
        place, _, value = entry.partition(" ")
        if not (place.isascii() and place.isdigit() and len(place) < 10) or int(place) >= len(cells):
            return None
        cells[int(place)] = _plain(value.strip())
    return cells


def _plain(cell: str) -> str:
    """A cell without its quotation marks and escapes."""
    if len(cell) > 1 and cell[0] in "'\"" and cell[-1] == cell[0]:
        return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), cell[1:-1])
    return cell


def _flat(
    path: Path, attributes: list[_Attribute], rows: Iterator[tuple[int, list[str]]], problems: Problems, watch: Watch
) -> ImportTable:
    columns = [Column(a.name, named=a.kind != "numeric", guess=True) for a in attributes]
    lines: list[int] = []
    preview: list[tuple[str, ...]] = []
    nominal = [(place, a) for place, a in enumerate(attributes) if a.kind == "nominal"]
    pending: list[list[str]] = []
    for line, cells in rows:
        for place, attribute in nominal:
            cells[place] = _value(attribute, cells[place], line, problems)
        lines.append(line)
        pending.append(cells)
        preview += [tuple(cells)] if len(preview) < PREVIEW else []
        if len(pending) == CHUNK or len(pending) * len(columns) >= CHUNK_CELLS:
            _add(columns, pending)
            watch.at(min(0.95, 0.1 + len(lines) * 1e-5))
            if len(lines) * len(columns) > IMPORT_CELLS:
                raise too_many_cells(path, IMPORT_CELLS)
    _add(columns, pending)
    return ImportTable(path, "ARFF", columns, np.asarray(lines, np.int64), preview, problems)


def _add(columns: list[Column], pending: list[list[str]]) -> None:
    if pending:
        for column, cells in zip(columns, zip(*pending, strict=True), strict=True):
            column.add(cells)
        pending.clear()


def _value(attribute: _Attribute, cell: str, line: int, problems: Problems) -> str:
    """The value of a nominal attribute, "" where it is missing or none of those that were declared."""
    if cell == MISSING:
        return ""
    if attribute.values and cell not in attribute.values:
        problems.add(line, NotDeclared(cell, attribute.name))
        return ""
    return cell


def _takes(
    path: Path,
    attributes: list[_Attribute],
    rows: Iterator[tuple[int, list[str]]],
    problems: Problems,
    channels: int,
    watch: Watch,
) -> ImportTable:
    """A table of samples: each bag is a take, its label stands beside each of its samples."""
    place = next(i for i, a in enumerate(attributes) if a.kind == "relational")
    inner, others = attributes[place].inner, [(i, a) for i, a in enumerate(attributes) if i != place]
    bags: list[F64] = []
    lines: list[int] = []
    beside: list[list[str]] = []
    cells_read = 0
    for line, cells in rows:
        bag = _bag(cells[place], line, problems, len(inner))
        if bag is not None:
            bags.append(bag)
            lines.append(line)
            beside.append([_value(a, cells[i], line, problems) if a.kind == "nominal" else cells[i] for i, a in others])
        watch.at(min(0.95, 0.1 + len(lines) * 1e-3))
        if bag is not None:
            cells_read += bag.size
        if cells_read > IMPORT_CELLS:
            raise too_many_cells(path, IMPORT_CELLS)
    if not bags:
        raise BadInputError(f"{path.name} has no takes that can be read: {_first_of(problems)}")
    samples_in_rows = len(inner) == channels and len(bags[0]) != channels
    kept = _alike([bag if samples_in_rows else bag.T for bag in bags], lines, problems)
    names = [a.name for a in inner] if samples_in_rows else [f"ch{i + 1}" for i in range(kept[0][1].shape[1])]
    counts = np.asarray([len(bag) for _, bag in kept])
    stacked = np.concatenate([bag for _, bag in kept])
    columns = [Column.of_numbers(name, stacked[:, i]) for i, name in enumerate(names)]
    for number, (_, attribute) in enumerate(others):
        column = Column(attribute.name, named=True)
        column.add([beside[i][number] for i, _ in kept])
        given = column.categories()
        columns.append(Column.of_names(attribute.name, Categories(np.repeat(given.codes, counts), given.names)))
    codes = np.repeat(np.arange(len(kept), dtype=np.int32), counts)
    columns.append(Column.of_names("take", Categories(codes, tuple(str(i) for i in range(len(kept))))))
    where = np.repeat(np.asarray([lines[i] for i, _ in kept], np.int64), counts)
    first = [*map(shown, beside[kept[0][0]]), "0"]
    preview = [(*map(shown, map(float, row)), *first) for row in stacked[: min(PREVIEW, int(counts[0]))]]
    note = TakesHeld(len(kept), int(counts.min()), int(counts.max()), len(names))
    return ImportTable(path, "ARFF", columns, where, preview, problems, [note])


def _bag(cell: str, line: int, problems: Problems, wide: int) -> F64 | None:
    """The numbers of a bag (rows, columns), NaN where one is missing; None, with a problem, where it is none."""
    rows = [row.split(",") for row in cell.split("\n") if row.strip()]
    if not rows or any(len(row) != len(rows[0]) for row in rows) or len(rows[0]) > wide:
        problems.add(line, RelationUneven())
        return None
    try:
        return np.asarray(rows, np.float64)
    except ValueError:
        pass
    bag = np.full((len(rows), len(rows[0])), np.nan)
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            number = number_in(value)
            if number is not None:
                bag[i, j] = number
            elif value.strip() != MISSING:
                problems.add(line, NoNumberInRelation(value))
    return bag


def _alike(bags: list[F64], lines: list[int], problems: Problems) -> list[tuple[int, F64]]:
    """Those takes that have as many channels as the first, by their numbers."""
    wide = bags[0].shape[1]
    for bag, line in zip(bags, lines, strict=True):
        if bag.shape[1] != wide:
            problems.add(line, OtherChannels(bag.shape[1], wide))
    return [(i, bag) for i, bag in enumerate(bags) if bag.shape[1] == wide]


def _first_of(problems: Problems) -> str:
    if not problems.told:
        return "there is nothing after @data."
    return f"line {problems.told[0].line} {problems.told[0].what.words}."
