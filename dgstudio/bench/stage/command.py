"""`dgstudio pictures`: nothing that takes long is imported before it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dgstudio.errors import DgstudioError

EXAMPLE = "Example: dgstudio pictures --size 1280x720 --scale 2 --scene Label --out /tmp/pictures"


def pictures(
    out: Annotated[Path, typer.Option("--out", help="Folder for the pictures and index.html.")] = Path("out/pictures"),
    size: Annotated[
        list[str] | None, typer.Option("--size", help="A screen, as in 1280x720; again for more.", metavar="WxH")
    ] = None,
    scale: Annotated[list[float] | None, typer.Option("--scale", help="A scale factor; again for more.")] = None,
    theme: Annotated[list[str] | None, typer.Option("--theme", help="dark or light; else both.")] = None,
    scene: Annotated[
        list[str] | None, typer.Option("--scene", help="A part of a scene's name; again for more.", metavar="NAME")
    ] = None,
) -> None:
    """Take a picture of every screen: sizes, scale factors, themes, layouts, sheets; and ask for what is clipped.

    The widgets tell: words that need more room than they have, parts outside their parents, parts on each other. The
    exit status is 1 where anything is found. No display is needed.
    """
    from dgstudio.bench.stage.gallery import write_gallery
    from dgstudio.bench.stage.screens import ScreenOptions, look_at_screens, size_of
    from dgstudio.guard.terminal import PlainConsole

    sizes = tuple(map(size_of, size or ()))
    options = ScreenOptions(out, sizes, tuple(scale or ()), tuple(theme or ()), tuple(scene or ()))
    terminal = PlainConsole()
    figures = look_at_screens(options, lambda text: terminal.print(f"  {text}", highlight=False, markup=False))
    page = write_gallery(figures, out)
    terminal.print(f"{figures['checked']} pictures: {page}", highlight=False, markup=False)
    if figures["clipped"]:
        raise DgstudioError(f"Something is clipped or covered in {figures['clipped']} of them, as is said above.")
