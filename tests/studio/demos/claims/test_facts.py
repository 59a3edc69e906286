"""The figures of demos: what is fair to judge, how figures are written, what has moved, where a pointer is."""

import math
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.plane.decision_map import DecisionMap, points
from dgstudio.errors import BadInputError
from dgstudio.model.plan import Plan
from dgstudio.streams.registry import open_source
from dgstudio.studio.demos.claims.figures import Unit, figure_named, written
from dgstudio.studio.demos.claims.moved import Moved, moved
from dgstudio.studio.demos.claims.plane import PlaneFigures
from dgstudio.studio.demos.claims.settled import LATELY_S, LateAccuracy, SettledTruth
from dgstudio.studio.demos.ongoing import Drawing


def window(end, truth):
    return SimpleNamespace(start=end - 1.0, end=end, truth=truth)


def test_windows_that_lie_in_two_movements_are_not_judged():
    settled = SettledTruth()
    ends = np.arange(1.0, 8.0, 0.5)
    # At 3 s the person begins to run: of the window that ends at 3.5 s, half is running.
    whole = [settled.whole(window(end, "walk" if end < 3.5 else "run")) for end in ends]
    judged = {float(end) for end, is_whole in zip(ends, whole, strict=True) if is_whole}
    assert {2.0, 2.5, 3.0} <= judged and not {3.5, 4.0} & judged and {4.5, 5.0, 7.5} <= judged


def test_what_nobody_knows_is_not_judged():
    assert not SettledTruth().whole(window(5.0, None))


def test_accuracy_is_of_the_last_seconds_and_since_the_step_began():
    accuracy = LateAccuracy()
    assert accuracy.lately is None and accuracy.since is None
    for end in (0.0, 0.5):
        accuracy.add(end, False)
    accuracy.begin()
    assert accuracy.since is None and accuracy.lately == 0.0
    for end in (2.0, 2.25, 0.5 + LATELY_S):
        accuracy.add(end, True)
    assert accuracy.lately == 0.75 and accuracy.since == 1.0


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, Unit.COUNT, "…"),
        (1234, Unit.COUNT, "1,234"),
        (0.968, Unit.SHARE, "97 %"),
        (49.2, Unit.MILLISECONDS, "49 ms"),
        (3.456, Unit.SECONDS, "3.5 s"),
        ("walk", Unit.WORD, "walk"),
        (True, Unit.YES_OR_NO, "yes"),
    ],
)
def test_figures_are_written_as_people_read_them(value, unit, said):
    assert written(value, unit) == said


@pytest.mark.parametrize("name", ["ours.lost", "replay.kept", "ours_routing.right", "because.take", "plane.my town"])
def test_figures_have_names(name):
    assert figure_named(name).words


@pytest.mark.parametrize("name", ["", "lost", "ours", "ours.", "twin.bits", "theirs.lost", "plane."])
def test_what_is_no_figure_is_refused(name):
    with pytest.raises(BadInputError, match="is no figure"):
        figure_named(name)


def test_a_pointer_is_drawn_along_its_way_at_an_even_pace():
    at = []
    parts = SimpleNamespace(commands=SimpleNamespace(point=lambda x, y: at.append((x, y))))
    drawing = Drawing(parts, [(0.0, 0.0), (0.5, 0.0), (0.5, 0.0), (0.5, 1.0)], 3.0)
    done = [drawing.advance(0.5) for _ in range(6)]
    assert done == [False] * 5 + [True]
    np.testing.assert_allclose(at, [(0, 0), (0.25, 0), (0.5, 0), (0.5, 0.25), (0.5, 0.5), (0.5, 0.75), (0.5, 1.0)])
    assert {round(math.dist(a, b), 9) for a, b in pairwise(at)} == {0.25}


def test_what_has_moved_is_told_by_the_part():
    base, _ = base_for(open_source("pointer").spec)
    head = base.snapshot()
    assert moved(head, head) == Moved()
    theta = head.base.theta.copy()
    theta[3] += 1
    weights = head.base.W1.copy()
    weights[4:6] += 1
    assert moved(head, head.with_(base=replace(head.base, theta=theta))) == Moved(1, 0)
    assert moved(head, head.with_(base=replace(head.base, W1=weights))) == Moved(0, 2)


def test_the_plane_is_told_by_its_newest_map():
    base, _ = base_for(open_source("pointer").spec)
    snapshot = base.snapshot()
    figures = PlaneFigures()
    assert figures.share(snapshot.classes[0]) is None and figures.patches is None
    figures.follow(None)
    made = DecisionMap(1, snapshot, 20, Plan(snapshot).answers(points(20, 2)))
    figures.follow(made)
    shares = [figures.share(class_id) for class_id in snapshot.classes]
    assert all(share > 0 for share in shares) and sum(shares) <= 1
    assert figures.patches > 5 and figures.certified is None and figures.share(999) == 0.0
