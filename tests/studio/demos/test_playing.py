"""Demos in the real program: begun by a key in a session of their own, paused, stepped, skipped, left and kept."""

import threading

import pytest
import shiboken6
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from dgstudio.session.file import Session
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.bridge.caption import Caption
from dgstudio.studio.demos.caption_line import CaptionLine
from dgstudio.studio.demos.catalogue import script_path
from dgstudio.studio.demos.claims.outcome import Verdict
from dgstudio.studio.demos.player import Phase
from dgstudio.studio.demos.reading import read_script
from dgstudio.types import Mode, TwinKind

Key = Qt.Key

OWN = """
title = "Mine"
[[step]]
name = "one"
caption = "The first of {protected}."
do = [
    { perform = "walk" },
    { mode = "weights" },
    { compare = ["swap"] },
    { knob = "rotation", to = 30 },
    { add_class = "circle" },
]
until = { seconds = 0.4 }
claims = [{ words = "first", holds = "protected > 0" }]
[[step]]
name = "two"
caption = "The second; {examples} examples."
do = [{ hold = "circle", seconds = 600 }]
until = { seconds = 600 }
[[step]]
name = "three"
caption = "The third."
until = { seconds = 0.2 }
claims = [{ words = "third", holds = "protected < 0" }, { words = "The", always = "ours.bits == 0" }]
"""


@pytest.fixture
def own(tmp_path):
    """Return the file of a demo whose second step lasts until somebody goes on."""
    path = tmp_path / "own.toml"
    path.write_text(OWN, encoding="utf-8")
    return path


def player(desk):
    return desk.window.demos.player


def begin(desk, act):
    """Begin a demo and wait until its window has taken the place of the present one."""
    desk.switch(act)
    desk.until(lambda: player(desk) is not None)


def answers_go_on(desk):
    seen = desk.engine.lane.counts.reads
    desk.until(lambda: desk.engine.lane.counts.reads > seen + 3)


def test_one_key_begins_the_first_demo_in_a_session_of_its_own_and_esc_brings_the_user_back(desk, tmp_path):
    desk.teach("wave")
    mine, engine = desk.window, desk.engine
    count = engine.book.total
    begin(desk, lambda: QTest.keyClick(mine, Key.Key_F6))
    theirs = desk.window
    assert theirs is not mine and theirs.isVisible() and not mine.isVisible()
    assert desk.engine.session.path is None and desk.state.caption.title == "Haywire"
    assert "wave" not in [card.info.name for card in desk.state.classes]
    desk.until(lambda: desk.state.presentation and desk.state.compare == (TwinKind.IN_PLACE,))
    # The user's own goes on out of sight, and draws nothing.
    seen = engine.lane.readings.newest.hop
    desk.until(lambda: engine.lane.readings.newest.hop > seen)
    QTest.keyClick(theirs, Key.Key_Escape)
    assert desk.window is mine and mine.isVisible() and desk.state.caption is None
    desk.until(lambda: not shiboken6.isValid(theirs))
    desk.until(mine.isActiveWindow)
    assert not desk.state.presentation and desk.state.compare == () and engine.book.total == count
    assert sum(thread.name == "dg-store" for thread in threading.enumerate()) == 1
    answers_go_on(desk)
    assert desk.sessions.present() == tmp_path / "first.dgs"
    # And once more, as often as one likes.
    begin(desk, lambda: QTest.keyClick(desk.window, Key.Key_F6))
    desk.switch(lambda: QTest.keyClick(desk.window, Key.Key_Escape))
    assert desk.window is mine


def test_no_caption_has_a_hole_for_a_figure_that_is_not_known_yet(desk):
    said = []
    begin(desk, lambda: QTest.keyClick(desk.window, Key.Key_F6))
    state = desk.state
    said.append(state.caption.text)
    state.when(type(state).caption).connect(lambda: said.append(state.caption.text if state.caption else ""))
    desk.until(lambda: bool(state.caption.text))
    assert not [text for text in said if "…" in text]
    desk.switch(lambda: QTest.keyClick(desk.window, Key.Key_Escape))


