"""The exceptions of dgstudio: a message says what happened, to what, and what to do."""

from __future__ import annotations

from dgstudio.guard.texts import plain_text
from dgstudio.reasons.reason import Reason


class DgstudioError(Exception):
    """Base of everything that dgstudio raises on purpose; its text is one sentence a user can act on.

    It may name files and what stands in them: as text it is without control characters.
    """

    def __str__(self) -> str:
        return plain_text(super().__str__(), lines=True)


class BadInputError(DgstudioError):
    """A file, name, number or option that the user gave cannot be used."""


class StreamError(DgstudioError):
    """A stream could not be opened, or was lost; the engine retries where that makes sense."""


class StreamEnded(StreamError):
    """A recording that plays once has reached its end."""


class SessionError(DgstudioError):
    """A session file could not be read or written."""


class SessionInUseError(SessionError):
    """Another program, or another window of this one, writes a session file; it can be watched."""


class SessionFormatError(SessionError):
    """A file is not a session, is damaged, or was written by a newer dgstudio."""


class Rejected(DgstudioError):
    """A proposal would break the contract or is not a valid snapshot; the learner goes on from `head`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason
