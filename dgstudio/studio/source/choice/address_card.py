"""What is typed into an app on a phone: this machine's address and the port, as words and as a QR code."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from dgstudio.studio.theme.theme import DARK, LIGHT, Theme

SIDE = 116
"""Logical pixels of the QR code with its margin."""
QUIET = 4
"""Modules of white around it, as the standard asks for."""


class AddressCard(QWidget):
    """Says where a phone sends to. `show_address` is called whenever that changes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.code = QrCode()
        self.how = QLabel("Type into the app on your phone:")
        self.how.setObjectName("muted")
        self.address, self.port, self.others = QLabel(""), QLabel(""), QLabel("")
        self.others.setObjectName("muted")
        selectable = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        for label, name in ((self.address, "Address"), (self.port, "Port")):
            label.setTextInteractionFlags(selectable)
            label.setAccessibleName(name)
        for label in (self.how, self.others):
            label.setWordWrap(True)
        words = QVBoxLayout()
        words.setSpacing(2)
        for label in (self.how, self.address, self.port, self.others):
            words.addWidget(label)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(14)
        row.addWidget(self.code, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def show_address(self, addresses: tuple[str, ...], port: int) -> None:
        """Show the first of this machine's addresses large, the others beneath; none: it is on no network."""
        if not addresses:
            self.address.setText("This machine is on no network.")
            self.port.setText("")
            self.others.setText("Join the network that the phone is on.")
            self.code.show_text("")
            return
        self.address.setText(addresses[0])
        self.port.setText(f"port {port}")
        rest = ", ".join(addresses[1:3])
        more = f"This machine is {rest}, too, on other networks." if rest else ""
        self.others.setText(more or "Phone and computer must be on the same network.")
        self.code.show_text(f"{addresses[0]}:{port}")

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        for label in (self.how, self.others):
            label.setFont(theme.ui("small"))
        self.address.setFont(theme.mono("title"))
        self.port.setFont(theme.mono("title"))
        self.code.apply_theme(theme)


class QrCode(QWidget):
    """A QR code, dark on light in every theme, for that is what cameras read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.text = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("QR code")

    def show_text(self, text: str) -> None:
        """Show the code of another text; none for ""."""
        self.text = text
        self.setToolTip(text)
        self.setAccessibleDescription(text)
        self.setVisible(bool(text))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        side = self.theme.px(SIDE)
        return QSize(side, side)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        if not self.text:
            return
        painter, rows = QPainter(self), modules(self.text)
        painter.fillRect(self.rect(), LIGHT.colour("surface"))
        # Whole pixels for each module: none is wider than its neighbour.
        ratio = self.devicePixelRatioF()
        side = int(min(self.width(), self.height()) * ratio / (len(rows) + 2 * QUIET)) / ratio
        left = (self.width() - side * len(rows)) / 2
        top = (self.height() - side * len(rows)) / 2
        ink = LIGHT.colour("text_strong")
        for y, row in enumerate(rows):
            for x, dark in enumerate(row):
                if dark:
                    painter.fillRect(QRectF(left + x * side, top + y * side, side, side), ink)


@lru_cache(maxsize=8)
def modules(text: str) -> tuple[tuple[bool, ...], ...]:
    """Return the rows of a text's QR code: whether each module is dark."""
    # Only here: hardly any start shows a code.
    import segno

    return tuple(tuple(bool(module) for module in row) for row in segno.make(text, micro=False).matrix)
