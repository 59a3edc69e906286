"""Columns as they are read in pieces: numbers, names, gaps, and words where numbers should be."""

from __future__ import annotations

import numpy as np

from dgstudio.streams.tables.columns import Column


def filled(*pieces: list[str], **options: bool) -> Column:
    column = Column("x", **options)
    for piece in pieces:
        column.add(piece)
    return column


def test_words_among_numbers_are_counted_and_the_first_is_found():
    column = filled(["1", "2"], ["", "?", "three", "4"], ["five"])
    assert (column.numbers, column.words, column.first_word, len(column)) == (3, 2, 4, 7)
    assert column.bad == {4: "three", 6: "five"} and not column.named
    assert np.array_equal(column.values(), [1, 2, np.nan, np.nan, np.nan, 4, np.nan], equal_nan=True)


def test_a_column_that_begins_with_a_word_is_one_of_names_only_where_that_is_guessed():
    cells = ["walk", "run ", "walk", "7"]
    guessed = filled(cells[:2], cells[2:], guess=True)
    assert guessed.named and guessed.categories().names == ("walk", "run", "7")
    assert guessed.categories().codes.tolist() == [0, 1, 0, 2] and not guessed.bad
    plain = filled(cells)
    assert not plain.named and plain.words == 3 and plain.first_word == 0


def test_numbers_are_named_as_people_write_them():
    column = filled(["2", "1.0", "", "2"])
    assert column.categories().names == ("2", "1", "") and column.categories().codes.tolist() == [0, 1, 2, 0]
    assert filled(["1,5", "2"], decimal_comma=True).values().tolist() == [1.5, 2.0]
