"""The panel "Which one was this?": recent moments the model was least sure of, to be labelled with one key."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QSizePolicy, QWidget

from dgstudio.studio.state import Commands, Frame, StudioState
from dgstudio.studio.theme import DARK, Theme
from dgstudio.studio.widgets.classcard import draw_sketch, sketch
from dgstudio.studio.widgets.panel import PanelFrame
from dgstudio.types import F32, Reading

TITLE = "Which one was this?"
EMPTY = "Nothing doubtful of late. Moments that the model is least sure of wait here for a name."
TILE_WIDTH = 80
MOST_TILES = 8


class MomentTile(QAbstractButton):
    """One doubtful moment: its trace, and the two classes between which the model wavered."""

    def __init__(self, reading: Reading, guesses: list[tuple[str, float]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.reading = reading
        self.guesses = guesses
        self.trace: F32 | None = None
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        words = " or ".join(f"{name} {share:.2f}" for name, share in guesses) or "no answer"
        self.setAccessibleName(f"Moment at {reading.end:.1f} s: {words}")
        self.setToolTip(f"{words}, at {reading.end:.1f} s.\nClick it, then press the key of the class that it was.")

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(TILE_WIDTH), self.theme.px(92))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(60, self.theme.px(64))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
        elif event.key() == Qt.Key.Key_Space:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        theme = self.theme
        line = theme.px(16)
        captions = self.guesses[:2]
        box = QRectF(0.5, 0.5, self.width() - 1, self.height() - 1 - line * len(captions) - 3)
        edge = "accent" if self.isChecked() else "border_strong" if self.underMouse() else "raised"
        if self.hasFocus():
            edge = "accent_hover"
        painter.setPen(QPen(theme.colour(edge), 2 if self.isChecked() or self.hasFocus() else 1))
        painter.setBrush(theme.colour("accent_soft" if self.isChecked() else "raised"))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        if self.trace is not None:
            painter.setPen(QPen(theme.colour("text_muted"), 1))
            draw_sketch(painter, self.trace, box.adjusted(5, 4, -5, -3))
        else:
            painter.setFont(theme.mono("tiny"))
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{self.reading.end:.1f} s")
        font, figures = theme.ui("tiny"), theme.mono("tiny")
        for place, (name, share) in enumerate(captions):
            row = QRectF(1, box.bottom() + 3 + place * line, self.width() - 2, line)
            number = f"{share:.2f}"[1:] if share < 1 else "1"
            wide = QFontMetrics(figures).horizontalAdvance(number)
            painter.setFont(figures)
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
            painter.setFont(font)
            painter.setPen(theme.colour("text" if place == 0 else "text_muted"))
            short = QFontMetrics(font).elidedText(name, Qt.TextElideMode.ElideRight, int(row.width() - wide - 6))
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, short)


class UncertainPanel(PanelFrame):
    """Newest first, as many as there is room for. Choosing one marks its stretch; the next class key labels it."""

    chosen = Signal(object)

    def __init__(self, state: StudioState, commands: Commands, parent: QWidget | None = None) -> None:
        super().__init__(TITLE, parent=parent)
        self._state, self._commands = state, commands
        self._traces: dict[int, F32] = {}
        self._shown: tuple[object, ...] = ()
        self.tiles: list[MomentTile] = []
        self.empty = QLabel(EMPTY)
        self.empty.setObjectName("empty")
        self.empty.setWordWrap(True)
        self._row = QHBoxLayout()
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(10)
        self.body.addWidget(self.empty, 1)
        self.body.addLayout(self._row, 1)
        state.changed.connect(self._on_changed)
        self._fill()

    def update_frame(self, frame: Frame) -> None:
        """Keep the trace of each doubtful moment while it is still in view."""
        for reading in self._state.uncertain:
            if reading.hop in self._traces or not len(frame.times) or reading.start < frame.times[0]:
                continue
            inside = slice(*np.searchsorted(frame.times, (reading.start, reading.end + 1e-9)))
            if frame.times[inside].size > 1:
                self._traces[reading.hop] = sketch([frame.values[inside]], 60)[0]
                for tile in self.tiles:
                    if tile.reading.hop == reading.hop:
                        tile.trace = self._traces[reading.hop]
                        tile.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.empty.setFont(theme.ui("small"))
        for tile in self.tiles:
            tile.theme = theme
            tile.updateGeometry()
            tile.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fill()

    def _on_changed(self, topic: object) -> None:
        if topic in ("uncertain", "classes", "source"):
            self._fill()
        elif topic == "selection":
            span = self._state.selection
            for tile in self.tiles:
                tile.setChecked(span == (tile.reading.start, tile.reading.end))
            self._say()

    def _fill(self) -> None:
        readings = self._state.uncertain
        fit = max(1, min(MOST_TILES, (self.width() - 14) // self.theme.px(TILE_WIDTH + 10)))
        shown = readings[:fit]
        known = {reading.hop for reading in readings}
        self._traces = {hop: trace for hop, trace in self._traces.items() if hop in known}
        key = (fit, *((reading.hop, *self._guesses(reading)) for reading in shown))
        self._say()
        if key == self._shown and self.tiles:
            return
        self._shown = key
        for tile in self.tiles:
            self._row.removeWidget(tile)
            tile.deleteLater()
        self.tiles = []
        for reading in shown:
            tile = MomentTile(reading, self._guesses(reading))
            tile.theme, tile.trace = self.theme, self._traces.get(reading.hop)
            tile.setChecked(self._state.selection == (reading.start, reading.end))
            tile.clicked.connect(lambda on, reading=reading: self._choose(reading, on))
            self._row.addWidget(tile)
            self.tiles.append(tile)
        self.empty.setVisible(not shown)

    def _choose(self, reading: Reading, on: bool) -> None:
        self._state.set_selection((reading.start, reading.end) if on else None)
        self.chosen.emit(reading if on else None)

    def _say(self) -> None:
        count = len(self._state.uncertain)
        if any(tile.isChecked() for tile in self.tiles):
            self.set_right("press its key")
        else:
            self.set_right(f"{count} uncertain" if count else "")

    def _guesses(self, reading: Reading) -> list[tuple[str, float]]:
        order = np.argsort(-reading.probabilities, kind="stable")[:2]
        return [(self._state.name_of(reading.classes[place]), float(reading.probabilities[place])) for place in order]
