"""Models taken along: ONNX that answers as the serving kernel does, or is not kept; safetensors; their cards."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from dgstudio.errors import BadInputError
from dgstudio.extras.known import EXTRAS, line
from dgstudio.kernel import KERNEL
from dgstudio.model.ood_reference import Known
from dgstudio.model.plan import Plan
from dgstudio.model.random_features import Features
from dgstudio.model.snapshot import Bank, Base, Normaliser, Snapshot
from dgstudio.session.export import atomic_write
from dgstudio.session.export.atomic_write import MissingLibraryError, card_path
from dgstudio.session.export.model_file import onnx_check
from dgstudio.session.export.model_file.graph import INPUT, OUTPUTS, model_of
from dgstudio.session.export.model_file.model import export_model
from dgstudio.session.export.model_file.onnx_check import CheckFailedError, check_model, decided_by
from dgstudio.session.file import Session
from dgstudio.session.restore import restored

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def run(data, X):
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return dict(zip(OUTPUTS, session.run(list(OUTPUTS), {INPUT: np.asarray(X, np.float32)}), strict=True))


def graph_of(snapshot, d):
    return model_of(snapshot, [f"x{i}" for i in range(d)], {}).SerializeToString()


def small(rng, *, base=True, banks=2, **bank_settings):
    """Whole numbers wherever they can be: ties are real ties, and sums are exact."""
    d, hidden, D = 4, 6, 8

    def whole(*shape):
        return rng.integers(-3, 4, shape).astype(np.float32)

    made = Base(
        whole(hidden, d), whole(hidden), whole(hidden, d), whole(hidden), whole(hidden, 3), whole(3), 2, (0, 1, 2)
    )
    phi = Features(rng.normal(size=(D, d)), rng.uniform(0, 6, D))
    settings = {"tau": 1.0, "delta": 0.2, **bank_settings}
    listed = [(2, 3), (0, 3, 5)]
    of = [
        Bank(n, rng.normal(size=D + 1), rng.normal(size=(len(listed[n]), D + 1)), listed[n], **settings)
        for n in range(banks)
    ]
    return Snapshot(
        classes=(0, 1, 3, 2) if base else (3, 0, 2),
        base=made if base else None,
        phi=phi if banks else None,
        banks=tuple(of),
        temperature=0.7,
    )


# -- the graph ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base", "banks"), [(True, 0), (True, 1), (True, 2), (False, 1), (False, 2)])
@pytest.mark.parametrize("delta", [0.2, 0.0, math.inf])
def test_the_graph_answers_as_the_plan_whatever_speaks(base, banks, delta):
    rng = np.random.default_rng(5)
    speakers = set()
    for _ in range(8):
        snapshot = small(rng, base=base, banks=banks, delta=delta)
        X = rng.integers(-3, 4, (60, 4)).astype(np.float32)
        found, plan = run(graph_of(snapshot, 4), X), Plan(snapshot)
        for n, raw in enumerate(X):
            answer = plan.answer(raw)
            speakers.add(answer.speaker)
            if answer.speaker >= -1 and decided_by(snapshot, answer) < 1e-5:
                continue
            np.testing.assert_allclose(found["logits"][n], answer.logits, atol=1e-4)
            np.testing.assert_allclose(found["probabilities"][n], answer.probabilities, atol=1e-5)
            assert (found["top"][n], found["unsure"][n]) == (answer.top, answer.unsure)
    assert len(speakers) == banks + 1


def test_of_equal_gates_the_lower_index_is_active():
    """Every gate has the same score; only the first two units may answer."""
    hidden, d = 40, 3
    V = np.zeros((hidden, 2), np.float32)
    V[:, 0], V[:, 1] = np.arange(hidden), 2.0 ** np.minimum(np.arange(hidden), 20)
    ones = np.ones((hidden, d), np.float32)
    base = Base(ones, np.zeros(hidden), ones, np.zeros(hidden), V, np.zeros(2), 2, (4, 9))
    snapshot = Snapshot(classes=(4, 9), base=base)
    X = np.array([[1, 2, 3], [0, 0, 1], [5, 0, 0]], np.float32)
    found = run(graph_of(snapshot, d), X)
    for n, raw in enumerate(X):
        answer = Plan(snapshot).answer(raw)
        assert answer.active.tolist() == [0, 1]
        assert found["logits"][n].tolist() == answer.logits.tolist() == [raw.sum(), 3 * raw.sum()]


def test_what_is_not_active_is_not_computed():
    hidden, d = 5, 2
    theta = np.zeros((hidden, d), np.float32)
    c = np.array([2, 1, 0, 0, 0], np.float32)
    W1, V = np.ones((hidden, d), np.float32), np.ones((hidden, 2), np.float32)
    W1[2:], V[2:] = np.nan, np.nan
    snapshot = Snapshot(classes=(0, 1), base=Base(theta, c, W1, np.zeros(hidden), V, np.zeros(2), 2, (0, 1)))
    found = run(graph_of(snapshot, d), np.ones((3, d)))
    assert found["logits"].tolist() == [[4.0, 4.0]] * 3 and found["top"].tolist() == [0, 0, 0]


def test_unlike_anything_learned_is_unsure_and_a_part_without_a_living_class_says_nothing():
    rng = np.random.default_rng(2)
    snapshot = small(rng, banks=1, tau=-1e9, delta=math.inf)
    X = rng.normal(size=(200, 4)).astype(np.float32)
    normalised = np.array([Plan(snapshot).normalise(raw) for raw in X])
    bank = replace(snapshot.banks[0], near=normalised[:20], reach=0.4)
    known = Known(np.ones(4, np.float32), normalised[20:40], np.full(20, 0.3, np.float32))
    taught = replace(known, taught=normalised[40:50], taught_reach=np.full(10, 0.5, np.float32))
    plans = {
        "prototypes, a bank that tells": snapshot.with_(known=known, banks=(bank,)),
        "a base that has learned": snapshot.with_(known=taught, banks=(bank,)),
        "from nothing": snapshot.with_(known=Known(np.ones(4, np.float32)), banks=(bank,)),
        "a lead that is wanted": snapshot.with_(known=replace(known, lead=1.5), banks=(bank,)),
        "no bank": snapshot.with_(known=known, banks=()),
    }
    shares = {}
    for what, doubtful in plans.items():
        found = run(graph_of(doubtful, 4), X)
        shares[what] = found["unsure"].mean()
        assert 0.2 < shares[what] < 0.9, what
        assert set(found["top"][found["unsure"]]) == {-1} and -1 not in found["top"][~found["unsure"]]
        assert check_model(graph_of(doubtful, 4), doubtful, X).largest <= 1e-4
    assert shares["a base that has learned"] < shares["prototypes, a bank that tells"] < shares["a lead that is wanted"]
    silent = snapshot.with_(classes=(1,), known=known)
    found = run(graph_of(silent, 4), X)
    assert set(found["top"]) == {-1} and not found["unsure"].any()


def test_a_model_from_nothing_with_one_class_and_a_normaliser():
    rng = np.random.default_rng(0)
    phi = Features(rng.normal(size=(8, 4)), rng.uniform(0, 6, 8))
    bank = Bank(0, rng.normal(size=9), rng.normal(size=(1, 9)), (7,), tau=0.8)
    scaled = Normaliser(rng.normal(size=4), rng.uniform(0.1, 3, 4))
    snapshot = Snapshot(classes=(7,), phi=phi, banks=(bank,), normaliser=scaled)
    check = check_model(graph_of(snapshot, 4), snapshot, np.zeros((0, 4), np.float32))
    assert (check.inputs, check.recorded) == (1000, 0) and check.largest <= 1e-4


def test_gates_that_read_a_projection():
    rng = np.random.default_rng(4)
    snapshot = small(rng)
    psi = rng.integers(-2, 3, (3, 4)).astype(np.float32)
    base = replace(snapshot.base, theta=rng.integers(-3, 4, (6, 3)).astype(np.float32), psi=psi)
    projected = snapshot.with_(base=base)
    X = rng.integers(-3, 4, (50, 4)).astype(np.float32)
    assert check_model(graph_of(projected, 4), projected, X).largest <= 1e-4
    with pytest.raises(CheckFailedError):
        check_model(graph_of(snapshot.with_(base=replace(base, psi=-psi)), 4), projected, X)


def test_a_version_that_answers_nothing_makes_no_graph():
    with pytest.raises(BadInputError, match="answers nothing yet"):
        graph_of(Snapshot(classes=(0,)), 3)


# -- the check ---------------------------------------------------------------------------------------------------


def test_every_version_of_a_session_passes_the_check(story, features):
    names = story.config("features")
    speakers = set()
    for version in sorted(story.versions()):
        snapshot, _ = restored(story.checkpoint(version))
        check = check_model(model_of(snapshot, names, {}).SerializeToString(), snapshot, features)
        assert check.inputs == 1000 and check.largest <= 1e-4 and check.recorded == min(400, len(features))
        assert check.differing_tops == check.edges == 0
        speakers |= {Plan(snapshot).answer(raw).speaker for raw in features[::5]}
    assert speakers == {-1, 0, 1}


@pytest.mark.parametrize(
    ("part", "words"),
    [("logits", r"differ from the model's by up to 1\.0e-03"), ("top", "answers otherwise than the model")],
)
def test_a_graph_that_answers_otherwise_is_not_kept(story, tmp_path, monkeypatch, part, words):
    right = onnx_check._run

    def wrong(data, X):
        found = [array.copy() for array in right(data, X)]
        if part == "logits":
            found[0][17, 0] += 1e-3
        else:
            found[2][500] = (found[2][500] + 1) % 3
        return found

    monkeypatch.setattr(onnx_check, "_run", wrong)
    with pytest.raises(CheckFailedError, match=words):
        export_model(story, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_what_is_decided_by_less_than_rounding_may_fall_either_way():
    """A router that stands on its threshold: half the decisions of another machine may differ, and are told."""
    rng = np.random.default_rng(1)
    snapshot = small(rng, banks=1, delta=math.inf)
    X = rng.normal(size=(400, 4)).astype(np.float32)
    r = np.array([Plan(snapshot).answer(raw).r[0] for raw in X])
    on_edge = snapshot.with_(banks=(replace(snapshot.banks[0], tau=float(r[3]) + 2e-6),))
    other = snapshot.with_(banks=(replace(snapshot.banks[0], tau=float(r[3]) - 2e-6),))
    check = check_model(graph_of(other, 4), on_edge, X)
    assert check.edges >= 1 and check.largest <= 1e-4
    assert "on the edge of a decision" in str(check)
    far = snapshot.with_(banks=(replace(snapshot.banks[0], tau=float(r[3]) - 0.05),))
    with pytest.raises(CheckFailedError):
        check_model(graph_of(far, 4), on_edge, X)


def test_a_graph_that_cannot_be_run_is_not_kept():
    with pytest.raises(CheckFailedError, match="onnxruntime cannot run it"):
        check_model(b"nonsense", small(np.random.default_rng(0)), np.zeros((1, 4), np.float32))


# -- files -------------------------------------------------------------------------------------------------------


def test_the_head_as_onnx_with_its_card(story, features, tmp_path):
    path = tmp_path / "a.onnx"
    said = export_model(story, path)
    head = story.latest_checkpoint()
    snapshot, _ = restored(head)
    assert said.startswith(f"Version {head.version} is in {path}, its card in a.onnx.json; checked against")
    assert "1000 inputs" in said and "0 answers differ" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.onnx", "a.onnx.json"]
    loaded = onnx.load(path)
    properties = {entry.key: entry.value for entry in loaded.metadata_props}
    names = {info.id: info.name for info in story.classes()}
    assert json.loads(properties["class_names"]) == [names[c] for c in snapshot.classes]
    assert json.loads(properties["feature_names"]) == story.config("features")
    assert [entry.version for entry in loaded.opset_import] == [18]
    assert [entry.name for entry in loaded.graph.input] == ["features"]
    assert [entry.name for entry in loaded.graph.output] == ["logits", "probabilities", "top", "unsure"]
    found, plan = run(path.read_bytes(), features), Plan(snapshot)
    assert found["top"].tolist() == [plan.answer(raw).top for raw in features]
    card = json.loads((tmp_path / "a.onnx.json").read_text(encoding="utf-8"))
    assert card["check"]["inputs"] == 1000 and card["check"]["largest"] <= 1e-4
    assert {key: value for key, value in card.items() if key != "check"} == json.loads(properties["card"])


def test_the_card_says_what_the_model_is(story, tmp_path):
    export_model(story, tmp_path / "a.safetensors")
    card = json.loads(card_path(tmp_path / "a.safetensors").read_text(encoding="utf-8"))
    head = story.latest_checkpoint()
    names = {info.id: info.name for info in story.classes()}
    assert card["format"] == "dgstudio-card-1" and card["session"] == "a & <b>"
    assert (card["version"], card["digest"], card["kind"]) == (head.version, head.digest, "learned")
    assert card["classes"] == [{"id": c, "name": names[c]} for c in restored(head)[0].classes]
    assert card["features"] == story.config("features") and card["kernel"] == KERNEL and "MIT" in card["licence"]
    assert card["stream"]["rate"] == 10.0 and card["stream"]["window_s"] > card["stream"]["hop_s"] > 0
    assert card["mode"] == "both" and card["published"].startswith("2001-09-09T")
    learned = card["learned_from"]
    assert learned["examples"] == len(restored(head)[1].every()) == sum(learned["by_class"].values())
    assert learned["sources"] == ["a <b>tape</b>"] and learned["protected_inputs"] > 150
    assert [bank["sealed"] for bank in card["banks"]] == [True, False]


def test_an_earlier_version_as_safetensors_is_that_snapshot_again(story, tmp_path):
    version = sorted(story.versions())[2]
    said = export_model(story, tmp_path / "a.safetensors", number=version)
    assert said == f"Version {version} is in {tmp_path / 'a.safetensors'}, its card in a.safetensors.json."
    with safetensors.safe_open(tmp_path / "a.safetensors", framework="np") as file:
        meta = json.loads(file.metadata()["snapshot"])
    again = Snapshot.from_arrays_and_meta(safetensors.numpy.load_file(tmp_path / "a.safetensors"), meta)
    assert again.digest == story.checkpoint(version).digest


def test_versions_that_are_not_there(story, empty_file, tmp_path):
    with pytest.raises(BadInputError, match=r"has no version 7777: of the \d+ that it keeps the nearest are "):
        export_model(story, tmp_path / "a.safetensors", number=7777)
    with Session.open(empty_file) as empty, pytest.raises(BadInputError, match="holds no version"):
        export_model(empty, tmp_path / "a.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["empty.dgs"]


@pytest.mark.parametrize("library", ["onnx", "onnxruntime"])
def test_without_the_library_one_sentence_names_the_line_to_type(story, tmp_path, monkeypatch, library):
    real = atomic_write.importlib.import_module

    def without(name):
        if name.partition(".")[0] == library:
            raise ImportError(name)
        return real(name)

    monkeypatch.setattr(atomic_write.importlib, "import_module", without)
    with pytest.raises(MissingLibraryError, match=rf"needs {library}, .*: {re.escape(line(EXTRAS['export']))}"):
        export_model(story, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())
    export_model(story, tmp_path / "a.safetensors")
