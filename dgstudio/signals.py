"""Signals that ask a program to end: the first one asks for an orderly end, a second one ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, NoReturn

NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Ctrl+C; a wish of the system; a terminal that was closed; on Windows Ctrl+Break, or a console that was closed."""


class Ended(KeyboardInterrupt):
    """A signal asked for the end. `number` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def status_of(error: BaseException) -> int:
    """The exit status for `Ended`, or what was raised because of it, by its number; for any other interrupt 130."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Ended):
        cause = cause.__cause__
    return exit_status(signal.SIGINT if cause is None else cause.number)


def exit_status(number: int) -> int:
    """What a shell expects of a program that a signal ended: 130 for Ctrl+C, 143 for SIGTERM."""
    return 128 + number


def listen(heard: Callable[[int], object]) -> Callable[[], None]:
    """Call `heard` in the main thread with the number of the first signal; a second one has its effect at once.

    Signals that the process was told to ignore (`nohup`) stay ignored. Outside of the main thread it does nothing.

    Returns
    -------
    Puts everything back as it was.
    """
    before: dict[int, Any] = {}

    def first(number: int, frame: FrameType | None) -> None:
        for other in before:
            signal.signal(other, signal.SIG_DFL)
        heard(number)

    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
        handler = signal.getsignal(number)
        if handler not in (signal.SIG_IGN, None):
            before[number] = handler
            signal.signal(number, first)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore


@contextmanager
def interrupts_end_at_once() -> Iterator[None]:
    """Let Ctrl+C end the process at once meanwhile, as other signals do: for a start, when nothing is open yet.

    Python would raise in whatever is being imported, and libraries in C abort on that or lose it. Where Ctrl+C is
    ignored or somebody else's already, and outside of the main thread, it does nothing.
    """
    ours = threading.current_thread() is threading.main_thread()
    ours = ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def raise_ended() -> Callable[[], None]:
    """Let the first signal raise `Ended` in the main thread: for what waits in Python, not in a window's loop."""

    def heard(number: int) -> NoReturn:
        raise Ended(number)

    return listen(heard)
