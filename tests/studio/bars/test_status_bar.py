"""The status bar's figures: what it says while fewer frames are drawn than usual."""


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
