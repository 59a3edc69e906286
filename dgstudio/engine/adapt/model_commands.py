"""What the user can do to the model: commands that dg-learn does in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from dgstudio.engine.adapt.auto_protect import (
    BY_ITSELF,
    STABLE_S,
    ProtectedInput,
    StableClasses,
    protected_inputs,
    recent_inputs,
)
from dgstudio.engine.adapt.checkpointer import Checkpointer
from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.adapt.version_acts import VersionActs
from dgstudio.engine.facts.learning import ExamplesResumed, NothingAfter, NothingBefore, NothingProtected
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.lifecycle.resume import LEARNING, dials_of
from dgstudio.engine.runtime.abstention import ABSTAIN, checked
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.engine.serving.lane import Lane
from dgstudio.learning.learner.learner import Learner
from dgstudio.reasons.published import BecameStable
from dgstudio.records import dataclass
from dgstudio.types import F32, Cause, CauseKind, Mode, PublishRecord, RecordKind


@dataclass(frozen=True, slots=True)
class Dials:
    """What the user has set, as it was last asked for: the learner follows in its turn.

    Attributes
    ----------
    mode, rule : what the learner may change, and how.
    tau, delta : the learning bank is open where r > τ, and speaks where it disagrees by more than −δ.
    abstain : answers less likely than this are "unsure"; 0: none.
    protect_at_seal : how many inputs at most join the protected ones at one seal.
    protect_by_itself : whether what has been stable for half a minute is protected without being asked for.
    seal_at : how many examples fill the learning bank, so that it is sealed.
    features : how many random features a model has that began from nothing.
    parts_apart : whether what is learned is published part by part, with pauses; not kept in the session.
    """

    mode: Mode
    rule: str
    tau: float
    delta: float
    abstain: float
    protect_at_seal: int
    protect_by_itself: bool
    seal_at: int
    features: int
    parts_apart: bool


class ModelCommands:
    """Commands to the model; each returns at once, and dg-learn does it in turn. From any one thread.

    Attributes
    ----------
    dials : replaced as a whole by every command that sets one, and by a roll-back, which restores them.
    stable : sees what has become stable, so that it is protected by itself.
    """

    def __init__(
        self,
        learner: Learner,
        learn: LearnWorker,
        queue: StoreQueue,
        versions: Checkpointer,
        lane: Lane,
        book: LabelBook,
        classes: ClassTable,
        events: EventQueue,
        *,
        by_itself: bool,
    ) -> None:
        self._learner = learner
        self._learn = learn
        self._queue = queue
        self._versions = versions
        self._lane = lane
        self._book = book
        self._classes = classes
        self._events = events
        self.stable = StableClasses()
        self.stable.on = by_itself
        self._acts = VersionActs(learn.history)
        """dg-learn only."""
        self._protected_again: int | None = None
        self._released: int | None = None
        """Running number of the record of the user's last release."""
        self.dials = self._dials_as_learned()

    @property
    def offered_modes(self) -> tuple[Mode, ...]:
        """The learning modes that can be set. Any thread."""
        return self._learner.offered_modes

    def set_abstain(self, threshold: float) -> None:
        """Call answers less likely than this "unsure" from now on (0: none); kept in the session.

        Raises
        ------
        BadInputError
            Where that is no probability below 1.
        """
        self._lane.abstain = checked(threshold)
        self.dials = replace(self.dials, abstain=threshold)
        self._queue.write(lambda session: session.set_config(ABSTAIN, threshold))

    def set_mode(self, mode: Mode) -> None:
        """What the learner may change from now on."""
        self.dials = replace(self.dials, mode=mode)
        self._turn_dial(lambda learner: learner.set_mode(mode))

    def set_openness(self, tau: float, delta: float) -> None:
        """Open the learning bank where r > τ, let it speak where it disagrees by more than −δ; applied by a publish."""
        self.dials = replace(self.dials, tau=tau, delta=delta)
        self._turn_dial(lambda learner: learner.set_openness(tau, delta))

    def set_rule(self, name: str) -> None:
        """Choose the update rule that learns from now on."""
        self.dials = replace(self.dials, rule=name)
        self._turn_dial(lambda learner: learner.set_rule(name))

    def set_parts_apart(self, on: bool) -> None:
        """Publish what is learned part by part from now on, in random order and with pauses, or whole again.

        For an audience: each version in between is proved, answers, and is whole. No session keeps this.
        """
        self.dials = replace(self.dials, parts_apart=on)
        self._learn.request(lambda learner: learner.set_parts_apart(on))

    def pin(self, version: int) -> None:
        """Serve this version until `unpin`."""

        def pin(learner: Learner) -> PublishRecord | None:
            record = learner.pin(version)
            self._versions.pinned(learner)
            return record

        self._learn.request(pin)

    def unpin(self) -> None:
        """Serve the newest version again."""

        def unpin(learner: Learner) -> PublishRecord | None:
            record = learner.unpin()
            self._versions.pinned(learner)
            return record

        self._learn.request(unpin)

    def roll_back(self, version: int | None = None, cause: Cause | None = None) -> None:
        """Go back to a version, or to before the act that made the present one, and stay there.

        Labels stay as they are: what was labelled, relabelled or taken back since then is set aside until
        `resume_parked`, and not lost. `cause` where it is another act that comes to this.
        """

        def back(learner: Learner) -> PublishRecord | None:
            target = version if version is not None else self._before(learner)
            if target is None:
                self._events.say(NothingBefore())
                return None
            return self._go_to(learner, target)

        self._learn.request(back, cause)

    def go_forward(self) -> None:
        """Go to the end of the act that came after the present version, and stay there; likewise."""

        def forward(learner: Learner) -> PublishRecord | None:
            self._acts.sync()
            target = self._acts.after(learner.store.head.version, self.reachable())
            if target is None:
                self._events.say(NothingAfter())
                return None
            return self._go_to(learner, target)

        self._learn.request(forward)

    def reachable(self) -> frozenset[int]:
        """The versions that can be pinned or rolled back to: in memory or in the session file. Any thread."""
        return self._queue.kept.union(snapshot.version for snapshot in self._learner.store.history())

    def protect_now(self) -> None:
        """Protect what it knows now: seal the learning bank, take its examples into the protected inputs."""

        def protect(learner: Learner) -> PublishRecord | None:
            record = learner.seal_and_protect(self._recent())
            if record is not None and record.version is None:
                self._events.say(NothingProtected(record))
            return record

        self._learn.request(protect)

    def protected_inputs(self) -> list[ProtectedInput]:
        """Return the protected inputs in the order in which they joined. Any thread."""
        return protected_inputs(self._learner.training, self._learner.store.head.temperature)

    def protect_by_itself(self, on: bool) -> None:
        """Protect what has been stable for half a minute without being asked for (`StableClasses`), or not; kept."""
        self.stable.on = on
        self.dials = replace(self.dials, protect_by_itself=on)
        self._queue.write(lambda session: session.set_config(BY_ITSELF, on))

    def set_protected(self, count: int) -> None:
        """Let at most so many inputs join the protected ones at one seal."""
        self.dials = replace(self.dials, protect_at_seal=count)
        self._turn_dial(lambda learner: learner.set_protected(count))

    def set_seal_at(self, count: int) -> None:
        """Seal the learning bank once it holds so many examples."""
        self.dials = replace(self.dials, seal_at=count)
        self._turn_dial(lambda learner: learner.set_seal_at(count))

    def set_features(self, count: int) -> None:
        """Let a model that begins from nothing have so many random features."""
        self.dials = replace(self.dials, features=count)
        self._turn_dial(lambda learner: learner.set_features(count))

    def release_inputs(self, inputs: Sequence[F32]) -> None:
        """Take protected inputs (raw features) out of the contract: their answers may move; it can be taken back."""

        def release(learner: Learner) -> PublishRecord | None:
            record = learner.release_inputs(inputs)
            self._released = record.seq if record is not None else None
            return record

        self._learn.request(release)

    def resume_parked(self) -> None:
        """Learn again what a roll-back or a failure parked."""

        def resume(learner: Learner) -> None:
            count = len(learner.parked)
            if count:
                learner.resume_parked()
            self._events.say(ExamplesResumed(count))

        self._learn.request(resume, Cause(CauseKind.RESUMED))

    # -- between the threads -------------------------------------------------------------------------------

    def protect_again(self, cause: Cause) -> None:
        """Protect what was protected before that was undone. Any thread."""

        def protect(learner: Learner) -> PublishRecord | None:
            record = learner.seal_and_protect(self._recent())
            self._protected_again = record.seq if record is not None else None
            return record

        self._learn.request(protect, cause)

    def protect_stable(self, learner: Learner) -> None:
        """Protect what has become stable meanwhile, where the user wishes that. dg-learn only, while it rests."""
        stable = self.stable.turn(learner)
        if stable:
            names = tuple(map(self._classes.name_of, stable))
            why = partial(BecameStable, names=names, seconds=STABLE_S)
            self._learn.request(lambda learner: learner.seal_and_protect(self._recent(), why))

    def can_be_undone(self, record: PublishRecord) -> bool:
        """Whether a record is of an act for the history: no step of a walk in it. dg-learn only, as it is published."""
        acted = record.kind == RecordKind.PROTECTED and record.seq != self._protected_again
        return acted or (record.kind == RecordKind.RELEASED and record.seq == self._released)

    def _recent(self) -> list[F32]:
        """Raw features of recent inputs that nobody has labelled."""
        readings = self._lane.readings.since(0)[0]
        return recent_inputs(readings, self._book.takes(readings[0].start)) if readings else []

    def _before(self, learner: Learner) -> int | None:
        """The version before the act that the newest one stands in. dg-learn only."""
        self._acts.sync()
        head = learner.store.head
        known = self._acts.place_of(head.version) is not None
        # A history that was lost in part may not tell of it.
        return self._acts.before(head.version, self.reachable()) if known else head.parent

    def _go_to(self, learner: Learner, version: int) -> PublishRecord:
        record = learner.roll_back(version)
        self._keep_dials(learner)
        self.dials = self._dials_as_learned()
        return record

    def _keep_dials(self, learner: Learner) -> None:
        dials = dials_of(learner)
        self._queue.write(lambda session: session.set_config(LEARNING, dials))

    def _turn_dial(self, act: Callable[[Learner], None]) -> None:
        """Set a dial of the learner, and keep in the session where it stands: it is part of it."""

        def turn(learner: Learner) -> None:
            act(learner)
            self._keep_dials(learner)

        self._learn.request(turn, Cause(CauseKind.DIALS))

    def _dials_as_learned(self) -> Dials:
        learner, settings = self._learner, self._learner.settings
        return Dials(
            mode=learner.mode,
            rule=settings.rule,
            tau=settings.tau,
            delta=settings.delta,
            abstain=self._lane.abstain,
            protect_at_seal=settings.protected,
            protect_by_itself=self.stable.on,
            seal_at=settings.seal_at,
            features=settings.features,
            parts_apart=learner.parts_apart,
        )
