"""What a session holds of a recorded stream: stretches, their samples in blocks, a receipt for each answer in packs."""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from dgstudio.errors import SessionError
from dgstudio.guard.limits import LABEL, ROW_BYTES
from dgstudio.guard.texts import json_value, plain_text
from dgstudio.records import dataclass
from dgstudio.session.format.codecs import joined, pack, split, unpacked
from dgstudio.session.format.rows import DamagedRowError, Row, text_of, to_json
from dgstudio.session.storage.database import Database
from dgstudio.types import F32, F64, I32, U8, Reading

T = TypeVar("T")

RECORDING = "recording"
"""Session setting: whether the stream is to be recorded, as the user chose last."""

_STRETCH = "id, began_unix, ended_unix, lost_samples, lost_answers, kernel, signal"
_COUNTS = {"stream_block": "samples", "receipts": "answers"}
"""Table → column of the stretch that counts what its rows hold."""
_LOST = {"stream_block": "lost_samples", "receipts": "lost_answers"}
"""Table → column of the stretch that counts what could not be kept."""
_BLOCK = "stretch, first, count, checksum, marks, data"
_RECEIPTS = "stretch, first, count, checksum, answerers, data"
NOBODY = -1
"""Stands for "no class" in a receipt."""


@dataclass(frozen=True, slots=True)
class RecordedStretch:
    """A part of a stream that was recorded without a pause, by one program on one machine.

    `signal` is what `restored.signal_of` keeps of the stream, with the names of its truth; `ended_unix` is None where
    the program was killed, or is still at it. `lost_…`: what could not be kept. `samples` and `answers` are how many
    were put, whatever rows are there still; None where nobody counted.
    """

    id: int
    began_unix: float
    kernel: str
    signal: dict[str, Any]
    ended_unix: float | None = None
    lost_samples: int = 0
    lost_answers: int = 0
    samples: int | None = None
    answers: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RecordedBlock:
    """Consecutive samples, byte for byte as the ring had them: `first` is the running number of the first one.

    `times` (n,) float64, `values` (n, channels) float32, not repaired, `truth` (n,) int16 or None; `breaks` are the
    numbers of samples that do not follow the one before them.
    """

    first: int
    times: F64
    values: F32
    truth: npt.NDArray[np.int16] | None = None
    breaks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RecordedAnswer:
    """The receipt of one answer, with all that it is compared by.

    `sample` is the number of the sample after the window's last one; `input` the hex digest of the features; `active`
    (k,) int32 ascending; `state` one entry a bank; `logits` (C,) float32 over `classes`; `top` None: none, or unsure.
    """

    hop: int
    sample: int
    version: int
    digest: str
    classes: tuple[int, ...]
    input: str
    active: I32
    state: U8
    logits: F32
    top: int | None


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """A row: numbers `first` to `first + count - 1`, and what it holds; None where its bytes are not those written."""

    first: int
    count: int
    content: T | None


@dataclass(frozen=True, slots=True)
class Missing:
    """What is not there of one kind of row of a stretch, or of no stretch that is known (None).

    `rows` are damaged or lead nowhere; `there` samples or answers can be read, `counted` were put (None: not known).
    """

    stretch: int | None
    table: str
    rows: tuple[int, ...]
    there: int
    counted: int | None


