"""One bank: its router against its threshold, over time and over inputs, and whom it overruled."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from dgstudio.engine.inspection.bank_figures import BankFigures
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import BankSubject
from dgstudio.studio.bridge.question import Question
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.inspector.bar_rows import BarRow, BarRows
from dgstudio.studio.inspector.router_chart import RouterChart
from dgstudio.studio.theme.theme import DARK, Theme

REFRESH_S = 1.0
"""Wall seconds after which the figures are asked for again at the live edge."""
MOST_OVERRULED = 12


class BankPage(QWidget):
    """Shows the bank of `StudioState.inspected`, of the version that answered the moment that is shown."""

    def __init__(self, state: StudioState, commands: Bridge) -> None:
        super().__init__()
        self._state = state
        self.theme: Theme = DARK
        self.figures: BankFigures | None = None
        self._figures: Question[BankFigures] = Question(commands.inspection, "bank")
        self.words = QLabel("")
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.chart = RouterChart()
        self.head = QLabel("whom it overruled, live")
        self.head.setObjectName("panelTitle")
        self.overruled = BarRows("Whom it overruled", signed=False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(8)
        for widget in (self.words, self.chart, self.head, self.overruled):
            column.addWidget(widget)
        column.addStretch(1)

    @property
    def place(self) -> int | None:
        """The place of the bank that is shown, or None."""
        subject = self._state.inspected
        return subject.place if isinstance(subject, BankSubject) else None

    def update_frame(self, frame: Frame) -> None:
        """Ask again as time goes on or another version is shown, and show what has come of it."""
        place = self.place
        reading = frame.reading if frame.look is None else frame.look.reading
        if place is None or reading is None:
            return
        version, turn = reading.version, 0 if frame.look is not None else int(frame.frame_time_wall / REFRESH_S)
        if not self._figures.open:
            self._figures.ask((place, version, turn), lambda inspector: inspector.bank(version, place))
        found = self._figures.take()
        if found is not None:
            self.figures = found.value
            if found.refused is not None:
                self.words.setText(found.refused.sentence)
            self._show()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.words.setFont(theme.ui("body"))
        self.head.setFont(theme.header())
        for part in (self.chart, self.overruled):
            part.apply_theme(theme)
        self._show()

    def _show(self) -> None:
        figures, state = self.figures, self._state
        self.chart.show_figures(figures)
        self.head.setVisible(figures is not None)
        if figures is None:
            self.overruled.show_rows(())
            return
        sealed = "sealed" if figures.sealed else "learning"
        said = f"It speaks where it disagrees by more than −δ = −{figures.delta:.2f}"
        if figures.delta == float("inf"):
            said = "It speaks whenever it is open"
        self.words.setText(
            f"<b>bank {figures.place + 1}</b> of v{figures.version}, {sealed}. It is open where r &gt; τ = "
            f"{figures.tau:.2f}. {said}.".replace("-", "−")
        )
        most = max((each.count for each in figures.overruled), default=1)
        rows = []
        for each in figures.overruled[:MOST_OVERRULED]:
            before = state.name_of(each.before) if each.before is not None else "nothing"
            card = state.card(each.after)
            ink = card.info.colour if card is not None else "learned_unit"
            same = " (the same)" if each.before == each.after else ""
            tip = f"{each.count} live answers: below it {before}, the bank says {state.name_of(each.after)}"
            name = f"{before} → {state.name_of(each.after)}{same}"
            rows.append(BarRow(name, each.count / most, f"{each.count:,}", ink, tip))
        self.overruled.show_rows(rows)
        words = "whom it overruled, live" if rows else "it has overruled nobody of late"
        self.head.setText(words)
