"""Bytes become lines however they are cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dgstudio.streams.serial.lines import LONGEST, LineCutter

TEXT = b"1,2\r\n3,4\n\n5,6\r7,8\n9"


@given(st.lists(st.integers(0, len(TEXT)), max_size=6))
def test_lines_are_the_same_however_the_bytes_come(cuts: list[int]) -> None:
    cutter, lines = LineCutter(), list[bytes]()
    places = [0, *sorted(cuts), len(TEXT)]
    for begin, end in pairwise(places):
        lines += cutter.feed(TEXT[begin:end])
    assert lines == [b"1,2", b"3,4", b"5,6", b"7,8"]
    assert cutter.feed(b"\n") == [b"9"] and not cutter.too_long


def test_a_line_without_end_fills_no_memory_and_the_next_is_whole_again() -> None:
    cutter = LineCutter()
    for _ in range(100):
        assert cutter.feed(b"x" * 1000) == []
    assert cutter.bytes_since_line == 100_000
    assert cutter.feed(b"tail\n1,2\n") == [b"1,2"]
    assert cutter.too_long == 1 and cutter.bytes_since_line == 0
    assert cutter.feed(b"y" * (LONGEST + 1) + b"\n3,4\n") == [b"3,4"]
    assert cutter.too_long == 2


def test_what_is_cleared_is_not_joined_to_what_comes_next() -> None:
    cutter = LineCutter()
    cutter.feed(b"1,")
    cutter.clear()
    assert cutter.feed(b"2,3\n") == [b"2,3"]
