"""What a demo is: steps with a caption, deeds, an end, and the claims of the caption. Data, read by `reading.py`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dgstudio.records import dataclass
from dgstudio.studio.demos.claims.conditions import Condition
from dgstudio.studio.demos.deeds import Deed

FIELD: Final = re.compile(r"\{([^{}]*)\}")
"""A figure in a caption: its name in braces."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What some words of a caption say, as a condition.

    It is looked at when the step ends; with `always` at every moment of the step as well.
    """

    words: str
    condition: Condition
    always: bool = False


@dataclass(frozen=True, slots=True)
class Until:
    """When a step ends: after `seconds`, and as soon as `when` holds; after `at_most` seconds in any case."""

    seconds: float
    when: Condition | None
    at_most: float


@dataclass(frozen=True, slots=True)
class TimedDeed:
    """A deed, and how many seconds after the beginning of its step it is done."""

    deed: Deed
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One caption and what goes with it.

    Attributes
    ----------
    name : what it is called in reports.
    caption : the sentence; {twin.lost} stands for a figure as it is at the moment.
    deeds : in order of time.
    waits : whether the demo waits at its end until the speaker goes on.
    """

    name: str
    caption: str
    deeds: tuple[TimedDeed, ...]
    until: Until
    claims: tuple[Claim, ...]
    waits: bool = False

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of the figures in the caption, each once, in order."""
        return tuple(dict.fromkeys(name.strip() for name in FIELD.findall(self.caption)))

    def said(self, words: Callable[[str], str]) -> str:
        """Return the caption with its figures as `words` has them."""
        return FIELD.sub(lambda found: words(found[1].strip()), self.caption)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a demo runs on: a stream and a base model, as `--source`, `--seed`, `--speed` and `--base` name them."""

    source: str = "simulator"
    base: str = "auto"
    seed: int = 0
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Script:
    """A whole demo.

    Attributes
    ----------
    name : by which it is asked for: that of its file.
    title, summary : what it is called, and what is seen, in a sentence.
    """

    name: str
    title: str
    summary: str
    setting: Setting
    steps: tuple[Step, ...]
    path: Path | None = None

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of all figures in captions and conditions, each once, in order."""
        names: dict[str, None] = {}
        for step in self.steps:
            names.update(dict.fromkeys(step.figures))
            conditions = [claim.condition for claim in step.claims]
            conditions += [step.until.when] if step.until.when is not None else []
            for condition in conditions:
                names.update(dict.fromkeys(condition.figures))
        return tuple(names)
