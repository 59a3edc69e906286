"""All classes as bars with numbers, in the order of the classes; a bar and its number are always of the same answer."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.painting.kept_layer import KeptLayer
from dgstudio.studio.theme.theme import DARK, Theme

LEAST_ROW, MOST_ROW = 16, 36
TALL_ROW, WIDE_ROW = 28, 330
"""From here on a row has larger type. In the theme's pixels, as those above."""
BAR = 14
"""How thick a bar is at most, in a row that is not taller."""
UNSURE = 0.45
"""Opacity of bars that are no answer: it is unsure, however long they are."""
LEAST_COLUMN = 170
NAMES = 0.4
"""The part of a row that names have at most: one long name makes no bar short."""
MOST_ROWS = 12
COLUMN_GAP = 22


@dataclass(frozen=True, slots=True)
class Bar:
    """One class: its permanent id, name and colour ("#rrggbb")."""

    class_id: int
    name: str
    colour: str


class ClassBars(QWidget):
    """Probabilities, 0..1. Classes that find no room are told of in the last row: never the top class, nor, where the
    answer is unsure, the likeliest.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._bars: list[Bar] = []
        self._inks: list[QColor] = []
        self._numbers: dict[int, float] = {}
        self._top: int | None = None
        self.threshold = 0.0
        self._ground = KeptLayer()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Probabilities of all classes")
        may_elide_names(self)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(360), self.theme.px(90))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(120), self.theme.px(34))

    # -- what it shows -----------------------------------------------------------------------------------------

    def set_bars(self, bars: list[Bar]) -> None:
        """Show these classes."""
        if bars != self._bars:
            self._bars = list(bars)
            self._paint_anew()

    def set_numbers(self, numbers: dict[int, float], top: int | None) -> None:
        """Show these probabilities, in bars and figures; `top` is printed stronger, what is unknown as a dash."""
        if numbers != self._numbers or top != self._top:
            self._numbers, self._top = dict(numbers), top
            words = ", ".join(f"{name} {text}" for name, text in self.figures())
            self.setAccessibleDescription(words)
            self._paint_anew()

    def set_threshold(self, threshold: float) -> None:
        """Mark the probability below which an answer is unsure; 0: none."""
        if threshold != self.threshold:
            self.threshold = threshold
            self._paint_anew()

    @property
    def unsure(self) -> bool:
        """Whether there are numbers, and no class is the answer."""
        return self._top is None and bool(self._numbers)

    def drawn(self, class_id: int) -> float:
        """How long a class's bar is, 0..1: as its number says."""
        number = self._numbers.get(class_id, 0.0)
        return min(1.0, max(0.0, number)) if math.isfinite(number) else 0.0

    def figures(self) -> list[tuple[str, str]]:
        """Return (name, printed number) of every class, in order."""
        return [(bar.name, self._figure(bar.class_id)) for bar in self._bars]

    def shown(self) -> tuple[list[Bar], int]:
        """Return the classes that have a row, in order, and how many have none."""
        columns, rows = self.grid()
        fit = columns * rows
        if len(self._bars) <= fit:
            return self._bars, 0
        kept = self._bars[: fit - 1]
        first = self._top if self._top is not None else self._likeliest()
        top = next((bar for bar in self._bars[fit - 1 :] if bar.class_id == first), None)
        if top is not None and kept:
            kept = [*kept[:-1], top]
        return kept, len(self._bars) - len(kept)

    def grid(self) -> tuple[int, int]:
        """Return how many columns and rows there are."""
        theme = self.theme
        rows = max(2, min(MOST_ROWS, self.height() // theme.px(LEAST_ROW)))
        gap = theme.px(COLUMN_GAP)
        most = max(1, (self.width() + gap) // (theme.px(LEAST_COLUMN) + gap))
        columns = min(most, max(1, math.ceil(len(self._bars) / rows)))
        # Shared out evenly: no column with one class beside a full one.
        return columns, min(rows, max(1, math.ceil(len(self._bars) / columns)))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._paint_anew()

    def _likeliest(self) -> int | None:
        known = {class_id: number for class_id, number in self._numbers.items() if math.isfinite(number)}
        return max(known, key=lambda class_id: known[class_id], default=None)

    def _paint_anew(self) -> None:
        self._ground.forget()
        self.update()

    def _figure(self, class_id: int) -> str:
        number = self._numbers.get(class_id)
        return f"{number:.2f}" if number is not None and math.isfinite(number) else "–"

    # -- painting ----------------------------------------------------------------------------------------------

    def _cells(self, count: int) -> tuple[list[QRectF], float, float]:
        # The cells of `count` rows, the width of the names and that of the numbers.
        px = self.theme.px
        (columns, rows), gap = self.grid(), px(COLUMN_GAP)
        wide = (self.width() - gap * (columns - 1)) / columns
        tall = min(self.height() / rows, float(px(MOST_ROW)))
        cells = [QRectF((place // rows) * (wide + gap), (place % rows) * tall, wide, tall) for place in range(count)]
        name, number = self._types(tall, wide)
        metrics = QFontMetrics(self.theme.ui(name))
        names = max((metrics.horizontalAdvance(bar.name) for bar in self._bars), default=0) + px(12)
        numbers = QFontMetrics(self.theme.mono(number)).horizontalAdvance("0.00") + px(8)
        return cells, float(min(max(names, px(62)), NAMES * wide)), float(numbers)

    def _types(self, tall: float, wide: float) -> tuple[str, str]:
        """The sizes of names and of numbers in a row."""
        large = tall >= self.theme.px(TALL_ROW) and wide >= self.theme.px(WIDE_ROW)
        return ("title", "bar") if large else ("body", "small")

    def _track(self, cell: QRectF, names: float, numbers: float) -> QRectF:
        tall = min(cell.height() * 0.62, max(self.theme.length(BAR), cell.height() * 0.56))
        box = QRectF(cell.left() + names, 0, max(4.0, cell.width() - names - numbers), tall)
        box.moveTop(round(cell.center().y() - tall / 2))
        return box

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        if not self._bars:
            return
        painter = QPainter(self)
        self._ground.draw(painter, QRectF(self.rect()), self.devicePixelRatioF(), self._paint_ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        bars, more = self.shown()
        cells, names, numbers = self._cells(len(bars) + (more > 0))
        for bar, cell, ink in zip(bars, cells, self._inks, strict=False):
            track = self._track(cell, names, numbers)
            # Even nothing leaves a sliver in the class's colour: it is its key.
            wide = max(3.0, track.width() * self.drawn(bar.class_id))
            painter.setBrush(ink)
            painter.drawRoundedRect(QRectF(track.left(), track.top(), wide, track.height()), 2, 2)
            if self.threshold > 0:
                x = track.left() + track.width() * self.threshold
                line = QRectF(x - 0.5, track.top() - 2, 1.5, track.height() + 4)
                painter.fillRect(line, self.theme.colour("warning"))

    def _paint_ground(self, painter: QPainter) -> None:
        theme = self.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        bars, more = self.shown()
        opacity = UNSURE if self.unsure else 1.0
        self._inks = [theme.colour(theme.visible(bar.colour), opacity) for bar in bars]
        cells, names, numbers = self._cells(len(bars) + (more > 0))
        type_of_names, type_of_numbers = self._types(cells[0].height(), cells[0].width())
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for bar, cell in zip(bars, cells, strict=False):
            top = bar.class_id == self._top
            font = theme.ui(type_of_names, 600 if top else 400)
            painter.setFont(font)
            painter.setPen(theme.colour("text_strong" if top else "text"))
            name = QFontMetrics(font).elidedText(bar.name, Qt.TextElideMode.ElideRight, int(names - theme.px(8)))
            painter.drawText(QRectF(cell.left(), cell.top(), names, cell.height()), left, name)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("control"))
            painter.drawRoundedRect(self._track(cell, names, numbers), 2, 2)
            painter.setFont(theme.mono(type_of_numbers))
            painter.setPen(theme.colour("text" if top else "text_muted"))
            painter.drawText(cell, right, self._figure(bar.class_id))
        if more:
            painter.setFont(theme.ui("small"))
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(cells[-1], left, self.more_text())

    def more_text(self) -> str:
        """What the last row says of the classes that have none; empty where all have."""
        bars, more = self.shown()
        if not more:
            return ""
        kept = {bar.class_id for bar in bars}
        rest = sum(value for class_id, value in self._numbers.items() if class_id not in kept and math.isfinite(value))
        return f"and {more} more, {rest:.2f} together"

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            lines = [f"{name}  {number}" for name, number in self.figures()]
            if self.threshold > 0:
                lines.append(f"Below {self.threshold:.2f}, where the line stands, the answer is unsure")
            lines.append("Probability that the snapshot gives each class, softmax of its logits")
            QToolTip.showText(event.globalPos(), "\n".join(lines[-40:]), self)
            return True
        return super().event(event)
