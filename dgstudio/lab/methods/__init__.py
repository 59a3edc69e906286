"""The methods that experiments compare, a family a module: each module's `METHODS` makes them by name.

A module of this package that has `METHODS` is found by itself; nothing else has to know of it.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.records import dataclass
from dgstudio.types import F32, Example

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """What every method begins with: the same base data, trained for the same steps, and the same protected inputs.

    Attributes
    ----------
    base : base and dense twin of one size, with the protected inputs (the memory of a method that rehearses).
    X, y : the base's whole training set, raw features (n, d) and class ids (n,).
    settings : of the learner.
    seed : of what a method draws.
    """

    base: BaseModel
    X: F32
    y: Labels
    settings: LearnerSettings
    seed: int


class Method(Protocol):
    """One way to go on learning from a `Start`. One thread.

    What `absorb` took in need not be answered with before `publish`; each publish is audited by the caller.
    """

    def add_class(self, class_id: int) -> None:
        """Let a class live, before its first example."""

    def absorb(self, examples: Sequence[Example]) -> None:
        """Learn from examples, in this order."""

    def publish(self) -> bool:
        """Answer with what was learned so far, one version at most; True if there is more to publish."""
        ...

    def protect(self) -> F32:
        """Keep what it knows from now on; returns the examples (n, d) that joined those to be kept."""
        ...

    def logits_of(self, raw: F32) -> tuple[tuple[int, ...], F32]:
        """Answer one raw input (d,) as it is served: the living classes and the logits of each, (C,)."""
        ...

    def answer(self, raw: F32) -> Labels:
        """Answer raw inputs (n, d): class ids (n,), −1 for no answer."""
        ...

    def plan(self) -> Plan | None:
        """The plan that answers, of a method with snapshots: what certificates are made from."""
        ...

    def rejections(self) -> int:
        """Proposals that were not published so far."""
        ...


Factory = Callable[[Start], Method]


def methods() -> dict[str, Factory]:
    """All methods by name, `ours` first, then by family."""
    found: dict[str, Factory] = {}
    for module in pkgutil.iter_modules(__path__):
        found |= getattr(import_module(f"{__name__}.{module.name}"), "METHODS", {})
    return dict(sorted(found.items(), key=lambda item: item[0] != "ours"))


def chosen(names: Sequence[str] | None) -> dict[str, Factory]:
    """The methods of these names, in this order; all if None. `BadInputError` for one that there is not."""
    known = methods()
    if names is None:
        return known
    for name in names:
        if name not in known:
            raise BadInputError(f"There is no method “{name}”: choose from {', '.join(known)}.")
    if not names:
        raise BadInputError(f"An experiment without methods shows nothing: choose from {', '.join(known)}.")
    return {name: known[name] for name in names}
