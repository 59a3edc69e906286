"""What the window's actions work on: its parts, named once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from dgstudio.records import dataclass
from dgstudio.studio.actions.registry import Action, ActionRegistry
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.demos.demos import Demos
from dgstudio.studio.docking.layout_choice import LayoutChoice
from dgstudio.studio.packages.packages import Packages
from dgstudio.studio.window.appearance import Appearance
from dgstudio.studio.window.layout import WindowLayout
from dgstudio.studio.window.notifier import Notifier
from dgstudio.studio.window.pictures.moving_pictures import MovingPictures
from dgstudio.studio.window.pictures.picture_taking import PictureTaking
from dgstudio.studio.window.session_actions import SessionActions
from dgstudio.studio.window.sheets import Sheets
from dgstudio.studio.window.window_geometry import WindowGeometry


@dataclass(frozen=True, slots=True, eq=False)
class WindowParts:
    """The parts of one window."""

    state: StudioState
    commands: Bridge
    registry: ActionRegistry[WindowParts]
    notifier: Notifier
    layout: WindowLayout
    layouts: LayoutChoice
    sheets: Sheets
    appearance: Appearance
    geometry: WindowGeometry
    sessions: SessionActions
    pictures: PictureTaking
    moving: MovingPictures
    packages: Packages
    demos: Demos
    close: Callable[[], object]
    """Closes the window, if nothing is lost by it."""


Row: TypeAlias = Action[WindowParts]
"""One action of the window."""
