"""How quickly two versions are compared: on all protected inputs and a thousand examples, and on one input."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from dgstudio.bench.views.taught_model import TaughtModel

LEAST = 5
"""Comparisons at least."""


def comparison_figures(seconds: float, model: TaughtModel) -> dict[str, Any]:
    """Compare two versions again and again, on all inputs and on one.

    Returns
    -------
    `p50_ms`, `p99_ms`: of one comparison over all of `inputs` protected and labelled inputs; `one_p99_ms`: on one
    input, split into parts; `changed`: answers that are others; `protected_moved`: protected inputs of which a bit
    differs.
    """
    inspector = model.inspector
    found = inspector.compare_all(model.before, model.after)
    every = _timed(lambda _: inspector.compare_all(model.before, model.after), seconds / 2)
    rows = model.rows
    inspector.compare(model.before, model.after, rows[0])
    one = _timed(lambda n: inspector.compare(model.before, model.after, rows[n % len(rows)]), seconds / 2)
    return {
        "p50_ms": float(np.percentile(every, 50)),
        "p99_ms": float(np.percentile(every, 99)),
        "one_p99_ms": float(np.percentile(one, 99)),
        "inputs": len(model.sets.protected) + len(model.sets.examples),
        "changed": int(found.protected.changed.sum() + found.examples.changed.sum()),
        "protected_moved": int((~found.protected.identical).sum()),
    }


def _timed(work: Callable[[int], object], seconds: float) -> list[float]:
    """Milliseconds of each call."""
    took: list[float] = []
    end = time.perf_counter() + seconds
    while len(took) < LEAST or time.perf_counter() < end:
        begin = time.perf_counter()
        work(len(took))
        took.append((time.perf_counter() - begin) * 1e3)
    return took