def test_the_keys_pause_step_and_skip(desk, own):
    begin(desk, lambda: desk.sessions.begin_demo(own))
    window, demo = desk.window, player(desk)
    desk.until(lambda: demo.step.name == "two" and window.labelling.held is not None)
    assert desk.state.caption.step == 2 and desk.state.caption.steps == 3
    QTest.keyClick(window, Key.Key_F7)
    assert desk.state.caption.paused and demo.phase is Phase.PAUSED
    # What was held is let go of; the stream goes on.
    assert window.labelling.held is None
    answers_go_on(desk)
    assert demo.step.name == "two"
    QTest.keyClick(window, Key.Key_F7)
    assert not desk.state.caption.paused
    desk.until(lambda: window.labelling.held is not None)
    QTest.keyClick(window, Key.Key_F8)
    assert demo.step.name == "three" and window.labelling.held is None
    desk.until(lambda: demo.phase is Phase.OVER)
    assert desk.state.caption.waiting and desk.state.caption.text == "The third."
    verdicts = [claim.verdict for step in demo.outcome.steps for claim in step.claims]
    assert verdicts == [Verdict.TRUE, Verdict.FALSE, Verdict.TRUE]
    desk.switch(lambda: QTest.keyClick(window, Key.Key_Escape))


def test_stepping_waits_after_each_step_and_a_remote_does_it_too(desk, own):
    begin(desk, lambda: desk.sessions.begin_demo(own))
    window, demo = desk.window, player(desk)
    QTest.keyClick(window, Key.Key_F7)
    assert demo.phase is Phase.PAUSED and demo.step.name == "one"
    QTest.keyClick(window, Key.Key_PageDown)
    desk.until(lambda: demo.phase is Phase.WAITING)
    assert demo.step.name == "one" and desk.state.caption.waiting
    QTest.keyClick(window, Key.Key_PageDown)
    assert demo.step.name == "two" and demo.phase is Phase.PLAYING
    QTest.keyClick(window, Key.Key_F9)
    assert demo.step.name == "three"
    assert [claim.verdict for claim in demo.outcome.steps[0].claims] == [Verdict.TRUE]
    desk.switch(lambda: QTest.keyClick(window, Key.Key_Escape))


def test_what_a_step_has_not_done_is_done_when_it_is_skipped(desk, own):
    own.write_text(OWN.replace('{ add_class = "circle" }', '{ add_class = "circle", after = 0.3 }'), encoding="utf-8")
    begin(desk, lambda: desk.sessions.begin_demo(own))
    demo = player(desk)
    demo.skip()
    assert demo.step.name == "two" and "circle" in [card.info.name for card in desk.state.classes]
    assert [claim.verdict for claim in demo.outcome.steps[0].claims] == [Verdict.NOT_CHECKED]
    desk.switch(desk.window.demos.leave)


