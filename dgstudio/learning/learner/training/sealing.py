"""Sealing: what the learning bank has learned is folded in for good, and what is learned may become protected.

Also which rule stands on a version, and what of a version cannot be unlearned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from dgstudio.errors import Rejected
from dgstudio.learning.contract.protected import RECENT
from dgstudio.learning.contract.protected_selection import Chosen, choose
from dgstudio.learning.label_set import LabelSet
from dgstudio.learning.learner.training.training_state import Seal, TrainingState, id_array
from dgstudio.learning.rules.gradient import GradientRule
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.learning.rules.update_rule import UpdateRule
from dgstudio.learning.settings import GRADIENT, LearnerSettings
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot, frozen
from dgstudio.reasons.refused import NothingToProtect, StaysLearned
from dgstudio.records import dataclass
from dgstudio.types import F32


@dataclass(frozen=True, slots=True, eq=False)
class Sealed:
    """What a seal makes: the version, what it stands on, how many examples it is about and how many are protected."""

    snapshot: Snapshot
    training: TrainingState
    learned: int
    protected: int
    """Examples that have joined P."""
    recent: int = 0
    """Recent inputs that have joined P."""


def below(head: Snapshot, training: TrainingState) -> Snapshot:
    """What lies below the learning bank of a version: its sealed banks; φ and what is known unless still fitted."""
    if training.sums is None:
        return head.with_(banks=(), normaliser=None, phi=None, known=None)
    return head.with_(banks=tuple(bank for bank in head.banks if bank.sealed))


def rule_on(
    head: Snapshot, training: TrainingState, settings: LearnerSettings, labels: LabelSet, name_of: Callable[[int], str]
) -> UpdateRule:
    """The rule of the settings as it stands on a version, with the examples that it had learned then.

    They come with the labels of that time, so that what was relabelled or taken back since is seen to be unlearned.

    Raises
    ------
    BadInputError
        Where the rule needs a base and there is none.
    """
    learned = labels.as_learned(training.published(settings.rule))
    if settings.rule == GRADIENT:
        return GradientRule(settings, head, training.protected.inputs, learned=learned, name_of=name_of)
    rule = LockedBankRule(settings, below(head, training), training.sums, training.protected.inputs)
    rule.absorb(learned)
    return rule


def unprotected(training: TrainingState, labels: LabelSet) -> dict[int, int]:
    """Example id → class id of what the learning bank and the base have learned and what is not protected yet."""
    protected = set(training.protected.ids.tolist())
    learned = training.published(GRADIENT) | training.published()
    return {i: c for i, c in sorted(learned.items()) if i not in protected and i in labels}


def seal(
    head: Snapshot,
    training: TrainingState,
    rule: UpdateRule,
    labels: LabelSet,
    settings: LearnerSettings,
    version: int,
    unix: float,
    recent: Sequence[F32] = (),
    chosen: Chosen | None = None,
) -> Sealed:
    """Make a version that protects what `head` has learned; its learning bank, if it has one, is sealed.

    The sums take the bank's examples in with mass √κ·μ a class: A0 += Σ_i v_i z_i z_iᵀ with v_i = √κ·μ / n_c, and
    likewise B0 and b_r (`Sums.folded`), so that the next bank is solved as if they had been in the base's training
    set. At most `settings.protected` of what is learned, the base's own examples included, and of `recent` raw inputs
    without a label, join P with the answers that they get now: those that are answered rightly and surely, spread
    over classes and regions (`reservoir`). Where they are `chosen`, those join, with whatever they are answered. A
    locked bank is brought to exactly the bank's examples on the way.

    Raises
    ------
    Rejected
        If there is neither a bank to seal nor room for more protected inputs; nothing has been published.
    """
    sums, seals, banks = training.sums, training.seals, head.banks
    published = training.published()
    if published:
        if not isinstance(rule, LockedBankRule):
            rule = LockedBankRule(settings, below(head, training), training.sums, training.protected.inputs)
        # Exactly what `head` has learned: what was rejected since goes on to the next bank.
        rule.forget([i for i, c in rule.learned.items() if published.get(i) != c])
        rule.absorb(labels.as_learned({i: c for i, c in published.items() if i not in rule}))
        sums, learned = rule.folded(), rule.learned
        ids = id_array(learned)
        banks = (*head.banks[:-1], replace(head.banks[-1], sealed=True))
        seals = (*seals, Seal(banks[-1].id, ids, frozen([learned[int(i)] for i in ids], np.int64), head.version))
    sealed = head.with_(version=version, parent=head.version, banks=banks, unix=unix)
    news = unprotected(training, labels)
    plan, room = Plan(sealed), min(settings.protected, settings.protected_max - len(training.protected))
    if chosen is None:
        chosen = choose(plan, news, labels, training.protected, max(0, room), recent)
    if not published and not len(chosen):
        raise Rejected(NothingToProtect(len(training.protected), room=room > 0))
    protected = training.protected.joined(plan, chosen.inputs, chosen.labels, chosen.ids)
    certified = version if len(chosen) else training.certified
    bare = replace(training, protected=protected, sums=sums, seals=seals, certified=certified)
    recents = int((chosen.ids == RECENT).sum())
    return Sealed(sealed, bare.with_published({}), len(news), len(chosen) - recents, recents)


def what_stays(training: TrainingState, ids: Iterable[int], rule: str) -> StaysLearned | None:
    """Which of these examples cannot be unlearned under this rule, and what to do; None where all can."""
    gone = set(ids)
    sealed = {held.bank: gone.intersection(held.ids.tolist()) for held in training.seals}
    first = next((held for held in training.seals if sealed[held.bank]), None)
    in_base = len(gone.intersection(training.base_learned.tolist()))
    later = len(gone.intersection(training.learned.tolist())) if rule == GRADIENT else 0
    if first is None and not in_base and not later:
        return None
    bank, before = (None, None) if first is None else (first.bank, first.before)
    return StaysLearned(sum(map(len, sealed.values())), bank, before, in_base, later)
