"""How the time cursor looks, the same in every panel with a time axis."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from dgstudio.studio.theme.theme import Theme

INK = "warning"
"""Colour token of the cursor, and of all that says that something past is shown."""

STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
"""Seconds that may lie between two marks of an axis."""


def axis_marks(span: float, behind: float, pixels: float, metrics: QFontMetrics) -> Iterator[tuple[float, str]]:
    """Yield the marks of an axis that shows `span` seconds on `pixels`, its right end `behind` seconds ago.

    Each is how far it lies from the right end, as a share of the axis, and its figure: "0 s", "−2".
    """
    # As many seconds between two marks as their figures need.
    wide = metrics.horizontalAdvance(f"−{span + behind:.0f} s") + 14
    span = max(span, 1e-9)
    step = next((step for step in STEPS if step / span * pixels >= wide), STEPS[-1])
    for k in range(ceil(behind / step - 1e-6), int((behind + span) / step + 1e-6) + 1):
        yield (k * step - behind) / span, "0 s" if k == 0 else f"−{round(k * step, 6):g}"


def ago(seconds: float, *, tenths: bool = True) -> str:
    """Return how long before the live edge, or before the stop, a moment lies: "−12.4 s", "0 s" as on an axis."""
    if seconds < (0.05 if tenths else 0.5):
        return "0 s"
    return f"−{seconds:.1f} s" if tenths and seconds < 100 else f"−{seconds:.0f} s"


def paint_cursor(painter: QPainter, theme: Theme, x: float, top: float, bottom: float) -> None:
    """Paint the cursor's line at a pixel across, from one pixel down to another."""
    wide = max(1.0, theme.length(2))
    painter.fillRect(QRectF(round(x) - wide / 2, top, wide, bottom - top), theme.colour(INK))


def moment_wide(theme: Theme) -> int:
    """Return how wide the box is at most in which `paint_moment` writes, in logical pixels."""
    return QFontMetrics(theme.mono("tiny", 600)).horizontalAdvance("−888.8 s") + theme.px(12)


def paint_moment(painter: QPainter, theme: Theme, x: float, row: QRectF, behind: float) -> None:
    """Paint into the row of an axis, under the cursor, how many seconds the moment lies behind the live edge."""
    painter.setFont(theme.mono("tiny", 600))
    words = ago(behind)
    wide = QFontMetrics(painter.font()).horizontalAdvance(words) + theme.px(12)
    left = min(max(row.left(), x - wide / 2), row.right() - wide)
    box = QRectF(left, row.top(), wide, row.height())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour(INK))
    painter.drawRoundedRect(box, 3, 3)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(theme.colour("surface")))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
