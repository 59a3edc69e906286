"""What outlives the window: geometry and arrangement in the user's settings, the arrangement in the session too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from dgstudio.studio.bridge.settings import GEOMETRY

if TYPE_CHECKING:
    from dgstudio.studio.window.main_window import StudioWindow


def remember(window: StudioWindow) -> None:
    """Store geometry and arrangement, for the next window."""
    if not window.state.presentation:
        window.settings.setValue(GEOMETRY, window.saveGeometry())
        window.arrangement.save(window.settings)
    window.settings.sync()


def layout_of(window: StudioWindow) -> dict[str, Any]:
    """Return what a session keeps of the arrangement, as plain data."""
    return {
        "arrangement": window.arrangement.state(),
        "quality": window.arrangement.quality_shown,
        "log": not window.panels["log"].isHidden(),
    }


def restore(window: StudioWindow) -> None:
    """Give a new window the geometry and the arrangement that were stored."""
    geometry = window.settings.value(GEOMETRY)
    if geometry is not None:
        window.restoreGeometry(geometry)
        if not window.fits_screen():
            # It was stored on a larger screen: filling this one would clip the window.
            window.setWindowState(Qt.WindowState.WindowNoState)
            window.resize(window.size().expandedTo(window.minimumSize()))
    layout = window.commands.layout()
    # A session that was arranged before looks as it did, any other as the last one.
    if not layout or not window.arrangement.put_state(layout.get("arrangement")):
        window.arrangement.restore(window.settings)
    if layout.get("log") is True:
        window.panels["log"].show()
    if layout.get("quality") is True:
        window.show_quality(True)
