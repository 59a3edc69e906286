"""What a demo can say of where an answer comes from: the take that carries it, its version, and equal versions."""

from __future__ import annotations

from collections import defaultdict

from dgstudio.records import dataclass
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import CellView
from dgstudio.types import CauseKind, PublishRecord, Reading


@dataclass(frozen=True, slots=True)
class Carrier:
    """The take whose examples speak most for an answer.

    Attributes
    ----------
    take : its number, from 0.
    class_id : what it was labelled.
    examples : how many examples of it stand.
    version : the first version that has learned from it; None where no record tells.
    share : their part of all that speaks for the answer, 0..1.
    """

    take: int
    class_id: int
    examples: int
    version: int | None
    share: float


class Tracing:
    """Follows the records of one session. Qt thread only."""

    def __init__(self, commands: Bridge) -> None:
        self._commands = commands
        self._read = 0
        self._first_with: dict[str, int] = {}
        """Digest → the first version of this content."""
        self._digests: dict[int, str] = {}
        self._learned: dict[int, int] = {}
        """Take → the first version that came of it."""
        self._carried: tuple[object, Carrier | None] = (None, None)

    def follow(self) -> None:
        """Take up new records."""
        records, self._read = self._commands.state.history.since(self._read)
        for record in records:
            self._note(record)

    def _note(self, record: PublishRecord) -> None:
        if record.version is None:
            return
        self._digests[record.version] = record.digest
        self._first_with.setdefault(record.digest, record.version)
        if record.cause is not None and record.cause.kind is CauseKind.TAKE:
            self._learned.setdefault(record.cause.number, record.version)

    def same_as(self, version: int) -> int | None:
        """Return the first version whose parameters are those of this one, to the last bit; None where it is new."""
        digest = self._digests.get(version)
        first = None if digest is None else self._first_with[digest]
        return None if first == version else first

    def carrier(self, reading: Reading | None) -> Carrier | None:
        """Return what speaks most for an answer; None where no example does, or it is not known yet."""
        if reading is None:
            return None
        cells = self._commands.cells(reading)
        key = reading.hop, len(cells), self._read
        if self._carried[0] != key:
            self._carried = key, self._carrier(cells)
        return self._carried[1]

    def _carrier(self, cells: list[CellView]) -> Carrier | None:
        speak = {cell.example_id: cell.toward for cell in cells if cell.toward > 0}
        book = self._commands.book
        by_take: defaultdict[int, float] = defaultdict(float)
        for example in book.known(speak):
            by_take[example.take_id] += speak[example.id]
        if not by_take:
            return None
        take = max(by_take, key=lambda take: by_take[take])
        standing = book.standing(example.id for example in book.examples_of(take))
        class_id = standing[0].class_id if standing else book.take(take).class_id
        return Carrier(take, class_id, len(standing), self._learned.get(take), by_take[take] / sum(by_take.values()))
