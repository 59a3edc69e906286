"""Examples by id, whether they stand or not: from memory, else from the session file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.session.file import Session
from dgstudio.types import Example

ExamplesOf = Callable[[Iterable[int]], dict[int, Example]]
"""Gives those of these examples that are known, by id, with the labels that they have now."""


class KnownExamples:
    """The `ExamplesOf` of a session that is open. Any thread."""

    def __init__(self, book: LabelBook, session: Session) -> None:
        self._book = book
        self._session = session

    def __call__(self, ids: Iterable[int]) -> dict[int, Example]:
        """Those of these that are known."""
        wanted = list(ids)
        found = {example.id: example for example in self._book.known(wanted)}
        lacking = [i for i in wanted if i not in found]
        if lacking:
            # An act that cannot be done again is forgotten by the book; the file has its examples for good.
            found |= {e.id: replace(e, raw=None) for e in self._session.examples_by_id(lacking)}
        return found
