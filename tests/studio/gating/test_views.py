"""What the views say and show of figures: sentences with the right numbers, what is read at a point, tables."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QFontMetrics

from dgstudio.engine.inspection.gating_figures import NearestByGates, distribution
from dgstudio.studio.gating.canvas import Canvas
from dgstudio.studio.gating.drawing import picture_of
from dgstudio.studio.gating.pictures import Axis, Bars, Cells, Line, Role
from dgstudio.studio.gating.seen import Seen, Stance
from dgstudio.studio.gating.sentences import sentence_of, why_empty
from dgstudio.studio.gating.views import VIEWS, View

NAMES = {0: "rest", 1: "walk", None: "unsure"}
NEAREST = (NearestByGates(7, 1, 0.75), NearestByGates(3, 0, 0.5))


@pytest.fixture
def see(made, bridge):
    def one(figures=None, *, nearest=NEAREST, moment=None):
        reading = bridge.reading_at(20.0)
        stance = Stance(reading, 20.0, moment)
        return Seen(
            made.figures() if figures is None else figures, stance, nearest, NAMES.__getitem__, lambda _: "#123456"
        )

    return one


@pytest.mark.parametrize(
    ("view", "told"),
    [
        (View.SHARES, "4 of 8 fire for one class and hardly for any other; unit 0 fires on 100 % of rest"),
        (View.OVERLAP, "Rest and walk are routed most alike: an input of one and one of the other have 20 % of"),
        (View.MARGINS, "by more than 0.25; on the closest one 0.1 decides"),
        (View.UNITS, "1 of 8 units never fires on any of 12 inputs and 1 fires on all"),
        (View.UNITS, "3 pairs fire nearly always together"),
        (View.LOAD, "2 of 8 units do half of the work; the busiest, unit 0, fires on 100 % of all inputs"),
        (View.COST, "An answer takes 300 multiply–accumulates, gates and features counted: 1.5 times"),
        (View.FLIPS, "In a usual second 6 times a unit begins or ends to fire"),
        (View.FLIPS, "the answer changed 3 times in these 3 s"),
        (View.NOVELTY, "1 of these 4 answers were routed through a set of units unlike all"),
        (View.NOVELTY, "the strangest was 0.8 away"),
        (View.NEAREST, "example 7 of walk: 75 % in common, "),
        (View.NEAREST, "1 of the 2 nearest are walk"),
    ],
)
def test_a_sentence_says_what_the_figures_are(see, view, told):
    assert told in sentence_of(view, see())


def test_an_example_that_shares_little_is_not_called_alike(see):
    words = sentence_of(View.NEAREST, see(nearest=(NearestByGates(7, 1, 0.02),)))
    assert words.startswith("No example opens nearly the units of this moment") and "7 of walk, has 2 %" in words


def test_a_very_small_number_is_written_as_people_write_it(see, made):
    tiny = see(replace(made.figures(), margins=distribution(np.array([2.5e-6, 0.5, 1.25]))))
    assert "than 0.5; on the closest one 2.5·10⁻⁶ decides" in sentence_of(View.MARGINS, tiny)


def test_what_there_is_nothing_of_is_said_with_what_to_do(see, made):
    alone = see(made.figures(labelled=0), nearest=())
    for view in (View.SHARES, View.OVERLAP, View.NOVELTY, View.NEAREST):
        assert "hold a class key" in why_empty(view, alone).lower(), view
    assert not any(why_empty(view, see()) for view in VIEWS)
    silent = see(made.without_answers(made.figures()))
    assert {view for view in VIEWS if why_empty(view, silent)} == {View.COST, View.FLIPS, View.NOVELTY}
    assert "Looking" in why_empty(View.NEAREST, see(nearest=()))


def test_one_class_is_no_comparison(see, made):
    figures = made.figures()
    rows = slice(0, 1)
    shares = replace(
        figures.shares, classes=(0,), counts=figures.shares.counts[rows], shares=figures.shares.shares[rows]
    )
    overlap = replace(figures.overlap, classes=(0,), overlap=figures.overlap.overlap[rows, rows])
    alone = see(replace(figures, shares=shares, overlap=overlap))
    assert "with one class there is nothing to tell it from" in sentence_of(View.SHARES, alone)
    assert "no second class yet" in sentence_of(View.OVERLAP, alone)


@pytest.mark.parametrize("view", list(VIEWS))
def test_every_place_of_a_picture_can_be_reached_by_keys_and_is_read_as_by_the_pointer(see, view):
    picture = picture_of(view, see())
    left, right, low, high = picture.extent
    assert left < right and low < high
    spot, seen = picture.step(None, 0, 0), []
    for move in ((-1, 0), (0, -1)):
        for _ in range(200):
            spot = picture.step(spot, *move)
    for _ in range(200):
        seen.append(spot)
        spot = picture.step(spot, 1, 1 if isinstance(picture, Bars) and picture.lying else 0)
        if spot == seen[-1]:
            break
    assert len(seen) == {"units": 8}.get(view, len(seen)) and len(seen) >= 2
    for one in seen:
        assert left <= (one.left + one.right) / 2 <= right and one.words
        assert picture.spot((one.left + one.right) / 2, (one.low + one.high) / 2) == one
    table = picture.table()
    assert all(len(row) == len(table[0]) for row in table) and len(table) > 1


def test_a_cell_is_read_with_its_class_its_unit_and_its_share(see):
    picture = picture_of(View.SHARES, see())
    assert isinstance(picture, Cells)
    spot = picture.spot(3.2, 1.5)
    assert (spot.words, spot.unit) == ("unit 3 on walk, of 4 inputs: 100 %", 3)
    assert picture.spot(-0.6, 0.5) is None and picture.spot(3.0, 2.1) is None
    assert picture.step(picture.step(spot, 1, 0), 0, -1).words == "unit 4 on rest, of 4 inputs: 0 %"


def test_units_are_told_apart_by_what_they_do(see):
    picture = picture_of(View.UNITS, see())
    roles = [picture.roles[unit] for unit in range(8)]
    assert roles[0] == Role.ALWAYS and roles[7] == Role.DEAD and roles[1] == roles[2] == Role.REDUNDANT
    assert picture.spot(7.0, 0.0).words == "unit 7 never fires"
    assert "nearly always with unit 2 (overlap 1.00)" in picture.spot(1.0, float(picture.shares[1])).words
    assert picture.spot(3.5, 0.9) is None
    assert picture.table()[2] == [1, pytest.approx(5 / 12), Role.REDUNDANT, "2 (1.00)"]


def test_load_is_sorted_and_each_bar_is_its_unit_s(see):
    picture = picture_of(View.LOAD, see())
    assert picture.units[0] == 0 and picture.units[-1] == 7
    assert (np.diff(picture.heights) <= 0).all()
    assert picture.spot(0.5, 0.9).unit == 0


def test_seconds_without_an_answer_are_a_gap_and_no_zero_in_the_table(see):
    picture = picture_of(View.FLIPS, see())
    assert picture.edges.tolist() == [-3.0, -2.0, -1.0, 0.0, 1.0] and picture.heights.tolist() == [4, 6, 0, 2]
    assert picture.spot(-0.5, 1.0).words == "no answer in this time"
    assert picture.notes == ("↔1", "↔2", "", "")
    assert picture.table() == [picture.head, (17, 4, 1), (18, 6, 2), (20, 2, 0)]


def test_time_is_read_from_the_live_edge_and_written_as_stream_time(see):
    picture = picture_of(View.COST, see(moment=18.5))
    assert isinstance(picture, Line) and picture.moment == -1.5
    assert picture.spot(-1.9, 0.0).words == "−2.0 s: 300 multiply–accumulates"
    assert picture.table()[1] == (17.0, 300.0)


def test_names_beneath_cells_fit_their_columns_at_once_whatever_stood_beside_before(qtbot):
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(560, 300)
    canvas.show()
    numbered = Cells(Axis("unit"), Axis("row"), np.eye(6), ("#123456",) * 6, (("",) * 6,) * 6)
    names = Axis("class", ("rest", "walk", "run", "shake", "circle", "stir the pot, slowly"))
    for picture in (numbered, replace(numbered, x=names, y=names)):
        canvas.show_picture(picture.x.words, picture)
        canvas.grab()
    (ticks,) = canvas.bottom._tickLevels
    widest = max(QFontMetrics(canvas.theme.ui("tiny")).horizontalAdvance(name) for _, name in ticks)
    assert 40 < widest <= canvas.box.width() / 6


def test_the_words_of_an_axis_stand_in_its_middle_whatever_stood_there_before(qtbot):
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(560, 300)
    canvas.show()
    for words in ("row", "a good deal of what stands there"):
        cells = Cells(Axis(words), Axis(words), np.eye(6), ("#123456",) * 6, (("",) * 6,) * 6)
        canvas.show_picture(words, cells)
        canvas.grab()
    axes = canvas.left, canvas.bottom
    left, bottom = (axis.mapFromItem(axis.label, axis.label.boundingRect().center()) for axis in axes)
    assert left.y() == pytest.approx(canvas.left.size().height() / 2, abs=2)
    assert bottom.x() == pytest.approx(canvas.bottom.size().width() / 2, abs=2)
