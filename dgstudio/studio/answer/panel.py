"""The Answer panel: the top class, which version answered, whether it is certified or new, all classes as bars."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from dgstudio.reasons.reason import capital
from dgstudio.records import dataclass
from dgstudio.studio.answer.answer_text import AnswerText, Line
from dgstudio.studio.answer.class_bars import Bar, ClassBars
from dgstudio.studio.answer.provenance import lead_of, provenance
from dgstudio.studio.answer.quarter import Quarters, answers_of, mean_answer
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import AnswerSubject
from dgstudio.studio.bridge.look import Look
from dgstudio.studio.bridge.state import Frame, Phase, StudioState
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.common.panels.panel_header import MARGIN
from dgstudio.studio.common.twin_text import TWIN_WORDS
from dgstudio.studio.common.widgets.margin_text import answer_words
from dgstudio.studio.theme.format import duration, percent
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import Reading, StreamState, TwinKind, TwinReading, TwinState

ANSWERED_TIP = (
    "The snapshot that answered, and the median time from features to probabilities in the last quarter second"
)
TODAY_TIP = "What the version that serves now says to the same input; bit-identical: all its logits are those of then"
TWIN_TIPS = {
    TwinState.VERSION: "Whole, and a version of the twin",
    TwinState.UNPUBLISHED: "Whole, but a state that was never a version",
    TwinState.TORN: "Its arrays changed while they were being read",
    TwinState.UNATTRIBUTED: "Changed while being read, and equal to no state that ever was",
}


@dataclass(frozen=True, slots=True)
class _Twin:
    """What a twin answered in a quarter second: the class, its mean probability, and its worst state in it."""

    top: int | None
    share: float
    state: TwinState


class AnswerPanel(PanelFrame):
    """Words, figures and bars, renewed together four times a second: they are always of the same quarter second."""

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Answer", parent=parent)
        self._state, self._commands = state, commands
        self._reading: Reading | None = None
        self._look: Look | None = None
        self._quarter: list[Reading] = []
        self._shares: dict[int, float] = {}
        self._top: int | None = None
        self._twins: dict[TwinKind, _Twin] = {}
        self._twin_quarter: dict[TwinKind, list[TwinReading]] = {}
        self._latencies: list[float] = []
        self._latency = 0.0
        self._quarters = Quarters()
        self._stale = ""
        self._unsure = 0.0
        self.text = AnswerText()
        self.bars = ClassBars()
        self._row = QHBoxLayout()
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(18)
        self._row.addWidget(self.text, 1000)
        self._row.addWidget(self.bars, 1)
        self.body.addLayout(self._row, 1)
        for part in (self.text, self.bars):
            part.setCursor(Qt.CursorShape.PointingHandCursor)
        state.when(StudioState.class_looks, StudioState.phase, StudioState.abstain).connect(self._refresh)
        state.when(StudioState.compare).connect(self._forget_twins)
        self._refresh()

    def update_frame(self, frame: Frame) -> None:
        """Take up the answers; every quarter second renew what is shown of them."""
        self._quarter.extend(answers_of(frame.new_readings, frame.reading))
        self._latencies.extend(reading.latency_us for reading in frame.new_readings)
        self._note_twins(frame)
        self._unsure = frame.stats.unsure_share or 0.0
        self._stale = {StreamState.LOST: "stream lost: ", StreamState.ENDED: "stream ended: "}.get(
            frame.stats.stream_state, ""
        )
        wall, look = frame.frame_time_wall, frame.look
        if look is not None:
            self._show_then(look, wall)
            return
        if self._look is not None:
            # At the live edge again: nothing of the past stands any longer.
            self._look = None
            self._quarters.begin_again()
            self.set_title("Answer")
        if self._quarters.over(wall):
            if frame.reading is None:
                self._reading, self._shares, self._top = None, {}, None
            self._take_quarter()
            self._refresh()

    def _show_then(self, look: Look, wall: float) -> None:
        """Show the answer of the moment that is looked at; what is said today is asked for four times a second."""
        before, self._look = self._look, look
        if not self._quarters.over(wall) and look is before:
            return
        self.set_title("Answer, then")
        reading = self._reading = look.reading
        self._quarter, self._latencies = [], []
        self._top = None if reading is None else reading.top
        self._shares = (
            {} if reading is None else dict(zip(reading.classes, reading.probabilities.tolist(), strict=False))
        )
        self._latency = 0.0 if reading is None else reading.latency_us
        self._twins = {}
        self._refresh()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.text.apply_theme(theme)
        self.bars.apply_theme(theme)
        self._refresh()
        self._share()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() == Qt.MouseButton.LeftButton:
            self._state.inspect(AnswerSubject())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._share()

    def _share(self) -> None:
        # The words get what their longest sentence needs, the bars the rest; no word moves a bar.
        wide = self.width() - 2 * self.theme.px(MARGIN)
        # No least width: it would keep the panel as wide as it is.
        self.text.setMaximumWidth(int(min(max(0.4 * wide, self.theme.px(230)), self.theme.px(330), 0.52 * wide)))

    def _note_twins(self, frame: Frame) -> None:
        for twin in frame.twins:
            self._twin_quarter.setdefault(twin.kind, []).extend(answers_of(twin.new, twin.newest))

    def _take_quarter(self) -> None:
        # One mean for the word, its figure and the bars: three samples of one moment would contradict each other.
        if self._quarter:
            self._reading, self._shares, self._top = mean_answer(self._quarter)
            self._quarter = []
        if self._latencies:
            self._latency = sorted(self._latencies)[len(self._latencies) // 2]
            self._latencies = []
        for kind, answers in self._twin_quarter.items():
            if answers:
                _, shares, top = mean_answer(answers)
                # The worst state of all: a torn answer would never be seen otherwise.
                worst = max((answer.state for answer in answers), key=list(TwinState).index)
                self._twins[kind] = _Twin(top, 0.0 if top is None else shares.get(top, 0.0), worst)
        self._twin_quarter = {}

    def _forget_twins(self) -> None:
        self._twins, self._twin_quarter = {}, {}
        self._refresh()

    # -- words -------------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        state, reading = self._state, self._reading
        self.bars.set_bars([Bar(card.info.id, card.info.name, card.info.colour) for card in state.classes])
        self.bars.set_numbers(self._shares, self._top)
        self.bars.set_threshold(state.abstain)
        if not state.classes:
            self._say_empty()
        elif reading is None or not reading.classes:
            watched = self._state.watched
            none = "the first window is not full yet" if watched is None or watched.recorded else "it is not recorded"
            words = none if reading is None else "no class has been learned yet"
            self.text.say("…", "text_muted", (Line(((words, "text_muted", 400),)),))
        else:
            card = state.card(self._top) if self._top is not None else None
            colour = self.theme.readable(card.info.colour) if card is not None else "text_muted"
            lines = [self._answered(reading), provenance(reading, state, self._commands)]
            if self._look is None:
                lines += map(self._twin_line, state.compare)
            elif (today := self._today_line(reading)) is not None:
                lines.append(today)
            self.text.say(state.name_of(self._top), colour, tuple(lines))
        self.set_right(self._right_text())

    def _say_empty(self) -> None:
        if self._state.phase == Phase.LOADING:
            self.text.say("…", "text_muted", (Line((("loading the model", "text_muted", 400),)),))
            return
        how = Line(
            (
                ("Hold ", "text_muted", 400),
                ("1", "text", 600),
                (" to begin · ", "text_muted", 400),
                ("A", "text", 600),
                (" names it first", "text_muted", 400),
            )
        )
        self.text.say("no class yet", "text_muted", (how,))

    def _answered(self, reading: Reading) -> Line:
        stale, took = "" if self._look is not None else self._stale, self._latency or reading.latency_us
        pieces = (
            (f"{stale}answered by ", "text_muted", 400),
            (f"v{reading.version}", "text_strong", 600),
            # What comes from a recording does not tell how long it took.
            (f" in {duration(took)}" if took else "", "text_muted", 400),
        )
        return Line(pieces, lambda: self._answered_tip(reading))

    def _answered_tip(self, reading: Reading) -> str:
        margins = self._commands.margins(reading)
        words = "" if margins is None else answer_words(margins)
        return f"{ANSWERED_TIP}\n{words}" if words else ANSWERED_TIP

    def _today_line(self, reading: Reading) -> Line | None:
        """What the version that serves now would say to the same input."""
        now = self._commands.answer_again(reading)
        if now is None:
            return None
        said = (self._state.name_of(now.top), "text_strong", 600)
        same = (", bit-identical", "good", 400) if now.identical else (", not the same bits", "text_muted", 400)
        if now.version == reading.version:
            return Line(((f"v{now.version} serves today as well", "text_muted", 400),), TODAY_TIP)
        return Line(((f"today v{now.version} says ", "text_muted", 400), said, same), TODAY_TIP)

    def _twin_line(self, kind: TwinKind) -> Line:
        words, twin = TWIN_WORDS[kind], self._twins.get(kind)
        alone = twin is not None and len(self._state.compare) == 1 and kind.mode is None
        name = "twin" if alone else f"twin ({words.short})"
        if twin is None:
            return Line(((f"{name}: no answer yet", "text_muted", 400),))
        said = f"{name}: {self._state.name_of(twin.top)}" + (f" {twin.share:.2f}" if twin.top is not None else "")
        tip = f"{capital(words.full)}. {TWIN_TIPS[twin.state]}."
        if twin.state == TwinState.VERSION:
            return Line(((said, "text_muted", 400),), tip)
        state = "whole, never a version" if twin.state == TwinState.UNPUBLISHED else twin.state.value
        return Line(((f"{said} · ", "text_muted", 400), (state, "twin", 600)), tip)

    def _right_text(self) -> str:
        reading, words = self._reading, []
        if reading is None or not self._state.classes:
            return ""
        if self._look is not None:
            words.append("unsure" if reading.top is None else f"lead {lead_of(reading):.2f}")
        elif self._unsure:
            words.append(f"{percent(self._unsure)} unsure" if self._unsure >= 0.01 else "under 1 % unsure")
        if reading.truth is not None:
            words.append(f"truth {reading.truth}")
        return " · ".join(words)