def test_esc_closes_what_lies_on_top_before_it_leaves(desk, own):
    begin(desk, lambda: desk.sessions.begin_demo(own))
    window = desk.window
    QTest.keyClick(window, Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    desk.until(window.sheets.palette.isVisible)
    QTest.keyClick(QApplication.focusWidget(), Key.Key_Escape)
    assert not window.sheets.palette.isVisible() and desk.window is window and player(desk) is not None
    desk.switch(lambda: QTest.keyClick(window, Key.Key_Escape))


def test_what_is_kept_is_the_users_own_and_the_session_before_is_closed(desk, own, tmp_path):
    before = desk.window
    begin(desk, lambda: desk.sessions.begin_demo(own))
    window, demo = desk.window, player(desk)
    desk.until(lambda: demo.step.name == "two" and desk.engine.book.total > 0)
    window.actions_.trigger(ActionId.DEMO_KEEP)
    assert player(desk) is None and desk.window is window and not shiboken6.isValid(before)
    toast = window.notifier.toast
    assert "in memory only" in toast.said and toast.button.text() == "Save as…"
    assert desk.state.mode is Mode.WEIGHTS and desk.state.caption is None
    desk.until(lambda: desk.engine.store.idle and desk.engine.book.total > 0)
    Session.open(tmp_path / "first.dgs").close()
    answers_go_on(desk)
    # It has never been saved: that is told before it is lost.
    assert desk.sessions.losses().kinds
    desk.window.finish()


def test_what_would_be_lost_by_keeping_is_told_first(session_desk, settings, qtbot, own, tmp_path):
    desk = session_desk.Desk(tmp_path / "none.dgs", settings, qtbot, keep=False)
    desk.teach("wave")
    mine = desk.window
    begin(desk, lambda: desk.sessions.begin_demo(own))
    # Nothing that is lost by playing a demo.
    assert "lost" not in desk.window.notifier.toast.said
    desk.window.demos.keep()
    assert "is lost if you keep the demo" in desk.window.notifier.toast.said and player(desk) is not None
    desk.window.notifier.toast.button.click()
    assert player(desk) is None and not shiboken6.isValid(mine)
    desk.window.finish()
    desk.window.close()


def test_left_where_no_session_waits_what_it_turned_is_put_back(desk, own):
    window = desk.window
    knobs = {knob.name: knob.value for knob in desk.state.knobs}
    mode = desk.state.mode
    window.demos.play(read_script(own))
    desk.until(lambda: player(desk).step.name == "two" and desk.engine.book.total > 0)
    assert desk.state.mode is Mode.WEIGHTS and desk.state.compare == (TwinKind.SWAP,)
    QTest.keyClick(window, Key.Key_Escape)
    assert desk.window is window and desk.state.caption is None and window.labelling.held is None
    assert desk.state.mode is mode and desk.state.compare == ()
    assert {knob.name: knob.value for knob in desk.state.knobs} == knobs


def test_another_demo_takes_the_place_of_the_first_and_the_user_still_comes_back(desk, own):
    mine = desk.window
    begin(desk, lambda: desk.sessions.begin_demo(own))
    first = desk.window
    begin(desk, lambda: QTest.keyClick(first, Key.Key_F6))
    assert desk.state.caption.title == "Haywire" and not shiboken6.isValid(first)
    desk.switch(lambda: QTest.keyClick(desk.window, Key.Key_Escape))
    assert desk.window is mine


def test_a_new_session_leaves_the_demo_first(desk, own, tmp_path):
    mine = desk.window
    begin(desk, lambda: desk.sessions.begin_demo(own))
    theirs = desk.window
    QTest.keyClick(theirs, Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert desk.window is mine
    desk.until(lambda: desk.window is not mine and desk.state.phase == "ready")
    assert desk.engine.session.path is not None and not shiboken6.isValid(mine)
    Session.open(tmp_path / "first.dgs").close()


def test_closing_the_window_of_a_demo_ends_the_users_session_in_order(desk, own, tmp_path):
    begin(desk, lambda: desk.sessions.begin_demo(own))
    desk.until(lambda: player(desk).step.name == "two")
    desk.window.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("dg-")]
    Session.open(tmp_path / "first.dgs").close()


def test_a_bad_script_is_told_and_nothing_else_happens(desk, own):
    own.write_text(OWN.replace("{protected}", "{protect}"), encoding="utf-8")
    window = desk.window
    desk.sessions.begin_demo(own)
    assert "“protect” is no figure; did you mean protected?" in window.notifier.toast.said
    assert desk.window is window and not window.layout_.opening.isVisible()


def test_what_cannot_be_done_is_told_and_the_demo_stands_still(desk, own):
    own.write_text(OWN.replace('"rotation"', '"rotaton"'), encoding="utf-8")
    begin(desk, lambda: desk.sessions.begin_demo(own))
    demo = player(desk)
    assert "Step 1 “one” of Mine: the source simulator has no knob “rotaton”" in demo.trouble
    assert demo.trouble in desk.window.notifier.toast.said and desk.state.caption.paused
    demo.go_on()
    demo.skip()
    assert demo.step.name == "one"
    desk.switch(lambda: QTest.keyClick(desk.window, Key.Key_Escape))


def test_the_line_says_what_the_demo_says_and_its_buttons_do_what_the_keys_do(desk, own):
    begin(desk, lambda: desk.sessions.begin_demo(own))
    window, demo = desk.window, player(desk)
    (line,) = window.findChildren(CaptionLine)
    desk.until(lambda: demo.step.name == "two")
    assert line.isVisible() and line.text.text() == desk.state.caption.text and "2 of 3" in line.place.text()
    buttons = line.buttons
    buttons[ActionId.DEMO_PAUSE].click()
    assert buttons[ActionId.DEMO_PAUSE].text() == "Go on" and "paused" in line.place.text()
    buttons[ActionId.DEMO_SKIP].click()
    desk.until(lambda: demo.phase is Phase.OVER)
    assert line.place.text() == "Mine · 3 of 3 · over" and not buttons[ActionId.DEMO_SKIP].isVisible()
    window.state.presentation = True
    assert not line.isVisible()
    window.state.presentation = False
    desk.switch(buttons[ActionId.DEMO_LEAVE].click)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_the_keys_of_demos_do_nothing_where_none_is_played(desk):
    for key in (Key.Key_F7, Key.Key_F8, Key.Key_F9, Key.Key_PageDown):
        QTest.keyClick(desk.window, key)
    assert not desk.window.demos.playing
    offered = {action.id for action in desk.window.actions_ if desk.window.actions_.offered(action)}
    assert ActionId.DEMO_HAYWIRE in offered and ActionId.DEMO_LEAVE not in offered


def test_the_first_demo_ships():
    assert script_path("haywire").is_file()


def test_what_goes_well_is_said_by_the_demo_alone(desk, own):
    own.write_text(OWN.replace("seconds = 600 }]", "seconds = 1.5 }]"), encoding="utf-8")
    begin(desk, lambda: desk.sessions.begin_demo(own))
    window, log = desk.window, desk.window.layout_.log_panel.lines
    desk.until(lambda: bool(desk.engine.book.takes()) and "circle" in log.toPlainText())
    answers_go_on(desk)
    assert player(desk).step.name == "two" and "circle" not in window.notifier.toast.said
    desk.switch(window.demos.leave)


def test_who_presents_presents_in_the_demo_and_afterwards(desk, own):
    mine = desk.window
    QTest.keyClick(mine, Key.Key_F5)
    begin(desk, lambda: desk.sessions.begin_demo(own))
    assert desk.state.presentation and not mine.state.presentation
    desk.switch(lambda: QTest.keyClick(desk.window, Key.Key_Escape))
    assert desk.window is mine and desk.state.presentation


def test_a_long_caption_has_room_in_a_small_window(window):
    window.resize(1024, 600)
    (line,) = window.findChildren(CaptionLine)
    text = "Routing only: which part answers may change, what it computes may not. Taught to wave."
    window.state.caption = Caption(text, 4, 8, "Modes", paused=True)
    QApplication.processEvents()
    assert line.text.shown() == text and line.place.text() == "4 of 8 · paused"
    window.resize(1600, 800)
    QApplication.processEvents()
    assert line.text.shown() == text and line.place.text() == "Modes · 4 of 8 · paused"
    window.state.caption = None
    assert not line.isVisible()


def test_the_second_demo_does_not_take_the_stage_of_the_first_for_the_users(desk, own):
    own.write_text(OWN.replace("do = [\n", "do = [\n    { present = true },\n", 1), encoding="utf-8")
    begin(desk, lambda: desk.sessions.begin_demo(own))
    desk.until(lambda: desk.state.presentation)
    begin(desk, lambda: desk.sessions.begin_demo(own))
    assert not desk.window.demos.presented_before
    desk.switch(lambda: QTest.keyClick(desk.window, Key.Key_Escape))
    assert not desk.state.presentation
