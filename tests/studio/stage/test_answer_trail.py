"""What the ribbon of a half shows."""

from __future__ import annotations

from dgstudio.studio.stage.answer_trail import AnswerTrail, Judged


def answers(*parts: tuple[float, int | None, bool | None]) -> list[Judged]:
    return [Judged(*part) for part in parts]


def test_runs_of_one_class_and_where_they_were_wrong():
    trail = AnswerTrail(10.0)
    trail.add(answers((1.0, 0, True), (1.1, 0, True), (1.2, 4, False), (1.3, 4, False)), 0.1)
    assert [(span.key, round(span.start, 1), span.end) for span in trail.answers] == [(0, 0.9, 1.1), (4, 1.1, 1.3)]
    assert [(round(span.start, 1), span.end) for span in trail.wrong] == [(1.1, 1.3)]
    assert trail.right(1.15) == (0, 2) and trail.right(0.0) == (2, 4)


def test_what_nobody_knows_is_not_judged():
    trail = AnswerTrail(10.0)
    trail.add(answers((1.0, 0, None), (1.1, None, None)), 0.1)
    assert not trail.wrong and trail.right(0.0) == (0, 0)


def test_what_has_left_the_view_is_forgotten():
    trail = AnswerTrail(1.0)
    trail.add(answers((1.0, 0, False), (5.0, 1, True)), 0.1)
    trail.keep_until(5.0)
    assert [span.key for span in trail.answers] == [1] and not trail.wrong and trail.right(0.0) == (1, 1)


def test_a_clock_that_begins_again_begins_again():
    trail = AnswerTrail(10.0)
    trail.add(answers((100.0, 0, True)), 0.1)
    trail.add(answers((0.1, 1, False)), 0.1)
    assert [span.key for span in trail.answers] == [1] and trail.right(0.0) == (0, 1)
