"""A page to look through all pictures, those of one scene together, each with what was found in it."""

from __future__ import annotations

import time
from itertools import groupby
from pathlib import Path
from typing import Any

from dgstudio import __version__
from dgstudio.session.export.atomic_write import needed, write_whole
from dgstudio.session.export.stylesheet import STYLE


def write_gallery(figures: dict[str, Any], folder: Path) -> Path:
    """Write `index.html` beside the pictures that `look_at_screens` made; returns it.

    Raises
    ------
    MissingLibraryError
        If jinja2 is not installed.
    DgstudioError
        If it cannot be written.
    """
    needed("jinja2")
    page = folder / "index.html"
    write_whole([(page, lambda new: new.write_text(_page(figures), encoding="utf-8"))], overwrite=True)
    return page


def _page(figures: dict[str, Any]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("dgstudio.bench.stage", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scenes = [_scene(name, [*shots]) for name, shots in groupby(figures["shots"], key=lambda shot: shot["scene"])]
    return environment.get_template("gallery.html.j2").render(
        style=Markup(STYLE),  # our own
        checked=figures["checked"],
        clipped=figures["clipped"],
        scenes=scenes,
        written=time.strftime("%Y-%m-%d %H:%M"),
        version=__version__,
    )


def _scene(name: str, shots: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [{"file": shot["file"], "found": shot["found"], "title": _title(shot)} for shot in shots]
    clipped = sum(bool(shot["found"]) for shot in shots)
    return {"name": name, "anchor": name.replace(" ", "-"), "shots": rows, "clipped": clipped}


def _title(shot: dict[str, Any]) -> str:
    wide, tall = shot["size"]
    factor = f" at {shot['scale']:g}" if shot["scale"] != 1 else ""
    return f"{wide} × {tall}{factor}, {shot['theme']}"
