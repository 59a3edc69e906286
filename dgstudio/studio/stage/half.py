"""One half of a comparison: what one model answers now, what it answered, and how many of its old answers it keeps."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from dgstudio.engine.facts.compared import KeptAnswers
from dgstudio.records import dataclass
from dgstudio.studio.answer.class_bars import Bar, ClassBars
from dgstudio.studio.stage.answer_ribbon import AnswerRibbon, Look
from dgstudio.studio.stage.answer_trail import AnswerTrail, Judged
from dgstudio.studio.stage.kept_line import KeptLine
from dgstudio.studio.stage.reads_line import Reads, ReadsLine
from dgstudio.studio.stage.word_line import Verdict, WordLine
from dgstudio.studio.theme.theme import DARK, Theme

MARGIN, SPACING, RADIUS = 18, 7, 8
LEAST_TALL = 330
"""Of a half that says what its answers were read from. In the theme's pixels, as those above."""
TITLES = ("title", "bar", "body")
"""Sizes of a title, the largest that fits."""
EDGE = 0.55
"""Opacity of the frame's colour."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is read in a half, four times a second, all of one quarter second: word, verdict and figures agree."""

    word: str
    colour: str
    """Token or "#rrggbb"."""
    verdict: Verdict
    truth: str
    shares: dict[int, float]
    top: int | None
    answers: KeptAnswers
    reads: Reads
    taught_s: float | None
    """Seconds since the last teaching began."""


class Half(QFrame):
    """A card: title, word, bars, ribbon, old answers, reads. `trail` is what the ribbon shows. Qt thread only."""

    def __init__(self, look: Look, view_s: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.trail = AnswerTrail(view_s)
        self._lost = False
        self.title, self.note = QLabel(""), QLabel("")
        self.note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.note.setObjectName("muted")
        self.word, self.bars = WordLine(), ClassBars()
        self.ribbon, self.kept, self.reads = AnswerRibbon(look), KeptLine(), ReadsLine()
        head = self._head = QHBoxLayout()
        head.addWidget(self.title)
        head.addWidget(self.note, 1)
        column = self._column = QVBoxLayout(self)
        column.addLayout(head)
        column.addWidget(self.word, 3)
        column.addWidget(self.bars, 5)
        column.addWidget(self.ribbon)
        column.addWidget(self.kept)
        column.addWidget(self.reads)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(200), self.theme.px(240))

    def set_title(self, title: str, note: str) -> None:
        """Say whose answers these are."""
        if title != self.title.text():
            self.title.setText(title)
            self.setAccessibleName(title)
        self.note.setText(note)
        self._fit_note()

    def take(self, answers: Iterable[Judged], hop_s: float) -> None:
        """Take up new answers, oldest first."""
        self.trail.add(answers, hop_s)

    def begin_again(self, view_s: float) -> None:
        """Forget all answers; the ribbon shows `view_s` seconds of the stream from now on."""
        self.trail = AnswerTrail(view_s)

    def say(self, said: Said, bars: list[Bar]) -> None:
        """Show what is read."""
        self.word.say(said.word, said.colour, said.verdict, said.truth)
        self.bars.set_bars(bars)
        self.bars.set_numbers(said.shares, said.top)
        self.kept.say(said.answers, said.taught_s)
        self.reads.say(said.reads)
        lost = bool(said.answers.gone)
        if lost != self._lost:
            self._lost = lost
            self.update()

    def follow(self, now: float, wall_s: float) -> None:
        """Let the ribbon move; `wall_s` is how many seconds of the wall it is long."""
        self.ribbon.show_stretch(now, self.trail.view_s, wall_s, self.trail.answers, self.trail.wrong)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fit_note()
        self._fit_height()

    def _fit_height(self) -> None:
        # Where there is little room the bars need it more.
        self.reads.setVisible(self.height() >= self.theme.px(LEAST_TALL))
        # What has come into sight has its place before it is painted.
        self._column.activate()

    def _fit_note(self) -> None:
        # A remark that would be cut says less than none; a title is set smaller first.
        room, title = self.width() - 2 * self.theme.px(MARGIN), self.title.text()
        fonts = [self.theme.ui(size, 600) for size in TITLES]
        font = next((font for font in fonts if QFontMetrics(font).horizontalAdvance(title) <= room), fonts[-1])
        self.title.setFont(font)
        spare = room - QFontMetrics(font).horizontalAdvance(title) - self._head.spacing()
        self.note.setVisible(self.note.fontMetrics().horizontalAdvance(self.note.text()) <= spare)

    def stand(self, past: AnswerTrail, end: float, wall_s: float, moment: float) -> None:
        """Show the stretch of the stream that ends at `end`, and a moment in it."""
        self.ribbon.show_stretch(end, past.view_s, wall_s, past.answers, past.wrong, moment)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        margin = theme.px(MARGIN)
        self._column.setContentsMargins(margin, theme.px(10), margin, theme.px(10))
        self._column.setSpacing(theme.px(SPACING))
        self._head.setSpacing(theme.px(12))
        for label in (self.title, self.note):
            # Qt, when it styles them for the first time, would put another font in the place of ours.
            label.ensurePolished()
        self.note.setFont(theme.ui("body"))
        for part in (self.word, self.bars, self.ribbon, self.kept, self.reads):
            part.apply_theme(theme)
        self._fit_note()
        self._fit_height()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        theme, radius = self.theme, float(self.theme.px(RADIUS))
        painter.setBrush(theme.colour("surface"))
        painter.setPen(QPen(theme.colour("bad" if self._lost else "good", EDGE), max(1.0, theme.scale)))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(1, 1, -1, -1), radius, radius)
