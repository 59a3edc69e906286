"""A window on a session that another program writes: what would change it cannot be asked for, and says why."""

from __future__ import annotations

from typing import Final

from dgstudio.engine.watching.refusing import WHY
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.common.widgets.kept_disabled import KeptDisabled
from dgstudio.studio.window.action_tables.model_actions import COMPARE_IDS, MODE_IDS
from dgstudio.studio.window.parts import WindowParts

CHANGING: Final = frozenset(
    {
        ActionId.ADD_CLASS,
        ActionId.COUNTDOWN,
        ActionId.DOUBTFUL,
        ActionId.NONE_OF_THESE,
        ActionId.SKIP_MOMENT,
        ActionId.UNDO,
        ActionId.REDO,
        ActionId.RECORD_CLASS,
        ActionId.TAKE_BACK_CLASS,
        ActionId.SAVE_AS,
        ActionId.SAVE_COPY,
        ActionId.DUPLICATE_SESSION,
        ActionId.IMPORT,
        ActionId.RECORD_STREAM,
        ActionId.EXPORT_EXAMPLES,
        ActionId.EXPORT_MODEL,
        ActionId.EXPORT_REPORT,
        ActionId.EXPORT_RECORDING,
        ActionId.EXPORT_STREAM,
        ActionId.EXPORT_FIGURES,
        ActionId.SOURCE,
        ActionId.PARTS_APART,
        ActionId.PROTECT,
        ActionId.RESUME_PARKED,
        ActionId.CONSOLIDATE,
        ActionId.ROLL_BACK,
        ActionId.GO_FORWARD,
        ActionId.PIN,
        *MODE_IDS.values(),
        *COMPARE_IDS.values(),
    }
)
"""What changes a session, or reads all of it at one moment, as copies and exports do."""


def keep_from_changing(it: WindowParts) -> None:
    """Disable, in the window and in each part and sheet that is made later, what would change the session."""
    layout = it.layout
    registry = it.registry
    registry.forbid(CHANGING, WHY)
    kept = KeptDisabled(WHY, layout.desk)
    kept.keep(layout.bar)
    layout.panels.when_made(lambda _name, panel: kept.keep(panel))
    for panel in layout.panels.made.values():
        kept.keep(panel)
    it.sheets.when_made(kept.keep)
