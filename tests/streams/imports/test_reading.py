"""Files that are to be imported: what each kind holds, and what is said of lines that are wrong."""

import io
from pathlib import Path

import numpy as np
import pytest
from scipy.io import arff

from dgstudio.errors import BadInputError
from dgstudio.reasons.noted import TakesHeld
from dgstudio.streams.imports.reading import CHUNK, read_import
from dgstudio.streams.imports.table import MOST_TOLD, ImportTable
from dgstudio.streams.imports.watch import Stopped, Watch


def read(path: Path, text: str | bytes, channels: int = 2, **options) -> ImportTable:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_import(path, channels, Watch(), **options)


def names(table: ImportTable, column: str) -> list[str]:
    found = table.column(column).categories()
    return [found.names[code] for code in found.codes]


# -- CSV ---------------------------------------------------------------------------------------------------------------


def test_every_wrong_line_is_named_and_the_others_are_read(tmp_path):
    text = "time,ax,ay,label\n0,1,2,walk\n1,2\n2,x7,4,walk\n\n3,5,,run\n4,5,6,run,9\n"
    table = read(tmp_path / "a.csv", text)
    assert [c.name for c in table.columns] == ["time", "ax", "ay", "label"] and table.lines.tolist() == [2, 4, 6]
    assert names(table, "label") == ["walk", "walk", "run"]
    ax = table.column("ax")
    assert (ax.words, ax.bad) == (1, {1: "x7"}) and np.isnan(ax.values()[1])
    assert np.isnan(table.column("ay").values()[2])
    told = [(problem.line, problem.what.words) for problem in table.problems.told]
    assert told == [
        (3, "has 2 cells where the header has 4: left out"),
        (7, "has 5 cells where the header has 4: left out"),
    ]
    assert table.preview[0] == ("0", "1", "2", "walk")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_encodings(tmp_path, encoding):
    table = read(tmp_path / "a.csv", "ax,ay,label\n1,2,Größe\n".encode(encoding))
    assert names(table, "label") == ["Größe"] and table.column("ax").values().tolist() == [1.0]


def test_decimal_commas_a_column_of_numbers_as_labels_and_mixed_ones(tmp_path):
    table = read(tmp_path / "a.csv", "ax;ay;kind\n1,5;2;3\n2,5;2;x\n")
    assert table.column("ax").values().tolist() == [1.5, 2.5]
    kind = table.column("kind")
    assert not kind.named and kind.bad == {1: "x"}
    assert names(read_import(tmp_path / "a.csv", 2, Watch(), ["kind"]), "kind") == ["3", "x"]
    assert names(table, "ay") == ["2", "2"]


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("empty.csv", b"", "is empty"),
        ("head.csv", b"ax,ay,label\n", "has no rows"),
        ("noise.csv", bytes(range(256)) * 40, "not a text file"),
        ("sheet.xlsx", b"PK", "save it as CSV"),
        ("answers.jsonl", b'{"time": 0.1, "answer": "walk"}\n', "holds JSON"),
        ("broken.npz", b"PK\x03\x04 cut off", "not a usable NPZ"),
        ("text.arff", b"hello\nworld\n", "is no ARFF file"),
        ("only.arff", b"@relation a\n@data\n1,2\n", "is no ARFF file"),
        ("none.arff", b"@relation a\n@attribute x numeric\n@data\n", "has no rows"),
        ("odd.arff", b"@relation a\n@attribute x\n@data\n1\n", "Line 2 of odd.arff is no attribute"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path, name, data, sentence):
    with pytest.raises(BadInputError, match=sentence):
        read(tmp_path / name, data)


def test_what_is_not_there_or_a_folder_or_huge_is_refused(tmp_path, monkeypatch):
    with pytest.raises(BadInputError, match="There is no file"):
        read_import(tmp_path / "gone.csv", 2, Watch())
    with pytest.raises(BadInputError, match="is a folder"):
        read_import(tmp_path, 2, Watch())
    monkeypatch.setattr("dgstudio.guard.limits.IMPORT_CELLS", 1000)
    with pytest.raises(BadInputError, match="more than 1,000 cells"):
        read(tmp_path / "a.csv", "ax,ay,label\n" + "1,2,walk\n" * 1000)
    monkeypatch.setattr("dgstudio.guard.limits.TABLE_BYTES", 1000)
    with pytest.raises(BadInputError, match="it is larger than 0 MB"):
        read_import(tmp_path / "a.csv", 2, Watch())


def test_a_hundred_thousand_rows_are_read_and_can_be_stopped(tmp_path):
    rows = 100_000
    text = "time,ax,ay,label\n" + "".join(f"{i / 100},{i % 7},{i % 5},walk\n" for i in range(rows))
    table = read(tmp_path / "a.csv", text)
    assert len(table) == rows and int(table.lines[-1]) == rows + 1

    class Impatient(Watch):
        def at(self, share: float) -> None:
            if share > 0.3:
                self.stop()
            super().at(share)

    with pytest.raises(Stopped):
        read_import(tmp_path / "a.csv", 2, Impatient())


def test_what_is_wrong_is_counted_beyond_what_is_told(tmp_path):
    table = read(tmp_path / "a.csv", "ax,ay\n1,2\n" + "1\n" * (MOST_TOLD + CHUNK))
    assert table.problems.count == MOST_TOLD + CHUNK and len(table.problems.told) == MOST_TOLD


# -- NPZ ---------------------------------------------------------------------------------------------------------------


def npz(path: Path, **arrays) -> Path:
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return path


