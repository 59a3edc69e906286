"""What the user can have kept: the stream recorded, the session copied or gone on with elsewhere, parts exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dgstudio.engine.adapt.checkpointer import Checkpointer
from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.engine.facts.saving import CopySaved, SavedAs
from dgstudio.engine.lifecycle.export_worker import ExportWorker
from dgstudio.engine.recording.recorder import StreamRecorder
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.errors import SessionError
from dgstudio.learning.learner.learner import Learner
from dgstudio.session.export.kinds import ExportKind
from dgstudio.session.file import Session
from dgstudio.session.storage.location import default_session_path, duplicate_path
from dgstudio.types import Level


class RecordingCommands:
    """Commands; each returns at once, an event says how it ended. From any one thread."""

    def __init__(
        self,
        session: Session,
        queue: StoreQueue,
        recorder: StreamRecorder,
        learner: Learner,
        learn: LearnWorker,
        versions: Checkpointer,
        exports: ExportWorker,
        events: EventQueue,
    ) -> None:
        self._session = session
        self._queue = queue
        self._recorder = recorder
        self._learner = learner
        self._learn = learn
        self._versions = versions
        self._exports = exports
        self._events = events
        self.exporting: Callable[[], object] = lambda: None
        """Called before something is exported: who has figures that are not in the session yet puts them there."""

    def record(self, on: bool) -> None:
        """Record samples, answers and their versions in the session from now on, or no more; the session remembers.

        `StreamRecorder.figures` tells how it stands.
        """
        self._queue.ask(lambda: self._recorder.choose(on))
        if not on:
            return
        if self._learn.failed:
            # Nobody else calls the learner any more, and what serves stays.
            self._versions.answers(self._learner.store.serving.version, self._learner)
        else:
            # What serves now will most likely answer first.
            self._learn.request(lambda learner: self._versions.answers(learner.store.serving.version, learner))

    def save_copy(self, path: Path, *, overwrite: bool = False) -> None:
        """Write all that the session has to a new file, what could not be saved so far too."""

        def copy() -> None:
            self._queue.ask(lambda: self._save_copy(path, overwrite))

        def handed_over(learner: Learner) -> None:
            self._versions.answering(learner)
            copy()

        if self._recorder.taking and not self._learn.failed:
            self._learn.request(handed_over)
        else:
            copy()

    def save_as(self, path: Path, *, overwrite: bool = False) -> None:
        """Go on in a new file, with all that the session has; the one before stays as it is."""
        self._queue.ask(lambda: self._go_on_in(path, overwrite))

    def duplicate(self) -> None:
        """Write a copy beside the session, under a free name, and go on in this one; the event names the copy."""
        beside = self._session.path
        path = default_session_path() if beside is None else duplicate_path(beside)
        self._queue.ask(lambda: self._save_copy(path, overwrite=False))

    def export(self, kind: ExportKind, path: Path, *, overwrite: bool = False) -> None:
        """Write "examples", "model" or "report" of all that there is by now to a file.

        Raises
        ------
        BadInputError
            If the file's name says no format of this kind, or it cannot or must not be written.
        """
        job = self._exports.prepare(kind, path, overwrite, self._session.path, self._session.name)
        self.exporting()

        def copied(error: SessionError | None) -> None:
            if error is None:
                self._exports.add(job)
            else:
                self._exports.give_up(job, str(error))

        def copy() -> None:
            self._queue.ask(lambda: self._copy_for(job.copy, copied))

        def written(learner: Learner) -> None:
            self._versions.written(learner)
            copy()

        if self._learn.failed:
            copy()
        else:
            self._learn.request(written)

    # -- dg-store ------------------------------------------------------------------------------------------

    def _save_copy(self, path: Path, overwrite: bool) -> None:
        try:
            self._write_copy(path, overwrite)
        except SessionError as error:
            self._events.say(Notice(EventKind.COPY_NOT_SAVED, str(error), Level.ERROR))
            return
        self._events.say(CopySaved(path))

    def _go_on_in(self, path: Path, overwrite: bool) -> None:
        self._queue.commit_now()
        try:
            self._queue.file.go_on_in(path, overwrite)
        except SessionError as error:
            self._events.say(Notice(EventKind.COPY_NOT_SAVED, str(error), Level.ERROR))
            return
        self._events.say(SavedAs(path))

    def _copy_for(self, path: Path, then: Callable[[SessionError | None], None]) -> None:
        try:
            self._write_copy(path, overwrite=False)
        except SessionError as error:
            then(error)
        else:
            then(None)

    def _write_copy(self, path: Path, overwrite: bool) -> None:
        self._queue.commit_now()
        self._recorder.flush()
        self._queue.file.copy_to(path, overwrite, self._recorder.waiting())
