"""What of the window a demo acts through: what the user acts through, too."""

from __future__ import annotations

from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.studio.actions.registry import ActionRegistry
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.classes.hold_to_label import Labelling


@dataclass(frozen=True, slots=True, eq=False)
class DemoParts:
    """The state, the commands, the labelling hand and the actions of one window."""

    state: StudioState
    commands: Bridge
    labelling: Labelling
    actions: ActionRegistry[Any]

    def class_id(self, name: str) -> int:
        """Return the id of the living class of this name; `BadInputError` where there is none."""
        found = next((card.info.id for card in self.state.classes if card.info.name == name), None)
        if found is None:
            names = ", ".join(card.info.name for card in self.state.classes)
            raise BadInputError(f"there is no class “{name}”; there are {names or 'none'}")
        return found
