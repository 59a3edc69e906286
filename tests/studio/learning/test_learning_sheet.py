"""The sheet of contract and learning: its dials ask, and the window's keys go on working while it is open."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from dgstudio.studio.learning.dials import DIALS, Dial, effects_of
from dgstudio.studio.learning.learning_sheet import coverage_words
from dgstudio.types import Mode


@pytest.fixture
def sheet(window, bridge):
    bridge.state.rules = ("locked bank", "gradient")
    QTest.keyClick(window, Qt.Key.Key_L)
    assert window.sheets.learning.isVisible()
    return window.sheets.learning


def test_the_contract_chip_opens_it_and_escape_closes_it(window):
    QTest.mouseClick(window.layout_.bar.contract, Qt.MouseButton.LeftButton)
    assert window.sheets.learning.isVisible()
    QTest.keyClick(window.sheets.learning, Qt.Key.Key_Escape)
    assert not window.sheets.learning.isVisible()


def test_it_says_what_is_promised_and_how_much_is_certified(sheet, window, bridge):
    bridge.stats.coverage = 0.964
    window.update_frame(bridge.frame())
    words = [label.text() for label in sheet._labels.values()]
    assert "Exact: every publish leaves every bit of the answers to 400 protected inputs alone." in words
    assert "Coverage: 96 % of the newest answers provably equal those of the last protected version." in words
    bridge.stats.novelty = 0.43
    assert "Novelty of the stream: 0.4 (above 1: unlike" in coverage_words(bridge.frame())
    bridge.stats.coverage = None
    assert "no answer can be certified" in coverage_words(bridge.frame())


def test_the_dials_ask_and_show_what_was_set(sheet, bridge):
    assert sheet.dials[Dial.OPENNESS].slider.value() == 50 and sheet.dials[Dial.DISAGREEMENT].slider.value() == 5
    QTest.keyClick(sheet.dials[Dial.OPENNESS].slider, Qt.Key.Key_Left)
    QTest.keyClick(sheet.dials[Dial.DISAGREEMENT].slider, Qt.Key.Key_Home)
    assert bridge.calls == [("model.set_openness", -0.49, 0.05), ("model.set_openness", -0.49, 0.0)]
    assert sheet.dials[Dial.OPENNESS].value.text() == "τ = −0.49"
    QTest.keyClick(sheet.dials[Dial.OPENNESS].slider, Qt.Key.Key_End)
    assert bridge.calls[-1] == ("model.set_openness", -0.52, 0.0), "no wider than leaves protected inputs room"


def test_the_threshold_of_unsure_is_a_dial(sheet, bridge):
    assert sheet.dials[Dial.ABSTAIN].value.text() == "off"
    QTest.keyClick(sheet.dials[Dial.ABSTAIN].slider, Qt.Key.Key_Right)
    assert bridge.calls == [("model.set_abstain", 0.01)] and sheet.dials[Dial.ABSTAIN].value.text() == "p < 0.01"
    QTest.keyClick(sheet.dials[Dial.ABSTAIN].slider, Qt.Key.Key_End)
    assert bridge.calls[-1] == ("model.set_abstain", 0.99)


def test_how_much_is_protected_and_whether_by_itself_are_asked_for(sheet, bridge):
    assert sheet.dials[Dial.MOST].value.text() == "400" and not sheet.by_itself.isChecked()
    QTest.keyClick(sheet.dials[Dial.MOST].slider, Qt.Key.Key_Right)
    sheet.by_itself.click()
    assert bridge.calls == [("model.set_protected", 450), ("model.protect_by_itself", True)]
    assert sheet.dials[Dial.MOST].value.text() == "450" and sheet.by_itself.isChecked()


def test_the_protected_inputs_are_browsed_and_released(sheet, window, bridge, qtbot):
    QTest.mouseClick(sheet.browse, Qt.MouseButton.LeftButton)
    protected = window.sheets.protected
    assert protected.isVisible() and not sheet.isVisible() and protected.table.rowCount() == 40
    assert protected.counts.text() == "40: 10 circle, 10 rest, 10 walk, 10 shake"
    assert not protected.release_button.isEnabled()
    names = [protected.table.item(row, 0).text() for row in range(40)]
    assert names == sorted(names), "by class, as the arrow in the head says"
    protected.table.sortItems(1)
    assert protected.table.item(0, 1).text() == "0.61"
    protected.table.selectRow(0)
    held = protected.chosen()
    assert [entry.confidence for entry in held] == [0.61] and protected.release_button.text() == "Release 1"
    QTest.keyClick(protected.table, Qt.Key.Key_Delete)
    assert bridge.calls == [("model.release_inputs", [held[0].features])]
    qtbot.waitUntil(lambda: protected.table.rowCount() == 39)
    QTest.keyClick(protected.table, Qt.Key.Key_Escape)
    assert not protected.isVisible()


def test_rule_and_protection_are_asked_for(sheet, bridge):
    QTest.mouseClick(sheet.rules.segments["gradient"], Qt.MouseButton.LeftButton)
    QTest.mouseClick(sheet.protect, Qt.MouseButton.LeftButton)
    assert bridge.calls == [("model.set_rule", "gradient"), ("model.protect_now",)]


def test_a_class_key_records_while_a_dial_has_the_focus(sheet, bridge):
    sheet.dials[Dial.OPENNESS].slider.setFocus()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_2)
    assert bridge.calls == [("labels.press_class", 1), ("labels.release_class",)]


@pytest.mark.parametrize("size", [(1280, 720), (1600, 1000)])
def test_everything_on_it_has_room(make_window, make_bridge, size):
    bridge = make_bridge()
    bridge.state.rules = ("locked bank", "gradient")
    window = make_window(bridge, size=size)
    window.actions_.trigger("learning")
    bridge.stats.coverage = 0.5
    for _ in range(3):
        window.update_frame(bridge.frame())
        QApplication.processEvents()
    sheet = window.sheets.learning
    for label in [*sheet._labels.values(), *(row.words for row in sheet.dials.values() if row.isVisible())]:
        needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
        assert label.height() >= needed - 1, label.text()
    assert window.rect().contains(window.sheets.learning.geometry())


def test_the_size_of_a_bank_is_chosen_and_features_only_while_that_can_be(window, bridge):
    sheet = window.sheets.learning
    sheet.open()
    assert (
        sheet.dials[Dial.BANK].slider.value() * 100 == bridge.state.seal_at == 1000
        and not sheet.dials[Dial.FEATURES].slider.isVisible()
    )
    sheet.dials[Dial.BANK].slider.setValue(5)
    assert bridge.calls[-1] == ("model.set_seal_at", 500) and sheet.dials[Dial.BANK].value.text() == "500"
    bridge.state.features_open = True
    assert sheet.dials[Dial.FEATURES].slider.isVisible()
    sheet.dials[Dial.FEATURES].slider.setValue(2)
    assert bridge.calls[-1] == ("model.set_features", 256)


def test_every_mode_rule_and_dial_has_one_plain_sentence_that_can_be_read(sheet, window, bridge):
    for _ in range(2):
        window.update_frame(bridge.frame(0.3))
        QApplication.processEvents()
    said = set()
    for mode in (Mode.BOTH, Mode.OFF):
        bridge.state.mode = mode
        words = sheet._labels["mode words"]
        assert words.isVisible() and words.text().count(".") == 1
        said.add(words.text())
    for rule in ("locked bank", "gradient"):
        bridge.state.rule = rule
        assert sheet._labels["rule words"].isVisible()
        said.add(sheet._labels["rule words"].text())
    assert len(said) == 4
    for dial, row in sheet.dials.items():
        assert DIALS[dial].sentence.count(".") == 1 and row.sentence.startswith(DIALS[dial].sentence)
        assert row.isVisible() == (dial != Dial.FEATURES) and row.words.height() > 0


def test_what_a_dial_does_is_seen_beside_it(sheet, window, bridge):
    bridge.stats.learned, bridge.stats.sealed = 26, 16
    for _ in range(3):
        window.update_frame(bridge.frame(0.3))
    frame = bridge.frame(0.3)
    effects = effects_of(frame, bridge.state)
    banks = [reading for reading in frame.readings if len(reading.bank_r)]
    opened = sum(bool(reading.bank_r[-1] > reading.bank_tau[-1]) for reading in banks) / len(banks)
    assert effects[Dial.OPENNESS].startswith(f"Open on {100 * opened:.0f} % of the last")
    assert effects[Dial.BANK] == "10 are in it." and effects[Dial.MOST] == "400 are protected."
    window.update_frame(frame)
    row = sheet.dials[Dial.OPENNESS]
    assert effects[Dial.OPENNESS].split(" of ")[0] in row.sentence and "Open on" in row.words.text()


def test_it_is_placed_with_the_lines_that_a_dial_has_just_said(sheet):
    before = sheet.height()
    sheet.dials[Dial.OPENNESS].say("More words than one line has. " * 20)
    sheet.place()
    assert sheet.height() >= before + 4 * QFontMetrics(sheet.dials[Dial.OPENNESS].words.font()).height()
