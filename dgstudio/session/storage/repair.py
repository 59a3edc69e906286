"""Takes out of a copy in memory what is not as it was written, so that what stays can be trusted; says what went."""

from __future__ import annotations

import math
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from dgstudio.session.format import row_check, rows
from dgstudio.session.format.schema import columns_of
from dgstudio.session.storage.examine import NUMBERED, Findings, examine

PLURALS = {
    "class": "classes",
    "take": "takes",
    "example": "examples",
    "note": "notes",
    "act": "entries of the undo history",
    "checkpoint": "checkpoints",
    "checkpoint_array": "array references",
    "ground": "grounds of versions",
    "ground_array": "array references of grounds",
    "blob": "arrays",
    "record": "records of the history",
    "event": "log lines",
    "config": "settings",
    "stretch": "recorded stretches",
    "stream_block": "blocks of the recorded stream",
    "receipts": "packs of receipts",
}
_SINGULARS = {"class": "class", "act": "entry of the undo history", "record": "record of the history"} | {
    "receipts": "pack of receipts",
    "stretch": "recorded stretch",
    "stream_block": "block of the recorded stream",
}
_OF_VERSIONS = ("checkpoint", "checkpoint_array", "ground", "ground_array", "blob")
"""What damage there means is said of the versions."""
_RECOVERED_COLOUR = "#999999"
NAMED = 8
"""Rows of a table that are named one by one."""


def repair(saved: sqlite3.Connection) -> list[str]:
    """Drop what is damaged, with stand-ins where losing a row would lose more than itself; a sentence for each thing.

    An example whose label is damaged keeps its features, which versions may have been learned from, but does not stand:
    who knows what it was. A class or a take that has examples gets a stand-in.
    """
    found = examine(saved, deep=True)
    classes = _as_they_read(saved, found.rows.get("class", ()))
    settings = _damaged_settings(saved, found)
    saved.execute("BEGIN")
    for table, damaged in found.rows.items():
        saved.executemany(f'DELETE FROM "{table}" WHERE rowid = ?', [(rowid,) for rowid in damaged])
    for table in NUMBERED:
        sql = f"UPDATE sqlite_sequence SET seq = (SELECT coalesce(max(id), 0) FROM {table}) WHERE name = '{table}'"
        saved.execute(sql)
    _hide(saved, found.labels)
    problems = _drop_versions(saved, found)
    problems += [_left_out(table, damaged, settings) for table, damaged in found.rows.items() if _told(table, found)]
    problems += _sentence_of_labels(found.labels)
    problems += _stand_in_takes(saved)
    problems += _stand_in_classes(saved, classes)
    for table in row_check.CHECKED:
        row_check.fill(saved, table)
    saved.execute("COMMIT")
    return problems


def _told(table: str, found: Findings) -> bool:
    """Whether a sentence on the rows of a table says something that no sentence on versions says."""
    return bool(found.rows[table]) and not (table in _OF_VERSIONS and (found.versions or found.recipes))


def named(numbers: Iterable[object]) -> str:
    """The first of them, and that there are more."""
    every = list(numbers)
    return ", ".join(map(str, every[:NAMED])) + (", …" if len(every) > NAMED else "")


def counted(table: str, count: int) -> str:
    """“1 take is”, “3 takes are”."""
    singular = _SINGULARS.get(table, PLURALS[table].removesuffix("s"))
    return f"1 {singular} is" if count == 1 else f"{count:,} {PLURALS[table]} are"


def _left_out(table: str, damaged: Sequence[int], settings: Sequence[str]) -> str:
    which = named(settings) if table == "config" else f"id {named(damaged)}"
    return f"{counted(table, len(damaged))} damaged and left out ({which})."


def _damaged_settings(saved: sqlite3.Connection, found: Findings) -> list[str]:
    sql = "SELECT key FROM config WHERE rowid = ?"
    keys = (saved.execute(sql, (rowid,)).fetchone()[0] for rowid in found.rows.get("config", ()))
    return [f"“{key:.40}”" if isinstance(key, str) and key.isprintable() else "an unreadable one" for key in keys]


# -- labels ------------------------------------------------------------------------------------------------------------


def _hide(saved: sqlite3.Connection, labels: Sequence[int]) -> None:
    """Keep the features of examples whose label is damaged, under the class of their take; they do not stand."""
    classes = {row[0] for row in saved.execute("SELECT id FROM class") if isinstance(row[0], int)}
    takes = dict(saved.execute("SELECT id, class_id FROM take").fetchall())
    columns = columns_of(saved, "example")
    for identity in labels:
        row = saved.execute("SELECT * FROM example WHERE id = ?", (identity,)).fetchone()
        kept = _unlabelled(dict(zip(columns, row, strict=True)), takes, min(classes, default=0))
        sets = ", ".join(f"{column} = ?" for column in kept)
        saved.execute(f"UPDATE example SET {sets} WHERE id = ?", (*kept.values(), identity))


