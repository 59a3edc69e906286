"""Why this answer: a sentence, a waterfall, the examples that carry it, and what would be without them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from dgstudio.engine.inspection.answer_parts import AnswerParts, BankTerms, ExampleShare
from dgstudio.engine.inspection.counterfactual import Without
from dgstudio.engine.inspection.what_if import WhatIf
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import Subject
from dgstudio.studio.bridge.question import Question
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.widgets.combo_box import ChoiceBox
from dgstudio.studio.common.widgets.elided_label import ElidedLabel
from dgstudio.studio.common.widgets.flow_row import FlowRow
from dgstudio.studio.inspector.answer_words import bank_words, naming, rivals, sentence, steps
from dgstudio.studio.inspector.example_strip import ExampleCard, ExampleStrip
from dgstudio.studio.inspector.foot import Foot
from dgstudio.studio.inspector.waterfall import Waterfall, signed
from dgstudio.studio.inspector.windows import Windows
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import Example, Reading

LIVE_S = 0.5
"""Wall seconds that an answer at the live edge stands, so that it can be read."""
WAITING = "Working it out …"
NOTHING = "There is no answer yet: it is taken apart here as soon as there is one."
NO_FEATURES = "This answer's features are not known any more: it cannot be taken apart."
WHAT_IF = "what if, never served"
"""What stands beside an answer that nobody gave."""
WITHOUT_TIP = "What this version would answer without the selected example, as if it were deleted; never served"
EACH_WAY = 5


class AnswerPage(QWidget):
    """Follows the moment that is shown; at the live edge, twice a second. `attempt` tells what is refused."""

    def __init__(
        self,
        state: StudioState,
        commands: Bridge,
        windows: Windows,
        attempt: Callable[..., None],
        choose: Callable[[Subject], None],
    ) -> None:
        super().__init__()
        self._state, self._commands, self._attempt = state, commands, attempt
        self._windows = windows
        self.theme: Theme = DARK
        self.parts: AnswerParts | None = None
        self.moment: float | None = None
        """The moment of stream time whose answer stands there, taken apart; None: one at the live edge."""
        self._reading: Reading | None = None
        self._than: int | None = None
        self._wall = float("-inf")
        self._imagined: Without | WhatIf | None = None
        self._answer: Question[AnswerParts] = Question(commands.inspection, "answer")
        self._other: Question[Without | WhatIf] = Question(commands.inspection, "what if")
        self.words = QLabel(NOTHING)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.against = ChoiceBox("The class that the answer is held against")
        self.against.setToolTip("The steps add up to the lead of the answered class over this one, in logits")
        self.against.activated.connect(self._hold_against)
        self.over = QLabel("its lead over")
        self.over.setObjectName("muted")
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self.over)
        head.addWidget(self.against)
        head.addStretch(1)
        self.fall = Waterfall("What adds up to the answer")
        self.fall.chosen.connect(choose)
        self.because, self.despite = ElidedLabel(), ElidedLabel()
        self.pro = ExampleStrip("The examples that speak most for the answer")
        self.contra = ExampleStrip("The examples that speak most against it")
        for strip, other in ((self.pro, self.contra), (self.contra, self.pro)):
            strip.chosen.connect(partial(self._chosen, strip, other))
            strip.opened.connect(state.look_back)
        self.imagined = QLabel("")
        self.imagined.setWordWrap(True)
        self.imagined.setTextFormat(Qt.TextFormat.RichText)
        self.buttons = FlowRow(8, 6)
        self.foot = Foot(self.imagined, self.buttons)
        self.without = self._button("Without it", self._ask_without)
        self.without.setToolTip(WITHOUT_TIP)
        self.relabel = self._button("Relabel as", None)
        menu = QMenu(self.relabel)
        menu.aboutToShow.connect(lambda: self._fill_classes(menu))
        self.relabel.setMenu(menu)
        self.delete = self._button("Delete", self._delete)
        self.silence = self._button("Silence the bank (what if)", self._silence)
        self.banks = QLabel("")
        self.banks.setObjectName("muted")
        self.banks.setWordWrap(True)
        self.banks.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(8)
        column.addWidget(self.words)
        column.addLayout(head)
        for widget in (self.fall, self.because, self.pro, self.despite, self.contra):
            column.addWidget(widget)
        column.addWidget(self.banks)
        column.addStretch(1)
        state.when(StudioState.class_looks).connect(self._show)
        self._show()

    # -- following -----------------------------------------------------------------------------------------------

    @property
    def held(self) -> Reading | None:
        """The answer that stands still while one of its examples is selected; None: the page follows the stream."""
        return self._reading if self._selected() is not None else None

    def update_frame(self, frame: Frame) -> None:
        """Ask about another answer where another one is shown, and show what has come of what was asked."""
        reading = frame.reading if frame.look is None else frame.look.reading
        wall = frame.frame_time_wall
        live = frame.look is None
        # What is being looked at closely stands still until the hand lets go of it.
        busy = live and (self._answer.open or wall - self._wall < LIVE_S or self._selected() is not None)
        if reading is not self._reading and not busy:
            self._wall, self._reading = wall, reading
            self._ask()
        found = self._answer.take()
        if found is not None:
            self.parts = found.value
            self._imagined = None
            if found.value is None:
                self.words.setText("" if found.refused is None else found.refused.sentence)
            self._show()
        if reading is self._reading and not self._answer.open:
            self.moment = None if frame.look is None else frame.look.moment
        other = self._other.take()
        if other is not None:
            self._imagined = other.value
            self.imagined.setText(self._imagined_words() if other.refused is None else other.refused.sentence)

    def _ask(self) -> None:
        reading = self._reading
        self._other.forget()
        if reading is None or not len(reading.features):
            self.parts = None
            self._answer.forget()
            self._show()
            return
        version, raw = reading.version, reading.features
        self._answer.ask((reading.hop, version), lambda inspector: inspector.answer(version, raw))

    # -- what is shown ---------------------------------------------------------------------------------------------

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.buttons.apply_theme(theme)
        self.words.setFont(theme.ui("body"))
        for label in (self.over, self.imagined, self.banks):
            label.setFont(theme.ui("small"))
        for label in (self.because, self.despite):
            label.setObjectName("panelTitle")
            label.setFont(theme.header())
        for button in (self.without, self.relabel, self.delete, self.silence):
            button.setFont(theme.ui("small"))
        for part in (self.against, self.fall, self.pro, self.contra):
            part.apply_theme(theme)
        self._show()

    def _show(self) -> None:
        parts, theme = self.parts, self.theme
        pair = None if parts is None else rivals(parts)
        for widget in (self.over, self.against, self.fall, self.banks):
            widget.setVisible(pair is not None)
        if parts is None or pair is None:
            reading = self._reading
            if reading is None or parts is not None:
                self.words.setText(NOTHING if parts is None else "Nothing answers: no part of the model knows a class.")
            elif not len(reading.features):
                self.words.setText(NO_FEATURES)
            elif self._answer.open:
                self.words.setText(WAITING)
            self._show_examples(())
            return
        self.words.setText(sentence(parts, self._state, theme))
        than = self._than if self._than in parts.said.classes and self._than != pair[0] else pair[1]
        self._fill_against(parts, pair[0], than)
        found = steps(parts, pair[0], than, self._state, self._feature_of)
        if isinstance(found, str):
            self.fall.show_steps(())
            self.words.setText(f"{self.words.text()}<br>{found}")
        else:
            self.fall.show_steps(found)
        self.banks.setText(bank_words(parts, self._state))
        speaking = parts.speaking
        terms = None if speaking is None else speaking.rests_on
        self._show_examples(terms.strongest(pair[0], than) if isinstance(terms, BankTerms) else (), terms)

    def _show_examples(self, both: tuple[tuple[ExampleShare, ...], ...], terms: object = None) -> None:
        ids = {share.example_id for shares in both for share in shares}
        known = {example.id: example for example in self._commands.book.known(ids)} if ids else {}
        for label, strip, shares, words in (
            (self.because, self.pro, both[0] if both else (), "because of these examples"),
            (self.despite, self.contra, both[1] if both else (), "in spite of these"),
        ):
            cards = [self._card(share, known.get(share.example_id)) for share in shares[: 2 * EACH_WAY]]
            strip.show_cards(cards)
            strip.setVisible(bool(cards))
            label.setVisible(bool(cards))
            if cards and isinstance(terms, BankTerms):
                label.setText(f"{words} · the strongest {len(cards)} of {len(terms.example_ids)} · exact")
        self._show_buttons()

    def _card(self, share: ExampleShare, example: Example | None) -> ExampleCard:
        state, card = self._state, self._state.card(share.class_id)
        colour = card.info.colour if card is not None else self.theme.text_muted
        caption = "" if example is None else f"take {example.take_id + 1}"
        return ExampleCard(
            share.example_id,
            state.name_of(share.class_id),
            colour,
            caption,
            share.amount,
            None if example is None else self._windows.of_example(example),
            self._windows.reached(example),
        )

    def _show_buttons(self) -> None:
        selected = self._selected() is not None
        for button in (self.without, self.relabel, self.delete):
            button.setVisible(selected)
        # Of what is selected first: a foot of one row leaves room for the page.
        speaking = None if self.parts is None else self.parts.speaking
        self.silence.setVisible(speaking is not None and not selected)
        if speaking is not None:
            self.silence.setText(f"Silence bank {speaking.place + 1} (what if)")
        if self._imagined is None:
            self.imagined.setText("")
        self.imagined.setVisible(bool(self.imagined.text()) or self._other.open)
        self.foot.setVisible(selected or not self.silence.isHidden())

    def _fill_against(self, parts: AnswerParts, class_id: int, than: int | None) -> None:
        others = [c for c in parts.said.classes if c != class_id]
        names = [self._state.name_of(c) for c in others]
        if [self.against.itemData(i) for i in range(self.against.count())] != others or names != [
            self.against.itemText(i) for i in range(self.against.count())
        ]:
            self.against.clear()
            for other, name in zip(others, names, strict=True):
                self.against.addItem(name, other)
        self.against.setCurrentIndex(others.index(than) if than in others else -1)

    def _feature_of(self, unit: int) -> str:
        """The name of the feature that a unit reads most."""
        view = self._commands.unit(unit)
        if view is None or not len(view.incoming):
            return "?"
        place = int(np.abs(np.nan_to_num(view.incoming)).argmax())
        return view.feature_names[place] if place < len(view.feature_names) else f"feature {place}"

    # -- what the hand does ----------------------------------------------------------------------------------------

    def _hold_against(self, place: int) -> None:
        self._than = self.against.itemData(place)
        self._show()

    def _selected(self) -> int | None:
        return self.pro.selected if self.pro.selected is not None else self.contra.selected

    def _chosen(self, strip: ExampleStrip, other: ExampleStrip, example_id: int | None) -> None:
        if example_id is not None and other.selected is not None:
            other.selected = None
            other.update()
        self._imagined = None
        self._other.forget()
        self.imagined.setText("")
        self._show_buttons()

    def _ask_without(self) -> None:
        reading, example = self._reading, self._selected()
        if reading is None or example is None:
            return
        version, raw = reading.version, reading.features
        self.imagined.setText(WAITING)
        self._other.ask(("without", reading.hop, example), lambda it: it.without(version, raw, [example]))
        self._show_buttons()

    def _silence(self) -> None:
        reading = self._reading
        if reading is None or self.parts is None or self.parts.speaking is None:
            return
        version, raw, place = reading.version, reading.features, self.parts.speaking.place
        self.imagined.setText(WAITING)
        self._other.ask(("silence", reading.hop, place), lambda it: it.what_if(version, raw, silenced=[place]))
        self._show_buttons()

    def _imagined_words(self) -> str:
        other, theme = self._imagined, self.theme
        if other is None:
            return ""
        named = naming(self._state, theme)
        if isinstance(other, Without):
            before, after, begin = other.before, other.after, "Without this example"
        else:
            before, after, begin = other.real, other.imagined, "With the bank silenced"
        if after.likeliest is None:
            return f"{begin}: nothing would answer. <i>({WHAT_IF})</i>"
        share = after.probability_of(after.likeliest)
        unsure = "unsure, likeliest " if after.top is None else ""
        said = f"{begin}: {unsure}{named(after.likeliest)} {share:.2f}"
        if before.same_bytes(after):
            said += ", the same to the last bit"
        elif before.likeliest is not None and before.likeliest == after.likeliest:
            moved = after.probability_of(before.likeliest) - before.probability_of(before.likeliest)
            said += f" ({signed(moved)})"
        return f"{said} <i>({WHAT_IF})</i>"

    def _fill_classes(self, menu: QMenu) -> None:
        menu.clear()
        for card in self._state.classes:
            name = card.info.name.replace("&", "&&")
            action = menu.addAction(f"{name}\t{card.info.key}" if card.info.key else name)
            action.triggered.connect(lambda _checked=False, class_id=card.info.id: self._relabel(class_id))

    def _relabel(self, class_id: int) -> None:
        example = self._selected()
        if example is not None:
            self._attempt(self._change, lambda: self._commands.labels.relabel([example], class_id))

    def _delete(self) -> None:
        example = self._selected()
        if example is not None:
            self._attempt(self._change, lambda: self._commands.labels.delete_examples([example]))

    def _change(self, act: Callable[[], object]) -> None:
        """Do something to the selected example and let go of it, so that the page shows what has come of that."""
        act()
        for strip in (self.pro, self.contra):
            strip.let_go()

    def _button(self, text: str, act: Callable[[], None] | None) -> QPushButton:
        button = QPushButton(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if act is not None:
            button.clicked.connect(lambda _checked=False: act())
        self.buttons.add(button)
        return button
