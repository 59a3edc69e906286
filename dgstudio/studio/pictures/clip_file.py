"""Moving pictures as files: WebP, or GIF, which every program shows, in 256 colours; written by Pillow."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.session.export.atomic_write import needed, write_whole
from dgstudio.studio.pictures.clip_frames import Clip

if TYPE_CHECKING:
    from PIL.Image import Image

Indices = npt.NDArray[np.uint8]
"""Numbers of colours (tall, wide)."""
Note = Callable[[float], None]
"""Is told how much is done, 0..1; raises where it is wanted no more."""
QUALITY: Final = 88
"""Of WebP, 0..100: letters are clear; without loss a file is twice as large and takes three times as long."""
METHOD: Final = 1
"""Effort of WebP, 0..6: beyond this it takes longer and longer for hardly less."""
SAMPLED: Final = 8
"""Frames, evenly spread, from which the colours of a GIF file are chosen."""
COLOURS: Final = 256
CENTI: Final = 100
"""The unit of time of GIF, parts of a second."""
LAST_S: Final = 0.5
"""As long the last frame is seen at least, before it begins anew."""


def write_clip(path: Path, clip: Clip, note: Note, *, overwrite: bool) -> None:
    """Write a WebP or GIF file, as its ending says, that is repeated for ever. Any thread.

    Raises
    ------
    BadInputError
        If it has another ending, or is there and `overwrite` is false.
    DgstudioError
        If Pillow is missing, or the system refuses; what was there before is still there.
    """
    make = {".webp": _write_webp, ".gif": _write_gif}.get(path.suffix.lower())
    if make is None:
        raise BadInputError(f"{path.name} ends neither in .webp nor in .gif: give it one of these endings.")
    needed("PIL.Image")
    write_whole([(path, lambda new: make(new, clip, note))], overwrite)


def durations(clip: Clip, per_s: int) -> list[int]:
    """Return how long each frame is seen, in parts of a second; what is rounded adds up to nothing."""
    ends = [*clip.times()[1:], max(clip.seconds, clip.times()[-1] + LAST_S)]
    marks = [0, *(round(end * per_s) for end in ends)]
    return [max(1, after - before) for before, after in pairwise(marks)]


def _write_webp(path: Path, clip: Clip, note: Note) -> None:
    from dgstudio.studio.pictures.clip_sequence import ClipSequence

    with path.open("wb") as file:
        ClipSequence(clip, note).save(
            file, "WEBP", save_all=True, quality=QUALITY, method=METHOD, duration=durations(clip, 1000), loop=0
        )


def _write_gif(path: Path, clip: Clip, note: Note) -> None:
    """Frame by frame, each no larger than what has changed: Pillow alone would hold all of them in memory."""
    from PIL import GifImagePlugin, Image

    palette = _palette(clip)
    lasting = durations(clip, CENTI)
    before = None
    with path.open("wb") as file:
        for place, pixels in enumerate(clip.frames()):
            note(place / len(lasting))
            frame = Image.fromarray(pixels).quantize(palette=palette, dither=Image.Dither.NONE)
            now = np.asarray(frame)
            if before is None:
                file.writelines(GifImagePlugin.getheader(frame, info={"loop": 0})[0])
            left, top, right, below = _changed(before, now)
            part = frame.crop((left, top, right, below))
            file.writelines(GifImagePlugin.getdata(part, (left, top), duration=lasting[place] * 1000 // CENTI))
            before = now
        file.write(b";")


def _changed(before: Indices | None, now: Indices) -> tuple[int, int, int, int]:
    """Return the least box with all that has changed: left, top, right, below; one pixel where nothing has."""
    if before is None:
        return 0, 0, now.shape[1], now.shape[0]
    differs = before != now
    rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
    if not len(rows):
        return 0, 0, 1, 1
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _palette(clip: Clip) -> Image:
    """Return a picture with the colours that serve all of a clip best."""
    from PIL import Image

    count = len(clip.times())
    wanted = {round(place) for place in np.linspace(0, count - 1, SAMPLED)}
    # How often each of 2¹⁸ colours occurs, and the sums of its reds, greens and blues.
    seen = np.zeros((4, 1 << 18))
    for place, pixels in enumerate(clip.frames()):
        if place in wanted:
            # Every second pixel of every second row says as much.
            few = pixels[::2, ::2].reshape(-1, 3)
            kind = (few >> 2).astype(np.int32) @ np.array([1 << 12, 1 << 6, 1], np.int32)
            for row, values in enumerate((None, *few.T)):
                seen[row] += np.bincount(kind, values, seen.shape[1])
    occurs = seen[0] > 0
    colours = np.rint(seen[1:, occurs] / seen[0, occurs]).astype(np.uint8).T
    # By the roots of their numbers: most of a window is ground, and what matters are thin lines and small letters.
    mixed = np.repeat(colours, np.ceil(np.sqrt(seen[0, occurs])).astype(np.int64), axis=0)
    return Image.fromarray(mixed[None]).quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
