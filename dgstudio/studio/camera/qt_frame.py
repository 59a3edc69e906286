"""A frame of Qt's as one of ours: mapped, copied without the padding of its rows, and let go."""

from __future__ import annotations

from PySide6.QtGui import QImage
from PySide6.QtMultimedia import QVideoFrame, QVideoFrameFormat

from dgstudio.errors import BadInputError
from dgstudio.streams.camera.video_frame import Bytes, PixelFormat, VideoFrame, planes_of

KNOWN = {f"Format_{kind}": kind for kind in PixelFormat}
HIGH = 720
"""Rows from which colours are taken for those of high definition where a frame does not say."""


def frame_of(frame: QVideoFrame, wall: float, *, of_file: bool) -> VideoFrame:
    """Copy a valid frame. Any thread.

    Raises
    ------
    BadInputError
        If its memory cannot be read, or it is in a format that Qt itself cannot convert.
    """
    said = frame.surfaceFormat()
    kind = KNOWN.get(frame.pixelFormat().name.removesuffix("_Premultiplied"))
    planes, luma = _planes(frame, kind) if kind is not None else _converted(frame)
    if said.scanLineDirection() is QVideoFrameFormat.Direction.BottomToTop and kind is not None:
        planes = tuple(plane[::-1] for plane in planes)
    space = said.colorSpace()
    undefined = space is QVideoFrameFormat.ColorSpace.ColorSpace_Undefined
    start = frame.startTime()
    return VideoFrame(
        planes,
        luma,
        wall,
        full=said.colorRange() is QVideoFrameFormat.ColorRange.ColorRange_Full,
        high=frame.height() >= HIGH if undefined else space is not QVideoFrameFormat.ColorSpace.ColorSpace_BT601,
        turns=int(frame.rotation().value) // 90 % 4,
        position=start / 1e6 if of_file and start >= 0 else None,
    )


def _planes(frame: QVideoFrame, kind: PixelFormat) -> tuple[tuple[Bytes, ...], bool]:
    if not frame.map(QVideoFrame.MapMode.ReadOnly):
        raise BadInputError("A frame's memory cannot be read.")
    try:
        count = frame.planeCount()
        bits = [memoryview(frame.bits(i)) for i in range(count)]
        strides = [frame.bytesPerLine(i) for i in range(count)]
        return planes_of(kind, bits, strides, frame.width(), frame.height())
    finally:
        frame.unmap()


def _converted(frame: QVideoFrame) -> tuple[tuple[Bytes, ...], bool]:
    """A format that is not ours (a compressed one, say), by way of Qt's picture."""
    picture = frame.toImage()
    if picture.isNull():
        name = frame.pixelFormat().name.removeprefix("Format_")
        raise BadInputError(
            f"Frames come in the format {name}, which cannot be read here: choose another camera or file."
        )
    picture = picture.convertToFormat(QImage.Format.Format_RGB888)
    bits, stride = memoryview(picture.constBits()), picture.bytesPerLine()
    return planes_of(PixelFormat.RGB, [bits], [stride], picture.width(), picture.height())
