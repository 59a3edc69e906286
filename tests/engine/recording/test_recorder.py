"""Recording: what was recorded replays bit for bit, whatever was learned, however it began and ended."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dgstudio.engine.engine import Engine
from dgstudio.engine.recording import recorder
from dgstudio.engine.recording.relearn import relearn
from dgstudio.engine.recording.replay import Replay, ReplayFigures
from dgstudio.engine.recording.replayed import Replayed
from dgstudio.engine.recording.unlearned import NoRecipe, NotKept, NotReadable, OtherDigest, VersionNotThere
from dgstudio.errors import BadInputError, SessionError
from dgstudio.kernel import KERNEL
from dgstudio.learning.learner.learner import Learner
from dgstudio.session.file import Session
from dgstudio.session.storage.watch_mark import WatchMark
from dgstudio.types import Mode

Rigs = Callable[..., Any]
Until = Callable[..., None]
NEW = "Badminton"


def replayed(path: Path) -> tuple[ReplayFigures, list[Replayed]]:
    found: list[Replayed] = []
    with Session.open(path) as session:
        assert session.report.ok
        figures = Replay(session, each=found.append).run()
    return figures, found


def switch(rig: Any, on: bool) -> None:
    rig.said.clear()
    rig.engine.recording.record(on)
    rig.heard("recording")
    assert rig.engine.recorder.on is on


def check_same(figures: ReplayFigures) -> None:
    assert figures.first is None and figures.mismatches == 0
    assert figures.checked == figures.answers > 0
    assert not figures.other_kernel and not figures.lost_samples and not figures.lost_answers


def test_what_is_recorded_while_labels_are_learned_replays_bit_for_bit(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.play("Standing")
    switch(rig, True)
    first = rig.engine.lane.readings.total
    rig.play("Walking")
    rig.teach(NEW, NEW, 2)
    rig.engine.model.protect_now()
    rig.settle()
    rig.play(NEW)
    rig.engine.model.roll_back(0)
    rig.settle()
    rig.engine.model.resume_parked()
    rig.settle()
    rig.play("Running")
    rig.engine.model.pin(0)
    rig.settle()
    rig.play(NEW)
    rig.engine.model.unpin()
    rig.settle()
    rig.play(NEW)
    answers = rig.engine.lane.readings.since(first)[0]
    served = {reading.version for reading in answers}
    assert len(served) >= 4
    switch(rig, False)
    figures = rig.engine.recorder.figures
    assert figures.sample_bytes > 0 and figures.receipt_bytes > 0
    assert figures.version_bytes == 0, "each of them is there for another reason as well"
    assert figures.answers == len(answers) and figures.bytes < path.stat().st_size
    after = rig.play("Standing")
    assert rig.engine.stop() == []

    found, again = replayed(path)
    check_same(found)
    assert found.answers == len(answers) and found.versions == len(served) == figures.versions
    for was, now in zip(answers, again, strict=True):
        assert (was.hop, was.end, was.version, was.top) == (now.now.hop, now.now.end, now.now.version, now.now.top)
        assert was.features.tobytes() == now.now.features.tobytes()
        assert was.logits.tobytes() == now.now.logits.tobytes()
    assert all(reading.hop > again[-1].now.hop for reading in after)
    with Session.open(path) as session:
        assert {info.version for info in session.checkpoints() if info.kept} >= served


def test_versions_that_answered_are_kept_for_good_and_others_thin_out(rigs: Rigs, tmp_path: Path) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    info = rig.engine.labels.add_class(NEW)
    rig.settle()
    switch(rig, True)
    served = set()
    for _ in range(8):
        readings = rig.play(NEW)
        served |= {reading.version for reading in readings}
        rig.label(info.id, readings)
    switch(rig, False)
    assert rig.engine.stop() == []
    with Session.open(tmp_path / "a.dgs") as session:
        assert served <= session.versions()
        assert served <= {i.version for i in session.checkpoints() if i.kept}
        session.thin_checkpoints(0)
        assert served <= session.versions()


def test_on_off_on_makes_two_stretches_and_the_rest_is_not_recorded(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.play("Standing")
    recorded = 0
    for activity in ("Walking", "Running"):
        switch(rig, True)
        recorded += len(rig.play(activity, 2))
        switch(rig, False)
        assert "Recording is off" in rig.heard("recording").sentence
        rig.play("Standing")
    assert rig.engine.stop() == []
    found, _ = replayed(path)
    check_same(found)
    assert found.stretches == 2 and found.answers == recorded
    with Session.open(path) as session:
        stretches = session.recorded.stretches()
        assert [stretch.kernel for stretch in stretches] == [KERNEL, KERNEL]
        assert all(stretch.ended_unix is not None for stretch in stretches)
        assert session.config(recorder.RECORDING) is False


def test_what_the_user_chose_is_remembered(rigs: Rigs, tmp_path: Path, until: Until) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    assert not rig.engine.recorder.on
    switch(rig, True)
    rig.play("Walking")
    assert rig.engine.stop() == []
    again = rigs(Session.open(path))
    until(lambda: again.engine.recorder.on, "recording goes on by itself")
    again.play("Running")
    assert again.engine.stats().recording and again.engine.stop() == []
    found, _ = replayed(path)
    check_same(found)
    assert found.stretches == 2


def test_bad_values_breaks_and_gaps_replay_as_they_were(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    switch(rig, True)
    rows = np.array(rig.motions.takes["Walking"][0])
    rows[10:14, 0] = [np.nan, np.inf, -np.inf, 1e30]
    rows[30:, 2] = np.nan
    rig.tape.put(rows, gap=True)
    rig.tape.put(rows[::-1], gap=True)
    rig.tape.put(rows)
    rig.answered()
    assert rig.engine.stats().repaired_values > 0
    switch(rig, False)
    assert rig.engine.stop() == []
    found, again = replayed(path)
    check_same(found)
    with Session.open(path) as session:
        blocks = [kept.content for kept in session.recorded.blocks(0)]
    values = np.concatenate([block.values for block in blocks if block is not None])
    assert values.tobytes() == np.concatenate([rows, rows[::-1], rows]).astype(np.float32).tobytes()
    assert [at for block in blocks if block is not None for at in block.breaks] == [0, len(rows)]
    assert len(again) > 10


def test_the_learner_that_has_failed_keeps_nothing_from_being_recorded(
    rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))

    def fails(*_: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Learner, "step", fails)
    info = rig.engine.labels.add_class(NEW)
    for _ in range(5):
        readings = rig.play(NEW)
        rig.engine.labels.label_span(info.id, readings[0].start, readings[-1].end)
        until(lambda: rig.engine.store.idle and (rig.engine.learn.failed or rig.engine.learn.idle))
    until(lambda: rig.engine.learn.failed)
    switch(rig, True)
    answers = rig.play("Walking")
    switch(rig, False)
    assert rig.engine.stop() == []
    found, _ = replayed(path)
    check_same(found)
    assert found.answers == len(answers)


# -- a file that cannot be written -----------------------------------------------------------------------------


def full_disk(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Makes every commit fail, for as long as the list is not emptied."""
    batch, full = Session.batch, [True]

    def failing(session: Session) -> Any:
        if full:
            raise SessionError("Nothing can be saved because the disk is full; make room.")
        return batch(session)

    monkeypatch.setattr(Session, "batch", failing)
    monkeypatch.setattr("dgstudio.engine.runtime.group_commit.RETRY_S", 0.005)
    monkeypatch.setattr(recorder, "RETRY_S", 0.005)
    return full


