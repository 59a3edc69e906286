"""What is still to be learned: which labelled examples the rule is given, what waits and why, whether a step is due."""

from __future__ import annotations

from dgstudio.learning.learner.learner_state import LearnerState
from dgstudio.learning.settings import LOCKED_BANK
from dgstudio.reasons.reason import Reason
from dgstudio.reasons.refused import NoMoreBanks, NoRoom
from dgstudio.types import Mode


class LearningQueue:
    """Brings the rule's set of examples to what is wanted, and says whether a step has something to do. One thread.

    Attributes
    ----------
    pending : whether a step has something to do. Any thread may read it.
    refusal : why the present examples and dials were refused, or why some wait; None where they were not and none do.
        Any thread.
    crowded : that labelled examples wait that the learning bank has no room for; None while none does. Any thread.
    waiting_classes : of examples that are not in the newest version yet. Any thread.
    """

    def __init__(self, state: LearnerState) -> None:
        self._state = state
        self.pending = False
        self.refusal: Reason | None = None
        self.crowded: NoRoom | None = None
        self.waiting_classes: frozenset[int] = frozenset()
        self._rejected: object = None
        """Examples and dials that were refused together."""
        self._why: Reason | None = None
        self._unsealable: dict[int, int] | None = None
        """What could not be sealed; None while everything could."""

    def begin(self) -> None:
        """Hear that there is another version to go on from: nothing has been refused on it."""
        self._rejected = self._unsealable = None

    def refuse(self, learned: dict[int, int], why: Reason) -> None:
        """Do not try these examples with these dials again; `why` is said until something changes."""
        self._rejected, self._why = (learned, self._state.dials), why

    def refuse_no_more(self) -> None:
        """Try again what was refused."""
        self._rejected = None

    def cannot_seal(self) -> None:
        """Do not try to seal what has been learned before something is learned."""
        self._unsealable = dict(self._state.published)

    def follow(self) -> None:
        """Bring the rule's set to what is wanted, unless nothing may be learned now."""
        state = self._state
        rule, labels = state.rule, state.labels
        sealed = state.training.sealed(state.settings.rule)
        self.waiting_classes = labels.late(sealed, state.published)
        if state.mode is not Mode.OFF:
            target, present = self._with_room(labels.target(sealed)), rule.learned
            rule.forget([i for i in present if i not in target])
            rule.absorb(labels.as_learned({i: c for i, c in target.items() if present.get(i) != c}))
        self.judge()

    def judge(self) -> None:
        """See whether there is something to do; kept as one flag, so that other threads can ask."""
        state = self._state
        learned = state.rule.learned
        todo = self.unsaid() or self.full(learned) or bool(state.labels.refused)
        # What is on its way arrives, even if learning is switched off meanwhile.
        self.pending = todo if state.mode is not Mode.OFF else state.training.partway and self.unsaid()
        self.refusal = self._why if self._rejected == (learned, state.dials) else self.crowded

    def unsaid(self) -> bool:
        """Whether the newest version is not what the present examples and dials give, as far as is known."""
        state = self._state
        learned, dials = state.rule.learned, state.dials
        moved = learned != state.published or (bool(learned) and dials != state.applied) or state.training.partway
        return moved and (learned, dials) != self._rejected

    def full(self, learned: dict[int, int]) -> bool:
        """Whether the learning bank is to be sealed by itself."""
        state = self._state
        full = state.settings.rule == LOCKED_BANK and len(learned) >= state.settings.seal_at
        return full and learned == state.published and learned != self._unsealable and not self.no_more_banks()

    def no_more_banks(self) -> NoMoreBanks | None:
        """Why no bank can be sealed any more; None while one can."""
        sealed = len(self._state.training.seals)
        return None if sealed < self._state.settings.max_banks else NoMoreBanks(sealed)

    def _with_room(self, target: dict[int, int]) -> dict[int, int]:
        """As much of it as the learning bank has room for: what is learned, then what was labelled first.

        So a publish never costs more than one with 2 `seal_at` examples, whatever keeps the bank from being sealed.
        """
        settings, full = self._state.settings, self.no_more_banks()
        # A bank that could not be sealed may be with some examples more.
        learned = self._state.published.keys() & target.keys()
        room = max(settings.seal_at * (1 if full or self._unsealable is None else 2), len(learned))
        self.crowded = None
        if settings.rule != LOCKED_BANK or len(target) <= room:
            return target
        if full or self._unsealable is not None:
            self.crowded = NoRoom(len(target) - room, full)
        first = sorted(target, key=lambda i: (i not in learned, i))[:room]
        return {i: target[i] for i in sorted(first)}
