"""How often the window is drawn, on machines that are free, slow or busy; by a clock of the test's own."""

import pytest

from dgstudio.studio.bridge.frame_governor import LEAST_MS, MOST_LATE_MS, MOST_MS, USUAL_MS, FrameGovernor


class Machine:
    """Draws frames that take `cost_ms` of processor time each and `other` of all time, and come `late_ms` late."""

    def __init__(self):
        self.wall = self.cpu = 0.0
        self.governor = FrameGovernor(lambda: self.wall, lambda: self.cpu)
        self.intervals, self.told = [], []

    def run(self, seconds, cost_ms, late_ms=0.0, other=0.0, jitter_ms=0.0):
        end, turn = self.wall + seconds, 0
        while self.wall < end:
            interval = self.governor.next_frame()
            turn += 1
            gap = max(interval, cost_ms) + late_ms + (jitter_ms if turn % 2 else -jitter_ms)
            self.wall += gap / 1e3
            self.cpu += (cost_ms + other * gap) / 1e3
            self.intervals.append(interval)
            self.told.append(self.governor.yields_to)
        return self.intervals[-1]


@pytest.fixture
def machine():
    return Machine()


def test_cheap_frames_are_drawn_sixty_times_a_second(machine):
    assert machine.run(15.0, 3.0) == LEAST_MS
    assert not any(machine.told)


@pytest.mark.parametrize("cost_ms", [8.0, 14.0, 25.0, 36.0])
def test_the_main_thread_keeps_below_half_a_core(machine, cost_ms):
    interval = machine.run(15.0, cost_ms)
    assert cost_ms / interval < 0.5
    assert interval < cost_ms / 0.3
    assert machine.governor.share == pytest.approx(cost_ms / interval, rel=0.05)
    assert machine.governor.yields_to == (round(1000 / interval) if interval > 1.2 * USUAL_MS else 0)


def test_what_costs_time_and_not_frames_is_counted_too(machine):
    interval = machine.run(20.0, 6.0, other=0.2)
    assert 6.0 / interval + 0.2 < 0.5


def test_frames_become_longer_at_once_and_shorter_smoothly(machine):
    machine.run(15.0, 3.0)
    machine.run(1.5, 40.0)
    assert machine.governor.yields_to
    assert machine.intervals[-1] > 2 * USUAL_MS
    begin = len(machine.intervals)
    machine.run(20.0, 3.0)
    steps = [b - a for a, b in zip(machine.intervals[begin:], machine.intervals[begin + 1 :], strict=False)]
    assert min(steps) >= -0.1 * MOST_MS and machine.intervals[-1] == LEAST_MS
    assert not machine.governor.yields_to


def test_on_a_busy_machine_frames_that_come_late_give_way_but_never_below_fifteen_a_second(machine):
    machine.run(15.0, 3.0)
    interval = machine.run(15.0, 3.0, late_ms=14.0)
    assert LEAST_MS * 1.5 < interval <= MOST_LATE_MS
    assert 1000 / (interval + 14.0) >= 15
    assert machine.run(20.0, 3.0) == LEAST_MS


@pytest.mark.parametrize(("cost_ms", "late_ms", "jitter_ms"), [(7.0, 1.0, 3.0), (13.5, 0.5, 4.0), (15.0, 8.0, 5.0)])
def test_it_does_not_hunt(machine, cost_ms, late_ms, jitter_ms):
    machine.run(20.0, cost_ms, late_ms, jitter_ms=jitter_ms)
    begin = len(machine.intervals)
    machine.run(20.0, cost_ms, late_ms, jitter_ms=jitter_ms)
    settled, told = machine.intervals[begin:], machine.told[begin:]
    assert max(settled) - min(settled) <= 2
    assert len({bool(each) for each in told}) == 1


def test_a_pause_is_no_load(machine):
    before = machine.run(15.0, 3.0)
    machine.wall += 30.0
    assert machine.governor.next_frame() == before


def test_one_frame_in_which_much_is_made_is_no_load(machine):
    machine.run(15.0, 6.0)
    machine.run(0.01, 300.0)
    begin = len(machine.intervals)
    machine.run(1.5, 6.0)
    assert max(machine.intervals[begin:]) < 1.5 * USUAL_MS and not machine.governor.yields_to
