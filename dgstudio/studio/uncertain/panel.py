"""The panel "Which one was this?": recent moments the model was least sure of, to be labelled with one key."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from dgstudio.engine.evaluation.active_learning import SMALL_MARGIN, margin_of
from dgstudio.errors import BadInputError
from dgstudio.streams.camera.small_picture import picture_of
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.painting.thumbnails import busiest, draw_picture, draw_sketch, sketch
from dgstudio.studio.painting.time_line import ago
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import F32, U8, Reading, StreamKind, Unsure

TITLE = "Which one was this?"
EMPTY = "Nothing doubtful of late. Moments that the model is least sure of wait here for a name."
NAME_IT = "Press its key"
LATER = "later"
"""Stands at a moment that came after the view was stopped."""
UNSEEN = "no moment before had such a gate pattern"
NEW_PATTERN, STRANGE = "new pattern", "too strange"
CLOSE = "too close"
"""Why a moment is asked about of which the probabilities alone would not tell it."""
TILE_WIDTH, WIDEST_TILE = 80, 150
MOST_TILES = 8


class MomentTile(QAbstractButton):
    """One doubtful moment: its trace, and the two classes between which the model wavered."""

    def __init__(
        self, reading: Reading, guesses: list[tuple[str, float]], unseen: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.reading = reading
        self.guesses = guesses
        self.reason = reason_of(reading, unseen)
        self.trace: F32 | None = None
        self.pixels: U8 | None = None
        """What was seen, where the stream is one of pictures."""
        self.channel = ""
        """Which channel the trace is of."""
        self.when = ""
        """How long ago it was."""
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        words = " or ".join(f"{name} {share:.2f}" for name, share in guesses) or "no answer"
        words += f"; {UNSEEN}" if unseen else f"; {self.reason}" if self.reason else ""
        may_elide_names(self)
        self.setAccessibleName(f"Moment at {reading.end:.1f} s: {words}")
        how = "Click it, then press the key of the class that it was; N: none of them, S: skip."
        self.setToolTip(f"{words}, at {reading.end:.1f} s.\n{how}")

    def show_when(self, words: str) -> None:
        """Say how long ago it was."""
        if words != self.when:
            self.when = words
            self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(TILE_WIDTH), self.theme.px(92))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(60), self.theme.px(64))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.setMaximumWidth(theme.px(WIDEST_TILE))
        self.updateGeometry()
        self.update()

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
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
        if self.pixels is not None:
            draw_picture(painter, self.pixels, box.adjusted(3, line, -3, -3), whole=True)
            painter.setFont(theme.ui("tiny"))
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(box.adjusted(5, 1, -5, 0), right, self.when)
        elif self.trace is not None:
            painter.setPen(QPen(theme.colour("text_muted"), 1))
            draw_sketch(painter, self.trace, box.adjusted(5, line - 2, -5, -3))
            row = box.adjusted(5, 1, -5, 0)
            painter.setFont(theme.ui("tiny"))
            for words, side in ((self.channel, Qt.AlignmentFlag.AlignLeft), (self.when, Qt.AlignmentFlag.AlignRight)):
                painter.drawText(row, side | Qt.AlignmentFlag.AlignTop, words)
        else:
            painter.setFont(theme.mono("tiny"))
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{self.reading.end:.1f} s")
        font, figures = theme.ui("tiny"), theme.mono("tiny")
        for place, (name, share) in enumerate(captions):
            row = QRectF(1, box.bottom() + 3 + place * line, self.width() - 2, line)
            painter.setFont(font)
            if self.reason and place:
                painter.setPen(theme.colour("accent_text"))
                words = QFontMetrics(font).elidedText(self.reason, Qt.TextElideMode.ElideRight, int(row.width()))
                painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
                continue
            painter.setPen(theme.colour("text" if place == 0 else "text_muted"))
            number = f"{share:.2f}".removeprefix("0")
            wide = QFontMetrics(figures).horizontalAdvance(number)
            short = QFontMetrics(font).elidedText(name, Qt.TextElideMode.ElideRight, int(row.width() - wide - 6))
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, short)
            painter.setFont(figures)
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)


def reason_of(reading: Reading, unseen: bool) -> str:
    """Return why a moment is asked about; "" where the two likeliest classes say so, being close."""
    if margin_of(reading) < SMALL_MARGIN:
        return ""
    if unseen:
        return NEW_PATTERN
    return {Unsure.STRANGE: STRANGE, Unsure.CLOSE: CLOSE}.get(reading.unsure, "")


class UncertainPanel(PanelFrame):
    """Newest first, as many as there is room for. Choosing one marks its stretch; the next class key labels it.

    After `begin` (the key W) the next one is chosen as soon as one has got its name, until none is left or Esc.
    `none_of_these` carries the (start, end) of a moment that is none of the classes.
    """

    none_of_these = Signal(object)

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(TITLE, parent=parent)
        self._state, self._commands = state, commands
        self._traces: dict[int, tuple[F32, str]] = {}
        """By number of the answer: the trace, and which channel it is of."""
        self._shown: tuple[object, ...] = ()
        self._asking = False
        self._named: Reading | None = None
        self.tiles: list[MomentTile] = []
        self.none_button = self._button("None of these", "It was none of the classes  [N]", self.none)
        self.skip_button = self._button("Skip", "Ask no more about this moment  [S]", self.skip)
        self.empty = QLabel(EMPTY)
        self.empty.setObjectName("empty")
        self.empty.setWordWrap(True)
        self._row = QHBoxLayout()
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(10)
        self._row.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.body.addWidget(self.empty, 1)
        self.body.addLayout(self._row, 1)
        state.when(StudioState.uncertain, StudioState.unseen).connect(self._show_moments)
        state.when(StudioState.class_looks).connect(self._fill)
        state.when(StudioState.selection).connect(self._show_selection)
        self._fill()

    @property
    def chosen(self) -> Reading | None:
        """The moment whose name is asked for, or None."""
        span = self._state.selection
        return next((reading for reading in self._state.uncertain if (reading.start, reading.end) == span), None)

    @property
    def changing(self) -> tuple[QWidget, ...]:
        """The controls that change the session."""
        return self.none_button, self.skip_button

    def begin(self) -> bool:
        """Ask for the names of one after the other; return whether there is any."""
        waiting = self._state.uncertain
        self._asking = bool(waiting)
        if waiting and self.chosen is None:
            self._look_at(waiting[0])
        return bool(waiting)

    def skip(self) -> None:
        """Ask no more about the chosen moment."""
        reading = self.chosen
        if reading is not None:
            self._state.selection = None
            self._commands.pass_over(reading.start, reading.end)

    def none(self) -> None:
        """The chosen moment is none of the classes: it is left out, and a new class may be made of it."""
        reading = self.chosen
        if reading is not None:
            self.skip()
            self.none_of_these.emit((reading.start, reading.end))

    def update_frame(self, frame: Frame) -> None:
        """Fetch the trace of a doubtful moment that has none yet, and say how long ago each was."""
        for tile in self.tiles:
            reading = tile.reading
            tile.show_when(self._when(frame, reading.end))
            if reading.hop in self._traces or tile.pixels is not None:
                continue
            if frame.spec.kind is StreamKind.IMAGE:
                window = self._commands.small_picture(reading.end)
                tile.pixels = None if window is None else picture_of(window)
                tile.update()
                continue
            past = self._commands.lookback.past(reading.start, reading.end)
            if len(past.times) > 1:
                line = sketch([past.values], 60)[0]
                # A place is no single channel's.
                channel = frame.spec.channels[busiest([past.values])] if line.ndim == 1 else ""
                self._traces[reading.hop] = line, channel
                tile.trace, tile.channel = self._traces[reading.hop]
                tile.update()

    @staticmethod
    def _when(frame: Frame, moment: float) -> str:
        """How long ago a moment was, as the band that says which moment is shown, and the axes."""
        if frame.look is not None and moment > frame.look.edge:
            return LATER
        return ago(frame.age(moment), tenths=frame.look is not None)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.empty.setFont(theme.ui("small"))
        for button in (self.none_button, self.skip_button):
            button.setFont(theme.ui("tiny", 600))
            button.setFixedHeight(theme.px(18))
        for tile in self.tiles:
            tile.apply_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fill()

    def _button(self, text: str, tip: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName("link")
        button.setProperty("small", True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(tip)
        button.clicked.connect(lambda _checked=False: act())
        button.hide()
        self.header.addWidget(button)
        return button

    def _show_moments(self) -> None:
        named = self._named
        if self._asking and named is not None and named not in self._state.uncertain:
            self._named = None
            self._asking = self.begin()
        self._fill()

    def _show_selection(self) -> None:
        reading = self.chosen
        if reading is not None:
            self._named = reading
        elif self._asking:
            # It is named at once, or the user has gone elsewhere.
            QTimer.singleShot(0, self._stop_asking)
        for tile in self.tiles:
            tile.setChecked(tile.reading is reading)
        self._say()

    def _stop_asking(self) -> None:
        self._asking = self._asking and self.chosen is not None

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
        focused = next((tile.reading.hop for tile in self.tiles if tile.hasFocus()), None)
        for tile in self.tiles:
            self._row.removeWidget(tile)
            tile.deleteLater()
        chosen, self.tiles = self.chosen, []
        for reading in shown:
            tile = MomentTile(reading, self._guesses(reading), reading.hop in self._state.unseen)
            tile.apply_theme(self.theme)
            tile.trace, tile.channel = self._traces.get(reading.hop, (None, ""))
            tile.setChecked(reading is chosen)
            tile.clicked.connect(lambda on, reading=reading: self._choose(reading, on))
            self._row.addWidget(tile)
            self.tiles.append(tile)
            if reading.hop == focused:
                # The layout would show it later only, and what is hidden takes no focus.
                tile.show()
                tile.setFocus()
        self.empty.setVisible(not shown)

    def _choose(self, reading: Reading, on: bool) -> None:
        self._asking = False
        if not on:
            self._state.selection = None
            return
        self._look_at(reading)

    def _look_at(self, reading: Reading) -> None:
        """Mark a moment where it lies in the stream, with all that was so then, as far as that is still held."""
        with suppress(BadInputError):
            self._commands.show_span(reading.start, reading.end)
        self._state.selection = (reading.start, reading.end)

    def _say(self) -> None:
        count, naming = len(self._state.uncertain), self.chosen is not None
        self.set_title(NAME_IT if naming else TITLE)
        for button in (self.none_button, self.skip_button):
            button.setVisible(naming)
        self.set_right(f"{count} uncertain · W" if count and not naming else "")

    def _guesses(self, reading: Reading) -> list[tuple[str, float]]:
        order = np.argsort(-reading.probabilities, kind="stable")[:2]
        return [(self._state.name_of(reading.classes[place]), float(reading.probabilities[place])) for place in order]
