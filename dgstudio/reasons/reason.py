"""What every reason has in common: it is compared by its fields, and put into words only where it is shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from dgstudio.guard.texts import plain_text


class Reason(ABC):
    """Why something was done, or was not. A frozen dataclass of plain values; two with equal fields are the same.

    The fields of those in `stored.py` are kept in session files under the name of the class: neither is renamed.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def words(self) -> str:
        """It in words, without a full stop: a part of a line, or what comes after a colon."""

    @property
    def sentence(self) -> str:
        """It as a sentence of its own."""
        return f"{capital(self.words)}."


def capital(words: str) -> str:
    """The same words, as they begin a sentence."""
    return words[:1].upper() + words[1:]


def shortened(text: str, most: int = 40) -> str:
    """The same text, as a sentence can hold it: plain, on one line, at most so many characters."""
    text = " ".join(plain_text(text).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def how_many(count: int, what: str) -> str:
    """As in "1 example", "3 examples"."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def example_count(count: int) -> str:
    """As in "1 example", "3 examples"."""
    return how_many(count, "example")


def joined(names: Iterable[str]) -> str:
    """As in "“rest” and “walk”"."""
    return " and ".join(f"“{name}”" for name in names)
