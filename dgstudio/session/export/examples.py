"""The examples that stand, as a table: CSV for people and spreadsheets, NPZ for programs."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.guard.limits import LABEL
from dgstudio.guard.texts import cell_text, plain_text
from dgstudio.records import dataclass
from dgstudio.session.export.atomic_write import write_whole
from dgstudio.session.file import Session
from dgstudio.session.restore import FEATURES
from dgstudio.types import F32, F64

COLUMNS = ("id", "class", "take", "start", "end", "who", "source", "learned", "note")
"""Columns of the CSV file before those of the features."""

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ExampleRows:
    """The examples that stand, by id: those that were not taken back, of classes that live.

    `X` (n, d) float32 raw features; `y` (n,) places in `class_names`; `ids`, `takes` (n,); `starts`, `ends` (n,)
    seconds of stream time; `who` and `sources` (n,) texts of their takes; `learned` (n,) whether it goes to the
    learner, or is only stored and scored; `notes` (n,) the user's notes, "" for none. `left_out` counts
    examples of classes that were removed.
    """

    X: F32
    y: Ids
    class_names: tuple[str, ...]
    class_ids: tuple[int, ...]
    feature_names: tuple[str, ...]
    ids: Ids
    takes: Ids
    starts: F64
    ends: F64
    who: tuple[str, ...]
    sources: tuple[str, ...]
    learned: npt.NDArray[np.bool_]
    notes: tuple[str, ...]
    left_out: int

    @classmethod
    def of(cls, session: Session) -> ExampleRows:
        """Collect them. `BadInputError` where there are none, or they are not of one kind."""
        takes = {take.id: take for take in session.takes()}
        living = [info for info in session.classes() if info.living]
        places = {info.id: place for place, info in enumerate(living)}
        every = session.examples()
        examples = [example for example in every if example.class_id in places]
        if not examples:
            raise BadInputError(f"The session {session.name} has no examples: label something before exporting them.")
        lengths = {len(example.features) for example in examples}
        if len(lengths) > 1:
            raise BadInputError(
                f"The examples of the session {session.name} have different numbers of features ({sorted(lengths)}): "
                "they cannot stand in one table."
            )
        named = [takes.get(example.take_id) for example in examples]
        notes = session.notes()
        return cls(
            X=np.stack([example.features for example in examples]),
            y=np.asarray([places[example.class_id] for example in examples], np.int64),
            class_names=tuple(info.name for info in living),
            class_ids=tuple(info.id for info in living),
            feature_names=feature_names(session, lengths.pop()),
            ids=np.asarray([example.id for example in examples], np.int64),
            takes=np.asarray([example.take_id for example in examples], np.int64),
            starts=np.asarray([example.start for example in examples], np.float64),
            ends=np.asarray([example.end for example in examples], np.float64),
            who=tuple("" if take is None else take.who for take in named),
            sources=tuple("" if take is None else take.source for take in named),
            learned=np.asarray([example.learn for example in examples], np.bool_),
            notes=tuple(notes.get(example.id, "") for example in examples),
            left_out=len(every) - len(examples),
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays of the NPZ file, described in docs/session-format.md."""
        return {
            "X": self.X,
            "y": self.y,
            "class_names": np.asarray(self.class_names, np.str_),
            "class_ids": np.asarray(self.class_ids, np.int64),
            "feature_names": np.asarray(self.feature_names, np.str_),
            "ids": self.ids,
            "takes": self.takes,
            "start": self.starts,
            "end": self.ends,
            "who": np.asarray(self.who, np.str_),
            "source": np.asarray(self.sources, np.str_),
            "learned": self.learned,
            "note": np.asarray(self.notes, np.str_),
        }

    def rows(self) -> Iterator[list[object]]:
        """The lines of the CSV file, the header first; features as short as they can be without losing a bit.

        No text in it is taken for a formula by a spreadsheet.
        """
        yield [*COLUMNS, *map(cell_text, self.feature_names)]
        about = zip(self.ids, self.y, self.takes, self.starts, self.ends, strict=True)
        for place, (identity, y, take, start, end) in enumerate(about):
            told = [identity, cell_text(self.class_names[y]), take, float(start), float(end)]
            told += [cell_text(self.who[place]), cell_text(self.sources[place])]
            told += [int(self.learned[place]), cell_text(self.notes[place])]
            yield [*told, *map(str, self.X[place])]


def feature_names(session: Session, count: int) -> tuple[str, ...]:
    """Names of the features of a session, x0, x1, … where it does not name as many."""
    named = session.config(FEATURES)
    if isinstance(named, list) and len(named) == count:
        return tuple(plain_text(str(name), LABEL) for name in named)
    return tuple(f"x{i}" for i in range(count))


def export_examples(session: Session, path: Path, *, overwrite: bool = False) -> str:
    """Write the examples that stand to a CSV or NPZ file; returns a sentence that says what was written.

    Raises
    ------
    BadInputError
        If there are none, or the file is there and `overwrite` is false.
    DgstudioError
        If the system refuses.
    """
    rows = ExampleRows.of(session)
    as_table = path.suffix.lower() == ".csv"
    write_whole([(path, lambda new: (_write_csv if as_table else _write_npz)(new, rows))], overwrite)
    classes, takes = len(set(rows.y.tolist())), len(set(rows.takes.tolist()))
    said = f"{len(rows.y)} examples of {_counted(classes, 'class', 'classes')} in {_counted(takes, 'take', 'takes')}"
    left = f" ({rows.left_out} of removed classes are left out)" if rows.left_out else ""
    return f"{said}{left} are in {path}."


def _counted(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _write_csv(path: Path, rows: ExampleRows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows.rows())


def _write_npz(path: Path, rows: ExampleRows) -> None:
    # An open file, not a name: numpy would put another suffix behind it.
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **rows.arrays())
