"""Numbers as the window writes them."""

from __future__ import annotations


def grouped(count: int) -> str:
    """Return a count with its thousands parted, as in "48,210"."""
    return f"{count:,}"


def percent(share: float, digits: int = 0) -> str:
    """Return a share (0..1) in per cent, as in "43 %"."""
    return f"{100 * share:.{digits}f} %"
