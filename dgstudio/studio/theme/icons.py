"""Icons: glyphs of the fonts that qtawesome ships. Importing it loads all twelve of them, and we draw from two."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetricsF, QPainter, QPainterPath

from dgstudio.errors import DgstudioError
from dgstudio.studio.theme.paper import keeps_shapes

FONTS = {"mdi6": ("materialdesignicons6-webfont", ""), "fa6s": ("fontawesome6-solid-webfont", "Solid")}
"""Prefix of an icon's name → how the names of its font's files begin, and the style in that family."""
GLYPH = 0.875
"""Type size of a glyph ÷ side of its square: what leaves room for the bearing."""


def paint_icon(painter: QPainter, name: str, square: QRect, colour: QColor) -> None:
    """Draw an icon, "mdi6.pause" for one, in the middle of a square."""
    prefix, _, glyph = name.partition(".")
    font = QFont(_loaded(prefix)[0])
    if FONTS[prefix][1]:
        font.setStyleName(FONTS[prefix][1])
    font.setPixelSize(max(1, round(GLYPH * square.height())))
    painter.setFont(font)
    painter.setPen(colour)
    if keeps_shapes(painter):
        # As its outline: who looks at a vector picture elsewhere has not this font.
        _fill_outline(painter, font, square, colour, _glyph(prefix, glyph))
    else:
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, _glyph(prefix, glyph))


def _fill_outline(painter: QPainter, font: QFont, square: QRect, colour: QColor, sign: str) -> None:
    metrics = QFontMetricsF(font)
    path = QPainterPath()
    left = square.center().x() + 0.5 - metrics.horizontalAdvance(sign) / 2
    base = square.center().y() + 0.5 + (metrics.ascent() - metrics.descent()) / 2
    path.addText(left, base, font, sign)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.fillPath(path, colour)
    painter.restore()


@cache
def _loaded(prefix: str) -> tuple[str, str]:
    """Register a font with Qt when its first icon is drawn; its family, and the list of its icons as it is written."""
    start, _ = FONTS[prefix]
    found = find_spec("qtawesome")
    folders = (found.submodule_search_locations if found is not None else None) or ()
    for folder in (Path(place) / "fonts" for place in folders):
        for file in folder.glob(f"{start}-[0-9]*.ttf"):
            listed = folder / f"{start}-charmap{file.stem.removeprefix(start)}.json"
            families = QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(file)))
            if families and listed.is_file():
                return families[0], listed.read_text(encoding="utf-8")
    raise DgstudioError(f"The icons {prefix} are missing: install qtawesome again.")


@cache
def _glyph(prefix: str, name: str) -> str:
    """The character of an icon; looked up in the list as text, for to read all of its seven thousand takes a while."""
    found = re.search(rf'"{re.escape(name)}": "(?:0x)?([0-9a-f]+)"', _loaded(prefix)[1])
    if found is None:
        raise DgstudioError(f"The icon {prefix}.{name} is missing: install qtawesome again.")
    return chr(int(found[1], 16))
