"""A view as a file: a picture with its title and sentence, or the table behind it; whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication, QImage, QImageWriter, QPainter

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.guard.texts import cell_text, plain_text
from dgstudio.records import dataclass
from dgstudio.session.export.atomic_write import write_whole
from dgstudio.studio.gating.pictures import Picture
from dgstudio.studio.theme.theme import Theme

SCALE = 2
"""Pixels of a PNG file for each logical one."""
MARGIN = 16


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What is written: a title, a sentence, a line on when it is of, the picture, and what draws it.

    `draw` draws the picture into a part of a painter's surface; `size` is how large it stands in the window.
    """

    title: str
    sentence: str
    about: str
    picture: Picture
    draw: Callable[[QPainter, QRectF], None]
    size: QSize
    theme: Theme


def write_sheet(path: Path, sheet: Sheet, *, overwrite: bool) -> None:
    """Write a PNG, SVG or CSV file, as its ending says. Qt thread only.

    Raises
    ------
    BadInputError
        If it has another ending, or is there and `overwrite` is false.
    DgstudioError
        If the system refuses; what was there before is still there.
    """
    write = {".png": _write_png, ".svg": _write_svg, ".csv": _write_csv}.get(path.suffix.lower())
    if write is None:
        raise BadInputError(f"{path.name} ends neither in .png nor in .svg nor in .csv: give it one of these endings.")
    write_whole([(path, lambda new: write(new, sheet))], overwrite)


def _write_csv(path: Path, sheet: Sheet) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = ([cell_text(v) if isinstance(v, str) else v for v in row] for row in sheet.picture.table())
        csv.writer(file, lineterminator="\n").writerows(rows)


def _write_png(path: Path, sheet: Sheet) -> None:
    size = _size(sheet)
    image = QImage(size * SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SCALE)
    painter = QPainter(image)
    _paint(painter, sheet, size)
    painter.end()
    writer = QImageWriter(str(path), QByteArray(b"png"))
    if not writer.write(image):
        raise DgstudioError(f"The picture could not be written: {writer.errorString()}.")


def _write_svg(path: Path, sheet: Sheet) -> None:
    # Not needed before.
    from PySide6.QtSvg import QSvgGenerator

    size = _size(sheet)
    # The later version of SVG can clip: what lies outside of a view that is zoomed is not seen.
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setFileName(str(path))
    # Axes are kept as drawn, in dots of the screen: where those of the file were others, they would be scaled.
    generator.setResolution(round(QGuiApplication.primaryScreen().logicalDotsPerInch()))
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle(plain_text(sheet.title))
    generator.setDescription(plain_text(sheet.sentence))
    painter = QPainter(generator)
    _paint(painter, sheet, size)
    if not painter.end():
        raise DgstudioError("The picture could not be written: the system refused.")


def _size(sheet: Sheet) -> QSize:
    return QSize(sheet.size.width() + 2 * MARGIN, sheet.size.height() + 2 * MARGIN + _head(sheet))


def _head(sheet: Sheet) -> int:
    theme = sheet.theme
    return theme.px(24) + _sentence_height(sheet) + theme.px(22) + theme.px(20)


def _sentence_height(sheet: Sheet) -> int:
    room = QRect(0, 0, sheet.size.width(), 400)
    return QFontMetrics(sheet.theme.ui("body")).boundingRect(room, Qt.TextFlag.TextWordWrap, sheet.sentence).height()


def _paint(painter: QPainter, sheet: Sheet, size: QSize) -> None:
    """The title, the sentence, when it is of, the picture, and how to read it."""
    theme, wide = sheet.theme, sheet.size.width()
    painter.fillRect(QRectF(0, 0, size.width(), size.height()), theme.colour("surface"))
    left, top = MARGIN, MARGIN
    lines = (
        (sheet.title, theme.ui("title", 600), "text_strong", theme.px(24)),
        (sheet.sentence, theme.ui("body"), "text", _sentence_height(sheet)),
        (sheet.about, theme.ui("small"), "text_muted", theme.px(22)),
    )
    for words, font, token, tall in lines:
        painter.setFont(font)
        painter.setPen(theme.colour(token))
        painter.drawText(QRect(left, top, wide, tall), Qt.TextFlag.TextWordWrap, plain_text(words))
        top += tall
    sheet.draw(painter, QRectF(left, top, wide, sheet.size.height()))
    painter.setFont(theme.ui("small"))
    painter.setPen(theme.colour("text_muted"))
    below = QRect(left, top + sheet.size.height(), wide, theme.px(20))
    painter.drawText(below, Qt.AlignmentFlag.AlignBottom, sheet.picture.hint)
