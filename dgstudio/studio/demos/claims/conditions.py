"""Conditions on a demo's figures, as a script writes them: “twin.lost >= 50 and ours.lost == 0”. Nothing is run."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Final

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass

Value = float | int | str | bool | None
"""What a figure may be; None: not known yet."""

OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_NAME = r"[a-z_]+(?:\.[\w ]+?)?"
_PART = re.compile(
    rf"""\s*(?P<left>{_NAME})\s*(?P<op>>=|<=|==|!=|>|<)\s*
    (?:(?P<number>-?\d+(?:\.\d+)?)\s*(?P<percent>%)?
      |"(?P<word>[^"]*)"
      |(?P<truth>true|false)
      |(?P<right>{_NAME})(?:\s*(?P<sign>[+-])\s*(?P<more>\d+(?:\.\d+)?)\s*(?P<more_percent>%)?)?
    )\s*$""",
    re.VERBOSE,
)
_AND = re.compile(r'\s+and\s+(?=(?:[^"]*"[^"]*")*[^"]*$)')
"""The word, where it does not stand between quotes."""
FORM: Final = 'write it as twin.lost >= 50, or ours.answer == "walk", several joined by “and”'


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure against a value, or against another figure `than` and `more` on top of that."""

    left: str
    op: str
    value: Value = None
    than: str = ""
    more: float = 0.0

    def holds(self, figure: Callable[[str], Value]) -> bool:
        """Whether it is so; what is not known is not so, and neither is what cannot be compared."""
        left = figure(self.left)
        right = figure(self.than) if self.than else self.value
        if left is None or right is None or isinstance(left, str) != isinstance(right, str):
            return False
        if self.more and not isinstance(right, str):
            right = right + self.more
        return OPERATORS[self.op](left, right)


@dataclass(frozen=True, slots=True)
class Condition:
    """Comparisons that all have to hold; `text` is how the script has it."""

    text: str
    parts: tuple[Comparison, ...]

    def holds(self, figure: Callable[[str], Value]) -> bool:
        """Whether all of it is so now."""
        return all(part.holds(figure) for part in self.parts)

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of the figures in it, each once, in order."""
        names = (name for part in self.parts for name in (part.left, part.than) if name)
        return tuple(dict.fromkeys(names))


def read_condition(text: str, check: Callable[[str], None] = lambda _name: None) -> Condition:
    """Read a condition.

    Parameters
    ----------
    check
        Called with the name of each figure; raises where there is none of that name.

    Raises
    ------
    BadInputError
        Where it is none; the text is a sentence.
    """
    condition = Condition(text, tuple(_comparison(part, text) for part in _AND.split(text)))
    for name in condition.figures:
        check(name)
    return condition


def _comparison(part: str, whole: str) -> Comparison:
    found = _PART.match(part)
    if found is None:
        raise BadInputError(f"“{whole}” is no condition: {FORM}.")
    left, op = found["left"].strip(), found["op"]
    if found["number"] is not None:
        return Comparison(left, op, _number(found["number"], found["percent"]))
    if found["right"] is not None:
        more = _number(found["more"] or "0", found["more_percent"])
        return Comparison(left, op, than=found["right"].strip(), more=-more if found["sign"] == "-" else more)
    if op not in ("==", "!="):
        raise BadInputError(f"“{whole}” is no condition: a word is the same (==) or another (!=), never more or less.")
    return Comparison(left, op, found["truth"] == "true" if found["truth"] else found["word"])


def _number(digits: str, percent: str | None) -> float:
    return float(digits) / (100.0 if percent else 1.0)
