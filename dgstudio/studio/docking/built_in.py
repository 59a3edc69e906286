"""The layouts that the window brings: Talk, Label, Pad and Debug, and the names of the panels in them."""

from __future__ import annotations

from typing import Final

from dgstudio.records import dataclass
from dgstudio.studio.docking.tree import Node, Room, Split, Way, place

TITLES: Final[dict[str, str]] = {
    "stream": "Stream",
    "source": "Source",
    "answer": "Answer",
    "gates": "Gates",
    "stability": "Stability",
    "quality": "Quality",
    "gating": "Gating",
    "compared": "Compare",
    "classes": "Classes",
    "uncertain": "Which one was this?",
    "snapshots": "Snapshots",
    "inspector": "Inspector",
    "log": "Log",
}
"""What panels are called in menus, by id."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where panels stand and which are open. A panel that is named and does not exist is left out."""

    name: str
    tree: Node
    open: frozenset[str]
    tooltip: str


def _labelling(stream: Room) -> Split:
    """Stream, answers and classes side by side, snapshots beneath."""
    left = Split(Way.DOWN, (place("stream"), place("source", Room(0.42, least=80, fits=True))), stream)
    middle = (
        place("answer", _ANSWER),
        place("gates"),
        place("stability", Room(0.25, 146, 300)),
        place("quality"),
        place("gating"),
        place("compared"),
    )
    right = place("classes"), place("inspector", Room(0.55)), place("uncertain", Room(0.18, 118, 190))
    columns = left, Split(Way.DOWN, middle), Split(Way.DOWN, right, Room(0.208, 290, 460))
    return Split(Way.DOWN, (Split(Way.ACROSS, columns), _BOTTOM))


_ANSWER = Room(0.175, 128, 210)
_BOTTOM = Split(Way.ACROSS, (place("snapshots", Room(0.62)), place("log", Room(0.38))), Room(0.185, 122, 170))
_ASIDE = Room(0.34, 340, 760)
"""Of the column at the right where one finds out why: one width from top to bottom."""
_ALL = frozenset(TITLES)

LABEL: Final = Layout(
    "Label",
    _labelling(Room(0.2325, 290, 600)),
    _ALL - {"quality", "gating", "compared", "inspector", "log"},
    "For labelling: classes and doubtful moments beside the stream and its answers",
)

PAD: Final = Layout(
    "Pad",
    _labelling(Room(0.3, 290, 670)),
    _ALL - {"source", "quality", "gating", "compared", "inspector", "log"},
    "For a pointer: as for labelling, with room for a square pad",
)

DEBUG: Final = Layout(
    "Debug",
    Split(
        Way.DOWN,
        (
            Split(
                Way.ACROSS,
                (
                    Split(
                        Way.DOWN,
                        (place("stream"), place("source", Room(0.3, least=80, fits=True))),
                        Room(0.27, 300, 640),
                    ),
                    Split(
                        Way.DOWN,
                        (
                            place("answer", Room(0.22, 128, 230)),
                            place("gates"),
                            place("stability", Room(0.25, 146, 300)),
                            place("quality"),
                            place("gating"),
                            place("compared"),
                        ),
                    ),
                    Split(
                        Way.DOWN,
                        (place("inspector"), place("classes", Room(0.4)), place("uncertain", Room(0.18, 118, 190))),
                        _ASIDE,
                    ),
                ),
            ),
            Split(Way.ACROSS, (place("snapshots"), place("log", _ASIDE)), Room(0.22, 134, 230)),
        ),
    ),
    frozenset({"stream", "answer", "gates", "stability", "inspector", "snapshots", "log"}),
    "For finding out why: gates, inspector, versions and the log",
)

TALK: Final = Layout(
    "Talk",
    Split(
        Way.ACROSS,
        (
            Split(
                Way.DOWN,
                (place("stream"), place("source", Room(0.3, least=80, fits=True))),
                Room(0.36, 340, 1000),
            ),
            Split(
                Way.DOWN,
                (
                    place("answer", Room(0.26, 150, 360)),
                    place("gates"),
                    place("stability", Room(0.25, 146, 340)),
                    place("quality"),
                    place("gating"),
                    place("compared"),
                ),
            ),
            Split(
                Way.DOWN,
                (place("classes"), place("uncertain", Room(0.18, 118, 190))),
                Room(0.208, 290, 460),
            ),
        ),
    ),
    frozenset({"stream", "answer", "gates", "stability"}),
    "For an audience: the stream, its answer, the gates, and how stable that is",
)

BUILT_IN: Final = {layout.name: layout for layout in (TALK, LABEL, PAD, DEBUG)}
"""By name, in the order of the menu."""
