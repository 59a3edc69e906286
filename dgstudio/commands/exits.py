"""How the program ends for an error: with a sentence that says what to do, and a status."""

from __future__ import annotations

from typing import NoReturn

import typer

from dgstudio.errors import DgstudioError
from dgstudio.signals import status_of


def exit_for(error: BaseException, *, debug: bool) -> NoReturn:
    """End the program for an error: with one sentence that says what to do, or with its traceback (`debug`)."""
    if isinstance(error, typer.Abort | KeyboardInterrupt):
        raise SystemExit(status_of(error)) from None
    if debug:
        raise error
    if isinstance(error, DgstudioError):
        refuse(str(error), 1)
    # Options and commands that do not exist, values of the wrong kind; typer has no public name for them all.
    said = getattr(error, "format_message", None)
    if said is not None:
        refuse(f"{said().rstrip('.?')}; add --help to see what there is.", 2)
    if isinstance(error, ModuleNotFoundError):
        from dgstudio.extras.known import extra_of, needs

        lacking = (error.name or "").partition(".")[0]
        if extra_of(lacking) is not None:
            refuse(needs("This needs", lacking), 1)
    if isinstance(error, ImportError):
        from dgstudio.system_packages import advice, missing_libraries

        if libraries := missing_libraries():
            refuse(f"Qt needs system libraries that are missing. {advice(libraries)}", 1)
    what = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else repr(error)
    refuse(f"Something unforeseen went wrong ({what}); add --debug to see where.", 1)


def refuse(sentence: str, status: int) -> NoReturn:
    """End the program with a sentence on the standard error, and a status."""
    from dgstudio.guard.terminal import PlainConsole

    text = " ".join(f"dgstudio: {sentence}".split())
    PlainConsole(stderr=True, soft_wrap=True).print(text, highlight=False, markup=False)
    raise SystemExit(status) from None
