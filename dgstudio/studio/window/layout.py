"""What the window is made of, and where it stands: panels, bars, lines, sheets; and the look that all of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QVBoxLayout, QWidget

from dgstudio.studio.actions.palette import CommandPalette
from dgstudio.studio.actions.registry import ActionRegistry
from dgstudio.studio.answer.panel import AnswerPanel
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.classes.countdown import Countdown
from dgstudio.studio.classes.hold_to_label import Labelling
from dgstudio.studio.classes.panel import ClassesPanel
from dgstudio.studio.common.panel import PanelFrame
from dgstudio.studio.common.panel_tabs import PanelTabs
from dgstudio.studio.common.toast import Banner, Toast
from dgstudio.studio.gates.panel import GatesPanel
from dgstudio.studio.learning.consolidation_sheet import ProposalSheet, TaskLine
from dgstudio.studio.learning.learning_sheet import LearningSheet
from dgstudio.studio.log.panel import LogPanel
from dgstudio.studio.packages.packages import Packages
from dgstudio.studio.quality.panel import QualityPanel
from dgstudio.studio.sessions.opening_bar import OpeningLine
from dgstudio.studio.source.panel import SourcePanel
from dgstudio.studio.stability.panel import StabilityPanel
from dgstudio.studio.stream.panel import StreamPanel
from dgstudio.studio.theme.application import apply_to
from dgstudio.studio.theme.theme import Theme, Themed
from dgstudio.studio.uncertain.panel import UncertainPanel
from dgstudio.studio.versions.panel import SnapshotsPanel
from dgstudio.studio.window.action_catalogue import fill_menu
from dgstudio.studio.window.docks import Arrangement
from dgstudio.studio.window.first_hints import first_hints
from dgstudio.studio.window.session_actions import recent_sheet
from dgstudio.studio.window.sheets import Sheets
from dgstudio.studio.window.status_bar import StatusBar
from dgstudio.studio.window.top_bar import TopBar

if TYPE_CHECKING:
    from dgstudio.studio.window.main_window import StudioWindow

TITLE_BAR = 40
"""Logical pixels that a system's title bar takes at most."""
PRESENTATION_SCALE = 1.4
"""Type in presentation mode, so that the last row can read it."""
TABS = [
    ("gates", "Gates", "Which units, examples and banks answer, and how stable that is"),
    ("quality", "Quality", "How good the answers are: accuracy, confusion, calibration  [Q]"),
]
"""Panels that share the middle of the window."""


