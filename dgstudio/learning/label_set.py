"""What the user wants to be learned: the labelled examples as a set, less those set aside or taken back."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from dgstudio.types import Example

Fetch = Callable[[Sequence[int]], Iterable[Example]]
"""Finds examples by their ids, those that stand no more too; what is gone for good is left out."""


class LabelSet:
    """Examples that may be learned, the label that each is wanted with, and those that are set aside.

    After a roll-back the model is to stay as it was then, whatever has been labelled or taken back since: what that
    version lacks is *parked*, and what it has learned with another label than is wanted now, or though it is wanted no
    more, is *held*: it stays learned so. `resume` ends both, and a label that comes later overrules what was held.

    One thread writes. Examples with `learn` False are passed over; examples whose numbers are not finite are refused
    (`refused` counts them until the learner has said so).

    Parameters
    ----------
    examples
        What is wanted to begin with.
    parked
        Ids of those that are set aside.
    fetch
        Finds examples that are not known any more, for they were taken back long ago.
    """

    def __init__(
        self, examples: Iterable[Example] = (), parked: Iterable[int] = (), fetch: Fetch = lambda ids: ()
    ) -> None:
        self.refused: set[int] = set()
        self.parked: frozenset[int] = frozenset(parked)
        self._fetch = fetch
        self._held: dict[int, int] = {}
        """Example id → class id that it stays learned with."""
        self._known: dict[int, Example] = {}
        self._wanted: dict[int, int] = {}
        self._unwanted: set[int] = set()
        self.add(examples)

    def add(self, examples: Iterable[Example]) -> list[Example]:
        """Want these, with their present labels; returns those that can be learned."""
        good = []
        for example in examples:
            if not example.learn:
                continue
            if not np.isfinite(example.features).all():
                self.refused.add(example.id)
                continue
            good.append(example)
            self._known[example.id] = example
            self._wanted[example.id] = example.class_id
        self._hold_no_more(example.id for example in good)
        return good

    def forget(self, ids: Iterable[int]) -> None:
        """Want these no more; what they were stays known until `let_go`."""
        gone = set(ids)
        self._unwanted |= self._hold_no_more(gone)
        for example_id in gone:
            if self._wanted.pop(example_id, None) is not None:
                self._unwanted.add(example_id)

    def let_go(self, learned: Container[int]) -> None:
        """Know no more of what is neither wanted nor among `learned`: it would fill the memory over the hours."""
        for example_id in [i for i in self._unwanted if i not in learned]:
            self._unwanted.discard(example_id)
            if example_id not in self._wanted:
                self._known.pop(example_id, None)

    @property
    def has_unwanted(self) -> bool:
        """Whether `let_go` may find something."""
        return bool(self._unwanted)

    def __contains__(self, example_id: int) -> bool:
        return example_id in self._known

    def example(self, example_id: int) -> Example:
        """What is known of an example, with its newest label."""
        return self._known[example_id]

    def wanted(self, example_id: int) -> int | None:
        """The class id that an example is wanted with, None if it is not wanted."""
        return self._wanted.get(example_id)

    def wanted_ids(self) -> frozenset[int]:
        """Ids of all that is wanted, parked ones too."""
        return frozenset(self._wanted)

    def park(self, ids: Iterable[int]) -> None:
        """Set these aside until `resume`."""
        self.parked |= frozenset(ids)

    def stand_on(self, learned: Mapping[int, int], sealed: Mapping[int, int]) -> None:
        """Set aside all by which what is wanted differs from what a version has learned: there it stays until `resume`.

        Parameters
        ----------
        learned, sealed
            Example id → class id of what its learning bank, or base, has learned, and of what is learned below.
        """
        wanted = self._wanted
        self.parked = frozenset(i for i, c in wanted.items() if i not in learned and sealed.get(i) != c)
        self._hold({i: c for i, c in learned.items() if wanted.get(i) != c})

    def hold_parked(self, learned: Mapping[int, int]) -> None:
        """Hold what is parked and yet learned: so it was set aside by a roll-back before the session was closed."""
        held = {i: learned[i] for i in self.parked if i in learned}
        self.parked -= held.keys()
        self._hold(held)

    def _hold(self, held: dict[int, int]) -> None:
        lacking = [i for i in held if i not in self._known]
        self._known.update((example.id, example) for example in (self._fetch(lacking) if lacking else ()))
        self._held = {i: c for i, c in held.items() if i in self._known}
        self._unwanted |= self._held.keys() - self._wanted.keys()

    def _hold_no_more(self, ids: Iterable[int]) -> set[int]:
        """Let go of those of these that are held, and return them."""
        overruled = self._held.keys() & set(ids) if self._held else set()
        if overruled:
            # Another one, for other threads look at it.
            self._held = {i: c for i, c in self._held.items() if i not in overruled}
        return overruled

    @property
    def set_aside(self) -> frozenset[int]:
        """Ids of what waits for `resume`, to be learned, learned otherwise or unlearned. Any thread."""
        held = self._held
        return self.parked.union(held) if held else self.parked

    def resume(self) -> None:
        """Set nothing aside any more."""
        self.parked, self._held = frozenset(), {}

    def target(self, sealed: Mapping[int, int]) -> dict[int, int]:
        """Example id → class id of what the learning bank is to learn; `sealed` is learned below it, with its labels.

        A sealed example is learned again only with another label.
        """
        wanted = self._wanted if not self._held else {**self._wanted, **self._held}
        return {i: c for i, c in wanted.items() if i not in self.parked and sealed.get(i) != c}

    def late(self, sealed: Mapping[int, int], published: Mapping[int, int]) -> frozenset[int]:
        """Classes of which something wanted has not been learned yet, parked or not."""
        late = {c for i, c in self._wanted.items() if published.get(i) != c and sealed.get(i) != c}
        return frozenset(late)

    def as_learned(self, labels: Mapping[int, int]) -> list[Example]:
        """The known ones of these examples, with these labels instead of their own."""
        return [replace(self._known[i], class_id=c) for i, c in labels.items() if i in self._known]