class Recorded:
    """The recorded stretches of one session. Any thread, one at a time, as with the session itself.

    What is put inside of a session's batch is durable with it; else it is a batch of its own. All raise SessionError
    where the file cannot be written or read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- writing -------------------------------------------------------------------------------------------

    def put_stretch(self, stretch: RecordedStretch) -> int:
        """Store a stretch, or how it has ended, but not its counts; returns the bytes it takes."""
        signal = to_json(stretch.signal, f"The signal of stretch {stretch.id}")
        lost = int(stretch.lost_samples), int(stretch.lost_answers)
        times = float(stretch.began_unix), None if stretch.ended_unix is None else float(stretch.ended_unix)
        row = int(stretch.id), *times, *lost, text_of(stretch.kernel), signal
        with self._database.own_batch():
            self._database.put("stretch", _STRETCH, [row])
            # Of one that is there already the counts stay what they are.
            self._database.update("stretch", {}, "id = ?1", [(int(stretch.id),)])
        return len(signal) + len(stretch.kernel)

    def put_block(self, stretch: int, block: RecordedBlock) -> int:
        """Append samples to a stretch; returns the bytes they take."""
        marks = json.dumps({"channels": int(block.values.shape[1]), "breaks": [int(b) for b in block.breaks]})
        truth = b"" if block.truth is None else pack(block.truth.astype("<i2", copy=False).tobytes(), 2)
        values = block.values.astype("<f4", copy=False)
        data = joined(_pack_times(block.times), pack(np.ascontiguousarray(values.T).tobytes(), 4), truth)
        return self._append("stream_block", _BLOCK, stretch, block.first, len(block.times), marks, data)

    def put_answers(self, stretch: int, readings: Sequence[Reading]) -> int:
        """Append the receipts of consecutive answers, at least one; returns the bytes they take."""
        answerers, data = _pack_answers(readings)
        return self._append("receipts", _RECEIPTS, stretch, readings[0].hop, len(readings), answerers, data)

    def _append(self, table: str, columns: str, stretch: int, first: int, count: int, text: str, data: bytes) -> int:
        checksum = _checksum(stretch, first, count, text, data)
        row = (int(stretch), int(first), int(count), checksum, text, data)
        counts = _COUNTS[table]
        with self._database.own_batch():
            self._database.write(f"INSERT INTO {table} ({columns}) VALUES (?, ?, ?, ?, ?, ?)", [row])
            # Together with the row, so that rows that go missing are missed, at the end of the stretch too.
            added = {counts: f"coalesce({counts}, 0) + ?1"}
            self._database.update("stretch", added, "id = ?2", [(int(count), int(stretch))])
        return len(data) + len(text)

    # -- reading -------------------------------------------------------------------------------------------

    def stretches(self) -> list[RecordedStretch]:
        """All stretches in the order in which they were recorded; ones whose row is damaged are left out."""
        found = []
        for row in self._database.read(f"SELECT {_STRETCH}, samples, answers FROM stretch ORDER BY id"):
            try:
                ended = None if row[2] is None else float(row[2])
                counts = [None if count is None else int(count) for count in row[7:9]]
                when, lost = (
                    (float(row[1]), plain_text(str(row[5]), LABEL), json_value(row[6]), ended),
                    (int(row[3]), int(row[4])),
                )
                found.append(RecordedStretch(int(row[0]), *when, *lost, *counts))
            except (TypeError, ValueError):
                continue
        return found

    def next_stretch(self) -> int:
        """The id that the next stretch gets; also above those of blocks whose stretch is lost."""
        tables = ("SELECT max(id) FROM stretch", "SELECT max(stretch) FROM stream_block")
        found = [self._database.read(sql)[0][0] for sql in tables]
        return max((int(number) for number in found if number is not None), default=-1) + 1

    def blocks(self, stretch: int, first: int = 0) -> Iterator[Kept[RecordedBlock]]:
        """Samples of a stretch in order, read row by row; from the block on that holds the sample `first`."""
        for row in self._rows("stream_block", _BLOCK, stretch, first):
            yield _kept(row, _block_of)

    def answers(self, stretch: int, first: int = 0) -> Iterator[Kept[list[RecordedAnswer]]]:
        """Receipts of a stretch in order, read row by row; from the pack on that holds the hop `first`."""
        for row in self._rows("receipts", _RECEIPTS, stretch, first):
            yield _kept(row, _answers_of)

    def blocks_after(self, stretch: int, row: int) -> Iterator[tuple[int, Kept[RecordedBlock]]]:
        """What was appended to the samples of a stretch behind a row of the file, each with its row."""
        yield from self._after("stream_block", _BLOCK, _block_of, stretch, row)

    def answers_after(self, stretch: int, row: int) -> Iterator[tuple[int, Kept[list[RecordedAnswer]]]]:
        """What was appended to the receipts of a stretch behind a row of the file, each with its row."""
        yield from self._after("receipts", _RECEIPTS, _answers_of, stretch, row)

    def before_newest(self, stretch: int, count: int) -> tuple[int, int]:
        """The rows, of samples and of receipts, behind which the newest `count` of a stretch are."""
        sql = "SELECT id FROM {} WHERE stretch = ? ORDER BY id DESC LIMIT 1 OFFSET ?"
        found = [self._database.read(sql.format(table), (stretch, count)) for table in ("stream_block", "receipts")]
        blocks, answers = (int(rows[0][0]) if rows else 0 for rows in found)
        return blocks, answers

    def _after(self, table: str, columns: str, make: Any, stretch: int, row: int) -> Iterator[tuple[int, Kept[Any]]]:
        ids = self._database.read(f"SELECT id FROM {table} WHERE stretch = ? AND id > ? ORDER BY id", (stretch, row))
        for identity in ids:
            for found in self._database.read(f"SELECT {columns} FROM {table} WHERE id = ?", identity):
                yield int(identity[0]), _kept(found, make)

    def missing(self) -> list[Missing]:
        """Rows that are not what was written, and what is counted and not there; reads all that is recorded."""
        found = []
        stretches = self.stretches()
        for stretch in stretches:
            for table, columns, make, count in (
                ("stream_block", _BLOCK, _block_of, stretch.samples),
                ("receipts", _RECEIPTS, _answers_of, stretch.answers),
            ):
                bad, there = [], 0
                for row in self._rows(table, f"{columns}, id", stretch.id, -1):
                    if _content(row[:6], make) is None:
                        bad.append(int(row[6]))
                    else:
                        there += int(row[2])
                if bad or (count is not None and count != there):
                    found.append(Missing(stretch.id, table, tuple(bad), there, count))
        for table in _COUNTS:
            owned = ", ".join(str(stretch.id) for stretch in stretches)
            rows = self._database.read(f"SELECT id FROM {table} WHERE stretch NOT IN ({owned})")
            if rows:
                found.append(Missing(None, table, tuple(int(row[0]) for row in rows), 0, None))
        return found

    def drop(self, missing: Iterable[Missing]) -> None:
        """Remove these rows, and count what is not there as lost."""
        with self._database.own_batch():
            for lacking in missing:
                self._database.write(f"DELETE FROM {lacking.table} WHERE id = ?", [(row,) for row in lacking.rows])
                if lacking.stretch is not None and lacking.counted is not None:
                    counts, lost = _COUNTS[lacking.table], _LOST[lacking.table]
                    changes = {counts: "?1", lost: f"{lost} + ?2"}
                    gone = max(lacking.counted - lacking.there, 0)
                    self._database.update("stretch", changes, "id = ?3", [(lacking.there, gone, lacking.stretch)])

    def bounds(self, stretch: int) -> tuple[int, int] | None:
        """First sample of a stretch and the one after its last; None where it has none."""
        sql = "SELECT min(first), max(first + count) FROM stream_block WHERE stretch = ?"
        low, high = self._database.read(sql, (stretch,))[0]
        return None if low is None else (int(low), int(high))

    def size_bytes(self) -> int:
        """Bytes that samples and receipts take in the file, versions not counted."""
        sums = [self._database.read(f"SELECT sum(length(data)) FROM {t}")[0][0] for t in ("stream_block", "receipts")]
        return sum(int(size or 0) for size in sums)

    def _rows(self, table: str, columns: str, stretch: int, first: int) -> Iterator[Row]:
        ids = self._database.read(
            f"SELECT id FROM {table} WHERE stretch = ? AND first + count > ? ORDER BY first, id", (stretch, first)
        )
        for identity in ids:
            yield from self._database.read(f"SELECT {columns} FROM {table} WHERE id = ?", identity)


def _checksum(stretch: int, first: int, count: int, text: str, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(f"{int(stretch)} {int(first)} {int(count)} {text}".encode()))


def _kept(row: Row, make: Any) -> Kept[Any]:
    """A row as it is read; of one whose place is damaged not even that is known."""
    try:
        first, count = int(row[1]), int(row[2])
    except (TypeError, ValueError, OverflowError):
        return Kept(0, 0, None)
    return Kept(first, count, _content(row, make))


def _content(row: Row, make: Any) -> Any:
    """What a row holds; None where its bytes are not what was written."""
    stretch, first, count, checksum, text, data = row
    try:
        # A number with a fraction that was put there has the checksum of the whole one.
        whole = all(number.__class__ is int for number in (stretch, first, count))
        if not whole or _checksum(stretch, first, count, text, data) != checksum:
            return None
        return make(first, count, json_value(text), split(data))
    except (DamagedRowError, TypeError, ValueError, OverflowError, KeyError, IndexError, struct.error, zlib.error):
        return None


# -- packing -----------------------------------------------------------------------------------------------------------


def _pack_times(times: F64) -> bytes:
    """Times as differences of differences of their bits: a clock that ticks evenly becomes zeros. Exact."""
    bits = np.ascontiguousarray(times, "<f8").view("<i8")
    return pack(np.diff(bits, n=2, prepend=np.zeros(2, "<i8")).tobytes(), 8)


def _just(data: bytes, dtype: str, count: int) -> npt.NDArray[Any]:
    """So many numbers as a column that was packed holds, within the limit; what would be more is not unpacked."""
    return np.frombuffer(unpacked(data, max(0, min(ROW_BYTES, np.dtype(dtype).itemsize * count))), dtype)


def _times_of(data: bytes, count: int) -> F64:
    steps = _just(data, "<i8", count)
    # Sums wrap around as the differences did.
    return np.add.accumulate(np.add.accumulate(steps)).view("<f8").astype(np.float64)


def _block_of(first: int, count: int, marks: dict[str, Any], columns: list[bytes]) -> RecordedBlock:
    times, values, truth = columns
    channels = int(marks["channels"])
    by_channel = _just(values, "<f4", channels * count).reshape(channels, count)
    return RecordedBlock(
        first,
        _times_of(times, count),
        np.ascontiguousarray(by_channel.T, np.float32),
        _just(truth, "<i2", count).astype(np.int16) if truth else None,
        tuple(int(b) for b in marks["breaks"]),
    )


def _pack_answers(readings: Sequence[Reading]) -> tuple[str, bytes]:
    """Who answered, as JSON, and the columns of a pack.

    A version is named once, with its digest, classes and how many banks it has; each answer refers to it. Active units
    are one bit each, and stored as how they differ from those of the answer before.
    """
    places: dict[tuple[int, str], int] = {}
    answerers: list[list[Any]] = []
    who = np.zeros(len(readings), "<u2")
    units = max((int(reading.active[-1]) + 1 for reading in readings if len(reading.active)), default=0)
    bits = np.zeros((len(readings), units), np.uint8)
    for i, reading in enumerate(readings):
        key = reading.version, reading.digest
        if key not in places:
            places[key] = len(answerers)
            answerers.append([reading.version, reading.digest, list(reading.classes), len(reading.bank_state)])
        who[i] = places[key]
        bits[i, reading.active] = 1
    if any(reading.receipt is None for reading in readings):
        raise SessionError("An answer without a receipt cannot be recorded.")
    hops = np.array([(reading.hop, reading.sample) for reading in readings], "<i8")
    inputs = b"".join(bytes.fromhex(reading.receipt.input) for reading in readings if reading.receipt is not None)
    mask = np.packbits(bits, axis=1)
    mask[1:] ^= mask[:-1].copy()
    tops = np.array([NOBODY if reading.top is None else reading.top for reading in readings], "<i4")
    logits = np.concatenate([reading.logits for reading in readings]).astype("<f4", copy=False)
    states = b"".join(reading.bank_state.tobytes() for reading in readings)
    data = joined(
        pack(np.diff(hops, axis=0, prepend=np.zeros((1, 2), "<i8")).T.tobytes(), 8),
        pack(who.tobytes(), 2),
        inputs,
        pack(np.ascontiguousarray(mask.T).tobytes(), 1),
        pack(states, 1),
        pack(logits.tobytes(), 4),
        pack(tops.tobytes(), 4),
    )
    return json.dumps({"units": units, "who": answerers}, separators=(",", ":")), data


def _answers_of(first: int, count: int, marks: dict[str, Any], columns: list[bytes]) -> list[RecordedAnswer]:
    hops, who, inputs, mask, states, logits, tops = columns
    steps = _just(hops, "<i8", 2 * count).reshape(2, count)
    numbers = np.add.accumulate(steps, axis=1)
    places = _just(who, "<u2", count)
    units = int(marks["units"])
    by_byte = _just(mask, "u1", math.ceil(units / 8) * count).reshape(math.ceil(units / 8), count)
    bits = np.unpackbits(np.bitwise_xor.accumulate(by_byte.T, axis=0), axis=1, count=units)
    every_state, every_logit = np.frombuffer(unpacked(states), np.uint8), np.frombuffer(unpacked(logits), "<f4")
    top = _just(tops, "<i4", count)
    named = [(int(v), str(d), tuple(int(c) for c in classes), int(banks)) for v, d, classes, banks in marks["who"]]
    found, at_state, at_logit = [], 0, 0
    for i in range(count):
        version, digest, classes, banks = named[places[i]]
        state = every_state[at_state : at_state + banks]
        values = every_logit[at_logit : at_logit + len(classes)].astype(np.float32)
        at_state, at_logit = at_state + banks, at_logit + len(classes)
        if len(state) != banks or len(values) != len(classes):
            raise DamagedRowError("answers are missing")
        found.append(
            RecordedAnswer(
                hop=int(numbers[0, i]),
                sample=int(numbers[1, i]),
                version=version,
                digest=digest,
                classes=classes,
                input=inputs[8 * i : 8 * i + 8].hex(),
                active=np.flatnonzero(bits[i]).astype(np.int32),
                state=state,
                logits=values,
                top=None if top[i] == NOBODY else int(top[i]),
            )
        )
    return found
