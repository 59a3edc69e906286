"""The history of publishes: the newest records as they are, older ones packed, for a session has tens of thousands."""

from __future__ import annotations

import pickle
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from dgstudio.types import PublishRecord, RecordKind

BLOCK = 256
"""Records that are packed together: some 80 bytes each then, 800 before."""
OPEN = 2 * BLOCK
"""The newest records stay as they are until they are so many; then the older half is packed."""
UNPACKED = 4
"""Blocks that stay unpacked once somebody has looked into them."""
PLAIN = (RecordKind.LEARNED, RecordKind.REJECTED)
"""Kinds of which there are thousands."""


class History(Sequence[PublishRecord]):
    """Records of publishes, oldest first; a record that comes out equals the one that went in.

    One thread appends, any thread reads; who wants what is new keeps the number that `since` gave him. To walk over
    all of a long history costs some 10 µs a record: ask for `special` or `back_from` where that will do.
    """

    def __init__(self, records: Iterable[PublishRecord] = ()) -> None:
        self._lock = threading.Lock()
        self._blocks: list[bytes] = []
        self._begins: list[float] = []
        """The earliest stream time in each block."""
        self._open: list[PublishRecord] = []
        self._unpacked: OrderedDict[int, list[PublishRecord]] = OrderedDict()
        self.published = self.rejected = 0
        """How many versions were published after the first one, and how many proposals were rejected."""
        self._special: dict[int, PublishRecord] = {}
        """Those that are neither plain publishes nor rejections, by their places; few, and never packed only."""
        self.extend(records)

    def append(self, record: PublishRecord) -> None:
        """Add one record. One thread only."""
        with self._lock:
            if record.kind not in PLAIN:
                self._special[len(self._blocks) * BLOCK + len(self._open)] = record
            self._open.append(record)
            self.published += record.version is not None and record.kind != RecordKind.INITIAL
            self.rejected += record.kind == RecordKind.REJECTED
            full = self._open[:BLOCK] if len(self._open) >= OPEN else []
        if full:
            # Outside the lock: readers need not wait for it.
            packed = zlib.compress(pickle.dumps(full, pickle.HIGHEST_PROTOCOL), 1)
            with self._lock:
                self._blocks.append(packed)
                self._begins.append(min(record.time for record in full))
                del self._open[:BLOCK]

    def extend(self, records: Iterable[PublishRecord]) -> None:
        """Add records in this order. One thread only."""
        for record in records:
            self.append(record)

    @property
    def special(self) -> list[PublishRecord]:
        """Those that are neither plain publishes nor rejections, oldest first."""
        with self._lock:
            return list(self._special.values())

    def since(self, number: int) -> tuple[list[PublishRecord], int]:
        """Return the records from `number` on, oldest first, and the number to ask for next time."""
        total = len(self)
        return self._between(max(0, number), total), total

    def back_from(self, moment: float, first: int = 0) -> Iterator[PublishRecord]:
        """Walk back from the newest record to number `first`: those before it may have times of another run's clock.

        Packed blocks that lie wholly after `moment` (stream time) are passed over.
        """
        with self._lock:
            begins = list(self._begins)
        stop = len(self)
        yield from reversed(self._between(max(len(begins) * BLOCK, first), stop))
        for block in range(len(begins) - 1, first // BLOCK - 1, -1):
            if begins[block] <= moment:
                yield from reversed(self._between(max(block * BLOCK, first), (block + 1) * BLOCK))

    def __len__(self) -> int:
        with self._lock:
            return len(self._blocks) * BLOCK + len(self._open)

    @overload
    def __getitem__(self, place: int) -> PublishRecord: ...
    @overload
    def __getitem__(self, place: slice) -> list[PublishRecord]: ...
    def __getitem__(self, place: int | slice) -> PublishRecord | list[PublishRecord]:
        total = len(self)
        if isinstance(place, slice):
            first, stop, step = place.indices(total)
            if step == 1:
                return self._between(first, stop)
            return [self[i] for i in range(first, stop, step)]
        at = place + total if place < 0 else place
        if not 0 <= at < total:
            raise IndexError(f"There is no record {place} among {total}.")
        special = self._special.get(at)
        return special if special is not None else self._between(at, at + 1)[0]

    def __iter__(self) -> Iterator[PublishRecord]:
        for first in range(0, total := len(self), BLOCK):
            yield from self._between(first, min(first + BLOCK, total))

    def __reversed__(self) -> Iterator[PublishRecord]:
        stop = len(self)
        while stop > 0:
            first = (stop - 1) // BLOCK * BLOCK
            yield from reversed(self._between(first, stop))
            stop = first

    def _between(self, first: int, stop: int) -> list[PublishRecord]:
        found: list[PublishRecord] = []
        while first < stop:
            block, inside = divmod(first, BLOCK)
            part = self._block(block, inside, stop - first)
            found += part
            first += len(part)
        return found

    def _block(self, block: int, inside: int, count: int) -> list[PublishRecord]:
        """At most `count` records from a place in a block on; of those that are not packed, all are one."""
        with self._lock:
            packed = len(self._blocks)
            if block >= packed:
                start = (block - packed) * BLOCK + inside
                return self._open[start : start + count]
            records = self._unpacked.get(block)
            if records is None:
                loaded: list[PublishRecord] = pickle.loads(zlib.decompress(self._blocks[block]))
                records = self._unpacked[block] = loaded
                if len(self._unpacked) > UNPACKED:
                    self._unpacked.popitem(last=False)
            else:
                self._unpacked.move_to_end(block)
            return records[inside : inside + count]
