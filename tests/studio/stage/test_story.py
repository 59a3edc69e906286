"""The sentence that an audience reads says what the figures say, and nothing else."""

from __future__ import annotations

import pytest

from dgstudio.engine.facts.compared import KeptAnswers, LostAnswers, TwinFigures
from dgstudio.studio.stage.kept_line import KeptLine
from dgstudio.studio.stage.story import ENOUGH, Score, Taught, Tone, TwinScore, story_of, words_of
from dgstudio.types import TwinKind

NAMES = {0: "walk", 1: "rest", 4: "circle", None: "unsure"}
KEPT = KeptAnswers(400, 400, (), bits=True)
TAUGHT = Taught(4, 5.0)


def twin(
    kept: int, *lost: LostAnswers, kind: TwinKind = TwinKind.IN_PLACE, right: int = 0, judged: int = 0
) -> TwinScore:
    return TwinScore(kind, Score(KeptAnswers(400, kept, lost, bits=False), right, judged))


def said(ours: Score, *twins: TwinScore, taught: Taught | None = TAUGHT) -> str:
    pages = story_of("a wrist sensor", ours, twins, taught, lambda c: NAMES[c])
    return " / ".join(words_of(page) for page in pages)


def test_what_is_lost_is_named_and_counted():
    text = said(Score(KEPT), twin(250, LostAnswers(0, 4, 120), LostAnswers(1, 4, 30)))
    assert text == "Taught circle: the conventional network now calls walk circle: 150 of 400 old answers lost, ours 0."


def test_losses_are_told_where_the_teaching_was_not_seen():
    text = said(Score(KEPT), twin(250, LostAnswers(0, 4, 120)), taught=None)
    assert text == "The conventional network now calls walk circle: 150 of 400 old answers lost, ours 0."
    assert "Teach a gesture" in said(Score(KEPT), twin(400), taught=None)


def test_an_answer_that_became_unsure_is_called_so():
    assert "is now unsure of walk" in said(Score(KEPT), twin(390, LostAnswers(0, None, 10)))


def test_the_twin_that_lost_most_is_told_of():
    text = said(Score(KEPT), twin(399, kind=TwinKind.REPLAY), twin(100, LostAnswers(1, 4, 300)))
    assert "the conventional network now calls rest circle: 300 of 400" in text


def test_where_nothing_is_lost_no_loss_is_told():
    assert said(Score(KEPT), twin(400)) == "Taught circle: both keep all 400 old answers."


def test_what_ours_has_let_go_is_not_hidden():
    ours = Score(KeptAnswers(400, 397, (LostAnswers(0, 4, 3),), bits=True))
    assert said(ours, twin(250, LostAnswers(0, 4, 150))).endswith("150 of 400 old answers lost, ours 3.")
    assert "3 of 400 old answers were let go" in said(ours)


@pytest.mark.parametrize(("right", "told"), [(96, True), (91, False)])
def test_a_better_twin_is_said_to_be_better(right, told):
    text = said(Score(KEPT, 90, ENOUGH), twin(400, right=right, judged=ENOUGH))
    assert ("Right since then: ours 90 %, the conventional network 96 %." in text) is told


def test_no_share_is_told_of_a_few_answers():
    assert "Right" not in said(Score(KEPT, 1, ENOUGH - 1), twin(400, right=ENOUGH - 1, judged=ENOUGH - 1))


def test_of_a_twin_that_has_just_begun_nothing_is_claimed(qapp):
    begun = TwinScore(TwinKind.IN_PLACE, Score(TwinFigures(TwinKind.IN_PLACE).answers))
    assert said(Score(KEPT), begun) == "Taught circle: the old answers are being counted."
    line = KeptLine()
    line.say(begun.score.answers, None)
    assert (line.number(), *line.words()) == ("", "old answers kept:", "counting …")
    line.say(KeptAnswers(), None)
    assert line.words()[1] == "nothing is protected yet"


def test_the_line_of_old_answers_says_how_soon_they_were_lost(qapp):
    line, lost = KeptLine(), KeptAnswers(400, 250, (LostAnswers(0, 4, 150),), bits=False)
    line.say(lost, 70.0)
    assert line.words()[1] == "150 lost", "nobody saw when"
    line.say(KEPT, 1.0)
    line.say(lost, 3.2)
    line.say(lost, 40.0)
    assert line.words()[1] == "150 lost in 3 s"
    line.say(lost, 0.4)
    assert line.words()[1] == "150 lost", "before this teaching began"


@pytest.mark.parametrize("wide", [230, 600])
def test_the_line_of_old_answers_is_as_tall_before_they_are_counted_as_after(qapp, wide):
    line = KeptLine()
    line.resize(wide, line.sizeHint().height())
    line.say(TwinFigures(TwinKind.IN_PLACE).answers, None)
    before = line.sizeHint().height()
    line.say(KEPT, None)
    assert line.number() == "400 of 400" and line.sizeHint().height() == before


def test_from_nothing_how_often_each_is_right_is_told():
    nothing = KeptAnswers()
    one = TwinScore(TwinKind.IN_PLACE, Score(nothing, 70, ENOUGH))
    text = said(Score(nothing, 98, ENOUGH), one)
    assert (
        text
        == "Taught circle, with no old answer to lose. / Right since then: ours 98 %, the conventional network 70 %."
    )


def test_alone_and_untaught_it_says_what_is_seen():
    assert said(Score(KEPT), taught=None).startswith("A wrist sensor: every answer")
    assert "400 of 400 old answers are the same, bit for bit" in said(Score(KEPT))


def test_classes_keep_their_colour():
    (pieces,) = story_of("x", Score(KEPT), (twin(250, LostAnswers(0, 4, 150)),), TAUGHT, lambda c: NAMES[c])
    assert [(p.text, p.class_id) for p in pieces if p.tone == Tone.CLASS] == [("circle", 4), ("walk", 0), ("circle", 4)]


def test_every_sentence_is_short_enough_for_the_last_row():
    ours = Score(KEPT, 90, ENOUGH)
    twins = (twin(250, LostAnswers(0, 4, 150)), twin(400, kind=TwinKind.REPLAY, right=97, judged=ENOUGH))
    pages = story_of("a wrist sensor", ours, twins, TAUGHT, lambda c: NAMES[c])
    assert [len(words_of(page)) <= 110 for page in pages] == [True, True]


def test_before_there_is_a_class_nothing_is_claimed():
    (page,) = story_of("a wrist sensor", Score(KeptAnswers()), (), None, lambda c: NAMES[c], knows=False)
    assert words_of(page) == "It knows nothing yet. It will learn while it runs."
