"""Compare in a running engine: which twins run, what they are held against, what is told of them and of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgstudio.engine.facts.compared import KeptAnswers
from dgstudio.engine.twins.conventional_lane import ConventionalLane
from dgstudio.errors import BadInputError
from dgstudio.learning.rules.conventional import TwinStart
from dgstudio.session.file import Session
from dgstudio.session.format.compared import COMPARED, of_setting
from dgstudio.types import Mode, TwinKind

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
    begun = ConventionalLane(TwinKind.SWAP, TwinStart.from_nothing(8), rig.engine.classes)
    assert not begun.figures().answers.counted, "it does not say that nothing is protected"
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


# -- our own model in another mode -----------------------------------------------------------------------------------


def digest_of(rig: Any, lane: Any) -> str:
    """Of the newest version of a twin, with the classes in the order of ours."""
    return lane.learner.store.head.with_(classes=rig.engine.learner.store.head.classes, mode="both").digest


def test_our_own_model_in_the_present_mode_is_refused(rigs: Rigs) -> None:
    rig = rigs()
    rig.engine.comparison.choose("replay")
    with pytest.raises(BadInputError, match="learns in that mode itself"):
        rig.engine.comparison.choose("replay", "ours_both")
    assert rig.engine.comparison.kinds == ("replay",)


def test_three_modes_learn_from_the_same_labels_and_keep_every_byte(rigs: Rigs, until: Until) -> None:
    rig = rigs()
    comparison = rig.engine.comparison
    comparison.choose("ours_routing", "ours_weights")
    rig.teach("Walking", "Running")
    new = rig.teach(NEW, NEW, 2)
    done(rig, until)
    routing, weights = comparison.twins
    learned = rig.engine.stats().learned
    for twin, mode in ((routing, "routing"), (weights, "weights")):
        figures = twin.figures()
        assert figures.learned == learned and figures.waiting == 0 and figures.max_delta == 0
        assert figures.answers == KeptAnswers(150, 150, bits=True)
        learner = twin.learner
        assert learner.mode == mode and learner.store.head.mode == mode and learner.audit_all().bits_changed == 0
        assert {e.features.tobytes() for e in [*map(learner.example, learner.training.every())]} == {
            e.features.tobytes() for e in rig.engine.book.active_examples() if e.learn
        }
    rig.play(NEW)
    banks = {
        twin.kind: [snapshot.banks[-1] for snapshot in twin.learner.store.history() if snapshot.banks]
        for twin in comparison.twins
    }
    routers = {kind: len({bank.ids["w"] for bank in held}) for kind, held in banks.items()}
    readouts = {kind: len({bank.ids["R"] for bank in held}) for kind, held in banks.items()}
    assert routers["ours_weights"] == 1 < readouts["ours_weights"]
    assert readouts["ours_routing"] == 1 < routers["ours_routing"]
    assert new not in {r.top for r in routing.readings.latest(20)}, "a read-out that is held knows no new class"
    assert {r.state for twin in comparison.twins for r in twin.readings.since(0)[0]} == {"version"}
    rig.check_all()


@pytest.mark.parametrize("nothing", [False, True], ids=["with a base", "from nothing"])
def test_a_twin_of_the_same_rule_comes_to_the_same_bytes_and_unlearns_to_the_last_bit(
    rigs: Rigs, until: Until, nothing: bool
) -> None:
    """Ours is off at first, and then learns the same labels: the twin has had its weights all the while."""
    rig = rigs(nothing=nothing)
    rig.engine.model.set_mode(Mode.OFF)
    rig.settle()
    rig.engine.comparison.choose("ours_both", "in_place")
    rig.teach("Standing", "Standing")
    rig.teach(NEW, NEW)
    done(rig, until)
    (twin, _) = rig.engine.comparison.twins
    before = digest_of(rig, twin)
    assert twin.figures().learned > 0 == rig.engine.stats().learned
    rig.teach("other", "Walking")
    done(rig, until)
    assert digest_of(rig, twin) != before
    rig.engine.labels.undo()
    rig.engine.labels.undo()
    done(rig, until)
    assert digest_of(rig, twin) == before
    rig.engine.model.set_mode(Mode.BOTH)
    done(rig, until)
    assert rig.engine.learner.store.head.with_(mode="both").digest == before


def test_what_protects_ours_protects_the_twin_and_what_is_rebuilt_is_rebuilt_in_it(rigs: Rigs, until: Until) -> None:
    rig = rigs()
    # In the mode of ours, which was another one when it was chosen.
    rig.engine.model.set_mode(Mode.ROUTING)
    rig.settle()
    rig.engine.comparison.choose("ours_both", "ours_off")
    rig.engine.model.set_mode(Mode.BOTH)
    both, off = rig.engine.comparison.twins
    new = rig.teach(NEW, NEW, 2)
    rig.engine.model.protect_now()
    done(rig, until)
    ours = rig.engine.learner.training
    for twin in (both, off):
        theirs = twin.learner.training
        assert {row.tobytes() for row in theirs.protected.inputs} == {row.tobytes() for row in ours.protected.inputs}
        assert twin.figures().answers == KeptAnswers(len(ours.protected), len(ours.protected))
    assert [len(s.ids) for s in both.learner.training.seals] == [len(s.ids) for s in ours.seals]
    assert both.learner.training.sums.A0.tobytes() == ours.sums.A0.tobytes()
    assert off.figures().learned == 0 and off.figures().waiting == rig.engine.stats().learned
    rig.teach("other", "Walking")
    done(rig, until)
    assert both.figures().answers.gone == 0
    # A label that is sealed in both goes from both when the user chooses the rebuilt model.
    mine = [e.id for e in rig.engine.book.active_examples() if e.class_id == new and e.learn][::2]
    rig.engine.labels.delete_examples(mine)
    done(rig, until)
    assert set(mine) <= both.learner.training.every()
    rig.engine.candidates.plan_rebuild(mine)
    until(lambda: rig.engine.candidates.rebuild is not None)
    rig.engine.candidates.accept()
    done(rig, until)
    until(lambda: not set(mine) & both.learner.training.every())
    done(rig, until)
    assert not set(mine) & rig.engine.learner.training.every()
    assert both.figures().learned == rig.engine.stats().learned and both.figures().waiting == 0
    assert both.figures().answers.gone > 0, "what the user chose moves its answers too, and is told"
    rig.check_all()


def test_a_twin_that_sealed_by_itself_forgets_what_is_taken_back(rigs: Rigs, until: Until) -> None:
    rig = rigs()
    rig.engine.model.set_mode(Mode.OFF)
    rig.engine.model.set_seal_at(20)
    rig.settle()
    rig.engine.comparison.choose("ours_both")
    rig.teach(NEW, NEW, 3)
    done(rig, until)
    (twin,) = rig.engine.comparison.twins
    learner = twin.learner
    assert learner.training.seals and not rig.engine.learner.training.seals
    rig.engine.labels.undo()
    done(rig, until)
    assert not learner.training.every() and twin.figures().learned == 0 == twin.figures().waiting
    rig.engine.labels.redo()
    done(rig, until)
    assert twin.figures().learned == len([e for e in rig.engine.book.active_examples() if e.learn])


def test_the_dials_of_ours_are_those_of_its_twin(rigs: Rigs, until: Until) -> None:
    rig = rigs()
    rig.teach(NEW, NEW)
    rig.engine.comparison.choose("ours_weights")
    done(rig, until)
    (twin,) = rig.engine.comparison.twins
    assert twin.figures().learned == rig.engine.stats().learned, "it begins with the labels that stand"
    rig.engine.model.set_openness(-0.2, 0.1)
    done(rig, until)
    until(lambda: twin.learner.settings.tau == -0.2)
    done(rig, until)
    assert twin.learner.store.head.banks[-1].tau == np.float32(-0.2)
    rig.engine.model.set_rule("gradient")
    rig.teach("Standing", "Running")
    done(rig, until)
    assert twin.learner.settings.rule == "gradient" and len(twin.learner.training.learned)
    assert twin.figures().answers.gone == 0
    rig.check_all()


def test_what_never_changes_is_shared(rigs: Rigs, until: Until) -> None:
    rig = rigs()
    rig.engine.comparison.choose("ours_routing", "ours_off")
    done(rig, until)
    ours = rig.engine.learner._state.rule._statistics
    for twin in rig.engine.comparison.twins:
        assert twin.learner._state.rule._statistics is ours
        assert twin.learner.store.head.base.W1 is rig.engine.learner.store.head.base.W1


@pytest.mark.parametrize("kind", ["ours_off", "ours_routing", "ours_weights"])
def test_from_nothing_our_own_model_runs_in_each_mode_and_keeps_what_is_protected(
    rigs: Rigs, until: Until, kind: str
) -> None:
    rig = rigs(nothing=True)
    rig.engine.comparison.choose(kind)
    rig.teach("Standing", "Standing")
    rig.teach("Running", "Running")
    rig.engine.model.protect_now()
    done(rig, until)
    count = rig.engine.learner.protected_count
    rig.teach(NEW, NEW, 2)
    done(rig, until)
    (twin,) = rig.engine.comparison.twins
    assert twin.figures().answers == KeptAnswers(count, count) and count > 0
    assert (twin.figures().learned > 0) == (kind == "ours_weights"), "without a read-out there is nothing to route to"
    assert twin.figures().learned + twin.figures().waiting == rig.engine.stats().learned
    assert twin.learner.audit_all().bits_changed == 0 and not rig.events("twin failed")
    rig.check_all()


# -- what is kept of it ------------------------------------------------------------------------------------------------


def test_a_session_keeps_how_each_twin_stood_at_last(rigs: Rigs, until: Until, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    comparison = rig.engine.comparison
    comparison.choose("swap", "ours_weights")
    rig.teach(NEW, NEW, 2)
    done(rig, until)
    truth = np.full(100, rig.engine.spec.truth_names.index("Walking"), np.int16)
    rig.tape.put(rig.motions.takes["Walking"][0], truth=truth)
    rig.answered()
    swap = comparison.twins[0].figures()
    comparison.choose("ours_weights")
    rig.play("Standing")
    reads = comparison.twins[0].figures().reads
    rig.engine.stop()
    with Session.open(path) as session:
        kept = {twin.kind: twin for twin in of_setting(session.config(COMPARED))}
    assert set(kept) == {"swap", "ours_weights"} and kept["ours_weights"].reads == reads > kept["swap"].reads
    told = kept["swap"]
    assert (told.watched, told.kept, told.learned) == (150, swap.answers.kept, swap.learned)
    assert sum(count for _, _, count in told.lost) == swap.answers.gone
    assert (told.ours_watched, told.ours_kept) == (150, 150)
    assert told.seen == told.ours_seen == swap.truth_seen > 0 and told.right == swap.truth_right
    # It is told of what ran here before, too.
    again = rigs(Session.open(path))
    again.engine.comparison.choose("replay")
    again.play("Standing")
    again.engine.stop()
    with Session.open(path) as session:
        assert [twin.kind for twin in of_setting(session.config(COMPARED))] == ["swap", "ours_weights", "replay"]
