"""The log panel: lines of earlier runs come first, with their day, and are not counted as new."""

from __future__ import annotations

from dgstudio.engine.facts.event import Event, EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.log.panel import LogPanel
from dgstudio.types import Level, LogLine


def test_lines_of_earlier_runs_come_first_with_their_day(qtbot):
    state = StudioState()
    state.told_before = [LogLine("stream lost", "The stream was lost", Level.WARNING, 86_400.0 * 365)]
    panel = LogPanel(state, None)
    qtbot.addWidget(panel)
    panel.add(Event(Notice(EventKind.SESSION, "Something now", Level.ERROR)))
    earlier, now = panel.lines.toPlainText().splitlines()
    assert earlier.startswith("1971-01-01 ") and "The stream was lost" in earlier
    assert "Something now" in now and now[2] == ":", "a time of today, and no day"
    assert panel._right.text() == "1 error"


def test_the_words_before_the_first_line_have_the_type_of_the_lines(make_window, bridge, qtbot):
    window = make_window(bridge)
    window.layout_.show_log(True)
    lines = window.layout_.log_panel.lines
    lines.clear()
    for size, scale in (((1280, 720), 1.0), ((3840, 2160), 1.5)):
        window.resize(*size)
        qtbot.waitUntil(lambda scale=scale: window.layout_.theme.scale == scale)
        assert lines.viewport().font().pixelSize() == window.layout_.theme.px("tiny")
