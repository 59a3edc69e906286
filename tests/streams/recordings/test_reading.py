"""ARFF files and folders of takes are recordings too; what cannot be played is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from dgstudio.errors import BadInputError
from dgstudio.streams.recordings.reading import read_recording
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.streams.registry import open_source

ARFF = """@relation gait
@attribute ax numeric
@attribute ay numeric
@attribute what {walk, run}
@data
1, 2, walk
3, ?, walk
5, 6, jump
7, 8
9, 10, run
"""


def said(source: object) -> str:
    return "\n".join(note.sentence for note in getattr(source, "notes", ()))


def rows(count: int, *, label: str | None = None, rate: float | None = None, channel: str = "x", first: int = 0) -> str:
    head = [*(["time"] if rate else []), channel, *(["label"] if label else [])]
    body = [
        ",".join([*([str(i / rate)] if rate else []), str(first + i), *([label] if label else [])])
        for i in range(count)
    ]
    return "\n".join([",".join(head), *body, ""])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "takes"
    for name in ("walk", "run"):
        (folder / name).mkdir(parents=True)
    return folder


def test_an_arff_file_is_played_with_its_class_as_truth(tmp_path: Path) -> None:
    path = tmp_path / "gait.arff"
    path.write_text(ARFF)
    source = open_source(str(path), rate=50, loop=False)
    assert isinstance(source, RecordingSource)
    assert source.spec.channels == ("ax", "ay") and source.spec.truth_names == ("walk", "run")
    assert source.values[:, 0].tolist() == [1, 3, 5, 9]
    assert "“what” is taken as ground truth" in said(source)
    assert "2 lines cannot be taken as they stand; the first is line 8" in said(source)


def test_takes_in_an_arff_file_as_the_uea_archive_has_them(tmp_path: Path) -> None:
    path = tmp_path / "motions.arff"
    path.write_text(
        "@relation motions\n@attribute bag relational\n  @attribute a1 numeric\n  @attribute a2 numeric\n"
        "  @attribute a3 numeric\n@end bag\n@attribute classAttribute {rest, wave}\n@data\n"
        "'1,2,3\\n4,5,6',rest\n'7,8,9\\n10,11,12',wave\n"
    )
    source = RecordingSource(path, rate=10, loop=False)
    assert source.spec.channels == ("ch1", "ch2") and source.spec.truth_names == ("rest", "wave")
    assert [(take.label, take.n_rows) for take in source.take_table()] == [("rest", 3), ("wave", 3)]
    assert source.values.tolist() == [[1, 4], [2, 5], [3, 6], [7, 10], [8, 11], [9, 12]]


def test_a_folder_plays_its_takes_in_order_labelled_by_their_folders(folder: Path) -> None:
    for number in (1, 2, 10):
        (folder / "walk" / f"take {number}.csv").write_text(rows(40, first=100 * number))
    (folder / "run" / "a.csv").write_text(rows(50, first=5000))
    (folder / "notes.txt").write_text("not a take")
    source = open_source(str(folder), rate=20)
    assert isinstance(source, RecordingSource)
    assert [(take.label, take.n_rows) for take in source.take_table()] == [("run", 50), *[("walk", 40)] * 3]
    assert source.values[[50, 90, 130], 0].tolist() == [100, 200, 1000]
    assert "4 takes in 4 files; labels are the names of the folders: run, walk" in said(source)
    assert source.spec.rate == 20 and source.spec.name == "takes"


def test_files_that_say_their_labels_are_believed(folder: Path) -> None:
    (folder / "walk" / "1.csv").write_text(rows(40, label="stroll"))
    (folder / "run" / "1.csv").write_text(rows(40, label="dash"))
    table = read_recording(folder)
    assert table.labels is not None and table.labels.names == ("dash", "stroll")
    assert "labels come from the files" in table.notes[0].sentence


def test_names_of_files_are_labels_where_they_differ_in_more_than_a_number(tmp_path: Path) -> None:
    for name in ("wave_1", "wave_2", "rest-01"):
        (tmp_path / f"{name}.csv").write_text(rows(40))
    assert [take.label for take in RecordingSource(tmp_path, rate=10).take_table()] == ["rest", "wave", "wave"]


def test_numbered_takes_have_no_labels_and_it_is_said_how_to_give_them(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"take{number}.csv").write_text(rows(40))
    source = RecordingSource(tmp_path, rate=10)
    assert source.spec.truth_names == () and "put those of a class in a folder of its name" in said(source)


def test_another_rate_is_interpolated_and_said(folder: Path) -> None:
    (folder / "run" / "1.csv").write_text(rows(100, rate=50))
    (folder / "walk" / "1.csv").write_text(rows(100, rate=100))
    source = RecordingSource(folder)
    assert source.spec.rate == 50
    assert [take.n_rows for take in source.take_table()] == [100, 50]
    assert source.values[100:103, 0].tolist() == [0, 2, 4]
    assert "1 file has another rate than the first: rows are interpolated, 50 a second" in said(source)


def test_what_cannot_be_played_is_left_out_and_named(folder: Path) -> None:
    (folder / "run" / "1.csv").write_text(rows(100, rate=50))
    (folder / "run" / "2.csv").write_text(rows(100, rate=50, channel="y"))
    (folder / "walk" / "1.csv").write_text("")
    (folder / "walk" / "2.npz").write_bytes(b"no zip")
    source = RecordingSource(folder)
    text = said(source)
    assert "run/2.csv is left out. It has the channels y, and others have x." in text
    assert "walk/1.csv is left out" in text and "walk/2.npz is left out" in text
    assert len(source.take_table()) == 1


def test_a_folder_without_recordings_is_refused(folder: Path) -> None:
    with pytest.raises(BadInputError, match="holds no recording"):
        RecordingSource(folder)
    (folder / "walk" / "1.csv").write_text("")
    with pytest.raises(BadInputError, match=r"1.csv is left out"):
        RecordingSource(folder)
    with pytest.raises(BadInputError, match="no file"):
        RecordingSource(folder / "none.arff")
