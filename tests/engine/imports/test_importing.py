"""Imports into a running session: the right examples, one act, nothing left of what is given up, refusals in words."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgstudio.engine.imports.column_mapping import FEATURES, SAMPLES
from dgstudio.engine.imports.plan import MOST_LEARNED
from dgstudio.engine.imports.worker import ImportStage
from dgstudio.paths import sample
from dgstudio.reasons.noted import (
    ChannelsNamedOtherwise,
    ColumnsToSpare,
    NoExamplesOfStretches,
    RateOfStream,
    Resampled,
    RowsWithoutLabel,
    TimesMissing,
)
from dgstudio.session.file import Session

Rigs = Callable[..., Any]
Until = Callable[..., None]
NEW = "Badminton"


class Importing:
    """Reads, chooses, imports, and waits for each."""

    def __init__(self, rig: Any, until: Until) -> None:
        self.rig, self.engine, self.until = rig, rig.engine, until

    def read(self, path: Path, **choices: Any) -> Any:
        self.engine.imports.read(path)
        self.until(lambda: self.engine.imports.view.stage in (ImportStage.CHOOSING, ImportStage.FAILED), "the file")
        if choices:
            self.engine.imports.choose(replace(self.engine.imports.view.choices, **choices))
            self.until(lambda: self.engine.imports.view.stage in (ImportStage.CHOOSING, ImportStage.FAILED), "the plan")
        return self.engine.imports.view.plan

    def do(self, path: Path, **choices: Any) -> Any:
        plan = self.read(path, **choices)
        assert not plan.blocker
        self.engine.imports.begin()
        self.until(lambda: self.engine.imports.view.stage == ImportStage.DONE, "the import")
        self.rig.settle()
        return plan

    def refused(self, path: Path, **choices: Any) -> str:
        plan = self.read(path, **choices)
        return (
            plan.blocker if self.engine.imports.view.stage == ImportStage.CHOOSING else self.engine.imports.view.failure
        )


def counts(engine: Any) -> dict[str, int]:
    return {info.name: engine.book.labels(info.id)[0] for info in engine.classes.living()}


def standing(engine: Any) -> list[Any]:
    return [(e.features.tobytes(), e.learn, engine.classes.names[e.class_id]) for e in engine.book.active_examples()]


@pytest.fixture
def importing(rigs: Rigs, until: Until, tmp_path: Path) -> Callable[..., Importing]:
    return lambda name="a.dgs", **options: Importing(rigs(Session.create(tmp_path / name), **options), until)


def write(path: Path, rows: list[list[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def features_rows(engine: Any, count: int = 6) -> list[list[object]]:
    names = list(engine.features.names)
    rng = np.random.default_rng(1)
    rows = [[*map(float, rng.normal(size=len(names)).round(3)), ("circle", "Walking")[i % 2]] for i in range(count)]
    return [[*names, "label"], *rows]


# -- what comes --------------------------------------------------------------------------------------------------------


def test_a_recording_becomes_the_examples_that_a_held_key_would_have_made(importing: Any) -> None:
    desk = importing()
    before = counts(desk.engine)
    plan = desk.do(sample("basic_motions.csv"))
    assert plan.choices.shape == SAMPLES and plan.choices.take == "take" and plan.choices.label == "label"
    fresh = [entry.name for entry in plan.classes if entry.new]
    assert fresh == [NEW] and {entry.name for entry in plan.classes} == {*before, NEW}
    made = counts(desk.engine)
    assert made == {entry.name: entry.count for entry in plan.classes} and plan.total == sum(made.values())
    # The same bytes as the live stream gives.
    readings = {reading.features.tobytes() for reading in desk.rig.play(NEW)}
    mine = {e.features.tobytes() for e in desk.engine.book.of_class(desk.engine.classes.by_name(NEW).id)}
    assert readings and readings <= mine
    takes = desk.engine.book.every_take()
    assert {take.who for take in takes.values()} == {"import"} and {t.source for t in takes.values()} == {
        "basic_motions.csv"
    }
    assert sum(take.examples for take in takes.values()) == plan.total
    assert any(e.raw is not None for e in desk.engine.book.active_examples())
    assert desk.engine.book.takes() == [], "its times are not those of the stream"
    learned = desk.engine.learner.training.every()
    assert len(learned) == sum(e.learn for e in desk.engine.book.active_examples()) <= MOST_LEARNED
    desk.rig.check_all()


def test_it_is_one_act_that_is_undone_redone_and_survives_reopening(
    importing: Any, rigs: Rigs, until: Until, tmp_path: Path
) -> None:
    desk = importing()
    desk.rig.teach("wave", "Running")
    before, digest = standing(desk.engine), desk.engine.learner.store.head.digest
    path = write(tmp_path / "f.csv", features_rows(desk.engine, 9))
    desk.do(path)
    after = standing(desk.engine)
    assert len(after) == len(before) + 9 and "circle" in counts(desk.engine)
    said = desk.rig.heard("labels changed").sentence
    assert said == "9 examples of 2 classes imported from f.csv."
    learned = desk.engine.learner.store.head.digest
    desk.engine.labels.undo()
    desk.rig.settle()
    assert standing(desk.engine) == before and desk.engine.learner.store.head.digest == digest
    assert "circle" not in counts(desk.engine)
    desk.engine.labels.redo()
    desk.rig.settle()
    assert standing(desk.engine) == after and desk.engine.learner.store.head.digest == learned
    acts = desk.engine.book.history()
    assert [act.kind for act in acts[0]][-1] == "imported" and acts[1] == len(acts[0])
    assert desk.engine.stop() == []

    again = Importing(rigs(Session.open(tmp_path / "a.dgs")), until)
    assert standing(again.engine) == after and again.engine.book.history() == acts
    again.engine.labels.undo()
    again.rig.settle()
    assert standing(again.engine) == before and again.engine.learner.store.head.digest == digest


@pytest.mark.parametrize("name", ["e.csv", "e.npz"])
def test_what_export_writes_comes_back_byte_for_byte(importing: Any, tmp_path: Path, name: str) -> None:
    desk = importing()
    desk.rig.teach(NEW, NEW)
    desk.rig.teach("Walking", "Walking")
    desk.engine.recording.export("examples", tmp_path / name)
    desk.rig.heard("exported")
    other = importing("b.dgs")
    plan = other.do(tmp_path / name)
    assert plan.choices.shape == FEATURES and not plan.problems.count
    assert standing(other.engine) == standing(desk.engine)
    mine, theirs = (sorted({(e.take_id, e.class_id) for e in d.engine.book.active_examples()}) for d in (desk, other))
    assert len(mine) == len(theirs)
    ends = [[e.end for e in d.engine.book.active_examples()] for d in (desk, other)]
    assert ends[0] == pytest.approx(ends[1])


def test_another_session_gives_its_examples_with_their_pictures(importing: Any, tmp_path: Path, rigs: Rigs) -> None:
    desk = importing()
    desk.rig.teach(NEW, NEW)
    known = standing(desk.engine)
    other = importing("b.dgs")
    assert "open in another dgstudio" in other.refused(tmp_path / "a.dgs")
    desk.engine.stop()
    before = (tmp_path / "a.dgs").read_bytes()
    plan = other.do(tmp_path / "a.dgs")
    assert plan.table.kind == "session" and standing(other.engine) == known
    assert other.engine.book.labels(other.engine.classes.by_name(NEW).id)[2], "thumbnails"
    assert (tmp_path / "a.dgs").read_bytes() == before


def test_another_session_of_another_stream_is_refused_with_the_reason(importing: Any, tmp_path: Path) -> None:
    with Session.create(tmp_path / "b.dgs") as session:
        session.set_config("features", ["x mean", "y mean"])
        session.set_config("signal", {"name": "pad", "channels": ["x", "y"]})
    desk = importing()
    said = desk.refused(tmp_path / "b.dgs")
    assert "other features" in said and "stream “pad”, 2 channels: x, y" in said
    with Session.create(tmp_path / "c.dgs") as session:
        session.set_config("features", list(desk.engine.features.names))
    assert "no examples" in desk.refused(tmp_path / "c.dgs")
    (tmp_path / "d.dgs").write_bytes(b"nothing" * 1000)
    assert "not a dgstudio session" in desk.refused(tmp_path / "d.dgs")


def test_another_rate_is_interpolated_and_channels_are_matched_by_name(importing: Any, tmp_path: Path) -> None:
    desk = importing()
    spec = desk.engine.spec
    names = [*reversed(spec.channels), "extra"]
    rate = spec.rate * 5
    t = np.arange(int(rate * 12)) / rate
    values = np.sin(2 * np.pi * 1.3 * t[:, None] + np.arange(len(names)))
    rows = [[f"{a:.4f}", *map("{:.5f}".format, v), "circle"] for a, v in zip(t, values, strict=True)]
    rows[3][0] = "nan"
    path = write(tmp_path / "fast.csv", [["time", *names, "label"], *rows])
    plan = desk.do(path)
    assert plan.choices.channels == spec.channels and plan.choices.time == "time"
    assert Resampled(rate, spec.rate) in plan.notes
    assert TimesMissing("time", 1, 5, "line", len(rows) - 1) in plan.notes
    assert ColumnsToSpare(len(names), len(spec.channels)) in plan.notes
    wanted = (12 - spec.window_s) / (spec.hop / spec.rate)
    assert abs(plan.total - wanted) <= 2
    # The same wave at the stream's own rate gives nearly the same features.
    slow = values[::5]
    rows = [[*map("{:.5f}".format, v), "circle"] for v in slow]
    other = desk.read(write(tmp_path / "slow.csv", [[*names, "label"], *rows]))
    assert RateOfStream(spec.rate) in other.notes
    assert other.total == plan.total


def test_windows_follow_the_rule_of_takes_and_no_break_is_straddled(importing: Any, tmp_path: Path) -> None:
    desk = importing()
    spec = desk.engine.spec
    w = spec.window

    def rows(length: int, label: str, take: int) -> list[list[object]]:
        return [[*[float(i % 7)] * len(spec.channels), label, take] for i in range(length)]

    head = [*spec.channels, "label", "take"]
    body = rows(2 * w, "circle", 0) + rows(w, "", 0) + rows(w, "wave", 0) + rows(w - 1, "wave", 1) + rows(w, "rest", 2)
    plan = desk.read(write(tmp_path / "t.csv", [head, *body]))
    made = {entry.name: entry.count for entry in plan.classes}
    hops = w // spec.hop
    assert made["circle"] == 1 + hops, "only whole windows of the beginning"
    assert made["wave"] == 1 + int(0.5 * w / spec.hop), "from half a window on; the short take gives none"
    assert made["rest"] == 1
    assert NoExamplesOfStretches(1, 3, spec.window_s) in plan.notes
    assert RowsWithoutLabel(w, len(body)) in plan.notes


# -- what is wrong -----------------------------------------------------------------------------------------------------


def test_bad_rows_of_features_are_named_and_left_out(importing: Any, tmp_path: Path) -> None:
    desk = importing()
    rows = features_rows(desk.engine, 8)
    rows[2][3], rows[3][0], rows[4][1] = "abc", "", "1e60"
    rows[5][-1], rows[6][-1] = "x" * 300, ""
    plan = desk.do(write(tmp_path / "f.csv", rows))
    names = desk.engine.features.names
    told = {problem.line: problem.what.words for problem in plan.problems.told}
    assert told[3] == f"“abc” in “{names[3]}” is no number: left out"
    assert told[4] == f"“{names[0]}” has no value: left out"
    assert "beyond what features can be" in told[5]
    assert "cannot be a class, 1 row is left out: That name has 300 characters" in told[6]
    assert RowsWithoutLabel(1, 8) in plan.notes and plan.total == 3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda rows: [row[1:] for row in rows], "This model takes"),
        (lambda rows: [[r[-1]] for r in rows], "This model takes"),
        (lambda rows: [row[:-1] for row in rows], "Choose the column that holds the labels"),
        (lambda rows: [["other", *rows[0][1:]], *rows[1:]], "other ones, “other” among them"),
        (lambda rows: [rows[0], *[[*row[:-1], ""] for row in rows[1:]]], "No row has a label"),
        (lambda rows: [rows[0], *[["", *row[1:]] for row in rows[1:]]], "No row can become an example"),
        (lambda rows: [rows[0], *[[*rows[1][:-1], i] for i in range(200)]], "those are numbers, not classes"),
    ],
)
def test_what_blocks_an_import_of_features_is_one_sentence(
    importing: Any, tmp_path: Path, change: Any, sentence: str
) -> None:
    desk = importing()
    path = write(tmp_path / "f.csv", change(features_rows(desk.engine)))
    assert sentence in desk.refused(path, shape=FEATURES)
    desk.engine.imports.begin()
    desk.rig.settle()
    assert desk.engine.book.total == 0 and desk.engine.imports.view.stage == ImportStage.CHOOSING


def test_what_blocks_an_import_of_samples_is_one_sentence(importing: Any, tmp_path: Path) -> None:
    desk = importing()
    spec = desk.engine.spec
    few = write(tmp_path / "few.csv", [["ax", "label"], *[[i, "walk"] for i in range(200)]])
    assert f"The stream has {len(spec.channels)} channels, few.csv has 1 column of numbers" in desk.refused(few)
    rows = [[*[float(i)] * len(spec.channels), "walk"] for i in range(200)]
    path = write(tmp_path / "s.csv", [[*spec.channels, "label"], *rows])
    double = (spec.channels[0], *spec.channels[:-1])
    assert "is chosen for two channels" in desk.refused(path, channels=double)
    assert "The rate -5 cannot be used" in desk.refused(path, rate=-5.0)
    short = write(tmp_path / "short.csv", [[*spec.channels, "label"], *rows[: spec.window - 1]])
    assert "as long as a window" in desk.refused(short)
    assert "Choose the column" in desk.refused(path, label=None)
    assert "There is no file" in desk.refused(tmp_path / "gone.csv")


def test_a_label_column_that_looked_like_numbers_is_read_again(importing: Any, tmp_path: Path) -> None:
    desk = importing()
    rows = features_rows(desk.engine, 6)
    rows[0][-1] = "kind"
    for i, row in enumerate(rows[1:]):
        row[-1] = 1 if i < 4 else "Walking"
    path = write(tmp_path / "f.csv", rows)
    plan = desk.read(path, label="kind")
    assert [(entry.name, entry.count, entry.new) for entry in plan.classes] == [("1", 4, True), ("Walking", 2, False)]


def test_names_of_classes_are_matched_whatever_their_case(importing: Any, tmp_path: Path) -> None:
    desk = importing()
    rows = features_rows(desk.engine, 4)
    for row, label in zip(rows[1:], ("WALKING", " walking ", "Circle", "circle"), strict=True):
        row[-1] = label
    desk.do(write(tmp_path / "f.csv", rows))
    made = counts(desk.engine)
    assert made["Walking"] == 2 and made["Circle"] == 2 and "circle" not in made


# -- many, and given up ------------------------------------------------------------------------------------------------


def test_many_rows_are_kept_and_some_are_learned_evenly(importing: Any, tmp_path: Path) -> None:
    desk = importing(lossless=False)
    dim, count = len(desk.engine.features.names), 20_000
    rng = np.random.default_rng(0)
    y = np.r_[np.zeros(count - 50, np.int64), np.ones(50, np.int64)]
    path = tmp_path / "many.npz"
    np.savez(
        path, X=rng.normal(size=(count, dim)).astype(np.float32), y=y, class_names=np.array(["circle", "rare"]),
        feature_names=np.array(desk.engine.features.names),
    )  # fmt: skip
    plan = desk.do(path)
    assert [entry.learned for entry in plan.classes] == [MOST_LEARNED - 50, 50]
    assert counts(desk.engine)["circle"] == count - 50
    assert len(desk.engine.learner.training.every()) == MOST_LEARNED
    desk.engine.labels.undo()
    desk.rig.settle()
    assert desk.engine.book.total == 0 and not desk.engine.learner.store.head.banks
    desk.rig.teach("wave", "Running")
    assert desk.engine.book.walk(back=False) is None and not desk.engine.book.examples_of(0)


def test_giving_it_up_leaves_nothing(importing: Any, tmp_path: Path, until: Until, monkeypatch: Any) -> None:
    desk = importing()
    path = write(tmp_path / "f.csv", features_rows(desk.engine, 600))
    monkeypatch.setattr("dgstudio.engine.imports.writer.GROUP", 256)
    desk.read(path)
    put, seen = desk.engine.import_door.put_hidden, []

    def put_and_cancel(examples: Any) -> None:
        put(examples)
        seen.append(len(examples))
        desk.engine.imports.cancel()

    monkeypatch.setattr(desk.engine.import_door, "put_hidden", put_and_cancel)
    desk.engine.imports.begin()
    until(lambda: bool(seen) and desk.engine.imports.idle, "the end of the import")
    desk.rig.settle()
    assert seen == [256] and desk.engine.imports.view is None
    assert desk.engine.book.total == 0 and desk.engine.book.history() == ([], 0)
    assert desk.engine.stop() == []
    with Session.open(tmp_path / "a.dgs") as session:
        assert session.examples(active_only=False) == [] and session.takes() == []


def test_a_program_that_ends_in_the_middle_leaves_nothing_that_stands(
    importing: Any, tmp_path: Path, rigs: Rigs, monkeypatch: Any
) -> None:
    desk = importing()
    path = write(tmp_path / "f.csv", features_rows(desk.engine, 40))
    desk.read(path)
    monkeypatch.setattr(desk.engine.import_door, "let_stand", lambda let: None)
    desk.engine.imports.begin()
    desk.until(lambda: desk.engine.imports.view.stage == ImportStage.DONE, "all but the last step")
    desk.rig.settle()
    desk.engine.stop()
    with Session.reading(tmp_path / "a.dgs") as left:
        assert len(left.inactive_ids()) == 40
    again = rigs(Session.open(tmp_path / "a.dgs"))
    assert again.engine.book.total == 0 and again.engine.book.history() == ([], 0)
    assert not again.engine.session.inactive_ids()
    again.teach(NEW, NEW)
    assert again.engine.book.total == counts(again.engine)[NEW] > 0


def test_stopping_the_engine_stops_an_import(importing: Any, tmp_path: Path) -> None:
    desk = importing()
    desk.read(write(tmp_path / "f.csv", features_rows(desk.engine, 3000)))
    desk.engine.imports.begin()
    assert desk.engine.stop() == []
    with Session.open(tmp_path / "a.dgs") as session:
        assert len(session.examples()) in (0, 3000)


def test_takes_of_an_arff_file_are_those_of_the_same_recording(importing: Any, tmp_path: Path) -> None:
    desk = importing()
    channels = desk.engine.spec.channels
    lines = ["@relation motions", "@attribute bag relational", *[f"@attribute t{i} numeric" for i in range(100)]]
    lines += ["@end bag", "@attribute activity {Standing,Running,Walking,Badminton}", "@data"]
    for activity, takes in desk.rig.motions.takes.items():
        for take in takes:
            bag = "\\n".join(",".join(f"{value:.6f}" for value in channel) for channel in take.T)
            lines.append(f"'{bag}',{activity}")
    (tmp_path / "motions.arff").write_text("\n".join(lines))
    plan = desk.read(tmp_path / "motions.arff")
    assert plan.choices.label == "activity" and plan.choices.take == "take" and len(plan.choices.channels) == 6
    csv_plan = desk.read(sample("basic_motions.csv"))
    counts_of = [{entry.name: entry.count for entry in p.classes} for p in (plan, csv_plan)]
    assert counts_of[0] == counts_of[1] and plan.total == csv_plan.total > 1000
    pairs = tuple((f"ch{i + 1}", channel) for i, channel in enumerate(channels))
    assert ChannelsNamedOtherwise(pairs) in plan.notes


KILLED = """
import sys, time
from pathlib import Path
from dgstudio.engine.imports import writer
from dgstudio.engine.imports.offline import import_into
from dgstudio.engine.labels.import_door import ImportDoor
from dgstudio.session.file import Session

writer.GROUP = 256
put, blocks = ImportDoor.put_hidden, []


def put_and_say(self, examples):
    put(self, examples)
    blocks.append(len(examples))
    if len(blocks) == 2:
        print("written", flush=True)
        time.sleep(60)


ImportDoor.put_hidden = put_and_say
import_into(Session.open(sys.argv[1]), Path(sys.argv[2]), lambda table, choices, target: choices)
"""


def test_a_kill_in_the_middle_leaves_a_whole_session_without_it(importing: Any, tmp_path: Path, rigs: Rigs) -> None:
    desk = importing()
    desk.rig.teach("wave", "Running")
    before = standing(desk.engine)
    path = write(tmp_path / "f.csv", features_rows(desk.engine, 2000))
    desk.engine.stop()
    program = [sys.executable, "-c", KILLED, str(tmp_path / "a.dgs"), str(path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "written\n"
        process.kill()
    again = rigs(Session.open(tmp_path / "a.dgs"))
    assert again.engine.session.report.ok and standing(again.engine) == before
    assert not again.engine.session.inactive_ids(), "what was written is cleared away"
    again.engine.labels.undo()
    again.settle()
    assert again.engine.book.total == 0
