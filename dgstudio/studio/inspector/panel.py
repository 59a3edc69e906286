"""The Inspector panel: one page for the answer, one each for a unit, a bank and the comparison of two versions."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import AnswerSubject, BankSubject, Subject, UnitSubject
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.chip import Segmented
from dgstudio.studio.common.panel import PanelFrame
from dgstudio.studio.inspector.answer_page import AnswerPage
from dgstudio.studio.theme.theme import Theme

ANSWER, UNIT, BANK = "answer", "unit", "bank"
TITLES = {ANSWER: "Why this answer", UNIT: "Unit", BANK: "Bank"}


class InspectorPanel(PanelFrame):
    """Shows `StudioState.inspected`. A click on a step, a unit or a bank leads to its page; the switch leads back."""

    def __init__(
        self, state: StudioState, commands: Bridge, attempt: Callable[..., None], parent: QWidget | None = None
    ) -> None:
        super().__init__("Inspector", parent=parent)
        self._state = state
        self.answer = AnswerPage(state, commands, attempt, self._choose)
        self.pages: dict[str, AnswerPage] = {ANSWER: self.answer}
        self._stack = QStackedWidget()
        for page in self.pages.values():
            self._stack.addWidget(_scrolling(page))
        self.body.addWidget(self._stack, 1)
        state.when(StudioState.inspected).connect(self._show_subject)
        self._show_subject()

    def update_frame(self, frame: Frame) -> None:
        """Let the page that is shown follow."""
        if self.isVisible():
            self.answer.update_frame(frame)
        self.set_right(_who(frame))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        for page in self.pages.values():
            page.apply_theme(theme)

    def _choose(self, subject: Subject) -> None:
        self._state.inspected = subject

    def _show_subject(self) -> None:
        subject = self._state.inspected
        self.set_title("Inspector · why this answer")
        if isinstance(subject, AnswerSubject):
            self._stack.setCurrentIndex(0)


def _who(frame: Frame) -> str:
    reading = frame.reading if frame.look is None else frame.look.reading
    if reading is None:
        return ""
    return f"then v{reading.version}" if frame.look is not None else f"now v{reading.version}"


def _scrolling(page: QWidget) -> QScrollArea:
    """Return a page that scrolls where there is too little room."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    page.setObjectName("scrolled")
    area.setWidget(page)
    return area


__all__ = ["BankSubject", "InspectorPanel", "QVBoxLayout", "Segmented", "UnitSubject"]
