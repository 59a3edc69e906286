"""From what a network's answers were read, as a picture: a whole sheet, or one that is still being written."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.theme.format import grouped
from dgstudio.studio.theme.theme import DARK, Theme

TALL, SHEET, GAP, LINES = 34, 22, 10, 5
"""Height of the line, width of the sheet, space beside it, in the theme's pixels; lines that are written on it."""
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Reads:
    """How many answers were read, and how many of them from arrays that were being written or never were a version."""

    reads: int = 0
    torn: int = 0
    unpublished: int = 0


class ReadsLine(QWidget):
    """Paints the sheet and a sentence. Half-written: its upper lines are new, its lower ones still old."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._reads = Reads()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("What answers were read from")

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(200), self.theme.px(TALL))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(100), self.theme.px(TALL))

    @property
    def whole(self) -> bool:
        """Whether every answer came from a whole version."""
        return not (self._reads.torn or self._reads.unpublished)

    def say(self, reads: Reads) -> None:
        """Show these."""
        if reads != self._reads:
            self._reads = reads
            self.setToolTip(
                f"{grouped(reads.reads)} answers: {grouped(reads.torn)} torn (the arrays changed while they were "
                f"read), {grouped(reads.unpublished)} from a state that was never a version"
            )
            self.setAccessibleDescription(self.words())
            self.update()

    def words(self) -> str:
        """Return the sentence."""
        reads = self._reads
        half = reads.torn + reads.unpublished
        if not half:
            return "every answer from a whole version"
        return f"{grouped(half)} answer{'s' if half > 1 else ''} from a half-learned network"

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        theme, tall = self.theme, float(self.height())
        wide = float(theme.px(SHEET))
        self._paint_sheet(painter, QRectF(1, 1, wide, tall - 2))
        painter.setFont(theme.ui("body"))
        painter.setPen(theme.colour("text" if not self.whole else "text_muted"))
        left = wide + theme.px(GAP)
        room = QRectF(left, 0, self.width() - left, tall)
        painter.drawText(room, LEFT | Qt.TextFlag.TextWordWrap, self.words())

    def _paint_sheet(self, painter: QPainter, sheet: QRectF) -> None:
        theme, ear = self.theme, sheet.width() * 0.28
        old, new = theme.colour("good" if self.whole else "text_muted"), theme.colour("bad")
        outline = QPolygonF(
            [
                sheet.topLeft(),
                QPointF(sheet.right() - ear, sheet.top()),
                QPointF(sheet.right(), sheet.top() + ear),
                sheet.bottomRight(),
                sheet.bottomLeft(),
            ]
        )
        painter.setBrush(theme.colour("control"))
        painter.setPen(QPen(theme.colour("border_strong"), max(1.0, sheet.width() / 16)))
        painter.drawPolygon(outline)
        step, margin = sheet.height() / (LINES + 1.2), sheet.width() * 0.18
        written = LINES if self.whole else LINES // 2
        for line in range(LINES):
            y = sheet.top() + step * (line + 1.1)
            right = sheet.right() - margin - (ear if line == 0 else 0)
            if not self.whole and line == written:
                # The line at which the writer is: half of it is new.
                right -= (sheet.width() - 2 * margin) / 2
            painter.setPen(QPen(old if self.whole or line > written else new, max(1.5, step * 0.34)))
            painter.drawLine(QPointF(sheet.left() + margin, y), QPointF(right, y))
