"""The Inspector panel: a page each for the answer, a unit, a bank, and the comparison of two versions."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QWidget

from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import (
    AnswerSubject,
    BankSubject,
    ClassSubject,
    Subject,
    UnitSubject,
    VersionsSubject,
)
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.chip import Segmented
from dgstudio.studio.common.panel import PanelFrame
from dgstudio.studio.inspector.answer_page import AnswerPage
from dgstudio.studio.inspector.bank_page import BankPage
from dgstudio.studio.inspector.class_page import ClassPage
from dgstudio.studio.inspector.compare_page import ComparePage
from dgstudio.studio.inspector.unit_page import UnitPage
from dgstudio.studio.inspector.windows import Windows
from dgstudio.studio.theme.theme import Theme

ANSWER, UNIT, BANK, CLASS, VERSIONS = "answer", "unit", "bank", "class", "versions"
PAGES = (
    (ANSWER, "Answer", "Why this answer is what it is"),
    (UNIT, "Unit", "What one unit of the base reads, says and when it fires"),
    (BANK, "Bank", "A bank's router against its threshold, and whom it overruled"),
    (CLASS, "Class", "Which versions changed what is said of a class, and what they had learned"),
    (VERSIONS, "A · B", "Two versions on one input, and on all"),
)
Page = AnswerPage | UnitPage | BankPage | ClassPage | ComparePage


class InspectorPanel(PanelFrame):
    """Shows `StudioState.inspected`. A click on a step, a unit or a bank leads to its page; the switch to any."""

    def __init__(
        self, state: StudioState, commands: Bridge, attempt: Callable[..., None], parent: QWidget | None = None
    ) -> None:
        super().__init__("Inspector", parent=parent)
        self._state = state
        windows = Windows(commands)
        self.answer = AnswerPage(state, commands, windows, attempt, self._choose)
        self.unit = UnitPage(state, commands, windows)
        self.bank = BankPage(state, commands)
        self.class_ = ClassPage(state, commands)
        self.versions = ComparePage(state, commands, self._choose)
        self.pages: dict[str, Page] = {
            ANSWER: self.answer, UNIT: self.unit, BANK: self.bank, CLASS: self.class_, VERSIONS: self.versions,
        }  # fmt: skip
        self._last: dict[str, Subject] = {
            ANSWER: AnswerSubject(), UNIT: UnitSubject(0), BANK: BankSubject(0), CLASS: ClassSubject(0),
            VERSIONS: VersionsSubject(),
        }  # fmt: skip
        self.switch = Segmented("What the inspector shows", list(PAGES))
        self.switch.chosen.connect(lambda key: self._choose(self._last[key]))
        self._stack = QStackedWidget()
        for page in self.pages.values():
            self._stack.addWidget(_scrolling(page))
        self.body.addWidget(self.switch, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addWidget(self._stack, 1)
        state.when(StudioState.inspected).connect(self._show_subject)
        self._show_subject()

    @property
    def shown(self) -> str:
        """The page that is shown."""
        return _page_of(self._state.inspected)

    def update_frame(self, frame: Frame) -> None:
        """Let the page that is shown follow."""
        if not self.isVisible():
            return
        self.pages[self.shown].update_frame(frame)
        reading = frame.reading if frame.look is None else frame.look.reading
        when = "now" if frame.look is None else "then"
        self.set_right("" if reading is None else f"{when} v{reading.version}")

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.switch.apply_theme(theme)
        for page in self.pages.values():
            page.apply_theme(theme)

    def _choose(self, subject: Subject) -> None:
        self._state.inspected = subject

    def _show_subject(self) -> None:
        shown = self.shown
        self._last[shown] = self._state.inspected
        self.switch.choose(shown)
        self._stack.setCurrentIndex(list(self.pages).index(shown))


def _page_of(subject: Subject) -> str:
    pages: dict[type, str] = {UnitSubject: UNIT, BankSubject: BANK, ClassSubject: CLASS, VersionsSubject: VERSIONS}
    return pages.get(type(subject), ANSWER)


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
