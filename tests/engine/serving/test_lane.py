"""The studio's lane: what is ready before a version's first answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.serving.lane import Hop, Lane
from dgstudio.model.plan import Plan
from dgstudio.model.store import SnapshotStore


def test_a_version_has_answered_once_before_it_is_asked_for_an_answer(motions: Any, monkeypatch: Any):
    first = motions.base.snapshot()
    store = SnapshotStore(first)
    lane = Lane(store, ClassTable())
    asked: list[int] = []
    answer = Plan.answer
    monkeypatch.setattr(Plan, "answer", lambda plan, raw: asked.append(plan.snapshot.version) or answer(plan, raw))
    heard: list[int] = []
    lane.serving.readied = lambda: heard.append(store.serving.version)

    lane.prepare()
    assert asked == [], "nothing has been seen yet"
    features = np.zeros(first.inputs, np.float32)
    lane.answer(Hop(0, 60, 0.0, 1.0, features, None, 0.0))
    store.publish(replace(first, version=1))
    assert heard == [0], "told before it serves"
    lane.prepare()
    lane.prepare()
    assert asked == [0, 1] and lane.counts.reads == 1
    reading = lane.answer(Hop(1, 70, 0.1, 1.1, features, None, 0.0))
    assert reading.version == 1 and asked == [0, 1, 1] and lane.counts.reads == 2
