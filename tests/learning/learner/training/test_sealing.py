"""Sealing and growth, rolling back, and going on from what a session kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.learning.bank.example_store import spread_by_class
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.refused import NoMoreBanks, NoRoom
from dgstudio.types import Example, Mode, PublishRecord

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
Inputs = Callable[..., np.ndarray]
Settled = Callable[[Learner], list[PublishRecord]]


def share_right(learner: Learner, class_id: int, rows: np.ndarray) -> float:
    plan = Plan(learner.store.head)
    tops = [plan.answer(raw).top for raw in rows]
    return float(np.mean([top >= 0 and plan.snapshot.classes[top] == class_id for top in tops]))


def teach(learner: Learner, examples: list[Example]) -> list[PublishRecord]:
    for class_id in sorted({e.class_id for e in examples}):
        learner.add_class(class_id)
    learner.absorb(examples)
    records = []
    while learner.pending:
        record = learner.step()
        assert record is not None
        records.append(record)
    return records


# -- sealing --------------------------------------------------------------------------------------------------------


def test_a_full_bank_is_sealed_by_itself_and_what_it_learned_is_still_answered(
    base: BaseModel, begin: Begin, label: Label, inputs: Inputs
) -> None:
    learner = begin(base, seal_at=20, protected=10)
    learned, sealed = teach(learner, label(3, 20))
    assert (learned.kind, sealed.kind) == ("learned", "bank sealed")
    assert sealed.reason.words == "20 examples fill the learning bank: 20 examples, 10 of them protected"
    assert (learned.protected, sealed.protected, sealed.examples) == (60, 70, 0)
    assert (learned.sealed, sealed.sealed) == (0, 20)
    (bank,) = learner.store.head.banks
    assert bank.sealed and learner.certified_version == sealed.version and learner.evidence() is None
    assert not learner.audit_complete

    (learned,) = teach(learner, label(4, 12, first=50))
    old, new = learner.store.head.banks
    assert old is bank and not new.sealed and (old.id, new.id) == (1, 2)
    assert new.classes == (0, 1, 2, 3, 4) and learned.examples == 12
    for class_id, least in ((0, 0.9), (1, 0.9), (2, 0.9), (3, 0.9), (4, 0.9)):
        assert share_right(learner, class_id, inputs(class_id, 40, seed=6)) >= least
    assert learner.audit_all().checked == 70 and learner.audit_all().bits_changed == 0


def test_sealing_itself_moves_no_answer(small: BaseModel, begin: Begin, label: Label, inputs: Inputs) -> None:
    learner = begin(small)
    teach(learner, label(3, 8) + label(4, 8, first=20))
    rows = np.concatenate([inputs(c, 10, seed=6) for c in range(6)])
    before = [Plan(learner.store.head).logits_of(raw).tobytes() for raw in rows]
    record = learner.seal_and_protect()
    assert record is not None and record.kind == "protected" and record.units_changed == 0
    assert [Plan(learner.store.head).logits_of(raw).tobytes() for raw in rows] == before


def test_protecting_learns_what_waits_first(small: BaseModel, begin: Begin, label: Label) -> None:
    learner = begin(small)
    learner.absorb(label(3, 6))
    record = learner.seal_and_protect()
    assert record is not None and (record.kind, record.version) == ("protected", 2)
    assert learner.store.get(1).reason == "learned from 6 examples of class 3"
    (seal,) = learner.training.seals
    assert (seal.bank, seal.before, seal.ids.tolist()) == (1, 1, [0, 1, 2, 3, 4, 5])


def test_p_grows_at_each_seal_up_to_its_limit(small: BaseModel, begin: Begin, label: Label) -> None:
    learner = begin(small, protected=10, protected_max=38)
    for place, (count, certified) in enumerate(((34, 3), (38, 6), (38, 6))):
        learner.add_class(3 + place)
        learner.absorb(label(3 + place, 12, first=100 * place))
        record = learner.seal_and_protect()
        assert record is not None and record.protected == count == learner.protected_count
        assert learner.certified_version == certified
    assert record.reason.words.endswith("12 examples, 0 of them protected")
    assert [cohort.banks for cohort in learner.training.protected.cohorts] == [(), (1,), (1, 2)]
    assert learner.audit_all().bits_changed == 0


def test_protected_examples_are_spread_over_the_classes() -> None:
    ids = np.arange(30, dtype=np.int64)
    class_ids = np.array([3] * 24 + [4] * 2 + [5] * 4)
    chosen = spread_by_class(ids, class_ids, 12)
    assert [int((class_ids[chosen] == c).sum()) for c in (3, 4, 5)] == [6, 2, 4]
    assert chosen.tolist() == sorted(set(chosen.tolist())) and {0, 23} <= set(chosen.tolist())
    assert spread_by_class(ids, class_ids, 0).tolist() == []
    assert spread_by_class(ids, class_ids, 99).tolist() == ids.tolist()
    assert spread_by_class(ids[:0], class_ids[:0], 5).tolist() == []


def test_from_nothing_the_features_are_frozen_at_the_first_seal(begin: Begin, label: Label, inputs: Inputs) -> None:
    learner = begin(None, features=256)
    assert learner.store.head.classes == () and learner.protected_count == 0 and learner.certified_version is None
    teach(learner, label(3, 10) + label(4, 10, first=20))
    assert learner.store.head.banks[0].delta == np.inf
    record = learner.seal_and_protect()
    assert record is not None and learner.protected_count == 20 and learner.certified_version == record.version
    phi, normaliser = learner.store.head.phi, learner.store.head.normaliser
    teach(learner, label(5, 30, first=50))
    head = learner.store.head
    assert head.phi is phi and head.normaliser is normaliser and head.banks[1].delta == 0.05
    for class_id in (3, 4, 5):
        assert share_right(learner, class_id, inputs(class_id, 30, seed=6)) >= 0.9
    assert learner.audit_all().bits_changed == 0


def test_from_nothing_a_seal_that_protects_nothing_is_a_seal(begin: Begin, label: Label) -> None:
    learner = begin(None, protected=0)
    teach(learner, label(3, 5))
    record = learner.seal_and_protect()
    assert record is not None and record.reason.words.endswith("5 examples, 0 of them protected")
    assert teach(learner, label(4, 5, first=20))[-1].kind == "learned"
    assert [bank.sealed for bank in learner.store.head.banks] == [True, False]


def test_what_is_sealed_stays_learned_and_forgetting_says_so(small: BaseModel, begin: Begin, label: Label) -> None:
    learner = begin(small)
    teach(learner, label(3, 6))
    learner.seal_and_protect()
    teach(learner, label(4, 6, first=20))
    head = learner.store.head
    record = learner.forget([0, 1, 20])
    assert record is not None and record.kind == "rejected" and record.version is None
    assert (
        record.reason.words == "2 examples sealed in bank 1 cannot be unlearned: roll back to v2 to go before the seal"
    )
    assert learner.store.head is head
    learner.step()
    assert learner.training.learned.tolist() == [21, 22, 23, 24, 25]
    assert learner.store.head.banks[0] is head.banks[0]
    assert learner.forget([21, 999]) is None


def test_a_protected_example_that_is_relabelled_is_released_and_becomes_right(
    base: BaseModel, begin: Begin, label: Label
) -> None:
    learner = begin(base)
    teach(learner, label(3, 6))
    learner.seal_and_protect()
    teach(learner, label(4, 6, first=20))
    count, wrong = learner.protected_count, label(3, 6)[4]
    assert wrong.id in learner.training.protected.ids
    released = learner.absorb([replace(wrong, class_id=5)])
    assert released is not None and released.kind == "released"
    assert released.reason.words == "1 protected input relabelled: the answers may move"
    assert learner.protected_count == count - 1 and wrong.id not in learner.training.protected.ids
    learner.add_class(5)
    (record,) = teach(learner, [])
    assert record.kind == "learned" and record.new_examples == ((5, 1),)
    answer = Plan(learner.store.head).answer(wrong.features)
    assert learner.store.head.classes[answer.top] == 5
    assert learner.audit_all().bits_changed == 0
    # Taken back, it is learned as it was sealed, and nothing more; it stays released.
    learner.absorb([wrong])
    learner.step()
    assert wrong.id not in learner.training.learned and learner.protected_count == count - 1


def test_released_inputs_leave_the_contract_and_a_roll_back_brings_them_back(
    small: BaseModel, begin: Begin, label: Label
) -> None:
    learner = begin(small)
    teach(learner, label(3, 6))
    before, count = learner.store.head.version, learner.protected_count
    record = learner.release([0, 2, 2])
    assert record is not None and record.reason.words == "2 protected inputs released: the answers may move"
    assert learner.protected_count == count - 2 and learner.audit_all().checked == count - 2
    rest = np.delete(small.protected, [0, 2], 0)
    assert learner.training.protected.inputs.tobytes() == rest.tobytes()
    assert learner.release([]) is None
    learner.roll_back(before)
    assert learner.protected_count == count and learner.audit_all().bits_changed == 0


def test_growth_is_refused_with_a_reason(small: BaseModel, begin: Begin, label: Label) -> None:
    learner = begin(small, max_banks=1)
    teach(learner, label(3, 4))
    learner.seal_and_protect()
    teach(learner, label(4, 4, first=20))
    head = learner.store.head
    record = learner.seal_and_protect()
    assert (
        record is not None
        and record.kind == "rejected"
        and "the most that serving stays quick with" in record.reason.words
    )
    assert learner.store.head is head
    assert teach(learner, label(5, 4, first=40))[-1].kind == "learned"


def test_where_no_bank_can_be_sealed_any_more_the_learning_bank_stays_small_and_what_waits_is_learned_later(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = begin(small, max_banks=1, seal_at=10)
    for first in range(0, 60, 4):
        teach(learner, label(3 + first % 3, 4, first=first))
        assert len(learner.training.learned) <= 10
    assert len(learner.training.seals) == 1
    assert learner.training.learned.tolist() == list(range(10, 20))
    assert learner.crowded == learner.refusal == NoRoom(40, NoMoreBanks(1))
    assert learner.waiting_for(4) and not learner.pending
    learner.forget(range(10, 56))
    settled(learner)
    assert learner.training.learned.tolist() == [56, 57, 58, 59] and learner.crowded is learner.refusal is None


def test_what_a_crowded_bank_has_learned_already_stays(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = begin(small, max_banks=1, seal_at=100)
    teach(learner, label(3, 4))
    learner.seal_and_protect()
    teach(learner, label(4, 12, first=20))
    # As if it had been learned when a bank could be larger.
    learner.settings = replace(learner.settings, seal_at=6)
    teach(learner, label(5, 3, first=10))
    assert learner.training.learned.tolist() == list(range(20, 32)) and learner.crowded.waiting == 3
    learner.forget(range(20, 30))
    settled(learner)
    assert learner.training.learned.tolist() == [10, 11, 12, 30, 31] and learner.crowded is None


def test_a_refused_relabel_is_not_sealed_with_the_bank(base: BaseModel, begin: Begin, label: Label) -> None:
    """What is folded in is what `head` learned, not what was refused since."""
    learner = begin(base, max_rounds=1)
    examples = label(3, 6)
    teach(learner, examples)
    near = [Example(50 + i, 4, 0, raw + np.float32(0.05), 0, 1) for i, raw in enumerate(base.protected[:12])]
    refused = teach(learner, [replace(examples[0], class_id=4), *near])
    assert [record.kind for record in refused] == ["rejected"]
    learner.seal_and_protect()
    assert learner.training.seals[0].ids.tolist() == [0, 1, 2, 3, 4, 5]
    assert learner.training.sums is not None and learner.training.sums.classes == (0, 1, 2, 3)


# -- rolling back ---------------------------------------------------------------------------------------------------


def test_rolling_back_restores_rule_mode_and_dials(small: BaseModel, begin: Begin, label: Label) -> None:
    learner = begin(small)
    learner.set_openness(0.1, math.inf)
    teach(learner, label(3, 4))
    version = learner.store.head.version
    learner.set_openness(-0.4, 0.3)
    learner.set_mode(Mode.ROUTING)
    teach(learner, label(4, 4, first=20))
    learner.roll_back(version)
    assert (learner.settings.tau, learner.settings.delta, learner.mode) == (0.1, math.inf, Mode.BOTH)
    learner.set_mode(Mode.OFF)
    learner.roll_back(0)
    assert learner.mode is Mode.OFF and learner.settings.tau == LearnerSettings().tau


def test_rolling_back_before_a_seal_restores_what_the_learner_stood_on_and_parks_the_rest(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = begin(small, protected=10)
    teach(learner, label(3, 6))
    before, training = learner.store.head, learner.training
    teach(learner, label(4, 4, first=20))
    learner.seal_and_protect()
    teach(learner, label(5, 4, first=40))
    assert learner.protected_count == 34

    record = learner.roll_back(before.version)
    head = learner.store.head
    assert (record.kind, record.to_version, record.version) == ("rolled back", before.version, head.version)
    assert record.reason.words == f"rolled back to v{before.version}" == head.reason
    assert head.banks == before.banks and head.base is before.base
    assert head.classes == (*before.classes, 4, 5), "classes that live now go on living"
    assert learner.protected_count == 24 and learner.certified_version == 0
    assert learner.training.sums is training.sums and learner.training.seals == ()
    assert learner.training.learned.tolist() == list(range(6))
    assert learner.parked == {*range(20, 24), *range(40, 44)}
    assert learner.waiting_for(4) and learner.waiting_for(5) and not learner.pending

    teach(learner, label(3, 2, first=60, seed=5))
    assert learner.training.learned.tolist() == [*range(6), 60, 61]
    learner.resume_parked()
    (record,) = settled(learner)
    assert record.new_examples == ((4, 4), (5, 4)) and not learner.parked
    assert learner.audit_all().checked == 24 and learner.audit_all().bits_changed == 0


def test_rolling_back_past_a_seal_and_forward_again(small: BaseModel, begin: Begin, label: Label) -> None:
    learner = begin(small, protected=10)
    teach(learner, label(3, 6))
    learner.seal_and_protect()
    teach(learner, label(4, 4, first=20))
    newest = learner.store.head
    learner.roll_back(0)
    assert learner.protected_count == 24 and learner.store.head.banks == ()
    learner.roll_back(newest.version)
    assert learner.store.head.digest == newest.digest and learner.protected_count == 30
    assert learner.audit_all().checked == 30 and learner.audit_all().bits_changed == 0


def test_a_version_that_was_gone_back_to_stays_whatever_was_taken_back_or_relabelled_since(
    small: BaseModel, label: Label, settled: Settled
) -> None:
    examples = label(3, 6)

    def fetch(ids: Sequence[int]) -> list[Example]:
        return [examples[i] for i in ids]

    learner = Learner.begin(small, LearnerSettings(features=64), fetch=fetch)
    teach(learner, examples)
    first = learner.store.head
    learner.forget([2])
    learner.absorb([replace(examples[1], class_id=0)])
    settled(learner)
    now, weights = learner.store.head, learner.store.head.banks[-1].ids
    assert 2 not in learner.training.learned and learner.training.published()[1] == 0

    record = learner.roll_back(first.version)
    assert learner.parked == {1, 2} and record.waiting == 2 and not learner.pending and not settled(learner)
    assert learner.store.head.digest == first.digest

    # What is learned there branches off; what is said of an example again counts.
    teach(learner, label(4, 3, first=20))
    assert learner.training.published() == {**dict.fromkeys(range(6), 3), **dict.fromkeys(range(20, 23), 4)}
    learner.forget([2])
    settled(learner)
    assert 2 not in learner.training.learned and learner.training.published()[1] == 3 and learner.parked == {1}

    learner.roll_back(first.version)
    assert learner.parked == {1, 2, 20, 21, 22}
    learner.roll_back(now.version)
    assert learner.parked == {20, 21, 22} and not settled(learner)
    assert learner.store.head.banks[-1].ids == weights

    learner.roll_back(first.version)
    learner.forget([20, 21, 22])
    learner.resume_parked()
    settled(learner)
    assert learner.store.head.banks[-1].ids["R"] == weights["R"] and not learner.parked


def test_what_was_taken_back_and_is_nowhere_any_more_stays_taken_back(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = begin(small)
    teach(learner, label(3, 6))
    learner.forget([2])
    settled(learner)
    learner.roll_back(2)
    (record,) = settled(learner)
    assert record.reason.words == "forgot 1 example" and 2 not in learner.training.learned


def test_a_version_that_never_was_cannot_be_rolled_back_to(small: BaseModel, begin: Begin, label: Label) -> None:
    learner = begin(small)
    teach(learner, label(3, 2))
    head = learner.store.head
    with pytest.raises(BadInputError, match="Version 44 does not exist"):
        learner.roll_back(44)
    assert learner.store.head is head and not learner.parked


# -- what a session keeps --------------------------------------------------------------------------------------------


class Kept:
    """Versions and training as a session keeps them: as arrays and metadata."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Any, Any]] = {}
        self.asked: list[int] = []

    def keep(self, learner: Learner) -> None:
        head = learner.store.head
        self._kept[head.version] = (head.to_arrays_and_meta(), learner.training.to_arrays())

    def recall(self, version: int) -> tuple[Snapshot, TrainingState] | None:
        self.asked.append(version)
        if version not in self._kept:
            return None
        snapshot, training = self._kept[version]
        return Snapshot.from_arrays_and_meta(*snapshot), TrainingState.from_arrays(*training)

    def opened(self, version: int, settings: Any, **more: Any) -> Learner:
        found = self.recall(version)
        assert found is not None
        return Learner(*found, settings, recall=self.recall, next_version=version + 1, **more)


