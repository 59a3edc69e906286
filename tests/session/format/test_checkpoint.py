"""Checkpoints come back byte for byte, store each array once, and thin out with age."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dgstudio.errors import SessionError, SessionFormatError
from dgstudio.session.file import Session
from dgstudio.session.format.checkpoint import Checkpoint, ContentIds, content_id, decode, encode, versions_to_thin

DTYPES = st.sampled_from([np.dtype(code) for code in ("f2", "f4", "f8", "?", "i1", "u1", "i4", "i8", "u8", ">f4")])
ARRAYS = DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0)))
NAMES = st.text(min_size=1, max_size=12).filter(lambda name: name.isprintable())
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=6,
)


def blobs(session: Session) -> int:
    return int(session._database.read("SELECT count(*) FROM blob")[0][0])


@settings(max_examples=40, deadline=None)
@given(
    arrays=st.dictionaries(NAMES, ARRAYS, max_size=5),
    meta=st.dictionaries(st.text(st.characters(codec="utf-8")), PLAIN, max_size=4),
    learned=st.lists(st.integers(0, 2**62), max_size=9),
    kept=st.booleans(),
)
def test_any_checkpoint_comes_back_byte_for_byte(
    arrays: dict[str, np.ndarray], meta: dict[str, object], learned: list[int], kept: bool
) -> None:
    put = Checkpoint(5, None, "ab", arrays, meta, "bank sealed", "at 12:00", 1.5, np.array(learned, np.int64), kept)
    with tempfile.TemporaryDirectory() as folder:
        with Session.create(Path(folder) / "a.dgs") as session:
            session.put_checkpoint(put)
        with Session.open(Path(folder) / "a.dgs") as session:
            got = session.checkpoint(5)
            (info,) = session.checkpoints()
    assert list(got.arrays) == list(arrays)
    for name, array in arrays.items():
        little = array.astype(array.dtype.newbyteorder("<"))
        assert got.arrays[name].dtype == little.dtype
        assert got.arrays[name].shape == array.shape
        assert got.arrays[name].tobytes() == little.tobytes()
        assert not got.arrays[name].flags.writeable
    assert got.meta == meta
    assert got.learned.dtype == np.int64
    assert got.learned.tolist() == learned
    for value in (got, info):
        assert (value.version, value.parent, value.digest, value.kept) == (5, None, "ab", kept)
        assert (value.kind, value.reason, value.unix) == ("bank sealed", "at 12:00", 1.5)
    assert info.learned == len(learned)


def test_of_a_symmetric_matrix_half_is_stored(make_checkpoint: Callable[..., Checkpoint]) -> None:
    half = np.random.default_rng(0).normal(size=(60, 60)).astype(np.float32)
    whole = half + half.T
    whole[3, 3], whole[4, 7], whole[7, 4] = np.nan, -0.0, -0.0
    assert len(encode(whole)) < 0.6 * len(encode(half))
    nearly = whole.copy()
    nearly[7, 4] = 0.0
    for array in (whole, nearly, whole.astype(np.float64), np.ones((2, 2), bool), np.eye(1), np.zeros((0, 0))):
        assert decode(encode(array), content_id(array)).tobytes() == array.tobytes()
    assert len(encode(nearly)) > 1.5 * len(encode(whole)), "0.0 and -0.0 are not the same bits"
    with pytest.raises(SessionFormatError, match="is damaged"):
        decode(encode(whole), content_id(nearly))


def test_special_numbers_keep_their_bits() -> None:
    odd = np.array([0x7FC00001, 0x80000000, 0xFFC00000, 0x7F800000, 0x00000001], np.uint32).view(np.float32)
    with Session.memory() as session:
        session.put_checkpoint(Checkpoint(1, None, "", {"odd": odd}, {"delta": math.inf, "nan": math.nan}))
        got = session.checkpoint(1)
    assert got.arrays["odd"].view(np.uint32).tolist() == odd.view(np.uint32).tolist()
    assert got.meta["delta"] == math.inf
    assert math.isnan(got.meta["nan"])


def test_snapshot_and_protected_arrays_are_told_apart(make_checkpoint: Callable[..., Checkpoint]) -> None:
    with Session.memory() as session:
        session.put_checkpoint(make_checkpoint(1))
        got = session.checkpoint(1)
    assert set(got.snapshot) == {"base.theta", "bank0.w"}
    assert set(got.protected) == {"features"}


def test_an_array_is_stored_once_whatever_its_name(make_checkpoint: Callable[..., Checkpoint]) -> None:
    with Session.memory() as session:
        for version in range(1, 6):
            session.put_checkpoint(make_checkpoint(version))
        # Shared by all: base.theta and the protected features. Each its own: a router and the learned ids.
        assert blobs(session) == 2 + 5 + 5
        same = np.arange(16, dtype=np.float32)
        session.put_checkpoint(Checkpoint(9, 5, "", {"other name": same}, {}))
        assert blobs(session) == 12 + 1


def test_the_content_id_tells_dtype_shape_and_bytes_apart() -> None:
    zeros = [np.zeros(4, np.float32), np.zeros(4, np.int32), np.zeros((2, 2), np.float32), np.zeros(5, np.float32)]
    zeros += [-np.zeros(4, np.float32), np.zeros((0, 4), np.float32), np.zeros((4, 0), np.float32), np.zeros(())]
    assert len({content_id(array) for array in zeros}) == len(zeros)
    grid = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert content_id(grid.T) == content_id(grid.T.copy()) != content_id(grid)


def test_remembered_ids_are_never_those_of_another_array() -> None:
    content_ids = ContentIds()
    for value in range(200):
        array = np.full(3, value, np.float32)
        assert content_ids(array, "a") == content_id(array)
        array[0] = -1
        assert content_ids(array, "a") == content_id(array)
        array.flags.writeable = False
        assert content_ids(array, "a") == content_ids(array, "a") == content_id(array)
        writable = np.full(3, value, np.float32)
        view = writable[:]
        view.flags.writeable = False
        content_ids(view, "a")
        writable[:] = value + 0.5
        assert content_ids(view, "a") == content_id(view)
        del array


def test_a_version_put_again_replaces_the_first(make_checkpoint: Callable[..., Checkpoint]) -> None:
    with Session.memory() as session:
        session.put_checkpoint(make_checkpoint(3))
        session.put_checkpoint(Checkpoint(3, 1, "new", {"only": np.ones(2)}, {}))
        assert list(session.checkpoint(3).arrays) == ["only"]
        assert len(session.checkpoints()) == 1


@pytest.mark.parametrize(
    "bad",
    [
        Checkpoint(1, None, "", {"objects": np.array([object()])}, {}),
        Checkpoint(1, None, "", {"text": np.array(["a"])}, {}),
        Checkpoint(1, None, "", {"complex": np.zeros(2, np.complex64)}, {}),
        Checkpoint(1, None, "", {}, {"set": {1}}),
    ],
)
def test_what_cannot_be_stored_exactly_is_refused(bad: Checkpoint) -> None:
    with Session.memory() as session:
        with pytest.raises(SessionError, match="cannot be stored"):
            session.put_checkpoint(bad)
        assert session.checkpoints() == []
        assert blobs(session) == 0


def test_a_damaged_array_is_noticed_and_an_older_version_taken(make_checkpoint: Callable[..., Checkpoint]) -> None:
    with Session.memory() as session:
        for version in (1, 2, 3):
            session.put_checkpoint(make_checkpoint(version))
        session.set_references(2, 3)
        assert (session.head, session.serving) == (2, 3)
        latest = session.latest_checkpoint()
        assert latest is not None
        assert latest.version == 2
        damaged = content_id(latest.arrays["bank0.w"])
        (data,) = session._database.read("SELECT data FROM blob WHERE id = ?", (damaged,))[0]
        flipped = data[:-1] + bytes([data[-1] ^ 1])
        session._database.write("UPDATE blob SET data = ? WHERE id = ?", [(flipped, damaged)])
        with pytest.raises(SessionFormatError, match=r"Version 2 .* cannot be restored because the stored array"):
            session.checkpoint(2)
        latest = session.latest_checkpoint()
        assert latest is not None
        assert latest.version == 3
        assert any("Version 2" in problem for problem in session.report.problems)
        session._database.write("UPDATE checkpoint SET meta = '{}' WHERE version = ?", [(3,)])
        session._database.write("DELETE FROM checkpoint_array WHERE version = ? AND name = 'bank0.w'", [(1,)])
        assert session.latest_checkpoint() is None
        with pytest.raises(SessionError, match="has no version 77"):
            session.checkpoint(77)


def test_thinning_keeps_what_was_kept_for_good_and_frees_the_rest(make_checkpoint: Callable[..., Checkpoint]) -> None:
    with Session.memory() as session:
        assert session.latest_checkpoint() is None
        for version in range(1, 41):
            session.put_checkpoint(make_checkpoint(version, kept=version in (3, 17)))
        session.set_references(40, 12)
        assert session.keep_checkpoint(20)
        assert not session.keep_checkpoint(99)
        dropped = session.thin_checkpoints(6)
        left = [info.version for info in session.checkpoints()]
        assert {3, 12, 17, 20, 40} <= set(left)
        assert len(left) == 5 + 6
        assert sorted(dropped + left) == list(range(1, 41))
        for version in left:
            assert session.checkpoint(version).digest == make_checkpoint(version).digest
        assert blobs(session) == 2 + 2 * len(left)
        assert session.keep_checkpoint(3, kept=False)
        session.thin_checkpoints(0)
        assert [info.version for info in session.checkpoints()] == [12, 17, 20, 40]


def test_an_interrupted_thinning_changes_nothing(make_checkpoint: Callable[..., Checkpoint]) -> None:
    with Session.memory() as session:
        for version in range(1, 11):
            session.put_checkpoint(make_checkpoint(version))

        def thin_and_fail() -> None:
            with session.batch():
                session.thin_checkpoints(2)
                raise KeyError

        with pytest.raises(KeyError):
            thin_and_fail()
        assert [session.checkpoint(version).version for version in range(1, 11)] == list(range(1, 11))


@given(st.sets(st.integers(0, 5000), max_size=60), st.integers(0, 70))
def test_thinning_leaves_as_many_as_asked_and_the_newest(versions: set[int], keep: int) -> None:
    left = versions - set(versions_to_thin(list(versions), keep))
    assert len(left) == min(len(versions), keep)
    if left:
        assert max(left) == max(versions)


def test_thinned_again_and_again_the_new_are_dense_and_the_old_sparse() -> None:
    left: list[int] = []
    for version in range(1, 3001):
        left.append(version)
        dropped = set(versions_to_thin(left, 24))
        left = [kept for kept in left if kept not in dropped]
    gaps = np.diff(left)
    assert len(left) == 24
    assert left[-1] == 3000
    assert left[-4] >= 2985
    assert gaps[:6].mean() > 8 * gaps[-6:].mean()
    assert gaps.max() < 1500


def test_what_a_version_takes_is_what_the_one_before_it_lacks(
    tmp_path: Path, make_checkpoint: Callable[..., Checkpoint]
) -> None:
    size = 4096
    with Session.create(tmp_path / "a.dgs") as session:
        first, second = (session.put_checkpoint(make_checkpoint(version, size)) for version in (1, 2))
        assert first > second > 3 * size, "base and protected inputs are shared, the bank is not"
        assert session.put_checkpoint(make_checkpoint(2, size)) == second, "whether it was there or not"
        assert abs(session.put_checkpoint(make_checkpoint(1, size)) - second) < 200


def test_what_a_version_has_learned_is_read_without_its_weights() -> None:
    seal = {"protected.seal.0.ids": np.array([1, 4]), "protected.seal.0.labels": np.array([0, 0])}
    meta = {"footing": {"seals": [{"bank": 3, "before": 2}]}}
    with Session.memory() as session:
        for version in (5, 6):
            learned = {"protected.learned": np.arange(version), "protected.labels": np.ones(version, np.int64)}
            session.put_checkpoint(Checkpoint(version, None, "ab", {"W1": np.ones(3), **learned, **seal}, meta))
        five, six = session.learned_in(5), session.learned_in(6)
        assert five.labels() == {0: 1, 1: 1, 2: 1, 3: 1, 4: 1} and len(six.labels()) == 6
        assert five.parts[0].ids is six.parts[0].ids, "versions share what is sealed"
        with pytest.raises(SessionError, match="has no version 7"):
            session.learned_in(7)
        session.put_checkpoint(Checkpoint(8, None, "ab", {"W1": np.ones(3)}, {}))
        with pytest.raises(SessionFormatError, match="What version 8 has learned cannot be read"):
            session.learned_in(8)
        session._database.write("DELETE FROM blob WHERE id = ?", [(content_id(np.arange(6)),)])
        del six
        with pytest.raises(SessionFormatError, match="is missing"):
            session.learned_in(6)
