"""The window's state: what of it counts as changed, and what a frame without news tells."""

from dataclasses import replace

import numpy as np
import pytest

from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.reasons.stored import Told
from dgstudio.streams.registry import open_source
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.evented import Field
from dgstudio.studio.bridge.state import ClassCard, Lamp, StudioState
from dgstudio.types import ClassInfo, PublishRecord

FIELDS = {name: field for name, field in vars(StudioState).items() if isinstance(field, Field)}


def heard(state):
    told = []
    for name, field in FIELDS.items():
        state.when(field).connect(lambda name=name: told.append(name))
    return told


@pytest.fixture
def live(qapp):
    """A bridge on an engine that does not run."""
    source = open_source("simulator")
    bridge = Bridge(Engine(source, base_for(source.spec)[0]), "a.dgs")
    yield bridge
    bridge.shutdown()


def test_a_card_is_another_one_when_anything_on_it_is():
    window = np.zeros((5, 2), np.float32)
    card = ClassCard(ClassInfo(0, "rest", "1", "#56b4e9"), 3, (window,), "learning", 2)
    assert card == replace(card, thumbs=(window,)) and hash(card) == hash(replace(card))
    for change in ({"thumbs": (window.copy(),)}, {"lamp": Lamp.UP_TO_DATE}, {"count": 4}, {"why": Told("no room")}):
        assert card != replace(card, **change)
    assert card != "card"


def test_a_frame_without_news_tells_nobody_anything(live):
    live.labels.add_class("first")
    live.pull()
    told = heard(live.state)
    for _ in range(3):
        live._renew_stats()
        live.pull()
    assert told == []


def test_a_frame_tells_each_that_changed_once_and_hands_the_new_records_out_once(live):
    live.pull()
    told, known = heard(live.state), live.state.record_count
    record = PublishRecord(7, "rejected", None, 0, "too close", 1.0, 0.0)
    live.engine.learn.history.append(record)
    live.engine.imports.view = view = object()
    assert live.pull().publishes == [record] and live.pull().publishes == []
    assert sorted(told) == ["importing", "record_count"] and live.state.importing is view
    assert live.state.record_count == known + 1 and live.state.history is live.engine.learn.history


def test_a_view_that_stands_still_stays_until_it_is_moved(qapp):
    state = StudioState()
    told = []
    state.when(StudioState.paused, StudioState.scrubbing, StudioState.looked_at).connect(lambda: told.append(1))
    state.look_at(1.0, 3.0)
    state.set_paused(True)
    state.look_at(1.0, 3.0, scrubbing=False)
    assert state.stream_mode == "scrubbing" and state.looked_at == (1.0, 3.0) and len(told) == 1
    state.set_paused(False)
    assert state.stream_mode == "following" and state.looked_at is None and len(told) == 2
