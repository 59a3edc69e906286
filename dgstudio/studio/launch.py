"""What the command line asked for, and the engine that comes of it, made in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.lifecycle.stream_config import (
    inputs_of,
    keep_stream,
    kept_channels,
    kept_features,
    kept_stream,
    open_like,
    stream_for,
    stream_made_with,
    turn_kept_knobs,
)
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.guard.texts import plain_text
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.storage.location import default_session_path
from dgstudio.streams.sinks.registry import check_sink, open_sink
from dgstudio.streams.source import Pictured, Source, rate_to_keep

if TYPE_CHECKING:
    from dgstudio.studio.demos.script import Setting

DEFAULT_SOURCE = "simulator"
LOOK_S = 0.1
"""How often whoever waits for an engine looks about."""

Made = tuple[Engine, str, list[str]]
"""An engine, the session's name, and what the user should be told."""


@dataclass(frozen=True, slots=True)
class StudioOptions:
    """What the command line asked for.

    `session` None makes a new file in the default folder; `source` None is the one that the session was made with, or
    the simulator.
    """

    source: str | None = None
    rate: float | None = None
    speed: float = 1.0
    labels_column: str | None = None
    base: str = "auto"
    session: Path | None = None
    keep: bool = True
    quit_after: float | None = None
    screenshot: Path | None = None
    presentation: bool = False
    seed: int = 0
    window_s: float | None = None
    inputs: int | None = None
    features: str | None = None
    listen: str | None = None
    allowed: tuple[str, ...] = ()
    channels: tuple[str, ...] | None = None
    """What a new session is to call them; None: as the source does. A session that is gone on with has its own."""
    watch: bool = False
    """Only follow `session`, which another program writes."""
    outs: tuple[str, ...] = ()
    """Sinks, each as KIND or KIND:ADDRESS."""
    demo: Path | None = None
    """The file of a demo that is played at once."""


def demo_options(setting: Setting) -> StudioOptions:
    """Return what a demo is played on: a fresh session in memory."""
    return StudioOptions(source=setting.source, base=setting.base, seed=setting.seed, speed=setting.speed, keep=False)


def make_engine(options: StudioOptions) -> Made:
    """The engine, the session's name, and what the user should be told.

    Raises
    ------
    DgstudioError
        If the source or the session cannot be opened; the text says what to do.
    """
    if options.watch:
        return _watching(options)
    for out in options.outs:
        # Before a file is made, and before a stream is waited for.
        check_sink(out)
    notes: list[str] = []
    session = _session(options, notes)
    source: Source | None = None
    try:
        source, options = _source(options, session)
        if isinstance(source, Pictured):
            # What was learned of a mirrored picture means little of another.
            turn_kept_knobs(session, source)
        base, why = base_for(stream_for(session, source.spec), options.base)
        notes = [why, *(note.sentence for note in getattr(source, "notes", ())), *notes]
        engine = Engine(source, base, session, EngineSettings())
        if not session.read_only:
            keep_stream(
                session,
                source=options.source or DEFAULT_SOURCE,
                rate=rate_to_keep(source, options.rate),
                speed=options.speed,
                labels_column=options.labels_column,
                base=options.base,
                seed=options.seed,
                window_s=options.window_s,
                inputs=inputs_of(source, options.inputs),
                features=options.features,
                listen=options.listen,
                allowed=options.allowed,
            )
        for out in options.outs:
            engine.add_sink(open_sink(out, lambda: engine.classes.names))
    except BaseException:
        if source is not None:
            source.close()
        session.close()
        raise
    name = "not saved" if session.path is None else plain_text(session.path.name)
    return engine, name, notes


def _watching(options: StudioOptions) -> Made:
    """The engine that follows a session which another program writes."""
    from dgstudio.engine.watching.watched_engine import WatchedEngine
    from dgstudio.streams.osc.endpoint import networks_of

    assert options.session is not None, "what is watched is named"
    session = Session.watching(options.session)
    try:
        engine = WatchedEngine(session, options.listen, networks_of(options.allowed))
    except BaseException:
        session.close()
        raise
    return engine, plain_text(options.session.name), []


def _source(options: StudioOptions, session: Session) -> tuple[Source, StudioOptions]:
    """Open the stream that was asked for, else the one that the session was made with; and the options for it."""
    before = kept_stream(session) if options.source is None else {}
    options = replace(options, **before)
    try:
        source = open_like(
            stream_made_with(session),
            options.source or DEFAULT_SOURCE,
            rate=options.rate,
            speed=options.speed,
            loop=True,
            seed=options.seed,
            labels_column=options.labels_column,
            window_s=options.window_s,
            channels=kept_channels(session) or options.channels,
            inputs=options.inputs,
            features=options.features or kept_features(session),
            listen=options.listen,
            allowed=options.allowed,
        )
    except BadInputError as error:
        if not before:
            raise
        raise BadInputError(
            f"{error} The session {session.name} was made with it; "
            "give another stream of the same channels with --source."
        ) from error
    return source, options


def _session(options: StudioOptions, notes: list[str]) -> Session:
    if not options.keep:
        return Session.memory()
    if options.session is not None:
        return Session.open(options.session) if options.session.exists() else Session.create(options.session)
    try:
        return Session.create(default_session_path())
    except DgstudioError as error:
        notes.append(f"This session is kept in memory only: {error}")
        return Session.memory()


class EngineOpening:
    """An engine that is made in a thread of its own: the first while the window is imported, others beside a session.

    Parameters
    ----------
    make
        Called once, in the thread.
    """

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._made: Made | None = None
        self.error: BaseException | None = None
        """What making it raised, once it is over."""
        self._lock = threading.Lock()
        self._given_up = False
        self._thread = threading.Thread(target=self._run, name="dg-open", daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether it is there, or will not be."""
        return not self._thread.is_alive()

    def result(self, look: Callable[[], None] = lambda: None) -> Made:
        """Wait for the engine; raises what making it raised, or what `look` raises, which is called meanwhile."""
        while self._thread.is_alive():
            self._thread.join(LOOK_S)
            look()
        if self.error is not None:
            raise self.error
        assert self._made is not None, "a thread that ends without an error has made its engine"
        return self._made

    def give_up(self) -> None:
        """Stop the engine, now or as soon as it is there: there will be no window for it."""
        with self._lock:
            self._given_up = True
            made, self._made = self._made, None
        if made is not None:
            made[0].stop()

    def join(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join()

    def _run(self) -> None:
        try:
            made = self._make()
        except BaseException as error:
            self.error = error
            return
        with self._lock:
            if not self._given_up:
                self._made = made
                return
        made[0].stop()


def make_and_start(options: StudioOptions) -> Made:
    """The first engine: its stream runs when the window appears; it is started wholly once that has been seen.

    `DgstudioError` as `make_engine`.
    """
    made = make_engine(options)
    made[0].start_answering()
    return made
