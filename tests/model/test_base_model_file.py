"""Base files: what was saved comes back, and a damaged file gets a sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy

from dgstudio.errors import BadInputError
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.ood_reference import Known
from dgstudio.model.plan import Plan
from dgstudio.model.random_features import Features
from dgstudio.model.snapshot import Normaliser

D, HIDDEN = 6, 8


@pytest.fixture
def model(make_base):
    rng = np.random.default_rng(4)

    def draw(*shape):
        return rng.normal(size=shape).astype(np.float32)

    base = make_base(rng, D, HIDDEN, projection=4)
    return BaseModel(
        normaliser=Normaliser(draw(D), np.ones(D)),
        base=base,
        phi=Features(draw(10, D + HIDDEN), draw(10), base.W1.copy(), base.b1.copy(), 2.0, 3.0),
        A0=draw(11, 11),
        B0=draw(11, 3),
        b_r=draw(11),
        protected=draw(5, D),
        protected_labels=np.array([0, 1, 2, 0, 1], np.int32),
        dense=(draw(HIDDEN, D), draw(HIDDEN), draw(HIDDEN, 3), draw(3)),
        feature_names=tuple(f"feature {i}" for i in range(D)),
        class_names=("still", "drehen 🙂", "halt"),
        meta={"rate": 200.0, "temperature": 1.5, "accuracy": 0.75},
    )


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "new folder" / "small.safetensors")
    return tmp_path / "new folder" / "small.safetensors"


def test_what_was_saved_comes_back_byte_for_byte(model, path):
    again = BaseModel.load(path)
    assert again.snapshot().digest == model.snapshot().digest
    for name in ("A0", "B0", "b_r", "protected", "protected_labels"):
        was, now = getattr(model, name), getattr(again, name)
        assert now.dtype == was.dtype and now.tobytes() == was.tobytes()
    assert [a.tobytes() for a in again.dense] == [a.tobytes() for a in model.dense]
    assert (again.feature_names, again.class_names, again.meta) == (model.feature_names, model.class_names, model.meta)


def test_what_is_known_comes_along_and_older_files_do_without(model, path, tmp_path):
    assert BaseModel.load(path).known is None
    known = Known(np.ones(D), np.eye(2, D), np.ones(2), lead=0.5)
    replace(model, known=known).save(tmp_path / "knowing.safetensors")
    again = BaseModel.load(tmp_path / "knowing.safetensors")
    assert again.known.ids == known.ids and again.known.lead == 0.5
    assert again.snapshot().digest == replace(model, known=known).snapshot().digest != model.snapshot().digest


@pytest.mark.parametrize(
    "parts", [{"near": np.ones((2, D))}, {"near": np.ones((2, 3)), "reach": np.ones(2)}, {"lead": -1.0}]
)
def test_what_is_known_must_fit_together(parts):
    with pytest.raises(BadInputError):
        Known(np.ones(D), **parts)


def test_saving_twice_gives_the_same_file(model, path, tmp_path):
    BaseModel.load(path).save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_its_first_snapshot_answers_and_has_its_temperature(model):
    snapshot = model.snapshot()
    assert (snapshot.version, snapshot.parent, snapshot.classes, snapshot.temperature) == (0, None, (0, 1, 2), 1.5)
    assert Plan(snapshot).answer(model.protected[0]).top in (0, 1, 2)


def test_a_missing_file(tmp_path):
    with pytest.raises(BadInputError, match="does not exist"):
        BaseModel.load(tmp_path / "nothing.safetensors")


def test_a_folder(tmp_path):
    with pytest.raises(BadInputError, match="is a folder"):
        BaseModel.load(tmp_path)


@pytest.mark.parametrize("kept", [0, 5, 200, -1])
def test_a_truncated_file(path, kept):
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(BadInputError, match="cannot be read"):
        BaseModel.load(path)


def test_a_file_of_something_else(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("Not a model, but long enough to hold a header of some length.")
    with pytest.raises(BadInputError, match="cannot be read"):
        BaseModel.load(path)


def test_another_safetensors_file(tmp_path):
    path = tmp_path / "other.safetensors"
    safetensors.numpy.save_file({"weight": np.zeros(3, np.float32)}, path)
    with pytest.raises(BadInputError, match="not a base model"):
        BaseModel.load(path)
    safetensors.numpy.save_file({"weight": np.zeros(3, np.float32)}, path, metadata={"dgstudio": '{"format": "9"}'})
    with pytest.raises(BadInputError, match="another version"):
        BaseModel.load(path)


def test_one_changed_bit(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInputError, match="damaged"):
        BaseModel.load(path)


def test_parts_that_do_not_fit_are_refused(model):
    changes = [
        {"A0": model.A0[:-1]},
        {"B0": model.B0[:, :2]},
        {"b_r": model.b_r[:-1]},
        {"protected": model.protected[:, 1:]},
        {"protected_labels": model.protected_labels[1:]},
        {"dense": (*model.dense[:3], model.dense[3][:2])},
        {"feature_names": model.feature_names[1:]},
        {"class_names": ("one",)},
        {"normaliser": Normaliser(np.zeros(2), np.ones(2))},
    ]
    for change in changes:
        with pytest.raises(BadInputError):
            replace(model, **change)
