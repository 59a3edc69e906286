"""The map as a picture: each pixel shows its own cell, colour is never alone, regions have outlines."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor

from dgstudio.studio.bridge.state import MapMode
from dgstudio.studio.pad.class_marks import SHAPES, mark_picture
from dgstudio.studio.pad.map_picture import map_picture, name_places, outline
from dgstudio.studio.theme.theme import DARK, LIGHT, contrast

SIZE = 320
TOWN = 7


def colours(image):
    assert image.width() == image.height()
    rows = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return rows[:, : image.width()].copy()


def middles(side, size):
    """The middle pixel of each cell."""
    return ((2 * np.arange(side) + 1) * size) // (2 * side)


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_a_place_has_the_colour_of_the_class_that_is_answered_there(make_map, looks, theme):
    made = make_map()
    image = map_picture(made, MapMode.CLASS, looks, theme, SIZE)
    sure = (made.tops >= 0) & (made.confidence > 0.97)
    for place, class_id in enumerate(made.snapshot.classes):
        rows, columns = np.nonzero(sure & (made.tops == place))
        assert len(rows) > 10
        at = middles(made.side, SIZE)
        hue = looks[class_id].fill.hue()
        found = [QColor(image.pixel(int(at[c]), int(at[r]))) for r, c in zip(rows, columns, strict=True)]
        assert np.median([abs((colour.hue() - hue + 180) % 360 - 180) for colour in found]) < 20


def test_unsure_places_are_hatched_and_paler_than_sure_ones(make_map, looks):
    made = make_map()
    pixels = colours(map_picture(made, MapMode.CLASS, looks, DARK, SIZE))
    unsure = np.repeat(np.repeat(made.tops < 0, SIZE // made.side, 0), SIZE // made.side, 1)
    assert 0.3 < unsure.mean() < 0.9
    block = slice(SIZE // made.side * 4)
    # The upper right corner is unsure and far from any border: two colours in stripes.
    corner = pixels[block, -SIZE // made.side * 4 :]
    assert unsure[block, -SIZE // made.side * 4 :].all() and 2 <= len(np.unique(corner)) <= 12
    assert not (corner[:-1, :-1] == corner[1:, 1:]).all() and (corner[:-1, 1:] == corner[1:, :-1]).mean() > 0.7


@pytest.mark.parametrize("size", [40, 97, 333])
def test_a_picture_of_any_size_shows_every_cell_in_its_place(make_map, looks, size):
    made = make_map()
    pixels = colours(map_picture(made, MapMode.UNITS, looks, DARK, size))
    hues = np.array([QColor(hue).rgb() for hue in DARK.hues(64)], np.uint32)[
        (made.active_sets >> np.uint64(58)).astype(int)
    ]
    at = np.arange(size) * made.side // size
    plain = pixels == hues[at][:, at]
    lines = {DARK.colour("background").rgba(), DARK.colour("warning").rgba()}
    assert set(np.unique(pixels[~plain]).tolist()) <= lines
    assert size == 40 or plain.mean() > 0.6


def test_a_border_runs_between_two_sets_of_units_and_round_the_bank_that_speaks(make_map, looks):
    made = make_map()
    pixels = colours(map_picture(made, MapMode.UNITS, looks, DARK, SIZE))
    background, thick = DARK.colour("background").rgba(), DARK.colour("warning").rgba()
    assert (pixels == thick).any() and (pixels == background).any()
    speaks = made.answers.speakers >= 0
    assert 0 < speaks.mean() < 1
    cells = SIZE // made.side
    spoken = np.repeat(np.repeat(speaks.reshape(made.side, made.side), cells, 0), cells, 1)
    for row, column in np.argwhere(pixels == thick).tolist():
        around = spoken[max(row - 3, 0) : row + 4, max(column - 3, 0) : column + 4]
        assert around.any() and not around.all()


def test_what_is_certified_is_plain_and_what_is_new_is_hatched(make_map, looks):
    made = make_map()
    pixels = colours(map_picture(made, MapMode.CERTIFIED, looks, DARK, SIZE))
    enlarged = np.repeat(np.repeat(made.certified, SIZE // made.side, 0), SIZE // made.side, 1)
    line = DARK.colour("text_strong").rgba()
    plain, new = set(np.unique(pixels[enlarged]).tolist()), set(np.unique(pixels[~enlarged]).tolist())
    assert len(plain - {line}) == 1 and len(new - {line}) == 2 and not (plain & new) - {line}
    assert len(np.unique(colours(map_picture(make_map(reference=None), MapMode.CERTIFIED, looks, DARK, SIZE)))) == 1


def test_a_name_is_written_where_its_class_is_answered_and_not_for_a_class_that_is_nowhere(make_map, learned):
    made = make_map()
    places = name_places(made)
    assert set(places) == {0, 1, 2, TOWN}
    for class_id, (x, y) in places.items():
        assert made.snapshot.classes[made.tops.ravel()[made.cell_at(x, y)]] == class_id
    assert set(name_places(make_map(snapshot=learned[0]))) == {0, 1, 2}


@pytest.mark.parametrize("dim", [False, True])
def test_a_region_is_outlined_and_clear_inside(make_map, dim):
    made = make_map()
    region = made.fires(int(made.answers.active[0, 0]))
    assert 0 < region.mean() < 1
    pixels = colours(outline(region, DARK, SIZE, dim=dim))
    line = DARK.colour("text_strong").rgba()
    inside = np.repeat(np.repeat(region, SIZE // made.side, 0), SIZE // made.side, 1)
    assert set(np.unique(pixels[inside]).tolist()) == {0, line}
    outside = set(np.unique(pixels[~inside]).tolist()) - {line}
    assert len(outside) == 1 and (outside != {0}) == dim
    assert 0 < (pixels == line).mean() < 0.2


def test_classes_have_different_shapes(looks):
    pictures = []
    for number in range(len(SHAPES)):
        image = mark_picture(looks[0]._replace(shape=number), 6.0, DARK.colour("background"), 1.0).toImage()
        pictures.append(colours(image).tobytes())
    assert len(set(pictures)) == len(SHAPES)


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_hues_differ_and_marks_can_be_seen_on_them(theme):
    hues = [QColor(hue) for hue in theme.hues(64)]
    assert len({hue.name() for hue in hues}) == 64
    assert all(contrast(hue, theme.colour("text_strong")) >= 3 for hue in hues)
