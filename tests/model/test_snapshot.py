"""Snapshots: immutable, identified by their content, sharing what did not change, made again from arrays."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.errors import BadInputError
from dgstudio.model.random_features import Features
from dgstudio.model.snapshot import Bank, Base, Normaliser, Snapshot, content_id


@pytest.fixture
def snapshot(make_snapshot):
    return make_snapshot(np.random.default_rng(1), banks=2)


def test_writing_into_any_array_raises(snapshot):
    assert len(snapshot.arrays()) == 14
    for array in snapshot.arrays().values():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_fields_cannot_be_set(snapshot):
    with pytest.raises(AttributeError):
        snapshot.classes = ()
    with pytest.raises(AttributeError):
        snapshot.base.W1 = np.zeros_like(snapshot.base.W1)


def test_a_snapshot_owns_its_arrays():
    mean = np.zeros(3, np.float32)
    normaliser = Normaliser(mean, np.ones(3))
    mean[:] = 7
    assert not normaliser.mean.any()


def test_digest_covers_every_array_to_its_last_bit(snapshot):
    for name in snapshot.arrays():
        arrays, meta = snapshot.to_arrays_and_meta()
        changed = arrays[name].copy()
        changed.ravel().view(np.uint32)[-1] ^= 1
        with pytest.raises(BadInputError, match="damaged"):
            Snapshot.from_arrays_and_meta(arrays | {name: changed}, meta)


def test_digest_tells_zero_from_minus_zero():
    plus, minus = (Snapshot(normaliser=Normaliser(np.array([zero]), np.ones(1))) for zero in (0.0, -0.0))
    assert plus.digest != minus.digest


def test_digest_covers_names():
    def digest(mean, scale):
        return Snapshot(normaliser=Normaliser(mean, scale)).digest

    one, two = np.ones(2), np.full(2, 2.0)
    assert len({digest(one, two), digest(two, one)}) == 2


def test_the_id_of_an_array_covers_its_shape():
    assert len({content_id(np.arange(6.0).reshape(shape)) for shape in ((2, 3), (3, 2), (6,))}) == 3


def test_digest_covers_what_an_answer_depends_on_and_nothing_else(snapshot):
    same = snapshot.with_(version=9, parent=8, unix=12.5, reason="learned", mode="off")
    assert same.digest == snapshot.digest
    bank = snapshot.banks[0]
    others = [
        snapshot.with_(temperature=2.0),
        snapshot.with_(classes=(1, 0, 2, 3)),
        snapshot.with_(base=replace(snapshot.base, k=2)),
        snapshot.with_(phi=replace(snapshot.phi, x_rms=2.0)),
        snapshot.with_(banks=(replace(bank, tau=0.5), *snapshot.banks[1:])),
        snapshot.with_(banks=(replace(bank, delta=float("inf")), *snapshot.banks[1:])),
        snapshot.with_(banks=snapshot.banks[::-1]),
    ]
    assert len({other.digest for other in others} | {snapshot.digest}) == len(others) + 1


def test_a_child_shares_every_array_that_did_not_change(snapshot):
    old = snapshot.banks[1]
    child = snapshot.with_(version=1, banks=(snapshot.banks[0], replace(old, w=old.w * 2)))
    before, after = snapshot.arrays(), child.arrays()
    assert {name for name in after if after[name] is not before[name]} == {"bank2.w"}


def test_stamps_follow_content(snapshot):
    base = snapshot.base
    W1 = base.W1.copy()
    W1[2, 0] += 1
    changed = replace(base, W1=W1)
    assert [a != b for a, b in zip(base.unit_stamps, changed.unit_stamps, strict=True)] == [j == 2 for j in range(8)]
    assert changed.routing_stamps == base.routing_stamps
    assert replace(changed, W1=base.W1.copy()).unit_stamps == base.unit_stamps


@given(st.integers(0, 2**32 - 1), st.integers(0, 2))
def test_arrays_and_meta_make_the_same_snapshot_again(seed, banks):
    rng = np.random.default_rng(seed)
    phi = Features(rng.normal(size=(4, 2)), rng.normal(size=4)) if banks else None
    made = tuple(
        Bank(i, rng.normal(size=5), rng.normal(size=(1, 5)), (i,), tau=rng.normal(), delta=rng.choice([0.2, np.inf]))
        for i in range(banks)
    )
    first = Snapshot(
        3, 2, (4, 1), 1.5, Normaliser.fit(rng.normal(size=(3, 2))), None, phi, made, "both", "learned", 8.25
    )
    again = Snapshot.from_arrays_and_meta(*first.to_arrays_and_meta())
    assert again.digest == first.digest
    plain = [f.name for f in fields(Snapshot) if f.name not in ("normaliser", "base", "phi", "banks")]
    assert [getattr(again, name) for name in plain] == [getattr(first, name) for name in plain]
    assert {n: a.tobytes() for n, a in again.arrays().items()} == {n: a.tobytes() for n, a in first.arrays().items()}


@pytest.mark.parametrize("gone", ["base.W1", "normaliser.mean", "phi.omega", "bank2.R"])
def test_a_missing_array_gets_a_sentence(snapshot, gone):
    arrays, meta = snapshot.to_arrays_and_meta()
    del arrays[gone]
    with pytest.raises(BadInputError):
        Snapshot.from_arrays_and_meta(arrays, meta)


@pytest.mark.parametrize("gone", ["classes", "banks", "base", "version"])
def test_missing_metadata_get_a_sentence(snapshot, gone):
    arrays, meta = snapshot.to_arrays_and_meta()
    del meta[gone]
    with pytest.raises(BadInputError, match="incomplete"):
        Snapshot.from_arrays_and_meta(arrays, meta)


def test_is_intact_finds_memory_that_changed_under_it(snapshot):
    assert snapshot.is_intact()
    array = snapshot.base.V
    array.flags.writeable = True
    array[0, 0] += 1
    assert not snapshot.is_intact()


def test_normaliser_floors_the_scale_and_clips(make_base):
    raw = np.array([[0.0, 0.0, 5.0], [10.0, 0.1, 5.0]])
    normaliser = Normaliser.fit(raw)
    np.testing.assert_allclose(normaliser.scale, [5.0, 0.25, 0.25])
    x = normaliser(np.array([1e9, -1e9, 5.0], np.float32))
    assert x.tolist() == [6.0, -6.0, 0.0] and x.dtype == np.float32


def test_normaliser_of_equal_rows_keeps_scale_one():
    assert Normaliser.fit(np.ones((4, 2))).scale.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("raw", [np.zeros((0, 3)), np.zeros(3), np.full((2, 2), np.nan)])
def test_normaliser_refuses_what_it_cannot_fit(raw):
    with pytest.raises(BadInputError):
        Normaliser.fit(raw)


def test_parts_that_do_not_fit_are_refused(snapshot):
    base, bank = snapshot.base, snapshot.banks[0]
    bad = [
        lambda: replace(base, k=0),
        lambda: replace(base, k=9),
        lambda: replace(base, b1=base.b1[:-1]),
        lambda: replace(base, classes=(0, 0, 1)),
        lambda: Base(base.theta, base.c, base.W1, base.b1, base.V[:, :1], base.b2[:1], 3, (0,)),
        lambda: replace(bank, classes=(2,)),
        lambda: replace(bank, tau=float("nan")),
        lambda: snapshot.with_(classes=(1, 1)),
        lambda: snapshot.with_(phi=None),
        lambda: snapshot.with_(temperature=0.0),
        lambda: snapshot.with_(banks=(bank, bank)),
        lambda: snapshot.with_(phi=Features(np.zeros((3, 6)), np.zeros(3))),
    ]
    for make in bad:
        with pytest.raises(BadInputError):
            make()
