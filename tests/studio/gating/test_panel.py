"""The Gating panel: what it asks for and when, what it follows, what can be done with a view; and on a real engine."""

import csv
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from dgstudio.engine.engine import Engine
from dgstudio.engine.inspection.gating_figures import NearestByGates
from dgstudio.engine.inspection.inspection_worker import Asked
from dgstudio.engine.inspection.unavailable import NoBase, UnavailableError, VersionGone
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.errors import BadInputError
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.app import make_window
from dgstudio.studio.bridge.inspected import AnswerSubject, UnitSubject
from dgstudio.studio.gating.export import write_sheet
from dgstudio.studio.gating.views import VIEWS, View
from dgstudio.studio.theme.theme import DARK, LIGHT

LEFT = Qt.MouseButton.LeftButton


class Inspection:
    """Stands for dg-inspect: keeps what is asked for, and answers when it is told to."""

    def __init__(self, made):
        self.asked, self.calls = [], []
        self.gating = lambda version, past=None: self._noted("gating", version, past, made.figures(version=version))
        self.nearest_by_gates = lambda version, raw, count: self._noted(
            "nearest", version, raw, (NearestByGates(7, 1, 0.75), NearestByGates(3, 0, 0.5))
        )

    def ask(self, topic, question):
        self.asked.append(Asked(topic, len(self.asked), question))
        return self.asked[-1]

    def answer(self):
        for asked in self.asked:
            if not asked.done:
                asked.answer(self)

    def _noted(self, *call):
        self.calls.append(call[:-1])
        return call[-1]


@pytest.fixture
def inspection(bridge, made):
    """Stand in for dg-inspect, on the bridge."""
    bridge.inspection = Inspection(made)
    return bridge.inspection


@pytest.fixture
def window(make_window, inspection, bridge):
    """Return a window that asks the stand-in."""
    return make_window(bridge)


@pytest.fixture
def panel(window, qtbot):
    """Return the panel, shown by its key, with nothing answered so far."""
    QTest.keyClick(window, Qt.Key.Key_G)
    panel = window.layout_.gating_panel
    qtbot.waitUntil(lambda: panel.canvas is not None)
    return panel


@pytest.fixture
def turn(window, bridge, inspection):
    """Return a function that draws a frame, answers what is asked by it, and draws the next ones."""

    def one(seconds=0.1):
        window.update_frame(bridge.frame(seconds))
        inspection.answer()
        window.update_frame(bridge.frame())

    return one


# -- what it asks for ------------------------------------------------------------------------------------------------


def test_only_a_panel_that_is_seen_asks_and_about_once_a_second(window, bridge, inspection, qtbot):
    panel = window.layout_.gating_panel
    window.update_frame(bridge.frame())
    assert inspection.asked == [] and panel.canvas is None and not panel.isVisible()
    QTest.mouseClick(window.layout_.panels["gates"].tabs.buttons["gating"], LEFT)
    assert panel.isVisible() and not window.layout_.panels["gates"].isVisible()
    qtbot.waitUntil(lambda: panel.canvas is not None)
    for _ in range(10):
        window.update_frame(bridge.frame())
    assert [asked.topic for asked in inspection.asked] == ["gating"] and panel.empty.text() == "Working it out …"
    inspection.answer()
    for _ in range(20):
        window.update_frame(bridge.frame(0.04))
    assert len(inspection.asked) == 1 and panel.sentence.isVisible()
    for _ in range(20):
        window.update_frame(bridge.frame(0.04))
    assert len(inspection.asked) == 2
    QTest.keyClick(window, Qt.Key.Key_G)
    for _ in range(5):
        window.update_frame(bridge.frame(2.0))
    assert len(inspection.asked) == 2 and not panel.isVisible() and window.layout_.panels["gates"].isVisible()


def test_frozen_views_stand_still_and_can_still_be_changed(window, bridge, inspection, panel, turn):
    turn()
    shown = panel.found
    window.update_frame(bridge.frame(5.0))
    QTest.keyClick(window, Qt.Key.Key_F)
    assert panel.frozen and panel.freeze.isChecked() and panel._right.text() == "v42 frozen"
    for _ in range(5):
        turn(2.0)
    assert panel.found is shown, "nor is what was on its way shown"
    panel.choose(View.NEAREST)
    turn()
    assert "example 7 of shake" not in panel.sentence.text() and "example 7 of rest" in panel.sentence.text()
    QTest.mouseClick(panel.freeze, LEFT)
    turn()
    assert not panel.frozen and panel.found is not shown


