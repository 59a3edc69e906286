"""The Answer panel: the class in large, where the answer comes from, bars in a steady order, words that can be read."""

import dataclasses

import numpy as np
import pytest
from PySide6.QtGui import QColor

from dgstudio.engine.facts.compared import TwinFigures
from dgstudio.studio.answer.class_bars import UNSURE
from dgstudio.studio.answer.provenance import carriers
from dgstudio.studio.answer.quarter import TEXT_S, mean_answer
from dgstudio.studio.bridge.state import CellView, TwinFrame
from dgstudio.types import BASE, NOBODY, TwinKind, TwinReading, TwinState, Unsure


def reading_of(bridge, **changes):
    return dataclasses.replace(bridge.reading_at(bridge.now), **changes)


def frame_of(bridge, reading, seconds=0.3, **changes):
    new = [reading] if reading is not None else []
    return dataclasses.replace(bridge.frame(seconds), reading=reading, new_readings=new, **changes)


@pytest.fixture
def answer(window):
    return window.layout_.panels["answer"]


def lines(answer):
    return [line.text for line in answer.text.lines]


def probabilities(*values):
    return np.array(values, np.float32)


# -- words -----------------------------------------------------------------------------------------------------


def test_the_top_class_stands_large_in_its_colour_with_its_version_and_time(answer, bridge, window):
    window.update_frame(frame_of(bridge, reading_of(bridge, top=1, certified=37)))
    assert answer.text.answer == "rest"
    assert answer.text.colour == window.appearance.theme.readable(bridge.state.classes[1].info.colour)
    assert lines(answer) == ["answered by v42 in 84 µs", "◆ bit-identical to v37"]
    assert answer.text.lines[1].pieces[0][1] == "good"
    image = answer.text.grab().toImage()
    wanted = QColor(answer.text.colour)
    assert any(QColor(image.pixel(x, y)) == wanted for x in range(120) for y in range(image.height()))


def test_a_bank_that_speaks_is_told_with_the_examples_that_carry(answer, bridge, window):
    strengths = (1.0, 0.9, 0.8, 0.6, 0.55, 0.5, 0.49, 0.2)
    bridge.cells = lambda reading: [CellView(0, s, k, s) for k, s in enumerate(strengths)]
    window.update_frame(frame_of(bridge, reading_of(bridge, top=0, certified=None, speaker=0)))
    assert lines(answer)[1] == "◆ new: bank 1, by 6 examples of circle"


def test_an_uncertified_answer_of_the_base_is_not_dressed_up(answer, bridge, window):
    window.update_frame(frame_of(bridge, reading_of(bridge, top=1, certified=None, speaker=BASE)))
    assert lines(answer)[1] == "the base answers, not certified"
    assert answer.text.lines[1].pieces[0][1] == "text_muted"


def test_a_sealed_bank_is_credited_to_the_examples_that_it_was_learned_from(answer, bridge, window):
    asked = []
    cells = bridge.cells
    bridge.cells = lambda reading, **how: asked.append(reading.speaker) or cells(reading, **how)
    two = np.array([0.4, -0.9], np.float32)
    window.update_frame(frame_of(bridge, reading_of(bridge, top=0, certified=None, speaker=0, bank_r=two)))
    assert lines(answer)[1].startswith("◆ new: bank 1, by ") and asked[-1] == 0


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([(3, 1.0)], "1 example of shake"),
        ([(0, 1.0), (3, 0.7), (0, 0.6), (1, 0.3)], "2 of circle, 1 of shake"),
        ([(77, 0.2), (77, 0.2)], "2 examples of class 77"),
        ([(0, -1.0), (3, 0.4), (3, -0.3)], "1 example of shake"),
        ([(0, -1.0)], ""),
        ([(0, 0.0)], ""),
        ([], ""),
    ],
)
def test_who_carries_an_answer(bridge, cells, words):
    bridge.cells = lambda reading: [CellView(class_id, abs(toward), toward=toward) for class_id, toward in cells]
    assert carriers(reading_of(bridge), bridge.state, bridge) == words


def test_unsure_is_an_answer_too(answer, bridge, window):
    strange = {"top": None, "unsure": Unsure.STRANGE, "speaker": BASE}
    window.update_frame(frame_of(bridge, reading_of(bridge, certified=None, **strange)))
    assert answer.text.answer == "unsure"
    assert lines(answer)[1] == "◆ too strange: near nothing learned"
    window.update_frame(frame_of(bridge, reading_of(bridge, certified=3, **strange)))
    assert lines(answer)[1] == "◆ too strange: near nothing learned · as in v3"
    close = reading_of(bridge, certified=None, **{**strange, "unsure": Unsure.CLOSE})
    window.update_frame(frame_of(bridge, close))
    assert lines(answer)[1].startswith("◆ too close: ") and " or " in lines(answer)[1]
    window.update_frame(frame_of(bridge, reading_of(bridge, top=None, certified=None, speaker=NOBODY)))
    assert lines(answer)[1] == "no part of the model is sure"


