"""The base models that ship: they know their classes, the locked bank can add one, and they are made reproducibly."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from dgstudio.engine.lifecycle.base_catalogue import SHIPPED, base_for
from dgstudio.errors import BadInputError
from dgstudio.lab import bases
from dgstudio.lab.bases import LabelledWindows
from dgstudio.learning.bank.base_model import REACH, assemble
from dgstudio.learning.bank.locked_bank import Sums
from dgstudio.learning.contract.contract import Contract
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.paths import asset, sample
from dgstudio.streams.pointer import PointerSource
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.streams.simulation.simulator import SimulatorSource
from dgstudio.types import Example, StreamSpec

SPEC = StreamSpec("small", "signal", 50.0, ("a", "b"), 0.2, 0.02)


def shipped(name):
    return BaseModel.load(asset(SHIPPED[name]))


def small_windows(seed, count=40):
    """Windows of two channels in three classes: calm, slow, fast."""
    rng = np.random.default_rng(seed)
    rows, labels, t = [], [], np.arange(SPEC.window)[:, None]
    for number in range(count):
        hz = (0.0, 0.1, 0.35)[number % 3]
        wave = np.sin(2 * np.pi * (hz * t + rng.random(2))) + 0.05 * rng.normal(size=(SPEC.window, 2))
        rows.append(bases.windows_of(SPEC, wave.astype(np.float32), np.zeros(SPEC.window, np.int16), 1)[0])
        labels.append(number % 3)
    return LabelledWindows(SPEC, np.concatenate(rows), np.asarray(labels))


@pytest.fixture(scope="module")
def small():
    return bases.build(small_windows(1, 120), small_windows(2), ("calm", "slow", "fast"), "a test", seed=5, steps=150)


def taught(model, rows, new=7):
    """Learn `rows` as class `new`: the contract proves and audits it; returns the plan."""
    head = model.snapshot().with_(classes=(*model.classes, new))
    contract = Contract(ProtectedSet().joined(Plan(head), model.protected, model.protected_labels))
    sums = Sums(model.A0, model.B0, model.b_r, model.classes)
    rule = LockedBankRule(LearnerSettings(), model.snapshot(), sums, model.protected)
    rule.absorb([Example(i, new, 0, row, 0.0, 0.0) for i, row in enumerate(rows)])
    candidate = rule.propose(head).with_(version=1)
    contract.prove(head, candidate)
    plan = Plan(candidate)
    audit = contract.audit(plan, 0, len(model.protected))
    assert audit.checked == len(model.protected) and audit.bits_changed == 0
    return plan


def share(plan, rows, class_id):
    return np.mean([plan.snapshot.classes[plan.answer(row).top] == class_id for row in rows])


@pytest.mark.parametrize("seed", [0, 11])
def test_the_simulators_base_knows_people_it_was_not_trained_on(seed):
    windows = bases.person_windows(seed, bases.SIMULATOR_CLASSES)
    assert bases.accuracy(shipped("simulator"), windows) >= 0.98


@pytest.mark.parametrize("gesture", ["circle", "tap", "wave"])
def test_a_gesture_learned_from_twenty_windows_is_known_in_another_person(gesture):
    model = shipped("simulator")
    teacher = bases.person_windows(0, (gesture,), every_s=0.1)
    plan = taught(model, teacher.raw[:20])
    other = bases.person_windows(31, (gesture, *bases.SIMULATOR_CLASSES), every_s=0.5)
    assert share(plan, teacher.raw[30:], 7) >= 0.95
    assert share(plan, other.raw[other.labels == 0], 7) >= 0.9
    for class_id in model.classes:
        assert share(plan, other.raw[other.labels == class_id + 1], class_id) >= 0.95


def test_the_motions_base_knows_its_test_takes_as_well_as_it_says():
    model = shipped("basic_motions")
    windows = bases.motions_windows("test", bases.MOTIONS_CLASSES)
    assert model.class_names == bases.MOTIONS_CLASSES
    every = LabelledWindows(windows.spec, windows.raw[::3], windows.labels[::3])
    assert bases.accuracy(model, every) >= 0.97
    assert model.meta["accuracy"] >= 0.97 and model.meta["held_out_windows"] == len(windows.labels)


def test_badminton_learned_from_two_takes_is_known_in_the_test_takes():
    model = shipped("basic_motions")
    taught_on = bases.motions_windows("train", ("Badminton",))
    windows_a_take = len(taught_on.raw) // 10
    plan = taught(model, taught_on.raw[: 2 * windows_a_take : 4])
    assert share(plan, bases.motions_windows("test", ("Badminton",)).raw[::3], 7) >= 0.95
    old = bases.motions_windows("test", bases.MOTIONS_CLASSES)
    for class_id in model.classes:
        assert share(plan, old.raw[old.labels == class_id][::5], class_id) >= 0.9


def test_the_pointers_base_knows_its_places_and_a_new_one_is_learned_from_a_few_points():
    model = shipped("pointer")
    held_out = bases.place_points(77, 100)
    assert bases.accuracy(model, held_out) >= 0.99 and bases.unsure_share(model, held_out) < 0.05
    rng = np.random.default_rng(4)
    town = (np.array([-0.55, -0.6]) + rng.uniform(-0.15, 0.15, (40, 2))).astype(np.float32)
    assert all(Plan(model.snapshot()).answer(row).unsure for row in town)
    plan = taught(model, town[:15])
    assert share(plan, town[15:], 7) >= 0.9
    for class_id in model.classes:
        assert share(plan, held_out.raw[held_out.labels == class_id], class_id) >= 0.95


@pytest.mark.parametrize("source", [SimulatorSource(), RecordingSource(sample("basic_motions.csv")), PointerSource()])
def test_the_studio_finds_the_base_of_a_stream(source):
    base, why = base_for(source.spec)
    assert base is not None and base.meta["stream"] == source.spec.name and source.spec.name in why
    assert len(base.protected) == {"simulator": 400, "pointer": 200}.get(source.spec.name, 150)
    assert sorted(set(base.protected_labels.tolist())) == list(base.classes)


def test_a_shipped_base_can_be_named():
    spec = SimulatorSource().spec
    assert base_for(spec, "simulator")[1] == base_for(spec)[1]
    with pytest.raises(BadInputError, match="made for other channels"):
        base_for(spec, "pointer")


@pytest.mark.parametrize(
    "choice", ["bogus", "", "no/such.safetensors", "a\0b", "~nobody-here/a.safetensors", "x" * 9000]
)
def test_a_base_that_is_not_there_is_refused_with_what_there_is(choice):
    with pytest.raises(BadInputError) as refused:
        base_for(SimulatorSource().spec, choice)
    sentence = str(refused.value)
    assert all(name in sentence for name in ("auto", "none", *SHIPPED, ".safetensors"))
    assert "\0" not in sentence and len(sentence) < 300


def test_windows_with_unknown_or_changing_truth_are_left_out():
    values = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    truth = np.repeat([0, 1, -1, 1], 10).astype(np.int16)
    rows, labels = bases.windows_of(SPEC, values, truth, 1)
    assert labels.tolist() == [0, 1, 1] and rows.shape[0] == 3
    none, _ = bases.windows_of(SPEC, values[:5], truth[:5], 1)
    assert len(none) == 0


def test_windows_of_a_recording_stay_within_their_takes():
    windows = bases.motions_windows("train", ("Running",))
    assert len(windows.raw) == 10 * (100 - windows.spec.window + 1) and set(windows.labels.tolist()) == {0}


def test_a_base_is_built_with_what_the_design_says(small):
    assert small.meta["accuracy"] >= 0.9 and small.meta["dense_accuracy"] >= 0.9
    assert len(small.protected) == 60, "at most half of the training set"
    assert np.bincount(small.protected_labels).tolist() == [20, 20, 20]
    plan, windows = Plan(small.snapshot()), small_windows(1, 120)
    Z = np.array([plan.embed(raw) for raw in windows.raw], np.float64)
    ridge = np.append(np.full(1024, 0.1), 0.01)
    weight = 50 / 40  # μ / n_class
    np.testing.assert_allclose(small.A0, weight * Z.T @ Z + np.diag(ridge), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(small.b_r, -2 * weight * Z.sum(0), rtol=1e-4, atol=1e-4)
    for column, class_id in enumerate(small.classes):
        mine = Z[windows.labels == class_id]
        np.testing.assert_allclose(small.B0[:, column], weight * mine.sum(0), rtol=1e-4, atol=1e-4)
    x = small.normaliser(windows.raw).astype(float)
    u = np.maximum(x @ small.base.W1.T + small.base.b1, 0)
    spread = small.normaliser.scale ** small.meta["unit_power"]
    x_rms, u_rms = np.sqrt(np.square(x * spread).sum(1).mean()), np.sqrt((u**2).sum(1).mean())
    d = len(spread)
    of_units = small.phi.gain[d:]
    np.testing.assert_allclose(small.phi.gain[:d] / of_units[0], spread / x_rms * u_rms, rtol=1e-4)
    np.testing.assert_allclose(of_units, of_units[0])
    assert small.phi.W1.tobytes() == small.base.W1.tobytes() and small.phi.W1 is not small.base.W1


def test_directions_have_the_scale_of_the_distances_in_g(small):
    x = small.normaliser(small.protected).astype(float)
    u = np.maximum(x @ small.phi.W1.T + small.phi.b1, 0)
    g = np.concatenate([x, u], axis=1) * small.phi.gain
    apart = np.linalg.norm(g[:, None] - g[None], axis=2)[np.triu_indices(len(g), 1)]
    # In units of the waves, whose entries are about N(0, 1), the usual distance is 1/REACH.
    assert np.median(apart) == pytest.approx(1 / REACH, rel=0.02)
    waves = 2 * np.pi * small.phi.directions()
    assert waves.std() == pytest.approx(1.0, rel=0.02) and abs(waves.mean()) < 0.02
    assert small.phi.phase.min() >= 0 and small.phi.phase.max() <= 1


def test_the_seed_determines_the_file(small, tmp_path):
    again = bases.build(small_windows(1, 120), small_windows(2), ("calm", "slow", "fast"), "a test", seed=5, steps=150)
    small.save(tmp_path / "a.safetensors")
    again.save(tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_the_columns_of_the_sums_follow_the_classes_of_the_base(small):
    windows = small_windows(1, 120)
    ids = np.array([9, 4, 6])[windows.labels]
    base = replace(small.base, classes=(9, 4, 6))
    again = assemble(
        windows.raw,
        ids,
        normaliser=small.normaliser,
        base=base,
        dense=small.dense,
        feature_names=small.feature_names,
        class_names=small.class_names,
        settings=LearnerSettings(seed=5),
    )
    assert again.B0.tobytes() == small.B0.tobytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"raw": np.zeros((120, 3))}, "cannot stand on"),
        ({"class_ids": np.zeros(120, int)}, "all of them"),
        ({"feature_names": ("one",)}, "give each one"),
        ({"class_names": ("one",)}, "all of them"),
        ({"raw": np.zeros((120, 21))}, "nothing to tell apart"),
        ({"settings": LearnerSettings(protected=2)}, "too few"),
    ],
)
def test_parts_that_do_not_fit_get_a_sentence(small, change, words):
    windows = small_windows(1, 120)
    arguments = {
        "raw": windows.raw,
        "class_ids": windows.labels,
        "normaliser": small.normaliser,
        "base": small.base,
        "dense": small.dense,
        "feature_names": small.feature_names,
        "class_names": small.class_names,
    }
    assert windows.raw.shape[1] == 21
    arguments |= change
    with pytest.raises(BadInputError, match=words):
        assemble(**arguments)


def test_the_command_writes_what_it_is_asked_for(small, tmp_path, monkeypatch, capsys):
    asked = []

    def make(seed, steps):
        asked.append((seed, steps))
        return small

    monkeypatch.setattr(bases, "BASES", {"first": make, "second": make})
    monkeypatch.setattr(sys, "argv", ["bases", "second", "--out", str(tmp_path / "new"), "--seed", "3"])
    bases.main()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["second.safetensors"]
    assert asked == [(3, 1500)] and "knows calm, slow, fast" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["bases", "third"])
    with pytest.raises(SystemExit):
        bases.main()
    assert "no base “third”" in capsys.readouterr().err