def kept_history(small: BaseModel, begin: Begin, label: Label) -> tuple[Learner, Kept, list[Example]]:
    learner, kept = begin(small, protected=10), Kept()
    kept.keep(learner)
    examples: list[Example] = []
    for place, class_id in enumerate((3, 3, 4, 5)):
        fresh = label(class_id, 4, first=20 * place, seed=place)
        examples += fresh
        teach(learner, fresh)
        kept.keep(learner)
        if place == 1:
            learner.seal_and_protect()
            kept.keep(learner)
    return learner, kept, examples


def test_a_training_state_survives_its_arrays_byte_for_byte(small: BaseModel, begin: Begin, label: Label) -> None:
    learner, _, _ = kept_history(small, begin, label)
    training = learner.training
    again = TrainingState.from_arrays(*training.to_arrays())
    assert again.published() == training.published() and again.every() == training.every()
    assert again.certified == training.certified == 4
    assert again.sums is not None and training.sums is not None
    for name in ("A0", "B0", "b_r"):
        assert getattr(again.sums, name).tobytes() == getattr(training.sums, name).tobytes()
    assert again.sums.classes == training.sums.classes
    assert [(s.bank, s.before, s.ids.tolist()) for s in again.seals] == [(1, 3, [0, 1, 2, 3, 20, 21, 22, 23])]
    for a, b in zip(again.protected.cohorts, training.protected.cohorts, strict=True):
        assert (a.classes, a.banks) == (b.classes, b.banks)
        assert a.inputs.tobytes() == b.inputs.tobytes() and a.reference.tobytes() == b.reference.tobytes()
    arrays, meta = training.to_arrays()
    with pytest.raises(KeyError):
        TrainingState.from_arrays({name: a for name, a in arrays.items() if name != "labels"}, meta)


