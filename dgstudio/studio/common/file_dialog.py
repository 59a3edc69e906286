"""Qt's own dialog for files, which is shown where the system has none, in the look of the window."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QFileDialog, QPushButton, QToolButton, QWidget

from dgstudio.studio.theme.icons import paint_icon

ICON = 18
"""Logical pixels of an icon."""
GLYPHS: Final = {
    "backButton": "mdi6.arrow-left",
    "forwardButton": "mdi6.arrow-right",
    "toParentButton": "mdi6.arrow-up",
    "newFolderButton": "mdi6.folder-plus-outline",
    "listModeButton": "mdi6.view-grid-outline",
    "detailModeButton": "mdi6.view-list-outline",
}
"""Name of a button of Qt's dialog → its icon; those of Qt are black on any ground."""


def file_dialog(parent: QWidget, title: str, folder: str, filters: str, *, save: bool = False) -> QFileDialog:
    """Make a dialog for a file that is there, or is to be made (`save`), to be opened; it is gone when it is closed."""
    dialog = QFileDialog(parent, title, folder, filters)
    # First: it makes other buttons.
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave if save else QFileDialog.AcceptMode.AcceptOpen)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for name, glyph in GLYPHS.items():
        # A dialog of the system has no such buttons.
        button = dialog.findChild(QToolButton, name)
        if isinstance(button, QToolButton):
            button.setIcon(_icon(glyph, dialog))
            button.setIconSize(QSize(ICON, ICON))
            # Qt makes them as small as if they had no margin.
            button.setStyleSheet("padding: 2px")
    for push in dialog.findChildren(QPushButton):
        push.setIcon(QIcon())
    return dialog


def _icon(glyph: str, dialog: QFileDialog) -> QIcon:
    icon, ratio = QIcon(), dialog.devicePixelRatioF()
    for mode, group in (
        (QIcon.Mode.Normal, QPalette.ColorGroup.Active),
        (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled),
    ):
        picture = QPixmap(round(ICON * ratio), round(ICON * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        ink = dialog.palette().color(group, QPalette.ColorRole.ButtonText)
        paint_icon(painter, glyph, QRect(0, 0, ICON, ICON), ink)
        painter.end()
        icon.addPixmap(picture, mode)
    return icon
