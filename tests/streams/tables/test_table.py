"""Recordings as people have them: each is read, or refused with one sentence that says what to do."""

from pathlib import Path

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.streams.tables.columns import Categories
from dgstudio.streams.tables.csvfile import CHUNK
from dgstudio.streams.tables.table import RecordingTable, read_table


def csv(tmp_path: Path, text: str | bytes, name: str = "data.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def npz(tmp_path: Path, **arrays: object) -> Path:
    path = tmp_path / "data.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def names_of(categories: Categories | None) -> list[str]:
    assert categories is not None
    return [categories.names[code] for code in categories.codes]


def said(table: RecordingTable) -> str:
    return "\n".join(note.sentence for note in table.notes)


def refused(path: Path, labels_column: str | None = None) -> str:
    with pytest.raises(BadInputError) as caught:
        read_table(path, labels_column)
    text = str(caught.value)
    assert "\n" not in text and text.endswith(".")
    return text


# -- what is read ---------------------------------------------------------------------------------------------


def test_a_plain_file(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "time,ax,ay,label\n0,1,2,walk\n0.5,3,4,run\n1,5,6,walk\n"))
    assert table.channels == ("ax", "ay")
    assert table.values.dtype == np.float32
    np.testing.assert_array_equal(table.values, [[1, 2], [3, 4], [5, 6]])
    assert table.time is not None
    np.testing.assert_array_equal(table.time, [0, 0.5, 1])
    assert names_of(table.labels) == ["walk", "run", "walk"]
    assert "“label” is taken as ground truth" in said(table)


def test_takes_and_splits_are_names_even_where_they_are_numbers(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "take,split,x\n7,train,1\n7,train,2\n8,test,3\n"))
    assert table.channels == ("x",)
    assert names_of(table.takes) == ["7", "7", "8"]
    assert names_of(table.splits) == ["train", "train", "test"]


@pytest.mark.parametrize("labels", ["3,3,4", "a,b,a"])
def test_any_column_can_be_the_labels(tmp_path: Path, labels: str) -> None:
    cells = labels.split(",")
    text = "x,who\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells))
    table = read_table(csv(tmp_path, text), "who")
    assert table.channels == ("x",)
    assert names_of(table.labels) == cells


def test_the_labels_asked_for_leave_other_columns_as_they_are(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "x,label,gesture\n1,2,a\n3,4,b\n"), "gesture")
    assert table.channels == ("x", "label")
    assert names_of(table.labels) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a;b\n1,5;2\n-0,25;1e3\n", [[1.5, 2], [-0.25, 1000]]),
        ("a\tb\n1\t2\n3\t4\n", [[1, 2], [3, 4]]),
        ('"a","b"\n"1","2"\n3,4\n', [[1, 2], [3, 4]]),
        ("# made by hand\n\na,b\n1,2\n\n# half\n3,4", [[1, 2], [3, 4]]),
        ("a,b\r\n1,2\r\n3,4\r\n", [[1, 2], [3, 4]]),
        ("a,b\r1,2\r3,4\r", [[1, 2], [3, 4]]),
        (" a , b \n 1 , 2 \n 3 , 4 \n", [[1, 2], [3, 4]]),
    ],
    ids=["semicolon and decimal comma", "tabs", "quoted", "comments", "windows", "old mac", "spaces"],
)
def test_ways_of_writing_it(tmp_path: Path, text: str, rows: list[list[float]]) -> None:
    table = read_table(csv(tmp_path, text))
    assert table.channels == ("a", "b")
    np.testing.assert_array_equal(table.values, rows)
    assert table.notes == []


def test_decimal_commas_do_not_change_names(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "x;label\n1,5;left, slow\n2;right\n"))
    assert names_of(table.labels) == ["left, slow", "right"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    table = read_table(csv(tmp_path, "hüfte,label\n1,grün\n2,grün\n".encode(encoding)))
    assert table.channels == ("hüfte",)
    assert names_of(table.labels) == ["grün", "grün"]


def test_without_a_header_the_columns_get_names(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "1,2\n3,4\n5,6\n"))
    assert table.channels == ("ch1", "ch2")
    assert len(table.values) == 3
    assert "no header" in said(table)


