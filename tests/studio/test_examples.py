"""The example browser: table and map select together; what is selected is relabelled, deleted, found."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from dgstudio.engine.adapt.version_index import Containing
from dgstudio.engine.browse.analysis import Analysis, Answers, Judged
from dgstudio.engine.browse.example_query import ClassQuality
from dgstudio.engine.browse.label_noise import Neighbourhood
from dgstudio.reasons.stored import Told
from dgstudio.studio.examples.class_quality import unjudged_words
from dgstudio.studio.examples.pca_map import Components
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
    bridge.examples = shown
    whos = ("held", "retro")
    monkeypatch.setattr(
        bridge.book,
        "every_take",
        lambda: {k: Take(k, 0, k, k + 1, "simulator", whos[k % 2]) for k in range(ROWS // 10)},
    )
    monkeypatch.setattr(bridge.book, "notes", lambda: {7: "a stumble", 31: "the best one"})
    window.actions_.trigger("examples")
    bridge.calls.clear()
    return window.sheets.examples


def text(sheet, row: int) -> list[str]:
    return [sheet.model.index(row, column).data() for column in range(sheet.model.columnCount())]


def known(shown) -> Analysis:
    """Examples 0, 10, 20 … are answered wrongly, with 50 %; 3 and 4 are likely mislabelled, 5 and 6 conflicting."""
    ids = np.array([e.id for e in shown])
    labels = np.array([e.class_id for e in shown])
    some = {name: np.isin(ids, rows) for name, rows in (("voted", (3, 4)), ("conflicting", (5, 6)), ("none", ()))}
    around = Neighbourhood(
        np.where(some["voted"], 1, labels), ~some["none"], some["conflicting"], some["none"], some["none"], len(ids)
    )
    wrong = ids % 10 == 0
    sure = np.where(wrong, 0.5, 0.9 + ids / 1000)
    answers = Answers(ids, np.where(wrong, 1, labels), sure, labels, some["conflicting"], 42, len(ids))
    return Analysis(answers, Judged(ids, labels, around))


def learn(sheet, bridge, qtbot) -> None:
    """Let it be known what is known."""
    bridge.state.analysis = known(bridge.examples)
    qtbot.waitUntil(lambda: sheet.progress.text() == "answers of v42")


def test_it_shows_the_newest_first_with_all_that_is_known(sheet, bridge, qtbot):
    assert sheet.isVisible() and sheet.model.rowCount() == ROWS
    assert text(sheet, 0) == ["", "shake", "6", "6.90 s", "past stretch", "kept only", "", ""]
    assert "60 windows in 6 takes" in sheet.counts.text()
    assert not sheet.foot.delete_button.isEnabled() and "Select some" in sheet.foot.words.text()
    assert sheet.model.picture(0) is bridge.examples[55].raw, "a window without its own shows its neighbour's"
    learn(sheet, bridge, qtbot)
    assert text(sheet, 0)[6:] == ["shake 96 %", ""] and text(sheet, 9)[6:] == ["rest 50 %", ""]
    assert sheet.model.is_wrong(9) and not sheet.model.is_wrong(0)
    assert text(sheet, 28)[7] == "the best one" and "the best one" in sheet.model.about(28)


def test_filters_combine_and_are_cleared_at_once(sheet, bridge, qtbot):
    learn(sheet, bridge, qtbot)
    bar = sheet.filter
    assert not bar.clear_button.isEnabled()
    bar.classes.setCurrentIndex(bar.classes.findText("circle"))
    assert {example.class_id for example in sheet.model.examples} == {0}
    assert "30 of 60 windows in 3 takes" in sheet.counts.text() and bar.classes.stands_out
    bar.learning.setCurrentIndex(1)
    assert sheet.model.rowCount() == 15 and all(example.learn for example in sheet.model.examples)
    assert bar.chips["wrong now"].text() == "wrong now 6" and not bar.chips["identical"].isEnabled()
    bar.chips["wrong now"].click()
    assert sheet.model.ids.tolist() == [40, 20, 0]
    assert bar.takes.findText("take 0") < 0, "takes count from 1 on screen"
    bar.takes.setCurrentIndex(bar.takes.findText("take 3"))
    assert sheet.model.ids.tolist() == [20]
    bar.who.setCurrentIndex(bar.who.findText("past stretch"))
    assert sheet.model.rowCount() == 0
    assert sheet.blank.isVisible() and "No example is all of that" in sheet.blank.text()
    bar.clear_button.click()
    assert sheet.model.rowCount() == ROWS and not bar.chips["wrong now"].isChecked()
    QTest.keyClick(sheet.table, Qt.Key.Key_Slash)
    assert bar.search.hasFocus()
    QTest.keyClicks(bar.search, "stumble1")
    assert sheet.model.rowCount() == 0
    QTest.keyClick(bar.search, Qt.Key.Key_Backspace)
    assert sheet.model.ids.tolist() == [7] and bridge.calls == [], "what is typed relabels and deletes nothing"
    QTest.keyClick(bar.search, Qt.Key.Key_Return)
    assert sheet.table.hasFocus() and sheet.isVisible() and bridge.calls == []


def test_times_are_those_of_this_run_or_the_marked_stretch(sheet, bridge, monkeypatch):
    monkeypatch.setattr(bridge.book, "takes_of_this_run", lambda: frozenset({3, 4, 5}))
    bridge.state.selection = (3.5, 4.05)
    sheet.refresh()
    times = sheet.filter.times
    times.setCurrentIndex(times.findText("this run"))
    assert sheet.model.ids.tolist() == list(range(59, 29, -1))
    times.setCurrentIndex(times.findText("earlier runs"))
    assert sheet.model.ids.tolist() == list(range(29, -1, -1))
    times.setCurrentIndex(times.findText("marked stretch"))
    assert sheet.model.ids.tolist() == list(range(40, 29, -1)), "those that overlap it, of this run"
    times.setCurrentIndex(times.findText("last minute"))
    assert len(sheet.model.ids) == 30
    bridge.state.selection = None
    sheet.refresh()
    times.setCurrentIndex(times.findText("marked stretch"))
    assert len(sheet.model.ids) == 0


def test_a_click_on_a_head_or_the_box_orders(sheet, bridge, qtbot):
    learn(sheet, bridge, qtbot)
    head = sheet.table.horizontalHeader()

    def click(column):
        x = head.sectionPosition(column) + 20
        QTest.mouseClick(head.viewport(), LEFT, pos=QPoint(x, head.height() // 2))
        head.grab()

    click(3)
    assert sheet.order.currentText() == "oldest first" and sheet.model.ids.tolist() == list(range(ROWS))
    click(3)
    assert sheet.model.ids.tolist() == list(range(ROWS))[::-1]
    click(6)
    assert sheet.model.ids[:6].tolist() == [50, 40, 30, 20, 10, 0], "what it is least sure of"
    click(6)
    assert sheet.model.ids[0] == 59
    click(1)
    assert sheet.model.text(0, 1) == "circle" and sheet.model.text(ROWS - 1, 1) == "shake"
    click(5)
    assert sheet.order.currentText() == "by class", "that column gives no order"
    sheet.order.setCurrentIndex(sheet.order.findText("by take"))
    assert sheet.model.ids.tolist() == list(range(ROWS))[::-1] and "take ↑" in head_words(sheet)


def head_words(sheet) -> str:
    column = sheet.table._head.column
    return f"{sheet.model.headerData(column, Qt.Orientation.Horizontal)} {'↓' if sheet.table._head.down else '↑'}"


def test_thumbnails_share_the_selection_with_table_and_map(sheet, bridge):
    sheet.choose({55, 54})
    QTest.keyClick(sheet.table, Qt.Key.Key_V)
    tiles = sheet.tiles
    assert tiles.isVisible() and tiles.hasFocus() and not sheet.table.isVisible()
    first, third = (tiles.visualRect(sheet.model.index(row, 0)).center() for row in (0, 2))
    QTest.mouseClick(tiles.viewport(), LEFT, pos=first)
    assert sheet.table.chosen() == [59]
    QTest.mouseClick(tiles.viewport(), LEFT, Qt.KeyboardModifier.ShiftModifier, third)
    assert sheet.table.chosen() == [59, 58, 57] and sheet.map._selected == {59, 58, 57}
    QTest.mouseClick(tiles.viewport(), LEFT, Qt.KeyboardModifier.ControlModifier, first)
    assert sheet.table.chosen() == [58, 57]
    QTest.keyClick(tiles, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert len(sheet.table.chosen()) >= 2
    QTest.keyClick(tiles, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(sheet.table.chosen()) == ROWS
    sheet.choose({59})
    QTest.keyClick(tiles, Qt.Key.Key_1)
    assert bridge.calls == [("labels.relabel", [59], 0)]
    tiles.grab()
    sheet.switch.segments["table"].click()
    assert sheet.table.isVisible() and sheet.table.chosen() == [59]


def test_a_note_is_put_on_all_that_is_selected(sheet, bridge):
    sheet.choose({7, 31})
    assert sheet.foot.note.text() == "" and sheet.foot.note.placeholderText() == "Different notes"
    sheet.choose({7})
    assert sheet.foot.note.text() == "a stumble"
    QTest.keyClick(sheet.table, Qt.Key.Key_N)
    assert sheet.foot.note.hasFocus()
    QTest.keyClicks(sheet.foot.note, "2nd try")
    bridge.state.label_changes += 1
    sheet.refresh()
    assert sheet.foot.note.text() == "2nd try", "a refresh does not take away what is being written"
    QTest.keyClick(sheet.foot.note, Qt.Key.Key_Return)
    assert bridge.calls == [("labels.note_examples", [7], "2nd try")] and sheet.table.hasFocus()
    QTest.keyClick(sheet.table, Qt.Key.Key_N)
    QTest.keyClicks(sheet.foot.note, "no")
    QTest.keyClick(sheet.foot.note, Qt.Key.Key_Escape)
    assert sheet.isVisible() and sheet.table.hasFocus() and sheet.foot.note.text() == "a stumble"
    assert len(bridge.calls) == 1


def test_the_details_say_which_versions_contain_it(sheet, bridge, qtbot, monkeypatch):
    monkeypatch.setattr(bridge.contents, "containing", lambda ids: Containing(((12, 31), (34, 34)), ((1, len(ids)),)))
    learn(sheet, bridge, qtbot)
    sheet.choose({40})
    assert sheet.foot.words.text() == (
        "1 selected · Example 40 of take 5 · answered rest 50 % · in v12–v31, v34, sealed in bank 2"
    )
    monkeypatch.setattr(bridge.contents, "containing", lambda ids: Containing())
    sheet.choose({41})
    assert "kept only: in no version" in sheet.foot.words.text()
    sheet.choose({40})
    assert "in no version" in sheet.foot.words.text() and "kept only" not in sheet.foot.words.text()
    monkeypatch.setattr(bridge.contents, "containing", lambda ids: Containing(((12, 31), (34, 34)), ((1, len(ids)),)))
    sheet.choose({40, 41})
    assert "2 selected · in v12–v31, v34, sealed in bank 2" in sheet.foot.words.text()


def test_each_figure_of_a_class_shows_those_it_counts(sheet, bridge, qtbot):
    view = sheet.quality
    assert view.figures[0, "likely mislabelled"].text() == "…" and "Comparing" in view.sentence.text()
    learn(sheet, bridge, qtbot)
    assert view.figures[0, "windows"].text() == "30" and view.figures[0, "learned"].text() == "15"
    suspect = view.figures[0, "likely mislabelled"]
    assert suspect.text() == "2" and not view.figures[3, "likely mislabelled"].isEnabled()
    suspect.click()
    assert sheet.model.ids.tolist() == [4, 3] and sheet.filter.chips["likely mislabelled"].isChecked()
    view.figures[0, "conflicting"].click()
    assert sheet.model.ids.tolist() == [6, 5]
    view.figures[3, "windows"].click()
    assert {e.class_id for e in sheet.model.examples} == {3} and len(sheet.model.ids) == 30
    assert view.sentence.text() == "No class is short of examples."


def test_it_is_said_of_which_classes_no_wrong_label_can_be_told(sheet, qtbot):
    none = dict.fromkeys(("likely mislabelled", "conflicting", "identical", "near-identical"), 0)
    view = sheet.quality
    alone, empty, judged = (
        ClassQuality(class_id, count, count, takes, enough, none)
        for class_id, count, takes, enough in ((0, 30, 1, 0), (1, 0, 0, 0), (3, 30, 2, 30))
    )
    view.show_quality([alone, empty, judged], looking=False)
    assert view.figures[0, "likely mislabelled"].text() == "–" and view.figures[1, "likely mislabelled"].text() == "0"
    assert view.sentence.text() == (
        "No class is short of examples. Whether circle is mislabelled cannot be told: "
        "it needs another take to be compared with."
    )
    view.show_quality([alone, empty, judged], looking=True)
    assert "cannot be told" not in view.sentence.text()
    assert "a and b are" in unjudged_words(["a", "b"]) and "each needs" in unjudged_words(["a", "b", "c"])


def test_a_class_that_is_short_of_examples_is_said(sheet, bridge, monkeypatch, qtbot):
    few = [e for e in examples() if e.class_id == 0 or e.id < 15]
    bridge.examples = few
    sheet.refresh()
    assert sheet.quality.sentence.text() == (
        "shake (3) has less than a third of the learned windows of circle (15): record more."
    )


def test_it_is_watched_while_it_is_open(window, bridge):
    window.actions_.trigger("examples")
    assert bridge.calls == [("browse.watch", True)]
    QTest.keyClick(window.sheets.examples.table, Qt.Key.Key_Escape)
    assert bridge.calls[-1] == ("browse.watch", False) and not window.sheets.examples.isVisible()


def test_a_class_key_relabels_what_is_selected_and_records_nothing(sheet, bridge):
    sheet.table.selectRow(0)
    QTest.keyClick(sheet.table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert "2 selected" in sheet.foot.words.text()
    QTest.keyClick(sheet.table, Qt.Key.Key_1)
    QTest.keyClick(sheet.table, Qt.Key.Key_9)
    assert bridge.calls == [("labels.relabel", [59, 58], 0)]
    QTest.keyClick(sheet.table, Qt.Key.Key_Delete)
    assert bridge.calls[-1] == ("labels.delete_examples", [59, 58])


def test_a_double_click_takes_the_whole_take_and_return_finds_it(sheet, bridge):
    sheet._choose_take(3)
    assert sheet.table.chosen() == list(range(59, 49, -1))
    QTest.keyClick(sheet.table, Qt.Key.Key_Return)
    assert bridge.calls[0] == ("show_span", pytest.approx(5.0), pytest.approx(6.9))
    assert not sheet.isVisible()


def test_dragging_on_the_map_selects_in_the_table(sheet, bridge):
    points = sheet.map.points()
    mine = points[[example.class_id == 0 for example in bridge.examples]]
    low, high = mine.min(0) - 3, mine.max(0) + 3
    QTest.mousePress(sheet.map, LEFT, pos=QPoint(*map(int, low)))
    QTest.mouseMove(sheet.map, QPoint(*map(int, high)))
    QTest.mouseRelease(sheet.map, LEFT, pos=QPoint(*map(int, high)))
    chosen = set(sheet.table.chosen())
    assert chosen == {example.id for example in bridge.examples if example.class_id == 0}
    x, y = points[7]
    QTest.mouseClick(sheet.map, LEFT, pos=QPoint(round(x), round(y)))
    assert len(sheet.table.chosen()) == 1
    one = sheet.table.chosen()[0]
    QTest.mouseClick(sheet.map, LEFT, Qt.KeyboardModifier.ControlModifier, QPoint(round(x), round(y)))
    assert sheet.table.chosen() == [], "Ctrl turns round"
    QTest.mouseClick(sheet.map, LEFT, pos=QPoint(round(x), round(y)))
    there = next(i for i, at in enumerate(points) if np.hypot(*(at - points[one])) > 40)
    QTest.mouseClick(sheet.map, LEFT, Qt.KeyboardModifier.ShiftModifier, QPoint(*map(round, points[there].tolist())))
    assert one in sheet.table.chosen() and len(sheet.table.chosen()) == 2, "Shift adds"
    sheet.map.grab()


def test_filters_leave_the_map_where_it_is_and_only_what_is_shown_is_chosen(sheet, bridge):
    before = sheet.map.points().copy()
    sheet.filter.classes.setCurrentIndex(sheet.filter.classes.findText("circle"))
    assert np.array_equal(sheet.map.points(), before)
    place = next(i for i, e in enumerate(bridge.examples) if e.class_id == 3)
    far = np.hypot(*(before - before[place]).T)
    assert far[[e.class_id == 0 for e in bridge.examples]].min() > 12
    QTest.mouseClick(sheet.map, LEFT, pos=QPoint(*map(round, before[place].tolist())))
    assert sheet.table.chosen() == []
    sheet.map.grab()


def test_a_selection_survives_a_refresh_and_what_is_gone_drops_out(sheet, bridge, monkeypatch, qtbot):
    sheet.choose({4, 5, 6})
    bridge.examples = [e for e in examples() if e.id != 5]
    bridge.state.label_changes += 1
    qtbot.waitUntil(lambda: sheet.model.rowCount() == ROWS - 1)
    assert sorted(sheet.table.chosen()) == [4, 6]


def test_it_is_empty_in_words(window, bridge):
    window.actions_.trigger("examples")
    assert window.sheets.examples.blank.isVisible() and "Nothing is labelled yet" in window.sheets.examples.blank.text()
    assert window.sheets.examples.quality.sentence.text() == ""
    window.sheets.examples.map.grab()
    QTest.keyClick(window.sheets.examples.table, Qt.Key.Key_Escape)
    assert not window.sheets.examples.isVisible()


def test_fifty_thousand_are_shown_and_scrolled(sheet, bridge, monkeypatch):
    many = examples(50_000)
    bridge.examples = many
    monkeypatch.setattr(bridge.book, "takes_of_this_run", lambda: frozenset(range(5000)))
    sheet.refresh()
    assert sheet.model.rowCount() == 50_000
    sheet.table.scrollToBottom()
    assert text(sheet, 49_999)[2] == "1" and not sheet.table.grab().isNull()
    sheet.show_view("thumbnails")
    sheet.tiles.scrollToBottom()
    assert not sheet.tiles.grab().isNull()
    sheet.tiles.selectAll()
    assert len(sheet.table.chosen()) == 50_000


def test_the_map_does_not_flip_when_its_axes_are_computed_anew():
    rng = np.random.default_rng(5)
    cloud = rng.normal(size=(900, 6)) * [5, 3, 1, 1, 1, 1] @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    features = (cloud * rng.uniform(1, 40, 6)).astype(np.float32)
    components = Components()
    components.fit(features[:300], 300)
    before = components(features[:300])
    assert components.fits(400, 6) and not components.fits(900, 6) and not components.fits(400, 5)
    components.fit(features, 900)
    after = components(features[:300])
    assert all(np.corrcoef(before[:, axis], after[:, axis])[0, 1] > 0.9 for axis in (0, 1))
    # Two directions of nearly the same spread change places: the map stays as it lay.
    two = rng.normal(size=(2000, 2)) @ np.array([[1, 0, 1, 0], [0, 1, 0, 1.0]]) + 0.1 * rng.normal(size=(2000, 4))
    first, second = two[:300].astype(np.float32), two.astype(np.float32) * np.float32([1, 3, 1, 3])
    components = Components()
    components.fit(first, 300)
    before = components(first)
    components.fit(second, 2000)
    after = components(first * np.float32([1, 3, 1, 3]))
    assert all(np.corrcoef(before[:, axis], after[:, axis])[0, 1] > 0.9 for axis in (0, 1))
    components = Components()
    components.fit(np.ones((4, 6), np.float32), 4)
    alike = components(np.ones((4, 6), np.float32))
    assert alike.shape == (4, 2) and np.isfinite(alike).all()


def test_the_history_lists_acts_and_goes_to_any(window, bridge, monkeypatch):
    acts = [Act(0, "class added", Told("Class wave added")), Act(1, "take", Told("42 examples, 2.1 s"), take_id=0)]
    acts.append(Act(2, "relabelled", Told("3 examples relabelled as rest")))
    monkeypatch.setattr(bridge.book, "history", lambda: (acts, 2))
    monkeypatch.setattr(bridge.book, "every_take", lambda: {0: Take(0, 1, 0.0, 2.1, "simulator")})
    QTest.keyClick(window, Qt.Key.Key_H)
    sheet = window.sheets.history
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
    assert bridge.calls == [("labels.undo",), ("labels.undo",)]
    sheet.list.setCurrentRow(0)
    sheet.go()
    assert bridge.calls[2:] == [("labels.redo",)] * 3
    QTest.keyClick(sheet.list, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_a_history_without_acts_says_so(window, bridge):
    window.actions_.trigger("history")
    assert "Nothing has been labelled" in window.sheets.history.words.text() and window.sheets.history.list.count() == 1


class Painted(QObject):
    """Notes which widgets are painted."""

    def __init__(self, app) -> None:
        super().__init__()
        self.widgets: list[QWidget] = []
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and isinstance(watched, QWidget):
            self.widgets.append(watched)
        return False


def test_nothing_behind_the_browser_is_drawn_with_it(qapp, window, sheet, qtbot):
    window.resize(1600, 1000)
    qtbot.waitUntil(lambda: sheet.geometry().contains(window.layout_.panels["gates"].geometry().center()))
    gates, painted = window.layout_.panels["gates"], Painted(qapp)
    try:
        # Another stylesheet must not take it back.
        window.appearance.toggle()
        qtbot.waitUntil(lambda: sheet in painted.widgets)
        painted.widgets.clear()
        sheet.table.viewport().update()
        qtbot.waitUntil(lambda: sheet.table.viewport() in painted.widgets)
        assert not [w for w in painted.widgets if gates.isAncestorOf(w)], "the table's rows draw what they cover"
        painted.widgets.clear()
        for widget in gates.findChildren(QWidget):
            widget.update()
        window.layout_.status.update()
        qtbot.waitUntil(lambda: window.layout_.status in painted.widgets)
        assert sheet not in painted.widgets and sheet.map not in painted.widgets
    finally:
        qapp.removeEventFilter(painted)


def test_the_map_keeps_places_and_adds_those_of_new_examples(sheet, bridge, monkeypatch):
    before = sheet.map.points().copy()
    more = [*examples(), *(replace(e, id=e.id + 1000) for e in examples(10))]
    bridge.examples = more[1:]
    sheet.refresh()
    after = sheet.map.points()
    assert np.array_equal(after[: ROWS - 1], before[1:])
    assert np.allclose(after[ROWS - 1 :], before[:10], atol=0.01), "the same features lie in the same place"


def test_the_dots_of_later_classes_lie_over_those_of_earlier_ones(sheet):
    red, blue = QColor(255, 0, 0), QColor(0, 0, 255)
    layers = [(np.array([[30.0, 40.0], [80.0, 80.0]]), red), (np.array([[33.0, 40.0]]), blue)]
    image = sheet.map._dots(layers, 2.3, 1.0, QColor(0, 0, 0)).toImage()
    colours = [image.pixelColor(x, 40).name() for x in (27, 28, 30, 31, 35, 36)]
    assert colours == ["#000000", "#ff0000", "#ff0000", "#0000ff", "#0000ff", "#000000"]
    assert image.pixelColor(80, 82) == red and image.pixelColor(82, 82) == QColor(0, 0, 0)
