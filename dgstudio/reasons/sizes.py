"""Sizes of files in words: one rule for all that is shown."""

from __future__ import annotations

UNITS = ((1e3, "kB"), (1e6, "MB"), (1e9, "GB"))


def size_words(size: float) -> str:
    """Bytes as "1 kB", "340 kB", "1.2 MB", "12.3 MB", "210 MB" or "6 GB".

    Thousands of bytes are whole, and at least one of them where there is anything; of the larger units there is one
    decimal below a hundred, unless it is 0.
    """
    if size < UNITS[0][0]:
        return "1 kB" if size > 0 else "0 kB"
    # What rounds to a thousand is one of the next unit.
    unit, name = next((entry for entry in UNITS if size / entry[0] < 999.5), UNITS[-1])
    count = size / unit
    tenths = f"{count:.1f}".removesuffix(".0")
    return f"{count:.0f} {name}" if name == UNITS[0][1] or count >= 99.95 else f"{tenths} {name}"
