"""`dgstudio run`: the engine without a window, with a live table in the terminal, and outputs for others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape

from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import Event
from dgstudio.engine.remote.others import Others
from dgstudio.errors import DgstudioError
from dgstudio.guard.line_limit import LineLimit
from dgstudio.station.opening import Say, as_kept, make_engine, open_session, open_stream
from dgstudio.station.options import RunOptions
from dgstudio.station.table import condition_words, live_table, summary
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.osc.control_port import control_port_of
from dgstudio.streams.osc.control_queue import ControlQueue, controls_of
from dgstudio.streams.osc.endpoint import networks_of
from dgstudio.streams.sinks.registry import open_sink
from dgstudio.streams.sinks.sink import Sink
from dgstudio.streams.source import Source
from dgstudio.types import Level

__all__ = ["RunOptions", "run"]

SHOWN_S = 0.2
"""How often what goes on is shown."""


def run(options: RunOptions, console: Console) -> dict[str, Any]:
    """Run until the stream ends, `duration` wall seconds are over, or a signal; returns the figures it prints.

    Raises
    ------
    BadInputError
        For options that make no sense together, and whatever the source finds wrong with its file.
    DgstudioError
        If answering or reading the stream failed for good; the figures so far have been printed.
    KeyboardInterrupt
        If Ctrl+C or another signal ended it: all is saved and the figures have been printed.
    """
    options.check()
    begin = time.monotonic()
    say = _limited(console)
    with ExitStack() as stack:
        session = open_session(options)
        stack.callback(session.close)
        options = as_kept(options, session)
        source = open_stream(options, session, _Waiting(options, begin, console))
        stack.callback(source.close)
        engine = make_engine(options, session, source, lambda line: console.print(line, highlight=False))
        sinks = _sinks(options, engine, stack)
        others = Others(engine, _controls(options, source, stack), learns=options.learn)
        if options.record:
            engine.recording.record(True)
        left: list[str] = []
        try:
            ended = _watch(engine, sinks, others, options, begin, console, say)
        finally:
            left += engine.stop()
    _say_events(engine.events.drain(), say)
    if left:
        console.print(f"[red]These parts did not stop in time: {', '.join(left)}.[/]")
    figures = summary(engine, sinks, console)
    for sink in sinks:
        if sink in engine.out.switched_off:
            raise DgstudioError(f"{sink.name} is incomplete: {engine.out.switched_off[sink]}.")
    failed = [part.name for part in (engine.input, engine.infer) if part.failed]
    if failed:
        raise DgstudioError(f"The run ended early because {' and '.join(failed)} failed: see what is said above.")
    if ended is not None:
        raise ended
    return figures


class _Waiting:
    """Says what a source waits for that must hear something before it can begin; gives up when the run is over."""

    def __init__(self, options: RunOptions, begin: float, console: Console) -> None:
        self._options, self._begin, self._console = options, begin, console
        self._said: SourceCondition | None = None

    def __call__(self, condition: SourceCondition) -> None:
        before, self._said = self._said, condition
        if before is None or (condition.lamp, condition.why) != (before.lamp, before.why):
            self._console.print(f"{escape(self._options.source or '')} {condition_words(condition)}", highlight=False)
        duration = self._options.duration
        if duration is not None and time.monotonic() - self._begin >= duration:
            raise DgstudioError(f"In {duration:g} s nothing came to begin with: {condition.words}.")


def _sinks(options: RunOptions, engine: Engine, stack: ExitStack) -> list[Sink]:
    """The outputs that were asked for, each handed to the engine; they are closed with it."""
    names = [*options.outs, *([] if options.jsonl is None else [f"jsonl:{options.jsonl}"])]
    sinks: list[Sink] = []
    for name in names:
        sink = open_sink(name, lambda: engine.classes.names)
        # dg-out closes them, and says what is missing then; this is for a run that did not come so far.
        stack.callback(partial(_closed, sink))
        engine.add_sink(sink)
        sinks.append(sink)
    return sinks


def _controls(options: RunOptions, source: Source, stack: ExitStack) -> ControlQueue | None:
    """Where messages come from that tell the run what to do: with the inputs, else from a port of their own."""
    controls = controls_of(source)
    if controls is not None or options.listen is None:
        return controls
    port = control_port_of(options.listen, networks_of(options.allowed))
    port.listen()
    stack.callback(port.close)
    return port.controls


def _closed(sink: Sink) -> None:
    with suppress(DgstudioError):
        sink.close()


def _say_events(events: Sequence[Event], say: Say) -> None:
    for event in events:
        if event.level in (Level.WARNING, Level.ERROR):
            say(f"[yellow]{event.kind}[/] {escape(event.sentence)}")


def _limited(console: Console) -> Say:
    """Print a line, unless too many come; then how many were left out is said before the next one."""
    limit = LineLimit()

    def say(line: str) -> None:
        left_out = limit.admit()
        if left_out:
            console.print(f"[dim]… {left_out:,} lines left out[/]", highlight=False)
        if left_out is not None:
            console.print(line, highlight=False)

    return say


def _watch(
    engine: Engine,
    sinks: Sequence[Sink],
    others: Others,
    options: RunOptions,
    begin: float,
    console: Console,
    say: Say,
) -> KeyboardInterrupt | None:
    """Show the run until it ends; what ended it before its time."""
    engine.start()
    lamp, shown = Lamp.WAITING, 0.0
    live = Live(live_table(engine), console=console, refresh_per_second=4, transient=True, auto_refresh=False)
    with live:
        try:
            while not engine.ended:
                if options.duration is not None and time.monotonic() - begin >= options.duration:
                    break
                others.wait(0.05 if options.speed else 0.01)
                if options.learn:
                    engine.marks.carry_out()
                events = engine.events.drain()
                others.turn(events)
                if time.monotonic() >= shown + SHOWN_S:
                    shown = time.monotonic()
                    lamp = _shown(engine, sinks, others, live, lamp, say)
                _say_events(events, say)
                if engine.infer.failed or engine.input.failed:
                    break
        except KeyboardInterrupt as ended:
            console.print("Stopped.")
            return ended
    return None


def _shown(engine: Engine, sinks: Sequence[Sink], others: Others, live: Live, before: Lamp, say: Say) -> Lamp:
    """Bring the table up to date; where there is none, say when the source's lamp changes, unless an event does."""
    condition = engine.input.condition()
    if live.console.is_terminal:
        if not others.performing:
            live.update(live_table(engine, sinks), refresh=True)
        return condition.lamp
    if condition.lamp is not before and condition.lamp not in (Lamp.RETRYING, Lamp.ENDED):
        say(f"{escape(engine.spec.name)} {condition_words(condition)}")
    return condition.lamp
