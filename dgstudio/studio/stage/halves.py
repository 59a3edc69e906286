"""Ours and at most two twins side by side, on one axis of time: what the Compare panel and the stage show."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QWidget

from dgstudio.engine.facts.compared import KeptAnswers, TwinFigures
from dgstudio.studio.answer.class_bars import Bar
from dgstudio.studio.answer.quarter import Answered, Quarters, answers_of, mean_answer
from dgstudio.studio.bridge.look import Look
from dgstudio.studio.bridge.state import Frame, StudioState, TwinFrame
from dgstudio.studio.common.twin_text import TWIN_WORDS
from dgstudio.studio.painting.ribbons import ink_on
from dgstudio.studio.painting.time_line import ago
from dgstudio.studio.stage.answer_trail import VIEW_S, AnswerTrail, Judged
from dgstudio.studio.stage.half import Half, Said
from dgstudio.studio.stage.reads_line import Reads
from dgstudio.studio.stage.source_words import source_words
from dgstudio.studio.stage.story import Score, Sentence, Taught, TwinScore, story_of
from dgstudio.studio.stage.word_line import Verdict
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import Mode, Reading, TwinKind, TwinReading

GAP = 14
"""Between two halves, in the theme's pixels."""
PAGE_S = 4.0
"""Seconds that one of several sentences stands."""
OURS = "DynamicGate"
LEARNS = {
    Mode.OFF: "answering, not learning",
    Mode.ROUTING: "learning which units answer",
    Mode.WEIGHTS: "learning what units compute",
    Mode.BOTH: "learning while it answers",
}
"""What is said of ours, by its mode."""


class _Voice:
    """One half and the answers of its model that have not been put into words yet."""

    def __init__(self, half: Half) -> None:
        self.half = half
        self.quarter: list[Answered] = []
        self.shares: dict[int, float] = {}
        self.top: int | None = None
        self.answered = False

    def settle(self) -> None:
        """Put the quarter second that has passed into one answer."""
        if self.quarter:
            _, self.shares, self.top = mean_answer(self.quarter)
            self.answered = True
            self.quarter = []


TwinPast = Callable[[TwinKind, float, float], Sequence[TwinReading]]
"""Gives the answers of a twin to windows that ended within a stretch of stream time, as far as they are kept."""


