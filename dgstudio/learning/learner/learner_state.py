"""What a learner goes on from: the newest version, what that was learned from, and who learns and who proves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dgstudio.errors import Rejected
from dgstudio.learning.bank.attribution import Evidence
from dgstudio.learning.contract.contract import Contract
from dgstudio.learning.contract.rotating_audit import RotatingAudit
from dgstudio.learning.label_set import LabelSet
from dgstudio.learning.learner.training.sealing import rule_on
from dgstudio.learning.learner.training.training_state import Dials, TrainingState
from dgstudio.learning.learner.training.training_states import Recall, TrainingStates
from dgstudio.learning.rules.update_rule import UpdateRule
from dgstudio.learning.settings import LOCKED_BANK, LearnerSettings
from dgstudio.model.snapshot import Snapshot
from dgstudio.model.store import SnapshotStore
from dgstudio.types import Mode


class LearnerState:
    """The newest version and all that was made for it. One thread changes it; others may read what is public.

    Attributes
    ----------
    settings, mode : as the user has set them last.
    store : the versions; its head is the newest.
    labels : the set of what is to be learned.
    states : what each version was learned from.
    training : what `store.head` was learned from.
    rule, contract : who proposes the next version, and who proves it.
    published : example id → class id of what the rule has learned in `store.head`.
    applied : the dials that it was made with, or that it was taken up under; None where it is to be learned again.
    evidence : what its learning bank rests on.
    audit : of the protected inputs, in rotation.
    """

    rule: UpdateRule
    contract: Contract
    published: dict[int, int]
    applied: Dials | None

    def __init__(
        self,
        head: Snapshot,
        training: TrainingState,
        settings: LearnerSettings,
        mode: Mode,
        labels: LabelSet,
        name_of: Callable[[int], str],
        recall: Recall,
        next_version: int,
    ) -> None:
        self.settings = settings.check()
        self.mode = mode
        self.store = SnapshotStore(head, next_version=next_version)
        self.labels = labels
        self.name_of = name_of
        self.states = TrainingStates(self.store, recall)
        self.training = training
        self.evidence: Evidence | None = None
        self.parts_apart = False
        """Whether what is learned is published part by part."""
        self.audit = RotatingAudit()

    @property
    def dials(self) -> Dials:
        """What the user has set, as far as a version depends on it."""
        return Dials(self.settings.rule, self.mode.value, self.settings.tau, self.settings.delta)

    @property
    def protected_count(self) -> int:
        """N."""
        return len(self.contract.protected)

    def rule_for(self, head: Snapshot, training: TrainingState, settings: LearnerSettings | None = None) -> UpdateRule:
        """Make the rule of the settings for a version, ready to propose. Raises as `rule_on` and the rules do."""
        rule = rule_on(head, training, settings or self.settings, self.labels, self.name_of)
        rule.get_ready()
        return rule

    def go_on_from(
        self, head: Snapshot, training: TrainingState, rule: UpdateRule | None = None, *, explain: bool = True
    ) -> None:
        """Bring rule and contract to what a version was learned from.

        Parameters
        ----------
        head
            In the store already.
        rule
            Made for it; None to make one, which gets ready when it is first used.
        explain
            Whether to solve again for its evidence; what there is of it stays otherwise.
        """
        self.training = training
        self.contract = Contract(training.protected)
        self.rule = rule or rule_on(head, training, self.settings, self.labels, self.name_of)
        self.published = training.published(self.settings.rule)
        self.applied = self.dials
        if explain:
            self.evidence = self._explained(head)

    def took(self, taken: dict[int, int]) -> None:
        """Note that the newest version is what these examples and the dials give."""
        self.rule.accept()
        self.published, self.applied = taken, self.dials
        self.training = replace(self.training, partway=False)

    def took_part(self) -> None:
        """Note that the newest version has a part of what is proposed, and the rest of what was learned before."""
        self.training = replace(self.training, partway=True)
        self.evidence = None

    def note(self, version: int) -> None:
        """Remember what the newest version was learned from."""
        self.training = replace(self.training.with_published(self.published, self.settings.rule), dials=self.dials)
        self.states.note(version, self.training)

    def _explained(self, head: Snapshot) -> Evidence | None:
        """Evidence of a version that was not just proposed: solved again, and only if it gives the same bank."""
        if self.settings.rule != LOCKED_BANK or not len(self.rule) or not head.banks:
            return None
        try:
            again = self.rule.propose(head, Mode(head.mode))
        except Rejected:
            return None
        new, old = again.banks[-1].ids, head.banks[-1].ids
        return self.rule.evidence(head) if (new["w"], new["R"]) == (old["w"], old["R"]) else None
