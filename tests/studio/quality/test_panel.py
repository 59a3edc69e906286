"""The Quality panel: what it asks for, what it shows of a report, by hand and by keys, and in the real window."""

import math

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from dgstudio.engine.engine import Engine
from dgstudio.engine.evaluation.quality_report import QualityData, Scored, report_of
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.runtime.metrics import UNSURE
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source
from dgstudio.studio.app import make_window
from dgstudio.studio.quality.confusion_matrix import counted, share_words
from dgstudio.studio.quality.take_list import wrong_rows
from dgstudio.studio.theme.theme import DARK, LIGHT, TEXT_CONTRAST, contrast
from dgstudio.types import Take

LEFT = Qt.MouseButton.LeftButton
NAMES = {0: "circle", 1: "rest", 2: "walk", 3: "shake", 4: "run"}


def take(number, label, answers, *, here=True, sure=0.8):
    answered = np.array(answers, np.int64)
    return Scored(
        np.full(len(answers), label, np.int64),
        answered,
        np.where(answered == UNSURE, 0.0, sure),
        10 * number + np.arange(len(answers)),
        Take(number, label, 5.0 * number, 5.0 * number + 2, "simulator", created_unix=1.7e9),
        (5.0 * number, 5.0 * number + 2) if here else None,
    )


def report(kind=QualityData.LABELLED, parts=None, **options):
    if parts is None:
        parts = [take(0, 0, [0, 0, 1, 1]), take(1, 1, [1, 1]), take(2, 0, [0, UNSURE], here=False)]
    options.setdefault("delay_s", 0.4)
    return report_of(kind, parts, options.pop("names", NAMES), **options)


@pytest.fixture
def panel(window, bridge):
    window.layout_.show_middle("quality")
    QApplication.processEvents()
    return window.layout_.panels["quality"]


def give(bridge, made):
    bridge.state.quality = made
    QApplication.processEvents()


# -- what it asks for --------------------------------------------------------------------------------------------


def test_only_a_panel_that_is_seen_asks_for_reports(window, bridge):
    def asked():
        return [call[1] for call in bridge.calls if call[0] == "quality.watch"]

    window.update_frame(bridge.frame())
    assert asked() == []
    QTest.keyClick(window, Qt.Key.Key_Q)
    assert (
        asked() == [QualityData.LABELLED]
        and not window.layout_.panels["gates"].isVisible()
        and not window.layout_.panels["stability"].isVisible()
    )
    QTest.mouseClick(window.layout_.panels["quality"].kinds.segments[QualityData.TRUTH], LEFT)
    assert asked() == [QualityData.LABELLED, QualityData.TRUTH]
    QTest.keyClick(window, Qt.Key.Key_Q)
    assert asked() == [QualityData.LABELLED, QualityData.TRUTH, None] and window.layout_.panels["gates"].isVisible()
    QTest.mouseClick(window.layout_.panels["gates"].tabs.buttons["quality"], LEFT)
    assert asked()[-1] == QualityData.TRUTH and window.layout_.panels["quality"].isVisible()


def test_the_focus_goes_with_the_tab(window):
    tab = window.layout_.panels["gates"].tabs.buttons["quality"]
    tab.setFocus()
    QTest.keyClick(tab, Qt.Key.Key_Space)
    assert QApplication.focusWidget() is window.layout_.panels["quality"].tabs.buttons["quality"]
    QTest.keyClick(window.layout_.panels["quality"].tabs.buttons["gates"], Qt.Key.Key_Space)
    assert QApplication.focusWidget() is window.layout_.panels["gates"].tabs.buttons["gates"]
    assert [window.layout_.panels["gates"].tabs.buttons[name].isChecked() for name in ("gates", "quality")] == [
        True,
        False,
    ]


