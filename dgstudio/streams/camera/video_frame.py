"""A frame of a video as its planes of numbers, whatever the format that camera or file delivers; and its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.streams.camera.resampling import resized
from dgstudio.types import F32, U8

Bytes = npt.NDArray[np.uint8]


class PixelFormat(StrEnum):
    """How the bytes of a frame lie. Names are those of Qt."""

    YUV420P = "YUV420P"
    YUV422P = "YUV422P"
    YV12 = "YV12"
    NV12 = "NV12"
    NV21 = "NV21"
    YUYV = "YUYV"
    UYVY = "UYVY"
    P010 = "P010"
    P016 = "P016"
    Y8 = "Y8"
    Y16 = "Y16"
    ARGB = "ARGB8888"
    XRGB = "XRGB8888"
    BGRA = "BGRA8888"
    BGRX = "BGRX8888"
    ABGR = "ABGR8888"
    XBGR = "XBGR8888"
    RGBA = "RGBA8888"
    RGBX = "RGBX8888"
    RGB = "RGB888"
    """Three bytes a pixel: what Qt makes of a format that is not in this list."""


PACKED = {
    PixelFormat.ARGB: (1, 2, 3),
    PixelFormat.XRGB: (1, 2, 3),
    PixelFormat.BGRA: (2, 1, 0),
    PixelFormat.BGRX: (2, 1, 0),
    PixelFormat.ABGR: (3, 2, 1),
    PixelFormat.XBGR: (3, 2, 1),
    PixelFormat.RGBA: (0, 1, 2),
    PixelFormat.RGBX: (0, 1, 2),
    PixelFormat.RGB: (0, 1, 2),
}
"""Where red, green and blue are in the four bytes of a pixel, or the three."""
PLANES = {
    PixelFormat.YUV420P: 3,
    PixelFormat.YUV422P: 3,
    PixelFormat.YV12: 3,
    PixelFormat.NV12: 2,
    PixelFormat.NV21: 2,
    PixelFormat.P010: 2,
    PixelFormat.P016: 2,
}
"""How many planes a frame has, where it is more than one."""
LARGEST = 16384
"""Pixels that a frame may be wide or high."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """One frame, copied: nothing of the camera's memory is held.

    Attributes
    ----------
    planes : three planes (n, m), red green blue or, with `luma`, brightness and two colour differences; one is grey.
    luma : whether they are Y, Cb, Cr.
    full : whether Y runs from 0 to 255 and not from 16 to 235.
    high : whether the colours are those of high definition (BT.709), not of BT.601.
    turns : quarter turns to the right that it still needs to stand upright.
    wall : when it came, `time.perf_counter`.
    position : seconds from the beginning of its file; None of a camera.
    """

    planes: tuple[Bytes, ...]
    luma: bool
    wall: float
    full: bool = False
    high: bool = False
    turns: int = 0
    position: float | None = None

    @property
    def height(self) -> int:
        """Pixels, before it is turned."""
        return len(self.planes[0])

    @property
    def width(self) -> int:
        """Pixels, before it is turned."""
        return int(self.planes[0].shape[1])

    def pixels(self, rows: int, columns: int, *, square: float | None = None) -> U8:
        """Return it as (rows, columns, 3) uint8, red green blue, not yet turned.

        Parameters
        ----------
        square
            Take only the square in its middle, with this share of the shorter side.
        """
        planes = self.planes if square is None else [_middle(plane, square, self) for plane in self.planes]
        parts = [resized(plane, rows, columns) for plane in planes]
        if not self.luma:
            return _bytes(np.stack(parts if len(parts) == 3 else parts * 3, axis=2))
        return _bytes(_colours(parts, full=self.full, high=self.high))


def _middle(plane: Bytes, share: float, frame: VideoFrame) -> Bytes:
    """The square in the middle of a plane that may be coarser than the frame."""
    side = max(1, round(share * min(frame.height, frame.width)))
    top, left = (frame.height - side) // 2, (frame.width - side) // 2
    down, across = plane.shape[0] / frame.height, plane.shape[1] / frame.width
    first, begin = round(top * down), round(left * across)
    return plane[
        first : max(first + 1, round((top + side) * down)), begin : max(begin + 1, round((left + side) * across))
    ]


def _colours(parts: Sequence[F32], *, full: bool, high: bool) -> F32:
    y = parts[0] if full else (parts[0] - 16) * np.float32(255 / 219)
    if len(parts) == 1:
        return np.stack([y, y, y], axis=2)
    scale = np.float32(1 if full else 255 / 224)
    cb, cr = (parts[1] - 128) * scale, (parts[2] - 128) * scale
    red, blue = (1.5748, 1.8556) if high else (1.402, 1.772)
    green_b, green_r = (0.1873, 0.4681) if high else (0.3441, 0.7141)
    return np.stack(
        [y + np.float32(red) * cr, y - np.float32(green_b) * cb - np.float32(green_r) * cr, y + np.float32(blue) * cb],
        2,
    )


def _bytes(values: F32) -> U8:
    pixels: U8 = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels


def planes_of(
    kind: PixelFormat, bits: Sequence[memoryview | bytes], strides: Sequence[int], width: int, height: int
) -> tuple[tuple[Bytes, ...], bool]:
    """Copy the planes of a frame out of its memory, without the padding of its rows; whether they are Y, Cb, Cr.

    Parameters
    ----------
    bits, strides
        The memory of each plane, and how many bytes a row of it takes.

    Raises
    ------
    BadInputError
        If the memory is too small for such a frame, or the frame too large.
    """
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        raise BadInputError(f"A frame of {width} × {height} pixels cannot be used.")
    if len(bits) < PLANES.get(kind, 1):
        raise BadInputError(f"A frame in the format {kind} lacks planes: it has {len(bits)}.")
    half, rows = (width + 1) // 2, (height + 1) // 2

    def plane(number: int, columns: int, tall: int) -> Bytes:
        """Bytes (tall, columns) of a plane, still in the frame's memory."""
        stride = strides[number]
        # The last row need not be padded.
        if stride < columns or len(bits[number]) < stride * (tall - 1) + columns:
            raise BadInputError(f"A frame in the format {kind} of {width} × {height} pixels is cut short.")
        flat = np.frombuffer(bits[number], np.uint8)
        return np.lib.stride_tricks.as_strided(flat, (tall, columns), (stride, 1), writeable=False)

    if kind in PACKED:
        size = 3 if kind is PixelFormat.RGB else 4
        pixels = plane(0, size * width, height)
        return tuple(pixels[:, at::size].copy() for at in PACKED[kind]), False
    if kind is PixelFormat.Y8:
        return (plane(0, width, height).copy(),), False
    if kind is PixelFormat.Y16:
        return (plane(0, 2 * width, height)[:, 1::2].copy(),), False
    if kind in (PixelFormat.YUYV, PixelFormat.UYVY):
        pixels, before = plane(0, 4 * half, height), int(kind is PixelFormat.UYVY)
        light, chroma = pixels[:, before::2][:, :width], pixels[:, 1 - before :: 2]
        return (light.copy(), chroma[:, 0::2].copy(), chroma[:, 1::2].copy()), True
    if kind in (PixelFormat.NV12, PixelFormat.NV21):
        light, chroma = plane(0, width, height), plane(1, 2 * half, rows)
        blue = int(kind is PixelFormat.NV21)
        return (light.copy(), chroma[:, blue::2].copy(), chroma[:, 1 - blue :: 2].copy()), True
    if kind in (PixelFormat.P010, PixelFormat.P016):
        # Two bytes a value, the upper one last: the lower ones are below what can be seen.
        light, chroma = plane(0, 2 * width, height), plane(1, 4 * half, rows)
        return (light[:, 1::2].copy(), chroma[:, 1::4].copy(), chroma[:, 3::4].copy()), True
    tall = height if kind is PixelFormat.YUV422P else rows
    first, second = plane(1, half, tall).copy(), plane(2, half, tall).copy()
    pair = (second, first) if kind is PixelFormat.YV12 else (first, second)
    return (plane(0, width, height).copy(), *pair), True
