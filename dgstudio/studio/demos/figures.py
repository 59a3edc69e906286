"""The names of the figures that captions and conditions of a demo may use, and how each is written."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.studio.demos.conditions import Value
from dgstudio.studio.theme.format import grouped, percent
from dgstudio.types import TwinKind


class Unit(StrEnum):
    """How a figure is written."""

    COUNT = "count"
    SHARE = "share"
    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"
    NUMBER = "number"
    WORD = "word"
    YES_OR_NO = "yes or no"


@dataclass(frozen=True, slots=True)
class Figure:
    """What a name stands for, in words for who writes a demo, and how it is written."""

    words: str
    unit: Unit


ANSWERS: Final = "answers to protected inputs"
OF_ALL: Final[dict[str, Figure]] = {
    "answer": Figure("the class that is answered now", Unit.WORD),
    "accuracy": Figure("share of right ones among the answers of the last 2 s", Unit.SHARE),
    "kept": Figure(f"{ANSWERS} that are what they were", Unit.COUNT),
    "lost": Figure(f"{ANSWERS} that are no longer what they were", Unit.COUNT),
    "torn": Figure("answers whose arrays changed while they were read", Unit.COUNT),
    "unpublished": Figure("answers from a state that was never a version", Unit.COUNT),
    "unattributed": Figure("torn answers that no state that ever was would give", Unit.COUNT),
    "no_version": Figure("answers that were no version's: torn and unpublished ones", Unit.COUNT),
    "learned": Figure("labelled examples that it has learned", Unit.COUNT),
    "reads": Figure("answers so far", Unit.COUNT),
}
"""What there is of ours and of each twin."""
OURS_ONLY: Final[dict[str, Figure]] = {
    "bits": Figure("bits of protected answers that changed, at any publish or in the audit", Unit.COUNT),
    "wrong_receipts": Figure("answers that their version, asked again, does not give", Unit.COUNT),
}
PLAIN: Final[dict[str, Figure]] = {
    "truth": Figure("what is performed now", Unit.WORD),
    "protected": Figure("inputs whose answers must not move", Unit.COUNT),
    "version": Figure("number of the version that answers", Unit.COUNT),
    "versions": Figure("versions published since the demo began", Unit.COUNT),
    "rejected": Figure("proposals that were rejected since then", Unit.COUNT),
    "examples": Figure("labelled examples", Unit.COUNT),
    "mode": Figure("what the learner may change: off, routing, weights, both", Unit.WORD),
    "certified": Figure("share of late answers certified to equal the last protected version's", Unit.SHARE),
    "label_to_publish": Figure("from a label to the first version that knows it, the newest", Unit.MILLISECONDS),
    "seconds": Figure("since the demo began", Unit.SECONDS),
}
TWINS: Final = ("twin", *TwinKind)
"""What stands before the dot of a twin's figures; “twin” is the one that was chosen first."""


def figure_named(name: str) -> Figure:
    """Return what a name stands for; `BadInputError` where there is none."""
    owner, _, rest = name.partition(".")
    known = PLAIN if not rest else OF_ALL | OURS_ONLY if owner == "ours" else OF_ALL if owner in TWINS else {}
    found = known.get(rest or name)
    if found is None:
        names = [*PLAIN, *(f"ours.{key}" for key in OF_ALL | OURS_ONLY), *(f"{t}.{k}" for t in TWINS for k in OF_ALL)]
        near = get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names[: len(PLAIN)])} …"
        raise BadInputError(f"“{name}” is no figure; {hint}")
    return found


def check_figure(name: str) -> None:
    """Refuse what is no figure's name (`BadInputError`)."""
    figure_named(name)


def written(value: Value, unit: Unit) -> str:
    """Return a figure as a caption has it; “…” while it is not known."""
    if value is None:
        return "…"
    if isinstance(value, str):
        return value
    match unit:
        case Unit.SHARE:
            return percent(value)
        case Unit.SECONDS:
            return f"{value:.1f} s"
        case Unit.MILLISECONDS:
            return f"{value:.0f} ms"
        case Unit.YES_OR_NO:
            return "yes" if value else "no"
        case Unit.NUMBER:
            return f"{value:.2f}"
        case _:
            return grouped(round(value))
