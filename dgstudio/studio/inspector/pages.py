"""The pages of the inspector, made together when it is first seen: the first picture needs none of this."""

from __future__ import annotations

from collections.abc import Callable

from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import Subject
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.inspector.answer_page import AnswerPage
from dgstudio.studio.inspector.bank_page import BankPage
from dgstudio.studio.inspector.class_page import ClassPage
from dgstudio.studio.inspector.compare_page import ComparePage
from dgstudio.studio.inspector.foot import Foot
from dgstudio.studio.inspector.unit_page import UnitPage
from dgstudio.studio.inspector.windows import Windows

Page = AnswerPage | UnitPage | BankPage | ClassPage | ComparePage


class Pages:
    """One page for each kind of subject."""

    def __init__(
        self, state: StudioState, commands: Bridge, attempt: Callable[..., None], choose: Callable[[Subject], None]
    ) -> None:
        windows = Windows(commands)
        self.answer = AnswerPage(state, commands, windows, attempt, choose)
        self.unit = UnitPage(state, commands, windows)
        self.bank = BankPage(state, commands)
        self.class_ = ClassPage(state, commands)
        self.versions = ComparePage(state, commands, choose)

    def every(self) -> tuple[Page, ...]:
        """All of them, in the order of the switch."""
        return self.answer, self.unit, self.bank, self.class_, self.versions

    def feet(self) -> tuple[Foot | None, ...]:
        """What stands below each of them and does not scroll, in the same order."""
        return self.answer.foot, self.unit.foot, None, None, None
