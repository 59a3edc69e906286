"""Fields that tell when they change."""

import gc
import weakref

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QObject

from dgstudio.studio.bridge.evented import Evented, Field


class Room(Evented):
    light = Field(False)
    guests = Field[tuple[str, ...]](())
    picture = Field[object](None)


class Panel(QObject):
    def __init__(self):
        super().__init__()
        self.told = 0

    def note(self):
        self.told += 1


@pytest.fixture
def room(qapp):
    return Room()


def followed(room, *fields):
    told = []
    room.when(*fields).connect(lambda: told.append(tuple(field.__get__(room, Room) for field in fields)))
    return told


def test_a_field_tells_that_it_changed_and_only_then(room):
    light, guests = followed(room, Room.light), followed(room, Room.guests)
    assert room.light is False and room.guests == ()
    room.light = False
    room.guests = ()
    assert (light, guests) == ([], [])
    room.light = True
    room.light = True
    assert light == [(True,)] and guests == []


def test_what_equals_leaves_the_field_as_it_is_and_arrays_within_objects_go_by_identity(room):
    class Picture:
        def __init__(self, pixels):
            self.pixels = pixels

    told, first = followed(room, Room.picture), Picture(np.zeros(3))
    for picture in (first, first, Picture(first.pixels)):
        room.picture = picture
    assert len(told) == 2
    guests = room.guests = ("Ada",)
    room.guests = tuple(iter(guests))
    assert room.guests is guests


def test_each_instance_has_its_own_values(room):
    other = Room()
    other.light = True
    assert room.light is False


def test_an_update_tells_once_at_its_end(room):
    both, light = followed(room, Room.light, Room.guests), followed(room, Room.light)
    with room.update():
        room.light, room.guests = True, ("Ada",)
        with room.update():
            room.guests = ("Ada", "Alan")
        assert (both, light) == ([], []) and room.light
    assert both == [(True, ("Ada", "Alan"))] and light == [(True,)]


def test_what_is_as_before_at_the_end_of_an_update_is_not_told(room):
    told = followed(room, Room.light)
    with room.update():
        room.light = True
        room.light = False
    assert told == []


def test_an_update_that_fails_tells_what_it_had_done(room):
    told = followed(room, Room.light)

    def fail():
        with room.update():
            room.light = True
            raise KeyError("the source")

    with pytest.raises(KeyError, match="the source"):
        fail()
    assert told == [(True,)]


def test_a_follower_that_assigns_tells_nobody_twice(room):
    def greet():
        room.guests = (*room.guests, "host")

    room.when(Room.light).connect(greet)
    told = followed(room, Room.light, Room.guests)
    room.light = True
    assert told == [(True, ("host",))]


def test_a_follower_that_fails_leaves_the_others_theirs(room, qtbot):
    def fail():
        raise KeyError("the cause")

    room.when(Room.light).connect(fail)
    later, others = followed(room, Room.light), followed(room, Room.light, Room.guests)
    with qtbot.captureExceptions() as caught:
        room.light = True
    assert later == [(True,)] and others == [(True, ())] and [kind for kind, *_ in caught] == [KeyError]


def test_who_is_gone_is_told_nothing_and_not_kept(room):
    panel, kept = Panel(), Panel()
    for it in (panel, kept):
        room.when(Room.light).connect(it.note)
    room.light = True
    # Deleted by Qt, while Python holds it.
    shiboken6.delete(kept)
    there = weakref.ref(panel)
    del panel
    gc.collect()
    room.light = False
    assert there() is None and kept.told == 1
