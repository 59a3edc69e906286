"""The Snapshots panel: the timeline of acts, its details, what is done by hand and key, ten thousand acts."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from dgstudio.engine.adapt.version_acts import VersionActs
from dgstudio.engine.adapt.version_ways import CannotLearnAgain, WhyNot
from dgstudio.engine.runtime.history import History
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.training.learned_examples import LearnedExamples, LearnedPart
from dgstudio.reasons.published import (
    BaseLoaded,
    BegunFromNothing,
    ClassAdded,
    LearnedFrom,
    Pinned,
    ProtectedByUser,
    RolledBack,
)
from dgstudio.reasons.stored import Told
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.bridge.state import LearnedAgain
from dgstudio.studio.theme.format import grouped
from dgstudio.studio.versions.act_words import act_title, compared_text, record_details
from dgstudio.studio.versions.timeline import Mark, Timeline
from dgstudio.types import Cause, CauseKind, Example, PublishRecord

LEFT, CONTROL, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
TAKE = CauseKind.TAKE


def record(seq, kind="learned", version=None, **more):
    return PublishRecord(seq, kind, version, more.pop("parent", seq), more.pop("reason", Told(kind)), 0.0, 0.0, **more)


def long_history(count):
    """Acts of one record each; a few came to nothing, a few went back to version 3."""
    records, version = [record(0, "initial", 0, parent=None, reason=BaseLoaded(("a", "b")))], 0
    for seq in range(1, count):
        kind = "rejected" if seq % 37 == 0 else "rolled back" if seq % 1501 == 0 else "learned"
        version += kind != "rejected"
        records.append(
            record(
                seq, kind, None if kind == "rejected" else version, to_version=3, parent=version - (kind != "rejected"),
                cause=Cause(TAKE, seq, seq % 3), new_examples=((seq % 3, 2),) if kind == "learned" else (),
            )
        )  # fmt: skip
    return records, version


@pytest.fixture
def snapshots(window, bridge):
    """v0 · take 0: v1-v7 · take 1: v8, v9, v11-v14 · … · back to v22 (v28) · class added (v37) · take 5: v38-v42."""
    bridge.history()
    window.update_frame(bridge.frame())
    return window.layout_.panels["snapshots"]


def at(view, mark):
    return QPoint(round(view.x_of_mark(mark)), round(view.middle))


def mark_of(snapshots, version):
    return snapshots.timeline.mark_of(version)


def wheel(view, x, steps, modifiers=Qt.KeyboardModifier.NoModifier):
    event = QWheelEvent(
        QPointF(x, 10), view.mapToGlobal(QPointF(x, 10)), QPoint(), QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def leave(view):
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))


# -- what it says ----------------------------------------------------------------------------------------------


def test_one_mark_an_act_and_the_header_counts_the_whole_history(snapshots, bridge):
    assert snapshots._right.text() == "39 published · 10 acts · 3 rejected"
    acts = snapshots.timeline.acts
    titles = [act_title(acts, place, bridge.state.name_of) for place in range(len(acts))]
    assert titles == [
        "base model", "circle · 84", "circle · 72", "circle · 84", "circle · 60", "back into “circle · 60”",
        "circle · 72", "circle · 12", "learned from 12 examples of circle", "circle · 60",
    ]  # fmt: skip


def test_the_serving_version_is_told_of_unless_another_is_pointed_at_or_selected(snapshots, bridge, window):
    view, details = snapshots.view, snapshots.details
    assert details.text().startswith("circle · 60 examples · v38–v42 (serving) in 5 publishes")
    assert details.text().endswith("45 changes of parts · protected: bit-identical")
    QTest.mouseMove(view, at(view, mark_of(snapshots, 6)))
    assert details.text().startswith("circle · 84 examples · v1–v7 in 7 publishes")
    leave(view)
    # An older version serves, from the middle of its act: what is said is that one's.
    bridge.state.serving = bridge.state.pinned = 12
    window.update_frame(bridge.frame())
    assert details.text().startswith("v12 (serving, pinned) · learned from 12 examples of circle · 9 parts changed")
    QTest.mouseClick(view, LEFT, pos=at(view, mark_of(snapshots, 28)))
    leave(view)
    assert details.text().startswith("back into “circle · 60” · v28 · ")


def test_details_of_other_kinds(bridge):
    def said(r):
        return record_details(r, bridge.state.name_of, serving=7, pinned=7)

    rejected = record(3, "rejected", None, parent=7, reason=Told("12 protected inputs would open the bank"))
    assert said(rejected) == "not published · 12 protected inputs would open the bank · after v7"
    moved = record(
        4, "rolled back", 8, reason=RolledBack(2), protected=400, bits_changed=1200, max_delta=0.034, waiting=31
    )
    assert "rolled back to v2 · 31 set aside then" in said(moved)
    assert f"protected: {grouped(1200)} bits changed, max |Δ| 0.034" in said(moved)
    first = record(0, "initial", 7, parent=None, reason=BaseLoaded(("a",)))
    assert said(first) == "v7 (serving, pinned) · base model: knows a"
    mixed = record(5, "learned", 9, new_examples=((0, 1), (99, 3)), units_changed=1)
    assert "learned from 1 example of circle and 3 of class 99 · 1 part changed · nothing protected" in said(mixed)
    assert said(record(6, "pinned", None, reason=Pinned(3), to_version=3)) == "v3 serves, and is held"


def test_acts_are_called_by_what_was_done(bridge):
    kinds = CauseKind
    records = [
        record(0, "initial", 0, parent=None, reason=BegunFromNothing()),
        record(1, "class added", 1, parent=0, reason=ClassAdded("circle"), cause=Cause(kinds.CLASS_ADDED, 0, 0)),
        record(2, "learned", 2, parent=1, cause=Cause(TAKE, 0, 0), new_examples=((0, 1),)),
        record(3, "learned", 3, parent=2, cause=Cause(kinds.UNDONE, 1, 0), reason=LearnedFrom(forgot=1)),
        record(4, "learned", 4, parent=3, cause=Cause(kinds.DELETED, 2, 3), reason=LearnedFrom(forgot=5)),
        record(5, "learned", 5, parent=4, cause=Cause(kinds.RELABELLED, 3, 1), new_examples=((1, 2),)),
        record(6, "protected", 6, parent=5, reason=ProtectedByUser(40, 380, 20)),
        record(7, "learned", 7, parent=6, cause=Cause(kinds.IMPORTED, 4), new_examples=((1, 1200), (0, 9))),
        record(8, "rolled back", 8, parent=7, to_version=2, reason=RolledBack(2)),
        record(9, "pinned", None, parent=8, to_version=5, reason=Pinned(5)),
        record(10, "rejected", None, parent=8, cause=Cause(TAKE, 9, 2)),
        record(11, "consolidated", 9, parent=8, reason=Told("new base")),
        record(12, "rolled back", 10, parent=9, to_version=2, reason=RolledBack(2)),
        record(13, "rolled back", 11, parent=10, to_version=5, reason=RolledBack(5)),
    ]  # fmt: skip
    acts = VersionActs(History(records))
    acts.sync()
    assert [act_title(acts, place, bridge.state.name_of) for place in range(len(acts))] == [
        "begun from nothing", "new class circle", "circle · 1", "undo", "delete shake · 5", "relabel rest · 2",
        "protect 400", f"import rest · {grouped(1209)}", "back to “circle · 1”", "pin v5", "walk · not learned",
        "new base", "back to “circle · 1”", "forward to “relabel rest · 2”",
    ]  # fmt: skip
    assert act_title(acts, 2, bridge.state.name_of, full=True) == "circle · 1 example"
    assert act_title(acts, 1, "class {}".format) == "new class 0"


def test_the_marks_are_where_and_what_they_should_be(snapshots, window, bridge):
    view, theme = snapshots.view, window.appearance.theme
    image = view.grab().toImage()

    def there(mark, colour, reach=5):
        x, y, wanted = round(view.x_of_mark(mark)), round(view.middle), QColor(colour)
        around = [QColor(image.pixel(x + dx, y + dy)) for dx in range(-reach, reach) for dy in range(-reach, reach)]
        return sum(pixel == wanted for pixel in around)

    assert there(mark_of(snapshots, 42), theme.accent) > 60
    assert there(mark_of(snapshots, 28), theme.warning) > 60
    assert there(mark_of(snapshots, 6), theme.visible(bridge.state.classes[0].info.colour)) > 60
    # Two selected acts beside each other: their titles, however long, stand apart, each by its mark.
    marks = [Mark(2), Mark(3)]
    first, second = view._apart([(10.0, 400.0), (60.0, 460.0)], marks)
    assert first[1] < second[0] and first[1] == pytest.approx(view.x_of_mark(marks[0]), abs=view.x_of_mark(Mark(1)))
    assert view._apart([(10.0, 40.0), (60.0, 90.0)], marks) == [(10.0, 40.0), (60.0, 90.0)]
    # From what it went back to, a dotted line runs below the others to it.
    x = round(view.x_of_mark(Mark(4)))
    assert view.x_of_mark(mark_of(snapshots, 22)) == view.x_of_mark(Mark(4))
    middle = (x + round(view.x_of_mark(mark_of(snapshots, 28)))) // 2
    below = [(dx, y) for dx in range(-12, 12) for y in range(round(view.middle) + 8, view.height())]
    assert any(QColor(image.pixel(middle + dx, y)) == QColor(theme.warning) for dx, y in below)


# -- unfolding -------------------------------------------------------------------------------------------------


def test_an_act_unfolds_into_its_publishes_and_folds_again(snapshots, bridge, window):
    view, timeline = snapshots.view, snapshots.timeline
    places = len(timeline)
    view.select(Mark(2))
    view.grab()
    box = next(box for box, act in view._folds if act == 2)
    QTest.mouseClick(view, LEFT, pos=box.center().toPoint())
    assert timeline.unfolded(2) and len(timeline) == places + 7
    assert [timeline.version_of(timeline.mark_at(n)) for n in range(2, 11)] == [14, 8, 9, None, 11, 12, 13, 14, 21]
    assert [timeline.place_of(timeline.mark_at(n)) for n in range(len(timeline))] == list(range(len(timeline)))
    QTest.mouseClick(view, LEFT, pos=at(view, mark_of(snapshots, 12)))
    leave(view)
    assert view.selected == Mark(2, 11) and snapshots.details.text().startswith("v12 · learned from")
    assert snapshots.back_button.text() == "Roll back to v12"
    assert timeline.acts.is_forward(12, 9) and snapshots._way_to(42) == "Roll back"
    QTest.mouseClick(view, LEFT, pos=at(view, Mark(2, 9)))
    leave(view)
    assert snapshots.details.text().startswith("not published · ")
    # The newest act goes on while it is unfolded.
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_End)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert timeline.unfolded(9)
    bridge.publish(record(42, "learned", 43, parent=42, cause=Cause(TAKE, 5, 0)))
    bridge.state.serving = bridge.state.head = 43
    window.update_frame(bridge.frame())
    assert view.serving == Mark(9, 42) and timeline.acts[9].records == 6
    QTest.keyClick(view, Qt.Key.Key_Return)
    view.fold(2, unfold=False)
    assert len(timeline) == places and view.serving == Mark(9)


# -- acts ------------------------------------------------------------------------------------------------------


def test_double_click_pins_and_a_second_one_lets_go(snapshots, bridge, window):
    view = snapshots.view
    QTest.mouseDClick(view, LEFT, pos=at(view, mark_of(snapshots, 28)))
    assert bridge.calls == [("model.pin", 28)]
    bridge.state.serving = 28
    window.update_frame(bridge.frame())
    assert (view.serving, view.head, view.pinned) == (mark_of(snapshots, 28), mark_of(snapshots, 42), True)
    assert "v28 (serving, pinned)" in snapshots.details.text()
    QTest.mouseDClick(view, LEFT, pos=at(view, mark_of(snapshots, 28)))
    assert bridge.calls[-1] == ("model.unpin",)


def test_a_rejected_proposal_cannot_be_served(snapshots, bridge):
    view = snapshots.view
    view.fold(2, unfold=True)
    QTest.mouseDClick(view, LEFT, pos=at(view, Mark(2, 9)))
    assert bridge.calls == []
    assert not snapshots.pin_button.isEnabled() and not snapshots.back_button.isEnabled()


def test_the_buttons_mean_the_selected_version(snapshots, bridge, window):
    view = snapshots.view
    assert not any(b.isEnabled() for b in (snapshots.pin_button, snapshots.newest_button, snapshots.back_button))
    QTest.mouseClick(view, LEFT, pos=at(view, mark_of(snapshots, 14)))
    assert snapshots.back_button.text() == "Roll back to v14"
    QTest.mouseClick(snapshots.back_button, LEFT)
    QTest.mouseClick(snapshots.pin_button, LEFT)
    window.update_frame(bridge.frame())
    QTest.mouseClick(snapshots.newest_button, LEFT)
    assert bridge.calls == [("model.roll_back", 14), ("model.pin", 14), ("model.unpin",)]


def test_what_waits_since_a_roll_back_is_said_and_resumed(snapshots, bridge):
    assert not snapshots.resume_button.isVisible()
    bridge.state.set_aside_examples = 31
    assert snapshots.resume_button.isVisible() and snapshots.resume_button.text() == "Resume 31 examples"
    snapshots.resume_button.click()
    assert bridge.calls == [("model.resume_parked",)]


def test_the_keyboard_reaches_everything(snapshots, bridge):
    view = snapshots.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.selected == mark_of(snapshots, 42)
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Left)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.selected == Mark(7)
    QTest.keyClick(view, Qt.Key.Key_Return, CONTROL)
    assert view.compared == Mark(7) and bridge.state.compared is None, "A and B are one"
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert (view.selected, view.compared) == (Mark(8), Mark(7)) and bridge.state.compared == (37, 36)
    QTest.keyClick(view, Qt.Key.Key_Left)
    QTest.keyClick(view, Qt.Key.Key_Return, CONTROL)
    assert view.compared is None and bridge.calls == []
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert view.selected == Mark(0)
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.selected == Mark(0)
    QTest.keyClick(view, Qt.Key.Key_End)
    assert view.selected == Mark(9)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.selected is None


def test_keys_of_the_window_pass_through(snapshots, bridge, window):
    snapshots.view.setFocus()
    for key, modifiers in ((Qt.Key.Key_2, SHIFT & CONTROL), (Qt.Key.Key_Space, SHIFT & CONTROL), (Qt.Key.Key_B, SHIFT)):
        QTest.keyClick(snapshots.view, key, modifiers)
    assert [call[0] for call in bridge.calls] == ["labels.press_class", "labels.release_class", "model.go_forward"]
    assert window.state.paused


def test_two_are_compared_by_control_click_or_shift_and_arrows(snapshots, bridge):
    view = snapshots.view
    QTest.mouseClick(view, LEFT, pos=at(view, mark_of(snapshots, 21)))
    assert bridge.state.compared is None
    QTest.mouseClick(view, LEFT, CONTROL, at(view, mark_of(snapshots, 35)))
    leave(view)
    assert bridge.state.compared == (21, 35)
    said = "v21 → v35 · 12 publishes apart · 144 examples of circle · 108 changes of parts · protected: bit-identical"
    assert snapshots.details.text() == f"{said} · 2 rejected · 1 rolled back"
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Right, SHIFT)
    assert snapshots.details.text().startswith("v21 → v36 · 13 publishes apart") and bridge.state.compared == (21, 36)
    either_way = compared_text(snapshots.timeline, view.compared, view.selected, bridge.state.name_of)
    assert either_way == snapshots.details.text()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert bridge.state.compared is None


def test_a_version_is_compared_with_the_one_before_its_act(snapshots, bridge, window):
    window.actions_.trigger(ActionId.COMPARE_BEFORE)
    assert bridge.state.compared == (37, 42), "of the act that made the serving version"
    assert (snapshots.view.selected, snapshots.view.compared) == (Mark(8), Mark(9))
    snapshots.view.select(mark_of(snapshots, 14))
    window.actions_.trigger(ActionId.COMPARE_BEFORE)
    assert bridge.state.compared == (7, 14)
    snapshots.view.select(Mark(0))
    window.actions_.trigger(ActionId.COMPARE_BEFORE)
    assert bridge.state.compared is None and window.layout_.broken == set()


def test_the_context_menu_offers_what_can_be_done(snapshots, bridge):
    view = snapshots.view
    mark = mark_of(snapshots, 14)
    view.select(mark)
    view.asked.emit(mark, view.mapToGlobal(at(view, mark)))
    texts = {action.text(): action for action in snapshots.menu.actions()}
    assert list(texts) == [
        "Unfold its 7 records",
        "Serve v14 and hold it",
        "Roll back to v14",
        "Show the examples of v14",
        "Compare with v42, which serves",
        "Compare with the version before this act",
    ]
    assert not texts["Show the examples of v14"].isEnabled(), "what it holds is not known here"
    texts["Roll back to v14"].trigger()
    texts["Compare with v42, which serves"].trigger()
    snapshots.menu.close()
    assert bridge.calls == [("model.roll_back", 14)]
    assert snapshots.details.text().startswith("v14 → v42") and bridge.state.compared == (14, 42)


def test_each_version_tells_what_it_has_learned_and_shows_it(snapshots, bridge, window, monkeypatch):
    ids = {14: np.array([3, 5, 8]), 21: np.zeros(0, np.int64)}
    parts = {v: (LearnedPart(None, found, np.array([0, 0, 3][: len(found)])),) for v, found in ids.items()}
    monkeypatch.setattr(bridge.contents, "of", lambda v: LearnedExamples(v, parts[v]) if v in parts else None)
    examples = [Example(i, 0, 0, np.full(4, i, np.float32), i, i + 1) for i in range(9)]
    bridge.examples = examples
    view = snapshots.view
    view.select(mark_of(snapshots, 14))
    assert "holds 2 examples of circle and 1 of shake" in snapshots.details.text()
    assert snapshots.show_button.isEnabled() and snapshots.show_button.text() == "Show its 3"
    snapshots.show_button.click()
    sheet = window.sheets.examples
    assert sheet.isVisible() and sheet.model.ids.tolist() == [8, 5, 3]
    assert sheet.filter.only.isVisible() and sheet.filter.only.text().startswith("in v14")
    sheet.filter.only.click()
    assert len(sheet.model.ids) == 9 and not sheet.filter.only.isVisible()
    sheet.close_overlay()
    view.select(mark_of(snapshots, 21))
    assert "holds no example" in snapshots.details.text() and not snapshots.show_button.isEnabled()
    view.select(mark_of(snapshots, 28))
    assert "holds" not in snapshots.details.text() and "is being read" in snapshots.show_button.toolTip()


def test_a_version_that_was_thinned_out_cannot_be_asked_for(snapshots, bridge, window):
    bridge.state.reachable = frozenset({11, 21, 42})
    window.update_frame(bridge.frame())
    view = snapshots.view
    mark = mark_of(snapshots, 14)
    QTest.mouseDClick(view, LEFT, pos=at(view, mark))
    assert bridge.calls == [] and view.selected == mark
    for button in (snapshots.pin_button, snapshots.back_button):
        assert not button.isEnabled()
        assert "The nearest that is kept is v11" in button.toolTip()
    view.asked.emit(mark, view.mapToGlobal(at(view, mark)))
    assert [action.isEnabled() for action in snapshots.menu.actions()][1:4] == [False, False, False]
    snapshots.menu.close()
    view.select(mark_of(snapshots, 21))
    assert snapshots.pin_button.isEnabled() and snapshots.back_button.isEnabled()
    assert not snapshots.again_button.isVisible()

    view.select(None)
    image = view.grab().toImage()
    colour = QColor(window.appearance.theme.visible(bridge.state.classes[0].info.colour))
    full, hollow = (
        sum(
            QColor(image.pixel(round(view.x_of_mark(mark)) + dx, round(view.middle) + dy)) == colour
            for dx in range(-4, 4)
            for dy in range(-4, 4)
        )
        for mark in (mark_of(snapshots, 21), mark)
    )
    assert full > 40 and hollow < 12


def test_a_version_that_is_not_kept_is_learned_again_on_request(snapshots, bridge, window):
    bridge.state.reachable = frozenset({11, 21, 42})
    bridge.refusals[7] = CannotLearnAgain(7, WhyNot.GRADIENT)
    window.update_frame(bridge.frame())
    view, again = snapshots.view, snapshots.again_button
    view.select(mark_of(snapshots, 7))
    assert again.isVisible() and not again.isEnabled()
    assert "are not kept, and cannot be learned again: steps of the gradient have moved its base" in again.toolTip()
    view.select(mark_of(snapshots, 14))
    assert snapshots.details.text().endswith(" · weights not kept")
    assert again.text() == "Learn v14 again" and again.isEnabled() and "thin out with age" in again.toolTip()
    again.click()
    bridge.state.relearning = LearnedAgain(14, 0.4)
    assert snapshots.progress.isVisible() and snapshots.progress.lit == (0.0, 0.4)
    view.select(None)
    assert again.text() == "Cancel v14"
    again.click()
    assert bridge.calls == [("relearning.learn_again", 14), ("relearning.cancel",)]
    bridge.state.relearning = None
    assert not snapshots.progress.isVisible() and not again.isVisible()
    view.select(mark_of(snapshots, 14))

    def refuse(version):
        raise BadInputError("v9 is being learned again: one at a time.")

    bridge.relearning.learn_again = refuse
    again.click()
    assert window.notifier.toast.said == "v9 is being learned again: one at a time."


# -- life ------------------------------------------------------------------------------------------------------


def test_a_publish_is_taken_over_and_without_one_nothing_is_painted(snapshots, bridge, window, monkeypatch):
    shown = []
    monkeypatch.setattr(snapshots.view, "show_versions", lambda *a, **k: shown.append(a))
    window.update_frame(bridge.frame())
    assert shown == []
    bridge.publish(record(42, "learned", 43, parent=42, cause=Cause(TAKE, 6, 1), new_examples=((1, 3),)))
    bridge.state.serving = bridge.state.head = 43
    window.update_frame(bridge.frame())
    assert shown == [(43, 43)] and len(snapshots.timeline.acts) == 11


def test_without_a_history_the_serving_version_stands_there(window, bridge):
    bridge.remember([])
    bridge.state.serving = bridge.state.head = 0
    window.update_frame(bridge.frame())
    snapshots = window.layout_.panels["snapshots"]
    assert len(snapshots.timeline) == 1
    assert snapshots.details.text() == "v0 (serving) · base model"
    assert snapshots._right.text() == "0 published · 1 act"
    snapshots.view.grab()


def test_a_history_grows_or_is_another_one():
    timeline, (records, version) = Timeline(), long_history(100)
    history = History(records[:50])
    assert timeline.sync(history, 0) and len(timeline) == 50
    assert not timeline.sync(history, 0)
    history.extend(records[50:])
    assert timeline.sync(history, 0) and len(timeline) == 100 and timeline.mark_of(version) == Mark(99)
    other = History([record(0, "learned", 213, parent=212), record(1, "protected", 214, parent=213)])
    assert timeline.sync(other, 214)
    assert [timeline.version_of(timeline.mark_at(place)) for place in range(len(timeline))] == [212, 213, 214]


def test_ten_thousand_acts_follow_the_newest_scroll_and_zoom(window, bridge):
    records, version = long_history(10_000)
    bridge.remember(records)
    bridge.state.serving = bridge.state.head = version
    window.update_frame(bridge.frame())
    snapshots = window.layout_.panels["snapshots"]
    view, newest = snapshots.view, len(records) - 1
    assert len(snapshots.timeline) == 10_000
    assert view.following and view.x_of(newest) == pytest.approx(view.width() - 22)
    first, stop = view.visible()
    assert stop - first < 150
    bridge.publish(record(10_000, "learned", version + 1, parent=version, cause=Cause(TAKE, 10_000, 1)))
    window.update_frame(bridge.frame())
    assert view.x_of(newest + 1) == pytest.approx(view.width() - 22)
    # Back in time by the wheel, and the newest no longer moves what is looked at.
    wheel(view, 300, 5, SHIFT)
    held = view.first
    bridge.publish(record(10_001, "learned", version + 2, parent=version + 1, cause=Cause(TAKE, 10_001, 1)))
    window.update_frame(bridge.frame())
    assert not view.following and view.first == held
    QTest.mouseClick(view, LEFT, pos=view.way_back().center().toPoint())
    assert view.following
    # All of it: rejections are still seen among two thousand published a hundred pixels.
    wheel(view, 600, -60)
    assert view.visible() == (0, len(snapshots.timeline))
    image = view.grab().toImage()
    red = QColor(window.appearance.theme.bad)
    columns = [x for x in range(view.width()) if any(QColor(image.pixel(x, y)) == red for y in range(view.height()))]
    assert len(columns) > 100
    place = snapshots.timeline.place_of(view.mark_near(400))
    wheel(view, 400, 30)
    assert abs(snapshots.timeline.place_of(view.mark_near(400)) - place) <= 4


def test_dragging_pans_and_selects_nothing(window, bridge):
    records, version = long_history(500)
    bridge.remember(records)
    bridge.state.serving = bridge.state.head = version
    window.update_frame(bridge.frame())
    view = window.layout_.panels["snapshots"].view
    before = view.first
    QTest.mousePress(view, LEFT, pos=QPoint(400, 20))
    QTest.mouseMove(view, QPoint(450, 20))
    QTest.mouseMove(view, QPoint(530, 20))
    QTest.mouseRelease(view, LEFT, pos=QPoint(530, 20))
    assert view.first == pytest.approx(before - 130 / view.pitch)
    assert view.selected is None


def test_the_selected_stays_in_sight(window, bridge):
    records, version = long_history(500)
    bridge.remember(records)
    bridge.state.serving = bridge.state.head = version
    window.update_frame(bridge.frame())
    view = window.layout_.panels["snapshots"].view
    view.setFocus()
    for _ in range(20):
        QTest.keyClick(view, Qt.Key.Key_PageUp)
        assert 0 < view.x_of_mark(view.selected) < view.width()
    assert not view.following


def test_an_unknown_serving_version_and_unknown_classes_do_no_harm(window, bridge):
    bridge.remember([record(0, "learned", 5, new_examples=((77, 2),)), record(1, "odd kind", 6)])
    bridge.state.serving = bridge.state.head = 999
    window.update_frame(bridge.frame())
    snapshots = window.layout_.panels["snapshots"]
    snapshots.view.grab()
    snapshots.view.select(Mark(1))
    assert "2 examples of class 77" in snapshots.details.text()
    assert window.layout_.broken == set()


def test_a_shorter_history_forgets_a_selection_beyond_it(snapshots, bridge, window):
    snapshots.view.select(Mark(9))
    bridge.remember(bridge.state.history[:5])
    window.update_frame(bridge.frame())
    assert snapshots.view.selected is None
    assert snapshots.pin_button.text() == "Pin"


def test_a_click_on_a_mark_shows_its_moment_in_every_panel(window, bridge):
    panel = window.layout_.snapshots_panel
    bridge.lookback.reach = lambda: (0.0, bridge.now)
    for _ in range(10):
        window.update_frame(bridge.frame(0.5))
    bridge.publish(bridge._publish(41, bridge.now - 2.0))
    for reading in bridge.every_reading:
        object.__setattr__(reading, "version", 42 if reading.end > bridge.now - 2.0 else 41)
    window.update_frame(bridge.frame(0.2))
    mark = panel.timeline.mark_of(42)
    x = round(panel.view.x_of_mark(mark))
    QTest.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=QPoint(x, round(panel.view.middle)))
    window.update_frame(bridge.frame(0.2))
    # Its first answer: at the moment of the publish, another version answered.
    published = panel.timeline.record_of(mark).time
    first = next(r for r in bridge.every_reading if r.end > published)
    assert window.state.paused and window.state.moment == first.end
    # Those of earlier runs have times of other clocks.
    window.state.set_paused(False)
    window.state.first_record = len(window.state.history)
    panel.view.select(None)
    QTest.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=QPoint(x, round(panel.view.middle)))
    assert not window.state.paused


def test_plus_and_minus_zoom_the_timeline_that_has_the_focus_and_not_the_stream(snapshots, window):
    view = snapshots.view
    view.setFocus()
    pitch = view.pitch
    QTest.keyClick(view, Qt.Key.Key_Minus)
    assert view.pitch < pitch and not window.state.paused


def test_the_version_of_the_moment_that_is_shown_is_marked_and_told_of_and_end_follows_again(window, bridge):
    panel = window.layout_.snapshots_panel
    view = panel.view
    bridge.history()
    bridge.lookback.reach = lambda: (0.0, bridge.now)
    for _ in range(10):
        window.update_frame(bridge.frame(0.5))
    then = bridge.every_reading[4]
    object.__setattr__(then, "version", 21)
    assert view.then is None and "v42 (serving)" in panel.details.text()
    plain = warning_pixels(window, view)
    window.state.look_back(then.end)
    window.update_frame(bridge.frame(0.2))
    assert window.state.then == 21 and view.then == panel.timeline.mark_of(21)
    assert "v21" in panel.details.text() and "(serving)" not in panel.details.text()
    assert warning_pixels(window, view) > plain
    # A mark has the focus after a click on it.
    QTest.mouseClick(view, LEFT, pos=at(view, mark_of(panel, 35)))
    selected = view.selected
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_End)
    window.update_frame(bridge.frame(0.2))
    assert not window.state.paused and view.selected == selected and view.then is None
    assert warning_pixels(window, view) == plain


def warning_pixels(window, view):
    """How many pixels of the timeline's middle have the colour of the past."""
    image, wanted = view.grab().toImage(), window.appearance.theme.colour("warning").rgb()
    y = round(view.middle * image.devicePixelRatio())
    return sum(image.pixel(x, y) == wanted for x in range(image.width()))
