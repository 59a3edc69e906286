"""The data of the experiments: parts that share nothing, the same for a seed, and sentences for broken files."""

from __future__ import annotations

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.lab.data import FEWEST, features_of, load


def rows_of(X):
    return {row.tobytes() for row in np.ascontiguousarray(X)}


def write(path, **arrays):
    np.savez(path, **arrays)
    return path


def blobs(count=12, classes=3, dim=4, seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(classes), count)
    return (y[:, None] * 3.0 + rng.normal(size=(len(y), dim))).astype(np.float32), y


@pytest.mark.parametrize("seed", [0, 7])
def test_the_parts_of_the_digits_share_nothing_and_have_every_class(seed):
    data = load("digits", seed)
    parts = [rows_of(X) for X in (data.X_train, data.X_valid, data.X_test)]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert sum(map(len, parts)) == 1797
    for y in (data.y_train, data.y_valid, data.y_test):
        assert set(y.tolist()) == set(range(10))
    assert data.X_train.dtype == np.float32 and data.y_train.dtype == np.int64


def test_a_seed_gives_the_same_split_and_another_seed_another():
    first, again, other = load("digits", 3), load("digits", 3), load("digits", 4)
    assert first.X_test.tobytes() == again.X_test.tobytes() and first.X_valid.tobytes() == again.X_valid.tobytes()
    assert first.X_test.tobytes() != other.X_test.tobytes()


def test_no_sample_of_a_take_is_in_two_parts_of_basicmotions():
    data = load("basicmotions", 1)
    samples = {part: rows_of(windows.reshape(-1, 6)) for part, windows in data.windows.items()}
    still = {row for row in samples["train"] if not np.frombuffer(row, np.float32).any()}
    for a, b in (("train", "valid"), ("train", "test"), ("valid", "test")):
        # A few digits of the recording repeat by chance; a shared take would share a hundred rows.
        assert len(samples[a] & samples[b] - still) < 20
    assert [len(data.y_train), len(data.y_valid), len(data.y_test)] == [32 * 69, 8 * 69, 40 * 69]
    assert data.class_names == ("Standing", "Running", "Walking", "Badminton")


def test_the_features_of_basicmotions_are_those_of_its_windows():
    data = load("basicmotions")
    assert features_of(data.spec, data.windows["valid"][:5]).tobytes() == data.X_valid[:5].tobytes()


def test_a_file_says_what_to_test_on_or_is_split(tmp_path):
    X, y = blobs()
    split = load(write(tmp_path / "a.npz", X=X, y=y))
    assert len(split.y_train) + len(split.y_valid) + len(split.y_test) == 36 and len(split.y_test) == 9
    names = np.asarray(["slow", "fast", "calm"])
    told = load(write(tmp_path / "b.npz", X=X, y=names[y], X_test=X[:5] + 1, y_test=names[y[:5]]))
    assert told.class_names == ("calm", "fast", "slow")
    assert np.array_equal(told.X_test, X[:5] + 1) and told.y_test.tolist() == [2] * 5
    assert len(told.y_train) + len(told.y_valid) == 36


def test_classes_are_named_by_name_and_where_names_are_words_by_place(tmp_path):
    X, y = blobs()
    numbered = load(write(tmp_path / "a.npz", X=X, y=y + 4))
    assert numbered.class_ids(["6", " 4"]) == (2, 0)
    with pytest.raises(BadInputError, match="no class “0”: it has 4, 5, 6"):
        numbered.class_ids(["0"])
    motions = load("basicmotions")
    assert motions.class_ids(["badminton", "0"]) == (3, 0)
    with pytest.raises(BadInputError, match="twice"):
        motions.class_ids(["Badminton", "3"])


X, Y = blobs()
BROKEN = {
    "no array X": {"y": Y},
    "no array y": {"X": X},
    "no array y_test|X_test alone": {"X": X, "y": Y, "X_test": X},
    r"shape \(36,\)": {"X": X[:, 0], "y": Y},
    r"y \(35,\)": {"X": X, "y": Y[1:]},
    "row 3 of X holds a value that is not finite": {"X": np.where(np.arange(36)[:, None] == 3, np.nan, X), "y": Y},
    "one class only": {"X": X, "y": np.zeros(36, int)},
    f"at least {FEWEST}": {"X": X, "y": np.where(np.arange(36) < 2, 9, Y)},
    "give numbers": {"X": X.astype(str), "y": Y},
    "whole numbers or texts": {"X": X, "y": Y + 0.5},
    "“7”, which y never has": {"X": X, "y": Y, "X_test": X, "y_test": np.full(36, 7)},
    "4 columns and X_test 2": {"X": X, "y": Y, "X_test": X[:, :2], "y_test": Y},
    "is not a usable NPZ file": {"X": X, "y": np.asarray([object()] * 36)},
}


@pytest.mark.parametrize("says", BROKEN)
def test_a_broken_file_gets_a_sentence(tmp_path, says):
    with pytest.raises(BadInputError, match=says):
        load(write(tmp_path / "broken.npz", **BROKEN[says]))


def test_what_is_no_data_gets_a_sentence(tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    for name, says in (
        ("mnist", "no data “mnist”: choose digits, basicmotions"),
        (tmp_path / "none.npz", "no file"),
        (tmp_path / "text.npz", "is not a usable NPZ"),
    ):
        with pytest.raises(BadInputError, match=says):
            load(name)


def test_a_file_may_name_its_classes_and_features_and_say_what_was_one_take(tmp_path):
    X, y = blobs(count=30, classes=2)
    takes = np.arange(len(y)) // 5
    named = {"class_names": np.array(["rest", "walk", "never"]), "feature_names": np.array(list("abcd"))}
    data = load(write(tmp_path / "a.npz", X=X, y=y, takes=takes, **named), seed=1)
    assert data.class_names == ("rest", "walk") and data.feature_names == tuple("abcd")
    take_of = {row.tobytes(): take for row, take in zip(X, takes, strict=True)}
    parts = [{take_of[row.tobytes()] for row in part} for part in (data.X_train, data.X_valid, data.X_test)]
    assert sum(map(len, parts)) == 12 and len(set.union(*parts)) == 12
    for part in ("train", "valid", "test"):
        assert set(data.part(part)[1].tolist()) == {0, 1}


def test_takes_that_are_too_few_or_of_two_classes_and_names_that_do_not_fit_are_not_used(tmp_path):
    X, y = blobs(count=30, classes=2)
    plain = load(write(tmp_path / "a.npz", X=X, y=y))
    for n, takes in enumerate((np.arange(len(y)) // 30, np.arange(len(y)) % 10, np.zeros(3, int), np.ones(len(y)))):
        data = load(write(tmp_path / f"{n}.npz", X=X, y=y, takes=takes, class_names=np.array(["one"])))
        assert data.class_names == ("0", "1") and data.X_test.tobytes() == plain.X_test.tobytes()
    texts = load(write(tmp_path / "t.npz", X=X, y=np.array(["up", "down"])[y], class_names=np.array(["x", "y"])))
    assert texts.class_names == ("down", "up")
