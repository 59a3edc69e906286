"""The status bar's figures: while fewer frames are drawn than usual, and that it counts as the panels do."""


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
