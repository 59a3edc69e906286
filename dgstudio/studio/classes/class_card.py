"""The card of one class: colour, key, name, count, lamp and the latest examples; held to record."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.streams.camera.small_picture import picture_of
from dgstudio.studio.bridge.state import ClassCard, Lamp
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.common.widgets.chip import paint_key_cap
from dgstudio.studio.painting.kept_layer import KeptLayer
from dgstudio.studio.painting.thumbnails import draw_picture, draw_sketch, sketch
from dgstudio.studio.theme.theme import DARK, Theme, mix

COMPACT = 30
"""Logical pixels of a card that has no room for its latest examples."""
HEIGHTS = (80, 66, 53)
"""Logical pixels of a card with its latest examples, by how much room there is."""
NO_KEY = "no key: hold here"
HOLD_MS = 300
"""A pointer that presses a card for so long records; let go sooner, it has only selected it."""
ARMING_MS = 20
"""How often the card shows that it is about to record."""
LEFT = 43
"""Logical pixels left of the name: colour bar and key cap."""
THUMB_GAP, THUMB_SHAPE = 4, 1.6
"""Logical pixels between two examples; how many times wider than tall one is, at least."""
ABOVE, BELOW = 27, 7
"""Logical pixels over the examples, where the name stands, and under them."""
LAMP_WORDS = {
    Lamp.EMPTY: "no examples yet",
    Lamp.NOT_LEARNABLE: "has examples that cannot be learned under the contract",
    Lamp.OUT_OF_DATE: "has examples that are not learned yet",
    Lamp.LEARNING: "is being learned",
    Lamp.UP_TO_DATE: "everything labelled is learned and serving",
}
LAMP_INKS = {
    Lamp.EMPTY: "border_strong",
    Lamp.NOT_LEARNABLE: "bad",
    Lamp.OUT_OF_DATE: "warning",
    Lamp.LEARNING: "accent_text",
    Lamp.UP_TO_DATE: "good",
}
WHAT_TO_DO = "Open the learning bank wider (L), protect what it knows now, or take labels back"
MENU_WORDS = "A click selects it, a double click renames it; right-click (or the menu key) for key, colour and removal."
NONE, ALT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.AltModifier
WISHES = {
    (NONE, Qt.Key.Key_F2): "rename",
    (NONE, Qt.Key.Key_Delete): "remove",
    (NONE, Qt.Key.Key_Menu): "menu",
    (Qt.KeyboardModifier.ShiftModifier, Qt.Key.Key_F10): "menu",
    (ALT, Qt.Key.Key_Up): "up",
    (ALT, Qt.Key.Key_Down): "down",
}


class ClassCardWidget(QWidget):
    """A card. A click selects it: it has the focus then, and its keys and menu mean it.

    `pressed` and `released` tell of a pointer that presses it and stays, or of Enter on the focused card: recording
    begins when the card has filled. `asked` tells of what else is wished for of the class: "menu", "rename",
    "remove", "up", "down".
    """

    pressed = Signal(object)
    released = Signal(object)
    asked = Signal(object, object)

    def __init__(self, card: ClassCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.card = card
        self._recording_s: float | None = None
        self._down = False
        self._begun = QElapsedTimer()
        self._arming = QTimer(self)
        """Runs while the pointer presses the card and it does not record yet."""
        self._arming.setInterval(ARMING_MS)
        self._arming.timeout.connect(self._arm)
        self._tall = HEIGHTS[-1]
        self._strip = KeptLayer()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover, True)
        may_elide_names(self)
        self.set_card(card)

    @property
    def recording(self) -> bool:
        """Whether the card shows that its class is being recorded."""
        return self._recording_s is not None

    def set_card(self, card: ClassCard) -> None:
        """Show a newer state of the class."""
        if card == self.card and self.toolTip():
            return
        self.card = card
        info, lamp = card.info, lamp_words(card)
        self.setAccessibleName(f"Class {info.name}")
        self.setAccessibleDescription(f"key {' then '.join(info.key) or 'none'}, {card.count} examples, {lamp}")
        first, last = info.key[:-1], info.key[-1:]
        hold = f"Press {first}, then hold {last}," if first else f"Hold {last}"
        how = f"{hold} or press here and stay, while you perform it" if info.key else "Press here and stay to record"
        counts = self.counts()[0] if card.learnable else f"{card.count} examples"
        self.setToolTip(
            f"{info.name}: {counts}; {lamp}.\n{how}; a tap of the key labels the last half second.\n{MENU_WORDS}"
        )
        self.update()

    @property
    def compact(self) -> bool:
        """Whether the latest examples are left out."""
        return self._tall == COMPACT

    def set_tall(self, tall: int) -> None:
        """Be as tall as one of `HEIGHTS`, or `COMPACT`: the latest examples are left out then."""
        if tall != self._tall:
            self._tall = tall
            self._strip.forget()
            self.updateGeometry()
            self.update()

    def counts(self) -> tuple[str, ...]:
        """Return what the card says of its examples, the fullest first."""
        card = self.card
        if not card.learnable:
            return (f"{card.count}",)
        learned = f"{card.learnable} " + ("learned" if card.lamp == Lamp.UP_TO_DATE else "kept")
        windows = f"{card.count} window{'s' if card.count != 1 else ''}"
        return f"{windows} · {learned}", learned, f"{card.count}"

    def set_recording(self, seconds: float | None) -> None:
        """Glow with the seconds recorded so far, or stop glowing (None)."""
        if seconds != self._recording_s:
            self._recording_s = seconds
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._strip.forget()
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(160), self.theme.px(self._tall))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(120), self.theme.px(self._tall))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._begun.start()
            self._arming.start()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() == Qt.MouseButton.LeftButton:
            self._let_go()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._let_go()
        if event.button() == Qt.MouseButton.LeftButton:
            self.asked.emit(self.card.info.id, "rename")

    def _arm(self) -> None:
        """Fill a little more, and begin to record when full."""
        if self._begun.elapsed() >= HOLD_MS:
            self._arming.stop()
            self._down = True
            self.pressed.emit(self.card.info.id)
        self.update()

    def _let_go(self) -> None:
        """The pointer or the key is up, or the card has lost the focus: whatever was begun ends."""
        if self._arming.isActive():
            self._arming.stop()
            self.update()
        if self._down:
            self._down = False
            self.released.emit(self.card.info.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat() and not self._down:
                self._down = True
                self.pressed.emit(self.card.info.id)
            return
        wish = WISHES.get((event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier, Qt.Key(event.key())))
        if wish is not None:
            self.asked.emit(self.card.info.id, wish)
            return
        event.ignore()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: D102
        self.asked.emit(self.card.info.id, "menu")

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self._let_go()
            return
        event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        self._let_go()
        super().focusOutEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        theme, info = self.theme, self.card.info
        colour, box = QColor(info.colour), QRectF(self.rect())
        self._paint_ground(painter, box, colour)
        cap_font = theme.mono("tiny")
        wide, tall = theme.px(21), theme.px(18)
        if info.key:
            cap = QRectF(theme.px(13), box.center().y() - tall / 2 + 1, wide, tall)
            ink = theme.colour("text_strong" if self.recording else "text")
            paint_key_cap(painter, cap, info.key, theme, cap_font, ink)
        left, right, top = theme.px(LEFT), box.right() - theme.px(10), theme.px(6 if self.compact else 7)
        gap = theme.px(10)
        line = theme.px(18)
        font = theme.ui("body", 600)
        room = right - left - QFontMetrics(font).horizontalAdvance(info.name) - gap
        taken = self._paint_right(painter, QRectF(left, top, right - left, line), colour, room)
        painter.setFont(font)
        painter.setPen(theme.colour("text_strong"))
        name = QFontMetrics(font).elidedText(
            info.name, Qt.TextElideMode.ElideRight, max(10, int(right - left - taken - gap))
        )
        row = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(left, top, right - left - taken - 2, line), row, name)
        if self.compact:
            if not info.key:
                begin = left + QFontMetrics(font).horizontalAdvance(name) + gap
                self._paint_no_key(painter, QRectF(begin, top, max(0.0, right - taken - gap - begin), line))
            return
        under = QRectF(left, theme.px(ABOVE), right - left, box.height() - theme.px(ABOVE) - theme.px(BELOW))
        if not info.key:
            under.setLeft(under.left() + self._paint_no_key(painter, under) + gap)
        if self.card.thumbs:
            if min(under.width(), under.height()) < 1:
                return
            # Painted once for these examples and this theme: cards repaint at every frame while recording.
            key = (tuple(id(window) for window in self.card.thumbs), theme, info)
            wide, tall = int(under.width()), int(under.height())
            self._strip.draw(
                painter,
                QRectF(under.left(), under.top(), wide, tall),
                self.devicePixelRatioF(),
                lambda strip: self._paint_thumbs(strip, wide, tall),
                key=key,
            )
        else:
            painter.setFont(theme.ui("small"))
            painter.setPen(theme.colour("text_muted"))
            words = "no examples yet" if not self.card.count else f"{self.card.count} examples"
            painter.drawText(under, row, words)

    def _paint_ground(self, painter: QPainter, box: QRectF, colour: QColor) -> None:
        theme, edge = self.theme, self.theme.length(5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ground(colour))
        painter.drawRoundedRect(box, edge, edge)
        if self._arming.isActive():
            filled = min(1.0, self._begun.elapsed() / HOLD_MS)
            painter.setBrush(mix(theme.colour("raised"), colour, 0.3))
            painter.drawRoundedRect(QRectF(box.left(), box.top(), box.width() * filled, box.height()), edge, edge)
        painter.save()
        painter.setClipRect(QRectF(box.left(), box.top(), edge, box.height()), Qt.ClipOperation.IntersectClip)
        painter.setBrush(colour)
        painter.drawRoundedRect(box, edge, edge)
        painter.restore()
        if self.recording or self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colour if self.recording else theme.colour("accent_hover"), 2))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), edge, edge)

    def _paint_no_key(self, painter: QPainter, rect: QRectF) -> int:
        """Say how a class without a key is recorded; returns how wide that is."""
        painter.setFont(self.theme.ui("tiny"))
        painter.setPen(self.theme.colour("text_muted"))
        metrics = QFontMetrics(painter.font())
        words = metrics.elidedText(NO_KEY, Qt.TextElideMode.ElideRight, int(rect.width()))
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        return metrics.horizontalAdvance(words)

    def _ground(self, colour: QColor) -> QColor:
        theme = self.theme
        if self.recording:
            return mix(theme.colour("raised"), colour, 0.22)
        return theme.colour("control_hover" if self.underMouse() else "raised")

    def _paint_right(self, painter: QPainter, line: QRectF, colour: QColor, room: float) -> float:
        # Counts and lamp, or the seconds while recording; returns how much room that took. `room` is what the name
        # leaves free.
        theme = self.theme
        font = theme.mono("small")
        painter.setFont(font)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if self._recording_s is not None:
            text = f"REC {self._recording_s:.1f} s"
            painter.setPen(theme.colour(theme.readable(colour.name(), self._ground(colour).name())))
            painter.drawText(line, right, text)
            return QFontMetrics(font).horizontalAdvance(text)
        size, font = theme.length(8), theme.ui("tiny")
        free = size + theme.px(7)
        painter.setFont(font)
        metrics = QFontMetrics(font)
        text = next((text for text in self.counts() if metrics.horizontalAdvance(text) + free <= room), "")
        text = text or self.counts()[-1]
        painter.setPen(theme.colour("text"))
        painter.drawText(line.adjusted(0, 0, -free, 0), right, text)
        self._paint_lamp(painter, QRectF(line.right() - size, line.center().y() - size / 2 + 1, size, size))
        return QFontMetrics(font).horizontalAdvance(text) + free

    def _paint_lamp(self, painter: QPainter, rect: QRectF) -> None:
        # The shape tells as much as the colour: ring, crossed, half, dotted ring, full.
        theme, lamp = self.theme, self.card.lamp
        ink = theme.colour(LAMP_INKS[lamp])
        painter.setBrush(ink if lamp == Lamp.UP_TO_DATE else Qt.BrushStyle.NoBrush)
        style = Qt.PenStyle.DotLine if lamp == Lamp.LEARNING else Qt.PenStyle.SolidLine
        pen = theme.length(1.5)
        inner = rect.adjusted(pen / 2, pen / 2, -pen / 2, -pen / 2)
        painter.setPen(QPen(ink, pen, style))
        painter.drawEllipse(inner)
        if lamp == Lamp.NOT_LEARNABLE:
            middle, arm = rect.center(), theme.length(2)
            painter.drawLine(middle - QPointF(arm, arm), middle + QPointF(arm, arm))
            painter.drawLine(middle - QPointF(arm, -arm), middle + QPointF(arm, -arm))
        if lamp == Lamp.OUT_OF_DATE:
            painter.setBrush(ink)
            painter.drawPie(inner, 90 * 16, 180 * 16)

    def _paint_thumbs(self, painter: QPainter, wide: int, tall: int) -> None:
        gap = self.theme.px(THUMB_GAP)
        fit = max(1, (wide + gap) // (round(THUMB_SHAPE * tall) + gap))
        # What is left over is shared out, so that the strip ends where the card's text does.
        each = (wide + gap) / fit - gap
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        windows = self.card.thumbs[-fit:]
        pictures = [picture_of(window) for window in windows]
        for place, pixels in enumerate(pictures):
            if pixels is not None:
                draw_picture(painter, pixels, QRectF(place * (each + gap), 0, each, tall))
        lines = [] if any(pixels is not None for pixels in pictures) else sketch(windows, 40)
        for place, line in enumerate(lines):
            rect = QRectF(place * (each + gap), 0, each, tall)
            painter.fillRect(rect, self.theme.colour("well"))
            painter.setPen(QPen(self.theme.colour(self.theme.visible(self.card.info.colour)), 1))
            draw_sketch(painter, line, rect)


def lamp_words(card: ClassCard) -> str:
    """What the lamp of a card says; where examples wait, why, and what to do."""
    lamp = LAMP_WORDS[card.lamp]
    if card.why is None:
        return lamp
    return f"{lamp}: {card.why.words}" + (f". {WHAT_TO_DO}" if card.lamp == Lamp.NOT_LEARNABLE else "")
