"""The stage on a screen of its own, while all that is worked with stays on the first one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication, QScreen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.stage.stage_view import StageView


def other_screen(window: QWidget) -> QScreen | None:
    """Return a screen that the window does not stand on, the largest of them; None where there is none."""
    others = [screen for screen in QGuiApplication.screens() if screen is not window.screen()]
    return max(others, key=lambda screen: screen.size().width() * screen.size().height(), default=None)


class StageWindow(QWidget):
    """Fills another screen with the stage; closing it ends the presentation. The window's keys work in it as well."""

    def __init__(self, window: QWidget, state: StudioState) -> None:
        # A tool window: the shortcuts of the window that it belongs to stay in use.
        super().__init__(window, Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, True)
        self.setWindowTitle("dgstudio: presentation")
        self._state = state
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    def show_on(self, screen: QScreen, stage: StageView) -> None:
        """Fill a screen with the stage."""
        self._column.addWidget(stage)
        stage.show()
        self.setGeometry(screen.geometry())
        self.showFullScreen()

    def give_back(self, stage: StageView) -> None:
        """Let go of the stage, and go."""
        self._column.removeWidget(stage)
        stage.setParent(None)
        self.hide()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: D102
        event.ignore()
        self._state.presentation = False
