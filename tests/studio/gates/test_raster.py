"""The raster: a stretch is written at once, and looks as if its answers had come one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from dgstudio.studio.bridge.state import CellView
from dgstudio.studio.gates.gate_columns import CELLS, SPEAKING, GateColumns
from dgstudio.studio.gates.raster import GateRaster

UNITS, VIEW_S, HOP_S = 24, 5.0, 0.02


def answers(begin, count, banks=2):
    """Answers that a bank or the base gives, with a pause among them."""
    chance = np.random.default_rng(count)
    for number in range(count):
        active = np.sort(chance.choice(UNITS + 2, 6, replace=False)).astype(np.int32) - 1
        values = chance.random(6).astype(np.float32)
        values[0] = np.nan if number % 9 == 0 else values[0]
        cells = [CellView(3, 0.9, 7, 0.1), None, CellView(4, 0.01, 8, 0.1)] if number % 5 == 0 else ()
        states = np.full(banks, number % 3, np.uint8)
        yield begin + HOP_S * number + (0.3 if number > count // 2 else 0.0), active, values, cells, states


@pytest.fixture
def make_raster(qtbot):
    def make(wide):
        raster = GateRaster(lambda class_id: ("#e69f00", "#56b4e9")[class_id % 2])
        qtbot.addWidget(raster)
        raster.resize(wide, 160)
        raster.reset(UNITS, VIEW_S, HOP_S)
        return raster

    return make


# Columns that are wider than pixels, and narrower.
@pytest.mark.parametrize("wide", [530, 160])
def test_a_stretch_is_written_at_once_and_looks_as_answer_by_answer(make_raster, monkeypatch, wide):
    these = [*answers(20.0, 230)]
    end = these[-1][0]
    one_by_one = make_raster(wide)
    for answer in these:
        one_by_one.add(*answer)
    one_by_one.advance(end)
    at_once = make_raster(wide)
    drawn = []
    colours = GateRaster._colours
    monkeypatch.setattr(GateRaster, "_colours", lambda self, places: drawn.append(1) or colours(self, places))
    at_once.show_stretch(end, iter(these), ())
    # What costs is the columns one by one: hundreds of them stand in a stretch.
    assert len(drawn) == 1
    seen = [raster.grab().toImage() for raster in (one_by_one, at_once)]
    assert seen[0] == seen[1]
    publishes = [(end - 3.0, 4), (end - 2.99, 5), (end - 1.0, 6)]
    marked = []
    for raster in (one_by_one, at_once):
        raster.reset(UNITS, VIEW_S, HOP_S)
        raster.show_stretch(end, iter(these), publishes)
        marked.append(raster.grab().toImage())
    assert marked[0] == marked[1] != seen[0]


def test_columns_written_together_are_those_written_one_by_one():
    these = [*answers(3.0, 60), *answers(4.6, 40, banks=3), *answers(30.0, 30)]
    alone, together = (GateColumns(lambda class_id: class_id) for _ in range(2))
    for columns in (alone, together):
        columns.reset(UNITS, 90, HOP_S)
    for answer in these:
        alone.add([answer])
    together.add(these)
    assert np.array_equal(alone.at, together.at) and np.array_equal(alone.levels, together.levels)
    assert (alone.newest, alone.blank, alone.banks) == (together.newest, together.blank, together.banks)
    assert (together.levels == SPEAKING).any() and (together.levels >= CELLS).any()
