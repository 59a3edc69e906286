"""dg-picture: one file is made and written in a thread, and can be cancelled; of what fails nothing is left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from dgstudio.errors import DgstudioError

JOIN_S = 10.0


class Cancelled(DgstudioError):
    """The user wants the file no more."""


class FileWriting:
    """Writes one file in a thread of its own. Its figures are read from any thread.

    Parameters
    ----------
    path
        The file.
    write
        Called in the thread. It tells what it is given how much is done (0..1), as often as it can be cancelled.
    said
        What there is to say of the file once it is written, in a sentence.

    Attributes
    ----------
    share : how much is done, 0..1.
    failure : why it could not be written, in a sentence; "" where it could, or is not over.
    cancelled : whether it ended early because the user wanted so.
    """

    name = "dg-picture"

    def __init__(self, path: Path, write: Callable[[Callable[[float], None]], object], said: str = "") -> None:
        self.path, self.said = path, said
        self._write = write
        self.share = 0.0
        self.failure = ""
        self.cancelled = False
        self._unwanted = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begin. Once."""
        self._thread.start()

    def cancel(self) -> None:
        """Stop soon, and leave nothing behind. Any thread."""
        self._unwanted.set()

    def join(self, timeout: float = JOIN_S) -> bool:
        """Wait for the end of the thread; whether it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return not self._thread.is_alive()

    def _note(self, share: float) -> None:
        if self._unwanted.is_set():
            raise Cancelled(f"Writing {self.path.name} was cancelled.")
        self.share = max(self.share, share)

    def _run(self) -> None:
        try:
            self._note(0.0)
            self._write(self._note)
        except Cancelled:
            self.cancelled = True
        except DgstudioError as error:
            self.failure = str(error)
        except MemoryError:
            self.failure = f"{self.path.name} was not written: this machine has too little memory for it."
        except Exception as error:
            # Whatever goes wrong in a library: the window goes on, and says so.
            self.failure = f"{self.path.name} was not written: {error!r}."
