"""The example browser: table and map select together; what is selected is relabelled, deleted, found."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from dgstudio.studio.widgets.examplemap import Components
from dgstudio.types import Act, Example, Take

ROWS = 60
LEFT = Qt.MouseButton.LeftButton


def examples(count: int = ROWS) -> list[Example]:
    """In takes of ten; those of class 0 (circle) and 3 (shake) lie apart; every fifth has its window."""
    rng = np.random.default_rng(3)
    made = []
    for i in range(count):
        class_id = 0 if i // 10 % 2 == 0 else 3
        features = rng.normal(5.0 * class_id, 1.0, 8).astype(np.float32)
        raw = rng.normal(size=(40, 3)).astype(np.float32) if i % 5 == 0 else None
        made.append(Example(i, class_id, i // 10, features, 0.1 * i, 0.1 * i + 1.0, i % 2 == 0, raw))
    return made


@pytest.fixture
def sheet(window, bridge, monkeypatch):
    shown = examples()
    monkeypatch.setattr(bridge, "examples", lambda: shown)
    monkeypatch.setattr(
        bridge, "takes_by_id", lambda: {k: Take(k, 0, k, k + 1, "simulator", "held") for k in range(ROWS // 10)}
    )
    window.actions_.trigger("examples")
    return window.examples


def text(sheet, row: int) -> list[str]:
    return [sheet.model.index(row, column).data() for column in range(sheet.model.columnCount())]


def test_it_shows_the_newest_first_with_all_that_is_known(sheet):
    assert sheet.isVisible() and sheet.model.rowCount() == ROWS
    assert text(sheet, 0) == ["", "shake", "5", "6.90 s", "held key", "kept only"]
    assert "60 windows in 6 takes" in sheet.counts.text()
    assert not sheet.delete_button.isEnabled() and "Select rows" in sheet.words.text()
    assert sheet.model.picture(0) is sheet._every[55].raw, "a window without its own shows its neighbour's"


def test_filters_leave_out_what_is_not_asked_for(sheet):
    sheet.classes.setCurrentIndex(sheet.classes.findText("circle"))
    assert {sheet.model.examples[row].class_id for row in range(sheet.model.rowCount())} == {0}
    assert "30 of 60 windows in 3 takes" in sheet.counts.text()
    sheet.only_learned.setCurrentIndex(1)
    assert sheet.model.rowCount() == 15 and all(example.learn for example in sheet.model.examples)


def test_a_class_key_relabels_what_is_selected_and_records_nothing(sheet, bridge):
    sheet.table.selectRow(0)
    QTest.keyClick(sheet.table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert "2 selected" in sheet.words.text()
    QTest.keyClick(sheet.table, Qt.Key.Key_1)
    QTest.keyClick(sheet.table, Qt.Key.Key_9)
    assert bridge.calls == [("relabel", (59, 58), 0)]
    QTest.keyClick(sheet.table, Qt.Key.Key_Delete)
    assert bridge.calls[-1] == ("delete", (59, 58))


def test_a_double_click_takes_the_whole_take_and_return_finds_it(sheet, bridge):
    sheet._choose_take(3)
    assert sheet.table.chosen() == list(range(59, 49, -1))
    QTest.keyClick(sheet.table, Qt.Key.Key_Return)
    assert bridge.calls == [("show", pytest.approx(5.0), pytest.approx(6.9))]
    assert not sheet.isVisible()


def test_dragging_on_the_map_selects_in_the_table(sheet):
    points = sheet.map.points()
    mine = points[[example.class_id == 0 for example in sheet._every]]
    low, high = mine.min(0) - 3, mine.max(0) + 3
    QTest.mousePress(sheet.map, LEFT, pos=QPoint(*map(int, low)))
    QTest.mouseMove(sheet.map, QPoint(*map(int, high)))
    QTest.mouseRelease(sheet.map, LEFT, pos=QPoint(*map(int, high)))
    chosen = set(sheet.table.chosen())
    assert chosen == {example.id for example in sheet._every if example.class_id == 0}
    x, y = points[7]
    QTest.mouseClick(sheet.map, LEFT, pos=QPoint(round(x), round(y)))
    assert len(sheet.table.chosen()) == 1
    sheet.map.grab()


def test_a_selection_survives_a_refresh_and_what_is_gone_drops_out(sheet, bridge, monkeypatch, qtbot):
    sheet.choose({4, 5, 6})
    monkeypatch.setattr(bridge, "examples", lambda: [e for e in examples() if e.id != 5])
    bridge.state.announce("classes")
    qtbot.waitUntil(lambda: sheet.model.rowCount() == ROWS - 1)
    assert sorted(sheet.table.chosen()) == [4, 6]


def test_it_is_empty_in_words(window, bridge):
    window.actions_.trigger("examples")
    assert "Nothing is labelled yet" in window.examples.words.text()
    window.examples.map.grab()
    QTest.keyClick(window.examples.table, Qt.Key.Key_Escape)
    assert not window.examples.isVisible()


def test_fifty_thousand_are_shown_and_scrolled(sheet, bridge, monkeypatch):
    many = examples(50_000)
    monkeypatch.setattr(bridge, "examples", lambda: many)
    sheet.refresh()
    assert sheet.model.rowCount() == 50_000
    sheet.table.scrollToBottom()
    assert text(sheet, 49_999)[2] == "0" and not sheet.table.grab().isNull()


def test_the_map_does_not_flip_when_its_axes_are_computed_anew():
    rng = np.random.default_rng(5)
    cloud = rng.normal(size=(900, 6)) * [5, 3, 1, 1, 1, 1] @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    features = (cloud * rng.uniform(1, 40, 6)).astype(np.float32)
    components = Components()
    before = components(features[:300])
    components(features)
    after = components(features[:300])
    assert all(np.corrcoef(before[:, axis], after[:, axis])[0, 1] > 0.9 for axis in (0, 1))
    alike = Components()(np.ones((4, 6), np.float32))
    assert alike.shape == (4, 2) and np.isfinite(alike).all()


def test_the_history_lists_acts_and_goes_to_any(window, bridge, monkeypatch):
    acts = [Act(0, "class added", "Class wave added"), Act(1, "take", "42 examples, 2.1 s", take_id=0)]
    acts.append(Act(2, "relabelled", "3 examples relabelled as rest"))
    monkeypatch.setattr(bridge, "acts", lambda: (acts, 2))
    monkeypatch.setattr(bridge, "takes_by_id", lambda: {0: Take(0, 1, 0.0, 2.1, "simulator")})
    QTest.keyClick(window, Qt.Key.Key_H)
    sheet = window.history
    lines = [sheet.list.item(row).text().split("   ", 1)[-1] for row in range(sheet.list.count())]
    assert lines == [
        "3 examples relabelled as rest   (undone)",
        "rest: 42 examples, 2.1 s",
        "Class wave added",
        "The beginning",
    ]
    assert sheet.list.currentRow() == 1
    QTest.keyClick(sheet.list, Qt.Key.Key_End)
    QTest.keyClick(sheet.list, Qt.Key.Key_Return)
    assert bridge.calls == [("undo",), ("undo",)]
    sheet.list.setCurrentRow(0)
    sheet.go()
    assert bridge.calls[2:] == [("redo",)] * 3
    QTest.keyClick(sheet.list, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_a_history_without_acts_says_so(window, bridge):
    window.actions_.trigger("history")
    assert "Nothing has been labelled" in window.history.words.text() and window.history.list.count() == 1
