"""One panel as a dock: dragged by its header, floated by a double click on it, closed and moved from its menu."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QMoveEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QPushButton, QWidget

from dgstudio.studio.common.panel import PanelFrame
from dgstudio.studio.common.panel_header import ABOVE, HEADER_HEIGHT
from dgstudio.studio.theme.theme import Theme

BUTTON = 18
"""Logical pixels of the side of a button in the header."""
GAP = 2


class PanelDock(QDockWidget):
    """A panel and its header. Qt thread only.

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

    def __init__(self, name: str, title: str, panel: PanelFrame, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.name, self.title, self.panel = name, title, panel
        self.setObjectName("panelDock")
        self.setAccessibleName(title)
        header = panel.header_bar
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
        self.topLevelChanged.connect(self.settled)
        self._show_buttons(False)

    @property
    def seen(self) -> bool:
        """Whether it is shown, and in front of those that share its place."""
        # Qt puts what is behind another far out.
        return self.isVisible() and (self.isFloating() or self.geometry().right() >= 0)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme; the panel does so by itself."""
        for button in (self.menu_button, self.close_button):
            button.setFont(theme.ui("small"))
        self._place_buttons()

    def float_at(self, place: QRect) -> None:
        """Let it float at a place on the screen."""
        self.setFloating(True)
        self.setGeometry(place)

    # -- what Qt tells -------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        kind = event.type()
        if kind in (QEvent.Type.Enter, QEvent.Type.Leave, QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            over = kind == QEvent.Type.Enter if watched is self.panel.header_bar else self.panel.header_bar.underMouse()
            self._show_buttons(over or self.menu_button.hasFocus())
        elif kind == QEvent.Type.Resize and watched is self.panel.header_bar:
            self._place_buttons()
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

    def _show_buttons(self, shown: bool) -> None:
        header = self.panel.header_bar
        header.make_room(round(2 * (self._side() + GAP)) if shown else 0)
        for button in (self.menu_button, self.close_button):
            # They stay where Tab finds them, and are drawn when they are of use.
            button.setText(button.property("sign") if shown else "")
        self._place_buttons()

    def _side(self) -> int:
        return self.panel.theme.px(BUTTON)

    def _place_buttons(self) -> None:
        header, side = self.panel.header_bar, self._side()
        top = ABOVE + (self.panel.theme.px(HEADER_HEIGHT) - side) // 2
        right = header.width() - 8
        self.close_button.setGeometry(right - side, top, side, side)
        self.menu_button.setGeometry(right - 2 * side - GAP, top, side, side)

    def _ask_menu(self) -> None:
        button = self.menu_button
        self.menu_asked.emit(button.mapToGlobal(QPoint(0, button.height())))


def _button(header: QWidget, sign: str, name: str, tooltip: str) -> QPushButton:
    button = QPushButton(header)
    button.setObjectName("flat")
    button.setProperty("sign", sign)
    button.setAccessibleName(name)
    button.setToolTip(tooltip)
    return button
