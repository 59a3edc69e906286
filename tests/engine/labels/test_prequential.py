"""Takes are scored before they are learned; the scores follow undo, redo and reopening; what is set aside stays so."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgstudio.engine.evaluation.quality_report import QualityData, QualityReport
from dgstudio.engine.labels.prequential import TakeAnswers, kept_answers
from dgstudio.engine.runtime.metrics import UNSURE
from dgstudio.model.plan import Plan
from dgstudio.session.file import Session
from dgstudio.session.restore import TAKE_ANSWERS
from dgstudio.types import Take

Rigs = Callable[..., Any]
NEW = "Badminton"


@pytest.fixture
def report_on(until: Callable[..., None]) -> Callable[[Any, str], QualityReport]:
    """Asks for a report on this data, made after everything that went before."""

    def ask(rig: Any, kind: str) -> QualityReport:
        worker = rig.engine.quality
        worker.watch(None)
        worker._done, worker.report = None, None
        worker.watch(kind)
        until(lambda: worker.report is not None and worker.report.kind == kind, f"a report on {kind}")
        worker.watch(None)
        report = worker.report
        assert isinstance(report, QualityReport)
        return report

    return ask


def test_a_take_is_scored_by_the_answers_it_was_given_before_it_was_learned(rigs: Rigs, report_on: Any) -> None:
    rig = rigs()
    info = rig.engine.labels.add_class(NEW)
    rig.settle()
    first = rig.play(NEW)
    rig.label(info.id, first)
    second = rig.play(NEW)
    rig.label(info.id, second)
    report = report_on(rig, QualityData.LABELLED)
    tops = {reading.features.tobytes(): reading.top for reading in [*first, *second]}
    assert report.taught == (info.id,), "nothing can know a class before its first take: that is not scored"
    for scored, take in zip(report.parts, rig.engine.book.takes()[1:], strict=True):
        examples = rig.engine.book.examples_of(take.id)
        assert scored.ids.tolist() == [example.id for example in examples]
        given = [tops[example.features.tobytes()] for example in examples]
        assert scored.answered.tolist() == [UNSURE if top is None else top for top in given]
        assert scored.span == (take.start, take.end)
    (after,) = (scored.score for scored in report.parts)
    assert after > 0.0 and report.line.tolist() == pytest.approx([after]) and report.accuracy == pytest.approx(after)
    assert report.again == 0 and report.unscored == 0 and report.delay_s is not None and report.delay_s >= 0
    row = report.classes.index(info.id)
    assert report.matrix[row].sum() == pytest.approx(1.0), "overlapping windows of one take count as one"
    ids = [example_id for part in report.cell(row, row) for example_id in part.ids]
    assert ids and set(ids) <= set(report.parts[0].ids.tolist())


def test_windows_answered_after_the_take_began_to_be_learned_are_answered_again(rigs: Rigs, until: Any) -> None:
    rig = rigs()
    info = rig.engine.labels.add_class(NEW)
    rig.play("Walking")
    rig.settle()
    before = Plan(rig.engine.learner.store.serving)
    rig.engine.labels.press_class(info.id)
    rig.play(NEW)
    version = rig.engine.learner.store.serving.version

    until(lambda: rig.engine.learner.store.serving.version > version, "the first of the take to be learned")
    rig.settle()
    later = rig.play(NEW, 2)
    assert any(reading.top == info.id for reading in later), "by now it has learned of this very take"
    rig.engine.labels.release_class()
    rig.settle()
    (take,) = rig.engine.book.takes()
    answers = rig.engine.scores.of(take.id)
    assert answers.again > 0 and answers.version == before.snapshot.version
    assert info.id not in answers.answered, "it knew nothing of the class before this take"
    by_id = {example.id: example for example in rig.engine.book.examples_of(take.id)}
    for example_id, answered in zip(answers.examples, answers.answered, strict=True):
        top = before.answer(by_id[example_id].features).top
        assert answered == (UNSURE if top < 0 else before.snapshot.classes[top])


def test_undone_takes_drop_out_and_come_back_with_their_scores(rigs: Rigs, report_on: Any) -> None:
    rig = rigs()
    for _ in range(3):
        rig.teach(NEW, NEW)
    whole = report_on(rig, QualityData.LABELLED)
    rig.engine.labels.undo()
    rig.settle()
    less = report_on(rig, QualityData.LABELLED)
    assert len(less.parts) == 1 and less.parts[0].ids.tolist() == whole.parts[0].ids.tolist()
    rig.engine.labels.redo()
    rig.settle()
    again = report_on(rig, QualityData.LABELLED)
    assert [p.score for p in again.parts] == [p.score for p in whole.parts]
    assert again.matrix.tolist() == whole.matrix.tolist()


def test_a_corrected_label_is_what_the_answers_are_compared_with(rigs: Rigs, report_on: Any) -> None:
    rig = rigs()
    readings = rig.play("Walking")
    walking = rig.engine.classes.by_name("Walking")
    wrong = rig.engine.classes.by_name("Running")
    rig.label(wrong.id, readings)
    (take,) = rig.engine.book.takes()
    ids = [example.id for example in rig.engine.book.examples_of(take.id)]
    assert report_on(rig, QualityData.LABELLED).accuracy == 0.0, "the base knows walking, and was told otherwise"
    rig.engine.labels.relabel(ids, walking.id)
    rig.settle()
    report = report_on(rig, QualityData.LABELLED)
    assert report.accuracy == 1.0 and report.recall[report.classes.index(walking.id)] == 1.0
    rig.engine.labels.delete_examples(ids[:3])
    rig.settle()
    assert report_on(rig, QualityData.LABELLED).windows == len(ids) - 3
    rig.engine.labels.undo()
    rig.engine.labels.undo()
    rig.settle()
    assert report_on(rig, QualityData.LABELLED).accuracy == 0.0


def test_scores_survive_reopening(rigs: Rigs, report_on: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    for _ in range(3):
        rig.teach(NEW, NEW)
    rig.engine.labels.undo()
    rig.settle()
    whole = report_on(rig, QualityData.LABELLED)
    rig.engine.stop()
    other = rigs(Session.open(path))
    kept = report_on(other, QualityData.LABELLED)
    assert kept.matrix.tolist() == whole.matrix.tolist()
    assert kept.line.tolist() == whole.line.tolist() and kept.delay_s == whole.delay_s
    assert [p.confidence.tolist() for p in kept.parts] == [p.confidence.tolist() for p in whole.parts]
    assert all(part.span is None for part in kept.parts), "their times are of another run's clock"
    assert other.engine.scores.of(2) is not None, "an undone take keeps its answers"


def test_what_the_session_cannot_tell_counts_as_not_scored(rigs: Rigs, report_on: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    for _ in range(2):
        rig.teach(NEW, NEW)
    rig.engine.stop()
    with Session.open(path) as session:
        session.set_config(TAKE_ANSWERS.format(0), {"examples": [1, 2], "answered": [1]})
    other = rigs(Session.open(path))
    report = report_on(other, QualityData.LABELLED)
    assert report.unscored == 1 and len(report.parts) == 1


def test_answers_come_back_as_they_were_kept() -> None:
    answers = TakeAnswers(4, array("q", (7, 8)), array("q", (2, UNSURE)), array("d", (0.75, 0.0)), 0.4, 1, 12)
    with Session.memory() as session:
        answers.keep(session)
        assert kept_answers(session, [Take(4, 2, 0.0, 1.0, "a"), Take(5, 2, 0.0, 1.0, "a")]) == [answers]
        assert kept_answers(session, [Take(4, 2, 0.0, 1.0, "a", "file")]) == []


def test_every_fifth_take_of_a_class_is_set_aside_if_that_is_wished(rigs: Rigs, report_on: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.engine.labels.set_aside(True)
    for _ in range(4):
        rig.teach(NEW, NEW)
    learned, digest = rig.engine.stats().learned, rig.engine.learner.store.head.digest
    known = rig.teach(NEW, NEW)
    assert rig.engine.stats().learned == learned and rig.engine.learner.store.head.digest == digest
    assert rig.events("take saved")[-1].sentence.endswith("set aside: scored, not learned")
    take = rig.engine.book.takes()[-1]
    assert take.class_id == known and not any(e.learn for e in rig.engine.book.examples_of(take.id))
    report = report_on(rig, QualityData.HELD_OUT)
    plan = Plan(rig.engine.learner.store.serving)
    (scored,) = report.parts
    by_id = {example.id: example for example in rig.engine.book.examples_of(take.id)}
    tops = [plan.answer(by_id[i].features).top for i in scored.ids.tolist()]
    assert scored.answered.tolist() == [UNSURE if top < 0 else plan.snapshot.classes[top] for top in tops]
    assert report.version == plan.snapshot.version and report.versions == (report.version,)
    assert report.line.tolist() == [report.accuracy]
    # The one after is learned again; and another class counts for itself.
    rig.teach(NEW, NEW)
    assert rig.engine.stats().learned > learned
    rig.engine.stop()
    other = rigs(Session.open(path))
    assert other.engine.labels.sets_aside
    assert report_on(other, QualityData.HELD_OUT).parts[0].ids.tolist() == scored.ids.tolist()
    other.engine.labels.set_aside(False)
    for _ in range(5):
        other.teach(NEW, NEW)
    assert len(report_on(other, QualityData.HELD_OUT).parts) == 1


def test_takes_labelled_in_one_breath_are_counted_too(rigs: Rigs) -> None:
    rig = rigs()
    rig.engine.labels.set_aside(True)
    rig.settle()
    readings = rig.play("Walking", 3)
    third = len(readings) // 12
    for number in range(10):
        span = readings[number * third], readings[(number + 1) * third]
        rig.engine.labels.label_span(0, span[0].start, span[1].end)
    rig.settle()
    aside = [not any(e.learn for e in rig.engine.book.examples_of(take.id)) for take in rig.engine.book.takes()]
    assert aside == [False] * 4 + [True] + [False] * 4 + [True]


def test_protected_inputs_are_answered_by_the_present_version(rigs: Rigs, report_on: Any) -> None:
    rig = rigs()
    report = report_on(rig, QualityData.PROTECTED)
    protected = rig.engine.learner.training.protected
    plan = Plan(rig.engine.learner.store.serving)
    tops = [plan.snapshot.classes[plan.answer(x).top] for x in protected.inputs]
    assert report.windows == len(protected) == len(report.parts)
    assert report.accuracy == pytest.approx(np.mean(np.array(tops) == protected.labels))
    rig.teach(NEW, NEW)
    later = report_on(rig, QualityData.PROTECTED)
    assert later.accuracy == report.accuracy, "the contract"
    assert later.versions == (report.version, later.version)


def test_ground_truth_gives_names_of_their_own_to_what_is_no_class(rigs: Rigs, report_on: Any) -> None:
    rig = rigs()
    names = rig.motions.spec.truth_names
    for activity in ("Walking", NEW, "Walking"):
        rows = rig.motions.takes[activity][0]
        rig.tape.put(rows, truth=np.full(len(rows), names.index(activity), np.int16), gap=True)
        rig.answered()
    readings = rig.engine.lane.readings.since(0)[0]
    right = sum(rig.engine.classes.names.get(r.top) == r.truth for r in readings)
    report = report_on(rig, QualityData.TRUTH)
    assert report.windows == len(readings) and report.accuracy == pytest.approx(right / len(readings))
    assert len(report.parts) == 3 and report.names[-1] == NEW and report.classes[-1] < UNSURE
    assert report.line[-1] == pytest.approx(report.accuracy)
    # Once it is a class, its row is the class's.
    info = rig.engine.labels.add_class(NEW)
    rig.settle()
    assert report_on(rig, QualityData.TRUTH).classes[-1] == info.id


def test_of_nothing_there_is_an_empty_report_of_every_kind(rigs: Rigs, report_on: Any) -> None:
    rig = rigs(nothing=True)
    for kind in QualityData:
        report = report_on(rig, kind)
        assert report.parts == () and report.classes == () and len(report.line) == 0


def test_nobody_who_looks_means_no_report(rigs: Rigs) -> None:
    rig = rigs()
    rig.teach(NEW, NEW)
    assert rig.engine.quality.report is None
