"""How far a long piece of work is, and the wish that it end."""

from __future__ import annotations

from dgstudio.errors import DgstudioError


class Stopped(DgstudioError):
    """The user wants no more of it."""


class Watch:
    """How far a long piece of work is; whoever wants it no more calls `stop`. Any thread."""

    def __init__(self) -> None:
        self.share = 0.0
        self._stopped = False

    def stop(self) -> None:
        """Let the work end at its next step."""
        self._stopped = True

    @property
    def stopped(self) -> bool:
        """Whether it is to end."""
        return self._stopped

    def at(self, share: float) -> None:
        """So much is done, 0..1; raises `Stopped` where it is to end."""
        self.share = share
        if self._stopped:
            raise Stopped("It was cancelled.")
