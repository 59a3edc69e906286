"""Margins and gaps of layouts: they follow the type, so that a window looks the same at each scale."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLayout, QWidget

USUAL, GIVEN, OWN = "usualRoom", "givenRoom", "ownRoom"
"""Dynamic properties of a layout: its margins and gaps at the usual size of type, and as they were given last."""


def keeps_own_room(layout: QLayout) -> None:
    """Note that a layout is given its margins and gaps by whoever made it, whatever the type is."""
    layout.setProperty(OWN, True)


def scale_room(root: QWidget, scale: float) -> None:
    """Give every layout in a widget margins and gaps in proportion to the type. Qt thread.

    What was set since the last time counts as set for the usual size of type.
    """
    for layout in root.findChildren(QLayout):
        if layout.property(OWN):
            continue
        now = _room_of(layout)
        before = zip(layout.property(GIVEN) or now, layout.property(USUAL) or now, now, strict=True)
        usual = [known if given == part else part for given, known, part in before]
        wanted = [part if part <= 1 else max(1, round(part * scale)) for part in usual]
        layout.setProperty(USUAL, usual)
        layout.setProperty(GIVEN, wanted)
        if wanted != now:
            _give(layout, wanted)


def _room_of(layout: QLayout) -> list[int]:
    margins = layout.contentsMargins()
    gaps = (
        [layout.horizontalSpacing(), layout.verticalSpacing()]
        if isinstance(layout, QGridLayout)
        else [layout.spacing()]
    )
    return [margins.left(), margins.top(), margins.right(), margins.bottom(), *gaps]


def _give(layout: QLayout, room: list[int]) -> None:
    layout.setContentsMargins(*room[:4])
    if isinstance(layout, QGridLayout):
        layout.setHorizontalSpacing(room[4])
        layout.setVerticalSpacing(room[5])
    else:
        layout.setSpacing(room[4])
