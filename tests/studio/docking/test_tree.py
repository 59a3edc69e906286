"""Where panels stand, as plain data: what is put somewhere is there, room is shared out in full, all of it is kept."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.errors import BadInputError
from dgstudio.studio.docking.built_in import BUILT_IN, LABEL
from dgstudio.studio.docking.tree import (
    Box,
    Room,
    Split,
    Stack,
    Way,
    beside,
    fits,
    from_data,
    merged,
    names_of,
    neighbours,
    only,
    place,
    seams,
    seen,
    share_out,
    sized,
    stacked,
    stacks_of,
    to_data,
)

NAMES = "abcdefgh"
WINDOW = Box(0, 0, 2400, 1800)


def needs(_name, _offered):
    return 150


@st.composite
def trees(draw):
    """Trees as hands make them: one panel after the other is put beside or upon one that is there."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(1, len(NAMES)))]
    tree = place(names[0])
    for at, name in enumerate(names[1:], 1):
        anchor = draw(st.sampled_from(names[:at]))
        if draw(st.integers(0, 3)):
            tree = beside(tree, {anchor}, name, draw(st.sampled_from([*Way])), after=draw(st.booleans()))
        else:
            tree = stacked(tree, anchor, name)
    return tree


@pytest.mark.parametrize(("asked", "given"), [(20, 80), (150, 150), (420, 420), (700, 500)])
def test_a_panel_that_fits_gets_what_it_asks_for_and_half_of_all_at_most(asked, given):
    offers = []

    def asks(_name, offered):
        offers.append(offered)
        return asked

    tree = Split(Way.DOWN, (place("a"), place("b", Room(0.3, least=80, fits=True))))
    boxes = share_out(tree, Box(0, 0, 100, 1000), {"a", "b"}, 0, asks)
    assert (boxes["a"].tall, boxes["b"].tall, offers) == (1000 - given, given, [300])


def fronts(tree, boxes):
    ahead = {stack.front: stack.names for stack in stacks_of(tree)}
    return {name: boxes[name] for name in ahead}, ahead


@given(trees())
def test_what_is_shared_out_fills_the_window_and_nothing_lies_over_another(tree):
    boxes = share_out(tree, WINDOW, set(names_of(tree)), 1, needs)
    ahead, _ = fronts(tree, boxes)
    lines = sum(seam.line.wide * seam.line.tall for seam in seams(tree, ahead))
    assert sum(box.wide * box.tall for box in ahead.values()) + lines == WINDOW.wide * WINDOW.tall
    spans = [(box.span(Way.ACROSS), box.span(Way.DOWN)) for box in ahead.values()]
    for at, one in enumerate(spans):
        for two in spans[at + 1 :]:
            assert any(a[1] <= b[0] or b[1] <= a[0] for a, b in zip(one, two, strict=True))


@given(trees())
def test_what_is_seen_is_read_again_and_looks_the_same(tree):
    boxes = share_out(tree, WINDOW, set(names_of(tree)), 1, needs)
    ahead, stacks = fronts(tree, boxes)
    assert fits(tree, ahead, stacks)
    again = seen(ahead, stacks)
    assert set(names_of(again)) == set(names_of(tree))
    assert {stack.names for stack in stacks_of(again)} == {stack.names for stack in stacks_of(tree)}
    there = share_out(again, WINDOW, set(names_of(tree)), 1, needs)
    for name, box in ahead.items():
        for way in Way:
            assert all(abs(a - b) <= 1 for a, b in zip(box.span(way), there[name].span(way), strict=True))


@given(trees())
def test_sizes_that_are_seen_are_kept_in_proportion(tree):
    boxes = share_out(tree, WINDOW, set(names_of(tree)), 1, needs)
    ahead, _ = fronts(tree, boxes)
    kept = sized(tree, ahead)
    assert share_out(kept, WINDOW, set(names_of(tree)), 1, needs) == boxes
    half = share_out(kept, Box(0, 0, 1200, 900), set(names_of(tree)), 1, needs)
    for name, box in ahead.items():
        assert abs(half[name].wide - box.wide / 2) <= 4 and abs(half[name].tall - box.tall / 2) <= 4


