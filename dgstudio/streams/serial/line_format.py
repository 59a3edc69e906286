"""How the numbers stand on a line: which character parts them, how many there are, and what they are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from dgstudio.guard.limits import LABEL
from dgstudio.guard.texts import plain_text
from dgstudio.records import dataclass

LEAST_LINES = 4
"""Lines that must agree before their format is taken as known."""
NAMED = re.compile(r"\s*([^:,;\t]{1,60}?)\s*:\s*(\S+)\s*")
"""A number with its name before it, as Arduino's plotter reads them: "x:1.5"."""
COMMENT = b"#"


class Delimiter(StrEnum):
    """What parts the numbers of a line; where several would do, the first in this order does."""

    COMMA = ","
    SEMICOLON = ";"
    TAB = "\t"
    SPACE = " "

    @property
    def words(self) -> str:
        """As in "commas"."""
        return {",": "commas", ";": "semicolons", "\t": "tabs", " ": "spaces"}[self]


@dataclass(frozen=True, slots=True)
class LineFormat:
    """What the lines of a stream have in common.

    Attributes
    ----------
    delimiter : None where a line holds one number.
    count : numbers on a line.
    named : each number has its name before it, as in "x:1.5".
    decimal_comma : numbers are written as in 1,5.
    trailing : a delimiter stands after the last number too.
    """

    delimiter: Delimiter | None
    count: int
    named: bool = False
    decimal_comma: bool = False
    trailing: bool = False

    def cells(self, text: str) -> list[str]:
        """Return what stands between the delimiters of a line."""
        if self.delimiter is None:
            return [text]
        if self.delimiter is Delimiter.SPACE:
            return text.split()
        cells = text.split(self.delimiter)
        if self.trailing and len(cells) > 1 and not cells[-1].strip():
            del cells[-1]
        return cells

    def numbers(self, line: bytes) -> list[float] | None:
        """Return the numbers of a line, however many; None where something else stands on it."""
        if not self.named and not self.decimal_comma and b"_" not in line and self.delimiter is not None:
            # The usual case, some thousand times a second. Python's own numbers may have underscores.
            cells = line.split() if self.delimiter is Delimiter.SPACE else line.split(self.delimiter.encode())
            if self.trailing and len(cells) > 1 and not cells[-1].strip():
                del cells[-1]
            try:
                return [float(cell) for cell in cells]
            except ValueError:
                return None
        found = [self._number(cell) for cell in self.cells(_text(line))]
        return None if None in found else [number for number in found if number is not None]

    def names(self, line: bytes) -> tuple[str, ...] | None:
        """Return what the numbers are called, where this line says so: a line of words, or of named numbers."""
        cells = self.cells(_text(line))
        if len(cells) != self.count:
            return None
        if self.named:
            found = [NAMED.fullmatch(cell) for cell in cells]
            names = ["" if match is None else match[1] for match in found]
        else:
            names = ["" if number_in(cell) is not None else cell for cell in cells]
        plain = [plain_text(name.strip().strip("\"'"))[:LABEL] for name in names]
        return tuple(plain) if all(plain) and len(set(plain)) == len(plain) else None

    def _number(self, cell: str) -> float | None:
        if self.named:
            match = NAMED.fullmatch(cell)
            if match is None:
                return None
            cell = match[2]
        return number_in(cell.replace(",", ".") if self.decimal_comma else cell)


def format_of(lines: Sequence[bytes]) -> LineFormat | None:
    """Find the format that most of the lines have; None where no `LEAST_LINES` lines, and no half of them, agree."""
    best: tuple[int, int] = (0, 0)
    found: LineFormat | None = None
    for candidate in _candidates():
        counts: Counter[int] = Counter()
        for line in lines:
            numbers = candidate.numbers(line)
            if numbers:
                counts[len(numbers)] += 1
        if not counts:
            continue
        count, agreeing = max(counts.items(), key=lambda item: (item[1], item[0]))
        if candidate.delimiter is not None and count < 2:
            continue
        if (agreeing, count) > best:
            best = (agreeing, count)
            found = LineFormat(candidate.delimiter, count, candidate.named, candidate.decimal_comma, candidate.trailing)
    wanted = sum(not line.startswith(COMMENT) for line in lines) / 2
    return found if best[0] >= max(LEAST_LINES, wanted) else None


def _candidates() -> list[LineFormat]:
    """All formats that there are; the more usual ones first, since what comes later must fit better."""
    found = [LineFormat(delimiter, 0) for delimiter in Delimiter]
    found.append(LineFormat(None, 1))
    found += [LineFormat(delimiter, 0, trailing=True) for delimiter in list(Delimiter)[:3]]
    found += [LineFormat(delimiter, 0, named=True) for delimiter in Delimiter]
    found.append(LineFormat(None, 1, named=True))
    found += [LineFormat(delimiter, 0, decimal_comma=True) for delimiter in list(Delimiter)[1:]]
    return found


def number_in(cell: str) -> float | None:
    """Return the number that a cell holds, or None."""
    if "_" in cell:
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
