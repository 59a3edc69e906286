"""Rebuilding: what the model would be that never saw some sealed examples, made anew from before their seal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.learning.contract.contract import AuditResult, Contract
from dgstudio.learning.contract.protected import RECENT, ProtectedSet
from dgstudio.learning.label_set import LabelSet
from dgstudio.learning.learner.training.sealing import below, seal
from dgstudio.learning.learner.training.training_state import Seal, TrainingState
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.learning.settings import LOCKED_BANK, LearnerSettings
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.published import RebuiltWithout
from dgstudio.reasons.reason import example_count, how_many
from dgstudio.records import dataclass
from dgstudio.types import F32, Example, Mode

UNNUMBERED = -1
"""The version of what is not published yet."""


@dataclass(frozen=True, slots=True)
class MovedAnswers:
    """Protected answers that another model would give otherwise: of `checked` inputs, `inputs` of them.

    `classes`: (class id, inputs that move, of these with another top class) of every class of which some move.
    """

    checked: int
    inputs: int
    bits: int
    flips: int
    max_delta: float
    classes: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Rebuild:
    """A model without some examples, made but not published.

    Attributes
    ----------
    ids : the examples that were sealed and that it never saw, ascending.
    wanted : those among them that were still to be learned when it was planned.
    snapshot, training : the version to be and what it stands on, as `UNNUMBERED`.
    before : the version that it goes on from.
    versions : how many versions of the present model come after that one.
    banks : how many sealed banks were made anew.
    learned : how many examples were learned anew.
    moved : what becomes of the protected answers, those of `ids` left out.
    replaces : what the model stood on when this was planned.
    """

    ids: tuple[int, ...]
    wanted: frozenset[int]
    snapshot: Snapshot
    training: TrainingState
    before: int
    versions: int
    banks: int
    learned: int
    moved: MovedAnswers
    replaces: TrainingState

    @property
    def reason(self) -> RebuiltWithout:
        """Why the version is published."""
        return RebuiltWithout(len(self.ids), self.banks, self.before)

    def words(self, name_of: Callable[[int], str]) -> tuple[str, ...]:
        """What it would mean, one sentence each."""
        anew = f"{how_many(self.banks, 'sealed bank')} and what was learned since v{self.before} are made anew"
        said = [f"Without {example_count(len(self.ids))}: {anew}, from {example_count(self.learned)}."]
        moved = self.moved
        if not moved.inputs:
            said.append(f"None of {moved.checked} protected answers moves by a bit.")
        else:
            flips = "none with" if not moved.flips else f"{moved.flips} with"
            said.append(
                f"{moved.inputs} of {moved.checked} protected answers move, by at most {moved.max_delta:.2g} "
                f"in a logit ({moved.bits} bits), {flips} another top class."
            )
            parts = [f"{count} of {name_of(c)}" + (f" ({f} flip)" if f else "") for c, count, f in moved.classes]
            said.append(f"They are {', '.join(parts)}.")
        return tuple(said)

    def numbered(self, head: Snapshot, version: int, unix: float) -> tuple[Snapshot, TrainingState]:
        """The version and its training, to be published after `head`."""
        snapshot = self.snapshot.with_(
            version=version, parent=head.version, classes=head.classes, reason=self.reason.words, unix=unix
        )
        certified = version if self.training.certified == UNNUMBERED else self.training.certified
        return snapshot, replace(self.training, certified=certified)


def first_seal(training: TrainingState, ids: Iterable[int]) -> Seal | None:
    """The oldest seal that holds one of these examples."""
    gone = set(ids)
    return next((held for held in training.seals if gone.intersection(held.ids.tolist())), None)


def rebuild_without(
    ids: Iterable[int],
    head: Snapshot,
    training: TrainingState,
    before: tuple[Snapshot, TrainingState],
    labels: LabelSet,
    settings: LearnerSettings,
    mode: Mode,
    mode_of: Callable[[int], Mode],
) -> Rebuild:
    """Learn and seal again, from `before` on, what is wanted now except `ids`, in the banks in which it was sealed.

    Each bank keeps its τ, δ and mode; a bank of which no example remains is left out. What is wanted with another
    label than it was sealed with is sealed with its present one. The same functions learn, prove and seal as when
    the labels came, so the weights are, byte for byte, those of a learner that never saw `ids` (design 3: published
    weights depend on base, P and the set of examples).

    Parameters
    ----------
    head, training
        The present version and what it stands on.
    before
        The version before the first seal that holds one of `ids`, and what it stood on.
    mode, mode_of
        That of the learning bank; and that in which the bank sealed after a version was learned.

    Raises
    ------
    Rejected
        If what remains cannot be learned or would break the contract.
    """
    gone = frozenset(ids)
    start, stood = before
    kept = _still_protected(stood.protected, training.protected)
    now = replace(stood.with_published({}), protected=kept)
    snapshot = below(start, stood).with_(classes=head.classes)
    own = {bank.id: bank for bank in head.banks}
    anew = learned = 0
    for held in training.seals[len(stood.seals) :]:
        sealed = now.sealed()
        wanted = {i: c for i in held.ids.tolist() if i not in gone and (c := labels.wanted(i)) is not None}
        again = labels.as_learned({i: c for i, c in wanted.items() if sealed.get(i) != c})
        if not again:
            continue
        bank = own[held.bank]
        delta = bank.delta if math.isfinite(bank.delta) else settings.delta
        as_then = replace(settings, rule=LOCKED_BANK, tau=bank.tau, delta=delta)
        snapshot, now, rule = _learn(snapshot, now, again, as_then, mode_of(held.before))
        made = seal(snapshot, now, rule, labels, as_then, UNNUMBERED, 0.0, _recents_of(training.protected, held.bank))
        # A version in between is never published: the one before all of them is where another rebuild begins.
        seals = (*made.training.seals[:-1], replace(made.training.seals[-1], before=start.version))
        snapshot, now = made.snapshot, replace(made.training, seals=seals)
        anew, learned = anew + 1, learned + len(again)
    target = {i: c for i, c in labels.target(now.sealed()).items() if i not in gone}
    if mode is Mode.OFF:
        present = training.published()
        target = {i: c for i, c in target.items() if i in present}
    if target:
        last = replace(settings, rule=LOCKED_BANK)
        snapshot, now, _ = _learn(
            snapshot, now, labels.as_learned(target), last, Mode.BOTH if mode is Mode.OFF else mode
        )
        learned += len(target)
    Contract(now.protected).audit(Plan(snapshot), 0, len(now.protected)).require_unmoved()
    was = {i for held in training.seals for i in held.ids.tolist()}
    without = was - now.every()
    return Rebuild(
        ids=tuple(sorted(without)),
        wanted=frozenset(i for i in gone if labels.wanted(i) is not None),
        snapshot=snapshot,
        training=now,
        before=start.version,
        versions=head.version - start.version,
        banks=anew,
        learned=learned,
        moved=moved_answers(training.protected.without(without), Plan(snapshot)),
        replaces=training,
    )


def moved_answers(protected: ProtectedSet, plan: Plan) -> MovedAnswers:
    """Compare `plan`'s answers to the protected inputs with their references, one by one."""
    contract, total = Contract(protected), AuditResult()
    moved: dict[int, list[int]] = {}
    for number, class_id in enumerate(protected.labels.tolist()):
        result = contract.audit(plan, number, 1)
        total += result
        if result.bits_changed:
            entry = moved.setdefault(class_id, [0, 0])
            entry[0] += 1
            entry[1] += result.flips
    classes = tuple((c, count, flips) for c, (count, flips) in sorted(moved.items()))
    inputs = sum(count for _, count, _ in classes)
    return MovedAnswers(total.checked, inputs, total.bits_changed, total.flips, total.max_delta, classes)