def test_the_switch_sets_takes_aside_and_follows_the_state(panel, bridge):
    panel.aside.click()
    assert ("labels.set_aside", True) in bridge.calls and panel.aside.isChecked()
    bridge.state.set_aside = False
    assert not panel.aside.isChecked()
    assert bridge.calls.count(("labels.set_aside", False)) == 0, "what the state says is not asked for again"


# -- what it shows -----------------------------------------------------------------------------------------------


def test_the_first_success_is_told_in_a_sentence_not_as_nothing_right(panel, bridge):
    give(bridge, report(parts=[], taught=(0,)))
    said = panel.empty.text()
    assert panel.empty.isVisible() and not panel.shown.isVisible()
    assert said.startswith("“circle” was taught. The first take of a class is not scored: before it, no answer could")
    give(bridge, report(parts=[], taught=(0, 3)))
    assert panel.empty.text().startswith("“circle” and “shake” were taught.")
    give(bridge, report(parts=[take(1, 0, [0, 0])], taught=(0,)))
    first = panel.figures.figures[0]
    assert (first.value, first.caption) == ("1.00", "answered right · 1 take · 1 taught a class")
    assert "no answer could have been right" in first.tooltip


def test_a_report_is_shown_in_figures_and_marks(panel, bridge):
    made = report()
    give(bridge, made)
    assert panel.shown.isVisible() and not panel.empty.isVisible()
    # (0.5 + 1 + 0.5) / 3 takes
    assert [figure.value for figure in panel.figures.figures][:2] == ["0.67", "0.67"]
    assert panel.figures.figures[0].caption == "answered right · 3 takes"
    assert panel.figures.figures[-1].value == "0.4 s"
    assert panel._right.text() == "3 takes · 8 answers"
    assert panel.chart.legend()[0][0] == "all so far 0.67" and panel.chart.axis() == "3 takes, oldest left"
    assert panel.diagram.title().startswith(f"calibration: ECE {made.diagram.ece:.2f}")
    assert panel.cell_words.text().startswith("Answered wrong, newest first")
    assert [panel.takes.item(row).text() for row in range(panel.takes.count())] == wrong_rows(made)
    assert wrong_rows(made)[1] == "0.0–2.0 s · 2 of 4 right · circle"


def test_a_report_on_other_data_is_not_mistaken_for_the_one_that_was_asked_for(panel, bridge):
    give(bridge, report())
    panel.choose(QualityData.PROTECTED)
    assert panel.empty.isVisible() and panel.empty.text() == "Working it out …"
    give(bridge, report())
    assert panel.empty.isVisible()
    parts = [Scored(np.array([0]), np.array([0]), np.array([0.9]), np.array([-1]))]
    give(bridge, report(QualityData.PROTECTED, parts, version=7, measured=[(5, 1.0)], delay_s=None))
    assert panel.shown.isVisible() and panel._right.text() == "1 input"
    assert [figure.value for figure in panel.figures.figures][1] == "v7"
    assert panel.chart.axis() == "v5 … v7, as measured"


@pytest.mark.parametrize("kind", QualityData)
def test_what_is_empty_says_what_to_do(panel, bridge, kind):
    panel.choose(kind)
    give(bridge, report(kind, [], version=None))
    assert panel.empty.isVisible() and len(panel.empty.text()) > 20
    assert panel.empty.width() <= panel.width() and panel.empty.text() != "Working it out …"


def test_takes_without_answers_are_told_of(panel, bridge):
    give(bridge, report(QualityData.LABELLED, [], unscored=4))
    assert panel.empty.text().startswith("4 takes")
    give(bridge, report(unscored=4, again=3))
    assert "4 takes are left out" in panel._right.toolTip() and "3 windows" in panel._right.toolTip()


