"""Videos and cameras through Qt: their frames reach the source, and whatever is wrong with them is a sentence."""

from __future__ import annotations

import random
import shutil
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtMultimedia import QMediaDevices, QVideoFrame, QVideoFrameFormat
from waiting import wait_until

from dgstudio.errors import StreamEnded, StreamError
from dgstudio.paths import sample
from dgstudio.streams.camera.source import CameraSource, FrameOrigin
from dgstudio.studio.camera import qt_frame as qt_frame_module
from dgstudio.studio.camera import video_feed
from dgstudio.studio.camera.video_feed import VideoFeed, hand_on

CLIP = sample("prints.mp4")


class Reader:
    """Does what dg-source does: opens, reads, and opens again after trouble."""

    def __init__(self, qtbot, origin: FrameOrigin) -> None:
        self.source = CameraSource(origin, name="clip", embed=False, rate=60.0)
        self.feed = VideoFeed(self.source)
        self.blocks, self.said = [], []
        self.ended = False
        self._qtbot = qtbot
        self.source.open()
        self.feed.start()

    def until(self, condition) -> None:
        def step() -> bool:
            if self.ended:
                return bool(condition())
            try:
                block = self.source.read(0.0)
            except StreamEnded:
                self.ended = True
            except StreamError as error:
                self.said.append(str(error))
                self.source.close()
                self.source.open()
            else:
                self.blocks += [block] if block is not None else []
            return bool(condition())

        self._qtbot.waitUntil(step)

    def stop(self) -> None:
        self.feed.stop()
        self.source.close()


@pytest.fixture
def reading(qtbot):
    made = []

    def make(origin: FrameOrigin) -> Reader:
        made.append(Reader(qtbot, origin))
        return made[-1]

    yield make
    for reader in made:
        reader.stop()


def test_a_video_plays_at_its_speed_with_its_labels(reading) -> None:
    reader = reading(FrameOrigin(CLIP, speed=8.0))
    labels = reader.source.spec.truth_names
    reader.until(lambda: any(block.truth[0] == labels.index("coffee") for block in reader.blocks))
    times = np.array([float(block.times[0]) for block in reader.blocks])
    assert (np.diff(times) > 0).all() and not reader.said
    picture = reader.source.picture()
    assert picture is not None and picture.pixels.shape == (240, 320, 3) and picture.pixels.std() > 10


def test_a_video_that_plays_once_ends_and_one_that_loops_goes_on(reading, tmp_path: Path) -> None:
    short = tmp_path / "short.avi"
    short.write_bytes(motion_jpeg(12))
    once = reading(FrameOrigin(short, loop=False))
    once.until(lambda: once.ended)
    assert once.blocks and not once.said
    again = reading(FrameOrigin(short))
    again.until(lambda: sum(block.break_before for block in again.blocks) >= 3)
    assert not again.ended and not again.said


