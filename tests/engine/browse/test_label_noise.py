"""What neighbours say, on examples whose answer is known, and against a plain nearest-neighbour search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.engine.browse import label_noise
from dgstudio.engine.browse.label_noise import FEWEST, NEARER, NEAREST, look_around, standardised
from dgstudio.model.snapshot import Normaliser
from dgstudio.streams.features import SignalFeatures


def clouds(takes_of, per_take=6, d=32, seed=1):
    """Takes of windows; `takes_of` has the class of each, whose cloud lies at 3 × class."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(takes_of, per_take)
    raw = (3.0 * labels[:, None] + rng.normal(size=(len(labels), d))).astype(np.float32)
    return raw, labels.astype(np.int64), np.repeat(np.arange(len(takes_of)), per_take)


def test_a_take_with_the_wrong_label_is_found_and_nothing_else():
    raw, labels, takes = clouds([0] * 8 + [1] * 3, seed=3)
    given_labels = np.where(takes == 4, 1, labels)
    found = look_around(raw, given_labels, takes)
    assert found.judged.all() and (found.voted == labels).all()
    assert set(takes[found.voted != given_labels]) == {4}
    assert not (found.conflicting | found.identical | found.near).any()


def test_of_the_only_take_of_a_class_nothing_is_said_right_or_wrong():
    raw, labels, takes = clouds([0, 1, 1, 2, 2])
    found = look_around(raw, labels, takes)
    assert not found.judged[takes == 0].any() and found.judged[takes != 0].all()
    assert (found.voted == labels).all(), "what is not judged is not suspected"
    # A take of class 1 as the only one of class 3: it used to vouch for itself, and count as judged and right.
    wrong = np.where(takes == 2, 3, labels)
    found = look_around(raw, wrong, takes)
    assert not found.judged[takes == 2].any() and (found.voted == wrong).all()
    # Another take of it, and the wrong one is found; the right one has no other to be compared with any more.
    raw, labels, takes = clouds([3, 1, 1, 2, 2, 1])
    wrong = np.where(takes == 5, 3, labels)
    found = look_around(raw, wrong, takes)
    assert set(takes[found.voted != wrong]) == {5} and (found.voted == labels).all()
    assert found.judged[takes == 5].all() and not found.judged[takes == 0].any()


def test_what_is_there_twice_and_what_conflicts():
    raw, labels, takes = clouds([0, 0, 1, 1])
    raw[7] = raw[2]  # the same input, the same class, another take
    raw[13] = raw[20]
    labels[13] = 2  # the same input, another class
    raw[9] = raw[3] + 0.02 * standard_deviation(raw)  # nearly the same, another take
    raw[15] = raw[16]  # the same take: identical, yet its neighbours in time are always near
    found = look_around(raw, labels, takes)
    assert set(np.flatnonzero(found.identical)) == {2, 7, 15, 16}
    assert set(np.flatnonzero(found.near)) == {2, 7, 3, 9}
    assert set(np.flatnonzero(found.conflicting)) == {13, 20}


def standard_deviation(raw):
    return Normaliser.fit(raw).scale


def plain_rule(x, labels, takes):
    """The same by plain loops over takes; returns what each (take, label) is voted, and which are judged."""
    bouts = sorted(set(zip(takes.tolist(), labels.tolist(), strict=True)))
    rows = {bout: [i for i in range(len(x)) if (takes[i], labels[i]) == bout] for bout in bouts}
    far = {
        (a, b): np.mean([min(np.linalg.norm(x[i] - x[j]) for j in rows[b]) for i in rows[a]])
        for a in bouts
        for b in bouts
        if a[0] != b[0]
    }
    counts = {a: sum(len(rows[b]) for b in bouts if b[1] == a[1] and b[0] != a[0]) for a in bouts}
    judged = {bout: counts[bout] >= FEWEST for bout in bouts}
    voted, trusted = {bout: bout[1] for bout in bouts}, set(bouts)
    while True:
        worst = (1.0, None, None)
        for bout in trusted:
            means = {}
            for label in {b[1] for b in trusted if b[0] != bout[0]}:
                found = sorted(far[bout, b] for b in trusted if b[1] == label and b[0] != bout[0])
                means[label] = np.mean(found[:NEAREST])
            own = means.pop(bout[1], None)
            if judged[bout] and means and own is not None:
                nearest = min(means, key=lambda c: means[c])
                worst = max(worst, (NEARER * own / means[nearest], bout, nearest), key=lambda found: found[0])
        if worst[1] is None:
            vouched = {b for b in bouts if any(o in trusted and o[1] == b[1] and o[0] != b[0] for o in bouts)}
            return voted, {b: judged[b] and (b not in trusted or b in vouched) for b in bouts}
        voted[worst[1]] = worst[2]
        trusted.remove(worst[1])


