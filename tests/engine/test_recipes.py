"""Versions that answered what is recorded are kept by their recipe, and are whole again for whoever needs them."""

from __future__ import annotations

import math
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dgstudio.engine.engine import Engine
from dgstudio.engine.recording import recorder
from dgstudio.engine.recording.differences import VersionLost
from dgstudio.engine.recording.relearn import relearn
from dgstudio.engine.recording.replay import Replay
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import SessionError, SessionFormatError
from dgstudio.session.export.recording import export_recording
from dgstudio.session.file import Session
from dgstudio.session.format import recipes, row_check, schema
from dgstudio.session.format.checkpoint import Checkpoint
from dgstudio.session.format.row_check import CHECKED, COLUMN
from dgstudio.session.versions import recipe_solver
from dgstudio.session.versions.recipe_solver import OtherKernelError, Relearner
from dgstudio.streams.registry import open_source
from dgstudio.types import Mode

Rigs = Callable[..., Any]
NEW = "Badminton"


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> dict[int, Checkpoint]:
    """The versions that are handed over to recorders, whole, by number."""
    found: dict[int, Checkpoint] = {}
    keep = recorder.StreamRecorder.keep

    def noted(self: recorder.StreamRecorder, checkpoint: Checkpoint) -> None:
        found[checkpoint.version] = checkpoint
        keep(self, checkpoint)

    monkeypatch.setattr(recorder.StreamRecorder, "keep", noted)
    return found


def by_recipe(session: Session) -> list[int]:
    return [info.version for info in session.checkpoints() if not info.whole]


def same(again: Checkpoint, was: Checkpoint) -> bool:
    assert again.arrays.keys() == was.arrays.keys()
    assert all(again.arrays[name].tobytes() == array.tobytes() for name, array in was.arrays.items())
    return (again.digest, again.kind, again.reason, again.parent) == (was.digest, was.kind, was.reason, was.parent)


def taught(rig: Any, takes: int = 6) -> int:
    """Record, and learn takes one by one while the versions before them answer; returns the class."""
    info = rig.engine.labels.add_class("another")
    rig.settle()
    rig.engine.recording.record(True)
    rig.heard("recording")
    for number in range(takes):
        rig.label(info.id, rig.play(NEW if number % 2 else "Running"))
        rig.play("Walking")
    return int(info.id)


