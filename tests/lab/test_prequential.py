"""Test-then-train: nothing is answered with knowledge of its own label, and figures are what they are called."""

from __future__ import annotations

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.lab.experiment import Options
from dgstudio.lab.experiments import prequential
from dgstudio.lab.experiments.prequential import LabelledStream, kappa, read_stream, test_then_train
from dgstudio.lab.incremental import (
    AdaptingLockedBank,
    LastClass,
    Majority,
    NoChange,
    OnlineLockedBank,
    OnlineMLP,
    classifiers,
    protected_bits,
)
from dgstudio.lab.runs import Runs
from dgstudio.learning.contract.contract import AuditResult

test_then_train.__test__ = False


def blobs(count: int, seed: int = 0, shift: float = 0.0) -> LabelledStream:
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=count)
    centres = np.array([[0, 0, 0], [3, 0, 3], [0, 3, -3]]) + shift
    return LabelledStream("blobs", (centres[y] + rng.normal(0, 0.6, (count, 3))).astype(np.float32), y)


class Recorder:
    """Notes what it was asked and told, in order."""

    def __init__(self):
        self.log = []

    def predict(self, x):
        self.log.append(("asked", float(x[0])))

    def learn(self, x, y):
        self.log.append(("told", float(x[0])))


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_a_label_comes_after_the_next_answers_and_never_before_its_own(delay):
    stream = LabelledStream("numbers", np.arange(6, dtype=np.float32)[:, None], np.zeros(6, np.int64))
    recorder = Recorder()
    answers, _ = test_then_train(recorder, stream, delay)
    assert answers.tolist() == [-1] * 6
    for number in range(6 - delay):
        told = recorder.log.index(("told", float(number)))
        assert [entry for entry in recorder.log[:told] if entry[0] == "asked"][-1] == ("asked", float(number + delay))
    assert sum(entry[0] == "told" for entry in recorder.log) == 6 - delay


@pytest.mark.parametrize(("delay", "right"), [(0, 9), (1, 8)])
def test_no_change_is_right_as_long_as_nothing_changes(delay, right):
    stream = LabelledStream("same", np.zeros((10, 1), np.float32), np.full(10, 4))
    answers, _ = test_then_train(NoChange(), stream, delay)
    assert (answers == stream.y).sum() == right


def test_kappa_is_one_for_all_right_and_nothing_for_chance():
    y = np.array([0, 1] * 500)
    assert kappa(y, y) == 1
    assert kappa(np.zeros(1000, int), y) == pytest.approx(0)
    assert kappa(1 - y, y) == pytest.approx(-1)
    rng = np.random.default_rng(0)
    assert abs(kappa(rng.integers(2, size=1000), y)) < 0.1
    assert kappa(np.array([3, 3]), np.array([3, 3])) == 0


def test_the_last_fifth_is_the_end_of_the_stream():
    y = np.zeros(10, int)
    answers = np.array([1] * 8 + [0, 0])
    figures = prequential.figures(answers, y, 0.5)
    assert (figures["accuracy"], figures["last_fifth"], figures["ms_per_example"]) == (0.2, 1.0, 50.0)


@pytest.mark.parametrize(
    "name",
    [
        "ours",
        "ours protecting",
        "ours forgetting",
        "ours adapting",
        "river forest",
        "river softmax",
        "river k-NN",
        "online MLP",
    ],
)
def test_every_learner_learns_blobs_from_nothing(name):
    stream = blobs(150)
    answers, _ = test_then_train(classifiers(3, 150, 0)[name](), stream, 0)
    assert (answers[75:] == stream.y[75:]).mean() > 0.93


def test_no_change_is_rivers_and_the_last_class_is_the_newest():
    from river import dummy

    stream, theirs = blobs(60), dummy.NoChangeClassifier()
    ours, newest = NoChange(), LastClass()
    assert newest.predict(stream.X[0]) is None
    seen = []
    for x, y in zip(stream.X, stream.y.tolist(), strict=True):
        assert ours.predict(x) == theirs.predict_one({})
        ours.learn(x, y)
        newest.learn(x, y)
        theirs.learn_one({}, y)
        seen += [y] if y not in seen else []
        assert newest.predict(x) == seen[-1]
    assert len(seen) == 3


def test_ours_counts_what_it_changed_of_what_it_protects(monkeypatch):
    model = OnlineLockedBank(protect_after=30)
    stream = blobs(60)
    _, seconds = test_then_train(model, stream, 0)
    assert protected_bits(model) == (0, model.audit_s) and model.audit_s > 0 and seconds > 0
    assert protected_bits(NoChange()) == (None, 0.0)
    monkeypatch.setattr(model.learner, "audit_all", lambda: AuditResult(1, bits_changed=7))
    model.learn(stream.X[0] + 1, 0)
    assert protected_bits(model)[0] == 7


