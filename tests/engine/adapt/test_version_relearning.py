"""Versions that are not kept, learned again on request: the same by their digests, or why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.engine.adapt.version_relearning import Relearning
from dgstudio.engine.adapt.version_ways import CannotLearnAgain, VersionWays, Way, WhyNot
from dgstudio.engine.runtime.history import History
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.publish_diff import changed, set_change
from dgstudio.reasons.stored import Told
from dgstudio.session.file import Session
from dgstudio.types import Mode, PublishRecord, RecordKind, SetChange

Rigs = Callable[..., Any]
NEW, OTHER = "Badminton", "Walking"
SETS = st.dictionaries(st.integers(0, 40), st.integers(0, 3))


@given(SETS, SETS)
def test_a_change_of_sets_leads_from_one_to_the_other(before: dict[int, int], after: dict[int, int]) -> None:
    change = set_change(before, after)
    assert changed(before, change) == after
    assert all(first <= last for first, last, _ in change.gained) and len(change.gained) <= len(after)


def record(version: int, kind: RecordKind = RecordKind.LEARNED, **more: Any) -> PublishRecord:
    told = {"parent": version - 1, "change": SetChange(), **more}
    return PublishRecord(version, kind, version, reason=Told(""), time=0.0, unix=0.0, **told)


def test_the_way_goes_from_the_nearest_kept_version_before_or_there_is_none() -> None:
    ways = VersionWays(History(record(version) for version in range(1, 6)))
    way = ways.to(4, lambda version: version in (0, 2))
    assert ways.refusal(4, lambda version: version in (0, 2)) is None
    assert isinstance(way, Way) and way.start == 2 and [r.version for r in way.records] == [3, 4]
    for odd, why in (
        (record(3, change=None), WhyNot.NOT_NOTED),
        (record(3, by_gradient=True, change=None), WhyNot.GRADIENT),
        (record(3, RecordKind.ROLLED_BACK), WhyNot.OWN_ACT),
        (record(3, parent=None), WhyNot.UNKNOWN),
    ):
        ways = VersionWays(History([record(1), record(2), odd, record(4)]))
        found = ways.to(4, lambda version: version == 2)
        assert found == ways.refusal(4, lambda version: version == 2) == CannotLearnAgain(4, why)
        assert found.sentence.startswith("V4 cannot be learned again: ")


def reopened(rigs: Rigs, tmp_path: Any, teach: Callable[[Any], None]) -> tuple[Any, dict[int, str]]:
    """An engine on a session that another one has filled, and the digests of versions that it does not keep."""
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    teach(rig)
    rig.settle()
    assert rig.engine.stop() == []
    again = rigs(Session.open(path))
    again.settle()
    kept = again.engine.model.reachable()
    digests = {r.version: r.digest for r in again.engine.learn.history if r.version is not None}
    return again, {version: digest for version, digest in digests.items() if version not in kept}


def takes(rig: Any) -> None:
    rig.teach(NEW, NEW, 3)
    rig.teach(OTHER, OTHER, 2)
    rig.engine.labels.undo()
    rig.settle()
    rig.engine.model.protect_now()
    rig.teach(NEW, NEW, 3)


def test_a_version_that_thinned_out_is_the_same_again_and_can_be_served(rigs: Rigs, tmp_path: Any) -> None:
    rig, lost = reopened(rigs, tmp_path, takes)
    engine, store = rig.engine, rig.engine.learner.store
    assert len(lost) >= 4
    for version in (min(lost), max(lost)):
        assert engine.relearning.refusal(version) is None
        engine.relearning.learn_again(version)
        said = rig.heard("learned again")
        assert f"v{version} was learned again and is the same to the last bit" in said.sentence
        rig.settle()
        assert store.get(version).digest == lost[version] and version in engine.queue.kept
        engine.model.pin(version)
        rig.settle()
        assert store.serving.version == version and {r.version for r in rig.play(NEW)} == {version}
        engine.model.roll_back(version)
        rig.settle()
        assert not engine.learner.pending
        rig.said.clear()
    with pytest.raises(BadInputError, match="is kept"):
        engine.relearning.learn_again(version)
    # It is in the file for good.
    assert engine.stop() == []
    third = rigs(Session.open(tmp_path / "a.dgs"))
    assert third.engine.learner.recalled(version).digest == lost[version]


@pytest.mark.parametrize("mode", [Mode.ROUTING, Mode.WEIGHTS])
def test_where_only_a_half_is_learned_each_step_is_done_again(rigs: Rigs, tmp_path: Any, mode: Mode) -> None:
    def teach(rig: Any) -> None:
        rig.teach(NEW, NEW)
        rig.engine.model.set_mode(mode)
        rig.teach(NEW, NEW, 3)

    rig, lost = reopened(rigs, tmp_path, teach)
    version = max(lost)
    rig.engine.relearning.learn_again(version)
    rig.heard("learned again")
    rig.settle()
    assert rig.engine.learner.store.get(version).digest == lost[version]


def test_what_comes_out_otherwise_is_said_and_not_taken_up(rigs: Rigs, tmp_path: Any) -> None:
    rig, lost = reopened(rigs, tmp_path, takes)
    engine, version = rig.engine, max(lost)
    way = engine.relearning._ways.to(version, engine.relearning._kept)
    false = replace(way.target, digest="ab" * 16)
    engine.relearning.running = job = Relearning(
        Way(way.start, (*way.records[:-1], false)), None, engine.learner, engine.session,
        engine.relearning._adopt, engine.events,
    )  # fmt: skip
    job.start()
    said = rig.heard("learned again").sentence
    assert f"v{version} cannot be had again: it was abababab" in said and lost[version][:8] in said
    assert version not in engine.model.reachable()


def test_it_can_be_cancelled_and_is_one_at_a_time(rigs: Rigs, tmp_path: Any, monkeypatch: Any) -> None:
    rig, lost = reopened(rigs, tmp_path, takes)
    relearning, version = rig.engine.relearning, max(lost)
    asked: list[str] = []

    def wait(job: Relearning) -> None:
        if not asked:
            asked.append("once")
            with pytest.raises(BadInputError, match="one at a time"):
                relearning.learn_again(min(lost))
            relearning.cancel()
        plain(job)

    plain = Relearning._go_on
    monkeypatch.setattr(Relearning, "_go_on", wait)
    relearning.learn_again(version)
    assert "was cancelled" in rig.heard("learned again").sentence
    assert relearning.running.over and version not in rig.engine.model.reachable()


def test_examples_that_are_gone_are_said(rigs: Rigs, tmp_path: Any, monkeypatch: Any) -> None:
    rig, lost = reopened(rigs, tmp_path, takes)
    monkeypatch.setattr(rig.engine.session, "examples_by_id", lambda ids: [])
    rig.engine.relearning.learn_again(max(lost))
    assert "of its examples are not in the session any more" in rig.heard("learned again").sentence


def test_a_model_from_nothing_is_learned_again_too(rigs: Rigs, tmp_path: Any) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path), nothing=True)
    rig.teach(NEW, NEW, 2)
    rig.teach(OTHER, OTHER, 2)
    assert rig.engine.stop() == []
    again = rigs(Session.open(path), nothing=True)
    kept, history = again.engine.model.reachable(), again.engine.learn.history
    lost = {r.version: r.digest for r in history if r.version is not None and r.version not in kept}
    version = max(lost)
    again.engine.relearning.learn_again(version)
    assert "the same to the last bit" in again.heard("learned again").sentence
    again.settle()
    assert again.engine.learner.recalled(version).digest == lost[version]
