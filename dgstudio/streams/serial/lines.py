"""Bytes that come in pieces become lines, however they are cut."""

from __future__ import annotations

LONGEST = 4096
"""Bytes of a line: 256 numbers of 15 characters."""


class LineCutter:
    """Cuts what comes into lines. One thread."""

    def __init__(self) -> None:
        self.too_long = 0
        """Lines that were longer than `LONGEST`, and left out."""
        self.bytes_since_line = 0
        """Bytes that have come since the last line ended."""
        self._rest = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that end in `data`, without their ends and without empty ones."""
        self._rest += data.replace(b"\r", b"\n")
        whole, newline, rest = self._rest.rpartition(b"\n")
        if not newline:
            self.bytes_since_line += len(data)
            if len(self._rest) > LONGEST:
                self._rest.clear()
                self._skip()
            return []
        self._rest, self.bytes_since_line = bytearray(rest), len(rest)
        lines = bytes(whole).split(b"\n")
        if self._skipping:
            self._skipping = False
            del lines[0]
        kept = [line for line in lines if len(line) <= LONGEST]
        self.too_long += len(lines) - len(kept)
        return [line for line in kept if line.strip()]

    def clear(self) -> None:
        """Forget the line that has begun: what comes next does not follow it."""
        self._rest.clear()
        self._skipping, self.bytes_since_line = False, 0

    def _skip(self) -> None:
        if not self._skipping:
            self._skipping = True
            self.too_long += 1
