"""Another program labels in the window: by messages to the port of the inputs, seen as a held key is."""

from __future__ import annotations

import pytest
from streams.osc.sender import Sender

from dgstudio.engine.engine import Engine
from dgstudio.streams.osc.endpoint import Endpoint
from dgstudio.streams.osc.source import OscSource, input_names
from dgstudio.studio.bridge.bridge import Bridge


@pytest.fixture
def live(qapp):
    """A bridge on an engine that listens to OSC, and somebody who sends to it."""
    source = OscSource(Endpoint("127.0.0.1", 0, "/wek/inputs"), channels=input_names(2))
    bridge = Bridge(Engine(source, None), "not saved")
    source.listen()
    bridge.start()
    sender = Sender(source.port)
    yield bridge, sender
    sender.close()
    bridge.shutdown()
    bridge.deleteLater()


def test_messages_label_and_the_window_shows_who_is_recorded(live, qtbot):
    bridge, send = live
    frames = []
    bridge.on_frame = frames.append
    send("/wekinator/control/outputs", 2.0)
    send("/wek/inputs", 1.0, 2.0)
    send("/wekinator/control/startRecording")
    qtbot.waitUntil(lambda: bool(frames) and frames[-1].recording is not None)
    qtbot.waitUntil(lambda: [card.info.name for card in bridge.state.classes] == ["class 1", "class 2"])
    assert frames[-1].recording[0] == 1
    qtbot.waitUntil(lambda: frames[-1].source.lamp == "receiving")  # told by the thread that reads
    for _ in range(10):
        send("/wek/inputs", 1.0, 2.0)
    send("/wekinator/control/stopRecording")
    qtbot.waitUntil(lambda: bridge.state.classes[1].count == 10)
    qtbot.waitUntil(lambda: frames[-1].recording is None)