def _unlabelled(example: dict[str, Any], takes: dict[int, int], otherwise: int) -> dict[str, Any]:
    """An example whose label is not known any more, with whatever of it can be a value."""
    take = example["take_id"] if example["take_id"] in takes else -1
    kept = {**example, "class_id": takes.get(take, otherwise), "active": 0, "learn": int(example["learn"] == 1)}
    if take == -1:
        kept["take_id"] = min(takes, default=0)
    for column in ("start_time", "end_time"):
        value = kept[column]
        kept[column] = float(value) if isinstance(value, int | float) and math.isfinite(value) else None
    try:
        rows.example_of([kept[column] for column in rows.EXAMPLE_COLUMNS.split(", ")])
    except rows.NOT_A_VALUE:
        # The window is a picture only.
        kept |= {"raw": None, "raw_samples": None, "raw_channels": None, "checksum": zlib.crc32(kept["features"])}
    return kept


def _sentence_of_labels(labels: Sequence[int]) -> list[str]:
    if not labels:
        return []
    have = "1 example has" if len(labels) == 1 else f"{len(labels):,} examples have"
    return [f"{have} a damaged label: kept, but they do not stand until they are labelled anew (id {named(labels)})."]


# -- versions ----------------------------------------------------------------------------------------------------------


def _drop_versions(saved: sqlite3.Connection, found: Findings) -> list[str]:
    for version in (*found.versions, *found.recipes):
        saved.execute("DELETE FROM checkpoint WHERE version = ?", (version,))
        saved.execute("DELETE FROM checkpoint_array WHERE version = ?", (version,))
    problems = []
    if (found.versions or found.recipes) and not saved.execute("SELECT 1 FROM checkpoint").fetchone():
        problems.append("No version of the model is left: in this copy it begins anew from its base and the labels.")
    problems += [f"Version {version} of the model cannot be restored." for version in found.versions[:NAMED]]
    if len(found.versions) > NAMED:
        problems.append(f"Nor can {len(found.versions) - NAMED:,} others.")
    if found.recipes:
        which = named(f"v{version}" for version in found.recipes)
        count = f"{len(found.recipes):,}"
        problems.append(
            f"Of the versions that are learned again when they are needed, {count} cannot be any more ({which})."
        )
    return problems


# -- stand-ins ---------------------------------------------------------------------------------------------------------


def _stand_in_takes(saved: sqlite3.Connection) -> list[str]:
    """Examples of a take whose row is lost keep it, with what they tell of it."""
    sql = """SELECT take_id, min(class_id), min(start_time), max(end_time), count(*) FROM example
        WHERE class_id >= 0 AND take_id NOT IN (SELECT id FROM take) GROUP BY take_id ORDER BY take_id"""
    lost = saved.execute(sql).fetchall()
    stand_ins = [(take, class_id, start, end, "", "held", 0.0, count) for take, class_id, start, end, count in lost]
    saved.executemany(f"INSERT INTO take ({rows.TAKE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", stand_ins)
    if not lost:
        return []
    count = "1 take" if len(lost) == 1 else f"{len(lost):,} takes"
    return [f"How {count} came to be could not be read; the examples are kept (take {named(row[0] for row in lost)})."]


def _as_they_read(saved: sqlite3.Connection, damaged: Sequence[int]) -> dict[int, rows.Row]:
    """Names of damaged classes and whether they live, as the file has it: the damage may be in the colour only."""
    found: dict[int, rows.Row] = {}
    for identity in damaged:
        name, living = saved.execute("SELECT name, living FROM class WHERE id = ?", (identity,)).fetchone()
        if 0 <= identity <= rows.MOST_ID:
            shown = "".join(filter(str.isprintable, name)) if isinstance(name, str) else ""
            found[identity] = shown, int(living != 0)
    return found


def _stand_in_classes(saved: sqlite3.Connection, damaged: dict[int, rows.Row]) -> list[str]:
    """Classes whose row is lost go on under a name that says so, and with them their examples."""
    orphans = f"""SELECT class_id FROM example UNION SELECT class_id FROM take EXCEPT SELECT id FROM class
        EXCEPT SELECT {rows.NO_LABEL}"""
    stand_ins = []
    for identity in sorted({*damaged, *(int(row[0]) for row in saved.execute(orphans))}):
        name, living = damaged.get(identity, ("", 1))
        stand_ins.append((identity, f"{name or f'class {identity}'} (recovered)", "", _RECOVERED_COLOUR, living, None))
    saved.executemany(f"INSERT INTO class ({rows.CLASS_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", stand_ins)
    if len(stand_ins) > NAMED:
        return [f"What {len(stand_ins):,} classes are called could not be read; their examples are kept."]
    return [f"Class {identity} goes on as “{name}” with its examples." for identity, name, *_ in stand_ins]
