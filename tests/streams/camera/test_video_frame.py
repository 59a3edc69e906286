"""Frames in every format: the same picture comes out, whatever the padding of their rows."""

from __future__ import annotations

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.streams.camera.video_frame import PACKED, PixelFormat, VideoFrame, planes_of

WIDE, TALL = 10, 6
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def picture() -> np.ndarray:
    """Red above, blue below left, green below right: the edges lie between pairs of pixels."""
    pixels = np.zeros((TALL, WIDE, 3), np.uint8)
    pixels[:2] = RED
    pixels[2:, :4] = BLUE
    pixels[2:, 4:] = GREEN
    return pixels


def yuv(pixels: np.ndarray, *, full: bool, high: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    red, green, blue = (pixels[:, :, i].astype(float) for i in range(3))
    kr, kb = (0.2126, 0.0722) if high else (0.299, 0.114)
    y = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - y) / (2 - 2 * kb), (red - y) / (2 - 2 * kr)
    if full:
        return np.rint(y), np.clip(np.rint(cb + 128), 0, 255), np.clip(np.rint(cr + 128), 0, 255)
    return np.rint(16 + y * 219 / 255), np.rint(128 + cb * 224 / 255), np.rint(128 + cr * 224 / 255)


def padded(rows: np.ndarray, pad: int) -> tuple[bytes, int]:
    """Rows of bytes with rubbish after each, and the stride."""
    rows = np.asarray(rows, np.uint8)
    full = np.full((len(rows), rows.shape[1] + pad), 0xA5, np.uint8)
    full[:, : rows.shape[1]] = rows
    return full.tobytes(), full.shape[1]


def memory(kind: PixelFormat, pixels: np.ndarray, pad: int, *, full: bool, high: bool):
    """The planes of a frame in a format, as they lie in memory."""
    if kind in PACKED:
        size = 3 if kind is PixelFormat.RGB else 4
        rows = np.full((TALL, WIDE, size), 255, np.uint8)
        for channel, at in enumerate(PACKED[kind]):
            rows[:, :, at] = pixels[:, :, channel]
        return [padded(rows.reshape(TALL, -1), pad)]
    y, cb, cr = yuv(pixels, full=full, high=high)
    if kind is PixelFormat.Y8:
        return [padded(y, pad)]
    if kind is PixelFormat.Y16:
        return [padded(np.stack([np.full_like(y, 7), y], 2).reshape(TALL, -1), pad)]
    if kind in (PixelFormat.YUYV, PixelFormat.UYVY):
        order = [y[:, 0::2], cb[:, 0::2], y[:, 1::2], cr[:, 0::2]]
        if kind is PixelFormat.UYVY:
            order = [order[1], order[0], order[3], order[2]]
        return [padded(np.stack(order, 2).reshape(TALL, -1), pad)]
    half = slice(0, None, 1 if kind is PixelFormat.YUV422P else 2), slice(0, None, 2)
    small_b, small_r = cb[half], cr[half]
    if kind in (PixelFormat.YUV420P, PixelFormat.YUV422P):
        return [padded(plane, pad) for plane in (y, small_b, small_r)]
    if kind is PixelFormat.YV12:
        return [padded(plane, pad) for plane in (y, small_r, small_b)]
    pair = [small_r, small_b] if kind is PixelFormat.NV21 else [small_b, small_r]
    if kind in (PixelFormat.P010, PixelFormat.P016):
        wide = np.stack([np.full_like(y, 64), y], 2).reshape(TALL, -1)
        chroma = np.stack([part for plane in pair for part in (np.full_like(plane, 192), plane)], 2)
        return [padded(wide, pad), padded(chroma.reshape(len(small_b), -1), pad)]
    return [padded(y, pad), padded(np.stack(pair, 2).reshape(len(small_b), -1), pad)]


@pytest.mark.parametrize("pad", [0, 5, 64])
@pytest.mark.parametrize("kind", list(PixelFormat))
@pytest.mark.parametrize(("full", "high"), [(False, False), (True, False), (False, True)])
def test_a_picture_comes_out_of_every_format(kind: PixelFormat, pad: int, full: bool, high: bool) -> None:
    pixels = picture()
    parts = memory(kind, pixels, pad, full=full, high=high)
    planes, luma = planes_of(kind, [bits for bits, _ in parts], [stride for _, stride in parts], WIDE, TALL)
    frame = VideoFrame(planes, luma, 0.0, full=full, high=high)
    assert (frame.width, frame.height) == (WIDE, TALL)
    seen = frame.pixels(TALL, WIDE)
    assert seen.shape == (TALL, WIDE, 3) and seen.dtype == np.uint8
    if kind in (PixelFormat.Y8, PixelFormat.Y16):
        # Grey alone: brightness as it lies there.
        np.testing.assert_array_equal(seen[:, :, 0], seen[:, :, 2])
        np.testing.assert_allclose(seen[:, :, 1], yuv(pixels, full=full, high=high)[0], atol=1)
        return
    # Where the colour of half as many rows or columns is spread between, only the inner part is of one colour.
    for rows, columns, colour in (
        (slice(0, 1), slice(0, 3), RED),
        (slice(4, 6), slice(0, 2), BLUE),
        (slice(4, 6), slice(7, 10), GREEN),
    ):
        np.testing.assert_allclose(seen[rows, columns], np.broadcast_to(colour, seen[rows, columns].shape), atol=4)


def test_the_square_in_the_middle_is_taken_at_any_size() -> None:
    pixels = np.zeros((40, 100, 3), np.uint8)
    pixels[10:30, 40:60] = 200
    frame = VideoFrame(tuple(pixels[:, :, i] for i in range(3)), False, 0.0)
    np.testing.assert_array_equal(frame.pixels(8, 8, square=0.5), np.full((8, 8, 3), 200))
    whole = frame.pixels(8, 8, square=1.0)
    # Half of its width: the middle is bright, the corners are dark.
    assert whole[4, 4, 0] == 200 and whole[0, 0, 0] == 0
    assert frame.pixels(64, 64, square=0.5).min() == 200


def test_shrinking_takes_every_pixel_into_account() -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    frame = VideoFrame((stripes,), False, 0.0)
    np.testing.assert_allclose(frame.pixels(8, 8)[:, 1:-1], 127.5, atol=5)


@pytest.mark.parametrize("kind", list(PixelFormat))
def test_memory_that_is_too_small_is_refused(kind: PixelFormat) -> None:
    parts = memory(kind, picture(), 0, full=False, high=False)
    bits, strides = [bits for bits, _ in parts], [stride for _, stride in parts]
    with pytest.raises(BadInputError, match="cut short"):
        planes_of(kind, [*bits[:-1], bits[-1][:-1]], strides, WIDE, TALL)
    with pytest.raises(BadInputError, match="lacks planes" if len(parts) > 1 else "cut short"):
        planes_of(kind, bits[:-1] if len(parts) > 1 else [b""], strides, WIDE, TALL)
    with pytest.raises(BadInputError, match="cannot be used"):
        planes_of(kind, bits, strides, 0, TALL)


def test_odd_sizes_lose_no_pixel() -> None:
    wide, tall = 7, 5
    y = np.arange(35, dtype=np.uint8).reshape(tall, wide) + 16
    chroma = np.full((3, 8), 128, np.uint8)
    planes, _ = planes_of(PixelFormat.NV12, [y.tobytes(), chroma.tobytes()], [wide, 8], wide, tall)
    np.testing.assert_array_equal(planes[0], y)
    assert planes[1].shape == (3, 4)
