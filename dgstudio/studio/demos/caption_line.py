"""The line across the window that says what a demo says, with its buttons; for an audience the stage says it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.actions.registry import ActionRegistry, tooltip_of
from dgstudio.studio.bridge.caption import Caption
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.widgets.elided_label import ElidedLabel
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
        self.theme: Theme = DARK
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
        self.theme = theme
        self.place.setFont(theme.ui("body"))
        for button in self.buttons.values():
            button.setFont(theme.ui("body"))
        pause = self.buttons[ActionId.DEMO_PAUSE]
        pause.setMinimumWidth(pause.fontMetrics().horizontalAdvance("Go on") + theme.px(16))
        self.setFixedHeight(theme.px(HEIGHT))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give the sentence room: first the name of the demo goes, then its type is smaller."""
        caption = self._state.caption
        if caption is None:
            return
        shown = [button for button in self.buttons.values() if not button.isHidden()]
        margins, gaps = self.contentsMargins(), 12 * (len(shown) + 1)
        fixed = sum(button.sizeHint().width() for button in shown) + gaps + 22 + margins.left() + margins.right()
        words = QFontMetrics(self.theme.ui("body"))
        for size, named in (("title", True), ("title", False), ("bar", False), ("body", False)):
            font, place = self.theme.ui(size, 600), place_words(caption, named=named)
            needs = QFontMetrics(font).horizontalAdvance(caption.text) + words.horizontalAdvance(place) + fixed
            self.place.setText(place)
            self.text.setFont(font)
            if needs <= self.width():
                break

    def _show_caption(self) -> None:
        caption = self._state.caption
        if caption is not None:
            self.text.setText(caption.text)
            self.text.setToolTip(caption.text)
            self.setAccessibleDescription(f"{place_words(caption)}: {caption.text}")
            stands = caption.paused or caption.waiting
            self.buttons[ActionId.DEMO_PAUSE].setText("Go on" if stands else "Pause")
            for id in (ActionId.DEMO_NEXT, ActionId.DEMO_PAUSE, ActionId.DEMO_SKIP):
                self.buttons[id].setVisible(not is_over(caption))
            self._fit()
        self.setVisible(caption is not None and not self._state.presentation)


def is_over(caption: Caption) -> bool:
    """Whether the last step has been played."""
    return caption.waiting and caption.step == caption.steps


def place_words(caption: Caption, *, named: bool = True) -> str:
    """Return which step of which demo a caption is of, and whether the demo stands still there."""
    stands = " · over" if is_over(caption) else " · paused" if caption.paused else " · waits" if caption.waiting else ""
    title = f"{caption.title} · " if named else ""
    return f"{title}{caption.step} of {caption.steps}{stands}"