def test_an_opened_learner_goes_on_as_if_nothing_had_happened(
    small: BaseModel, begin: Begin, label: Label, inputs: Inputs
) -> None:
    learner, kept, examples = kept_history(small, begin, label)
    newest = learner.store.head
    opened = kept.opened(newest.version, learner.settings, examples=examples, next_seq=31)
    assert opened.store.head.digest == newest.digest and not opened.pending
    assert opened.protected_count == learner.protected_count and opened.certified_version == 4
    assert opened.audit_all().bits_changed == 0 and opened.evidence() is not None
    more = label(4, 3, first=200)
    (record,) = teach(opened, more)
    teach(learner, more)
    assert opened.store.head.digest == learner.store.head.digest
    assert (record.seq, record.version) == (31, newest.version + 1)


def test_versions_that_memory_lets_go_are_recalled(small: BaseModel, begin: Begin, label: Label) -> None:
    learner, kept, examples = kept_history(small, begin, label)
    newest = learner.store.head
    opened = kept.opened(newest.version, learner.settings, examples=examples)
    kept.asked.clear()
    assert opened.recalled(2).digest == learner.store.get(2).digest
    record = opened.roll_back(2)
    assert kept.asked == [2]
    assert record.version == newest.version + 1 and record.bits_changed == 0
    assert opened.store.head.banks[0].ids == learner.store.get(2).banks[0].ids
    assert opened.training.learned.tolist() == [0, 1, 2, 3] and opened.protected_count == 24
    assert opened.parked == {e.id for e in examples[4:]}
    assert opened.evidence() is not None
    with pytest.raises(BadInputError, match="Version 99 does not exist"):
        opened.roll_back(99)


