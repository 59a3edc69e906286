"""What an update rule is: it absorbs and forgets examples, and proposes a snapshot. Nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from dgstudio.model.snapshot import Snapshot
from dgstudio.types import Example, Mode


class UpdateRule(Protocol):
    """One way of learning. Synchronous, without threads; called by whoever owns the learner.

    A rule neither publishes nor proves: the learner proves every proposal against the contract (design 3).
    """

    name: str

    @property
    def offered_modes(self) -> tuple[Mode, ...]:
        """The modes in which the rule can learn."""
        ...

    def absorb(self, examples: Sequence[Example]) -> None:
        """Take examples into the set to be learned; one that is there already gets its new label."""
        ...

    def forget(self, ids: Iterable[int]) -> None:
        """Take examples out again; the next proposal is as if they had never been seen."""
        ...

    def propose(self, head: Snapshot, mode: Mode) -> Snapshot:
        """Make a child of `head` that has learned the present set as far as `mode` lets it.

        Raises `Rejected` where that cannot be done.
        """
        ...
