"""Options that several commands have, and what is written in lists."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dgstudio.errors import BadInputError

Source = Annotated[
    str | None,
    typer.Option(
        "--source",
        help="KIND or KIND:ADDRESS: simulator, pointer, osc:6448, phone, serial:/dev/ttyACM0, lsl:NAME; a recording.",
        metavar="NAME",
    ),
]
Window = Annotated[
    float | None,
    typer.Option("--window", help="Seconds of a window, for a source whose values are inputs as they are."),
]
Inputs = Annotated[
    int | None, typer.Option("--inputs", help="How many values come at a time; else the first message says so.")
]
Features = Annotated[
    str | None, typer.Option("--features", help="Features of an installed package, by name, instead of ours.")
]
Listen = Annotated[
    str | None,
    typer.Option(
        "--osc-listen", help="Address on which OSC is heard; 0.0.0.0: from the whole network.", metavar="ADDRESS"
    ),
]
Allowed = Annotated[
    list[str] | None,
    typer.Option(
        "--osc-from", help="Who may send OSC, as 192.168.1.20 or 192.168.1.0/24; repeatable.", metavar="ADDRESS"
    ),
]
Rate = Annotated[
    float | None, typer.Option("--rate", help="Samples a second of a recording without a time column; else 50.")
]
Speed = Annotated[float, typer.Option("--speed", help="Stream seconds a second; 0 is as fast as possible.")]
Labels = Annotated[
    str | None, typer.Option("--labels-column", help="Column of a recording that holds the labels.", metavar="NAME")
]
Base = Annotated[
    str, typer.Option("--base", help="Base model: auto, none, a shipped one by name, or a .safetensors file.")
]
Seed = Annotated[int, typer.Option("--seed", help="Which simulated person.")]
Outs = Annotated[
    list[str] | None,
    typer.Option(
        "--out", help="KIND or KIND:ADDRESS, repeatable: jsonl:FILE, osc, osc:HOST:PORT/ADDRESS.", metavar="OUT"
    ),
]
QuitAfter = Annotated[float | None, typer.Option("--quit-after", help="Close the window after so many seconds.")]
Screenshot = Annotated[Path | None, typer.Option("--screenshot", help="Save a picture of the window as PNG.")]


def listed(text: str | None) -> tuple[str, ...] | None:
    """The parts between commas."""
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def numbers(option: str, text: str | None) -> tuple[int, ...] | None:
    """Whole numbers between commas; `option` is what they were given to. BadInputError where there is another thing."""
    parts = listed(text)
    try:
        return None if parts is None else tuple(int(part) for part in parts)
    except ValueError:
        raise BadInputError(f"{option} {text} is not a list of whole numbers: write it as 1,5,20.") from None
