"""Examples taken along: every one that stands, to the last bit, in a table that others read."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.lab.data import load
from dgstudio.session.export.examples import COLUMNS, export_examples
from dgstudio.session.file import Session
from dgstudio.types import ClassInfo, Example, Take


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_npz_holds_what_stands_and_nothing_that_was_taken_back(story, tmp_path):
    said = export_examples(story, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    standing = story.examples()
    assert said == f"{len(standing)} examples of 3 classes in 6 takes are in {tmp_path / 'a.npz'}."
    assert arrays["X"].tobytes() == np.stack([example.features for example in standing]).tobytes()
    assert arrays["ids"].tolist() == [example.id for example in standing]
    assert not story.inactive_ids() & set(arrays["ids"].tolist()) and story.inactive_ids()
    names = {info.id: info.name for info in story.classes()}
    assert [arrays["class_names"][y] for y in arrays["y"]] == [names[example.class_id] for example in standing]
    assert [arrays["class_ids"][y] for y in arrays["y"]] == [example.class_id for example in standing]
    assert tuple(arrays["feature_names"]) == tuple(story.config("features"))
    assert arrays["takes"].tolist() == [example.take_id for example in standing]
    assert arrays["start"].tolist() == [example.start for example in standing]
    assert arrays["end"].tolist() == [example.end for example in standing]
    assert arrays["learned"].tolist() == [example.learn for example in standing]
    assert set(arrays["who"]) == {"held"} and set(arrays["source"]) == {"a <b>tape</b>"}


def test_csv_says_the_same_and_loses_no_bit(story, tmp_path):
    export_examples(story, tmp_path / "a.csv")
    header, *rows = rows_of(tmp_path / "a.csv")
    standing = story.examples()
    names = {info.id: info.name for info in story.classes()}
    assert header == [*COLUMNS, *story.config("features")] and len(rows) == len(standing)
    for row, example in zip(rows, standing, strict=True):
        assert row[:3] == [str(example.id), names[example.class_id], str(example.take_id)]
        assert (float(row[3]), float(row[4])) == (example.start, example.end)
        assert row[5:8] == ["held", "a <b>tape</b>", str(int(example.learn))]
        assert row[8] == "" and np.asarray(row[9:], np.float32).tobytes() == example.features.tobytes()


def test_notes_go_along(tmp_path):
    words = 'the "second" try,\nwith the left hand: 12'
    with Session.memory() as session:
        session.put_class(ClassInfo(0, "a", "1", "#111111"))
        session.put_take(Take(0, 0, 0.0, 1.0, "x"))
        session.put_examples([Example(n, 0, 0, np.ones(2, np.float32), 0.0, 1.0) for n in range(3)])
        session.put_notes([(1, words), (2, "7")])
        export_examples(session, tmp_path / "a.csv")
        export_examples(session, tmp_path / "a.npz")
    header, *rows = rows_of(tmp_path / "a.csv")
    assert [row[header.index("note")] for row in rows] == ["", words, "7"]
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert found["note"].tolist() == ["", words, "7"]


def test_an_export_is_data_for_the_experiments(story, tmp_path):
    export_examples(story, tmp_path / "mine.npz")
    data = load(tmp_path / "mine.npz")
    standing, classes = story.examples(), story.classes()
    assert set(data.class_names) == {info.name for info in classes if any(e.class_id == info.id for e in standing)}
    assert data.feature_names == tuple(story.config("features"))
    parts = [data.X_train, data.X_valid, data.X_test]
    assert sum(map(len, parts)) == len(standing)


def test_examples_of_a_removed_class_are_left_out_and_counted(tmp_path):
    with Session.memory() as session:
        session.put_classes([ClassInfo(0, "a", "1", "#111111"), ClassInfo(1, "b", "2", "#222222", living=False)])
        session.put_take(Take(0, 0, 0.0, 1.0, "x"))
        ones = np.ones(3, np.float32)
        session.put_examples([Example(0, 0, 0, ones, 0.0, 1.0), Example(1, 1, 0, ones, 0.0, 1.0)])
        said = export_examples(session, tmp_path / "a.csv")
        assert said.startswith("1 examples of 1 class in 1 take (1 of removed classes are left out)")
    # A session that does not name its features gets numbers for names.
    assert rows_of(tmp_path / "a.csv")[0][len(COLUMNS) :] == ["x0", "x1", "x2"]


def test_what_makes_no_table_is_refused(tmp_path):
    with Session.memory() as session:
        with pytest.raises(BadInputError, match="has no examples"):
            export_examples(session, tmp_path / "a.csv")
        session.put_class(ClassInfo(0, "a", "1", "#111111"))
        session.put_examples([Example(n, 0, 0, np.ones(n + 2, np.float32), 0.0, 1.0) for n in range(2)])
        with pytest.raises(BadInputError, match=r"different numbers of features \(\[2, 3\]\)"):
            export_examples(session, tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())


def test_a_name_is_only_a_name(tmp_path):
    name = 'he said "a, b"\tand = 1'
    with Session.memory() as session:
        session.put_class(ClassInfo(0, name, "1", "#111111"))
        session.put_examples([Example(0, 0, 7, np.ones(2, np.float32), float("nan"), 1.0)])
        export_examples(session, tmp_path / "a.csv")
        export_examples(session, tmp_path / "a.npz")
    name = name.replace("\t", " ")
    row = rows_of(tmp_path / "a.csv")[1]
    assert row[1] == name and row[3] == "nan" and row[5:7] == ["", ""]
    with np.load(tmp_path / "a.npz") as found:
        assert found["class_names"].tolist() == [name]
