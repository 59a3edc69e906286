"""Examples as small cards in a row: a picture of each, where it is from, and how much it adds."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.inspector.waterfall import signed
from dgstudio.studio.painting.thumbnails import Thumbnails
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import F32

WIDE, TALL, LOW, GAP = 96, 58, 40, 6
"""Logical pixels of the smallest card, of the height of one where none has a picture, and between two."""
MOST_ACROSS, MOST = 5, 1.7
"""Cards in a row, at most: where there is more room they are larger, at most so many times."""


NO_SIGNAL = "no signal kept"


@dataclass(frozen=True, slots=True, eq=False)
class ExampleCard:
    """One example: its window (n, channels) where that is known, class and words, and how much it adds."""

    example_id: int
    name: str
    colour: str
    caption: str
    amount: float
    window: F32 | None
    when: float | None = None
    """Stream time of its end, where it is of this run."""


class ExampleStrip(QWidget):
    """All cards, in as many rows as they need. `chosen` carries the id of the one that was chosen, or None;
    `opened`, on a double click or Enter, the stream time of its end, where it is known.
    """

    chosen = Signal(object)
    opened = Signal(float)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.cards: tuple[ExampleCard, ...] = ()
        self.selected: int | None = None
        self._thumbs = Thumbnails()
        self.setAccessibleName(name)
        may_elide_names(self)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_cards(self, cards: Sequence[ExampleCard]) -> None:
        """Show these; the selected one stays so if it is among them."""
        self.cards = tuple(cards)
        if self.selected is not None and all(card.example_id != self.selected for card in cards):
            self._choose(None)
        self.setAccessibleDescription(
            "; ".join(f"{card.name}, {card.caption}, {signed(card.amount)}" for card in self.cards)
        )
        self.updateGeometry()
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._thumbs.clear()
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        across, _, tall = self._shape(max(self.width(), 200))
        rows = -(-len(self.cards) // across)
        return QSize(self.theme.px(320), max(0, rows * (tall + GAP) - GAP))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(WIDE), self.sizeHint().height())

    def places(self) -> list[QRect]:
        """Return where each card lies."""
        across, each, tall = self._shape(self.width())
        return [
            QRect(round(place % across * (each + GAP)), place // across * (tall + GAP), round(each), tall)
            for place in range(len(self.cards))
        ]

    def _shape(self, wide: int) -> tuple[int, float, int]:
        """How many cards stand in a row of so many pixels, how wide each is, and how tall."""
        least = self.theme.px(WIDE)
        across = min(max(1, (wide + GAP) // (least + GAP)), MOST_ACROSS)
        # What is left over is shared out, so that the rows end where the panel does.
        each, larger = (wide + GAP) / across - GAP, 1.0
        if across == MOST_ACROSS:
            larger = min(max(1.0, each / least), MOST)
            each = min(each, larger * least)
        # Those of the base come without a window: there is nothing to draw.
        pictured = any(card.window is not None for card in self.cards)
        return across, each, round(larger * self.theme.px(TALL)) if pictured else self.theme.px(LOW)

    def resizeEvent(self, event: QEvent) -> None:  # noqa: D102
        self.updateGeometry()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        point = event.position().toPoint()
        found = next((card for card, at in self._shown() if at.contains(point)), None)
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose(None if found is None or found.example_id == self.selected else found.example_id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        point = event.position().toPoint()
        self._open(next((card for card, at in self._shown() if at.contains(point)), None))

    def _open(self, card: ExampleCard | None) -> None:
        if card is not None and card.when is not None:
            self.opened.emit(card.when)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(next((card for card in self.cards if card.example_id == self.selected), None))
            return
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or not self.cards:
            event.ignore()
            return
        ids = [card.example_id for card, _ in self._shown()]
        at = ids.index(self.selected) + step if self.selected in ids else 0
        self._choose(ids[min(max(at, 0), len(ids) - 1)])

    def let_go(self) -> None:
        """Select none."""
        if self.selected is not None:
            self._choose(None)

    def _choose(self, example_id: int | None) -> None:
        self.selected = example_id
        self.update()
        self.chosen.emit(example_id)

    def _shown(self) -> list[tuple[ExampleCard, QRect]]:
        return list(zip(self.cards, self.places(), strict=False))

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            card = next((card for card, at in self._shown() if at.contains(event.pos())), None)
            words = "" if card is None else f"example of {card.name}, {card.caption}: adds {signed(card.amount)}"
            if card is not None and card.when is not None:
                words += "\nA double click shows the moment that it was taken at"
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter, theme = QPainter(self), self.theme
        line, metrics = theme.px(16), QFontMetrics(theme.ui("tiny"))
        for card, at in self._shown():
            selected = card.example_id == self.selected
            box = QRectF(at).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(QPen(theme.colour("accent" if selected else "border"), 2 if selected else 1))
            painter.setBrush(theme.colour("accent_soft" if selected else "raised"))
            painter.drawRoundedRect(box, 5, 5)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            inner = at.adjusted(5, 4, -5, -line - 2)
            wide, tall, ratio = inner.width(), inner.height(), self.devicePixelRatioF()
            self._thumbs.draw(painter, inner.topLeft(), card.window, card.colour, wide, tall, ratio, theme)
            if card.window is None and tall >= 2 * line:
                # Beside others that have one. A protected input of the base has none: it ships features only.
                painter.setFont(theme.ui("tiny"))
                painter.setPen(theme.colour("text_muted"))
                painter.drawText(inner.adjusted(0, line - 4, 0, 0), Qt.AlignmentFlag.AlignCenter, NO_SIGNAL)
            row = QRect(at.left() + 5, at.bottom() - line, at.width() - 10, line)
            amount = signed(card.amount)
            painter.setFont(theme.mono("tiny"))
            painter.setPen(theme.colour(theme.readable(card.colour, "raised")))
            painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, amount)
            wide = row.width() - QFontMetrics(painter.font()).horizontalAdvance(amount) - 6
            painter.setFont(theme.ui("tiny"))
            painter.setPen(theme.colour("text_muted"))
            # What has no room is told by the tooltip.
            caption = card.caption if metrics.horizontalAdvance(card.caption) <= wide else ""
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, caption)
            name = metrics.elidedText(card.name, Qt.TextElideMode.ElideRight, inner.width() - 6)
            # It lies on the picture, whose line would run through it.
            ground = QRect(inner.left(), inner.top(), metrics.horizontalAdvance(name) + 6, metrics.height())
            painter.fillRect(ground, theme.colour("well", 0.8))
            painter.setPen(theme.colour(theme.readable(card.colour, "well")))
            painter.drawText(inner.adjusted(3, 0, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, name)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("accent_hover"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
