"""Stills of the window, of panels and of the stage: asked for at a moment, light, and nothing of the window changes."""

from xml.etree import ElementTree

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMenu

from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.docking.panel_menu import fill_panel_menu
from dgstudio.studio.theme.theme import LIGHT
from dgstudio.studio.window.action_tables.layout_actions import PANEL_ACTIONS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def shown(window, bridge, qtbot):
    """Return a dark window that has shown some frames."""
    for second in range(3):
        window.update_frame(bridge.frame(float(second + 1)))
    qtbot.waitUntil(lambda: not window._resized.isActive())
    return window


def write_to(window, path, qtbot):
    """Choose a file in the dialog that is open, and wait until it is written."""
    (dialog,) = window.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(path))
    dialog.close()
    qtbot.waitUntil(lambda: not window.files.writing)
    window.files.poll()
    qtbot.waitUntil(lambda: not window.findChildren(QFileDialog))
    return path


def lightness(image):
    small = image.scaled(60, 60)
    return sum(small.pixelColor(x, y).lightness() for x in range(60) for y in range(60)) / 3600


def test_the_key_takes_the_window_on_a_light_ground_and_changes_nothing_of_it(shown, qtbot, tmp_path):
    before = shown.grab().toImage()
    QTest.keyClick(shown, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    after = shown.grab().toImage()
    assert lightness(before) < 60
    (dialog,) = shown.findChildren(QFileDialog)
    assert "339 × 190 mm at 300 dpi" in dialog.nameFilters()[0], "how large it will be is told before"
    image = QImage(str(write_to(shown, tmp_path / "window.png", qtbot)))
    assert (image.width(), image.height()) == (4000, 2250) and lightness(image) > 200
    assert shown.layout_.theme.dark and not shown.styleSheet() and not shown.layout_.desk.styleSheet()
    # What scrolls may have been scaled anew meanwhile; all else is as it was, to the pixel.
    box = shown.layout_.arrangement.docks["stream"]
    place = box.mapTo(shown, box.rect().topLeft())
    for picture in (before, after):
        for y in range(place.y(), place.y() + box.height()):
            for x in range(place.x(), place.x() + box.width()):
                picture.setPixel(x, y, 0)
    assert before == after
    assert "window.png is written. In print it is 339 × 190 mm at 300 dpi." in shown.notifier.toast.said


@pytest.mark.parametrize("name", [name for name in PANEL_ACTIONS if name != "gating"])
def test_every_panel_has_its_picture_in_its_menu(shown, bridge, qtbot, tmp_path, name):
    arrangement = shown.layout_.arrangement
    arrangement.set_open(name, True)
    arrangement.docks[name].raise_()
    qtbot.waitUntil(lambda: arrangement.docks[name].seen)
    shown.update_frame(bridge.frame())
    theme = arrangement.docks[name].panel.theme
    menu = QMenu(shown)
    fill_panel_menu(menu, arrangement, name, shown.pictures.fill_panel_menu)
    next(action for action in menu.actions() if action.text() == "Save a picture of this panel…").trigger()
    root = ElementTree.parse(write_to(shown, tmp_path / "panel.svg", qtbot)).getroot()
    dock = arrangement.docks[name]
    assert root.get("viewBox") == f"0 0 {dock.width()} {dock.height()}" and root.findtext(f"{SVG}title") == dock.title
    texts = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
    shows = {"quality": "GATES", "compared": "GATES", "source": "PERFORMING", "classes": "CLASSES · HOLD A KEY"}
    assert shows.get(name, dock.title.upper()) in texts
    assert "⋮" not in texts and "✕" not in texts, "what is pointed at is none of the picture"
    fills = {rect.get("fill") for rect in root.iter(f"{SVG}g")}
    assert LIGHT.surface in fills and theme.surface not in fills
    images = [image for image in root.iter(f"{SVG}image") if name in ("gates", "stream", "stability", "answer")]
    raster = shown.layout_.gates_panel.raster
    wide = [str(raster.width())] if name == "gates" else []
    assert [image.get("width") for image in images] == wide, "only the raster is made of pixels, and of one image"
    assert dock.panel.theme is theme


def test_the_panel_at_hand_is_taken_from_the_palette_and_only_while_one_is(shown, qtbot, tmp_path):
    def found():
        return ActionId.PICTURE_PANEL in [action.id for action in shown.actions_.search("save a picture of this panel")]

    arrangement = shown.layout_.arrangement
    arrangement.at_hand = None
    assert not found()
    arrangement.at_hand = "classes"
    assert found()
    shown.actions_.trigger(ActionId.PICTURE_PANEL)
    image = QImage(str(write_to(shown, tmp_path / "classes.png", qtbot)))
    dock = arrangement.docks["classes"]
    assert image.width() == round(dock.width() * 3.125) and image.height() == round(dock.height() * 3.125)
    arrangement.set_open("classes", False)
    assert not found()


def test_a_light_window_is_taken_as_it_is(shown, qtbot, tmp_path):
    shown.actions_.trigger(ActionId.THEME)
    before = shown.grab().toImage()
    shown.actions_.trigger(ActionId.PICTURE_WINDOW)
    assert shown.grab().toImage() == before
    assert lightness(QImage(str(write_to(shown, tmp_path / "w.png", qtbot)))) > 200


def test_before_an_audience_no_file_is_shown_and_the_stage_is_taken(shown, bridge, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(shown.pictures._places, "_folder", lambda: tmp_path)
    shown.state.presentation = True
    shown.update_frame(bridge.frame())
    stage = shown.layout_.stage
    qtbot.waitUntil(stage.isVisible)
    for _ in range(2):
        QTest.keyClick(shown, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
        assert not shown.findChildren(QFileDialog)
        qtbot.waitUntil(lambda: not shown.files.writing)
        shown.files.poll()
        assert shown.notifier.toast.said == "Written; the log says where."
        shown.notifier.toast.hide()
    first, second = sorted(tmp_path.iterdir(), key=lambda path: len(path.name))
    assert first.name.endswith(" stage.png") and second.name.endswith(" stage 2.png"), "none takes another's place"
    image = QImage(str(first))
    assert image.width() == round(stage.width() * 3.125) and lightness(image) > 200
    assert stage.theme.dark


def test_what_cannot_be_written_is_told(shown, qtbot, tmp_path):
    shown.actions_.trigger(ActionId.PICTURE_WINDOW)
    write_to(shown, tmp_path / "none" / "a.png", qtbot)
    assert "nothing was written" in shown.notifier.toast.said and not [*tmp_path.glob("**/*.png")]