def test_without_a_class_it_says_how_to_add_one(make_window, make_bridge):
    bridge = make_bridge(names=())
    window = make_window(bridge)
    empty = dataclasses.replace(
        bridge.reading_at(1.0), classes=(), logits=probabilities(), probabilities=probabilities(), top=None
    )
    for reading in (None, empty):
        window.update_frame(frame_of(bridge, reading))
        answer = window.layout_.panels["answer"]
        assert answer.text.answer == "no class yet"
        assert lines(answer) == ["Hold 1 to begin · A names it first"]
        answer.grab()
    assert window.layout_.broken == set()


def test_a_class_that_is_not_in_the_window_is_named_by_its_number(answer, bridge, window):
    odd = reading_of(bridge, classes=(0, 99), probabilities=probabilities(0.2, 0.8), top=99)
    window.update_frame(frame_of(bridge, odd))
    assert answer.text.answer == "class 99"
    answer.grab()


def test_before_the_first_window_it_waits(answer, bridge, window):
    window.update_frame(frame_of(bridge, None))
    assert lines(answer) == ["the first window is not full yet"]


def test_words_stand_for_a_quarter_second(answer, bridge, window):
    seen = []
    for k in range(61):
        top = k // 7 % 5
        one = probabilities(*(float(place == top) for place in range(5)))
        window.update_frame(frame_of(bridge, reading_of(bridge, top=top, probabilities=one), 1 / 30))
        if not seen or seen[-1] != answer.text.answer:
            seen.append(answer.text.answer)
    assert 6 <= len(seen) <= 10


def test_the_time_is_the_median_of_the_last_quarter_second(answer, bridge, window):
    window.update_frame(frame_of(bridge, reading_of(bridge)))
    slow = [reading_of(bridge, latency_us=us) for us in (50.0, 60.0, 9000.0)]
    for reading in slow:
        window.update_frame(frame_of(bridge, reading, 0.01))
    window.update_frame(dataclasses.replace(bridge.frame(0.3), reading=slow[-1], new_readings=[]))
    assert lines(answer)[0] == "answered by v42 in 60 µs"


def test_a_lost_stream_is_told_beside_its_last_answer(answer, bridge, window):
    bridge.stats.stream_state = "lost"
    window.update_frame(frame_of(bridge, reading_of(bridge)))
    assert lines(answer)[0].startswith("stream lost: answered by v42")


# -- bars ------------------------------------------------------------------------------------------------------


def test_bars_keep_the_order_of_the_classes_and_carry_numbers(answer, bridge, window):
    p = probabilities(0.03, 0.91, 0.02, 0.03, 0.01)
    window.update_frame(frame_of(bridge, reading_of(bridge, probabilities=p, top=1)))
    figures = [("circle", "0.03"), ("rest", "0.91"), ("walk", "0.02"), ("shake", "0.03"), ("run", "0.01")]
    assert answer.bars.figures() == figures
    window.update_frame(frame_of(bridge, reading_of(bridge, probabilities=p[::-1].copy(), top=3)))
    assert [name for name, _ in answer.bars.figures()] == [name for name, _ in figures]


def test_bars_and_figures_always_agree(answer, bridge, window):
    rng = np.random.default_rng(3)
    for _ in range(40):
        p = probabilities(*rng.dirichlet(np.ones(5)))
        window.update_frame(frame_of(bridge, reading_of(bridge, probabilities=p, top=int(p.argmax())), 1 / 30))
        for card, (name, figure) in zip(bridge.state.classes, answer.bars.figures(), strict=True):
            assert card.info.name == name and f"{answer.bars.drawn(card.info.id):.2f}" == figure
    image, bars = answer.bars.grab().toImage(), answer.bars
    shares = [answer.bars.drawn(card.info.id) for card in bridge.state.classes]
    ink = window.appearance.theme.visible(bridge.state.classes[int(np.argmax(shares))].info.colour)
    drawn = [sum(QColor(image.pixel(x, y)).name() == ink for x in range(bars.width())) for y in range(bars.height())]
    track = bars._track(bars._cells(5)[0][0], *bars._cells(5)[1:]).width()
    assert max(drawn) == pytest.approx(max(shares) * track, abs=3)


