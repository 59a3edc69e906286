"""What is done to the model: learning, versions, the twin."""

from __future__ import annotations

from functools import partial
from typing import Final

from dgstudio.engine.adapt.twin_comparison import AT_MOST
from dgstudio.studio.actions.ids import ActionId, Group, SubMenu
from dgstudio.studio.common.mode_words import MODE_WORDS
from dgstudio.studio.common.twin_text import TWIN_WORDS
from dgstudio.studio.packages.packages import TRAINING
from dgstudio.studio.window.parts import Row, WindowParts
from dgstudio.studio.window.sheets import toggle
from dgstudio.types import Mode, TwinKind

MODE_IDS: Final = {
    Mode.OFF: ActionId.MODE_OFF,
    Mode.ROUTING: ActionId.MODE_ROUTING,
    Mode.WEIGHTS: ActionId.MODE_WEIGHTS,
    Mode.BOTH: ActionId.MODE_BOTH,
}
COMPARE_IDS: Final = {
    TwinKind.IN_PLACE: ActionId.COMPARE,
    TwinKind.SWAP: ActionId.COMPARE_SWAP,
    TwinKind.REPLAY: ActionId.COMPARE_REPLAY,
    TwinKind.OURS_ROUTING: ActionId.COMPARE_ROUTING,
    TwinKind.OURS_WEIGHTS: ActionId.COMPARE_WEIGHTS,
    TwinKind.OURS_BOTH: ActionId.COMPARE_BOTH,
    TwinKind.OURS_OFF: ActionId.COMPARE_OFF,
}


def mode_actions(modes: tuple[Mode, ...]) -> tuple[Row, ...]:
    """Return one action for each learning mode that an engine has."""
    return tuple(
        Row(
            MODE_IDS[mode],
            f"Learn: {MODE_WORDS[mode][0]}",
            partial(_set_mode, mode),
            tooltip=MODE_WORDS[mode][1],
            group=Group.LEARN,
            under=SubMenu.LEARN,
        )
        for mode in modes
    )


def _set_mode(mode: Mode, it: WindowParts) -> None:
    it.notifier.attempt(it.commands.model.set_mode, mode)


def _consolidate(it: WindowParts) -> None:
    it.packages.having(TRAINING, lambda: it.notifier.attempt(it.commands.candidates.start_consolidation))


def _toggle_pin(it: WindowParts) -> None:
    if it.state.pinned is None:
        it.notifier.attempt(it.commands.model.pin, it.state.serving)
    else:
        it.notifier.attempt(it.commands.model.unpin)


def _compare(kind: TwinKind, it: WindowParts, on: bool) -> None:
    """Run this twin too, the one that was chosen first giving way where there are two; or run it no more."""
    others = tuple(other for other in it.state.compare if other != kind)
    it.notifier.attempt(it.commands.comparison.choose, *((*others[-(AT_MOST - 1) :], kind) if on else others))


LEARN_ACTIONS: Final[tuple[Row, ...]] = (
    Row(
        ActionId.PARTS_APART,
        "Publish part by part",
        switch=lambda it, on: it.notifier.attempt(it.commands.model.set_parts_apart, on),
        tooltip="Every publish is cut into its atomic parts, a router or the read-out of one class, which come in "
        "random order and with pauses: each version in between is proved and whole. Again: all at once",
        icon="mdi6.puzzle-outline",
        group=Group.LEARN,
        under=SubMenu.LEARN,
    ),
    Row(
        ActionId.LEARNING,
        "Contract and learning",
        lambda it: toggle(it.sheets.learning),
        key="L",
        tooltip="What is protected, how open the learning bank is, which rule learns",
        icon="mdi6.tune-variant",
        group=Group.LEARN,
    ),
    Row(
        ActionId.PROTECT,
        "Protect what it knows now",
        lambda it: it.notifier.attempt(it.commands.model.protect_now),
        tooltip="Seal the learning bank: what it has learned joins the inputs whose answers must not move",
        icon="mdi6.shield-outline",
        group=Group.LEARN,
        under=SubMenu.PROTECT,
    ),
    Row(
        ActionId.PROTECTED,
        "Browse the protected inputs",
        lambda it: toggle(it.sheets.protected),
        tooltip="Every input whose answer must not move: its class, how sure it was, where it comes from",
        icon="mdi6.shield-search",
        group=Group.LEARN,
        under=SubMenu.PROTECT,
    ),
    Row(
        ActionId.RESUME_PARKED,
        "Resume parked examples",
        lambda it: it.notifier.attempt(it.commands.model.resume_parked),
        tooltip="Follow the labels again of examples that a roll-back, or a failure, set aside: learn what was parked, "
        "and unlearn what was taken back since",
        icon="mdi6.play-outline",
        group=Group.LEARN,
    ),
    Row(
        ActionId.CONSOLIDATE,
        "Train a new base from all examples",
        _consolidate,
        tooltip="In the background; it is compared with the present model, and you choose whether to switch. "
        "Needs the package torch, which is offered where it is missing",
        icon="mdi6.layers-outline",
        group=Group.LEARN,
    ),
)

VERSION_ACTIONS: Final[tuple[Row, ...]] = (
    Row(
        ActionId.ROLL_BACK,
        "Roll back",
        lambda it: it.notifier.attempt(it.commands.model.roll_back),
        key="B",
        tooltip="Go back to the version before the last act (a take, an undo, a protection …), and stay there. Labels "
        "stay as they are: what was labelled or taken back since then waits until it is resumed",
        icon="mdi6.undo-variant",
        group=Group.VERSIONS,
        under=SubMenu.VERSIONS,
    ),
    Row(
        ActionId.GO_FORWARD,
        "Roll forward",
        lambda it: it.notifier.attempt(it.commands.model.go_forward),
        key="Shift+B",
        tooltip="Go to the end of the act that came after this version, on the branch that you were on last",
        icon="mdi6.redo-variant",
        group=Group.VERSIONS,
        under=SubMenu.VERSIONS,
    ),
    Row(
        ActionId.COMPARE_BEFORE,
        "Compare with the version before this act",
        lambda it: it.layout.snapshots_panel.compare_with_before(),
        tooltip="Select the version before the selected act as A, and the one that it made as B; without a selection "
        "of the act that made the serving version",
        icon="mdi6.compare-horizontal",
        group=Group.VERSIONS,
        under=SubMenu.VERSIONS,
    ),
    Row(
        ActionId.PIN,
        "Pin the serving version",
        _toggle_pin,
        key="P",
        tooltip="Keep answering with this version while learning goes on; again: serve the newest",
        icon="mdi6.pin-outline",
        group=Group.VERSIONS,
        under=SubMenu.VERSIONS,
    ),
)

COMPARE_ACTIONS: Final[tuple[Row, ...]] = tuple(
    Row(
        action,
        f"Compare with {TWIN_WORDS[kind].with_article}",
        switch=partial(_compare, kind),
        key="C" if kind is TwinKind.IN_PLACE else "",
        tooltip=f"{TWIN_WORDS[kind].what}. Again: no more. Two run at most: a third takes the place of the first",
        icon="mdi6.compare" if kind is TwinKind.IN_PLACE else "",
        group=Group.COMPARE,
        under=SubMenu.COMPARE,
    )
    for kind, action in COMPARE_IDS.items()
)
