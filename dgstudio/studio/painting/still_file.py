"""Stills as files: PNG at print resolution, or SVG; whole or not at all."""

from __future__ import annotations

import re
from html import escape, unescape
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect
from PySide6.QtGui import QImage, QImageWriter, QPainter

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.guard.texts import plain_text
from dgstudio.session.export.atomic_write import write_whole
from dgstudio.studio.painting.still import DPI, MM, PER_INCH, Still
from dgstudio.studio.theme.theme import CAPITALS, LIGHT, MONO_FAMILY, SPACED, UI_FAMILY

BAND: Final = 400
"""Rows of pixels that are drawn at a time: nothing else of Python runs meanwhile."""
STAND_INS: Final = {
    UI_FAMILY: "'Helvetica Neue', Helvetica, Arial, sans-serif",
    MONO_FAMILY: "Menlo, Consolas, 'DejaVu Sans Mono', monospace",
}
"""Family → those that letters of an SVG file take where it is not installed."""
CAPITAL_TEXT: Final = re.compile(rf'(<text [^>]*font-weight="{CAPITALS}"[^>]*?)\s*>([^<]*)</text>')
TOO_LARGE = "The picture is too large for this machine's memory."


def write_still(path: Path, still: Still, *, overwrite: bool) -> None:
    """Write a PNG or SVG file, as its ending says, on the ground of the light theme. Any thread.

    Letters of an SVG file stay letters, to be searched and edited; icons are outlines.

    Raises
    ------
    BadInputError
        If it has another ending, or is there and `overwrite` is false.
    DgstudioError
        If the system refuses; what was there before is still there.
    """
    make = {".png": png_of, ".svg": svg_of}.get(path.suffix.lower())
    if make is None:
        raise BadInputError(f"{path.name} ends neither in .png nor in .svg: give it one of these endings.")
    # Made before it is written: what a full disk refuses is then told by the system itself.
    data = make(still)
    write_whole([(path, lambda new: new.write_bytes(data))], overwrite)


def png_of(still: Still) -> bytes:
    """Return it as PNG, `DPI` dots an inch."""
    image = QImage(still.pixels, QImage.Format.Format_RGB32)
    if image.isNull():
        raise DgstudioError(TOO_LARGE)
    for top in range(0, image.height(), BAND):
        band = _band(still, top, min(BAND, image.height() - top))
        painter = QPainter(image)
        painter.drawImage(0, top, band)
        painter.end()
    for set_dots in (image.setDotsPerMeterX, image.setDotsPerMeterY):
        set_dots(round(DPI / MM * 1000))
    image.setText("Title", plain_text(still.title))
    if still.about:
        image.setText("Description", plain_text(still.about))
    image.setText("Software", "dgstudio")
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"png"))
    if not writer.write(image):
        raise DgstudioError(f"The picture could not be made: {writer.errorString()}.")
    return bytes(buffer.data().data())


def _band(still: Still, top: int, tall: int) -> QImage:
    """Return `tall` rows of pixels from `top` on, as an image of its own: what is in a still sets clips itself."""
    band = QImage(still.pixels.width(), tall, QImage.Format.Format_RGB32)
    if band.isNull():
        raise DgstudioError(TOO_LARGE)
    band.fill(LIGHT.colour("surface"))
    painter = QPainter(band)
    painter.translate(0, -top)
    painter.scale(still.scale, still.scale)
    still.picture.play(painter)
    painter.end()
    return band


def svg_of(still: Still) -> bytes:
    """Return it as SVG, as large in print as the PNG file."""
    # Not needed before.
    from PySide6.QtSvg import QSvgGenerator

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # The later version of SVG can clip: what does not fit into its place is not seen.
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setResolution(PER_INCH)
    generator.setSize(still.size)
    generator.setViewBox(QRect(0, 0, still.size.width(), still.size.height()))
    generator.setTitle(plain_text(still.title))
    generator.setDescription(plain_text(still.about) or "Made by dgstudio")
    painter = QPainter(generator)
    painter.fillRect(QRect(0, 0, still.size.width(), still.size.height()), LIGHT.colour("surface"))
    still.picture.play(painter)
    painter.end()
    wide, tall = still.printed_mm
    text = bytes(buffer.data().data()).decode("utf-8")
    text = re.sub(
        r'<svg width="[^"]*" height="[^"]*"', f'<svg width="{wide:.2f}mm" height="{tall:.2f}mm"', text, count=1
    )
    text = CAPITAL_TEXT.sub(_in_capitals, text)
    for family, others in STAND_INS.items():
        text = text.replace(f'font-family="{family}"', f'font-family="{family}, {others}"')
    return text.encode("utf-8")


def _in_capitals(found: re.Match[str]) -> str:
    """Write letters as they are drawn: Qt leaves out of the file that they are capitals, and how far apart."""
    head = found[1].replace(f'font-weight="{CAPITALS}"', 'font-weight="400"')
    if f'font-family="{UI_FAMILY}"' in head:
        head = f'{head} letter-spacing="{SPACED}"'
    return f"{head}>{escape(unescape(found[2]).upper())}</text>"
