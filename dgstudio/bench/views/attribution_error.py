"""How exactly answers are taken apart, and how quickly it is known what an answer would be without an example."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from dgstudio.bench.views.taught_model import TaughtModel
from dgstudio.engine.inspection.answer_parts import BankTerms

LEAST = 20
"""Answers that are taken apart at least."""
QUESTIONS = 50
"""Examples that are left out one after the other, at most."""


def attribution_figures(seconds: float, model: TaughtModel) -> dict[str, Any]:
    """Take apart the answers of two versions to protected, labelled and other inputs, those of sealed banks too.

    Returns
    -------
    `max_error`: the most that a sum of parts misses what the kernel scores, over Σ|parts|, of base and banks;
    `unexplained`: banks of answers for which there is a reason instead of parts; `answers`; `answer_p99_ms` and
    `without_p99_ms`: from a question to its answer, once the version has been asked about.
    """
    inspector = model.inspector
    errors, unexplained = [0.0], 0
    took: list[float] = []
    for version in (model.before, model.after):
        inspector.answer(version, model.rows[0])
    end = time.perf_counter() + seconds / 2
    for number in np.random.default_rng(0).permutation(2 * len(model.rows)).tolist():
        begin = time.perf_counter()
        if begin > end and len(took) >= LEAST:
            break
        version = (model.before, model.after)[number % 2]
        parts = inspector.answer(version, model.rows[number // 2])
        took.append((time.perf_counter() - begin) * 1e3)
        errors += [] if parts.base is None else [parts.base.error]
        terms = [bank.rests_on for bank in parts.banks]
        errors += [found.error for found in terms if isinstance(found, BankTerms)]
        unexplained += sum(not isinstance(found, BankTerms) for found in terms)
    return {
        "max_error": max(errors),
        "unexplained": unexplained,
        "answers": len(took),
        "answer_p99_ms": float(np.percentile(took, 99)),
        "without_p99_ms": _without(model, seconds / 2),
    }


def _without(model: TaughtModel, seconds: float) -> float:
    inspector = model.inspector
    took: list[float] = []
    raw = model.sets.examples.raw[model.learned[0]]
    inspector.without(model.after, raw, model.learned[:1])
    end = time.perf_counter() + seconds
    for example_id in model.learned[1 : QUESTIONS + 1]:
        begin = time.perf_counter()
        if begin > end and took:
            break
        inspector.without(model.after, raw, [example_id])
        took.append((time.perf_counter() - begin) * 1e3)
    return float(np.percentile(took, 99))
