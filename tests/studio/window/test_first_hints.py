"""Hints of a first start: they follow what is done, cover nothing, and go."""

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFrame

from dgstudio.reasons.stored import Told
from dgstudio.studio.bridge.caption import Caption
from dgstudio.studio.bridge.inspected import AnswerSubject
from dgstudio.studio.bridge.settings import HINTS_SEEN, read_flag
from dgstudio.studio.window.hint_acts import ASKED, LOOKED_FURTHER, MARKED
from dgstudio.types import PublishRecord

CONTROL = Qt.KeyboardModifier.ControlModifier


def takes(bridge):
    return [call for call in bridge.calls if call[0] in ("labels.press_class", "labels.release_class")]


def test_hints_come_once_and_leave_the_keyboard_alone(make_window, make_bridge, settings):
    bridge = make_bridge()
    window = make_window(bridge, hints=True)
    assert window.sheets.hints.isVisible()
    QTest.keyClick(window, Qt.Key.Key_1)
    assert takes(bridge) == [("labels.press_class", 0), ("labels.release_class",)]
    seen = []
    while window.sheets.hints.isVisible():
        seen.append(window.sheets.hints.current.title)
        QTest.mouseClick(window.sheets.hints.next, Qt.MouseButton.LeftButton)
    assert len(set(seen)) == 4
    assert read_flag(settings, HINTS_SEEN)
    window.close()
    assert not make_window(make_bridge(), hints=True).sheets.made("hints")


def test_escape_goes_from_hint_to_hint(make_window, make_bridge, settings):
    window = make_window(make_bridge(), hints=True)
    for _ in range(4):
        assert window.sheets.hints.isVisible()
        QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.sheets.hints.isVisible()
    assert read_flag(settings, HINTS_SEEN)


def test_a_hint_covers_nothing_and_outlines_what_it_is_about(make_window, make_bridge):
    window = make_window(make_bridge(), hints=True)
    hints, layout = window.sheets.hints, window.layout_
    wanted = ["stream", "classes", "gates"]
    for name in wanted:
        QApplication.processEvents()
        place = QRect(hints.mapTo(window, QPoint(0, 0)), hints.size())
        around = QRect(layout.arrangement.mapTo(window, QPoint(0, 0)), layout.arrangement.size())
        assert not place.intersects(around)
        assert hints.target is layout.panels[name]
        edges = hints.target.findChildren(QFrame, options=Qt.FindChildOption.FindDirectChildrenOnly)
        assert sum(min(edge.width(), edge.height()) == 2 and edge.isVisible() for edge in edges) == 4
        hints.step()
    assert hints.target is layout.bar.compare
    hints.finish()
    assert hints.target is None


def test_a_hint_reacts_to_what_is_done_and_goes(make_window, make_bridge, qtbot):
    bridge = make_bridge()
    window = make_window(bridge, hints=True)
    hints = window.sheets.hints
    window.state.selection = (0.0, 1.0)
    assert hints.praising and hints.text.text().startswith("Marked.")
    hints.step()
    window.state.selection = None
    QTest.keyPress(window, Qt.Key.Key_1)
    assert hints.text.text().startswith("Recording")
    QTest.keyRelease(window, Qt.Key.Key_1)
    # A take from which nothing was learned does not pass for a success.
    assert hints.text.text().startswith("A names") and not hints.praising
    bridge.publish(PublishRecord(1, "learned", 43, 42, Told("9 examples of circle"), 0.0, 0.0))
    window.update_frame(bridge.frame())
    assert hints.praising and hints.title.text().startswith("✓")
    qtbot.waitUntil(lambda: hints.current.act == ASKED)


def test_what_was_done_unasked_is_not_asked_for(make_window, make_bridge):
    window = make_window(make_bridge(), hints=True)
    hints = window.sheets.hints
    window.state.inspect(AnswerSubject())
    assert hints.current.act == MARKED
    hints.step()
    hints.step()
    assert hints.current.act == LOOKED_FURTHER
    QTest.keyClick(window, Qt.Key.Key_K, CONTROL)
    assert hints.praising


def test_hints_leave_the_line_to_a_demo(make_window, make_bridge):
    window = make_window(make_bridge(), hints=True)
    window.state.caption = Caption("Watch what moves.", 1, 4, "Partial updates")
    assert not window.sheets.hints.isVisible()
    window.state.caption = None
    assert window.sheets.hints.isVisible()
