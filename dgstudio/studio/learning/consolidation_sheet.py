"""Another model waits for the user's word: the line that says how far it is, and the sheet that compares it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from dgstudio.engine.facts.learning import BaseReady
from dgstudio.learning.learner.training.consolidation import TrainingStage
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Proposal, ProposalKind, StudioState
from dgstudio.studio.common.overlays.overlay import Overlay
from dgstudio.studio.common.widgets.progress_line import ProgressLine
from dgstudio.studio.theme.format import percent
from dgstudio.studio.theme.theme import DARK, Theme

WIDTH = 560
TOP = 92
TITLE = "New base"
STAGES: Final = {
    TrainingStage.COLLECTING: "Collecting the examples",
    TrainingStage.PREPARING: "Getting ready to train",
    TrainingStage.BASE: "Training the gated base",
    TrainingStage.TWIN: "Training its conventional twin",
    TrainingStage.STATISTICS: "Computing its statistics",
    TrainingStage.TRAINED: "Trained",
    TrainingStage.COMPARING: "Comparing it with the present model",
}
"""What the line says meanwhile."""


class TaskLine(ProgressLine):
    """There while a new base is trained, with Cancel; once it is over, with Compare."""

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Background task", "Progress", parent)
        self._state = state
        self.figure.show()
        self.title.setText(TITLE)
        self.cancel = self.add_button("Cancel", "Stop the training; nothing is left of it")
        self.look = self.add_button("Compare…", "See how the new base compares with the present model")
        self.keep = self.add_button("Dismiss", "Keep the present model and forget the new base")
        self.cancel.clicked.connect(lambda: commands.candidates.cancel_consolidation())
        self.keep.clicked.connect(lambda: commands.candidates.discard())
        state.when(StudioState.task).connect(self._show_task)
        self.apply_theme(DARK)
        self._show_task()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.look.setFont(theme.ui("body", 600))

    def _show_task(self) -> None:
        task = self._state.task
        if task is not None:
            words = BaseReady().sentence if task.over else STAGES[task.stage]
            self.text.setText(words)
            self.figure.setText(percent(task.share))
            self.bar.light(0.0, task.share)
            self.cancel.setVisible(not task.over)
            self.look.setVisible(task.over)
            self.keep.setVisible(task.over)
            self.setAccessibleDescription(f"{TITLE}: {words}, {percent(task.share)}")
        self.setVisible(task is not None)


class ProposalSheet(Overlay):
    """What another model would mean, in words and figures, and two buttons. Esc puts it aside.

    It appears by itself and does not take the focus: a key that is held goes on recording.
    """

    def __init__(
        self, state: StudioState, commands: Bridge, attempt: Callable[[Callable[[], None]], None], parent: QWidget
    ) -> None:
        super().__init__(parent, WIDTH, 560, TOP)
        self._state = state
        self._discard = lambda: attempt(commands.candidates.discard)
        self.title = QLabel("")
        self.title.setObjectName("panelTitle")
        self.words = QVBoxLayout()
        self.words.setSpacing(6)
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(24)
        self.grid.setVerticalSpacing(5)
        self.grid.setColumnStretch(0, 1)
        self.accept, self.keep = QPushButton(""), QPushButton("")
        self.accept.clicked.connect(lambda: self._decide(lambda: attempt(commands.candidates.accept)))
        self.keep.clicked.connect(lambda: self._decide(self._discard))
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        for button in (self.accept, self.keep):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addWidget(self.title)
        column.addLayout(self.words)
        column.addLayout(self.grid)
        column.addSpacing(2)
        column.addLayout(buttons)
        state.when(StudioState.proposal).connect(self._show_proposal)

    def open(self) -> None:
        """Show it, if there is something to decide, and leave the focus where it is."""
        if self._state.proposal is None:
            return
        self._focus_before = None
        self.show()
        self.place()
        self.raise_()

    def close_overlay(self) -> None:
        """Put it aside; the focus moves only if it was here."""
        inside = self.window().focusWidget()
        held = inside is not None and self.isAncestorOf(inside)
        self.hide()
        if held:
            host = self._host
            host.setFocus()
        self.closed.emit()

    def put_aside(self) -> None:
        """Close it: a new base goes on waiting in the line; a rebuild, which nothing else shows, is not made."""
        proposal = self._state.proposal
        if proposal is not None and proposal.kind == ProposalKind.REBUILD:
            self._decide(self._discard)
        else:
            self.close_overlay()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.title.setFont(theme.header())
        for button in (self.accept, self.keep):
            button.setFont(theme.ui("body", 600 if button is self.accept else 400))
        self._dress()
        if self.isVisible():
            self.place()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() == Qt.Key.Key_Escape:
            self.put_aside()
        else:
            # Class keys record while one of its buttons has the focus.
            event.ignore()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        # A click elsewhere is about the stream, and decides nothing here.
        if self.isVisible() and watched is self._host and event.type() == QEvent.Type.Resize:
            self.place()
        return False

    def labels(self) -> list[QLabel]:
        """Everything that is written on it, the title left out."""
        return [label for label in self.findChildren(QLabel) if label is not self.title]

    def _decide(self, act: Callable[[], None]) -> None:
        # Hidden first: what comes of it may be the next thing to decide.
        self.close_overlay()
        act()

    def _show_proposal(self) -> None:
        proposal = self._state.proposal
        if proposal is None:
            self.close_overlay()
            return
        # Hidden, so that the new words are all there when it is measured.
        self.hide()
        self._fill(proposal)
        self.open()

    def _fill(self, proposal: Proposal) -> None:
        for label in self.labels():
            label.hide()
            label.setParent(None)
            label.deleteLater()
        self.setAccessibleName(proposal.title)
        self.title.setText(proposal.title)
        for sentence in proposal.words:
            label = QLabel(sentence)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            self.words.addWidget(label)
        several = any(proposal.heads)
        rows = [("", *proposal.heads), *proposal.figures] if several else list(proposal.figures)
        for row, (what, present, other) in enumerate(rows):
            shown = ((0, what, "muted"), (1, present, "muted"), (2, other, "muted" if several and not row else ""))
            for column, text, look in shown if several else (shown[0], shown[2]):
                label = QLabel(text)
                label.setObjectName(look)
                label.setProperty("figure", column > 0)
                side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
                self.grid.addWidget(label, row, column, side | Qt.AlignmentFlag.AlignVCenter)
        self.accept.setText(proposal.accept)
        self.keep.setText(proposal.keep)
        self._dress()

    def _dress(self) -> None:
        for label in self.labels():
            label.setFont(self.theme.mono("body") if label.property("figure") else self.theme.ui("body"))
