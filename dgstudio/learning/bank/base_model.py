"""Puts a trained base together with all that the locked bank starts from. No torch: the networks come trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.learning.bank.example_store import spread_by_class
from dgstudio.learning.bank.fourier import SIGMA_FROM, median_distance, waves
from dgstudio.learning.bank.geometry import READ, unit_power
from dgstudio.learning.bank.locked_bank import Sums, features_of_rows
from dgstudio.learning.bank.out_of_distribution import of_base
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.random_features import Features
from dgstudio.model.snapshot import Base, Normaliser, Snapshot
from dgstudio.types import F32, F64

ClassIds = npt.NDArray[np.integer]

REACH = 0.85
"""σ over the median distance. Less suits many labels, more suits few; at this, validation data gained with both."""


def assemble(
    raw: F32,
    class_ids: ClassIds,
    *,
    normaliser: Normaliser,
    base: Base,
    dense: tuple[F32, F32, F32, F32],
    feature_names: tuple[str, ...],
    class_names: tuple[str, ...],
    settings: LearnerSettings | None = None,
    meta: dict[str, Any] | None = None,
) -> BaseModel:
    """Make the base model of networks that were trained on `normaliser(raw)`; the same arguments give the same bytes.

    Parameters
    ----------
    raw, class_ids
        The training set before the normaliser, (n, d) float32, and ids (n,) out of `base.classes`, each of which
        occurs.
    base, dense
        The gated base; W1 (H, d), b1 (H,), V (H, C₀), b2 (C₀,) of its conventional twin.
    settings
        μ, the number of random features D and their seed, and how many inputs are protected: N, and at most half
        of the training set.
    meta
        What else to tell about the base.

    Raises
    ------
    BadInputError
        If the parts do not fit together.
    """
    settings = LearnerSettings() if settings is None else settings.check()
    raw = np.asarray(raw, np.float32)
    labels: npt.NDArray[np.int64] = np.asarray(class_ids, np.int64)
    if raw.ndim != 2 or raw.shape[1] != base.inputs or labels.shape != (len(raw),):
        raise BadInputError(f"A base of {base.inputs} inputs cannot stand on data of shape {raw.shape}.")
    if set(labels.tolist()) != set(base.classes) or len(class_names) != len(base.classes):
        raise BadInputError("The training set and the class names must have the classes of the base, all of them.")
    if len(feature_names) != base.inputs:
        raise BadInputError(f"{base.inputs} features have {len(feature_names)} names: give each one.")
    rng = np.random.default_rng(settings.seed)
    # Shuffled, so that any first part of P is a sample of all of it: σ reads one, and so does each round of audits.
    spread_out = spread_by_class(np.arange(len(raw)), labels, min(settings.protected, len(raw) // 2))
    chosen = rng.permutation(spread_out)
    if len(chosen) < len(base.classes):
        raise BadInputError(f"{len(raw)} training inputs are too few to protect some of each class.")
    x = normaliser(raw)
    some = spread_by_class(np.arange(len(raw)), labels, READ)
    spread: F64 = normaliser.scale.astype(np.float64)
    power = unit_power(x[some].astype(np.float64), spread, labels[some], settings.mu)
    phi = _features(base, (spread**power).astype(np.float32), x, x[chosen], settings.features, rng)
    plan = Plan(Snapshot(classes=base.classes, normaliser=normaliser, base=base, phi=phi))
    # By the kernel that serves, one input at a time, as the examples of a user will be.
    Z = features_of_rows(plan, raw)
    sums = Sums.empty(phi.dim).folded(Z, labels, settings.mu)
    order = [sums.classes.index(class_id) for class_id in base.classes]
    return BaseModel(
        normaliser=normaliser,
        base=base,
        phi=phi,
        A0=sums.A0,
        B0=np.ascontiguousarray(sums.B0[:, order]),
        b_r=sums.b_r,
        protected=raw[chosen],
        protected_labels=labels[chosen].astype(np.int32),
        dense=dense,
        feature_names=feature_names,
        class_names=class_names,
        meta={**(meta or {}), "unit_power": power},
        known=of_base(x, labels),
    )


def _features(base: Base, spread: F32, x: F32, protected: F32, count: int, rng: np.random.Generator) -> Features:
    """Draw φ over g(x) = [x' / rms‖x'‖ ; relu(W1 x + b1) / rms‖relu(W1 x + b1)‖], x' = x·spread, all H units, ungated.

    x' takes back some of what the normaliser did: a feature that hardly varies among the base's classes should not
    count as much as one that varies widely, or classes that come later are judged by what the old ones never used,
    unless the features have units of their own; how much, the base's own classes are asked (`unit_power`). The waves
    have the scale σ = `REACH` times the median positive distance of g over the first 300 of P. φ gets a copy of W1 and
    b1 of its own, so that a rule that moves the base cannot move it.
    """
    x_rms, u_rms = _rms(x * spread), _rms(_units(base, x))
    gain = np.concatenate([spread / x_rms, np.full(base.hidden, 1.0 / u_rms)]).astype(np.float64)
    first = protected[:SIGMA_FROM]
    sigma = REACH * median_distance(np.concatenate([first, _units(base, first)], axis=1).astype(np.float64) * gain)
    if sigma == 0.0:
        raise BadInputError("All training inputs are the same: there is nothing to tell apart.")
    drawn = waves(rng, count, len(gain))
    return Features(
        phase=drawn.phase,
        W1=base.W1.copy(),
        b1=base.b1.copy(),
        gain=(gain / sigma).astype(np.float32),
        signs=drawn.signs,
        lengths=drawn.lengths,
    )


def _units(base: Base, x: F32) -> F32:
    units: F32 = np.maximum(x @ base.W1.T + base.b1, np.float32(0))
    return units


def _rms(rows: F32) -> float:
    """Root mean square of the rows' lengths, rows (n, ·); 1 where all are zero."""
    squares: F64 = np.square(rows, dtype=np.float64).sum(1)
    return float(np.sqrt(squares.mean())) or 1.0
