"""An engine that answers and learns nothing: it shows what another program does, as that goes on."""

from __future__ import annotations

import gc

from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.engine.facts.watched import Watched
from dgstudio.engine.runtime import switch_interval
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.engine.runtime.worker import JOIN_S, Worker
from dgstudio.engine.watching.follower import StationFollower
from dgstudio.engine.watching.recorded_feed import RecordedFeed
from dgstudio.engine.watching.refusing import WHY, refusing
from dgstudio.engine.watching.session_feed import Followed, SessionFeed
from dgstudio.engine.watching.station_ears import StationEars
from dgstudio.engine.watching.watched_source import WatchedSource
from dgstudio.errors import BadInputError
from dgstudio.session.file import Session
from dgstudio.session.restore import SIGNAL, spec_of
from dgstudio.streams.osc.endpoint import Networks, endpoint_of
from dgstudio.streams.sinks.osc import USUAL
from dgstudio.streams.source import Source
from dgstudio.types import Level, StreamKind


class WatchedEngine(Engine):
    """A session that another program writes, as an engine that a window can show.

    Its tables, rings and versions are those of any engine, filled by one thread from the file. What would change the
    session is refused with a sentence. Answers come from the recording, where there is one; classes, examples, versions
    and the log from the session as it grows.

    Parameters
    ----------
    session
        From `Session.watching`; closed by `stop`.
    listen, allowed
        Where the station's messages go to, [HOST:]PORT[/ADDRESS], and who may send them; None: they are not heard.

    Raises
    ------
    StreamError
        If nothing can be heard there.
    BadInputError
        If there is nothing yet that could be shown, or the stream is of pictures, of which no file is kept.
    """

    def __init__(self, session: Session, listen: str | None = None, allowed: Networks = ()) -> None:
        signal = session.config(SIGNAL)
        if signal is None:
            raise BadInputError(
                f"Nothing is in {session.name} yet: what writes it has not heard from its stream. Watch it once it has."
            )
        spec = spec_of(signal)
        if spec.kind is StreamKind.IMAGE:
            raise BadInputError(f"{session.name} is of pictures, which are kept nowhere: it cannot be watched.")
        source = WatchedSource(spec)
        super().__init__(source, None, session, EngineSettings())
        # The log is the other program's.
        self.events.kept = lambda _event: None
        tables = Followed(self.learner, self.classes, self.book, self.learn.history, self.lane, self.events)
        stream = RecordedFeed(session, spec, self.features, self.ring, self.lane, self.classes)

        def clock() -> tuple[float, float] | None:
            return None if stream.began_unix is None else (stream.began_unix, stream.offset)

        ears = None if listen is None else StationEars(endpoint_of(listen, USUAL), self.events, allowed)
        told = (lambda sentence: False) if ears is None else ears.told
        labels = SessionFeed(session, tables, clock, self._moved, told)
        self._follower = StationFollower(session, source, labels, stream, self.events, self._changed, ears)
        if ears is not None:
            ears.listen()
        self._refuse()

    @property
    def watched(self) -> Watched:
        """How it stands with what is watched. Any thread."""
        return self._follower.watched

    def start_answering(self) -> None:
        """Begin to follow the file."""
        if self._started:
            return
        self._started = True
        switch_interval.shorten()
        gc.freeze()
        workers: list[Worker | None] = [self.plane, self._follower]
        for worker in workers:
            if worker is not None:
                worker.start()

    def start(self) -> None:
        """Begin to follow the file, and all that works for a window."""
        self.start_answering()
        if not self._complete:
            self._complete = True
            for worker in (self.quality, self.browse):
                worker.start()

    def stop(self) -> list[str]:
        """Stop all threads and close the file; returns the names of those that did not end in time."""
        if self._stopped:
            return []
        self._stopped = True
        left: list[str] = []
        workers: list[Worker | None] = [self.quality, self.browse, self.inspection, self.plane, self._follower]
        for worker in workers:
            if worker is None:
                continue
            worker.stop()
            if not worker.join(JOIN_S):
                left.append(worker.name)
        if self._started:
            switch_interval.restore()
            gc.unfreeze()
        if not left:
            self.session.close()
        return left

    def switch_source(self, source: Source) -> None:
        """Refuse another source (`BadInputError`)."""
        raise BadInputError(WHY)

    def _refuse(self) -> None:
        """Let nothing that a window may ask for change the session; each wish is answered by a sentence."""

        def say(why: str) -> None:
            self.events.say(Notice(EventKind.REFUSED, why, Level.WARNING))

        self.labels = refusing(self.labels, say, "release_class")
        self.model = refusing(self.model, say, "reachable", "protected_inputs", "can_be_undone")
        self.candidates = refusing(self.candidates, say, "cancel_consolidation", "discard_consolidation")
        self.relearning = refusing(self.relearning, say, "refusal", "cancel")
        self.comparison = refusing(self.comparison, say, "note", "ours", "turn")
        self.recording = refusing(self.recording, say)
        self.imports = refusing(self.imports, say, "cancel", "wake", "stop")

    def _moved(self) -> None:
        """Another version is the newest, or serves."""
        self._reference.follow(self.learner)
        self.learn.recount()

    def _changed(self) -> None:
        """The file holds something new."""
        self.queue.file.kept = self.session.versions()
