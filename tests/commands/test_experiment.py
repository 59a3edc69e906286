"""`dgstudio experiment` as it is lived with: listed, watched, interrupted, gone on with."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console
from waiting import DEADLINE_S, wait_until

from dgstudio import cli
from dgstudio.commands import experiment
from dgstudio.commands.experiment import LINE_EVERY_S, PlainLines, minutes, shown
from dgstudio.commands.terminal import terminal
from dgstudio.lab.experiment import Experiment
from dgstudio.lab.experiments import experiment_names, experiment_summaries
from dgstudio.lab.results import Result, over_seeds
from dgstudio.lab.runs import Progress, RunId, Runs

Run = Callable[..., SimpleNamespace]
SEEDS = 3


@pytest.fixture
def dgstudio_(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command line in this process: exit status, standard output and errors."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("DGSTUDIO_HOME", str(tmp_path / "home"))
    terminal.cache_clear()

    def run(*arguments: object) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["dgstudio", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return SimpleNamespace(status=left.value.code or 0, out=said.out, err=said.err)

    return run


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """An experiment of three runs in the place of all others: `seeds` that were measured, `stop` what ends one."""
    what = SimpleNamespace(seeds=[], stop={})

    def run(options: object, runs: Runs) -> Result:
        def one(seed: int) -> dict[str, float]:
            if seed in what.stop:
                raise what.stop[seed]
            what.seeds.append(seed)
            return {"accuracy": 0.5 + seed / 7}

        runs.expect(SEEDS)
        rows = [runs.row(RunId("blobs", seed, "ours"), lambda seed=seed: one(seed)) for seed in range(SEEDS)]
        return Result("adapt", {}, [{"method": "ours", **over_seeds(rows)}])

    monkeypatch.setattr(experiment, "find_experiment", lambda name: Experiment("made up", run))
    return what


def test_the_help_lists_every_experiment_with_what_it_shows(dgstudio_: Run) -> None:
    said = " ".join(dgstudio_("experiment", "--help").out.split())
    summaries = experiment_summaries()
    assert list(summaries) == experiment_names() and len(summaries) > 5
    for name, summary in summaries.items():
        assert f"{name}: {summary}" in said


def test_an_unknown_name_lists_them(dgstudio_: Run) -> None:
    done = dgstudio_("experiment", "bogus")
    assert done.status == 1 and done.err.count("\n") == 1
    assert all(name in done.err for name in experiment_names())


def test_a_run_that_is_not_watched_prints_its_progress_beside_its_table(dgstudio_: Run, measured, tmp_path) -> None:
    done = dgstudio_("experiment", "adapt", "--json", tmp_path / "a.json")
    assert done.status == 0 and "method" in done.out and " of 3: " not in done.out
    assert "1 of 3: blobs, seed 0, ours · 0:00 so far" in done.err
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"], "what was kept is in the figures"


@pytest.mark.parametrize("where", ["--json", ""])
def test_what_was_interrupted_goes_on_to_the_same_figures(dgstudio_: Run, measured, tmp_path, where) -> None:
    asked = ("experiment", "adapt", *((where, tmp_path / "a.json") if where else ()))
    whole = dgstudio_(*asked).out
    figures = (tmp_path / "a.json").read_text() if where else ""
    measured.seeds.clear()
    measured.stop[2] = KeyboardInterrupt()
    done = dgstudio_(*asked)
    assert done.status == 130 and not done.out
    folder = tmp_path if where else tmp_path / "home" / "experiments"
    (kept,) = folder.glob("*.partial.json")
    last = done.err.splitlines()[-1]
    assert last.startswith(f"2 finished runs are kept in {kept}") and "--resume" in last
    assert not where or (tmp_path / "a.json").read_text() == figures, "figures of before stay until there are new ones"
    measured.stop.clear()
    again = dgstudio_(*asked, "--resume")
    assert (again.status, again.out, measured.seeds) == (0, whole, [0, 1, 2])
    assert f"Going on from {kept}: 2 finished runs are taken over." in again.err
    assert not kept.exists()


def test_without_resume_it_begins_anew_and_says_so(dgstudio_: Run, measured, tmp_path) -> None:
    measured.stop[1] = KeyboardInterrupt()
    asked = ("experiment", "adapt", "--json", tmp_path / "a.json")
    dgstudio_(*asked)
    measured.stop.clear()
    done = dgstudio_(*asked)
    assert measured.seeds == [0, 0, 1, 2] and "which --resume goes on from; this one begins anew" in done.err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a-2.partial.json", "a.json"]
    assert "There is nothing to go on from" in dgstudio_(*asked, "--resume").err


def test_an_error_in_the_middle_keeps_what_was_done_too(dgstudio_: Run, measured, tmp_path) -> None:
    measured.stop[1] = OSError(28, "No space left on device", "x")
    done = dgstudio_("experiment", "adapt", "--json", tmp_path / "a.json")
    assert done.status == 1 and "1 finished run is kept in" in done.err and "No space left" in done.err


def test_a_first_run_that_is_interrupted_leaves_nothing(dgstudio_: Run, measured, tmp_path) -> None:
    measured.stop[0] = KeyboardInterrupt()
    done = dgstudio_("experiment", "adapt", "--json", tmp_path / "a.json")
    assert done.status == 130 and "kept" not in done.err and not list(tmp_path.iterdir())


def progress(number: int, left_s: float | None) -> Progress:
    return Progress(number / 9, number, 9, RunId("digits", 0, "ours", "5 labels"), "", 65.0, left_s)


def test_lines_come_at_once_and_then_seldom() -> None:
    now, out = [0.0], io.StringIO()
    lines = PlainLines(Console(file=out, width=200), lambda: now[0])
    for number in range(1, 9):
        lines(progress(number, None if number == 1 else 130.4))
        now[0] += LINE_EVERY_S / 2
    assert out.getvalue().splitlines() == [
        "1 of 9: digits, seed 0, ours, 5 labels · 1:05 so far",
        *(f"{n} of 9: digits, seed 0, ours, 5 labels · 1:05 so far, about 2:10 left" for n in (3, 5, 7)),
    ]


def test_on_a_terminal_it_is_a_bar_that_goes() -> None:
    out = io.StringIO()
    console = Console(file=out, width=160, force_terminal=True, legacy_windows=False)
    with shown(console) as tell:
        tell(progress(4, 130.0))
    said = out.getvalue()
    assert "digits, seed 0, ours, 5 labels" in said and "4 of 9" in said and "about 2:10 left" in said


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (754, "12:34"), (3750, "1:02:30")])
def test_minutes(seconds: float, text: str) -> None:
    assert minutes(seconds) == text


# -- as a program of its own -------------------------------------------------------------------------------------------

PROGRAM = """
import os, time
from dgstudio import cli
from dgstudio.commands import experiment
from dgstudio.lab.experiment import Experiment
from dgstudio.lab.results import Result, over_seeds
from dgstudio.lab.runs import RunId

