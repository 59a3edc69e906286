"""The examples that stand as arrays: whatever changes, they are what a walk over all of them would give."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.engine.labels.example_table import ExampleArrays, distinct
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.reasons.stored import Told
from dgstudio.types import Act, Example, LabelChange, Take

NO_FEATURES = np.zeros(2, np.float32)


def example(identity: int, class_id: int, take_id: int = 0) -> Example:
    raw = np.zeros((3, 1), np.float32) if identity % 3 == 0 else None
    return Example(identity, class_id, take_id, NO_FEATURES, identity * 0.1, identity * 0.1 + 1, identity % 2 == 0, raw)


def assert_same(arrays: ExampleArrays, examples: list[Example]) -> None:
    walked = ExampleArrays.of(examples)
    assert [(e.id, e.class_id, e.take_id) for e in arrays.examples] == [(e.id, e.class_id, e.take_id) for e in examples]
    for field in fields(ExampleArrays)[1:]:
        assert np.array_equal(getattr(arrays, field.name), getattr(walked, field.name)), field.name
        assert getattr(arrays, field.name).dtype == getattr(walked, field.name).dtype, field.name


@given(
    st.sets(st.integers(0, 30)),
    st.lists(st.dictionaries(st.integers(0, 40), st.one_of(st.none(), st.integers(0, 4)), max_size=12), max_size=6),
)
def test_the_arrays_follow_any_changes(first: set[int], changes: list[dict[int, int | None]]) -> None:
    stands = {identity: example(identity, identity % 3) for identity in first}
    arrays = ExampleArrays.of([stands[identity] for identity in sorted(stands)])
    for change in changes:
        for identity, label in change.items():
            if label is None:
                stands.pop(identity, None)
            else:
                stands[identity] = example(identity, label)
        before = arrays, [array.copy() for array in (arrays.ids, arrays.class_ids)]
        arrays = arrays.after(set(change), {identity: stands[identity] for identity in change if identity in stands})
        assert_same(arrays, [stands[identity] for identity in sorted(stands)])
        assert all(np.array_equal(a, b) for a, b in zip((before[0].ids, before[0].class_ids), before[1], strict=True))


def test_a_book_hands_out_the_same_arrays_until_something_changes() -> None:
    book = LabelBook()
    book.restore([Take(0, 1, 0.0, 1.0, "s")], [example(i, 1) for i in range(6)], frozenset({4}))
    assert_same(book.as_arrays(), [example(i, 1) for i in (0, 1, 2, 3, 5)])
    assert book.as_arrays() is book.as_arrays()
    book.do(Act(7, "relabelled", Told("2 examples"), labels=(LabelChange(1, 3, (1, 2)),)))
    assert book.as_arrays().class_ids.tolist() == [1, 3, 3, 1, 1]
    book.do(Act(8, "deleted", Told("2 examples"), labels=(LabelChange(1, None, (0, 5)),)))
    assert book.as_arrays().ids.tolist() == [1, 2, 3] == [e.id for e in book.active_examples()]
    book.walk(back=True)
    book.walk(back=True)
    assert_same(book.as_arrays(), [example(i, 1) for i in (0, 1, 2, 3, 5)])
    book.note([example(9, 2, 1)])
    assert book.as_arrays().ids.tolist() == [0, 1, 2, 3, 5, 9]


@given(st.lists(st.integers(-5, 5)))
def test_distinct_is_each_once_and_ascending(values: list[int]) -> None:
    assert distinct(np.array(values, np.int64)).tolist() == sorted(set(values))


def test_labels_that_come_and_go_unseen_are_not_gathered() -> None:
    book = LabelBook()
    for take_id in range(20):
        noted = [example(4 * take_id + i, 1, take_id) for i in range(4)]
        book.note(noted)
        take = Take(take_id, 1, take_id * 1.0, take_id + 0.5, "s", examples=4)
        book.close_take(take, book.act_of(take))
        if take_id == 12:
            assert_same(book.as_arrays(), noted)
        book.walk(back=True)
    # Only the four that the arrays were told of must still be told that they are gone.
    assert book._touched == {48, 49, 50, 51}
    assert not book.as_arrays().examples
