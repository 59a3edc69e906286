"""The stage: what an audience sees in a presentation (F5). Its type grows with the screen."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.common.panels.panel_header import MARGIN as INSIDE
from dgstudio.studio.gates.panel import GatesPanel
from dgstudio.studio.stage.caption_bar import CaptionBar
from dgstudio.studio.stage.half import RADIUS
from dgstudio.studio.stage.halves import Halves
from dgstudio.studio.stage.pointer_halo import PointerHalo
from dgstudio.studio.stage.source_words import source_words
from dgstudio.studio.stage.stage_header import StageHeader, taught_words
from dgstudio.studio.stage.story import Piece, Sentence, Tone
from dgstudio.studio.stream.panel import StreamPanel
from dgstudio.studio.theme.theme import DARK, SIZES, Theme
from dgstudio.types import StreamKind

DESIGNED = QSize(1280, 720)
"""The size at which the type of the stage is `TYPE` times that of the window. It grows with the height,"""
NARROW = 1.6
"""on a screen that is at least so many times wider than high; what is narrower has too little room beside it."""
TYPE, PANEL_TYPE = 1.5, 1.65
"""Small type of the stage, and the smallest in its panels, are 2.5 % of that height."""
LEAST = 0.2
"""The smallest scale of type, of a stage that nobody could read."""
MARGIN, SPACING = 15, 9
ABOVE, BELOW = 4, 5
"""Around the stage and between its parts; above and beneath what is in one. In the theme's pixels."""

SEEN = frozenset({StreamKind.POINTER, StreamKind.IMAGE})
"""Streams that are looked at, not read: a plane that is drawn on, a picture."""


class _Cards(QWidget):
    """Paints a card beneath each of some panels that stand in it."""

    def __init__(self, panels: list[PanelFrame]) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self._panels = panels

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.colour("surface"))
        radius = float(self.theme.px(RADIUS))
        for panel in self._panels:
            if panel.isVisible():
                painter.drawRoundedRect(panel.geometry(), radius, radius)