def run(options, runs):
    def one(seed):
        # Not `signal.pause`: a signal that comes just before it is noticed only after the next one.
        while seed == 1 and "WAIT" in os.environ:
            time.sleep(0.01)
        return {"accuracy": float(seed)}
    runs.expect(2)
    rows = [runs.row(RunId("blobs", seed, "ours"), lambda: one(seed)) for seed in (0, 1)]
    return Result("adapt", {}, [{"method": "ours", **over_seeds(rows)}])

experiment.find_experiment = lambda name: Experiment("made up", run)
cli.main()
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")


def started(folder: Path, *arguments: str, **streams: int) -> subprocess.Popen[str]:
    """The program, which does two runs; it waits in the second one where `WAIT` is set."""
    command = [sys.executable, "-c", PROGRAM, "experiment", "adapt", *arguments]
    return subprocess.Popen(command, cwd=folder, text=True, stderr=subprocess.PIPE, **streams)


@posix
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_what_was_done(tmp_path: Path, monkeypatch, number: int, status: int) -> None:
    monkeypatch.setenv("WAIT", "1")
    kept = tmp_path / "a.partial.json"
    with started(tmp_path, "--json", "a.json", stdout=subprocess.PIPE) as process:
        wait_until(kept.exists, "the first run")
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == status
    assert not out and err.splitlines()[-1].startswith("1 finished run is kept in a.partial.json: ")
    assert [run["seed"] for run in json.loads(kept.read_text())["runs"]] == [0]
    monkeypatch.delenv("WAIT")
    with started(tmp_path, "--json", "a.json", "--resume", stdout=subprocess.PIPE) as process:
        out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0 and "1 finished run is taken over" in err and "2 of 2: " in err
    assert json.loads((tmp_path / "a.json").read_text())["rows"][0]["accuracy"]["mean"] == 0.5
    assert not kept.exists()


@posix
def test_a_closed_pipe_loses_nothing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("DGSTUDIO_HOME", str(tmp_path))
    reader, writer = os.pipe()
    os.close(reader)
    with started(tmp_path, stdout=writer) as process:
        os.close(writer)
        _, err = process.communicate(timeout=DEADLINE_S)
    (kept,) = (tmp_path / "experiments").glob("*.partial.json")
    assert process.returncode not in (0, None) and "Traceback" not in err
    assert err.splitlines()[-1].startswith(f"2 finished runs are kept in {kept}")
