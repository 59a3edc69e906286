"""The pad with its choice of maps and the sentence that says what is shown; it stands in the Stream panel."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from dgstudio.engine.labels.example_table import places_of
from dgstudio.engine.plane.decision_map import DecisionMap
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, MapMode, StudioState
from dgstudio.studio.pad.class_marks import Look
from dgstudio.studio.pad.map_picture import map_picture, name_places, outline
from dgstudio.studio.pad.pad_view import PadView, Shown
from dgstudio.studio.pad.sentences import HOW, START, map_words, unit_words
from dgstudio.studio.painting.ribbons import ink_on
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import F32, Reading

LONGEST_WORDS = 58
"""Letters of half the longest sentence below the pad."""
TRAIL_S = 2.0
"""Wall seconds of the pointer's way that are drawn."""
MARKS_EVERY_S = 0.2
"""While a key is held examples come with each answer: they are drawn so often."""
PLANE = 2
"""Numbers of an input that are its place."""
MODES = (
    (MapMode.CLASS, "Class", "The class that is answered at each place, and how sure the answer is"),
    (MapMode.UNITS, "Units", "Which units are active at each place, and where a bank speaks"),
    (MapMode.CERTIFIED, "Certified", "Where the answer is byte for byte that of the last protected version"),
)


class MapChoice(QWidget):
    """Three words, one of them chosen: `chosen` carries the `MapMode`."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[MapMode, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(9)
        group = QButtonGroup(self)
        for mode, words, tooltip in MODES:
            button = QPushButton(words)
            button.setObjectName("tab")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(f"Map of {words.lower()}")
            button.setToolTip(tooltip)
            button.clicked.connect(lambda _on=False, mode=mode: self.chosen.emit(mode))
            group.addButton(button)
            row.addWidget(button)
            self.buttons[mode] = button
        self.buttons[MapMode.CLASS].setChecked(True)

    def apply_theme(self, theme: Theme, height: int) -> None:
        """Take over a theme; `height` is that of the header."""
        for button in self.buttons.values():
            button.setFont(theme.header())
            button.setFixedHeight(height)


class PointerPad(QWidget):
    """Shows the newest map, the examples, the protected inputs, and the pointer; moves it as the user does.

    `choice` is to be put into the header of the panel in which the pad stands.
    """

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state, self._commands = state, commands
        self.view = PadView()
        self.choice = MapChoice()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.words.setObjectName("muted")
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.map: DecisionMap | None = None
        """The one that is drawn."""
        self._looks: dict[int, Look] = {}
        self._examples = np.zeros(0, np.int64), np.zeros((0, PLANE), np.float32)
        self._changes = -1
        self._protected: object = None
        self._protected_at: F32 = np.zeros((0, PLANE), np.float32)
        self._marks_due = float("-inf")
        self._region: object = None
        """What the outline is of."""
        self._nothing = False
        self._moved = False
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addWidget(self.view, 1)
        column.addWidget(self.words)
        self.theme = self.view.theme
        self.view.pointed.connect(self._point)
        self.view.resized.connect(self._draw_map)
        self.choice.chosen.connect(self.show_mode)
        state.when(StudioState.map_mode).connect(self._show_mode)
        state.when(StudioState.class_looks).connect(self._refresh_looks)
        state.when(StudioState.looked_at_unit).connect(self._show_unit)
        state.when(StudioState.classes, StudioState.phase).connect(self._show_empty)
        self._refresh_looks()
        self._show_empty()
        self._show_mode()

    @property
    def mode(self) -> MapMode:
        """What the map shows, here and on the stage."""
        return self._state.map_mode

    def _keep_lines(self) -> None:
        """Give the words two lines, three where the pad is narrow, whatever they say: the pad keeps its size."""
        metrics = self.words.fontMetrics()
        lines = 2 if self.width() > LONGEST_WORDS * metrics.averageCharWidth() else 3
        self.words.setFixedHeight(lines * metrics.lineSpacing() + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._keep_lines()
        # A square is no higher than wide: what it has no use for is left to others.
        self.view.setMaximumHeight(self.width())
        self.setMaximumHeight(self.width() + self._column.spacing() + self.words.height())

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self._watch(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102
        super().hideEvent(event)
        self._watch(False)

    def _watch(self, on: bool) -> None:
        """Have maps made, or no more: what nobody sees is not computed."""
        if self._commands.plane is not None:
            self._commands.plane.watch(on)

    def show_mode(self, mode: MapMode) -> None:
        """Let the map show something else."""
        self._state.map_mode = mode

    def show_next_mode(self) -> None:
        """Let the map show what comes next in the row of choices."""
        modes = list(self.choice.buttons)
        self.show_mode(modes[(modes.index(self.mode) + 1) % len(modes)])

    def _show_mode(self) -> None:
        self.choice.buttons[self.mode].setChecked(True)
        self._draw_map()

    def _point(self, x: float, y: float) -> None:
        if not self._moved:
            self._moved = True
            self._say()
        self._commands.point(x, y)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.view.apply_theme(theme)
        self.words.setFont(theme.ui("tiny"))
        self._keep_lines()
        self._refresh_looks()

    # -- frames --------------------------------------------------------------------------------------------------

    def update_frame(
        self, frame: Frame, times: np.ndarray, values: F32, reading: Reading | None, *, live: bool = True
    ) -> None:
        """Show the pointer at the end of these samples (n,), (n, channels), with the answer to it; and what is new."""
        plane = self._commands.plane
        if plane is not None:
            # The map is of the version that answered then, as all else is.
            plane.show_version(None if live or reading is None else reading.version)
        if plane is not None and plane.map is not None and plane.map is not self.map:
            self.map = plane.map
            self._draw_map()
        if frame.frame_time_wall >= self._marks_due:
            self._marks_due = frame.frame_time_wall + MARKS_EVERY_S
            self._refresh_marks()
        if not len(times):
            self.view.show_pointer(None)
            return
        trail = values[np.searchsorted(times, times[-1] - TRAIL_S * self._state.pace) :, :PLANE]
        look = None if reading is None or reading.top is None else self._looks.get(reading.top)
        words = "" if reading is None or not reading.classes else self._state.name_of(reading.top)
        self.view.show_pointer(Shown(trail, look, words, live))
        self._draw_region()

    def _draw_map(self) -> None:
        made = self.map
        if made is None or self._state.begun_from_nothing:
            self.view.show_map(None)
            self.view.show_region(None)
        else:
            names = []
            if self.mode is MapMode.CLASS:
                places = name_places(made).items()
                names = [(x, y, self._looks[class_id]) for class_id, (x, y) in places if class_id in self._looks]
            self.view.show_map(map_picture(made, self.mode, self._looks, self.theme, self.view.pixels), names)
            self._draw_region()
        self._say()

    def _draw_region(self) -> None:
        """Outline where the unit is active that is looked at, or on the map of units where the pointer's set is."""
        made, unit, shown = self.map, self._unit, self.view.shown
        if made is None or self._state.begun_from_nothing:
            return
        active_set: int | None = None
        if unit is None and self.mode is MapMode.UNITS and shown is not None and len(shown.trail):
            x, y = np.nan_to_num(shown.trail[-1]).tolist()
            active_set = int(made.active_sets.ravel()[made.cell_at(x, y)])
        size = self.view.pixels
        drawn = (made, unit, active_set, self.theme, size)
        if drawn == self._region:
            return
        self._region = drawn
        if unit is not None:
            self.view.show_region(outline(made.fires(unit), self.theme, size, dim=True))
        elif active_set is not None:
            self.view.show_region(outline(made.active_sets == np.uint64(active_set), self.theme, size, dim=False))
        else:
            self.view.show_region(None)

    @property
    def _unit(self) -> int | None:
        """The unit that is looked at, where the map's version has it."""
        unit, base = self._state.looked_at_unit, None if self.map is None else self.map.snapshot.base
        return unit if unit is not None and base is not None and unit < base.hidden else None

    def _show_unit(self) -> None:
        self._draw_region()
        self._say()

    def _say(self) -> None:
        made, unit = self.map, self._unit
        if made is None or self._state.begun_from_nothing:
            self.words.setText("")
        elif unit is not None:
            self.words.setText(unit_words(made, unit))
        elif not self._moved:
            self.words.setText(HOW)
        else:
            moves = self._commands.plane is not None and self._commands.plane.inputs > PLANE
            self.words.setText(map_words(made, self.mode, moves=moves))

    # -- marks ---------------------------------------------------------------------------------------------------

    def _refresh_looks(self) -> None:
        looks = {}
        for card in self._state.classes:
            info = card.info
            fill = self.theme.colour(self.theme.visible(info.colour))
            looks[info.id] = Look(fill, ink_on(fill, self.theme), info.name, info.key, info.id)
        self._looks = looks
        self._changes = -1
        self._refresh_marks()
        self._draw_map()

    def _refresh_marks(self) -> None:
        """Draw the examples and the protected inputs, where they have changed."""
        book, protected = self._commands.book, self._commands.protected
        if book.changes == self._changes and protected is self._protected:
            return
        if protected is not self._protected:
            inputs = protected.inputs
            self._protected = protected
            self._protected_at = inputs[:, :PLANE] if inputs.shape[1] >= PLANE else np.zeros((0, PLANE), np.float32)
        self._changes = book.changes
        these = book.as_arrays()
        ids, places = self._examples
        now = np.zeros((len(these), PLANE), np.float32)
        if len(these):
            at, known = places_of(these.ids, ids)
            now[known] = places[at[known]]
            for row in np.flatnonzero(~known).tolist():
                now[row] = these.examples[row].features[:PLANE]
        self._examples = these.ids, now
        self.view.show_marks(now, these.class_ids, self._looks, self._protected_at)

    def _show_empty(self) -> None:
        keys = ["1", "2"]
        for place, card in enumerate(self._state.classes[:2]):
            keys[place] = card.info.key
        nothing = self._state.begun_from_nothing
        self.view.show_empty(START.format(first=keys[0], second=keys[1]) if nothing else "")
        if nothing != self._nothing:
            self._nothing = nothing
            self._draw_map()
