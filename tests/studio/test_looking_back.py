"""The window on a running engine: stretches of the past and doubtful moments get their labels by real keys."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.paths import sample
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.studio.app import make_window

SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(qtbot, settings):
    """The real recording, played to its end as fast as it goes, in a window of 1280 × 720."""
    source = RecordingSource(sample("basic_motions.csv"), loop=False, speed=0.0)
    base, _ = base_for(source.spec)
    engine = Engine(source, base, settings=EngineSettings(lossless=True))
    window = make_window(engine, "a.dgs", settings=settings, start=False)
    qtbot.addWidget(window)
    window.resize(1280, 720)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    window.commands.start()
    qtbot.waitUntil(lambda: engine.ended)
    stream = window.layout_.panels["stream"]
    qtbot.waitUntil(lambda: stream.scene.end >= engine.ring.reach()[1])
    yield window
    window.close()
    assert engine.stop() == []


def retro(window):
    return [take for take in window.commands.engine.book.takes() if take.who != "file"]


def test_a_stretch_of_long_ago_is_labelled_from_the_keyboard_alone(window, qtbot):
    stream, engine = window.layout_.panels["stream"], window.commands.engine
    reach = engine.ring.reach()
    assert reach[1] - reach[0] > 60.0
    QTest.keyClick(window, Qt.Key.Key_Space)
    for _ in range(8):
        QTest.keyClick(window, Qt.Key.Key_PageUp)
    qtbot.waitUntil(lambda: stream.scene.end == pytest.approx(reach[1] - 80.0))
    assert window.state.stream_mode == "scrubbing" and stream.scene.ribbons["answer"]
    assert np.ptp(stream.scene.times) == pytest.approx(10.0, abs=0.3)
    QTest.keyClick(window, Qt.Key.Key_Left, SHIFT)
    for _ in range(9):
        QTest.keyClick(window, Qt.Key.Key_Left, SHIFT)
    span = window.state.selection
    assert span[1] - span[0] == pytest.approx(1.9)
    QTest.keyClick(window, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: len(retro(window)) == 1 and engine.store.idle)
    (take,) = retro(window)
    assert (take.who, take.class_id, take.start, take.end) == ("retro", 1, *span)
    # It is shown where it lies, while the view stays there.
    qtbot.waitUntil(lambda: (*span, 1) in [tuple(s)[:3] for s in stream.scene.ribbons["labels"]])
    assert window.state.stream_mode == "scrubbing" and window.notifier.toast.button.text() == "Undo"
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: not stream.scene.ribbons["labels"])
    QTest.keyClick(window, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: stream.scene.end == pytest.approx(reach[1]) and window.state.stream_mode == "following")


def test_what_was_never_in_the_buffer_is_refused_with_one_sentence(window, qtbot):
    window.state.selection = (-50.0, -49.0)
    QTest.keyClick(window, Qt.Key.Key_1)
    assert window.notifier.toast.said.startswith("That stretch has left the buffer, which holds the last")
    assert retro(window) == [] and window.state.selection is None


def test_the_doubtful_moments_are_named_one_after_the_other(window, qtbot):
    moments, engine = window.layout_.panels["uncertain"], window.commands.engine
    qtbot.waitUntil(lambda: len(moments.tiles) > 1 and all(tile.trace is not None for tile in moments.tiles))
    waiting = list(window.state.uncertain)
    assert 2 <= len(waiting) <= 8 and [r.end for r in waiting] == sorted((r.end for r in waiting), reverse=True)
    QTest.keyClick(window, Qt.Key.Key_W)
    assert moments.chosen is waiting[0]
    QTest.keyClick(window, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: len(retro(window)) == 1)
    QTest.keyClick(window, Qt.Key.Key_S)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    (take,) = retro(window)
    assert (take.who, take.start, take.end) == ("suggestion", waiting[0].start, waiting[0].end)
    assert not {r.hop for r in waiting[:2]} & {r.hop for r in window.state.uncertain}
    qtbot.waitUntil(lambda: engine.store.idle)


def test_what_is_labelled_otherwise_leaves_the_list_too(window, qtbot):
    qtbot.waitUntil(lambda: len(window.state.uncertain) > 1)
    reading = window.state.uncertain[-1]
    window.commands.labels.label_span(0, reading.start - 0.5, reading.end + 0.5)
    qtbot.waitUntil(lambda: reading.hop not in {r.hop for r in window.state.uncertain})


def test_the_threshold_of_unsure_reaches_the_stream(window, qtbot):
    engine = window.commands.engine
    window.commands.model.set_abstain(0.6)
    assert engine.lane.abstain == 0.6 and window.layout_.panels["answer"].bars.threshold == 0.6
