"""The stage: what an audience sees, drawn from the same frames as the window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QFontMetrics, QFontMetricsF
from PySide6.QtWidgets import QApplication

from dgstudio.engine.facts.compared import KeptAnswers, LostAnswers, TwinFigures
from dgstudio.studio.bridge.caption import Caption
from dgstudio.studio.stage.stage_view import StageView
from dgstudio.studio.stage.story import Piece, words_of
from dgstudio.studio.stage.word_line import Verdict
from dgstudio.studio.theme.theme import DARK, load_fonts
from dgstudio.types import TwinKind

SIZES = [(1280, 720), (1600, 1000), (1920, 1080), (2560, 1440), (3840, 2160)]
READ, SMALLEST = 0.04, 0.025
"""Heights of type, as shares of the stage's: what must be read, and all of it."""


@pytest.fixture
def stage(qtbot, bridge):
    load_fonts()
    view = StageView(bridge.state, bridge)
    qtbot.addWidget(view)
    view.apply_theme(DARK)
    view.resize(1280, 720)
    view.show()
    return view


def show(stage: StageView, bridge, seconds: float = 0.3) -> None:
    stage.update_frame(bridge.frame(seconds))
    QApplication.processEvents()


@pytest.mark.parametrize("size", SIZES)
def test_type_grows_with_the_screen(stage, bridge, size):
    bridge.state.compare = (TwinKind.IN_PLACE,)
    stage.resize(*size)
    show(stage, bridge)
    theme, tall = stage.theme, size[1]
    half = stage.halves.ours.half
    must = [stage.caption.lines(size[0])[0].pixelSize(), theme.px(34), half.word.height() / 1.22]
    assert min(must) >= READ * tall - 1
    fonts = [theme.px("body"), theme.px("small"), stage.header.theme.px("brand"), half.note.font().pixelSize()]
    # What is small in a window, as the figures of an axis and the names of the truth, is no smaller either.
    fonts += [font.pixelSize() for panel in stage.scene for font in (panel.theme.mono(10), panel.theme.ui(9))]
    assert min(fonts) >= SMALLEST * tall - 1


def test_alone_the_stream_and_the_gates_stand_beside_the_answer(stage, bridge):
    show(stage, bridge)
    assert all(panel.isVisible() for panel in stage.scene)
    bridge.state.compare = (TwinKind.IN_PLACE,)
    show(stage, bridge)
    assert not any(panel.isVisible() for panel in stage.scene)
    ours, twin = stage.halves.halves
    assert abs(ours.width() - twin.width()) <= 1 and ours.y() == twin.y()


def test_two_twins_at_most_share_the_room(stage, bridge):
    bridge.state.compare = (TwinKind.IN_PLACE, TwinKind.REPLAY)
    show(stage, bridge)
    assert len(stage.halves.halves) == 3
    assert max(h.width() for h in stage.halves.halves) - min(h.width() for h in stage.halves.halves) <= 1
    bridge.state.compare = (TwinKind.REPLAY,)
    show(stage, bridge)
    assert [*stage.halves.twins] == [TwinKind.REPLAY]


def test_word_bars_and_figures_are_of_one_quarter_second(stage, bridge):
    bridge.state.compare = (TwinKind.IN_PLACE,)
    for _ in range(4):
        show(stage, bridge, 0.3)
        for half in stage.halves.halves:
            figures = dict(half.bars.figures())
            best = max(figures, key=lambda name: float(figures[name]))
            assert half.word.word == best


def test_what_the_twin_has_lost_is_read_in_number_and_sentence(stage, bridge):
    names = [card.info.name for card in bridge.state.classes]
    answers = KeptAnswers(400, 250, (LostAnswers(2, 0, 150),), bits=False)
    bridge.twin_figures[TwinKind.IN_PLACE] = TwinFigures(TwinKind.IN_PLACE, answers, reads=90, torn=2, unpublished=40)
    bridge.state.compare = (TwinKind.IN_PLACE,)
    show(stage, bridge)
    ours, twin = stage.halves.halves
    assert (ours.kept.number(), twin.kept.number()) == ("400 of 400", "250 of 400")
    assert twin.kept.words()[1].startswith("150 lost") and ours.kept.words()[1] == "bit for bit"
    assert ours.reads.whole and "42 answers" in twin.reads.words()
    assert f"now calls {names[2]} {names[0]}: 150 of 400 old answers lost, ours 0." in stage.caption.text


def test_what_the_source_names_otherwise_than_the_user_is_not_called_wrong(stage, bridge):
    readings = bridge.reading_at

    def said(truth):
        bridge.reading_at = lambda *at: replace(readings(*at), truth=truth)
        show(stage, bridge)
        half = stage.halves.ours.half
        return half.word.verdict, half.trail.wrong

    answered = bridge.state.name_of(bridge.reading_at(bridge.now).top)
    other = next(card.info.name for card in bridge.state.classes if card.info.name != answered)
    assert said("a movement that is no class")[0] == Verdict.UNKNOWN
    assert not stage.halves.ours.half.trail.wrong
    assert said(other)[0] == Verdict.WRONG and said(answered)[0] == Verdict.RIGHT


def test_what_is_being_taught_stands_in_the_caption(stage, bridge):
    show(stage, bridge)
    bridge.labels.press_class(0)
    show(stage, bridge, 0.6)
    assert stage.caption.text == f"Teaching {bridge.state.name_of(0)} · 0.5 s"
    assert stage.halves.ours.half.word.verdict != Verdict.UNKNOWN, "a held key says what the input is"
    bridge.labels.release_class()
    show(stage, bridge)
    assert "Teaching" not in stage.caption.text