@given(trees(), st.data())
def test_what_is_closed_comes_back_beside_what_it_stood_beside(tree, data):
    names = {*names_of(tree)}
    gone = data.draw(st.sets(st.sampled_from(sorted(names)), max_size=len(names) - 1))
    left = only(tree, names - gone)
    assert set(names_of(left)) == names - gone
    back = merged(left, tree, names)
    assert sorted(names_of(back)) == sorted(names)
    for name in gone:
        anchors, way, _ = neighbours(tree, name, names - gone)
        if way is None and anchors:
            assert any(anchors <= set(stack.names) and name in stack.names for stack in stacks_of(back))


@given(trees(), st.data())
def test_a_panel_stands_on_the_side_where_it_was_put(tree, data):
    names = sorted(names_of(tree))
    anchor, way, after = data.draw(st.sampled_from(names)), data.draw(st.sampled_from([*Way])), data.draw(st.booleans())
    boxes = share_out(beside(tree, {anchor}, "new", way, after=after), WINDOW, {*names, "new"}, 1, needs)
    one, two = (boxes[anchor], boxes["new"]) if after else (boxes["new"], boxes[anchor])
    assert one.span(way)[1] + 1 == two.span(way)[0]
    other = Way.DOWN if way == Way.ACROSS else Way.ACROSS
    assert one.span(other) == two.span(other)


@given(trees())
def test_a_tree_survives_being_written(tree):
    assert from_data(json.loads(json.dumps(to_data(from_data(to_data(tree)))))) == from_data(to_data(tree))
    assert [*names_of(from_data(to_data(tree)))] == [*names_of(tree)]


@pytest.mark.parametrize("layout", BUILT_IN.values(), ids=BUILT_IN)
def test_layouts_of_the_window_survive_being_written(layout):
    assert from_data(json.loads(json.dumps(to_data(layout.tree)))) == layout.tree


WRONG = [
    None,
    [],
    {},
    {"panels": []},
    {"panels": [1]},
    {"panels": "stream"},
    {"panels": ["a", "a"]},
    {"panels": ["a"], "share": "wide"},
    {"panels": ["a"], "share": float("nan")},
    {"panels": ["a"], "share": -1},
    {"panels": ["a"], "least": 5, "most": 3},
    {"panels": ["a"], "share": True},
    {"split": "round", "parts": [{"panels": ["a"]}, {"panels": ["b"]}]},
    {"split": "down", "parts": [{"panels": ["a"]}]},
    {"split": "down", "parts": [{"panels": ["a"]}, {"panels": ["a"]}]},
    {"split": "down", "parts": [{"panels": ["a"]}, 7]},
]


@pytest.mark.parametrize("data", WRONG, ids=repr)
def test_what_is_no_tree_is_refused(data):
    with pytest.raises(BadInputError):
        from_data(data)


def test_a_tree_that_is_nested_without_end_is_refused():
    data = {"panels": ["a"]}
    for at in range(40):
        data = {"split": "down", "parts": [data, {"panels": [f"b{at}"]}]}
    with pytest.raises(BadInputError, match="nested"):
        from_data(data)


def test_the_rest_goes_to_what_grows_and_limits_are_kept():
    tree = Split(Way.ACROSS, (place("a", Room(0.1, least=200)), place("b"), place("c", Room(0.5, most=300))))
    boxes = share_out(tree, Box(0, 0, 1000, 100), set("abc"), 1, needs)
    assert [boxes[name].wide for name in "abc"] == [200, 498, 300]
    # Where nothing grows that is shown, the others share all.
    boxes = share_out(tree, Box(0, 0, 1000, 100), set("ac"), 1, needs)
    assert boxes["a"].wide + boxes["c"].wide == 999


def test_each_layout_shows_what_it_is_for():
    assert BUILT_IN["Talk"].open == {"stream", "answer", "gates", "stability"}
    assert {"inspector", "log", "snapshots"} <= BUILT_IN["Debug"].open
    for layout in BUILT_IN.values():
        assert layout.open <= set(names_of(merged(layout.tree, LABEL.tree, set(names_of(LABEL.tree)))))


def test_a_stack_keeps_who_is_in_front():
    tree = stacked(stacked(place("a"), "a", "b"), "a", "c")
    assert tree == Stack(("a", "b", "c"), "c")
    assert only(tree, {"a", "c"}) == Stack(("a", "c"), "c") and only(tree, {"a", "b"}).front == "a"
