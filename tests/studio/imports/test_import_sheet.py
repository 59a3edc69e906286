"""The sheet of an import, in the real window on a real engine: what it shows, what can be chosen, what comes."""

import csv
import threading

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from waiting import DEADLINE_S

from dgstudio.engine.imports.column_mapping import FEATURES, SAMPLES
from dgstudio.engine.imports.worker import ImportStage
from dgstudio.session.file import Session
from dgstudio.studio.imports.import_table import Role, Taken

CONTROL = Qt.KeyboardModifier.ControlModifier


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def recording(desk, path, labels=("circle", "hop"), seconds=2.0):
    """Waves in all channels, one label after the other."""
    spec = desk.state.spec
    t = np.arange(int(spec.rate * seconds)) / spec.rate
    rows = [["time", *spec.channels, "what"]]
    for number, label in enumerate(labels):
        waves = np.sin(2 * np.pi * (number + 1) * t[:, None] + np.arange(len(spec.channels)))
        rows += [
            [f"{number * seconds + a:.4f}", *map("{:.4f}".format, v), label] for a, v in zip(t, waves, strict=True)
        ]
    return write(path, rows)


def shown(desk, path):
    """Open the sheet on a file and wait until it is read."""
    sheet = desk.window.sheets.importing
    sheet.begin(path)
    desk.until(
        lambda: (
            desk.state.importing is not None
            and desk.state.importing.stage in (ImportStage.CHOOSING, ImportStage.FAILED)
        )
    )
    return sheet


def planned(desk):
    desk.until(lambda: desk.state.importing.stage in (ImportStage.CHOOSING, ImportStage.FAILED))


def lines(listed):
    return [listed.item(row).text() for row in range(listed.count())]


def choose(box, text):
    place = box.findText(text)
    assert place >= 0
    box.setCurrentIndex(place)
    box.activated.emit(place)


def test_from_the_key_to_the_examples_and_back(desk, tmp_path):
    path = recording(desk, tmp_path / "waves.csv")
    QTest.keyClick(desk.window, Qt.Key.Key_I, CONTROL)
    (dialog,) = desk.window.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(path))
    dialog.close()
    sheet = desk.window.sheets.importing
    desk.until(lambda: desk.state.importing is not None and desk.state.importing.stage == ImportStage.CHOOSING)
    assert sheet.isVisible() and sheet.about.text() == "waves.csv · CSV · 800 rows · 8 columns"
    assert sheet.columns.label_box.currentText() == "what" and sheet.columns.time_box.currentText() == "time"
    assert [box.currentText() for box in sheet.columns.channel_boxes] == list(desk.state.spec.channels)
    heads = [sheet.model.headerData(i, Qt.Orientation.Horizontal) for i in range(8)]
    assert heads[0] == "time\ntime" and heads[1] == "ax\n→ ax" and heads[-1] == "what\nlabel"
    assert sheet.model.headerData(0, Qt.Orientation.Vertical) == "2"
    assert lines(sheet.classes)[1].startswith("hop · ") and lines(sheet.classes)[1].endswith("· new")
    assert sheet.wrong_title.text() == "Nothing is wrong with it" and "New: circle, hop." in sheet.summary.text()
    total = desk.state.importing.plan.total
    assert sheet.go.text() == f"Import {total} examples" and sheet.go.isEnabled()
    sheet.go.click()
    desk.until(lambda: not sheet.isVisible() and desk.window.notifier.toast.button.text() == "Undo")
    assert desk.window.notifier.toast.said == f"{total} examples of 2 classes imported from waves.csv."
    desk.until(lambda: sum(card.count for card in desk.state.classes) == total)
    assert "hop" in [card.info.name for card in desk.state.classes]
    desk.window.actions_.trigger("examples")
    assert desk.window.sheets.examples.model.text(0, 4) == "import"
    desk.window.sheets.examples.close_overlay()
    desk.window.notifier.toast.button.click()
    desk.until(lambda: not sum(card.count for card in desk.state.classes))
    desk.window.actions_.trigger("history")
    told = lines(desk.window.sheets.history.list)
    assert any("imported from waves.csv" in line and "undone" in line for line in told)


