"""A running engine is asked: live, after a seal, and after its session was closed and opened again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from waiting import wait_until

from dgstudio.engine.inspection.answer_parts import AnswerParts, BankTerms
from dgstudio.engine.inspection.inspector import Inspector
from dgstudio.engine.inspection.unavailable import ExampleSealed, VersionGone
from dgstudio.session.file import Session
from dgstudio.types import BASE

Rigs = Callable[..., Any]


def answered(rig: Any, question: Callable[[Inspector], Any]) -> Any:
    asked = rig.engine.inspection.ask("test", question)
    wait_until(lambda: asked.done, "the inspector")
    assert asked.failed is None
    return asked.value if asked.refused is None else asked.refused


def explains(rig: Any, reading: Any) -> AnswerParts:
    parts: AnswerParts = answered(rig, lambda inspector: inspector.answer(reading.version, reading.features))
    assert parts.said.logits.tobytes() == reading.logits.tobytes() and parts.digest == reading.digest
    assert [bank.r for bank in parts.banks] == pytest.approx(reading.bank_r.tolist())
    assert all(isinstance(bank.rests_on, BankTerms) for bank in parts.banks)
    return parts


def test_an_answer_is_explained_by_the_version_that_gave_it_live_sealed_and_reopened(
    rigs: Rigs, tmp_path: Path
) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    first = rig.teach("Badminton", "Badminton")
    then = rig.play("Badminton")[-1]
    rig.engine.model.protect_now()
    rig.settle()
    second = rig.teach("Sitting", "Standing")
    now = rig.play("Standing")[-1]
    head = rig.engine.learner.store.head
    old = explains(rig, then)
    assert old.said.likeliest == first and old.speaking is not None and not old.speaking.sealed
    shares, _ = old.speaking.rests_on.strongest(first)
    assert {share.class_id for share in shares} == {first}
    today = explains(rig, now)
    assert [bank.sealed for bank in today.banks] == [True, False]
    of_first = [e.id for e in rig.engine.book.of_class(first) if e.learn]
    assert today.banks[0].rests_on.example_ids.tolist() == sorted(of_first)

    gone = next(e.id for e in rig.engine.book.of_class(second) if e.learn)
    without = answered(rig, lambda inspector: inspector.without(head.version, now.features, [gone]))
    assert answered(rig, lambda i: i.without(head.version, now.features, of_first[:1])) == ExampleSealed(0)
    compared = answered(rig, lambda i: i.compare(then.version, now.version, now.features))
    assert compared.learned.by_class == {second: len([e for e in rig.engine.book.of_class(second) if e.learn])}
    every = answered(rig, lambda i: i.compare_all(0, head.version))
    assert len(every.protected.before) == rig.engine.learner.protected_count and len(every.live.before) > 0
    assert every.examples.inputs.of == rig.engine.book.total and every.examples.changed.any()
    silent = answered(rig, lambda i: i.what_if(now.version, now.features, silenced=[0, 1]))
    assert silent.imagined.speaker == BASE
    figures = answered(rig, lambda i: (i.unit(now.version, 3), i.bank(now.version, 1), i.gating(now.version)))
    assert figures[0].firing[2].count > 0 and figures[1].r.size > 0 and figures[2].flips.gates.sum() > 0
    rig.engine.labels.delete_examples([gone])
    rig.settle()
    assert rig.engine.learner.store.head.digest == without.digest
    assert rig.engine.stop() == []

    again = rigs(Session.open(tmp_path / "a.dgs"))
    for reading, was in ((then, old), (now, today)):
        parts = explains(again, reading)
        for bank, before in zip(parts.banks, was.banks, strict=True):
            np.testing.assert_allclose(bank.rests_on.examples, before.rests_on.examples, atol=1e-6)
    assert answered(again, lambda inspector: inspector.answer(9999, now.features)) == VersionGone(9999)


def test_an_example_that_the_book_has_let_go_of_is_read_from_the_file(rigs: Rigs, tmp_path: Path) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    rig.teach("Badminton", "Badminton")
    then = rig.play("Badminton")[-1]
    taken = {example.id for example in rig.engine.book.active_examples()}
    rig.engine.labels.undo()
    rig.settle()
    # Another act, so that the take can never be done again.
    rig.teach("Badminton", "Running")
    assert not rig.engine.book.known(taken)
    rig.engine.inspection.ask("warm", lambda inspector: inspector.let_go())
    parts = explains(rig, then)
    assert set(parts.banks[0].rests_on.example_ids.tolist()) <= taken
    assert {e.id for e in rig.engine.session.examples_by_id(taken)} == taken
