"""How many old answers are kept, as a number that can be read from afar."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.engine.facts.compared import KeptAnswers
from dgstudio.studio.theme.format import grouped
from dgstudio.studio.theme.theme import DARK, Theme, set_size

NUMBER, TALL, GAP = 34, 40, 12
"""Size of the number, height of the line, and the space between number and words, in the theme's pixels."""
USUAL = "400 of 400"
"""The room that is kept for a number until it is known: nothing jumps when it comes."""
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
TIPS = {
    True: "Protected inputs whose answer is the same to the last bit, as proved at each publish and audited since",
    False: "Protected inputs whose top class is still the one of when the comparison began",
}


class KeptLine(QWidget):
    """Paints “250 of 400” and two lines of words beside it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._answers: KeptAnswers | None = None
        self._since_s: float | None = None
        self._lost_in_s: float | None = None
        """How long after the teaching began the present loss was reached; None where nobody saw it."""
        self._narrow = False
        """Whether there is no room for the words beside the number: they stand beneath it."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Old answers")

    def sizeHint(self) -> QSize:  # noqa: D102
        line = QFontMetricsF(self.theme.ui("body")).height() if self._narrow else 0.0
        return QSize(self.theme.px(200), self.theme.px(TALL) + round(line))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(100), self.sizeHint().height())

    def say(self, answers: KeptAnswers, since_s: float | None) -> None:
        """Show these; `since_s`: the seconds since the last teaching began, None where there was none."""
        before, lost_in = self._answers, self._lost_in_s
        again = since_s is None or self._since_s is None or since_s < self._since_s
        self._answers, self._since_s = answers, since_s
        if before is not None and before.gone != answers.gone:
            self._lost_in_s = since_s if answers.gone > before.gone else None
        elif again:
            # What was lost then was lost before this teaching began.
            self._lost_in_s = None
        if (answers, self._lost_in_s) != (before, lost_in):
            self.setToolTip(TIPS[answers.bits])
            self.setAccessibleDescription(" ".join((self.number(), *self.words())))
            self._fit()
            self.update()

    def number(self) -> str:
        """Return the number; empty where nothing is protected, or nothing counted yet."""
        answers = self._answers
        if answers is None or not answers.watched or not answers.counted:
            return ""
        return f"{grouped(answers.kept)} of {grouped(answers.watched)}"

    def words(self) -> tuple[str, str]:
        """Return the two lines beside it."""
        answers = self._answers
        if answers is None or not answers.counted:
            return "old answers kept:", "counting …"
        if not answers.watched:
            return "no old answers to keep:", "nothing is protected yet"
        lost = answers.gone
        if not lost:
            return "old answers kept,", "bit for bit" if answers.bits else "by class"
        taken = self._lost_in_s
        since = "" if taken is None or taken >= 100 else f" in {max(1.0, taken):.0f} s"
        return "old answers kept,", f"{grouped(lost)} lost{since}"

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._fit()
        self.updateGeometry()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics = QFontMetricsF(self.theme.ui("body"))
        # By the longest words that may come, so that nothing jumps when a digit more is lost.
        words = metrics.horizontalAdvance("old answers kept,")
        counting = self._answers is None or not self._answers.counted
        shown = USUAL if counting else self.number()
        number = QFontMetricsF(self.theme.ui(NUMBER, 700)).horizontalAdvance(shown)
        narrow = bool(shown) and number + self.theme.px(GAP) + words > self.width()
        if narrow != self._narrow:
            self._narrow = narrow
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme, number, (first, second) = self.theme, self.number(), self.words()
        answers = self._answers
        font, small = theme.ui(NUMBER, 700), theme.ui("body")
        wide, tall = float(self.width()), float(self.height())
        metrics, aside = QFontMetricsF(small), 0.0
        line = metrics.height()
        lines = [first, second]
        if self._narrow:
            whole = f"{first} {second}"
            lines = [whole if metrics.horizontalAdvance(whole) <= wide else whole.split(" in ")[0]]
        top = tall - line if self._narrow else (tall - 2 * line) / 2
        if number:
            needs = QFontMetricsF(font).horizontalAdvance(number)
            if needs > wide > 0:
                set_size(font, max(theme.length("title"), theme.length(NUMBER) * wide / needs))
            painter.setFont(font)
            kept_all = answers is not None and not answers.gone
            painter.setPen(theme.colour("good" if kept_all else "bad"))
            painter.drawText(QRectF(0, 0, wide, top if self._narrow else tall), LEFT, number)
            aside = 0.0 if self._narrow else needs + theme.px(GAP)
        painter.setFont(small)
        painter.setPen(theme.colour("text" if number else "text_muted"))
        for place, text in enumerate(lines):
            room = QRectF(aside, top + place * line, wide - aside, line)
            painter.drawText(room, LEFT, metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width()))
