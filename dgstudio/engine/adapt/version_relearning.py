"""Versions that are not kept, learned again on request: from the nearest kept one before and what was learned since."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import replace

from dgstudio.engine.adapt.checkpointer import Checkpointer
from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.adapt.version_ways import CannotLearnAgain, VersionWays, Way
from dgstudio.engine.facts.event import Fact
from dgstudio.engine.facts.learning import (
    VersionLearnedAgain,
    VersionLearnedOtherwise,
    VersionNotLearnedAgain,
    VersionRelearningCancelled,
)
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.engine.runtime.worker import Worker
from dgstudio.errors import BadInputError, DgstudioError, Rejected
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.publish_diff import changed
from dgstudio.learning.learner.reproduce import learning_kernel, settings_again
from dgstudio.learning.learner.training.sealing import below
from dgstudio.learning.learner.training.training_state import Dials, TrainingState
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.learning.settings import LOCKED_BANK, LearnerSettings
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.format.checkpoint import KERNEL_OF, SETTINGS
from dgstudio.session.restore import restored
from dgstudio.types import Example, Mode

BLOCK = 32
"""Examples learned between two looks whether to go on."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ground:
    """A kept version to begin at, the settings that it was learned with, and the kernel that learned it."""

    snapshot: Snapshot
    training: TrainingState
    settings: LearnerSettings
    kernel: str


class _Cancelled(Exception):
    """The user does not want it any more."""


class Relearning(Worker):
    """dg-relearn: learns one version again, from beginning to end. Any thread reads its figures; `stop` cancels it.

    Attributes
    ----------
    version : which one.
    share : how much is done, 0..1.
    over : whether it has ended, in one way or the other; the event has said how.
    """

    name = "dg-relearn"

    def __init__(
        self,
        way: Way,
        later: int | None,
        learner: Learner,
        session: Session,
        adopt: Callable[[Snapshot, TrainingState], None],
        events: EventQueue,
    ) -> None:
        super().__init__(events)
        assert way.target.version is not None, "a record that was learned has a version"
        self.version = way.target.version
        self.share = 0.0
        self.over = False
        self._way, self._later = way, later
        self._learner, self._session = learner, session
        self._adopt = adopt

    def turn(self) -> None:
        """Learn it; the only turn there is."""
        version = self.version
        try:
            self._learn(version)
        except _Cancelled:
            self._end(VersionRelearningCancelled(version))
        except Rejected as error:
            self._end(VersionNotLearnedAgain(version, error.reason.words))
        except DgstudioError as error:
            self._end(VersionNotLearnedAgain(version, str(error).rstrip(".")))
        self._stop.set()

    def recover(self, error: Exception) -> None:
        """What could not be foreseen ends it as well."""
        self._end(VersionNotLearnedAgain(self.version, repr(error)))
        self._stop.set()

    # -- inside ------------------------------------------------------------------------------------------------

    def _end(self, fact: Fact | None) -> None:
        self.share, self.over = 1.0, True
        if fact is not None:
            self.events.say(fact)

    def _learn(self, version: int) -> None:
        ground, record = self._ground(self._way.start), self._way.target
        dials = [dials for dials in (ground.training.dials, self._dials_later()) if dials is not None]
        digests: list[str] = []
        for each in dict.fromkeys(dials):
            if each.rule != LOCKED_BANK:
                continue
            again = self._made(ground, each)
            if again.digest == record.digest:
                training = self._training(ground.training, each)
                snapshot = again.with_(
                    version=version, parent=record.parent, reason=record.reason.words, unix=record.unix, mode=each.mode
                )
                self._adopt(snapshot, training)
                self._end(None)
                return
            digests.append(again.digest)
        if not digests:
            raise BadInputError("another rule was chosen there, and how it learned is not kept")
        self._end(VersionLearnedOtherwise(version, record.digest, digests[0], ground.kernel != learning_kernel()))

    def _made(self, ground: _Ground, dials: Dials) -> Snapshot:
        """The version with these dials: at once where router and read-out are solved together, else step by step."""
        mode, head = Mode(dials.mode), ground.snapshot
        settings = replace(ground.settings, tau=dials.tau, delta=dials.delta).check()
        rule = LockedBankRule(
            settings, below(head, ground.training), ground.training.sums, ground.training.protected.inputs
        )
        steps = self._sets(ground.training.published())
        examples = self._examples_of(steps[-1] if mode is Mode.BOTH else {i: c for s in steps for i, c in s.items()})
        for number, target in enumerate(steps[-1:] if mode is Mode.BOTH else steps):
            known = rule.learned
            rule.forget([i for i in known if i not in target])
            fresh = [replace(examples[i], class_id=c) for i, c in target.items() if known.get(i) != c]
            for first in range(0, len(fresh), BLOCK):
                self._go_on()
                rule.absorb(fresh[first : first + BLOCK])
                if mode is Mode.BOTH:
                    self.share = 0.9 * first / len(fresh)
            self._go_on()
            proposal = rule.propose(head, Mode.BOTH if mode is Mode.OFF else mode)
            head = proposal.with_(classes=ground.snapshot.classes, temperature=ground.snapshot.temperature)
            if mode is not Mode.BOTH:
                self.share = 0.9 * (number + 1) / len(steps)
        return head

    def _go_on(self) -> None:
        if self.stopping:
            raise _Cancelled

    def _sets(self, start: Mapping[int, int]) -> list[dict[int, int]]:
        """The sets that the versions on the way had learned."""
        sets, present = [], dict(start)
        for record in self._way.records:
            assert record.change is not None, "a way goes through noted changes only"
            present = changed(present, record.change)
            sets.append(dict(sorted(present.items())))
        return sets

    def _examples_of(self, target: Mapping[int, int]) -> dict[int, Example]:
        found = {example.id: example for example in self._session.examples_by_id(target)}
        lacking = sorted(target.keys() - found.keys())
        if lacking:
            raise BadInputError(f"{len(lacking):,} of its examples are not in the session any more")
        return found

    def _training(self, start: TrainingState, dials: Dials) -> TrainingState:
        published = self._sets(start.published())[-1]
        return replace(start.with_published(published), dials=dials)

    def _ground(self, version: int) -> _Ground:
        held = self._learner.states_held()
        if version in held and self._learner.store.holds(version):
            return _Ground(self._learner.store.get(version), held[version], self._learner.settings, learning_kernel())
        checkpoint = self._session.checkpoint(version)
        snapshot, training = restored(checkpoint)
        kernel = str(checkpoint.meta.get(KERNEL_OF, learning_kernel()))
        return _Ground(snapshot, training, settings_again(checkpoint.meta.get(SETTINGS)), kernel)

    def _dials_later(self) -> Dials | None:
        """Those of the next version that is kept: they may have been turned together with a label."""
        if self._later is None:
            return None
        try:
            return self._ground(self._later).training.dials
        except DgstudioError:
            return None


