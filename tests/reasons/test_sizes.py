"""Sizes in words: no jump where the unit changes, and no more digits than anybody reads."""

import pytest

from dgstudio.reasons.sizes import size_words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 kB"),
        (10, "1 kB"),
        (1_499, "1 kB"),
        (52_000, "52 kB"),
        (999_400, "999 kB"),
        (999_600, "1 MB"),
        (1_250_001, "1.3 MB"),
        (3_000_000, "3 MB"),
        (12_345_678, "12.3 MB"),
        (99_940_000, "99.9 MB"),
        (99_960_000, "100 MB"),
        (210e6, "210 MB"),
        (999_400_000, "999 MB"),
        (999_600_000, "1 GB"),
        (2_100_000_000, "2.1 GB"),
        (6e9, "6 GB"),
        (123e9, "123 GB"),
        (4e12, "4000 GB"),
    ],
)
def test_a_size_has_the_unit_that_it_is_told_in(size: float, words: str) -> None:
    assert size_words(size) == words
