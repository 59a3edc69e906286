"""The Gating panel: views of the whole gating, of now or of the moment that all panels show, each with its sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from dgstudio.engine.inspection.unavailable import NoBase
from dgstudio.errors import BadInputError
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import UnitSubject
from dgstudio.studio.bridge.question import Question
from dgstudio.studio.bridge.state import Frame, Phase, StudioState
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.common.widgets.combo_box import ChoiceBox
from dgstudio.studio.gating.seen import Seen, Stance
from dgstudio.studio.gating.views import VIEWS, View
from dgstudio.studio.theme.format import grouped, seconds
from dgstudio.studio.theme.theme import LIGHT, Theme

if TYPE_CHECKING:
    from dgstudio.engine.inspection.gating_figures import GatingFigures, NearestByGates
    from dgstudio.studio.gating.canvas import Canvas
    from dgstudio.studio.gating.export import Sheet

REFRESH_S = 1.0
"""Wall seconds between two looks at the live gating."""
REST = 4.0
"""Figures that take long are asked for after so many times as long, so that dg-inspect is free for other questions."""
NEAREST = 8
LOADING = "Loading the base model …"
WORKING = "Working it out …"
NO_BASE = (
    "v{} began from nothing: it has no base, and so no gates to look at. “Train a new base from all examples” (Ctrl+K) "
    "makes one."
)
NO_CLASS = (
    "There is no class yet, and nothing to tell apart: press A to add one, then hold its key while you perform it."
)
CLICK_UNIT = "A click, or Enter, inspects a unit."
NO_ANSWER = "Nothing had been answered yet at this moment."
OF_NOW = (View.SHARES, View.OVERLAP, View.NEAREST)
"""What these views count are protected inputs and examples, which are those of now whatever moment is shown."""
FAILED = "This could not be worked out; the log says why."


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Figures, and when they are of."""

    figures: GatingFigures
    stance: Stance


