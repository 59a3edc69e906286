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


def plain_rule(x, labels, takes, spans):
    """The same by plain loops over takes; returns what each (take, label) is voted, and which are judged."""
    bouts = sorted(set(zip(takes.tolist(), labels.tolist(), strict=True)))
    rows = {bout: [i for i in range(len(x)) if (takes[i], labels[i]) == bout] for bout in bouts}
    far = {
        (a, b): np.mean([min(np.linalg.norm(x[i] - x[j]) for j in rows[b]) for i in rows[a]])
        for a in bouts
        for b in bouts
        if a[0] != b[0]
    }
    within, counts = {}, {}
    for bout in bouts:
        apart = {
            i: [
                np.linalg.norm(x[i] - x[j])
                for j in rows[bout]
                if i != j and (spans[j][0] >= spans[i][1] or spans[j][1] <= spans[i][0])
            ]
            for i in rows[bout]
        }
        nearest = [min(found) for found in apart.values() if found]
        within[bout] = np.mean(nearest) if nearest else np.nan
        others = sum(len(rows[b]) for b in bouts if b[1] == bout[1] and b[0] != bout[0])
        counts[bout] = others or max(len(found) for found in apart.values())
    judged = {bout: counts[bout] >= FEWEST for bout in bouts}
    voted, trusted = {bout: bout[1] for bout in bouts}, set(bouts)
    while True:
        worst = (1.0, None, None)
        for bout in trusted:
            means = {}
            for label in {b[1] for b in trusted if b[0] != bout[0]}:
                found = sorted(far[bout, b] for b in trusted if b[1] == label and b[0] != bout[0])
                means[label] = np.mean(found[:NEAREST])
            own = means.pop(bout[1], within[bout])
            if judged[bout] and means and np.isfinite(own):
                nearest = min(means, key=lambda c: means[c])
                worst = max(worst, (NEARER * own / means[nearest], bout, nearest), key=lambda found: found[0])
        if worst[1] is None:
            return voted, judged
        voted[worst[1]] = worst[2]
        trusted.remove(worst[1])


@given(st.integers(2, 40), st.integers(1, 5), st.integers(0, 2**31))
def test_the_verdicts_are_those_of_a_plain_search(count, classes, seed):
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(count, 3)).astype(np.float32)
    labels, takes = rng.integers(0, classes, count), rng.integers(0, 6, count)
    spans = np.stack([np.arange(count), np.arange(count) + 3.0], 1)
    found = look_around(raw, labels, takes, spans)
    voted, judged = plain_rule(standardised(raw, None).astype(np.float64), labels, takes, spans)
    for i in range(count):
        bout = (takes[i], labels[i])
        assert found.judged[i] == judged[bout] and found.voted[i] == voted[bout]


def windows_of(motions, activity, take, count):
    """Features of the first windows of a recorded take, and where they lie in it in seconds."""
    spec, features = motions.spec, SignalFeatures(motions.spec)
    rows = motions.takes[activity][take].astype(np.float32)
    starts = np.arange(0, count * spec.hop, spec.hop)
    raw = np.array([features(np.ascontiguousarray(rows[start : start + spec.window])) for start in starts])
    return raw, np.stack([starts, starts + spec.window], 1) / spec.rate


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
    raw = np.concatenate([part[0] for part, _ in parts])
    labels = np.repeat([label for _, label in parts], [len(part[0]) for part, _ in parts])
    takes = np.repeat(np.arange(len(parts)), [len(part[0]) for part, _ in parts])
    spans = np.concatenate([part[1] + 100.0 * number for number, (part, _) in enumerate(parts)])
    found = look_around(raw, labels, takes, spans)
    assert set(takes[found.voted != labels].tolist()) == {len(parts) - 1}
    assert (found.voted[takes == len(parts) - 1] == wrong).all() and (found.voted != labels).sum() == 35


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
