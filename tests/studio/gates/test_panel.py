"""The Gates panel: what lights up, what a click and the keyboard open, and bases, banks and classes of any number."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow

from dgstudio.studio.bridge.inspected import BankSubject, UnitSubject
from dgstudio.studio.bridge.state import CellView
from dgstudio.studio.gates.bank_rows import STATES
from dgstudio.studio.gates.example_slots import SLOTS, ExampleSlots
from dgstudio.studio.gates.firing_rates import FiringCounts
from dgstudio.studio.gates.gate_columns import SPEAKING
from dgstudio.studio.gates.panel import LOADING, NO_BASE, GatesPanel, caption
from dgstudio.studio.gates.raster import share_rows
from dgstudio.studio.gates.unit_map import LEVELS, fit
from dgstudio.studio.theme.theme import DARK, LIGHT
from dgstudio.types import BASE, BankState

LEFT = Qt.MouseButton.LeftButton
SIZES = [(690, 252), (893, 430), (1578, 643)]
"""What the panel gets in windows of 1280 × 720, 1600 × 1000 and 2560 × 1440."""


class Host(QMainWindow):
    """Stands for the window: remembers the keys that the panel leaves to it."""

    def __init__(self):
        super().__init__()
        self.keys = []

    def keyPressEvent(self, event):
        self.keys.append(event.key())


@pytest.fixture
def make_panel(qtbot):
    hosts = []

    def make(bridge, size=(893, 430), theme=DARK):
        host = Host()
        hosts.append(host)
        qtbot.addWidget(host)
        panel = GatesPanel(bridge.state, bridge)
        host.setCentralWidget(panel)
        panel.apply_theme(theme)
        host.resize(*size)
        with qtbot.waitExposed(host):
            host.show()
        host.activateWindow()
        qtbot.waitUntil(host.isActiveWindow)
        return panel

    yield make
    for host in hosts:
        host.close()


@pytest.fixture
def panel(make_panel, bridge):
    panel = make_panel(bridge)
    play(panel, bridge, 1.0)
    return panel


def play(panel, bridge, seconds, step=0.05):
    for _ in range(round(seconds / step)):
        panel.update_frame(bridge.frame(step))


def pixel(widget, point):
    return widget.grab().toImage().pixelColor(point)


def units_of(bridge, active, values=None, **changes):
    """Make every answer of the bridge one with these active units."""
    usual = type(bridge).reading_at
    active = np.array(active, np.int32)
    values = np.ones(len(active), np.float32) if values is None else np.array(values, np.float32)
    bridge.reading_at = lambda end, certain=0.91: replace(
        usual(bridge, end, certain), active=active, activations=values, **changes
    )


# -- the map -----------------------------------------------------------------------------------------------------


def test_active_units_are_lit_by_their_activation(make_panel, bridge):
    units_of(bridge, [3, 50, 51], [2.0, 2.0, 0.2])
    panel = make_panel(bridge)
    play(panel, bridge, 0.5)
    off = pixel(panel.map, panel.map.grid.unit(4).center())
    full, faint = (pixel(panel.map, panel.map.grid.unit(unit).center()) for unit in (50, 51))
    assert off == QColor(DARK.unit_off)
    assert full == QColor(DARK.base_unit)
    assert off.lightness() < faint.lightness() < full.lightness()
    assert panel.map.level_of(3) == LEVELS - 1
    assert panel.map.level_of(4) is None


def test_the_scale_does_not_jump_with_one_weak_answer(make_panel, bridge):
    panel = make_panel(bridge)
    units_of(bridge, [3], [2.0])
    play(panel, bridge, 1.0)
    units_of(bridge, [3], [0.5])
    play(panel, bridge, 0.05)
    assert panel.map.level_of(3) < LEVELS - 2


def test_numbers_that_are_none_do_no_harm(make_panel, bridge):
    units_of(bridge, [1, 2, 3], [np.nan, np.inf, 1.0])
    panel = make_panel(bridge)
    play(panel, bridge, 0.5)
    assert panel.map.level_of(1) == 0
    assert not panel.grab().isNull()


def test_examples_have_the_colour_of_their_class(make_panel, bridge):
    bridge.cells = lambda reading: [CellView(0, 1.0, 7), CellView(3, 1.0, 8)]
    # A moment at which the bank answers.
    bridge.now = 27.0
    panel = make_panel(bridge)
    play(panel, bridge, 0.5)
    for place, class_id in enumerate((0, 3)):
        assert pixel(panel.map, panel.map.grid.example(place).center()) == QColor(panel.colour_of(class_id))
    assert panel.map.words("example", 1) == "example of shake · carries 100 % as much of this answer as the strongest"
    assert panel.map.words("example", 2) == ""


def test_an_example_keeps_its_place_while_it_is_among_the_strongest():
    slots = ExampleSlots()
    slots.show([CellView(1, 0.9, 5), CellView(0, 0.8, 6), CellView(0, 0.7, 2)])
    assert [cell.example_id for cell in slots.places[:3]] == [2, 6, 5]
    slots.show([CellView(1, 0.2, 5), CellView(0, 0.9, 9), CellView(0, 0.8, 6)])
    assert [(cell.example_id, cell.strength) for cell in slots.places[:3]] == [(9, 0.9), (6, 0.8), (5, 0.2)]
    slots.show([CellView(0, 0.5, id) for id in range(100)])
    assert slots.filled == SLOTS
    slots.show([])
    assert slots.filled == 0


@pytest.mark.parametrize("units", [1, 24, 128, 1024])
@pytest.mark.parametrize("size", [(220, 170), (280, 330), (420, 560)])
def test_every_cell_has_a_place_of_its_own(units, size):
    grid = fit(units, *size, 1.0, 0)
    boxes = [grid.unit(unit) for unit in range(units)] + [grid.example(place) for place in range(SLOTS)]
    assert len({(box.x(), box.y()) for box in boxes}) == units + SLOTS
    assert all(box.right() <= size[0] and box.bottom() <= size[1] and box.width() >= 2 for box in boxes)
    for unit in (0, units // 2, units - 1):
        assert grid.at(grid.unit(unit).center()) == ("unit", unit)
    assert grid.at(grid.example(SLOTS - 1).center()) == ("example", SLOTS - 1)
    assert grid.at(QPoint(-3, -3)) is None
    assert grid.at(QPoint(size[0] + 5, 0)) is None


def test_a_unit_tells_how_often_it_fires(make_panel, bridge):
    panel = make_panel(bridge)
    units_of(bridge, [17], [0.84])
    play(panel, bridge, 0.5)
    units_of(bridge, [18], [0.84])
    play(panel, bridge, 0.5)
    assert panel.map.words("unit", 18) == "unit 18 · fires on 50 % of the last 20 inputs · activation 0.84"
    assert panel.map.words("unit", 17).endswith("idle: not computed for this input")


def test_firing_is_counted_over_the_last_inputs_only(bridge):
    counts = FiringCounts(kept=10)
    counts.reset(4)
    readings = [replace(bridge.reading_at(1.0), active=np.array([0, 99]), top=None)] * 10
    readings += [replace(bridge.reading_at(1.0), active=np.array([1]), top=2)] * 6
    for reading in readings:
        counts.add(reading)
    assert (counts.share(0), counts.share(1), counts.share(4)) == (0.4, 0.6, None)


# -- the header and the banks --------------------------------------------------------------------------------------


def test_the_header_counts_and_says_who_answers(make_panel, bridge):
    units_of(bridge, range(24), speaker=0)
    panel = make_panel(bridge)
    assert "no answer yet" in panel._right.text()
    play(panel, bridge, 0.5)
    assert "24 of 128 fire · bank 1 speaks" in panel._right.text()
    units_of(bridge, range(23), speaker=BASE)
    play(panel, bridge, 0.5)
    assert "23 of 128 fire · base answers" in panel._right.text()
    assert DARK.learned_unit in panel._right.text()


@pytest.mark.parametrize("state", list(BankState))
def test_a_bank_says_in_words_what_it_does(make_panel, bridge, state):
    r = -0.9 if state == BankState.CLOSED else 0.4
    units_of(bridge, [1], bank_state=np.array([state], np.uint8), bank_r=np.array([r], np.float32))
    panel = make_panel(bridge)
    play(panel, bridge, 0.3)
    word = {0: "closed", 1: "silent", 2: "speaking"}[state]
    assert panel.banks.states == [state]
    assert f"r = {r:.2f}, opens above τ = -0.50" in panel.banks.words_at(3)
    assert word in panel.banks.words_at(3)
    assert panel.banks.isVisible()


def test_the_words_of_banks_can_be_read(make_panel, bridge):
    panel = make_panel(bridge)
    seen = []
    for step in range(30):
        units_of(bridge, [1], bank_state=np.array([2 * (step % 2)], np.uint8))
        panel.update_frame(bridge.frame(0.05))
        seen.append(panel.banks.states[0])
    assert 1 < sum(a != b for a, b in pairwise(seen)) <= 6


def test_thirty_two_banks_leave_room_for_the_units(make_panel, bridge):
    states = np.zeros(32, np.uint8)
    states[[3, 31]] = 2
    units_of(bridge, [1], bank_state=states, bank_r=np.zeros(32, np.float32), bank_tau=np.full(32, -0.5, np.float32))
    panel = make_panel(bridge, size=(690, 252))
    play(panel, bridge, 0.3)
    assert len(panel.banks.states) == 32
    assert 2 <= panel.banks.rows < 8
    assert "bank 4 speaks" in panel.banks.words_at(2)
    assert "bank 32" in panel.banks.words_at(panel.banks.height() - 2)
    assert panel.map.height() > 100


# -- the inspector -------------------------------------------------------------------------------------------------


def test_a_click_on_a_unit_or_a_bank_opens_the_inspector_on_it(panel, bridge):
    state = bridge.state
    QTest.mouseClick(panel.map, LEFT, pos=panel.map.grid.unit(17).center())
    assert (state.inspected, state.inspections, panel.map.chosen) == (UnitSubject(17), 1, 17)
    QTest.mouseClick(panel.banks, LEFT, pos=QPoint(20, 5))
    assert (state.inspected, state.inspections, panel.map.chosen) == (BankSubject(0), 2, None)


def test_the_map_works_from_the_keyboard(panel, bridge):
    panel.map.setFocus(Qt.FocusReason.TabFocusReason)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Return):
        QTest.keyClick(panel.map, key)
    expected = panel.map.grid.columns + 1
    assert bridge.state.inspected == UnitSubject(expected)
    assert f"unit {expected}" in panel.map.accessibleDescription()
    assert panel.map.hasFocus()
    for _ in range(30):
        QTest.keyClick(panel.map, Qt.Key.Key_Down)
    assert "example" in panel.map.accessibleDescription() or panel.map.accessibleDescription() == ""
    for _ in range(30):
        QTest.keyClick(panel.map, Qt.Key.Key_Up)
    assert "unit" in panel.map.accessibleDescription()
    assert panel.window().keys == []


def test_class_keys_reach_the_window_from_the_map(panel):
    panel.map.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(panel.map, Qt.Key.Key_3)
    assert panel.window().keys == [Qt.Key.Key_3]


# -- the raster ----------------------------------------------------------------------------------------------------


def test_the_raster_shows_what_fired_at_the_right_edge(make_panel, bridge):
    units_of(bridge, range(128), speaker=0, bank_state=np.array([2], np.uint8))
    panel = make_panel(bridge)
    play(panel, bridge, 2.0)
    raster = panel.raster
    image = raster.grab().toImage()
    y = image.height() // 3
    assert image.pixelColor(raster.width() - 20, y) != QColor(DARK.well)
    assert image.pixelColor(20, y) == QColor(DARK.well)
    bank = next(y for y in range(len(raster._rows.of) - 1, 0, -1) if raster._rows.of[y] == 128 + SLOTS)
    assert image.pixelColor(raster.width() - 20, bank + raster._top()) == QColor(DARK.learned_unit)
    units_of(bridge, [], speaker=BASE, bank_state=np.array([0], np.uint8))
    play(panel, bridge, 9.0)
    later = raster.grab().toImage()
    assert later.pixelColor(raster.width() - 20, y) == QColor(DARK.well)
    assert later.pixelColor(20, y) != QColor(DARK.well)


def test_what_has_left_the_view_leaves_no_trace(make_panel, bridge):
    units_of(bridge, range(128))
    panel = make_panel(bridge)
    play(panel, bridge, 3.0)
    units_of(bridge, [], bank_state=np.array([0], np.uint8))
    bridge.cells = lambda reading: []
    play(panel, bridge, 12.0)
    raster = panel.raster
    image = raster.grab().toImage()
    y = image.height() // 3
    assert {image.pixelColor(x, y).name() for x in range(0, raster.width(), 3)} == {DARK.well}


def test_publishes_are_lines_with_labels_that_do_not_overlap(panel, bridge):
    records = [bridge._publish(seq, bridge.now - 8.0 + k) for k, seq in enumerate((36, 37, 38, 9))]
    initial = replace(records[0], kind="initial", version=1)
    bridge.publish(initial, *records)
    panel.update_frame(bridge.frame())
    shown = panel.raster.publishes_in_view()
    assert len(shown) == 3
    assert next(words for _, words in shown if words) == "v37 published"
    assert any(not words for _, words in shown)
    x = round((shown[0][0] - (bridge.now - 10.0)) / 10.0 * panel.raster.width())
    image = panel.raster.grab().toImage()
    column = {image.pixelColor(px, y).name() for px in (x - 1, x, x + 1) for y in range(20, image.height() - 20)}
    assert DARK.publish in column


def test_a_paused_view_stands_still_and_catches_up(panel, bridge):
    play(panel, bridge, 12.0)
    bridge.state.set_paused(True)
    play(panel, bridge, 2.0)
    before = panel.raster.grab().toImage()
    play(panel, bridge, 3.0)
    assert panel.raster.grab().toImage() == before
    bridge.state.set_paused(False)
    play(panel, bridge, 0.2)
    after = panel.raster.grab().toImage()
    assert after != before
    panel.raster.set_class_colours()
    assert panel.raster.grab().toImage() == after


def test_a_stream_that_begins_again_starts_an_empty_raster(panel, bridge):
    bridge.publish(bridge._publish(37, bridge.now))
    panel.update_frame(bridge.frame())
    assert panel.raster.publishes_in_view()
    bridge.now = 0.0
    bridge.readings = []
    panel.update_frame(bridge.frame())
    assert panel.raster.publishes_in_view() == []
    assert len(panel.firing) <= 1


@pytest.mark.parametrize("height", [1, 30, 180, 360, 700])
@pytest.mark.parametrize(("units", "banks"), [(0, 0), (0, 1), (128, 0), (128, 1), (1024, 32)])
def test_rows_are_shared_out_over_any_height(units, banks, height):
    rows = share_rows(units, banks, height)
    assert len(rows.of) == height
    if height >= 180:
        above = len(rows.pooled) if rows.pooled is not None else units
        assert rows.of.max() == above + SLOTS + banks - 1
        assert set(range(above)) <= set(rows.of.tolist())


def test_a_point_in_the_raster_says_what_and_when(panel):
    raster = panel.raster
    assert "unit 0 · " in raster.words_at(QPoint(raster.width() - 1, raster._top() + 1))
    assert raster.words_at(QPoint(raster.width() // 2, raster._top() + 1)).endswith("5.0 s ago")
    assert raster.words_at(QPoint(5, 2)) == ""


def test_speaking_is_written_into_the_row_of_the_bank(panel, bridge):
    units_of(bridge, [1], bank_state=np.array([0, 2], np.uint8), bank_r=np.zeros(2), bank_tau=np.zeros(2))
    play(panel, bridge, 0.2)
    assert panel.raster._columns.levels.shape[1] == 128 + SLOTS + 2
    assert (panel.raster._columns.levels[:, -1] == SPEAKING).sum() >= 3


# -- what may be missing, and what may change ------------------------------------------------------------------------


def test_without_a_base_the_map_says_so_and_shows_examples(make_panel, bridge):
    bridge.state.hidden = 0
    units_of(bridge, [], bank_state=np.array([2], np.uint8), speaker=0)
    panel = make_panel(bridge)
    play(panel, bridge, 0.5)
    assert panel.map._notice == NO_BASE
    assert panel.map.grid.units == 0
    assert panel.map.slots.filled == 40
    assert "base" not in panel._right.text().lower()
    assert "bank 1 speaks" in panel._right.text()
    panel.map.setFocus(Qt.FocusReason.TabFocusReason)
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(panel.map, key)


def test_while_loading_and_without_examples_it_says_so(make_panel, bridge):
    bridge.state.phase, bridge.state.hidden = "loading", 0
    bridge.cells = lambda reading: []
    panel = make_panel(bridge)
    assert panel.map._notice == LOADING
    bridge.state.phase, bridge.state.hidden = "ready", 128
    play(panel, bridge, 0.2)
    assert panel.map.grid.units == 128
    assert panel.map.slots.filled == 0
    assert "as soon as they are learned" in panel.map.words("example", 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", [DARK, LIGHT, DARK.scaled(1.4)], ids=["dark", "light", "large"])
def test_it_draws_at_every_size_and_in_every_theme(make_panel, bridge, size, theme, qtbot):
    panel = make_panel(bridge, size, theme)
    play(panel, bridge, 1.0)
    qtbot.waitUntil(lambda: (panel.width(), panel.height()) == size)
    assert panel.raster.geometry().right() <= panel.width()
    assert panel.map.grid.example(SLOTS - 1).bottom() <= panel.map.height()
    QTest.mouseClick(panel.map, LEFT, pos=panel.map.grid.unit(3).center())
    assert not panel.grab().isNull()


@pytest.mark.parametrize("names", [(), tuple(f"class {n}" for n in range(60))])
def test_any_number_of_classes(make_panel, make_bridge, names):
    bridge = make_bridge(names=names)
    bridge.cells = lambda reading: [CellView(n, 0.9, n) for n in range(60)]
    panel = make_panel(bridge)
    play(panel, bridge, 0.5)
    QTest.mouseClick(panel.map, LEFT, pos=panel.map.grid.unit(3).center())
    bridge.state.classes = bridge.state.classes[:1]
    play(panel, bridge, 0.5)
    assert not panel.grab().isNull()


def test_the_number_of_units_and_banks_may_change(panel, bridge):
    QTest.mouseClick(panel.map, LEFT, pos=panel.map.grid.unit(100).center())
    bridge.state.hidden = 1024
    for banks in (3, 0, 1):
        states, r = np.ones(banks, np.uint8), np.zeros(banks, np.float32)
        units_of(bridge, [5, 1000, 5000], bank_state=states, bank_r=r, bank_tau=r)
        play(panel, bridge, 0.3)
        assert len(panel.banks.states) == banks
        assert panel.banks.isVisible() == (banks > 0)
        assert panel.map.level_of(1000) == LEVELS - 1
        assert panel.map.level_of(5000) is None
        assert not panel.grab().isNull()
    bridge.state.hidden = 16
    play(panel, bridge, 0.3)
    assert panel.map.grid.units == 16


def test_empty_frames_and_resizing_do_no_harm(make_panel, bridge):
    panel = make_panel(bridge)
    frame = bridge.frame(0.001)
    empty = replace(frame, times=np.zeros(0), values=np.zeros((0, 6), np.float32), new_readings=[], reading=None)
    panel.update_frame(empty)
    play(panel, bridge, 0.5)
    for size in ((400, 120), (1500, 900)):
        panel.window().resize(*size)
        play(panel, bridge, 0.2)
        assert not panel.grab().isNull()
    bridge.frame(500.0)
    play(panel, bridge, 0.2)
    assert not panel.grab().isNull()


def test_examples_are_outlines_while_their_bank_does_not_answer(make_panel, bridge):
    bridge.cells = lambda reading: [CellView(0, 1.0, 7)]
    bridge.now = 21.0
    panel = make_panel(bridge)
    play(panel, bridge, 0.5)
    assert not panel.map.carrying
    assert pixel(panel.map, panel.map.grid.example(0).center()) == panel.theme.colour("unit_off")


def test_the_place_of_examples_says_why_it_is_empty(bridge):
    state = bridge.state
    assert caption(state, 0) == "no examples learned yet"
    bridge.history(2)
    sealed = replace(bridge._publish(3, 1.0), kind="protected", sealed=15)
    bridge.publish(sealed)
    assert caption(state, 1) == "15 examples sealed in bank 1"
    assert caption(state, 2) == "nothing open; 2 banks sealed"
    state.rule = "gradient"
    assert caption(state, 1) == "learned by gradient: no sum over examples; 1 bank sealed"


def test_publish_labels_do_not_overprint_after_a_resize(make_panel, bridge):
    panel = make_panel(bridge)
    raster = panel.raster
    raster.resize(1000, 200)
    for k in range(6):
        raster.add_publish(15.0 + 0.9 * k, k)
    raster.advance(21.0)
    wide = sum(bool(words) for _, words in raster.publishes_in_view())
    raster.resize(250, 200)
    narrow = [when for when, words in raster.publishes_in_view() if words]
    assert 0 < len(narrow) < wide


def test_cells_and_lines_look_as_if_they_were_painted_now(make_panel, bridge):
    panel = make_panel(bridge)
    for turn in range(8):
        play(panel, bridge, 0.9)
        bridge.publish(*(bridge._publish(40 + turn, bridge.now - 0.1 * k) for k in range(turn % 3, -1, -1)))
        panel.map.grab()
        panel.raster.grab()
    panel.update_frame(bridge.frame())
    seen = [part.grab().toImage() for part in (panel.map, panel.raster)]
    for part, before in zip((panel.map, panel.raster), seen, strict=True):
        part.apply_theme(panel.theme)
        assert part.grab().toImage() == before


def test_the_banks_of_a_moment_that_is_looked_at_are_told_as_they_were_then(panel, bridge):
    readings = bridge.every_reading
    live = readings[-1]
    object.__setattr__(readings[3], "bank_state", 2 - live.bank_state)
    wanted = STATES[int(readings[3].bank_state[0])]
    assert panel.banks.states != [wanted]
    bridge.state.look_back(readings[3].end)
    panel.update_frame(bridge.frame(0.05))
    assert panel.banks.states == [wanted]
    # Within the time for which words stand at the live edge.
    bridge.state.look_back(live.end)
    panel.update_frame(bridge.frame(0.05))
    assert panel.banks.states == [STATES[int(live.bank_state[0])]]


def test_examples_of_the_past_that_become_known_are_painted_though_nothing_else_changes(panel, bridge, qtbot):
    raster, paints = panel.raster, []
    play(panel, bridge, 7.0)
    known, bridge.evidence.knows = bridge.cells, lambda reading: False
    bridge.cells = lambda reading, **how: []
    bridge.state.look_back(next(reading.end for reading in reversed(bridge.every_reading) if reading.speaker == 0))
    play(panel, bridge, 0.2)
    QApplication.processEvents()
    assert panel._unlit

    class Notes(QObject):
        def eventFilter(self, watched, event):
            paints.extend([event.type()] * (event.type() == QEvent.Type.Paint))
            return False

    notes = Notes()
    raster.installEventFilter(notes)
    play(panel, bridge, 0.1)
    QApplication.processEvents()
    assert not paints
    bridge.cells = known
    play(panel, bridge, 0.1)
    qtbot.waitUntil(lambda: bool(paints))
    raster.removeEventFilter(notes)
