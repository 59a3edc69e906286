"""An answer is the sum of its parts; without an example it is what the learner publishes once it is deleted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.inspection.kept_learner import KeptLearner
from hypothesis import event, given, settings
from hypothesis import strategies as st
from learning.conftest import User, blob, examples_of

from dgstudio.engine.inspection.answer_parts import AnswerParts, BankTerms, TermKind
from dgstudio.engine.inspection.unavailable import (
    ExampleNotLearned,
    ExampleSealed,
    NoBank,
    NoUnit,
    NoUnitLeft,
    OtherInputs,
    UnavailableError,
    VersionGone,
)
from dgstudio.learning.learner.bank_ground import SUM_ERROR
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.types import BASE, BankState, Mode


def adds_up(parts: AnswerParts, plan: Plan, raw: np.ndarray) -> None:
    """The answer is the version's, and each logit of the part that answers is the sum of its terms."""
    answer, said = plan.answer(raw), parts.said
    assert said.logits.tobytes() == answer.logits.tobytes() and said.speaker == answer.speaker
    assert [b.state for b in parts.banks] == answer.state.tolist()
    speaking = parts.speaking
    known = () if parts.base is None else parts.base.classes
    if speaking is not None:
        assert isinstance(speaking.rests_on, BankTerms) and speaking.rests_on.error <= SUM_ERROR
        assert speaking.logits.tobytes() == answer.logits.tobytes()
        known = speaking.rests_on.classes
    for class_id, logit in zip(said.classes, said.logits.tolist(), strict=True):
        terms = parts.waterfall(class_id)
        assert isinstance(terms, tuple)
        if class_id in known:
            size = sum(abs(term.amount) for term in terms)
            assert sum(term.amount for term in terms) == pytest.approx(logit, abs=2e-5 * max(size, 10))
    if parts.base is not None:
        assert parts.base.error < 1e-5 and parts.base.units.tolist() == answer.active.tolist()
    for bank in parts.banks:
        found = bank.rests_on
        assert isinstance(found, BankTerms), found.words
        assert found.r_statistics + found.r_examples.sum() + 1 == pytest.approx(bank.r, abs=1e-4)
        if bank.state != BankState.CLOSED and bank.lead is not None and np.isfinite(bank.delta):
            assert (bank.state == BankState.SPEAKING) == (bank.lead > -np.float32(bank.delta))


@settings(max_examples=40)
@given(data=st.data(), nothing=st.booleans())
def test_after_any_history_answers_are_the_sums_of_their_parts(
    data: st.DataObject, nothing: bool, small: BaseModel
) -> None:
    with KeptLearner(None if nothing else small, protected=6, seal_at=9) as one:
        for act in data.draw(st.lists(User.acts if nothing else User.every_act, min_size=3, max_size=10)):
            one.does(act)
        inspector = one.inspector(by_file=data.draw(st.booleans()))
        version = data.draw(st.sampled_from(one.versions))
        plan = Plan(inspector.versions.of(version).snapshot)
        for class_id in (0, 3, 4):
            raw = blob(class_id, 1, seed=8)[0]
            adds_up(inspector.answer(version, raw), plan, raw)


@settings(max_examples=40)
@given(data=st.data(), nothing=st.booleans())
def test_without_an_example_it_is_byte_for_byte_what_the_learner_publishes_after_deleting_it(
    data: st.DataObject, nothing: bool, small: BaseModel
) -> None:
    with KeptLearner(None if nothing else small, protected=6, seal_at=15) as one:
        acts = User.acts if nothing else User.every_act
        for act in [*data.draw(st.lists(acts, min_size=1, max_size=6)), ("learn", 3, 4), ("learn", 4, 3)]:
            one.does(act)
        learner = one.learner
        if learner.mode is Mode.OFF:
            learner.set_mode(Mode.BOTH)
            one.publishes()
        learned = sorted(learner.training.published())
        if not learned:
            return
        inspector, head = one.inspector(by_file=data.draw(st.booleans())), learner.store.head
        gone = data.draw(st.lists(st.sampled_from(learned), min_size=1, max_size=3, unique=True))
        raw = blob(data.draw(st.sampled_from((0, 3, 4))), 1, seed=5)[0]
        try:
            without = inspector.without(head.version, raw, gone)
        except UnavailableError as error:
            event(type(error.reason).__name__)
            learner.forget(gone)
            assert learner.step() is None or learner.store.head is head, "the learner is refused, too"
            return
        event("compared")
        learner.forget(gone)
        while learner.pending:
            learner.step()
        now = learner.store.head
        again = Plan(now).answer(raw)
        assert without.after.logits.tobytes() == again.logits.tobytes()
        assert without.after.speaker == again.speaker
        assert without.digest == now.digest
        assert without.before.logits.tobytes() == Plan(head).answer(raw).logits.tobytes()


