"""Moving pictures as files, read again by Pillow: frames, times, colours; what fails or is cancelled leaves nothing."""

import errno

import numpy as np
import pytest
from PIL import Image

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.session.export import atomic_write
from dgstudio.studio.pictures.clip_file import LAST_S, durations, write_clip
from dgstudio.studio.pictures.clip_frames import ClipFrames
from dgstudio.studio.pictures.file_writing import Cancelled

WIDE, TALL = 64, 48
INKS = [(20, 24, 30), (200, 40, 40), (40, 180, 90), (240, 160, 40)]
STEPS = [0.125, 0.131, 0.5, 0.125, 0.127, 0.125, 1.0]


def picture(number):
    """A plain ground with a square of a colour of its own that moves along."""
    pixels = np.full((TALL, WIDE, 3), INKS[0], np.uint8)
    pixels[8:24, 4 * number : 4 * number + 16] = INKS[1 + number % 3]
    return pixels


@pytest.fixture
def clip():
    frames, when = ClipFrames(), 50.0
    for number, step in enumerate(STEPS):
        frames.add(when, picture(number))
        # Seen once more and unchanged: is no frame of its own.
        frames.add(when + 0.6 * step, picture(number))
        when += step
    frames.add(when, picture(len(STEPS) - 1))
    return frames.taken()


def read(path):
    """Mode RGB pixels, and milliseconds, of each frame."""
    found = []
    with Image.open(path) as image:
        for place in range(image.n_frames):
            image.seek(place)
            image.load()
            found.append((np.asarray(image.convert("RGB")).astype(int), image.info["duration"]))
        assert image.info["loop"] == 0, "it is repeated for ever"
    return found


@pytest.mark.parametrize(("ending", "unit", "near"), [("webp", 1, 40), ("gif", 10, 12)])
def test_a_file_has_every_frame_for_as_long_as_it_was_seen(clip, tmp_path, ending, unit, near):
    path, told = tmp_path / f"a.{ending}", []
    write_clip(path, clip, told.append, overwrite=False)
    found = read(path)
    assert len(found) == len(STEPS)
    for number, (pixels, ms) in enumerate(found):
        assert ms == pytest.approx(1000 * STEPS[number], abs=unit)
        assert np.abs(pixels - picture(number)).mean() < near / 8 and pixels.shape == (TALL, WIDE, 3)
    assert sum(ms for _, ms in found) == pytest.approx(1000 * sum(STEPS), abs=unit), "what is rounded does not add up"
    assert told == sorted(told) and told[0] == 0.0 and 0.7 < told[-1] < 1.0
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_the_last_frame_is_seen_for_a_moment():
    frames = ClipFrames()
    frames.add(1.0, picture(0))
    frames.add(1.5, picture(1))
    assert durations(frames.taken(), 1000) == [500, round(1000 * LAST_S)]


def test_one_frame_is_a_picture_too(tmp_path):
    frames = ClipFrames()
    frames.add(1.0, picture(0))
    for ending in ("webp", "gif"):
        write_clip(tmp_path / f"a.{ending}", frames.taken(), lambda _share: None, overwrite=False)
        with Image.open(tmp_path / f"a.{ending}") as image:
            assert image.size == (WIDE, TALL) and getattr(image, "n_frames", 1) == 1


@pytest.mark.parametrize("ending", ["webp", "gif"])
def test_cancel_leaves_nothing(clip, tmp_path, ending):
    def note(share):
        if share > 0.4:
            raise Cancelled("enough")

    (tmp_path / f"there.{ending}").write_bytes(b"mine")
    for name in ("a", "there"):
        with pytest.raises(Cancelled):
            write_clip(tmp_path / f"{name}.{ending}", clip, note, overwrite=True)
    assert [entry.name for entry in tmp_path.iterdir()] == [f"there.{ending}"]
    assert (tmp_path / f"there.{ending}").read_bytes() == b"mine"


def test_what_cannot_be_written_is_told_and_leaves_nothing(clip, tmp_path, monkeypatch):
    def write(name):
        write_clip(tmp_path / name, clip, lambda _share: None, overwrite=False)

    with pytest.raises(BadInputError, match=r"neither in \.webp nor in \.gif"):
        write("a.png")
    with pytest.raises(DgstudioError, match="nothing was written"):
        write("none/a.webp")
    (tmp_path / "a.gif").write_bytes(b"mine")
    with pytest.raises(BadInputError, match="exists already"):
        write("a.gif")

    def full(_file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic_write.os, "fsync", full)
    with pytest.raises(DgstudioError, match="no space left on device; nothing was written"):
        write("b.webp")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.gif"]


def test_without_pillow_it_is_said_what_is_missing(clip, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(DgstudioError, match=r"needs pillow, which is not installed; to install it: "):
        write_clip(tmp_path / "a.webp", clip, lambda _share: None, overwrite=False)
