"""How many labels a twin of our own model has learned, and how many wait: counted without walking over all of them."""

from __future__ import annotations

from collections.abc import Iterable

from dgstudio.learning.learner.training.training_state import TrainingState


class LearnedLabels:
    """The labels that stand, as far as a twin has been told, and what its newest version has learned. One thread.

    Attributes
    ----------
    learned : examples that the newest version has learned. Any thread.
    late : labels that stand and that it has not learned. Any thread.
    """

    def __init__(self) -> None:
        self.learned = self.late = 0
        self._wanted: set[int] = set()
        self._for_good: set[int] = set()
        """What is sealed, or has moved the base: tens of thousands after hours, and seldom others."""
        self._both = 0
        """How many are wanted and among those."""
        self._seen: tuple[object, object] = (None, None)

    def wants(self, example_id: int) -> bool:
        """Whether a label stands."""
        return example_id in self._wanted

    def want(self, ids: Iterable[int]) -> None:
        """These labels stand."""
        fresh = set(ids) - self._wanted
        self._wanted |= fresh
        self._both += len(fresh & self._for_good)

    def want_no_more(self, ids: Iterable[int]) -> None:
        """These labels were taken back."""
        gone = self._wanted.intersection(ids)
        self._wanted -= gone
        self._both -= len(gone & self._for_good)

    def count(self, training: TrainingState) -> None:
        """See what the newest version was learned from."""
        seals, base = self._seen
        if training.seals is not seals or training.base_learned is not base:
            self._seen = training.seals, training.base_learned
            layers = (training.base_learned, *(held.ids for held in training.seals))
            self._for_good = {int(i) for ids in layers for i in ids}
            self._both = len(self._wanted & self._for_good)
        above = [i for i in training.learned.tolist() if i not in self._for_good]
        self.learned = len(self._for_good) + len(above)
        self.late = len(self._wanted) - self._both - sum(i in self._wanted for i in above)
