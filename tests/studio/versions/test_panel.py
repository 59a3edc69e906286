"""The Snapshots panel: the timeline, its details, pinning and rolling back by hand and key, ten thousand versions."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from dgstudio.engine.runtime.history import History
from dgstudio.learning.learner.learned_examples import LearnedExamples, LearnedPart
from dgstudio.reasons.published import BaseLoaded, BegunFromNothing, BegunHere, ClassAdded, RolledBack
from dgstudio.reasons.stored import Told
from dgstudio.studio.theme.format import grouped
from dgstudio.studio.versions.timeline import Timeline, compared_text, details_of, note_of
from dgstudio.types import Example, PublishRecord

LEFT, CONTROL, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def record(seq, kind="learned", version=None, **more):
    return PublishRecord(seq, kind, version, more.pop("parent", seq), more.pop("reason", Told(kind)), 0.0, 0.0, **more)


def long_history(count):
    records, version = [record(0, "initial", 0, parent=None, reason=BaseLoaded(("a", "b")))], 0
    for seq in range(1, count):
        kind = "rejected" if seq % 37 == 0 else "rolled back" if seq % 1501 == 0 else "learned"
        version += kind != "rejected"
        records.append(record(seq, kind, None if kind == "rejected" else version, to_version=3))
    return records, version


@pytest.fixture
def snapshots(window, bridge):
    bridge.history()
    window.update_frame(bridge.frame())
    return window.layout_.panels["snapshots"]


def at(view, slot):
    return QPoint(round(view.x_of(slot)), round(view.middle))


def slot_of(snapshots, version):
    return snapshots.timeline.slot_of(version)


def wheel(view, x, steps, modifiers=Qt.KeyboardModifier.NoModifier):
    event = QWheelEvent(
        QPointF(x, 10), view.mapToGlobal(QPointF(x, 10)), QPoint(), QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


# -- what it says ----------------------------------------------------------------------------------------------


def test_the_header_counts(snapshots):
    assert snapshots._right.text() == "39 published · 3 rejected · 1 rolled back"


def test_the_newest_is_told_of_unless_another_is_pointed_at_or_selected(snapshots):
    view, details = snapshots.view, snapshots.details
    start = "v42 (serving) · learned from 12 examples of circle · 9 parts changed · protected: bit-identical"
    assert details.text().startswith(start)
    assert details.text().endswith("3.8 ms to solve and check · parent v41 · digest 5f1c…b7")
    QTest.mouseMove(view, at(view, slot_of(snapshots, 20)))
    assert details.text().startswith("v20 · learned from")
    QTest.mouseClick(view, LEFT, pos=at(view, slot_of(snapshots, 6)))
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert details.text().startswith("v6 · ")


def test_details_of_other_kinds(bridge):
    def said(r):
        return details_of(r, bridge.state.name_of, serving=7, pinned=7)

    rejected = record(3, "rejected", None, parent=7, reason=Told("12 protected inputs would open the bank"))
    assert said(rejected) == "not published · 12 protected inputs would open the bank · after v7"
    moved = record(4, "rolled back", 8, reason=RolledBack(2), protected=400, bits_changed=1200, max_delta=0.034)
    assert "rolled back to v2" in said(moved) and f"protected: {grouped(1200)} bits changed, max |Δ| 0.034" in said(
        moved
    )
    first = record(0, "initial", 7, parent=None, reason=BaseLoaded(("a",)))
    assert said(first) == "v7 (serving, pinned) · base model: knows a"
    mixed = record(5, "learned", 9, new_examples=((0, 1), (99, 3)), units_changed=1)
    assert "learned from 1 example of circle and 3 of class 99 · 1 part changed · nothing protected" in said(mixed)


def test_annotations():
    assert note_of(record(0, "initial", 0, reason=BegunFromNothing())) == "begun from nothing"
    assert note_of(record(-1, "initial", 3, reason=BegunHere(3))) == "began here"
    assert note_of(record(0, "initial", 0, reason=Told("as an earlier dgstudio said it"))) == "first version"
    assert note_of(record(0, "initial", 0, reason=BaseLoaded(("a", "b")))) == "base model"
    assert note_of(record(0, "class added", 4, reason=ClassAdded("circle"))) == "class “circle” added ▸"
    assert note_of(record(0, "rolled back", 9, to_version=22)) == "rolled back to v22"
    assert note_of(record(0, "learned", 9)) == ""


def test_the_marks_are_where_and_what_they_should_be(snapshots, window):
    view = snapshots.view
    image = view.grab().toImage()

    def there(slot, token, reach=5):
        x, y, wanted = round(view.x_of(slot)), round(view.middle), QColor(getattr(window.appearance.theme, token))
        around = [QColor(image.pixel(x + dx, y + dy)) for dx in range(-reach, reach) for dy in range(-reach, reach)]
        return sum(pixel == wanted for pixel in around)

    assert there(slot_of(snapshots, 42), "accent") > 60
    assert there(snapshots.timeline.rejections[0], "bad") > 3
    assert there(slot_of(snapshots, 28), "warning") > 20
    assert there(slot_of(snapshots, 12), "border_strong") > 20
    assert there(slot_of(snapshots, 12), "accent") == 0


# -- acts ------------------------------------------------------------------------------------------------------


def test_double_click_pins_and_a_second_one_lets_go(snapshots, bridge, window):
    view = snapshots.view
    QTest.mouseDClick(view, LEFT, pos=at(view, slot_of(snapshots, 30)))
    assert bridge.calls == [("model.pin", 30)]
    bridge.state.serving = 30
    window.update_frame(bridge.frame())
    assert (view.serving, view.head, view.pinned) == (slot_of(snapshots, 30), slot_of(snapshots, 42), True)
    assert "v30 (serving, pinned)" in snapshots.details.text()
    QTest.mouseDClick(view, LEFT, pos=at(view, slot_of(snapshots, 30)))
    assert bridge.calls[-1] == ("model.unpin",)


def test_a_rejected_proposal_cannot_be_served(snapshots, bridge):
    view = snapshots.view
    QTest.mouseDClick(view, LEFT, pos=at(view, snapshots.timeline.rejections[0]))
    assert bridge.calls == []
    assert not snapshots.pin_button.isEnabled() and not snapshots.back_button.isEnabled()


def test_the_buttons_mean_the_selected_version(snapshots, bridge, window):
    view = snapshots.view
    assert not any(b.isEnabled() for b in (snapshots.pin_button, snapshots.newest_button, snapshots.back_button))
    QTest.mouseClick(view, LEFT, pos=at(view, slot_of(snapshots, 12)))
    assert snapshots.back_button.text() == "Roll back to v12"
    QTest.mouseClick(snapshots.back_button, LEFT)
    QTest.mouseClick(snapshots.pin_button, LEFT)
    window.update_frame(bridge.frame())
    QTest.mouseClick(snapshots.newest_button, LEFT)
    assert bridge.calls == [("model.roll_back", 12), ("model.pin", 12), ("model.unpin",)]


def test_the_keyboard_reaches_everything(snapshots, bridge):
    view = snapshots.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.selected == slot_of(snapshots, 42)
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Left)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.selected == slot_of(snapshots, 40)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert bridge.calls == [("model.pin", 40)]
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert view.selected == 0
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.selected == 0
    QTest.keyClick(view, Qt.Key.Key_End)
    assert view.selected == len(snapshots.timeline) - 1
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.selected is None


def test_keys_of_the_window_pass_through(snapshots, bridge, window):
    snapshots.view.setFocus()
    QTest.keyClick(snapshots.view, Qt.Key.Key_2)
    QTest.keyClick(snapshots.view, Qt.Key.Key_Space)
    assert [call[0] for call in bridge.calls] == ["labels.press_class", "labels.release_class"]
    assert window.state.paused


def test_two_are_compared_by_control_click_or_shift_and_arrows(snapshots, bridge):
    view = snapshots.view
    QTest.mouseClick(view, LEFT, pos=at(view, slot_of(snapshots, 20)))
    QTest.mouseClick(view, LEFT, CONTROL, at(view, slot_of(snapshots, 34)))
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    said = "v20 → v34 · 12 publishes apart · 144 examples of circle · 108 changes of parts · protected: bit-identical"
    assert snapshots.details.text() == f"{said} · 2 rejected · 1 rolled back"
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Right, SHIFT)
    assert snapshots.details.text().startswith("v20 → v35 · 13 publishes apart")
    either_way = compared_text(snapshots.timeline, view.compared, view.selected, bridge.state.name_of)
    assert either_way == snapshots.details.text()


def test_the_context_menu_offers_what_can_be_done(snapshots, bridge):
    view = snapshots.view
    slot = slot_of(snapshots, 12)
    view.select(slot)
    view.asked.emit(slot, view.mapToGlobal(at(view, slot)))
    texts = {action.text(): action for action in snapshots.menu.actions()}
    assert list(texts) == [
        "Serve v12 and hold it",
        "Roll back to v12",
        "Show the examples of v12",
        "Compare with v42, which serves",
    ]
    assert not texts["Show the examples of v12"].isEnabled(), "what it holds is not known here"
    texts["Roll back to v12"].trigger()
    texts["Compare with v42, which serves"].trigger()
    snapshots.menu.close()
    assert bridge.calls == [("model.roll_back", 12)]
    assert snapshots.details.text().startswith("v12 → v42")


def test_each_version_tells_what_it_has_learned_and_shows_it(snapshots, bridge, window, monkeypatch):
    ids = {12: np.array([3, 5, 8]), 20: np.zeros(0, np.int64)}
    parts = {v: (LearnedPart(None, found, np.array([0, 0, 3][: len(found)])),) for v, found in ids.items()}
    monkeypatch.setattr(bridge.contents, "of", lambda v: LearnedExamples(v, parts[v]) if v in parts else None)
    examples = [Example(i, 0, 0, np.full(4, i, np.float32), i, i + 1) for i in range(9)]
    bridge.examples = examples
    view = snapshots.view
    view.select(slot_of(snapshots, 12))
    assert "holds 2 examples of circle and 1 of shake" in snapshots.details.text()
    assert snapshots.show_button.isEnabled() and snapshots.show_button.text() == "Show its 3"
    snapshots.show_button.click()
    sheet = window.sheets.examples
    assert sheet.isVisible() and sheet.model.ids.tolist() == [8, 5, 3]
    assert sheet.filter.only.isVisible() and sheet.filter.only.text().startswith("in v12")
    sheet.filter.only.click()
    assert len(sheet.model.ids) == 9 and not sheet.filter.only.isVisible()
    sheet.close_overlay()
    view.select(slot_of(snapshots, 20))
    assert "holds no example" in snapshots.details.text() and not snapshots.show_button.isEnabled()
    view.select(slot_of(snapshots, 21))
    assert "holds" not in snapshots.details.text() and "is being read" in snapshots.show_button.toolTip()


def test_a_version_that_was_thinned_out_cannot_be_asked_for(snapshots, bridge, window):
    bridge.state.reachable = frozenset({11, 15, 42})
    window.update_frame(bridge.frame())
    view = snapshots.view
    slot = slot_of(snapshots, 12)
    QTest.mouseDClick(view, LEFT, pos=at(view, slot))
    assert bridge.calls == [] and view.selected == slot
    for button in (snapshots.pin_button, snapshots.back_button):
        assert not button.isEnabled()
        assert button.toolTip() == "v12 has been thinned out: the nearest that is kept is v11"
    view.asked.emit(slot, view.mapToGlobal(at(view, slot)))
    assert [action.isEnabled() for action in snapshots.menu.actions()] == [False, False, False, True]
    snapshots.menu.close()
    view.select(slot_of(snapshots, 15))
    assert snapshots.pin_button.isEnabled() and snapshots.back_button.isEnabled()

    view.select(None)
    image = view.grab().toImage()
    full, hollow = (
        sum(
            QColor(image.pixel(round(view.x_of(slot)) + dx, round(view.middle) + dy))
            == QColor(window.appearance.theme.border_strong)
            for dx in range(-5, 5)
            for dy in range(-5, 5)
        )
        for slot in (slot_of(snapshots, 15), slot)
    )
    assert full > 20 and hollow < 5


# -- life ------------------------------------------------------------------------------------------------------


def test_a_publish_is_taken_over_and_without_one_nothing_is_painted(snapshots, bridge, window, monkeypatch):
    shown = []
    monkeypatch.setattr(snapshots.view, "show_versions", lambda *a, **k: shown.append(a))
    window.update_frame(bridge.frame())
    assert shown == []
    bridge.publish(record(42, "learned", 43))
    bridge.state.serving = bridge.state.head = 43
    window.update_frame(bridge.frame())
    assert shown == [(slot_of(snapshots, 43), slot_of(snapshots, 43))]


def test_without_a_history_the_serving_version_stands_there(window, bridge):
    bridge.remember([])
    bridge.state.serving = bridge.state.head = 0
    window.update_frame(bridge.frame())
    snapshots = window.layout_.panels["snapshots"]
    assert len(snapshots.timeline) == 1
    assert snapshots.details.text() == "v0 (serving) · base model"
    assert snapshots._right.text() == "0 published · 0 rejected · 0 rolled back"
    snapshots.view.grab()


def test_a_history_grows_or_is_another_one():
    timeline, (records, version) = Timeline(), long_history(100)
    history = History(records[:50])
    assert timeline.sync(history, 0) and len(timeline) == 50
    assert not timeline.sync(history, 0)
    history.extend(records[50:])
    assert timeline.sync(history, 0) and len(timeline) == 100 and timeline.slot_of(version) == 99
    other = History([record(0, "learned", 213, parent=212), record(1, "learned", 214)])
    assert timeline.sync(other, 214)
    assert [timeline.version_at(slot) for slot in range(len(timeline))] == [212, 213, 214]


def test_ten_thousand_versions_follow_the_newest_scroll_and_zoom(window, bridge):
    records, version = long_history(10_000)
    bridge.remember(records)
    bridge.state.serving = bridge.state.head = version
    window.update_frame(bridge.frame())
    snapshots = window.layout_.panels["snapshots"]
    view, newest = snapshots.view, len(records) - 1
    assert view.following and view.x_of(newest) == pytest.approx(view.width() - 18)
    first, stop = view.visible()
    assert stop - first < 150
    bridge.publish(record(10_000, "learned", version + 1))
    window.update_frame(bridge.frame())
    assert view.x_of(newest + 1) == pytest.approx(view.width() - 18)
    # Back in time by the wheel, and the newest no longer moves what is looked at.
    wheel(view, 300, 5, SHIFT)
    held = view.first
    bridge.publish(record(10_001, "learned", version + 2))
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
    slot = view.slot_at(400)
    wheel(view, 400, 30)
    assert abs(view.slot_at(400) - slot) <= 4


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
        assert 0 < view.x_of(view.selected) < view.width()
    assert not view.following


def test_an_unknown_serving_version_and_unknown_classes_do_no_harm(window, bridge):
    bridge.remember([record(0, "learned", 5, new_examples=((77, 2),)), record(1, "odd kind", 6)])
    bridge.state.serving = bridge.state.head = 999
    window.update_frame(bridge.frame())
    snapshots = window.layout_.panels["snapshots"]
    snapshots.view.grab()
    snapshots.view.select(1)
    assert "2 examples of class 77" in snapshots.details.text()
    assert window.layout_.broken == set()


def test_a_shorter_history_forgets_a_selection_beyond_it(snapshots, bridge, window):
    snapshots.view.select(40)
    bridge.remember(bridge.state.history[:5])
    window.update_frame(bridge.frame())
    assert snapshots.view.selected is None
    assert snapshots.pin_button.text() == "Pin"
