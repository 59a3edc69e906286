"""The log panel: lines of earlier runs come first, with their day, and are not counted as new."""

from __future__ import annotations

from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.log.panel import LogPanel
from dgstudio.types import Event


def test_lines_of_earlier_runs_come_first_with_their_day(qtbot):
    state = StudioState()
    state.told_before = [Event("stream lost", "The stream was lost", "warning", 86_400.0 * 365)]
    panel = LogPanel(state, None)
    qtbot.addWidget(panel)
    panel.add(Event("x", "Something now", "error"))
    earlier, now = panel.lines.toPlainText().splitlines()
    assert earlier.startswith("1971-01-01 ") and "The stream was lost" in earlier
    assert "Something now" in now and not now.startswith("19")
    assert panel._right.text() == "1 error"
