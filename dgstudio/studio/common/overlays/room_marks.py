"""What a widget says of itself where there is little room, so that a check of the room need not guess."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

MAY_ELIDE, LIES_OVER = "mayElide", "liesOver"
"""Dynamic properties of a widget."""


def may_elide_names(widget: QWidget) -> None:
    """Note that a widget cuts names that people gave (of classes, sessions, channels) where it must.

    Its tooltip has them in full. Whatever else it writes has its room.
    """
    widget.setProperty(MAY_ELIDE, True)


def lies_over(widget: QWidget) -> None:
    """Note that a widget lies over its neighbours on purpose: for a while, or where they leave it the room."""
    widget.setProperty(LIES_OVER, True)
