"""The sheet under the contract chip: what is protected, how open the learning bank is, which mode and rule learn."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.mode_words import MODE_WORDS, RULES, mode_sentence
from dgstudio.studio.common.overlays.overlay import Overlay
from dgstudio.studio.common.widgets.chip import Segmented
from dgstudio.studio.common.widgets.margin_text import room_words
from dgstudio.studio.learning.dial_row import DialRow
from dgstudio.studio.learning.dials import Dial, effects_of
from dgstudio.studio.theme.format import grouped, percent
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import Mode

WIDTH = 830
STEP = 0.01
"""Of the dials that are no counts."""
MOST_TAU, MOST_DELTA, MOST_ABSTAIN = 0.5, 1.0, 0.99
ROOM = (
    "How far the routing of the protected inputs is from changing. γ is the score of the last unit that answers over "
    "that of the first that does not; the input moves in standard deviations of its features."
)
COUNTS = {Dial.MOST: (50, 1000, 50), Dial.BANK: (100, 2000, 100), Dial.FEATURES: (128, 2048, 128)}
"""(least, most, step) of the dials that count."""
BY_ITSELF = (
    "When for 30 s no example of a class has come, gone or been relabelled, all of them are learned and 95 % are\n"
    "answered rightly, and that holds for every class with something to protect, it is protected."
)
BY_ITSELF_WORDS = "What has been learned, and answered rightly for half a minute, is protected. Ctrl+Z takes it back."
SHOWN = (
    StudioState.protected, StudioState.protect_at_seal, StudioState.protect_by_itself, StudioState.seal_at,
    StudioState.features, StudioState.features_open, StudioState.least_tau, StudioState.tau, StudioState.delta,
    StudioState.abstain, StudioState.rule, StudioState.rules, StudioState.mode,
)  # fmt: skip
"""The fields that the dials show."""
EFFECTS_S = 0.25
"""Wall seconds between two looks at what the dials do: faster cannot be read."""


class LearningSheet(Overlay):
    """Opened by a click on the contract chip; keys that mean nothing to its dials go on to the window.

    The dials ask the engine for what they show; a publish with full proof applies it. `browsed`: the user wants to see
    the protected inputs.
    """

    browsed = Signal()

    def __init__(self, state: StudioState, commands: Bridge, anchor: QWidget, parent: QWidget) -> None:
        super().__init__(parent, WIDTH, 520, 0)
        self.setAccessibleName("Contract and learning")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._state, self._commands, self._anchor = state, commands, anchor
        self._labels: dict[str, QLabel] = {}
        self._due = float("-inf")
        self.dials = {dial: DialRow(dial) for dial in Dial}
        both = QHBoxLayout(self)
        both.setContentsMargins(18, 16, 18, 16)
        both.setSpacing(30)
        for side in (self._contract(commands), self._learning(commands)):
            side.setSpacing(8)
            side.addStretch(1)
            both.addLayout(side, 1)
        self._connect(commands)
        state.when(*SHOWN).connect(self._show_dials)
        self._show_dials()

    def _contract(self, commands: Bridge) -> QVBoxLayout:
        column = QVBoxLayout()
        column.addWidget(self._label("head", "Contract", "panelTitle"))
        column.addWidget(self._label("promise", "", wrap=True))
        column.addWidget(self._label("coverage", "", "muted", wrap=True))
        column.addWidget(self._label("room words", "", "muted", wrap=True))
        self._labels["room words"].setToolTip(ROOM)
        self._labels["room words"].hide()
        self.protect = QPushButton("Protect what it knows now")
        self.protect.clicked.connect(lambda: commands.model.protect_now())
        self.browse = QPushButton("Browse them…")
        self.browse.setToolTip(
            "Every protected input: its class, how sure the answer was, where it comes from; release some"
        )
        self.browse.clicked.connect(lambda: self.browsed.emit())
        row = QHBoxLayout()
        row.addWidget(self.protect)
        row.addWidget(self.browse)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.dials[Dial.MOST])
        self.by_itself = QCheckBox("Protect by itself what was stable for 30 s")
        self.by_itself.setToolTip(BY_ITSELF)
        self.by_itself.toggled.connect(lambda on: commands.model.protect_by_itself(on))
        column.addWidget(self.by_itself)
        column.addWidget(self._label("by itself words", BY_ITSELF_WORDS, "muted", wrap=True))
        column.addSpacing(6)
        column.addWidget(self._label("modes", "What may change", "panelTitle"))
        offered = commands.model.offered_modes
        self.modes = Segmented("Learning mode", [(mode.value, *MODE_WORDS[mode]) for mode in offered])
        self.modes.chosen.connect(lambda key: commands.model.set_mode(Mode(key)))
        column.addWidget(self.modes)
        column.addWidget(self._label("mode words", "", "muted", wrap=True))
        return column

    @property
    def changing(self) -> tuple[QWidget, ...]:
        """The controls that change the session."""
        sliders = (dial.slider for dial in self.dials.values())
        choices = (*self.modes.segments.values(), *self.rules.segments.values())
        return self.protect, self.by_itself, *choices, *sliders

    def _learning(self, commands: Bridge) -> QVBoxLayout:
        column = QVBoxLayout()
        column.addWidget(self._label("dials", "The learning bank", "panelTitle"))
        for dial in (Dial.OPENNESS, Dial.DISAGREEMENT, Dial.ABSTAIN, Dial.BANK, Dial.FEATURES):
            column.addWidget(self.dials[dial])
            column.addSpacing(2)
        column.addSpacing(4)
        column.addWidget(self._label("rule", "By which rule", "panelTitle"))
        self.rules = Segmented("Rule", [(name, *words) for name, words in RULES.items()])
        self.rules.chosen.connect(lambda name: commands.model.set_rule(str(name)))
        column.addWidget(self.rules)
        column.addWidget(self._label("rule words", "", "muted", wrap=True))
        return column

    def _connect(self, commands: Bridge) -> None:
        model = commands.model
        for dial, ask in (
            (Dial.MOST, model.set_protected),
            (Dial.BANK, model.set_seal_at),
            (Dial.FEATURES, model.set_features),
        ):
            least, most, step = COUNTS[dial]
            slider = self.dials[dial].slider
            slider.setRange(least // step, most // step)
            slider.valueChanged.connect(lambda value, ask=ask, step=step: ask(value * step))
        abstain = self.dials[Dial.ABSTAIN].slider
        abstain.setRange(0, round(MOST_ABSTAIN / STEP))
        abstain.valueChanged.connect(lambda value: model.set_abstain(round(value * STEP, 4)))
        for dial in (Dial.OPENNESS, Dial.DISAGREEMENT):
            self.dials[dial].slider.valueChanged.connect(self._turned)

    def place(self) -> None:
        """Stand under the chip that opens it, within the window."""
        layout, host = self.layout(), self._host
        assert layout is not None
        layout.activate()
        wide = min(round(WIDTH * self.theme.scale), host.width() - 32)
        tall = layout.totalHeightForWidth(wide) if layout.hasHeightForWidth() else layout.sizeHint().height()
        below = self._anchor.mapTo(host, QPoint(0, self._anchor.height() + 6))
        left = max(8, min(below.x(), host.width() - wide - 8))
        self.setGeometry(left, below.y(), wide, min(tall, host.height() - below.y() - 8))

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(round(WIDTH * self.theme.scale), 400)

    def update_frame(self, frame: Frame) -> None:
        """Show how much is certified now, and what the dials do; called at each frame, in the Qt thread."""
        if not self.isVisible():
            return
        self._set("coverage", coverage_words(frame))
        # First, so that it is placed with the room that it takes.
        self._labels["room words"].setVisible(frame.stats.room is not None)
        self._set("room words", room_words(frame.stats.room))
        if not 0 <= frame.frame_time_wall - self._due < EFFECTS_S:
            self._due = frame.frame_time_wall
            effects = effects_of(frame, self._state)
            news = [row.say(effects.get(dial, "")) for dial, row in self.dials.items()]
            if any(news):
                self.place()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        for name, label in self._labels.items():
            label.setFont(theme.header() if label.objectName() == "panelTitle" else theme.ui("body"))
            if "words" in name or name == "coverage":
                label.setFont(theme.ui("small"))
        for button in (self.protect, self.browse):
            button.setFont(theme.ui("body"))
        self.by_itself.setFont(theme.ui("body"))
        for switch in (self.modes, self.rules):
            switch.apply_theme(theme)
        for row in self.dials.values():
            row.apply_theme(theme)
        if self.isVisible():
            self.place()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() == Qt.Key.Key_Escape:
            self.close_overlay()
        else:
            # A class key records while a dial is being turned.
            event.ignore()

    def _label(self, name: str, text: str, look: str = "", *, wrap: bool = False) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(wrap)
        label.setObjectName(look)
        self._labels[name] = label
        return label

    def _turned(self) -> None:
        # Wider is to the right: −τ.
        openness, disagreement = (self.dials[dial].slider.value() for dial in (Dial.OPENNESS, Dial.DISAGREEMENT))
        self._commands.model.set_openness(round(-openness * STEP, 4), disagreement * STEP)

    def _set(self, name: str, text: str) -> None:
        if self._labels[name].text() != text:
            self._labels[name].setText(text)
            if self.isVisible():
                self.place()

    def _show_dials(self) -> None:
        state = self._state
        count = grouped(state.protected)
        self._set("promise", f"Exact: every publish leaves every bit of the answers to {count} protected inputs alone.")
        for dial, number in (
            (Dial.MOST, state.protect_at_seal),
            (Dial.BANK, state.seal_at),
            (Dial.FEATURES, state.features),
        ):
            self.dials[dial].show_value(round(number / COUNTS[dial][2]), grouped(number))
        # Only where there is something to choose.
        self.dials[Dial.FEATURES].setVisible(state.features_open)
        self.by_itself.blockSignals(True)
        self.by_itself.setChecked(state.protect_by_itself)
        self.by_itself.blockSignals(False)
        for dial, low, high, value, text in (
            (Dial.OPENNESS, -MOST_TAU, -state.least_tau, -state.tau, f"τ = {state.tau:.2f}".replace("-", "−")),
            (Dial.DISAGREEMENT, 0.0, MOST_DELTA, min(state.delta, MOST_DELTA), f"δ = {state.delta:.2f}"),
            (
                Dial.ABSTAIN,
                0.0,
                MOST_ABSTAIN,
                state.abstain,
                f"p < {state.abstain:.2f}" if state.abstain > 0 else "off",
            ),
        ):
            row = self.dials[dial]
            row.slider.blockSignals(True)
            row.slider.setRange(round(low / STEP), round(high / STEP))
            row.slider.blockSignals(False)
            row.show_value(round(value / STEP), text)
        self.modes.choose(state.mode.value)
        self._set("mode words", mode_sentence(state.mode))
        self.rules.choose(state.rule)
        self._set("rule words", RULES.get(state.rule, ("", ""))[1])
        several = len(state.rules) > 1
        for widget in (self._labels["rule"], self.rules, self._labels["rule words"]):
            widget.setVisible(several)


def coverage_words(frame: Frame) -> str:
    """Return how many of the newest answers are certified to equal the last protected version's."""
    share = frame.stats.coverage
    if share is None:
        return "Nothing is protected yet, so no answer can be certified."
    words = f"Coverage: {percent(share)} of the newest answers provably equal those of the last protected version."
    if frame.stats.novelty is not None:
        # One digit: the text is read, and moves with every quarter second.
        words += f" Novelty of the stream: {frame.stats.novelty:.1f} (above 1: unlike what was learned)."
    return words
