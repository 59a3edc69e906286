"""Sheets that are made, and their modules imported, when they are first opened: the first picture shows none."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtWidgets import QWidget

from dgstudio.studio.theme.theme import Theme
from dgstudio.studio.window.notifier import Telling

if TYPE_CHECKING:
    from dgstudio.studio.actions.palette import ShortcutSheet
    from dgstudio.studio.common.overlay import Overlay
    from dgstudio.studio.examples.example_browser import ExampleSheet
    from dgstudio.studio.examples.undo_history import HistorySheet
    from dgstudio.studio.imports.import_sheet import ImportSheet
    from dgstudio.studio.learning.protected_sheet import ProtectedSheet

Sheet = TypeVar("Sheet", bound="Overlay")


class Sheets(Telling):
    """The part of the window that browses; each sheet is there from the first time that somebody asks for it."""

    desk: QWidget
    theme: Theme

    @cached_property
    def shortcuts(self) -> ShortcutSheet:
        """Every key."""
        from dgstudio.studio.actions.palette import ShortcutSheet

        return self._dressed(ShortcutSheet(self.actions_, self.desk))

    @cached_property
    def examples(self) -> ExampleSheet:
        """All that was labelled."""
        from dgstudio.studio.examples.example_browser import ExampleSheet

        return self._dressed(ExampleSheet(self.state, self.commands, self.attempt, self.desk))

    @cached_property
    def importing(self) -> ImportSheet:
        """What would come out of a file."""
        from dgstudio.studio.imports.import_sheet import ImportSheet

        return self._dressed(ImportSheet(self.state, self.commands, self.attempt, self.desk))

    @cached_property
    def history(self) -> HistorySheet:
        """All that was done."""
        from dgstudio.studio.examples.undo_history import HistorySheet

        return self._dressed(HistorySheet(self.state, self.commands, self.desk))

    @cached_property
    def protected(self) -> ProtectedSheet:
        """The inputs whose answers must not move."""
        from dgstudio.studio.learning.protected_sheet import ProtectedSheet

        return self._dressed(ProtectedSheet(self.state, self.commands, self.attempt, self.desk))

    def sheets_made(self) -> list[Overlay]:
        """Return those that are there."""
        names = ("shortcuts", "examples", "importing", "history", "protected")
        return [vars(self)[name] for name in names if name in vars(self)]

    def _dressed(self, sheet: Sheet) -> Sheet:
        sheet.apply_theme(self.theme)
        return sheet