def test_majority_counts():
    model = Majority()
    assert model.predict(np.zeros(1, np.float32)) is None
    for y in (1, 2, 2):
        model.learn(np.zeros(1, np.float32), y)
    assert model.predict(np.zeros(1, np.float32)) == 2


def test_the_online_network_follows_a_scale_it_was_not_told():
    stream = blobs(200)
    scaled = LabelledStream("scaled", stream.X * np.float32(1e4) + 3e5, stream.y)
    answers, _ = test_then_train(OnlineMLP(3), scaled, 0)
    assert (answers[100:] == scaled.y[100:]).mean() > 0.9


def test_forgetting_keeps_only_the_newest():
    model = OnlineLockedBank(keep=40)
    stream = blobs(100)
    test_then_train(model, stream, 0)
    learned = model.learner.training.learned
    assert 40 <= len(learned) <= 48 and learned.min() == 100 - len(learned)


def test_adapting_unlearns_what_newer_labels_contradict_and_is_never_sealed():
    model = AdaptingLockedBank()
    stream = blobs(900)
    test_then_train(model, LabelledStream("turns", stream.X, (stream.y + (np.arange(900) >= 500)) % 3), 0)
    learned = model.learner.training.learned
    assert learned.min() >= 450 and learned.max() >= 880
    assert not model.learner.training.seals


def test_protecting_holds_what_it_knew_byte_for_byte():
    model = OnlineLockedBank(protect_after=60)
    test_then_train(model, blobs(60), 0)
    known = model.learner.protected_count
    assert 55 <= known <= 60  # one that it is unsure of is not protected
    turned = blobs(60, seed=1)
    test_then_train(model, LabelledStream("turned", turned.X, (turned.y + 1) % 3), 0)
    audit = model.learner.audit_all()
    assert (audit.checked, audit.bits_changed) == (known, 0)


def test_a_csv_file_is_a_stream(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("a,b,label\n1,2,x\n3,,x\n5,6,y\n")
    stream = read_stream(path)
    assert stream.name == "mine"
    assert stream.X.tolist() == [[1, 2], [5, 6]] and stream.y.tolist() == [0, 1]


def test_without_a_named_column_the_last_one_holds_the_labels(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("a,b,kind\n1,2,0\n3,4,1\n5,6,1\n")
    stream = read_stream(path)
    assert stream.X.tolist() == [[1, 2], [3, 4], [5, 6]] and stream.y.tolist() == [0, 1, 1]
    assert stream.labels_from == "kind"


def test_a_measurement_is_not_taken_for_labels(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("a,b\n" + "".join(f"{i},{i * 0.37:.3f}\n" for i in range(60)))
    with pytest.raises(BadInputError, match="“b”, has 60 different values in 60 rows"):
        read_stream(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [("a,label\n1,x\n2,x\n", "fewer than two classes"), ("a,b\n1,2\n3\n", "Line 3"), ("", "empty")],
)
def test_a_file_that_cannot_be_used_gets_a_sentence(tmp_path, text, why):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(BadInputError, match=why):
        read_stream(path)


@pytest.mark.parametrize("options", [Options(data="nothing"), Options(data="missing.csv"), Options(methods=("magic",))])
def test_what_there_is_not_is_refused(options):
    with pytest.raises(BadInputError):
        prequential.run(options, Runs())


def test_the_experiment_on_a_file(tmp_path, monkeypatch):
    path = tmp_path / "mine.csv"
    stream = blobs(80)
    rows = [",".join(map(str, [*x, "abc"[y]])) for x, y in zip(stream.X.tolist(), stream.y.tolist(), strict=True)]
    path.write_text("u,v,w,label\n" + "\n".join(rows) + "\n")
    monkeypatch.setattr(prequential, "DELAYS", (0, 5))
    options = Options(seeds=2, data=path, methods=("ours", "majority"))
    result = prequential.run(options, Runs())
    assert [(row["data"], row["label_delay"], row["method"]) for row in result.rows] == [
        ("mine", 0, "ours"),
        ("mine", 0, "majority"),
        ("mine", 5, "ours"),
        ("mine", 5, "majority"),
    ]
    ours, majority, late, _ = result.rows
    assert ours["accuracy"]["mean"] > 0.85 > majority["accuracy"]["mean"]
    assert late["accuracy"]["mean"] < ours["accuracy"]["mean"]
    assert ours["protected_bits_changed"]["mean"] == 0 and "protected_bits_changed" not in majority
    # A file is the same for every seed.
    assert ours["seeds"] == 1


def test_rivers_streams_come_in_the_same_way_for_the_same_seed():
    for name, make in prequential.streams(3, 40).items():
        again = prequential.streams(3, 40)[name]()
        stream = make()
        assert stream.X.shape[0] == 40 and np.isfinite(stream.X).all(), name
        assert (stream.X.tobytes(), stream.y.tobytes()) == (again.X.tobytes(), again.y.tobytes()), name