def test_word_figure_and_bar_are_of_one_mean(answer, bridge, window):
    window.update_frame(frame_of(bridge, reading_of(bridge, probabilities=probabilities(1, 0, 0, 0, 0), top=0)))
    assert answer.bars.drawn(0) == 1.0  # the first answer is shown at once
    bridge.wall += TEXT_S - bridge.wall % TEXT_S + 0.01
    window.update_frame(frame_of(bridge, reading_of(bridge, probabilities=probabilities(1, 0, 0, 0, 0), top=0), 0.0))
    for values, top in (((0.1, 0.9, 0, 0, 0), 1), ((0.2, 0.8, 0, 0, 0), 1), ((0.6, 0.4, 0, 0, 0), 0)):
        # Until the quarter second is over, all stands as it is.
        assert answer.bars.drawn(1) == 0
        window.update_frame(frame_of(bridge, reading_of(bridge, probabilities=probabilities(*values), top=top), 0.1))
    assert answer.text.answer == "rest"
    assert dict(answer.bars.figures())["rest"] == "0.70"
    assert answer.bars.drawn(1) == pytest.approx(0.7)


def test_it_is_unsure_where_most_of_the_quarter_was(bridge):
    def reading(top):
        return reading_of(bridge, probabilities=probabilities(0.6, 0.4, 0, 0, 0), top=top)

    assert mean_answer([reading(None), reading(0), reading(None)])[2] is None
    assert mean_answer([reading(0), reading(None), reading(0)])[2] == 0


def test_numbers_that_are_none_draw_as_dashes(answer, bridge, window):
    p = probabilities(np.nan, 0.5, 0.5, 0.0, np.inf)
    window.update_frame(frame_of(bridge, reading_of(bridge, probabilities=p)))
    assert answer.bars.figures()[0] == ("circle", "–")
    answer.bars.grab()
    bridge.labels.add_class("new one")
    assert answer.bars.figures()[-1] == ("new one", "–")
    assert window.layout_.broken == set()


def test_more_classes_than_rows_are_counted_and_the_top_one_is_always_there(make_window, make_bridge):
    bridge = make_bridge(names=tuple(f"class {k}" for k in range(40)))
    window = make_window(bridge)
    bars = window.layout_.panels["answer"].bars
    p = np.full(40, 0.01, np.float32)
    p[35] = 0.61
    window.update_frame(frame_of(bridge, reading_of(bridge, probabilities=p, top=35)))
    shown, more = bars.shown()
    assert more == 40 - len(shown) > 0
    assert shown[-1].class_id == 35
    assert [bar.class_id for bar in shown[:-1]] == list(range(len(shown) - 1))
    assert bars.more_text() == f"and {more} more, {more * 0.01:.2f} together"
    bars.grab()


def test_bars_that_are_no_answer_are_pale(make_window, bridge):
    window = make_window(bridge)
    bars = window.layout_.panels["answer"].bars
    for top, opacity in ((0, 1.0), (None, UNSURE)):
        window.update_frame(frame_of(bridge, reading_of(bridge, top=top, unsure=Unsure.STRANGE)))
        bars.grab()
        assert bars.unsure is (top is None)
        assert {round(ink.alphaF(), 2) for ink in bars._inks} == {opacity}


def test_the_likeliest_of_an_unsure_answer_is_among_the_bars(make_window, make_bridge):
    bridge = make_bridge(names=tuple(f"class {k}" for k in range(40)))
    window = make_window(bridge)
    bars = window.layout_.panels["answer"].bars
    p = np.full(40, 0.01, np.float32)
    p[35] = 0.61
    window.update_frame(frame_of(bridge, reading_of(bridge, probabilities=p, top=None, unsure=Unsure.STRANGE)))
    assert bars.shown()[0][-1].class_id == 35


def test_every_class_fits_where_there_is_room(make_window, make_bridge):
    bridge = make_bridge(names=tuple(f"class {k}" for k in range(12)))
    window = make_window(bridge, size=(1920, 1080))
    window.update_frame(frame_of(bridge, reading_of(bridge)))
    assert window.layout_.panels["answer"].bars.shown()[1] == 0


# -- the twin --------------------------------------------------------------------------------------------------


def twin_of(reading, state, top=2, kind="in_place"):
    said = TwinReading(reading.hop, reading.end, reading.classes, reading.probabilities, top, TwinState(state), 40.0)
    return TwinFrame(TwinKind(kind), TwinFigures(TwinKind(kind)), [said], said)


