"""Margins and bounds where they are looked for: beside the answer, in the inspector, the contract, at a publish."""

import dataclasses
import math

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from dgstudio.engine.adapt.routing_margins import AnswerMargins
from dgstudio.model.robustness_bounds import BankMargin, ChangeBound, GateMargin
from dgstudio.reasons.published import LearnedFrom
from dgstudio.studio.common.widgets.margin_text import answer_words, cause_words, room_words
from dgstudio.studio.stability.stability_log import tooltip_of
from dgstudio.types import PublishRecord, RoutingRoom

ROOM = RoutingRoom(4, 400, (0.0002, 0.13), (0.0011, 0.06), (0.1, 0.55), None)


def frame_of(bridge):
    reading = bridge.reading_at(bridge.now)
    return dataclasses.replace(bridge.frame(0.3), reading=reading, new_readings=[reading])


def test_the_line_of_the_version_tells_in_its_tooltip_how_safely_it_was_routed(window, bridge):
    window.update_frame(frame_of(bridge))
    tip = window.layout_.panels["answer"].text.lines[0].tip
    assert "Gate margin γ = 0.12. The same units answer until the input moves by 0.31: then unit" in tip
    assert "Bank 1: r − τ = " in tip and "Every number of gates and routers may move by 0.002" in tip
    assert "If every weight moved by 0.001, no logit would move by more than 0.11" in tip and "Since" not in tip


def test_it_tells_what_has_changed_since_the_protected_version():
    bound = ChangeBound((0, 1), np.array([0.42, 0.1]), np.array([0.0, 0.2]), (3, 9))
    words = answer_words(AnswerMargins(None, (), math.inf, 0.0, (37, bound)))
    assert words == "Since v37 a logit has moved by at most 0.42 by routing and 0.2 by weights (2 units flipped)"
    another = ChangeBound((0, 1), np.array([1.8, 0.1]), np.zeros(2), ())
    assert answer_words(AnswerMargins(None, (), math.inf, 0.0, (0, another))).endswith("(another part answers)")
    nothing = ChangeBound((), np.zeros(0), np.zeros(0), ())
    assert answer_words(AnswerMargins(None, (), math.inf, 0.0, (37, nothing))) == ""


def test_a_version_that_is_gone_says_nothing_of_margins(window, bridge):
    bridge.margins = lambda reading: None
    window.update_frame(frame_of(bridge))
    assert "γ" not in window.layout_.panels["answer"].text.lines[0].tip


def test_the_sheet_shows_the_room_once_it_is_known(window, bridge):
    QTest.keyClick(window, Qt.Key.Key_L)
    label = window.sheets.learning._labels["room words"]
    window.update_frame(bridge.frame())
    assert not label.isVisible()
    bridge.stats.room = ROOM
    for _ in range(3):
        window.update_frame(bridge.frame())
        QApplication.processEvents()
    assert label.isVisible() and label.height() >= label.heightForWidth(label.width()) - 1
    assert label.text() == (
        "Room of their routing, least and median: gates γ under 0.001 and 0.13, that is a move of the input of "
        "0.0011 and 0.06; routers |r\N{NO-BREAK SPACE}−\N{NO-BREAK SPACE}τ| 0.1 and 0.55."
    )
    assert window.rect().contains(window.sheets.learning.geometry())


@pytest.mark.parametrize(
    ("causes", "words"),
    [
        ((), ""),
        (((0, 0.8217),), "in the logit that moved most, by examples of circle +0.82"),
        (((0, 0.82), (3, -0.1)), "in the logit that moved most, by examples of circle +0.82, shake −0.10"),
    ],
)
def test_a_publish_names_whose_examples_moved_the_live_answer(bridge, causes, words):
    record = PublishRecord(
        3, "learned", 4, 3, LearnedFrom(), 1.0, 0.0, routing_delta=0.5, representation_delta=0.2, live_causes=causes
    )
    assert cause_words(record, bridge.state.name_of) == words
    tip = tooltip_of(record, 1, bridge.state.name_of)
    assert tip.endswith(words[1:]) and ("\n" in tip) == bool(words)


def test_without_a_base_only_what_there_is_is_said():
    nothing = AnswerMargins(None, (), math.inf, 0.0)
    assert answer_words(nothing) == "" and room_words(None) == ""
    bank = AnswerMargins(None, (BankMargin(1, 0.4, None), BankMargin(2, -0.3, None)), math.inf, 0.0)
    assert answer_words(bank) == "Bank 1: r − τ = +0.40 (open)\nBank 2: r − τ = −0.30 (closed; opens above 0)"
    everyone = GateMargin(math.inf, math.inf, np.full(4, math.inf), -1, -1)
    assert answer_words(AnswerMargins(everyone, (), math.inf, 0.0)) == ""
    assert room_words(RoutingRoom(1, 3, None, None, None, None)) == ""
