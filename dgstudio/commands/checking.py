"""`dgstudio check`: looks at everything in a session file and names what is damaged; the file is only read."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from dgstudio.errors import BadInputError, SessionError
from dgstudio.session.check import check
from dgstudio.session.file import Session

SOUND, DAMAGED, UNREADABLE = 0, 1, 2
"""Exit statuses."""


def run_check(path: Path, console: Console, errors: Console, rescue: Path | None = None) -> int:
    """Check a session, print what was found, and return the exit status.

    Parameters
    ----------
    rescue
        Where everything that is sound is written as a new session, sound file or not; nowhere where None.

    Raises
    ------
    BadInputError
        Where the new session would take the place of the old one.
    SessionError
        Where the new session exists already or cannot be written.
    """
    if rescue is not None and rescue.resolve() == path.resolve():
        raise BadInputError("--rescue must name a new file: the session itself is left as it is.")
    try:
        with console.status("", spinner="dots") as status:
            found = check(path, lambda what: status.update(f"[dim]{what} …[/]"))
    except SessionError as error:
        errors.print(f"dgstudio: {error}", highlight=False, markup=False, soft_wrap=True)
        return UNREADABLE
    with found:
        for problem in found.problems:
            console.print(f"[red]✗[/] {escape(problem)}", highlight=False, soft_wrap=True)
        holds = _holds(found.session)
        if not found.problems:
            console.print(f"[green]✓[/] {escape(str(path))} is sound: {holds}.", highlight=False, soft_wrap=True)
        elif rescue is None:
            console.print(
                f"Sound in it: {holds}. --rescue NEW.dgs writes that into a new session.",
                highlight=False,
                soft_wrap=True,
            )
        if rescue is not None:
            found.rescue(rescue)
            console.print(f"{escape(str(rescue))} holds what is sound: {holds}.", highlight=False, soft_wrap=True)
    return DAMAGED if found.problems else SOUND


def _holds(session: Session) -> str:
    infos = session.checkpoints()
    stretches = session.recorded.stretches()
    counts = (
        (len(session.classes()), "classes"),
        (len(session.takes()), "takes"),
        (len(session.examples(active_only=False)), "examples"),
        (len(infos), "versions"),
        (len(session.records()), "records of the history"),
        (len(stretches), "recorded stretches"),
    )
    return ", ".join(f"{count:,} {what}" for count, what in counts)
