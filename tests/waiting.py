"""How tests wait: for a condition, never for a time. The one ceiling is there so that what never comes is said."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE_S = 120.0
"""After this long a condition counts as one that does not come, however slow the machine is."""


def wait_until(condition: Callable[[], object], what: str = "") -> None:
    """Poll until it holds; fail with what was waited for."""
    begun = time.monotonic()
    while not condition():
        waited = time.monotonic() - begun
        assert waited < DEADLINE_S, f"waited in vain for {what or condition}"
        time.sleep(0.001 if waited < 0.02 else 0.005)
