"""The Inspector panel: a page each for the answer, a unit, a bank, and the comparison of two versions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

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
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.common.widgets.chip import Segmented
from dgstudio.studio.theme.theme import Theme

if TYPE_CHECKING:
    from dgstudio.studio.inspector.pages import Pages

ANSWER, UNIT, BANK, CLASS, VERSIONS = "answer", "unit", "bank", "class", "versions"
KINDS = (
    (ANSWER, "Answer", "Why this answer is what it is"),
    (UNIT, "Unit", "What one unit of the base reads, says and when it fires"),
    (BANK, "Bank", "A bank's router against its threshold, and whom it overruled"),
    (CLASS, "Class", "Which versions changed what is said of a class, and what they had learned"),
    (VERSIONS, "A · B", "Two versions on one input, and on all"),
)
ORDER = [kind for kind, _, _ in KINDS]


class InspectorPanel(PanelFrame):
    """Shows `StudioState.inspected`. A click on a step, a unit or a bank leads to its page; the switch to any."""

    def __init__(
        self, state: StudioState, commands: Bridge, attempt: Callable[..., None], parent: QWidget | None = None
    ) -> None:
        super().__init__("Inspector", parent=parent)
        self._state = state
        self._make: Callable[[], Pages] = partial(_pages, state, commands, attempt, self._choose)
        self._last: dict[str, Subject] = {
            ANSWER: AnswerSubject(), UNIT: UnitSubject(0), BANK: BankSubject(0), CLASS: ClassSubject(0),
            VERSIONS: VersionsSubject(),
        }  # fmt: skip
        self._class_chosen = False
        self.switch = Segmented("What the inspector shows", list(KINDS))
        self.switch.chosen.connect(lambda key: self._choose(self._last[key]))
        self._stack = QStackedWidget()
        self.body.addWidget(self.switch, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addWidget(self._stack, 1)
        state.when(StudioState.inspected).connect(self._show_subject)
        self._show_subject()

    @cached_property
    def pages(self) -> Pages:
        """The pages, made when somebody first looks."""
        pages = self._make()
        for page, foot in zip(pages.every(), pages.feet(), strict=True):
            page.apply_theme(self.theme)
            self._stack.addWidget(_room_of(page, foot))
        self._stack.setCurrentIndex(ORDER.index(self.shown))
        return pages

    @property
    def shown(self) -> str:
        """The page that is shown."""
        return _page_of(self._state.inspected)

    @property
    def changing(self) -> tuple[QWidget, ...]:
        """The controls that change the session."""
        return self.pages.answer.relabel, self.pages.answer.delete

    def update_frame(self, frame: Frame) -> None:
        """Let the page that is shown follow."""
        if not self.isVisible():
            return
        self.pages.every()[ORDER.index(self.shown)].update_frame(frame)
        reading = frame.reading if frame.look is None else frame.look.reading
        held = self.pages.answer.held if frame.look is None and self.shown == ANSWER else None
        when = "then" if frame.look is not None else "now" if held is None else "held"
        reading = reading if held is None else held
        self.set_right("" if reading is None else f"{when} v{reading.version}")
        if reading is not None and reading.top is not None and not self._class_chosen:
            # As long as no class has been chosen, the one that is answered is meant.
            self._last[CLASS] = ClassSubject(reading.top)
        # What this frame has brought takes its place before anything can be painted: on a busy machine the window may
        # be exposed first, and bars of many rows would be seen in the height of one.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.switch.apply_theme(theme)
        if "pages" in vars(self):
            for page in self.pages.every():
                page.apply_theme(theme)

    def _choose(self, subject: Subject) -> None:
        self._state.inspected = subject

    def _show_subject(self) -> None:
        subject, shown = self._state.inspected, self.shown
        self._class_chosen = self._class_chosen or isinstance(subject, ClassSubject)
        self._last[shown] = subject
        self.switch.choose(shown)
        self._stack.setCurrentIndex(ORDER.index(shown))


def _pages(
    state: StudioState, commands: Bridge, attempt: Callable[..., None], choose: Callable[[Subject], None]
) -> Pages:
    from dgstudio.studio.inspector.pages import Pages

    return Pages(state, commands, attempt, choose)


def _page_of(subject: Subject) -> str:
    pages: dict[type, str] = {UnitSubject: UNIT, BankSubject: BANK, ClassSubject: CLASS, VersionsSubject: VERSIONS}
    return pages.get(type(subject), ANSWER)


def _room_of(page: QWidget, foot: QWidget | None) -> QWidget:
    """Return a page that scrolls where there is too little room, above its foot, which is always seen."""
    if foot is None:
        return _scrolling(page)
    room = QWidget()
    column = QVBoxLayout(room)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    column.addWidget(_scrolling(page), 1)
    column.addWidget(foot)
    return room


def _scrolling(page: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    page.setObjectName("scrolled")
    area.setWidget(page)
    return area
