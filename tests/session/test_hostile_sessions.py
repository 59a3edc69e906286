"""Sessions of a stranger: what would flood memory is refused before it is unpacked; what is shown is plain."""

from __future__ import annotations

import json
import sqlite3
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from dgstudio.errors import SessionFormatError
from dgstudio.guard import limits
from dgstudio.session.export.examples import export_examples
from dgstudio.session.file import Session
from dgstudio.session.format.checkpoint import decode
from dgstudio.session.format.codecs import inflated, joined, pack, unpacked
from dgstudio.session.format.recipes import packed, taken_apart
from dgstudio.session.format.row_check import CHECKED, fill
from dgstudio.session.recording.recorded import RecordedBlock, RecordedStretch
from dgstudio.streams.imports.reading import read_import
from dgstudio.streams.imports.watch import Watch
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.types import ClassInfo, Example, LogLine, Take

MB = 1 << 20
ZEROS = b"\x04" + zlib.compress(bytes(100 * MB), 9)
"""100 MB in 100 kB."""
EVIL = "wa\x1b]0;owned\x07lk\u202e\nx"
PLAIN = "wa]0;ownedlk x"


@pytest.fixture
def path(filled: Callable[[Path, int], None], tmp_path: Path) -> Path:
    filled(tmp_path / "a.dgs", 3)
    return tmp_path / "a.dgs"


