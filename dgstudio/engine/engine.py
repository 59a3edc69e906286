"""The engine: owns the threads, the rings and the lanes; takes commands, and is pulled for what is new."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dgstudio.engine.adapt.auto_protect import BY_ITSELF, STABLE_S, StableClasses
from dgstudio.engine.adapt.candidate_models import OtherModels
from dgstudio.engine.adapt.checkpointer import VersionKeeping
from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.adapt.model_commands import ModelCommands
from dgstudio.engine.adapt.twin_comparison import Comparing
from dgstudio.engine.adapt.version_index import VersionContents, banks_text
from dgstudio.engine.browse.browse_commands import BrowseCommands
from dgstudio.engine.browse.browse_worker import BrowseWorker
from dgstudio.engine.evaluation.quality_worker import QualityWorker
from dgstudio.engine.imports.commands import ImportCommands
from dgstudio.engine.imports.worker import ImportWorker
from dgstudio.engine.labels.label_commands import LabelCommands
from dgstudio.engine.labels.labeller import Labeller
from dgstudio.engine.labels.prequential import TakeScores, kept_answers
from dgstudio.engine.labels.store_worker import LabelSink, StoreWorker
from dgstudio.engine.labels.stream_labels import FileLabels
from dgstudio.engine.lifecycle.export_worker import ExportWorker
from dgstudio.engine.lifecycle.resume import Resumed, resume
from dgstudio.engine.recording.recorded_stream import RecordedPast
from dgstudio.engine.recording.recorder import StreamRecorder
from dgstudio.engine.runtime.abstention import kept_threshold
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.rings import SampleRing
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.engine.runtime.worker import JOIN_S, Worker
from dgstudio.engine.serving.infer_worker import InferWorker
from dgstudio.engine.serving.lane import Lane
from dgstudio.engine.serving.out_worker import OutWorker, Sink
from dgstudio.engine.serving.source_worker import SourceWorker
from dgstudio.engine.stats import collect
from dgstudio.errors import BadInputError, SessionError
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.sealing import examples as example_count
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.session.file import Session
from dgstudio.session.storage.location import default_session_path, duplicate_path
from dgstudio.streams.features import SignalFeatures
from dgstudio.streams.source import Source
from dgstudio.types import EngineStats, Event, Example, PublishRecord, Reading

SWITCH_INTERVAL_S = 0.0005
"""`sys.setswitchinterval` while an engine runs: the longest that dg-infer waits for the interpreter."""


class Engine(LabelCommands, BrowseCommands, ModelCommands, OtherModels, Comparing, ImportCommands):
    """A stream, a model that answers it, a learner that adapts it. Runs without a window.

    Commands return at once and may be called from any one thread; what is new is pulled from `ring`, `lane.readings`,
    `learn.history`, `events` and `stats()`.

    Parameters
    ----------
    source
        Not yet opened; the engine opens, reads and closes it.
    base
        The base model, or None to start from nothing. It must have been made for the features of this stream.
    session
        Where everything is kept; it is closed by `stop`. A session that holds a model is resumed from.
    """

    def __init__(
        self,
        source: Source,
        base: BaseModel | None,
        session: Session | None = None,
        settings: EngineSettings | None = None,
    ) -> None:
        self.settings = settings or EngineSettings()
        self.source = source
        self.spec = source.spec
        self.session = session or Session.memory()
        self.events = EventQueue()
        self.features = SignalFeatures(self.spec)
        speed = self.spec.speed if self.spec.speed > 0 else 1.0
        capacity = max(int(self.settings.buffer_s * self.spec.rate * max(1.0, speed)), 16 * self.spec.window, 4096)
        self.ring = SampleRing(capacity, len(self.spec.channels))

        resumed = resume(self.session, base, self.spec, self.features)
        self.bases = [] if resumed.base is None else [resumed.base]
        self.learner = resumed.learner
        self.classes = resumed.classes
        self.book = resumed.book
        self.past = resumed.past
        """The history that the session held before this run."""
        self._sinks: list[Sink] = []
        self._build(resumed)
        for text in resumed.notes:
            self.events.say(Event("session", text, "warning"))
        self._started = self._stopped = False

    def _build(self, resumed: Resumed) -> None:
        settings, spec = self.settings, self.spec
        # As far back as samples go, so that every stretch that can be seen can be labelled.
        self.lane = Lane(self.learner.store, self.classes, self.ring.capacity // spec.hop)
        self.lane.abstain = kept_threshold(self.session)
        waits = settings.lossless or settings.every_hop
        self.out = OutWorker(self.events, lossless=waits)
        self.infer = InferWorker(
            spec, self.ring, self.features, self.lane, self.events, lossless=waits, after=self._answered
        )
        self.recorder = StreamRecorder(
            self.session, spec, self.ring, self.lane.readings, self.events, lambda: self.infer.done
        )
        self.input = SourceWorker(self.source, self.ring, self.events, self._has_room if waits else None)
        self.learn = LearnWorker(
            self.learner,
            self.lane,
            self.events,
            resumed.past.copy(),
            publish_hz=0.0 if settings.lossless else settings.publish_hz,
            published=self._published,
            rested=self._rested,
            twin_turn=self._twin_turn,
        )
        self.recorded_past = RecordedPast(
            self.session.recorded, spec, self.recorder.places, lambda: self.learner.store.serving.temperature
        )
        labeller = Labeller(
            spec,
            self.lane.readings,
            self.ring,
            learn_every_s=settings.learn_every_s,
            next_example=resumed.next_example,
            next_take=resumed.next_take,
            past=self.recorded_past,
        )
        kept = kept_answers(self.session, self.session.takes())
        self.scores = TakeScores(self.learner.store, kept, lambda: self.lane.abstain)
        sink = LabelSink(
            self._absorb,
            self._forget,
            self._model_add_class,
            self._model_remove_class,
            self._take_ended,
            self._protect_again,
            self.roll_back,
            lambda ids: self.contents.still_in(ids),
        )
        self.store = StoreWorker(
            self.session,
            labeller,
            self.book,
            self.classes,
            sink,
            self.events,
            self.stream_now,
            scores=self.scores,
            recorder=self.recorder,
            reaction_s=lambda: settings.reaction_s * self.stream_speed,
            hold_s=settings.hold_s,
        )
        self.quality = QualityWorker(self.events, self.lane, self.learner, self.book, self.scores, self.classes)
        self.contents = VersionContents(self.learner, self.store, self.session)
        self.browse = BrowseWorker(self.events, self.lane, self.learner, self.book, self.scores, self.contents)
        self.file_labels: FileLabels | None = None
        if settings.feed_labels:
            self.file_labels = FileLabels(
                spec,
                self.classes,
                self.store,
                self.ring,
                self.events,
                delay_s=settings.label_delay_s,
                learn_every_s=settings.learn_every_s,
                first_take=resumed.next_take,
                first_example=resumed.next_example,
                add_class=self.add_class,
                settle=self._settle if settings.lossless else lambda: None,
            )
        self.stable = StableClasses()
        self.stable.on = self.session.config(BY_ITSELF) is True
        self._protected_again: int | None = None
        self._first = resumed.records
        self.versions = VersionKeeping(self.store, self.learn, self.lane, self.recorder)
        self.exports = ExportWorker(self.events)
        self.imports = ImportWorker(self.events, self.store, self.import_target)
        self._certify_with(self.learner)

    # -- life ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start all threads. Once. Where that fails, everything is stopped again."""
        self._started = True
        self._switch_interval = sys.getswitchinterval()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        # What the session brought stays. The collector would walk over it again and again: at 50,000 examples for a
        # tenth of a second, in which nothing is answered or drawn.
        gc.freeze()
        every = self.classes.every()
        self.store.write(lambda session: session.put_classes(every))
        self.learn.history.extend(self._first)
        self.versions.begun(self._first, self.learner)
        if self.recorder.wanted:
            self.record_stream(True)
        for worker in (self.store, self.learn, self.out, self.quality, self.browse, self.infer, self.input):
            worker.start()

    def stop(self) -> list[str]:
        """Stop and join all threads; returns the names of those that did not end in time. Closes the session.

        Called again it does nothing.
        """
        if self._stopped:
            return []
        self._stopped = True
        self.release_class()
        left: list[str] = []
        if self.consolidation is not None:
            self.consolidation.stop()
        order: list[Worker | None] = [
            self.consolidation,
            self.imports,
            self.quality,
            self.browse,
            self.input,
            self.infer,
            self._twin_worker,
        ]
        order += [self.learn, self.store, self.out, self.exports]
        for worker in order:
            if worker is None:
                continue
            if worker is self.store:
                self.versions.ended(self.learner)
            worker.stop()
            if not worker.join(JOIN_S):
                left.append(worker.name)
        if self._started:
            sys.setswitchinterval(self._switch_interval)
            gc.unfreeze()
        if self.store.name not in left:
            self.session.close()
        return left

    def __enter__(self) -> Engine:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def started(self) -> bool:
        """Whether its threads have been started."""
        return self._started

    @property
    def ended(self) -> bool:
        """Whether a recording that plays once has ended and everything in it has been answered and learned."""
        drained = self.input.state == "ended" and self.infer.done == self.ring.total
        return drained and all(part.failed or part.idle for part in (self.store, self.learn, self.out))

    # -- time ------------------------------------------------------------------------------------------------

    @property
    def stream_speed(self) -> float:
        """Stream seconds per wall second."""
        speed = self.source.spec.speed
        return speed if speed > 0 else 1.0

    def stream_now(self) -> float:
        """Stream time at this moment: the newest sample's, plus what has passed since, at most half a second."""
        edge = self.ring.edge()
        if edge is None:
            return 0.0
        passed = min(time.perf_counter() - edge[1], 0.5)
        return edge[0] + (passed * self.stream_speed if self.input.state == "live" else 0.0)

    def record_stream(self, on: bool) -> None:
        """Record samples, answers and their versions in the session from now on, or no more; the session remembers.

        `recorder.figures` tells how it stands; events say when it begins and ends.
        """
        self.store.record(on)
        if not on:
            return
        if self.learn.failed:
            # Nobody else calls the learner any more, and what serves stays.
            self.versions.answers(self.learner.store.serving.version, self.learner)
        else:
            # What serves now will most likely answer first.
            self.ask_learner(lambda learner: self.versions.answers(learner.store.serving.version, learner))

    def save_copy(self, path: Path, *, overwrite: bool = False) -> None:
        """Write all that the session has to a new file, what could not be saved so far too; an event follows."""

        def handed_over(learner: Learner) -> None:
            self.versions.answering(learner)
            self.store.save_copy(path, overwrite=overwrite)

        if self.recorder.taking and not self.learn.failed:
            self.ask_learner(handed_over)
        else:
            self.store.save_copy(path, overwrite=overwrite)

    def save_as(self, path: Path, *, overwrite: bool = False) -> None:
        """Go on in a new file, with all that the session has; the one before stays as it is. An event follows."""
        self.store.go_on_in(path, overwrite=overwrite)

    def duplicate(self) -> None:
        """Write a copy beside the session, under a free name, and go on in this one; an event names the copy."""
        path = self.session.path
        self.store.save_copy(default_session_path() if path is None else duplicate_path(path), overwrite=False)

    def export(self, kind: str, path: Path, *, overwrite: bool = False) -> None:
        """Write "examples", "model" or "report" of all that there is by now to a file; an event says how it ended.

        Raises
        ------
        BadInputError
            If the file's name says no format of this kind, or it cannot or must not be written.
        """
        job = self.exports.prepare(kind, path, overwrite, self.session.path, self.session.name)

        def copied(error: SessionError | None) -> None:
            if error is None:
                self.exports.add(job)
            else:
                self.exports.give_up(job, str(error))

        def written(learner: Learner) -> None:
            self.versions.written(learner)
            self.store.copy_for(job.copy, copied)

        if self.learn.failed:
            self.store.copy_for(job.copy, copied)
        else:
            self.ask_learner(written)

    def add_sink(self, sink: Sink) -> None:
        """Send every reading of the studio's lane to `sink` in dg-out. Before `start`."""
        self.out.add(sink)

    # -- figures ---------------------------------------------------------------------------------------------

    def stats(self) -> EngineStats:
        """Counters and percentiles, one copy. Any thread."""
        return collect(self)

    # -- between the threads ---------------------------------------------------------------------------------

    def _answered(self, reading: Reading) -> None:
        self.out.send(reading)
        if self.file_labels is not None:
            self.file_labels(reading)

    def _has_room(self) -> bool:
        """Whether the source may go on where nothing may be lost: serving and recording are not far behind."""
        return self.ring.total - min(self.infer.done, self.recorder.done) < self.ring.capacity // 4

    def _settle(self) -> None:
        """Wait until all labels passed on so far are learned (lossless runs only)."""
        while not all(part.failed or part.idle for part in (self.store, self.learn)) and not self.infer.stopping:
            self.infer.pause(0.0005)

    def _absorb(self, examples: Sequence[Example], made_wall: float) -> None:
        self.learn.absorb(examples, made_wall)
        if self._twin is not None:
            self._twin.absorb(examples)

    def _forget(self, ids: Sequence[int]) -> None:
        def forget(learner: Learner) -> PublishRecord | None:
            sealed = learner.sealed_among(ids)
            record = learner.forget(ids)
            if sealed:
                # As the window counts them: by their places.
                held = enumerate(learner.footing.seals)
                banks = banks_text(place for place, s in held if not set(sealed).isdisjoint(s.ids.tolist()))
                text = f"Label taken back; the model keeps what was sealed in {banks} ({example_count(len(sealed))})"
                self.events.say(Event("rebuild offered", text, "warning", data=sealed))
            return record

        self.learn.ask(forget)

    def _model_add_class(self, class_id: int) -> None:
        self.learn.ask(lambda learner: learner.add_class(class_id))
        if self._twin is not None:
            self._twin.add_class(class_id)

    def _model_remove_class(self, class_id: int) -> None:
        self.learn.ask(lambda learner: learner.remove_class(class_id))
        if self._twin is not None:
            self._twin.remove_class(class_id)

    def _protect_again(self) -> None:
        def protect(learner: Learner) -> PublishRecord | None:
            record = learner.seal_and_protect(self.recent())
            self._protected_again = record.seq if record is not None else None
            return record

        self.ask_learner(protect)

    def _take_ended(self, who: str) -> None:
        if self._twin is not None:
            self._twin.end_take()
        if who != "file":
            # Labels from a file may change class every second: no version of theirs is kept for good.
            self.versions.take_ended()

    def _certify_with(self, learner: Learner) -> None:
        """Let certificates compare with the last version that protected something."""
        version = learner.certified_version
        if version is None:
            self.lane.reference = None
        elif self.lane.reference is None or self.lane.reference.snapshot.version != version:
            try:
                self.lane.reference = Plan(learner.recalled(version))
            except BadInputError as error:
                self.lane.reference = None
                self.events.say(Event("not certified", f"No answer can be certified: {error}", "warning"))

    def _published(self, record: PublishRecord, learner: Learner) -> None:
        self._certify_with(learner)
        self.versions.published(record, learner)
        acted = record.kind == "protected" and record.seq != self._protected_again
        if acted or (record.kind == "released" and record.seq == self._released):
            self.store.protected(record)

    def _rested(self, learner: Learner) -> None:
        self.versions.rested(learner)
        stable = self.stable.turn(learner)
        if stable:
            names = " and ".join(self.classes.names.get(c, f"class {c}") for c in stable)
            reason = f"{names} stable for {STABLE_S:.0f} s, protected by itself"
            self.ask_learner(lambda learner: learner.seal_and_protect(self.recent(), reason))
