"""The end of the program by a signal: heard by the window's loop, where nothing is half done."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier

from dgstudio.signals import Ended, exit_status, listen

CONSOLE_S = 4.5
"""Windows ends a program 5 s after its console was closed, or as soon as it has heard of that."""


class Ending(QObject):
    """Hears of SIGINT, SIGTERM, SIGHUP and of Windows' console; whoever runs the window says what to do then.

    Python runs its handlers between two of its own instructions, in whatever Qt has called: an exception there would
    be lost, or end the process in the middle of painting. Here a handler only notes the signal, and a socket wakes
    the loop. Qt thread only.
    """

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        """The signal that was heard; 0 for none."""
        self._act: Callable[[], object] | None = None
        self._over = threading.Event()
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._woken)
        self._fd_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._restore = listen(self._heard)
        self._forget_console = _at_console_end(self._console)

    @property
    def status(self) -> int:
        """What to exit with: 128 and the signal's number; 0 where none was heard."""
        return exit_status(self.number) if self.number else 0

    def check(self) -> None:
        """Raise `Ended` where a signal was heard: for a start that nothing holds any more."""
        if self.number:
            raise Ended(self.number)

    def then(self, act: Callable[[], object]) -> None:
        """Call `act` from the loop once a signal is heard, or was heard already."""
        self._act = act

    def done(self) -> None:
        """Everything is saved: signals have the effect again that they had before."""
        self._act = None
        self._over.set()
        self._forget_console()
        self._restore()
        signal.set_wakeup_fd(self._fd_before)
        self._notifier.setEnabled(False)
        self._reader.close()
        self._writer.close()

    def _heard(self, number: int) -> None:
        self.number = number

    def _console(self) -> None:
        """The console goes: ask for the end and hold Windows up until it has come. In a thread of Windows' own."""
        self.number = signal.SIGTERM
        self._writer.send(b"\0")
        self._over.wait(CONSOLE_S)

    def _woken(self) -> None:
        if self._act is None:
            # Still starting: what was sent stays to be read when somebody can act on it.
            return
        self._notifier.setEnabled(False)
        act, self._act = self._act, None
        act()


def _at_console_end(heard: Callable[[], object]) -> Callable[[], None]:
    """On Windows, call `heard` when the console is closed, the user logs off or the machine shuts down."""
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        closing = (2, 5, 6)  # CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT (wincon.h)

        @ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
        def handler(event: int) -> bool:
            if event in closing:
                heard()
            return event in closing

        set_handler = ctypes.windll.kernel32.SetConsoleCtrlHandler
        set_handler(handler, True)

        def forget() -> None:
            set_handler(handler, False)

        return forget
    return lambda: None
