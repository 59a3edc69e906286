"""The history of acts: taking all of it back gives what was before, in memory, on disk, and at the learner."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgstudio.engine.labels.import_door import ImportDoor
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.labels.label_history import LabelHistory
from dgstudio.engine.labels.prequential import PrequentialScores
from dgstudio.engine.labels.store_worker import StoreWorker
from dgstudio.engine.recording.recorder import StreamRecorder
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.errors import BadInputError, SessionError
from dgstudio.reasons.done import ClassEdited
from dgstudio.reasons.stored import Told
from dgstudio.session.file import Session
from dgstudio.types import Cause, Example, Take

State = dict[str, Any]
Rig = Any
Rigs = Callable[..., Any]


class Desk:
    """dg-store without its thread: each wish is carried out at once. `known` is what the learner was told."""

    def __init__(self, session: Session) -> None:
        self.session, self.book, self.classes = session, LabelBook(), ClassTable(session.classes())
        hidden = session.inactive_ids()
        every = session.examples(active_only=False)
        self.book.restore(session.takes(), every, hidden, *session.acts(), session.notes())
        self.known = {e.id: e.class_id for e in self.book.active_examples()}
        self.living = {info.id for info in self.classes.living()}
        self.events = EventQueue()
        self.queue = StoreQueue(session, self.events)
        self.store = StoreWorker(
            self.queue, None, self.book, self.classes, self, self.events, lambda: 0.0,
            scores=PrequentialScores(None), recorder=StreamRecorder(session, None, None, None, self.events, None),
            sets_aside=False, reaction_s=lambda: 0.0, hold_s=0.0,
        )  # fmt: skip
        self.history = LabelHistory(self.queue, self.book, self.classes, self, self.events)
        self.door = ImportDoor(self.queue, self.history, self.book, self.classes, None, self.store)
        self._ids = itertools.count(max((e.id for e in every), default=-1) + 1)
        self._takes = itertools.count(max((t.id for t in session.takes()), default=-1) + 1)

    # -- what the model is told ----------------------------------------------------------------------------

    def absorb(self, examples: Sequence[Example], made: float, cause: Cause) -> None:
        for example in examples:
            assert example.class_id in self.living, "a label of a class that the model does not have yet"
            self.known[example.id] = example.class_id

    def forget(self, ids: Sequence[int], cause: Cause) -> None:
        for identity in ids:
            self.known.pop(identity, None)

    def remove_class(self, class_id: int, cause: Cause) -> None:
        assert class_id not in self.known.values(), "a class that still has labels went"
        self.living.discard(class_id)

    def add_class(self, class_id: int, cause: Cause) -> None:
        self.living.add(class_id)

    def act_ended(self, who: str) -> None: ...

    def go_to(self, version: int | None, cause: Cause) -> None: ...

    def still_in(self, ids: Sequence[int]) -> None: ...

    # -- what the user wishes ------------------------------------------------------------------------------

    def do(self, name: str, *values: Any) -> None:
        """Have an act done, by its name among `Acts`."""
        self.history.ask(lambda acts: getattr(acts, name)(*values))
        self.store.turn()

    def walk(self, *, back: bool) -> None:
        self.history.walk(back=back)
        self.store.turn()

    def new_class(self, name: str) -> None:
        self.do("class_added", self.classes.add(name))

    def take(self, class_id: int, count: int) -> None:
        number = next(self._takes)
        take = Take(number, class_id, float(number), number + 0.9, "test", examples=count)
        examples = [
            Example(next(self._ids), class_id, number, np.ones(2, np.float32), number, number + 0.5, raw=RAW)
            for _ in range(count)
        ]
        self.store.note_examples(take, examples)
        self.store.turn()

    def import_(self, name: str, count: int) -> None:
        """Import that many examples of a class, known or new, and of one that is always there by then."""
        number = next(self._takes)
        examples = [
            Example(next(self._ids), -1, number, np.ones(2, np.float32), number, number + 0.5, raw=RAW)
            for _ in range(count + 1)
        ]
        before = self.state()
        # Its thread does not run here: what is asked for is done at once.
        self.door._and_wait = lambda job: (self.queue.ask(job), self.store.turn())  # type: ignore[method-assign]
        self.door.put_hidden(examples)
        assert self.state() == before, "what is on its way does not stand"

        def let(class_of: Any, made: Any, add_takes: Any) -> Any:
            infos = [class_of(each) for each in ("imported", name)]
            add_takes([Take(number, infos[0][0].id, 0.0, 1.0, "file.csv", "import", examples=count + 1)])
            parts = [[e.id for e in examples[:1]], [e.id for e in examples[1:]]]
            labelled: dict[int, list[int]] = {}
            for (info, _), ids in zip(infos, parts, strict=True):
                labelled.setdefault(info.id, []).extend(ids)
            return made("file.csv", labelled, [info for info, new in infos if new])

        self.door.let_stand(let)

    def state(self) -> State:
        labels = {e.id: e.class_id for e in self.book.active_examples()}
        living = self.classes.living()
        assert labels == self.known == {e.id: e.class_id for e in self.session.examples()}
        assert {info.id: info for info in living} == {c.id: c for c in self.session.classes() if c.living}
        assert {info.id for info in living} == self.living
        for info in living:
            mine = [identity for identity, label in labels.items() if label == info.id]
            count, learnable, thumbs = self.book.labels(info.id)
            assert (count, learnable, len(thumbs)) == (len(mine), len(mine), min(8, len(mine)))
        acts, done = self.book.history()
        assert (acts, done) == self.session.acts()
        notes, kept = self.book.notes(), self.session.notes()
        notes, kept = ({i: known[i] for i in sorted(known) if i in labels} for known in (notes, kept))
        assert notes == kept
        return {
            "labels": labels,
            "classes": living,
            "notes": notes,
            "takes": [(t.id, t.class_id) for t in self.book.takes()],
        }


RAW = np.zeros((3, 1), np.float32)
LABELS = ["take", "relabel", "delete", "last", "import", "note"]
CLASSES = ["add", "edit", "move", "remove", "merge"]
WISHES = st.lists(
    st.tuples(
        st.sampled_from([*LABELS, *CLASSES, "undo", "redo"]),
        st.integers(0, 99),
        st.integers(0, 99),
    ),
    max_size=14,
)


def wish(desk: Desk, name: str, a: int, b: int) -> None:
    """Do something that a user could wish for, chosen by two numbers."""
    living, standing = desk.classes.living(), [e.id for e in desk.book.active_examples()]
    some = standing[a % 7 : a % 7 + b % 5]
    if name in ("undo", "redo"):
        desk.walk(back=name == "undo")
    elif name == "import":
        desk.import_(living[a % len(living)].name.upper() if living and a % 2 else f"new {a}", b % 4)
    elif name == "add" or not living:
        desk.new_class(f"class {len(desk.classes.every())}")
    elif name == "take":
        desk.take(living[a % len(living)].id, 1 + b % 4)
    elif name == "relabel":
        desk.do("relabelled", some, living[b % len(living)].id)
    elif name == "delete":
        desk.do("deleted", some)
    elif name == "note":
        desk.do("noted", some, ["", "a stumble", "the best one"][a % 3])
    elif name == "edit":
        colour = f"#{a:02d}{b:02d}00"
        infos = desk.classes.edited(living[a % len(living)].id, key=str(1 + b % 9), colour=colour)
        desk.do("classes_edited", "class changed", Told("changed"), infos)
    elif name == "move":
        order = desk.classes.moved(living[a % len(living)].id, b % 5)
        desk.do("classes_edited", "classes ordered", Told("moved"), order)
    elif name == "last":
        desk.do("last_take_taken_back", living[a % len(living)].id)
    else:
        into = living[b % len(living)].id
        gone = living[a % len(living)].id
        if name == "remove":
            desk.do("class_removed", gone, None)
        elif into != gone:
            desk.do("class_removed", gone, into)


@settings(max_examples=80, deadline=None)
@given(WISHES, WISHES)
def test_as_many_undos_as_acts_give_what_was_before(first: list[Any], then: list[Any]) -> None:
    with Session.memory() as session:
        desk = Desk(session)
        for each in first:
            wish(desk, *each)
        states, depth = [desk.state()], desk.book.history()[1]
        for each in then:
            if each[0] in ("undo", "redo"):
                continue
            before = desk.book.history()[1]
            wish(desk, *each)
            if desk.book.history()[1] > before:
                states.append(desk.state())
        assert desk.book.history()[1] == depth + len(states) - 1
        for state in reversed(states[:-1]):
            desk.walk(back=True)
            assert desk.state() == state
        for state in states[1:]:
            desk.walk(back=False)
            assert desk.state() == state
        # The same on disk, to a program that has just opened it: ribbons are of one run.
        again = Desk(session)
        for state in reversed(states[:-1]):
            again.walk(back=True)
            assert {**again.state(), "takes": state["takes"]} == state


@pytest.fixture
def session() -> Iterator[Session]:
    with Session.memory() as made:
        yield made


def test_what_was_done_or_undone_is_said_when_it_is_durable(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(session)
    said: list[tuple[str, str, int]] = []
    full = False

    def say(event: Any) -> None:
        said.append((event.kind, event.level, desk.session.acts()[1]))

    def batch(saved: Session) -> Any:
        if full:
            raise SessionError("Nothing can be saved because the disk is full; make room.")
        return commit(saved)

    commit = Session.batch
    monkeypatch.setattr(Session, "batch", batch)
    monkeypatch.setattr(desk.events, "say", say)
    desk.new_class("wave")
    desk.new_class("rest")
    desk.take(0, 3)
    desk.do("relabelled", [0, 1], 1)
    desk.walk(back=True)
    desk.walk(back=False)
    assert said == [("labels changed", "good", 4), ("undo", "info", 3), ("undo", "info", 4)]
    full = True
    desk.walk(back=True)
    assert [(kind, level) for kind, level, _ in said[3:]] == [("not saved", "error"), ("undo", "warning")]


def test_a_take_that_was_cut_short_can_be_undone_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    with Session.create(path) as session:
        desk = Desk(session)
        desk.new_class("wave")
        session.put_take(Take(0, 0, 0.0, 1.0, "test", examples=2))
        session.put_examples([Example(i, 0, 0, np.ones(2, np.float32), 0.0, 0.5) for i in range(2)])
    with Session.open(path) as session:
        desk = Desk(session)
        (lacking,) = [act for act in desk.book.history()[0] if act.take_id == 0]
        session.put_act(lacking)
        desk.walk(back=True)
        assert session.examples() == [] and [info.name for info in session.classes()] == ["wave"]


def teach(rig: Rig) -> tuple[int, list[Example]]:
    class_id = rig.teach("Badminton", "Badminton")
    return class_id, rig.engine.book.of_class(class_id)


def test_a_class_that_goes_takes_its_logit_and_its_examples_and_comes_back_byte_for_byte(rigs: Rigs) -> None:
    rig = rigs()
    class_id, examples = teach(rig)
    store = rig.engine.learner.store
    learned = store.head
    rig.engine.labels.remove_class(class_id)
    rig.settle()
    assert class_id not in store.head.classes and rig.engine.book.of_class(class_id) == []
    assert f"Badminton removed ({len(examples)} examples)" in rig.heard("labels changed").sentence
    with pytest.raises(BadInputError, match="has been removed"):
        rig.engine.labels.press_class(class_id)
    rig.engine.labels.undo()
    rig.settle()
    assert store.head.digest == learned.digest
    assert [e.id for e in rig.engine.book.of_class(class_id)] == [e.id for e in examples]


def test_relabelling_learns_what_a_learner_with_the_right_labels_would(rigs: Rigs) -> None:
    rig, right = rigs(), rigs()
    wrong_id, examples = teach(rig)
    info = rig.engine.labels.add_class("other")
    rig.engine.labels.relabel([e.id for e in examples], info.id)
    rig.settle()
    assert rig.engine.book.labels(info.id)[0] == len(examples) and rig.engine.book.labels(wrong_id)[0] == 0
    assert [take.class_id for take in rig.engine.book.takes()] == [info.id]

    right.engine.labels.add_class("Badminton")
    right.teach("other", "Badminton")
    assert [bank.R.tobytes() for bank in rig.engine.learner.store.head.banks] == [
        bank.R.tobytes() for bank in right.engine.learner.store.head.banks
    ]
    rig.engine.labels.delete_examples([e.id for e in examples])
    rig.settle()
    assert rig.engine.book.total == 0 and not rig.engine.learner.store.head.banks


def test_merging_and_renaming(rigs: Rigs) -> None:
    rig = rigs()
    class_id, examples = teach(rig)
    info = rig.engine.labels.add_class("other")
    rig.engine.labels.merge_class(class_id, info.id)
    rig.engine.labels.edit_class(info.id, name="racket")
    rig.settle()
    assert rig.engine.classes.by_name("racket") is not None and rig.engine.classes.by_name("Badminton") is None
    assert len(rig.engine.book.of_class(info.id)) == len(examples)
    assert class_id not in rig.engine.learner.store.head.classes
    with pytest.raises(BadInputError, match="already a class"):
        rig.engine.labels.edit_class(info.id, name="walking")
    with pytest.raises(BadInputError, match="another one"):
        rig.engine.labels.merge_class(info.id, class_id)
    texts = [act.text for act in rig.engine.book.history()[0]]
    assert texts[-2:] == [
        f"Class Badminton merged into other ({len(examples)} examples)",
        "Class other renamed to racket",
    ]
    assert ClassEdited("class 1", "wave", "3").words == "“class 1” renamed to wave, on key 3"


def test_protecting_is_taken_back_and_done_again(rigs: Rigs) -> None:
    rig = rigs()
    teach(rig)
    learner = rig.engine.learner
    before, count = learner.store.head, learner.protected_count
    rig.engine.model.protect_now()
    rig.settle()
    protected = learner.store.head
    assert learner.protected_count > count and protected.banks[0].sealed
    assert rig.engine.book.history()[0][-1].kind == "protected"
    for _ in range(2):
        rig.engine.labels.undo()
        rig.settle()
        assert learner.protected_count == count and learner.store.head.digest == before.digest
        assert not learner.parked
        rig.engine.labels.redo()
        rig.settle()
        assert learner.protected_count > count and learner.store.head.digest == protected.digest
    acts, done = rig.engine.book.history()
    assert [act.kind for act in acts] == ["class added", "take", "protected"] and done == 3
    rig.engine.labels.undo()
    rig.engine.labels.undo()
    rig.settle()
    assert rig.engine.book.total == 0 and not learner.store.head.banks
    rig.check_all()


def test_protecting_is_taken_back_after_reopening(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    teach(rig)
    count, before = rig.engine.learner.protected_count, rig.engine.learner.store.head.digest
    rig.engine.model.protect_now()
    rig.settle()
    rig.engine.stop()
    again = rigs(Session.open(path))
    again.engine.labels.undo()
    again.settle()
    assert again.engine.learner.protected_count == count
    assert again.engine.learner.store.head.digest == before
