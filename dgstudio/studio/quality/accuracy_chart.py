"""Running accuracy over takes, or over the versions that were measured: of all so far, and of the last twenty."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.engine.evaluation.quality_report import QualityData, QualityReport
from dgstudio.engine.runtime.metrics import LATELY
from dgstudio.studio.common.widgets.elided_label import fitting
from dgstudio.studio.quality.confusion_matrix import share_words
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import F64

LINE = 16
MOST_DOTS = 120
"""Above so many takes their own scores would only be a haze."""


class AccuracyChart(QWidget):
    """Accuracy 0..1 upwards, takes to the right, the newest at the edge. Painted when a report comes, not before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.report: QualityReport | None = None
        self.setAccessibleName("Accuracy over takes")
        self.setToolTip(
            f"Thick: the last {LATELY}. Thin: all so far. Dots: each take's share of windows that were answered right."
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(280), self.theme.px(120))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(120), self.theme.px(64))

    def show_report(self, report: QualityReport) -> None:
        """Show another report."""
        self.report = report
        self.setAccessibleDescription(", ".join(text for text, _, _ in self.legend()) + "; " + self.axis())
        self.update()

    def legend(self) -> list[tuple[str, str, float]]:
        """Return (words, colour token, width of the line) of what is drawn."""
        report = self.report
        if report is None or not len(report.line):
            return []
        if report.versions:
            return [(f"by version, now {share_words(float(report.line[-1]))}", "accent_text", 2.0)]
        entries = [(f"all so far {share_words(float(report.line[-1]))}", "text_muted", 1.5)]
        if len(report.line) > 1:
            entries.append((f"last {LATELY} {share_words(float(report.late[-1]))}", "accent_text", 2.0))
        return entries

    def axis(self) -> str:
        """Return what runs from left to right."""
        report = self.report
        if report is None or not len(report.line):
            return ""
        if report.versions:
            first, last = report.versions[0], report.versions[-1]
            return f"v{last}" if first == last else f"v{first} … v{last}, as measured"
        count = len(report.line)
        what = "stretch" if report.kind == QualityData.TRUTH else "take"
        plural = "stretches of one truth" if report.kind == QualityData.TRUTH else "takes"
        return f"1 {what}" if count == 1 else f"{count} {plural}, oldest left"

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        theme, line = self.theme, self.theme.px(LINE)
        figures = QFontMetrics(theme.mono("tiny"))
        left = figures.horizontalAdvance("1.0") + 6
        plot = QRectF(left, line + 4, self.width() - left - 6, max(8, self.height() - 2 * line - 8))
        painter.fillRect(plot, theme.colour("well"))
        painter.setFont(theme.mono("tiny"))
        for share in (0.0, 0.5, 1.0):
            y = plot.bottom() - share * plot.height()
            painter.setPen(QPen(theme.colour("grid"), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(theme.colour("text_muted"))
            label = QRectF(0, y - line / 2, left - 6, line)
            painter.drawText(label, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{share:.1f}")
        self._draw_words(painter, plot, line)
        if self.report is not None and len(self.report.line):
            self._draw_lines(painter, plot, self.report)

    def _draw_words(self, painter: QPainter, plot: QRectF, line: int) -> None:
        theme = self.theme
        painter.setFont(theme.ui("tiny"))
        metrics = QFontMetrics(theme.ui("tiny"))
        x = plot.left()
        for words, ink, wide in self.legend():
            if x + 16 + metrics.horizontalAdvance(words) > self.width():
                # The figures above say it too.
                break
            painter.setPen(QPen(theme.colour(ink), wide))
            painter.drawLine(QPointF(x, line / 2), QPointF(x + 12, line / 2))
            painter.setPen(theme.colour("text"))
            painter.drawText(QRectF(x + 16, 0, plot.right() - x, line), Qt.AlignmentFlag.AlignVCenter, words)
            x += 16 + metrics.horizontalAdvance(words) + 14
        painter.setPen(theme.colour("text_muted"))
        below = QRectF(plot.left(), plot.bottom() + 3, plot.width(), line)
        short = fitting(self.axis(), metrics, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, short)

    def _draw_lines(self, painter: QPainter, plot: QRectF, report: QualityReport) -> None:
        theme, count = self.theme, len(report.line)
        inner = plot.adjusted(4, 0, -4, 0)
        if not report.versions and count <= MOST_DOTS:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("text_muted", 0.75))
            for point in _points(report.scores, inner):
                painter.drawEllipse(point, 1.8, 1.8)
        drawn = [(report.line, "accent_text" if report.versions else "text_muted", 2.0 if report.versions else 1.5)]
        if len(report.late) > 1:
            drawn.append((report.late, "accent_text", 2.0))
        for values, ink, wide in drawn:
            points = _points(values, inner)
            painter.setBrush(theme.colour(ink))
            if len(points) == 1:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.drawEllipse(points[0], 3, 3)
                continue
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour(ink), wide))
            painter.drawPolyline(QPolygonF(points))


def _points(values: F64, plot: QRectF) -> list[QPointF]:
    """Points of a line over the whole width, no more than there are pixels; NaN is left out."""
    count = len(values)
    most = max(2, int(plot.width()))
    places = np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(int)
    step = plot.width() / max(1, count - 1)
    middle = plot.width() / 2 if count == 1 else 0.0
    return [
        QPointF(plot.left() + middle + place * step, plot.bottom() - float(values[place]) * plot.height())
        for place in places.tolist()
        if not np.isnan(values[place])
    ]
