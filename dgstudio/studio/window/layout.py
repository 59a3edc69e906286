"""What stands in the window, and where: bars, lines, panels; each frame goes to all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QStackedLayout, QVBoxLayout, QWidget

from dgstudio.studio.actions.registry import ActionRegistry
from dgstudio.studio.answer.panel import AnswerPanel
from dgstudio.studio.bars.status_bar import StatusBar
from dgstudio.studio.bars.top_bar import TopBar
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.classes.hold_to_label import Labelling
from dgstudio.studio.classes.panel import ClassesPanel
from dgstudio.studio.common.overlays.toast import Banner
from dgstudio.studio.common.panels.late_panels import LatePanels
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.common.panels.panel_tabs import PanelTabs
from dgstudio.studio.docking.arrangement import MIDDLE, Arrangement
from dgstudio.studio.docking.built_in import LABEL, PAD
from dgstudio.studio.gates.panel import GatesPanel
from dgstudio.studio.learning.consolidation_sheet import TaskLine
from dgstudio.studio.log.panel import LogPanel
from dgstudio.studio.sessions.opening_bar import OpeningLine
from dgstudio.studio.sessions.watch_line import WatchLine
from dgstudio.studio.source.panel import SourcePanel
from dgstudio.studio.stability.panel import StabilityPanel
from dgstudio.studio.stream.panel import StreamPanel
from dgstudio.studio.theme.theme import Theme, Themed
from dgstudio.studio.uncertain.panel import UncertainPanel
from dgstudio.studio.versions.panel import SnapshotsPanel
from dgstudio.types import StreamKind

if TYPE_CHECKING:
    from dgstudio.studio.gating.panel import GatingPanel
    from dgstudio.studio.inspector.panel import InspectorPanel
    from dgstudio.studio.quality.panel import QualityPanel
    from dgstudio.studio.stage.stage_view import StageView

TABS = [
    ("gates", "Gates", "Which units, examples and banks answer, and how stable that is"),
    ("quality", "Quality", "How good the answers are: accuracy, confusion, calibration  [Q]"),
    ("gating", "Gating", "Views of the whole gating: who fires for what, at what cost, how safely  [G]"),
    ("compared", "Compare", "Ours beside other models, on the same stream and the same labels  [C]"),
]
"""Panels that share the middle of the window."""
LATE = frozenset({"quality", "gating", "compared", "inspector"})
"""Panels that are made when they are first opened: they ask for what they show."""


class WindowLayout:
    """The parts that are always there, stacked on `desk`. What is laid over them are `Sheets`.

    Each is made in its place: Qt styles all that a widget holds anew each time that it is put into another.

    Parameters
    ----------
    window
        Gets the desk for its middle.
    actions
        What the top bar's buttons do; all of them must have been declared.
    attempt
        Asks the engine for something, and tells the user what it refuses.
    """

    def __init__(
        self,
        window: QMainWindow,
        state: StudioState,
        commands: Bridge,
        labelling: Labelling,
        actions: ActionRegistry[Any],
        attempt: Callable[..., None],
    ) -> None:
        self._state, self._commands = state, commands
        self.broken: set[str] = set()
        """Panels that failed to draw and are left out since; the log says why."""
        self.stream_panel = StreamPanel(state, commands)
        self.source_panel = SourcePanel(state, commands)
        self.gates_panel = GatesPanel(state, commands)
        self.stability_panel = StabilityPanel(state, commands)
        self.classes_panel = ClassesPanel(state, commands, labelling, attempt, actions.single_letters)
        self.uncertain_panel = UncertainPanel(state, commands)
        self.snapshots_panel = SnapshotsPanel(state, commands)
        self.log_panel = LogPanel(state, commands)
        self.panels = LatePanels(
            {
                "stream": lambda: self.stream_panel,
                "source": lambda: self.source_panel,
                "answer": lambda: AnswerPanel(state, commands),
                "gates": lambda: self.gates_panel,
                "stability": lambda: self.stability_panel,
                "quality": lambda: _quality(state, commands),
                "gating": lambda: _gating(state, commands),
                "compared": lambda: _compared(state, commands, actions),
                "classes": lambda: self.classes_panel,
                "uncertain": lambda: self.uncertain_panel,
                "inspector": lambda: _inspector(state, commands, attempt),
                "snapshots": lambda: self.snapshots_panel,
                "log": lambda: self.log_panel,
            }
        )
        self.tabs: dict[str, PanelTabs] = {}
        """By the panel in whose header they stand."""
        self.theme: Theme | None = None
        self.panels.when_made(self._prepare)
        desk = self.desk = QWidget(window)
        desk.setObjectName("desk")
        # The desk itself can have the focus, so that keys have a home when no control does.
        desk.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        window.setCentralWidget(desk)
        working = self.working = QWidget(desk)
        """All that is worked with, of which an audience sees nothing."""
        self._stack = QStackedLayout(desk)
        self._stack.addWidget(working)
        self.bar = TopBar(state, commands.model.offered_modes, actions, working)
        self.banner = Banner(working)
        of_pointer = state.spec is not None and state.spec.kind is StreamKind.POINTER
        self.arrangement = Arrangement(self.panels, PAD if of_pointer else LABEL, working)
        # After the arrangement has put it there.
        self.panels.when_made(self._dress)
        self.task_line = TaskLine(state, commands, working)
        self.opening = OpeningLine(working)
        self.watching = WatchLine(state, working)
        self.status = StatusBar(state, working)
        for name in self.panels:
            if name not in LATE:
                # They keep what no later frame brings again.
                _ = self.panels[name]
        state.when(StudioState.compare).connect(self._follow_compared)
        self._column = QVBoxLayout(working)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        lines = self.banner, self.watching, self.opening, self.task_line
        for widget in (self.bar, *lines, self.arrangement, self.status):
            self._column.addWidget(widget, 1 if widget is self.arrangement else 0)

    def add_line(self, line: QWidget) -> None:
        """Put another line across the window, above that of the background task."""
        self._column.insertWidget(self._column.indexOf(self.task_line), line)

    def _prepare(self, name: str, panel: PanelFrame) -> None:
        """Give a panel that has just been made what all have."""
        if name in MIDDLE:
            tabs = self.tabs[name] = PanelTabs(TABS, name)
            panel.set_tabs(tabs)
            tabs.chosen.connect(self.show_middle)

    def _dress(self, _name: str, panel: PanelFrame) -> None:
        """Give a panel its look that has just been put in its place, where others have theirs."""
        if self.theme is not None:
            # Qt, when it styles them for the first time, would put other fonts in the place of ours.
            for part in (panel, panel.header_bar):
                for widget in (part, *part.findChildren(QWidget)):
                    widget.ensurePolished()
            panel.apply_theme(self.theme)

    def _follow_compared(self) -> None:
        # It tells of all that was answered since.
        if self._state.compare:
            _ = self.panels["compared"]

    @property
    def quality_panel(self) -> QualityPanel:
        """Made at the first look, as are the next two."""
        return cast("QualityPanel", self.panels["quality"])

    @property
    def gating_panel(self) -> GatingPanel:
        """Views of the gating."""
        return cast("GatingPanel", self.panels["gating"])

    @property
    def inspector_panel(self) -> InspectorPanel:
        """Why an answer is what it is."""
        return cast("InspectorPanel", self.panels["inspector"])

    def update_frame(self, frame: Frame) -> list[tuple[str, Exception]]:
        """Show one frame; returns the panels that could not draw it, and why. Each is left out from then on."""
        if self.stage_made:
            self.stage.update_frame(frame) if self.stage.isVisible() else self.stage.update_unseen(frame)
        self.bar.update_frame(frame)
        self.status.update_frame(frame)
        self.opening.update_wall(frame.frame_time_wall)
        failed: list[tuple[str, Exception]] = []
        for name, panel in self.panels.made.items():
            if name in self.broken:
                continue
            try:
                # What cannot be seen costs nothing: it draws again when it is seen.
                if self.arrangement.docks[name].seen:
                    panel.update_frame(frame)
                else:
                    panel.update_unseen(frame)
            except Exception as error:
                # One panel that cannot draw must not stop the others, nor fill the log thirty times a second.
                self.broken.add(name)
                failed.append((name, error))
        return failed

    # -- what is shown -----------------------------------------------------------------------------------------------

    @property
    def quality_shown(self) -> bool:
        """Whether Quality is open."""
        return self.arrangement.is_open("quality")

    def show_middle(self, wanted: str, on: bool = True) -> None:
        """Show one of the panels that share the middle, or, not `on`, gates and stability again."""
        by_key = any(button.hasFocus() for tabs in self.tabs.values() for button in tabs.buttons.values())
        self.arrangement.show_middle(wanted if on else "gates")
        if by_key and on:
            # The focus goes with the tab.
            self.tabs[wanted].buttons[wanted].setFocus(Qt.FocusReason.TabFocusReason)

    @property
    def log_shown(self) -> bool:
        """Whether the log stands beside the snapshots."""
        return self.arrangement.is_open("log")

    def show_log(self, on: bool) -> None:
        """Show or hide the log beside the snapshots."""
        self.arrangement.set_open("log", on)

    # -- the stage ---------------------------------------------------------------------------------------------------

    @cached_property
    def stage(self) -> StageView:
        """What an audience sees; made when it is first wanted."""
        from dgstudio.studio.stage.stage_view import StageView

        stage = StageView(self._state, self._commands)
        if self.theme is not None:
            stage.apply_theme(self.theme)
        return stage

    @property
    def stage_made(self) -> bool:
        """Whether the stage was ever wanted."""
        return "stage" in vars(self)

    @property
    def on_stage(self) -> bool:
        """Whether the stage stands in the place of all that is worked with."""
        return self._stack.currentWidget() is not self.working

    @property
    def middle(self) -> QWidget:
        """What stands in the middle of the window now."""
        return self.stage if self.on_stage else self.gates_panel

    def show_stage(self, on: bool) -> None:
        """Let the stage stand in the place of all that is worked with, or give that back."""
        if on:
            self._stack.addWidget(self.stage)
            self._stack.setCurrentWidget(self.stage)
        elif self.on_stage:
            self._stack.removeWidget(self.stage)
            self.stage.setParent(None)
            self._stack.setCurrentWidget(self.working)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        if self.stage_made:
            self.stage.apply_theme(theme)
        lines: list[Themed] = [self.bar, self.status, self.banner, self.task_line, self.opening, self.watching]
        for part in (*lines, *self.panels.made.values()):
            part.apply_theme(theme)
        self.arrangement.apply_theme(theme)


# -- panels that are closed at the start: imported when they are opened --------------------------------------------


def _quality(state: StudioState, commands: Bridge) -> PanelFrame:
    from dgstudio.studio.quality.panel import QualityPanel

    return QualityPanel(state, commands)


def _gating(state: StudioState, commands: Bridge) -> PanelFrame:
    from dgstudio.studio.gating.panel import GatingPanel

    return GatingPanel(state, commands)


def _compared(state: StudioState, commands: Bridge, actions: ActionRegistry[Any]) -> PanelFrame:
    from dgstudio.studio.stage.panel import ComparePanel

    return ComparePanel(state, commands, actions)


def _inspector(state: StudioState, commands: Bridge, attempt: Callable[..., None]) -> PanelFrame:
    from dgstudio.studio.inspector.panel import InspectorPanel

    return InspectorPanel(state, commands, attempt)