def test_columns_are_chosen_and_each_choice_is_planned_anew(desk, tmp_path):
    path = recording(desk, tmp_path / "waves.csv")
    rows = read(path)
    rows = [
        [*(f"s{i}" for i in range(1, 7)), "kind", "extra"],
        *[[*row[1:7], row[7], str(n)] for n, row in enumerate(rows[1:])],
    ]
    sheet = shown(desk, write(tmp_path / "odd.csv", rows))
    view = desk.state.importing
    assert view.plan.choices.channels == ("s1", "s2", "s3", "s4", "s5", "s6")
    assert any("s1 as ax" in line for line in lines(sheet.wrong))
    assert not sheet.columns.rate.isHidden() and sheet.columns.rate.value() == desk.state.spec.rate
    before = view.plan.total
    sheet.columns.rate.setValue(100.0)
    desk.until(lambda: desk.state.importing.plan.total > 1.5 * before)
    assert any("interpolated" in line for line in lines(sheet.wrong))
    choose(sheet.columns.channel_boxes[0], "s2")
    desk.until(lambda: "is chosen for two channels" in sheet.summary.text())
    assert not sheet.go.isEnabled() and sheet.summary.objectName() == "bad"
    choose(sheet.columns.channel_boxes[0], "s1")
    desk.until(lambda: sheet.go.isEnabled())
    choose(sheet.columns.label_box, "extra")
    desk.until(lambda: "those are numbers, not classes" in sheet.summary.text())
    choose(sheet.columns.label_box, "–")
    desk.until(lambda: "Choose the column" in sheet.summary.text())
    choose(sheet.columns.label_box, "kind")
    desk.until(lambda: sheet.go.isEnabled())
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    desk.until(lambda: desk.state.importing is None)


def test_what_is_wrong_is_listed_by_line_and_seen_in_the_table(desk, tmp_path):
    rows = read(recording(desk, tmp_path / "waves.csv"))
    rows[3][2], rows[5] = "n/a", rows[5][:3]
    sheet = shown(desk, write(tmp_path / "bad.csv", rows))
    assert sheet.wrong_title.text() == "Wrong: 2 lines"
    assert lines(sheet.wrong)[:2] == [
        "line 4: “n/a” in “ay” is no number: taken as missing",
        "line 6: has 3 cells where the header has 8: left out",
    ]
    red = desk.window.appearance.theme.colour("bad")
    assert sheet.model.index(2, 2).data(Qt.ItemDataRole.ForegroundRole) == red
    assert sheet.model.index(1, 2).data(Qt.ItemDataRole.ForegroundRole) != red
    for theme in range(2):
        desk.window.appearance.toggle()
        assert not desk.window.grab().isNull(), theme


def test_a_table_of_features_and_its_other_shape(desk, tmp_path):
    names = desk.state.feature_names
    rng = np.random.default_rng(0)
    rows = [[*names, "label"], *[[*rng.normal(size=len(names)), "hop"] for _ in range(5)]]
    sheet = shown(desk, write(tmp_path / "f.csv", rows))
    assert (
        desk.state.importing.choices.shape == FEATURES
        and sheet.columns.time_box.isHidden()
        and not sheet.columns.channel_boxes
    )
    assert sheet.model.role_at(0) == Role(Taken.FEATURE) and sheet.go.text() == "Import 5 examples"
    sheet.columns.shape.segments[SAMPLES].click()
    desk.until(lambda: len(sheet.columns.channel_boxes) == len(desk.state.spec.channels))
    desk.until(lambda: "as long as a window" in sheet.summary.text())
    sheet.columns.shape.segments[FEATURES].click()
    desk.until(lambda: sheet.go.isEnabled())


REFUSED = [
    ("empty.csv", b"", "is empty"),
    ("one.csv", b"only\n1\n2\n", "Choose the column that holds the labels"),
    ("pickle.npz", None, "Python objects, which are never loaded"),
    ("cut.npz", b"PK\x03\x04 and no more", "not a usable NPZ"),
    ("gone.csv", None, "There is no file"),
    ("locked.dgs", None, "open in another dgstudio"),
    ("junk.dgs", b"junk" * 500, "not a dgstudio session"),
]


def test_what_cannot_be_imported_is_said_in_the_sheet(desk, tmp_path):
    np.savez(tmp_path / "pickle.npz", X=np.array([object()], dtype=object))
    with Session.create(tmp_path / "locked.dgs"):
        for name, data, sentence in REFUSED:
            if data is not None:
                (tmp_path / name).write_bytes(data)
            sheet = shown(desk, tmp_path / name)
            assert sentence in sheet.summary.text() and not sheet.go.isEnabled()
            # Nothing stands there that belongs to another file.
            if desk.state.importing.stage == ImportStage.FAILED:
                assert sheet.table.isHidden() and sheet.middle.isHidden() and sheet.height() < 250
                check_room(sheet)
            assert sheet.other.isEnabled() and sheet.about.text().startswith(name)
            sheet.cancel.click()
            assert not sheet.isVisible()
            desk.until(lambda: desk.state.importing is None)


