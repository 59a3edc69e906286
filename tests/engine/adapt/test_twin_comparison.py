"""Compare in a running engine: which twins run, what they are held against, what is told of them and of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dgstudio.engine.facts.compared import KeptAnswers
from dgstudio.errors import BadInputError
from dgstudio.types import TwinKind

Rigs = Callable[..., Any]
Until = Callable[..., None]
NEW = "Badminton"


def done(rig: Any, until: Until) -> None:
    """Wait until the twins have done all that they were told."""
    rig.settle()
    until(lambda: all(twin.idle for twin in rig.engine.comparison.twins))


def test_at_most_two_run_and_the_one_that_stays_chosen_goes_on(rigs: Rigs, until: Until) -> None:
    rig = rigs()
    comparison = rig.engine.comparison
    comparison.choose("swap")
    (swap,) = comparison.twins
    rig.play("Walking")
    comparison.choose("swap", "replay")
    assert comparison.kinds == (TwinKind.SWAP, TwinKind.REPLAY) and comparison.twins[0] is swap
    with pytest.raises(BadInputError, match="At most two twins"):
        comparison.choose("swap", "replay", "in_place")
    assert comparison.kinds == (TwinKind.SWAP, TwinKind.REPLAY)
    comparison.choose("in_place", "swap")
    assert comparison.twins[1] is swap and swap.figures().reads > 0
    rig.teach(NEW, NEW)
    done(rig, until)
    reads = [twin.figures().reads for twin in comparison.twins]
    assert reads[0] < reads[1] == rig.engine.stats().reads
    assert [twin.figures().learned for twin in comparison.twins] == 2 * [rig.engine.stats().learned]
    comparison.choose("in_place", "in_place")
    assert comparison.kinds == (TwinKind.IN_PLACE,) and [w.lane for w in comparison.workers] == [*comparison.twins]
    comparison.choose()
    assert comparison.twins == () == comparison.workers
    rig.check_all()


def test_lost_answers_are_told_with_what_they_were_and_are_now_and_ours_loses_none(rigs: Rigs, until: Until) -> None:
    rig = rigs()
    rig.engine.comparison.choose("swap", "replay")
    plain, replay = rig.engine.comparison.twins
    rig.settle()
    assert plain.figures().answers == KeptAnswers(150, 150, bits=False)
    new = rig.teach(NEW, NEW, 3)
    done(rig, until)
    answers = plain.figures().answers
    assert answers.watched == 150 == rig.engine.comparison.ours().watched
    assert sum(lost.count for lost in answers.lost) == answers.gone > 0
    assert [lost.count for lost in answers.lost] == sorted((lost.count for lost in answers.lost), reverse=True)
    assert answers.lost[0].now == new and all(lost.was != lost.now for lost in answers.lost)
    assert replay.figures().answers.gone < answers.gone
    assert rig.engine.comparison.ours() == KeptAnswers(150, 150, bits=True)
    # A class that is gone answers no longer, and what it had taken goes to another.
    rig.engine.labels.undo()
    rig.engine.labels.undo()
    done(rig, until)
    assert new not in {lost.now for lost in plain.figures().answers.lost}
    rig.check_all()


def test_what_ours_protects_later_the_twins_are_held_to_as_well(rigs: Rigs, until: Until) -> None:
    rig = rigs()
    rig.engine.comparison.choose("swap")
    (twin,) = rig.engine.comparison.twins
    new = rig.teach(NEW, NEW, 2)
    done(rig, until)
    before = twin.figures().answers
    rig.engine.model.protect_now()
    done(rig, until)
    more = rig.engine.learner.protected_count - 150
    until(lambda: twin.idle and twin.figures().answers.watched == 150 + more)
    answers = twin.figures().answers
    assert more > 0 and answers.gone == before.gone, "what it answers to them now is what they are held against"
    # A twin that begins now knows the new class before it is held to it.
    rig.engine.comparison.choose("swap", "in_place")
    late = rig.engine.comparison.twins[1]
    until(lambda: late.idle and late.figures().answers.watched == 150 + more)
    assert not any(lost.was == new for lost in late.figures().answers.lost)
    rig.engine.labels.undo()
    done(rig, until)
    until(lambda: twin.figures().answers.watched == 150)
    assert rig.engine.comparison.ours().watched == 150


def test_from_nothing_they_are_held_to_what_is_protected_on_a_scale_that_stays(rigs: Rigs, until: Until) -> None:
    rig = rigs(nothing=True)
    rig.engine.comparison.choose("swap", "replay")
    rig.teach("Standing", "Standing", 2)
    rig.teach("Running", "Running", 2)
    done(rig, until)
    assert rig.engine.comparison.ours() == KeptAnswers(0, 0) and {
        t.figures().answers.watched for t in rig.engine.comparison.twins
    } == {0}
    rig.engine.model.protect_now()
    done(rig, until)
    count = rig.engine.learner.protected_count
    until(lambda: all(t.figures().answers.watched == count for t in rig.engine.comparison.twins))
    scales = [twin.twin._normaliser for twin in rig.engine.comparison.twins]
    rig.teach(NEW, NEW, 4)
    done(rig, until)
    plain, replay = (twin.figures().answers for twin in rig.engine.comparison.twins)
    assert count > 0 and plain.gone > replay.gone >= 0
    assert [twin.twin._normaliser for twin in rig.engine.comparison.twins] == scales
    assert rig.engine.comparison.ours() == KeptAnswers(count, count)
    # One that begins now reads on the scale of ours, which stays as well.
    rig.engine.comparison.choose("in_place")
    (late,) = rig.engine.comparison.twins
    done(rig, until)
    assert late.twin._normaliser is rig.engine.learner.store.head.normaliser
    assert late.figures().answers.watched == count and late.figures().answers.gone == 0


def test_the_truth_of_the_stream_is_held_against_the_twins_answers(rigs: Rigs) -> None:
    rig = rigs()
    rig.engine.comparison.choose("swap")
    (twin,) = rig.engine.comparison.twins
    take = rig.motions.takes["Walking"][0]
    rig.tape.put(take, truth=np.full(len(take), rig.engine.spec.truth_names.index("Walking"), np.int16))
    rig.answered()
    figures = twin.figures()
    assert figures.truth_seen == rig.engine.stats().truth_seen == len(twin.readings.since(0)[0])
    assert 0.9 * figures.truth_seen < figures.truth_right <= figures.truth_seen
    assert {reading.truth for reading in twin.readings.since(0)[0]} == {"Walking"}
    rig.play("Walking")
    assert twin.figures().truth_seen == figures.truth_seen < twin.figures().reads


def test_what_the_users_own_act_moves_in_ours_is_told(rigs: Rigs, until: Until) -> None:
    rig = rigs()
    new = rig.teach(NEW, NEW, 2)
    rig.engine.model.protect_now()
    rig.settle()
    count = rig.engine.learner.protected_count
    assert rig.engine.comparison.ours() == KeptAnswers(count, count)
    # Without half of what they were learned from, protected answers of the new class move.
    mine = [example.id for example in rig.engine.book.active_examples() if example.class_id == new and example.learn]
    rig.engine.candidates.plan_rebuild(mine[::2])
    until(lambda: rig.engine.candidates.rebuild is not None)
    moved = rig.engine.candidates.rebuild.moved
    rig.engine.candidates.accept()
    rig.settle()
    ours = rig.engine.comparison.ours()
    assert ours.bits and ours.watched == rig.engine.learner.protected_count < count
    assert ours.gone == moved.inputs > 0 and {lost.was for lost in ours.lost} == {new}
    # Gone back, they are what they were.
    rig.engine.model.roll_back()
    rig.settle()
    assert rig.engine.comparison.ours() == KeptAnswers(count, count)
    rig.check_all()
