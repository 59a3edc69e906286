"""`dgstudio replay`: the exit status tells what became of each receipt, and the first that differs is named."""

from __future__ import annotations

import json
import math
import sqlite3
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from waiting import wait_until

from dgstudio import cli
from dgstudio.commands.terminal import terminal
from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.recording import recorder
from dgstudio.engine.recording.differences import Rows, RowsMissing, RowsUncounted
from dgstudio.engine.recording.replay import replay_figures
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.session.file import Session
from dgstudio.session.format import codecs, recipes, row_check
from dgstudio.session.format.codecs import pack, unpacked
from dgstudio.session.recording import recorded
from dgstudio.streams.pointer import PointerSource
from dgstudio.streams.registry import open_source
from dgstudio.studio.launch import StudioOptions, make_engine


class Done(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def replay(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `dgstudio replay` in this process."""
    monkeypatch.setenv("COLUMNS", "200")
    terminal.cache_clear()  # its width is read once

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["dgstudio", "replay", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        status = left.value.code
        return Done(status if isinstance(status, int) else 0, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A recorded session as bytes: the real recording at full speed, its labels learned on the way."""
    path = tmp_path_factory.mktemp("made") / "a.dgs"
    source = open_source("basic_motions", speed=0.0, loop=False, labels_column="label")
    settings = EngineSettings(lossless=True, feed_labels=True)
    patch = pytest.MonkeyPatch()
    with patch.context() as context:
        # Several rows, however fast the machine is.
        context.setattr(recorder, "ROW", 100)
        with Engine(source, base_for(source.spec)[0], Session.create(path), settings) as engine:
            engine.recording.record(True)
            while engine.recorder.figures.answers < 110:
                engine.infer.pause(0.01)
    return path.read_bytes()


@pytest.fixture
def session(made: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "gestures.dgs"
    path.write_bytes(made)
    return path


def edit(path: Path, sql: str, values: tuple[Any, ...] = ()) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute(sql, values).rowcount > 0
        written_so(db)
        db.commit()


def written_so(db: sqlite3.Connection) -> None:
    """Let the checksums over rows be as if they had been written as they are; arrays and recipes have their own."""
    for table in row_check.CHECKED:
        row_check.fill(db, table)


def row_of(path: Path, table: str, column: str, order: str = "id LIMIT 1 OFFSET 1") -> tuple[int, Any]:
    with closing(sqlite3.connect(path)) as db:
        found: tuple[int, Any] = db.execute(f"SELECT rowid, {column} FROM {table} ORDER BY {order}").fetchone()
    return found


def flip(path: Path, table: str, column: str, order: str = "id LIMIT 1 OFFSET 1") -> None:
    """Change one bit in the middle of a stored blob."""
    identity, data = row_of(path, table, column, order)
    wrong = bytearray(data)
    wrong[len(wrong) // 2] ^= 4
    edit(path, f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (bytes(wrong), identity))


def rewritten(path: Path, change: Callable[[list[bytes]], None], table: str = "receipts") -> None:
    """Change columns of a row as if they had been written so, checksum and all."""
    with closing(sqlite3.connect(path)) as db:
        text_column = "answerers" if table == "receipts" else "marks"
        sql = f"SELECT id, stretch, first, count, {text_column}, data FROM {table} ORDER BY id LIMIT 1"
        identity, stretch, first, count, text, data = db.execute(sql).fetchone()
        columns = codecs.split(data)
        change(columns)
        data = codecs.joined(*columns)
        checksum = recorded._checksum(stretch, first, count, text, data)
        db.execute(f"UPDATE {table} SET data = ?, checksum = ? WHERE id = ?", (data, checksum, identity))
        db.commit()


def test_nothing_differs(replay: Run, session: Path) -> None:
    done = replay(session, "--audit", "--relearn")
    assert done.status == 0, done.out + done.err
    assert "bit for bit" in done.out and "answers that differ    0" in done.out
    assert "have the same digest" in done.out and "differ:" not in done.out


@pytest.mark.parametrize(("source", "base"), [("pointer", "auto"), ("pointer+velocity", "none")])
def test_what_was_drawn_on_the_pad_is_kept_opened_again_and_replayed(
    replay: Run, tmp_path: Path, source: str, base: str
) -> None:
    path = tmp_path / "drawn.dgs"
    options = StudioOptions(source=source, base=base, session=path)
    engine = make_engine(options)[0]
    pointer = engine.source
    assert isinstance(pointer, PointerSource)
    with engine:
        engine.recording.record(True)
        for name, place in (("town", -0.6), ("wood", 0.6)):
            info, total = engine.labels.add_class(name), engine.book.total
            engine.labels.press_class(info.id)
            for step in count():
                pointer.point(place + 0.1 * math.cos(step), place + 0.1 * math.sin(1.3 * step))
                engine.infer.pause(0.01)
                if engine.book.total >= total + 20:
                    break
            engine.labels.release_class()
            wait_until(lambda: engine.store.idle and engine.learn.idle)
        examples, digest = engine.book.total, engine.learner.store.head.digest
        wait_until(lambda: engine.recorder.figures.answers >= examples)
    # Opened without a word about its stream, it is on the pad again.
    again = make_engine(StudioOptions(session=path))[0]
    with again:
        assert again.spec.name == source and again.book.total == examples
        assert again.learner.store.head.digest == digest
        wait_until(lambda: again.lane.counts.reads > 3)
    done = replay(path, "--audit", "--relearn")
    assert done.status == 0, done.out + done.err
    assert "bit for bit" in done.out and "answers that differ    0" in done.out


def test_one_line_an_answer(replay: Run, session: Path, tmp_path: Path) -> None:
    lines = tmp_path / "answers.jsonl"
    assert replay(session, "--jsonl", lines).status == 0
    records = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert len(records) > 100 and all(record["differs"] is None for record in records)
    assert [record["hop"] for record in records] == list(range(records[0]["hop"], records[0]["hop"] + len(records)))
    assert {record["stretch"] for record in records} == {1}
    assert sum(record["answer"] == record.get("truth") for record in records) > 0.8 * len(records)
    done = replay(session, "--jsonl", "-", "--until", 10)
    printed = [json.loads(line) for line in done.out.splitlines()]
    assert 10 < len(printed) < len(records) and "bit for bit" in done.err
    for a, b in zip(printed, records, strict=False):
        assert (a["time"], a["answer"], a["digest"]) == (b["time"], b["answer"], b["digest"])


def test_a_receipt_that_was_changed_is_named_with_both_values(replay: Run, session: Path, tmp_path: Path) -> None:
    def change(columns: list[bytes]) -> None:
        logits = np.frombuffer(unpacked(columns[5]), "<f4").copy()
        logits[9] = np.nextafter(logits[9], np.float32(np.inf))
        columns[5] = pack(logits.tobytes(), 4)

    rewritten(session, change)
    done = replay(session, "--audit")
    assert done.status == 1 and "answers that differ    1" in done.out
    assert "The first that differs: Hop " in done.out
    for word in (" at ", " s (stretch 1, answered by v", "the logit of ", " was ", " now."):
        assert word in done.out
    lines = tmp_path / "answers.jsonl"
    told = replay(session, "--jsonl", lines)
    assert told.status == 0 and "answers that differ    1" in told.out
    found = [json.loads(line)["differs"] for line in lines.read_text(encoding="utf-8").splitlines()]
    (other,) = [differs for differs in found if differs is not None]
    assert other["is"] == "OtherLogit" and other["name"] in done.out
    assert np.float32(other["then"]) == np.nextafter(np.float32(other["now"]), np.float32(np.inf))


def test_a_sample_that_was_changed_is_found_in_the_features(replay: Run, session: Path) -> None:
    def change(columns: list[bytes]) -> None:
        values = np.frombuffer(unpacked(columns[1]), "<f4").copy()
        values[40] += 1.0
        columns[1] = pack(values.tobytes(), 4)

    rewritten(session, change, "stream_block")
    done = replay(session, "--audit")
    assert done.status == 1
    assert "the logit of " in done.out or "its features have the digest" in done.out


@pytest.mark.parametrize(
    ("column", "change", "said"),
    [
        (2, lambda data: bytes([data[0] ^ 1]) + data[1:], "its features have the digest"),
        (3, lambda data: pack(bytes([unpacked(data)[0] ^ 1]) + unpacked(data)[1:], 1), "unit "),
        (6, lambda data: pack(np.full(len(unpacked(data)) // 4, 77, "<i4").tobytes(), 4), "the answer was class 77"),
    ],
)
def test_whatever_a_receipt_holds_is_compared(
    replay: Run, session: Path, column: int, change: Callable[[bytes], bytes], said: str
) -> None:
    def at(columns: list[bytes]) -> None:
        columns[column] = change(columns[column])

    rewritten(session, at)
    done = replay(session, "--audit")
    assert done.status == 1 and said in done.out


@pytest.mark.parametrize(
    ("table", "said"),
    [("receipts", " from here on "), ("stream_block", " from number ")],
)
def test_a_bit_that_has_flipped_in_the_file_is_named(replay: Run, session: Path, table: str, said: str) -> None:
    flip(session, table, "data")
    done = replay(session, "--audit")
    assert done.status == 1 and said in done.out and "other bytes than were written" in done.out
    assert "The first that differs: Hop " in done.out


def test_a_bit_that_has_flipped_in_a_version_is_named(replay: Run, session: Path) -> None:
    with closing(sqlite3.connect(session)) as db:
        sql = "SELECT blob FROM checkpoint_array WHERE name = 'base.V' LIMIT 1"
        (content,) = db.execute(sql).fetchone()
    flip(session, "blob", "data", f"id = '{content}' DESC LIMIT 1")
    done = replay(session, "--audit", "--relearn")
    assert done.status == 1 and "cannot be served again" in done.out and "is damaged" in done.out


def test_a_bit_that_has_flipped_in_a_recipe_is_named(replay: Run, session: Path) -> None:
    version, _ = row_of(session, "checkpoint", "recipe", "recipe IS NULL, version LIMIT 1 OFFSET 9")
    flip(session, "checkpoint", "recipe", f"version = {version} DESC LIMIT 1")
    done = replay(session, "--audit", "--relearn")
    assert done.status == 1 and f"answered by v{version}): its version" in done.out
    assert f"1 cannot be any more (v{version})" in done.out
    assert replay(session, "--relearn").status == 1, "those that are there are what they were, but one is not there"


def test_nothing_is_written_where_a_session_is_only_read(replay: Run, session: Path) -> None:
    session.chmod(0o444)
    before = session.read_bytes()
    assert replay(session, "--audit", "--relearn").status == 0
    assert session.read_bytes() == before
    assert all(path == session or path.stat().st_size == 0 for path in session.parent.iterdir())
    session.chmod(0o644)
    with Session.open(session):
        refused(replay(session), "is open in another dgstudio")


def test_receipts_that_are_gone_are_missed(replay: Run, session: Path) -> None:
    identity, count = row_of(session, "receipts", "count")
    edit(session, "DELETE FROM receipts WHERE id = ?", (identity,))
    done = replay(session, "--audit")
    assert done.status == 1 and RowsMissing(Rows.RECEIPT, count).words in done.out


def test_samples_that_no_answer_needed_are_missed_too(replay: Run, session: Path) -> None:
    with closing(sqlite3.connect(session)) as db:
        rows = db.execute("SELECT id, first, count FROM stream_block ORDER BY id").fetchall()
        assert len(rows) > 2
        db.execute("DELETE FROM stream_block WHERE id = ?", (rows[-2][0],))
        db.commit()
    done = replay(session, "--audit")
    assert done.status == 1 and f"from number {rows[-2][1]} on " in done.out
    assert "not in the file" in done.out


def test_samples_and_versions_that_are_gone_are_missed(replay: Run, session: Path, made: bytes) -> None:
    identity, _ = row_of(session, "stream_block", "count", "id LIMIT 1")
    edit(session, "DELETE FROM stream_block WHERE id = ?", (identity,))
    done = replay(session, "--audit")
    assert done.status == 1 and "the samples of its window are not in the file" in done.out
    session.write_bytes(made)
    _, version = row_of(session, "receipts", "json_extract(answerers, '$.who[0][0]')")
    edit(session, "DELETE FROM checkpoint WHERE version = ?", (version,))
    done = replay(session, "--audit")
    assert done.status == 1 and f"has no version {version}" in done.out


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(("table", "what"), [("receipts", "receipts"), ("stream_block", "samples")])
def test_rows_that_are_gone_from_either_end_are_missed(
    replay: Run, session: Path, table: str, what: str, last: bool
) -> None:
    identity, count = row_of(session, table, "count", f"id {'DESC' if last else ''} LIMIT 1")
    edit(session, f"DELETE FROM {table} WHERE id = ?", (identity,))
    done = replay(session, "--audit")
    assert done.status == 1
    if what == "receipts":
        assert RowsUncounted(Rows.RECEIPT, count, lost=False).words in done.out
        assert f"answers that differ    {count} " in done.out
    edit(session, f"DELETE FROM {table}")
    assert replay(session, "--audit").status == 1
    edit(session, "UPDATE stretch SET samples = NULL, answers = NULL")
    assert replay(session, "--audit").status == (0 if what == "receipts" else 1), "nobody counted"


def test_another_kernel_is_told_with_the_largest_difference(replay: Run, session: Path) -> None:
    edit(session, "UPDATE stretch SET kernel = 'dg1 numpy-1.0 blas-of-old'")

    def change(columns: list[bytes]) -> None:
        logits = np.frombuffer(unpacked(columns[5]), "<f4").copy()
        logits[9] += np.float32(0.25)
        columns[5] = pack(logits.tobytes(), 4)

    rewritten(session, change)
    done = replay(session, "--audit")
    assert done.status == 2
    assert "another kernel (dg1 numpy-1.0 blas-of-old; this is " in done.out
    assert "1 differ" in done.out and "the largest difference of a logit is 0.25" in done.out
    assert replay(session).status == 0


def test_a_version_of_another_kernel_need_not_have_the_same_digest(replay: Run, session: Path) -> None:
    with closing(sqlite3.connect(session)) as db:
        sql = "SELECT version, digest, recipe, ground.meta FROM checkpoint JOIN ground ON ground.id = ground"
        for version, digest, recipe, ground_meta in db.execute(sql).fetchall():
            ids, labels, meta = recipes.taken_apart(recipe, ground_meta)
            changed = json.dumps({**json.loads(meta), "kernel": "dg1"})
            data = recipes.packed(ids, labels, changed, ground_meta)
            values = data, recipes.checksum(digest, data), version
            db.execute("UPDATE checkpoint SET recipe = ?, checksum = ? WHERE version = ?", values)
        for version, meta in db.execute("SELECT version, meta FROM checkpoint WHERE recipe IS NULL").fetchall():
            changed = json.dumps({**json.loads(meta), "kernel": "dg1"})
            values = changed, zlib.crc32(changed.encode()), version
            db.execute("UPDATE checkpoint SET meta = ?, checksum = ? WHERE version = ?", values)
        _, other = db.execute("SELECT features, checksum, raw FROM example WHERE learn ORDER BY id LIMIT 2").fetchall()
        db.execute("UPDATE example SET features = ?, checksum = ?, raw = ? WHERE id = 0", other)
        written_so(db)
        db.commit()
    done = replay(session, "--relearn")
    assert done.status == 2 and "by another kernel and have another digest here" in done.out
    done = replay(session, "--audit")
    assert done.status == 2 and "another kernel (dg1; this is " in done.out and "the largest difference" in done.out


# -- bad input ---------------------------------------------------------------------------------------------------


def refused(done: Done, *words: str) -> None:
    assert done.status == 1 and done.err.startswith("dgstudio: ") and done.err.count("\n") == 1
    assert "Traceback" not in done.err + done.out
    for word in words:
        assert word in done.err


def test_a_session_without_a_recording_is_told_in_a_sentence(replay: Run, tmp_path: Path) -> None:
    Session.create(tmp_path / "a.dgs").close()
    refused(replay(tmp_path / "a.dgs", "--audit"), "holds no recording", "Record the stream")
    done = replay(tmp_path / "a.dgs", "--relearn")
    assert done.status == 0 and "Of 0 versions" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--speed", "-1"), "--speed must be 0"),
        (("--speed", "nan"), "--speed must be 0"),
        (("--until", "0"), "--until must be a positive number"),
        (("--until", "inf"), "--until must be a positive number"),
    ],
)
def test_options_that_make_no_sense(replay: Run, session: Path, arguments: tuple[str, ...], said: str) -> None:
    refused(replay(session, *arguments), said)


def test_files_that_are_not_there_or_cannot_be_written(replay: Run, session: Path, tmp_path: Path) -> None:
    refused(replay(tmp_path / "no.dgs", "--audit"), "There is no session")
    refused(replay(session, "--jsonl", tmp_path / "no" / "a.jsonl"), "Cannot write")
    (tmp_path / "text.dgs").write_text("text")
    refused(replay(tmp_path / "text.dgs"), "not a dgstudio session")


def test_a_run_can_record_and_is_replayed_whole(
    replay: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.dgs"
    arguments = ["run", "--source", "basic_motions", "--speed", "0", "--session", str(path), "--record"]
    monkeypatch.setattr(sys, "argv", ["dgstudio", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    out = capsys.readouterr().out
    assert not left.value.code and "recorded" in out and "not recorded" not in out
    figures = replay_figures(path)
    assert figures["mismatches"] == 0 and figures["seconds"] == 800.0
    assert f"{figures['answers']} answers" in out
    monkeypatch.setattr(sys, "argv", ["dgstudio", "run", "--record"])
    with pytest.raises(SystemExit):
        cli.main()
    assert "--record needs a file" in capsys.readouterr().err


def test_help_has_an_example(replay: Run) -> None:
    done = replay("--help")
    assert done.status == 0 and "Example: dgstudio replay gestures.dgs --audit" in done.out
