"""Filters that combine, orders, figures of each class; then all of it of an engine that learns."""

import numpy as np
import pytest

from dgstudio.engine.browse.analysis import (
    CONFLICTING,
    IDENTICAL,
    MARKS,
    MISLABELLED,
    NEAR,
    NOTED,
    PROTECTED,
    UNKNOWN,
    WRONG_AT_FIRST,
    WRONG_NOW,
    Analysis,
    Answers,
    Judged,
)
from dgstudio.engine.browse.example_query import ORDERS, Columns, Wanted, imbalance_of, quality_of
from dgstudio.engine.browse.label_noise import Neighbourhood
from dgstudio.engine.labels.example_table import ExampleArrays
from dgstudio.engine.labels.prequential import answer_of
from dgstudio.engine.runtime.metrics import UNSURE
from dgstudio.errors import BadInputError
from dgstudio.model.plan import Plan
from dgstudio.session.file import Session
from dgstudio.types import Example, Take

NAMES = {0: "wave", 1: "rest", 2: "Shake"}
ONE = np.zeros(1, np.float32)


def name_of(class_id):
    return NAMES[class_id]


def flags(count, *rows):
    made = np.zeros(count, bool)
    made[list(rows)] = True
    return made


@pytest.fixture
def columns():
    """Takes 0 (an earlier run), 1 and 2 (this run) of three windows each; 2 is set aside."""
    labels = [0, 0, 1, 1, 1, 0, 2, 2, 2]
    ends = [90, 91, 92, 1, 2, 3, 7, 8, 9]
    examples = [
        Example(i, labels[i], i // 3, ONE, ends[i] - 1.0, float(ends[i]), i // 3 != 2 and i != 4) for i in range(9)
    ]
    takes = {
        0: Take(0, 0, 89, 92, "glove", "held"),
        1: Take(1, 1, 0, 3, "simulator", "retro"),
        2: Take(2, 2, 6, 9, "simulator", "held"),
    }
    return Columns.of_standing(ExampleArrays.of(examples), takes, {4: "a Stumble", 8: "fine"}, {1, 2}, analysis())


def analysis():
    ids = np.arange(8)  # example 8 is new: not known yet
    classes = np.array([0, 1, 1, UNKNOWN, 1, UNSURE, 2, 2])
    sure = np.array([0.9, 0.6, 0.8, 0.0, 0.5, 0.0, 0.7, 0.99])
    at_first = np.array([0, 0, UNKNOWN, 0, 1, 0, 2, UNSURE])
    answers = Answers(ids, classes, sure, at_first, flags(8, 1, 6), 5, 7)
    labels = np.array([0, 0, 1, 1, 1, 0, 2, 1])  # 7 was relabelled since
    voted = np.array([0, 1, 1, 1, 1, 0, 2, 2])
    around = Neighbourhood(voted, flags(8, 0, 1, 2), flags(8, 0, 7), flags(8, 2, 3), flags(8, 3), 8)
    return Analysis(answers, Judged(ids, labels, around))


def left(columns, **wanted):
    return np.flatnonzero(columns.wanted(Wanted(**wanted), name_of)).tolist()


def test_every_filter_leaves_what_it_says(columns):
    assert left(columns) == list(range(9)) and Wanted().anything and not Wanted(text="a").anything
    assert left(columns, class_id=0) == [0, 1, 5] and left(columns, take_id=1) == [3, 4, 5]
    assert left(columns, who="retro") == [3, 4, 5] and left(columns, source="glove") == [0, 1, 2]
    assert left(columns, this_run=False) == [0, 1, 2] and left(columns, this_run=True) == [3, 4, 5, 6, 7, 8]
    assert left(columns, learning="learned") == [0, 1, 2, 3, 5]
    assert left(columns, learning="kept only") == [4, 6, 7, 8] and left(columns, learning="set aside") == [6, 7, 8]
    assert left(columns, span=(1.5, 7.5)) == [4, 5, 6, 7], "what overlaps it, by the clock of this run"
    assert left(columns, only=frozenset({2, 7, 99})) == [2, 7]
    assert left(columns, text="stumble") == [4] and left(columns, text="SHAKE") == [6, 7, 8]
    assert left(columns, text="glove") == [0, 1, 2] and left(columns, text="nowhere") == []


def test_marks_are_what_is_known_of_the_label_it_has_now(columns):
    rows = {name: left(columns, marks=frozenset({name})) for name in MARKS}
    assert rows == {
        WRONG_NOW: [1, 5],
        WRONG_AT_FIRST: [3, 7],
        MISLABELLED: [1],
        CONFLICTING: [0],
        IDENTICAL: [2, 3],
        NEAR: [3],
        PROTECTED: [1, 6],
        NOTED: [4, 8],
    }


def test_filters_combine(columns):
    assert left(columns, marks=frozenset({WRONG_NOW, PROTECTED})) == [1]
    assert left(columns, marks=frozenset({WRONG_NOW}), class_id=0, this_run=True) == [5]
    assert left(columns, marks=frozenset({IDENTICAL}), take_id=2) == []


def test_orders(columns):
    rows = {order: columns.rows(Wanted(), order, name_of).tolist() for order in ORDERS}
    newest = [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert rows["newest first"] == newest and rows["oldest first"] == newest[::-1]
    assert rows["by take"] == newest
    assert rows["by class"] == [4, 3, 2, 8, 7, 6, 5, 1, 0], "rest, Shake, wave, as they are read"
    # What has not been answered comes last, either way.
    assert rows["least sure first"] == [5, 4, 1, 6, 2, 0, 7, 8, 3]
    assert rows["surest first"] == [7, 0, 2, 6, 1, 4, 5, 8, 3]
    assert columns.rows(Wanted(class_id=0), "oldest first", name_of).tolist() == [0, 1, 5]
    assert columns.is_unsure(5) and not columns.is_unsure(3) and not columns.is_unsure(0)


def test_the_figures_of_each_class(columns):
    wave, rest, shake = quality_of(columns, [0, 1, 2], analysis())
    assert (wave.count, wave.learnable, wave.takes, wave.judged) == (3, 3, 2, 2)
    assert wave.marks[MISLABELLED] == 1 and rest.marks[IDENTICAL] == 2 and shake.marks[NOTED] == 1
    assert (rest.count, rest.learnable, shake.learnable) == (3, 2, 0)
    assert quality_of(columns, [0], None)[0].judged == 0
    assert quality_of(columns, [7], analysis())[0].count == 0


def test_a_class_that_is_short_of_examples_is_named_with_the_numbers():
    def quality(*counts):
        examples = []
        for label, count in enumerate(counts):
            examples += [Example(len(examples) + k, label, label, ONE, 0.0, 1.0) for k in range(count)]
        takes = {label: Take(label, label, 0, 1, "s") for label in range(3)}
        return quality_of(Columns.of_standing(ExampleArrays.of(examples), takes, {}, set(), None), [0, 1, 2], None)

    assert imbalance_of(quality(10, 30, 30), name_of) == ""
    assert imbalance_of(quality(0, 0, 30), name_of) == "", "a class without any is empty, not short"
    assert imbalance_of([], name_of) == ""
    words = imbalance_of(quality(9, 30, 2), name_of)
    assert words == ("Shake (2) and wave (9) have less than a third of the learned windows of rest (30): record more.")


def test_a_take_that_is_still_being_made_is_of_this_run():
    examples = [Example(i, 0, i // 2, ONE, float(9 - i), 10.0 - i) for i in range(4)]
    columns = Columns.of_standing(ExampleArrays.of(examples), {0: Take(0, 0, 0, 1, "s")}, {}, set(), None)
    assert columns.here.tolist() == [False, False, True, True]
    assert columns.rows(Wanted(), "newest first", name_of).tolist() == [2, 3, 0, 1]


def test_nothing_at_all_can_be_browsed():
    empty = Columns.of_standing(ExampleArrays.of([]), {}, {}, set(), None)
    assert len(empty) == 0 and empty.rows(Wanted(class_id=1), "by class", name_of).tolist() == []


# -- of an engine that learns ----------------------------------------------------------------------------------


def test_what_is_known_follows_labels_and_publishes(rigs, until):
    rig = rigs()
    class_id = rig.teach("Badminton", "Badminton", 2)
    engine = rig.engine
    assert engine.browse.analysis is None, "nobody has asked"
    engine.browse.watch(True)

    def whole():
        known = engine.browse.analysis
        return (
            known is not None
            and known.answers is not None
            and known.judged is not None
            and known.answers.done == len(known.answers.ids) == engine.book.total == len(known.judged.ids)
            and known.answers.version == engine.learner.store.serving.version
        )

    until(whole, "all answers")
    plan_of = engine.lane.store.serving
    examples = engine.book.active_examples()
    ids, labels = np.array([e.id for e in examples]), np.array([e.class_id for e in examples])
    classes, sure = engine.browse.analysis.answered(ids)
    expected = [answer_of(Plan(plan_of), e.features) for e in examples]
    assert classes.tolist() == [UNSURE if top is None else top for top, _ in expected]
    assert sure.tolist() == [p for _, p in expected]
    at_first = engine.browse.analysis.answers.at_first
    assert (at_first != UNKNOWN).all() and (at_first[: len(ids) // 4] != class_id).any(), "it was new then"
    assert not engine.browse.analysis.flags(ids, labels)[PROTECTED].any()

    engine.model.protect_now()
    rig.settle()
    until(lambda: whole() and engine.browse.analysis.flags(ids, labels)[PROTECTED].any(), "protected ones")
    other = engine.labels.add_class("other")
    engine.labels.relabel(ids[:20].tolist(), other.id)
    rig.settle()
    until(lambda: whole() and (engine.browse.analysis.judged.labels[:20] == other.id).all(), "a new look around")
    engine.browse.watch(False)
    until(lambda: engine.browse._standing is None, "the copy of the features to be let go")
    last = engine.browse.analysis
    engine.browse.watch(True)
    engine.labels.delete_examples(ids[:5].tolist())
    rig.settle()
    until(lambda: engine.browse.analysis is not last and whole(), "what is known of the others")
    # Closed again before all was taken up: nothing is worked out of what is not there.
    engine.stop()
    engine.browse._let_go()
    assert not engine.browse._take_up() and not engine.browse._look_around() and not engine.browse._answer(0.1)


def test_which_versions_contain_an_example(rigs, tmp_path, until):
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    engine = rig.engine
    rig.teach("Badminton", "Badminton")
    before = [e.id for e in engine.book.active_examples() if e.learn]
    rig.teach("Badminton", "Badminton")
    head = engine.learner.store.head.version
    mine = engine.contents.containing(before[:1])
    assert mine.whole and mine.spans[-1][1] == head and not mine.sealed
    first = mine.spans[0][0]
    assert engine.contents.of(first - 1).counts().get(0) is None and not engine.contents.of(first - 1).labels()
    counts = engine.contents.of(head).counts()
    assert sum(counts.values()) == sum(e.learn for e in engine.book.active_examples())

    engine.model.protect_now()
    rig.settle()
    sealed = engine.contents.containing(before)
    assert sealed.text == f"in v{first}–v{engine.learner.store.head.version}, sealed in bank 1"
    late = [e.id for e in engine.book.active_examples() if e.learn and e.id not in before][:3]
    assert engine.contents.containing(late).spans[0][0] > first

    engine.labels.delete_examples(late)
    rig.settle()
    said = [event.sentence for event in rig.events("labels changed")][-1]
    assert said.startswith("3 examples deleted. v") and said.endswith("have learned them.")
    engine.stop()

    # Memory has let go of all of it: it comes from the file.
    again = rigs(Session.open(path)).engine
    until(lambda: again.contents.containing(before).whole, "the versions in the file")
    # Only versions that can still be gone back to count.
    assert {v for span in again.contents.containing(before).spans for v in span} <= again.model.reachable()
    assert again.contents.containing(before).sealed == sealed.sealed
    assert again.contents.of(10**6) is None
    assert again.contents.containing([10**6]).text == "in no version"


def test_an_example_of_the_learning_bank_that_is_deleted_is_gone_from_the_next_version(rigs):
    rig = rigs()
    rig.teach("Badminton", "Badminton")
    engine = rig.engine
    ids = [e.id for e in engine.book.active_examples() if e.learn][:2]
    last = engine.learner.store.head.version
    engine.labels.delete_examples(ids)
    rig.settle()
    assert rig.heard("labels changed").sentence.endswith("learned them; the next version will not have.")
    assert engine.contents.containing(ids).spans[-1][1] == last < engine.learner.store.head.version


def test_notes_are_undone_and_kept(rigs, tmp_path):
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    engine = rig.engine
    rig.teach("Badminton", "Badminton")
    digest = engine.learner.store.head.digest
    with pytest.raises(BadInputError, match="may have 500 characters"):
        engine.labels.note_examples([0], "x" * 501)
    engine.labels.note_examples([0, 1, 2], "  a\nstumble ")
    engine.labels.note_examples([1], "")
    rig.settle()
    assert engine.book.notes() == {0: "a stumble", 2: "a stumble"}
    assert [act.text for act in engine.book.history()[0]][-2:] == [
        "Note on 3 examples: “a stumble”",
        "Note taken off 1 example",
    ]
    engine.labels.undo()
    rig.settle()
    assert engine.book.notes() == dict.fromkeys((0, 1, 2), "a stumble") == engine.session.notes()
    assert engine.learner.store.head.digest == digest, "a note is nothing to learn"
    engine.stop()
    again = rigs(Session.open(path))
    assert again.engine.book.notes() == dict.fromkeys((0, 1, 2), "a stumble")
    again.engine.labels.undo()
    again.settle()
    assert again.engine.book.notes() == again.engine.session.notes() == {}
