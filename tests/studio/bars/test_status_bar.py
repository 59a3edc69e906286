"""The status bar's figures: while fewer frames are drawn than usual, and that it counts as the panels do."""

from dgstudio.studio.bars.status_bar import LEAST_NAME


def test_it_says_so_while_fewer_frames_are_drawn_and_only_then(window, bridge):
    label = window.layout_.status.figures["window"]

    def said():
        window.update_frame(bridge.frame(0.3))
        return label.text(), label.objectName()

    assert said()[0].startswith("window ") and label.objectName() == "muted"
    bridge.state.drawing = 15
    assert said() == ("drawing 15/s", "warning")
    bridge.state.drawing = 0
    assert said()[0].startswith("window ") and label.objectName() == "muted"


def test_it_counts_as_the_panels_do(window, bridge):
    bridge.history()
    history, stats = bridge.state.history, bridge.stats
    stats.published_ever, stats.rejected_ever, stats.publishes = history.published, history.rejected, 1
    stats.learned, stats.sealed = 1105, 45
    window.update_frame(bridge.frame(0.3))
    figures = window.layout_.status.figures
    assert figures["publishes"].text() == "published 39 · rejected 3"
    assert window.layout_.panels["snapshots"]._right.text().startswith("39 published · ")
    assert figures["learn"].text() == "learned 1,105 · 45 sealed"
    assert window.layout_.panels["gates"].map.example_words()[0].startswith("40 of 1,060 examples")


def test_of_a_name_so_short_that_it_tells_nothing_only_whether_it_is_saved_is_left(window, bridge, monkeypatch):
    status, name = window.layout_.status, "a long evening of gestures with everybody.dgs"
    said = set()
    for room in range(60, 400, 10):
        monkeypatch.setattr(status, "_room", lambda least, room=room: room)
        bridge.state.session_name = ""
        bridge.state.session_name = name
        text = status.session.text()
        said.add(text == "saved")
        assert text.endswith("saved") and (text == "saved" or len(text) >= len("saved") + LEAST_NAME), text
    assert said == {True, False}