def test_npz_holds_samples_or_features_with_names(tmp_path):
    path = npz(
        tmp_path / "a.npz",
        X=np.arange(6.0).reshape(3, 2),
        y=np.array([1, 0, 1]),
        class_names=np.array(["run", "walk"]),
        feature_names=np.array(["ax mean", "ay mean"]),
        takes=np.array([4, 4, 9]),
        learned=np.array([True, False, True]),
        note=np.array("hello"),
    )
    table = read_import(path, 6, Watch())
    assert [c.name for c in table.columns] == ["ax mean", "ay mean", "class", "take", "learned"]
    assert names(table, "class") == ["walk", "run", "walk"] and names(table, "take") == ["4", "4", "9"]
    assert table.preview[1] == ("2", "3", "run", "4", "0") and table.line_word == "row"


@pytest.mark.parametrize("time_last", [False, True])
def test_npz_of_takes_is_turned_so_that_time_runs_down(tmp_path, time_last):
    takes = np.arange(24.0).reshape(2, 4, 3)
    path = npz(tmp_path / "a.npz", X=takes.transpose(0, 2, 1) if time_last else takes, y=np.array(["a", "b"]))
    table = read_import(path, 3, Watch())
    assert len(table) == 8 and names(table, "label") == ["a"] * 4 + ["b"] * 4
    assert names(table, "take") == ["0"] * 4 + ["1"] * 4
    assert table.column("ch1").values().tolist() == takes.reshape(-1, 3)[:, 0].tolist()


def test_pickled_and_cut_off_arrays_are_never_loaded(tmp_path):
    path = npz(tmp_path / "a.npz", X=np.array([object()], dtype=object))
    with pytest.raises(BadInputError, match="Python objects, which are never loaded"):
        read_import(path, 2, Watch())
    whole = npz(tmp_path / "b.npz", X=np.zeros((50, 2)), y=np.zeros(50)).read_bytes()
    (tmp_path / "c.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInputError, match="not a usable NPZ"):
        read_import(tmp_path / "c.npz", 2, Watch())
    path = npz(tmp_path / "d.npz", X=np.zeros((2, 2)), y=np.array([0, 7]), class_names=np.array(["a", "b"]))
    with pytest.raises(BadInputError, match="points beyond"):
        read_import(path, 2, Watch())
    with pytest.raises(BadInputError, match="no array “X”"):
        read_import(npz(tmp_path / "e.npz", Z=np.zeros(3)), 2, Watch())


# -- ARFF --------------------------------------------------------------------------------------------------------------

FLAT = """% made by hand
@RELATION 'a test'
@attribute 'ax mean' REAL
@attribute ay numeric
@attribute kind {walk, 'fast run', rest}

@data
1.5,2,walk
?,3,'fast run'
4,5,?
"""


def test_flat_arff_is_read_as_scipy_reads_it(tmp_path):
    # Its reader takes no value of two words.
    theirs, _ = arff.loadarff(io.StringIO(FLAT.replace("'fast run'", "fast")))
    table = read(tmp_path / "a.arff", FLAT)
    assert [c.name for c in table.columns] == ["ax mean", "ay", "kind"]
    for ours, column in zip(table.columns[:2], theirs.dtype.names, strict=False):
        assert np.array_equal(ours.values(), theirs[column].astype(float), equal_nan=True)
    assert names(table, "kind") == ["walk", "fast run", ""] and table.lines.tolist() == [8, 9, 10]


def test_arff_tells_the_lines_that_are_wrong(tmp_path):
    table = read(tmp_path / "a.arff", FLAT + "1,2\n1,two,walk\n1,2,jump\n{0 3, 2 rest}\n{7 3}\n")
    told = [(problem.line, problem.what.words) for problem in table.problems.told]
    assert told == [
        (11, "has 2 cells where there are 3 attributes: left out"),
        (13, "“jump” is none of the values of “kind”: taken as missing"),
        (15, "is no sparse row: left out"),
    ]
    assert table.column("ay").bad == {3: "two"}
    assert table.column("ay").values()[-1] == 0 and names(table, "kind")[-1] == "rest"


UEA = """@relation BasicMotions
@attribute relationalAtt relational
  @attribute att0 numeric
  @attribute att1 numeric
  @attribute att2 numeric
@end relationalAtt
@attribute activity {Standing,Running}
@data
"1,2,3\\n4,5,6",Standing
"7,8,9\\n10,?,12",Running
"7,8,9\\n10,1",Running
"1,2,3\\n4,x,6\\n7,8,9",Running
"""


def test_takes_in_relations_are_read_as_the_archive_writes_them(tmp_path):
    table = read(tmp_path / "a.arff", UEA)
    assert [c.name for c in table.columns] == ["ch1", "ch2", "activity", "take"]
    assert table.column("ch1").values().tolist() == [1, 2, 3, 7, 8, 9]
    second = table.column("ch2").values()
    assert second[:3].tolist() == [4, 5, 6] and np.isnan(second[4])
    assert names(table, "activity") == ["Standing"] * 3 + ["Running"] * 3
    assert names(table, "take") == ["0"] * 3 + ["1"] * 3 and table.lines.tolist() == [9, 9, 9, 10, 10, 10]
    told = {problem.line: problem.what.words for problem in table.problems.told}
    assert "rows of different lengths" in told[11] and "3 channels where the first take has 2" in told[12]
    assert table.notes == [TakesHeld(2, 3, 3, 2)]


def test_a_bag_whose_columns_are_the_channels_keeps_its_rows_as_samples(tmp_path):
    table = read(tmp_path / "a.arff", UEA, channels=3)
    assert [c.name for c in table.columns][:3] == ["att0", "att1", "att2"]
    assert table.column("att0").values()[:4].tolist() == [1, 4, 7, 10]
