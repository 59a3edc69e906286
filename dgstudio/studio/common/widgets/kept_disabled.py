"""Controls that stay disabled, whatever their owner makes of them, and say why."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QWidget


class KeptDisabled(QObject):
    """Keeps widgets disabled, with a tooltip that says why. It lives as long as `parent`."""

    def __init__(self, why: str, parent: QObject) -> None:
        super().__init__(parent)
        self._why = why

    def keep(self, part: object) -> None:
        """Disable what a part of the window calls `changing`: the controls that change the session."""
        for widget in getattr(part, "changing", ()):
            widget.installEventFilter(self)
            self._disable(widget)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if event.type() in (QEvent.Type.EnabledChange, QEvent.Type.ToolTipChange) and isinstance(watched, QWidget):
            self._disable(watched)
        return super().eventFilter(watched, event)

    def _disable(self, widget: QWidget) -> None:
        if not widget.testAttribute(Qt.WidgetAttribute.WA_ForceDisabled):
            widget.setEnabled(False)
        if widget.toolTip() != self._why:
            widget.setToolTip(self._why)
