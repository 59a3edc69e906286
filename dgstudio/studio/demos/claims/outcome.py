"""What came of a demo: of each step what was said, and of each claim whether it was true, with its figures."""

from __future__ import annotations

from enum import StrEnum

from dgstudio.records import dataclass
from dgstudio.studio.demos.claims.conditions import Value


class Verdict(StrEnum):
    """What is known of a claim."""

    TRUE = "true"
    FALSE = "false"
    NOT_CHECKED = "not checked"
    """The step was left before its end."""


@dataclass(frozen=True, slots=True)
class CheckedFigure:
    """A figure when a claim was checked: its name, its value, and as it is written."""

    name: str
    value: Value
    text: str


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim, as its words stood in the caption then, and what came of it."""

    words: str
    condition: str
    verdict: Verdict
    figures: tuple[CheckedFigure, ...] = ()


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """One step: what its caption said at its end, how many seconds it took, and its claims.

    `moment` is in seconds since the demo began; `figures` are those that the script names anywhere.
    """

    name: str
    caption: str
    seconds: float
    moment: float
    claims: tuple[CheckedClaim, ...]
    figures: tuple[CheckedFigure, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A whole demo; `trouble` is a sentence where something in the script could not be done, else "" ."""

    steps: tuple[StepOutcome, ...]
    trouble: str = ""

    @property
    def claims(self) -> tuple[CheckedClaim, ...]:
        """All claims that were checked."""
        every = (claim for step in self.steps for claim in step.claims)
        return tuple(claim for claim in every if claim.verdict is not Verdict.NOT_CHECKED)

    @property
    def false(self) -> tuple[CheckedClaim, ...]:
        """Those that were not true."""
        return tuple(claim for claim in self.claims if claim.verdict is Verdict.FALSE)
