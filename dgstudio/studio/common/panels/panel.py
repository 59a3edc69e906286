"""The frame every panel stands in: a header in small grey capitals, a status text at its right, a body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from dgstudio.studio.common.panels.panel_header import ABOVE, HEADER_HEIGHT, MARGIN, PanelHeader
from dgstudio.studio.common.panels.panel_tabs import PanelTabs
from dgstudio.studio.theme.theme import DARK, Theme

if TYPE_CHECKING:
    from dgstudio.studio.bridge.state import Frame

SPACING = 6
"""Logical pixels between the header and the body, and between the parts of the body."""
BELOW = 8
"""Logical pixels between the body and a panel's lower edge."""


class PanelFrame(QFrame):
    """Base of all panels.

    Put content into `body` (a QVBoxLayout without margins of its own), further header widgets into `header`.

    Parameters
    ----------
    title
        Header at the left; drawn in capitals.
    right_text
        Status text at the right of the header; drawn in capitals, set again with `set_right`.
    """

    def __init__(self, title: str, right_text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.setObjectName("panel")
        self.setAccessibleName(title)
        self.header_bar = PanelHeader(title, right_text)
        """Stands above the body until a dock takes it for its title bar."""
        self._title, self._right = self.header_bar.title, self.header_bar.right
        self.header = self.header_bar.row
        self.body = QVBoxLayout()
        self.body.setContentsMargins(MARGIN, SPACING, MARGIN, BELOW)
        self.body.setSpacing(SPACING)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.header_bar)
        outer.addLayout(self.body, 1)

    @property
    def tabs(self) -> PanelTabs | None:
        """What stands in the place of the title, for panels that share one place."""
        return self.header_bar.tabs

    @property
    def header_apart(self) -> int:
        """Logical pixels of the header where it stands above this frame, in a dock; 0 where it is a part of it."""
        return 0 if self.header_bar.parent() is self else self.theme.px(HEADER_HEIGHT) + self.theme.px(ABOVE)

    @property
    def whole_height(self) -> int:
        """Logical pixels from the upper edge of the header to the lower edge of the body."""
        return self.height() + self.header_apart

    def height_within(self, offered: int) -> int:
        """Return how tall it would be, header and body, where `offered` logical pixels are free; or more."""
        return self.sizeHint().height() + self.header_apart

    def set_title(self, title: str) -> None:
        """Show another header."""
        if title != self._title.text():
            self._title.setText(title)
            self.setAccessibleName(title)

    def set_tabs(self, tabs: PanelTabs) -> None:
        """Let tabs stand in the place of the title, for panels that share one place."""
        self.header_bar.set_tabs(tabs)

    def set_right(self, text: str) -> None:
        """Show another status text at the right; rich text may carry coloured marks."""
        self.header_bar.say(text)

    def leave_ground(self) -> None:
        """Have no ground of its own, for a place that paints one beneath it; before it is shown."""
        self.setObjectName("")
        self.header_bar.setObjectName("")

    def show_status(self, on: bool) -> None:
        """Show the status text at the right of the header, or leave it out."""
        self._right.setVisible(on)

    def update_frame(self, frame: Frame) -> None:
        """Show what is new; called up to 60 times a second in the Qt thread while it is seen."""

    def update_unseen(self, frame: Frame) -> None:
        """Keep what no later frame brings again; called in place of `update_frame` while nothing of it is seen."""

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme; subclasses call this first and then restyle their own drawing."""
        self.theme = theme
        self.header_bar.apply_theme(theme)
        self.update()
