"""The Compare panel: ours beside at most two other models, in the window that one works with."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.actions.registry import ActionRegistry
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.stage.caption_bar import CaptionBar
from dgstudio.studio.stage.halves import Halves
from dgstudio.studio.theme.theme import Theme

NOTHING = (
    "Nothing is compared. C runs a conventional network on the same stream and the same labels: teach a class, and see "
    "what becomes of the old answers of each."
)
TYPE = 0.72
"""Of the caption, as a share of its size on the stage."""
TALL, WIDE, MOST = 380, 320, 2.0
"""A half of this size has the window's own type; a larger one larger type, at most so many times."""
BENEATH = 60
"""Logical pixels that the caption takes beneath the halves at the usual size of type."""
CAPTION_MOST = 1.6
"""How many times larger the type of the caption becomes."""


class ComparePanel(PanelFrame):
    """The halves of the stage, and the sentence beneath them; words and a button where nothing is compared."""

    def __init__(
        self, state: StudioState, commands: Bridge, actions: ActionRegistry[Any], parent: QWidget | None = None
    ) -> None:
        super().__init__("Compare", parent=parent)
        self._state = state
        self.halves = Halves(state, commands.twins.past)
        self.caption = CaptionBar(self._colour_of)
        self.halves.told.connect(lambda: self.caption.say(self.halves.story))
        self.empty = QWidget()
        self.words = QLabel(NOTHING)
        self.words.setObjectName("empty")
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.begin = QPushButton("Compare with a conventional network")
        self.begin.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.begin.clicked.connect(lambda: actions.trigger(ActionId.COMPARE))
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.begin)
        row.addStretch(1)
        column = QVBoxLayout(self.empty)
        column.addStretch(1)
        column.addWidget(self.words)
        column.addLayout(row)
        column.addStretch(2)
        for part in (self.empty, self.halves):
            self.body.addWidget(part, 1)
        self.body.addWidget(self.caption)
        state.when(StudioState.compare).connect(self._share)
        self._share()

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(200), self.theme.px(120))

    def update_frame(self, frame: Frame) -> None:
        """Show one frame."""
        if self._state.compare:
            self.halves.update_frame(frame)
        else:
            self.halves.update_unseen(frame)

    def update_unseen(self, frame: Frame) -> None:
        """Keep what was answered."""
        self.halves.update_unseen(frame)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.words.setFont(theme.ui("body"))
        self.begin.setFont(theme.ui("body", 600))
        self._scale_type(anew=True)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._scale_type()

    def _scale_type(self, *, anew: bool = False) -> None:
        """Let the type of the halves grow with the room that they have, and that of the caption with the panel's."""
        theme = self.theme
        # Not with what the caption leaves: its own size would decide about itself.
        large = theme.scaled(TYPE * theme.scale * self._grown(self.size(), TALL + BENEATH, CAPTION_MOST))
        if anew or (large.name, large.scale) != (self.caption.theme.name, self.caption.theme.scale):
            self.caption.apply_theme(large)
        scale = theme.scale * self._grown(self.halves.size(), TALL, MOST)
        if anew or (theme.name, scale) != (self.halves.theme.name, self.halves.theme.scale):
            self.halves.apply_theme(theme.scaled(scale))

    def _grown(self, size: QSize, tall: int, most: float) -> float:
        """How many times the usual size type has in this room, of halves that are so `tall` at the usual size."""
        px = self.theme.px
        by = min(size.height() / px(tall), size.width() / len(self.halves.halves) / px(WIDE))
        # By steps: a line that is moved by hand does not set everything anew with each pixel.
        return min(max(1.0, int(8 * by) / 8), most)

    def _share(self) -> None:
        on = bool(self._state.compare)
        self.empty.setVisible(not on)
        self.halves.setVisible(on)
        self.caption.setVisible(on)
        self._scale_type()

    def _colour_of(self, class_id: int) -> str:
        card = self._state.card(class_id)
        return card.info.colour if card is not None else self.theme.reserve_unit
