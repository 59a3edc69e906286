"""The Snapshots panel: the timeline of acts, the details of one, and what can be done with a version."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget

from dgstudio.errors import BadInputError
from dgstudio.learning.learner.training.learned_examples import LearnedExamples
from dgstudio.reasons.reason import Reason
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, Phase, StudioState
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.common.widgets.elided_label import ElidedLabel
from dgstudio.studio.common.widgets.progress_line import SlimBar
from dgstudio.studio.theme.format import grouped
from dgstudio.studio.theme.theme import Theme
from dgstudio.studio.versions.act_words import act_title, compared_text, counts_text, details_of, holds_text
from dgstudio.studio.versions.timeline import Mark, Timeline
from dgstudio.studio.versions.timeline_view import TimelineView
from dgstudio.types import PublishRecord

LOADING = "The first version is on its way …"
HOW = "Click selects A, Ctrl+click B to compare the two; Enter unfolds an act, double-click serves and holds a version."
PARTS_TIP = "Parts: base units, and of each bank its router and the read-out of each class."
RESUME_TIP = (
    "Examples that wait since you went back to a version: what it lacks is not learned, and what was taken back or\n"
    "relabelled since stays as it was then. Resume follows the labels as they are now."
)
SOON_S = 1.0
"""Stream seconds after its publish in which the first answer of a version is looked for."""
SHOWN = (
    StudioState.record_count, StudioState.serving, StudioState.head, StudioState.pinned, StudioState.reachable,
)  # fmt: skip
"""The fields that the timeline shows."""


class SnapshotsPanel(PanelFrame):
    """Shows `StudioState.history`; asks to pin, to serve the newest, to roll back. Keeps `StudioState.compared`.

    `examples_asked` carries a version whose examples the user wants to see, `refused` why something was not done.
    """

    examples_asked = Signal(object)
    refused = Signal(str)

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Snapshots", parent=parent)
        self._state, self._commands = state, commands
        self._stale = True
        self._colours: dict[int, str] = {}
        self.timeline = Timeline()
        self.view = TimelineView(self.timeline, state.name_of, self._colours.get)
        self.details = ElidedLabel()
        self.details.setObjectName("muted")
        self.pin_button = self._button("Pin", self.pin_selected)
        self.newest_button = self._button("Serve newest", self.serve_newest)
        self.back_button = self._button("Roll back", self.roll_back_to_selected)
        self.show_button = self._button("Show examples", self.show_examples_of_selected)
        self.resume_button = self._button("Resume", self.resume)
        self.again_button = self._button("Learn again", self.learn_selected_again)
        self.progress = SlimBar("Learning a version again")
        self.progress.hide()
        self._holds: tuple[LearnedExamples, dict[int, int]] | None = None
        self.menu = QMenu(self)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.details, 1)
        row.addWidget(self.progress)
        for button in self._buttons:
            row.addWidget(button)
        self.body.setSpacing(3)
        self.body.addWidget(self.view, 1)
        self.body.addLayout(row)
        self.view.pointed.connect(lambda _mark: self._tell())
        self.view.chosen.connect(lambda _mark: self._choose())
        self.view.clicked.connect(self._look_back)
        self.view.opened.connect(self._open)
        self.view.asked.connect(self._ask)
        state.when(*SHOWN).connect(self._fall_behind)
        state.when(StudioState.class_looks).connect(self._show_classes)
        state.when(StudioState.phase).connect(self._tell)
        state.when(StudioState.then).connect(self._show_then)
        state.when(StudioState.compared).connect(self._show_compared)
        state.when(StudioState.set_aside_examples).connect(self._show_set_aside)
        state.when(StudioState.relearning).connect(self._show_relearning)
        self._show_classes()
        self._show_set_aside()
        self._refresh()

    def update_frame(self, frame: Frame) -> None:
        """Take over what was published since; nothing is painted where nothing changed."""
        if self._stale:
            self._refresh()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.view.apply_theme(theme)
        self.details.setFont(theme.ui("small"))
        self.progress.theme = theme
        self.progress.setFixedSize(theme.px(90), theme.px(4))
        for button in self._buttons:
            button.setFont(theme.ui("small"))
            button.setFixedHeight(theme.px(23))

    # -- acts --------------------------------------------------------------------------------------------------

    def pin_selected(self) -> None:
        """Serve the selected version and hold it, or let go of it if it is held already."""
        version = self._selected_version()
        if version is not None:
            self._pin(version)

    def serve_newest(self) -> None:
        """Serve the newest version again."""
        self._commands.model.unpin()

    def roll_back_to_selected(self) -> None:
        """Go back to the selected version; the examples learned since wait."""
        version = self._selected_version()
        if version is not None:
            self._commands.model.roll_back(version)

    def show_examples_of_selected(self) -> None:
        """Show the examples that the selected version has learned."""
        version = self._selected_version()
        if version is not None and self._holds_of(version) is not None:
            self.examples_asked.emit(version)

    def learn_selected_again(self) -> None:
        """Learn the selected version again, which is not kept; or leave off, while one is being learned."""
        version = self._selected_version()
        try:
            if self._state.relearning is not None:
                self._commands.relearning.cancel()
            elif version is not None:
                self._commands.relearning.learn_again(version)
        except BadInputError as error:
            # It may have become impossible, or needless, meanwhile.
            self.refused.emit(str(error))

    def resume(self) -> None:
        """Learn again what was set aside."""
        self._commands.model.resume_parked()

    def compare_with_before(self) -> None:
        """Select as A the version before the selected act, of the serving version's where none is, and as B its own."""
        mark = self.view.selected if self.view.selected is not None else self.timeline.mark_of(self._state.serving)
        if mark is None:
            return
        before, version = self.timeline.before_act(mark), self.timeline.version_of(mark)
        if before is not None and version is not None and before != version:
            self._state.compared = (before, version)

    def _pin(self, version: int) -> None:
        if version == self._state.pinned:
            self._commands.model.unpin()
        else:
            self._commands.model.pin(version)

    def _open(self, mark: object) -> None:
        version = self._version_of(mark)
        if version is not None and self.timeline.reaches(version):
            self._pin(version)

    def _ask(self, mark: object, where: object) -> None:
        if not (isinstance(mark, Mark) and self.timeline.holds(mark) and isinstance(where, QPoint)):
            return
        menu, version = self.menu, self.timeline.version_of(mark)
        menu.clear()
        if self.timeline.folds(mark.act):
            unfolded = self.timeline.unfolded(mark.act)
            words = "Fold its versions" if unfolded else f"Unfold its {self.timeline.acts[mark.act].records} records"
            menu.addAction(words, lambda: self.view.fold(mark.act, unfold=not unfolded))
        held = version is not None and version == self._state.pinned
        words = "Serve newest" if held else f"Serve v{version} and hold it" if version is not None else "Not a version"
        kept = version is not None and self.timeline.reaches(version)
        menu.addAction(words, self.pin_selected).setEnabled(kept)
        if self._state.pinned is not None and not held:
            menu.addAction("Serve newest", self.serve_newest)
        if version is not None:
            back = menu.addAction(f"{self._way_to(version)} to v{version}", self.roll_back_to_selected)
            back.setEnabled(kept and version != self._state.head)
            show = menu.addAction(f"Show the examples of v{version}", self.show_examples_of_selected)
            show.setEnabled(bool(self._holds_of(version)))
            serving = self.timeline.mark_of(self._state.serving)
            if serving is not None and serving != mark:
                compare = f"Compare with v{self._state.serving}, which serves"
                menu.addAction(compare, lambda: self.view.select(mark, serving))
            if self.timeline.before_act(mark) is not None:
                menu.addAction("Compare with the version before this act", self.compare_with_before)
        # popup, not exec: nothing modal stands in the way of a live stream.
        menu.popup(where)

    # -- what it says ------------------------------------------------------------------------------------------

    def _fall_behind(self) -> None:
        self._stale = True

    def _show_classes(self) -> None:
        self._colours.clear()
        self._colours.update({class_id: colour for class_id, _, colour in self._state.class_looks})
        self.view.update()
        self._tell()

    def _show_set_aside(self) -> None:
        count = self._state.set_aside_examples
        self.resume_button.setVisible(count > 0)
        words = f"Resume {grouped(count)} example{'' if count == 1 else 's'}"
        _say(self.resume_button, words, RESUME_TIP, on=count > 0)

    def _refresh(self) -> None:
        state, timeline = self._state, self.timeline
        self._stale = False
        timeline.reachable = state.reachable
        if state.history or state.phase == Phase.READY:
            timeline.sync(state.history, state.serving)
        self.view.show_versions(state.serving, state.head, pinned=state.pinned is not None)
        history = state.history
        self.set_right(counts_text(timeline, history.published, history.rejected) if len(timeline) else "")
        self._tell()

    def _choose(self) -> None:
        """Let the window know which two versions are selected, if two are."""
        one, other = (self._version_of(mark) for mark in (self.view.selected, self.view.compared))
        pair = (one, other) if one is not None and other is not None and one != other else None
        self._state.compared = pair
        self._tell()

    def _look_back(self, mark: object) -> None:
        """Put the time cursor where a mark lies in the stream, as far as that can be looked back at."""
        if not isinstance(mark, Mark):
            return
        # An act is marked by its last version.
        number = self.timeline.acts[mark.act].last if mark.record is None else mark.record
        reach, record = self._commands.lookback.reach(), self.timeline.record(number)
        # Times of earlier runs are of other clocks.
        if reach is not None and number >= self._state.first_record and reach[0] <= record.time <= reach[1]:
            self._state.look_back(self._first_answer(record, reach[1]))

    def _first_answer(self, record: PublishRecord, newest: float) -> float:
        """The stream time of the first answer that a version gave soon after its publish; else that of the publish."""
        soon = self._commands.lookback.past(record.time, min(record.time + SOON_S, newest))
        return next((reading.end for reading in soon.readings if reading.version == record.version), record.time)

    def _show_then(self) -> None:
        self.view.show_then(self._state.then)
        self._tell()

    def _show_compared(self) -> None:
        """Select what was chosen elsewhere."""
        pair = self._state.compared
        shown = self.view.selected, self.view.compared
        if pair is None or tuple(map(self._version_of, shown)) == pair:
            return
        one, other = map(self.timeline.mark_of, pair)
        if one is not None:
            self.view.select(one, other)

    def _tell(self) -> None:
        state, view, timeline = self._state, self.view, self.timeline
        if not len(timeline):
            text = LOADING if state.phase != Phase.FAILED else "There is no model, so there is no version."
        elif view.selected is not None and view.compared is not None and view.under is None:
            text = compared_text(timeline, view.selected, view.compared, state.name_of)
        else:
            text = self._details()
        if text != self.details.text():
            self.details.setText(text)
            self.details.setToolTip(f"{text}\n{PARTS_TIP}")
        self._arm()

    def _details(self) -> str:
        """Of what is pointed at or selected; else of the version that answers the moment that is shown, which need not
        be the newest.
        """
        state, view, timeline = self._state, self.view, self.timeline
        mark = view.under if view.under is not None else view.selected
        if mark is None:
            told = state.serving if self.view.then is None else state.then
            mark = timeline.mark_of(told) or timeline.mark_at(len(timeline) - 1)
            act = timeline.acts[mark.act]
            # The act may have gone on since.
            if act.version != told and act.records > 1:
                mark = Mark(mark.act, timeline.acts.number_of(told))
        version = timeline.version_of(mark)
        holds = None if version is None else self._holds_of(version)
        text = details_of(timeline, mark, state.name_of, serving=state.serving, pinned=state.pinned, holds=holds)
        if timeline.gone(mark):
            text += " · weights not kept"
        act = timeline.acts[mark.act]
        if mark.record is not None or act.records > 1:
            return text
        title = act_title(timeline.acts, mark.act, state.name_of, full=True)
        return text if title in text else f"{title} · {text}"

    def _arm(self) -> None:
        # Buttons say which version they mean; without a selection they stand still and grey.
        version, state = self._selected_version(), self._state
        held = version is not None and version == state.pinned
        kept = version is not None and self.timeline.reaches(version)
        refusal = None if version is None or kept else self._commands.relearning.refusal(version)
        lost = "" if version is None or kept else self._lost_text(version, refusal)
        self._offer_again(None if kept else version, lost, can=refusal is None)
        _say(
            self.pin_button,
            f"Pin v{version}" if version is not None else "Pin",
            lost or (f"Answer with v{version} until you serve the newest again" if kept else HOW),
            on=kept and not held,
        )
        _say(
            self.newest_button,
            "Serve newest",
            f"v{state.pinned} is pinned: answer with the newest version again"
            if state.pinned is not None
            else "The newest version answers already",
            on=state.pinned is not None,
        )
        _say(
            self.back_button,
            f"{self._way_to(version)} to v{version}" if version is not None else "Roll back",
            lost or (f"Go on learning from v{version}; the examples learned since wait" if kept else HOW),
            on=kept and version != state.head,
        )

        holds = None if version is None else self._holds_of(version)
        words = "" if holds is None else holds_text(holds, state.name_of)
        known = f"v{version} {words}: show them in the browser" if holds else f"v{version} {words}"
        _say(
            self.show_button,
            f"Show its {sum(holds.values()):,}" if holds else "Show examples",
            HOW
            if version is None
            else lost or (known if holds is not None else f"What v{version} holds is being read"),
            on=bool(holds),
        )

    def _offer_again(self, version: int | None, lost: str, *, can: bool) -> None:
        """Offer to learn a version again that is not kept, and to leave off while one is being learned."""
        again = self._state.relearning
        self.again_button.setVisible(again is not None or version is not None)
        if again is not None:
            _say(self.again_button, f"Cancel v{again.version}", f"v{again.version} is being learned again", on=True)
        else:
            _say(self.again_button, f"Learn v{version} again", lost, on=can)

    def _show_relearning(self) -> None:
        again = self._state.relearning
        self.progress.setVisible(again is not None)
        if again is not None:
            self.progress.light(0.0, again.share)
            self.progress.setToolTip(f"v{again.version} is being learned again: {again.share:.0%}")
        self._arm()

    def _holds_of(self, version: int) -> dict[int, int] | None:
        """Class id → examples that a version has learned; None where that is not known (yet)."""
        contents = self._commands.contents.of(version)
        if contents is None:
            return None
        if self._holds is None or self._holds[0] is not contents:
            self._holds = contents, contents.counts()
        return self._holds[1]

    @property
    def _buttons(self) -> tuple[QPushButton, ...]:
        asked = self.resume_button, self.again_button, self.show_button
        return *asked, self.pin_button, self.newest_button, self.back_button

    @property
    def changing(self) -> tuple[QWidget, ...]:
        """The controls that change the session."""
        return self.resume_button, self.again_button, self.pin_button, self.newest_button, self.back_button

    def _lost_text(self, version: int, refusal: Reason | None) -> str:
        """Why a version is not there, and what can be done."""
        nearest = self.timeline.nearest(version)
        advice = f"the nearest that is kept is v{nearest}" if nearest is not None else ""
        why = (
            f"The weights of v{version} are not kept: between the ends of two acts, versions thin out with age"
            if refusal is None
            else f"The weights of v{version} are not kept, and {refusal.words.removeprefix(f'v{version} ')}"
        )
        how = "“Learn again” makes it from the same examples and compares its digest" if refusal is None else ""
        return ".\n".join(part for part in (why, how, advice[:1].upper() + advice[1:]) if part)

    def _way_to(self, version: int) -> str:
        """What going to a version is called, from where the model stands."""
        return "Go forward" if self.timeline.acts.is_forward(version, self._state.head) else "Roll back"

    def _selected_version(self) -> int | None:
        return self._version_of(self.view.selected)

    def _version_of(self, mark: object) -> int | None:
        return self.timeline.version_of(mark) if isinstance(mark, Mark) else None

    def _button(self, text: str, act: object) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName("option")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        assert callable(act)
        button.clicked.connect(lambda _on=False: act())
        return button


def _say(button: QPushButton, text: str, tip: str, *, on: bool) -> None:
    # A tooltip or text set again costs a layout even if it is the same.
    if button.text() != text:
        button.setText(text)
    if button.toolTip() != tip:
        button.setToolTip(tip)
    button.setEnabled(on)
