"""What stands behind the address of a message, as what the message needs there; or a sentence that says what does."""

from __future__ import annotations

from collections.abc import Sequence

from dgstudio.errors import BadInputError
from dgstudio.guard import limits
from dgstudio.guard.texts import plain_text
from dgstudio.reasons.reason import shortened


def whole(value: object, what: str) -> int:
    """A whole number; one that comes as a float, as 2.0, is one too. `BadInputError` for anything else."""
    if not isinstance(value, bool) and isinstance(value, int | float) and value == value // 1 and abs(value) < 1 << 31:
        return int(value)
    raise BadInputError(f"{what} is a whole number, and {shortened(repr(value))} is none.")


def one_whole(values: Sequence[object], what: str) -> int:
    """The only value, a whole number."""
    _count(values, 1, f"{what}, a whole number")
    return whole(values[0], what)


def only_output(values: Sequence[object]) -> None:
    """Refuse numbers of outputs other than 1: there is one output here."""
    if not values:
        raise BadInputError("The number of the output is missing: here it is always 1.")
    for value in values:
        if (number := whole(value, "The number of an output")) != 1:
            raise BadInputError(f"There is no output {number}: there is one here, and its number is 1.")


def text(value: object, what: str) -> str:
    """A text that is not empty, made plain. `BadInputError` for anything else."""
    if not isinstance(value, str) or not (plain := " ".join(plain_text(value).split())):
        raise BadInputError(f"{what} is a text, and {shortened(repr(value))} is none.")
    if len(plain) > limits.LABEL:
        raise BadInputError(f"{what} has {len(plain)} characters; {limits.LABEL} is the most.")
    return plain


def names(values: Sequence[object], count: int, what: str) -> tuple[str, ...]:
    """So many names, all different."""
    if len(values) != count:
        raise BadInputError(f"wrong number of {what} names: {len(values)}, expected {count}")
    found = tuple(text(value, f"The name of an {what}") for value in values)
    if len(set(found)) < count:
        raise BadInputError(f"The names of {what}s must differ from each other.")
    return found


def output_and_name(values: Sequence[object]) -> str:
    """The output, which is 1, and a text behind it; what comes after that is passed over."""
    if len(values) < 2:
        raise BadInputError("Two values are needed: the number of the output, which is 1, and a name.")
    only_output(values[:1])
    return text(values[1], "The name of a model")


def _count(values: Sequence[object], count: int, what: str) -> None:
    if len(values) != count:
        raise BadInputError(f"wrong number of values: {len(values)}, expected {count}: {what}")
