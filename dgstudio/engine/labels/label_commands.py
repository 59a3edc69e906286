"""What the user can do to labels and classes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from dgstudio.engine.labels.label_history import LabelHistory
from dgstudio.engine.labels.store_worker import StoreWorker
from dgstudio.engine.recording.lookback import Lookback
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.engine.runtime.stream_clock import StreamClock
from dgstudio.errors import BadInputError
from dgstudio.guard import limits
from dgstudio.guard.texts import plain_text
from dgstudio.reasons.done import ClassEdited, ClassMoved
from dgstudio.types import ActKind, ClassInfo, LabelledBy


class LabelCommands:
    """Commands; each returns at once, after it has refused what cannot be. From one thread.

    Attributes
    ----------
    sets_aside : whether every fifth take of a class is set aside from learning, as it was last asked for.
    """

    def __init__(
        self,
        store: StoreWorker,
        history: LabelHistory,
        classes: ClassTable,
        lookback: Lookback,
        clock: StreamClock,
        settings: EngineSettings,
        *,
        sets_aside: bool,
    ) -> None:
        self.sets_aside = sets_aside
        self._store = store
        self._history = history
        self._classes = classes
        self._lookback = lookback
        self._clock = clock
        self._settings = settings
        self._pressed: tuple[int, float, float] | None = None
        self._told: tuple[int, float] | None = None
        """(class id, begin) of the take that `begin_take` began."""

    def press_class(self, class_id: int) -> None:
        """A class key went down. Another one that is still down is released: the later key wins."""
        self._require_living(class_id)
        if self._pressed is not None:
            self.release_class()
        now = self._clock.now()
        self._pressed, self._told = (class_id, now, time.perf_counter()), None
        self._store.begin_take(class_id, now)

    def release_class(self) -> None:
        """The class key came up: a long press ends the take, a tap labels the last half second instead."""
        if self._pressed is None:
            return
        (class_id, _, wall), self._pressed = self._pressed, None
        now = self._clock.now()
        if time.perf_counter() - wall < self._settings.hold_s:
            self._store.cancel_take()
            self._store.label_span(class_id, now - self._settings.tap_s * self._clock.speed, now, LabelledBy.TAP)
        else:
            self._store.end_take(now)

    def begin_take(self, class_id: int, at: float) -> None:
        """From stream time `at` on everything is of a class, until `end_take`; another take that is open ends there.

        For programs, which say exactly when: nothing is trimmed, and nothing is too short.
        """
        self._require_living(class_id)
        self._pressed, self._told = None, (class_id, at)
        self._store.begin_take(class_id, at, LabelledBy.MESSAGE)

    def end_take(self, at: float) -> None:
        """The take that `begin_take` began ends at stream time `at`, with what came at that moment."""
        if self._told is not None:
            self._told = None
            self._store.end_take(at, trim=False)

    def delete_every_example(self) -> None:
        """Let no example stand any more; the classes live on. Ctrl+Z takes it back."""
        self._history.ask(lambda acts: acts.all_deleted())

    @property
    def held(self) -> tuple[int, float] | None:
        """(class id, stream time of its begin) of the take being held, by a key or by another program."""
        return self._told if self._pressed is None else self._pressed[:2]

    def label_span(self, class_id: int, start: float, end: float, who: LabelledBy = LabelledBy.RETRO) -> None:
        """Label a stretch of the past; `who` as in `Take`.

        Raises
        ------
        BadInputError
            Where there is no such class, or samples of that stretch have left the buffer.
        """
        self._require_living(class_id)
        start, end = min(start, end), max(start, end)
        self._lookback.require_held(start, end)
        self._store.label_span(class_id, start, end, who)

    def set_aside(self, on: bool) -> None:
        """Set every fifth take of each class aside from learning from now on, to measure by; or none. Kept."""
        self.sets_aside = on
        self._store.set_aside(on)

    def add_class(self, name: str) -> ClassInfo:
        """A new class, living at once; `BadInputError` says what is wrong with the name."""
        info = self._classes.add(name)
        self._history.ask(lambda acts: acts.class_added(info))
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
        was, infos = self._classes.get(class_id), self._classes.edited(class_id, name=name, key=key, colour=colour)
        info = infos[0]
        what = ClassEdited(
            was.name,
            info.name if info.name != was.name else None,
            info.key if info.key != was.key else None,
            info.colour != was.colour,
        )
        self._history.ask(lambda acts: acts.classes_edited(ActKind.CLASS_CHANGED, what, infos))

    def move_class(self, class_id: int, place: int) -> None:
        """Put a class at `place` (from 0) in the order of the classes."""
        infos = self._classes.moved(class_id, place)
        what = ClassMoved(self._classes.names[class_id])
        self._history.ask(lambda acts: acts.classes_edited(ActKind.CLASSES_ORDERED, what, infos))

    def remove_class(self, class_id: int) -> None:
        """End a class: its logit goes, and its examples stand no more until that is undone."""
        self._let_go(class_id)
        self._history.ask(lambda acts: acts.class_removed(class_id, None))

    def merge_class(self, class_id: int, into: int) -> None:
        """End a class and give its examples another. `BadInputError` where that one does not live."""
        if class_id == into or not self._classes.get(into).living:
            raise BadInputError("A class can be merged into another one that lives.")
        self._let_go(class_id)
        self._history.ask(lambda acts: acts.class_removed(class_id, into))

    def relabel(self, example_ids: Sequence[int], class_id: int) -> None:
        """Give examples another class. `BadInputError` where there is no such class."""
        self._require_living(class_id)
        ids = tuple(example_ids)
        self._history.ask(lambda acts: acts.relabelled(ids, class_id))

    def take_back_last(self, class_id: int) -> None:
        """Let the newest take of a class stand no more; one that is being held ends first."""
        self._classes.get(class_id)
        if self._pressed is not None:
            self.release_class()
        self._history.ask(lambda acts: acts.last_take_taken_back(class_id))

    def delete_examples(self, example_ids: Sequence[int]) -> None:
        """Let examples stand no more."""
        ids = tuple(example_ids)
        self._history.ask(lambda acts: acts.deleted(ids))

    def note_examples(self, example_ids: Sequence[int], text: str) -> None:
        """Put a note on examples, in place of what they had; "" is none. `BadInputError` for one that is too long."""
        text = " ".join(plain_text(text).split())
        if len(text) > limits.NOTE:
            raise BadInputError(f"A note may have {limits.NOTE} characters, and this one has {len(text)}: shorten it.")
        ids = tuple(example_ids)
        self._history.ask(lambda acts: acts.noted(ids, text))

    def undo(self) -> None:
        """Take back the newest labelling act."""
        self._history.walk(back=True)

    def redo(self) -> None:
        """Do again what was taken back."""
        self._history.walk(back=False)

    def _let_go(self, class_id: int) -> None:
        self._require_living(class_id)
        if self._pressed is not None and self._pressed[0] == class_id:
            self.release_class()

    def _require_living(self, class_id: int) -> None:
        if not self._classes.get(class_id).living:
            raise BadInputError(f"The class “{self._classes.get(class_id).name}” has been removed.")
