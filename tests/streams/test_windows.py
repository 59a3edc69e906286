"""Windows: on the hop grid after each break, never across one, never told twice, however the samples come."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dgstudio.streams.windows import Windower
from dgstudio.types import StreamSpec


def spec(window: int, hop: int) -> StreamSpec:
    return StreamSpec("test", "signal", 1.0, ("x",), float(window), float(hop))


def expected(total: int, window: int, hop: int, breaks: list[int]) -> list[int]:
    """The plain rule: per stretch between breaks, every hop from the first full window on."""
    borders = [0, *sorted({b for b in breaks if 0 < b < total}), total]
    ends = []
    for start, stop in pairwise(borders):
        ends += [end for end in range(start + window, stop + 1) if (end - start - window) % hop == 0]
    return ends


@given(
    st.lists(st.integers(0, 30), max_size=20),
    st.integers(1, 12),
    st.integers(1, 15),
    st.lists(st.integers(0, 300), max_size=6),
)
def test_windows_are_those_of_the_rule_however_the_samples_come(
    sizes: list[int], window: int, hop: int, breaks: list[int]
) -> None:
    windower = Windower(spec(window, hop))
    ends: list[int] = []
    total = 0
    for size in sizes:
        total += size
        # A break comes with the block that it begins, so it is known before its first sample is counted.
        ends += windower.due(total, [b for b in breaks if b < total])
    assert ends == expected(total, window, hop, breaks)


def test_none_straddles_a_break() -> None:
    windower = Windower(spec(10, 3))
    ends = windower.due(60, [25, 31])
    assert ends and all(not (end - 10 < b < end) for end in ends for b in (25, 31))
    assert min(e for e in ends if e > 31) == 41


def test_a_break_that_is_told_late_repeats_no_window() -> None:
    windower = Windower(spec(4, 2))
    told = windower.due(20, [])
    later = windower.due(30, [11])
    assert not set(told) & set(later)
    assert all((end - 11 - 4) % 2 == 0 for end in later)
    assert min(later) > max(told)


def test_nothing_new_gives_no_windows() -> None:
    windower = Windower(spec(4, 2))
    assert windower.due(3, []) == []
    assert windower.due(4, []) == [4]
    assert windower.due(4, []) == []
