"""The figures of a session as a table: a row for each record, take, class and compared model, no cell a formula."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from dgstudio.errors import BadInputError
from dgstudio.reasons.published import LearnedFrom
from dgstudio.session.export import figure_table
from dgstudio.session.export.figure_table import COLUMNS, Row, export_figures, rows_of
from dgstudio.session.export.report_data import ClassStory, Story, tell
from dgstudio.session.export.request import ExportRequest
from dgstudio.session.export.scoring import Scores
from dgstudio.session.format.compared import ComparedTwin
from dgstudio.types import ClassInfo, PublishRecord, RecordKind, TwinKind

PLACE = ComparedTwin(
    TwinKind.IN_PLACE, 1.7e9, 400, 250, learned=40, reads=10_000, torn=12, unpublished=9_000, unattributed=2,
    seen=3_000, right=2_430, ours_watched=400, ours_kept=400, ours_seen=3_000, ours_right=2_850,
)  # fmt: skip


def table_of(path: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of each kind."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(None not in row and None not in row.values() for row in rows), "every row has every column"
    return {kind.value: [row for row in rows if row["row"] == kind] for kind in Row}


def test_every_record_has_a_row_with_its_times_and_what_it_changed(story, tmp_path):
    said = export_figures(story, tmp_path / "a.csv")
    rows = table_of(tmp_path / "a.csv")["record"]
    records = story.records()
    # An act of the timeline may have many of them.
    assert f"{len(records)} records of the history" in said and " act" not in said
    assert len(rows) == len(records) > 5
    for row, record in zip(rows, records, strict=True):
        assert row["name"] == record.kind and row["reason"] == record.reason.words
        assert row["version"] == ("" if record.version is None else str(record.version))
        assert int(row["bits_changed"]) == record.bits_changed and int(row["protected"]) == record.protected
        assert float(row["stream_s"]) == pytest.approx(record.time)
        if record.unix > 0:
            assert datetime.fromisoformat(row["utc"]).timestamp() == pytest.approx(record.unix, abs=1e-3)
        else:
            assert row["utc"] == ""
        for column, value in (("publish_ms", record.duration_ms), ("label_to_publish_ms", record.label_to_publish_ms)):
            assert row[column] == "" if not value else float(row[column]) == pytest.approx(value)
    learned = sum(int(row["learned"]) for row in rows)
    assert learned == sum(count for record in records for _, count in record.new_examples) > 0


def test_takes_and_classes_say_how_right_the_answers_were(story, tmp_path):
    export_figures(story, tmp_path / "a.csv")
    told, table = tell(story), table_of(tmp_path / "a.csv")
    scores = {str(score.take.id + 1): score for score in told.scores.takes}
    assert [take["name"] for take in table["take"]] == [str(take.id + 1) for take in told.takes]
    for take in table["take"]:
        score = scores.get(take["name"])
        assert take["answers"] == ("" if score is None else str(score.seen))
        if score is not None:
            assert float(take["accuracy"]) == pytest.approx(score.right / score.seen)
    for row, entry in zip(table["class"], told.classes, strict=True):
        labelled = [(pair, n) for score in told.scores.takes for pair, n in score.answers.items()]
        mine = sum(n for (label, _), n in labelled if label == entry.info.id)
        right = sum(n for (label, answer), n in labelled if label == answer == entry.info.id)
        assert int(row["examples"]) == entry.examples and int(row["answers"]) == mine
        assert row["recall"] == ("" if not mine else f"{right / mine:.9g}")
    session, learner, own = table["total"]
    assert int(session["examples"]) == told.examples and session["version"] == str(told.head.snapshot.version)
    assert float(session["accuracy"]) == pytest.approx(told.scores.accuracy)
    assert (learner["bits_changed"], own["bits_changed"]) == (str(told.bits), str(told.own_bits)) and told.bits == 0


def test_what_was_compared_stands_beside_ours(story):
    told = replace(tell(story), compared=(PLACE,))
    place, ours = (row for row in rows_of(told) if row["row"] == Row.COMPARED)
    assert (place["name"], place["kept"], place["protected"], place["learned"]) == ("in_place", 250, 400, 40)
    assert place["reads"] == 10_000 and place["no_version"] == 9_014 and place["accuracy"] == pytest.approx(0.81)
    assert (ours["name"], ours["kept"]) == ("ours beside in_place", 400) and ours["accuracy"] == pytest.approx(0.95)


def test_no_text_is_taken_for_a_formula_and_no_number_for_one_that_is_none(tmp_path):
    entry = ClassStory(ClassInfo(0, "=1+1", "1", "#111111"), 0, 0, 0, (), from_base=False)
    record = PublishRecord(
        0, RecordKind.LEARNED, 1, 0, LearnedFrom((("-x", 1),)), float("inf"), 1e300, max_delta=float("nan")
    )
    told = Story("a", 0.0, 0.0, None, (entry,), (), (), (record,), (), None, 0, 0, 0, 0, 0, Scores())
    lines = [{name: figure_table._written(row.get(name)) for name in COLUMNS} for row in rows_of(told)]
    assert lines[0]["utc"] == lines[0]["stream_s"] == lines[0]["max_delta"] == ""
    assert all(not cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line.values())
    assert any(line["name"] == "'=1+1" for line in lines)


def test_it_is_written_whole_or_not_at_all_and_never_over_another(story_file, empty_file, tmp_path):
    to, said = tmp_path / "figures.csv", []
    ExportRequest(story_file, figures=to).run(said.append)
    assert said[0].startswith("The figures of ") and "6 takes" in said[0] and said[0].endswith(f"are in {to}.")
    before = to.read_bytes()
    with pytest.raises(BadInputError, match="exists already"):
        ExportRequest(story_file, figures=to).run(said.append)
    assert to.read_bytes() == before
    ExportRequest(story_file, figures=to, overwrite=True).run(said.append)
    with pytest.raises(BadInputError, match=r"Figures are written as \.csv"):
        ExportRequest(story_file, figures=tmp_path / "figures.xlsx").run(said.append)
    with pytest.raises(BadInputError, match="there is nothing to tell"):
        ExportRequest(empty_file, figures=tmp_path / "none.csv").run(said.append)
    assert not (tmp_path / "none.csv").exists()
