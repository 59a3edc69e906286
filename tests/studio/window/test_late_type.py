"""Panels that are made when they are opened have the type of the window as it is then, and follow it from there on."""

import pytest
from PySide6.QtWidgets import QApplication

from dgstudio.studio.docking.built_in import BUILT_IN
from dgstudio.types import TwinKind

LARGE, SMALL = (3840, 2160), (1280, 720)


def types_of(window):
    """The type of the headers, and of the lines of the log, as it is, each with what it should be."""
    layout, theme = window.layout_, window.layout_.theme
    headers = [panel.header_bar.right.font().pixelSize() for panel in layout.panels.made.values()]
    return {*headers, layout.log_panel.lines.font().pixelSize()}, {theme.px("tiny")}


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_opened_late_has_the_type_of_all_others(make_window, bridge, qtbot, turned):
    window = make_window(bridge, size=LARGE)
    qtbot.waitUntil(lambda: window.layout_.theme.scale == 1.5)
    window.layout_.arrangement.choose(BUILT_IN["Debug"])
    if turned:
        # Before Qt has come to style what is new.
        window.appearance.toggle()
    else:
        QApplication.processEvents()
        found, wanted = types_of(window)
        assert found == wanted
    window.resize(*SMALL)
    QApplication.processEvents()
    assert window.layout_.theme.scale == 1.0
    found, wanted = types_of(window)
    assert found == wanted


def test_a_half_of_the_stage_that_comes_later_has_the_type_of_the_stage(make_window, bridge):
    window = make_window(bridge, size=LARGE)
    window.state.presentation = True
    QApplication.processEvents()
    # In one turn: Qt has styled nothing of the half when the stage becomes smaller.
    window.state.compare = (TwinKind.IN_PLACE,)
    window.appearance.toggle()
    window.resize(*SMALL)
    QApplication.processEvents()
    stage = window.layout_.stage
    for half in stage.halves.halves:
        assert half.note.font().pixelSize() == stage.halves.theme.px("body")
    window.state.presentation = False


def test_a_second_presentation_has_the_type_of_the_first(make_window, bridge):
    window = make_window(bridge, size=SMALL)
    for _ in range(2):
        window.state.presentation = True
        QApplication.processEvents()
        half = window.layout_.stage.halves.ours.half
        assert half.note.font().pixelSize() == half.theme.px("body")
        window.state.presentation = False
        QApplication.processEvents()
        window.state.compare = (TwinKind.IN_PLACE,)
        QApplication.processEvents()