def check_room(sheet):
    """The sheet is as tall as what it says, all of it, and no taller."""
    assert sheet.height() == sheet.layout().totalHeightForWidth(sheet.width())
    assert sheet.summary.height() >= sheet.summary.heightForWidth(sheet.summary.width())


def test_the_sheet_has_room_for_a_long_path_and_for_the_short_one_after_it(desk, tmp_path):
    folder = tmp_path / "in a folder with a long name" / ("x" * 200)
    folder.mkdir(parents=True)
    names = [f"{'y' * 200}.npz", "short.npz", f"{'and on ' * 20}.npz", "short.npz"]
    heights = []
    for name in names:
        (folder / name).write_bytes(b"junk")
        sheet = shown(desk, folder / name)
        assert "not a usable NPZ" in sheet.summary.text()
        check_room(sheet)
        assert sheet.other.geometry().right() < sheet.width() and sheet.about.width() < sheet.width() / 1.2
        assert sheet.summary.minimumSizeHint().width() < sheet.summary.width()
        heights.append(sheet.height())
        sheet.cancel.click()
        desk.until(lambda: desk.state.importing is None)
    assert heights[0] > heights[1] == heights[3]


def test_another_session_is_shown_as_its_examples(desk, tmp_path):
    desk.teach("wave")
    count = desk.engine.book.total
    desk.switch(desk.sessions.new)
    sheet = shown(desk, tmp_path / "first.dgs")
    assert sheet.about.text().startswith(f"first.dgs · session · {count} examples")
    assert sheet.columns.shape.isHidden() and sheet.go.text() == f"Import {count} examples"
    sheet.go.click()
    desk.until(lambda: desk.engine.book.total == count)


def test_many_rows_are_imported_while_the_window_goes_on_and_can_be_closed(desk, tmp_path):
    names, count = desk.state.feature_names, 40_000
    X = np.random.default_rng(0).normal(size=(count, len(names))).astype(np.float32)
    np.savez(tmp_path / "many.npz", X=X, y=np.arange(count) % 3, feature_names=np.array(names))
    sheet = shown(desk, tmp_path / "many.npz")
    assert "600 of them to learn from" in sheet.summary.text()
    sheet.go.click()
    desk.until(lambda: sheet.go.text() == "Go on in the background" and sheet.progress.value() > 0)
    seen = desk.engine.lane.readings.newest.hop
    sheet.go.click()
    assert not sheet.isVisible() and desk.engine.book.total == 0
    desk.until(lambda: desk.engine.book.total == count)
    assert desk.engine.lane.readings.newest.hop > seen
    desk.until(lambda: "40000 examples of 3 classes" in desk.window.notifier.toast.said)


def test_an_import_that_goes_on_is_cancelled_and_nothing_of_it_came(desk, tmp_path, monkeypatch):
    names, hold = desk.state.feature_names, threading.Event()
    np.savez(tmp_path / "f.npz", X=np.ones((3000, len(names)), np.float32), y=np.zeros(3000, int))
    door = desk.engine.import_door
    put = door.put_hidden
    monkeypatch.setattr(door, "put_hidden", lambda examples: (put(examples), hold.wait(DEADLINE_S)))
    sheet = shown(desk, tmp_path / "f.npz")
    sheet.go.click()
    desk.until(lambda: sheet.go.text() == "Go on in the background")
    sheet.cancel.click()
    hold.set()
    desk.until(lambda: desk.window.notifier.toast.said == "Cancelled: nothing of f.npz came.")
    desk.until(lambda: desk.engine.store.idle)
    assert not sheet.isVisible() and desk.engine.book.total == 0 and not desk.engine.session.inactive_ids()


def test_a_file_that_can_be_read_brings_the_whole_sheet_back(desk, tmp_path):
    (tmp_path / "junk.dgs").write_bytes(b"junk" * 500)
    sheet = shown(desk, tmp_path / "junk.dgs")
    assert sheet.middle.isHidden()
    sheet = shown(desk, recording(desk, tmp_path / "a.csv"))
    desk.until(lambda: not sheet.middle.isHidden() and not sheet.table.isHidden())
    assert sheet.height() > 500 and sheet.columns.label_box.isVisible()
