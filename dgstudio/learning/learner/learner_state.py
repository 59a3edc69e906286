"""What a learner stands on: versions, the contract, one update rule, the labels, and what each version was made of."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Self, TypedDict, Unpack

from dgstudio.errors import Rejected
from dgstudio.learning.bank.attribution import Evidence
from dgstudio.learning.contract.contract import AuditResult, Contract
from dgstudio.learning.contract.rotating_audit import RotatingAudit
from dgstudio.learning.label_set import Labels
from dgstudio.learning.learner.sealing import rule_on
from dgstudio.learning.learner.training_state import Dials, Footing
from dgstudio.learning.learner.training_states import Footings, Recall, beginning
from dgstudio.learning.rules.update_rule import UpdateRule
from dgstudio.learning.settings import LOCKED_BANK, RULES, LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.model.store import SnapshotStore
from dgstudio.types import Example, Mode, PublishRecord


class Options(TypedDict, total=False):
    """What a learner of a new model may be given besides its settings; see `Standing`."""

    examples: Sequence[Example]
    parked: Iterable[int]
    name_of: Callable[[int], str]
    recall: Recall
    mode: Mode
    next_version: int
    next_seq: int


class Moved(TypedDict, total=False):
    """How far protected answers moved; see `PublishRecord`."""

    bits_changed: int
    max_delta: float
    flips: int


class Figures(Moved, total=False):
    """What a record may tell besides what every one does; see `PublishRecord`."""

    new_examples: tuple[tuple[int, int], ...]
    units_changed: int
    duration_ms: float
    to_version: int | None
    sealed: int


class Standing(ABC):
    """The state of a learner, and how it comes to stand on a version.

    One thread calls it (dg-learn), unless a method says other.

    Parameters
    ----------
    head
        The version to go on from.
    footing
        What `head` was learned from; see `begin` for a new model.
    name_of
        Names a class in reasons.
    examples
        What the user has labelled so far; those that `footing` does not know are learned next.
    parked
        Ids among them that wait for `resume_parked`.
    recall
        Where older versions come from once memory has let them go.
    mode
        What may change, to begin with.
    next_version, next_seq
        First numbers that are free.
    """

    def __init__(
        self,
        head: Snapshot,
        footing: Footing,
        settings: LearnerSettings | None = None,
        *,
        examples: Sequence[Example] = (),
        parked: Iterable[int] = (),
        name_of: Callable[[int], str] = "class {}".format,
        recall: Recall = lambda version: None,
        mode: Mode = Mode.BOTH,
        next_version: int = 0,
        next_seq: int = 0,
    ) -> None:
        self.settings = (settings or LearnerSettings()).check()
        self.store = SnapshotStore(head, next_version=next_version)
        self.mode = mode
        self._name_of = name_of
        self._seq = next_seq
        self._published: dict[int, int] = {}
        self._footing = footing
        self._labels = Labels(examples, parked)
        self._waiting_classes: frozenset[int] = frozenset()
        self._footings = Footings(self.store, recall)
        self._evidence: Evidence | None = None
        self._applied = self._dials
        """The dials that `head` was made with, or that it was taken up under."""
        self._rejected: object = None
        self._why = ""
        self.crowded = ""
        """Why labelled examples wait that the learning bank has no room for, as a sentence; "" while none does. Any
        thread may read it."""
        self.refusal = ""
        """Why the present examples and dials were refused, as the end of a sentence; "" where they were not. Any
        thread may read it."""
        self._unsealable: dict[int, int] | None = None
        self.pending = False
        """Whether a `step` has something to do. Any thread may read it."""
        self._audit = RotatingAudit()
        self._stand_on(head, footing)

    @classmethod
    def begin(cls, base: BaseModel | None, settings: LearnerSettings | None = None, **options: Unpack[Options]) -> Self:
        """A learner of a new model: with a base, its protected inputs are protected from version 0; or from nothing."""
        return cls(*beginning(base), settings, **options)

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def offered_modes(self) -> tuple[Mode, ...]:
        """The modes that can be set. Any thread."""
        return self._rule.offered_modes

    @property
    def offered_rules(self) -> tuple[str, ...]:
        """The update rules that can be set. Any thread."""
        return RULES if self.store.head.base is not None else (LOCKED_BANK,)

    @property
    def protected_count(self) -> int:
        """N. Any thread."""
        return len(self._contract.protected)

    @property
    def certified_version(self) -> int | None:
        """The last version that protected something. Any thread."""
        return self._certified

    @property
    def footing(self) -> Footing:
        """What `head` stands on."""
        return self._footing

    @property
    def parked(self) -> frozenset[int]:
        """Ids of examples that a roll-back, or a failure, set aside until `resume_parked`. Any thread."""
        return self._labels.parked

    def waiting_for(self, class_id: int) -> bool:
        """Whether examples of this class are not in the newest version yet. Any thread."""
        return class_id in self._waiting_classes

    def evidence(self) -> Evidence | None:
        """What `head`'s learning bank rests on; None while there is none, and under a rule that gives none.

        Any thread may take and use it.
        """
        return self._evidence

    # -- the audit -------------------------------------------------------------------------------------------------

    @property
    def audit_complete(self) -> bool:
        """Whether every protected input has been answered again since the last publish. Any thread."""
        return self._audit.complete

    def audit_slice(self, count: int) -> AuditResult:
        """Answer the next protected inputs with `head`, in rotation, and compare bytes with their references."""
        return self._audit.slice(self._contract, self.store.head, count)

    def audit_all(self) -> AuditResult:
        """Answer every protected input with `head` and compare bytes with their references. Any thread."""
        return self._contract.audit(Plan(self.store.head), 0, self.protected_count)

    # -- standing on a version -------------------------------------------------------------------------------------

    @abstractmethod
    def _follow(self) -> None:
        """Bring the rule's set to what is wanted, unless nothing may be learned now."""

    @property
    def _dials(self) -> Dials:
        return Dials(self.settings.rule, self.mode.value, self.settings.tau, self.settings.delta)

    def _stand_on(
        self, head: Snapshot, footing: Footing, rule: UpdateRule | None = None, *, explain: bool = True
    ) -> None:
        """Bring rule and contract to what a version was learned from."""
        self._footing = footing
        self._certified = footing.certified
        self._contract: Contract = Contract(footing.protected)
        self._rule: UpdateRule = rule or rule_on(head, footing, self.settings, self._labels, self._name_of)
        self._published = footing.published(self.settings.rule)
        self._applied = self._dials
        self._rejected = self._unsealable = None
        if explain:
            self._evidence = self._explained(head)
        self._stood_on(head)
        self._follow()

    def _explained(self, head: Snapshot) -> Evidence | None:
        """Evidence of a version that was not just proposed: solved again, and only if it gives the same bank."""
        if self.settings.rule != LOCKED_BANK or not len(self._rule) or not head.banks:
            return None
        try:
            again = self._rule.propose(head, Mode(head.mode))
        except Rejected:
            return None
        new, old = again.banks[-1].ids, head.banks[-1].ids
        return self._rule.evidence(head) if (new["w"], new["R"]) == (old["w"], old["R"]) else None

    def _stood_on(self, snapshot: Snapshot) -> None:
        """Note the footing of a version that has become `head`, and begin its audit."""
        published = self._footing.with_published(self._published, self.settings.rule)
        self._footing = replace(published, dials=self._dials)
        self._footings.note(snapshot.version, self._footing)
        if self._labels.has_unwanted:
            self._labels.let_go(self._footing.every())
        if self._certified is not None and self.store.holds(self._certified):
            self.store.keep(self._certified)
        self._audit.begin(self.protected_count)
        self._follow()

    def _took(self, taken: dict[int, int]) -> None:
        """Note that `head` is what these examples and the dials give."""
        self._rule.accept()
        self._published, self._applied = taken, self._dials
        self._footing = replace(self._footing.with_published(taken, self.settings.rule), dials=self._dials)

    def footing_of(self, version: int) -> Footing:
        """What a version stands on. `BadInputError` where it can no longer be restored."""
        return self._footing if version == self.store.head.version else self._footings.of(version)

    def footings_held(self) -> dict[int, Footing]:
        """What the versions in memory stand on. Any thread."""
        return self._footings.held()

    def recalled(self, version: int) -> Snapshot:
        """The snapshot of a version, fetched if memory has let it go. `BadInputError` where there is none."""
        if not self.store.holds(version):
            self._footings.of(version)
        return self.store.get(version)

    def _record(self, kind: str, snapshot: Snapshot | None, reason: str, **figures: Unpack[Figures]) -> PublishRecord:
        self._seq += 1
        record = PublishRecord(
            seq=self._seq - 1,
            kind=kind,
            version=None if snapshot is None else snapshot.version,
            parent=self.store.head.version if snapshot is None else snapshot.parent,
            # Few reasons there are, and many records: they add up over the hours.
            reason=sys.intern(reason),
            time=0.0,
            unix=time.time(),
            digest="" if snapshot is None else snapshot.digest,
            examples=len(self._rule),
            protected=self.protected_count,
        )
        return replace(record, **figures)
