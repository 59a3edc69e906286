"""The last 30 s of the window, of a panel or of the stage: switched on and seen to be on, saved, told, forgotten."""

import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog, QMenu

from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.docking.panel_menu import fill_panel_menu
from dgstudio.studio.pictures import clip_recorder


@pytest.fixture
def shown(window, bridge, qtbot, monkeypatch):
    """Return a window that is drawn whenever `go` is called, and that is grabbed as often as that goes."""
    monkeypatch.setattr(clip_recorder, "LEAST_MS", 10.0)
    monkeypatch.setattr(clip_recorder, "SHARE", 10.0)

    def go():
        window.update_frame(bridge.frame(0.2))

    def until(condition):
        def one():
            go()
            return condition()

        qtbot.waitUntil(one)

    window.go, window.until = go, until
    go()
    return window


def menu_of(window, name):
    menu = QMenu(window)
    fill_panel_menu(menu, window.layout_.arrangement, name, window.pictures.fill_panel_menu)
    return {action.text(): action for action in menu.actions()}


def save_to(window, path):
    """Save what is kept, by the dialog that opens."""
    window.actions_.trigger(ActionId.SAVE_MOVING)
    (dialog,) = window.findChildren(QFileDialog)
    title = dialog.windowTitle()
    dialog.fileSelected.emit(str(path))
    dialog.close()
    written(window)
    window.until(lambda: not window.findChildren(QFileDialog))
    return title


def written(window):
    """Wait until a file is written, and told."""
    window.until(lambda: not window.files.writing)
    window.go()


def test_it_is_off_at_first_and_said_while_it_is_on(shown):
    lamp, action = shown.layout_.status.keeping, shown.actions_.qaction(ActionId.KEEP_MOVING)
    assert not shown.moving.on and not lamp.isVisible() and not action.isChecked()
    assert ActionId.SAVE_MOVING not in [found.id for found in shown.actions_.search("save the last 30 s")]
    action.trigger()
    shown.until(lambda: shown.moving.recorder.seconds > 0)
    assert action.isChecked() and lamp.isVisible() and lamp.said.startswith("◉ keeping ")
    assert "in memory only" in lamp.toolTip() and "frames a second" in lamp.toolTip()
    action.trigger()
    assert not shown.moving.on and not lamp.isVisible() and not action.isChecked()
    assert shown.moving.recorder.taken() is None, "it is forgotten"


def test_the_window_is_saved_as_it_moved(shown, tmp_path):
    shown.actions_.trigger(ActionId.KEEP_MOVING)
    shown.until(lambda: shown.moving.recorder.seconds > 0.5)
    assert "of the window" in save_to(shown, tmp_path / "w.webp")
    with Image.open(tmp_path / "w.webp") as image:
        assert image.size == (1080, 607) and image.n_frames > 2
    assert "w.webp is written. It shows " in shown.notifier.toast.said and "1080 × 607" in shown.notifier.toast.said
    assert shown.moving.on, "and it goes on"


def test_a_panel_is_kept_from_its_menu_in_the_place_of_the_window(shown, tmp_path):
    shown.actions_.trigger(ActionId.KEEP_MOVING)
    shown.until(lambda: shown.moving.recorder.seconds > 0)
    assert not menu_of(shown, "answer")["Keep the last 30 s of this panel"].isChecked()
    menu_of(shown, "answer")["Keep the last 30 s of this panel"].trigger()
    entries = menu_of(shown, "answer")
    assert entries["Keep the last 30 s of this panel"].isChecked() and "Save the last 30 s…" in entries
    assert "Save the last 30 s…" not in menu_of(shown, "gates")
    assert shown.actions_.qaction(ActionId.KEEP_MOVING).isChecked(), "it is on, for whichever part"
    shown.until(lambda: shown.moving.recorder.seconds > 0.3)
    assert "of the answer" in save_to(shown, tmp_path / "a.gif")
    dock = shown.layout_.arrangement.docks["answer"]
    with Image.open(tmp_path / "a.gif") as image:
        assert image.size == (dock.width(), dock.height())
    menu_of(shown, "answer")["Keep the last 30 s of this panel"].trigger()
    assert not shown.moving.on


def test_in_a_presentation_it_is_the_stage_and_nothing_from_before(shown, tmp_path, monkeypatch):
    monkeypatch.setattr(shown.moving._places, "_folder", lambda: tmp_path)
    shown.actions_.trigger(ActionId.KEEP_MOVING)
    shown.until(lambda: shown.moving.recorder.seconds > 0.3)
    shown.state.presentation = True
    began = shown.moving.recorder.taken().end
    shown.until(lambda: shown.moving.recorder.seconds > 0.1 and shown.moving.recorder.taken().begin > began)
    shown.actions_.trigger(ActionId.SAVE_MOVING)
    assert not shown.findChildren(QFileDialog), "no names of files before an audience"
    written(shown)
    (path,) = tmp_path.iterdir()
    assert " stage " in path.name and path.suffix == ".webp"
    assert shown.notifier.toast.said == "Written; the log says where."
    stage = shown.layout_.stage
    with Image.open(path) as image:
        assert image.width / image.height == pytest.approx(stage.width() / stage.height(), abs=0.01)


def test_saving_before_anything_is_kept_says_so(shown):
    shown.moving.save()
    assert shown.notifier.toast.said.startswith("Nothing is kept yet") and not shown.findChildren(QFileDialog)


def test_what_was_seen_then_is_saved_although_pillow_has_to_come_first(shown, tmp_path, installed):
    installed["PIL"] = False
    shown.actions_.trigger(ActionId.KEEP_MOVING)
    shown.until(lambda: shown.moving.recorder.seconds > 0.3)
    save_to(shown, tmp_path / "a.webp")
    sheet = shown.packages.sheet
    assert sheet.isVisible() and "Pillow" in sheet.title.text() and not (tmp_path / "a.webp").exists()
    sheet.not_now.click()


def test_closing_ends_it(shown):
    shown.actions_.trigger(ActionId.KEEP_MOVING)
    shown.close()
    assert not shown.moving.on
