"""The reliability diagram: how often answers of some confidence are right, beside how often they should be."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.engine.runtime.metrics import BINS, Reliability
from dgstudio.studio.common.widgets.elided_label import BETWEEN, fitting
from dgstudio.studio.quality.confusion_matrix import share_words
from dgstudio.studio.theme.theme import DARK, Theme

LINE = 16
AXIS = "bar: share right · mark: confidence"


class ReliabilityChart(QWidget):
    """One bar a bin: its height is the share that was right; the mark across it is the mean confidence.

    Bars should end at their marks. Below the bars, how much of all answers lies in each bin.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.diagram: Reliability | None = None
        self.setAccessibleName("Reliability diagram")
        self.setToolTip(
            f"Answers sorted by their confidence into {BINS} bins of equal width. A bar shows how many of them were\n"
            "right, the mark across it how sure they were: bars below their mark are too sure, above it not sure\n"
            "enough. ECE, the expected calibration error, is the mean distance, weighted by how many answers lie in\n"
            "a bin. Answers that say “unsure” are left out. Below: the share of answers in each bin."
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(280), self.theme.px(120))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(120), self.theme.px(72))

    def show_diagram(self, diagram: Reliability) -> None:
        """Show another diagram."""
        self.diagram = diagram
        self.setAccessibleDescription(self.title())
        self.update()

    def title(self) -> str:
        """Return what stands above the diagram."""
        ece = share_words(self.diagram.ece) if self.diagram is not None else "–"
        return f"calibration: ECE {ece}{BETWEEN}{BINS} equal bins"

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme, line = self.theme, self.theme.px(LINE)
        tiny = QFontMetrics(theme.ui("tiny"))
        left = QFontMetrics(theme.mono("tiny")).horizontalAdvance("1.0") + 6
        strip = theme.px(8)
        plot = QRectF(left, line + 4, self.width() - left - 6, max(8, self.height() - 2 * line - strip - 10))
        painter.setFont(theme.ui("tiny"))
        painter.setPen(theme.colour("text"))
        title = fitting(self.title(), tiny, self.width() - left)
        painter.drawText(QRectF(plot.left(), 0, self.width(), line), Qt.AlignmentFlag.AlignVCenter, title)
        painter.fillRect(plot, theme.colour("well"))
        painter.setPen(QPen(theme.colour("grid"), 1))
        for share in (0.0, 0.5, 1.0):
            y = plot.bottom() - share * plot.height()
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
        painter.setPen(QPen(theme.colour("border_strong"), 1, Qt.PenStyle.DashLine))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.drawLine(plot.bottomLeft(), plot.topRight())
        painter.setFont(theme.mono("tiny"))
        painter.setPen(theme.colour("text_muted"))
        for share in (0.0, 1.0):
            y = plot.bottom() - share * plot.height()
            label = QRectF(0, y - line / 2, left - 6, line)
            painter.drawText(label, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{share:.1f}")
        painter.setFont(theme.ui("tiny"))
        below = QRectF(plot.left(), plot.bottom() + strip + 5, plot.width(), line)
        words = fitting(AXIS, tiny, plot.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, words)
        if self.diagram is not None:
            self._draw_bins(painter, plot, strip, self.diagram)

    def _draw_bins(self, painter: QPainter, plot: QRectF, strip: int, diagram: Reliability) -> None:
        theme, wide = self.theme, plot.width() / BINS
        total = float(diagram.weight.sum())
        for place in np.flatnonzero(diagram.weight > 0).tolist():
            x = plot.left() + place * wide
            tall = float(diagram.accuracy[place]) * plot.height()
            bar = QRectF(x + 2, plot.bottom() - tall, wide - 4, max(1.5, tall))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("base_unit"))
            painter.drawRect(bar)
            y = plot.bottom() - float(diagram.confidence[place]) * plot.height()
            painter.setPen(QPen(theme.colour("learned_unit"), 2))
            painter.drawLine(QPointF(x + 0.5, y), QPointF(x + wide - 0.5, y))
            share = float(diagram.weight[place]) / total
            deep = max(1.5, share * strip)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("text_muted"))
            painter.drawRect(QRectF(x + 2, plot.bottom() + 3, wide - 4, deep))
