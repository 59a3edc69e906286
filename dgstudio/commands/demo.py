"""`dgstudio demo`: which demo is meant, what there is, and demos that play by themselves and are checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dgstudio.errors import BadInputError
from dgstudio.studio.demos.catalogue import script_path, shipped
from dgstudio.studio.demos.reading import read_script
from dgstudio.studio.demos.script import Script

if TYPE_CHECKING:
    from rich.console import Console

    from dgstudio.studio.demos.claims.outcome import StepOutcome
    from dgstudio.studio.window.main_window import StudioWindow

FALSE, BAD_SCRIPT = 1, 2
"""Exit status where a caption was not true, and where a script is wrong."""


class BadScriptError(BadInputError):
    """There is no such demo, or its script is wrong: the exit status is `BAD_SCRIPT`."""


def script_named(name: str) -> Script:
    """Return the demo of this name, or that of a file; `BadScriptError` says what is wrong with it."""
    try:
        return read_script(script_path(name))
    except BadInputError as error:
        raise BadScriptError(str(error)) from error


def studio_options(script: Script) -> dict[str, Any]:
    """Return what the studio is opened with to play a demo: `studio.launch.StudioOptions`, by name."""
    setting = script.setting
    stream = {"source": setting.source, "base": setting.base, "seed": setting.seed, "speed": setting.speed}
    return {**stream, "keep": False, "demo": script.path}


def list_demos(terminal: Console) -> None:
    """Print the demos that ship, with what is seen in each."""
    scripts = shipped()
    width = max(len(script.name) for script in scripts)
    for script in scripts:
        line = f"{script.name:{width}}  {script.title}: {script.summary}"
        terminal.print(line, highlight=False, markup=False, soft_wrap=True)


def play_unattended(
    script: Script, terminal: Console, errors: Console, folder: Path | None, moving: Path | None = None
) -> int:
    """Play a demo by itself, check every claim; returns the exit status.

    A report goes into `folder`, a moving picture into the file `moving`, where they are wanted.
    """
    from dgstudio.studio.demos.report import DemoReport
    from dgstudio.studio.theme.application import application
    from dgstudio.studio.unattended import run_unattended

    report = None if folder is None else DemoReport(script, folder)
    # Kept by this name until the end.
    app = application()

    def say(text: str) -> None:
        terminal.print(text, highlight=False, markup=False, soft_wrap=True)

    def picture(_step: StepOutcome, window: StudioWindow) -> None:
        if report is not None:
            window.grab().save(str(report.picture_path()))

    outcome = run_unattended(script, lambda text: say(f"  {text}"), picture, moving)
    del app
    for claim in outcome.claims:
        figures = ", ".join(f"{figure.name} {figure.text}" for figure in claim.figures)
        say(f"{claim.verdict.value:5}  {claim.words}  ({figures})")
    if report is not None:
        say(f"Report: {report.write(outcome)}")
    if moving is not None:
        say(f"Moving picture: {moving}")
    if outcome.trouble:
        errors.print(f"dgstudio: {outcome.trouble}.", highlight=False, markup=False, soft_wrap=True)
        return BAD_SCRIPT
    count, false = len(outcome.claims), len(outcome.false)
    if false:
        errors.print(f"dgstudio: {false} of {count} claims of the captions were not true.", highlight=False)
        return FALSE
    say(f"{count} claims checked, all true.")
    return 0