class Halves(QWidget):
    """Words, figures and bars four times a second, ribbons at every frame; while the past is looked at, all of them
    as they were at that moment. Qt thread only.

    Attributes
    ----------
    story : what has happened, in a sentence; `told` is emitted when it has changed.
    truth : the name of what the input is now, as far as that is known, and the class's id.
    taught : the class that was taught last.
    """

    told = Signal()

    def __init__(self, state: StudioState, twin_past: TwinPast, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._state, self._twin_past = state, twin_past
        self._look: Look | None = None
        self._looks: dict[int | str | None, tuple[QColor, QColor, str]] = {}
        self._quarters = Quarters()
        self._taught_end = float("-inf")
        self.taught: Taught | None = None
        self._taught_at = 0.0
        self.truth: tuple[str, int | None] = ("", None)
        self.story: Sentence = ()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self.ours = _Voice(self._add_half())
        self.twins: dict[TwinKind, _Voice] = {}
        state.when(StudioState.class_looks).connect(self._forget_looks)
        state.when(StudioState.compare).connect(self._share)
        state.when(StudioState.mode).connect(self._name_ours)
        state.when(StudioState.spec).connect(self._begin_again)
        self._name_ours()
        self._share()

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(320), self.theme.px(240))

    @property
    def halves(self) -> list[Half]:
        """Ours and those of the twins, from left to right."""
        return [self.ours.half, *(voice.half for voice in self.twins.values())]

    # -- who is there ------------------------------------------------------------------------------------------

    def _add_half(self) -> Half:
        half = Half(self.look, VIEW_S * self._state.pace)
        self._row.addWidget(half, 1)
        half.apply_theme(self.theme)
        return half

    def _share(self) -> None:
        """Have one half for each twin, in the order in which they were chosen."""
        chosen = self._state.compare
        for kind in [kind for kind in self.twins if kind not in chosen]:
            half = self.twins.pop(kind).half
            self._row.removeWidget(half)
            half.hide()
            half.deleteLater()
        for kind in chosen:
            if kind not in self.twins:
                self.twins[kind] = _Voice(self._add_half())
                self.twins[kind].half.set_title(TWIN_WORDS[kind].title, TWIN_WORDS[kind].note)
        self._quarters.begin_again()

    def _name_ours(self) -> None:
        self.ours.half.set_title(OURS, LEARNS[self._state.mode])

    def _begin_again(self) -> None:
        """Another stream: nothing of the old one stands."""
        self.taught, self._taught_end, self.truth = None, float("-inf"), ("", None)
        for voice in (self.ours, *self.twins.values()):
            voice.half.begin_again(VIEW_S * self._state.pace)
            voice.quarter, voice.shares, voice.top, voice.answered = [], {}, None, False

    # -- frames ------------------------------------------------------------------------------------------------

    def update_frame(self, frame: Frame) -> None:
        """Show one frame."""
        self._note(frame)
        before, self._look = self._look, frame.look
        if frame.look is not None:
            if frame.look is not before:
                self._show_past(frame, frame.look)
            return
        if before is not None:
            self._name_all()
            self._quarters.begin_again()
        if self._quarters.over(frame.frame_time_wall):
            self._say(frame)
        for voice in (self.ours, *self.twins.values()):
            voice.half.follow(frame.now, VIEW_S)

    def update_unseen(self, frame: Frame) -> None:
        """Keep what was answered and taught."""
        self._note(frame)
        for voice in (self.ours, *self.twins.values()):
            del voice.quarter[:-1]

    def _show_past(self, frame: Frame, look: Look) -> None:
        """Show the moment that is looked at, and the stretch around it."""
        spec, span = frame.spec, look.end - look.start
        bars = [Bar(card.info.id, card.info.name, card.info.colour) for card in self._state.classes]
        figures = {twin.kind: twin.figures for twin in frame.twins}
        voices: list[tuple[TwinKind | None, _Voice]] = [(None, self.ours), *self.twins.items()]
        for kind, voice in voices:
            answered: Sequence[Reading] | Sequence[TwinReading] = look.past.readings
            answers, reads = frame.ours, Reads(frame.stats.reads)
            if kind is not None:
                answered, known = self._twin_past(kind, look.start, look.end), figures.get(kind, TwinFigures(kind))
                answers, reads = known.answers, Reads(known.reads, known.torn, known.unpublished)
            trail = AnswerTrail(span)
            trail.add(self._judged(answered, None), spec.hop_s)
            until = [reading for reading in answered if reading.end <= look.moment + 1e-9]
            then: Reading | TwinReading | None = until[-1] if until else None
            shares = {} if then is None else dict(zip(then.classes, then.probabilities.tolist(), strict=False))
            truth = (then.truth or "") if then is not None else ""
            voice.half.set_title(voice.half.title.text(), ago(look.behind))
            voice.half.say(
                self._said(shares, None if then is None else then.top, truth, then is not None, answers, reads, None),
                bars,
            )
            voice.half.stand(trail, look.end, span / self._state.pace, look.moment)

    def _name_all(self) -> None:
        self._name_ours()
        for kind, voice in self.twins.items():
            voice.half.set_title(TWIN_WORDS[kind].title, TWIN_WORDS[kind].note)

    def _note(self, frame: Frame) -> None:
        self._note_taught(frame)
        hop_s = frame.spec.hop_s
        self.ours.quarter.extend(answers_of(frame.new_readings, frame.reading))
        self.ours.half.take(self._judged(frame.new_readings, frame.recording), hop_s)
        for twin in frame.twins:
            voice = self.twins.get(twin.kind)
            if voice is not None:
                voice.quarter.extend(answers_of(twin.new, twin.newest))
                voice.half.take(self._judged(twin.new, frame.recording), hop_s)
        for half in self.halves:
            half.trail.keep_until(frame.now)

    def _note_taught(self, frame: Frame) -> None:
        """Remember the class that was taught last, and when that began."""
        if frame.recording is not None:
            class_id, start = frame.recording
            self._taught_at, self._taught_end = start, max(self._taught_end, start)
            self.taught = Taught(class_id, self._ago(frame), going_on=True)
            return
        takes = [take for take in frame.takes if take.end > self._taught_end]
        if takes:
            newest = max(takes, key=lambda take: take.end)
            self._taught_at, self._taught_end = newest.start, newest.end
            self.taught = Taught(newest.class_id, self._ago(frame))
        elif self.taught is not None:
            self.taught = Taught(self.taught.class_id, self._ago(frame))

    def _ago(self, frame: Frame) -> float:
        return max(0.0, frame.now - self._taught_at) / self._state.pace

    def _judged(
        self, readings: Sequence[Reading] | Sequence[TwinReading], recording: tuple[int, float] | None
    ) -> list[Judged]:
        """Answers beside what they should have been: the source knows it, or whoever holds a key says so.

        What the source names as no class is named is neither right nor wrong: the user may call it something else.
        """
        name_of = self._state.name_of
        judged = []
        for reading in readings:
            right: bool | None = None
            if not reading.classes:
                # It knows no class: nothing can be right or wrong.
                continue
            if recording is not None and reading.end > recording[1]:
                right = reading.top == recording[0]
            elif reading.truth is not None and self._named(reading.truth) is not None:
                right = reading.top is not None and name_of(reading.top) == reading.truth
            judged.append(Judged(reading.end, reading.top, right))
        return judged

    # -- words -------------------------------------------------------------------------------------------------

    def _say(self, frame: Frame) -> None:
        self._note_truth(frame)
        bars = [Bar(card.info.id, card.info.name, card.info.colour) for card in self._state.classes]
        self._say_half(self.ours, bars, frame.ours, Reads(frame.stats.reads))
        figures = {twin.kind: twin.figures for twin in frame.twins}
        for kind, voice in self.twins.items():
            known = figures.get(kind, TwinFigures(kind))
            self._say_half(voice, bars, known.answers, Reads(known.reads, known.torn, known.unpublished))
        self._tell(frame)

    def _say_half(self, voice: _Voice, bars: list[Bar], answers: KeptAnswers, reads: Reads) -> None:
        voice.settle()
        since = None if self.taught is None else self.taught.ago_s
        said = self._said(voice.shares, voice.top, self.truth[0], voice.answered, answers, reads, since)
        voice.half.say(said, bars)

    def _said(
        self,
        shares: dict[int, float],
        top: int | None,
        truth: str,
        answered: bool,
        answers: KeptAnswers,
        reads: Reads,
        since: float | None,
    ) -> Said:
        """What is read of one answer."""
        state = self._state
        card = state.card(top) if top is not None else None
        colour = self.theme.readable(card.info.colour) if card is not None else "text_muted"
        word = "…" if not answered else state.name_of(top) if shares else "nothing yet"
        verdict = Verdict.UNKNOWN
        if shares and truth and self._named(truth) is not None:
            right = top is not None and state.name_of(top) == truth
            verdict = Verdict.RIGHT if right else Verdict.WRONG
        return Said(word, colour, verdict, truth, shares, top, answers, reads, since)

    def _named(self, truth: str) -> int | None:
        """The class that is called what the source says the input is."""
        return next((card.info.id for card in self._state.classes if card.info.name == truth), None)

    def _note_truth(self, frame: Frame) -> None:
        reading = frame.reading
        if frame.recording is not None:
            self.truth = self._state.name_of(frame.recording[0]), frame.recording[0]
        elif reading is not None and reading.truth is not None:
            self.truth = reading.truth, self._named(reading.truth)
        else:
            self.truth = "", None

    def _tell(self, frame: Frame) -> None:
        """Work out the sentence."""
        state, taught = self._state, self.taught
        since = max(frame.now - VIEW_S * state.pace, self._taught_at if taught is not None else float("-inf"))
        ours = Score(frame.ours, *self.ours.half.trail.right(since))
        twins = tuple(self._score(twin, since) for twin in frame.twins if twin.kind in self.twins)
        knows = bool(state.classes)
        pages = story_of(source_words(frame.spec), ours, twins, taught, state.name_of, knows=knows)
        story = pages[int(frame.frame_time_wall / PAGE_S) % len(pages)]
        if story != self.story:
            self.story = story
            self.told.emit()

    def _score(self, twin: TwinFrame, since: float) -> TwinScore:
        trail = self.twins[twin.kind].half.trail
        return TwinScore(twin.kind, Score(twin.figures.answers, *trail.right(since)), twin.figures.learned)

    # -- look --------------------------------------------------------------------------------------------------

    def look(self, key: int | str | None) -> tuple[QColor, QColor, str]:
        """Return fill, ink and name of a class id; what has no card any more is grey."""
        known = self._looks.get(key)
        if known is None:
            theme, card = self.theme, self._state.card(key) if isinstance(key, int) else None
            if key is None:
                known = theme.colour("control"), theme.colour("text_muted"), "unsure"
            else:
                fill = theme.colour(theme.visible(card.info.colour) if card is not None else "reserve_unit")
                known = fill, ink_on(fill, theme), card.info.name if card is not None else f"class {key}"
            self._looks[key] = known
        return known

    def _forget_looks(self) -> None:
        self._looks.clear()
        self._quarters.begin_again()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._looks.clear()
        self._row.setSpacing(theme.px(GAP))
        for half in self.halves:
            half.apply_theme(theme)
        self._quarters.begin_again()
