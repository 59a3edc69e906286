"""The window from the keyboard alone: everything is reached, named and seen to have the focus; the whole loop works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, QSettings, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from dgstudio.bench.ui_script import CTRL, SHIFT, Hands, Script, Until, digit
from dgstudio.engine.engine import Engine

MOST = 200
"""Tab goes round in fewer steps than this, or it does not go round."""
SHEETS = {"examples": Qt.Key.Key_E, "history": Qt.Key.Key_H, "learning": Qt.Key.Key_L}


def name_of(widget: QWidget) -> str:
    """What a screen reader calls a widget."""
    interface = QAccessible.queryAccessibleInterface(widget)
    assert interface is not None, f"a screen reader does not see {widget}"
    return interface.text(QAccessible.Text.Name)


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None, "nothing has the focus"
    return widget


def looks(window: QWidget, widget: QWidget) -> bytes:
    """The pixels of a widget and its edge."""
    place = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()).adjusted(-3, -3, 3, 3)
    image = window.grab(place).toImage()
    return np.frombuffer(image.constBits(), np.uint8).tobytes()


def round_trip(
    hands: Hands, key: Qt.Key = Qt.Key.Key_Tab, modifiers: Any = Qt.KeyboardModifier.NoModifier
) -> list[QWidget]:
    """What has the focus in turn while Tab is pressed, until it comes back to the first."""
    hands.tap(key, modifiers)
    met = [focused()]
    for _ in range(MOST):
        hands.tap(key, modifiers)
        if focused() in met:
            assert focused() is met[0], f"{key} is caught at {name_of(focused())}"
            return met
        met.append(focused())
    raise AssertionError("Tab does not come round")


@pytest.fixture
def hands(window: Any) -> Hands:
    return Hands(window)


def check_all(window: Any, hands: Hands, count: int) -> None:
    """Go round once more, from wherever the focus is: each has a name, and looks otherwise without the focus."""
    for _ in range(count):
        hands.tap(Qt.Key.Key_Tab)
        widget = focused()
        assert name_of(widget).strip(), f"{widget} has no name for a screen reader"
        with_focus = looks(window, widget)
        window.layout_.desk.setFocus()
        seen = looks(window, widget) != with_focus
        widget.setFocus()
        assert seen, f"{name_of(widget)} does not show that it has the focus"


@pytest.mark.parametrize("key", [None, Qt.Key.Key_Q])
def test_tab_goes_round_the_window_both_ways(window: Any, hands: Hands, key: Qt.Key | None) -> None:
    if key is not None:
        hands.tap(key)
    there = round_trip(hands)
    window.layout_.desk.setFocus()
    back = round_trip(hands, Qt.Key.Key_Backtab, SHIFT)
    assert set(there) == set(back) and len(there) > 15
    check_all(window, hands, len(there))


@pytest.mark.parametrize("name", SHEETS)
def test_tab_stays_in_a_sheet_until_esc_closes_it(window: Any, hands: Hands, name: str) -> None:
    hands.tap(SHEETS[name])
    sheet = getattr(window.sheets, name)
    assert sheet.isVisible() and name_of(sheet)
    met = round_trip(hands)
    assert all(sheet.isAncestorOf(widget) for widget in met)
    assert set(met) == set(round_trip(hands, Qt.Key.Key_Backtab, SHIFT))
    check_all(window, hands, len(met))
    hands.tap(Qt.Key.Key_Escape)
    assert sheet.isHidden() and not sheet.isAncestorOf(focused())


@pytest.mark.parametrize("name", [None, *SHEETS])
def test_every_button_has_a_name(window: Any, hands: Hands, name: str | None) -> None:
    if name is not None:
        hands.tap(SHEETS[name])
    buttons = [button for button in window.findChildren(QAbstractButton) if button.isVisible()]
    assert len(buttons) > 10
    for button in buttons:
        assert name_of(button).strip(), f"{button} in {button.parent()} has no name for a screen reader"


# -- the whole loop -------------------------------------------------------------------------------------------------


@pytest.fixture
def program(qtbot: Any, session_desk: Any, settings: QSettings, tmp_path: Path) -> Any:
    """The program on a new session, as the command line starts it; closed at the end."""
    made = session_desk.Desk(tmp_path / "first.dgs", settings, qtbot, speed=4.0)
    yield made
    made.window.close()


class Listening:
    """What the window was told of, by kind."""

    def __init__(self, window: Any) -> None:
        self.kinds: list[str] = []
        show = window.commands.on_frame

        def shown(frame: Any) -> None:
            show(frame)
            self.kinds += [event.kind for event in frame.events] + [record.kind for record in frame.publishes]

        window.commands.on_frame = shown

    def until(self, kind: str, count: int = 1) -> Until:
        return Until(lambda: self.kinds.count(kind) >= count, f"“{kind}” number {count}, not only {self.kinds}")


def named(what: str) -> None:
    assert name_of(focused()) == what


def the_loop(window: Any, engine: Engine, copy: Path) -> Script:
    hands, heard = Hands(window), Listening(window)
    yield Until(lambda: engine.lane.counts.reads > 0, "the first answer")

    # Add a class: the field has the focus and a name; Enter gives the focus back.
    hands.tap(Qt.Key.Key_A)
    named("Name of the new class")
    hands.type("circle")
    hands.tap(Qt.Key.Key_Return)
    info = engine.classes.by_name("circle")
    assert info is not None and info.key
    card = next(card for card in window.layout_.classes_panel.cards() if card.card.info.id == info.id)
    assert name_of(card) == "Class circle"

    # Record.
    hands.press(digit(info.key))
    yield Until(lambda: engine.book.labels(info.id)[0] > 20, "examples while the key is held")
    hands.release(digit(info.key))
    yield heard.until("take saved")
    before = engine.book.labels(info.id)[0]
    assert "examples of circle" in name_of(window.notifier.toast)
    yield Until(lambda: f"{before} examples" in card.accessibleDescription(), "the count on the card")

    # Correct: the browser opens on the newest; three of them were something else.
    other = next(info for info in engine.classes.living() if info.name == "rest")
    hands.tap(Qt.Key.Key_E)
    assert window.sheets.examples.isAncestorOf(focused())
    named("Examples")
    hands.tap(Qt.Key.Key_Home, CTRL)
    for _ in range(2):
        hands.tap(Qt.Key.Key_Down, SHIFT)
    hands.tap(digit(other.key))
    yield heard.until("labels changed")
    assert engine.book.labels(other.id)[0] == 3 and engine.book.labels(info.id)[0] == before - 3

    # Undo, with the browser open and without.
    hands.tap(Qt.Key.Key_Z, CTRL)
    yield heard.until("undo")
    assert engine.book.labels(info.id)[0] == before
    hands.tap(Qt.Key.Key_Escape)
    assert window.sheets.examples.isHidden()
    hands.tap(Qt.Key.Key_Z, CTRL | SHIFT)
    yield heard.until("undo", 2)
    assert engine.book.labels(other.id)[0] == 3

    # Protect, by the palette.
    yield Until(lambda: engine.learn.idle, "the examples to be learned")
    protected = engine.learn.protected
    hands.tap(Qt.Key.Key_K, CTRL)
    named("Search actions")
    hands.type("protect what")
    hands.tap(Qt.Key.Key_Return)
    yield heard.until("protected")
    assert engine.learn.protected > protected

    # Save a copy: the dialog's field has the focus.
    hands.tap(Qt.Key.Key_S, CTRL)
    yield Until(lambda: hands.target.window() is not window, "the dialog")
    assert name_of(focused()).strip()
    hands.type(str(copy))
    hands.tap(Qt.Key.Key_Return)
    yield heard.until("copy saved")


def open_the_copy(program: Any, copy: Path) -> Script:
    window, hands = program.window, Hands(program.window)
    hands.tap(Qt.Key.Key_O, CTRL)
    yield Until(lambda: hands.target.window() is not window, "the dialog")
    assert name_of(focused()).strip()
    hands.type(str(copy))
    hands.tap(Qt.Key.Key_Return)
    yield Until(lambda: program.window is not window and program.state.phase == "ready", "the copy to be open")


def reopened(window: Any, engine: Engine) -> Script:
    hands, heard = Hands(window), Listening(window)
    info, other = engine.classes.by_name("circle"), engine.classes.by_name("rest")
    assert info is not None and other is not None
    yield Until(lambda: engine.lane.counts.reads > 0, "the first answer")
    assert engine.book.labels(info.id)[0] > 15 and engine.book.labels(other.id)[0] == 3
    assert {card.accessibleName() for card in window.layout_.classes_panel.cards()} >= {"Class circle", "Class rest"}
    # What was done in the last run is undone in this one: the protecting first, then the correction.
    hands.tap(Qt.Key.Key_Z, CTRL)
    yield heard.until("undo")
    hands.tap(Qt.Key.Key_Z, CTRL)
    yield heard.until("undo", 2)
    assert engine.book.labels(other.id)[0] == 0


@pytest.mark.slow
def test_add_record_correct_undo_protect_save_and_reopen(program: Any, tmp_path: Path) -> None:
    copy, hands = tmp_path / "copy.dgs", Hands(program.window)
    hands.play(the_loop(program.window, program.engine, copy))
    hands.play(open_the_copy(program, copy))
    assert program.sessions.present() == copy
    program.until(program.window.isActiveWindow)
    Hands(program.window).play(reopened(program.window, program.engine))
