"""The header line of a panel: its title or tabs at the left, a status text at the right. Docks are dragged by it."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from dgstudio.studio.common.panels.panel_tabs import PanelTabs
from dgstudio.studio.common.widgets.elided_label import shorter
from dgstudio.studio.theme.room import keeps_own_room
from dgstudio.studio.theme.theme import DARK, Theme

HEADER_HEIGHT = 18
"""Logical pixels of the header line."""
MARGIN = 12
"""Logical pixels between a panel's edge and what is in it."""
ABOVE = 9
"""Logical pixels between a panel's upper edge and its header line."""


_TAGS: Final = re.compile(r"<[^>]*>")


class PanelHeader(QFrame):
    """Small grey capitals; further widgets go into `row`."""

    def __init__(self, title: str, right_text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panelHeader")
        self.theme: Theme = DARK
        self.tabs: PanelTabs | None = None
        self._named = self._tabbed = True
        self._free = 0
        self.title = QLabel(title)
        self.title.setObjectName("panelTitle")
        self.right = QLabel(right_text)
        self.right.setObjectName("panelRight")
        self.right.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for label in (self.title, self.right):
            # A long text gives way instead of widening the whole window.
            label.setMinimumWidth(1)
            label.setTextFormat(Qt.TextFormat.AutoText)
        self._said = right_text
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.right.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.row = QHBoxLayout(self)
        keeps_own_room(self.row)
        self.row.addWidget(self.title)
        self.row.addWidget(self.right, 1)
        self.apply_theme(DARK)

    def set_tabs(self, tabs: PanelTabs) -> None:
        """Let tabs stand in the place of the title, for panels that share one place."""
        self.tabs = tabs
        self.row.insertWidget(0, tabs)
        self.apply_theme(self.theme)
        self._choose()

    def say(self, text: str) -> None:
        """Show a status text at the right; of its parts (`BETWEEN`) the last ones go where there is no room."""
        if text != self._said:
            self._said = text
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fit()

    def show_name(self, named: bool, tabbed: bool) -> None:
        """Show what the panel is called or not, where something else says it; `tabbed` by its tabs, if it has any."""
        if (named, tabbed) != (self._named, self._tabbed):
            self._named, self._tabbed = named, tabbed
            self._choose()

    def make_room(self, pixels: int) -> None:
        """Keep so many logical pixels free at the right."""
        self._free = pixels
        margin = self.theme.px(MARGIN)
        self.row.setContentsMargins(margin, self.theme.px(ABOVE), margin + pixels, 0)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        tall = theme.px(HEADER_HEIGHT)
        self.row.setSpacing(theme.px(8))
        self.make_room(self._free)
        self.title.setFont(theme.header())
        self.right.setFont(theme.header_mono())
        for label in (self.title, self.right):
            label.setFixedHeight(tall)
        if self.tabs is not None:
            self.tabs.apply_theme(theme, tall)
        self._fit()

    def _fit(self) -> None:
        self.row.activate()
        room, metrics = self.right.width(), QFontMetrics(self.right.font())
        fitting = (text for text in shorter(self._said) if metrics.horizontalAdvance(_plain(text).upper()) <= room)
        shown = next(fitting, "")
        if shown != self.right.text():
            self.right.setText(shown)

    def _choose(self) -> None:
        by_tabs = self.tabs is not None and self._tabbed
        self.title.setVisible(self._named and not by_tabs)
        if self.tabs is not None:
            self.tabs.setVisible(self._named and by_tabs)
        self._fit()


def _plain(text: str) -> str:
    """What is read of a text with marks."""
    return _TAGS.sub("", text).replace("&nbsp;", " ")
