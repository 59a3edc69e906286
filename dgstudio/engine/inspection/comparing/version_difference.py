"""How two versions differ, without any input: which weights, and which examples were learned in between."""

from __future__ import annotations

from collections.abc import Mapping

from dgstudio.learning.learner.training.learned_examples import LearnedExamples
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.model.arrays import Arrays
from dgstudio.model.snapshot import Bank, Base, Snapshot
from dgstudio.records import dataclass


@dataclass(frozen=True, slots=True)
class BankDifference:
    """What of a bank differs.

    `added`, `removed`: only the later, only the earlier version has it. `sealed`: it is sealed in one of them only.
    `router`: w is another; `dials`: τ or δ; `readout`: ids of classes whose row of R is another, new or gone; `reach`:
    where its examples lie.
    """

    bank_id: int
    added: bool = False
    removed: bool = False
    sealed: bool = False
    router: bool = False
    dials: bool = False
    readout: tuple[int, ...] = ()
    reach: bool = False


@dataclass(frozen=True, slots=True)
class WeightsDifference:
    """What of two versions differs, by content.

    Attributes
    ----------
    other_base : the base is another one altogether: other units, classes or inputs; or only one version has one.
    units : the base's units that compute something else (W1, b1, V).
    gates : those that are chosen by something else (Θ, c, ψ).
    bias : b2 is another.
    normaliser, features, unsure : other normaliser, φ, and what says what is unlike all that is known.
    temperature : T is another.
    banks : those of which something differs, by id.
    classes_added, classes_removed : living classes.
    """

    other_base: bool
    units: tuple[int, ...]
    gates: tuple[int, ...]
    bias: bool
    normaliser: bool
    features: bool
    unsure: bool
    temperature: bool
    banks: tuple[BankDifference, ...]
    classes_added: tuple[int, ...]
    classes_removed: tuple[int, ...]

    @property
    def base_untouched(self) -> bool:
        """Whether the base is the same to the last bit."""
        return not (self.other_base or self.units or self.gates or self.bias)

    @property
    def nothing(self) -> bool:
        """Whether all weights are the same; the living classes may be others."""
        kinds = self.normaliser, self.features, self.unsure, self.temperature, self.banks
        return self.base_untouched and not any(kinds)


def weights_difference(before: Snapshot, after: Snapshot) -> WeightsDifference:
    """Compare two versions part by part."""
    a, b = before.base, after.base
    other, units, gates, bias = _base_difference(a, b)
    old, new = ({bank.id: bank for bank in s.banks} for s in (before, after))
    banks = (_bank_difference(old.get(i), new.get(i)) for i in sorted(old.keys() | new.keys()))
    return WeightsDifference(
        other_base=other,
        units=units,
        gates=gates,
        bias=bias,
        normaliser=_differ(before.normaliser, after.normaliser),
        features=_differ(before.phi, after.phi),
        unsure=_differ(before.known, after.known),
        temperature=before.temperature != after.temperature,
        banks=tuple(bank for bank in banks if bank != BankDifference(bank.bank_id)),
        classes_added=tuple(c for c in after.classes if c not in before.classes),
        classes_removed=tuple(c for c in before.classes if c not in after.classes),
    )


def _differ(a: Arrays | None, b: Arrays | None) -> bool:
    if a is None or b is None:
        return a is not b
    return a is not b and a.ids != b.ids


def comparable(a: Base | None, b: Base | None) -> bool:
    """Whether two bases have the same units, classes and inputs, so that they can be compared unit by unit."""
    if a is None or b is None:
        return False
    return (a.hidden, a.inputs, a.classes, a.k) == (b.hidden, b.inputs, b.classes, b.k)


def _base_difference(a: Base | None, b: Base | None) -> tuple[bool, tuple[int, ...], tuple[int, ...], bool]:
    if a is b or (a is None and b is None):
        return False, (), (), False
    if a is None or b is None or not comparable(a, b):
        return True, (), (), False
    units = tuple(j for j in range(a.hidden) if a.unit_stamps[j] != b.unit_stamps[j])
    gates = tuple(j for j in range(a.hidden) if a.routing_stamps[j] != b.routing_stamps[j])
    return False, units, gates, a.ids["b2"] != b.ids["b2"]


def _bank_difference(a: Bank | None, b: Bank | None) -> BankDifference:
    if a is None or b is None:
        only = a or b
        assert only is not None, "one of the two has it"
        return BankDifference(only.id, added=a is None, removed=b is None)
    was, now = a.readout_stamps, b.readout_stamps
    return BankDifference(
        a.id,
        sealed=a.sealed != b.sealed,
        router=a.ids["w"] != b.ids["w"],
        dials=(a.tau, a.delta) != (b.tau, b.delta),
        readout=tuple(sorted(c for c in was.keys() | now.keys() if was.get(c) != now.get(c))),
        reach=(a.ids.get("near"), a.reach) != (b.ids.get("near"), b.reach),
    )


@dataclass(frozen=True, slots=True)
class LearnedDifference:
    """Examples that the later version has learned and the earlier has not, and the other way round.

    `learned` and `forgotten`: (example id, class id); `relabelled`: (example id, class before, class after); by id.
    """

    learned: tuple[tuple[int, int], ...]
    forgotten: tuple[tuple[int, int], ...]
    relabelled: tuple[tuple[int, int, int], ...]

    @property
    def by_class(self) -> dict[int, int]:
        """Class id → how many examples of it the later version has more than the earlier."""
        counts: dict[int, int] = {}
        for _, class_id in self.learned:
            counts[class_id] = counts.get(class_id, 0) + 1
        return dict(sorted(counts.items()))


def learned_difference(before: TrainingState, after: TrainingState) -> LearnedDifference:
    """Compare what two versions have learned, sealed examples and those of the base included."""
    was, now = (LearnedExamples.of(0, training).labels() for training in (before, after))
    return LearnedDifference(
        _only(now, was),
        _only(was, now),
        tuple((i, was[i], now[i]) for i in sorted(was.keys() & now.keys()) if was[i] != now[i]),
    )


def _only(these: Mapping[int, int], others: Mapping[int, int]) -> tuple[tuple[int, int], ...]:
    return tuple((i, these[i]) for i in sorted(these.keys() - others.keys()))
