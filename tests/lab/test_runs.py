"""Runs: each finished one is on disk at once, taken over when asked, and told with the time that is left."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.errors import BadInputError
from dgstudio.lab.experiment import Options
from dgstudio.lab.run_file import RunFile, asked, run_file_path
from dgstudio.lab.runs import Progress, RunId, Runs

ASKED = asked("adapt", Options(seeds=2))
FIRST, SECOND = RunId("digits", 0, "ours", "5 labels"), RunId("digits", 1, "ours", "5 labels")


def unmeasured():
    raise AssertionError("a run that is kept was measured again")


def test_progress_says_what_it_is_at_and_how_much_is_left():
    told: list[Progress] = []
    now = [100.0]
    runs = Runs(told.append, clock=lambda: now[0])
    runs.expect(4)

    def measure():
        runs.at("training the base")
        now[0] += 10
        runs.at(share=0.5)
        now[0] += 10
        return [{"accuracy": 1.0}]

    runs.rows(FIRST, measure)
    runs.rows(SECOND, measure)
    assert [(p.number, p.of, p.doing) for p in told[:3]] == [(1, 4, ""), (1, 4, "training the base"), (1, 4, "")]
    assert told[0].left_s is None and told[2].left_s == pytest.approx(70)
    assert (told[3].run, told[3].share, told[3].passed_s) == (SECOND, 0.25, 20.0)
    assert told[3].left_s == pytest.approx(60)


def test_what_is_left_is_reckoned_without_the_runs_that_were_taken_over(tmp_path):
    path = tmp_path / "a.partial.json"
    RunFile(path, ASKED).keep(FIRST, [{"accuracy": 1.0}])
    again = RunFile(path, ASKED)
    assert again.take_over() == 1
    told: list[Progress] = []
    now = [0.0]

    def measure():
        now[0] += 30
        return {"accuracy": 0.5}

    runs = Runs(told.append, again, clock=lambda: now[0])
    runs.expect(3)
    assert runs.rows(FIRST, unmeasured) == [{"accuracy": 1.0}]
    for seed in (1, 2):
        runs.row(RunId("digits", seed), measure)
    assert runs.taken_over == 1
    assert (told[0].number, told[0].left_s) == (2, None) and told[-1].left_s == pytest.approx(30)


def test_each_finished_run_is_on_disk_before_the_next_begins(tmp_path):
    path = tmp_path / "a.partial.json"
    store = RunFile(path, ASKED)
    runs = Runs(store=store)
    row = runs.row(FIRST, lambda: {"accuracy": 0.5})
    row["ahead"] = 1.0  # what is known later is not part of the run

    def measure():
        (kept,) = json.loads(path.read_text(encoding="utf-8"))["runs"]
        assert kept["rows"] == [{"accuracy": 0.5}] and kept["method"] == "ours"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runs.row(SECOND, measure)
    assert store.runs == 1 and [file.name for file in tmp_path.iterdir()] == [path.name]


VALUES = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.integers(), st.booleans(), st.none(), st.text(max_size=8)
)


@given(row=st.dictionaries(st.text("abc_", max_size=4), VALUES, max_size=4))
def test_rows_come_back_to_the_last_bit(tmp_path_factory, row):
    path = tmp_path_factory.mktemp("rows") / "a.partial.json"
    RunFile(path, ASKED).keep(FIRST, [row])
    again = RunFile(path, ASKED)
    again.take_over()
    (found,) = again.rows_of(FIRST) or []
    assert list(found) == list(row)
    for name, value in row.items():
        assert type(found[name]) is type(value)
        assert found[name] == value or (math.isnan(value) and math.isnan(found[name]))


def test_other_options_data_or_damage_are_refused_in_a_sentence(tmp_path):
    path = tmp_path / "a.partial.json"
    RunFile(path, ASKED).keep(FIRST, [{"accuracy": 1.0}])
    before = path.read_bytes()
    other = RunFile(path, asked("adapt", Options(seeds=3, methods=("ours",))))
    with pytest.raises(BadInputError, match="another seeds, methods"):
        other.take_over()
    assert path.read_bytes() == before
    for damaged in (before[:40], b"[]", b'{"asked": {}, "runs": [1]}', b'{"asked": 3, "runs": []}', b"\xff"):
        path.write_bytes(damaged)
        with pytest.raises(BadInputError, match="leave out --resume"):
            RunFile(path, ASKED).take_over()


def test_data_in_a_file_are_known_by_their_content(tmp_path):
    data = tmp_path / "mine.npz"
    data.write_bytes(b"one")
    one = asked("adapt", Options(data=data))
    data.write_bytes(b"two")
    assert one != asked("adapt", Options(data=data))


def test_runs_that_are_not_wanted_are_put_aside_not_lost(tmp_path):
    path = tmp_path / "a.partial.json"
    for accuracy in (0.1, 0.2, 0.3):
        store = RunFile(path, ASKED)
        assert store.left_before == (accuracy > 0.1)
        store.keep(FIRST, [{"accuracy": accuracy}])
    found = {file.name: json.loads(file.read_text())["runs"][0]["rows"][0]["accuracy"] for file in tmp_path.iterdir()}
    assert found == {"a-2.partial.json": 0.1, "a-3.partial.json": 0.2, "a.partial.json": 0.3}
    RunFile(path, ASKED).remove()
    assert path.exists(), "it was another's"
    store.remove()
    assert not path.exists()


def test_where_runs_cannot_be_kept_that_is_said_once_and_measuring_goes_on(tmp_path):
    (tmp_path / "file").write_text("in the way")
    said: list[str] = []
    store = RunFile(tmp_path / "file" / "a.partial.json", ASKED, said.append)
    runs = Runs(store=store)
    assert [runs.row(run, lambda: {"accuracy": 1.0}) for run in (FIRST, SECOND)] == [{"accuracy": 1.0}] * 2
    assert len(said) == 1 and "not kept" in said[0] and store.runs == 0


def test_runs_are_kept_beside_the_figures_else_in_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DGSTUDIO_HOME", str(tmp_path / "home"))
    assert run_file_path(tmp_path / "adapt.json", ASKED) == tmp_path / "adapt.partial.json"
    home = run_file_path(None, ASKED)
    assert home.parent == tmp_path / "home" / "experiments" and home == run_file_path(Path("/dev/null"), ASKED)
    assert home != run_file_path(None, asked("adapt", Options(seeds=3)))