def test_the_time_cursor_is_followed_with_the_version_and_the_answers_of_then(window, bridge, inspection, panel, turn):
    turn()
    then = bridge.version
    bridge.frame(3.0)
    bridge.version = 43
    turn(3.0)
    assert panel.found.figures.version == 43 and panel._right.text() == "v43 now"
    bridge.state.look_back(bridge.now - 4.0)
    turn()
    turn()
    assert panel.found.figures.version == then
    (_, version, past), look = inspection.calls[-1], bridge.frame().look
    assert version == then and list(past) == list(look.past.readings)
    assert panel._right.text() == "v42 then, −4.0 s · inputs of now"
    count = len(inspection.asked)
    panel.choose(View.COST)
    bridge.state.look_back(bridge.now - 4.5)
    turn()
    assert len(inspection.asked) == count, "the cursor moves within what is shown"
    look = bridge.frame().look
    assert panel.canvas.picture.moment == look.moment - look.edge < -4
    assert "as they are now" in panel._right.toolTip() and "of the stretch in view" in panel._right.toolTip()
    bridge.every_reading.clear()
    bridge.state.look_at(2.0, 8.0)
    turn()
    assert panel.empty.text() == "Nothing had been answered yet at this moment."
    bridge.state.set_paused(False)
    turn(1.5)
    turn(1.5)
    assert panel._right.text() == "v43 now"


# -- what it shows -----------------------------------------------------------------------------------------------


def test_each_view_is_drawn_with_its_sentence_in_either_theme(panel, turn, window):
    turn()
    for theme in (DARK, LIGHT):
        window.layout_.apply_theme(theme)
        for place, view in enumerate(VIEWS):
            panel.views.setCurrentIndex(place)
            turn()
            turn()
            assert (
                panel.view is view
                and panel.canvas.isVisible()
                and panel.sentence.text()
                and not panel.empty.isVisible()
            )
            image = panel.canvas.grab().toImage()
            drawn = {
                image.pixelColor(x, y).name()
                for x in range(2, image.width() - 2, 3)
                for y in range(2, image.height() - 2, 3)
            }
            assert theme.surface in drawn and len(drawn) > 3
            assert not {theme.background, DARK.surface if theme is LIGHT else LIGHT.surface} & drawn


def test_there_is_a_sentence_where_there_is_nothing_to_see(panel, turn, bridge, inspection, made):
    def refuses(reason):
        def gating(version, past=None):
            raise UnavailableError(reason)

        inspection.gating = gating
        turn(9.0)
        return panel.empty.text()

    inspection.gating = lambda version, past=None: made.figures(labelled=0)
    turn()
    assert panel.empty.text().startswith("Nothing is labelled or protected yet") and not panel.export.isEnabled()
    bridge.show(classes=())
    turn()
    assert panel.empty.text().startswith("There is no class yet")
    assert refuses(NoBase(42)).startswith("v42 began from nothing: it has no base")
    assert refuses(VersionGone(42)) == "V42 is not kept any more."
    inspection.gating = lambda version, past=None: made.figures()
    turn(9.0)
    assert panel.sentence.isVisible() and not panel.empty.isVisible()


def test_values_are_read_at_the_pointer_and_a_click_inspects_the_unit(panel, turn, bridge):
    turn()
    canvas = panel.canvas
    QApplication.processEvents()

    place = canvas.view.mapFromScene(canvas.box.mapViewToScene(QPointF(3.0, 1.5)))
    QTest.mouseMove(canvas.view.viewport(), place)
    QApplication.processEvents()
    assert panel.read.text() == "unit 3 on rest, of 4 inputs: 100 %"
    assert bridge.state.inspected == AnswerSubject()
    QTest.mouseClick(canvas.view.viewport(), LEFT, pos=place)
    assert bridge.state.inspected == UnitSubject(3)
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    assert panel.read.text() == "unit 4 on rest, of 4 inputs: 100 %"
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert bridge.state.inspected == UnitSubject(4)


