"""dg-import: reads what is to be imported, plans it anew with each choice, and puts it into the session."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from dgstudio.engine.facts.labelling import ImportCancelled, ImportFailed
from dgstudio.engine.labels.import_door import ImportDoor
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.worker import Worker
from dgstudio.errors import DgstudioError
from dgstudio.records import dataclass
from dgstudio.streams.imports.watch import Stopped, Watch

if TYPE_CHECKING:
    from dgstudio.engine.imports.column_mapping import Choices, Target
    from dgstudio.engine.imports.plan import ImportPlan
    from dgstudio.streams.imports.table import ImportTable

WAIT_S = 0.5


class ImportStage(StrEnum):
    """How far an import is."""

    READING = "reading"
    CHOOSING = "choosing"
    """It waits for the user."""
    PLANNING = "planning"
    IMPORTING = "importing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, eq=False)
class ImportView:
    """How an import stands; a new one replaces it whenever that changes.

    Attributes
    ----------
    watch : how far it is, while it reads, plans or imports; `failure` : why it failed.
    table, plan : once they are known; `choices` are those of the plan that is made or being made.
    """

    path: Path
    stage: ImportStage
    watch: Watch
    table: ImportTable | None = None
    choices: Choices | None = None
    plan: ImportPlan | None = None
    failure: str = ""


class ImportWorker(Worker):
    """One import at a time. The thread begins with the first; commands may be called from any one thread.

    What reads and plans is imported with the first, too.

    Parameters
    ----------
    target
        Called for what examples have to be like, at the moment.
    """

    name = "dg-import"

    def __init__(self, events: EventQueue, door: ImportDoor, target: Callable[[], Target]) -> None:
        super().__init__(events)
        self.view: ImportView | None = None
        self._door, self._target = door, target
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._job: Callable[[], None] | None = None
        self._watch = Watch()
        self._busy = False

    # -- what the user asks for ----------------------------------------------------------------------------------

    def read(self, path: Path) -> None:
        """Read a file or another session, and plan its import by a first guess."""
        self._begin(ImportView(path, ImportStage.READING, Watch()), lambda view: self._read(view, None))

    def choose(self, choices: Choices) -> None:
        """Plan the import anew with other choices; those that are being planned are given up."""
        view = self.view
        if view is None or view.table is None or view.stage in (ImportStage.IMPORTING, ImportStage.DONE):
            return
        planning = replace(view, stage=ImportStage.PLANNING, watch=Watch(), choices=choices, failure="")
        self._begin(planning, lambda view: self._plan(view, choices))

    def begin(self) -> None:
        """Do what is planned."""
        view = self.view
        if view is None or view.stage != ImportStage.CHOOSING or view.plan is None or view.plan.blocker:
            return
        plan = view.plan
        self._begin(replace(view, stage=ImportStage.IMPORTING, watch=Watch()), lambda view: self._import(view, plan))

    def cancel(self) -> None:
        """Give up whatever goes on; of what was not imported nothing is left."""
        with self._lock:
            self._watch.stop()
            self._job = None
            self.view = None

    @property
    def idle(self) -> bool:
        """Whether nothing is being read, planned or imported."""
        return self._job is None and not self._busy

    # -- the thread ----------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """One piece of work, or a wait for the next."""
        with self._lock:
            job, self._job = self._job, None
            self._busy = job is not None
        if job is None:
            self._wake.wait(WAIT_S)
            self._wake.clear()
            return
        try:
            job()
        finally:
            self._busy = False

    def wake(self) -> None:
        """Make a waiting turn return soon."""
        self._wake.set()

    def stop(self) -> None:
        """End it; an import that is not complete leaves nothing."""
        self._watch.stop()
        super().stop()

    def _begin(self, view: ImportView, work: Callable[[ImportView], None]) -> None:
        with self._lock:
            self._watch.stop()
            self._watch = view.watch
            self.view = view
            self._job = lambda: self._try(view, work)
        if self._thread.ident is None:
            self.start()
        self._wake.set()

    def _try(self, view: ImportView, work: Callable[[ImportView], None]) -> None:
        try:
            work(view)
        except Stopped:
            if view.stage == ImportStage.IMPORTING and not self.stopping:
                self.events.say(ImportCancelled(view.path.name))
        except DgstudioError as error:
            self._fail(view, str(error))
        except MemoryError:
            self._fail(
                view, f"{view.path.name} is larger than the memory of this machine: split it into several files."
            )
        except Exception as error:
            self._fail(view, f"{view.path.name} cannot be imported; something unforeseen went wrong: {error!r}.")

    def _fail(self, view: ImportView, why: str) -> None:
        self._show(view, replace(view, stage=ImportStage.FAILED, failure=why))
        if view.stage == ImportStage.IMPORTING:
            # Nobody may be looking at it any more.
            self.events.say(ImportFailed(why))

    def _show(self, before: ImportView, view: ImportView) -> None:
        """Replace a view, unless the user wants something else by now."""
        with self._lock:
            if self.view is before:
                self.view = view

    def _read(self, view: ImportView, choices: Choices | None) -> None:
        from dgstudio.engine.imports.column_mapping import guessed
        from dgstudio.engine.imports.plan import plan_import
        from dgstudio.engine.imports.sources import read_any

        target = self._target()
        named = () if choices is None or choices.label is None else (choices.label,)
        table = read_any(view.path, target, view.watch, named)
        choices = choices or guessed(table, target)
        plan = plan_import(table, choices, target, view.watch)
        self._show(view, replace(view, stage=ImportStage.CHOOSING, table=table, choices=choices, plan=plan))

    def _plan(self, view: ImportView, choices: Choices) -> None:
        assert view.table is not None, "there is something to choose from"
        label = view.table.column(choices.label)
        if label is not None and not label.named:
            # It was taken for numbers: its words are in the file only.
            self._read(view, choices)
            return
        from dgstudio.engine.imports.plan import plan_import

        plan = plan_import(view.table, choices, self._target(), view.watch)
        self._show(view, replace(view, stage=ImportStage.CHOOSING, choices=choices, plan=plan))

    def _import(self, view: ImportView, plan: ImportPlan) -> None:
        from dgstudio.engine.imports.writer import store_import

        store_import(self._door, plan, view.watch)
        self._show(view, replace(view, stage=ImportStage.DONE))
