"""The command line: every command exits non-zero with one sentence on bad input, never with a traceback."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from dgstudio import __version__
from dgstudio.errors import DgstudioError

app = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False)
console = Console()


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"dgstudio {__version__}", highlight=False)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def studio(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """A live studio for the DynamicGate MLP: it learns while it answers, and proves what it left alone."""


def main() -> None:
    """Run the command line; the entry point of `dgstudio`."""
    debug = "--debug" in sys.argv
    try:
        app(standalone_mode=True)
    except DgstudioError as error:
        if debug:
            raise
        Console(stderr=True).print(f"[red]dgstudio:[/] {error}", highlight=False)
        raise SystemExit(1) from None
