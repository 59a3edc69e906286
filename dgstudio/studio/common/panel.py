"""The frame every panel stands in: a header in small grey capitals, a status text at its right, a body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from dgstudio.studio.common.panel_tabs import PanelTabs
from dgstudio.studio.theme.theme import DARK, Theme

if TYPE_CHECKING:
    from dgstudio.studio.bridge.state import Frame

HEADER_HEIGHT = 18
"""Logical pixels of the header line."""
MARGIN = 12
"""Logical pixels between a panel's edge and what is in it."""


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
        self.tabs: PanelTabs | None = None
        self.setObjectName("panel")
        self.setAccessibleName(title)
        self._title = QLabel(title)
        self._title.setObjectName("panelTitle")
        self._right = QLabel(right_text)
        self._right.setObjectName("panelRight")
        self._right.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for label in (self._title, self._right):
            # A long text gives way instead of widening the whole window.
            label.setMinimumWidth(1)
            label.setTextFormat(Qt.TextFormat.AutoText)
        self._right.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.header = QHBoxLayout()
        self.header.setContentsMargins(0, 0, 0, 0)
        self.header.setSpacing(8)
        self.header.addWidget(self._title)
        self.header.addWidget(self._right, 1)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(6)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(MARGIN, 9, MARGIN, 8)
        outer.setSpacing(6)
        outer.addLayout(self.header)
        outer.addLayout(self.body, 1)
        self._style_header()

    def set_title(self, title: str) -> None:
        """Show another header."""
        if title != self._title.text():
            self._title.setText(title)
            self.setAccessibleName(title)

    def set_tabs(self, tabs: PanelTabs) -> None:
        """Let tabs stand in the place of the title, for panels that share one place."""
        self.tabs = tabs
        self._title.hide()
        self.header.insertWidget(0, tabs)
        self._style_header()

    def set_right(self, text: str) -> None:
        """Show another status text at the right; rich text may carry coloured marks."""
        if text != self._right.text():
            self._right.setText(text)

    def update_frame(self, frame: Frame) -> None:
        """Show what is new; called up to 60 times a second in the Qt thread. The base shows nothing."""

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme; subclasses call this first and then restyle their own drawing."""
        self.theme = theme
        self._style_header()
        self.update()

    def _style_header(self) -> None:
        self._title.setFont(self.theme.header())
        self._right.setFont(self.theme.header_mono())
        self._title.setFixedHeight(self.theme.px(HEADER_HEIGHT))
        self._right.setFixedHeight(self.theme.px(HEADER_HEIGHT))
        if self.tabs is not None:
            self.tabs.apply_theme(self.theme, self.theme.px(HEADER_HEIGHT))
