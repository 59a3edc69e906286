"""One panel as a dock: dragged by its header, floated by a double click on it, closed and moved from its menu."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QMoveEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QPushButton, QWidget

from dgstudio.studio.common.overlays.room_marks import lies_over
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.common.panels.panel_header import ABOVE, HEADER_HEIGHT
from dgstudio.studio.theme.theme import Theme

BUTTON = 18
"""Logical pixels of the side of a button in the header."""
GAP = 2


class PanelDock(QDockWidget):
    """A panel and its header; empty, and hidden, until its panel is made. Qt thread only.

    Signals
    -------
    settled
        It was placed anew: moved, resized, shown, hidden, covered or uncovered.
    menu_asked
        Carries where its menu is wanted, a QPoint on the screen.
    shut
        The user closes it.
    """

    settled = Signal()
    menu_asked = Signal(object)
    shut = Signal()

    menu_button: QPushButton
    close_button: QPushButton

    def __init__(self, name: str, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.name, self.title = name, title
        self.panel: PanelFrame | None = None
        self.setObjectName("panelDock")
        self.setAccessibleName(title)
        self.topLevelChanged.connect(self.settled)

    def fill(self, panel: PanelFrame) -> None:
        """Take the panel in."""
        self.panel, header, title = panel, panel.header_bar, self.title
        self.setTitleBarWidget(header)
        self.setWidget(panel)
        self.menu_button = _button(header, "⋮", f"Move, float or close {title}", "Move, float or close this panel")
        # By the keyboard the panel is closed from its menu.
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.close_button = _button(header, "✕", f"Close {title}", "Close this panel  (menu › Panels opens it again)")
        self.close_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.menu_button.clicked.connect(self._ask_menu)
        self.close_button.clicked.connect(self.shut)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(lambda at: self.menu_asked.emit(header.mapToGlobal(at)))
        header.setAttribute(Qt.WidgetAttribute.WA_Hover)
        for watched in (header, self.menu_button):
            watched.installEventFilter(self)
        self._show_buttons(panel, False)

    @property
    def seen(self) -> bool:
        """Whether it is shown, and in front of those that share its place."""
        # Qt puts what is behind another far out.
        return self.isVisible() and (self.isFloating() or self.geometry().right() >= 0)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme; the panel does so by itself."""
        if self.panel is not None:
            for button in (self.menu_button, self.close_button):
                button.setFont(theme.ui("small"))
            self._place_buttons(self.panel)

    def float_at(self, place: QRect) -> None:
        """Let it float at a place on the screen."""
        self.setFloating(True)
        self.setGeometry(place)

    @contextmanager
    def without_buttons(self) -> Iterator[None]:
        """Show none of its buttons meanwhile, wherever the pointer is: for its picture."""
        panel = self.panel
        if panel is not None:
            self._show_buttons(panel, False)
            panel.header_bar.row.activate()
        try:
            yield
        finally:
            if panel is not None:
                self._show_buttons(panel, panel.header_bar.underMouse() or self.menu_button.hasFocus())

    # -- what Qt tells -------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        kind, panel = event.type(), self.panel
        if panel is None:
            return False
        if kind in (QEvent.Type.Enter, QEvent.Type.Leave, QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            over = kind == QEvent.Type.Enter if watched is panel.header_bar else panel.header_bar.underMouse()
            self._show_buttons(panel, over or self.menu_button.hasFocus())
        elif kind == QEvent.Type.Resize and watched is panel.header_bar:
            self._place_buttons(panel)
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self.settled.emit()

    def moveEvent(self, event: QMoveEvent) -> None:  # noqa: D102
        super().moveEvent(event)
        self.settled.emit()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self.settled.emit()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102
        super().hideEvent(event)
        self.settled.emit()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: D102
        # A floating panel that the system closes.
        super().closeEvent(event)
        self.shut.emit()

    # -- buttons ---------------------------------------------------------------------------------------------------

    def _show_buttons(self, panel: PanelFrame, shown: bool) -> None:
        panel.header_bar.make_room(round(2 * (panel.theme.px(BUTTON) + GAP)) if shown else 0)
        for button in (self.menu_button, self.close_button):
            # They stay where Tab finds them, and are drawn when they are of use.
            button.setText(button.property("sign") if shown else "")
        self._place_buttons(panel)

    def _place_buttons(self, panel: PanelFrame) -> None:
        theme, side = panel.theme, panel.theme.px(BUTTON)
        top = theme.px(ABOVE) + (theme.px(HEADER_HEIGHT) - side) // 2
        right = panel.header_bar.width() - theme.px(8)
        self.close_button.setGeometry(right - side, top, side, side)
        self.menu_button.setGeometry(right - 2 * side - GAP, top, side, side)

    def _ask_menu(self) -> None:
        button = self.menu_button
        self.menu_asked.emit(button.mapToGlobal(QPoint(0, button.height())))


def _button(header: QWidget, sign: str, name: str, tooltip: str) -> QPushButton:
    button = QPushButton(header)
    button.setObjectName("flat")
    button.setProperty("sign", sign)
    # Where it is drawn, the header makes room for it.
    lies_over(button)
    button.setAccessibleName(name)
    button.setToolTip(tooltip)
    return button
