"""What an experiment is: what it may be asked, and how it is run and drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

from dgstudio.errors import BadInputError
from dgstudio.lab.data import Part
from dgstudio.lab.results import Result
from dgstudio.lab.runs import Runs
from dgstudio.records import dataclass

TEST: Part = "test"
SPLITS: tuple[Part, ...] = (TEST, "valid")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line can ask of an experiment; None leaves it to the experiment.

    `seeds` is how many, from 0 on. `classes` are named as the user wrote them. `split` is the part that is scored:
    `valid` is what settings are chosen on, `test` what is reported.
    """

    seeds: int | None = None
    quick: bool = False
    data: str | Path | None = None
    base_classes: tuple[str, ...] | None = None
    new_classes: tuple[str, ...] | None = None
    labels_per_class: tuple[int, ...] | None = None
    protected: int | None = None
    methods: tuple[str, ...] | None = None
    split: Part | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment.

    Attributes
    ----------
    summary : one line about what it shows.
    run : makes the rows; every figure comes from a run that it hands to `Runs`, so that finished ones are kept.
    takes : the options that it heeds, besides `seeds` and `quick`; others are refused.
    x : the column that a plot draws along, one line a method; None: bars, a method each.
    y : the columns that a plot draws, one picture each.
    columns : those of the table in the terminal, where all would not fit; JSON has all.
    """

    summary: str
    run: Callable[[Options, Runs], Result]
    takes: frozenset[str] = frozenset()
    x: str | None = None
    y: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def check_options(name: str, experiment: Experiment, options: Options) -> None:
    """Refuse options that make no sense, or that this experiment would not heed.

    Raises
    ------
    BadInputError
    """
    if options.seeds is not None and options.seeds < 1:
        raise BadInputError(f"An experiment over {options.seeds} seeds shows nothing: give at least 1.")
    for option in fields(options):
        if option.name in ("seeds", "quick") or getattr(options, option.name) is None:
            continue
        if option.name not in experiment.takes:
            flag = "--" + option.name.replace("_", "-")
            raise BadInputError(f"The experiment {name} has no {flag}: {_flags(experiment.takes)}.")
    if options.labels_per_class is not None and min(options.labels_per_class, default=0) < 1:
        raise BadInputError("The labels per class must be whole numbers of 1 or more, as in 1,5,20.")
    if options.split is not None and options.split not in SPLITS:
        raise BadInputError(f"There is no split “{options.split}”: choose {' or '.join(SPLITS)}.")
    if options.protected is not None and options.protected < 1:
        raise BadInputError(f"{options.protected} protected inputs protect nothing: give at least 1.")


def _flags(names: Sequence[str] | frozenset[str]) -> str:
    known = ["--seeds", "--quick", *sorted("--" + name.replace("_", "-") for name in names)]
    return f"it takes {', '.join(known)}"
