"""What an update rule is: it absorbs and forgets examples, and proposes a snapshot. Nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from dgstudio.learning.bank.attribution import Evidence
from dgstudio.model.snapshot import Snapshot
from dgstudio.types import Example, Mode


class UpdateRule(Protocol):
    """One way of learning. Synchronous, without threads; called by whoever owns the learner.

    A rule neither publishes nor proves: the learner proves every proposal against the contract (design 3).

    Attributes
    ----------
    name : one of `settings.RULES`.
    unlearns : whether what is forgotten leaves no trace; else it is only left out of what comes.
    """

    name: str
    unlearns: bool

    def __len__(self) -> int:
        """How many examples are in the set."""
        ...

    @property
    def offered_modes(self) -> tuple[Mode, ...]:
        """The modes in which the rule can learn."""
        ...

    @property
    def learned(self) -> dict[int, int]:
        """Example id → class id of the set to be learned, without what the rule has refused."""
        ...

    @property
    def proposed(self) -> dict[int, int]:
        """The part of `learned` that the last proposal has learned; the next one goes on with the rest."""
        ...

    @property
    def held_still(self) -> tuple[int, int] | None:
        """In how many of how many steps of the last proposal the gates were held still; None where in none."""
        ...

    def get_ready(self) -> None:
        """Compute now what the first proposal would wait for. Raises `Rejected` where the rule cannot learn at all."""
        ...

    def absorb(self, examples: Sequence[Example]) -> None:
        """Take examples into the set to be learned; one that is there already gets its new label."""
        ...

    def forget(self, ids: Iterable[int]) -> None:
        """Take examples out again; where the rule `unlearns`, the next proposal is as if they had never been seen."""
        ...

    def propose(self, head: Snapshot, mode: Mode) -> Snapshot:
        """Make a child of `head` that has learned the present set as far as `mode` lets it.

        Raises `Rejected` where that cannot be done.
        """
        ...

    def accept(self) -> None:
        """Hear that the last proposal was published: only now may the rule's own state go on."""
        ...

    def reconsider(self) -> None:
        """Try what was refused once more: a mode has been chosen, or the user asks for it."""
        ...

    def evidence(self, snapshot: Snapshot) -> Evidence | None:
        """Explain `snapshot`, which holds the last proposal; None where there is nothing exact to say."""
        ...

    def set_dials(self, tau: float, delta: float) -> None:
        """Set openness and δ for the proposals to come."""
        ...
