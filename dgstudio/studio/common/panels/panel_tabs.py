"""Tabs in the header of a panel: panels that share one place, of which one is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from dgstudio.studio.theme.theme import Theme


class PanelTabs(QWidget):
    """One button a panel, set as a header is; `chosen` carries the name of the panel that the user wants."""

    chosen = Signal(object)

    def __init__(self, tabs: list[tuple[str, str, str]], shown: str, parent: QWidget | None = None) -> None:
        """`tabs`: (panel name, words, tooltip) each; `shown` is the panel in whose header these stand."""
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self.buttons: dict[str, QPushButton] = {}
        for name, words, tooltip in tabs:
            button = QPushButton(words)
            button.setObjectName("tab")
            button.setCheckable(True)
            button.setChecked(name == shown)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolTip(tooltip)
            button.setAccessibleName(f"Show {words}")
            button.clicked.connect(lambda _on=False, name=name: self._clicked(name))
            row.addWidget(button)
            self.buttons[name] = button
        self._shown = shown

    def apply_theme(self, theme: Theme, height: int) -> None:
        """Take over a theme; `height` is that of the header."""
        for button in self.buttons.values():
            button.setFont(theme.header())
            button.setFixedHeight(height)

    def _clicked(self, name: str) -> None:
        # These tabs stand in the header of one panel: what they show never changes.
        for key, button in self.buttons.items():
            button.setChecked(key == self._shown)
        self.chosen.emit(name)
