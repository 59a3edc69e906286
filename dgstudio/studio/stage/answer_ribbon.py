"""The ribbon of answers over the last seconds: a colour a class, red beneath where it was wrong."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.painting.ribbons import Span, paint_ribbon
from dgstudio.studio.painting.time_line import paint_cursor
from dgstudio.studio.theme.theme import DARK, Theme

TALL, LINE, AXIS = 24, 5, 17
"""Heights of the ribbon, of the red line beneath it, and of the words under that, in the theme's pixels."""
GAP = 3
Look = Callable[[int | str | None], tuple[QColor, QColor, str]]


class AnswerRibbon(QWidget):
    """Shows `view_s` seconds of stream time that end at `now`; all halves show the same ones.

    Parameters
    ----------
    look
        Gives fill, ink and name of a class id.
    """

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._look = look
        self._answers: list[Span] = []
        self._wrong: list[Span] = []
        self._view = (0.0, 1.0)
        self._wall_s = 1.0
        self._moment: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Answers of the last seconds")
        may_elide_names(self)
        self.setToolTip("What was answered in the last seconds; red beneath: it was wrong, as far as that is known")

    def sizeHint(self) -> QSize:  # noqa: D102
        px = self.theme.px
        return QSize(self.theme.px(200), px(TALL) + px(GAP) + px(LINE) + px(AXIS))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(100), self.sizeHint().height())

    def show_stretch(
        self,
        now: float,
        view_s: float,
        wall_s: float,
        answers: list[Span],
        wrong: list[Span],
        moment: float | None = None,
    ) -> None:
        """Show the answers up to stream time `now`; `wall_s` is how many seconds of the wall the view is long.

        `moment` is where the time cursor stands; None: the view follows.
        """
        self._view, self._wall_s, self._moment = (now - view_s, now), wall_s, moment
        self._answers, self._wrong = answers, wrong
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme, wide = self.theme, float(self.width())
        tall, line, gap = theme.px(TALL), theme.px(LINE), theme.px(GAP)
        font = theme.ui("body", 600)
        painter.setFont(font)
        band = QRectF(0, 0, wide, tall)
        painter.fillRect(band, theme.colour("well"))
        paint_ribbon(painter, band, self._answers, self._view, self._look, QFontMetrics(font))
        start, end = self._view
        per_s = wide / max(end - start, 1e-9)
        for span in self._wrong:
            left, right = max(0.0, (span.start - start) * per_s), min(wide, (span.end - start) * per_s)
            if right > left:
                painter.fillRect(QRectF(left, tall + gap, max(2.0, right - left), line), theme.colour("bad"))
        if self._moment is not None:
            paint_cursor(painter, theme, (self._moment - start) * per_s, 0, tall + gap + line)
            return
        painter.setFont(theme.ui("small"))
        painter.setPen(theme.colour("text_muted"))
        words = QRectF(0, tall + gap + line, wide, theme.px(AXIS))
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, f"{self._wall_s:.0f} s ago")
        painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "now")
