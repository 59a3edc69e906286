"""What neighbours say, on examples whose answer is known, and against a plain nearest-neighbour search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.engine.browse import label_noise
from dgstudio.engine.browse.label_noise import NEIGHBOURS, look_around, standardised
from dgstudio.model.snapshot import Normaliser


def clouds(takes_of, per_take=6, d=32, seed=1):
    """Takes of windows that do not overlap; `takes_of` has the class of each, whose cloud lies at 3 × class."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(takes_of, per_take)
    raw = (3.0 * labels[:, None] + rng.normal(size=(len(labels), d))).astype(np.float32)
    takes = np.repeat(np.arange(len(takes_of)), per_take)
    starts = np.arange(len(labels), dtype=float)
    return raw, labels.astype(np.int64), takes, np.stack([starts, starts + 0.9], 1)


def test_a_take_with_the_wrong_label_is_found_and_nothing_else():
    raw, labels, takes, spans = clouds([0] * 8 + [1] * 3, seed=3)
    given_labels = np.where(takes == 4, 1, labels)
    found = look_around(raw, given_labels, takes, spans)
    assert found.judged.all() and (found.voted == labels).all()
    assert set(takes[found.voted != given_labels]) == {4}
    assert not (found.conflicting | found.identical | found.near).any()


def test_windows_of_the_same_take_do_not_vouch_for_each_other_unless_there_is_no_other_take():
    raw, labels, takes, spans = clouds([0, 1, 1])
    # Class 0 has one take: windows of it that share no samples count, so it is not called mislabelled.
    found = look_around(raw, labels, takes, spans)
    assert found.judged.all() and (found.voted == labels).all()
    # Where they do overlap there is nothing to compare with.
    spans[takes == 0, 1] = spans[takes == 0].max()
    found = look_around(raw, labels, takes, spans)
    assert not found.judged[takes == 0].any() and found.judged[takes != 0].all()
    assert (found.voted == labels).all(), "what is not judged is not suspected"


def test_what_is_there_twice_and_what_conflicts():
    raw, labels, takes, spans = clouds([0, 0, 1, 1])
    raw[7] = raw[2]  # the same input, the same class, another take
    raw[13] = raw[20]
    labels[13] = 2  # the same input, another class
    raw[9] = raw[3] + 0.02 * standard_deviation(raw)  # nearly the same, another take
    raw[15] = raw[16]  # the same take: identical, yet its neighbours in time are always near
    found = look_around(raw, labels, takes, spans)
    assert set(np.flatnonzero(found.identical)) == {2, 7, 15, 16}
    assert set(np.flatnonzero(found.near)) == {2, 7, 3, 9}
    assert set(np.flatnonzero(found.conflicting)) == {13, 20}


def standard_deviation(raw):
    return Normaliser.fit(raw).scale


@given(st.integers(2, 40), st.integers(1, 5), st.integers(0, 2**31))
def test_the_vote_is_that_of_a_plain_search(count, classes, seed):
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(count, 3)).astype(np.float32)
    labels, takes = rng.integers(0, classes, count), rng.integers(0, 6, count)
    spans = np.stack([np.arange(count), np.arange(count) + 3.0], 1)
    found = look_around(raw, labels, takes, spans)
    x = standardised(raw, None).astype(np.float64)
    for i in range(count):
        alone = len(set(takes[labels == labels[i]])) == 1
        apart = (spans[:, 0] >= spans[i, 1]) | (spans[:, 1] <= spans[i, 0])
        allowed = (takes != takes[i]) | (apart if alone else False)
        allowed[i] = False
        assert found.judged[i] == (((labels == labels[i]) & allowed).sum() >= NEIGHBOURS)
        if not found.judged[i]:
            assert found.voted[i] == labels[i]
            continue
        rows = np.flatnonzero(allowed)
        away = ((x[rows] - x[i]) ** 2).sum(1)
        nearest = labels[rows[np.argsort(away, kind="stable")[:NEIGHBOURS]]]
        votes = np.bincount(nearest, minlength=classes)
        assert votes[found.voted[i]] == votes.max()
        if votes[labels[i]] == votes.max():
            assert found.voted[i] == labels[i], "a tie goes to its own label"


def test_of_very_many_a_spread_over_all_classes_is_compared_with(monkeypatch):
    monkeypatch.setattr(label_noise, "COMPARED_WITH", 60)
    raw, labels, takes, spans = clouds([0] * 30 + [1] * 2 + [2] * 30)
    wrong = np.where(takes == 7, 2, labels)
    found = look_around(raw, wrong, takes, spans)
    assert found.compared_with == 60
    assert (found.voted == labels).all() and found.judged.all()


def test_it_stops_when_nobody_wants_it_and_bears_numbers_that_are_not_finite():
    raw, labels, takes, spans = clouds([0, 0, 1])
    assert look_around(raw, labels, takes, spans, go_on=lambda: False) is None
    raw[3, 2], raw[4, 0] = np.nan, np.inf
    assert (look_around(raw, labels, takes, spans).voted == labels).all()
    nothing = look_around(raw[:0], labels[:0], takes[:0], spans[:0])
    assert len(nothing.voted) == 0 and nothing.compared_with == 0


def test_it_stands_on_the_learners_own_normaliser():
    raw, labels, takes, spans = clouds([0, 0, 1, 1])
    raw[:, 0] = 0
    # With a normaliser that flattens all but the first feature, nothing tells them apart.
    flat = Normaliser(np.zeros(32, np.float32), np.array([1] + 31 * [1e9], np.float32))
    assert look_around(raw, labels, takes, spans, flat).conflicting.all()
    assert not look_around(raw, labels, takes, spans).conflicting.any()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_examples_are_not_judged(count):
    raw, labels, takes, spans = clouds(list(range(count)), per_take=1)
    found = look_around(raw, labels, takes, spans)
    assert not found.judged.any() and (found.voted == labels).all()