def test_a_damaged_beginning_is_a_sentence_and_the_right_file_brings_it_back(reading, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(CLIP.read_bytes()[:40_000])
    reader = reading(FrameOrigin(path))
    reader.until(lambda: reader.said)
    assert reader.said[0].startswith("clip.mp4 cannot be played: it is damaged") and not reader.blocks
    shutil.copy(CLIP, path)
    reader.until(lambda: reader.blocks)
    path.unlink()


@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 100])
def test_what_is_no_video_is_a_sentence(reading, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    reader = reading(FrameOrigin(path))
    reader.until(lambda: reader.said)
    assert "cannot be played" in reader.said[0]


def test_a_video_that_is_gone_is_named(reading, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    shutil.copy(CLIP, path)
    reader = reading(FrameOrigin(path))
    path.unlink()
    reader.until(lambda: reader.said)
    assert reader.said[0] == "The video clip.mp4 is gone: put it back where it was."


def test_a_video_damaged_within_plays_on(reading, tmp_path: Path) -> None:
    content, chance = bytearray(CLIP.read_bytes()), random.Random(1)
    for _ in range(3000):
        content[chance.randrange(2000, len(content) - 60_000)] = chance.randrange(256)
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    reader = reading(FrameOrigin(path, speed=4.0))
    reader.until(lambda: len(reader.blocks) > 40)
    assert all(np.isfinite(block.values).all() for block in reader.blocks)


# -- frames ----------------------------------------------------------------------------------------------------------


def qt_frame(kind: QVideoFrameFormat.PixelFormat, wide: int, tall: int, luma: int) -> QVideoFrame:
    """A grey frame, as bright as asked, as Qt lays it out: rows padded as it likes."""
    frame = QVideoFrame(QVideoFrameFormat(QSize(wide, tall), kind))
    assert frame.map(QVideoFrame.MapMode.WriteOnly)
    for plane in range(frame.planeCount()):
        bits = np.frombuffer(frame.bits(plane), np.uint8)
        bits[:] = 128 if plane else luma
        if kind in (Format.Format_YUYV, Format.Format_UYVY):
            bits[int(kind is Format.Format_YUYV) :: 2] = 128
    frame.unmap()
    return frame


Format = QVideoFrameFormat.PixelFormat


@pytest.mark.parametrize(
    "kind",
    [
        Format.Format_NV12, Format.Format_NV21, Format.Format_YUV420P, Format.Format_YUV422P, Format.Format_YV12,
        Format.Format_YUYV, Format.Format_UYVY, Format.Format_Y8, Format.Format_BGRA8888, Format.Format_RGBX8888,
        Format.Format_ARGB8888_Premultiplied,
    ],
)  # fmt: skip
@pytest.mark.parametrize(("wide", "tall"), [(64, 48), (66, 50)])
def test_frames_in_any_format_come_as_pictures(qapp, kind: Format, wide: int, tall: int) -> None:
    source = CameraSource(FrameOrigin(), name="webcam", embed=False)
    source.open()
    hand_on(qt_frame(kind, wide, tall, 126), source)
    assert source.read(1.0) is not None
    picture = source.picture()
    assert picture is not None and picture.pixels.shape == (tall, wide, 3)
    packed = kind in (Format.Format_BGRA8888, Format.Format_RGBX8888, Format.Format_ARGB8888_Premultiplied)
    expected = 126 if packed or kind is Format.Format_Y8 else (126 - 16) * 255 / 219
    np.testing.assert_allclose(picture.pixels, expected, atol=2)
    source.close()


@pytest.mark.qt_log_ignore("No RHI backend")
def test_a_format_that_is_not_ours_comes_by_way_of_qt(qapp, monkeypatch: pytest.MonkeyPatch) -> None:
    source = CameraSource(FrameOrigin(), name="webcam", embed=False)
    source.open()
    monkeypatch.delitem(qt_frame_module.KNOWN, "Format_BGRX8888")
    hand_on(qt_frame(Format.Format_BGRX8888, 66, 48, 100), source)
    wait_until(lambda: source.read(0.05))
    picture = source.picture()
    assert picture is not None
    np.testing.assert_array_equal(picture.pixels, np.full((48, 66, 3), 100))
    monkeypatch.setattr(QVideoFrame, "toImage", lambda _frame: QImage())
    hand_on(qt_frame(Format.Format_BGRX8888, 66, 48, 100), source)
    with pytest.raises(StreamError, match=r"in the format BGRX8888, which cannot be read here"):
        source.read(1.0)
    source.close()


# -- cameras ---------------------------------------------------------------------------------------------------------


class Camera(SimpleNamespace):
    """A device as Qt lists it."""

    def id(self) -> bytes:
        return self.name.encode()

    def description(self) -> str:
        return self.name


def listed(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(QMediaDevices, "videoInputs", staticmethod(lambda: [Camera(name=name) for name in names]))


def test_without_a_camera_it_says_so_and_asks_again(reading, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(video_feed, "DEVICES", tmp_path)
    listed(monkeypatch)
    reader = reading(FrameOrigin())
    reader.until(lambda: len(reader.said) >= 2)
    assert set(reader.said) == {"No camera is connected: plug one in, or give a video file with --source."}


def test_a_camera_that_one_may_not_use_is_named(reading, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    monkeypatch.setattr(video_feed, "DEVICES", tmp_path)
    monkeypatch.setattr(video_feed.os, "access", lambda *_: False)
    listed(monkeypatch)
    reader = reading(FrameOrigin())
    reader.until(lambda: reader.said)
    assert "You may not use the camera" in reader.said[0] and "group video" in reader.said[0]


def test_a_camera_is_chosen_by_a_part_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [Camera(name="Integrated Camera"), Camera(name="Logitech C920")]
    assert video_feed._chosen(devices, "logi") is devices[1] and video_feed._chosen(devices, "") is devices[0]
    with pytest.raises(video_feed.DgstudioError, match=r"No camera is called “Brio”: there is Integrated Camera, Logi"):
        video_feed._chosen(devices, "Brio")


def test_without_permission_it_says_where_to_give_it(reading, monkeypatch: pytest.MonkeyPatch, qapp) -> None:
    states, asked = [Qt.PermissionStatus.Undetermined], []
    app = SimpleNamespace(checkPermission=lambda _wanted: states[0], requestPermission=lambda *_: asked.append(1))
    monkeypatch.setattr(video_feed, "_application", lambda: app)
    reader = reading(FrameOrigin())
    reader.until(lambda: reader.said)
    assert asked and "The system asks" in reader.said[0]
    states[0] = Qt.PermissionStatus.Denied
    reader.until(lambda: any("does not let dgstudio see the camera" in said for said in reader.said))


def test_the_smallest_pictures_that_are_large_enough_are_asked_for() -> None:
    def form(wide: int, tall: int, hz: float):
        return SimpleNamespace(maxFrameRate=lambda: hz, resolution=lambda: QSize(wide, tall), size=(wide, tall))

    forms = [form(1920, 1080, 30), form(640, 480, 5), form(320, 240, 60), form(800, 600, 30), form(1280, 720, 30)]
    chosen = video_feed._format_of(forms)
    assert chosen is forms[3] and video_feed._format_of(forms[1:3]) is None


def test_what_qt_cannot_load_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "PySide6_Addons" in video_feed._why_not(ModuleNotFoundError("No module named 'PySide6.QtMultimedia'"))
    monkeypatch.setattr(video_feed.system_packages, "missing_libraries", lambda: ["libpulse.so.0"])
    assert "libpulse" in video_feed._why_not(ImportError("libpulse.so.0: cannot open shared object file"))


def test_stopping_leaves_nothing_behind(reading) -> None:
    reader = reading(FrameOrigin(CLIP))
    reader.until(lambda: reader.blocks)
    reader.feed.stop()
    count = reader.source.taken + reader.source.dropped
    reader.feed.stop()
    wait_until(lambda: reader.source.read(0.0) is None)
    assert reader.source.taken + reader.source.dropped <= count + 1


def test_it_ends_whenever_that_is_asked_for(reading) -> None:
    """Also while a frame is on its way: the end of Qt's thread must not wait for ours."""
    reader = reading(FrameOrigin(CLIP, speed=16.0))
    for turn in range(12):
        frames = len(reader.blocks)
        reader.until(lambda frames=frames, turn=turn: len(reader.blocks) > frames + turn % 4)
        reader.source.close()
        reader.source.open()
    assert not reader.said


def motion_jpeg(frames: int) -> bytes:
    """A tiny AVI of motion JPEG: grey pictures, 25 a second."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice
    from PySide6.QtGui import QImage

    pictures = []
    for number in range(frames):
        image = QImage(64, 48, QImage.Format.Format_RGB888)
        image.fill(0xFF000000 + 0x0A0A0A * (number % 20))
        kept = QByteArray()
        buffer = QBuffer(kept)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        assert image.save(buffer, "JPEG")
        buffer.close()
        pictures.append(bytes(kept.data()))

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    def made_of(name: bytes, kind: bytes, *parts: bytes) -> bytes:
        return chunk(name, kind + b"".join(parts))

    header = struct.pack("<14I", 40_000, 100_000, 0, 0x10, frames, 0, 1, 10_000, 64, 48, 0, 0, 0, 0)
    stream = b"vidsMJPG" + struct.pack("<5I", 0, 0, 0, 1, 25) + struct.pack("<3I", 0, frames, 10_000)
    stream += struct.pack("<2I4H", 0xFFFFFFFF, 0, 0, 0, 64, 48)
    form = struct.pack("<3I2H", 40, 64, 48, 1, 24) + b"MJPG" + struct.pack("<5I", 64 * 48 * 3, 0, 0, 0, 0)
    list_of_streams = made_of(b"LIST", b"strl", chunk(b"strh", stream), chunk(b"strf", form))
    places, movie = b"", b"movi"
    for picture in pictures:
        places += b"00dc" + struct.pack("<3I", 0x10, len(movie), len(picture))
        movie += chunk(b"00dc", picture)
    return made_of(
        b"RIFF", b"AVI ", made_of(b"LIST", b"hdrl", chunk(b"avih", header), list_of_streams),
        chunk(b"LIST", movie), chunk(b"idx1", places),
    )  # fmt: skip
