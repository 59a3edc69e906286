"""The line across the window that says what a demo says, with its buttons; for an audience the stage says it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.actions.registry import ActionRegistry, tooltip_of
from dgstudio.studio.bridge.caption import Caption
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.elided_label import ElidedLabel
from dgstudio.studio.theme.theme import DARK, Theme

HEIGHT = 40
BUTTONS = (
    (ActionId.DEMO_NEXT, "Step"),
    (ActionId.DEMO_PAUSE, "Pause"),
    (ActionId.DEMO_SKIP, "Skip"),
    (ActionId.DEMO_KEEP, "Keep"),
    (ActionId.DEMO_LEAVE, "Leave"),
)


class CaptionLine(QFrame):
    """There while a demo is played, unless the window is presented."""

    def __init__(self, state: StudioState, actions: ActionRegistry[Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("captionLine")
        self.setAccessibleName("Demo")
        self._state = state
        self.place, self.text = QLabel(""), ElidedLabel("")
        self.place.setObjectName("muted")
        self.text.setObjectName("caption")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 8, 0)
        row.setSpacing(12)
        row.addWidget(self.place, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.text, 1)
        self.buttons: dict[ActionId, QPushButton] = {}
        for id, words in BUTTONS:
            button = self.buttons[id] = QPushButton(words)
            button.setObjectName("link")
            button.setToolTip(tooltip_of(actions[id]))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _checked=False, id=id: actions.trigger(id))
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        state.when(StudioState.caption, StudioState.presentation).connect(self._show_caption)
        self.apply_theme(DARK)
        self._show_caption()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.place.setFont(theme.ui("body"))
        self.text.setFont(theme.ui("title", 600))
        for button in self.buttons.values():
            button.setFont(theme.ui("body"))
        pause = self.buttons[ActionId.DEMO_PAUSE]
        pause.setMinimumWidth(pause.fontMetrics().horizontalAdvance("Go on") + theme.px(16))
        self.setFixedHeight(theme.px(HEIGHT))

    def _show_caption(self) -> None:
        caption = self._state.caption
        if caption is not None:
            self.text.setText(caption.text)
            self.text.setToolTip(caption.text)
            place = place_words(caption)
            self.place.setText(place)
            self.setAccessibleDescription(f"{place}: {caption.text}")
            stands = caption.paused or caption.waiting
            self.buttons[ActionId.DEMO_PAUSE].setText("Go on" if stands else "Pause")
            for id in (ActionId.DEMO_NEXT, ActionId.DEMO_PAUSE, ActionId.DEMO_SKIP):
                self.buttons[id].setVisible(not is_over(caption))
        self.setVisible(caption is not None and not self._state.presentation)


def is_over(caption: Caption) -> bool:
    """Whether the last step has been played."""
    return caption.waiting and caption.step == caption.steps


def place_words(caption: Caption) -> str:
    """Return which step of which demo a caption is of, and whether the demo stands still there."""
    stands = " · over" if is_over(caption) else " · paused" if caption.paused else " · waits" if caption.waiting else ""
    return f"{caption.title} · {caption.step} of {caption.steps}{stands}"
