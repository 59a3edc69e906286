"""A view as a file: a picture with its title and sentence, or the table behind it; whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter

from dgstudio.errors import BadInputError
from dgstudio.guard.texts import cell_text, plain_text
from dgstudio.records import dataclass
from dgstudio.session.export.atomic_write import write_whole
from dgstudio.studio.gating.pictures import Picture
from dgstudio.studio.painting.still import Still, recorded
from dgstudio.studio.painting.still_file import write_still
from dgstudio.studio.theme.theme import Theme

MARGIN = 16


@dataclass(frozen=True, slots=True)
class Words:
    """What is written around a view: a title, a sentence, a line on when it is of."""

    title: str
    sentence: str
    about: str


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What goes to a file: the still, with words around the view, and the picture with its table."""

    still: Still
    picture: Picture


def sheet_of(
    words: Words, picture: Picture, draw: Callable[[QPainter, QRectF], None], size: QSize, theme: Theme
) -> Sheet:
    """Keep a view as it is now. Qt thread only.

    Parameters
    ----------
    draw
        Draws the view into a part of a painter's surface, with `theme`.
    size
        How large it stands in the window.
    """
    head = theme.px(24) + _sentence_height(words, size, theme) + theme.px(22) + theme.px(20)
    whole = QSize(size.width() + 2 * MARGIN, size.height() + 2 * MARGIN + head)

    def paint(painter: QPainter) -> None:
        _paint(painter, words, picture, draw, size, theme)

    return Sheet(recorded(words.title, whole, paint, words.sentence), picture)


def write_sheet(path: Path, sheet: Sheet, *, overwrite: bool) -> None:
    """Write a PNG, SVG or CSV file, as its ending says. Any thread.

    Raises
    ------
    BadInputError
        If it has another ending, or is there and `overwrite` is false.
    DgstudioError
        If the system refuses; what was there before is still there.
    """
    ending = path.suffix.lower()
    if ending == ".csv":
        write_whole([(path, lambda new: _write_csv(new, sheet.picture))], overwrite)
    elif ending in (".png", ".svg"):
        write_still(path, sheet.still, overwrite=overwrite)
    else:
        raise BadInputError(f"{path.name} ends neither in .png nor in .svg nor in .csv: give it one of these endings.")


def _write_csv(path: Path, picture: Picture) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = ([cell_text(v) if isinstance(v, str) else v for v in row] for row in picture.table())
        csv.writer(file, lineterminator="\n").writerows(rows)


def _sentence_height(words: Words, size: QSize, theme: Theme) -> int:
    room = QRect(0, 0, size.width(), 400)
    return QFontMetrics(theme.ui("body")).boundingRect(room, Qt.TextFlag.TextWordWrap, words.sentence).height()


def _paint(
    painter: QPainter,
    words: Words,
    picture: Picture,
    draw: Callable[[QPainter, QRectF], None],
    size: QSize,
    theme: Theme,
) -> None:
    """The title, the sentence, when it is of, the picture, and how to read it."""
    left, top, wide = MARGIN, MARGIN, size.width()
    lines = (
        (words.title, theme.ui("title", 600), "text_strong", theme.px(24)),
        (words.sentence, theme.ui("body"), "text", _sentence_height(words, size, theme)),
        (words.about, theme.ui("small"), "text_muted", theme.px(22)),
    )
    for text, font, token, tall in lines:
        painter.setFont(font)
        painter.setPen(theme.colour(token))
        painter.drawText(QRect(left, top, wide, tall), Qt.TextFlag.TextWordWrap, plain_text(text))
        top += tall
    draw(painter, QRectF(left, top, wide, size.height()))
    painter.setFont(theme.ui("small"))
    painter.setPen(theme.colour("text_muted"))
    below = QRect(left, top + size.height(), wide, theme.px(20))
    painter.drawText(below, Qt.AlignmentFlag.AlignBottom, picture.hint)
