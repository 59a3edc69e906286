"""What is recorded comes back byte for byte; what is damaged is told, and takes nothing else with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.errors import SessionError
from dgstudio.session.file import Session
from dgstudio.session.recording.recorded import RecordedBlock, RecordedStretch
from dgstudio.types import Reading, Receipt

SIGNAL = {"name": "test", "kind": "signal", "rate": 50.0, "channels": ["x", "y"], "window_s": 1.0, "hop_s": 0.1}


def reading(rng: np.random.Generator, hop: int, *, classes: int, banks: int, units: int, version: int = 3) -> Reading:
    active = np.sort(rng.choice(units, units // 3, replace=False)).astype(np.int32) if units else np.zeros(0, np.int32)
    logits = rng.normal(size=classes).astype(np.float32)
    logits[: classes // 3] = [-0.0, np.nan, np.inf][: classes // 3]
    return Reading(
        hop=hop,
        start=hop / 10,
        end=hop / 10 + 1,
        version=version,
        digest=f"{version:032x}",
        features=np.zeros(4, np.float32),
        active=active,
        activations=np.zeros(len(active), np.float32),
        bank_r=np.zeros(banks, np.float32),
        bank_tau=np.zeros(banks, np.float32),
        bank_state=rng.integers(0, 3, banks).astype(np.uint8),
        speaker=-1,
        margin=0.0,
        classes=tuple(range(10, 10 + classes)),
        logits=logits,
        probabilities=logits,
        top=None if rng.random() < 0.3 or not classes else 10 + int(rng.integers(classes)),
        latency_us=1.0,
        arrival_wall=0.0,
        ready_wall=0.0,
        receipt=Receipt(rng.bytes(8).hex(), version, f"{version:032x}", "", "", "kernel"),
        sample=50 + 5 * hop,
    )


@given(
    shapes=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 3), st.integers(1, 20)), min_size=1, max_size=4),
    units=st.sampled_from([0, 1, 8, 128]),
    seed=st.integers(0, 2**32 - 1),
)
def test_receipts_come_back(shapes: list[tuple[int, int, int]], units: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    given_, hop = [], 7
    for version, (classes, banks, count) in enumerate(shapes):
        for _ in range(count):
            given_.append(reading(rng, hop, classes=classes, banks=banks, units=units, version=version))
            hop += 1
    with Session.memory() as session:
        session.recorded.put_answers(0, given_)
        (kept,) = session.recorded.answers(0)
    assert (kept.first, kept.count) == (7, len(given_))
    assert kept.content is not None
    for was, now in zip(given_, kept.content, strict=True):
        assert was.receipt is not None
        assert (was.hop, was.sample, was.version, was.digest) == (now.hop, now.sample, now.version, now.digest)
        assert (was.classes, was.top, was.receipt.input) == (now.classes, now.top, now.input)
        assert was.active.tobytes() == now.active.tobytes() and was.active.dtype == now.active.dtype
        assert was.bank_state.tobytes() == now.state.tobytes()
        assert was.logits.tobytes() == now.logits.tobytes()


@given(
    times=st.lists(st.floats(width=64), min_size=1, max_size=40),
    channels=st.integers(1, 4),
    truth=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_samples_come_back_whatever_their_bits(times: list[float], channels: int, truth: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2**32, (len(times), channels), dtype=np.uint32)
    labels = rng.integers(-1, 5, len(times)).astype(np.int16) if truth else None
    block = RecordedBlock(1000, np.array(times), bits.view(np.float32), labels, (1000, 1003))
    with Session.memory() as session:
        session.recorded.put_block(2, block)
        (kept,) = session.recorded.blocks(2)
    again = kept.content
    assert again is not None and (again.first, again.breaks) == (1000, (1000, 1003))
    assert again.times.tobytes() == block.times.tobytes()
    assert again.values.tobytes() == bits.tobytes() and again.values.flags.c_contiguous
    assert (again.truth is None) == (labels is None)
    assert labels is None or again.truth is None or again.truth.tobytes() == labels.tobytes()


def test_an_even_clock_takes_no_room() -> None:
    times = np.arange(1, 4097) / 200.0
    with Session.memory() as session:
        size = session.recorded.put_block(0, RecordedBlock(0, times, np.zeros((4096, 6), np.float32)))
    assert size < 4096


def test_stretches_are_kept_apart_and_in_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "a.dgs"
    with Session.create(path) as session, session.batch():
        for number in range(2):
            stretch = RecordedStretch(number, 10.0 + number, f"kernel {number}", SIGNAL)
            session.recorded.put_stretch(stretch)
            for first in (0, 50):
                values = rng.normal(size=(50, 2)).astype(np.float32)
                session.recorded.put_block(number, RecordedBlock(first + 500 * number, np.arange(50.0), values))
            session.recorded.put_answers(number, [reading(rng, 0, classes=3, banks=1, units=8)])
        session.recorded.put_stretch(replace(stretch, ended_unix=20.0, lost_samples=3, lost_answers=1))
    with Session.open(path) as session:
        first, second = session.recorded.stretches()
        assert (first.ended_unix, second.ended_unix) == (None, 20.0)
        assert (second.lost_samples, second.lost_answers, second.signal) == (3, 1, SIGNAL)
        assert session.recorded.bounds(0) == (0, 100) and session.recorded.bounds(1) == (500, 600)
        assert session.recorded.bounds(2) is None
        assert [kept.first for kept in session.recorded.blocks(1)] == [500, 550]
        assert [kept.first for kept in session.recorded.blocks(1, 550)] == [550]
        assert session.recorded.next_stretch() == 2
        assert session.recorded.size_bytes() > 0


@pytest.mark.parametrize("table", ["stream_block", "receipts"])
@pytest.mark.parametrize("place", [0, 10, -1])
def test_a_byte_that_is_wrong_is_told(tmp_path: Path, table: str, place: int) -> None:
    rng = np.random.default_rng(1)
    path = tmp_path / "a.dgs"
    with Session.create(path) as session, session.batch():
        for first in (0, 4):
            values = rng.normal(size=(4, 2)).astype(np.float32)
            session.recorded.put_block(0, RecordedBlock(first, np.arange(4.0), values))
            answers = [reading(rng, first + i, classes=3, banks=1, units=8) for i in range(4)]
            session.recorded.put_answers(0, answers)
    with closing(sqlite3.connect(path)) as db:
        (data,) = db.execute(f"SELECT data FROM {table} WHERE id = 1").fetchone()
        wrong = bytearray(data)
        wrong[place] ^= 1
        db.execute(f"UPDATE {table} SET data = ? WHERE id = 1", (bytes(wrong),))
        db.commit()
    with Session.open(path) as session:
        rows = list(session.recorded.blocks(0) if table == "stream_block" else session.recorded.answers(0))
        assert [(kept.first, kept.count, kept.content is None) for kept in rows] == [(0, 4, True), (4, 4, False)]


@pytest.mark.parametrize("place", ["1e400", "'x'", "x'00'", "4.5"])
def test_rows_are_read_in_the_order_of_the_stream_whatever_their_numbers(tmp_path: Path, place: str) -> None:
    path = tmp_path / "a.dgs"
    with Session.create(path) as session, session.batch():
        session.recorded.put_stretch(RecordedStretch(0, 10.0, "kernel", SIGNAL))
        for first in (0, 4, 8):
            session.recorded.put_block(0, RecordedBlock(first, np.arange(4.0), np.zeros((4, 2), np.float32)))
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE stream_block SET id = 0 WHERE first = 8")
        db.execute(f"UPDATE OR IGNORE stream_block SET count = {place} WHERE first = 4")
        db.commit()
    with Session.open(path) as session:
        kept = list(session.recorded.blocks(0))
        assert [row.first for row in kept if row.content is not None] == [0, 8]
        assert session.recorded.missing() != []


def test_an_answer_without_a_receipt_is_refused() -> None:
    answer = replace(reading(np.random.default_rng(2), 0, classes=2, banks=0, units=4), receipt=None)
    with Session.memory() as session, pytest.raises(SessionError, match="without a receipt"):
        session.recorded.put_answers(0, [answer])
