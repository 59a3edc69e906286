"""Marks of a source, as markers of another program are, become takes of the classes that they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dgstudio.engine.labels.mark_labels import MarkLabels
from dgstudio.streams.marks import CAPACITY, Mark, MarkQueue

Rigs = Callable[..., Any]


def marked(rig: Any) -> MarkLabels:
    """The rig's tape, as a source that says what it is."""
    rig.tape.marks, rig.tape.marks_wanted = MarkQueue(), True
    engine = rig.engine
    return MarkLabels(rig.tape, engine.labels, engine.classes, engine.ring, engine.events)


def test_each_mark_begins_a_take_and_ends_the_one_before(rigs: Rigs) -> None:
    rig = rigs()
    engine, marks = rig.engine, marked(rig)
    readings = rig.play("Badminton", 2)
    half, end = readings[len(readings) // 2].end, readings[-1].end
    for mark in (Mark(readings[0].start, "smash"), Mark(half, "Walking"), Mark(end, None), Mark(end + 5.0, "later")):
        rig.tape.marks.put(mark)
    marks.carry_out()
    rig.settle()
    takes = engine.session.takes()
    names = [engine.classes.name_of(take.class_id) for take in takes]
    assert names == ["smash", "Walking"] and {take.who for take in takes} == {"message"}
    assert takes[0].end == takes[1].start == half and takes[1].end == end
    assert all(take.examples > 10 for take in takes)
    assert engine.classes.by_name("later") is None and marks.carried_out == 3, "that moment has not come yet"


def test_what_cannot_be_followed_is_said_and_the_next_one_is(rigs: Rigs) -> None:
    rig = rigs()
    marks = marked(rig)
    readings = rig.play("Badminton")
    rig.tape.marks.put(Mark(readings[0].start, "x" * 5000))
    rig.tape.marks.put(Mark(readings[1].start, "smash"))
    marks.carry_out()
    assert "A marker cannot be followed" in rig.heard("label left out").sentence
    assert rig.engine.classes.by_name("smash") is not None


def test_a_source_without_marks_has_none_to_follow(rigs: Rigs) -> None:
    rig = rigs()
    rig.play("Walking")
    rig.engine.marks.carry_out()
    assert rig.engine.marks.carried_out == 0


def test_a_queue_of_marks_is_bounded_and_keeps_their_order() -> None:
    queue = MarkQueue()
    for number in range(CAPACITY + 5):
        queue.put(Mark(float(number), None))
    assert queue.dropped == 5
    assert [mark.moment for mark in queue.take(2.0)] == [0.0, 1.0, 2.0]
    assert len(queue.take(1e9)) == CAPACITY - 3