def test_on_a_full_disk_recording_goes_on_in_memory_and_is_saved_later(
    rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    monkeypatch.setattr(recorder, "WRITE_EVERY_S", 0.0)
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    switch(rig, True)
    recorded = len(rig.play("Walking"))
    until(lambda: rig.engine.recorder.figures.answers == recorded)
    rig.said.clear()
    full = full_disk(monkeypatch)
    recorded += len(rig.play("Running", 2))
    said = rig.heard("recording")
    assert said.level == "error" and "goes on in memory" in said.sentence and "disk is full" in said.sentence
    assert rig.engine.stats().recording_failing
    taught = rig.teach(NEW, NEW)
    recorded += rig.engine.lane.readings.total - recorded
    full.clear()
    until(lambda: rig.engine.stats().saved.safe and not rig.engine.stats().recording_failing)
    assert rig.heard("recording").level == "good"
    assert rig.engine.stop() == []
    found, _ = replayed(path)
    check_same(found)
    assert found.answers == recorded
    with Session.open(path) as session:
        assert sum(example.class_id == taught for example in session.examples()) > 20


def test_what_is_watched_is_written_sooner(
    rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    monkeypatch.setattr(recorder, "WRITE_EVERY_S", 600.0)
    monkeypatch.setattr(recorder, "WATCHED_EVERY_S", 0.0)
    path, recorded = tmp_path / "a.dgs", 0
    rig, mark = rigs(Session.create(path)), WatchMark(path)
    mark.renew()
    switch(rig, True)
    for activity in ("Walking", "Running"):
        recorded += len(rig.play(activity))
        until(lambda: rig.engine.recorder.figures.answers == recorded)  # noqa: B023
    mark.remove()


def test_what_waits_in_memory_has_an_end_and_labels_go_on(
    rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    monkeypatch.setattr(recorder, "WRITE_EVERY_S", 0.0)
    monkeypatch.setattr(recorder, "HELD_BYTES", 50_000)
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    switch(rig, True)
    full = full_disk(monkeypatch)
    while rig.engine.recorder.on:
        rig.play("Running")
    until(lambda: any("has stopped" in event.sentence for event in rig.events("recording")))
    taught = rig.teach(NEW, NEW)
    full.clear()
    until(lambda: rig.engine.stats().saved.safe and not rig.engine.stats().recording_failing)
    assert rig.engine.stop() == []
    found, _ = replayed(path)
    check_same(found)
    with Session.open(path) as session:
        assert sum(example.class_id == taught for example in session.examples()) > 20
        assert session.config(recorder.RECORDING) is True, "what the user wants is not what the disk allows"


def test_the_last_room_on_a_disk_is_left_to_labels(
    rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    monkeypatch.setattr(recorder, "WRITE_EVERY_S", 0.0)
    monkeypatch.setattr(recorder, "LOOK_EVERY_S", 0.0)
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    switch(rig, True)
    recorded = len(rig.play("Walking"))
    until(lambda: rig.engine.recorder.figures.answers == recorded)
    rig.said.clear()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=recorder.SPARE_BYTES - 1))
    rig.play("Walking")
    until(lambda: not rig.engine.recorder.on)
    said = rig.heard("recording")
    assert said.level == "error" and "64 MB are free" in said.sentence and "labels come first" in said.sentence
    rig.said.clear()
    rig.engine.recording.record(True)
    assert "Not recording" in rig.heard("recording").sentence and not rig.engine.recorder.on
    taught = rig.teach(NEW, NEW)
    assert rig.engine.book.labels(taught)[0] > 20 and rig.engine.stats().saved.safe
    assert rig.engine.stop() == []
    check_same(replayed(path)[0])


def test_a_recorder_that_fails_ends_the_recording_only(
    rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    switch(rig, True)

    def fails(*_: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(recorder.StreamRecorder, "_new_answers", fails)
    rig.play("Walking")
    until(lambda: not rig.engine.recorder.on)
    assert any("has stopped" in event.sentence for event in rig.events("recording"))
    taught = rig.teach(NEW, NEW)
    assert rig.engine.book.labels(taught)[0] > 20 and not rig.engine.store.failed


def test_a_copy_has_what_is_recorded_so_far(rigs: Rigs, tmp_path: Path) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    switch(rig, True)
    answers = rig.play("Walking", 2)
    rig.engine.recording.save_copy(tmp_path / "b.dgs")
    rig.heard("copy saved")
    found, _ = replayed(tmp_path / "b.dgs")
    check_same(found)
    assert found.answers == len(answers)


KILLED = """
import sys
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.engine import Engine
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source

source = open_source("simulator", seed=3, speed=5.0)
engine = Engine(source, base_for(source.spec)[0], Session.create(sys.argv[1]), EngineSettings())
info = engine.labels.add_class("circle")
engine.recording.record(True)
engine.start()
source.set_knob("gesture", "circle")
takes = due = 0
for line in sys.stdin:
    answers, figures = engine.lane.readings.total, engine.recorder.figures
    if answers >= due:
        # Not with each line: as many takes as there can be lines would keep everything else waiting.
        engine.labels.release_class()
        engine.labels.press_class(info.id)
        takes, due = takes + 1, answers + 50
    # Of these versions, some are not the last of a take.
    print(figures.answers if figures.versions > takes + 2 else 0, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_kill_9_leaves_a_stretch_that_replays(tmp_path: Path, until: Until) -> None:
    path = tmp_path / "a.dgs"
    command = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin is not None and program.stdout is not None

        def written() -> int:
            program.stdin.write("\n")
            program.stdin.flush()
            return int(program.stdout.readline())

        until(lambda: written() > 150, "some seconds of recording")
        said = written()
        program.send_signal(signal.SIGKILL)
        program.wait()
        program.stdin.close()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    found, _ = replayed(path)
    check_same(found)
    assert found.answers >= said and found.versions > 1
    with Session.open(path) as session:
        (stretch,) = session.recorded.stretches()
        assert stretch.ended_unix is None and stretch.answers == found.answers and stretch.samples == found.samples
        whole = {info.version: info.whole for info in session.checkpoints()}
        assert whole[session.head] and whole[session.serving] and not all(whole.values())
        again = relearn(session)
        assert again.same and not again.differing


# -- relearning ------------------------------------------------------------------------------------------------


def test_every_version_is_learned_again_to_the_same_digest(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    switch(rig, True)
    engine: Engine = rig.engine
    rig.teach(NEW, NEW, 2)
    rig.play(NEW)
    engine.model.protect_now()
    rig.settle()
    rig.teach("other", "Running")
    rig.play("Running")
    engine.model.set_mode(Mode.WEIGHTS)
    rig.teach("third", "Walking")
    rig.play("Walking")
    engine.model.set_mode(Mode.BOTH)
    engine.model.set_openness(-0.3, 0.1)
    rig.settle()
    rig.play("Walking")
    engine.labels.undo()
    rig.settle()
    rig.play("Walking")
    engine.labels.remove_class(rig.engine.classes.by_name("other").id)
    rig.settle()
    rig.play("Running")
    assert engine.stop() == []
    with Session.open(path) as session:
        found = relearn(session)
        kinds = {info.version: info.kind for info in session.checkpoints()}
    assert found.differing == [] and found.other_kernel == []
    assert {kinds[version] for version in found.same} >= {"learned", "protected"}
    assert {kinds[version] for version in found.given} >= {"initial", "class added"}
    assert len(found.same) >= 5
    assert found.total == len(kinds)
    for version, why in found.left_out:
        assert isinstance(why, VersionNotThere) and not why.kept, (version, why)


def test_a_model_from_nothing_is_learned_again_too(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path), nothing=True)
    switch(rig, True)
    rig.teach("one", "Walking", 2)
    rig.teach("two", "Running", 2)
    rig.play("Running")
    assert rig.engine.stop() == []
    with Session.open(path) as session:
        found = relearn(session)
    assert found.differing == [] and len(found.same) >= 2
    check_same(replayed(path)[0])


def test_a_label_that_is_not_what_was_learned_gives_another_digest(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.teach(NEW, NEW)
    assert rig.engine.stop() == []
    with closing(sqlite3.connect(path)) as db:
        # Another input under the same id, as if it had been written well.
        one, other = db.execute(
            "SELECT features, checksum, raw FROM example WHERE learn ORDER BY id LIMIT 2"
        ).fetchall()
        assert one[0] != other[0]
        sql = "UPDATE example SET features = ?, checksum = ?, raw = ? WHERE id = (SELECT min(id) FROM example)"
        db.execute(sql, other)
        db.commit()
    with Session.open(path) as session:
        found = relearn(session)
    assert found.differing and isinstance(found.differing[-1][1], OtherDigest | NotReadable)


def test_versions_of_the_gradient_rule_are_left_out_with_the_reason(rigs: Rigs, tmp_path: Path, until: Until) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.engine.model.set_rule("gradient")
    rig.settle()
    readings = rig.play("Running")
    rig.label(rig.engine.classes.by_name("Standing").id, readings)
    assert rig.engine.stop() == []
    with Session.open(path) as session:
        found = relearn(session)
    assert found.differing == []
    assert NoRecipe(NotKept.GRADIENT_STEPS) in [why for _, why in found.left_out]


# -- the past that is recorded ---------------------------------------------------------------------------------


def test_what_the_rings_have_let_go_of_can_still_be_labelled_where_it_is_recorded(rigs: Rigs, tmp_path: Path) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    engine: Engine = rig.engine
    before = rig.play("Standing")
    switch(rig, True)
    first, second = rig.play("Walking"), rig.play("Running")
    for activity, takes in rig.motions.takes.items():
        rig.play(activity, len(takes) - (0 if activity == NEW else 2))
    held, _ = engine.lane.readings.since(0)
    assert held[0].hop > second[-1].hop and engine.ring.time(engine.ring.oldest) > second[-1].end
    info = engine.labels.add_class("walk here")
    rig.settle()
    # From a little before the one to a little after it: what it would have been then.
    rig.label(info.id, first)
    take = engine.book.takes()[-1]
    examples = [example for example in engine.book.active_examples() if example.take_id == take.id]
    assert len(examples) == take.examples > 0.9 * len(first)
    by_end = {reading.end: reading for reading in first}
    assert all(example.features.tobytes() == by_end[example.end].features.tobytes() for example in examples)
    raw = next(example for example in examples if example.raw is not None)
    rows = rig.motions.takes["Walking"][0].astype(np.float32)
    at = by_end[raw.end].sample - first[0].sample
    assert raw.raw is not None and raw.raw.tobytes() == rows[at : at + engine.spec.window].tobytes()
    answers = engine.scores.of(take.id)
    assert answers is not None and answers.again == 0
    assert list(answers.answered) == [by_end[example.end].top for example in examples]
    sure = [by_end[example.end].confidence for example in examples]
    assert np.allclose(list(answers.confidence), sure, atol=1e-3)
    # What was never recorded is gone.
    with pytest.raises(BadInputError, match="left the buffer"):
        engine.labels.label_span(info.id, before[0].start, before[-1].end)


def test_a_stretch_that_reaches_from_the_recording_into_the_rings_is_labelled_once(rigs: Rigs, tmp_path: Path) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    engine: Engine = rig.engine
    switch(rig, True)
    everything = []
    for activity, takes in rig.motions.takes.items():
        everything += rig.play(activity, len(takes))
    held, _ = engine.lane.readings.since(0)
    edge = next(i for i, reading in enumerate(everything) if reading.hop == held[0].hop)
    part = everything[edge - 100 : edge + 100]
    info = engine.labels.add_class("over the edge")
    rig.settle()
    rig.label(info.id, part)
    ends = [example.end for example in engine.book.active_examples()]
    assert ends == sorted(set(ends))
    assert [reading.end for reading in part[40:]] == [end for end in ends if end >= part[40].end]
