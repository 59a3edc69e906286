"""The experiments, one module each: `adapt` of this package makes `dgstudio experiment adapt`.

A module that names an `Experiment` in `EXPERIMENT` is an experiment; nothing else has to know of it.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.lab.experiment import Experiment
from dgstudio.reasons.reason import shortened


def experiment_names() -> list[str]:
    """Names of all experiments."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def experiment_summaries() -> dict[str, str]:
    """Name → one line about what it shows, of all experiments; all of them are imported for it."""
    return {name: find_experiment(name).summary for name in experiment_names()}


def find_experiment(name: str) -> Experiment:
    """Load one by its name; `BadInputError` where there is none."""
    if name not in experiment_names():
        known = ", ".join(experiment_names())
        raise BadInputError(
            f"There is no experiment “{shortened(name)}”: choose {known}; "
            "dgstudio experiment --help says what each shows."
        )
    experiment: Any = import_module(f"{__name__}.{name}").EXPERIMENT
    assert isinstance(experiment, Experiment)
    return experiment
