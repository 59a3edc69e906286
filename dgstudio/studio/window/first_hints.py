"""The four hints of a first start, on the real window."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from dgstudio.studio.common.overlays.hints import Hint, Hints
from dgstudio.studio.window.hint_acts import ASKED, LOOKED_FURTHER, MARKED, TAUGHT
from dgstudio.studio.window.layout import WindowLayout


def first_hints(layout: WindowLayout, parent: QWidget) -> Hints:
    """Return the hints, not yet begun."""

    def panel(*names: str) -> QWidget | None:
        docks = layout.arrangement.docks
        return next((layout.panels[name] for name in names if name in docks and docks[name].seen), None)

    return Hints(
        [
            Hint(
                lambda: panel("stream"),
                "This is live",
                "Every moment of the stream is answered. Drag over what is past: that marks it.",
                MARKED,
                "Marked. The key of a class, 1 to 9, now makes examples of it; Esc lets go of it.",
            ),
            Hint(
                lambda: panel("classes", "answer"),
                "Teach it by holding a key",
                "A names a new class. Hold its key, 1 to 9, for as long as you perform it.",
                TAUGHT,
                "It is learned, and each version that answers has been proved first. Ctrl+Z takes it back.",
                "Recording: perform it for a second or two, then let go.",
            ),
            Hint(
                lambda: panel("gates"),
                "Which gates answered",
                "Lit cells answered this moment; nothing else was computed. Click one to see what it does.",
                ASKED,
                "The inspector says what it did for this answer, and keeps up with the stream.",
            ),
            Hint(
                lambda: layout.bar.compare,
                "Compare, present, find",
                "C runs a conventional network beside yours, F6 plays a demo, F5 is for an audience, Ctrl+K finds all.",
                LOOKED_FURTHER,
                "F1 lists all keys; the menu, under Help, shows these hints again.",
            ),
        ],
        parent,
    )
