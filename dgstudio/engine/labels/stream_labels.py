"""Labels that come with the stream: fed to the learner after each answer has been scored, as late as asked."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from dgstudio.engine.facts.labelling import LabelLeftOut
from dgstudio.engine.labels.store_worker import StoreWorker
from dgstudio.engine.runtime.class_table import ClassTable, clean_name
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.rings import SampleRing
from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.types import ClassInfo, Example, LabelledBy, Reading, StreamSpec, Take

RECENT = 200
"""Answers in the windowed accuracy."""


@dataclass(slots=True)
class PrequentialScore:
    """Test-then-train accuracy: every answer is scored before its label may be learned."""

    seen: int = 0
    right: int = 0
    unanswered: int = 0

    @property
    def accuracy(self) -> float:
        """Share of right answers among all scored; an answer that is missing counts as wrong."""
        return self.right / self.seen if self.seen else 0.0


class StreamLabels:
    """Scores readings against the stream's own labels and feeds these to the learner. Used by dg-infer only.

    A run of equal labels is one take. Labels arrive `delay_s` seconds of stream time after the end of their window;
    windows closer than `learn_every_s` are stored, not learned. `settle` is called after each hop that passed labels
    on: a lossless engine waits there until they are learned, so that a run is repeatable.
    """

    def __init__(
        self,
        spec: StreamSpec,
        classes: ClassTable,
        store: StoreWorker,
        ring: SampleRing,
        events: EventQueue,
        *,
        delay_s: float,
        learn_every_s: float,
        first_take: int,
        first_example: int,
        add_class: Callable[[str], ClassInfo],
        settle: Callable[[], None],
    ) -> None:
        self.score = PrequentialScore()
        self.recent: deque[bool] = deque(maxlen=RECENT)
        self._spec = spec
        self._classes = classes
        self._store = store
        self._ring = ring
        self._events = events
        self._delay_s = delay_s
        self._learn_every_s = learn_every_s
        self._next_take = first_take
        self._next_example = first_example
        self._add_class = add_class
        self._settle = settle
        self._waiting: deque[Reading] = deque()
        self._take: Take | None = None
        self._unusable: set[str] = set()
        self._last_learned = float("-inf")

    def __call__(self, reading: Reading) -> None:
        """Score one reading, then pass on every label whose delay is over."""
        if reading.truth is not None:
            self._score(reading)
            self._waiting.append(reading)
        elif self._take is not None and not self._waiting and not self._goes_on(self._take, reading):
            self._end_take()
        passed = False
        while self._waiting and self._waiting[0].end + self._delay_s <= reading.end:
            self._pass_on(self._waiting.popleft())
            passed = True
        if passed:
            self._settle()

    def _score(self, reading: Reading) -> None:
        assert reading.truth is not None, "only readings with a label are scored"
        right = reading.top is not None and self._classes.names.get(reading.top) == " ".join(reading.truth.split())
        self.score.seen += 1
        self.score.right += right
        self.score.unanswered += reading.top is None
        self.recent.append(right)

    def _pass_on(self, reading: Reading) -> None:
        if reading.end - self._last_learned < self._learn_every_s - 1e-6 and reading.end >= self._last_learned:
            return
        assert reading.truth is not None, "only readings with a label wait here"
        info = self._class_of(reading.truth)
        if info is None:
            self._end_take()
            return
        take = self._grown(info.id, reading)
        self._last_learned = reading.end
        window = self._ring.window(reading.sample - self._spec.window, reading.sample)
        raw = None if window is None else window[1]
        example = Example(self._next_example, info.id, take.id, reading.features, reading.start, reading.end, True, raw)
        self._next_example += 1
        self._store.note_examples(take, [example])

    def _class_of(self, label: str) -> ClassInfo | None:
        """The class that a label means, made if need be; None, said once, where it can be no name of a class."""
        if label in self._unusable:
            return None
        try:
            return self._classes.by_name(clean_name(label)) or self._add_class(label)
        except BadInputError as error:
            self._unusable.add(label)
            self._events.say(LabelLeftOut(label, str(error)))
            return None

    def _grown(self, class_id: int, reading: Reading) -> Take:
        """The take of this run of labels with one more example, or a new one."""
        take = self._take
        if take is None or take.class_id != class_id or not self._goes_on(take, reading):
            self._end_take()
            name = self._spec.name
            take = Take(self._next_take, class_id, reading.start, reading.end, name, LabelledBy.FILE, time.time(), 1)
            self._next_take += 1
        else:
            take = replace(take, end=reading.end, examples=take.examples + 1)
        self._take = take
        return take

    def _goes_on(self, take: Take, reading: Reading) -> bool:
        """Whether a reading follows so closely on a take that it may be part of it."""
        return reading.start <= take.end + self._spec.window_s

    def _end_take(self) -> None:
        if self._take is not None:
            self._take = None
            self._store.file_take_ended()
