"""What goes wrong in one part is an event; the part is restarted or stopped, and the rest goes on."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgstudio.engine.adapt.checkpointer import Checkpointer
from dgstudio.engine.facts.running import Outcome
from dgstudio.engine.runtime import group_commit
from dgstudio.engine.serving import out_worker
from dgstudio.engine.serving.infer_worker import BACKLOG
from dgstudio.engine.serving.out_worker import OutWorker
from dgstudio.errors import SessionError, StreamError
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.session.file import Session
from dgstudio.streams.condition import Lamp
from dgstudio.types import F32, Reading

Rigs = Callable[..., Any]
Until = Callable[..., None]
NEW = "Badminton"


# -- the source --------------------------------------------------------------------------------------------------


def test_a_lost_stream_is_said_once_and_found_again(rigs: Rigs, quick_retry: None, until: Until) -> None:
    rig = rigs()
    rig.play("Walking")
    rig.tape.failing = StreamError("the cable is out")
    lost = rig.heard("stream lost")
    assert lost.sentence == "Stream lost, retrying: the cable is out" and lost.level == "error"
    assert rig.engine.stats().stream_state == "lost"
    opened = rig.tape.opened
    until(lambda: rig.tape.opened > opened + 2)
    rig.tape.failing = None
    rig.tape.put(rig.motions.takes["Walking"][5])
    rig.answered()
    assert rig.heard("stream found").level == "good" and rig.engine.stats().stream_state == "live"
    assert len(rig.events("stream lost")) == 1 and not rig.events("thread failed")
    assert rig.tape.closed >= 1
    # The samples after the gap do not follow those before it: no window holds both.
    assert list(rig.engine.ring.breaks) == [0, 100]
    assert not [r for r in rig.engine.lane.readings.since(0)[0] if 100 < r.sample < 100 + rig.engine.spec.window]


def test_a_source_that_cannot_be_opened_is_tried_again(rigs: Rigs, quick_retry: None) -> None:
    rig = rigs(start=False)
    rig.tape.failing = StreamError("no such device")
    rig.engine.start()
    rig.heard("stream lost")
    rig.tape.failing = None
    assert rig.share_of("Walking", rig.play("Walking")) > 0.9


def test_a_source_that_raises_something_unforeseen_is_restarted(rigs: Rigs, quick_retry: None) -> None:
    rig = rigs()
    rig.play("Walking")
    rig.tape.put_error(ZeroDivisionError("a bug"))
    rig.play("Walking")
    failed = rig.heard("thread failed")
    assert (
        "dg-source" in failed.sentence
        and "ZeroDivisionError" in failed.sentence
        and failed.fact.outcome == Outcome.RESTARTED
    )
    assert rig.heard("stream found")


def test_a_source_that_always_raises_is_stopped_and_the_rest_goes_on(
    rigs: Rigs, quick_retry: None, until: Until
) -> None:
    rig = rigs()
    readings = rig.play(NEW)
    rig.tape.failing = ValueError("broken for good")
    until(lambda: rig.engine.input.failed)
    # It is said a moment later than it is so, and after what was said of the failures before the last.
    until(
        lambda: ("dg-source", Outcome.STOPPED) in [(e.fact.thread, e.fact.outcome) for e in rig.events("thread failed")]
    )
    info = rig.engine.labels.add_class(NEW)
    rig.label(info.id, readings)
    assert rig.engine.learner.store.head.banks
    rig.check_all()


def test_another_number_of_channels_is_said_and_never_mixed_in(rigs: Rigs, quick_retry: None) -> None:
    rig = rigs()
    rig.play("Walking")
    total = rig.engine.ring.total
    rig.tape.put(np.ones((5, 1)))
    assert "sends 1 channels now, and began with 6" in rig.heard("stream lost").sentence
    assert rig.engine.ring.total == total and not rig.events("thread failed")
    rig.tape.sent -= 5
    rig.play("Walking")
    assert rig.heard("stream found")


def test_windows_do_not_straddle_a_gap(rigs: Rigs) -> None:
    rig = rigs()
    rig.tape.put(np.ones((50, 6)))
    rig.tape.put(np.ones((20, 6)), gap=True)
    rig.tape.put(np.ones((40, 6)), gap=True)
    rig.answered()
    window = rig.engine.spec.window
    ends = [reading.sample for reading in rig.engine.lane.readings.since(0)[0]]
    assert ends == [*range(window, 51), *range(70 + window, 111)]


# -- serving -----------------------------------------------------------------------------------------------------


class Features:
    """Features that stop, or fail, when told to."""

    def __init__(self, features: Callable[[F32], F32]) -> None:
        self._features = features
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Event()
        self.failures = 0

    def __call__(self, window: F32) -> F32:
        self.entered.set()
        self.free.wait()
        if self.failures:
            self.failures -= 1
            raise FloatingPointError("a window of its own")
        return self._features(window)


@pytest.mark.parametrize("failures", [1, 3])
def test_a_hop_that_fails_is_skipped_alone(rigs: Rigs, failures: int) -> None:
    rig = rigs(start=False)
    rig.engine.infer._features = features = Features(rig.engine.features)
    features.failures = failures
    rig.engine.start()
    readings = rig.play("Walking")
    stats = rig.engine.stats()
    assert stats.skipped_hops == failures
    assert len(readings) + failures == 100 - rig.engine.spec.window + 1
    assert "dg-infer" in rig.heard("thread failed").sentence
    assert not rig.engine.infer.failed


def test_serving_that_always_fails_stops_and_labels_are_still_kept(rigs: Rigs, until: Until) -> None:
    rig = rigs()
    readings = rig.play(NEW)
    rig.engine.infer._features = features = Features(rig.engine.features)
    features.failures = 1000
    rig.tape.put(rig.motions.takes["Walking"][0])
    until(lambda: rig.engine.infer.failed)
    info = rig.engine.labels.add_class(NEW)
    rig.label(info.id, readings)
    assert rig.engine.book.total == len(readings) and rig.engine.learner.store.head.banks


def test_serving_that_falls_behind_skips_hops_and_loses_no_sample(rigs: Rigs, until: Until) -> None:
    rig = rigs(start=False, lossless=False)
    rig.engine.infer._features = features = Features(rig.engine.features)
    features.free.clear()
    rig.engine.start()
    window = rig.engine.spec.window
    rig.tape.put(np.ones((window, 6)))
    until(features.entered.is_set)
    rig.tape.put(np.ones((300, 6)))
    until(lambda: rig.engine.ring.total == rig.tape.sent)
    features.free.set()
    rig.answered()
    stats = rig.engine.stats()
    assert stats.samples == rig.tape.sent and stats.lost_samples == 0
    assert stats.hops == 1 + BACKLOG and stats.skipped_hops == 300 - BACKLOG
    newest = rig.engine.lane.readings.since(0)[0][-BACKLOG:]
    assert [reading.sample for reading in newest] == list(range(window + 300 - BACKLOG + 1, window + 301))


def test_samples_that_were_overwritten_before_they_were_answered_are_counted(rigs: Rigs, until: Until) -> None:
    rig = rigs(start=False, lossless=False)
    rig.engine.infer._features = features = Features(rig.engine.features)
    features.free.clear()
    rig.engine.start()
    rig.tape.put(np.ones((rig.engine.spec.window, 6)))
    until(features.entered.is_set)
    rig.tape.put(np.ones((2 * rig.engine.ring.capacity, 6)))
    until(lambda: rig.engine.ring.total == rig.tape.sent)
    features.free.set()
    rig.answered()
    lost = rig.engine.stats().lost_samples
    assert rig.engine.ring.capacity <= lost <= rig.tape.sent - rig.engine.ring.capacity // 2
    assert rig.engine.stats().samples == rig.tape.sent


# -- learning ----------------------------------------------------------------------------------------------------


def test_a_rule_that_fails_once_parks_the_labels_and_serving_goes_on(
    rigs: Rigs, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = rigs()
    propose = LockedBankRule.propose
    failing = [True]

    def fails(rule: LockedBankRule, *arguments: Any) -> Any:
        if failing:
            failing.pop()
            raise RuntimeError("a bug in the rule")
        return propose(rule, *arguments)

    monkeypatch.setattr(LockedBankRule, "propose", fails)
    class_id = rig.teach(NEW, NEW)
    assert "dg-learn" in rig.heard("thread failed").sentence
    assert "set aside" in rig.heard("parked").sentence
    assert rig.engine.learner.parked and not rig.engine.learn.failed
    learnable = rig.engine.book.labels(class_id)[1]
    assert learnable > 0, "the labels themselves are kept"
    rig.engine.model.resume_parked()
    rig.settle()
    assert len(rig.engine.learner.training.learned) == learnable and not rig.engine.learner.parked
    assert rig.share_of(NEW, rig.play(NEW)) > 0.9
    rig.check_all()


def test_a_learner_that_always_fails_is_stopped_and_answers_and_labels_go_on(
    rigs: Rigs, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    rig = rigs()

    def fails(*_: Any) -> Any:
        raise RuntimeError("a bug in the rule")

    monkeypatch.setattr(LockedBankRule, "propose", fails)
    info = rig.engine.labels.add_class(NEW)
    for _ in range(5):
        readings = rig.play(NEW)
        rig.engine.labels.label_span(info.id, readings[0].start, readings[-1].end)
        until(lambda: rig.engine.store.idle and (rig.engine.learn.failed or rig.engine.learn.idle))
    until(lambda: rig.engine.learn.failed)
    assert rig.engine.stats().learner_state == "failed"
    assert rig.share_of("Walking", rig.play("Walking")) > 0.9
    assert rig.engine.book.labels(info.id)[0] == 5 * len(readings)


@pytest.mark.parametrize("kind", ["swap", "in_place"])
@pytest.mark.parametrize("act", ["read", "absorb"])
def test_a_twin_that_fails_takes_nothing_with_it(rigs: Rigs, kind: str, act: str, until: Until) -> None:
    rig = rigs()
    rig.engine.comparison.choose(kind)

    def fails(*_: Any) -> Any:
        raise RuntimeError("a bug in the twin")

    (lane,) = rig.engine.comparison.twins
    setattr(lane.twin, act, fails)
    rig.teach(NEW, NEW, 2)
    until(lambda: rig.events("twin failed"))
    assert rig.engine.comparison.twins == () and not rig.events("thread failed")
    assert rig.share_of(NEW, rig.play(NEW)) > 0.9
    assert not rig.engine.infer.failed and not rig.engine.learn.failed and not rig.engine.learner.parked


# -- saving ------------------------------------------------------------------------------------------------------


def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes every commit fail; returns what makes it work again."""
    batch, full = Session.batch, [True]

    def failing(session: Session) -> Any:
        if full:
            raise SessionError("Nothing can be saved because the disk is full; make room.")
        return batch(session)

    monkeypatch.setattr(Session, "batch", failing)
    monkeypatch.setattr(group_commit, "RETRY_S", 0.005)
    return full.clear


