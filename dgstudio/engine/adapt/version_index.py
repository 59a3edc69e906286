"""Which versions contain an example: the sets of all versions that can be gone back to, from memory and the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from dgstudio.engine.facts.labelling import StillLearned
from dgstudio.engine.facts.words import banks_text, spans_text
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.errors import SessionError
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.training.learned_examples import LearnedExamples, common
from dgstudio.learning.learner.training.training_state import TrainingState, id_array
from dgstudio.records import dataclass
from dgstudio.session.file import Session

AT_A_TIME = 64
"""Versions that are read between two times that what is known is handed out."""


@dataclass(frozen=True, slots=True)
class Containing:
    """Where examples are: the versions that hold at least one of them, and how many each sealed bank of `head` holds.

    `spans` are (first, last) of versions in a row, among those that can still be gone back to. `sealed` has the
    places of banks, from 0. `whole`: nothing was left out because it has not been read yet.
    """

    spans: tuple[tuple[int, int], ...] = ()
    sealed: tuple[tuple[int, int], ...] = ()
    whole: bool = True

    @property
    def text(self) -> str:
        """Like "in v12–v31, sealed in bank 2"."""
        words = f"in {spans_text(self.spans)}" if self.spans else "in no version"
        if self.sealed:
            words += f", sealed in {banks_text([bank for bank, _ in self.sealed])}"
        return words if self.whole else f"{words} (older versions are still being read)"


class VersionIndex:
    """The sets by version. One thread calls `update`; any thread asks.

    Versions that memory has let go of are read from the session file, once; of each only the ids are kept.
    """

    def __init__(self, learner: Learner, queue: StoreQueue, session: Session) -> None:
        self._learner = learner
        self._queue = queue
        self._session = session
        self._known: Mapping[int, LearnedExamples] = {}
        self._stood: Mapping[int, TrainingState] = {}
        """What the versions in memory stood on when their sets were taken up: the newest may learn without changing."""
        self._unreadable: frozenset[int] = frozenset()

    def update(self, go_on: Callable[[], bool] = lambda: True) -> None:
        """Take up what is new, and drop what is gone; `go_on` is called between reads, False ends the work."""
        held = self._learner.states_held()
        reachable = self._queue.kept.union(held)
        known = {
            # What memory has let go of is held here alone: of thousands of versions, that adds up.
            version: contents.compact() if version in self._stood and version not in held else contents
            for version, contents in self._known.items()
            if version in reachable
        }
        known.update(self._of_memory(held))
        self._known, self._stood = dict(known), held
        for number, version in enumerate(sorted(reachable - known.keys() - self._unreadable, reverse=True)):
            if not go_on():
                break
            try:
                known[version] = self._session.learned_in(version).compact()
            except SessionError:
                # Thinned out meanwhile, or damaged: it cannot be gone back to either.
                self._unreadable |= {version}
            if number % AT_A_TIME == AT_A_TIME - 1:
                self._known = dict(known)
        self._known = known

    def of(self, version: int) -> LearnedExamples | None:
        """What one version has learned; None where that has not been read yet, or is gone."""
        held = self._learner.states_held()
        return self._of_memory({version: held[version]})[version] if version in held else self._known.get(version)

    def _of_memory(self, held: Mapping[int, TrainingState]) -> dict[int, LearnedExamples]:
        """Of versions in memory; what was taken up before is taken as it is."""
        known, stood = self._known, self._stood
        return {
            version: known[version]
            if version in known and stood.get(version) is training
            else LearnedExamples.of(version, training)
            for version, training in held.items()
        }

    def containing(self, ids: Iterable[int]) -> Containing:
        """Which versions hold at least one of these examples."""
        asked = id_array(set(ids))
        held = self._learner.states_held()
        known = {**self._known, **self._of_memory(held)}
        versions = sorted(known)
        found: dict[int, bool] = {}
        """By the identity of a set: versions share what is sealed."""
        for contents in known.values():
            for part in contents.parts:
                if id(part.ids) not in found:
                    found[id(part.ids)] = bool(len(common(part.ids, asked)))
        inside = np.array([any(found[id(part.ids)] for part in known[v].parts) for v in versions], bool)
        edges = np.flatnonzero(np.diff(np.r_[False, inside, False].astype(np.int8)))
        spans = tuple((versions[first], versions[end - 1]) for first, end in edges.reshape(-1, 2).tolist())
        head = known.get(self._learner.store.head.version)
        sealed = () if head is None else tuple(sorted(head.sealed(asked).items()))
        whole = not (self._queue.kept - known.keys() - self._unreadable)
        return Containing(spans, sealed, whole)

    def still_in(self, ids: Sequence[int]) -> StillLearned | None:
        """The versions that have learned of examples that were taken back; None where none has."""
        found = self.containing(ids)
        return StillLearned(found.spans, len(ids) != 1, bool(found.sealed)) if found.spans else None
