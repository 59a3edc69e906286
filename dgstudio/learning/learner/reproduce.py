"""Learning again: a rule that stands where a version stood, brought to the examples that the version held."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.kernel import KERNEL
from dgstudio.learning.bank.lapack_pointers import lapack_pointers
from dgstudio.learning.bank.locked_bank import METHOD, Sums
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.snapshot import Snapshot, content_id
from dgstudio.types import F32, Example


@cache
def learning_kernel() -> str:
    """Return the name of what computes a model here. Any thread; the first call loads LAPACK.

    The same examples give the same bits for sure only between equal names: the serving kernel's, the method's number,
    and the libraries that solve, whose bits depend on the processor. Equal bits are equal whatever the names.
    """
    import scipy
    import threadpoolctl  # both are late, as the first picture does without

    # What solves is among the libraries only once it is loaded.
    lapack_pointers()
    blas = [info for info in threadpoolctl.threadpool_info() if info.get("user_api") == "blas"]
    libraries = sorted(
        {f"{info.get('internal_api')}-{info.get('version')}-{info.get('architecture', 'unknown')}" for info in blas}
    )
    versions = f"numpy-{np.__version__} scipy-{scipy.__version__}"
    # Cholesky's bits depend on how it is split over threads.
    threads = max((int(info.get("num_threads", 1)) for info in blas), default=1)
    many = "" if threads == 1 else f" {threads} threads"
    return f"{KERNEL} method-{METHOD} {versions} {'+'.join(libraries) or 'blas-unknown'}{many}"


MATTER = ("kappa", "mu", "prior", "margin", "unsure", "features", "seed", "max_rounds")
"""Settings that the learning bank's weights depend on, beside τ and δ, which each bank has."""


def settings_kept(settings: LearnerSettings, snapshot: Snapshot) -> dict[str, Any]:
    """What of the settings a version's weights depend on, as plain data."""
    kept = {name: getattr(settings, name) for name in MATTER}
    if snapshot.phi is not None:
        # The dial may have been turned since: for a model from nothing, until it has learned something.
        kept["features"] = snapshot.phi.dim - 1
    return kept


def settings_again(
    kept: Mapping[str, Any] | None, tau: float | None = None, delta: float = math.inf
) -> LearnerSettings:
    """The settings that `settings_kept` told of, the usual ones where None; with τ and δ of the bank, if there is one.

    Raises
    ------
    BadInputError
        Where they make no sense.
    """
    try:
        settings = LearnerSettings() if kept is None else replace(LearnerSettings(), **{n: kept[n] for n in MATTER})
        return (settings if tau is None else replace(settings, tau=tau, delta=delta)).check()
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"The settings that it was learned with are incomplete: {error!r}.") from error


def stands_on(lower: Snapshot, sums: Sums | None, protected: F32, settings: LearnerSettings) -> tuple[object, ...]:
    """What a learning bank stands on, by content: equal where the same examples give the same bank, but for τ and δ.

    `protected` are the raw inputs (N, d), `lower` is what lies below the bank (`sealing.below`).
    """
    arrays = () if sums is None else (sums.A0, sums.B0, sums.b_r)
    return (
        lower.with_(classes=()).digest,
        () if sums is None else sums.classes,
        tuple(content_id(array) for array in (*arrays, protected)),
        tuple(getattr(settings, name) for name in MATTER),
    )


class RuleCache:
    """A locked bank's rule that goes from version to version: made anew only where what it stands on is another.

    Weights are a function of what the rule stands on and of the *set* of examples, so the way there makes no
    difference, and neighbouring versions cost a few examples each. One thread.
    """

    def __init__(self) -> None:
        self._rule: LockedBankRule | None = None
        self._ground: object = None

    def forget(self) -> None:
        """Let go of the rule: somebody has used it for more than proposing."""
        self._rule = None

    def take(self, rule: LockedBankRule, ground: object) -> None:
        """Go on with a rule that was made elsewhere and that nobody else holds."""
        self._rule, self._ground = rule, ground

    def stands_on(self, ground: object) -> bool:
        """Whether the rule stands on this ground, so that it only goes from one set of examples to another."""
        return self._rule is not None and self._ground == ground

    def on(
        self,
        ground: object,
        settings: LearnerSettings,
        lower: Snapshot,
        training: TrainingState,
        target: Mapping[int, int],
        example_of: Callable[[int], Example],
    ) -> LockedBankRule:
        """The rule with exactly these examples.

        Parameters
        ----------
        ground
            Equal where `lower`, the training's sums and protected inputs and all settings but τ and δ are.
        lower
            What lies below the learning bank (`sealing.below`).
        training
            Its sums and protected inputs are looked at.
        target
            Example id → class id.
        example_of
            Gives an example of which the features count.
        """
        rule = self._rule
        if rule is None or ground != self._ground:
            rule = LockedBankRule(settings, lower, training.sums, training.protected.inputs)
            self._rule, self._ground = rule, ground
        else:
            rule.set_dials(settings.tau, settings.delta)
        known = rule.learned
        rule.forget([i for i in known if i not in target])
        rule.absorb(_labelled(example_of, {i: c for i, c in target.items() if known.get(i) != c}))
        return rule


def _labelled(example_of: Callable[[int], Example], labels: Mapping[int, int]) -> list[Example]:
    pairs: Iterable[tuple[int, int]] = labels.items()
    return [replace(example_of(i), class_id=c) for i, c in pairs]
