"""The figures of a session as one table: CSV for people, spreadsheets and programs."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from dgstudio.guard.texts import cell_text
from dgstudio.session.export.atomic_write import write_whole
from dgstudio.session.export.report_data import Story, tell
from dgstudio.session.export.scoring import TakeScore
from dgstudio.session.file import Session
from dgstudio.session.format.compared import ComparedTwin
from dgstudio.types import PublishRecord, Take

Cell = str | int | float | None
"""None, and a number that is none, is an empty cell."""
COLUMNS: Final = (
    "row", "name", "utc", "stream_s", "version", "parent", "reason", "class", "examples", "learned", "units_changed",
    "protected", "kept", "bits_changed", "max_delta", "flips", "routing_delta", "representation_delta", "publish_ms",
    "label_to_publish_ms", "answers", "right", "accuracy", "recall", "precision", "reads", "no_version",
)  # fmt: skip
"""The columns; docs/session-format.md says what each is in which row."""
DIGITS: Final = 9
"""Significant ones of a number that is no whole one."""


class Row(StrEnum):
    """What a row of the table is about: its first cell."""

    RECORD = "record"
    """An entry of the history: a publish, a rejection, a pin. What the window calls an act may have many."""
    TAKE = "take"
    CLASS = "class"
    COMPARED = "compared"
    """A model that ran beside ours, and a row of ours meanwhile."""
    TOTAL = "total"


def export_figures(session: Session, path: Path, *, overwrite: bool = False) -> str:
    """Write the figures of a session to a CSV file; returns a sentence that says what was written.

    Raises
    ------
    BadInputError
        If there is nothing to tell, or the file is there and `overwrite` is false.
    DgstudioError
        If the system refuses.
    """
    story = tell(session)
    write_whole([(path, lambda new: _write(new, story))], overwrite)
    counts = (
        (len(story.records), "record of the history", "records of the history"),
        (len(story.takes), "take", "takes"),
        (len(story.classes), "class", "classes"),
        (len(story.compared), "compared model", "compared models"),
    )
    told = [f"{count:,} {one if count == 1 else several}" for count, one, several in counts if count]
    return f"The figures of {', '.join(told)} are in {path}."


def _write(path: Path, story: Story) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(COLUMNS)
        for row in rows_of(story):
            lines.writerow([_written(row.get(column)) for column in COLUMNS])


def rows_of(story: Story) -> Iterator[dict[str, Cell]]:
    """Give the rows of the table by the names of their columns, records and takes oldest first."""
    for record in story.records:
        yield _of_record(record)
    scores = {score.take.id: score for score in story.scores.takes}
    for take in story.takes:
        yield _of_take(take, story, scores.get(take.id))
    yield from _of_classes(story)
    for twin in story.compared:
        yield from _of_compared(twin)
    yield from _totals(story)


def _of_record(record: PublishRecord) -> dict[str, Cell]:
    return {
        "row": Row.RECORD,
        "name": record.kind.value,
        "utc": _utc(record.unix),
        "stream_s": record.time,
        "version": record.version,
        "parent": record.parent,
        "reason": record.reason.words,
        "examples": record.examples,
        "learned": sum(count for _, count in record.new_examples),
        "units_changed": record.units_changed,
        "protected": record.protected,
        "bits_changed": record.bits_changed,
        "max_delta": record.max_delta,
        "flips": record.flips,
        "routing_delta": record.routing_delta,
        "representation_delta": record.representation_delta,
        # Of what was not computed there is no time.
        "publish_ms": record.duration_ms or None,
        "label_to_publish_ms": record.label_to_publish_ms,
    }


def _of_take(take: Take, story: Story, score: TakeScore | None) -> dict[str, Cell]:
    scored = {} if score is None else {"version": score.version, **_share(score.seen, score.right)}
    return {
        "row": Row.TAKE,
        # As people count them: from 1.
        "name": str(take.id + 1),
        "utc": _utc(take.created_unix),
        "stream_s": take.start,
        "class": story.named(take.class_id),
        "examples": take.examples,
        **scored,
    }


def _of_classes(story: Story) -> Iterator[dict[str, Cell]]:
    """Recall and precision over all scored takes, by what each was answered before it was learned."""
    answered: Counter[tuple[int, int | None]] = Counter()
    for score in story.scores.takes:
        answered.update(score.answers)
    for entry in story.classes:
        mine = entry.info.id
        labelled = sum(count for (label, _), count in answered.items() if label == mine)
        said = sum(count for (_, answer), count in answered.items() if answer == mine)
        right = answered[mine, mine]
        yield {
            "row": Row.CLASS,
            "name": entry.info.name,
            "class": entry.info.name,
            "examples": entry.examples,
            "learned": entry.learned,
            "answers": labelled,
            "right": right,
            "recall": right / labelled if labelled else None,
            "precision": right / said if said else None,
        }


def _of_compared(twin: ComparedTwin) -> Iterator[dict[str, Cell]]:
    yield {
        "row": Row.COMPARED,
        "name": twin.kind.value,
        "utc": _utc(twin.unix),
        "learned": twin.learned,
        "protected": twin.watched,
        "kept": twin.kept,
        **_share(twin.seen, twin.right),
        "reads": twin.reads,
        "no_version": twin.torn + twin.unpublished + twin.unattributed,
    }
    yield {
        "row": Row.COMPARED,
        "name": f"ours beside {twin.kind.value}",
        "utc": _utc(twin.unix),
        "protected": twin.ours_watched,
        "kept": twin.ours_kept,
        **_share(twin.ours_seen, twin.ours_right),
    }


def _totals(story: Story) -> Iterator[dict[str, Cell]]:
    seen = sum(score.seen for score in story.scores.takes)
    right = sum(score.right for score in story.scores.takes)
    head = None if story.head is None else story.head.snapshot.version
    yield {
        "row": Row.TOTAL,
        "name": "session",
        "version": head,
        "examples": story.examples,
        "protected": story.protected,
        **_share(seen, right),
    }
    yield {"row": Row.TOTAL, "name": "published by the learner", "bits_changed": story.bits}
    yield {"row": Row.TOTAL, "name": "acts that may move protected answers", "bits_changed": story.own_bits}


def _share(seen: int, right: int) -> dict[str, Cell]:
    return {"answers": seen, "right": right, "accuracy": right / seen if seen else None}


def _utc(unix: float) -> str:
    """A moment as ISO 8601; "" for one that is none, or that no calendar has: a session may come from anybody."""
    try:
        return datetime.fromtimestamp(unix, UTC).isoformat(timespec="milliseconds") if unix > 0 else ""
    except (OverflowError, OSError, ValueError):
        return ""


def _written(cell: Cell) -> str:
    """A cell as it stands in the file; no text in it is taken for a formula by a spreadsheet."""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, float):
        return f"{cell:.{DIGITS}g}"
    return cell_text(cell) if isinstance(cell, str) else str(cell)