def test_one_take_and_many_classes_with_long_names_fit(panel, bridge, window):
    give(bridge, report(parts=[take(0, 0, [0])]))
    assert math.isnan(panel.report.kappa) or panel.report.kappa <= 1
    names = {i: f"a class with a name that is rather long {i} 🏸" for i in range(24)}
    parts = [take(i, i, [i, (i + 1) % 24, UNSURE]) for i in range(24)]
    give(bridge, report(parts=parts, names=names))
    matrix = panel.matrix
    for row, column in ((0, 0), (23, 0), (0, 24), (23, 24)):
        box = matrix.rect_of(row, column)
        assert box.left() >= 0 and box.right() <= matrix.width() and box.bottom() <= matrix.height()
        assert box.width() > 3 and box.height() > 3
        assert matrix.cell_at(box.center()) == (row, column)
    assert window.minimumSizeHint().width() <= 1280


def test_numbers_are_printed_short():
    assert [counted(value) for value in (0, 3.0, 2.5, 0.4, 0.02, 120)] == ["", "3", "2.5", ".4", "<.1", "120"]
    assert [share_words(value) for value in (float("nan"), -0.001, 1.0)] == ["–", "0.00", "1.00"]


# -- a cell ------------------------------------------------------------------------------------------------------


def test_a_click_looks_into_a_cell_and_its_examples_can_be_browsed(panel, bridge, window):
    give(bridge, report())
    chosen = []
    panel.examples_chosen.connect(chosen.append)
    assert not panel.browse.isVisible()
    QTest.mouseClick(panel.matrix, LEFT, pos=panel.matrix.rect_of(0, 1).center().toPoint())
    assert panel.takes.count() == 1 and chosen == []
    QTest.mouseClick(panel.browse, LEFT)
    assert chosen == [[2, 3]] and window.sheets.examples.isVisible()
    window.sheets.examples.close_overlay()
    assert panel.takes.item(0).text() == "0.0–2.0 s · 2 of 4 windows · examples 2–3"
    assert panel.matrix.words(0, 1) == ".5 of 2 takes, 25 %: circle answered as rest"
    # A newer report keeps the cell open.
    give(bridge, report(parts=[*panel.report.parts, take(3, 0, [1, 1])]))
    assert panel.takes.count() == 2 and panel.takes.item(0).text().startswith("15.0–17.0 s")
    QTest.mouseClick(panel.matrix, LEFT, pos=panel.matrix.rect_of(0, 1).center().toPoint())
    assert panel.matrix.cell is None and not panel.browse.isVisible()


def test_cells_are_reached_by_arrows_and_have_names(panel, bridge):
    give(bridge, report())
    chosen = []
    panel.examples_chosen.connect(chosen.append)
    matrix = panel.matrix
    matrix.setFocus(Qt.FocusReason.TabFocusReason)
    assert matrix.accessibleDescription() == "1 of 2 takes, 50 %: circle answered right"
    for _ in range(7):
        QTest.keyClick(matrix, Qt.Key.Key_Right)
    assert matrix.accessibleDescription() == panel.cell_words.text()
    assert matrix.accessibleDescription() == ".5 of 2 takes, 25 %: circle where it was unsure"
    QTest.keyClick(matrix, Qt.Key.Key_Return)
    QTest.keyClick(panel.browse, Qt.Key.Key_Space)
    assert chosen == [[21]]
    # Of a take of an earlier run, the date; its times are of another clock.
    assert panel.takes.item(0).text().startswith("2023-11-1")
    QTest.keyClick(matrix, Qt.Key.Key_Down)
    QTest.keyClick(matrix, Qt.Key.Key_Down)
    assert matrix.accessibleDescription() == "walk: no takes yet"
    QTest.keyClick(matrix, Qt.Key.Key_Escape)
    assert matrix.cell is None