def test_the_second_question_on_a_version_needs_no_rule_again(base: BaseModel, monkeypatch: Any) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 10) + examples_of(4, 10, first=30))
        inspector, version = one.inspector(), one.versions[-1]
        raw = blob(3, 1, seed=5)[0]
        inspector.without(version, raw, [3])
        monkeypatch.setattr(one.learner, "copied_rule", lambda: pytest.fail("asked for twice"))
        first, second = (inspector.without(version, raw, [i]) for i in (4, 35))
        assert first.digest != second.digest != inspector.versions.of(version).snapshot.digest


def test_what_is_not_in_the_learning_bank_is_said(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 10))
        one.keeps(one.learner.seal_and_protect())
        one.learns(examples_of(4, 5, first=30))
        inspector, raw, version = one.inspector(), blob(3, 1, seed=5)[0], one.versions[-1]

        def refused(question: Any) -> object:
            with pytest.raises(UnavailableError) as error:
                question()
            assert str(error.value).endswith(".")
            return error.value.reason

        assert refused(lambda: inspector.without(version, raw, [2])) == ExampleSealed(0)
        assert refused(lambda: inspector.without(version, raw, [99])) == ExampleNotLearned(version, 99)
        assert refused(lambda: inspector.answer(777, raw)) == VersionGone(777)
        assert refused(lambda: inspector.answer(version, raw[:3])) == OtherInputs(version, 12, 3)
        assert refused(lambda: inspector.what_if(version, raw, on=[480])) == NoUnit(version, 480)
        assert refused(lambda: inspector.what_if(version, raw, silenced=[2])) == NoBank(version, 2)
        assert refused(lambda: inspector.what_if(version, raw, off=range(48))) == NoUnitLeft()


def test_a_silenced_bank_lets_what_lies_below_answer_and_a_forced_unit_adds_its_terms(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 10))
        inspector, version = one.inspector(), one.versions[-1]
        head = one.learner.store.head
        raw = blob(3, 1, seed=5)[0]
        parts = inspector.answer(version, raw)
        assert parts.said.top == 3 and [(o.bank, o.before, o.after) for o in parts.overruled] == [
            (0, parts.base_class, 3)
        ]
        for_it, against = parts.speaking.rests_on.strongest(3)
        assert len(for_it) + len(against) == 10 and {share.class_id for share in for_it} == {3}
        assert for_it[0].amount >= for_it[-1].amount > 0 > against[-1].amount >= against[0].amount
        silent = inspector.what_if(version, raw, silenced=[0])
        assert silent.real.top == 3 and silent.imagined.speaker == BASE
        assert silent.imagined.logits.tobytes() == Plan(head).forced(raw, silent.active, None).tobytes()
        old = blob(0, 1, seed=5)[0]
        real = Plan(head).answer(old)
        on = next(j for j in range(48) if j not in real.active)
        off = int(real.active[0])
        forced = inspector.what_if(version, old, on=[on], off=[off])
        assert set(forced.active.tolist()) == (set(real.active.tolist()) | {on}) - {off}
        assert forced.imagined.logits.tobytes() == Plan(head).forced(old, forced.active, None).tobytes()
        assert forced.real.logits.tobytes() == real.logits.tobytes()
        assert one.learner.store.head is head and len(one.learner.store.history()) == len(one.versions)


def test_terms_name_what_they_stand_for(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 6))
        inspector, version = one.inspector(), one.versions[-1]
        by_base = inspector.answer(version, base.protected[0])
        top = by_base.said.likeliest
        assert by_base.said.speaker == BASE and top is not None
        terms = by_base.waterfall(top, than=(top + 1) % 3)
        assert [t.kind for t in terms] == [TermKind.BIAS, *[TermKind.UNIT] * 16]
        lead = by_base.said.logits[top] - by_base.said.logits[(top + 1) % 3]
        assert sum(t.amount for t in terms) == pytest.approx(float(lead), abs=1e-4)
        by_bank = inspector.answer(version, blob(3, 1, seed=5)[0])
        terms = by_bank.waterfall(3, than=0)
        assert [t.key for t in terms] == [-1, 0, 1, 2, 3, 4, 5]
        of_class = by_bank.speaking.rests_on.by_class(3, than=0)
        assert of_class == {3: pytest.approx(sum(t.amount for t in terms[1:]))}
