"""Hands on the keyboard: real key events, delivered to whatever has the focus, from a script in the window's loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from dgstudio.errors import DgstudioError
from dgstudio.records import dataclass

TURN_MS = 4
"""How often a script looks whether what it waits for has come."""
PATIENCE_S = 120.0
"""What has not come after so long does not come, however busy the machine is."""
NONE = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@dataclass(frozen=True, slots=True)
class Until:
    """A script waits until `true` is; `what` names it in the sentence that is said where it does not come."""

    true: Callable[[], object]
    what: str
    patience_s: float = PATIENCE_S


def after(seconds: float) -> Until:
    """Wait so many wall seconds."""
    end = time.perf_counter() + seconds
    return Until(lambda: time.perf_counter() >= end, f"{seconds:g} s to pass", seconds + PATIENCE_S)


Script = Iterator[Until]
"""Does something, yields what it waits for, goes on."""


class Hands:
    """Types as a user does: each key goes to the widget that has the focus, or to an open menu. Qt thread only."""

    def __init__(self, window: QWidget) -> None:
        self._window = window

    @property
    def target(self) -> QWidget:
        """The widget that a keyboard would type into now."""
        return QApplication.activePopupWidget() or QApplication.focusWidget() or self._window

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        """Press a key down."""
        QTest.keyPress(self.target, key, modifiers)

    def release(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        """Let a key up."""
        QTest.keyRelease(self.target, key, modifiers)

    def tap(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        """Press a key and let it up at once."""
        self.press(key, modifiers)
        # What the press did may have moved the focus, and may have closed what was typed into.
        self.release(key, modifiers)

    def type(self, text: str) -> None:
        """Type a text."""
        QTest.keyClicks(self.target, text)

    def play(self, script: Script, going_wrong: Callable[[], str] = lambda: "") -> None:
        """Play a script to its end in the window's own event loop; what it raises is raised here.

        Parameters
        ----------
        going_wrong
            A sentence as soon as waiting makes no sense any more, else "".

        Raises
        ------
        DgstudioError
            Where something that the script waits for does not come.
        """
        loop, timer = QEventLoop(), QTimer()
        raised: list[BaseException] = []
        # Before that, shortcuts do nothing.
        active = Until(self._window.isActiveWindow, "the window to come to the front")
        waiting: list[tuple[Until, float]] = [(active, time.perf_counter())]

        def turn() -> None:
            try:
                if waiting:
                    wait, since = waiting[0]
                    if not wait.true():
                        wrong = going_wrong()
                        if wrong or time.perf_counter() - since > wait.patience_s:
                            raise DgstudioError(wrong or f"Waited {wait.patience_s:g} s in vain for {wait.what}.")
                        return
                    waiting.clear()
                waiting.append((next(script), time.perf_counter()))
            except StopIteration:
                loop.quit()
            except BaseException as error:
                raised.append(error)
                loop.quit()

        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.setInterval(TURN_MS)
        timer.timeout.connect(turn)
        timer.start()
        loop.exec()
        timer.stop()
        if raised:
            raise raised[0]


def digit(key: str) -> Qt.Key:
    """The key that types this digit."""
    return Qt.Key(Qt.Key.Key_0.value + int(key))
