"""Chips: buttons painted from parts (text, key cap, dot, icon), the segmented switch, and single key caps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.theme.icons import paint_icon
from dgstudio.studio.theme.theme import DARK, Theme

HEIGHT = 30
PADDING = 10
GAP = 7
RADIUS = 6
DOT = 9


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a chip.

    `colour` is a token ("" = the kind's own). Parts with `level` above 0 are left out first where room is short:
    the highest level goes first. `width` is the least width, so that changing figures do not shift the bar.
    """

    kind: Literal["text", "strong", "muted", "mono", "key", "dot", "icon"]
    text: str
    colour: str = ""
    level: int = 0
    width: int = 0


def paint_key_cap(painter: QPainter, rect: QRectF, text: str, theme: Theme, font: QFont, ink: QColor) -> None:
    """Draw a key of a keyboard: a rounded frame, its lower edge heavier."""
    line = min(1.0, theme.scale)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(theme.colour("border_strong"), line))
    painter.setBrush(theme.colour("well"))
    round_, half = theme.length(3.5), line / 2
    painter.drawRoundedRect(rect.adjusted(half, half, -half, -half), round_, round_)
    left, right, low = rect.left() + round_, rect.right() - round_, rect.bottom() - 1.5 * line
    painter.drawLine(QPointF(left, low), QPointF(right, low))
    painter.setFont(font)
    painter.setPen(ink)
    painter.drawText(rect.adjusted(0, -line, 0, -line), Qt.AlignmentFlag.AlignCenter, text)


