"""What is laid over the window for a while: never a window of its own, and Esc takes it away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QFrame, QLineEdit, QPushButton, QWidget

from dgstudio.studio.common.overlays.key_keeper import KeyKeeper
from dgstudio.studio.common.overlays.room_marks import lies_over
from dgstudio.studio.theme.theme import DARK, Theme

EDGE, FOOT = 8, 36
"""Logical pixels that are left free at its sides, where nothing is written, and beneath it, for the status bar."""
ROOMY = 0.62
"""Of the window: a sheet that grows takes no more, so that the stream stays in sight."""


THROUGH = ("Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+Y", "Ctrl+T", "F11", "Ctrl+Q")
"""Shortcuts that mean the same wherever they are pressed: an overlay leaves them to the window."""
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Overlay(QFrame):
    """A frame floating over its parent's upper part; Esc or a click elsewhere closes it and gives the focus back.

    While it has the focus, the window's shortcuts do nothing behind it, but for `THROUGH` and its `own_keys`. Enter
    presses the button that has the focus, else `default_button`.
    """

    closed = Signal()

    def __init__(self, parent: QWidget, width: int, height: int, top: int) -> None:
        super().__init__(parent)
        self.setObjectName("overlay")
        lies_over(self)
        # A click on it that nothing in it has a use for is none elsewhere.
        self.setAttribute(Qt.WidgetAttribute.WA_NoMousePropagation)
        self.theme: Theme = DARK
        self._host = parent
        self._wanted, self._top = QSize(width, height), top
        self.grows = (1.0, 1.0)
        """How many times wider and taller than asked for it may be where there is room for that."""
        self.own_keys: tuple[str, ...] = ()
        """Shortcuts that open it, and close it again."""
        self.default_button: QPushButton | None = None
        """What Enter presses where no other button has the focus."""
        self._focus_before: QWidget | None = None
        parent.installEventFilter(self)
        self._keys = KeyKeeper(self, self._keeps)
        self.hide()

    def open(self) -> None:
        """Show the overlay and take the focus."""
        self._focus_before = self.window().focusWidget()
        self.place()
        self.show()
        self.raise_()
        # It may have been asked for in a panel that floats.
        self.window().activateWindow()
        self.setFocus()

    def close_overlay(self) -> None:
        """Hide it and give the focus back to whoever had it."""
        if self.isHidden():
            return
        self.hide()
        if self._focus_before is not None and self._focus_before.isVisible():
            self._focus_before.setFocus()
        else:
            self.window().setFocus()
        self._focus_before = None
        self.closed.emit()

    def place(self) -> None:
        """Centre it at the top of its parent, no larger than that."""
        host = self._host
        wanted = self._wanted * self.theme.scale
        wide, tall = self.grows
        most = QSize(round(wanted.width() * wide), round(wanted.height() * tall))
        wanted = wanted.expandedTo(most.boundedTo(host.size() * ROOMY))
        top, edge = self.theme.px(self._top), self.theme.px(EDGE)
        most = QSize(host.width() - 2 * edge, host.height() - top - self.theme.px(FOOT))
        wide = min(wanted.width(), most.width())
        size = QSize(wide, min(wanted.height(), self.wanted_height(wide), most.height()))
        self.setGeometry((host.width() - size.width()) // 2, top, size.width(), size.height())

    def wanted_height(self, wide: int) -> int:
        """Return the height that what is in it needs at this width."""
        layout = self.layout()
        assert layout is not None
        layout.activate()
        return layout.totalHeightForWidth(wide) if layout.hasHeightForWidth() else layout.sizeHint().height()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        if self.isVisible():
            # What its parts need with their new type is known once they have been told.
            QTimer.singleShot(0, self, self.place)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() == Qt.Key.Key_Escape:
            self.close_overlay()
        elif event.key() in ENTER and not event.isAutoRepeat():
            focused = self.window().focusWidget()
            button = self.default_button
            if isinstance(focused, QPushButton) and self.isAncestorOf(focused):
                button = focused
            if button is not None and button.isEnabled() and button.isVisibleTo(self):
                button.click()
        # Whatever else is typed here does not reach the window: no class is recorded by it.
        event.accept()

    def tab_order(self) -> list[QWidget]:
        """All that Tab may go through in here, in that order."""
        return self.findChildren(QWidget)

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab goes round in here: what lies behind is not in use, and Esc there would mean something else."""
        # Not along `nextInFocusChain`: PySide takes what that returns for a child of the widget that was asked, the
        # window among them, and holds both when they have been deleted, with all that hangs on them.
        order, focused = self.tab_order(), QApplication.focusWidget()
        if not next:
            order.reverse()
        place = order.index(focused) + 1 if focused in order else 0
        for widget in order[place:] + order[:place]:
            if _takes_tab(widget):
                widget.setFocus(Qt.FocusReason.TabFocusReason if next else Qt.FocusReason.BacktabFocusReason)
                break
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if self.isVisible() and watched is self._host:
            if event.type() == QEvent.Type.Resize:
                self.place()
            elif event.type() == QEvent.Type.MouseButtonPress:
                self.close_overlay()
        return False

    def _keeps(self, event: QKeyEvent) -> bool:
        """Whether a key that would be a shortcut of the window stays in here."""
        pressed = QKeySequence(event.keyCombination())
        return not any(pressed == QKeySequence(key) for key in (*THROUGH, *self.own_keys))


def _takes_tab(widget: QWidget) -> bool:
    # Asked for its `focusProxy`, a field would be taken for the parent of what it is a part of.
    part = isinstance(widget, QLineEdit) and isinstance(widget.parentWidget(), (QAbstractSpinBox, QComboBox))
    reachable = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and not part
    return bool(reachable) and widget.isVisible() and widget.isEnabled()
