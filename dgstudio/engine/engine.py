"""The engine: assembles what serves, learns and keeps a stream's model; starts and stops it."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import TYPE_CHECKING

from dgstudio.engine.adapt.auto_protect import BY_ITSELF
from dgstudio.engine.adapt.candidate_models import CandidateModels
from dgstudio.engine.adapt.certified_reference import CertifiedReference
from dgstudio.engine.adapt.checkpointer import Checkpointer
from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.adapt.model_commands import ModelCommands
from dgstudio.engine.adapt.model_updates import ModelUpdates
from dgstudio.engine.adapt.twin_comparison import TwinComparison
from dgstudio.engine.adapt.version_index import VersionIndex
from dgstudio.engine.adapt.version_relearning import VersionRelearning
from dgstudio.engine.browse.browse_worker import BrowseWorker
from dgstudio.engine.evaluation.quality_worker import QualityWorker
from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.engine.facts.resuming import TOLD, SessionProblems
from dgstudio.engine.facts.running import StreamSwitched
from dgstudio.engine.facts.watched import Watched
from dgstudio.engine.imports.worker import ImportWorker
from dgstudio.engine.inspection.inspection_worker import InspectionWorker
from dgstudio.engine.labels.import_door import ImportDoor
from dgstudio.engine.labels.label_commands import LabelCommands
from dgstudio.engine.labels.label_history import LabelHistory
from dgstudio.engine.labels.labeller import Labeller
from dgstudio.engine.labels.mark_labels import MarkLabels
from dgstudio.engine.labels.prequential import SET_ASIDE, PrequentialScores, kept_answers
from dgstudio.engine.labels.store_worker import StoreWorker
from dgstudio.engine.labels.stream_labels import StreamLabels
from dgstudio.engine.lifecycle.export_worker import ExportWorker
from dgstudio.engine.lifecycle.memory_image import MemoryImage
from dgstudio.engine.lifecycle.resume import Resumed, resume
from dgstudio.engine.lifecycle.stream_config import stream_for
from dgstudio.engine.recording.lookback import Lookback
from dgstudio.engine.recording.recorded_stream import RecordedStream
from dgstudio.engine.recording.recorder import StreamRecorder
from dgstudio.engine.recording_commands import RecordingCommands
from dgstudio.engine.runtime import switch_interval
from dgstudio.engine.runtime.abstention import kept_threshold
from dgstudio.engine.runtime.event_log import EventLog
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.rings import SampleRing
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.engine.runtime.stream_clock import StreamClock
from dgstudio.engine.runtime.worker import JOIN_S, Worker
from dgstudio.engine.serving.infer_worker import InferWorker
from dgstudio.engine.serving.lane import Lane
from dgstudio.engine.serving.out_worker import OutWorker, Sink
from dgstudio.engine.serving.source_worker import SourceWorker
from dgstudio.engine.stats import CountedParts, collect
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.base_model_file import BaseModel
from dgstudio.session.file import Session
from dgstudio.streams.plugins.own_features import features_of
from dgstudio.streams.source import Pictured, Source
from dgstudio.streams.source_fit import change_for, why_unfit
from dgstudio.types import F32, EngineStats, PublishRecord, Reading, StreamKind, StreamState

if TYPE_CHECKING:
    # Imported when they are first asked for: no start waits for them.
    from dgstudio.engine.imports.column_mapping import Target
    from dgstudio.engine.inspection.inspector import Inspector
    from dgstudio.engine.inspection.reachable_versions import ReachableVersions
    from dgstudio.engine.plane.map_worker import MapWorker

EVENTS_SHOWN = 200
"""Lines of the log of earlier runs that a window shows."""


class Engine:
    """A stream, a model that answers it, a learner that adapts it. Runs without a window.

    What it is told goes to its parts: `labels`, `model`, `candidates`, `relearning`, `comparison`, `recording`,
    `imports`, `browse`, `inspection`, `quality`. Their commands return at once and may be called from any one thread;
    what is new is pulled from `ring`, `lane.readings`, `learn.history`, `events` and `stats()`.

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
        self.session = session or Session.memory()
        self.spec = stream_for(self.session, source.spec)
        """The stream that is answered: the session's, with what is the source's own."""
        self.events = EventQueue()
        self.features = features_of(self.spec)
        speed = self.spec.speed if self.spec.speed > 0 else 1.0
        capacity = max(int(self.settings.buffer_s * self.spec.rate * max(1.0, speed)), 16 * self.spec.window, 4096)
        self.ring = SampleRing(capacity, len(self.spec.channels))
        self.told_before = self.session.events(EVENTS_SHOWN)
        """The newest lines of the session's log, of earlier runs."""
        self.queue = StoreQueue(self.session, self.events)
        self._log = EventLog(self.queue)
        self.events.kept = self._log.note

        resumed = resume(self.session, base, self.spec, self.features)
        self.learner = resumed.learner
        self.classes = resumed.classes
        self.book = resumed.book
        self.records_before = len(resumed.past)
        """How many records of the history of publishes the session held before this run."""
        self._first = resumed.records
        self._build_serving()
        self._build_learning(resumed)
        self._build_labels(resumed)
        self._build_views()
        self._counted = CountedParts(
            self.ring,
            self.input,
            self.features,
            self.infer,
            self.lane,
            self.book,
            self.queue,
            self.recorder,
            self.learner,
            self.learn,
        )
        for fact in resumed.notes:
            self.events.say(fact)
        problems = tuple(self.session.report.problems)
        for problem in problems[TOLD:]:
            self.events.say(Notice(EventKind.SESSION, problem))
        if problems:
            self.events.say(SessionProblems(problems))
        self._started = self._complete = self._stopped = False

    def _build_serving(self) -> None:
        """From samples to answers, and what of them is recorded."""
        spec = self.spec
        # As far back as samples go, so that every stretch that can be seen can be labelled.
        self.lane = Lane(self.learner.store, self.classes, self.ring.capacity // spec.hop)
        self.lane.abstain = kept_threshold(self.session)
        waits = self.settings.lossless or self.settings.every_hop
        self.out = OutWorker(self.events, lossless=waits)
        self.infer = InferWorker(
            spec, self.ring, self.features, self.lane, self.events, lossless=waits, after=self._answered
        )
        self.recorder = StreamRecorder(
            self.session, spec, self.ring, self.lane.readings, self.events, lambda: self.infer.done
        )
        self.recorded_past = RecordedStream(
            self.session.recorded, spec, self.recorder.places, lambda: self.learner.store.serving.temperature
        )
        self.lookback = Lookback(self.ring, self.lane.readings, self.recorded_past)
        room = self._has_room if waits else None
        self.input = SourceWorker(self.source, self.ring, self.events, room, stream=spec)
        self.clock = StreamClock(lambda: self.source, self.ring, lambda: self.input.state == StreamState.LIVE)

    def _build_learning(self, resumed: Resumed) -> None:
        """What changes the model, and what keeps its versions."""
        settings, events = self.settings, self.events
        self.learn = LearnWorker(
            self.learner,
            self.lane,
            events,
            resumed.past,
            publish_hz=0.0 if settings.lossless else settings.publish_hz,
        )
        self.versions = Checkpointer(self.queue, self.learn, self.lane, self.recorder)
        self.contents = VersionIndex(self.learner, self.queue, self.session)
        self.relearning = VersionRelearning(self.learner, self.learn, self.queue, self.session, self.versions, events)
        bases = [] if resumed.base is None else [resumed.base]
        self.candidates = CandidateModels(
            self.learn, self.learner, self.book, self.classes, self.features, self.spec.rate, events, bases
        )
        self.comparison = TwinComparison(
            self.infer,
            self.lane,
            self.learn,
            self.queue,
            self.session,
            self.book,
            self.classes,
            self.candidates,
            self.learner,
            len(self.features.names),
            events,
        )
        self.model = ModelCommands(
            self.learner,
            self.learn,
            self.queue,
            self.versions,
            self.lane,
            self.book,
            self.classes,
            events,
            by_itself=self.session.config(BY_ITSELF) is True,
        )
        self._reference = CertifiedReference(self.lane, events)
        self._reference.follow(self.learner)

        def published(record: PublishRecord, learner: Learner) -> None:
            self._reference.follow(learner)
            self.versions.published(record, learner)
            self._log.note_record(record)
            if self.model.can_be_undone(record):
                self.history.ask(lambda acts: acts.protected(record))

        self.learn.published.append(published)
        self.learn.rested += [self.versions.rested, self.model.protect_stable]
        self.learn.meanwhile.append(self.comparison.turn)

    def _build_labels(self, resumed: Resumed) -> None:
        """What makes examples of what the user says, keeps them, and tells the model."""
        settings, spec, queue, book, classes = self.settings, self.spec, self.queue, self.book, self.classes
        model = ModelUpdates(self.learn, self.comparison, self.versions, self.contents, self.model, self.events)
        self.updates = model
        self.history = LabelHistory(queue, book, classes, model, self.events)
        labeller = self._labeller = Labeller(
            spec,
            self.lane.readings,
            self.ring,
            learn_every_s=settings.learn_every_s,
            next_example=resumed.next_example,
            next_take=resumed.next_take,
            past=self.recorded_past,
            picture=self._picture if isinstance(self.source, Pictured) else None,
        )
        kept = kept_answers(self.session, self.session.takes())
        self.scores = PrequentialScores(self.learner.store, kept, lambda: self.lane.abstain)
        sets_aside = self.session.config(SET_ASIDE) is True
        self.store = StoreWorker(
            queue,
            labeller,
            book,
            classes,
            model,
            self.events,
            self.clock.now,
            scores=self.scores,
            recorder=self.recorder,
            sets_aside=sets_aside,
            reaction_s=lambda: settings.reaction_s * self.clock.speed,
            hold_s=settings.hold_s,
        )
        self.labels = LabelCommands(
            self.store,
            self.history,
            classes,
            self.lookback,
            self.clock,
            settings,
            sets_aside=sets_aside,
        )
        self.marks = MarkLabels(self.source, self.labels, classes, self.ring, self.events)
        self.import_door = ImportDoor(queue, self.history, book, classes, labeller, self.store)
        self.file_labels: StreamLabels | None = None
        if settings.feed_labels:
            self.file_labels = StreamLabels(
                spec,
                classes,
                self.store,
                self.ring,
                self.events,
                delay_s=settings.label_delay_s,
                learn_every_s=settings.learn_every_s,
                first_take=resumed.next_take,
                first_example=resumed.next_example,
                add_class=self.labels.add_class,
                settle=self._settle if settings.lossless else lambda: None,
            )

        queue.file.memory = MemoryImage(classes, book, self.learn.history)
        queue.file.rescued.append(self._rescued)

    def _build_views(self) -> None:
        """What works for a window: figures on quality and examples, copies, exports, imports."""
        self.quality = QualityWorker(self.events, self.lane, self.learner, self.book, self.scores, self.classes)
        self.browse = BrowseWorker(self.events, self.lane, self.learner, self.book, self.scores, self.contents)
        self.inspection = InspectionWorker(self.events, self._inspector)
        self.plane: MapWorker | None = None
        """What is answered all over the plane, where the stream is a pointer on it."""
        if self.spec.kind is StreamKind.POINTER:
            from dgstudio.engine.plane.map_worker import MapWorker

            versions = self._reachable_versions()
            self.plane = MapWorker(
                self.events, self.lane, self.features.dim, lambda version: versions.of(version).snapshot
            )
        self.exports = ExportWorker(self.events)
        self.imports = ImportWorker(self.events, self.import_door, self.import_target)
        self.recording = RecordingCommands(
            self.session,
            self.queue,
            self.recorder,
            self.learner,
            self.learn,
            self.versions,
            self.exports,
            self.events,
        )
        self.recording.exporting = self.comparison.note

    # -- life ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start all threads that do not run yet. Where that fails, everything is stopped again."""
        if self._complete:
            return
        answering = self._started
        try:
            self._begin()
            self._keep()
            # Before the stream: what it brings at once must find who takes it.
            late = (self.out, self.quality, self.browse, self.infer, self.input)
            for worker in (self.quality, self.browse) if answering else late:
                worker.start()
        except BaseException:
            self.stop()
            raise

    def start_answering(self) -> None:
        """Start the stream and its answers only; `start` follows, and with it keeping and learning.

        What these begin with takes a fifth of a second of the interpreter, which whoever opens a window needs himself;
        what is to be kept and learned waits for them. Where the stream is recorded nothing waits.
        """
        if self.recorder.wanted:
            self.start()
        if self._started:
            return
        try:
            self._begin()
            for worker in (self.out, self.infer, self.input):
                worker.start()
        except BaseException:
            self.stop()
            raise

    def _begin(self) -> None:
        if self._started:
            return
        self._started = True
        switch_interval.shorten()
        # What the session brought stays. The collector would walk over it again and again: at 50,000 examples for a
        # tenth of a second, in which nothing is answered or drawn.
        gc.freeze()
        every = self.classes.every()
        self.queue.write(lambda session: session.put_classes(every))
        self.learn.history.extend(self._first)
        if self.recorder.wanted:
            self.recording.record(True)
        if self.plane is not None:
            self.plane.start()

    def _keep(self) -> None:
        self._complete = True
        self.versions.begun(self._first, self.learner)
        for worker in (self.store, self.learn):
            worker.start()

    def stop(self) -> list[str]:
        """Stop and join all threads; returns the names of those that did not end in time. Closes the session.

        Called again it does nothing.
        """
        if self._stopped:
            return []
        self._stopped = True
        if self._started and not self._complete:
            # What is to be kept by now waits for the thread that keeps it.
            self._keep()
        self.labels.release_class()
        left: list[str] = []
        self.candidates.cancel_consolidation()
        order: list[Worker | None] = [
            self.candidates.consolidation,
            self.relearning.running,
            self.imports,
            self.quality,
            self.browse,
            self.inspection,
            self.plane,
            self.input,
            self.infer,
            *self.comparison.workers,
        ]
        order += [self.learn, self.store, self.out, self.exports]
        for worker in order:
            if worker is None:
                continue
            if worker is self.store:
                self.versions.ended(self.learner)
                self.comparison.note()
            worker.stop()
            if not worker.join(JOIN_S):
                left.append(worker.name)
        if self._started:
            switch_interval.restore()
            gc.unfreeze()
        else:
            # No thread has closed the outputs.
            self.out.finish()
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
        """Whether all its threads have been started."""
        return self._complete

    @property
    def ended(self) -> bool:
        """Whether a recording that plays once has ended and everything in it has been answered and learned."""
        drained = self.input.state == StreamState.ENDED and self.infer.done == self.ring.total
        return drained and all(part.failed or part.idle for part in (self.store, self.learn, self.out))

    def add_sink(self, sink: Sink) -> None:
        """Send every reading of the studio's lane to `sink` in dg-out. Before `start`."""
        self.out.add(sink)

    def switch_source(self, source: Source) -> None:
        """Answer another source, not yet opened, from now on: the stream goes on after a break.

        In the thread of the commands. What a take under way has, it keeps; it ends.

        Raises
        ------
        BadInputError
            If what was learned means nothing for that source; the text says why.
        """
        why = why_unfit(self.spec, source.spec)
        if why is not None:
            raise BadInputError(f"“{source.spec.name}” cannot go on in this session: {why}.")
        self.labels.release_class()
        before, self.source, other = self.source.spec.name, source, source.spec
        self.spec = replace(self.spec, name=other.name, speed=other.speed)
        self._labeller.source_name = other.name
        self.marks.follow(source, lambda: self.input.shift)
        self.input.switch(source)
        self.events.say(StreamSwitched(other.name, before, change_for(self.spec, other)))

    @property
    def watched(self) -> Watched | None:
        """How it stands with the other program whose session is only watched; None where it is this one's."""
        return None

    # -- figures ---------------------------------------------------------------------------------------------

    def stats(self) -> EngineStats:
        """Counters and percentiles, one copy. Any thread."""
        return collect(self._counted)

    def import_target(self) -> Target:
        """Return what examples have to be like to be this session's own. Any thread."""
        from dgstudio.engine.imports.column_mapping import Target

        living = tuple(info.name for info in self.classes.living())
        return Target(self.spec, self.features.names, living)

    # -- between the threads ---------------------------------------------------------------------------------

    def _picture(self, moment: float) -> F32 | None:
        """The picture that an example of a stream time keeps."""
        source = self.source
        return source.thumbnail(moment - self.input.shift) if isinstance(source, Pictured) else None

    def _answered(self, reading: Reading) -> None:
        self.out.send(reading)
        if self.file_labels is not None:
            self.file_labels(reading)

    def _rescued(self, whole: bool) -> None:
        """The session goes on in another file. dg-store only."""
        if not whole:
            self.learn.request(self.versions.anew)
            self.recorder.begin_anew()

    def _inspector(self) -> Inspector:
        """What dg-inspect asks."""
        from dgstudio.engine.inspection.inputs import InputSource
        from dgstudio.engine.inspection.inspector import Inspector
        from dgstudio.engine.inspection.known_examples import KnownExamples

        versions = self._reachable_versions()
        examples = KnownExamples(self.book, self.session)
        inputs = InputSource(self.learner, self.book, self.lane.readings, self.classes)
        return Inspector(self.learner, versions, examples, inputs, self.learn.lent_rule, lambda: self.lane.abstain)

    def _reachable_versions(self) -> ReachableVersions:
        """All versions, for one thread."""
        from dgstudio.engine.inspection.reachable_versions import ReachableVersions

        return ReachableVersions(self.learner, self.session, lambda: self.queue.kept)

    def _has_room(self) -> bool:
        """Whether the source may go on where nothing may be lost: serving and recording are not far behind."""
        return self.ring.total - min(self.infer.done, self.recorder.done) < self.ring.capacity // 4

    def _settle(self) -> None:
        """Wait until all labels passed on so far are learned (lossless runs only)."""
        while not all(part.failed or part.idle for part in (self.store, self.learn)) and not self.infer.stopping:
            self.infer.pause(0.0005)
