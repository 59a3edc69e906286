"""How large type is: usual on usual windows, larger on large screens, smaller where a scale factor leaves no room."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from dgstudio.studio.theme.room import keeps_own_room, scale_room
from dgstudio.studio.theme.stylesheet import stylesheet
from dgstudio.studio.theme.theme import DARK
from dgstudio.studio.theme.type_scale import ROOM, type_scale


@pytest.mark.parametrize("size", [(1280, 720), (1366, 768), (1600, 1000), (1920, 1080), (1080, 1920)])
def test_usual_windows_have_the_usual_type(size):
    assert type_scale(QSize(*size), 1.0) == 1.0


def test_on_a_large_screen_words_are_larger_and_there_is_room_for_more():
    large, larger = type_scale(QSize(2560, 1440), 1.0), type_scale(QSize(3840, 2160), 1.0)
    assert 1.0 < large < larger < 2.0
    assert 2160 / larger > 1080, "some of it is more room"


@pytest.mark.parametrize("size", [(1280, 720), (1366, 768), (1600, 1000), (1920, 1080), (3840, 2160)])
@pytest.mark.parametrize("ratio", [1.5, 2.0])
def test_a_scale_factor_never_takes_the_room_of_the_parts(size, ratio):
    logical = QSize(*size) / ratio
    scale = type_scale(logical, ratio)
    assert logical.width() / scale >= ROOM[0] * 0.99 and logical.height() / scale >= ROOM[1] * 0.99
    assert scale * ratio >= 0.97, "nor is type smaller than without the factor"


def test_a_small_window_without_a_factor_keeps_readable_type():
    assert type_scale(QSize(1024, 600), 1.0) == 1.0


def test_margins_follow_the_type_and_come_back(qtbot):
    host = QWidget()
    qtbot.addWidget(host)
    column, row, grid = QVBoxLayout(host), QHBoxLayout(), QGridLayout()
    column.setContentsMargins(12, 8, 12, 1)
    column.setSpacing(6)
    column.addLayout(row)
    column.addLayout(grid)
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(0)
    row.setSpacing(10)
    keeps_own_room(row)
    scale_room(host, 1.5)
    margins = column.contentsMargins()
    assert (margins.left(), margins.top(), margins.bottom(), column.spacing()) == (18, 12, 1, 9)
    assert (grid.horizontalSpacing(), grid.verticalSpacing(), row.spacing()) == (21, 0, 10)
    scale_room(host, 0.5)
    assert (column.contentsMargins().left(), column.spacing(), grid.horizontalSpacing()) == (6, 3, 7)
    # What is set in between is for the usual size of type.
    column.setSpacing(20)
    scale_room(host, 0.5)
    assert column.spacing() == 10
    scale_room(host, 1.0)
    assert (column.contentsMargins().left(), column.spacing(), grid.horizontalSpacing()) == (12, 20, 14)


def test_the_stylesheet_follows_and_lines_stay_fine():
    usual, half = stylesheet(DARK), stylesheet(DARK.scaled(0.5))
    assert "padding: 4px 10px" in usual and "padding: 2px 5px" in half
    assert "border-radius: 5px" in usual and "border-radius: 2px" in half
    assert half.count("1px solid") >= usual.count("1px solid") > 30


def test_small_and_smaller_type_stay_apart_below_the_usual_size(qapp):
    theme = DARK.scaled(0.5)
    assert theme.ui("tiny").pointSizeF() < theme.ui("body").pointSizeF()
    assert DARK.ui("tiny").pixelSize() == 11
