"""What an answer and its features cost beside a conventional network's, and how fast the locked bank absorbs.

All contestants answer the same inputs in turn within one run, one input a call, on one thread: what disturbs the
machine disturbs all of them. Who follows whom is drawn anew for each input, for each leaves the caches as it used them.
Needs torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from dgstudio.errors import DgstudioError
from dgstudio.extras.known import needs
from dgstudio.learning.bank.locked_bank import Sums
from dgstudio.learning.rules.dense import DenseWeights, logits_of
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass
from dgstudio.streams.features import SignalFeatures
from dgstudio.types import F32, Example, Receipt, StreamKind, StreamSpec

INPUTS = 64
"""Different inputs that the contestants answer."""
ROUNDS = 60
"""Times that each contestant answers all of them."""
EXAMPLES = 200
BLOCK = 16
"""Examples absorbed at a time."""
NEW_CLASSES = 2
STREAM = StreamSpec("bench", StreamKind.SIGNAL, 200.0, tuple(f"c{i}" for i in range(6)), 1.0, 0.02)
"""Whose windows, 200 samples of 6 channels, become features."""

Contestants: TypeAlias = dict[str, tuple[Callable[[F32], object], list[F32]]]
"""Name → how it answers, and what: `INPUTS` of them."""


@dataclass(frozen=True, slots=True)
class ServingCosts:
    """Ratios of median times and of multiply–accumulates, and examples absorbed a second.

    An answer here is that of the plan, its "unsure", the class that it names, and its receipt; a dense network only
    computes its logits, from an input that is normalised already.

    `serve` has over_torch_dense (the base alone with gates ÷ torch's dense forward of one input),
    bank_over_torch_dense (with a learned bank), over_numpy_dense and bank_over_numpy_dense (÷ numpy's dense forward),
    macs_over_dense and bank_macs_over_dense (all gates, features and routers counted), and the medians behind them
    in µs: base_us, bank_us, torch_dense_us, numpy_dense_us. `features` has us, of a window of `STREAM`, and
    over_numpy_dense.
    """

    serve: dict[str, float]
    features: dict[str, float]
    examples_per_s: float


def serving_costs(base: BaseModel) -> ServingCosts:
    """Measure for one base model; takes a few seconds in the calling thread.

    Raises
    ------
    DgstudioError
        Where torch is not installed.
    """
    inputs, examples = _inputs(base)
    rule = _rule(base)
    examples_per_s = _absorbing(rule, examples)
    without, bank = Plan(base.snapshot()), Plan(rule.propose(_with_classes(base)))
    dense = DenseWeights(*base.dense, base.classes)
    normalised = [base.normaliser(raw) for raw in inputs]
    ours: Contestants = {
        "base_us": (lambda raw: answered(without, raw), inputs),
        "bank_us": (lambda raw: answered(bank, raw), inputs),
    }
    us = _medians(
        {
            **ours,
            "numpy_dense_us": (lambda x: logits_of(dense, x), normalised),
            "features_us": (SignalFeatures(STREAM), _windows()),
        }
    )
    features_us = us.pop("features_us")
    # By itself: where torch computes in between, numpy's forward pass takes half as long again, and ours a fifth.
    beside_torch = _medians({**ours, "torch_dense_us": (torch_dense(dense), normalised)})
    us["torch_dense_us"] = beside_torch["torch_dense_us"]
    dense_macs = dense.W1.size + dense.V.size
    serve = {
        "over_torch_dense": beside_torch["base_us"] / us["torch_dense_us"],
        "bank_over_torch_dense": beside_torch["bank_us"] / us["torch_dense_us"],
        "over_numpy_dense": us["base_us"] / us["numpy_dense_us"],
        "bank_over_numpy_dense": us["bank_us"] / us["numpy_dense_us"],
        "macs_over_dense": _macs(without, inputs) / dense_macs,
        "bank_macs_over_dense": _macs(bank, inputs) / dense_macs,
        **us,
    }
    features = {"us": features_us, "over_numpy_dense": features_us / us["numpy_dense_us"]}
    return ServingCosts(serve, features, examples_per_s)


def answered(plan: Plan, raw: F32) -> tuple[int, bool, Receipt]:
    """Everything that an answer is for: the class that it names (by its place), whether it is unsure, its receipt."""
    answer = plan.answer(raw)
    return answer.top, answer.unsure, plan.receipt(raw, answer)


def _medians(contestants: Contestants) -> dict[str, float]:
    """Median µs a call; contestants alternate input by input, and the first round only warms up."""
    times: dict[str, list[int]] = {name: [] for name in contestants}
    rng, names = np.random.default_rng(0), list(contestants)
    for turn in range(ROUNDS + 1):
        for number in range(INPUTS):
            for name in rng.permutation(names).tolist():
                call, rows = contestants[name]
                row = rows[number]
                begin = time.perf_counter_ns()
                call(row)
                elapsed = time.perf_counter_ns() - begin
                if turn:
                    times[name].append(elapsed)
    return {name: float(np.median(values)) / 1e3 for name, values in times.items()}


def _macs(plan: Plan, inputs: list[F32]) -> float:
    return float(np.mean([plan.macs(plan.answer(raw)) for raw in inputs]))


def _inputs(base: BaseModel) -> tuple[list[F32], list[Example]]:
    """Inputs to answer, half of them new to the base, and examples of new classes.

    Their values cost nothing more or less: only how many there are of them matters, and whether a bank speaks.
    """
    rng = np.random.default_rng(0)
    d = base.base.inputs
    centres = rng.normal(0.0, 3.0, (NEW_CLASSES, d))
    newest = max(base.classes) + 1
    new = []
    for number in range(EXAMPLES + INPUTS // 2):
        place = number % NEW_CLASSES
        x = centres[place] + rng.normal(0.0, 0.5, d)
        raw = (base.normaliser.mean + base.normaliser.scale * x).astype(np.float32)
        new.append(Example(number, newest + place, 0, raw, 0.0, 0.0))
    known = [base.protected[i % len(base.protected)] for i in range(INPUTS - INPUTS // 2)]
    return known + [example.features for example in new[EXAMPLES:]], new[:EXAMPLES]


def _windows() -> list[F32]:
    """Windows of `STREAM`: as smooth as what a sensor sends, and different."""
    rng = np.random.default_rng(1)
    shape = INPUTS, STREAM.window, len(STREAM.channels)
    return list(rng.normal(0.0, 0.1, shape).cumsum(1).astype(np.float32))


def _rule(base: BaseModel) -> LockedBankRule:
    sums = Sums(base.A0, base.B0, base.b_r, base.classes)
    return LockedBankRule(LearnerSettings(), base.snapshot(), sums, base.protected)


def _with_classes(base: BaseModel) -> Snapshot:
    newest = max(base.classes) + 1
    return base.snapshot().with_(classes=(*base.classes, *range(newest, newest + NEW_CLASSES)))


def _absorbing(rule: LockedBankRule, examples: list[Example]) -> float:
    """Examples a second, in blocks, up to all of `examples`; publishing is not counted."""
    begin = time.perf_counter()
    for start in range(0, len(examples), BLOCK):
        rule.absorb(examples[start : start + BLOCK])
    return len(examples) / (time.perf_counter() - begin)


def torch_dense(dense: DenseWeights) -> Callable[[F32], object]:
    """Torch's usual dense forward of one normalised input (d,): Linear, ReLU, Linear, without gradients.

    Raises
    ------
    DgstudioError
        Where torch is not installed.
    """
    try:
        import torch  # slow to import: only where it is measured
    except ImportError as error:
        raise DgstudioError(needs("The comparison needs", "torch")) from error
    torch.set_num_threads(1)
    hidden, d = dense.W1.shape
    network = torch.nn.Sequential(
        torch.nn.Linear(d, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, dense.V.shape[1])
    )
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), (dense.W1, dense.b1, dense.V.T, dense.b2), strict=True):
            parameter.copy_(torch.tensor(value))

    def answer(x: F32) -> object:
        with torch.no_grad():
            return network(torch.from_numpy(x))

    return answer
