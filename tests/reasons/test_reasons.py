"""Reasons: their words, what a file keeps of them, and that a file can say anything without harm."""

import json
from typing import Any

import numpy as np
import pytest

from dgstudio.engine.recording.differences import OtherLogit, OtherRoute
from dgstudio.errors import Rejected
from dgstudio.reasons import stored
from dgstudio.reasons.published import (
    BankFilled,
    BecameStable,
    ClassesAdded,
    LearnedAgain,
    LearnedFrom,
    PartPublished,
    Pinned,
    ProtectedByUser,
    RebuiltWithout,
    Unpinned,
)
from dgstudio.reasons.reason import Reason
from dgstudio.reasons.refused import (
    Fault,
    Faulty,
    Gates,
    NoMoreBanks,
    NoRoom,
    NothingMoves,
    RouterNotClosed,
    StaysLearned,
)
from dgstudio.reasons.stored import Told, reason_fields, stored_reason
from dgstudio.types import BankState

NAMES = """
BankFilled BankNotFinite BankWouldChange BankWouldOpen BaseLoaded BaseMoved BaseTrained BecameStable
BegunFromNothing BegunHere BitsWouldChange ClassAdded ClassEdited ClassEnded ClassMade ClassMoved
ClassRemoved ClassesAdded ClassesUnknown ExamplesAside ExamplesDeleted ExamplesImported ExamplesNotFinite
ExamplesRelabelled Faulty IllConditioned InputsReleased LearnedAgain LearnedFrom LearningOff NoMoreBanks
NoRoom NotePut NothingMoves NothingToProtect OtherUnits PartPublished Pinned ProtectedByUser RebuiltWithout RolledBack
RouterNotClosed Sealing StaysLearned TakeMade TakeTakenBack UnitWouldChange Unpinned VerdictWouldTurn
"""
"""As they stand in session files: a name that goes here cannot be read there any more."""

SAID: list[tuple[Reason, str]] = [
    (LearnedAgain("dg4"), "learned again by kernel dg4"),
    (LearnedFrom((("circle", 1),)), "learned from 1 example of circle"),
    (LearnedFrom((("circle", 1), ("wave", 2))), "learned from 1 example of circle, 2 of wave"),
    (LearnedFrom((("wave", 1),), forgot=1), "learned from 1 example of wave, forgot 1 example"),
    (LearnedFrom(forgot=2), "forgot 2 examples"),
    (LearnedFrom(), "learned anew"),
    (PartPublished(None, 3), "router alone, 3 parts still to come"),
    (PartPublished("circle", 1), "read-out of circle alone, 1 part still to come"),
    (ClassesAdded(3000), "3,000 classes added"),
    (Pinned(3), "v3 serves, and is held"),
    (Unpinned(14), "the newest serves again: v14"),
    (
        LearnedFrom(held=(3, 40), left_out=2),
        "learned anew; the gates were held still in 3 of 40 steps; 2 examples left out from now on",
    ),
    (ProtectedByUser(9, 4, 1), "protected what it knows now: 9 examples, 4 of them protected, and 1 recent input"),
    (BankFilled(20, 10, 0, held=20), "20 examples fill the learning bank: 20 examples, 10 of them protected"),
    (
        BecameStable(2, 1, 0, ("rest", "walk"), 5.0),
        "rest and walk stable for 5 s, protected by itself: 2 examples, 1 of them protected",
    ),
    (RebuiltWithout(6, 1, 3), "rebuilt without 6 examples: 1 sealed bank made anew since v3"),
    (
        NothingMoves(Gates.HELD, 8, 0, 48),
        (
            "nothing may move: each step of the gates, even halved 8 times, would have protected inputs open other "
            "units, and each of the 48 units is opened by some protected input"
        ),
    ),
    (
        StaysLearned(2, 1, 2, 0, 1),
        (
            "2 examples sealed in bank 1 cannot be unlearned: roll back to v2 to go before the seal; "
            "1 example will be unlearned when the locked bank learns again"
        ),
    ),
]


@pytest.mark.parametrize(("reason", "words"), SAID)
def test_words_are_made_of_fields_and_fields_come_back_from_a_file(reason: Reason, words: str) -> None:
    assert reason.words == words and reason.sentence == f"{words[0].upper()}{words[1:]}."
    again = stored_reason(json.loads(json.dumps(reason_fields(reason))), words)
    assert again == reason and again.words == words and hash(again) == hash(reason)


def test_names_in_files_stay() -> None:
    assert sorted(stored._KNOWN) == sorted(NAMES.split())


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_has_words(fault: Fault) -> None:
    assert Faulty(fault).words and stored_reason(json.loads(json.dumps(reason_fields(Faulty(fault)))), "") == Faulty(
        fault
    )


@pytest.mark.parametrize(
    "fields",
    [
        None,
        3,
        {},
        {"is": "SomethingLater", "count": 3},
        {"is": ["RolledBack"]},
        {"is": "RolledBack"},
        {"is": "RolledBack", "version": 3, "later": 4},
        {"is": "LearnedFrom", "fresh": 3},
        {"is": "LearnedFrom", "fresh": [["circle"]]},
        {"is": "Faulty", "fault": "of a later dgstudio"},
        {"is": "Sealing", "learned": 1, "protected": 1, "recent": 1},
    ],
)
def test_what_a_file_says_that_is_not_known_stays_as_it_was_told(fields: Any) -> None:
    reason = stored_reason(fields, "as it was told")
    assert reason == Told("as it was told") and reason.words == "as it was told" and reason_fields(reason) is None


def test_a_rejection_is_a_sentence_with_its_reason() -> None:
    error = Rejected(RouterNotClosed(12, 3))
    assert str(error).startswith("The router could not be kept closed on all 12 protected inputs within 3 rounds")
    assert error.reason == RouterNotClosed(12, 3) and str(error).endswith("release the protected inputs.")


def test_why_examples_wait() -> None:
    assert NoRoom(3, None).sentence == "3 examples wait, not learned yet. The learning bank cannot be sealed."
    assert "not learned yet. The model has 2 sealed banks" in NoRoom(1, NoMoreBanks(2)).words


def test_fields_are_what_json_can_hold() -> None:
    assert reason_fields(OtherLogit("walk", np.float32(0.1), np.float32(-2.0))) == {
        "is": "OtherLogit",
        "name": "walk",
        "then": pytest.approx(0.1, rel=1e-6),
        "now": -2.0,
    }
    route = reason_fields(OtherRoute(0, BankState.CLOSED, BankState.SPEAKING))
    assert json.loads(json.dumps(route)) == {"is": "OtherRoute", "bank": 0, "then": "closed", "now": "speaking"}
