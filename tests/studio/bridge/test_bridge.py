"""The bridge: what is asked of a part of the engine is seen at once; the tests' bridge is asked as the real one is."""

import inspect

import pytest

from dgstudio.errors import BadInputError
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.followed import followed
from dgstudio.studio.bridge.state import StudioState
from dgstudio.types import Mode

PARTS = (
    *("labels", "model", "comparison", "candidates", "recording", "imports"),
    *("book", "lookback", "quality", "browse", "contents"),
)


class Counter:
    count = 0

    def add(self, number: int, *, twice: bool = False) -> int:
        if number < 0:
            raise BadInputError("Only what is more can be added.")
        self.count += number * (1 + twice)
        return self.count


def test_a_call_is_followed_up_when_it_returns_and_not_when_it_is_refused():
    told = []
    counter = Counter()
    seen = followed(counter, lambda: told.append(counter.count))
    assert seen.count == 0 and told == []
    assert seen.add(2) == 2 and seen.add(3, twice=True) == 8 and told == [2, 8] and seen.count == 8
    with pytest.raises(BadInputError):
        seen.add(-1)
    assert told == [2, 8]


def test_what_was_asked_for_is_seen_before_the_engine_has_done_it(desk):
    bridge, state, told = desk.window.commands, desk.state, []
    desk.until(lambda: desk.engine.learn.idle)
    for field in (StudioState.mode, StudioState.tau, StudioState.set_aside, StudioState.classes):
        state.when(field).connect(lambda field=field: told.append(field))
    desk.engine.learn.paused.set()
    bridge.model.set_mode(Mode.OFF)
    assert state.mode is Mode.OFF and told == [StudioState.mode]
    bridge.model.set_openness(-0.3, 0.2)
    assert (state.tau, state.delta) == (-0.3, 0.2) and told == [StudioState.mode, StudioState.tau]
    bridge.labels.set_aside(True)
    assert state.set_aside and told[2:] == [StudioState.set_aside]
    info = bridge.labels.add_class("seen at once")
    assert state.card(info.id) is not None and told[3:] == [StudioState.classes]
    desk.engine.learn.paused.clear()


def test_the_bridge_of_the_tests_is_asked_as_the_real_one_is(bridge, desk):
    real = desk.window.commands
    for name in PARTS:
        part, kind = getattr(bridge, name), type(getattr(desk.engine, name))
        assert isinstance(part, kind), name
        assert hasattr(real, name)
    for name, method in inspect.getmembers(type(bridge), inspect.isfunction):
        if not name.startswith("_") and hasattr(Bridge, name):
            assert (
                inspect.signature(method).parameters.keys()
                == inspect.signature(getattr(Bridge, name)).parameters.keys()
            )
