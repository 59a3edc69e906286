"""The last seconds of a moving picture, in memory: each frame as what has changed since the one before, compressed."""

from __future__ import annotations

import threading
import zlib
from collections import deque
from collections.abc import Iterator
from typing import Final

import numpy as np

from dgstudio.records import dataclass
from dgstudio.studio.pictures.limits import KEPT_S, MOST_BYTES
from dgstudio.studio.pictures.pixels import fitted
from dgstudio.types import U8

GROUP: Final = 16
"""Frames that are forgotten together: the first of them is whole, the others say what has changed."""
LEVEL: Final = 1
"""Of compression: where little has changed, more effort hardly makes less of it."""
Part = tuple[float, bytes]
"""When a frame was seen first, and its pixels; none where nothing has changed."""


@dataclass(slots=True, eq=False)
class FrameGroup:
    """Frames of `wide` × `tall` pixels that follow each other."""

    wide: int
    tall: int
    parts: list[Part]


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A moving picture, seen from `begin` to `end`, in seconds. Any thread reads it."""

    groups: tuple[FrameGroup, ...]
    begin: float
    end: float

    @property
    def size(self) -> tuple[int, int]:
        """How wide and how tall it is in pixels: as it was at the end."""
        return self.groups[-1].wide, self.groups[-1].tall

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.begin

    def times(self) -> list[float]:
        """Return when each frame in which something has changed begins, from the beginning of the clip on."""
        when = [when for group in self.groups for when, data in group.parts if data]
        # What was there already when the clip begins is its first frame.
        first = max((place for place, each in enumerate(when) if each <= self.begin), default=0)
        return [max(0.0, each - self.begin) for each in when[first:]]

    def frames(self) -> Iterator[U8]:
        """Give the pixels (tall, wide, 3) of each of these frames; what had another size is fitted in."""
        skipped = sum(bool(data) for group in self.groups for _, data in group.parts) - len(self.times())
        for group in self.groups:
            pixels: U8 = np.zeros((group.tall, group.wide, 3), np.uint8)
            for _, data in group.parts:
                if data:
                    pixels = pixels ^ np.frombuffer(zlib.decompress(data), np.uint8).reshape(pixels.shape)
                    skipped -= 1
                    if skipped < 0:
                        yield fitted(pixels, *self.size)


class ClipFrames:
    """The newest `KEPT_S` seconds of frames. One thread adds, any thread reads."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._groups: deque[FrameGroup] = deque()
        self._bytes = 0
        self._newest: U8 | None = None

    @property
    def bytes(self) -> int:
        """How much memory they take."""
        return self._bytes

    @property
    def seconds(self) -> float:
        """How long they are."""
        with self._lock:
            return self._end() - self._begin()

    def add(self, when: float, pixels: U8) -> None:
        """Add what is seen from a moment on, pixels (tall, wide, 3); later than all before."""
        newest, self._newest = self._newest, pixels
        whole = newest is None or newest.shape != pixels.shape or len(self._groups[-1].parts) >= GROUP
        changed = pixels if newest is None or whole else pixels ^ newest
        data = zlib.compress(changed.tobytes(), LEVEL) if whole or changed.any() else b""
        with self._lock:
            if whole:
                self._groups.append(FrameGroup(pixels.shape[1], pixels.shape[0], []))
            self._groups[-1].parts.append((when, data))
            self._bytes += len(data)
            while len(self._groups) > 1 and (self._groups[1].parts[0][0] <= when - KEPT_S or self._bytes > self._most):
                self._bytes -= sum(len(part) for _, part in self._groups.popleft().parts)

    def taken(self) -> Clip | None:
        """Return what is kept now, None where that is nothing."""
        with self._lock:
            if not self._groups:
                return None
            groups = tuple(FrameGroup(group.wide, group.tall, [*group.parts]) for group in self._groups)
            return Clip(groups, self._begin(), self._end())

    def _begin(self) -> float:
        return max(self._groups[0].parts[0][0], self._end() - KEPT_S) if self._groups else 0.0

    def _end(self) -> float:
        return self._groups[-1].parts[-1][0] if self._groups else 0.0
