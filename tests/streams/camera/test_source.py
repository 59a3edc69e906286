"""Pictures as a stream: the newest frame wins, knobs turn and cut, trouble is said, and the stream goes on after it."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from waiting import DEADLINE_S

from dgstudio.errors import BadInputError, StreamEnded, StreamError
from dgstudio.extras import known
from dgstudio.extras.known import EXTRAS, line
from dgstudio.paths import sample
from dgstudio.streams.camera import kind, source
from dgstudio.streams.camera.colour_gradients import ColourGradients
from dgstudio.streams.camera.small_picture import picture_of, window_of
from dgstudio.streams.camera.source import CameraSource, FrameOrigin
from dgstudio.streams.camera.video_frame import VideoFrame
from dgstudio.streams.condition import Lamp
from dgstudio.streams.features import SignalFeatures
from dgstudio.streams.registry import open_source
from dgstudio.types import UNKNOWN_TRUTH, Block, StreamKind

CLIP = sample("prints.mp4")


def frame(
    value: int = 100, *, position: float | None = None, wide: int = 80, tall: int = 60, wall: float | None = None
):
    """A frame, grey on the left and black on the right."""
    plane = np.zeros((tall, wide), np.uint8)
    plane[:, : wide // 2] = value
    return VideoFrame((plane,), False, time.perf_counter() if wall is None else wall, position=position)


def camera(**options) -> CameraSource:
    options = {"origin": FrameOrigin(), "name": "webcam", "embed": False, "rate": 60.0} | options
    made = CameraSource(**options)
    made.open()
    return made


def read(made: CameraSource) -> Block:
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        block = made.read(0.05)
        if block is not None:
            return block
    raise AssertionError("no picture came")


def test_a_sample_is_what_the_model_sees_of_a_picture() -> None:
    made = camera()
    features = SignalFeatures(made.spec)
    assert made.spec.kind is StreamKind.IMAGE and made.spec.window == made.spec.hop == 1
    assert features.names == ColourGradients.names()
    assert made.read(0.0) is None
    made.offer(frame())
    block = read(made)
    assert block.values.shape == (1, features.dim) and np.isfinite(block.values).all()
    assert features(block.values).tobytes() == block.values[0].tobytes()
    made.close()


def test_the_newest_frame_wins_and_what_it_replaced_is_counted() -> None:
    made = camera()
    for value in (10, 20, 200):
        made.offer(frame(value))
    newest = read(made).values
    assert made.dropped == 2 and made.taken == 1
    made.offer(frame(200))
    np.testing.assert_array_equal(read(made).values, newest)
    assert made.age_ms > 0 and len(made.ages()) == 2
    made.close()


def test_no_more_pictures_are_described_than_was_declared() -> None:
    made = camera(rate=10.0)
    begin = time.perf_counter()
    for _ in range(4):
        made.offer(frame())
        read(made)
    assert time.perf_counter() - begin >= 0.25
    made.close()


def test_stream_time_rises_over_the_end_of_a_video_with_a_break() -> None:
    made = camera(origin=FrameOrigin(CLIP), name="prints")
    blocks = []
    for position in (0.0, 1.2, 2.0, 0.0, 1.2, 1.0):
        made.offer(frame(position=position))
        blocks.append(read(made))
    times = [float(block.times[0]) for block in blocks]
    assert all(b > a for a, b in pairwise(times))
    assert [block.break_before for block in blocks] == [True, False, False, True, False, True]
    np.testing.assert_allclose(times[1] - times[0], 1.2, atol=1e-6)
    labels = [int(block.truth[0]) for block in blocks if block.truth is not None]
    assert labels == [UNKNOWN_TRUTH, 0, 0, UNKNOWN_TRUTH, 0, UNKNOWN_TRUTH]
    made.close()


def test_a_camera_keeps_the_time_of_its_frames() -> None:
    made = camera()
    made.offer(frame(wall=50.0))
    first = read(made)
    made.offer(frame(wall=50.25))
    assert float(read(made).times[0] - first.times[0]) == pytest.approx(0.25)
    made.close()


def test_trouble_is_said_once_frames_are_asked_for_anew_and_the_stream_goes_on() -> None:
    made = camera()
    made.offer(frame())
    read(made)
    wanted = made.wanted
    made.tell_trouble("The camera is gone: plug it in again.")
    with pytest.raises(StreamError, match="plug it in again"):
        read(made)
    made.close()
    assert made.wanted == 0
    assert made.trouble.startswith("The camera is gone")
    made.open()
    assert made.wanted not in (0, wanted)
    assert made.read(0.0) is None
    made.offer(frame())
    assert read(made).break_before and not made.trouble
    made.close()


def test_a_camera_that_falls_silent_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "SILENCE_S", 0.05)
    made = camera()
    # Before the first picture it may take its time.
    assert made.read(0.1) is None
    made.offer(frame())
    read(made)
    with pytest.raises(StreamError, match="no picture for"):
        read(made)
    made.close()


def test_a_video_that_plays_once_ends() -> None:
    made = camera(origin=FrameOrigin(CLIP, loop=False), name="prints")
    made.offer(frame(position=0.0))
    made.tell_end()
    read(made)
    with pytest.raises(StreamEnded):
        read(made)
    made.close()
    with pytest.raises(StreamError, match="not open"):
        made.read(0.0)


def shown(made: CameraSource, **options) -> np.ndarray:
    made.offer(frame(200, **options))
    read(made)
    picture = made.picture()
    assert picture is not None
    return picture.pixels


def test_knobs_mirror_turn_and_cut() -> None:
    made = camera(origin=FrameOrigin(CLIP), name="prints")
    knobs = {knob.name: knob for knob in made.knobs()}
    assert knobs["mirror"].value is False and camera().knobs()[1].value is True
    pixels = shown(made)
    assert pixels.shape == (60, 80, 3) and pixels[30, 5, 0] == 200 and pixels[30, 75, 0] == 0
    made.set_knob("mirror", True)
    assert shown(made)[30, 75, 0] == 200
    made.set_knob("mirror", False)
    made.set_knob("turn", "90°")
    pixels = shown(made)
    # To the right: what was left is on top.
    assert pixels.shape == (80, 60, 3) and pixels[5, 30, 0] == 200 and pixels[75, 30, 0] == 0
    made.set_knob("turn", "0°")
    whole = read_features(made)
    made.set_knob("crop", 50)
    picture = made.picture()
    part = read_features(made)
    picture = made.picture()
    assert picture is not None and not np.array_equal(whole, part)
    np.testing.assert_allclose(picture.square, (25 / 80, 15 / 60, 30 / 80))
    for name, value in (("crop", "half"), ("turn", "45°"), ("mirror", 1), ("zoom", 2)):
        with pytest.raises(BadInputError):
            made.set_knob(name, value)
    made.close()


def read_features(made: CameraSource) -> np.ndarray:
    made.offer(frame(200))
    return read(made).values


def test_small_pictures_are_kept_near_their_time_and_can_be_switched_off() -> None:
    made = camera(origin=FrameOrigin(CLIP), name="prints")
    times = []
    for value, position in ((50, 1.0), (150, 3.0)):
        made.offer(frame(value, position=position))
        times.append(float(read(made).times[0]))
    for value, moment in zip((50, 150), times, strict=True):
        window = made.thumbnail(moment)
        assert window is not None
        pixels = picture_of(window)
        assert pixels is not None and pixels.shape == (48, 64, 3)
        np.testing.assert_array_equal(window_of(pixels), window)
        assert pixels[24, 4, 0] == value and pixels[24, 60, 0] == 0
    assert made.thumbnail(times[1] + 5) is None
    made.set_knob("small pictures", False)
    assert made.thumbnail(times[1]) is None and made.picture_window(times[1]) is not None
    made.close()


def test_the_window_of_a_signal_is_no_picture() -> None:
    assert picture_of(np.zeros((50, 6), np.float32)) is None
    assert picture_of(np.full((48, 192), 0.5, np.float32)) is None
    assert picture_of(np.full((48, 192), -1, np.float32)) is None


@pytest.mark.parametrize("shape", [(60, 80), (1080, 1920), (20, 30), (640, 360)])
def test_pictures_of_any_size_are_shown_and_kept(shape: tuple[int, int]) -> None:
    made = camera()
    made.offer(frame(tall=shape[0], wide=shape[1]))
    moment = float(read(made).times[0])
    picture = made.picture()
    assert picture is not None and max(picture.pixels.shape) <= 480
    kept = made.small_picture(moment)
    assert kept is not None and kept.shape == (48, 64, 3)
    made.close()


# -- how they are asked for ----------------------------------------------------------------------------------------


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    installed = {"PySide6.QtMultimedia": True}
    monkeypatch.setattr(kind, "installed", lambda package, _distribution: installed[package])
    return installed


def test_cameras_and_videos_open_by_name_and_path(there: dict[str, bool], tmp_path: Path) -> None:
    first, named = open_source("webcam"), open_source("webcam:Logi")
    assert isinstance(first, CameraSource) and first.origin == FrameOrigin()
    assert isinstance(named, CameraSource) and named.origin.camera == "Logi"
    shipped = open_source("prints", speed=2, loop=False)
    assert isinstance(shipped, CameraSource) and shipped.origin == FrameOrigin(CLIP, speed=2.0, loop=False)
    assert shipped.spec.truth_names and shipped.spec.name == "prints"
    own = tmp_path / "My clip.MOV"
    own.write_bytes(b"")
    assert open_source(str(own)).spec.name == "My clip"


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("webcam", {"speed": 2.0}, "leave out --speed"),
        ("webcam", {"labels_column": "label"}, "no column “label”"),
        ("webcam", {"rate": 500.0}, "1 to 60 times a second"),
        ("prints", {"speed": 0.0}, "above 0"),
        ("prints", {"speed": 100.0}, "0.1 to 20 times"),
        ("nowhere.mp4", {}, "There is no video “nowhere.mp4”"),
    ],
)
def test_what_cannot_be_is_refused(there: dict[str, bool], name: str, options: dict, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        open_source(name, **options)


def test_without_qtmultimedia_it_says_how_to_install_it(there: dict[str, bool]) -> None:
    there["PySide6.QtMultimedia"] = False
    with pytest.raises(BadInputError) as caught:
        open_source("webcam")
    assert "Cameras and videos need PySide6_Addons" in str(caught.value) and line(EXTRAS["webcam"]) in str(caught.value)


def test_without_the_embedding_the_light_description_is_used_and_said(
    there: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = open_source("prints")
    assert isinstance(full, CameraSource)
    assert not full.light_only and full.notes[0].sentence == "Pictures are described by EfficientNet-Lite0."
    monkeypatch.setattr(source, "lite0_at_hand", lambda: False)
    light = open_source("prints")
    assert isinstance(light, CameraSource) and light.light_only
    assert "colours and edges only" in light.notes[0].sentence and line(EXTRAS["webcam"]) in light.notes[0].sentence
    # What one has learned means nothing to the other.
    assert not set(light.spec.channels) & set(full.spec.channels)


def test_the_extra_names_all_that_it_needs() -> None:
    assert known.extra_of("PySide6.QtMultimedia") is EXTRAS["webcam"]
    assert known.extra_of("onnx") is EXTRAS["export"]


def test_it_says_how_it_stands() -> None:
    made = camera()
    assert made.condition().lamp is Lamp.WAITING and made.condition().why is None
    made.tell_trouble("No camera is connected: plug one in.")
    assert made.condition().words == "waiting: No camera is connected: plug one in"
    made.open()
    made.offer(frame())
    read(made)
    assert made.condition().lamp is Lamp.RECEIVING
    made.close()
