"""How numbers stand on a line is found by itself."""

import math

import pytest

from dgstudio.streams.serial.line_format import Delimiter, format_of


def lines(text: str, times: int = 6) -> list[bytes]:
    return [text.encode()] * times


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,2.5,-3e2", [1, 2.5, -300]),
        ("1, 2.5, -3", [1, 2.5, -3]),
        ("1;2;3", [1, 2, 3]),
        ("1,5;2,5", [1.5, 2.5]),
        ("1\t2\t3", [1, 2, 3]),
        ("1,5\t2,5", [1.5, 2.5]),
        ("1 2   3", [1, 2, 3]),
        ("  7", [7]),
        ("1,2,", [1, 2]),
        ("x:1.5,y:-2", [1.5, -2]),
        ("x:1.5\ty:-2", [1.5, -2]),
        ("x:1.5 y:-2", [1.5, -2]),
        ("Temp: 21.5", [21.5]),
    ],
)
def test_each_usual_format_is_found(text: str, numbers: list[float]) -> None:
    form = format_of(lines(text))
    assert form is not None and form.count == len(numbers)
    assert form.numbers(text.encode()) == numbers


def test_nan_is_a_number_and_what_only_python_reads_as_one_is_not() -> None:
    form = format_of(lines("1,2"))
    assert form is not None
    found = form.numbers(b"nan,inf")
    assert found is not None and math.isnan(found[0]) and math.isinf(found[1])
    for bad in (b"1_0,2", b"1,,2", b"1,x", b"\xff\xfe,1", b",", b"0x10,1"):
        assert form.numbers(bad) is None


def test_words_and_garbage_between_do_not_hide_the_format() -> None:
    found = format_of([b"boot v1.2", b"ax,ay", *lines("1,2"), b"1,2,3", b"\xff\x00", b"# note"])
    assert found is not None and (found.delimiter, found.count) == (Delimiter.COMMA, 2)


@pytest.mark.parametrize("text", ["hello", "a,b,c", "", "12:30:15", "Temp: 21.5 C"])
def test_what_is_no_line_of_numbers_has_no_format(text: str) -> None:
    assert format_of(lines(text)) is None


def test_too_few_lines_or_lines_that_do_not_agree_have_none() -> None:
    assert format_of(lines("1,2", 3)) is None
    assert format_of([f"{','.join('1' * count)}".encode() for count in range(1, 12)]) is None


def test_a_line_of_words_names_the_numbers() -> None:
    form = format_of(lines("1,2"))
    assert form is not None
    assert form.names(b'"ax", ay ') == ("ax", "ay")
    for other in (b"ax", b"ax,1", b"ax,ax", b"ax,", b"1,2"):
        assert form.names(other) is None
    named = format_of(lines("x:1,y:2"))
    assert named is not None and named.names(b"x:5,y:6") == ("x", "y")