def test_on_a_full_disk_learning_goes_on_in_memory_and_all_is_saved_later(
    rigs: Rigs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, until: Until
) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.settle()
    room = full_disk(monkeypatch)
    rig.teach(NEW, NEW, 2)
    said = rig.heard("not saved")
    assert "going on in memory" in said.sentence and "disk is full" in said.sentence and said.level == "error"
    assert rig.engine.stats().saved.failed
    kept = rig.heard("take saved")
    assert kept.level == "warning" and kept.sentence.endswith(" s – not saved yet")
    assert rig.share_of(NEW, rig.play(NEW)) > 0.9
    assert len(rig.events("not saved")) == 1
    room()
    until(lambda: rig.engine.stats().saved.safe)
    assert rig.heard("saved").level == "good"
    total, digest = rig.engine.book.total, rig.engine.learner.store.head.digest
    assert rig.engine.stop() == []
    with Session.open(path) as session:
        latest = session.latest_checkpoint()
        assert len(session.examples()) == total > 100 and latest is not None and latest.digest == digest


def test_a_copy_has_what_could_not_be_saved(
    rigs: Rigs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, until: Until
) -> None:
    session = Session.create(tmp_path / "a.dgs")
    rig = rigs(session)
    rig.settle()

    def failing() -> Any:
        raise SessionError("Nothing can be saved because the disk is full; make room.")

    with monkeypatch.context() as full:
        full.setattr(session, "batch", failing)
        rig.teach(NEW, NEW)
        assert rig.engine.stats().saved.failed
        rig.engine.recording.save_copy(tmp_path / "b.dgs")
        assert str(tmp_path / "b.dgs") in rig.heard("copy saved").sentence
        with Session.open(tmp_path / "b.dgs") as copy:
            latest = copy.latest_checkpoint()
            assert len(copy.examples()) == rig.engine.book.total > 0
            assert latest is not None and latest.digest == rig.engine.learner.store.head.digest
            assert [info.name for info in copy.classes()][-1] == NEW
        rig.engine.recording.save_copy(tmp_path / "b.dgs")
        assert "exists already" in rig.heard("copy not saved").sentence
        rig.engine.recording.save_copy(tmp_path / "a.dgs", overwrite=True)
        until(lambda: "own place" in rig.heard("copy not saved").sentence)
    until(lambda: rig.engine.stats().saved.safe)
    rig.engine.recording.save_copy(tmp_path / "c.dgs")
    until(lambda: len(rig.events("copy saved")) == 2)
    with Session.open(tmp_path / "c.dgs") as copy:
        assert len(copy.examples()) == rig.engine.book.total