class Assembly(QMainWindow, Sheets):
    """The window as an arrangement of parts: `assemble` makes them, whoever derives from it says what they do."""

    commands: Bridge
    state: StudioState
    labelling: Labelling
    actions_: ActionRegistry
    packages: Packages
    theme: Theme

    # -- making --------------------------------------------------------------------------------------------------

    def assemble(self) -> None:
        """Make every part and put it where it stands; actions must have been declared."""
        self.panels = self._make_panels()
        desk = self.desk = QWidget()
        desk.setObjectName("desk")
        # The desk itself can have the focus, so that keys have a home when no control does.
        desk.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._stack(desk)
        self.setCentralWidget(desk)
        self._float(desk)

    def _make_panels(self) -> dict[str, PanelFrame]:
        state, commands = self.state, self.commands
        self.stream_panel = StreamPanel(state, commands)
        self.quality_panel = QualityPanel(state, commands)
        self.classes_panel = ClassesPanel(state, commands, self.labelling, self.attempt, self.actions_.single_letters)
        self.uncertain_panel = UncertainPanel(state, commands)
        self.snapshots_panel = SnapshotsPanel(state, commands)
        return {
            "stream": self.stream_panel,
            "source": SourcePanel(state, commands),
            "answer": AnswerPanel(state, commands),
            "gates": GatesPanel(state, commands),
            "stability": StabilityPanel(state, commands),
            "quality": self.quality_panel,
            "classes": self.classes_panel,
            "uncertain": self.uncertain_panel,
            "snapshots": self.snapshots_panel,
            "log": LogPanel(state, commands),
        }

    def _stack(self, desk: QWidget) -> None:
        """What stands in the window, from its upper to its lower edge."""
        self.bar = TopBar(self.state, self.commands.model.offered_modes, self.actions_)
        self.banner = Banner()
        self.arrangement = Arrangement({**self.panels})
        self.panels["log"].hide()
        self.panels["quality"].hide()
        self.tabs = {name: PanelTabs(TABS, name) for name in ("gates", "quality")}
        for name, tabs in self.tabs.items():
            self.panels[name].set_tabs(tabs)
        self.task_line = TaskLine(self.state, self.commands)
        self.opening = OpeningLine()
        self.status = StatusBar(self.state)
        column = QVBoxLayout(desk)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.bar, self.banner, self.opening, self.task_line, self.arrangement, self.status):
            column.addWidget(widget, 1 if widget is self.arrangement else 0)

    def _float(self, desk: QWidget) -> None:
        """What appears over all that, when it has something to say or is soon asked for; the rest are `Sheets`."""
        state, commands = self.state, self.commands
        self.toast = Toast(desk)
        self.toast.over = self.panels["snapshots"]
        self.palette_ = CommandPalette(self.actions_, desk)
        self.learning = LearningSheet(state, commands, self.bar.contract, desk)
        self.proposal = ProposalSheet(state, commands, self.attempt, desk)
        self.recent = recent_sheet(cast("StudioWindow", self), desk)
        self.countdown = Countdown(state, self.labelling, self.panels["gates"], desk)
        self.hints = first_hints(self.panels, self.bar, desk)
        self.menu_ = QMenu(self)
        fill_menu(self.menu_, self.actions_)

    # -- how it looks --------------------------------------------------------------------------------------------

    def apply_theme(self, theme: Theme) -> None:
        """Give the whole window another look; the scale of type follows the presentation mode."""
        theme = theme.scaled(PRESENTATION_SCALE if self.state.presentation else 1.0)
        self.theme = theme
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_to(app, theme)
        self.arrangement.scale = theme.scale
        over: list[Themed] = [self.bar, self.status, self.banner, self.toast, self.palette_, self.recent]
        over += [self.learning, self.proposal, self.countdown, self.task_line, self.hints, self.opening]
        over += self.sheets_made()
        for part in [*over, *self.panels.values()]:
            part.apply_theme(theme)
        self.packages.apply_theme(theme)
        self.arrangement.follow()

    def show_for_audience(self, presentation: bool) -> None:
        """Leave what an audience looks at, or show everything again."""
        self.panels["uncertain"].setVisible(not presentation)
        # What is performed stays at hand: the presenter clicks it.
        self.panels["source"].setVisible(not presentation or any(knob.kind == "choice" for knob in self.state.knobs))
        self.arrangement.bottom.setVisible(not presentation)
        self.status.setVisible(not presentation)
        self.task_line.set_presentation(presentation)
        self.bar.set_presentation(presentation)

    def show_quality(self, on: bool) -> None:
        """Show how good the answers are, in the place of gates and stability, or those again."""
        shown, before = ("quality", "gates") if on else ("gates", "quality")
        by_key = any(button.hasFocus() for button in self.tabs[before].buttons.values())
        self.arrangement.show_quality(on)
        if by_key:
            # The focus goes with the tab.
            self.tabs[shown].buttons[shown].setFocus(Qt.FocusReason.TabFocusReason)

    def fills_screen(self) -> bool:
        """Whether the window, with the frame that the system draws around it, is better maximised: it has no room."""
        room = self.screen().availableSize() - QSize(0, TITLE_BAR)
        return self.fits_screen() and (self.width() > room.width() or self.height() > room.height())

    def fits_screen(self) -> bool:
        """Whether the smallest window has room on the screen; it would be clipped if it filled a smaller one."""
        screen, least = self.screen().size(), self.minimumSize()
        return screen.width() >= least.width() and screen.height() >= least.height()
