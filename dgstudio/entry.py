"""The entry point of `dgstudio`: opens the studio at once where nothing else is asked for; all else is the CLI's.

Reading the command line by what can read all of it takes longer than loading Qt does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from dgstudio.commands.desktop import open_studio

OPTIONS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "--source": ("source", str),
    "--rate": ("rate", float),
    "--speed": ("speed", float),
    "--labels-column": ("labels_column", str),
    "--base": ("base", str),
    "--seed": ("seed", int),
    "--window": ("window_s", float),
    "--inputs": ("inputs", int),
    "--features": ("features", str),
    "--osc-listen": ("listen", str),
    "--session": ("session", Path),
    "--quit-after": ("quit_after", float),
    "--screenshot": ("screenshot", Path),
}
"""Options of the studio that take a value: name of the parameter, and what makes a value of the text."""
LISTS: Final[dict[str, str]] = {"--osc-from": "allowed", "--out": "outs"}
"""Options that may be given again and again: name of the parameter."""
SWITCHES: Final[dict[str, tuple[str, bool]]] = {"--no-session": ("keep", False), "--present": ("presentation", True)}


def plain_start(arguments: Sequence[str]) -> dict[str, Any] | None:
    """Return the studio's options, or None where something else is asked for or is not understood."""
    wanted: dict[str, Any] = {}
    rest = iter(arguments)
    for argument in rest:
        if argument in SWITCHES:
            name, value = SWITCHES[argument]
        elif argument in LISTS:
            name, text = LISTS[argument], next(rest, "")
            if not text or text.startswith("-"):
                return None
            wanted[name] = (*wanted.get(name, ()), text)
            continue
        elif argument in OPTIONS:
            name, read = OPTIONS[argument]
            text = next(rest, "")
            try:
                value = read(text)
            except ValueError:
                return None
            if not text or text.startswith("-"):
                return None
        else:
            return None
        wanted[name] = value
    return wanted


def main() -> None:
    """Run dgstudio."""
    options = plain_start(sys.argv[1:])
    if options is None:
        from dgstudio.cli import main as command_line

        command_line()
        return
    try:
        status = open_studio(**options)
    except (Exception, KeyboardInterrupt) as error:
        from dgstudio.commands.exits import exit_for

        exit_for(error, debug=False)
    raise SystemExit(status)
