"""What the user can do to labels and classes: the part of the engine that hands it on to dg-store."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dgstudio.engine.labels.store_worker import StoreWorker
from dgstudio.engine.recording.lookback import require_held
from dgstudio.engine.recording.recorded_stream import RecordedPast
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.rings import SampleRing
from dgstudio.errors import BadInputError
from dgstudio.types import ClassInfo

if TYPE_CHECKING:
    from dgstudio.engine.runtime.settings import EngineSettings

LONGEST_NOTE = 500
"""Characters."""


class LabelCommands(ABC):
    """Commands of the engine; each returns at once, after it has refused what cannot be. From one thread."""

    classes: ClassTable
    store: StoreWorker
    ring: SampleRing
    recorded_past: RecordedPast
    settings: EngineSettings
    _pressed: tuple[int, float, float] | None = None

    @property
    @abstractmethod
    def stream_speed(self) -> float:
        """Stream seconds per wall second."""

    @abstractmethod
    def stream_now(self) -> float:
        """Stream time at this moment."""

    def press_class(self, class_id: int) -> None:
        """A class key went down. Another one that is still down is released: the later key wins."""
        if not self.classes.get(class_id).living:
            raise BadInputError(f"The class “{self.classes.get(class_id).name}” has been removed.")
        if self._pressed is not None:
            self.release_class()
        now = self.stream_now()
        self._pressed = (class_id, now, time.perf_counter())
        self.store.begin_take(class_id, now)

    def release_class(self) -> None:
        """The class key came up: a long press ends the take, a tap labels the last half second instead."""
        if self._pressed is None:
            return
        (class_id, _, wall), self._pressed = self._pressed, None
        now = self.stream_now()
        if time.perf_counter() - wall < self.settings.hold_s:
            self.store.cancel_take()
            self.store.label_span(class_id, now - self.settings.tap_s * self.stream_speed, now, "tap")
        else:
            self.store.end_take(now)

    @property
    def recording(self) -> tuple[int, float] | None:
        """(class id, stream time of the press) of the take being held."""
        return None if self._pressed is None else self._pressed[:2]

    def label_span(self, class_id: int, start: float, end: float, who: str = "retro") -> None:
        """Label a stretch of the past; `who` as in `Take`.

        Raises
        ------
        BadInputError
            Where there is no such class, or samples of that stretch have left the buffer.
        """
        if not self.classes.get(class_id).living:
            raise BadInputError(f"The class “{self.classes.get(class_id).name}” has been removed.")
        start, end = min(start, end), max(start, end)
        require_held(self.ring, self.recorded_past, start, end)
        self.store.label_span(class_id, start, end, who)

    def set_aside(self, on: bool) -> None:
        """Set every fifth take of each class aside from learning from now on, to measure by; or none. Kept."""
        self.store.set_aside(on)

    def add_class(self, name: str) -> ClassInfo:
        """A new class, living at once; `BadInputError` says what is wrong with the name."""
        info = self.classes.add(name)
        self.store.class_added(info)
        return info

    def edit_class(
        self, class_id: int, *, name: str | None = None, key: str | None = None, colour: str | None = None
    ) -> None:
        """Rename, re-key or recolour a class; another one with that key gets this one's.

        Raises
        ------
        BadInputError
            Where there is no such class, or it cannot have that name, key or colour.
        """
        was, infos = self.classes.get(class_id), self.classes.edited(class_id, name=name, key=key, colour=colour)
        info = infos[0]
        words = [
            f"renamed to {info.name}" if info.name != was.name else "",
            (f"on key {info.key}" if info.key else "without a key") if info.key != was.key else "",
            "in another colour" if info.colour != was.colour else "",
        ]
        text = f"Class {was.name} {', '.join(word for word in words if word)}"
        self.store.edit_classes("class changed", text, infos)

    def move_class(self, class_id: int, place: int) -> None:
        """Put a class at `place` (from 0) in the order of the classes."""
        infos = self.classes.moved(class_id, place)
        self.store.edit_classes("classes ordered", f"Class {self.classes.names[class_id]} moved", infos)

    def remove_class(self, class_id: int) -> None:
        """End a class: its logit goes, and its examples stand no more until that is undone."""
        self._let_go(class_id)
        self.store.remove_class(class_id)

    def merge_class(self, class_id: int, into: int) -> None:
        """End a class and give its examples another. `BadInputError` where that one does not live."""
        if class_id == into or not self.classes.get(into).living:
            raise BadInputError("A class can be merged into another one that lives.")
        self._let_go(class_id)
        self.store.remove_class(class_id, into)

    def _let_go(self, class_id: int) -> None:
        if not self.classes.get(class_id).living:
            raise BadInputError(f"The class “{self.classes.get(class_id).name}” has been removed.")
        if self._pressed is not None and self._pressed[0] == class_id:
            self.release_class()

    def relabel(self, example_ids: Sequence[int], class_id: int) -> None:
        """Give examples another class. `BadInputError` where there is no such class."""
        if not self.classes.get(class_id).living:
            raise BadInputError(f"The class “{self.classes.get(class_id).name}” has been removed.")
        self.store.relabel(tuple(example_ids), class_id)

    def take_back_last(self, class_id: int) -> None:
        """Let the newest take of a class stand no more; one that is being held ends first."""
        self.classes.get(class_id)
        if self._pressed is not None:
            self.release_class()
        self.store.take_back_last(class_id)

    def delete_examples(self, example_ids: Sequence[int]) -> None:
        """Let examples stand no more."""
        self.store.delete(tuple(example_ids))

    def note_examples(self, example_ids: Sequence[int], text: str) -> None:
        """Put a note on examples, in place of what they had; "" is none. `BadInputError` for one that is too long."""
        text = " ".join(text.split())
        if len(text) > LONGEST_NOTE:
            raise BadInputError(f"A note may have {LONGEST_NOTE} characters, and this one has {len(text)}: shorten it.")
        self.store.put_note(tuple(example_ids), text)

    def undo(self) -> None:
        """Take back the newest labelling act."""
        self.store.undo()

    def redo(self) -> None:
        """Do again what was taken back."""
        self.store.redo()
