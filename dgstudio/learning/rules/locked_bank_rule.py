"""The locked bank as an update rule, the default one: it keeps the set of examples and proposes what solves for it.

The method itself is on one page, `bank.locked_bank`.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from dgstudio.errors import Rejected
from dgstudio.learning.bank.attribution import Evidence
from dgstudio.learning.bank.cold_start import fit, fitted_on
from dgstudio.learning.bank.example_store import ExampleStore, spread_by_class
from dgstudio.learning.bank.locked_bank import (
    LabelledRows,
    Solution,
    Statistics,
    Sums,
    features,
    features_of_rows,
    hildreth,
    solve,
    with_prior,
)
from dgstudio.learning.bank.out_of_distribution import FROM, examples_near, from_nothing
from dgstudio.learning.settings import LOCKED_BANK, PROJECTION_SLACK, LearnerSettings
from dgstudio.model.arrays import content_id
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Bank, Snapshot
from dgstudio.reasons.refused import Fault, Faulty
from dgstudio.types import F32, F64, Example, Mode


class LockedBankRule:
    """Regression over the base's sums and the labelled examples, its router projected onto P's constraints.

    What it proposes is a function of base, P and the set of examples, bit for bit; the order of labelling does not
    matter, and what is forgotten leaves no trace. One thread at a time.

    Parameters
    ----------
    settings
        κ, μ, τ, δ, m and so on.
    below
        What lies below the learning bank: normaliser, base, φ and the sealed banks. Without φ the rule starts from
        nothing: it fits normaliser and φ to the examples, until it is made anew with what it had fitted.
    sums
        Over all that was learned for good; none where the rule starts from nothing.
    protected
        Raw inputs (N, d) on which the learning bank must stay closed.
    """

    name = LOCKED_BANK
    unlearns = True
    held_still = None

    def __init__(self, settings: LearnerSettings, below: Snapshot, sums: Sums | None, protected: F32) -> None:
        self.settings = settings
        self.solution: Solution | None = None
        """What the last proposal was solved to."""
        self._inputs: dict[int, F32] = {}
        self._class_ids: dict[int, int] = {}
        self._learned: dict[int, int] | None = None
        """`learned`, once it has been asked for."""
        self._free = below.phi is None
        self._fitted: dict[int, int] = {}
        self._sums = Sums.empty(settings.features + 1) if self._free or sums is None else sums
        self._protected = protected
        self._stand_on(below)

    def copy(self) -> LockedBankRule:
        """The same rule with the same examples, to go on apart, in another thread say; what never changes is shared."""
        twin = copy.copy(self)
        twin.solution = None
        twin._inputs, twin._class_ids, twin._fitted = dict(self._inputs), dict(self._class_ids), dict(self._fitted)
        twin._store = self._store.copy()
        return twin

    def get_ready(self) -> None:
        """Compute what the first example would wait for: a twentieth of a second, and no start has to.

        Raises
        ------
        Rejected
            If the sums cannot be inverted.
        """
        _ = self._statistics

    # -- the set of examples -----------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._inputs)

    def __contains__(self, example_id: int) -> bool:
        return example_id in self._inputs

    @property
    def offered_modes(self) -> tuple[Mode, ...]:
        """All: router and read-out are solved for separately."""
        return (Mode.OFF, Mode.ROUTING, Mode.WEIGHTS, Mode.BOTH)

    @property
    def learned(self) -> dict[int, int]:
        """Example id → class id of the present set, by id; not to be changed; each change makes another."""
        if self._learned is None:
            self._learned = dict(sorted(self._class_ids.items()))
        return self._learned

    @property
    def proposed(self) -> dict[int, int]:
        """All of it: a proposal is solved for the whole set."""
        return self.learned

    @property
    def fitting(self) -> bool:
        """Whether normaliser and φ are still refitted to the examples."""
        return self._free

    @property
    def sums(self) -> Sums:
        """The sums that the rule stands on."""
        return self._sums

    def absorb(self, examples: Sequence[Example]) -> None:
        """Take examples in; one that is there already gets its new label."""
        if examples:
            self._learned = None
        for example in examples:
            known = self._inputs.get(example.id)
            if known is not None and known.tobytes() != example.features.tobytes():
                self._store.forget([example.id])
            self._inputs[example.id] = example.features
            self._class_ids[example.id] = example.class_id
        if not self._refitted():
            for example in examples:
                self._add(example.id)

    def forget(self, ids: Iterable[int]) -> None:
        """Take examples out; ids that are not here are passed over."""
        gone = [example_id for example_id in ids if example_id in self._inputs]
        if gone:
            self._learned = None
        for example_id in gone:
            del self._inputs[example_id], self._class_ids[example_id]
        if gone:
            self._store.forget(gone)
        self._refitted()

    # -- proposing ---------------------------------------------------------------------------------------------

    def propose(self, head: Snapshot, mode: Mode = Mode.BOTH) -> Snapshot:
        """Make a child of `head` whose learning bank has learned the present set; without examples it has none.

        `ROUTING` solves for the router alone and keeps the read-out that `head` has (that of the sums, where it has no
        learning bank); `WEIGHTS` solves for the read-out alone and keeps the router, with δ off, since a bank that
        speaks only where it disagrees routes by its read-out.

        Raises
        ------
        Rejected
            For an ill-conditioned or non-finite solution, or a router that cannot be kept closed on P.
        """
        self.solution = None
        below = self._below
        if not self._inputs:
            return head.with_(banks=below.banks, **self._fit_of(head))
        present = next((bank for bank in head.banks if bank.id == self.bank_id), None)
        below_answers = answers(below)
        solution = solved(self._statistics, self._store, self.settings, mode, present, below_answers=below_answers)
        w, R = _float32(solution.weights[:, -1]), _float32(solution.weights[:, :-1].T)
        bank = Bank(
            id=self.bank_id,
            # The very arrays of the half that is held fixed.
            w=present.w if mode is Mode.WEIGHTS and present is not None else w,
            R=present.R if mode is Mode.ROUTING and present is not None else R,
            classes=solution.classes,
            tau=self.settings.tau,
            delta=self.settings.delta if mode is not Mode.WEIGHTS and below_answers else math.inf,
            **self._what_is_known(present if mode is Mode.WEIGHTS else None),
        )
        self.solution = solution
        return head.with_(banks=(*below.banks, bank), **self._fit_of(head))

    def _what_is_known(self, present: Bank | None) -> dict[str, Any]:
        """Where the examples lie, and how far they reach, so that the bank can be unsure; a function of their set.

        It goes with the router: that of `present` is kept where only weights may change.
        """
        if present is not None:
            return {"near": present.near, "reach": present.reach}
        known = self._below.known
        if known is None or not self.settings.unsure:
            return {}
        ids = np.array(sorted(self._inputs), np.int64)
        labels = np.array([self._class_ids[int(i)] for i in ids], np.int64)
        chosen = np.isin(ids, spread_by_class(ids, labels, FROM))
        x = self._plan.normalise_rows(np.array([self._inputs[int(i)] for i in ids[chosen]], np.float32))
        near, reach = examples_near(known, x, labels[chosen], len(ids) // len(set(labels.tolist())))
        return {} if math.isinf(reach) else {"near": near, "reach": reach}

    @property
    def bank_id(self) -> int:
        """Id of the learning bank: one more than that of the newest sealed one."""
        return max((bank.id for bank in self._below.banks), default=0) + 1

    def evidence(self, snapshot: Snapshot) -> Evidence | None:
        """Explain the learning bank of `snapshot`, which holds the last proposal; None if that had no bank."""
        solution = self.solution
        if solution is None:
            return None
        store = self._store
        Q = store.Q.astype(np.float32)
        return Evidence(
            snapshot, store.ids.copy(), store.class_ids.copy(), solution.classes, solution.alpha, Q, solution.base_part
        )

    def folded(self) -> Sums:
        """Sums with the present set folded in for good, each of its classes with mass √κ·μ."""
        return self._sums.folded(self._store.Z, self._store.class_ids, self.settings.mass_taught)

    def accept(self) -> None:
        """Nothing to do: no state goes from one proposal to the next."""

    def reconsider(self) -> None:
        """Nothing to do: nothing is refused for good."""

    def set_dials(self, tau: float, delta: float) -> None:
        """Set τ and δ of the learning bank for the proposals to come. `BadInputError` for those that make no sense."""
        self.settings = replace(self.settings, tau=tau, delta=delta).check()

    # -- inside ------------------------------------------------------------------------------------------------

    @cached_property
    def _statistics(self) -> Statistics:
        # While it is still fitted, nothing is protected.
        return statistics_of(self._sums, None if self._free else self._plan, self._protected)

    @cached_property
    def _store(self) -> ExampleStore:
        """Made with the first example."""
        return ExampleStore(self._statistics)

    def _stand_on(self, below: Snapshot) -> None:
        """Read what lies below with all its classes living, so that removing a class changes nothing learned."""
        self._below = all_living(below)
        self._plan = Plan(self._below)

    def _fit_of(self, head: Snapshot) -> dict[str, object]:
        """What a proposal takes from below besides banks; φ only once there is something to read it."""
        if not self._free:
            return {}
        return {"normaliser": self._below.normaliser, "phi": self._below.phi, "known": self._below.known}

    def _refitted(self) -> bool:
        """Fit normaliser and φ again if the examples that they are fitted on, or their labels, have changed."""
        fitted = {i: self._class_ids[i] for i in fitted_on(list(self._inputs))} if self._free else {}
        if fitted == self._fitted:
            return False
        self._fitted = fitted
        self._store = ExampleStore(self._statistics)
        if fitted:
            raw = np.array([self._inputs[example_id] for example_id in fitted])
            labels = np.fromiter(fitted.values(), np.int64)
            normaliser, phi = fit(raw, labels, self.settings)
            known = from_nothing(normaliser(raw), labels)
            self._stand_on(self._below.with_(normaliser=normaliser, phi=phi, known=known))
        else:
            self._stand_on(self._below.with_(normaliser=None, phi=None, known=None))
        for example_id in sorted(self._inputs):
            self._add(example_id)
        return True

    def _add(self, example_id: int) -> None:
        class_id = self._class_ids[example_id]
        if example_id in self._store:
            self._store.relabel(example_id, class_id)
            return
        raw = self._inputs[example_id]
        self._store.add(example_id, class_id, features(self._plan, raw), answer_below(self._plan, raw))


# -- what the rule is made of --------------------------------------------------------------------------------------

_known_statistics: WeakValueDictionary[object, Statistics] = WeakValueDictionary()
"""By all that they depend on, for as long as somebody uses them."""


def statistics_of(sums: Sums, plan: Plan | None, protected: F32) -> Statistics:
    """What no example changes: for sums, and for raw inputs (N, d) as `plan` embeds them; None: for no inputs.

    They are never written, and 12 MB: all who learn on the same sums and protected inputs have the same ones, which
    costs them a digest instead of an inversion.
    """
    key: tuple[object, ...] = (*map(content_id, (sums.A0, sums.B0, sums.b_r)), sums.classes)
    if plan is not None:
        phi, normaliser = plan.snapshot.phi, plan.snapshot.normaliser
        scale = () if normaliser is None else tuple(sorted(normaliser.ids.items()))
        key = (*key, "" if phi is None else phi.id, scale, content_id(protected))
    found = _known_statistics.get(key)
    if found is None:
        Z = np.zeros((0, len(sums.b_r))) if plan is None else features_of_rows(plan, protected)
        found = _known_statistics[key] = Statistics(sums, Z.reshape(-1, len(sums.b_r)))
    return found


def answers(lower: Snapshot) -> bool:
    """Whether what lies below a learning bank answers at all."""
    return lower.base is not None or bool(lower.banks)


def all_living(lower: Snapshot) -> Snapshot:
    """What lies below a learning bank, with all the classes that it knows living."""
    known = list(lower.base.classes) if lower.base is not None else []
    for bank in lower.banks:
        known += [class_id for class_id in bank.classes if class_id not in known]
    return lower.with_(classes=tuple(known))


def answer_below(plan: Plan, raw: F32) -> int:
    """Class id that what lies below, as `all_living`, answers to raw features (d,); −1 where it knows none."""
    if not answers(plan.snapshot):
        return -1
    answer = plan.answer(raw)
    # What is right though it is called unsure is right: being unsure moves nothing that is learned.
    top = int(answer.logits.argmax()) if answer.unsure else answer.top
    return plan.snapshot.classes[top] if top >= 0 else -1


def solved(
    statistics: Statistics,
    examples: LabelledRows,
    settings: LearnerSettings,
    mode: Mode,
    present: Bank | None,
    *,
    below_answers: bool,
) -> Solution:
    """What a learning bank's weights are in a mode: steps 3 to 6 of the method.

    Parameters
    ----------
    present
        The learning bank that there is, of which `ROUTING` and `WEIGHTS` keep a half; None for none.
    below_answers
        Whether something lies below that answers; else there is nothing to lean against.

    Raises
    ------
    Rejected
        As `locked_bank.solve` does, and where there is no half to keep.
    """
    solution = solve(statistics, examples, settings)
    if mode is Mode.ROUTING:
        solution = _routing_only(statistics, solution, present)
    elif mode is Mode.WEIGHTS:
        solution = _weights_only(statistics, solution, present, settings)
    if mode is not Mode.ROUTING and below_answers:
        solution = with_prior(solution, examples.class_ids, statistics.classes, settings.prior)
    return solution


def _routing_only(statistics: Statistics, solution: Solution, present: Bank | None) -> Solution:
    """The solution's router with the read-out that there is already; no example carries that."""
    classes = present.classes if present is not None else statistics.classes
    if not classes:
        raise Rejected(Faulty(Fault.NO_READOUT))
    R = statistics.columns(classes)[:, :-1] if present is None else present.R.T.astype(np.float64)
    alpha = np.zeros((len(solution.alpha), len(classes) + 1))
    alpha[:, -1] = solution.alpha[:, -1]
    weights = np.column_stack([R, solution.weights[:, -1]])
    base_part = np.column_stack([R, solution.base_part[:, -1]])
    return Solution(classes, weights, alpha, base_part, solution.rounds)


