"""What a painter paints on: the pixels of a screen, or something that keeps shapes and letters, for print."""

from __future__ import annotations

from PySide6.QtGui import QPaintEngine, QPainter


def keeps_shapes(painter: QPainter) -> bool:
    """Whether what is painted on keeps shapes and letters, for print: copied pixels of the screen would be coarse."""
    engine = painter.paintEngine()
    return engine is not None and engine.type() == QPaintEngine.Type.Picture
