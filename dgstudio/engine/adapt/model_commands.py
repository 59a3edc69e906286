"""What the user can do to the model: the part of the engine that hands it on to dg-learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dgstudio.engine.adapt.auto_protect import BY_ITSELF, StableClasses, recent_inputs
from dgstudio.engine.adapt.checkpointer import VersionKeeping
from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.labels.store_worker import StoreWorker
from dgstudio.engine.lifecycle.resume import LEARNING, dials_of
from dgstudio.engine.runtime.abstention import ABSTAIN, checked
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.serving.lane import Lane
from dgstudio.errors import DgstudioError
from dgstudio.learning.learner.learner import Learner
from dgstudio.types import F32, Event, Mode, PublishRecord


class ModelCommands:
    """Commands of the engine; each returns at once, and dg-learn does it in turn. From any one thread."""

    learner: Learner
    learn: LearnWorker
    store: StoreWorker
    versions: VersionKeeping
    events: EventQueue
    lane: Lane
    book: LabelBook
    stable: StableClasses
    _released: int | None = None
    """Running number of the record of the user's last release."""

    def set_abstain(self, threshold: float) -> None:
        """Call answers less likely than this "unsure" from now on (0: none); kept in the session.

        Raises
        ------
        BadInputError
            Where that is no probability below 1.
        """
        self.lane.abstain = checked(threshold)
        self.store.write(lambda session: session.set_config(ABSTAIN, threshold))

    def set_mode(self, mode: Mode) -> None:
        """What the learner may change from now on."""
        self._turn_dial(lambda learner: learner.set_mode(mode))

    def set_openness(self, tau: float, delta: float) -> None:
        """Open the learning bank where r > τ, let it speak where it disagrees by more than −δ; applied by a publish."""
        self._turn_dial(lambda learner: learner.set_openness(tau, delta))

    def set_rule(self, name: str) -> None:
        """Choose the update rule that learns from now on."""
        self._turn_dial(lambda learner: learner.set_rule(name))

    def pin(self, version: int) -> None:
        """Serve this version until `unpin`."""

        def pin(learner: Learner) -> None:
            learner.recalled(version)
            learner.store.pin(version)
            self.versions.pinned(learner)

        self.ask_learner(pin)

    def unpin(self) -> None:
        """Serve the newest version again."""

        def unpin(learner: Learner) -> None:
            learner.store.unpin()
            self.versions.pinned(learner)

        self.ask_learner(unpin)

    def roll_back(self, version: int | None = None) -> None:
        """Go back to a version, or to the parent of the present one; later examples are parked, not lost."""

        def back(learner: Learner) -> PublishRecord | None:
            target = version if version is not None else learner.store.head.parent
            if target is None:
                self.events.say(Event("roll back", "There is no earlier version to go back to.", "warning"))
                return None
            record = learner.roll_back(target)
            self._keep_dials(learner)
            return record

        self.ask_learner(back)

    def reachable(self) -> frozenset[int]:
        """The versions that can be pinned or rolled back to: in memory or in the session file. Any thread."""
        return self.store.kept.union(snapshot.version for snapshot in self.learner.store.history())

    def protect_now(self) -> None:
        """Protect what it knows now: seal the learning bank, take its examples into the protected inputs."""

        def protect(learner: Learner) -> PublishRecord | None:
            record = learner.seal_and_protect(self.recent())
            if record is not None and record.version is None:
                self.events.say(Event("refused", f"Nothing was protected: {record.reason}.", "warning"))
            return record

        self.ask_learner(protect)

    def recent(self) -> list[F32]:
        """Raw features of recent inputs that nobody has labelled. Any thread."""
        readings = self.lane.readings.since(0)[0]
        return recent_inputs(readings, self.book.takes(readings[0].start)) if readings else []

    def protect_by_itself(self, on: bool) -> None:
        """Protect what has been stable for half a minute without being asked for (`StableClasses`), or not; kept."""
        self.stable.on = on
        self.store.write(lambda session: session.set_config(BY_ITSELF, on))

    def set_protected(self, count: int) -> None:
        """Let at most so many inputs join the protected ones at one seal."""
        self._turn_dial(lambda learner: learner.set_protected(count))

    def set_seal_at(self, count: int) -> None:
        """Seal the learning bank once it holds so many examples."""
        self._turn_dial(lambda learner: learner.set_seal_at(count))

    def set_features(self, count: int) -> None:
        """Let a model that begins from nothing have so many random features."""
        self._turn_dial(lambda learner: learner.set_features(count))

    def release_inputs(self, inputs: Sequence[F32]) -> None:
        """Take protected inputs (raw features) out of the contract: their answers may move; it can be taken back."""

        def release(learner: Learner) -> PublishRecord | None:
            record = learner.release_inputs(inputs)
            self._released = record.seq if record is not None else None
            return record

        self.ask_learner(release)

    def resume_parked(self) -> None:
        """Learn again what a roll-back or a failure parked."""

        def resume(learner: Learner) -> None:
            if not learner.parked:
                self.events.say(Event("resumed", "No example is parked: there is nothing to resume.", "warning"))
                return
            count = len(learner.parked)
            learner.resume_parked()
            text = f"{count} parked example{' is' if count == 1 else 's are'} learned again."
            self.events.say(Event("resumed", text, "good"))

        self.ask_learner(resume)

    def ask_learner(self, act: Callable[[Learner], PublishRecord | None]) -> None:
        """Have an act of the user's done on the learner; a refusal becomes an event, not a failed thread."""

        def run(learner: Learner) -> PublishRecord | None:
            try:
                return act(learner)
            except DgstudioError as error:
                self.events.say(Event("refused", str(error), "warning"))
                return None

        self.learn.ask(run)

    def _keep_dials(self, learner: Learner) -> None:
        dials = dials_of(learner)
        self.store.write(lambda session: session.set_config(LEARNING, dials))

    def _turn_dial(self, act: Callable[[Learner], None]) -> None:
        """Set a dial of the learner, and keep in the session where it stands: it is part of it."""

        def turn(learner: Learner) -> None:
            act(learner)
            self._keep_dials(learner)

        self.ask_learner(turn)
