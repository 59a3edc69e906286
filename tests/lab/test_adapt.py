"""`dgstudio experiment` from the command line on small data: rows as promised, the same for the same seeds."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from dgstudio import cli
from dgstudio.commands.terminal import terminal
from dgstudio.errors import BadInputError
from dgstudio.lab.data import load
from dgstudio.lab.experiment import Options, check_options
from dgstudio.lab.experiments import experiment_names, find_experiment
from dgstudio.lab.experiments.adapt import classes_of
from dgstudio.lab.experiments.drift import DRIFT_SEED, changes_of, drifted
from dgstudio.lab.experiments.noise import with_wrong_labels
from dgstudio.types import Example


@pytest.fixture
def experiment(monkeypatch, capsys, tmp_path):
    """Run `dgstudio experiment` in this process: (exit status, output, what it wrote as JSON)."""
    monkeypatch.setenv("COLUMNS", "200")
    terminal.cache_clear()  # its width is read once

    def run(*arguments):
        out = tmp_path / "out.json"
        out.unlink(missing_ok=True)
        monkeypatch.setattr(sys, "argv", ["dgstudio", "experiment", *map(str, arguments), "--json", str(out)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        read = json.loads(out.read_text(encoding="utf-8")) if out.exists() else None
        return left.value.code or 0, " ".join((said.out + said.err).split()), read

    return run


SAME = ("new_accuracy", "old_accuracy", "unchanged_old_share", "coverage", "protected_bits_changed")


def test_adapt_compares_methods_reproducibly(experiment, file, tmp_path):
    asked = ("adapt", "--data", file, "--seeds", 2, "--quick", "--methods", "ours,replay", "--labels-per-class", "2,10")
    plot = tmp_path / "adapt.png"
    status, said, read = experiment(*asked, "--plot", plot)
    assert status == 0 and "unchanged" in said and plot.stat().st_size > 1000
    assert read["experiment"] == "adapt" and read["config"]["new_classes"] == ["3"]
    assert [(row["method"], row["labels_per_class"]) for row in read["rows"]] == [
        ("ours", 2),
        ("replay", 2),
        ("ours", 10),
        ("replay", 10),
    ]
    for row in read["rows"]:
        assert row["data"] == "blobs" and row["seeds"] == 2
        assert set(row["new_accuracy"]) == {"mean", "ci95"}
        assert row["ms_per_example"]["mean"] > 0 and row["publish_p99_ms"]["mean"] > 0
        if row["method"] == "ours":
            assert row["protected_bits_changed"]["mean"] == row["protected_max_abs_delta"]["mean"] == 0
            assert row["false_certificates"]["mean"] == 0
            assert row["old_accuracy"]["mean"] >= 0.85
        else:
            assert row["protected_bits_changed"]["mean"] > 0
    _, _, again = experiment(*asked[:-1], "2")
    for first, second in zip(read["rows"][:2], again["rows"], strict=True):
        assert {name: first.get(name) for name in SAME} == {name: second.get(name) for name in SAME}


def test_each_row_says_how_far_it_is_ahead_of_the_rivals_on_the_same_seeds(experiment, file):
    asked = ("--quick", "--seeds", 2, "--labels-per-class", 5, "--methods", "ours,replay,replay_all")
    status, said, read = experiment("adapt", "--data", file, *asked)
    rows = {row["method"]: row for row in read["rows"]}
    assert status == 0 and "old over replay all" in said and "coverage" in said
    for rival, figure in (("replay", "new"), ("replay", "old"), ("replay_all", "old")):
        ahead = rows["ours"][f"{figure}_over_{rival}"]["mean"]
        means = [rows[name][f"{figure}_accuracy"]["mean"] for name in ("ours", rival)]
        assert ahead == pytest.approx(means[0] - means[1]) and rows[rival][f"{figure}_over_{rival}"]["mean"] == 0


def test_another_split_is_another_part_and_is_told(experiment, file):
    asked = ("noise", "--data", file, "--quick", "--methods", "ours")
    _, _, tested = experiment(*asked)
    status, _, valid = experiment(*asked, "--split", "valid")
    assert status == 0 and (tested["config"]["split"], valid["config"]["split"]) == ("test", "valid")
    differ = [a["old_accuracy"] != b["old_accuracy"] for a, b in zip(tested["rows"], valid["rows"], strict=True)]
    assert any(differ)


def test_growth_protects_each_step_and_scores_all_classes_seen(experiment, file):
    status, _, read = experiment("growth", "--data", file, "--quick", "--methods", "ours,naive")
    rows = {(row["method"], row["classes"]): row for row in read["rows"]}
    assert status == 0 and set(rows) == {("ours", 4), ("naive", 4)}
    assert rows["ours", 4]["accuracy"]["mean"] > rows["naive", 4]["accuracy"]["mean"] + 0.1
    assert rows["ours", 4]["protected_bits_changed"]["mean"] == 0
    assert rows["ours", 4]["protected_inputs"]["mean"] > read["config"]["protected_present"]
    limits = rows["ours", 4]
    assert limits["banks"]["mean"] == 1 and limits["rejections"]["mean"] == 0
    assert limits["serve_p50_us"]["mean"] > 0 and limits["publish_p99_ms"]["mean"] > 0
    assert "banks" not in rows["naive", 4]


def test_drift_is_recovered_without_moving_a_protected_bit(experiment, file):
    status, said, read = experiment("drift", "--data", file, "--quick", "--methods", "ours,naive")
    assert "naive recovered" in said and "clean before" in said and "clean accuracy" in said
    naive = {row["drift"]: row["recovered_accuracy"] for row in read["rows"] if row["method"] == "naive"}
    assert all(row["naive_recovered"] == naive[row["drift"]] for row in read["rows"])
    rows = {row["drift"]: row for row in read["rows"] if row["method"] == "ours"}
    assert status == 0 and set(rows) == {"rotation", "permutation", "gain", "inversion", "noise"}
    assert all(row["protected_bits_changed"]["mean"] == 0 for row in rows.values())
    for kind in ("rotation", "permutation", "inversion"):
        assert rows[kind]["recovered_accuracy"]["mean"] > rows[kind]["drifted_before"]["mean"] + 0.2


def test_noise_has_a_row_for_each_share(experiment, file):
    status, _, read = experiment("noise", "--data", file, "--quick", "--methods", "ours")
    assert status == 0 and [row["wrong_labels"] for row in read["rows"]] == [0.0, 0.2]


def test_wrong_labels_are_as_many_as_asked_and_never_right():
    examples = [Example(i, i % 3, 0, np.zeros(2, np.float32), 0.0, 0.0) for i in range(50)]
    noisy = with_wrong_labels(examples, 0.3, (0, 1, 2), seed=5)
    wrong = [a.class_id != b.class_id for a, b in zip(examples, noisy, strict=True)]
    assert sum(wrong) == 15 and {example.class_id for example in noisy} <= {0, 1, 2}
    assert [e.class_id for e in with_wrong_labels(examples, 0.0, (0, 1, 2), 5)] == [e.class_id for e in examples]


@pytest.mark.parametrize("name", ["digits", "basicmotions", "strokes"])
def test_a_drift_is_the_same_for_both_parts_and_leaves_the_clean_data_alone(name):
    data = load(name)
    changes = changes_of(data)
    assert set(changes) == {"rotation", "permutation", "gain", "inversion", "noise", "blur"}
    before = data.X_test.tobytes()
    for kind, change in changes.items():
        if name == "basicmotions" and kind != "rotation":
            continue  # its windows take a while to turn into features
        changed = drifted(data, "valid", change, seed=0)
        assert changed.shape == data.X_valid.shape and changed.dtype == np.float32
        assert np.isfinite(changed).all() and not np.array_equal(changed, data.X_valid)
        assert drifted(data, "valid", change, seed=0).tobytes() == changed.tobytes()
    assert data.X_test.tobytes() == before


def test_permuted_pixels_are_permuted_alike_in_every_part():
    data = load("digits")
    change = changes_of(data)["permutation"]
    order = change(np.arange(64.0).reshape(1, 8, 8), np.random.default_rng(3 + DRIFT_SEED)).ravel().astype(int)
    assert sorted(order) == list(range(64)) and list(order) != list(range(64))
    for part in ("train", "test"):
        assert np.array_equal(drifted(data, part, change, seed=3), data.part(part)[0][:, order])


def test_which_classes_are_new_can_be_said_or_left(file):
    data = load(file)
    assert classes_of(data, Options()) == ((0, 1, 2), (3,))
    assert classes_of(data, Options(base_classes=("0", "2"))) == ((0, 2), (1, 3))
    assert classes_of(data, Options(new_classes=("1",))) == ((0, 2, 3), (1,))
    assert classes_of(load("digits"), Options()) == (tuple(range(8)), (8, 9))
    with pytest.raises(BadInputError, match="both old and new"):
        classes_of(data, Options(base_classes=("0", "1"), new_classes=("1",)))
    with pytest.raises(BadInputError, match="at least two must be old"):
        classes_of(data, Options(base_classes=("0",), new_classes=("1",)))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("magic",), "no experiment “magic”: choose adapt"),
        (("adapt", "--data", "mnist"), "no data “mnist”"),
        (("adapt", "--methods", "magic"), "no method “magic”"),
        (("adapt", "--seeds", "0"), "at least 1"),
        (("adapt", "--labels-per-class", "1,x"), "not a list of whole numbers"),
        (("adapt", "--labels-per-class", "0"), "1 or more"),
        (("adapt", "--protected", "0"), "protect nothing"),
        (("adapt", "--base-classes", "0,eleven"), "no class “eleven”"),
        (("adapt", "--plot", "plot.gif"), "name the file so"),
        (("adapt", "--plot", "nowhere/plot.png"), "folder that exists"),
        (("adapt", "--labels-per-class", "5000", "--quick"), "ask for fewer labels"),
        (("growth", "--base-classes", "0,1"), "has no --base-classes: it takes --seeds"),
        (("growth", "--labels-per-class", "1,5"), "give one"),
        (("unknown", "--labels-per-class", "1,20"), "give one, as in --labels-per-class 20"),
        (("adapt", "--split", "train"), "no split “train”: choose test or valid"),
        (("modes", "--split", "valid"), "has no --split"),
        (("nothing", "--methods", "magic"), "no method “magic” here: choose ours"),
    ],
)
def test_bad_input_gets_one_sentence(experiment, asked, says):
    status, said, read = experiment(*asked)
    assert status == 1 and says in said and read is None


def test_every_experiment_can_be_found_and_says_what_it_shows():
    assert {"adapt", "drift", "growth", "noise"} <= set(experiment_names())
    for name in ("adapt", "drift", "growth", "noise", "nothing"):
        found = find_experiment(name)
        assert found.summary and found.y
        check_options(name, found, Options(seeds=1, quick=True))
