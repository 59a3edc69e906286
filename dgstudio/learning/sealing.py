"""Sealing: what the learning bank has learned is folded in for good, and some of it joins the protected inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from dgstudio.learning.footing import Footing, Seal, id_array
from dgstudio.learning.labels import Labels
from dgstudio.learning.locked_bank import LockedBankRule, spread_by_class
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot, frozen


@dataclass(frozen=True, slots=True, eq=False)
class Sealed:
    """What a seal makes: the version, what it stands on, the rule of the bank that follows, and the counts."""

    snapshot: Snapshot
    footing: Footing
    rule: LockedBankRule
    folded: int
    protected: int


def below(head: Snapshot, footing: Footing) -> Snapshot:
    """What lies below the learning bank of a version: its sealed banks, and φ unless that is still being fitted."""
    if footing.sums is None:
        return head.with_(banks=(), normaliser=None, phi=None)
    return head.with_(banks=tuple(bank for bank in head.banks if bank.sealed))


def rule_on(head: Snapshot, footing: Footing, settings: LearnerSettings) -> LockedBankRule:
    """The locked bank as it stands on a version, without examples yet."""
    return LockedBankRule(settings, below(head, footing), footing.sums, footing.protected.inputs)


def seal(
    head: Snapshot,
    footing: Footing,
    rule: LockedBankRule,
    labels: Labels,
    published: Mapping[int, int],
    settings: LearnerSettings,
    version: int,
    unix: float,
) -> Sealed:
    """Seal the learning bank of `head`, which has learned `published` (example id → class id).

    The sums take these examples in with mass μ a class; at most `settings.protected` of them, spread over the
    classes, join P with the answers that they get now. The rule is brought to exactly these examples on the way.

    Raises
    ------
    Rejected
        If the sums cannot be inverted any more; nothing has been published.
    """
    sealed = head.with_(
        version=version,
        parent=head.version,
        banks=(*head.banks[:-1], replace(head.banks[-1], sealed=True)),
        unix=unix,
    )
    # Exactly what `head` has learned: what was rejected since goes on to the next bank.
    rule.forget([i for i, c in rule.learned.items() if published.get(i) != c])
    rule.absorb(labels.as_learned({i: c for i, c in published.items() if i not in rule}))
    sums, learned = rule.folded(), rule.learned
    ids = id_array(learned)
    class_ids = frozen([learned[int(i)] for i in ids], np.int64)
    room = max(0, min(settings.protected, settings.protected_max - len(footing.protected)))
    chosen = spread_by_class(ids, class_ids, room)
    inputs = np.array([labels.example(int(i)).features for i in chosen], np.float32)
    joined = np.array([learned[int(i)] for i in chosen], np.int64)
    protected = footing.protected.joined(Plan(sealed), inputs, joined, chosen)
    seals = (*footing.seals, Seal(sealed.banks[-1].id, ids, class_ids, head.version))
    certified = version if len(chosen) else footing.certified
    after = Footing(id_array(()), id_array(()), protected, sums, seals, certified)
    # Made before anything is published: sums that cannot be inverted must not become the footing.
    return Sealed(sealed, after, rule_on(sealed, after, settings), len(ids), len(chosen))
