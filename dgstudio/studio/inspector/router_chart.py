"""A bank's router against its threshold: over the answers of late, and over inputs of each kind."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.engine.inspection.bank_figures import BankFigures
from dgstudio.engine.inspection.inputs import InputKind
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import BankState

LINE, HISTOGRAM, CAPTION = 96, 46, 16
"""Logical pixels of the chart over time, of one histogram, of the words above."""
INKS = {InputKind.PROTECTED: "good", InputKind.EXAMPLE: "learned_unit", InputKind.LIVE: "base_unit"}
NAMES = {InputKind.PROTECTED: "protected", InputKind.EXAMPLE: "learned", InputKind.LIVE: "live, last 30 s"}
MOST_POINTS = 800


class RouterChart(QWidget):
    """Above, r over the last answers with τ as a line; below, how r is spread over protected, learned and live inputs.

    Open is to the right of the line in the histograms, above it over time.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.figures: BankFigures | None = None
        self.setAccessibleName("Router against threshold")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_figures(self, figures: BankFigures | None) -> None:
        """Show a bank, or nothing."""
        self.figures = figures
        if figures is not None:
            words = (f"{NAMES[each.kind]}: open on {each.open} of {each.count}" for each in figures.histograms)
            self.setAccessibleDescription("; ".join(words))
        self.updateGeometry()
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        kinds = 0 if self.figures is None else len(self.figures.histograms)
        px = self.theme.px
        return QSize(self.theme.px(280), px(CAPTION) + px(LINE) + kinds * (px(CAPTION) + px(HISTOGRAM)))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(160), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        figures = self.figures
        if figures is None:
            return
        painter, px = QPainter(self), self.theme.px
        top = float(px(CAPTION))
        self._caption(painter, 0, f"r over the answers of late · opens above τ {figures.tau:.2f}".replace("-", "−"), "")
        self._over_time(painter, QRectF(0, top, self.width(), px(LINE) - 6), figures)
        top += px(LINE)
        for each in figures.histograms:
            self._caption(painter, top, NAMES[each.kind], f"open on {each.open:,} of {each.count:,}")
            top += px(CAPTION)
            box = QRectF(0, top, self.width(), px(HISTOGRAM) - 6)
            self._histogram(painter, box, each.counts, figures, INKS[each.kind])
            top += px(HISTOGRAM)

    def _caption(self, painter: QPainter, top: float, left: str, right: str) -> None:
        theme, row = self.theme, QRectF(0, top, self.width(), self.theme.px(CAPTION))
        painter.setFont(theme.ui("tiny"))
        painter.setPen(theme.colour("text_muted"))
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, left)
        painter.setPen(theme.colour("text"))
        painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right)

    def _over_time(self, painter: QPainter, box: QRectF, figures: BankFigures) -> None:
        theme = self.theme
        painter.fillRect(box, theme.colour("well"))
        r = np.nan_to_num(figures.r.astype(np.float64))
        low, high = (
            min(float(r.min(initial=-1.0)), figures.tau) - 0.1,
            max(float(r.max(initial=1.0)), figures.tau) + 0.1,
        )

        def y_of(value: float) -> float:
            return box.bottom() - (value - low) / (high - low) * box.height()

        painter.setPen(QPen(theme.colour("warning"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(box.left(), y_of(figures.tau)), QPointF(box.right(), y_of(figures.tau)))
        if len(r) < 2:
            return
        rows = np.unique(np.linspace(0, len(r) - 1, MOST_POINTS).astype(int))
        span = max(float(figures.times[-1] - figures.times[0]), 1e-9)
        xs = box.left() + (figures.times[rows] - figures.times[0]) / span * box.width()
        points = QPolygonF([QPointF(float(x), y_of(float(value))) for x, value in zip(xs, r[rows], strict=True)])
        painter.setPen(QPen(theme.colour("base_unit"), 1))
        painter.drawPolyline(points)
        # Where it speaks, a bar at the bottom: told without the colour of the line.
        speaking = figures.states[rows] == BankState.SPEAKING
        for x in xs[speaking]:
            painter.fillRect(
                QRectF(float(x), box.bottom() - 3, max(1.0, box.width() / len(rows)), 3), theme.colour("learned_unit")
            )

    def _histogram(self, painter: QPainter, box: QRectF, counts: np.ndarray, figures: BankFigures, ink: str) -> None:
        theme, edges = self.theme, figures.edges
        painter.fillRect(box, theme.colour("well"))
        span, most = max(float(edges[-1] - edges[0]), 1e-9), max(int(counts.max(initial=0)), 1)

        def x_of(value: float) -> float:
            return box.left() + (value - float(edges[0])) / span * box.width()

        for left, right, count in zip(edges[:-1], edges[1:], counts.tolist(), strict=True):
            if count:
                # By the root: a few beside hundreds are what matters here.
                tall = max(1.5, (count / most) ** 0.5 * (box.height() - 2))
                wide = max(1.0, x_of(float(right)) - x_of(float(left)) - 1)
                painter.fillRect(QRectF(x_of(float(left)), box.bottom() - tall, wide, tall), theme.colour(ink))
        painter.setPen(QPen(theme.colour("warning"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x_of(figures.tau), box.top()), QPointF(x_of(figures.tau), box.bottom()))
