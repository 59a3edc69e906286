"""The map follows the serving version, while somebody watches, and a stale one is not shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from waiting import wait_until

from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.plane import map_worker
from dgstudio.engine.plane.decision_map import points
from dgstudio.engine.plane.map_worker import COARSE, FINE, MapWorker
from dgstudio.model.answers import Answers
from dgstudio.model.plan import Plan
from dgstudio.streams.pointer import PointerSource
from dgstudio.streams.simulation.simulator import SimulatorSource


@pytest.fixture
def engine() -> Iterator[Engine]:
    source = PointerSource()
    made = Engine(source, base_for(source.spec)[0])
    with made:
        yield made


def plane(engine: Engine) -> MapWorker:
    assert engine.plane is not None
    return engine.plane


def shows(engine: Engine) -> bool:
    """Whether the map is a fine one of the version that serves."""
    made = plane(engine).map
    return made is not None and made.side == FINE and made.snapshot is engine.lane.store.serving


def test_a_signal_has_no_plane() -> None:
    engine = Engine(SimulatorSource(), None)
    assert engine.plane is None
    engine.stop()


def test_nothing_is_computed_until_somebody_watches(engine: Engine) -> None:
    wait_until(lambda: engine.lane.counts.reads > 3)
    assert plane(engine).map is None
    plane(engine).watch(True)
    wait_until(lambda: shows(engine))


def test_what_was_drawn_is_on_the_map_of_the_version_that_learned_it(engine: Engine) -> None:
    worker, source = plane(engine), engine.source
    assert isinstance(source, PointerSource)
    worker.watch(True)
    wait_until(lambda: shows(engine))
    before = worker.map
    town = engine.labels.add_class("town")
    source.point(-0.55, -0.6)
    wait_until(lambda: engine.lane.readings.newest.features[0] < -0.5)
    engine.labels.press_class(town.id)
    wait_until(lambda: engine.learner.store.serving.banks)
    engine.labels.release_class()
    wait_until(lambda: engine.store.idle and engine.learn.idle and shows(engine))
    made = worker.map
    assert before is not None and made is not None and made.generation > before.generation
    cell = made.cell_at(-0.55, -0.6)
    assert made.snapshot.classes[made.tops.ravel()[cell]] == town.id
    assert made.certified is not None and made.reference == 0
    assert not made.certified.ravel()[cell] and made.certified.mean() > 0.5
    # Byte for byte what serving says, and certified as it is there.
    plan = Plan(made.snapshot)
    for number in np.random.default_rng(1).integers(0, FINE**2, 40).tolist():
        assert made.answers.logits[number].tobytes() == plan.logits_of(points(FINE, 2)[number]).tobytes()


@pytest.mark.parametrize("direct_s", [0.0, 1e9])
def test_a_stale_map_is_dropped_and_a_coarse_one_comes_first_where_the_fine_one_takes_long_or_was_in_vain(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, direct_s: float
) -> None:
    """While the fine map of one version is made, another begins to serve: the fine map of that is the next one."""
    worker, store = plane(engine), engine.learner.store
    monkeypatch.setattr(map_worker, "DIRECT_S", direct_s)
    seen: list[tuple[int, int]] = []
    answers, make = Plan.answers, MapWorker._make

    def publishing(plan: Plan, raw: np.ndarray) -> Answers:
        found = answers(plan, raw)
        if store.serving.version == 0 and worker.map is not None and worker.map.side == COARSE:
            store.publish(store.head.with_(version=store.next_version, parent=0))
        return found

    def noting(self: MapWorker, wanted: object, side: int, *, to_the_end: bool) -> None:
        before = self.map
        make(self, wanted, side, to_the_end=to_the_end)
        if self.map is not before and self.map is not None:
            seen.append((self.map.snapshot.version, self.map.side))

    monkeypatch.setattr(Plan, "answers", publishing)
    monkeypatch.setattr(MapWorker, "_make", noting)
    worker.watch(True)
    wait_until(lambda: shows(engine) and len(seen) >= 3)
    assert seen[:3] == [(0, COARSE), (1, COARSE), (1, FINE)]
    assert worker.made == 2


def test_an_older_version_can_be_looked_at_and_one_that_is_gone_gives_way_to_the_one_that_serves(
    engine: Engine,
) -> None:
    worker = plane(engine)
    engine.labels.add_class("town")
    wait_until(lambda: engine.learner.store.serving.version == 1)
    worker.watch(True)
    wait_until(lambda: shows(engine))
    worker.show_version(0)
    wait_until(lambda: worker.map.snapshot.version == 0)
    generation = worker.map.generation
    worker.show_version(7)
    wait_until(lambda: worker.map.generation > generation)
    assert worker.map.snapshot.version == 1
    worker.show_version(0)
    wait_until(lambda: worker.map.snapshot.version == 0)
    worker.show_version(None)
    wait_until(lambda: shows(engine))


def test_another_threshold_of_unsure_makes_another_map(engine: Engine) -> None:
    worker = plane(engine)
    worker.watch(True)
    wait_until(lambda: shows(engine))
    before = worker.map
    engine.model.set_abstain(0.9)
    wait_until(lambda: worker.map is not before and shows(engine))
    assert before is not None and worker.map is not None
    assert (worker.map.tops < 0).sum() > (before.tops < 0).sum()
    worker.watch(False)
    last = worker.map
    engine.model.set_abstain(0.0)
    wait_until(lambda: engine.lane.abstain == 0.0)
    assert worker.map is last