@given(st.integers(2, 40), st.integers(1, 5), st.integers(0, 2**31))
def test_the_verdicts_are_those_of_a_plain_search(count, classes, seed):
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(count, 3)).astype(np.float32)
    labels, takes = rng.integers(0, classes, count), rng.integers(0, 6, count)
    found = look_around(raw, labels, takes)
    voted, judged = plain_rule(standardised(raw, None).astype(np.float64), labels, takes)
    for i in range(count):
        bout = (takes[i], labels[i])
        assert found.judged[i] == judged[bout] and found.voted[i] == voted[bout]


def windows_of(motions, activity, take, count):
    """Features of the first windows of a recorded take."""
    spec, features = motions.spec, SignalFeatures(motions.spec)
    rows = motions.takes[activity][take].astype(np.float32)
    starts = np.arange(0, count * spec.hop, spec.hop)
    return np.array([features(np.ascontiguousarray(rows[start : start + spec.window])) for start in starts])


@pytest.mark.parametrize(("takes_each", "windows"), [(1, 60), (2, 42), (4, 21)])
def test_one_wrong_take_of_35_windows_flags_itself_and_none_of_the_good_ones_beside_it(motions, takes_each, windows):
    # It used to flag up to 173 windows, all 84 good ones of the right class among them: their nearest windows were
    # those of the wrong take, five of them at a time.
    parts = [
        (windows_of(motions, activity, take, windows), label)
        for label, activity in enumerate(sorted(motions.takes))
        for take in range(takes_each)
    ]
    wrong = sorted(motions.takes).index("Running")
    parts.append((windows_of(motions, "Running", 9, 35), (wrong + 2) % 4))
    raw = np.concatenate([part for part, _ in parts])
    labels = np.repeat([label for _, label in parts], [len(part) for part, _ in parts])
    takes = np.repeat(np.arange(len(parts)), [len(part) for part, _ in parts])
    found = look_around(raw, labels, takes)
    assert set(takes[found.voted != labels].tolist()) == {len(parts) - 1}
    assert (found.voted[takes == len(parts) - 1] == wrong).all() and (found.voted != labels).sum() == 35


def test_of_very_many_a_spread_over_all_classes_is_compared_with(monkeypatch):
    monkeypatch.setattr(label_noise, "COMPARED_WITH", 60)
    raw, labels, takes = clouds([0] * 30 + [1] * 2 + [2] * 30)
    wrong = np.where(takes == 7, 2, labels)
    found = look_around(raw, wrong, takes)
    assert found.compared_with == 60
    assert (found.voted == labels).all() and found.judged.all()


def test_it_stops_when_nobody_wants_it_and_bears_numbers_that_are_not_finite():
    raw, labels, takes = clouds([0, 0, 1])
    assert look_around(raw, labels, takes, go_on=lambda: False) is None
    raw[3, 2], raw[4, 0] = np.nan, np.inf
    assert (look_around(raw, labels, takes).voted == labels).all()
    nothing = look_around(raw[:0], labels[:0], takes[:0])
    assert len(nothing.voted) == 0 and nothing.compared_with == 0


def test_it_stands_on_the_learners_own_normaliser():
    raw, labels, takes = clouds([0, 0, 1, 1])
    raw[:, 0] = 0
    # With a normaliser that flattens all but the first feature, nothing tells them apart.
    flat = Normaliser(np.zeros(32, np.float32), np.array([1] + 31 * [1e9], np.float32))
    assert look_around(raw, labels, takes, flat).conflicting.all()
    assert not look_around(raw, labels, takes).conflicting.any()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_examples_are_not_judged(count):
    raw, labels, takes = clouds(list(range(count)), per_take=1)
    found = look_around(raw, labels, takes)
    assert not found.judged.any() and (found.voted == labels).all()
