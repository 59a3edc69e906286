"""What is laid over the window keeps its keys to itself, and Enter presses what looks pressed."""

import sys

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from dgstudio.studio.common.overlays.overlay import Overlay


@pytest.fixture
def host(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.resize(QSize(600, 400))
    with qtbot.waitExposed(widget):
        widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    return widget


@pytest.fixture
def sheet(host):
    overlay = Overlay(host, 300, 200, 20)
    overlay.field, overlay.first, overlay.second = QLineEdit(), QPushButton("first"), QPushButton("second")
    column = QVBoxLayout(overlay)
    for widget in (overlay.field, overlay.first, overlay.second):
        column.addWidget(widget)
    overlay.open()
    return overlay


def noting(button, calls):
    button.clicked.connect(lambda _checked=False: calls.append(button.text()))


def action(host, key, calls):
    made = QAction(key, host)
    made.setShortcut(key)
    made.triggered.connect(lambda _checked=False: calls.append(key))
    host.addAction(made)


def test_tab_goes_round_inside(sheet, host):
    behind = QLineEdit(host)
    behind.show()
    sheet.first.setEnabled(False)
    held = [sys.getrefcount(widget) for widget in (host, sheet, behind)]
    met = []
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Tab, Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        QTest.keyClick(host.focusWidget(), key)
        met.append(host.focusWidget())
    assert met == [sheet.field, sheet.second, sheet.field, sheet.second]
    # Nothing has been taken for the child of something else, and lives on with it.
    assert [sys.getrefcount(widget) for widget in (host, sheet, behind)] == held


def test_no_action_runs_behind_an_open_sheet(host, sheet, qtbot):
    calls = []
    for key in ("C", "Ctrl+P", "Ctrl+Z", "L"):
        action(host, key, calls)
    sheet.own_keys = ("L",)
    QTest.keyClick(sheet, Qt.Key.Key_C)
    QTest.keyClick(sheet, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert calls == []
    # What means the same everywhere, and what closes it again.
    QTest.keyClick(sheet, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(sheet, Qt.Key.Key_L)
    assert calls == ["Ctrl+Z", "L"]
    sheet.close_overlay()
    QTest.keyClick(host, Qt.Key.Key_C)
    assert calls == ["Ctrl+Z", "L", "C"]


def test_enter_presses_the_focused_button_else_the_default_one(sheet):
    calls = []
    noting(sheet.first, calls)
    noting(sheet.second, calls)
    QTest.keyClick(sheet, Qt.Key.Key_Return)
    assert calls == []
    sheet.default_button = sheet.second
    sheet.field.setFocus()
    QTest.keyClick(sheet.field, Qt.Key.Key_Return)
    sheet.first.setFocus()
    QTest.keyClick(sheet.first, Qt.Key.Key_Enter)
    assert calls == ["second", "first"]
    sheet.second.setEnabled(False)
    sheet.setFocus()
    QTest.keyClick(sheet, Qt.Key.Key_Return)
    assert calls == ["second", "first"]


def test_a_click_in_a_sheet_that_nothing_has_a_use_for_leaves_it_open_and_one_beside_it_closes_it(host, sheet):
    left = Qt.MouseButton.LeftButton
    sheet.second.setEnabled(False)
    gap = QPoint(2, 2)
    assert sheet.childAt(gap) is None
    QTest.mouseClick(sheet, left, pos=gap)
    QTest.mouseClick(sheet.second, left)
    assert sheet.isVisible()
    QTest.mouseClick(host, left, pos=QPoint(2, 2))
    assert not sheet.isVisible()
