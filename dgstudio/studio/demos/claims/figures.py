"""The names of the figures that captions and conditions of a demo may use, and how each is written."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.studio.demos.claims.conditions import Value
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
    "right": Figure("share of right ones among the answers since the step began", Unit.SHARE),
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
    "certified": Figure("whether the answer is the last protected version's, to the last bit", Unit.YES_OR_NO),
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
    "same_as": Figure("an earlier version that the one that answers equals, to the last bit", Unit.COUNT),
    "seconds": Figure("since the demo began", Unit.SECONDS),
}
BECAUSE: Final[dict[str, Figure]] = {
    "take": Figure("number of the take that speaks most for the answer that is shown", Unit.COUNT),
    "class": Figure("what that take was labelled", Unit.WORD),
    "examples": Figure("examples of that take that stand", Unit.COUNT),
    "version": Figure("the first version that learned from that take", Unit.COUNT),
    "share": Figure("that take's part of all that speaks for the answer", Unit.SHARE),
}
"""What stands after “because.”."""
MOVED: Final[dict[str, Figure]] = {
    "routing": Figure("gates and routers that are not as they were when the step began", Unit.COUNT),
    "weights": Figure("units' weights and read-outs that are not as they were when the step began", Unit.COUNT),
    "versions": Figure("versions published since the step began", Unit.COUNT),
    "parts": Figure("those of them that are one part of what was learned, published apart", Unit.COUNT),
}
"""What stands after “moved.”."""
PLANE: Final[dict[str, Figure]] = {
    "patches": Figure("sets of units that answer somewhere on the plane of a pointer", Unit.COUNT),
    "certified": Figure("share of the plane whose answer is the last protected version's to the last bit", Unit.SHARE),
}
"""What stands after “plane.”; else the name of a class stands there."""
TWINS: Final = ("twin", *TwinKind)
"""What stands before the dot of a twin's figures; “twin” is the one that was chosen first."""
OWNERS: Final[dict[str, dict[str, Figure]]] = {
    "ours": OF_ALL | OURS_ONLY,
    **dict.fromkeys(TWINS, OF_ALL),
    "because": BECAUSE,
    "moved": MOVED,
    "plane": PLANE,
}
"""What stands before a dot → what may stand after it."""
OF_A_CLASS: Final = Figure("share of the plane that is answered with that class", Unit.SHARE)


def figure_named(name: str) -> Figure:
    """Return what a name stands for; `BadInputError` where there is none."""
    owner, dot, rest = name.partition(".")
    found = OWNERS.get(owner, {}).get(rest) if dot else PLAIN.get(name)
    if found is None and owner == "plane" and rest:
        return OF_A_CLASS
    if found is None:
        names = [*PLAIN, *(f"{owner}.{key}" for owner, keys in OWNERS.items() for key in keys)]
        near = get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(PLAIN)} …"
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
