"""The source's knobs: what it performs as a row of buttons, its numbers as sliders, its switches as boxes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QLabel, QPushButton, QScrollArea, QSlider, QWidget

from dgstudio.streams.source import Knob, KnobKind
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.common.panels.panel_header import HEADER_HEIGHT, MARGIN
from dgstudio.studio.source.controls import Controls
from dgstudio.studio.theme.theme import Theme

TRIES = 3
"""Times that a look is chosen again, as the one that was chosen has changed the room."""


class _Look(QScrollArea):
    """The controls in one of their looks, which scroll where they have too little room."""

    def __init__(
        self,
        knobs: tuple[Knob, ...],
        set_knob: Callable[[str, float | str | bool], object],
        nothing: str,
        parent: QWidget,
        *,
        compact: bool,
    ) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # Not of the viewport, asked for which PySide makes classes of all widgets that there are.
        self.controls = Controls(knobs, set_knob, nothing, self, compact=compact)
        self.setWidget(self.controls)


class SourcePanel(PanelFrame):
    """One control a knob; made anew only when the set of knobs changes, so that a drag is never cut off.

    Where the panel is low the knobs stand in two columns of small cells, and it is as tall as those need. The knobs in
    full stay behind them: they tell how much room they would need.
    """

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Source", parent=parent)
        self._state, self._commands = state, commands
        self._shape: tuple[object, ...] | None = None
        self._full: _Look | None = None
        self._cells: _Look | None = None
        """Made when they are first needed."""
        self._compact = self._choosing = False
        state.when(StudioState.knobs, StudioState.source_name, StudioState.spec).connect(self._show_source)
        self._show_source()

    # -- what is there -----------------------------------------------------------------------------------------------

    @property
    def controls(self) -> Controls:
        """Those that are shown."""
        return self._shown.controls

    @property
    def sliders(self) -> dict[str, QSlider]:
        """Of numbers, by knob."""
        return self.controls.sliders

    @property
    def values(self) -> dict[str, QLabel]:
        """What the sliders stand at, in words, by knob."""
        return self.controls.values

    @property
    def options(self) -> dict[str, dict[str, QPushButton]]:
        """Of choices, by knob and choice."""
        return self.controls.options

    @property
    def boxes(self) -> dict[str, QCheckBox]:
        """Of switches, by knob."""
        return self.controls.boxes

    @property
    def _in_full(self) -> _Look:
        if self._full is None:
            self._full = self._made(compact=False)
            self.body.addWidget(self._full, 1)
        return self._full

    @property
    def _in_cells(self) -> _Look:
        if self._cells is None:
            self._cells = self._made(compact=True)
            # It is asked how tall it is before it is known whether it is shown.
            self._cells.hide()
            self.body.addWidget(self._cells, 1)
        return self._cells

    @property
    def _shown(self) -> _Look:
        return self._cells if self._compact and self._cells is not None else self._in_full

    def _made(self, *, compact: bool) -> _Look:
        state = self._state
        nothing = "This source has no knobs." if state.spec is not None else "No source is open."
        look = _Look(state.knobs, self._commands.set_knob, nothing, self, compact=compact)
        look.controls.apply_theme(self.theme)
        return look

    # -- how it looks ------------------------------------------------------------------------------------------------

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        for look in filter(None, (self._full, self._cells)):
            look.controls.apply_theme(theme)
        self._choose_look()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(270), self.needed_height() - self.header_apart)

    def needed_height(self) -> int:
        """Return how tall header and body are with all knobs in full at this width."""
        return self._height_with(self._in_full)

    def height_within(self, offered: int) -> int:
        """Return how tall it is with the knobs in full, or, where that is more than is offered, in small cells."""
        full = self.needed_height()
        return full if full <= offered else self._height_with(self._in_cells)

    def _height_with(self, look: _Look) -> int:
        return self.theme.px(HEADER_HEIGHT) + self.theme.px(30) + look.controls.height_at(self._wide)

    @property
    def _wide(self) -> int:
        return self.width() - 2 * self.theme.px(MARGIN)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._choose_look()

    def _choose_look(self) -> None:
        # To show one may give this panel its height, which asks for the other while Qt is still showing the first.
        if self._choosing:
            return
        self._choosing = True
        try:
            for _ in range(TRIES):
                self._take_look()
                if self._compact == (self.whole_height < self.needed_height()):
                    break
        finally:
            self._choosing = False

    def _take_look(self) -> None:
        compact = self.whole_height < self.needed_height()
        if compact:
            self._in_cells.controls.fit(self._wide, self.theme)
        for look, wanted in ((self._in_full, not compact), (self._cells, compact)):
            if look is not None and look.isHidden() == wanted:
                look.setVisible(wanted)
        if compact != self._compact:
            self._compact = compact
            self._show_values()

    # -- what it shows -----------------------------------------------------------------------------------------------

    def _show_source(self) -> None:
        knobs = self._state.knobs
        choice = next((knob for knob in knobs if knob.kind == KnobKind.CHOICE), None)
        self.set_title(choice.label if choice is not None else "Source")
        self.set_right(self._state.source_name)
        shape = tuple((knob.name, knob.kind, knob.low, knob.high, knob.step, knob.choices) for knob in knobs)
        if shape != self._shape:
            self._shape = shape
            self._let_go()
            self._choose_look()
            self.updateGeometry()
        self._show_values()

    def _show_values(self) -> None:
        for knob in self._state.knobs:
            self.controls.show_value(knob)

    def _let_go(self) -> None:
        """Part with the controls of other knobs; not before the next event, as one of them may have called this."""
        for look in filter(None, (self._full, self._cells)):
            look.hide()
            self.body.removeWidget(look)
            look.deleteLater()
        self._full, self._cells, self._compact = None, None, False
