"""The recorder of the last seconds: what it costs while off, what it grabs, when it forgets, how it yields."""

import threading

import numpy as np
import pytest
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from dgstudio.studio.pictures import clip_compressor, clip_recorder, grab
from dgstudio.studio.pictures.clip_recorder import BUSY, LEAST_MS, ClipRecorder
from dgstudio.studio.pictures.grab import grabbed
from dgstudio.studio.pictures.pixels import pixels_of


class Plain(QWidget):
    """A widget of one colour."""

    def __init__(self, colour):
        super().__init__()
        self.colour = colour
        self.painted = 0

    def paintEvent(self, _event):
        self.painted += 1
        QPainter(self).fillRect(self.rect(), QColor(self.colour))


@pytest.fixture
def parts(qtbot):
    """Return two widgets in a shown window."""
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    column.setContentsMargins(7, 5, 7, 5)
    found = Plain("#204060"), Plain("#c04020")
    for part in found:
        column.addWidget(part)
    window.resize(214, 170)
    with qtbot.waitExposed(window):
        window.show()
    # Kept as long as they are.
    found[0].host = window
    return found


@pytest.fixture
def recorder(parts, monkeypatch):
    """Return a recorder of the first part, with `of` and `busy` to be changed."""
    monkeypatch.setattr(clip_recorder, "LEAST_MS", 5.0)
    now = {"of": parts[0], "busy": False}
    made = ClipRecorder(lambda: now["of"], lambda: now["busy"], parts[0])
    made.now = now
    yield made
    made.switch(False)


def colours(clip):
    return {tuple(pixels[0, 0].tolist()) for pixels in clip.frames()}


def clips():
    return [thread for thread in threading.enumerate() if thread.name == "dg-clip"]


def test_it_is_off_by_default_and_then_there_is_neither_a_thread_nor_a_timer(recorder, parts, qtbot):
    assert not recorder.on and not clips() and not recorder._timer.isActive() and recorder.taken() is None
    recorder.switch(True)
    qtbot.waitUntil(lambda: recorder.seconds > 0.05)
    assert len(clips()) == 1 and recorder.bytes > 0
    recorder.switch(False)
    assert not clips() and not recorder._timer.isActive() and recorder.taken() is None and recorder.bytes == 0


def test_it_keeps_what_is_shown_without_painting_it_again(recorder, parts, qtbot):
    painted = parts[0].painted
    recorder.switch(True)
    qtbot.waitUntil(lambda: recorder.seconds > 0.05)
    clip = recorder.taken()
    assert clip.size == (parts[0].width(), parts[0].height()) == (200, 77)
    assert colours(clip) == {(0x20, 0x40, 0x60)} and parts[0].painted == painted
    parts[0].colour = "#ffffff"
    parts[0].update()
    qtbot.waitUntil(lambda: colours(recorder.taken()) == {(0x20, 0x40, 0x60), (255, 255, 255)})


def test_it_begins_anew_for_another_part_and_goes_on_in_another_size(recorder, parts, qtbot):
    recorder.switch(True)
    qtbot.waitUntil(lambda: recorder.seconds > 0.05)
    recorder.now["of"] = parts[1]
    qtbot.waitUntil(lambda: recorder.seconds > 0 and (0x20, 0x40, 0x60) not in colours(recorder.taken()))
    began = recorder.taken().begin
    parts[0].window().resize(240, 190)
    qtbot.waitUntil(lambda: recorder.taken().size[0] == 226)
    assert colours(recorder.taken()) == {(0xC0, 0x40, 0x20)} and recorder.taken().begin == began


def test_what_is_not_seen_is_not_kept(recorder, parts, qtbot):
    recorder.switch(True)
    qtbot.waitUntil(lambda: recorder.seconds > 0.02)
    recorder.now["of"] = None
    before = recorder.taken().end
    for _ in range(5):
        recorder._grab()
    recorder.now["of"] = parts[0]
    parts[0].hide()
    recorder._grab()
    assert recorder.taken().end - before < 1.0
    ended = recorder.taken().end
    recorder._grab()
    assert recorder.taken().end == ended


def test_it_yields_to_a_busy_machine_and_where_a_frame_is_dear(recorder, qtbot, monkeypatch):
    monkeypatch.setattr(clip_recorder, "LEAST_MS", LEAST_MS)
    recorder.switch(True)
    assert recorder.interval_ms == LEAST_MS
    recorder.now["busy"] = True
    recorder._grab()
    assert recorder.interval_ms == pytest.approx(BUSY * LEAST_MS, rel=0.2)
    recorder.now["busy"] = False
    recorder._grab()
    assert recorder.interval_ms == pytest.approx(LEAST_MS, rel=0.2)
    clock = iter(range(10_000))
    monkeypatch.setattr(clip_recorder.time, "thread_time", lambda: next(clock) * 0.03)
    for _ in range(30):
        recorder._grab()
    assert recorder.interval_ms == pytest.approx(30 / clip_recorder.SHARE, rel=0.2), "30 ms a frame: 4 % of a core"


def test_frames_that_are_not_compressed_in_time_are_left_out(recorder, qtbot, monkeypatch):
    held, begun = threading.Event(), threading.Event()

    def slow(image):
        begun.set()
        held.wait(60)
        return pixels_of(image)

    monkeypatch.setattr(clip_compressor, "pixels_of", slow)
    recorder.switch(True)
    qtbot.waitUntil(begun.is_set)
    for _ in range(20):
        recorder._grab()
    assert recorder._compressor._waiting.qsize() <= clip_compressor.WAITING
    held.set()


def test_a_failure_switches_it_off_and_says_why(recorder, qtbot, monkeypatch):
    def fail(_image):
        raise MemoryError("no room")

    monkeypatch.setattr(clip_compressor, "pixels_of", fail)
    recorder.switch(True)
    with qtbot.waitSignal(recorder.gave_up) as signal:
        pass
    assert "no room" in signal.args[0] and not recorder.on and not clips()


def test_a_large_window_is_made_smaller(qapp):
    from PySide6.QtGui import QImage

    image = QImage(2160, 1000, QImage.Format.Format_RGB32)
    image.fill(QColor("#336699"))
    pixels = pixels_of(image)
    assert pixels.shape == (500, 1080, 3) and pixels[250, 500].tolist() == [0x33, 0x66, 0x99]


def test_where_pixels_cannot_be_copied_they_are_painted_once_more(parts, monkeypatch):
    copied = grabbed(parts[1])
    before = parts[1].painted
    monkeypatch.setattr(grab, "COPIED", ())
    painted = grabbed(parts[1])
    assert parts[1].painted == before + 1 and painted.size() == copied.size()
    assert np.array_equal(pixels_of(painted), pixels_of(copied))
