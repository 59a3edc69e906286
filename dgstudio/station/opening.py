"""What a run stands on: its session, the stream that this was made with or another one, and an engine on both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rich.markup import escape

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
)
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import BadInputError
from dgstudio.session.file import Session
from dgstudio.session.storage.location import SUFFIX
from dgstudio.station.options import RunOptions
from dgstudio.streams.condition import SourceCondition
from dgstudio.streams.marks import Marking
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.streams.source import Listening, Source, rate_to_keep
from dgstudio.types import StreamKind

Say = Callable[[str], object]


def open_session(options: RunOptions) -> Session:
    """The session that a run writes.

    Raises
    ------
    BadInputError
        If a station's session cannot be written.
    SessionError
        If it cannot be opened or made.
    """
    if options.session is not None:
        return Session.create(options.session)
    if options.station is None:
        return Session.memory()
    if not options.station.exists():
        if options.station.suffix != SUFFIX:
            raise BadInputError(f"There is no session {options.station}: a new one is named NAME{SUFFIX}.")
        return Session.create(options.station)
    session = Session.open(options.station)
    if session.read_only:
        problems = " ".join(session.report.problems)
        session.close()
        raise BadInputError(f"Nothing can be saved in {options.station}, and a run saves. {problems}".strip())
    return session


def as_kept(options: RunOptions, session: Session) -> RunOptions:
    """The options, with the stream of the session where none is asked for."""
    if options.source is not None:
        return options
    kept = {name: value for name, value in kept_stream(session).items() if name in _OF_THE_STREAM}
    # What is asked for now wins over what was asked for then.
    asked = {name for name in _OF_THE_STREAM if getattr(options, name) != getattr(RunOptions(), name)}
    options = replace(options, **{name: value for name, value in kept.items() if name not in asked})
    return replace(options, source="simulator" if options.source is None else options.source)


_OF_THE_STREAM = frozenset(
    {"source", "rate", "speed", "labels_column", "base", "seed", "window_s", "inputs", "features", "listen", "allowed"}
)


def open_stream(options: RunOptions, session: Session, patience: Callable[[SourceCondition], None]) -> Source:
    """The source of a run, as `as_kept` tells it; it listens already, so that a port that is taken is told at once.

    Raises
    ------
    BadInputError
        If it cannot be used as asked, or not without a window.
    StreamError
        If it cannot listen.
    """
    assert options.source is not None, "`as_kept` has named one"
    source = open_like(
        stream_made_with(session),
        options.source,
        rate=options.rate,
        speed=options.speed,
        loop=False,
        seed=options.seed,
        labels_column=options.labels_column,
        window_s=options.window_s,
        channels=kept_channels(session),
        inputs=options.inputs,
        features=options.features or kept_features(session),
        listen=options.listen,
        allowed=options.allowed,
        patience=patience,
    )
    if source.spec.kind is StreamKind.POINTER and not isinstance(source, RecordingSource):
        raise BadInputError(
            "The pointer moves on a pad in the window, and there is none here: open one with dgstudio --source pointer."
        )
    if source.spec.kind is StreamKind.IMAGE:
        raise BadInputError(
            "Cameras and videos are shown by the window, and there is none here: open one with dgstudio --source "
            f"{options.source}."
        )
    if isinstance(source, Listening):
        source.listen()
    return source


def make_engine(options: RunOptions, session: Session, source: Source, say: Say) -> Engine:
    """The engine of a run, not yet started; `say` is told in markup which base serves and what is odd about the source.

    Raises
    ------
    BadInputError
        If the base model, or the session, is of another stream.
    """
    assert options.source is not None, "`as_kept` has named one"
    for note in getattr(source, "notes", ()):
        say(f"[yellow]note[/] {escape(note.sentence)}")
    if isinstance(source, Marking) and source.marks_wanted and not options.learn:
        say("[yellow]note[/] Markers label only with --learn.")
    base, why = base_for(stream_for(session, source.spec), options.base)
    if session.latest_checkpoint() is None:
        say(f"[dim]{escape(why)}[/]")
    settings = EngineSettings(
        lossless=options.speed == 0,
        # A recording can wait; the simulator and devices go on, as time does.
        every_hop=isinstance(source, RecordingSource),
        feed_labels=options.labels_column is not None,
        label_delay_s=options.label_delay,
    )
    engine = Engine(source, base, session, settings)
    keep_stream(
        session,
        source=options.source,
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
    return engine
