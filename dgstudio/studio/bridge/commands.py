"""What the window may ask of the engine: one protocol, which the bridge keeps and tests imitate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from dgstudio.engine.adapt.auto_protect import ProtectedInput
from dgstudio.engine.adapt.routing_margins import AnswerMargins
from dgstudio.engine.adapt.version_index import Containing
from dgstudio.engine.imports.column_mapping import Choices
from dgstudio.engine.labels.example_table import Standing
from dgstudio.engine.recording.lookback import Past
from dgstudio.learning.learner.learned_examples import LearnedExamples
from dgstudio.studio.bridge.state import CellView, StudioState, UnitView
from dgstudio.types import (
    F32,
    Act,
    ClassInfo,
    Mode,
    Reading,
    Take,
)


class Commands(Protocol):
    """What the window may ask of the engine. Every call returns at once and is made in the Qt thread."""

    state: StudioState

    def offered_modes(self) -> tuple[Mode, ...]:
        """Return the learning modes that this engine has."""
        ...

    def press_class(self, class_id: int) -> None:
        """Begin a take of this class; a press shorter than 250 ms counts as a tap (the last half second)."""
        ...

    def release_class(self) -> None:
        """End the take that is being held; without one, nothing happens."""
        ...

    def add_class(self, name: str) -> ClassInfo:
        """Add a class.

        Raises
        ------
        BadInputError
            If the name is empty, too long or taken; the text is a sentence for the user.
        """
        ...

    def edit_class(
        self, class_id: int, *, name: str | None = None, key: str | None = None, colour: str | None = None
    ) -> None:
        """Rename, re-key or recolour a class; `BadInputError` says what is wrong."""
        ...

    def move_class(self, class_id: int, place: int) -> None:
        """Put a class at `place` (from 0) in the order of the classes."""
        ...

    def remove_class(self, class_id: int) -> None:
        """End a class, and let its examples stand no more."""
        ...

    def merge_class(self, class_id: int, into: int) -> None:
        """End a class and give its examples another."""
        ...

    def relabel(self, example_ids: Sequence[int], class_id: int) -> None:
        """Give examples another class."""
        ...

    def take_back_last(self, class_id: int) -> None:
        """Let the newest take of a class stand no more."""
        ...

    def delete_examples(self, example_ids: Sequence[int]) -> None:
        """Let examples stand no more."""
        ...

    def standing(self) -> Standing:
        """Return every example that stands, by id, and what it is as arrays."""
        ...

    def takes_by_id(self) -> dict[int, Take]:
        """Return every take that there ever was, as it was made."""
        ...

    def watch_examples(self, on: bool) -> None:
        """Keep `StudioState.analysis` up to date from now on, or no longer."""
        ...

    def notes(self) -> dict[int, str]:
        """Return the user's notes by example id."""
        ...

    def note_examples(self, example_ids: Sequence[int], text: str) -> None:
        """Put a note on examples in place of what they had; "" is none. `BadInputError` for one that is too long."""
        ...

    def takes_of_this_run(self) -> frozenset[int]:
        """Return the ids of the takes whose times are of this run's clock."""
        ...

    def containing(self, example_ids: Sequence[int]) -> Containing:
        """Return which of the versions that can be gone back to contain at least one of these examples."""
        ...

    def contents_of(self, version: int) -> LearnedExamples | None:
        """Return the examples that a version has learned; None while that is being read, or where it is gone."""
        ...

    def show_span(self, start: float, end: float) -> None:
        """Pause the stream and mark the stretch [start, end]; `BadInputError` where it is out of sight."""
        ...

    def acts(self) -> tuple[list[Act], int]:
        """Return what was done to labels and classes, oldest first, and how many of that are done, not undone."""
        ...

    def undo(self) -> None:
        """Take back the last labelling act."""
        ...

    def redo(self) -> None:
        """Do again what was undone last."""
        ...

    def save_copy(self, path: str) -> None:
        """Write all that the session has to another file, what could not be saved so far too; an event follows."""
        ...

    def save_as(self, path: str) -> None:
        """Go on in another file with all that the session has; an event follows."""
        ...

    def duplicate(self) -> None:
        """Write a copy of the session beside it and go on in this one; an event names the copy."""
        ...

    def read_import(self, path: str) -> None:
        """Read a file or another session that is to be imported; `StudioState.importing` follows."""
        ...

    def choose_import(self, choices: Choices) -> None:
        """Plan the import anew, with other columns."""
        ...

    def begin_import(self) -> None:
        """Import what is planned."""
        ...

    def cancel_import(self) -> None:
        """Give up the import; of what is not complete nothing is left."""
        ...

    def layout(self) -> dict[str, Any]:
        """Return how the session was arranged when it was closed, as `keep_layout` was given it; else empty."""
        ...

    def keep_layout(self, layout: dict[str, Any]) -> None:
        """Keep in the session how it is arranged."""
        ...

    def watch_quality(self, kind: str | None) -> None:
        """Report on data of this kind (one of `KINDS`) as `StudioState.quality` from now on; None: on nothing."""
        ...

    def set_aside_takes(self, on: bool) -> None:
        """Set every fifth take of each class aside from learning from now on, or none."""

    def record_stream(self, on: bool) -> None:
        """Record the raw stream, its answers and their versions from now on, or no more."""
        ...

    def export(self, kind: str, path: str) -> None:
        """Write "examples", "model" or "report" to a file; an event says how it ended.

        Raises
        ------
        BadInputError
            If the file's name says no format of this kind, or it cannot be written.
        """
        ...

    def set_mode(self, mode: Mode) -> None:
        """Choose what the learner may change."""
        ...

    def set_openness(self, tau: float, delta: float) -> None:
        """Set the dials of the learning bank; a publish with full proof applies them."""
        ...

    def set_abstain(self, threshold: float) -> None:
        """Call answers less likely than this "unsure"; 0: none."""
        ...

    def set_rule(self, name: str) -> None:
        """Choose the update rule, one of `StudioState.rules`."""
        ...

    def set_compare(self, kind: str | None) -> None:
        """Run a conventional twin beside ours ("in_place", "swap"), or none."""
        ...

    def pin(self, version: int) -> None:
        """Serve this version until `unpin`."""
        ...

    def unpin(self) -> None:
        """Serve the newest version again."""
        ...

    def roll_back(self, version: int | None = None) -> None:
        """Go back to `version`, or to the one before the serving one."""
        ...

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Turn a knob of the source."""
        ...

    def label_span(self, class_id: int, start: float, end: float, who: str = "retro") -> None:
        """Label the past stretch [start, end] of stream time; `BadInputError` where it has left the buffer."""
        ...

    def pass_over(self, start: float, end: float) -> None:
        """Ask no more about the doubtful moment [start, end] of stream time: named, skipped, or none of the classes."""
        ...

    def past(self, start: float, end: float) -> Past:
        """Return the samples and answers of stream time [start, end] that the buffer still holds."""
        ...

    def takes_in(self, start: float, end: float) -> list[Take]:
        """Return the takes of this run that stand and reach into [start, end] of stream time, by id."""
        ...

    def cells(self, reading: Reading) -> list[CellView]:
        """Return the learning bank's labelled examples that carry this answer, strongest first, at most 60."""
        ...

    def margins(self, reading: Reading) -> AnswerMargins | None:
        """Return how safely this answer was routed; None where its version has been thinned out."""
        ...

    def unit(self, index: int) -> UnitView | None:
        """Return the weights of one base unit of the serving snapshot, or None where there is no such unit."""
        ...

    def resume_parked(self) -> None:
        """Learn again what a roll-back or a failure set aside."""
        ...

    def protect_now(self) -> None:
        """Seal the learning bank and protect what the model knows now."""
        ...

    def protect_by_itself(self, on: bool) -> None:
        """Protect what has been stable for half a minute without being asked for, or not."""
        ...

    def set_protected(self, count: int) -> None:
        """Let at most so many inputs join the protected ones at one seal."""
        ...

    def set_seal_at(self, count: int) -> None:
        """Seal the learning bank once it holds so many examples."""
        ...

    def set_features(self, count: int) -> None:
        """Let a model that begins from nothing have so many random features."""
        ...

    def protected_inputs(self) -> list[ProtectedInput]:
        """Return the protected inputs in the order in which they joined."""
        ...

    def release_inputs(self, inputs: Sequence[F32]) -> None:
        """Take protected inputs (raw features) out of the contract: their answers may move."""
        ...

    def start_consolidation(self) -> None:
        """Train a new base from all examples in the background; `StudioState.task` and `proposal` follow.

        Raises
        ------
        BadInputError
            If that goes on already.
        """
        ...

    def cancel_consolidation(self) -> None:
        """Stop that training; nothing is left of it."""
        ...

    def plan_rebuild(self, example_ids: tuple[int, ...]) -> None:
        """Make the model that never saw these sealed examples; `StudioState.proposal` follows."""
        ...

    def accept_proposal(self) -> None:
        """Switch to the proposed model."""
        ...

    def discard_proposal(self) -> None:
        """Keep the present model, and forget the proposed one."""
        ...

    def shutdown(self) -> None:
        """Stop the engine; called once, when the window closes."""
        ...
