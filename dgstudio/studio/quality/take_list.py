"""The list beside the confusion matrix: takes with their times, stretches of truth, protected inputs."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QWidget

from dgstudio.engine.evaluation.quality_report import CellPart, QualityReport, Scored
from dgstudio.studio.theme.theme import Theme

MOST_ROWS = 200
NAVIGATION = frozenset(
    {
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
    }
)
"""Keys that move in the list; every other one belongs to the window, above all class keys."""


class TakeList(QListWidget):
    """Rows of words, the newest first; the arrows move in it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("takes")
        self.setAccessibleName("Takes")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setUniformItemSizes(True)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(80, 40)

    def show_rows(self, rows: list[str]) -> None:
        """Show these rows; how many find no room is said in the last one."""
        if len(rows) > MOST_ROWS:
            rows = [*rows[:MOST_ROWS], f"and {len(rows) - MOST_ROWS} more"]
        if rows != [self.item(row).text() for row in range(self.count())]:
            self.clear()
            self.addItems(rows)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.setFont(theme.mono("tiny"))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in NAVIGATION:
            super().keyPressEvent(event)
        else:
            event.ignore()


def cell_row(part: CellPart) -> str:
    """Return the row of a take in one cell: when it was, how much of it lies there, and which examples these are."""
    scored = part.scored
    if scored.take is None and scored.span is None:
        return moment(scored)
    here = f"{round(part.share * len(scored))} of {len(scored)}"
    words = f"{moment(scored)} · {here} {'windows' if scored.take is not None else 'answers'}"
    if part.ids:
        first, last = part.ids[0], part.ids[-1]
        words += f" · example {first}" if first == last else f" · examples {first}–{last}"
    return words


def wrong_rows(report: QualityReport) -> list[str]:
    """Return a row for each take that was not answered right throughout, the newest first."""
    names = dict(zip(report.classes, report.names, strict=True))
    rows = []
    for place in np.flatnonzero(report.scores < 1)[::-1].tolist():
        scored = report.parts[place]
        name, right = names[int(scored.labelled[-1])], round(report.scores[place] * len(scored))
        share = f"{right} of {len(scored)} right · " if len(scored) > 1 else ""
        rows.append(f"{moment(scored)} · {share}{name}")
    return rows


def moment(scored: Scored) -> str:
    """Return when something was performed, or what it is if it was never performed here."""
    if scored.span is not None:
        return f"{scored.span[0]:.1f}–{scored.span[1]:.1f} s"
    if scored.take is not None:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(scored.take.created_unix))
    example_id = int(scored.ids[0])
    return f"protected example {example_id}" if example_id >= 0 else "protected with the base"