def test_a_demo_speaks_in_the_caption(stage, bridge):
    show(stage, bridge)
    bridge.state.caption = Caption("Watch the left half.", 2, 5, "Haywire")
    assert stage.caption.text == "Watch the left half."
    for paused, waiting, step, mark in ((True, False, 2, "❚❚ "), (False, True, 2, "▸ "), (False, True, 5, "")):
        bridge.state.caption = Caption("Watch the left half.", step, 5, "Haywire", paused, waiting)
        assert stage.caption.accessibleDescription() == f"Watch the left half. {mark}{step} of 5"
    bridge.state.caption = None
    show(stage, bridge)
    assert stage.caption.text != "Watch the left half."


def test_a_long_sentence_takes_two_lines_and_is_not_cut(stage, bridge):
    show(stage, bridge)
    text = "Taught circle: the conventional network now calls walk circle: 150 of 400 old answers lost, ours 0."
    bridge.state.caption = Caption(text, 1, 1, "x")
    for size in SIZES[:2]:
        stage.resize(*size)
        QApplication.processEvents()
        room = stage.caption.width() - 2 * stage.theme.px(18)
        font, lines = stage.caption.lines(room)
        assert len(lines) <= 2
        said = ["".join(piece.text for piece in line).strip() for line in lines]
        assert " ".join(said) == text
        assert all(QFontMetrics(font).horizontalAdvance(line) <= room for line in said)


def test_beside_a_toast_a_caption_is_smaller_and_whole(stage, bridge):
    bridge.state.caption = Caption(
        "Now both are taught a new one, circle: the same three seconds, the same labels.", 2, 5, "x"
    )
    show(stage, bridge)
    font, lines = stage.caption.lines(560)
    assert all(QFontMetricsF(font).horizontalAdvance("".join(p.text for p in line).strip()) <= 560 for line in lines)
    assert font.pixelSize() >= SMALLEST * 720


def test_no_file_is_named(stage, bridge):
    bridge.state.source_name = "/home/somebody/secret-patient.csv"
    bridge.state.spec = replace(bridge.state.spec, name="secret-patient")
    show(stage, bridge)
    assert "secret" not in " ".join((*stage.header.words(), stage.caption.text))


def test_the_ring_follows_the_pointer_and_goes(stage):
    stage.halo.follow(QPointF(100, 80))
    assert stage.halo.at == QPointF(100, 80)
    stage.halo.follow(QPointF(-5, 80))
    assert stage.halo.at is None


def test_the_past_is_shown_by_every_half_at_once(stage, bridge):
    bridge.state.compare = (TwinKind.IN_PLACE,)
    for _ in range(20):
        show(stage, bridge, 0.3)
    bridge.state.look_back(bridge.now - 3.0)
    show(stage, bridge)
    ours, twin = stage.halves.halves
    assert ours.note.text().startswith("−3") and twin.note.text() == ours.note.text()
    bridge.state.set_paused(False)
    show(stage, bridge)
    assert ours.note.text() == "learning while it answers" or not ours.note.text().startswith("−")


def test_a_long_name_leaves_room_for_the_figures(stage, bridge):
    bridge.show_card(0, info=replace(bridge.state.classes[0].info, name="a very long name of a gesture"))
    answers = KeptAnswers(400, 250, (LostAnswers(2, 0, 150),), bits=False)
    bridge.twin_figures[TwinKind.IN_PLACE] = TwinFigures(TwinKind.IN_PLACE, answers)
    bridge.state.compare = (TwinKind.IN_PLACE,)
    show(stage, bridge)
    assert "“a very long name of a gesture”: 150 of 400 old answers lost" in stage.caption.text
    caption = stage.caption
    font, lines = caption.lines(caption.theme.length(1000))
    written = [words_of(tuple(line)).strip() for line in lines]
    assert written[1].endswith("“a very long name of a gesture”: 150 of 400 old answers lost, ours 0.")
    # Where they have no room in two lines, the names are cut and the figures are not.
    narrow = max(map(QFontMetricsF(font).horizontalAdvance, written)) - 1
    font, lines = caption.lines(narrow)
    written = [words_of(tuple(line)).strip() for line in lines]
    assert written[1].endswith("“a very long nam…”: 150 of 400 old answers lost, ours 0.")
    assert max(map(QFontMetricsF(font).horizontalAdvance, written)) <= narrow


def test_what_comes_into_sight_as_a_half_grows_has_its_place_at_once(stage, qtbot):
    half = stage.halves.ours.half
    half.setParent(None)
    qtbot.addWidget(half)
    half.resize(600, 200)
    half.show()
    assert not half.reads.isVisible()
    half.hide()
    half.resize(600, 900)
    # No event in between: it may be painted next.
    half.show()
    assert half.reads.isVisible() and half.reads.y() > half.kept.geometry().bottom()
    assert half.reads.height() == half.reads.sizeHint().height()


def test_a_count_is_parted_by_no_line(stage):
    text = "It has learned a gesture with a name. 418 of 418 old answers are the same, bit for bit."
    stage.caption.say((Piece(text),))
    room = 400.0
    while len(stage.caption.lines(room)[1]) > 1:
        _, lines = stage.caption.lines(room)
        assert any("418 of 418" in words_of(tuple(line)) for line in lines), room
        room += 15.0
