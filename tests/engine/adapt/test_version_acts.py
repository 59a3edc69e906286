"""Acts of a history: what belongs to one, going back and forward among them, with labels that are taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.engine.adapt.version_acts import VersionActKind, VersionActs
from dgstudio.engine.runtime.history import History
from dgstudio.reasons.published import BaseLoaded, LearnedFrom
from dgstudio.reasons.stored import Told
from dgstudio.session.file import Session
from dgstudio.session.format.rows import record_of, record_text
from dgstudio.types import Cause, CauseKind, PublishRecord, RecordKind, SetChange

Rigs = Callable[..., Any]
NEW, OTHER = "Badminton", "Walking"
TAKE, UNDONE = CauseKind.TAKE, CauseKind.UNDONE
FIRST = PublishRecord(0, RecordKind.INITIAL, 0, None, BaseLoaded(("a",)), 0.0, 0.0)


def told(*entries: tuple[Any, ...]) -> list[PublishRecord]:
    """Records after the first: (kind, cause), and for a roll-back the version; a second apart."""
    records, version = [FIRST], 0
    for seq, (kind, cause, *to) in enumerate(entries, 1):
        made = kind not in (RecordKind.REJECTED, RecordKind.PINNED, RecordKind.UNPINNED)
        parent = version
        version += made
        learned = ((cause.class_id or 0, 2),) if kind == RecordKind.LEARNED and cause and cause.kind == TAKE else ()
        records.append(
            PublishRecord(
                seq, kind, version if made else None, parent, LearnedFrom(forgot=0 if learned else 2), float(seq),
                float(seq), new_examples=learned, cause=cause, to_version=to[0] if to else None,
            )
        )  # fmt: skip
    return records


def acts_of(records: Sequence[PublishRecord]) -> VersionActs:
    acts = VersionActs(History(records))
    acts.sync()
    return acts


def kinds(acts: VersionActs) -> list[str]:
    return [acts[place].kind.value for place in range(len(acts))]


LEARNED, BACK = RecordKind.LEARNED, RecordKind.ROLLED_BACK


def test_a_take_is_one_act_however_often_it_publishes() -> None:
    one, two = Cause(TAKE, 4, 3), Cause(TAKE, 5, 1)
    acts = acts_of(
        told(
            (LEARNED, one), (RecordKind.REJECTED, one), (LEARNED, one), (LEARNED, two),
            (RecordKind.PROTECTED, None), (RecordKind.PINNED, None, 2), (RecordKind.UNPINNED, None, 4),
            (LEARNED, Cause(UNDONE, 9, 1)),
        )
    )  # fmt: skip
    assert kinds(acts) == ["began", "take", "take", "protected", "pinned", "unpinned", "undone"]
    first, second = acts[1], acts[2]
    assert (first.first, first.last, first.records) == (1, 3, 3)
    assert (first.published, first.rejected, first.class_id, dict(first.learned)) == (2, 1, 3, {3: 4})
    assert (first.before, first.version, second.before, second.version) == (0, 2, 2, 3)
    assert (first.began_time, first.time) == (1.0, 3.0)
    assert acts[4].to_version == 2 and acts[4].version is None
    assert [acts.of_record(number) for number in range(9)] == [0, 1, 1, 1, 2, 3, 4, 5, 6]


def test_an_import_is_one_act_with_its_classes_and_seals() -> None:
    cause = Cause(CauseKind.IMPORTED, 7)
    acts = acts_of(
        told((RecordKind.CLASS_ADDED, cause), (LEARNED, cause), (RecordKind.BANK_SEALED, cause), (LEARNED, cause))
    )
    assert kinds(acts) == ["began", "imported"] and acts[1].published == 4
    filled = Cause(TAKE, 1, 0)
    acts = acts_of(told((LEARNED, filled), (RecordKind.BANK_SEALED, filled), (LEARNED, filled)))
    assert kinds(acts) == ["began", "take", "sealed", "take"]


def test_what_an_earlier_dgstudio_kept_is_grouped_by_class_and_time() -> None:
    def old(seq: int, unix: float, fresh: int | None, forgot: int = 0) -> PublishRecord:
        new = () if fresh is None else ((fresh, 3),)
        return PublishRecord(seq, LEARNED, seq, seq - 1, LearnedFrom(forgot=forgot), 0.0, unix, new_examples=new)

    records = [FIRST, old(1, 1.0, 5), old(2, 1.4, 5), old(3, 1.8, 6), old(4, 30.0, 6), old(5, 30.2, None, 6)]
    acts = acts_of([*records, replace(records[-1], seq=6, version=None, kind=RecordKind.REJECTED, unix=30.3)])
    assert kinds(acts) == ["began", "learned", "learned", "learned", "forgot"]
    assert [acts[place].records for place in range(5)] == [1, 2, 1, 1, 2] and acts[4].rejected == 1


@given(
    st.lists(st.tuples(st.sampled_from(["take", "undone", "back", "reject", "pin"]), st.integers(0, 5)), max_size=40)
)
def test_taken_over_piece_by_piece_it_is_the_same(steps: list[tuple[str, int]]) -> None:
    entries: list[tuple[Any, ...]] = []
    for what, number in steps:
        versions = 1 + sum(entry[0] in (LEARNED, BACK) for entry in entries)
        entries.append(
            {
                "take": (LEARNED, Cause(TAKE, number, number % 2)),
                "undone": (LEARNED, Cause(UNDONE, number)),
                "back": (BACK, None, number % versions),
                "reject": (RecordKind.REJECTED, Cause(TAKE, number, 0)),
                "pin": (RecordKind.PINNED, None, 0),
            }[what]
        )
    records = told(*entries)
    whole, history = acts_of(records), History()
    grown = VersionActs(history)
    for record in records:
        length = len(grown)
        history.append(record)
        assert grown.sync() in (length, length - 1) and grown.sync() == len(grown)
    assert [grown[n] for n in range(len(grown))] == [whole[n] for n in range(len(whole))]
    everything = range(len(records))
    for version in [record.version for record in records if record.version is not None]:
        stands, back = whole.stands_for(version), whole.before(version, everything)
        # One step back is really earlier, and a step forward from there ends in an act that begins there.
        assert back is None or (back < stands and whole.place_of(back) != whole.place_of(stands))
        ahead = None if back is None else whole.after(back, everything)
        assert back is None or ahead is not None
        for place in range(len(whole)):
            origin = whole.origin(place)
            assert origin is None or origin < place


def test_back_and_forward_go_from_act_to_act_and_along_the_branch_that_was_last_been_on() -> None:
    one, two, three = (Cause(TAKE, n, 0) for n in range(3))
    # 0 · one 1,2 · two 3,4 · back to 2 (5) · three 6 · back to 2 (7)
    records = told(
        (LEARNED, one),
        (LEARNED, one),
        (LEARNED, two),
        (LEARNED, two),
        (BACK, None, 2),
        (LEARNED, three),
        (BACK, None, 5),
    )
    acts, kept = acts_of(records), range(8)
    assert acts.before(4, kept) == 2 and acts.before(2, kept) == 0 and acts.before(0, kept) is None
    assert acts.stands_for(7) == 2 and acts.before(7, kept) == 0
    assert acts.after(7, kept) == 6, "the branch that was left last"
    assert acts.after(1, kept) == 2, "the end of its own act"
    assert acts.after(6, kept) is None and acts.after(4, kept) is None
    assert acts.before(4, {0}) == 0, "what is no longer kept is passed over"
    went = acts_of([*records, PublishRecord(8, BACK, 8, 7, Told(""), 8.0, 8.0, to_version=4)])
    back = acts_of([*records, *(replace(FIRST, seq=8, kind=BACK, version=8 + n, parent=7 + n, to_version=(4, 2)[n])
                                for n in range(2))])  # fmt: skip
    assert went.after(2, range(9)) == 4 and back.after(9, range(10)) == 4
    assert acts.origin(3) == 1 and acts.origin(5) == 1 and acts.origin(4) is None


def test_causes_and_changes_survive_the_session_and_an_unknown_cause_does_not_hurt() -> None:
    record = replace(
        FIRST, cause=Cause(TAKE, 7, 2), change=SetChange(((3, 9, 2), (12, 12, 1)), ((1, 2),)), by_gradient=True
    )
    text = record_text(record)
    assert record_of((1, text)) == record
    assert record_of((1, text.replace('"take"', '"later"'))).cause is None
    with pytest.raises(ValueError):
        record_of((1, text.replace("[3,9,2]", "[3,99999999999,2]")))


def acts_in(rig: Any) -> VersionActs:
    return acts_of(list(rig.engine.learn.history))


def test_b_steps_back_act_by_act_and_stays_and_forward_goes_again(rigs: Rigs) -> None:
    rig = rigs()
    store, model, labels = rig.engine.learner.store, rig.engine.model, rig.engine.labels
    rig.teach(NEW, NEW)
    one = store.head
    rig.teach(NEW, NEW)
    two = store.head
    labels.undo()
    rig.settle()
    undone = store.head
    assert kinds(acts_in(rig)) == ["began", "class added", "take", "take", "undone"]
    weights = {one.version: one.digest, two.version: two.digest}

    def stands() -> str:
        rig.settle()
        assert not rig.engine.learner.pending
        return str(store.head.digest)

    # Back to before the undo: what the user took back stays learned there.
    model.roll_back()
    assert stands() == weights[two.version] and len(rig.engine.learner.parked) > 5
    model.roll_back()
    assert stands() == weights[one.version]
    model.roll_back()
    model.roll_back()
    rig.settle()
    assert acts_in(rig).stands_for(store.head.version) == 0
    model.roll_back()
    assert rig.heard("roll back").sentence == "There is no earlier version to go back to."
    for _ in range(2):
        model.go_forward()
    assert stands() == weights[one.version]
    model.go_forward()
    assert stands() == weights[two.version]
    model.go_forward()
    assert stands() == undone.digest and not rig.engine.learner.parked
    model.go_forward()
    rig.settle()
    assert "no later version" in rig.events("roll back")[-1].sentence
    rig.check_all()


def test_undo_walks_labels_and_leaves_the_model_where_b_put_it(rigs: Rigs) -> None:
    rig = rigs()
    store, model, labels = rig.engine.learner.store, rig.engine.model, rig.engine.labels
    rig.teach(NEW, NEW)
    one = store.head
    rig.teach(NEW, NEW)
    two = store.head
    model.roll_back()
    rig.settle()
    back = store.head
    # The second take's labels are not learned here, so to take them back, and forth, moves nothing.
    for walk in (labels.undo, labels.redo):
        walk()
        rig.settle()
        assert store.head is back and store.head.digest == one.digest
    # The first take's are: to take them back is heard.
    labels.undo()
    labels.undo()
    rig.settle()
    assert not len(rig.engine.learner.training.learned) and store.head.version == back.version + 1
    labels.redo()
    rig.settle()
    assert store.head.digest == one.digest
    labels.redo()
    model.resume_parked()
    rig.settle()
    assert store.head.digest == two.digest


def test_what_b_set_aside_is_still_set_aside_when_the_session_is_opened_again(rigs: Rigs, tmp_path: Any) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    rig.teach(NEW, NEW)
    one = rig.engine.learner.store.head.digest
    rig.engine.labels.undo()
    rig.settle()
    none = rig.engine.learner.store.head.digest
    rig.engine.model.roll_back()
    rig.settle()
    assert rig.engine.learner.store.head.digest == one
    assert rig.engine.stop() == []
    again = rigs(Session.open(tmp_path / "a.dgs"))
    again.settle()
    learner = again.engine.learner
    assert learner.store.head.digest == one and learner.parked == set(learner.training.learned.tolist())
    assert kinds(acts_in(again))[-3:] == ["take", "undone", "went back"]
    again.engine.model.resume_parked()
    again.settle()
    assert learner.store.head.digest == none and not learner.parked


def test_pins_and_dials_and_relabels_are_acts(rigs: Rigs) -> None:
    rig = rigs()
    first = rig.teach(NEW, NEW)
    second = rig.teach(OTHER, OTHER)
    engine, version = rig.engine, rig.engine.learner.store.head.version
    engine.labels.relabel([e.id for e in engine.book.of_class(second)][:3], first)
    rig.settle()
    engine.model.pin(version)
    engine.model.pin(version)
    engine.model.unpin()
    engine.model.unpin()
    engine.model.set_openness(-0.2, 0.2)
    rig.settle()
    acts = acts_in(rig)
    assert kinds(acts)[-4:] == ["relabelled", "pinned", "unpinned", "dials"]
    relabel, pinned = acts[len(acts) - 4], acts[len(acts) - 3]
    assert relabel.class_id == first and pinned.to_version == version
    assert VersionActKind.REJECTED.value not in kinds(acts)
    assert engine.stats().rejections == 0


def test_what_was_published_is_counted_over_all_runs_and_what_is_sealed_apart(rigs: Rigs, tmp_path: Any) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    rig.teach(NEW, NEW, 2)
    before = rig.engine.stats()
    assert before.published_ever == before.publishes and before.sealed == 0 < before.learned
    rig.engine.model.protect_now()
    rig.settle()
    assert rig.engine.stats().sealed == rig.engine.stats().learned == before.learned
    assert rig.engine.stop() == []
    again = rigs(Session.open(tmp_path / "a.dgs"))
    stats = again.engine.stats()
    assert stats.published_ever == before.publishes + 1 and stats.publishes == 0 and stats.sealed == before.learned
    again.teach(OTHER, OTHER)
    stats, acts = again.engine.stats(), acts_in(again)
    assert stats.published_ever == sum(acts[place].published for place in range(len(acts)))
