"""What is laid over the window: made, and its module imported, when it is first opened; the first picture shows none.

The sheet on another model is there from the start, since it appears by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.actions.registry import ActionRegistry
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.classes.hold_to_label import Labelling
from dgstudio.studio.common.overlays.overlay import Overlay
from dgstudio.studio.learning.consolidation_sheet import ProposalSheet
from dgstudio.studio.sessions.session_desk import DeskPlace
from dgstudio.studio.theme.theme import Themed
from dgstudio.studio.window.appearance import Appearance
from dgstudio.studio.window.hint_acts import LOOKED_FURTHER
from dgstudio.studio.window.layout import WindowLayout

if TYPE_CHECKING:
    from dgstudio.studio.actions.palette import CommandPalette, ShortcutSheet
    from dgstudio.studio.classes.countdown import Countdown
    from dgstudio.studio.common.overlays.hints import Hints
    from dgstudio.studio.common.overlays.name_sheet import NameSheet
    from dgstudio.studio.examples.example_browser import ExampleSheet
    from dgstudio.studio.examples.undo_history import HistorySheet
    from dgstudio.studio.imports.import_sheet import ImportSheet
    from dgstudio.studio.learning.learning_sheet import LearningSheet
    from dgstudio.studio.learning.protected_sheet import ProtectedSheet
    from dgstudio.studio.sessions.recent_sheet import RecentSheet
    from dgstudio.studio.source.choice.sheet import SourceSheet

Sheet = TypeVar("Sheet", bound=Overlay)
Part = TypeVar("Part", bound=Themed)


def toggle(sheet: Overlay) -> None:
    """Open a sheet, or close it."""
    if sheet.isVisible():
        sheet.close_overlay()
    else:
        sheet.open()


class Sheets:
    """Each is there from the first time that somebody asks for it. Qt thread only.

    Parameters
    ----------
    layout
        What they lie over.
    attempt
        Asks the engine for something, and tells the user what it refuses.
    hints_seen
        Called when the user has seen the hints.
    """

    def __init__(
        self,
        state: StudioState,
        commands: Bridge,
        labelling: Labelling,
        layout: WindowLayout,
        appearance: Appearance,
        actions: ActionRegistry[Any],
        sessions: DeskPlace,
        attempt: Callable[..., None],
        hints_seen: Callable[[], object],
    ) -> None:
        self._state, self._commands, self._labelling = state, commands, labelling
        self._layout, self._desk, self._appearance = layout, layout.desk, appearance
        self._hear: list[Callable[[object], object]] = []
        self._actions, self._sessions = actions, sessions
        self._attempt, self._hints_seen = attempt, hints_seen
        self.proposal = self._dress(ProposalSheet(state, commands, attempt, self._desk))

    @cached_property
    def palette(self) -> CommandPalette:
        """Every action, found by some letters of it."""
        from dgstudio.studio.actions.palette import CommandPalette

        return self._keyed(CommandPalette(self._actions, self._desk), ActionId.PALETTE)

    @cached_property
    def shortcuts(self) -> ShortcutSheet:
        """Every key."""
        from dgstudio.studio.actions.palette import ShortcutSheet

        return self._keyed(ShortcutSheet(self._actions, self._desk), ActionId.SHORTCUTS)

    @cached_property
    def examples(self) -> ExampleSheet:
        """All that was labelled."""
        from dgstudio.studio.examples.example_browser import ExampleSheet

        return self._keyed(ExampleSheet(self._state, self._commands, self._attempt, self._desk), ActionId.EXAMPLES)

    @cached_property
    def importing(self) -> ImportSheet:
        """What would come out of a file."""
        from dgstudio.studio.imports.import_sheet import ImportSheet

        return self._keyed(ImportSheet(self._state, self._commands, self._attempt, self._desk), ActionId.IMPORT)

    @cached_property
    def history(self) -> HistorySheet:
        """All that was done."""
        from dgstudio.studio.examples.undo_history import HistorySheet

        return self._keyed(HistorySheet(self._state, self._commands, self._desk), ActionId.HISTORY)

    @cached_property
    def learning(self) -> LearningSheet:
        """What is protected, and how it is learned."""
        from dgstudio.studio.learning.learning_sheet import LearningSheet

        contract = self._layout.bar.contract
        sheet = self._keyed(LearningSheet(self._state, self._commands, contract, self._desk), ActionId.LEARNING)
        sheet.browsed.connect(self._browse_protected)
        return sheet

    @cached_property
    def protected(self) -> ProtectedSheet:
        """The inputs whose answers must not move."""
        from dgstudio.studio.learning.protected_sheet import ProtectedSheet

        return self._dress(ProtectedSheet(self._state, self._commands, self._attempt, self._desk))

    @cached_property
    def recent(self) -> RecentSheet:
        """The sessions that were open lately."""
        from dgstudio.studio.sessions.recent_sheet import RecentSheet

        sessions, trigger = self._sessions, self._actions.trigger
        return self._keyed(
            RecentSheet(
                self._desk,
                sessions=lambda: [] if sessions.desk is None else sessions.desk.recent(),
                present=lambda: sessions.present,
                open_session=sessions.open,
                forget=sessions.forget,
                watch=sessions.watch,
                other=lambda: trigger(ActionId.OPEN_SESSION),
                new=lambda: trigger(ActionId.NEW_SESSION),
            ),
            ActionId.RECENT_SESSIONS,
            ActionId.OPEN_SESSION,
            ActionId.NEW_SESSION,
        )

    @cached_property
    def source(self) -> SourceSheet:
        """What can be answered instead."""
        from dgstudio.studio.source.choice.sheet import SourceSheet

        sessions = self._sessions
        begin_on = lambda: None if sessions.desk is None else sessions.desk.begin_on  # noqa: E731
        return self._keyed(SourceSheet(self._state, self._commands, begin_on, self._desk), ActionId.SOURCE)

    @cached_property
    def name(self) -> NameSheet:
        """What a layout is to be called, or, on the stage, a class."""
        from dgstudio.studio.common.overlays.name_sheet import NameSheet

        return self._dress(NameSheet(self._desk))

    @cached_property
    def countdown(self) -> Countdown:
        """3 – 2 – 1, then a take of fixed length."""
        from dgstudio.studio.classes.countdown import Countdown

        return self._dress(Countdown(self._state, self._labelling, self._layout.middle, self._desk))

    @cached_property
    def hints(self) -> Hints:
        """What a first start explains."""
        from dgstudio.studio.window.first_hints import first_hints

        hints = self._dress(first_hints(self._layout, self._layout.working))
        self._layout.add_line(hints)
        hints.finished.connect(self._hints_seen)
        self._state.when(StudioState.caption).connect(self._give_way)
        return hints

    def _give_way(self) -> None:
        """Let a demo speak instead of the hints: on a line of its own."""
        played = self._state.caption is not None
        if played:
            self.did(LOOKED_FURTHER)
        self.hints.set_aside(played)

    def when_made(self, hear: Callable[[object], object]) -> None:
        """Call `hear` with each sheet that is made from now on."""
        self._hear.append(hear)

    def _dress(self, sheet: Part) -> Part:
        dressed = self._appearance.dress(sheet)
        for hear in self._hear:
            hear(dressed)
        return dressed

    def _keyed(self, sheet: Sheet, *ids: ActionId) -> Sheet:
        """A sheet with its look, which leaves the shortcuts of these actions to the window."""
        sheet.own_keys = tuple(key for id in ids for key in self._actions[id].keys)
        return self._dress(sheet)

    # -- those that are there ----------------------------------------------------------------------------------------

    def made(self, name: str) -> bool:
        """Whether somebody has asked for this one (the name of its attribute)."""
        return name in vars(self)

    def update_frame(self, frame: Frame) -> None:
        """Show one frame in what follows the stream."""
        if self._state.importing is not None:
            self.importing.update_wall()
        if self.made("learning"):
            self.learning.update_frame(frame)
        if self.made("source"):
            self.source.update_frame(frame)

    def begin_hints(self) -> None:
        """Show the first hint, and what they point at."""
        self._layout.show_middle("gates")
        for name in ("stream", "classes", "gates"):
            self._layout.arrangement.reveal(name)
        self.hints.begin()

    @property
    def hints_shown(self) -> bool:
        """Whether a hint can be read."""
        return self.made("hints") and self.hints.isVisible()

    def open_palette(self) -> None:
        """Let every action be found."""
        self.did(LOOKED_FURTHER)
        self.palette.open()

    def did(self, act: str) -> None:
        """Let the hints know what the user did."""
        if self.made("hints"):
            self.hints.did(act)

    def doing(self, act: str, on: bool) -> None:
        """Let the hints know what the user is at."""
        if self.made("hints"):
            self.hints.doing(act, on)

    def call_off(self) -> None:
        """Begin no recording by itself: the window is not in use any more."""
        if self.made("countdown"):
            self.countdown.stop()

    def stop(self) -> None:
        """Let go of the devices that are looked at: the window closes."""
        if self.made("source"):
            self.source.stop()

    def close_top(self) -> bool:
        """Close what lies over the window without having the focus; whether there was any."""
        if self.proposal.isVisible():
            self.proposal.put_aside()
        elif open_ones := [sheet for sheet in self._desk.findChildren(Overlay) if sheet.isVisible()]:
            # The one that was raised last lies on top.
            open_ones[-1].close_overlay()
        else:
            return False
        return True

    def _browse_protected(self) -> None:
        self.learning.close_overlay()
        self.protected.open()
