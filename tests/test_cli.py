"""The command line: examples in every help, one sentence for bad input, and runs that can be checked from outside."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from waiting import DEADLINE_S, wait_until

import dgstudio.commands.run
from dgstudio import __version__, cli
from dgstudio.commands.terminal import terminal
from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.stream_config import kept_stream
from dgstudio.engine.serving import infer_worker
from dgstudio.extras.known import EXTRAS, line
from dgstudio.model.plan import Plan
from dgstudio.session.file import Session

COMMANDS = ("", "open", "demo", "run", "bench", "proof", "experiment", "export", "import", "doctor")


class Done(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def dgstudio_(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process."""
    monkeypatch.setenv("COLUMNS", "200")
    terminal.cache_clear()  # its width is read once

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["dgstudio", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        status = left.value.code
        return Done(status if isinstance(status, int) else 0, *capsys.readouterr())

    return run


def figures_of(out: str) -> dict[str, str]:
    """The rows of the summary."""
    rows = (re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in out.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}


def write_csv(path: Path, rows: int = 200, *, header: bool = True, time_column: bool = True) -> Path:
    """Two channels at 50 Hz and two activities that look different, half the rows each."""
    rng = np.random.default_rng(3)
    lines = ["time,x,y,label"] if header else []
    for i in range(rows):
        second = i >= rows // 2
        x = np.sin(i * (1.3 if second else 0.4)) + 0.05 * rng.normal()
        cells = [f"{i / 50:.3f}"] if time_column else []
        lines.append(",".join([*cells, f"{x:.5f}", f"{2.0 * second + 0.1 * rng.normal():.5f}", "ab"[second]]))
    path.write_text("\n".join(lines) + "\n")
    return path


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def refused(done: Done, *words: str) -> None:
    """One sentence on stderr, a status that says so, no traceback."""
    assert done.status != 0
    assert done.err.count("\n") == 1 and done.err.startswith("dgstudio: "), done.err
    assert "Traceback" not in done.err + done.out
    for word in words:
        assert word in done.err


# -- help, versions, options -----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(dgstudio_: Run, command: str) -> None:
    done = dgstudio_(*([command] if command else []), "--help")
    assert done.status == 0 and done.err == ""
    assert f"Example: dgstudio {command}".strip() in done.out and "Usage" in done.out


def test_the_help_lists_every_command(dgstudio_: Run) -> None:
    out = dgstudio_("--help").out
    assert all(command in out for command in COMMANDS)


def test_version(dgstudio_: Run) -> None:
    assert dgstudio_("--version") == (0, f"dgstudio {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["runn"], "runn"),
        (["--nope"], "--nope"),
        (["run", "--nope"], "--nope"),
        (["run", "--speed", "fast"], "--speed"),
        (["run", "--speed"], "--speed"),
        (["open"], "session"),
        (["run", "a.dgs", "surplus"], "surplus"),
    ],
)
def test_what_is_no_command_or_option(dgstudio_: Run, arguments: list[str], words: str) -> None:
    done = dgstudio_(*arguments)
    refused(done, words, "--help")
    assert done.status == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--source", "nonsense"], "no source “nonsense”"),
        (["--source", ""], "no source"),
        (["--source", "missing.csv"], "no file missing.csv"),
        (["--source", "."], "holds no recording"),
        (["--source", "pointer"], "open one with dgstudio --source pointer"),
        (["--speed", "0"], "give --duration"),
        (["--speed", "-1"], "--speed must be"),
        (["--speed", "nan"], "speed"),
        (["--speed", "inf"], "speed"),
        (["--duration", "0"], "--duration must be"),
        (["--duration", "nan"], "--duration must be"),
        (["--duration", "inf"], "--duration must be"),
        (["--label-delay", "-1"], "--label-delay must be"),
        (["--label-delay", "nan"], "--label-delay must be"),
        (["--rate", "0"], "samples a second"),
        (["--rate", "nan"], "samples a second"),
        (["--seed", "-1"], "seed"),
        (["--base", "missing.safetensors"], "missing.safetensors"),
        (["--labels-column", "nope"], "no column “nope”"),
        (["--duration", "1", "--jsonl", "."], "Cannot write ."),
        (["--duration", "1", "--jsonl", "no/such/folder.jsonl"], "Cannot write no/such/folder.jsonl"),
        (["--duration", "1", "--session", "no.dgs/such"], "no.dgs"),
        (["surplus"], "no session surplus: a new one is named NAME.dgs"),
        (["a.dgs", "--session", "b.dgs"], "Name one session"),
        (["no.dgs"], "no.dgs"),
        (["--window", "1"], "no use for --window"),
        (["--source", "osc", "--window", "0.001"], "--window"),
        (["--source", "osc:70000"], "names no port"),
        (["--out", "nowhere"], "no output “nowhere”: the outputs are jsonl:FILE"),
        (["--out", "jsonl"], "name it, as in --out jsonl:"),
    ],
)
def test_options_of_run_that_make_no_sense(
    dgstudio_: Run, arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no.dgs").write_text("in the way")
    refused(dgstudio_("run", *arguments), words)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e12"])
@pytest.mark.parametrize("command", [[], ["open", "a.dgs"]])
def test_a_window_cannot_be_closed_before_it_is_open(
    dgstudio_: Run, command: list[str], seconds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Session.create(tmp_path / "a.dgs").close()
    refused(dgstudio_(*command, "--quit-after", seconds), "--quit-after must be")


def test_a_package_that_is_not_there_names_its_extra(dgstudio_: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(*_: Any) -> None:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn.datasets")

    monkeypatch.setattr(dgstudio.commands.run, "run", lacks)
    refused(dgstudio_("run"), "needs scikit-learn, which is not installed", line(EXTRAS["lab"]))


def test_debug_shows_where(dgstudio_: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["dgstudio", "run", "--source", "nonsense", "--debug"])
    with pytest.raises(cli.BadInputError, match="nonsense"):
        cli.main()


def test_what_nobody_foresaw_is_a_sentence_too(dgstudio_: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(dgstudio.commands.run, "run", fails)
    refused(dgstudio_("run"), "ZeroDivisionError", "--debug")
    monkeypatch.setattr(sys, "argv", ["dgstudio", "--debug", "run"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


@pytest.mark.parametrize("arguments", [[], ["--source", "basic_motions"]])
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
def test_without_a_display_the_studio_names_what_works(
    dgstudio_: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    refused(dgstudio_(*arguments), "no display", "dgstudio run", "dgstudio export", "dgstudio doctor")


def test_a_session_that_is_not_there_or_is_there_already(dgstudio_: Run, tmp_path: Path) -> None:
    refused(dgstudio_("open", tmp_path / "missing.dgs"), "no session", "missing.dgs")
    path = tmp_path / "a.dgs"
    Session.create(path).close()
    refused(dgstudio_("run", "--duration", "1", "--session", path), "a.dgs")


def test_bench_refuses_before_it_measures(dgstudio_: Run, tmp_path: Path) -> None:
    refused(dgstudio_("bench", "--no-window", "--seconds", "1"), "at least 10")
    refused(dgstudio_("bench", "--no-window", "--json", tmp_path), "Cannot write")
    refused(dgstudio_("bench", "--no-window", "--json", tmp_path / "no" / "a.json"), "Cannot write")


# -- what is taken along ---------------------------------------------------------------------------------------


def test_a_session_is_taken_along_by_one_command(dgstudio_: Run, tmp_path: Path) -> None:
    path, saved = write_csv(tmp_path / "[bold] a.csv", 400), tmp_path / "kept.dgs"
    arguments = ("--source", path, "--speed", 0, "--labels-column", "label", "--session", saved)
    learned = figures_of(dgstudio_("run", *arguments).out)["examples learned"]
    csv, npz, model, report = (tmp_path / name for name in ("e.csv", "e.npz", "m.safetensors", "r.html"))
    done = dgstudio_("export", saved, "--examples", npz, "--model", model, "--report", report)
    assert (done.status, done.err) == (0, "")
    assert f"{learned} examples of 2 classes in 2 takes are in {npz}." in done.out
    assert model.exists() and json.loads((tmp_path / "m.safetensors.json").read_text())["stream"]["rate"] == 50.0
    assert "[bold] a" in report.read_text(encoding="utf-8")
    assert dgstudio_("export", saved, "--examples", csv).status == 0
    refused(dgstudio_("export", saved, "--examples", csv), "exists already", "--overwrite")
    assert dgstudio_("export", saved, "--examples", csv, "--overwrite").status == 0
    refused(dgstudio_("export", saved, "--model", model, "--version", 999, "--overwrite"), "no version 999")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Say what to export"),
        (["--examples", "a.txt"], ".csv or .npz"),
        (["--version", "2", "--examples", "a.csv"], "--version"),
        (["--model", "a.safetensors", "--version", "two"], "--version"),
        (["--examples", "a.csv"], "no session missing.dgs"),
    ],
)
def test_exports_that_make_no_sense(dgstudio_: Run, arguments: list[str], words: str) -> None:
    refused(dgstudio_("export", "missing.dgs", *arguments), words)


# -- recordings as people have them ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("x,y\n1,2\n3\n", "Line 3"),
        ("x,y\n1,2\n3,4,5\n", "Line 3"),
        ("x,y\n", "no rows"),
        ("", "is empty"),
        ("name\nalice\nbob\n", "no column of numbers"),
        ("\0\1\2", "not a text file"),
    ],
)
def test_a_file_that_cannot_be_played(dgstudio_: Run, tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)
    refused(dgstudio_("run", "--source", path, "--speed", 0), words, "bad.csv")


def test_text_and_missing_cells_are_counted_and_a_column_of_text_is_left_out(dgstudio_: Run, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    rows = [
        f"{i / 50},{'oops' if i == 70 else np.sin(i)},{'nan' if i in (75, 76) else ''}{i * 0.1},note"
        for i in range(120)
    ]
    path.write_text("time,x,y,remark\n" + "\n".join(rows).replace("nan7", "nan #7") + "\n")
    done = dgstudio_("run", "--source", path, "--speed", 0)
    assert done.status == 0 and done.err == ""
    assert "“remark” has only text and is left out" in done.out
    assert "“x”, 1 cell holds text, first on line 72" in done.out
    figures = figures_of(done.out)
    assert figures["samples"] == "120" and figures["lost samples"] == "0"
    assert figures["repaired values"] == "3" and figures["answers"] == str(120 - 50 + 1)


def test_a_file_without_header_or_time_says_what_is_assumed(dgstudio_: Run, tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    np.savetxt(path, np.random.default_rng(0).normal(size=(150, 1)), fmt="%.4f")
    jsonl = tmp_path / "out.jsonl"
    done = dgstudio_("run", "--source", path, "--speed", 0, "--jsonl", jsonl)
    assert "There is no header" in done.out and "50 samples a second are assumed (--rate)" in done.out
    assert lines_of(jsonl)[0]["time"] == pytest.approx(49 / 50)
    done = dgstudio_("run", "--source", path, "--speed", 0, "--jsonl", jsonl, "--rate", 100)
    assert done.status == 0 and "assumed" not in done.out
    assert lines_of(jsonl)[0]["time"] == pytest.approx(99 / 100)


def test_a_file_too_short_for_a_window_gets_no_answer_and_says_so(dgstudio_: Run, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "short.csv", 10)
    done = dgstudio_("run", "--source", path, "--speed", 0)
    assert done.status == 0 and "gets no answer" in done.out and figures_of(done.out)["answers"] == "0"


def test_a_long_file(dgstudio_: Run, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("x,y\n" + "0.5,1.5\n-0.25,2\n" * 50_000)
    jsonl = tmp_path / "out.jsonl"
    done = dgstudio_("run", "--source", path, "--speed", 0, "--rate", 10_000, "--jsonl", jsonl)
    assert done.status == 0, done.err
    assert figures_of(done.out)["samples"] == "100000" and figures_of(done.out)["lost samples"] == "0"
    assert len(lines_of(jsonl)) == (100_000 - 10_000) // 200 + 1


def test_names_that_look_like_markup_are_only_names(dgstudio_: Run, tmp_path: Path) -> None:
    path = tmp_path / "[bold].csv"
    rows = [f"{i / 50},{np.sin(i)},{i % 7},[/red]" for i in range(100)]
    path.write_text("time,[/dim],y,label\n" + "\n".join(rows) + "\n")
    done = dgstudio_("run", "--source", path, "--speed", 0, "--labels-column", "label")
    assert done.status == 0 and done.err == ""
    assert figures_of(done.out)["scored answers"] == "51"


# -- JSON lines and prequential accuracy -----------------------------------------------------------------------


def test_one_line_a_hop_from_the_first_full_window_on(dgstudio_: Run, tmp_path: Path) -> None:
    path, jsonl = write_csv(tmp_path / "a.csv", 120), tmp_path / "out.jsonl"
    done = dgstudio_("run", "--source", path, "--speed", 0, "--jsonl", jsonl)
    lines = lines_of(jsonl)
    assert [line["hop"] for line in lines] == list(range(120 - 50 + 1))
    np.testing.assert_allclose([line["time"] for line in lines], np.arange(49, 120) / 50, atol=1e-6)
    assert all(line["answer"] is None and line["probabilities"] == {} for line in lines)
    assert {line["version"] for line in lines} == {0} and all(line["latency_us"] > 0 for line in lines)
    assert figures_of(done.out)["JSON lines"] == figures_of(done.out)["answers"] == str(len(lines))


def test_prequential_accuracy_is_what_the_lines_say(dgstudio_: Run, tmp_path: Path) -> None:
    path, jsonl = write_csv(tmp_path / "a.csv", 400), tmp_path / "out.jsonl"
    done = dgstudio_("run", "--source", path, "--speed", 0, "--jsonl", jsonl, "--labels-column", "label")
    lines = lines_of(jsonl)
    scored = [line for line in lines if "truth" in line]
    right = [line["answer"] == line["truth"] for line in scored]
    figures = figures_of(done.out)
    assert figures["scored answers"] == str(len(scored)) == str(len(lines))
    assert figures["prequential accuracy"] == f"{np.mean(right):.4f}"
    assert 0.8 < np.mean(right) < 1.0
    # Scored before it is learned: the first window of each activity cannot be answered rightly.
    assert lines[0]["answer"] is None and int(figures["without an answer"]) >= 1
    first_b = next(i for i, line in enumerate(scored) if line["truth"] == "b")
    assert scored[first_b]["answer"] == "a" and right[-50:] == [True] * 50
    assert figures["protected bits changed"] == "0" and int(figures["examples learned"]) > 20


def test_two_runs_give_the_same_lines(dgstudio_: Run, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", 300)
    runs = []
    for number in range(2):
        jsonl = tmp_path / f"{number}.jsonl"
        arguments = ("--source", path, "--speed", 0, "--jsonl", jsonl, "--labels-column", "label", "--label-delay", 0.3)
        assert dgstudio_("run", *arguments).status == 0
        runs.append([{k: v for k, v in line.items() if k != "latency_us"} for line in lines_of(jsonl)])
    assert runs[0] == runs[1]
    assert len({line["version"] for line in runs[0]}) > 10


@pytest.mark.parametrize("delay", [0.0, 0.5, 2.0])
def test_no_label_is_learned_before_its_delay_is_over(dgstudio_: Run, tmp_path: Path, delay: float) -> None:
    path, jsonl = write_csv(tmp_path / "a.csv", 300), tmp_path / "out.jsonl"
    arguments = ("--source", path, "--speed", 0, "--jsonl", jsonl, "--labels-column", "label", "--label-delay", delay)
    done = dgstudio_("run", *arguments)
    lines = lines_of(jsonl)
    assert figures_of(done.out)["label delay"] == f"{delay:g} s"
    for name in "ab":
        told = next(line["time"] for line in lines if line["truth"] == name)
        known = next(line["time"] for line in lines if name in line["probabilities"])
        # A label that has come is learned before the next hop; at most ten a second are learned.
        assert told + delay + 0.02 - 1e-6 <= known <= told + delay + 0.12


def test_a_delay_longer_than_the_file_teaches_nothing(dgstudio_: Run, tmp_path: Path) -> None:
    path, jsonl = write_csv(tmp_path / "a.csv", 150), tmp_path / "out.jsonl"
    arguments = ("--source", path, "--speed", 0, "--jsonl", jsonl, "--labels-column", "label", "--label-delay", 100)
    figures = figures_of(dgstudio_("run", *arguments).out)
    assert figures["examples learned"] == "0" and figures["prequential accuracy"] == "0.0000"
    assert figures["without an answer"] == figures["scored answers"] == "101"
    assert {line["answer"] for line in lines_of(jsonl)} == {None}


def test_rows_without_a_label_are_answered_and_not_scored(dgstudio_: Run, tmp_path: Path) -> None:
    path, jsonl = tmp_path / "a.csv", tmp_path / "out.jsonl"
    rows = [f"{i / 50},{np.sin(i)},{'' if i < 100 else 'a'}" for i in range(200)]
    path.write_text("time,x,label\n" + "\n".join(rows) + "\n")
    done = dgstudio_("run", "--source", path, "--speed", 0, "--jsonl", jsonl, "--labels-column", "label")
    lines = lines_of(jsonl)
    assert len(lines) == 151 and "truth" not in lines[0]
    assert figures_of(done.out)["scored answers"] == str(sum("truth" in line for line in lines)) != "151"


def test_a_label_that_can_be_no_class_is_left_out_and_said(dgstudio_: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    long = "x" * 300
    rows = [f"{i / 50},{np.sin(i)},{i % 3},{'a' if i < 150 else long if i < 300 else 'A'}" for i in range(400)]
    path.write_text("time,x,y,label\n" + "\n".join(rows) + "\n")
    done = dgstudio_("run", "--source", path, "--speed", 0, "--labels-column", "label")
    assert done.status == 0 and done.err == ""
    assert done.out.count("label left out") == 2 and "300 characters" in done.out and "already a class" in done.out
    assert figures_of(done.out)["answers"] == "351"


def test_the_recording_that_ships_is_known_and_protected(dgstudio_: Run, tmp_path: Path) -> None:
    jsonl = tmp_path / "out.jsonl"
    done = dgstudio_("run", "--source", "basic_motions", "--speed", 0, "--jsonl", jsonl)
    figures = figures_of(done.out)
    assert "Base model basic_motions: knows Standing, Running, Walking" in done.out
    assert figures["samples"] == "8000" and figures["skipped hops"] == "0" and figures["protected inputs"] == "150"
    lines = lines_of(jsonl)
    known = [line for line in lines if line.get("truth") in ("Standing", "Running", "Walking")]
    assert np.mean([line["answer"] == line["truth"] for line in known]) > 0.95
    assert {line["certified"] for line in lines} == {0}
    accuracy = np.mean([line["answer"] == line["truth"] for line in lines if "truth" in line])
    assert figures["accuracy against ground truth"] == f"{accuracy:.4f}"


# -- how a run ends --------------------------------------------------------------------------------------------


def test_the_simulator_for_a_second_of_full_speed(dgstudio_: Run, tmp_path: Path) -> None:
    jsonl = tmp_path / "out.jsonl"
    begin = time.monotonic()
    done = dgstudio_("run", "--speed", 0, "--duration", 1, "--jsonl", jsonl)
    assert done.status == 0 and time.monotonic() - begin >= 1
    figures = figures_of(done.out)
    assert figures["lost samples"] == figures["skipped hops"] == "0" and int(figures["answers"]) > 200
    lines = lines_of(jsonl)
    assert len(lines) == int(figures["JSON lines"]) == int(figures["answers"])
    assert float(figures["accuracy against ground truth"]) > 0.7


def test_a_run_keeps_what_it_learned_in_its_session(dgstudio_: Run, tmp_path: Path) -> None:
    path, jsonl, saved = write_csv(tmp_path / "a.csv", 200), tmp_path / "out.jsonl", tmp_path / "kept.dgs"
    arguments = ("--source", path, "--speed", 0, "--jsonl", jsonl, "--labels-column", "label", "--session", saved)
    done = dgstudio_("run", *arguments)
    assert done.status == 0
    with Session.open(saved) as session:
        assert [info.name for info in session.classes()] == ["a", "b"]
        assert len(session.examples()) == int(figures_of(done.out)["examples learned"])
        latest = session.latest_checkpoint()
        assert latest is not None and latest.version >= lines_of(jsonl)[-1]["version"]


def test_a_session_that_a_run_made_says_which_stream_it_was(
    dgstudio_: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "a.csv")
    monkeypatch.chdir(tmp_path)
    arguments = ("--source", "a.csv", "--speed", 0, "--labels-column", "label", "--session", "a.dgs")
    assert dgstudio_("run", *arguments).status == 0
    with Session.open(tmp_path / "a.dgs") as session:
        stream = kept_stream(session)
    # By its whole path, and at its own speed: "as fast as possible" is no way to look at it.
    assert (stream["source"], stream["speed"]) == (str(tmp_path / "a.csv"), 1.0)
    assert stream["labels_column"] == "label"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")
def test_lines_that_could_not_be_written_are_told_by_the_status(dgstudio_: Run, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", 3000)
    done = dgstudio_("run", "--source", path, "--speed", 0, "--base", "none", "--jsonl", "/dev/full")
    refused(done, "/dev/full", "No space left")
    assert "JSON lines" not in figures_of(done.out)


def test_answering_that_fails_for_good_is_said_and_told_by_the_status(
    dgstudio_: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Plan, "answer", fails)
    done = dgstudio_("run", "--source", write_csv(tmp_path / "a.csv"), "--speed", 0)
    refused(done, "dg-infer failed")
    assert "thread failed" in done.out and "a bug" in done.out


def test_a_learner_that_fails_for_good_does_not_hold_up_the_end(
    dgstudio_: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("dgstudio.learning.learner.learner.Learner.step", fails)
    done = dgstudio_("run", "--source", write_csv(tmp_path / "a.csv"), "--speed", 0, "--labels-column", "label")
    assert done.status == 0 and "dg-learn failed again and again" in done.out
    assert figures_of(done.out)["answers"] == "151"


def test_a_session_that_cannot_be_written_does_not_hold_up_the_end(
    dgstudio_: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dgstudio.engine.runtime.group_commit.GroupCommit._put_all", _full)
    done = dgstudio_("run", "--source", write_csv(tmp_path / "a.csv"), "--speed", 0, "--labels-column", "label")
    assert done.status == 0 and "not saved" in done.out and "disk is full" in done.out
    assert int(figures_of(done.out)["examples learned"]) > 5


def _full(*_: Any) -> None:
    from dgstudio.errors import SessionError

    raise SessionError("the disk is full")


def test_ctrl_c_ends_with_the_figures(dgstudio_: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(engine: Engine) -> bool:
        if engine.stats().hops > 3:
            raise KeyboardInterrupt
        return False

    monkeypatch.setattr(Engine, "ended", property(interrupted))
    done = dgstudio_("run")
    assert done.status == 130 and "Stopped." in done.out and int(figures_of(done.out)["answers"]) > 3


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_real_program_by_itself(tmp_path: Path) -> None:
    """In a process of its own, without a display: refused, then run and interrupted from outside."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    command = [sys.executable, "-m", "dgstudio"]
    bad = subprocess.run([*command, "run", "--source", "nonsense"], env=environment, capture_output=True, text=True)
    refused(Done(bad.returncode, bad.stdout, bad.stderr), "no source “nonsense”")
    jsonl = tmp_path / "out.jsonl"
    # A run of the tests in the background ignores interrupts, and a child would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        [*command, "run", "--speed", "10", "--jsonl", str(jsonl)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        signal.signal(signal.SIGINT, before)
        wait_until(lambda: running.poll() is not None or (jsonl.exists() and jsonl.stat().st_size > 0), "an answer")
        assert running.poll() is None
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=DEADLINE_S)
    assert running.returncode == 130 and err == ""
    assert int(figures_of(out)["JSON lines"]) == len(lines_of(jsonl)) > 0


def test_a_recording_played_fast_waits_and_leaves_no_hop_out(
    dgstudio_: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if answering were always behind: whoever may leave hops out now does.
    monkeypatch.setattr(infer_worker, "BACKLOG", 0)
    jsonl = tmp_path / "out.jsonl"
    for speed in (0, 40):
        done = dgstudio_("run", "--source", write_csv(tmp_path / "a.csv", 400), "--speed", speed, "--jsonl", jsonl)
        assert done.status == 0 and figures_of(done.out)["skipped hops"] == "0"
        hops = [line["hop"] for line in lines_of(jsonl)]
        assert hops == list(range(len(hops))) and len(hops) > 50


def test_demos_are_listed_and_what_is_none_is_refused_with_status_2(dgstudio_: Run, tmp_path: Path) -> None:
    listed = dgstudio_("demo", "--list")
    assert listed.status == 0 and listed.out.startswith("haywire ")
    done = dgstudio_("demo", "haywir")
    assert done.status == 2 and "There is no demo “haywir”: choose haywire" in done.err
    bad = tmp_path / "own.toml"
    bad.write_text('title = "Mine"\n[[step]]\ncaption = "{twin.lots}"\n', encoding="utf-8")
    done = dgstudio_("demo", bad, "--unattended")
    assert done.status == 2 and "own.toml, step 1, caption: “twin.lots” is no figure" in done.err
    refused(dgstudio_("demo", "haywire", "--report", tmp_path / "out"), "--report goes with --unattended")
    refused(dgstudio_("demo", "haywire", "--moving", tmp_path / "a.webp"), "--moving goes with --unattended")
    refused(dgstudio_("demo", "haywire", "--unattended", "--moving", tmp_path / "a.mp4"), "a .webp or .gif file")


@pytest.mark.parametrize(("claimed", "status"), [("==", 0), (">", 1)])
def test_a_demo_that_nobody_attends_tells_whether_its_captions_were_true(
    dgstudio_: Run, tmp_path: Path, qapp: object, claimed: str, status: int
) -> None:
    own = tmp_path / "own.toml"
    claim = f'claims = [{{ words = "has lost", holds = "ours.lost {claimed} 0" }}]'
    text = f'title = "Mine"\n[[step]]\ncaption = "It has lost {{ours.lost}}."\nuntil = {{ seconds = 0.3 }}\n{claim}\n'
    own.write_text(text, encoding="utf-8")
    done = dgstudio_("demo", own, "--unattended", "--report", tmp_path / "out")
    assert done.status == status and "It has lost 0." in done.out
    assert ("1 of 1 claims of the captions were not true" in done.err) is (status == 1)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"own.html", "own.csv", "own-01.png"}