class StageView(QWidget):
    """Header, halves and caption; where nothing is compared, stream and gates stand beside our half.

    It works with the keys and commands of the window that it is a part of. `menu_asked` carries the global position of
    a click with the right button.
    """

    menu_asked = Signal(object)
    scaled = Signal(float)
    """Carries how many times larger the stage is than the smallest screen that it is designed for."""

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("desk")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, True)
        self._state = state
        self._base: Theme = DARK
        self.theme: Theme = DARK
        self.header = StageHeader(self._colour_of)
        self.halves = Halves(state, commands.twins.past)
        self.caption = CaptionBar(self._colour_of)
        self.toast_place = QWidget()
        """Room for a message beside the caption; it is there only while there is one."""
        self.toast_place.hide()
        self._stream, self._gates = StreamPanel(state, commands), GatesPanel(state, commands)
        self._stream.bar.hide()
        self._stream.brief = True
        self.scene: list[PanelFrame] = [self._stream, self._gates]
        """What is shown where nothing is compared; a pointer's plane and a camera's picture are shown always, alone."""
        self._side = _Cards(self.scene)
        side = self._side_column = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        for panel, share in zip(self.scene, (5, 4), strict=True):
            panel.show_status(False)
            panel.leave_ground()
            side.addWidget(panel, share)
        row = self._row = QHBoxLayout()
        row.addWidget(self._side, 1)
        row.addWidget(self.halves, 1)
        foot = self._foot = QHBoxLayout()
        foot.addWidget(self.caption, 1)
        foot.addWidget(self.toast_place)
        column = self._column = QVBoxLayout(self)
        column.addWidget(self.header)
        column.addLayout(row, 1)
        column.addLayout(foot)
        self.halo = PointerHalo(self)
        self._frame: Frame | None = None
        self._moved = False
        """Whether it has been put elsewhere since its type was given last."""
        self.halves.told.connect(self._show_caption)
        state.when(StudioState.compare, StudioState.spec).connect(self._share)
        state.when(StudioState.caption).connect(self._show_caption)
        self._share()

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(640, 360)

    def sizeHint(self) -> QSize:  # noqa: D102
        return DESIGNED

    # -- frames ------------------------------------------------------------------------------------------------

    def update_frame(self, frame: Frame) -> None:
        """Show one frame."""
        before, self._frame = self._frame, frame
        self.halves.update_frame(frame)
        for panel in self.scene:
            if panel.isVisible():
                panel.update_frame(frame)
            else:
                panel.update_unseen(frame)
        state, taught = self._state, self.halves.taught
        trouble = "not being saved" if state.saved is not None and state.saved.failed else ""
        past = taught_words(taught, "" if taught is None else state.name_of(taught.class_id))
        self.header.say(source_words(frame.spec), frame.stats.stream_state, past, self.halves.truth, trouble)
        if before is None or (before.recording is not None or frame.recording is not None):
            self._show_caption()

    def update_unseen(self, frame: Frame) -> None:
        """Keep what was answered."""
        self.halves.update_unseen(frame)
        for panel in self.scene:
            panel.update_unseen(frame)

    def _show_caption(self) -> None:
        """What is being taught, what a demo says, else what has happened."""
        frame, said = self._frame, self._state.caption
        steps = ""
        if said is not None:
            waits = said.waiting and said.step < said.steps
            mark = "❚❚ " if said.paused else "▸ " if waits else ""
            steps = f"{mark}{said.step} of {said.steps}"
            self.caption.say((Piece(said.text),), steps)
        elif frame is not None and frame.recording is not None:
            self.caption.say(self._teaching(frame, frame.recording), dot="recording")
        else:
            self.caption.say(self.halves.story)

    def _teaching(self, frame: Frame, recording: tuple[int, float]) -> Sentence:
        class_id, start = recording
        name = Piece(self._state.name_of(class_id), Tone.CLASS, class_id)
        # By half seconds: what changes sixty times a second cannot be read.
        passed = int(2 * max(0.0, frame.now - start) / self._state.pace) / 2
        both = "Teaching both " if self._state.compare else "Teaching "
        return Piece(both), name, Piece(f" · {passed:.1f} s")

    # -- look --------------------------------------------------------------------------------------------------

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme; its type is scaled by the size of the stage."""
        self._base = theme
        # The same type is given anew: with its style Qt has taken it away.
        self._scale_type(anew=True)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self.halo.setGeometry(self.rect())
        self._scale_type()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange:
            self._moved = True
            self.halo.raise_()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        if self._moved:
            # Qt styles anew what it finds in another place, and with that takes our type away.
            self._moved = False
            for part in self.findChildren(QWidget):
                part.ensurePolished()
            self._scale_type(anew=True)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: D102
        self.menu_asked.emit(event.globalPos())

    def _scale_type(self, *, anew: bool = False) -> None:
        unit = min(self.height(), self.width() / NARROW) / DESIGNED.height()
        theme = self._base.scaled(max(LEAST, TYPE * unit))
        if theme == self.theme and not anew:
            return
        self.theme = theme
        self.scaled.emit(unit)
        margin, gap = theme.px(MARGIN), theme.px(SPACING)
        self._column.setContentsMargins(margin, theme.px(7), margin, margin)
        self._column.setSpacing(gap)
        for row in (self._row, self._foot, self._side_column):
            row.setSpacing(gap)
        self._side.theme = theme
        for part in (self.header, self.halves, self.caption, self.halo):
            part.apply_theme(theme)
        self.toast_place.setFixedWidth(round(0.32 * self.width()))
        # What is small in a panel, as the figures of an axis, is as large as what is usual there.
        large = replace(self._base.scaled(max(LEAST, PANEL_TYPE * unit)), least=SIZES["tiny"])
        for panel in self.scene:
            panel.apply_theme(large)
            # What is in it begins where its title does; what is around it is as much smaller as the stage is.
            panel.body.setContentsMargins(large.px(INSIDE), large.px(ABOVE), large.px(INSIDE), large.px(BELOW))
            panel.body.setSpacing(large.px(ABOVE))

    def _share(self) -> None:
        seen = self._state.spec is not None and self._state.spec.kind in SEEN
        self._side.setVisible(seen or not self._state.compare)
        self._stream.view.setVisible(not seen)
        if self._stream.pad is not None:
            # How it is used is for the speaker to say.
            self._stream.pad.words.hide()
        self._gates.setVisible(not seen)
        self._row.setStretchFactor(self.halves, len(self._state.compare) + 1)

    def _colour_of(self, class_id: int) -> str:
        card = self._state.card(class_id)
        return card.info.colour if card is not None else self.theme.reserve_unit