class GatingPanel(PanelFrame):
    """Asks for figures while it is seen and not frozen; pyqtgraph is imported when it is first shown."""

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Gating", parent=parent)
        self._state = state
        self.view = View.SHARES
        self.frozen = False
        self.canvas: Canvas | None = None
        self.found: Found | None = None
        self.nearest: tuple[NearestByGates, ...] = ()
        self.seen: Seen | None = None
        """What is drawn; None where there is nothing to see."""
        self._figures: Question[GatingFigures] = Question(commands.inspection, "gating")
        self._nearest: Question[tuple[NearestByGates, ...]] = Question(commands.inspection, "nearest by gates")
        self._asked_of: Stance | None = None
        self._asked_at = self._due = float("-inf")
        self._refused: Reason | str | None = None
        self.views = ChoiceBox("Which view of the gating is shown")
        for kind in VIEWS.values():
            self.views.addItem(kind.title)
            self.views.setItemData(self.views.count() - 1, kind.tooltip, Qt.ItemDataRole.ToolTipRole)
        self.views.currentIndexChanged.connect(lambda index: self.choose(list(VIEWS)[index]))
        self.whole = self._button("Show all", "Bring all of the view into the picture again")
        self.whole.setEnabled(False)
        self.freeze = self._button("Freeze", "Let the views stand still, or follow again  [F]")
        self.freeze.setCheckable(True)
        self.freeze.toggled.connect(self.set_frozen)
        self.export = self._button("Export…", "Write this view to a file: PNG, SVG, or the numbers as CSV")
        self.sentence = QLabel("")
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.empty = QLabel("")
        self.empty.setObjectName("empty")
        self.empty.setWordWrap(True)
        self.empty.setTextFormat(Qt.TextFormat.PlainText)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.empty.setContentsMargins(24, 24, 24, 0)
        self.read = QLabel("")
        self.read.setObjectName("muted")
        self.read.setWordWrap(True)
        self.read.setTextFormat(Qt.TextFormat.PlainText)
        self._place = QVBoxLayout()
        self._lay_out()
        state.when(StudioState.class_looks, StudioState.phase).connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self.views)
        top.addStretch(1)
        for button in (self.whole, self.freeze, self.export):
            top.addWidget(button)
        self.body.addLayout(top)
        self.body.addWidget(self.sentence)
        self.body.addLayout(self._place, 1)
        self.body.addWidget(self.empty, 1)
        self.body.addWidget(self.read)

    def _button(self, words: str, tooltip: str) -> QPushButton:
        button = QPushButton(words)
        button.setObjectName("option")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(tooltip)
        return button

    # -- what can be done ------------------------------------------------------------------------------------------

    def choose(self, view: View) -> None:
        """Show a view."""
        self.view = view
        self.views.setCurrentIndex(list(VIEWS).index(view))
        self.views.setToolTip(VIEWS[view].tooltip)
        self._show()

    def set_frozen(self, frozen: bool) -> None:
        """Let the views stand still, or follow again."""
        if frozen == self.frozen:
            return
        self.frozen = frozen
        self.freeze.setChecked(frozen)
        if frozen:
            # What is on its way is of later.
            self._figures.forget()
        else:
            self._due = float("-inf")
        self._show()

    @property
    def has_picture(self) -> bool:
        """Whether the view has something to show."""
        return self.seen is not None and self.canvas is not None and self.canvas.picture is not None

    def sheet(self) -> Sheet:
        """Return the view that is shown, on the light theme, as it goes to a file: picture and table.

        Raises
        ------
        BadInputError
            If there is nothing to see.
        """
        from dgstudio.studio.gating.export import Words, sheet_of
        from dgstudio.studio.gating.sentences import sentence_of

        title, canvas = VIEWS[self.view].title, self.canvas
        picture = None if canvas is None else canvas.picture
        if self.seen is None or canvas is None or picture is None:
            raise BadInputError("There is nothing to export: this view is empty.")
        about = f"{self._when(self.seen.stance)}: {self._inputs(self.seen)}"
        words = Words(title, sentence_of(self.view, self.seen), about)
        before, light = canvas.theme, LIGHT.scaled(canvas.theme.scale)
        canvas.apply_theme(light)
        try:
            return sheet_of(words, picture, canvas.draw, canvas.size(), light)
        finally:
            canvas.apply_theme(before)

    def suggested_name(self) -> str:
        """What a file of this view may be called, without an ending."""
        version = "" if self.found is None else f" v{self.found.figures.version}"
        return f"{self.view}{version}"

    # -- frames ----------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        if self.canvas is None:
            # The panel first: pyqtgraph takes a third of a second.
            QTimer.singleShot(0, self, self._open_canvas)
        self._show()

    def update_frame(self, frame: Frame) -> None:
        """Ask again where that is due, and show what has come of it."""
        if not self.isVisible():
            return
        self._take(frame.frame_time_wall)
        look = frame.look
        reading = frame.reading if look is None else look.reading
        if self.frozen and self.found is not None:
            self._ask_nearest()
            return
        if reading is None:
            self._show_no_answer(then=look is not None)
            return
        if look is None:
            stance = Stance(reading, frame.now)
        else:
            stance = Stance(reading, look.edge, look.moment)
        wall, version = frame.frame_time_wall, reading.version
        if look is not None and not self._figures.open:
            readings = look.past.readings
            asked = self._figures.ask(
                ("then", version, look.start, look.end, len(readings)),
                lambda inspector: inspector.gating(version, readings),
            )
            self._note_asked(asked, stance, wall)
        elif look is None and wall >= self._due and not self._figures.open:
            asked = self._figures.ask(("now", version, wall), lambda inspector: inspector.gating(version))
            self._note_asked(asked, stance, wall)
        if look is not None and self.found is not None and not self._figures.open:
            self._move_to(stance)
        self._ask_nearest()

    def _show_no_answer(self, *, then: bool) -> None:
        """Nothing is answered at the moment that is shown."""
        missing = NO_ANSWER if then else None
        if missing != self._refused or self.found is not None:
            self._figures.forget()
            self.found, self._refused, self._due = None, missing, float("-inf")
            self._show()

    def _note_asked(self, asked: bool, stance: Stance, wall: float) -> None:
        if asked:
            self._asked_of, self._asked_at = stance, wall

    def _ask_nearest(self) -> None:
        """Ask about the answer that the figures are of, where that is shown."""
        if self.view is not View.NEAREST or self.found is None or self._nearest.open:
            return
        reading = self.found.stance.reading
        version, raw = reading.version, reading.features
        if len(raw):
            key = version, reading.hop
            self._nearest.ask(key, lambda inspector: inspector.nearest_by_gates(version, raw, NEAREST))

    def _take(self, wall: float) -> None:
        found, nearest = self._figures.take(), self._nearest.take()
        if found is not None and self._asked_of is not None:
            self._due = wall + max(REFRESH_S, REST * (wall - self._asked_at))
            self._refused = found.refused or (FAILED if found.failed is not None else None)
            self.found = None if found.value is None else Found(found.value, self._asked_of)
        if nearest is not None:
            self.nearest = nearest.value or ()
        if found is not None or nearest is not None:
            self._show()

    def _move_to(self, stance: Stance) -> None:
        """The time cursor has moved within what is shown."""
        found = self.found
        if found is not None and stance.moment != found.stance.moment:
            self.found = replace(found, stance=stance)
            self._show()

    # -- what is shown ---------------------------------------------------------------------------------------------

    def _open_canvas(self) -> None:
        if self.canvas is not None:
            return
        from dgstudio.studio.gating.canvas import Canvas

        canvas = self.canvas = Canvas()
        canvas.pointed.connect(self._say_spot)
        canvas.unit_chosen.connect(self._inspect)
        canvas.zoomed.connect(self.whole.setEnabled)
        self.whole.clicked.connect(canvas.show_whole)
        canvas.apply_theme(self.theme)
        self._place.addWidget(canvas)
        self._show()

    def _show(self) -> None:
        if not self.isVisible():
            return
        self.seen = self._what_is_seen()
        missing = self._why_empty()
        there = self.seen is not None and self.canvas is not None and not missing
        self.sentence.setVisible(there)
        self.empty.setVisible(not there)
        self.read.setVisible(there)
        self.export.setEnabled(there)
        if self.canvas is not None:
            self.canvas.setVisible(there)
        self._show_when()
        if not there or self.seen is None or self.canvas is None:
            self.empty.setText(missing)
            self.seen = None
            return
        # What makes pictures and sentences is not needed before.
        from dgstudio.studio.gating.drawing import picture_of
        from dgstudio.studio.gating.sentences import sentence_of

        self.sentence.setText(sentence_of(self.view, self.seen))
        self.canvas.show_picture(self.view, picture_of(self.view, self.seen))
        self.canvas.setAccessibleDescription(self.sentence.text())
        self._say_spot(self.canvas.spot)

    def _what_is_seen(self) -> Seen | None:
        found = self.found
        if found is None:
            return None
        return Seen(found.figures, found.stance, self.nearest, self._state.name_of, self._colour_of)

    def _why_empty(self) -> str:
        if self._state.phase == Phase.LOADING:
            return LOADING
        if isinstance(self._refused, NoBase):
            return NO_BASE.format(self._refused.version)
        if self._refused is not None:
            return self._refused if isinstance(self._refused, str) else self._refused.sentence
        if self.seen is None or self.canvas is None:
            return WORKING
        from dgstudio.studio.gating.sentences import why_empty

        missing = why_empty(self.view, self.seen)
        return NO_CLASS if missing and not self._state.classes else missing

    def _show_when(self) -> None:
        if self.found is None:
            self.set_right("")
            return
        seen = Seen(self.found.figures, self.found.stance, self.nearest, self._state.name_of, self._colour_of)
        frozen = "frozen · " if self.frozen and seen.stance.moment is not None else ""
        now = " · inputs of now" if seen.stance.moment is not None and self.view in OF_NOW and not self.frozen else ""
        self.set_right(f"{frozen}{self._when(seen.stance)}{now}")
        then = " All as it was when it was frozen." if self.frozen else ""
        self._right.setToolTip(f"{self._inputs(seen)}.{then}")

    def _when(self, stance: Stance) -> str:
        """Which version, and of when: "v104 now", "v104 frozen", or "v46 then, −12.4 s"."""
        version = stance.reading.version if self.found is None else self.found.figures.version
        live = "frozen" if self.frozen else "now"
        when = live if stance.moment is None else f"then, {seconds(min(stance.moment - stance.edge, 0.0))}"
        return f"v{version} {when}"

    def _inputs(self, seen: Seen) -> str:
        """On what the figures rest: the live inputs are those of the moment, the others those of now."""
        protected, examples, live = map(grouped, seen.figures.inputs)
        when = "of the last 30 s" if seen.stance.moment is None else "of the stretch in view"
        now = "" if seen.stance.moment is None else " as they are now"
        return f"{protected} protected inputs and {examples} examples{now}, {live} live inputs {when}"

    def _say_spot(self, spot: object) -> None:
        from dgstudio.studio.gating.pictures import Spot, shows_units

        picture = None if self.canvas is None else self.canvas.picture
        hint = "" if picture is None else picture.hint
        if picture is not None and shows_units(picture):
            hint = f"{hint} {CLICK_UNIT}".lstrip()
        self.read.setText(spot.words if isinstance(spot, Spot) else hint)

    def _inspect(self, unit: int) -> None:
        self._state.inspected = UnitSubject(unit)

    def _colour_of(self, class_id: int) -> str:
        card = self._state.card(class_id)
        return card.info.colour if card is not None else self.theme.reserve_unit

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.views.apply_theme(theme)
        self.sentence.setFont(theme.ui("body"))
        # Two lines always: a longer number moves nothing.
        self.sentence.setMinimumHeight(2 * self.sentence.fontMetrics().lineSpacing())
        self.empty.setFont(theme.ui("body"))
        for widget in (self.whole, self.freeze, self.export, self.read):
            widget.setFont(theme.ui("small"))
        self.read.setMinimumHeight(2 * self.read.fontMetrics().lineSpacing())
        if self.canvas is not None:
            self.canvas.apply_theme(theme)
