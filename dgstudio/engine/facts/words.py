"""Words for figures that several facts and parts of the window name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def spans_text(spans: Sequence[tuple[int, int]]) -> str:
    """Like "v3, v12–v31"; of many the last three."""
    words = [f"v{first}" if first == last else f"v{first}–v{last}" for first, last in spans[-3:]]
    return ("…, " if len(spans) > 3 else "") + ", ".join(words)


def banks_text(banks: Iterable[int]) -> str:
    """Like "bank 2" or "banks 1 and 2"; the first bank is called 1."""
    names = [str(bank + 1) for bank in sorted(banks)]
    return f"bank {names[0]}" if len(names) == 1 else f"banks {', '.join(names[:-1])} and {names[-1]}"
