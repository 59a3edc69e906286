"""The ledger of a window that was killed: what its file may hold, and what it notices to be missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgstudio.bench.kills.crash_test import Ledger
from dgstudio.reasons.stored import Told
from dgstudio.session.file import Session
from dgstudio.types import Act, ClassInfo, Example, LabelChange, Take


@pytest.fixture
def session() -> Iterator[Session]:
    with Session.memory() as session:
        session.put_class(ClassInfo(1, "walk", "1", "#e69f00"))
        session.put_class(ClassInfo(2, "run", "2", "#56b4e9"))
        yield session


def add_take(session: Session, number: int, examples: int = 3, *, act: bool = True) -> None:
    session.put_take(Take(number, 1, 0.0, 1.0, "tape", examples=examples))
    ids = range(10 * number, 10 * number + examples)
    session.put_examples([Example(i, 1, number, np.zeros(4, np.float32), 0.0, 1.0) for i in ids])
    if act:
        session.put_act(Act(number, "take", Told(""), take_id=number))


def ledger(*messages: tuple[Any, ...]) -> Ledger:
    made = Ledger()
    for message in (("found", [], 0), ("begun", [], 0), *messages):
        assert made.hear(message) == []
    return made


def test_a_take_that_was_shown_and_is_there_is_in_order(session: Session) -> None:
    add_take(session, 1)
    known = ledger(("wish", "do"), ("take", 1, 3))
    assert known.killed(session) == [] and known.shown == 2


def test_a_take_that_was_shown_and_is_not_there_is_missed(session: Session) -> None:
    problems = ledger(("wish", "do"), ("take", 1, 3)).killed(session)
    assert "take 1 has 0 of 3 examples" in problems[0] and "history" in problems[1]


def test_a_take_with_too_few_examples_is_missed(session: Session) -> None:
    add_take(session, 1, examples=2)
    assert ledger(("wish", "do"), ("take", 1, 3)).killed(session) == ["take 1 has 2 of 3 examples"]


@pytest.mark.parametrize("acted", [True, False])
def test_what_was_asked_for_and_not_shown_may_be_there_or_not(session: Session, acted: bool) -> None:
    add_take(session, 1)
    if acted:
        session.put_act(Act(2, "relabelled", Told(""), (LabelChange(1, 2, (10,)),)))
        session.set_labels([Example(10, 2, 1, np.zeros(4, np.float32), 0.0, 1.0)])
    known = ledger(("wish", "do"), ("take", 1, 3), ("wish", "do"))
    assert known.killed(session) == []


def test_an_act_that_nobody_asked_for_is_noticed(session: Session) -> None:
    add_take(session, 1)
    add_take(session, 2)
    assert "asked for: nothing" in ledger(("wish", "do"), ("take", 1, 3)).killed(session)[0]


def test_an_undo_that_was_shown_and_not_kept_is_missed(session: Session) -> None:
    add_take(session, 1)
    shown = ("wish", "do"), ("take", 1, 3), ("wish", "undo"), ("undo", ("take", 1))
    assert "of which 1 done; shown was" in ledger(*shown).killed(session)[0]
    session.set_act_done(1, False)
    session.set_active([10, 11, 12], False)
    assert ledger(*shown).killed(session) == []


def test_half_an_act_is_noticed(session: Session) -> None:
    add_take(session, 1)
    session.put_act(Act(2, "relabelled", Told(""), (LabelChange(1, 2, (10, 11)),)))
    session.set_labels([Example(10, 2, 1, np.zeros(4, np.float32), 0.0, 1.0)])
    known = ledger(("wish", "do"), ("take", 1, 3), ("wish", "do"), ("act", 2))
    assert "labels of the examples [11] (1 in all)" in known.killed(session)[0]


def test_the_next_window_finds_what_the_kill_left_and_makes_acts_of_takes_cut_short(session: Session) -> None:
    add_take(session, 1)
    add_take(session, 2, act=False)
    known = ledger(("wish", "do"), ("take", 1, 3), ("wish", "do"))
    assert known.killed(session) == []
    assert known.hear(("found", [("take", 1), ("take", 2)], 2)) == []
    assert known.killed(session) != [], "it was made an act of, and is none in the file"
    again = ledger(("wish", "do"), ("take", 1, 3))
    again.killed(session)
    assert "reopened" in again.hear(("found", [], 0))[0]


def test_a_copy_holds_what_had_been_shown_before_it(tmp_path: Path, session: Session) -> None:
    known = ledger(("wish", "do"), ("take", 1, 3), ("copy", str(tmp_path / "a.dgs")), ("wish", "do"), ("take", 2, 3))
    assert known.copies == [(tmp_path / "a.dgs", {1: 3})]
