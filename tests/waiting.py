"""How tests wait: for a condition, never for a time. The one ceiling is there so that what never comes is said."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE_S = 120.0
"""After this long a condition counts as one that does not come, however slow the machine is."""


def wait_until(condition: Callable[[], object], what: str = "") -> None:
    """Poll until it holds; fail with what was waited for."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what or condition}"
        time.sleep(0.001)
