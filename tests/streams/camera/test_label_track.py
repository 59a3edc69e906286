"""Labels beside a video: what is shown when, and which line is wrong."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from dgstudio.errors import BadInputError
from dgstudio.paths import sample
from dgstudio.streams.camera.label_track import LabelTrack
from dgstudio.types import UNKNOWN_TRUTH


def written(folder: Path, text: str) -> Path:
    path = folder / "clip.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_shown_when(tmp_path: Path) -> None:
    text = "2.0\t3.5\tcup\n\\\t100\t200\n0.5\t1.5\tmy hand\n\n4\t5\tcup\n"
    track = LabelTrack.read(written(tmp_path, text))
    assert track.names == ("my hand", "cup")
    at = [0.0, 0.5, 1.49, 1.5, 2.0, 3.6, 4.5, 5.0, 99.0]
    shown = [track.at(position) for position in at]
    none = UNKNOWN_TRUTH
    assert shown == [none, 0, 0, none, 1, none, 1, none, none]


@pytest.mark.parametrize("line", ["1\t2", "a\tb\tc", "2\t1\tcup", "-1\t1\tcup", "1\tinf\tcup", "1\t2\t ", "1 2 cup"])
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadInputError, match=r"Line 2 of the label track clip\.txt is wrong"):
        LabelTrack.read(written(tmp_path, f"0\t1\tcup\n{line}\n"))


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInputError, match="cannot be read"):
        LabelTrack.read(path)
    assert not LabelTrack.read(written(tmp_path, "")).names


def test_the_shipped_clip_shows_five_prints_at_three_places() -> None:
    track = LabelTrack.read(sample("prints.txt"))
    assert track.names == ("cat", "coffee", "astronaut", "rocket", "galaxies")
    shown = [track.at(0.1 * k) for k in range(620)]
    for label in range(5):
        begins = sum(b == label and a != label for a, b in pairwise(shown))
        assert begins == 3
