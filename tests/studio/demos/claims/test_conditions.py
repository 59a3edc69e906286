"""Conditions of demos: what they say, what is none, and that nothing unknown counts as so."""

import pytest

from dgstudio.errors import BadInputError
from dgstudio.studio.demos.claims.conditions import read_condition

FIGURES = {
    "twin.lost": 55,
    "ours.lost": 0,
    "ours.accuracy": 0.97,
    "twin.accuracy": 0.4,
    "answer": "walk",
    "twin.answer": None,
    "on": True,
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("twin.lost >= 50", True),
        ("twin.lost >= 50 and ours.lost == 0", True),
        ("twin.lost >= 50 and ours.lost > 0", False),
        ("ours.accuracy >= 95 %", True),
        ("ours.accuracy > twin.accuracy", True),
        ("ours.accuracy > twin.accuracy + 0.6", False),
        ("ours.accuracy - 1 > 0", None),
        ("ours.accuracy > twin.accuracy + 50%", True),
        ("twin.lost < 56", True),
        ("ours.lost > -1", True),
        ('answer == "walk"', True),
        ('answer != "walk and run"', True),
        ("answer == twin.answer", False),
        ("on == true", True),
    ],
)
def test_a_condition_says_what_it_says(text, holds):
    if holds is None:
        with pytest.raises(BadInputError, match="is no condition"):
            read_condition(text)
    else:
        assert read_condition(text).holds(FIGURES.get) is holds


@pytest.mark.parametrize("op", ["==", "!=", ">=", "<="])
def test_what_is_not_known_is_not_so(op):
    assert not read_condition(f"nothing {op} 0").holds(FIGURES.get)
    assert not read_condition(f"ours.lost {op} nothing").holds(FIGURES.get)


def test_words_and_numbers_are_not_compared():
    assert not read_condition("answer != 3").holds(FIGURES.get)
    with pytest.raises(BadInputError, match="never more or less"):
        read_condition('answer > "walk"')


@pytest.mark.parametrize(
    "text",
    ["", "twin.lost", "twin.lost = 3", "__import__('os') == 1", "twin.lost >= 50 or ours.lost == 0", "3 < twin.lost"],
)
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(BadInputError, match="is no condition"):
        read_condition(text)


def test_the_figures_of_a_condition_are_checked():
    seen = []
    condition = read_condition("twin.lost >= 50 and ours.accuracy > twin.lost", seen.append)
    assert list(condition.figures) == seen == ["twin.lost", "ours.accuracy"]
