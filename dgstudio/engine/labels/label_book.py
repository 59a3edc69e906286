"""The labels as they stand: takes, examples and counts of each class, and the history of acts that undo walks."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import islice

from dgstudio.engine.labels.example_table import ExampleArrays
from dgstudio.reasons.done import TakeMade
from dgstudio.records import dataclass
from dgstudio.types import F32, Act, ActKind, ClassChange, ClassInfo, Example, Take

THUMBNAILS = 8
"""Newest windows kept for each class's card."""


@dataclass(slots=True)
class _ClassLabels:
    """What one class has; dictionaries as ordered sets of example ids."""

    standing: dict[int, None] = field(default_factory=dict)
    learnable: int = 0
    pictured: dict[int, None] = field(default_factory=dict)
    """Those with their raw window."""


@dataclass(frozen=True, slots=True)
class LabelsMoved:
    """What an act did when it was done, undone or done again.

    `gone` are ids of examples that stand no more; `labelled` are examples that stand with another label than before,
    with that label; `classes` are the classes that changed, as they are now, `born` and `ended` the ids of those among
    them that live now and did not, and the other way round.
    """

    act: Act
    gone: tuple[int, ...] = ()
    labelled: tuple[Example, ...] = ()
    classes: tuple[ClassInfo, ...] = ()
    born: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    noted: tuple[tuple[int, str], ...] = ()
    """(example id, note) of the examples that have another note now; "" is none."""