def test_the_twin_is_silent_unless_compared_with(answer, bridge, window):
    window.update_frame(frame_of(bridge, reading_of(bridge)))
    assert len(lines(answer)) == 2
    bridge.state.compare = (TwinKind.IN_PLACE,)
    assert lines(answer)[2] == "twin (in place): no answer yet"


def test_a_torn_answer_of_the_twin_within_the_quarter_second_is_marked(answer, bridge, window):
    bridge.state.compare = (TwinKind.IN_PLACE,)
    p = probabilities(0.1, 0.1, 0.6, 0.1, 0.1)
    window.update_frame(frame_of(bridge, reading_of(bridge)))
    for state, top in (("version", 2), ("torn", 3), ("version", 2)):
        reading = reading_of(bridge, probabilities=p)
        window.update_frame(frame_of(bridge, reading, 0.1, twins=(twin_of(reading, state, top),)))
    assert lines(answer)[2] == "twin: walk 0.60 · torn"
    assert answer.text.lines[2].pieces[-1][1] == "twin"


def test_the_twin_and_ours_agree_with_their_halves_of_compare(answer, bridge, window):
    bridge.state.compare = (TwinKind.SWAP,)
    halves, rng = window.layout_.panels["compared"].halves, np.random.default_rng(5)
    for _ in range(24):
        p, q = probabilities(*rng.dirichlet(np.ones(5))), probabilities(*rng.dirichlet(np.ones(5)))
        ours = reading_of(bridge, probabilities=p, top=int(p.argmax()))
        theirs = reading_of(bridge, probabilities=q)
        frame = frame_of(bridge, ours, 0.08, twins=(twin_of(theirs, "version", int(q.argmax()), kind="swap"),))
        answer.update_frame(frame)
        halves.update_frame(frame)
        half, twin = halves.halves
        assert half.word.word == answer.text.answer and half.bars.figures() == answer.bars.figures()
        figure = dict(twin.bars.figures())[twin.word.word]
        assert lines(answer)[2] == f"twin: {twin.word.word} {figure}"


def test_a_whole_published_answer_of_the_twin_is_quiet(answer, bridge, window):
    bridge.state.compare = (TwinKind.SWAP,)
    reading = reading_of(bridge)
    window.update_frame(frame_of(bridge, reading, twins=(twin_of(reading, "version", kind="swap"),)))
    assert {token for _, token, _ in answer.text.lines[2].pieces} == {"text_muted"}


def test_of_two_twins_each_has_its_line_and_its_name(answer, bridge, window):
    bridge.state.compare = (TwinKind.SWAP, TwinKind.IN_PLACE)
    reading = reading_of(bridge, probabilities=probabilities(0.1, 0.1, 0.6, 0.1, 0.1))
    other = reading_of(bridge, probabilities=probabilities(0.1, 0.1, 0.1, 0.6, 0.1))
    twins = (twin_of(reading, "version", kind="swap"), twin_of(other, "torn", 3))
    window.update_frame(frame_of(bridge, reading, twins=twins))
    assert lines(answer)[2:] == ["twin (by swap): walk 0.60", "twin (in place): shake 0.60 · torn"]
    bridge.state.compare = (TwinKind.IN_PLACE,)
    window.update_frame(frame_of(bridge, reading, twins=twins[1:]))
    assert lines(answer)[2:] == ["twin: shake 0.60 · torn"]


# -- fit -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a name " * 40, "🎻🎻🎻", "مرحبا بالعالم", "A&B <b>bold</b> {0} %s"])
def test_any_name_is_drawn_without_moving_a_bar(answer, bridge, window, name):
    before = answer.bars.geometry()
    bridge.show_card(1, info=dataclasses.replace(bridge.state.classes[1].info, name=name))
    window.update_frame(frame_of(bridge, reading_of(bridge, top=1)))
    answer.grab()
    assert answer.text.answer == name
    assert answer.bars.geometry() == before


def test_below_the_threshold_it_says_what_it_leans_to(answer, bridge, window):
    bridge.model.set_abstain(0.95)
    bridge.stats.unsure_share = 0.25
    window.update_frame(frame_of(bridge, reading_of(bridge, top=None, unsure="unlikely")))
    assert answer.text.answer == "unsure"
    assert lines(answer)[1] == "◆ perhaps rest 0.91, below 0.95"
    assert answer._right.text() == "25 % unsure" and answer.bars.threshold == 0.95
    answer.grab()


def test_the_threshold_is_drawn_on_the_bars(answer, bridge, window):
    before = answer.bars.grab().toImage()
    bridge.model.set_abstain(0.5)
    assert answer.bars.grab().toImage() != before
