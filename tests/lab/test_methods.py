"""The methods that are compared, and the trial that keeps their accounts: it counts what it must count."""

from __future__ import annotations

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.lab import run_method
from dgstudio.lab.data import load
from dgstudio.lab.methods import chosen, methods
from dgstudio.lab.methods.finetuned import NEW as NEW_SIDE
from dgstudio.lab.methods.finetuned import OLD as OLD_SIDE
from dgstudio.lab.methods.finetuned import _Memory
from dgstudio.lab.methods.locked_bank_method import LockedBank
from dgstudio.lab.run_method import Trial, begin, labels_of

OLD, NEW = (0, 1, 2), (3,)
QUICK_TO_LEARN = ("ours", "naive", "replay", "replay_all", "last_layer", "ncm", "knn")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    rng = np.random.default_rng(0)
    centres = rng.normal(0.0, 2.5, (4, 6))
    y = np.repeat(np.arange(4), 80)
    X = centres[y] + rng.normal(size=(len(y), 6))
    path = tmp_path_factory.mktemp("data") / "blobs.npz"
    np.savez(path, X=X, y=y)
    return load(path)


@pytest.fixture(scope="module")
def start(data):
    return begin(data, OLD, seed=0, protected=40, quick=True)


def taught(make, start, data, count=10, every=4):
    trial = Trial(make(start), start, data.part("test", OLD)[0])
    trial.learn(labels_of(*data.part("train", NEW), NEW, count, 0, data), every)
    return trial


@pytest.mark.parametrize("name", list(methods()))
def test_every_method_is_accounted_for_and_learns_the_new_class(name, start, data):
    trial = taught(methods()[name], start, data, count=20)
    figures = trial.figures()
    # The gradient rule is exact or rejected, and so stops where P's units do: it is accounted for all the same.
    assert trial.accuracy(*data.part("test", NEW)) >= (0.75 if name in QUICK_TO_LEARN else 0.0)
    assert figures["publishes"] >= 5 and figures["ms_per_example"] > 0 and figures["publish_p99_ms"] > 0
    assert figures["protected_inputs"] == len(start.base.protected)


def test_ours_moves_no_protected_bit_and_certifies_only_what_is_true(start, data):
    figures = taught(LockedBank, start, data, count=30).figures()
    assert figures["protected_bits_changed"] == figures["protected_max_abs_delta"] == figures["protected_flips"] == 0
    assert figures["unchanged_old_share"] >= 0.8 and figures["rejections"] == 0
    assert figures["coverage"] >= 0.8 and figures["false_certificates"] == 0


def test_fine_tuning_moves_protected_bits_and_rehearsal_keeps_old_answers(start, data):
    old = data.part("test", OLD)
    trial = {name: taught(methods()[name], start, data, count=40) for name in ("naive", "replay", "replay_all")}
    for name in trial:
        figures = trial[name].figures()
        assert figures["protected_bits_changed"] > 1000 and figures["protected_max_abs_delta"] > 0.1
        assert figures["unchanged_old_share"] < 0.1 and "coverage" not in figures
    assert trial["naive"].accuracy(*old) < trial["replay"].accuracy(*old) - 0.1


def test_nearest_means_keep_their_scores_for_old_classes_whatever_is_born(start, data):
    figures = taught(methods()["ncm"], start, data).figures()
    assert figures["protected_bits_changed"] == 0 and figures["unchanged_old_share"] == 1


def test_a_batch_rehearses_class_by_class_and_half_of_it_is_new():
    memory = _Memory(1)
    for class_id, count in ((0, 2), (1, 18)):
        for _ in range(count):
            memory.add(OLD_SIDE, class_id, np.float32([class_id]))
    newest = [memory.add(NEW_SIDE, class_id, np.float32([class_id])) for class_id in (2, 2, 2, 1)][-1]
    memory.settle({0: 0, 1: 1, 2: 2})
    rng = np.random.default_rng(0)
    batches = [memory.batch(newest, rng) for _ in range(400)]
    assert all(columns[0] == 1 and np.array_equal(X[:, 0], columns) for X, columns in batches)
    share = np.bincount(np.concatenate([columns[1:] for _, columns in batches])) / (400 * 31)
    # Half old, 1/4 each; half new, of which 3/4 are of class 2.
    assert np.abs(share - [0.25, 0.375, 0.375]).max() < 0.02
    memory.keep()
    newest = memory.add(NEW_SIDE, 0, np.float32([0]))
    memory.settle({0: 0, 1: 1, 2: 2})
    share = np.bincount(np.concatenate([memory.batch(newest, rng)[1][1:] for _ in range(400)])) / (400 * 31)
    assert np.abs(share - [2 / 3, 1 / 6, 1 / 6]).max() < 0.02


def test_the_last_layer_alone_moves(start, data):
    method = taught(methods()["last_layer"], start, data).method
    W1, b1, V, _ = start.base.dense
    assert method._weights.W1.tobytes() == W1.tobytes() and method._weights.b1.tobytes() == b1.tobytes()
    assert not np.array_equal(method._weights.V[:, :3], V)


def test_one_flipped_bit_of_one_protected_answer_is_counted_at_each_publish(start, data):
    class Slipping(LockedBank):
        slips = False

        def publish(self):
            self.slips = True
            return super().publish()

        def logits_of(self, raw):
            classes, logits = super().logits_of(raw)
            if self.slips and raw.tobytes() == start.base.protected[7].tobytes():
                logits = logits.copy()
                logits.view(np.uint32)[1] ^= 1
            return classes, logits

    figures = taught(Slipping, start, data, count=8, every=4).figures()
    assert figures["publishes"] == 2 and figures["protected_bits_changed"] == 2
    assert 0 < figures["protected_max_abs_delta"] < 1e-3 and figures["protected_flips"] == 0


def test_a_false_certificate_is_seen(start, data, monkeypatch):
    monkeypatch.setattr(run_method, "certify", lambda plan, answer, reference: True)
    trial = Trial(LockedBank(start), start, data.part("test", NEW)[0])
    trial.learn(labels_of(*data.part("train", NEW), NEW, 10, 0, data), 4)
    assert trial.figures()["coverage"] == 1 and trial.figures()["false_certificates"] >= 10


def test_what_is_protected_later_is_audited_too(start, data):
    for name, moved in (("ours", False), ("naive", True)):
        trial = taught(methods()[name], start, data)
        trial.protect()
        before = trial.figures()
        assert before["protected_inputs"] == len(start.base.protected) + 10
        trial.learn(labels_of(*data.part("train", (0,)), (0,), 10, 1, data, first_id=10), 5)
        assert (trial.figures()["protected_bits_changed"] > before["protected_bits_changed"]) is moved


def test_more_labels_go_on_from_fewer_and_too_many_get_a_sentence(data):
    X, y = data.part("train", NEW)
    few, more = (labels_of(X, y, NEW, count, 3, data) for count in (5, 20))
    assert {e.features.tobytes() for e in few} < {e.features.tobytes() for e in more}
    assert {e.class_id for e in more} == {3} and sorted(e.id for e in more) == list(range(20))
    with pytest.raises(BadInputError, match="ask for fewer labels"):
        labels_of(X, y, NEW, 1000, 3, data)


def test_methods_are_chosen_by_name_and_an_unknown_one_gets_a_sentence():
    assert list(chosen(("replay", "ours"))) == ["replay", "ours"]
    assert next(iter(chosen(None))) == "ours"
    with pytest.raises(BadInputError, match="no method “magic”: choose from ours"):
        chosen(("magic",))