def test_a_disk_that_stays_full_keeps_few_versions_waiting_and_lets_the_engine_end(
    rigs: Rigs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    rig.settle()
    full_disk(monkeypatch)
    monkeypatch.setattr(group_commit, "VERSIONS_HELD", 3)
    for number in range(8):
        rig.engine.labels.add_class(f"class {number}")
        rig.settle()
    assert len(rig.engine.queue.file._versions) <= 3
    assert rig.engine.stop() == []


def test_one_entry_that_cannot_be_written_does_not_hold_up_the_others(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))

    def bad(session: Session) -> None:
        raise TypeError("not a value that a file can hold")

    rig.engine.queue.write(bad)
    rig.teach(NEW, NEW)
    assert "left out" in rig.heard("not saved").sentence
    assert not rig.engine.store.failed and rig.engine.stats().saved.safe
    total = rig.engine.book.total
    assert rig.engine.stop() == []
    with Session.open(path) as session:
        assert len(session.examples()) == total


def test_a_store_that_fails_is_restarted(rigs: Rigs) -> None:
    rig = rigs()

    def fails() -> None:
        raise RuntimeError("a bug in a job")

    rig.engine.queue.ask(fails)
    assert "dg-store" in rig.heard("thread failed").sentence
    rig.teach(NEW, NEW)
    assert rig.engine.learner.store.head.banks


