"""Whether an ONNX graph answers as the serving kernel does: both are asked a thousand things, and compared."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.errors import DgstudioError
from dgstudio.model.plan import Answer, Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass
from dgstudio.session.export.atomic_write import needed
from dgstudio.session.export.model_file.graph import INPUT, OUTPUTS
from dgstudio.types import F32, BankState

INPUTS = 1000
TOLERANCE = 1e-4
"""Largest difference of a logit or probability; and a decision by less than this may fall either way."""
RECORDED_SHARE, PERTURBED_SHARE = 0.4, 0.3
"""Of the inputs that are asked; the rest are random."""
PERTURBED_BY = 0.3
"""Standard deviations of each feature."""
RANDOM_SPREAD = 3.0


class CheckFailedError(DgstudioError):
    """A graph does not answer as the model does."""


@dataclass(frozen=True, slots=True)
class Check:
    """What the comparison found.

    Attributes
    ----------
    inputs, recorded : how many were asked, and how many of them are examples of the session or protected inputs.
    largest : the largest difference of a logit or probability, of those that stand on no edge.
    differing_tops : answers that differ ("unsure" is one), edges included.
    edges : inputs for which a gate, a router, a bank or the answer itself is decided by less than 1e-4 and was decided
        otherwise: rounding may do that, and they count for no failure.
    """

    inputs: int
    recorded: int
    largest: float
    differing_tops: int
    edges: int

    def __str__(self) -> str:
        text = (
            f"checked against the serving kernel on {self.inputs} inputs ({self.recorded} of them recorded): the "
            f"largest difference is {self.largest:.1e}, {self.differing_tops} answers differ"
        )
        return f"{text} ({self.edges} on the edge of a decision)" if self.edges else text


def check_model(model: bytes, snapshot: Snapshot, recorded: F32, seed: int = 0) -> Check:
    """Run a graph with onnxruntime on recorded inputs (n, d), n ≥ 0, perturbed and random ones, and compare.

    Raises
    ------
    CheckFailedError
        If a logit or probability differs by more than 1e-4, or an answer does, and no decision was that close.
    MissingLibraryError
        If onnxruntime is not installed.
    """
    X, count = _inputs(snapshot, recorded, seed)
    found = _run(model, X)
    plan = Plan(snapshot)
    largest, differing, edges = 0.0, 0, 0
    for raw, logits, probabilities, top, unsure in zip(X, *found, strict=True):
        answer = plan.answer(raw)
        away = max(_distance(logits, answer.logits), _distance(probabilities, answer.probabilities))
        other = int(top) != answer.top or bool(unsure) != answer.unsure
        differing += other
        if (other or away > TOLERANCE) and decided_by(snapshot, answer) <= TOLERANCE:
            edges += 1
        elif other:
            raise CheckFailedError(
                f"The ONNX graph of version {snapshot.version} was not kept: for one of {INPUTS} inputs it answers "
                f"otherwise than the model, which is not close to doing so."
            )
        else:
            largest = max(largest, away)
    if largest > TOLERANCE:
        raise CheckFailedError(
            f"The ONNX graph of version {snapshot.version} was not kept: its answers differ from the model's by up to "
            f"{largest:.1e}, and {TOLERANCE:.0e} is the most."
        )
    return Check(len(X), count, largest, differing, edges)


def decided_by(snapshot: Snapshot, answer: Answer) -> float:
    """The smallest margin by which anything in this answer was decided: gates, routers, banks, unsure, the top."""
    margins = [answer.margin]
    below = None if snapshot.base is None else _named(snapshot.base.classes, answer.base_logits)
    z, known = answer.z, snapshot.known
    for place, bank in enumerate(snapshot.banks):
        assert z is not None, "an answer of banks has features"
        margins.append(abs(float(answer.r[place]) - bank.tau))
        if answer.state[place] == BankState.CLOSED:
            continue
        t = bank.R @ z
        if not math.isinf(bank.delta) and below is not None:
            others = np.where(np.asarray(bank.classes) == below, -np.inf, t)
            own = float(t[bank.classes.index(below)]) if below in bank.classes else 0.0
            margins.append(abs(float(others.max()) - own + bank.delta))
        if answer.state[place] == BankState.SPEAKING:
            margins.append(_lead(t))
            below = _named(bank.classes, t)
    if known is not None:
        margins += _edges_of_known(snapshot, answer)
        margins.append(abs(_lead(answer.logits) - known.lead))
    if snapshot.base is not None:
        margins.append(_lead(answer.base_logits))
    margins.append(_lead(answer.logits))
    return min(margins)


def _edges_of_known(snapshot: Snapshot, answer: Answer) -> list[float]:
    """How far a verdict "unlike" is from turning, of the base's prototypes and of each open bank's examples.

    In parts of ‖y‖², as which a product is rounded.
    """
    known = snapshot.known
    assert known is not None, "asked only where something is known"
    y = answer.x * known.weights
    rows = known.rows()
    asked: list[tuple[F32 | None, F32 | float]] = [] if rows is None else [rows]
    for bank, state in zip(snapshot.banks, answer.state, strict=True):
        if state != BankState.CLOSED:
            asked.append((bank.near, bank.reach))
    return [
        float(np.abs(np.square(near - y).sum(1) - reach).min()) / (1.0 + float(y @ y))
        for near, reach in asked
        if near is not None
    ]


def _named(classes: tuple[int, ...], scores: F32) -> int:
    return classes[int(np.argmax(scores))]


def _lead(scores: F32) -> float:
    """The largest minus the second largest; inf for a single one."""
    if len(scores) < 2:
        return math.inf
    second, first = np.partition(scores, -2)[-2:]
    return float(first - second)


def _distance(found: F32, wanted: F32) -> float:
    """The largest difference; inf where one of the two is not a number."""
    largest = float(np.abs(found - wanted).max(initial=0.0))
    return math.inf if math.isnan(largest) else largest


def _inputs(snapshot: Snapshot, recorded: F32, seed: int) -> tuple[F32, int]:
    """A thousand raw inputs (n, d), and how many of them are recorded ones, spread evenly over all that there are."""
    rng = np.random.default_rng(seed)
    normaliser = snapshot.normaliser
    d = recorded.shape[1]
    centre = np.zeros(d) if normaliser is None else normaliser.mean.astype(np.float64)
    scale = np.ones(d) if normaliser is None else normaliser.scale.astype(np.float64)
    taken = recorded[np.linspace(0, len(recorded) - 1, min(len(recorded), round(RECORDED_SHARE * INPUTS))).astype(int)]
    parts = [taken.astype(np.float64)]
    if len(recorded):
        near = recorded[rng.integers(0, len(recorded), round(PERTURBED_SHARE * INPUTS))]
        parts.append(near + PERTURBED_BY * scale * rng.normal(size=near.shape))
    rest = INPUTS - sum(map(len, parts))
    parts.append(centre + RANDOM_SPREAD * scale * rng.normal(size=(rest, d)))
    return np.concatenate(parts).astype(np.float32), len(taken)


def _run(model: bytes, X: F32) -> list[npt.NDArray[Any]]:
    runtime = needed("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        outputs: list[npt.NDArray[Any]] = session.run(list(OUTPUTS), {INPUT: X})
    except Exception as error:
        # onnxruntime's own errors have no base class of their own.
        raise CheckFailedError(f"The ONNX graph was not kept: onnxruntime cannot run it ({error}).") from error
    return outputs
