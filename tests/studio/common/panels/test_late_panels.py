"""Panels that are made at the first look."""

from dgstudio.studio.common.panels.late_panels import LatePanels
from dgstudio.studio.common.panels.panel import PanelFrame


def made_of(qtbot, made, name):
    def make():
        made.append(name)
        panel = PanelFrame(name)
        qtbot.addWidget(panel)
        return panel

    return make


def test_each_is_made_once_and_only_when_it_is_asked_for(qtbot):
    made = []
    panels = LatePanels({name: made_of(qtbot, made, name) for name in ("a", "b", "c")})
    assert list(panels) == ["a", "b", "c"] and len(panels) == 3 and "b" in dict.fromkeys(panels) and not made
    last, first = panels["c"], panels["a"]
    assert made == ["c", "a"] and panels["c"] is last
    assert list(panels.made.items()) == [("a", first), ("c", last)]


def test_whoever_wants_to_hear_of_them_hears_of_each_once_early_or_late(qtbot):
    panels = LatePanels({name: made_of(qtbot, [], name) for name in ("a", "b")})
    heard = []
    panels.when_made(lambda name, panel: heard.append(("first", name, panel)))
    a = panels["a"]
    panels.when_made(lambda name, panel: heard.append(("second", name, panel)))
    b = panels["b"]
    assert heard == [("first", "a", a), ("second", "a", a), ("first", "b", b), ("second", "b", b)]


def test_one_may_be_made_by_who_goes_through_those_that_are_there(qtbot):
    panels = LatePanels({name: made_of(qtbot, [], name) for name in ("a", "b")})
    _ = panels["b"]
    assert [(name, panels["a"]) for name in panels.made] == [("b", panels["a"])]