def test_without_a_header_labels_can_still_be_named(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "1,walk\n3,run\n"), "ch2")
    assert names_of(table.labels) == ["walk", "run"]


def test_names_used_twice_are_told_apart(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "x,x,x 2,\n1,2,3,4\n"))
    assert table.channels == ("x", "x 2", "x 2 2", "ch4")
    assert "more than once" in said(table)


def test_one_column_is_a_recording(tmp_path: Path) -> None:
    for text in ("force\n1\n2\n", "1\n2\n"):
        table = read_table(csv(tmp_path, text))
        np.testing.assert_array_equal(table.values, [[1], [2]])


def test_text_among_numbers_is_missing_and_counted(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "x,y\n1,2\nerror,3\n4,5\noops,6\n"))
    np.testing.assert_array_equal(table.values[:, 0], [1, np.nan, 4, np.nan])
    assert "“x”, 2 cells hold text, first on line 3" in said(table)
    assert "2 of 8 values are missing" in said(table)


def test_missing_values_of_all_sorts_are_counted(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "x,y\n1,nan\n,NaN\ninf,4\n1e300,5\n"))
    assert np.isfinite(table.values).sum() == 3
    assert "5 of 8 values are missing" in said(table)
    assert "text" not in said(table)


def test_columns_without_numbers_are_left_out_and_said(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "x,comment,nothing\n1,good,\n2,bad,\n"))
    assert table.channels == ("x",)
    assert "“comment” has only text" in said(table)
    assert "“nothing” is empty" in said(table)


def test_a_time_that_is_text_is_left_out_and_said(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path, "time,x\n10:00:01,1\n10:00:02,2\n"))
    assert table.time is None and table.channels == ("x",)
    assert said(table).count("“time”") == 1


@pytest.mark.parametrize(
    ("name", "cells", "seconds"),
    [
        ("Time_ms", ["0", "20", "40"], 0.02),
        ("timestamp", ["1700000000000", "1700000000020", "1700000000040"], 0.02),
        ("timestamp", ["1700000000", "1700000001", "1700000002"], 1.0),
        ("t", ["0", "20", "40"], 20.0),
    ],
)
def test_units_of_time(tmp_path: Path, name: str, cells: list[str], seconds: float) -> None:
    table = read_table(csv(tmp_path, f"{name},x\n" + "".join(f"{cell},1\n" for cell in cells)))
    assert table.time is not None
    np.testing.assert_allclose(np.diff(table.time), seconds, rtol=1e-3)


