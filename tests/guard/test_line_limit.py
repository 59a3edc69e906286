"""Lines come as long as they are few; what was left out is counted, and told with the next one."""

from dgstudio.guard.line_limit import LineLimit


def test_a_burst_comes_and_then_so_many_a_minute() -> None:
    now = [0.0]
    limit = LineLimit(5, 6.0, lambda: now[0])
    assert [limit.admit() for _ in range(8)] == [0, 0, 0, 0, 0, None, None, None]
    # One line has room after ten seconds; with what was left out there are two to say.
    now[0] = 10.0
    assert limit.admit() is None
    now[0] = 20.0
    assert limit.admit() == 4
    now[0] = 3600.0
    assert [limit.admit() for _ in range(6)].count(0) == 5
