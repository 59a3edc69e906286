"""The history of snapshots: publish, pin, roll back, and a bound on what is held."""

from __future__ import annotations

import pytest

from dgstudio.errors import BadInputError
from dgstudio.model.snapshot import Snapshot
from dgstudio.model.store import PLANS, RECENT, SnapshotStore


def version(number, **changes):
    return Snapshot(version=number, temperature=1.0 + number, **changes)


@pytest.fixture
def store():
    return SnapshotStore(version(0))


def test_publishing_moves_head_and_serving(store):
    first = version(1)
    store.publish(first)
    assert store.head is first and store.serving is first and store.next_version == 2
    assert [s.version for s in store.history()] == [0, 1]
    assert store.ever(1, first.digest) and not store.ever(1, "0" * 32) and not store.ever(2, first.digest)


def test_a_number_never_means_two_things(store):
    store.publish(version(3))
    for number in (0, 2, 3):
        with pytest.raises(BadInputError, match="published before"):
            store.publish(version(number))
    assert store.head.version == 3 and store.next_version == 4


def test_pinning_holds_serving_while_head_goes_on(store):
    store.publish(version(1))
    store.pin(0)
    store.publish(version(2))
    assert (store.serving.version, store.head.version, store.pinned) == (0, 2, 0)
    store.unpin()
    assert (store.serving.version, store.pinned) == (2, None)


def test_rolling_back_publishes_the_old_content_again(store):
    store.publish(version(1))
    store.publish(version(2))
    store.pin(2)
    again = store.roll_back(1, classes=(7, 8), unix=2.5)
    assert again is store.head is store.serving and store.pinned is None
    assert (again.version, again.parent) == (3, 2)
    assert again.with_(classes=store.get(1).classes).digest == store.get(1).digest
    assert again.classes == (7, 8) and again.unix == 2.5 and "v1" in again.reason


def test_a_version_that_is_not_there_gets_a_sentence(store):
    for act in (store.get, store.pin, store.keep, lambda v: store.roll_back(v, classes=(), unix=0.0)):
        with pytest.raises(BadInputError, match="does not exist"):
            act(9)
    assert store.serving.version == 0 and store.pinned is None


def test_history_is_bounded_and_spares_what_is_needed():
    store = SnapshotStore(version(0), max_kept=RECENT + 16)
    for number in range(1, 400):
        store.publish(version(number))
        if number == 5:
            store.keep(5)
        if number == 9:
            store.pin(9)
        assert len(store.history()) <= RECENT + 16 + 2
    held = {s.version for s in store.history()}
    assert {0, 5, 9} | set(range(400 - RECENT, 400)) <= held
    assert store.serving.version == 9 and store.holds(5)
    gone = next(number for number in range(1, 400) if number not in held)
    with pytest.raises(BadInputError, match="thinned out"):
        store.get(gone)
    assert store.ever(gone, version(gone).digest)
    assert not store.ever(gone, version(gone + 1).digest) and not store.ever(10**6, version(gone).digest)


def test_an_older_version_can_be_held_again_and_counts_against_the_bound():
    store = SnapshotStore(version(0), max_kept=RECENT)
    for number in range(1, 300):
        store.publish(version(number))
    for number in range(1, 200):
        old = version(number)
        store.adopt(old)
        assert store.get(number) is old and len(store.history()) <= RECENT + 2
    assert store.head.version == store.serving.version == 299 and store.next_version == 300
    with pytest.raises(BadInputError, match="not the one"):
        store.adopt(Snapshot(version=7))


def test_numbers_go_on_after_those_that_only_a_file_holds():
    store = SnapshotStore(version(4), next_version=40)
    with pytest.raises(BadInputError):
        store.publish(version(5))
    store.publish(version(40))
    assert store.next_version == 41


def test_whoever_answers_hears_of_a_version_before_it_serves(store):
    heard = []
    store.before_serving = lambda snapshot: heard.append((snapshot.version, store.serving.version))
    store.publish(version(1))
    store.pin(0)
    store.publish(version(2))
    store.unpin()
    assert heard == [(1, 0), (0, 1), (2, 0)]


def test_a_plan_is_compiled_once_as_long_as_it_is_asked_for_now_and_then(store):
    first = store.plan(store.head)
    assert first.snapshot is store.head and store.plan(store.head) is first
    others = [version(number) for number in range(1, 2 * PLANS)]
    for other in others:
        assert store.plan(other).snapshot is other and store.plan(store.head) is first
    for other in others[-PLANS:]:
        store.plan(other)
    again = store.plan(store.head)
    assert again is not first and again.snapshot is store.head, "it was let go of, and is made again"
