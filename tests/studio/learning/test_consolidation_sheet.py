"""A new base or a rebuild waits for the user's word: the line, the sheet, the toast that offers a rebuild."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from dgstudio.engine.adapt.consolidation import ConsolidationState
from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import Event
from dgstudio.engine.facts.labelling import ActWalked, LabelsChanged
from dgstudio.engine.facts.learning import BaseReady, RebuildOffered
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.lifecycle.resume import LEARNING
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.learner.training.consolidation import Comparison, TrainingStage
from dgstudio.learning.learner.training.training_state import TrainingState, id_array
from dgstudio.learning.learner.training.unlearning import MovedAnswers, Rebuild
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.stored import Told
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.proposal_text import of_new_base, of_rebuild
from dgstudio.studio.bridge.state import StudioState, Task
from dgstudio.studio.learning.consolidation_sheet import STAGES
from dgstudio.studio.window.notifier import REBUILD
from dgstudio.types import Act, ActKind, Example, Mode

DELETED = Act(1, ActKind.DELETED, Told("3 examples deleted"))
UNDONE = Event(ActWalked(DELETED, back=True))
FOOTING = TrainingState(id_array(()), id_array(()), ProtectedSet(), None, (), None)


def comparison(**changes):
    figures = {
        "trained": 1240, "held_out": 310, "accuracy": 0.981, "new_accuracy": 0.9742, "macs": 152_340.2,
        "new_macs": 12_128.0, "banks": 7, "protected": 1000, "flipped": ((0, 9), (3, 5)), "max_change": 0.873,
        "learned": dict.fromkeys(range(1546), 0),
    }  # fmt: skip
    return Comparison(**{**figures, **changes})


SOME = MovedAnswers(388, 9, 214, 2, 0.41, ((0, 6, 2), (3, 3, 0)))


def rebuild(moved=SOME):
    return Rebuild((3, 4, 5), frozenset(), Snapshot(), FOOTING, 17, 42, 2, 96, moved, FOOTING)


def texts(sheet):
    return [label.text() for label in sheet.labels()]


@pytest.fixture
def name_of(bridge):
    return bridge.state.name_of


def test_the_action_trains_and_the_line_says_how_far_it_is(window, bridge):
    assert not window.layout_.task_line.isVisible()
    window.actions_.trigger("consolidate")
    assert bridge.calls == [("candidates.start_consolidation",)]
    bridge.train(0.43)
    line = window.layout_.task_line
    assert line.isVisible() and (line.title.text(), line.figure.text()) == ("New base", "43 %")
    assert line.text.text() == "Training the gated base"
    assert line.accessibleDescription() == "New base: Training the gated base, 43 %"
    assert line.cancel.isVisible() and not line.look.isVisible()
    window.actions_.trigger("consolidate")
    assert "being trained already" in window.notifier.toast.text.text()
    QTest.mouseClick(line.cancel, Qt.MouseButton.LeftButton)
    assert bridge.calls[-1] == ("candidates.cancel_consolidation",) and not line.isVisible()


def test_the_line_has_words_for_each_stage(window, bridge):
    assert STAGES.keys() == set(TrainingStage)
    bridge.train(1.0, over=True)
    assert window.layout_.task_line.text.text() == BaseReady().sentence


def test_an_audience_is_spared_the_line(window, bridge):
    bridge.train(0.4)
    window.state.presentation = True
    assert not window.layout_.task_line.isVisible()
    window.state.presentation = False
    assert window.layout_.task_line.isVisible()


def test_the_comparison_is_told_in_words_and_figures(window, bridge):
    bridge.propose(of_new_base(comparison(), str))
    said = texts(window.sheets.proposal)
    assert window.sheets.proposal.isVisible()
    assert "the present model has learned them, which favours the present model." in said[0]
    assert "14 of 1,000 protected inputs would get another answer: 9 of 0, 5 of 3." in said
    assert "4 examples that it gets wrong would be learned again on top of it." in said
    rows = " | ".join(said)
    assert "right on held-out examples | 98.1 % | 97.4 %" in rows
    assert "multiply–accumulates an answer | 152,340 | 12,128" in rows
    assert "banks above the base | 7 | 0" in rows
    assert "protected answers with another class | – | 14 (1.4 %)" in rows
    assert "largest change of their probabilities | – | 0.87" in rows


def test_what_could_not_be_measured_is_said(window, bridge):
    few = comparison(
        left_out=("wave", "tap"),
        held_out=0,
        accuracy=None,
        new_accuracy=None,
        protected=0,
        flipped=(),
        trained=20,
        learned={},
    )
    bridge.propose(of_new_base(few, str))
    assert any("too few examples to hold some back" in text for text in texts(window.sheets.proposal))
    assert any(text.startswith("It does not know wave, tap, for want of") for text in texts(window.sheets.proposal))
    assert "right on held-out examples | – | –" in " | ".join(texts(window.sheets.proposal))


@pytest.mark.parametrize(("button", "call"), [("accept", ("candidates.accept",)), ("keep", ("candidates.discard",))])
def test_the_two_buttons_decide(window, bridge, button, call):
    bridge.train(1.0, over=True)
    bridge.propose(of_new_base(comparison(), str))
    assert (window.sheets.proposal.accept.text(), window.sheets.proposal.keep.text()) == (
        "Switch to it",
        "Keep the present one",
    )
    QTest.mouseClick(getattr(window.sheets.proposal, button), Qt.MouseButton.LeftButton)
    assert bridge.calls == [call]
    assert not window.sheets.proposal.isVisible() and not window.layout_.task_line.isVisible()


def test_escape_puts_a_new_base_aside_and_the_line_brings_it_back(window, bridge):
    bridge.train(1.0, over=True)
    bridge.propose(of_new_base(comparison(), str))
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.sheets.proposal.isVisible() and bridge.calls == []
    QTest.mouseClick(window.layout_.task_line.look, Qt.MouseButton.LeftButton)
    assert window.sheets.proposal.isVisible()
    QTest.keyClick(window.sheets.proposal.accept, Qt.Key.Key_Escape)
    QTest.mouseClick(window.layout_.task_line.keep, Qt.MouseButton.LeftButton)
    assert bridge.calls == [("candidates.discard",)] and not window.layout_.task_line.isVisible()


def test_it_appears_without_taking_the_focus_of_a_held_key(window, bridge):
    QTest.keyPress(window, Qt.Key.Key_2)
    focus = QApplication.focusWidget()
    bridge.propose(of_new_base(comparison(), str))
    assert window.sheets.proposal.isVisible() and QApplication.focusWidget() is focus
    assert bridge.calls == [("labels.press_class", 1)]
    QTest.keyRelease(window, Qt.Key.Key_2)
    assert bridge.calls == [("labels.press_class", 1), ("labels.release_class",)]
    window.sheets.proposal.accept.setFocus()
    QTest.keyPress(QApplication.focusWidget(), Qt.Key.Key_2)
    assert bridge.calls[-1] == ("labels.press_class", 1), "class keys record while a button has the focus"
    QTest.keyRelease(QApplication.focusWidget(), Qt.Key.Key_2)


def test_undoing_what_is_sealed_offers_a_rebuild_and_the_undo_does_not_hide_it(window, bridge):
    offered = Event(RebuildOffered((3, 4, 5), (0,)))
    for order in ([offered, UNDONE], [UNDONE, offered]):
        bridge.events = list(order)
        window.update_frame(bridge.frame())
        assert window.notifier.toast.isVisible() and window.notifier.toast.button.text() == REBUILD
        assert "sealed" in window.notifier.toast.text.text()
        QTest.mouseClick(window.notifier.toast.button, Qt.MouseButton.LeftButton)
        assert bridge.calls.pop() == ("candidates.plan_rebuild", (3, 4, 5))
    bridge.events = [UNDONE]
    window.update_frame(bridge.frame())
    assert window.notifier.toast.text.text() == UNDONE.sentence


def test_an_offered_rebuild_goes_once_its_examples_stand_again(window, bridge, monkeypatch):
    def stand(*ids):
        examples = [Example(i, 0, 0, np.ones(3, np.float32), 0.0, 1.0) for i in ids]
        bridge.examples = examples

    stand(1, 2)
    offered = Event(RebuildOffered((3, 4, 5), (0,)))
    bridge.events = [Event(LabelsChanged(DELETED)), offered]
    window.update_frame(bridge.frame())
    assert window.notifier.toast.button.text() == REBUILD
    stand(1, 2, 3, 4, 5)
    bridge.events = [UNDONE]
    window.update_frame(bridge.frame())
    assert window.notifier.toast.said == UNDONE.sentence and not window.notifier.toast.button.isVisible()


def test_a_rebuild_says_what_moves_and_escape_keeps_the_model(window, bridge, name_of):
    bridge.propose(of_rebuild(rebuild(), name_of))
    said = texts(window.sheets.proposal)
    assert said[0] == (
        "Without 3 examples: 2 sealed banks and what was learned since v17 are made anew, from 96 examples."
    )
    assert said[1].startswith("9 of 388 protected answers move, by at most 0.41 in a logit (214 bits), 2 with another")
    assert said[2] == "They are 6 of circle (2 flip), 3 of shake."
    assert "protected answers that move | 9 of 388" in " | ".join(said)
    assert (window.sheets.proposal.accept.text(), window.sheets.proposal.keep.text()) == ("Rebuild", "Keep them in")
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert bridge.calls == [("candidates.discard",)] and not window.sheets.proposal.isVisible()


def test_a_rebuild_that_moves_nothing_says_so(name_of):
    still = of_rebuild(rebuild(MovedAnswers(388, 0, 0, 0, 0.0, ())), name_of)
    assert still.words[1] == "None of 388 protected answers moves by a bit."


@pytest.mark.parametrize("size", [(1280, 720), (1600, 1000), (1024, 600)])
@pytest.mark.parametrize("kind", ["new base", "rebuild"])
def test_everything_on_it_has_room(make_window, make_bridge, size, kind):
    bridge = make_bridge()
    window = make_window(bridge, size=size)
    bridge.train(1.0, over=True)
    for _ in range(2):
        # The second one takes the place of the first.
        bridge.propose(of_new_base(comparison(), str) if kind == "new base" else of_rebuild(rebuild(), str))
        window.update_frame(bridge.frame())
        QApplication.processEvents()
    sheet = window.sheets.proposal
    assert window.rect().contains(sheet.geometry())
    for label in sheet.findChildren(QLabel):
        needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
        assert label.height() >= needed - 1 and label.width() >= (0 if label.wordWrap() else label.sizeHint().width())
    line = window.layout_.task_line
    assert all(b.width() >= b.sizeHint().width() for b in (line.look, line.keep))
    assert line.text.width() >= line.text.sizeHint().width()


def test_both_themes_dress_it(window, bridge):
    bridge.train(0.5)
    bridge.propose(of_new_base(comparison(), str))
    dark = np.array([window.sheets.proposal.grab().toImage().pixelColor(4, 40).lightness()])
    window.appearance.toggle()
    QApplication.processEvents()
    assert window.sheets.proposal.grab().toImage().pixelColor(4, 40).lightness() > int(dark[0]) + 100


# -- the bridge ------------------------------------------------------------------------------------------------------


class Training:
    """What the bridge reads of a consolidation."""

    def __init__(self):
        self.state, self.share = ConsolidationState.RUNNING, 0.2
        self.stage, self.comparison = TrainingStage.BASE, None


@pytest.fixture
def live(qapp):
    """A bridge on an engine that does not run."""
    source = open_source("simulator")
    base, _ = base_for(source.spec)
    bridge = Bridge(Engine(source, base), "a.dgs")
    yield bridge
    bridge.engine.candidates.consolidation = None
    bridge.shutdown()


def test_the_bridge_follows_a_training_to_the_users_word(live):
    engine, state, told, proposed = live.engine, live.state, [], []
    state.when(StudioState.proposal).connect(lambda: proposed.append(state.proposal))
    state.when(StudioState.task).connect(lambda: told.append(state.task))
    training = engine.candidates.consolidation = Training()
    live.pull()
    assert state.task == Task(TrainingStage.BASE, 0.2)
    assert len(told) == 1 and state.proposal is None
    live.pull()
    assert len(told) == 1, "nothing new is not told"
    training.state, training.comparison = ConsolidationState.READY, comparison()
    live.pull()
    assert state.task.over and state.proposal == of_new_base(comparison(), state.name_of)
    # A rebuild that is asked for meanwhile comes first.
    engine.candidates.rebuild = rebuild()
    live.pull()
    assert state.proposal.kind == "rebuild"
    live.candidates.discard()
    live.pull()
    assert engine.candidates.rebuild is None and state.proposal.kind == "new base"
    live.candidates.discard()
    live.pull()
    assert engine.candidates.consolidation is None and state.task is None and state.proposal is None
    assert len(proposed) == 4


def test_a_training_that_failed_is_cleared_away(live):
    training = live.engine.candidates.consolidation = Training()
    live.pull()
    training.state = ConsolidationState.FAILED
    live.pull()
    assert live.engine.candidates.consolidation is None and live.state.task is None and live.state.proposal is None


def test_the_window_shows_the_dials_that_the_session_kept(qapp):
    session = Session.memory()
    session.set_config(LEARNING, {"rule": "gradient", "mode": "routing", "tau": -0.25, "delta": 0.4})
    source = open_source("simulator")
    base, _ = base_for(source.spec)
    bridge = Bridge(Engine(source, base, session), "a.dgs")
    state = bridge.state
    assert (state.rule, state.mode, state.tau, state.delta) == ("gradient", Mode.ROUTING, -0.25, 0.4)
    bridge.shutdown()
