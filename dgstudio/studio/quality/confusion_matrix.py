"""The confusion matrix: rows labelled, columns answered, unsure last; any cell can be looked into."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dgstudio.engine.evaluation.quality_report import QualityData, QualityReport
from dgstudio.records import dataclass
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.painting.kept_layer import KeptLayer
from dgstudio.studio.theme.format import percent
from dgstudio.studio.theme.theme import DARK, Theme, mix

LINE = 17
"""Logical pixels of the lines above and below the matrix."""
MOST_WIDE, MOST_TALL = 96, 46
"""The largest cell."""
READABLE = 36
"""Columns narrower than this carry the number of the class instead of its name."""
ROOMY = 15
"""Rows lower than this are set in the smallest type."""
GAP = 5
"""Between the classes and what is no class: unsure, recall, precision."""
STRONGEST = 0.6
"""Share of its colour in a cell that holds all of its row: text stays readable on it."""
ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
CORNER = "label ↓ answer →"
UNITS = {QualityData.TRUTH: "answer", QualityData.PROTECTED: "input"}
"""What the matrix counts; of all else takes."""

Cell = tuple[int, int]


def unit_of(kind: QualityData, count: float = 2) -> str:
    """Return what a report on this data counts, in the plural unless `count` is 1."""
    return UNITS.get(kind, "take") + ("" if count == 1 else "s")


def counted(value: float) -> str:
    """Return a number of takes, of which there are parts: at most one decimal, nothing for nothing."""
    if value <= 0:
        return ""
    if abs(value - round(value)) < 0.05 and round(value) > 0:
        return f"{round(value)}"
    return "<.1" if value < 0.05 else f"{value:.1f}".removeprefix("0")


def share_words(value: float) -> str:
    """Return a share with two decimals, a dash where nothing can be said."""
    # Adding nothing turns −0 into 0.
    return "–" if math.isnan(value) else f"{round(value, 2) + 0.0:.2f}"


@dataclass(frozen=True, slots=True)
class _Places:
    """Where everything is drawn; `tail` and `foot` are 0 where recall and precision find no room."""

    names: float
    head: float
    wide: float
    tall: float
    tail: float
    foot: float
    count: int

    def cell(self, row: int, column: int) -> QRectF:
        unsure = GAP if column == self.count else 0
        return QRectF(
            self.names + column * self.wide + unsure, self.head + row * self.tall, self.wide - 1, self.tall - 1
        )

    def at(self, point: QPointF) -> Cell | None:
        for column in range(self.count + 1):
            for row in range(self.count):
                if self.cell(row, column).contains(point):
                    return row, column
        return None


class ConfusionView(QWidget):
    """`chosen` carries (row, column) of the cell that is looked into, or None; `pointed` tells that `under` changed.

    Cells are shaded by their share of the row: right ones in one colour, wrong ones in another, so that the diagonal
    is found at once; the number in a cell says the same.
    """

    chosen = Signal(object)
    pointed = Signal()

    def __init__(self, colour_of: Callable[[int], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.report: QualityReport | None = None
        self.cell: Cell | None = None
        """The cell that is looked into."""
        self._colour_of = colour_of
        self._cursor: Cell = (0, 0)
        self._hovered: Cell | None = None
        self._by_key = False
        self._still = KeptLayer()
        self.setAccessibleName("Confusion matrix")
        may_elide_names(self)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(360), self.theme.px(190))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(150), self.theme.px(80))

    # -- what is shown -------------------------------------------------------------------------------------------

    def show_report(self, report: QualityReport) -> None:
        """Show another report; the cell that is looked into stays, unless its classes are gone."""
        theme, before, self.report = self.theme, self.report, report
        same = before is not None and before.kind == report.kind and before.classes == report.classes
        if not same:
            self._cursor, self._hovered = (0, 0), None
            if self.cell is not None:
                self.look_into(None)
        line = theme.px(LINE)
        self.setMaximumHeight(2 * line + GAP + len(report.classes) * theme.px(MOST_TALL) + 2)
        self._draw_anew()

    def look_into(self, cell: Cell | None) -> None:
        """Look into a cell, or into none; `chosen` tells."""
        self.cell = cell
        if cell is not None:
            self._cursor = cell
        self._tell()
        self.chosen.emit(cell)

    @property
    def under(self) -> Cell | None:
        """The cell under the pointer, or else where the keys are, or else the one that is looked into."""
        return self._hovered or (self._cursor if self.hasFocus() and self._by_key else None) or self.cell

    def words(self, row: int, column: int) -> str:
        """Return what a cell holds, as a sentence."""
        report = self.report
        if report is None or not report.classes:
            return ""
        name, count = report.names[row], report.matrix[row, column]
        answer = f"answered as {report.names[column]}" if column < len(report.names) else "where it was unsure"
        if column == row:
            answer = "answered right"
        total = report.matrix[row].sum()
        if not total > 0:
            return f"{name}: no {unit_of(report.kind)} yet"
        whole = counted(total)
        share = percent(count / total)
        # The figures first: a long name must not push them out of sight.
        return f"{counted(count) or '0'} of {whole} {unit_of(report.kind, total)}, {share}: {name} {answer}"

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._draw_anew()

    def _draw_anew(self) -> None:
        self._still.forget()
        self._tell()

    def _tell(self) -> None:
        count = 0 if self.report is None else len(self.report.classes)
        if count:
            self._cursor = min(self._cursor[0], count - 1), min(self._cursor[1], count)
            self.setAccessibleDescription(self.words(*self._cursor))
        else:
            self.setAccessibleDescription("empty")
        self.update()
        self.pointed.emit()

    # -- pointer and keys ----------------------------------------------------------------------------------------

    def cell_at(self, point: QPointF) -> Cell | None:
        """Return the cell at a point of the widget."""
        return self._places().at(point) if self.report is not None else None

    def rect_of(self, row: int, column: int) -> QRectF:
        """Return where a cell is drawn."""
        return self._places().cell(row, column)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._hover(self.cell_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        found = self.cell_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and found is not None:
            self.look_into(None if found == self.cell else found)

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self.cell_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.words(*found) if found else HELP, self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        step = ARROWS.get(event.key())
        count = 0 if self.report is None else len(self.report.classes)
        if step is not None and count:
            row, column = self._cursor[0] + step[0], self._cursor[1] + step[1]
            self._cursor = min(max(row, 0), count - 1), min(max(column, 0), count)
            self._by_key = True
            self._tell()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and count and not event.isAutoRepeat():
            self.look_into(None if self._cursor == self.cell else self._cursor)
        elif event.key() == Qt.Key.Key_Escape and self.cell is not None:
            self.look_into(None)
        else:
            # Class keys and Space belong to whoever comes next.
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        self._by_key = event.reason() != Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)
        self._tell()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusOutEvent(event)
        self.update()
        self.pointed.emit()

    def _hover(self, found: Cell | None) -> None:
        if found != self._hovered:
            self._hovered = found
            self.setCursor(Qt.CursorShape.ArrowCursor if found is None else Qt.CursorShape.PointingHandCursor)
            self.update()
            self.pointed.emit()

    # -- drawing -------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._still.forget()

    def _places(self) -> _Places:
        assert self.report is not None, "asked only where there is a report"
        theme, count = self.theme, len(self.report.classes)
        metrics = QFontMetrics(theme.ui("small"))
        longest = max((metrics.horizontalAdvance(name) for name in self.report.names), default=0)
        line = theme.px(LINE)
        tail = theme.px(46)
        names = min(longest + theme.px(34), 0.3 * self.width())
        wide = (self.width() - names - tail - 2 * GAP) / (count + 1)
        if wide < 22:
            tail, names = 0, min(names, 0.22 * self.width())
            wide = (self.width() - names - 2 * GAP) / (count + 1)
        foot = line + GAP
        tall = (self.height() - line - foot) / max(1, count)
        if tall < 12:
            foot, tall = 0, (self.height() - line) / max(1, count)
        return _Places(names, line, min(wide, theme.px(MOST_WIDE)), min(tall, theme.px(MOST_TALL)), tail, foot, count)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        report = self.report
        if report is None or not report.classes:
            return
        painter = QPainter(self)
        self._still.draw(
            painter, QRectF(self.rect()), self.devicePixelRatioF(), lambda still: self._draw_still(still, report)
        )
        places = self._places()
        frames = [("border_strong", 1, self._hovered), ("text_strong", 2, self.cell)]
        if self.hasFocus() and self._by_key:
            frames.append(("accent_hover", 2, self._cursor))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for ink, wide, cell in frames:
            if cell is not None:
                painter.setPen(QPen(self.theme.colour(ink), wide))
                painter.drawRoundedRect(places.cell(*cell).adjusted(-0.5, -0.5, 0.5, 0.5), 2, 2)

    def fill_of(self, row: int, column: int) -> str:
        """Return the colour of a cell, "#rrggbb"."""
        report, theme = self.report, self.theme
        assert report is not None, "asked only where there is a report"
        total = float(report.matrix[row].sum())
        share = float(report.matrix[row, column]) / total if total > 0 else 0.0
        ink = theme.accent if row == column else theme.warning
        # Even a little is seen.
        level = (0.14 + (STRONGEST - 0.14) * share) if share > 0 else 0.0
        return mix(theme.colour("well"), QColor(ink), level).name()

    def _draw_still(self, painter: QPainter, report: QualityReport) -> None:
        theme, places = self.theme, self._places()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        numbered = places.wide < theme.px(READABLE)
        self._draw_names(painter, report, places, numbered)
        font = theme.mono("small" if places.tall >= theme.px(ROOMY) else "tiny")
        figures = QFontMetrics(font)
        painter.setFont(font)
        for row in range(places.count):
            for column in range(places.count + 1):
                box, fill = places.cell(row, column), self.fill_of(row, column)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(fill))
                painter.drawRoundedRect(box, 2, 2)
                value = float(report.matrix[row, column])
                text = counted(value)
                if value >= 0.5 and figures.horizontalAdvance(text) > box.width():
                    # Rounded rather than left out; the words say it in full.
                    text = f"{round(value)}"
                if text and figures.horizontalAdvance(text) <= box.width() and figures.capHeight() < box.height():
                    painter.setPen(QColor(theme.readable(theme.text, on=fill)))
                    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        self._draw_margins(painter, report, places)

    def _draw_names(self, painter: QPainter, report: QualityReport, places: _Places, numbered: bool) -> None:
        theme = self.theme
        left, centre = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignCenter
        tiny = QFontMetrics(theme.ui("tiny"))
        painter.setFont(theme.ui("tiny"))
        painter.setPen(theme.colour("text_muted"))
        room = int(places.names - 4)
        fits = tiny.horizontalAdvance(CORNER) <= room
        corner = CORNER if fits else tiny.elidedText("label ↓", Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(0, 0, places.names, places.head), left, corner)
        for column in range(places.count + 1):
            box = places.cell(0, column)
            name = report.names[column] if column < places.count else "unsure"
            beyond = theme.px(3)
            short = tiny.elidedText(name, Qt.TextElideMode.ElideRight, int(box.width()) + 2 * beyond)
            if column == places.count and (numbered or short != name):
                short = "?"
            elif numbered:
                short = str(column + 1)
            painter.drawText(QRectF(box.left() - 4, 0, box.width() + 8, places.head), centre, short)
        for row in range(places.count):
            box = QRectF(0, places.cell(row, 0).top(), places.names, places.tall - 1)
            side = min(theme.px(8), box.height() - 2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.visible(self._colour_of(report.classes[row]))))
            painter.drawRoundedRect(QRectF(1, box.center().y() - side / 2, side, side), 2, 2)
            size = "small" if places.tall >= theme.px(ROOMY) else "tiny"
            font = QFontMetrics(theme.ui(size))
            if box.height() <= font.capHeight():
                continue
            painter.setFont(theme.ui(size))
            painter.setPen(theme.colour("text"))
            number = f"{row + 1} " if numbered else ""
            room = int(places.names - theme.px(14) - 6)
            name = font.elidedText(f"{number}{report.names[row]}", Qt.TextElideMode.ElideRight, room)
            painter.drawText(box.adjusted(theme.px(14), 0, 0, 0), left, name)

    def _draw_margins(self, painter: QPainter, report: QualityReport, places: _Places) -> None:
        theme = self.theme
        centre = Qt.AlignmentFlag.AlignCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        tiny, figures = theme.ui("tiny"), theme.mono("tiny")
        painter.setPen(theme.colour("text_muted"))
        if places.tail:
            edge = places.cell(0, places.count).right() + GAP
            painter.setFont(tiny)
            painter.drawText(QRectF(edge, 0, places.tail, places.head), centre, "recall")
            painter.setFont(figures)
            for row in range(places.count):
                box = QRectF(edge, places.cell(row, 0).top(), places.tail, places.tall - 1)
                if box.height() > QFontMetrics(figures).capHeight():
                    painter.drawText(box, centre, share_words(float(report.recall[row])))
        if places.foot:
            top = places.cell(places.count - 1, 0).bottom() + GAP - 1
            painter.setFont(tiny)
            short = QFontMetrics(tiny).elidedText("precision", Qt.TextElideMode.ElideRight, int(places.names - 8))
            painter.drawText(QRectF(0, top, places.names - 8, theme.px(LINE)), right, short)
            painter.setFont(figures)
            for column in range(places.count):
                box = places.cell(0, column)
                text = share_words(float(report.precision[column]))
                if QFontMetrics(figures).horizontalAdvance(text) <= box.width():
                    line = QRectF(box.left() - 4, top, box.width() + 8, theme.px(LINE))
                    painter.drawText(line, centre, text)


HELP = (
    "Rows: what was labelled. Columns: what was answered. Shaded by the share of the row.\n"
    "Recall: of the labels of a class, how many were answered right. Precision: of the answers, how many were right.\n"
    "Arrows move, Enter looks into a cell."
)