class Chip(QAbstractButton):
    """A rounded button (or a plain label, with `clickable=False`) made of parts.

    It takes the focus by Tab only: a click leaves it where it was, so that Space stays with the stream.
    """

    def __init__(self, name: str, parts: list[Part], *, clickable: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._parts = parts
        self._level = 9
        self._size = "body"
        self.fixed_width = 0
        """Logical pixels that the chip always takes, for one whose words change all the time; 0 = as its parts do."""
        self._edge = ""
        self._fill = ""
        self._clickable = clickable
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if clickable else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the chip is made of."""
        return tuple(self._parts)

    def text_shown(self) -> str:
        """Return the words of the parts that are shown, parted by spaces."""
        return " ".join(part.text for part in self._visible() if part.kind not in ("dot", "icon"))

    def set_parts(self, parts: list[Part]) -> None:
        """Show other parts; nothing happens if they are the same."""
        if parts != self._parts:
            wide = self._width_at(self._level)
            self._parts = parts
            if self._width_at(self._level) != wide:
                self.updateGeometry()
            self.setAccessibleDescription(self.text_shown())
            self.update()

    def set_part(self, index: int, text: str, colour: str | None = None) -> None:
        """Change the text (and colour) of one part."""
        part = self._parts[index]
        changed = replace(part, text=text, colour=part.colour if colour is None else colour)
        self.set_parts([*self._parts[:index], changed, *self._parts[index + 1 :]])

    def set_edge(self, edge: str, fill: str = "") -> None:
        """Draw the frame (and the ground) in other tokens; "" is the usual."""
        if (edge, fill) != (self._edge, self._fill):
            self._edge, self._fill = edge, fill
            self.update()

    def set_level(self, level: int) -> None:
        """Leave out parts above `level`."""
        if level != self._level:
            self._level = level
            self.updateGeometry()
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def set_size(self, size: str) -> None:
        """Set the size of type, one of `SIZES`."""
        if size != self._size:
            self._size = size
            self.updateGeometry()
            self.update()

    def width_at(self, level: int) -> int:
        """Return the width that the chip would have at this level."""
        return self._width_at(level)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self._width_at(self._level), self.theme.px(HEIGHT))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return self.sizeHint()

    def nextCheckState(self) -> None:  # noqa: D102
        # What is shown as chosen follows the state, never the click alone.
        return

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        # Return as well as Space presses a focused button; a key that is no use here goes to the window.
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._clickable and not event.isAutoRepeat():
            self.click()
        elif event.key() == Qt.Key.Key_Space and self._clickable:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def _corner(self, less: float = 0.0) -> tuple[float, float]:
        radius = self.theme.length(RADIUS) - less
        return radius, radius

    def _visible(self) -> list[Part]:
        return [part for part in self._parts if part.level <= self._level and (part.text or part.width)]

    def _type(self, part: Part) -> tuple[bool, str, int]:
        """Whether a part is written in figures of equal width, its size and its weight."""
        if part.kind in ("key", "mono"):
            return True, "tiny" if part.kind == "key" else "small", 400
        return False, self._size, 600 if part.kind == "strong" else 400

    def _font(self, part: Part) -> QFont:
        mono, size, weight = self._type(part)
        return self.theme.mono(size, weight) if mono else self.theme.ui(size, weight)

    def _part_width(self, part: Part) -> int:
        if part.kind == "dot":
            return self.theme.px(DOT)
        if part.kind == "icon":
            return self.theme.px(15)
        mono, size, weight = self._type(part)
        wide = _text_width(part.text, mono, size, weight, self.theme.scale)
        return max(part.width, wide + self.theme.px(12)) if part.kind == "key" else max(part.width, wide)

    def _width_at(self, level: int) -> int:
        if self.fixed_width:
            return self.theme.px(self.fixed_width)
        shown = [part for part in self._parts if part.level <= level and (part.text or part.width)]
        padding, gap = self.theme.px(PADDING), self.theme.px(GAP)
        return 2 * padding + sum(self._part_width(part) for part in shown) + gap * max(0, len(shown) - 1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        theme, over = self.theme, self._clickable and self.underMouse() and self.isEnabled()
        fill = self._fill or ("accent_soft" if self.isChecked() else "control_hover" if over else "control")
        edge = self._edge or ("accent" if self.isChecked() else "border_strong" if over else "border")
        if self.hasFocus():
            edge = "accent_hover"
        if self.isDown():
            fill = "well"
        painter.setPen(QPen(theme.colour(edge), 2 if self.hasFocus() else 1))
        painter.setBrush(theme.colour(fill))
        inset = 1.0 if self.hasFocus() else 0.5
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), *self._corner())
        x = theme.px(PADDING)
        for part in self._visible():
            wide = self._part_width(part)
            self._paint_part(painter, part, QRect(x, 0, wide, self.height()))
            x += wide + theme.px(GAP)

    def _paint_part(self, painter: QPainter, part: Part, rect: QRect) -> None:
        theme = self.theme
        usual = {"strong": "text_strong", "muted": "text_muted", "mono": "text_muted", "key": "text_muted"}
        ink = theme.colour(part.colour or usual.get(part.kind, "text"))
        if not self.isEnabled():
            ink = theme.colour("text_faint")
        if part.kind == "dot":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            side = theme.length(DOT)
            painter.drawEllipse(QRectF(rect.left(), (self.height() - side) / 2, side, side))
            return
        if part.kind == "icon":
            side = self.theme.px(15)
            square = QRect(rect.left(), (self.height() - side) // 2, side, side)
            paint_icon(painter, part.text, square, ink)
            return
        if part.kind == "key":
            tall = theme.px(17)
            cap = QRectF(rect.left(), (self.height() - tall) / 2, rect.width(), tall)
            paint_key_cap(painter, cap, part.text, theme, self._font(part), ink)
            return
        painter.setFont(self._font(part))
        painter.setPen(ink)
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, part.text)


@lru_cache(maxsize=1024)
def _text_width(text: str, mono: bool, size: str, weight: int, scale: float) -> int:
    """Kept, as a bar that looks for what fits asks for each of its chips a dozen times."""
    theme = DARK.scaled(scale)
    return QFontMetrics(theme.mono(size, weight) if mono else theme.ui(size, weight)).horizontalAdvance(text)


class _Segment(Chip):
    """One choice of a segmented switch; drawn by its switch's rounded frame, filled where chosen."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        theme, box = self.theme, QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent" if self.isEnabled() else "control_hover"))
            painter.drawRoundedRect(box, *self._corner(1))
        elif self.underMouse() and self.isEnabled():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("control_hover"))
            painter.drawRoundedRect(box, *self._corner(1))
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("text_strong" if self.isChecked() else "accent_hover"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(1.5, 1.5, -1.5, -1.5), *self._corner(2))
        painter.setFont(theme.ui(self._size, 600 if self.isChecked() else 400))
        ink = "on_accent" if self.isChecked() else "text"
        painter.setPen(theme.colour(ink if self.isEnabled() else "text_muted" if self.isChecked() else "text_faint"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.parts[0].text)


class Segmented(QWidget):
    """A row of which one is chosen; `chosen` carries the key of what the user asked for, `choose` shows it."""

    chosen = Signal(object)

    def __init__(self, name: str, choices: Sequence[tuple[str, str, str]], parent: QWidget | None = None) -> None:
        """`choices`: (key, text, tooltip) each."""
        super().__init__(parent)
        self.theme: Theme = DARK
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.segments: dict[str, Chip] = {}
        for key, text, tooltip in choices:
            # Chosen text is heavier: measured as such, so that choosing moves nothing.
            segment = _Segment(f"{name}: {text}", [Part("strong", text)])
            segment.setCheckable(True)
            segment.setToolTip(tooltip)
            segment.clicked.connect(lambda _checked=False, key=key: self.chosen.emit(key))
            row.addWidget(segment)
            self.segments[key] = segment

    def choose(self, key: str) -> None:
        """Show `key` as chosen, without a signal; an unknown key shows none."""
        for name, segment in self.segments.items():
            segment.setChecked(name == key)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        for segment in self.segments.values():
            segment.apply_theme(theme)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(self.theme.colour("border"), 1))
        painter.setBrush(self.theme.colour("control"))
        radius = self.theme.length(RADIUS)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)


class KeyCap(QWidget):
    """One key, drawn as on a keyboard."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.text = text
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        wide = QFontMetrics(self.theme.mono("tiny")).horizontalAdvance(self.text)
        return QSize(max(self.theme.px(20), wide + self.theme.px(12)), self.theme.px(18))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        ink = self.theme.colour("text_muted")
        paint_key_cap(QPainter(self), QRectF(self.rect()), self.text, self.theme, self.theme.mono("tiny"), ink)
