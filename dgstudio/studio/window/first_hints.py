"""The four hints of a first start, on the real window."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from dgstudio.studio.common.hints import Hint, Hints
from dgstudio.studio.window.layout import WindowLayout

HINT_TEXTS = (
    "The stream at the left is answered from the first second. Drag over what is past, press a class key to label it.",
    "Press A for a new class and name it. Then hold its key, 1 to 9, while you perform it. Ctrl+Z takes it back.",
    "Lit cells answered this moment. Everything else was not computed, and cannot have changed the answer.",
    "C runs a conventional network beside yours, F5 is for an audience, Ctrl+K finds every action, F1 lists the keys.",
)


def first_hints(layout: WindowLayout, desk: QWidget) -> Hints:
    """Return the hints, not yet begun, over `desk`."""
    return Hints(
        [
            # Over Stability: there is nothing yet that it could hide.
            Hint(layout.stability_panel, "over", "This is live", HINT_TEXTS[0], "marked"),
            Hint(layout.classes_panel, "left", "Teach it by holding a key", HINT_TEXTS[1], "held"),
            Hint(layout.gates_panel, "below", "Which gates answered", HINT_TEXTS[2]),
            Hint(layout.bar.compare, "below", "Compare, present, find", HINT_TEXTS[3], "compared"),
        ],
        desk,
    )
