"""`dgstudio import`: what comes of a file, what is wrong with it, and the import, in a terminal."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from dgstudio.engine.imports.offline import import_into, with_options
from dgstudio.errors import BadInputError
from dgstudio.session.file import Session

MOST_SHOWN = 20
"""Wrong lines that are printed; all are counted."""


def run_import(
    session: Path,
    file: Path,
    console: Console,
    *,
    label: str | None,
    time: str | None,
    rate: float | None,
    features: bool,
    only_plan: bool,
) -> None:
    """Import a file into a session and print what came, or what would come.

    Raises
    ------
    DgstudioError
        If it cannot be done; the session is then as it was.
    """
    if not session.exists():
        raise BadInputError(f"There is no session {session}: check the name.")
    if file.exists() and file.resolve() == session.resolve():
        raise BadInputError(f"{file} is the session itself: name another file.")
    choose = partial(with_options, label=label, time=time, rate=rate, features=features)
    into = Session.reading(session) if only_plan else Session.open(session)
    plan = import_into(into, file, choose, only_plan=only_plan)
    word = plan.table.line_word
    for problem in plan.problems.told[:MOST_SHOWN]:
        console.print(f"[yellow]{word} {problem.line}[/] {escape(problem.what.words)}", highlight=False, soft_wrap=True)
    if plan.problems.count > MOST_SHOWN:
        console.print(f"[yellow]… and {plan.problems.count - min(MOST_SHOWN, len(plan.problems.told)):,} more[/]")
    for note in plan.notes:
        console.print(escape(note.sentence), highlight=False, style="dim", soft_wrap=True)
    for entry in plan.classes:
        if entry.count:
            fresh = ", a new class" if entry.new else ""
            text = f"  {entry.name}: {entry.count:,} examples, {entry.learned:,} to learn from{fresh}"
            console.print(escape(text), highlight=False, soft_wrap=True)
    done = "would come" if only_plan else f"are in {session}"
    console.print(f"{plan.total:,} examples {done}.", highlight=False, markup=False, soft_wrap=True)
