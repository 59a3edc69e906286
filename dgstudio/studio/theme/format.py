"""Numbers as the window writes them."""

from __future__ import annotations


def grouped(count: int) -> str:
    """Return a count with its thousands parted, as in "48,210"."""
    return f"{count:,}"


def percent(share: float, digits: int = 0) -> str:
    """Return a share (0..1) in per cent, as in "43 %"."""
    return f"{100 * share:.{digits}f} %"


def seconds(when: float) -> str:
    """Return seconds from the live edge, as in "−12.4 s"."""
    return f"{when:.1f} s".replace("-", "−")


def duration(us: float) -> str:
    """Return microseconds as "84 µs" or "1.9 ms"; "–" where nothing was measured."""
    if us <= 0:
        return "–"
    return f"{us:.0f} µs" if us < 1000 else f"{us / 1000:.1f} ms"


def take_number(take_id: int) -> str:
    """Return the number of a take as people count them: from 1, while sessions count from 0."""
    return grouped(take_id + 1)