def _learn(
    head: Snapshot, training: TrainingState, again: list[Example], settings: LearnerSettings, mode: Mode
) -> tuple[Snapshot, TrainingState, LockedBankRule]:
    """A child of `head` that has learned these examples in a new learning bank, proved as a publish is."""
    rule = LockedBankRule(settings, below(head, training), training.sums, training.protected.inputs)
    rule.absorb(again)
    candidate = rule.propose(head, mode).with_(mode=mode.value)
    Contract(training.protected).prove(head, candidate)
    return candidate, training.with_published(rule.proposed), rule


def _recents_of(protected: ProtectedSet, bank: int) -> list[F32]:
    """The recent inputs that were protected when a bank was sealed."""
    cohorts = [cohort for cohort in protected.cohorts if cohort.banks and cohort.banks[-1] == bank]
    return [raw for cohort in cohorts for raw in cohort.inputs[cohort.ids == RECENT]]


def _still_protected(then: ProtectedSet, now: ProtectedSet) -> ProtectedSet:
    """`then` without what has been released since."""
    present = {row.tobytes() for row in now.inputs}
    stays: list[npt.NDArray[Any]] = [np.array([row.tobytes() in present for row in c.inputs]) for c in then.cohorts]
    rows = np.concatenate([np.zeros(0, bool), *stays])
    return then.without_rows(np.flatnonzero(~rows).tolist())
