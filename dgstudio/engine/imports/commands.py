"""What the user can ask for of imports: the part of the engine that hands it on to dg-import."""

from __future__ import annotations

from abc import ABC
from pathlib import Path

from dgstudio.engine.imports.column_mapping import Choices, Target
from dgstudio.engine.imports.worker import ImportView, ImportWorker
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.streams.features import SignalFeatures
from dgstudio.types import StreamSpec


class ImportCommands(ABC):
    """Commands of the engine; each returns at once. From one thread. What comes of them is pulled from `importing`."""

    classes: ClassTable
    spec: StreamSpec
    features: SignalFeatures
    imports: ImportWorker

    @property
    def importing(self) -> ImportView | None:
        """How the import stands that goes on, or ended last; None: there is none. Any thread."""
        return self.imports.view

    def read_import(self, path: Path) -> None:
        """Read a file or another session that is to be imported, and plan that."""
        self.imports.read(path)

    def choose_import(self, choices: Choices) -> None:
        """Plan the import anew, with other columns."""
        self.imports.choose(choices)

    def begin_import(self) -> None:
        """Import what is planned: one act of the history."""
        self.imports.begin()

    def cancel_import(self) -> None:
        """Give up the import; of what is not complete nothing is left."""
        self.imports.cancel()

    def import_target(self) -> Target:
        """Return what examples have to be like to be this session's own. Any thread."""
        living = tuple(info.name for info in self.classes.living())
        return Target(self.spec, self.features.names, living)