@contextmanager
def edited(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the file; each row gets the checksum that it then has, as a stranger would write it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db
        for table in CHECKED:
            fill(db, table)


def edit(path: Path, sql: str, *values: object) -> None:
    with edited(path) as db:
        db.execute(sql, values)


@contextmanager
def little_memory(most: int = 30 * MB) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def test_what_is_packed_comes_back_up_to_the_limit() -> None:
    data = np.arange(1000, dtype="<f4").tobytes()
    assert unpacked(pack(data, 4), len(data)) == data
    for cut in (pack(data, 4)[:-5], pack(data, 4)[:1], b""):
        with pytest.raises((ValueError, zlib.error)):
            unpacked(cut)
    with pytest.raises(ValueError, match="more than 3,999 bytes"):
        unpacked(pack(data, 4), len(data) - 1)
    assert unpacked(pack(b"", 4), 0) == b"" and inflated(zlib.compress(b""), 0) == b""


def test_what_would_flood_memory_is_not_unpacked() -> None:
    with little_memory():
        with pytest.raises(ValueError, match="more than"):
            unpacked(ZEROS, 5 * MB)
        with pytest.raises(SessionFormatError, match="recipe is damaged"):
            taken_apart(joined(ZEROS[:1] + b"x", b"", b""), "{}")


def test_a_recipe_and_an_array_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.arange(500, dtype=np.int64)
    recipe = packed(ids, ids, json.dumps({"x": "y" * 1000}), "{}")
    assert taken_apart(recipe, "{}")[0].tolist() == ids.tolist()
    monkeypatch.setattr("dgstudio.session.format.recipes.JSON_CHARACTERS", 1000)
    with pytest.raises(SessionFormatError, match="recipe is damaged"):
        taken_apart(recipe, "{}")
    monkeypatch.setattr("dgstudio.session.format.checkpoint.ARRAY_BYTES", MB)
    with little_memory(), pytest.raises(SessionFormatError, match="is damaged"):
        decode(ZEROS, "0" * 40)


def test_a_version_has_a_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dgstudio.session.storage.blobs.VERSION_BYTES", 100)
    with Session.open(path) as session, pytest.raises(SessionFormatError, match="would take more than"):
        session.checkpoint(session.checkpoints()[0].version)


def flooded(path: Path, samples: int, raw: bytes) -> None:
    """Let all examples have this window, with the checksum that belongs to it."""
    with edited(path) as db:
        for identity, features in db.execute("SELECT id, features FROM example").fetchall():
            checksum = zlib.crc32(raw, zlib.crc32(features))
            db.execute(
                "UPDATE example SET raw = ?, raw_samples = ?, raw_channels = 4, checksum = ? WHERE id = ?",
                (raw, samples, checksum, identity),
            )


def test_windows_larger_than_any_are_damaged_examples(path: Path) -> None:
    # It says that it is small …
    flooded(path, 10, ZEROS)
    with little_memory(), Session.open(path) as session:
        assert session.examples() == [] and "is damaged and left out" in session.report.problems[0]
    # … or that it is as large as it is.
    flooded(path, 100 * MB // 16, ZEROS)
    with little_memory(), pytest.raises(SessionFormatError, match="would take 315 MB of memory"):
        Session.open(path)
    with pytest.raises(SessionFormatError, match="of memory"):
        Session.reading(path)


def test_what_recordings_and_banks_need_is_far_below_the_limits(tmp_path: Path) -> None:
    window = np.zeros((1000, 64), np.float32)  # a second of 64 dead channels at 1,000 Hz
    features = np.random.default_rng(0).normal(size=1280).astype(np.float32)
    with Session.create(tmp_path / "a.dgs") as session:
        session.put_class(ClassInfo(0, "a", "", "#111111"))
        session.put_examples([Example(n, 0, 0, features, 0.0, 1.0, raw=window) for n in range(50)])
    with Session.open(tmp_path / "a.dgs") as session:
        assert len(session.examples()) == 50 and session.report.ok
    assert limits.ARRAY_BYTES > 4097 * 4097 * 4  # the sums of a bank of 4,096 features
    assert limits.ARRAY_BYTES > 1000 * 1280 * 4 * 20  # what a bank of 1,000 examples knows of each


def test_classes_have_a_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dgstudio.session.storage.sizes.CLASSES", 0)
    with pytest.raises(SessionFormatError, match="the most is 0"):
        Session.open(path)


def test_a_recorded_block_has_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    with Session.create(path) as session:
        session.recorded.put_stretch(RecordedStretch(0, 0.0, "k", {}))
        session.recorded.put_block(0, RecordedBlock(0, np.arange(9.0), np.zeros((9, 2), np.float32)))
    data = joined(b"\x08" + ZEROS[1:], ZEROS, b"")
    with edited(path) as db:
        stretch, first, count, marks = db.execute("SELECT stretch, first, count, marks FROM stream_block").fetchone()
        checksum = zlib.crc32(data, zlib.crc32(f"{stretch} {first} {count} {marks}".encode()))
        db.execute("UPDATE stream_block SET data = ?, checksum = ?", (data, checksum))
    with Session.open(path) as session, little_memory():
        assert [kept.content for kept in session.recorded.blocks(0)] == [None]


@pytest.mark.parametrize("value", ["[" * 100_000, '{"a":' * 500 + "1" + "}" * 500])
def test_settings_that_are_too_deep_are_as_if_never_set(path: Path, value: str) -> None:
    edit(path, "INSERT OR REPLACE INTO config (key, value) VALUES ('stream', ?)", value)
    with Session.open(path) as session:
        assert session.config("stream", 7) == 7 and "is damaged" in session.report.problems[0]


@pytest.mark.parametrize("runs", [[[0, 10**18]], [[0, -(10**18)], [0, 10**18]], "[" * 5000])
def test_an_act_that_moves_endless_examples_is_left_out(path: Path, runs: object) -> None:
    act = {"kind": "label", "text": "", "take": None, "version": None, "classes": [], "labels": [[None, 1, runs]]}
    edit(path, "INSERT INTO act (id, done, unix, data) VALUES (7, 1, 0, ?)", json.dumps(act))
    with Session.open(path) as session:
        assert all(kept.id != 7 for kept in session.acts()[0])
        assert any("act with the number 7" in problem for problem in session.report.problems)


def test_texts_of_a_stranger_are_plain(path: Path) -> None:
    with edited(path) as db:
        db.execute("UPDATE class SET name = ?, key = '12345', colour = 'red; background: url(http://x)'", (EVIL,))
        db.execute("UPDATE take SET source = ?", (EVIL,))
        db.execute("INSERT INTO note (example_id, text) VALUES (1, ?)", (EVIL,))
        db.execute("INSERT OR REPLACE INTO config (key, value) VALUES ('stream', ?)", (json.dumps({"source": EVIL}),))
        db.execute("UPDATE checkpoint SET reason = ?", (EVIL,))
        db.execute(
            "INSERT INTO event (kind, level, unix, text, data) VALUES (?, 'info', 0, ?, ?)",
            (EVIL, EVIL, json.dumps([EVIL])),
        )
    lined = PLAIN.replace(" x", "\nx")
    with Session.open(path) as session:
        (info, *_) = session.classes()
        assert info.name == PLAIN and len(info.key) == 2 and info.colour == "#999999"
        assert {take.source for take in session.takes()} == {PLAIN} and session.notes()[1] == lined
        assert session.config("stream") == {"source": lined} and session.checkpoints()[0].reason == lined
        (line,) = session.events(1)
        assert (line.kind, line.text, line.data) == (PLAIN, lined, [lined])


def test_a_name_of_nothing_but_control_characters_is_replaced(path: Path) -> None:
    edit(path, "UPDATE class SET name = ?", "\x1b\u202e")
    with Session.open(path) as session:
        assert [info.name for info in session.classes()] == [f"class {info.id}" for info in session.classes()]
    edit(path, "UPDATE class SET name = ?", "x" * 100_000)
    with Session.open(path) as session:
        assert {len(info.name) for info in session.classes()} == {limits.NAME}


# -- exports -----------------------------------------------------------------------------------------------------------

FORMULAS = ("=cmd|' /C calc'!A0", "+1", "-walk", "@SUM(A1)", "'=quoted", "plain", "'single'")


def test_cells_of_an_export_are_no_formulas_and_come_back(tmp_path: Path) -> None:
    with Session.memory() as session:
        for number, name in enumerate(FORMULAS):
            session.put_class(ClassInfo(number, name, "", "#111111"))
            session.put_take(Take(number, number, 0.0, 1.0, "=tape"))
            session.put_examples([Example(number, number, number, np.full(2, -1.5, np.float32), -1.0, 1.0)])
        session.put_notes([(0, "@note"), (1, "two\nlines")])
        session.set_config("features", ["=mean", "sd"])
        session.put_event(LogLine("x", "y"))
        export_examples(session, tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text()
    assert "'=mean" in text and "'=tape" in text and "'@note" in text and ",-1.5,-1.5" in text and ",-1.0,1.0," in text
    table = read_import(tmp_path / "a.csv", 2, Watch())
    label = table.column("class")
    assert label is not None and tuple(label.categories().names) == FORMULAS
    assert [column.name for column in table.columns[-2:]] == ["=mean", "sd"]
    assert RecordingSource(tmp_path / "a.csv").spec.truth_names == FORMULAS