def _weights_only(
    statistics: Statistics, solution: Solution, present: Bank | None, settings: LearnerSettings
) -> Solution:
    """The solution's read-out with the router that there is already; no example carries that."""
    router = present.w if present is not None else _resting_router(statistics, settings)
    alpha, weights, base_part = solution.alpha.copy(), solution.weights.copy(), solution.base_part.copy()
    alpha[:, -1] = 0.0
    weights[:, -1] = base_part[:, -1] = router
    return Solution(solution.classes, weights, alpha, base_part, 0)


def _resting_router(statistics: Statistics, settings: LearnerSettings) -> F64:
    """The router (D+1,) before any example, projected onto P's constraints: it opens on what is unlike all it knows.

    Raises
    ------
    Rejected
        If it cannot be kept closed on P.
    """
    Q_P, K_PP = statistics.Q_P, statistics.K_PP
    limit, slack = -settings.margin, PROJECTION_SLACK
    multipliers, _ = hildreth(statistics.r0, lambda members: K_PP[members], limit, slack, settings.max_rounds)
    router: F64 = statistics.columns(())[:, -1] - multipliers @ Q_P
    return router


def _float32(weights: F64) -> F32:
    with np.errstate(over="ignore"):
        result = np.ascontiguousarray(weights, np.float32)
    if not np.isfinite(result).all():
        raise Rejected(Faulty(Fault.WEIGHTS_TOO_LARGE))
    return result