def test_rows_of_several_chunks_are_all_there(tmp_path: Path) -> None:
    rows = 100_000
    table = read_table(csv(tmp_path, "x,label\n" + "1,a\n2,b\n" * (rows // 2)))
    assert len(table.values) == rows and rows > 2 * CHUNK
    assert table.labels is not None
    assert (table.values[::2] == 1).all() and (table.values[1::2] == 2).all()
    assert table.labels.names == ("a", "b") and table.labels.codes.sum() == rows // 2


# -- what is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quote", ["", '"'])
def test_ragged_rows_name_the_line(tmp_path: Path, quote: str) -> None:
    text = f"x,y\n{quote}1{quote},2\n3,4\n5\n6,7\n"
    assert "Line 4" in refused(csv(tmp_path, text)) and "1 cell where the header has 2" in refused(csv(tmp_path, text))
    assert "Line 2" in refused(csv(tmp_path, f"1,2\n1,2,{quote}3{quote}\n"))


def test_a_ragged_row_far_down_names_its_line(tmp_path: Path) -> None:
    path = csv(tmp_path, "x,y\n" + "1,2\n" * (CHUNK + 5) + "1,2,3\n")
    assert f"Line {CHUNK + 7} " in refused(path)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (b"", "empty"),
        (b"\n\n# nothing\n", "empty"),
        (b"x,y\n", "no rows"),
        (b"name\nanna\nbert\n", "no column of numbers"),
        (b"1 2 3\n4 5 6\n", "check the separator"),
        (b"time,label\n0,a\n1,b\n", "no column of numbers"),
        (bytes(range(256)) * 10, "not a text file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", "not a text file"),
        (b"\xff\xfea\0,", "not a text file"),
        (b'x,y\n"1,2\n' + b"3,4\n" * 40_000, "Line"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, text: bytes, part: str) -> None:
    assert part in refused(csv(tmp_path, text))


def test_paths_that_cannot_be_used(tmp_path: Path) -> None:
    assert "There is no file" in refused(tmp_path / "none.csv")
    assert "folder" in refused(tmp_path)
    assert "spreadsheet" in refused(csv(tmp_path, b"PK\x03\x04", "data.xlsx"))
    assert "holds JSON" in refused(csv(tmp_path, b'{"time": 0.1, "answer": "walk"}\n', "answers.jsonl"))


def test_a_label_column_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    assert "no column “who”" in refused(csv(tmp_path, "x,y\n1,2\n"), "who")
    assert "it has x, y" in refused(csv(tmp_path, "x,y\n1,2\n"), "who")


# -- NPZ ------------------------------------------------------------------------------------------------------


def test_npz_with_everything(tmp_path: Path) -> None:
    path = npz(
        tmp_path,
        X=np.arange(6.0).reshape(3, 2),
        y=np.array([1.0, 0.0, 1.0]),
        time=np.array([0, 1, 2]),
        take=np.array([0, 0, 1]),
        split=np.array([b"train", b"train", b"test"]),
        channels=np.array(["left", "right"]),
    )
    table = read_table(path)
    assert table.channels == ("left", "right")
    np.testing.assert_array_equal(table.values, [[0, 1], [2, 3], [4, 5]])
    assert names_of(table.labels) == ["1", "0", "1"]
    assert table.labels is not None and table.labels.names == ("1", "0")
    assert names_of(table.takes) == ["0", "0", "1"]
    assert names_of(table.splits) == ["train", "train", "test"]
    assert table.time is not None and table.time.dtype == np.float64


def test_npz_of_one_channel_and_chosen_labels(tmp_path: Path) -> None:
    table = read_table(npz(tmp_path, values=np.arange(3), who=np.array(["a", "b", "a"])), "who")
    assert table.channels == ("ch1",) and table.values.shape == (3, 1)
    assert names_of(table.labels) == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("arrays", "part"),
    [
        ({"z": np.zeros(3)}, "no array “X” or “values”; it has z"),
        ({"X": np.zeros((2, 3, 4))}, "shape (2, 3, 4)"),
        ({"X": np.array(["a", "b"])}, "must be numbers"),
        ({"X": np.zeros((2, 0))}, "must be numbers"),
        ({"X": np.zeros((0, 2))}, "no rows"),
        ({"X": np.zeros((2, 2)), "y": np.zeros(3)}, "one entry a row (2)"),
        ({"X": np.zeros((2, 2)), "time": np.array(["a", "b"])}, "cannot be used as time"),
        ({"X": np.zeros((2, 2)), "channels": np.array(["a"])}, "2 names"),
        ({"X": np.array([object()])}, "Python objects"),
    ],
)
def test_npz_files_that_cannot_be_used(tmp_path: Path, arrays: dict[str, np.ndarray], part: str) -> None:
    assert part in refused(npz(tmp_path, **arrays))


def test_npz_files_that_are_damaged(tmp_path: Path) -> None:
    good = npz(tmp_path, X=np.random.default_rng(0).normal(size=(500, 3)))
    data = good.read_bytes()
    assert "not a usable NPZ file" in refused(csv(tmp_path, data[: len(data) // 2], "cut.npz"))
    assert "not a usable NPZ file" in refused(csv(tmp_path, b"hello", "text.npz"))
    np.save(tmp_path / "one.npy", np.zeros(3))
    assert "without a name" in refused(csv(tmp_path, (tmp_path / "one.npy").read_bytes(), "one.npz"))
    packed = tmp_path / "packed.npz"
    np.savez_compressed(packed, X=np.random.default_rng(0).normal(size=(500, 3)))
    whole = packed.read_bytes()
    for at in range(60, len(whole) - 200, len(whole) // 20):
        damaged = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        assert "not a usable NPZ file" in refused(csv(tmp_path, damaged, "flipped.npz"))


def test_npz_labels_that_are_not_there(tmp_path: Path) -> None:
    assert "no array “who”" in refused(npz(tmp_path, X=np.zeros((2, 2))), "who")