class VersionRelearning:
    """Learns versions again, one at a time; commands return at once. From any one thread.

    Attributes
    ----------
    running : the one that is being learned; None while none is.
    """

    def __init__(
        self, learner: Learner, learn: LearnWorker, queue: StoreQueue, session: Session, versions: Checkpointer,
        events: EventQueue,
    ) -> None:  # fmt: skip
        self.running: Relearning | None = None
        self._learner, self._learn, self._queue = learner, learn, queue
        self._session, self._versions, self._events = session, versions, events
        self._ways = VersionWays(learn.history)

    def refusal(self, version: int) -> Reason | None:
        """Why a version that is not kept cannot be learned again; None where that can be tried."""
        self._ways.sync()
        return self._ways.refusal(version, self._kept)

    def learn_again(self, version: int) -> None:
        """Learn a version again in the background; then it can be served, pinned and compared as any other.

        An event says what came of it: whether it is the same as was recorded, by its digest.

        Raises
        ------
        BadInputError
            If it is kept, cannot be learned again, or another one is being learned.
        """
        running = self.running
        if running is not None and not running.over:
            raise BadInputError(f"v{running.version} is being learned again: one at a time.")
        if self._kept(version):
            raise BadInputError(f"v{version} is kept: it can be served as it is.")
        self._ways.sync()
        way = self._ways.to(version, self._kept)
        if isinstance(way, CannotLearnAgain):
            raise BadInputError(way.sentence)
        self.running = Relearning(way, self._after(version), self._learner, self._session, self._adopt, self._events)
        self.running.start()

    def cancel(self) -> None:
        """Stop, and leave nothing of it."""
        if self.running is not None:
            self.running.stop()

    # -- inside ------------------------------------------------------------------------------------------------

    def _kept(self, version: int) -> bool:
        return self._learner.store.holds(version) or version in self._queue.kept

    def _after(self, version: int) -> int | None:
        """The next version that is kept."""
        later = self._ways.versions[bisect_right(self._ways.versions, version) :]
        return next((version for version in later if self._kept(version)), None)

    def _adopt(self, snapshot: Snapshot, training: TrainingState) -> None:
        """Hold it in memory and in the file, and say so. dg-relearn."""

        def take_up(learner: Learner) -> None:
            learner.take_up_again(snapshot, training)
            self._versions.keep(snapshot.version, learner)
            self._events.say(VersionLearnedAgain(snapshot.version, snapshot.digest))

        self._learn.request(take_up)