class LabelBook:
    """dg-store writes; any thread reads. Examples stay in memory so that undo and redo need no file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._takes: dict[int, Take] = {}
        self._of_take: dict[int, list[int]] = {}
        self._shown: dict[int, Take] = {}
        """The takes of this run that stand, with the class that most of their examples have now."""
        self._earlier: set[int] = set()
        self._examples: dict[int, Example] = {}
        self._notes: dict[int, str] = {}
        self._standing: set[int] = set()
        self._arraying = threading.Lock()
        """Held by whoever brings the arrays up to date; never taken with `_lock` held."""
        self._arrays = ExampleArrays.of([])
        self._touched: set[int] = set()
        """Examples that the arrays do not know as they are now."""
        self._seen = -1
        """The highest example that the arrays were told of: what fell before they heard of it is none of theirs."""
        self._labels: dict[int, _ClassLabels] = {}
        self._acts: list[Act] = []
        self._done = 0
        self._next_act = 0
        self.changes = 0
        """Grows with every change, so that a reader knows whether to look again."""

    def restore(
        self,
        takes: Iterable[Take],
        examples: Iterable[Example],
        hidden: frozenset[int],
        acts: Sequence[Act] = (),
        done: int = 0,
        notes: Mapping[int, str] | None = None,
    ) -> list[Act]:
        """Fill an empty book from a session. The times of these takes are of another run's clock.

        Parameters
        ----------
        hidden
            Ids of the examples that do not stand.
        acts, done
            The history, and how many of it are done.
        notes
            Example id → note.

        Returns
        -------
        Acts that the history lacked: takes that were cut short, or made before histories were kept.
        """
        parts = acts[:done], acts[done:]
        with self._lock:
            for take in takes:
                self._takes[take.id] = take
                self._earlier.add(take.id)
            for example in examples:
                self._examples[example.id] = example
                self._of_take.setdefault(example.take_id, []).append(example.id)
                if example.id not in hidden:
                    self._stand(example)
            self._notes = {i: text for i, text in (notes or {}).items() if i in self._examples}
            # A take that was lost can be neither taken back nor done again.
            kept = [[act for act in part if act.take_id in self._takes or act.take_id is None] for part in parts]
            self._acts, self._done = [*kept[0], *kept[1]], len(kept[0])
            self._next_act = max((act.id for act in acts), default=-1) + 1
            known = {act.take_id for act in acts}
            # The acts of imports are the birth of their examples.
            settled = hidden.union(*(change.ids for act in acts for change in act.labels if change.before is None))
            lacking = [
                self._act_of(take)
                for take in self._takes.values()
                if take.id not in known and not settled.issuperset(self._of_take.get(take.id, ()))
            ]
            if lacking:
                self._acts = [*self._acts[: self._done], *lacking]
                self._done = len(self._acts)
            self.changes += 1
        # Now, while nothing is live yet.
        self.as_arrays()
        return lacking

    def follow(
        self,
        examples: Iterable[Example],
        hidden: frozenset[int],
        takes: Iterable[Take],
        earlier: Iterable[Take],
        acts: Sequence[Act],
        done: int,
        notes: Mapping[int, str],
    ) -> None:
        """Be as the book of another program is by now, whose session is watched.

        Parameters
        ----------
        examples
            Those that are new, or stand with another label, or stand no more or again.
        hidden
            Ids of those of them that do not stand.
        takes, earlier
            Those whose times are of the clock of what is shown here, and those of other runs.
        acts, done, notes
            As for `restore`, all of them.
        """
        with self._lock:
            for take in earlier:
                self._takes[take.id] = take
                self._earlier.add(take.id)
            for take in takes:
                self._takes[take.id] = take
                self._earlier.discard(take.id)
            for example in examples:
                if example.id in self._examples:
                    self._fall(self._examples[example.id])
                else:
                    self._of_take.setdefault(example.take_id, []).append(example.id)
                self._examples[example.id] = example
                if example.id not in hidden:
                    self._stand(example)
            self._acts, self._done, self._notes = list(acts), done, dict(notes)
            self._show(self._takes)
            self.changes += 1

    # -- what is new: dg-store only --------------------------------------------------------------------------------

    def note(self, examples: Sequence[Example]) -> None:
        """Add examples that are safe on disk (or that no disk could take, which has been said)."""
        with self._lock:
            for example in examples:
                self._examples[example.id] = example
                self._of_take.setdefault(example.take_id, []).append(example.id)
                self._stand(example)
            self._show(example.take_id for example in examples)
            self.changes += 1

    def note_hidden(self, examples: Sequence[Example]) -> None:
        """Add examples that do not stand until an act says so."""
        with self._lock:
            for example in examples:
                self._examples[example.id] = example
                self._of_take.setdefault(example.take_id, []).append(example.id)
                self._earlier.add(example.take_id)

    def drop_hidden(self, ids: Iterable[int]) -> None:
        """Forget such examples again."""
        with self._lock:
            self._drop(ids)

    def add_takes(self, takes: Iterable[Take]) -> None:
        """Add takes of hidden examples; their times are of another clock."""
        with self._lock:
            for take in takes:
                self._takes[take.id] = take
                self._earlier.add(take.id)

    def act_of(self, take: Take) -> Act | None:
        """The act that a finished take is, for `close_take`; None where it is in the history already."""
        with self._lock:
            return None if take.id in self._takes else self._act_of(take)

    def _act_of(self, take: Take) -> Act:
        what = TakeMade(take.examples, take.end - take.start)
        return Act(self._number(), ActKind.TAKE, what, take_id=take.id, unix=take.created_unix)

    def next_number(self) -> int:
        """The number of the next act; each is given once."""
        with self._lock:
            return self._number()

    def _number(self) -> int:
        self._next_act += 1
        return self._next_act - 1

    def close_take(self, take: Take, act: Act | None) -> None:
        """Add a finished take and its act to the history, or the take's new state."""
        with self._lock:
            self._takes[take.id] = take
            self._show([take.id])
            if act is not None:
                self._append(act)
            self.changes += 1

    def do(self, act: Act) -> LabelsMoved:
        """Do an act and add it to the history; what was undone can no longer be done again."""
        with self._lock:
            self._append(act)
            return self._move(act, back=False)

    def walk(self, *, back: bool) -> LabelsMoved | None:
        """Take back the newest act, or do again what was taken back last; returns what moved, None: there is none."""
        with self._lock:
            if self._done == (0 if back else len(self._acts)):
                return None
            act = self._acts[self._done - 1 if back else self._done]
            self._done += -1 if back else 1
            return self._move(act, back=back)

    def _append(self, act: Act) -> None:
        for dropped in self._acts[self._done :]:
            # Nothing can bring these back any more; the session file still has them.
            for identity in self._of_take.pop(dropped.take_id, ()) if dropped.take_id is not None else ():
                del self._examples[identity]
                self._notes.pop(identity, None)
            self._drop(i for change in dropped.labels if change.before is None for i in change.ids)
        del self._acts[self._done :]
        self._acts.append(act)
        self._done = len(self._acts)

    def _drop(self, ids: Iterable[int]) -> None:
        gone = {identity: self._examples.pop(identity) for identity in ids if identity in self._examples}
        for take_id in {example.take_id for example in gone.values()}:
            self._of_take[take_id] = [i for i in self._of_take.get(take_id, ()) if i not in gone]
        for identity in gone:
            self._notes.pop(identity, None)

    def _move(self, act: Act, *, back: bool) -> LabelsMoved:
        gone: list[int] = []
        labelled: list[Example] = []
        targets: dict[int, int | None] = {}
        if act.take_id is not None:
            label = None if back else self._takes[act.take_id].class_id
            targets.update(dict.fromkeys(self._of_take.get(act.take_id, ()), label))
        for change in act.labels:
            targets.update(dict.fromkeys(change.ids, change.before if back else change.after))
        for identity, label in targets.items():
            example = self._examples.get(identity)
            if example is None:
                continue
            self._fall(example)
            if label is None:
                gone.append(identity)
                continue
            example = replace(example, class_id=label)
            self._examples[identity] = example
            self._stand(example)
            labelled.append(example)
        noted = [(i, n.before if back else n.after) for n in act.notes for i in n.ids if i in self._examples]
        for identity, text in noted:
            if text:
                self._notes[identity] = text
            else:
                self._notes.pop(identity, None)
        pairs = [_ends(change, back) for change in act.classes]
        self._show({self._examples[identity].take_id for identity in targets if identity in self._examples})
        self.changes += 1
        born = tuple(now.id for was, now in pairs if now.living and not was.living)
        ended = tuple(now.id for was, now in pairs if was.living and not now.living)
        return LabelsMoved(act, tuple(gone), tuple(labelled), tuple(now for _, now in pairs), born, ended, tuple(noted))

    def _stand(self, example: Example) -> None:
        labels = self._labels.setdefault(example.class_id, _ClassLabels())
        self._standing.add(example.id)
        self._touched.add(example.id)
        labels.standing[example.id] = None
        labels.learnable += example.learn
        if example.raw is not None:
            labels.pictured[example.id] = None

    def _fall(self, example: Example) -> None:
        if example.id not in self._standing:
            return
        self._standing.discard(example.id)
        if example.id > self._seen:
            self._touched.discard(example.id)
        else:
            self._touched.add(example.id)
        labels = self._labels[example.class_id]
        del labels.standing[example.id]
        labels.learnable -= example.learn
        labels.pictured.pop(example.id, None)

    def _show(self, take_ids: Iterable[int]) -> None:
        for take_id in set(take_ids):
            take = self._takes.get(take_id)
            if take is None or take_id in self._earlier:
                continue
            counts: dict[int, int] = {}
            for identity in self._of_take.get(take_id, ()):
                if identity in self._standing:
                    label = self._examples[identity].class_id
                    counts[label] = counts.get(label, 0) + 1
            if not counts:
                self._shown.pop(take_id, None)
                continue
            most = max(counts, key=lambda label: counts[label])
            self._shown[take_id] = take if most == take.class_id else replace(take, class_id=most)

    # -- what stands: any thread ----------------------------------------------------------------------------------

    def window_of(self, example: Example) -> F32 | None:
        """The raw window (n, channels) of an example: its own, else that of its take that it shares most with."""
        return shared_window(example, self.examples_of(example.take_id))

    def examples_of(self, take_id: int) -> list[Example]:
        """All examples of a take, those that do not stand too."""
        with self._lock:
            return [self._examples[identity] for identity in self._of_take.get(take_id, ())]

    def standing(self, ids: Iterable[int]) -> list[Example]:
        """Those of these examples that stand, in this order."""
        with self._lock:
            return [self._examples[identity] for identity in ids if identity in self._standing]

    def known(self, ids: Iterable[int]) -> list[Example]:
        """Those of these examples that are in memory, in this order, those that do not stand too."""
        with self._lock:
            return [self._examples[identity] for identity in ids if identity in self._examples]

    def of_class(self, class_id: int) -> list[Example]:
        """The examples of a class that stand, in order of noting."""
        with self._lock:
            labels = self._labels.get(class_id)
            return [] if labels is None else [self._examples[identity] for identity in labels.standing]

    def as_arrays(self) -> ExampleArrays:
        """Every example that stands, by id, and what it is as arrays; of many, only what has changed is looked at."""
        with self._arraying:
            with self._lock:
                touched, self._touched = self._touched, set()
                self._seen = max(self._seen, max(touched, default=-1))
                now = {identity: self._examples[identity] for identity in touched if identity in self._standing}
            if touched:
                self._arrays = self._arrays.after(touched, now)
            return self._arrays

    def active_examples(self) -> list[Example]:
        """Every example that stands, by id."""
        return list(self.as_arrays().examples)

    def notes(self) -> dict[int, str]:
        """The user's note on each example that has one, by id, of those that do not stand too."""
        with self._lock:
            return dict(self._notes)

    def takes(self, since: float = float("-inf"), until: float = float("inf")) -> list[Take]:
        """The takes of this run that stand and reach into stream time [since, until], by id, as labelled now."""
        with self._lock:
            return [take for _, take in sorted(self._shown.items()) if take.end >= since and take.start <= until]

    def takes_of_this_run(self) -> frozenset[int]:
        """Ids of the takes that stand and whose times are of this run's clock."""
        with self._lock:
            return frozenset(self._shown)

    def every_take(self) -> dict[int, Take]:
        """Every take by id, as it was made, those that do not stand too."""
        with self._lock:
            return dict(self._takes)

    def standing_takes(self) -> Iterator[tuple[Take, list[Example]]]:
        """The finished takes that stand, as they were made, of earlier runs too, by id, each with what stands of it.

        Each is looked up when its turn comes, so that nobody waits for all of them.
        """
        with self._lock:
            takes = sorted(self._takes.values(), key=lambda take: take.id)
        for take in takes:
            with self._lock:
                examples = [self._examples[i] for i in self._of_take.get(take.id, ()) if i in self._standing]
            if examples:
                yield take, examples

    def count_takes(self, class_id: int) -> int:
        """How many finished takes of a class stand, as they are labelled now."""
        with self._lock:
            firsts = (next((i for i in self._of_take.get(t, ()) if i in self._standing), None) for t in self._takes)
            return sum(i is not None and self._examples[i].class_id == class_id for i in firsts)

    def take(self, take_id: int) -> Take:
        """The take with this id, as it was made."""
        with self._lock:
            return self._takes[take_id]

    def labels(self, class_id: int) -> tuple[int, int, list[F32]]:
        """(examples, learnable examples, newest windows) of a class."""
        with self._lock:
            labels = self._labels.get(class_id)
            if labels is None:
                return 0, 0, []
            newest = [self._examples[identity].raw for identity in islice(reversed(labels.pictured), THUMBNAILS)]
            return len(labels.standing), labels.learnable, [raw for raw in reversed(newest) if raw is not None]

    def history(self) -> tuple[list[Act], int]:
        """The acts, oldest first, and how many of them are done; the others were undone."""
        with self._lock:
            return list(self._acts), self._done

    @property
    def total(self) -> int:
        """Examples that stand, of all classes."""
        with self._lock:
            return len(self._standing)


def shared_window(example: Example, beside: Iterable[Example]) -> F32 | None:
    """The raw window (n, channels) of an example; else, of those `beside` it that have one, the nearest in time."""
    if example.raw is not None:
        return example.raw
    near = [other for other in beside if other.raw is not None]
    return min(near, key=lambda other: abs(other.start - example.start)).raw if near else None


def _ends(change: ClassChange, back: bool) -> tuple[ClassInfo, ClassInfo]:
    """A class as it was and as it is after a change, or after taking it back.

    One that is not born yet is one that does not live: its id and name are never given to another.
    """
    before = replace(change.after, living=False) if change.before is None else change.before
    return (change.after, before) if back else (before, change.after)