def test_labels_taken_back_or_changed_before_a_crash_are_unlearned_after_it(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    """The session knew of the undo and of the new label; the version that should follow was never made."""
    learner, kept, examples = kept_history(small, begin, label)
    taken_back, changed = examples[-1], replace(examples[-2], class_id=3)
    now = [*examples[:-2], changed]
    opened = kept.opened(learner.store.head.version, learner.settings, examples=now)
    assert opened.pending
    (record,) = settled(opened)
    assert record.reason.words == "learned from 1 example of class 3, forgot 1 example"

    learner.forget([taken_back.id])
    learner.absorb([changed])
    settled(learner)
    assert opened.store.head.digest == learner.store.head.digest


def test_what_is_held_is_held_over_a_restart(small: BaseModel, begin: Begin, label: Label, settled: Settled) -> None:
    learner, kept, examples = kept_history(small, begin, label)
    standing, asked = examples[1:], []

    def fetch(ids: Sequence[int]) -> list[Example]:
        asked.extend(ids)
        return [example for example in examples if example.id in ids]

    opened = kept.opened(2, learner.settings, examples=standing, parked=[examples[0].id, examples[-1].id], fetch=fetch)
    assert asked == [examples[0].id] and examples[0].id in opened.training.learned
    assert opened.parked == {examples[0].id, examples[-1].id}
    others = [e for e in standing if e.id not in opened.training.every() and e.id != examples[-1].id]
    assert opened.pending == bool(others)
    opened.resume_parked()
    settled(opened)
    assert examples[0].id not in opened.training.every() and not opened.parked


def test_parked_labels_stay_parked_over_a_restart(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner, kept, examples = kept_history(small, begin, label)
    learner.roll_back(2)
    kept.keep(learner)
    version = learner.store.head.version
    opened = kept.opened(version, learner.settings, examples=examples, parked=learner.parked)
    assert not opened.pending and opened.parked == learner.parked
    opened.resume_parked()
    learner.resume_parked()
    assert settled(opened) and settled(learner)
    assert opened.store.head.digest == learner.store.head.digest
