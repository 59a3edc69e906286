"""The Stability panel: a mark for every publish, what its text claims, and the twin's lane when it is compared."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QFontMetrics
from PySide6.QtWidgets import QApplication

from dgstudio.engine.facts.compared import KeptAnswers, LostAnswers, TwinFigures
from dgstudio.reasons.published import LearnedFrom
from dgstudio.reasons.stored import Told
from dgstudio.studio.stability.panel import StabilityPanel
from dgstudio.studio.stability.stability_log import VIEW_S, percent, protected_words
from dgstudio.studio.stability.stability_marks import event_marks, runs_of
from dgstudio.studio.stability.stability_plot import EVENTS, LIVE, MEANINGS, PROTECTED, TWIN
from dgstudio.studio.theme.theme import DARK, LIGHT
from dgstudio.types import PublishRecord

SIZES = [(690, 138), (893, 188), (1578, 280)]
"""What the panel gets in windows of 1280 × 720, 1600 × 1000 and 2560 × 1440."""


def record(time, kind="learned", **changes):
    usual = PublishRecord(
        seq=3, kind=kind, version=None if kind == "rejected" else 4, parent=3, reason=LearnedFrom((("circle", 12),)),
        time=time, unix=1.7e9, protected=400, routing_delta=0.2, representation_delta=0.1,
    )  # fmt: skip
    return replace(usual, **changes)


@pytest.fixture
def make_panel(qtbot):
    def make(bridge, size=(893, 188), theme=DARK):
        panel = StabilityPanel(bridge.state, bridge)
        qtbot.addWidget(panel)
        panel.apply_theme(theme)
        panel.resize(*size)
        with qtbot.waitExposed(panel):
            panel.show()
        return panel

    return make


@pytest.fixture
def panel(make_panel, bridge):
    bridge.now = 100.0
    return make_panel(bridge)


def show(panel, bridge, *records, seconds=0.3):
    bridge.publish(*records)
    panel.update_frame(bridge.frame(seconds))


def colours(panel, lane, time, reach=6):
    """Colours around a moment in a lane."""
    lanes = panel.lanes
    image, x, plot = lanes.grab().toImage(), lanes.x_of(time), lanes.plot(lane)
    xs = range(max(0, x - reach), min(image.width(), x + reach + 1))
    return {image.pixelColor(px, y).name() for px in xs for y in range(plot.top(), plot.bottom() + 1)}


# -- protected outputs -----------------------------------------------------------------------------------------


def test_a_publish_that_changed_nothing_is_a_green_dot_on_the_line(panel, bridge):
    show(panel, bridge, *(record(90.0 + k) for k in range(3)))
    assert panel.lanes.words[PROTECTED] == ("bit-identical × 3", "good")
    assert DARK.good in colours(panel, PROTECTED, 91.0)
    assert DARK.bad not in colours(panel, PROTECTED, 91.0)
    lanes = panel.lanes
    on_the_line = QPoint(lanes.x_of(91.0), lanes._floor(PROTECTED))
    assert lanes.grab().toImage().pixelColor(on_the_line) == QColor(DARK.good)
    assert "all logits of 400 protected inputs are bit-identical" in lanes.words_at(on_the_line)


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"max_delta": 1e-9, "bits_changed": 8}, "1e-09"), ({"bits_changed": 1}, "bits that differ: 1")],
)
def test_any_change_is_red_however_small(panel, bridge, changes, told):
    show(panel, bridge, record(90.0), record(95.0, **changes))
    assert panel.lanes.words[PROTECTED] == ("1 changed · 1 bit-identical", "bad")
    assert DARK.bad in colours(panel, PROTECTED, 95.0)
    assert DARK.good not in colours(panel, PROTECTED, 95.0)
    assert told in panel.lanes.words_at(QPoint(panel.lanes.x_of(95.0), 5))


def test_without_protected_inputs_nothing_is_claimed(panel, bridge):
    show(panel, bridge, record(95.0, protected=0))
    assert panel.lanes.words[PROTECTED] == ("nothing is protected yet", "text_muted")
    assert DARK.good not in colours(panel, PROTECTED, 95.0)
    assert protected_words([]) == ("no publish of late", "text_muted")


def test_a_rejected_proposal_counts_as_no_publish(panel, bridge):
    show(panel, bridge, record(95.0, "rejected", max_delta=3.0, bits_changed=99))
    assert "no publish" in panel.lanes.words[PROTECTED][0]
    assert not {DARK.good, DARK.bad} & colours(panel, PROTECTED, 95.0)


def test_publishes_leave_the_view_after_half_a_minute(panel, bridge):
    show(panel, bridge, record(98.0), record(100.0))
    before = panel.lanes.x_of(100.0)
    show(panel, bridge, seconds=10.0)
    moved = before - panel.lanes.x_of(100.0)
    assert moved == pytest.approx(10.0 * panel.lanes.plot(PROTECTED).width() / VIEW_S, abs=12)
    show(panel, bridge, seconds=19.0)
    assert panel.lanes.words[PROTECTED][0] == "bit-identical × 1"
    show(panel, bridge, seconds=2.0)
    assert panel.lanes.words[PROTECTED][0] == "no publish of late"
    assert len(panel.log.records) == 0


# -- this input, before and after ----------------------------------------------------------------------------------


def test_routing_and_representation_stand_side_by_side(panel, bridge):
    show(panel, bridge, record(90.0), record(95.0, routing_delta=0.0, representation_delta=0.4))
    lanes = panel.lanes
    image, x, floor = lanes.grab().toImage(), lanes.x_of(90.0), lanes._floor(LIVE)
    assert image.pixelColor(x - 2, floor - 2) == QColor(DARK.base_unit)
    assert image.pixelColor(x + 1, floor - 2) == QColor(DARK.learned_unit)
    x = lanes.x_of(95.0)
    # Zero is a flat tick on the line.
    assert image.pixelColor(x - 2, floor) == QColor(DARK.base_unit)
    assert image.pixelColor(x - 2, floor - 2) == QColor(DARK.surface)
    assert image.pixelColor(x + 1, floor - 8) == QColor(DARK.learned_unit)


def test_no_live_input_is_nothing_and_a_flip_is_marked(panel, bridge):
    show(
        panel, bridge,
        record(85.0, routing_delta=None, representation_delta=None), record(90.0), record(95.0, live_flip=True),
    )  # fmt: skip
    assert not {DARK.base_unit, DARK.learned_unit} & colours(panel, LIVE, 85.0)
    point = QPoint(panel.lanes.x_of(95.0), panel.lanes.plot(LIVE).center().y())
    assert "its answer changed" in panel.lanes.words_at(point)
    point.setX(panel.lanes.x_of(85.0))
    assert "no live input" in panel.lanes.words_at(point)
    assert DARK.warning in colours(panel, LIVE, 95.0)
    assert DARK.warning not in colours(panel, LIVE, 90.0) - {DARK.learned_unit}


def test_numbers_that_are_none_are_drawn_as_nothing(panel, bridge):
    show(panel, bridge, record(95.0, routing_delta=float("nan"), representation_delta=float("inf"), max_delta=np.nan))
    assert panel.lanes.words[PROTECTED][1] == "bad"
    assert not panel.grab().isNull()


# -- events ----------------------------------------------------------------------------------------------------------


def test_rejections_roll_backs_and_flips_are_marked_with_their_reason(panel, bridge):
    show(
        panel, bridge,
        record(85.0), record(88.0, "rejected", reason=Told("the router would open on 3 protected inputs")),
        record(92.0, "rolled back", to_version=2), record(96.0, flips=2, max_delta=0.5, bits_changed=9),
    )  # fmt: skip
    assert panel.lanes.counts == [("flip", 2), ("rejected", 1), ("back", 1)]
    assert panel.lanes.words[EVENTS][0] == "2 flipped · 1 rejected · 1 rolled back"
    y = panel.lanes.plot(EVENTS).center().y()
    told = [panel.lanes.words_at(QPoint(panel.lanes.x_of(time), y)) for time in (88.0, 92.0, 96.0, 85.0)]
    assert "the router would open on 3 protected inputs" in told[0]
    assert told[1].startswith("Went to v2")
    assert "2 protected answers flipped" in told[2]
    assert told[3] == MEANINGS[EVENTS]
    assert DARK.warning in colours(panel, EVENTS, 92.0)
    assert DARK.bad in colours(panel, EVENTS, 96.0)
    assert not {DARK.bad, DARK.warning} & colours(panel, EVENTS, 85.0)


def test_text_changes_four_times_a_second_at_most(panel, bridge):
    seen = []
    for _ in range(30):
        show(panel, bridge, record(bridge.now), seconds=1 / 30)
        seen.append(panel.lanes.words[PROTECTED][0])
    assert 3 <= len(set(seen)) <= 5


# -- the twin --------------------------------------------------------------------------------------------------------


def twin_frame(bridge, state="unpublished", seconds=0.3, **figures):
    """A frame in which the twins answer from such a state; all but their change is none."""
    bridge.twin_state = state
    for kind in bridge.state.compare:
        answers = figures.pop("answers", KeptAnswers(400, 400, bits=False))
        bridge.twin_figures[kind] = TwinFigures(kind, answers, **figures)
    return bridge.frame(seconds)


def test_compare_brings_the_twins_lane_and_its_sentence(panel, bridge):
    show(panel, bridge, record(95.0))
    assert panel.lanes.words[TWIN][0] == ""
    assert panel.lanes.words_at(QPoint(5, panel.lanes.height() - 3)) == ""
    bridge.comparison.choose("in_place")
    # Nothing is said of what it has not counted yet.
    panel.update_frame(twin_frame(bridge, answers=KeptAnswers(counted=False)))
    assert panel.lanes.words[TWIN] == ("counting its protected answers …", "text_muted")
    answers = KeptAnswers(400, 183, (LostAnswers(2, 0, 217),), bits=False)
    panel.update_frame(twin_frame(bridge, answers=answers, reads=10_000, unpublished=9_990, torn=12, max_delta=0.75))
    assert panel.lanes.words[TWIN] == ("217 of 400 protected answers lost", "twin")
    assert panel.lanes.notes == ["max |Δp| 0.75 · 99.9 % of reads unpublished · 12 torn"]
    told = panel.lanes.words_at(QPoint(5, panel.lanes.height() - 3))
    assert told.endswith(MEANINGS[TWIN]) and "written while it is read" in told
    assert DARK.twin in colours(panel, TWIN, bridge.now)
    bridge.comparison.choose()
    panel.update_frame(bridge.frame(0.3))
    assert panel.lanes.words[TWIN][0] == ""
    assert DARK.twin not in colours(panel, TWIN, bridge.now)
    assert not panel.log.twins


def test_two_twins_have_a_lane_each(panel, bridge):
    show(panel, bridge, record(95.0))
    bridge.comparison.choose("in_place")
    one = panel.lanes.lane(PROTECTED)
    panel.update_frame(twin_frame(bridge, "torn", max_delta=0.5))
    bridge.comparison.choose("in_place", "replay")
    panel.update_frame(twin_frame(bridge, "version", max_delta=0.25))
    lanes = panel.lanes
    assert lanes.compare == ("in_place", "replay") and len(lanes.words) == TWIN + 2
    assert lanes.lane(TWIN).bottom() < lanes.lane(TWIN + 1).top() <= lanes.height() - lanes.lane(TWIN).height()
    assert lanes.lane(PROTECTED).height() <= one.height()
    traces = panel.log.twins
    assert [value for _, value in traces["in_place"].changes] == [0.5, 0.25], "the one that stays keeps its past"
    assert [value for _, value in traces["replay"].changes] == [0.25]
    assert "rehearsing" in lanes.words_at(QPoint(5, lanes.height() - 3))
    assert "written while it is read" in lanes.words_at(QPoint(5, lanes.lane(TWIN).center().y()))
    assert DARK.twin in colours(panel, TWIN + 1, bridge.now)


def test_the_twins_change_is_a_line_of_steps(panel, bridge):
    bridge.comparison.choose("swap")
    for change in (0.0, 0.0, 1.0, 3.0):
        panel.update_frame(twin_frame(bridge, "version", 1.0, max_delta=change))
    changes = panel.log.twins["swap"].changes
    assert [value for _, value in changes] == [0.0, 1.0, 3.0]
    assert [when for when, _ in changes] == pytest.approx([101.0, 103.0, 104.0])
    panel.update_frame(twin_frame(bridge, "version", 15.0, max_delta=3.0))
    lanes = panel.lanes
    x, image = lanes.x_of(103.5), lanes.grab().toImage()
    level = [y for y in range(lanes.plot(TWIN).top(), lanes.height()) if image.pixelColor(x, y) == QColor(DARK.twin)]
    assert len(level) == 1
    panel.update_frame(twin_frame(bridge, "version", 60.0, max_delta=3.0))
    assert [value for _, value in changes] == [3.0]


def test_torn_answers_stand_taller_than_unpublished_ones(panel, bridge):
    bridge.comparison.choose("in_place")
    panel.update_frame(twin_frame(bridge, "unpublished", 1.0))
    panel.update_frame(twin_frame(bridge, "torn", 1.0))
    panel.update_frame(twin_frame(bridge, "version", 1.0))
    lanes = panel.lanes
    image, floor = lanes.grab().toImage(), lanes._floor(TWIN)

    def height(time):
        xs = range(lanes.x_of(time) - 2, lanes.x_of(time) + 3)
        return max(sum(image.pixelColor(x, floor - up) == QColor(DARK.twin) for up in range(1, 8)) for x in xs)

    assert height(100.5) < height(101.5)
    assert height(102.5) == 0


def test_shares_are_never_rounded_to_all_or_none():
    assert [percent(*pair) for pair in ((0, 9), (9, 9), (99_999, 100_000), (1, 100_000), (999, 1000))] == [
        "0 %", "100 %", "99.9 %", "0.1 %", "99.9 %",
    ]  # fmt: skip


# -- what may be missing -----------------------------------------------------------------------------------------------


def test_before_the_first_publish_it_says_what_to_do(panel, bridge, monkeypatch):
    drawn = []
    monkeypatch.setattr(panel.lanes, "_base_line", lambda _painter, lane: drawn.append(lane))
    show(panel, bridge, record(95.0, "initial"))
    panel.grab()
    assert not panel.log.any_update
    assert drawn == []
    bridge.comparison.choose("in_place")
    panel.update_frame(bridge.frame(0.3))
    panel.grab()
    assert set(drawn) == {TWIN}
    show(panel, bridge, record(bridge.now))
    panel.grab()
    assert set(drawn) == {PROTECTED, LIVE, EVENTS, TWIN}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", [DARK, LIGHT, DARK.scaled(1.4)], ids=["dark", "light", "large"])
@pytest.mark.parametrize("compare", [(), ("in_place",), ("swap", "replay")])
def test_it_draws_at_every_size_and_in_every_theme(make_panel, bridge, size, theme, compare):
    panel = make_panel(bridge, size, theme)
    bridge.comparison.choose(*compare)
    bridge.history()
    for _ in range(20):
        panel.update_frame(twin_frame(bridge, seconds=0.1, reads=10, unpublished=9, max_delta=0.3))
    assert panel.lanes.lane(TWIN).bottom() <= panel.lanes.height()
    assert panel.lanes.plot(PROTECTED).width() > 0.5 * panel.width()
    image, y, plot = panel.lanes.grab().toImage(), panel.lanes._floor(PROTECTED), panel.lanes.plot(PROTECTED)
    assert theme.good in {image.pixelColor(x, y).name() for x in range(plot.left(), plot.right())}


def test_a_stream_that_begins_again_starts_an_empty_view(panel, bridge):
    bridge.comparison.choose("in_place")
    show(panel, bridge, record(95.0))
    bridge.now, bridge.readings = 0.0, []
    show(panel, bridge)
    assert len(panel.log.records) == 0
    assert panel.log.any_update
    assert not panel.grab().isNull()


def test_ten_publishes_a_second_stay_bounded(panel, bridge):
    for _ in range(400):
        show(panel, bridge, record(bridge.now + 0.05), seconds=0.1)
    assert len(panel.log.records) <= 301
    assert panel.lanes.words[PROTECTED][0].startswith("bit-identical × 30")
    assert not panel.grab().isNull()


def test_dots_that_would_touch_are_one_bar_with_their_count(panel, bridge):
    burst = [record(99.0 + 0.05 * k) for k in range(17)]
    show(panel, bridge, record(92.0, bits_changed=1), record(95.0), *burst)
    runs = runs_of(panel.log.publishes, 0.5)
    assert sorted(len(run) for run in runs) == [1, 17]
    shown = colours(panel, PROTECTED, 99.4)
    assert {DARK.good, DARK.surface} <= shown


def test_equal_rejections_in_a_row_are_one_mark_with_their_number(panel, bridge):
    same = [record(90.0 + k, "rejected", reason=Told("no room")) for k in range(10)]
    show(
        panel,
        bridge,
        *same,
        record(100.1, "rolled back", to_version=2),
        record(100.2, "rejected", reason=Told("no room")),
    )
    assert [(run[-1].kind, len(run)) for run in event_marks(panel.log.records)] == [
        ("rejected", 10), ("rolled back", 1), ("rejected", 1),
    ]  # fmt: skip


def gradient_hold(end, seconds=26.0):
    """What held keys make of a rule that is often refused: rejections of many reasons, flips and roll-backs among."""
    return [
        record(
            end - seconds + 0.2 * k,
            "rolled back" if k % 31 == 30 else "learned" if k % 13 == 5 else "rejected",
            reason=Told(f"{k // 5 % 7} protected inputs would flip"),
            flips=int(k % 13 == 5),
            to_version=2,
        )
        for k in range(int(seconds * 5))
        if k % 40 < 26
    ]


@pytest.mark.parametrize("size", [(686, 150), *SIZES])
@pytest.mark.parametrize("end", [100.0, 97.3, 88.0])
def test_marks_of_events_never_lie_on_each_other(make_panel, bridge, size, end):
    bridge.now = 100.0
    panel = make_panel(bridge, size=size)
    events = gradient_hold(end)
    show(panel, bridge, *events)
    marks, lanes = panel.lanes.event_marks(), panel.lanes
    assert {mark.kind for mark in marks} == {"flip", "rejected", "back"}
    for newer, older in itertools.pairwise(marks):
        assert older.right <= newer.left
    metrics = QFontMetrics(panel.theme.ui("tiny", 600))
    for mark in marks:
        assert mark.x - 7 >= mark.left and mark.x + 7 <= mark.right
        if mark.count:
            assert mark.count == f"×{len(mark.records)}"
            assert mark.left <= mark.count_left
            assert mark.count_left + metrics.horizontalAdvance(mark.count) <= min(mark.right, lanes.width())
    assert any(mark.count for mark in marks)
    # Nothing is lost: every event of the view is in one mark.
    told = [one.time for mark in marks for one in mark.records]
    assert len(told) == len(set(told)) and set(told) >= {one.time for one in events if one.time > 75}
    assert not lanes.grab().isNull()


def test_a_mark_of_many_events_says_so_under_the_pointer(panel, bridge):
    show(panel, bridge, *[record(95.0 + 0.1 * k, "rejected", reason=Told(f"reason {k}")) for k in range(9)])
    (mark,) = panel.lanes.event_marks()
    words = panel.lanes.words_at(QPoint(mark.x, panel.lanes.plot(EVENTS).center().y()))
    assert "reason 8" in words and words.endswith("8 more since 95.0 s")


@pytest.mark.parametrize("size", SIZES)
def test_the_twins_line_has_room_under_its_sentence(make_panel, bridge, size):
    panel = make_panel(bridge, size=size)
    lanes = panel.lanes
    assert lanes.plot(TWIN).height() >= lanes._note_tall() + 20
    assert lanes.lane(TWIN).bottom() + 1 == lanes.height()
    assert all(lanes.lane(lane).height() >= 12 for lane in (PROTECTED, LIVE, EVENTS))


@pytest.mark.parametrize("size", SIZES)
def test_what_has_scrolled_looks_as_if_it_were_painted_now(make_panel, bridge, size):
    panel = make_panel(bridge, size)
    panel.lanes.grab()
    for step in range(80):
        deltas = {"routing_delta": 0.1 + 0.07 * (step % 5), "representation_delta": 0.3 - 0.01 * (step % 7)}
        records = [record(bridge.now - 0.1, live_flip=step % 9 == 0, **deltas)] if step % 3 else []
        show(panel, bridge, *records, seconds=0.15)
        panel.lanes.grab()
    assert panel.lanes.repaints < 20, "it has scrolled, but for the largest bar"
    scrolled = panel.lanes.grab().toImage()
    panel.lanes.apply_theme(panel.theme)
    assert panel.lanes.grab().toImage() == scrolled


def test_names_and_words_are_not_painted_with_what_moves(panel, bridge, qtbot):
    show(panel, bridge, record(bridge.now))
    panel.lanes.grab()
    painted = []
    panel.lanes.paintEvent = lambda event: painted.append(event.rect())
    QApplication.processEvents()
    painted.clear()
    panel.lanes.advance(True)
    qtbot.waitUntil(lambda: bool(painted))
    assert all(rect.left() >= panel.lanes.plot(LIVE).left() for rect in painted)
