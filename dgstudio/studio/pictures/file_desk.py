"""Files that the window writes by itself, one after the other: each in a thread, with a line that tells how far it is.

Qt thread; `poll` is called with each frame.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from dgstudio.engine.facts.saving import Exported, NotExported
from dgstudio.studio.common.surroundings import Dresser, Room, Teller
from dgstudio.studio.pictures.file_writing import FileWriting

if TYPE_CHECKING:
    from dgstudio.studio.pictures.file_line import FileLine

PATIENCE_S = 0.4
"""Seconds that a file may take before a line says that it is being written."""


class FileDesk:
    """Writes what it is given, and says how each ended."""

    def __init__(self, room: Room, dresser: Dresser, teller: Teller) -> None:
        self._room, self._dresser, self._teller = room, dresser, teller
        self._waiting: deque[FileWriting] = deque()
        self._now: FileWriting | None = None
        self._since = 0.0
        self.line: FileLine | None = None

    @property
    def writing(self) -> str:
        """The name of the file that is being written; "" while none is."""
        return self._now.path.name if self._now is not None and not self._now.over else ""

    def add(self, writing: FileWriting) -> None:
        """Write a file, after those that wait already."""
        self._waiting.append(writing)
        self.poll()

    def poll(self) -> None:
        """Show how far it is; say how it ended, and begin the next."""
        now = self._now
        if now is not None and now.over:
            now.join()
            self._now = None
            self._hide()
            self._tell(now)
        elif now is not None and time.monotonic() - self._since >= PATIENCE_S:
            self._show(now)
        if self._now is None and self._waiting:
            self._now, self._since = self._waiting.popleft(), time.monotonic()
            self._now.start()

    def stop(self) -> None:
        """Cancel what is being written and what waits, and wait for its end."""
        self._waiting.clear()
        if self._now is not None:
            self._now.cancel()
            self._now.join()
            self._now = None
        self._hide()

    def _tell(self, it: FileWriting) -> None:
        if it.cancelled:
            self._teller.show("Cancelled: nothing was written.")
        elif it.failure:
            self._teller.say(NotExported(it.path, it.failure))
        else:
            self._teller.say(Exported(it.path, it.said))

    def _show(self, it: FileWriting) -> None:
        if self.line is None:
            # Not needed before.
            from dgstudio.studio.pictures.file_line import FileLine

            self.line = self._dresser.dress(FileLine(self._room.desk))
            self.line.cancelled.connect(self._cancel)
            self._room.add_line(self.line)
        self.line.show_writing(it)

    def _hide(self) -> None:
        if self.line is not None:
            self.line.hide()

    def _cancel(self) -> None:
        if self._now is not None:
            self._now.cancel()
