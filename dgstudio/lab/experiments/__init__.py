"""The experiments, one module each: `adapt` of this package makes `dgstudio experiment adapt`.

A module that names an `Experiment` in `EXPERIMENT` is an experiment; nothing else has to know of it.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.lab.experiment import Experiment


def experiment_names() -> list[str]:
    """Names of all experiments."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def find_experiment(name: str) -> Experiment:
    """Load one by its name; `BadInputError` where there is none."""
    if name not in experiment_names():
        raise BadInputError(f"There is no experiment “{name}”: choose {', '.join(experiment_names())}.")
    experiment: Any = import_module(f"{__name__}.{name}").EXPERIMENT
    assert isinstance(experiment, Experiment)
    return experiment