def test_class_keys_record_whatever_has_the_focus(panel, bridge, window):
    give(bridge, report())
    panel.matrix.look_into((0, 0))
    controls = [
        widget
        for widget in panel.findChildren(QWidget)
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert {panel.matrix, panel.takes, panel.aside} <= set(controls)
    for control in controls:
        bridge.calls.clear()
        control.setFocus()
        QTest.keyClick(control, Qt.Key.Key_2)
        assert [call for call in bridge.calls if call[0] in ("labels.press_class", "labels.release_class")] == [
            ("labels.press_class", 1),
            ("labels.release_class",),
        ]
        assert control.accessibleName() or control.text()


def test_text_on_every_cell_can_be_read(panel, bridge):
    parts = [take(i, 0, [0] * i + [1] * (10 - i)) for i in range(11)] + [take(20, 1, [1])]
    for theme in (DARK, LIGHT):
        panel.apply_theme(theme)
        for part in parts:
            give(bridge, report(parts=[part]))
            for column in range(6):
                fill = panel.matrix.fill_of(0, column)
                ink = theme.readable(theme.text, on=fill)
                assert contrast(theme.colour(ink), theme.colour(fill)) >= TEXT_CONTRAST


def test_a_frame_paints_nothing_anew(panel, bridge, window):
    give(bridge, report())
    window.update_frame(bridge.frame())
    QApplication.processEvents()
    painted = []
    for part in (panel.matrix, panel.chart, panel.diagram):
        part.paintEvent = lambda event, part=part: painted.append(part)
    for _ in range(5):
        window.update_frame(bridge.frame())
        QApplication.processEvents()
    assert painted == []


# -- the real window ---------------------------------------------------------------------------------------------


@pytest.fixture
def live(qtbot, settings):
    """A window on BasicMotions at ten times its speed."""
    source = open_source("basic_motions", speed=10, labels_column="label")
    base, _ = base_for(source.spec)
    window = make_window(Engine(source, base, Session.memory()), "quality", settings=settings)
    qtbot.addWidget(window)
    window.resize(1280, 720)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield window
    window.close()


def test_takes_of_a_live_stream_are_scored_and_shown(live, qtbot):
    engine, panel = live.commands.engine, live.layout_.panels["quality"]
    QTest.keyClick(live, Qt.Key.Key_Q)
    qtbot.waitUntil(lambda: live.state.quality is not None)
    assert panel.empty.text().startswith("No take yet")
    panel.aside.click()
    first = engine.classes.living()[0]
    for count in range(5):
        qtbot.waitUntil(lambda: not engine.labels.held)
        QTest.keyPress(live, Qt.Key.Key_1)
        # Nine seconds of the stream: whatever breaks lie in them, some windows are whole.
        qtbot.waitUntil(lambda: live.labelling.held_s > 0.9)
        QTest.keyRelease(live, Qt.Key.Key_1)
        qtbot.waitUntil(lambda count=count: engine.book.count_takes(first.id) == count + 1)
    qtbot.waitUntil(lambda: panel.report is not None and len(panel.report.parts) == 5)
    assert panel.shown.isVisible() and panel.report.names[0] == first.name
    assert panel.report.matrix.sum() == pytest.approx(5.0)
    assert 0 < panel.report.delay_s < 30, "stream seconds, ten to one of the wall"
    column = int(np.argmax(panel.report.matrix[0]))
    panel.matrix.look_into((0, column))
    panel.browse.click()
    ids = {example_id for part in panel.report.cell(0, column) for example_id in part.ids}
    assert ids and set(live.sheets.examples.table.chosen()) == ids
    live.sheets.examples.close_overlay()
    panel.choose(QualityData.HELD_OUT)
    qtbot.waitUntil(lambda: panel.report.kind == QualityData.HELD_OUT)
    assert len(panel.report.parts) == 1 and panel.report.version is not None
    panel.choose(QualityData.TRUTH)
    qtbot.waitUntil(lambda: panel.report.kind == QualityData.TRUTH and panel.report.windows > 20)
    panel.choose(QualityData.PROTECTED)
    qtbot.waitUntil(lambda: panel.report.kind == QualityData.PROTECTED and panel.shown.isVisible())
    assert panel.report.windows == engine.learner.protected_count
    assert not live.layout_.broken and not engine.quality.failed