def test_what_is_zoomed_stays_so_when_figures_are_new(panel, turn):
    turn()
    canvas = panel.canvas
    whole = canvas.box.viewRange()
    canvas.box.scaleBy((0.5, 0.5))
    canvas.box.sigRangeChangedManually.emit([True, True])
    zoomed = canvas.box.viewRange()
    turn(2.0)
    assert canvas.box.viewRange() == zoomed != whole and panel.whole.isEnabled()
    QTest.mouseClick(panel.whole, LEFT)
    assert canvas.box.viewRange() == whole and not panel.whole.isEnabled()
    canvas.box.scaleBy((0.5, 0.5))
    panel.choose(View.LOAD)
    assert canvas.box.viewRange()[0] == [0.0, 8.0], "another view is shown whole"


# -- taking it along -----------------------------------------------------------------------------------------------


def test_a_view_is_written_as_picture_and_as_table(panel, turn, bridge, tmp_path):
    bridge.show_card(1, info=SimpleNamespace(id=1, name="=2+2", key="2", colour="#56b4e9"))
    turn()
    for ending in ("png", "svg", "csv"):
        write_sheet(tmp_path / f"view.{ending}", panel.sheet(), overwrite=True)
    assert len(list(tmp_path.iterdir())) == 3, "nothing half-written is left"
    image = QImage(str(tmp_path / "view.png"))
    assert image.width() > panel.canvas.width() * 3 and image.pixelColor(3, 3).name() == LIGHT.surface
    assert panel.canvas.theme.dark, "only the file is on a light ground"
    drawing = ElementTree.parse(tmp_path / "view.svg")
    assert "Each class wakes its own set" in drawing.getroot().findtext("{http://www.w3.org/2000/svg}desc")
    assert any(text.text == "=2+2" for text in drawing.iter("{http://www.w3.org/2000/svg}text"))
    with (tmp_path / "view.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:3] == ["class", "unit 0", "unit 1"] and [row[0] for row in rows[1:]] == ["circle", "'=2+2"]
    assert [float(cell) for cell in rows[2][1:]] == [1, 0, 0, 1, 1, 0, 0, 0]
    with pytest.raises(BadInputError, match=r"neither in \.png nor"):
        write_sheet(tmp_path / "view.pdf", panel.sheet(), overwrite=True)


def test_a_view_is_exported_by_its_button_and_from_the_palette(panel, turn, window, tmp_path, qtbot):
    turn()
    QTest.mouseClick(panel.export, LEFT)
    (dialog,) = window.findChildren(QFileDialog)

    def choose(path):
        dialog.fileSelected.emit(str(path))
        qtbot.waitUntil(lambda: not window.files.writing)
        window.files.poll()

    choose(tmp_path / "one.csv")
    assert (tmp_path / "one.csv").is_file() and "one.csv is written" in window.notifier.toast.text.text()
    choose(tmp_path / "none" / "one.csv")
    assert not (tmp_path / "none").exists() and "nothing was written" in window.notifier.toast.text.text()
    dialog.close()
    qtbot.waitUntil(window.isActiveWindow)
    found = [action.id for action in window.actions_.search("export the view")]
    assert found[0] == ActionId.EXPORT_GATING
    QTest.keyClick(window, Qt.Key.Key_G)
    assert ActionId.EXPORT_GATING not in [action.id for action in window.actions_.search("export the view")]


# -- a real engine -------------------------------------------------------------------------------------------------


def test_on_a_running_engine_every_view_has_something_to_show(qtbot, settings):
    source = open_source("simulator")
    base, _ = base_for(source.spec)
    engine = Engine(source, base, Session.memory())
    window = make_window(engine, "gating", settings=settings)
    qtbot.addWidget(window)
    window.resize(1280, 720)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    qtbot.waitUntil(lambda: engine.lane.readings.total > 40)
    panel = window.layout_.gating_panel
    QTest.keyPress(window, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: window.labelling.held_s > 0.7)
    QTest.keyRelease(window, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: len(engine.book.as_arrays()) > 0)
    QTest.keyClick(window, Qt.Key.Key_G)
    for view in VIEWS:
        panel.choose(view)
        qtbot.waitUntil(lambda: panel.seen is not None and panel.sentence.isVisible())
    figures = panel.found.figures
    assert figures.units == 128 and figures.inputs[1] > 0 and panel.nearest[0].overlap > 0
    panel.choose(View.SHARES)
    assert panel.canvas.picture.values.shape == (len(figures.shares.classes), 128)
    window.close()
    assert engine.stop() == []