# -- sinks -------------------------------------------------------------------------------------------------------


def test_a_sink_that_raises_is_switched_off_and_the_others_go_on(rigs: Rigs, until: Until) -> None:
    rig = rigs(start=False)
    got: list[Reading] = []

    def broken(reading: Reading) -> None:
        raise OSError("the disk is full")

    rig.engine.add_sink(broken)
    rig.engine.add_sink(got.append)
    rig.engine.start()
    readings = rig.play("Walking")
    until(lambda: rig.engine.out.idle)
    assert got == readings
    assert len(rig.events("output")) == 1 and "switched off: the disk is full" in rig.heard("output").sentence


def test_a_slow_sink_loses_answers_which_are_counted_and_slows_nothing(
    rigs: Rigs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out_worker, "CAPACITY", 10)
    monkeypatch.setattr(out_worker, "FINISH_S", 0.0)
    rig = rigs(start=False, lossless=False)
    free, got = threading.Event(), list[Reading]()

    def slow(reading: Reading) -> None:
        free.wait()
        got.append(reading)

    rig.engine.add_sink(slow)
    rig.engine.start()
    for row in np.array_split(rig.motions.takes["Walking"][0], 20):
        rig.tape.put(row)
        rig.answered()
    readings = rig.engine.lane.readings.since(0)[0]
    assert len(readings) == 100 - rig.engine.spec.window + 1, "serving went on"
    out: OutWorker = rig.engine.out
    assert out.dropped == len(readings) - 11 and len(rig.events("output")) == 1
    rig.engine.out.stop()
    free.set()
    assert rig.engine.stop() == []
    assert len(got) + out.dropped == len(readings)


# -- the end -----------------------------------------------------------------------------------------------------


def test_stopping_while_a_key_is_held_keeps_the_label(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    info = rig.engine.labels.add_class(NEW)
    rig.play("Walking")
    rig.engine.labels.press_class(info.id)
    rig.play(NEW)
    assert rig.engine.stop() == [] and rig.engine.stop() == []
    with Session.open(path) as session:
        (take,) = session.takes()
        assert take.class_id == info.id and take.examples == len(session.examples()) > 30


def test_an_engine_that_was_never_started_lets_the_session_go(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path), start=False)
    rig.engine.comparison.choose("in_place")
    assert rig.engine.stop() == []
    Session.open(path).close()


def test_a_start_that_fails_leaves_nothing_running(rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path), start=False)

    def fails(*_: Any) -> None:
        raise sqlite3.OperationalError("a bug")

    monkeypatch.setattr(Checkpointer, "begun", fails)
    with pytest.raises(sqlite3.OperationalError), rig.engine:
        raise AssertionError("it must not get here")
    assert not [t.name for t in threading.enumerate() if t.name.startswith("dg-")]
    Session.open(path).close()


def test_a_start_that_fails_half_way_stops_what_runs(
    rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path), start=False)

    def fails() -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(rig.engine.infer, "start", fails)
    with pytest.raises(RuntimeError, match="new thread"):
        rig.engine.start()
    assert not [t.name for t in threading.enumerate() if t.name.startswith("dg-")]
    Session.open(path).close()


def test_the_lamp_of_a_source_follows_how_reading_it_goes(rigs: Rigs, until: Until, quick_retry: None) -> None:
    rig = rigs()
    until(lambda: rig.engine.input.condition().lamp is Lamp.WAITING)
    rig.play("Walking")
    assert rig.engine.input.condition().words == "receiving"
    rig.tape.failing = StreamError("The cable was pulled.")
    until(lambda: rig.engine.input.condition().words == "retrying: The cable was pulled")
    rig.tape.failing = None
    rig.play("Walking")
    assert rig.engine.input.condition().lamp is Lamp.RECEIVING
