"""What commands write to the terminal: lines, rows of figures, the table of a bench.

What draws tables is imported when it is needed: the window comes up without it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from dgstudio.commands.doctor import Finding


@cache
def terminal() -> Console:
    """The terminal that commands write to; the window comes up without what it needs."""
    from dgstudio.guard.terminal import PlainConsole

    return PlainConsole()


def say_dim(text: str) -> None:
    """Write a line about what goes on."""
    from rich.markup import escape

    terminal().print(f"[dim]  {escape(text)}[/]", highlight=False)


def print_rows(title: str, rows: list[tuple[str, str]]) -> None:
    """Write names and values as a table."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
    for name, value in rows:
        table.add_row(f"[dim]{name}[/]", escape(value))
    terminal().print(table, highlight=False)


def print_bench(figures: dict[str, Any]) -> None:
    """Write the figures of a bench beside what is wanted, and what there is to say of them."""
    from rich.table import Table

    from dgstudio.bench.report import remarks, table

    marks = {"": "", "missed": "[red]✗[/]", "enough": "[yellow]·[/]", "reached": "[green]✓[/]"}
    shown = Table(title="bench", title_justify="left", box=None, pad_edge=False)
    shown.add_column("")
    shown.add_column("measured", justify="right")
    shown.add_column("wanted · aim", style="dim")
    shown.add_column("")
    for row in table(figures):
        shown.add_row(row.words, row.figure, row.wanted, marks[row.verdict])
    terminal().print(shown, highlight=False)
    for line in remarks(figures):
        terminal().print(line, style="dim", highlight=False, markup=False)


def print_findings(findings: list[Finding]) -> None:
    """Write what was found out about this machine, a line each."""
    from rich.markup import escape

    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        mark = {"ok": "[green]✓[/]", "note": "[yellow]·[/]", "bad": "[red]✗[/]"}[finding.level]
        # The terminal wraps, not we: a line to run can be copied whole.
        line = f"{mark}  {escape(finding.subject):{width}}  {escape(finding.text)}"
        terminal().print(line, soft_wrap=True, highlight=False)
