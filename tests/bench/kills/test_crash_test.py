"""The ledger of a window that was killed: what its file may hold, and what it notices to be missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgstudio.bench.kills.crash_test import Ledger
from dgstudio.engine.lifecycle.resume import checkpoint_of
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.settings import LearnerSettings
from dgstudio.reasons.stored import Told
from dgstudio.session.file import Session
from dgstudio.types import Act, ActKind, ClassInfo, Example, LabelChange, PublishRecord, RecordKind, Take


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


def add_import(session: Session, number: int, ids: tuple[int, ...], *, stands: bool) -> None:
    session.put_take(Take(number, 1, 0.0, 1.0, "other.csv", examples=len(ids)))
    session.put_examples([Example(i, 1, number, np.zeros(4, np.float32), 0.0, 1.0) for i in ids])
    session.set_active(list(ids), stands)
    session.put_act(Act(number, ActKind.IMPORTED, Told(""), (LabelChange(None, 1, ids),)))


def test_an_import_is_there_as_a_whole_or_not_at_all(session: Session) -> None:
    add_import(session, 1, (10, 11, 12), stands=True)
    shown = ("wish", "do"), ("act", 1), ("wish", "undo"), ("undo", ("act", 1))
    assert ledger(*shown[:2]).killed(session) == []
    session.set_act_done(1, False)
    assert "labels of the examples [10, 11, 12] (3 in all)" in ledger(*shown).killed(session)[0]
    session.set_active([10, 11, 12], False)
    known = ledger(*shown)
    assert known.killed(session) == []
    # No window makes an act of its takes, as it does of takes that were cut short.
    assert known.hear(("found", [("act", 1)], 0)) == [] and "reopened" in known.hear(("found", [("take", 1)], 1))[0]


def test_a_version_on_a_new_base_that_was_shown_is_there_to_the_last_bit(session: Session) -> None:
    learner = Learner.begin(None, LearnerSettings(features=64))
    snapshot = learner.store.head
    record = PublishRecord(0, RecordKind.CONSOLIDATED, snapshot.version, None, Told(""), 0.0, 0.0)
    session.put_checkpoint(checkpoint_of(learner, record))
    assert ledger(("base", snapshot.version, snapshot.digest)).killed(session) == []
    assert "is another than it was" in ledger(("base", snapshot.version, "0" * 64)).killed(session)[0]
    assert "version 7 on a new base is not there" in ledger(("base", 7, snapshot.digest)).killed(session)[0]


def test_what_goes_on_when_the_kill_comes_is_known_until_then(session: Session) -> None:
    known = ledger(("under way", "train", 30.0), ("under way", "import", 1.0), ("over", "import"))
    assert known.under_way == {"train": 30.0} and known.shown == 1
    known.killed(session)
    assert known.under_way == {}


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
