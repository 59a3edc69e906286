"""A session for another machine: a copy in which every version is whole, so that what was recorded audits there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from dgstudio.errors import BadInputError, SessionFormatError
from dgstudio.session.file import Session
from dgstudio.session.versions.recipe_solver import OtherKernelError, Relearner


def export_recording(session: Session, path: Path, *, overwrite: bool = False) -> str:
    """Write the copy; returns a sentence about it.

    A version that is kept by its recipe must be learned again before answers can be compared with it, and what learning
    solves differs in the last bits between processors. Here it is learned again once, on the machine that made it, and
    kept whole: a few dozen kB each.

    Raises
    ------
    BadInputError
        Where the session holds no version.
    SessionError
        Where the file cannot be written.
    """
    infos = session.checkpoints()
    if not infos:
        raise BadInputError(f"The session {session.name} holds no version of a model: there is nothing to take along.")
    recipes = [info.version for info in infos if not info.whole]
    whole = 0

    def make_whole(copy: Session) -> None:
        nonlocal whole
        relearner = Relearner()
        for version in recipes:
            # Of one that cannot be made again, reading it will say so there as it does here.
            with suppress(SessionFormatError, OtherKernelError):
                copy.put_checkpoint(replace(session.checkpoint(version, relearner), kept=True))
                whole += 1

    session.save_copy(path, overwrite, make_whole)
    left = len(recipes) - whole
    more = "" if not left else f" {left} of another kernel stay recipes, as they cannot be made again here."
    return f"A copy of {session.name} with all of its {len(infos) - left} versions whole is in {path}.{more}"
