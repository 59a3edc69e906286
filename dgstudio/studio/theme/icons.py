"""Icons: glyphs of the fonts that qtawesome ships. Importing it loads all twelve of them, and we draw from two."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPainter

from dgstudio.errors import DgstudioError

FONTS = {"mdi6": ("materialdesignicons6-webfont", ""), "fa6s": ("fontawesome6-solid-webfont", "Solid")}
"""Prefix of an icon's name → how the names of its font's files begin, and the style in that family."""
GLYPH = 0.875
"""Type size of a glyph ÷ side of its square: what leaves room for the bearing."""


def paint_icon(painter: QPainter, name: str, square: QRect, colour: QColor) -> None:
    """Draw an icon, "mdi6.pause" for one, in the middle of a square."""
    prefix, _, glyph = name.partition(".")
    family, glyphs = _loaded(prefix)
    font = QFont(family)
    if FONTS[prefix][1]:
        font.setStyleName(FONTS[prefix][1])
    font.setPixelSize(max(1, round(GLYPH * square.height())))
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(square, Qt.AlignmentFlag.AlignCenter, chr(glyphs[glyph]))


@cache
def _loaded(prefix: str) -> tuple[str, dict[str, int]]:
    """Register a font with Qt when its first icon is drawn; its family, and the code point of each icon."""
    start, _ = FONTS[prefix]
    found = find_spec("qtawesome")
    folders = (found.submodule_search_locations if found is not None else None) or ()
    for folder in (Path(place) / "fonts" for place in folders):
        for file in folder.glob(f"{start}-[0-9]*.ttf"):
            listed = folder / f"{start}-charmap{file.stem.removeprefix(start)}.json"
            families = QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(file)))
            if families and listed.is_file():
                points = json.loads(listed.read_text(encoding="utf-8"))
                return families[0], {name: int(point, 16) for name, point in points.items()}
    raise DgstudioError(f"The icons {prefix} are missing: install qtawesome again.")