@pytest.fixture(scope="module")
def made(motions: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session that was recorded while labels that come with the stream were learned: most versions by recipe."""
    path = tmp_path_factory.mktemp("made") / "a.dgs"
    source = open_source("basic_motions", speed=0.0, loop=False, labels_column="label")
    settings = EngineSettings(lossless=True, feed_labels=True)
    with Engine(source, motions.base, Session.create(path), settings) as engine:
        engine.recording.record(True)
        while engine.recorder.figures.answers < 80:
            engine.infer.pause(0.01)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "a.dgs"
    shutil.copyfile(made, copy)
    return copy


def edit(path: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute(sql, values).rowcount > 0
        # By somebody who wrote the checksums as well.
        row_check.fill(db, "example")
        db.commit()


def middle(path: Path) -> int:
    """A version in the middle of those that are kept by recipe."""
    with Session.reading(path) as session:
        versions = by_recipe(session)
    assert len(versions) > 20
    return versions[len(versions) // 2]


# -- what is a recipe, and what is whole -----------------------------------------------------------------------


def test_a_recorded_session_keeps_versions_by_recipe_and_gives_them_whole(path: Path) -> None:
    with Session.open(path) as session:
        versions = by_recipe(session)
        assert len(versions) > 0.8 * len(session.versions())
        whole = session.versions() - set(versions)
        assert {session.head, session.serving} <= whole
        newest = max(whole)
        assert session.latest_checkpoint().version in whole and newest >= max(versions) - 1
        relearner, grounds = Relearner(), set()
        for version in versions[::5]:
            checkpoint = session.checkpoint(version, relearner)
            assert checkpoint.meta["snapshot"]["digest"] == checkpoint.digest
            assert session.learned_in(version).labels().keys() == set(checkpoint.learned.tolist())
            grounds.add(id(checkpoint.arrays["base.theta"]))
        assert len(grounds) == 1, "what versions share is read once"
        # One alone, learned from nothing that was there before.
        assert same(session.checkpoint(versions[7]), session.checkpoint(versions[7], relearner))
    with closing(sqlite3.connect(path)) as db:
        (size,) = db.execute("SELECT avg(length(recipe)) FROM checkpoint WHERE recipe IS NOT NULL").fetchone()
        assert size < 1000
        assert db.execute("SELECT count(*) FROM ground").fetchone()[0] < len(versions) / 10


def test_ends_of_takes_and_what_is_pinned_or_rolled_back_to_are_whole(
    rigs: Rigs, tmp_path: Path, handed: dict[int, Checkpoint]
) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    engine = rig.engine
    info = engine.labels.add_class(NEW)
    rig.settle()
    engine.recording.record(True)
    rig.heard("recording")
    ends = set()
    for _ in range(4):
        rig.label(info.id, rig.play(NEW))
        ends.add(engine.learner.store.head.version)
        rig.play("Walking")
    engine.labels.delete_examples([example.id for example in engine.book.active_examples()][:3])
    rig.settle()
    middles = {engine.learner.store.head.version}
    rig.play("Walking")
    engine.model.set_mode(Mode.WEIGHTS)
    engine.labels.relabel([example.id for example in engine.book.active_examples()][:2], info.id - 1)
    rig.settle()
    halves = {engine.learner.store.head.version} - middles - ends
    rig.play("Walking")
    engine.model.set_mode(Mode.BOTH)
    rig.settle()
    rig.play("Walking")
    assert engine.stop() == []
    with Session.open(path) as session:
        kept = {info.version: info for info in session.checkpoints()}
        for version in ends | halves:
            assert kept[version].whole and kept[version].kept
        assert set(handed) <= set(kept) and all(kept[version].kept for version in handed)
        for version, was in handed.items():
            assert same(session.checkpoint(version), was)
        found = relearn(session)
        assert found.differing == [] and found.other_kernel == []


def test_a_version_kept_by_recipe_can_be_pinned_and_rolled_back_to(
    rigs: Rigs, path: Path, until: Callable[..., None]
) -> None:
    version, other = middle(path), middle(path) + 3
    rig = rigs(Session.open(path))
    engine = rig.engine
    assert not engine.learner.store.holds(version) and version in engine.model.reachable()
    engine.model.pin(version)
    rig.settle()
    assert engine.learner.store.serving.version == version
    engine.model.roll_back(other)
    rig.settle()
    head = engine.learner.store.head
    assert head.banks[-1].ids == engine.learner.store.get(other).banks[-1].ids
    assert engine.stop() == []
    with Session.open(path) as session:
        kept = {info.version: info for info in session.checkpoints()}
        assert kept[version].whole and kept[other].whole, "what was used is whole"
        assert (kept[version].kind, kept[version].reason) == ("learned", kept[version].reason) and kept[version].reason
        assert session.checkpoint(other).arrays["bank1.R"].tobytes() == head.banks[-1].R.tobytes()


def test_what_becomes_of_the_labels_later_spoils_no_recipe(path: Path) -> None:
    with Session.open(path) as session:
        versions = by_recipe(session)[::9]
        before = {version: session.checkpoint(version) for version in versions}
        examples = session.examples(active_only=False)
        session.set_labels([replace(example, class_id=1 - (example.class_id == 1)) for example in examples])
        session.set_active([example.id for example in examples], False)
        assert all(same(session.checkpoint(version), before[version]) for version in versions)
        assert Replay(session, until=30.0).run().mismatches == 0


def test_examples_that_once_stood_cannot_be_removed_for_good(path: Path) -> None:
    with Session.open(path) as session:
        ids = [example.id for example in session.examples(active_only=False)]
        session.set_active(ids, False)
        session.drop_examples(ids, ())
        assert [example.id for example in session.examples(active_only=False)] == ids


def test_a_copy_holds_the_recipes_too(path: Path, tmp_path: Path) -> None:
    with Session.open(path) as session:
        session.save_copy(tmp_path / "b.dgs")
        with Session.open(tmp_path / "b.dgs") as copy:
            assert by_recipe(copy) == by_recipe(session) != []
            assert relearn(copy).differing == []
        session.go_on_in(tmp_path / "c.dgs", more=lambda copy: copy.set_config("more", 1))
        version = by_recipe(session)[3]
        assert session.checkpoint(version).version == version


def test_a_recipe_waits_for_its_examples_and_until_nobody_refers_to_it(path: Path) -> None:
    with Session.open(path) as session:
        versions = by_recipe(session)
        first, second, newest = (session.checkpoint(version) for version in (*versions[:2], versions[-1]))
        everything = session.examples(active_only=False)
    target = path.with_name("b.dgs")
    recorded = {"kept": False, "recorded": True}
    with Session.create(target) as session:
        session.put_examples([example for example in everything if example.id in second.learned])
        session.put_recorded_checkpoint(changed(newest, recorded))
        assert by_recipe(session) == [], "some of its examples are not here: it is stored whole"
        session.set_references(first.version, first.version)
        session.put_recorded_checkpoint(changed(first, recorded))
        session.put_recorded_checkpoint(changed(second, recorded))
        assert by_recipe(session) == [second.version], "the head is whole"
        session.set_references(second.version, second.version)
        session.thin_checkpoints(0)
        assert by_recipe(session) == [first.version, second.version]
        session.put_checkpoint(changed(second, {"kept": False, "recorded": False, "reason": "another"}))
        assert by_recipe(session) == [first.version], "put whole, as before it becomes the head"
        session.put_examples(everything)
        session.put_checkpoint(changed(newest, {"version": 10_000, "digest": "0" * 32}))
        session.thin_checkpoints(0)
        assert by_recipe(session) == [first.version, newest.version], "second is the head, and 10,000 not a recording's"
        for checkpoint in (first, second, newest):
            assert same(session.checkpoint(checkpoint.version), checkpoint)
        grounds = session.table_bytes()["ground"]
        assert grounds > 0
        for checkpoint in (first, newest):
            session.keep_checkpoint(checkpoint.version, kept=False)
        session.thin_checkpoints(0)
        assert session.versions() == {second.version, 10_000} and session.table_bytes()["ground"] == 0
        assert same(session.checkpoint(second.version), second), "arrays that it shares are still there"


def changed(checkpoint: Checkpoint, changes: dict[str, Any]) -> Checkpoint:
    return replace(checkpoint, **changes)


def test_no_recipe_is_made_of_what_another_kernel_learned(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Session.open(path) as session:
        checkpoint = session.checkpoint(by_recipe(session)[5])
        monkeypatch.setattr(recipes, "learning_kernel", lambda: "dg9")
        session.put_checkpoint(changed(checkpoint, {"kept": False}))
        session.thin_checkpoints(0)
        assert checkpoint.version not in by_recipe(session)


# -- what cannot be made again ---------------------------------------------------------------------------------


def test_another_example_under_the_same_id_is_damage(path: Path) -> None:
    version = middle(path)
    with Session.open(path) as session:
        first, second = session.checkpoint(version).learned[:2].tolist()
    sql = "UPDATE example SET (features, checksum, raw) = (SELECT features, checksum, raw FROM example WHERE id = ?) "
    edit(path, sql + "WHERE id = ?", second, first)
    with Session.open(path) as session:
        with pytest.raises(SessionFormatError, match=rf"Version {version} .* is damaged: it was \w{{8}}, and .* gives"):
            session.checkpoint(version)
        found = relearn(session)
        assert version in dict(found.differing) and not found.other_kernel
        figures = Replay(session).run()
        assert figures.mismatches and isinstance(figures.first.why, VersionLost)
        assert session.latest_checkpoint() is not None and session.report.ok, "the head is whole"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM example WHERE id = :example", "is missing"),
        ("UPDATE example SET checksum = checksum + 1 WHERE id = :example", "is damaged"),
        ("UPDATE checkpoint SET recipe = substr(recipe, 1, 40) WHERE version = :version", "its recipe is damaged"),
        ("UPDATE checkpoint SET recipe = NULL WHERE version = :version", "its recipe is damaged"),
        ("UPDATE checkpoint SET digest = 'f' || digest WHERE version = :version", "its recipe is damaged"),
        ("DELETE FROM ground_array WHERE name = 'base.W1'", "its recipe stands on is damaged"),
        ("UPDATE ground SET meta = meta || ' '", "its recipe is damaged"),
        ("UPDATE ground_array SET blob = 'no' WHERE name = 'base.W1'", "stored array no is missing"),
    ],
)
def test_a_recipe_that_cannot_be_followed_says_why(path: Path, sql: str, said: str) -> None:
    version = middle(path)
    with Session.open(path) as session:
        example = int(session.checkpoint(version).learned[0])
        values = {"example": example, "version": version}
        # While it is open: what opening finds is left out of the copy that is opened then.
        assert session._database._connection.execute(sql, values).rowcount > 0
        with pytest.raises(SessionFormatError, match=f"Version {version} .* cannot be restored because .*{said}"):
            session.checkpoint(version)
        assert Replay(session).run().mismatches
        assert any(version == v and said in why.words for v, why in relearn(session).differing)


def test_a_recipe_of_another_kernel_is_told_and_replays_with_the_difference(
    path: Path, monkeypatch: pytest.MonkeyPatch, rigs: Rigs
) -> None:
    version = middle(path)
    solve = recipe_solver.RuleCache.on

    def otherwise(self: Any, *arguments: Any) -> Any:
        rule = solve(self, *arguments)
        rule.settings = replace(rule.settings, delta=math.inf)
        return rule

    monkeypatch.setattr(recipe_solver, "learning_kernel", lambda: "dg9 of another machine")
    with Session.open(path) as session:
        assert session.checkpoint(version).version == version, "equal is equal, whoever made it"
        monkeypatch.setattr(recipe_solver.RuleCache, "on", otherwise)
        with pytest.raises(OtherKernelError, match=rf"Version {version} .* was made by another kernel \(dg.*dg9 of"):
            session.checkpoint(version)
        found = relearn(session)
        assert version in found.other_kernel and not {v for v, _ in found.differing} & set(by_recipe(session))
        figures = Replay(session).run()
        assert figures.mismatches == 0 and figures.other_kernel > 50 and figures.largest > 0
        assert figures.kernels and "dg" in figures.kernels[0]
    rig = rigs(Session.open(path))
    rig.engine.model.roll_back(version)
    assert "was made by another kernel" in rig.heard("refused").sentence


def test_a_damaged_file_gives_the_recipes_that_are_whole(path: Path) -> None:
    with Session.open(path) as session:
        versions = by_recipe(session)
        lost = int(session.checkpoint(versions[-1]).learned[-1])
        without = [v for v in versions if lost not in session.learned_in(v).labels()]
        damaged = versions[2]
        assert damaged in without
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM example WHERE id = ?", (lost,))
        db.execute("UPDATE checkpoint SET recipe = x'00' WHERE version = ?", (damaged,))
        db.commit()
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'event'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)
    with Session.open(path) as session:
        assert session.report.damaged and session.read_only
        left = by_recipe(session)
        assert left == [version for version in without if version != damaged]
        gone = len(versions) - len(left)
        assert any(f"{gone} cannot be any more (v{damaged}" in problem for problem in session.report.problems)
        assert session.checkpoint(left[-1]).version == left[-1]


def test_a_session_of_format_3_goes_on_with_recipes(path: Path, rigs: Rigs) -> None:
    with Session.open(path) as session:
        everything = [session.checkpoint(version, None) for version in by_recipe(session)[:3]]
        with session.batch():
            for checkpoint in everything:
                session.put_checkpoint(checkpoint)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM checkpoint WHERE recipe IS NOT NULL")
        db.execute("DROP INDEX checkpoint_kept")
        db.execute("CREATE INDEX checkpoint_kept ON checkpoint (kept)")
        for table in CHECKED:
            db.execute(f"ALTER TABLE {table} DROP COLUMN {COLUMN}")
        for table, column in (("checkpoint", "ground"), ("checkpoint", "recipe")):
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for column in ("samples", "answers"):
            db.execute(f"ALTER TABLE stretch DROP COLUMN {column}")
        db.execute("DROP TABLE ground")
        db.execute("DROP TABLE ground_array")
        db.execute("PRAGMA user_version=3")
        db.commit()
    rig = rigs(Session.open(path))
    assert rig.engine.session.report.migrated_from == 3
    taught(rig, 3)
    assert rig.engine.stop() == []
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (schema.FORMAT,)
    with Session.open(path) as session:
        assert relearn(session).differing == []
        assert [stretch.samples is None for stretch in session.recorded.stretches()] == [True, False]
        for checkpoint in everything:
            assert same(session.checkpoint(checkpoint.version), checkpoint)


def test_a_version_that_is_not_there_is_told(path: Path) -> None:
    with Session.open(path) as session:
        with pytest.raises(SessionError, match="has no version 9999"):
            session.checkpoint(9999)
        with pytest.raises(SessionError, match="has no version 9999"):
            session.learned_in(9999)


def test_a_copy_for_another_machine_audits_where_learning_again_gives_other_bits(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "there.dgs"
    with Session.open(path) as session:
        count = len(session.checkpoints())
        said = export_recording(session, there)
    assert said == f"A copy of {path.stem} with all of its {count} versions whole is in {there}."
    monkeypatch.setattr(recipe_solver, "learning_kernel", lambda: "dg4 of another processor")

    def solved(*_arguments: Any) -> Any:
        raise AssertionError("nothing is learned again there")

    monkeypatch.setattr(Relearner, "whole", solved)
    with Session.open(there) as copy:
        assert not by_recipe(copy)
        figures = Replay(copy).run()
    assert figures.answers > 0 and figures.mismatches == 0 and figures.other_kernel == 0
