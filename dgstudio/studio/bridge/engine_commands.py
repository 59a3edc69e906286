"""What the window asks of the engine. Every command returns at once; the view model follows where it must not wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from dgstudio.engine.adapt.auto_protect import ProtectedInput, protected_inputs
from dgstudio.engine.adapt.version_index import Containing
from dgstudio.engine.engine import Engine
from dgstudio.engine.imports.column_mapping import Choices
from dgstudio.engine.labels.example_table import Standing
from dgstudio.engine.recording.lookback import Past, past_of, reach_of
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learned_examples import LearnedExamples
from dgstudio.studio.bridge.state import StudioState
from dgstudio.types import F32, Act, ClassInfo, Event, Mode, Take

LAYOUT = "layout"
"""Session setting: how the window was arranged."""


class EngineCommands(QObject):
    """The commands of the window, handed on to one engine. Qt thread only.

    Attributes
    ----------
    state : the view model that the panels show.
    """

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.engine = engine
        self.state = StudioState(self)

    def offered_modes(self) -> tuple[Mode, ...]:
        """Return the learning modes that the learner has."""
        return self.engine.learner.offered_modes

    def press_class(self, class_id: int) -> None:
        """Begin a take, or label the marked stretch if there is one."""
        span = self.state.selection
        if span is not None:
            self.state.set_selection(None)
            self.engine.label_span(class_id, *span)
            return
        self.engine.press_class(class_id)

    def release_class(self) -> None:
        """End the take that is being held."""
        self.engine.release_class()

    def add_class(self, name: str) -> ClassInfo:
        """Add a class; `BadInputError` carries a sentence for the user."""
        return self.engine.add_class(name)

    def edit_class(
        self, class_id: int, *, name: str | None = None, key: str | None = None, colour: str | None = None
    ) -> None:
        """Rename, re-key or recolour a class; `BadInputError` says what is wrong."""
        self.engine.edit_class(class_id, name=name, key=key, colour=colour)

    def move_class(self, class_id: int, place: int) -> None:
        """Put a class at `place` (from 0) in the order of the classes."""
        self.engine.move_class(class_id, place)

    def remove_class(self, class_id: int) -> None:
        """End a class, and let its examples stand no more."""
        self.engine.remove_class(class_id)

    def merge_class(self, class_id: int, into: int) -> None:
        """End a class and give its examples another."""
        self.engine.merge_class(class_id, into)

    def relabel(self, example_ids: Sequence[int], class_id: int) -> None:
        """Give examples another class."""
        self.engine.relabel(example_ids, class_id)

    def take_back_last(self, class_id: int) -> None:
        """Let the newest take of a class stand no more."""
        self.engine.take_back_last(class_id)

    def delete_examples(self, example_ids: Sequence[int]) -> None:
        """Let examples stand no more."""
        self.engine.delete_examples(example_ids)

    def standing(self) -> Standing:
        """Return every example that stands, by id, and what it is as arrays."""
        return self.engine.book.as_arrays()

    def takes_by_id(self) -> dict[int, Take]:
        """Return every take that there ever was, as it was made."""
        return self.engine.book.every_take()

    def watch_examples(self, on: bool) -> None:
        """Keep what is known of the examples up to date, or no longer."""
        self.engine.watch_examples(on)

    def notes(self) -> dict[int, str]:
        """Return the user's notes by example id."""
        return self.engine.notes()

    def note_examples(self, example_ids: Sequence[int], text: str) -> None:
        """Put a note on examples; `BadInputError` for one that is too long."""
        self.engine.note_examples(example_ids, text)

    def takes_of_this_run(self) -> frozenset[int]:
        """Return the ids of the takes whose times are of this run's clock."""
        return self.engine.takes_of_this_run()

    def containing(self, example_ids: Sequence[int]) -> Containing:
        """Return which versions contain at least one of these examples."""
        return self.engine.containing(example_ids)

    def contents_of(self, version: int) -> LearnedExamples | None:
        """Return the examples that a version has learned, None where that is not at hand."""
        return self.engine.contents_of(version)

    def show_span(self, start: float, end: float) -> None:
        """Show the stretch [start, end] of the stream, standing still, and mark it.

        Raises
        ------
        BadInputError
            Where it has left the buffer, or never was in it.
        """
        reach = reach_of(self.engine.ring, self.engine.recorded_past)
        if reach is None or start < reach[0] or end > reach[1] + 1e-6:
            raise BadInputError("That stretch of the stream is no longer in the buffer.")
        wide = max(self.state.view_s, 1.2 * (end - start))
        # In the middle, as far as the live edge allows.
        last = min(reach[1], (start + end + wide) / 2)
        self.state.look_at(last - wide, last)
        self.state.set_selection((start, end))

    def acts(self) -> tuple[list[Act], int]:
        """Return what was done to labels and classes, oldest first, and how many of that are done, not undone."""
        return self.engine.book.history()

    def undo(self) -> None:
        """Take back the last labelling act."""
        self.engine.undo()

    def redo(self) -> None:
        """Do again what was undone last."""
        self.engine.redo()

    def save_copy(self, path: str) -> None:
        """Write all that the session has to another file; one that is there the user has agreed to replace."""
        self.engine.save_copy(Path(path), overwrite=True)

    def save_as(self, path: str) -> None:
        """Go on in another file; one that is there the user has agreed to replace."""
        self.engine.save_as(Path(path), overwrite=True)

    def duplicate(self) -> None:
        """Write a copy beside the session and go on in this one."""
        self.engine.duplicate()

    def read_import(self, path: str) -> None:
        """Read a file or another session that is to be imported."""
        self.engine.read_import(Path(path))

    def choose_import(self, choices: Choices) -> None:
        """Plan the import anew, with other columns."""
        self.engine.choose_import(choices)

    def begin_import(self) -> None:
        """Import what is planned."""
        self.engine.begin_import()

    def cancel_import(self) -> None:
        """Give up the import."""
        self.engine.cancel_import()

    def layout(self) -> dict[str, Any]:
        """Return how the session was arranged when it was closed; empty where it never was."""
        kept = self.engine.session.config(LAYOUT)
        return kept if isinstance(kept, dict) else {}

    def keep_layout(self, layout: dict[str, Any]) -> None:
        """Keep in the session how it is arranged."""
        self.engine.store.write(lambda session: session.set_config(LAYOUT, layout))

    def watch_quality(self, kind: str | None) -> None:
        """Report on data of this kind from now on, or on nothing."""
        self.engine.quality.ask(kind)

    def set_aside_takes(self, on: bool) -> None:
        """Set every fifth take of each class aside from learning, or none."""
        self.engine.set_aside(on)
        self.state.set_aside = on
        self.state.announce("quality")

    def record_stream(self, on: bool) -> None:
        """Record the raw stream, its answers and their versions from now on, or no more."""
        self.engine.record_stream(on)

    def export(self, kind: str, path: str) -> None:
        """Write examples, model or report to a file; one that is there the user has agreed to replace."""
        self.engine.export(kind, Path(path), overwrite=True)

    def set_mode(self, mode: Mode) -> None:
        """Choose what the learner may change."""
        self.engine.set_mode(mode)
        self.state.mode = mode
        self.state.announce("mode")

    def set_openness(self, tau: float, delta: float) -> None:
        """Set the dials of the learning bank."""
        self.engine.set_openness(tau, delta)
        self.state.tau, self.state.delta = tau, delta
        self.state.announce("settings")

    def set_abstain(self, threshold: float) -> None:
        """Call answers less likely than this "unsure"."""
        self.engine.set_abstain(threshold)
        self.state.abstain = threshold
        self.state.announce("settings")

    def set_rule(self, name: str) -> None:
        """Choose the update rule."""
        self.engine.set_rule(name)
        self.state.rule = name
        self.state.announce("settings")

    def set_compare(self, kind: str | None) -> None:
        """Run a conventional twin beside ours, or none."""
        self.engine.set_compare(kind)
        self.state.compare = kind
        self.state.announce("compare")

    def pin(self, version: int) -> None:
        """Serve this version until `unpin`."""
        self.engine.pin(version)

    def unpin(self) -> None:
        """Serve the newest version again."""
        self.engine.unpin()

    def roll_back(self, version: int | None = None) -> None:
        """Go back to `version`, or to the one before the newest."""
        self.engine.roll_back(version)

    def resume_parked(self) -> None:
        """Learn again what a roll-back or a failure set aside."""
        self.engine.resume_parked()

    def protect_now(self) -> None:
        """Protect what the model knows now."""
        self.engine.protect_now()

    def protect_by_itself(self, on: bool) -> None:
        """Protect what has been stable for half a minute without being asked for, or not."""
        self.engine.protect_by_itself(on)
        self.state.protect_by_itself = on
        self.state.announce("settings")

    def set_protected(self, count: int) -> None:
        """Let at most so many inputs join the protected ones at one seal."""
        self.engine.set_protected(count)
        self.state.protect_at_seal = count
        self.state.announce("settings")

    def set_seal_at(self, count: int) -> None:
        """Seal the learning bank once it holds so many examples."""
        self.engine.set_seal_at(count)
        self.state.seal_at = count
        self.state.announce("settings")

    def set_features(self, count: int) -> None:
        """Let a model that begins from nothing have so many random features."""
        self.engine.set_features(count)
        self.state.features = count
        self.state.announce("settings")

    def protected_inputs(self) -> list[ProtectedInput]:
        """Return the protected inputs in the order in which they joined."""
        learner = self.engine.learner
        return protected_inputs(learner.footing, learner.store.head.temperature)

    def release_inputs(self, inputs: Sequence[F32]) -> None:
        """Take protected inputs out of the contract: their answers may move."""
        self.engine.release_inputs(inputs)

    def start_consolidation(self) -> None:
        """Train a new base in the background; `BadInputError` where that goes on already."""
        self.engine.start_consolidation()

    def cancel_consolidation(self) -> None:
        """Stop the training."""
        self.engine.cancel_consolidation()

    def plan_rebuild(self, example_ids: tuple[int, ...]) -> None:
        """Make the model that never saw these sealed examples."""
        self.engine.plan_rebuild(example_ids)

    def accept_proposal(self) -> None:
        """Switch to the model that waits for the user's word."""
        if self.engine.rebuild is not None:
            self.engine.accept_rebuild()
        else:
            self.engine.accept_consolidation()

    def discard_proposal(self) -> None:
        """Keep the present model."""
        if self.engine.rebuild is not None:
            self.engine.discard_rebuild()
        else:
            self.engine.discard_consolidation()

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Turn a knob of the source."""
        self.engine.source.set_knob(name, value)
        self.state.spec = self.engine.source.spec
        self.state.knobs = tuple(
            replace(knob, value=value) if knob.name == name else knob for knob in self.engine.source.knobs()
        )
        self.state.announce("source")

    def label_span(self, class_id: int, start: float, end: float, who: str = "retro") -> None:
        """Label the past stretch [start, end] of stream time; `BadInputError` where it has left the buffer."""
        self.engine.label_span(class_id, start, end, who)

    def past(self, start: float, end: float) -> Past:
        """Return the samples and answers of stream time [start, end] that the buffer, or the recording, holds."""
        return past_of(self.engine.ring, self.engine.lane.readings, self.engine.recorded_past, start, end)

    def takes_in(self, start: float, end: float) -> list[Take]:
        """Return the takes of this run that stand and reach into [start, end], by id."""
        return [take for take in self.engine.book.takes(start) if take.start <= end]

    def tell(self, notes: list[str]) -> None:
        """Put notes about the start into the log."""
        for note in notes:
            self.engine.events.say(Event("start", note))
