"""A row of figures: each a number to be read first, what it is below it, and how it comes about in its tooltip."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.common.widgets.elided_label import ElidedLabel
from dgstudio.studio.theme.theme import DARK, Theme


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: the number as it is printed, what it is, the explanation."""

    value: str
    caption: str
    tooltip: str


class FigureRow(QWidget):
    """Shows figures side by side, each as wide as the others."""

    def __init__(self, most: int, parent: QWidget | None = None) -> None:
        """`most`: how many figures there may be."""
        super().__init__(parent)
        self.theme: Theme = DARK
        self.figures: list[Figure] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(0)
        self.values = [QLabel() for _ in range(most)]
        self.captions = [ElidedLabel() for _ in range(most)]
        for place, (value, caption) in enumerate(zip(self.values, self.captions, strict=True)):
            value.setObjectName("brand")
            caption.setObjectName("muted")
            for row, label in enumerate((value, caption)):
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setMinimumWidth(1)
                label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
                grid.addWidget(label, row, place)
            grid.setColumnStretch(place, 1)

    def show_figures(self, figures: list[Figure]) -> None:
        """Show these, and nothing in the places that are left."""
        if figures == self.figures:
            return
        self.figures = list(figures)
        none = Figure("", "", "")
        for place, (value, caption) in enumerate(zip(self.values, self.captions, strict=True)):
            figure = figures[place] if place < len(figures) else none
            value.setText(figure.value)
            caption.setText(figure.caption)
            for label in (value, caption):
                label.setToolTip(figure.tooltip)
                label.setVisible(figure is not none)
        self.setAccessibleDescription(", ".join(f"{figure.caption} {figure.value}" for figure in figures))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        for value, caption in zip(self.values, self.captions, strict=True):
            value.setFont(theme.ui("title", 600))
            caption.setFont(theme.ui("tiny"))
