"""How much of a moving picture is kept."""

from __future__ import annotations

from typing import Final

KEPT_S: Final = 30.0
"""Seconds that are kept."""
MOST_BYTES: Final = 64 << 20
"""Of all frames together; where so many seconds do not fit in, fewer are kept."""
