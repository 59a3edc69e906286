"""Which base model fits a stream: the shipped ones, a file, or none."""

from __future__ import annotations

from pathlib import Path

from dgstudio.errors import BadInputError
from dgstudio.guard.texts import plain_text
from dgstudio.model.base_model_file import BaseModel
from dgstudio.paths import asset
from dgstudio.reasons.reason import shortened
from dgstudio.streams.features import AS_THEY_ARE
from dgstudio.streams.plugins.own_features import features_of
from dgstudio.types import StreamSpec

SHIPPED = {name: f"bases/{name}.safetensors" for name in ("simulator", "basic_motions", "pointer")}
"""Stream name → file in assets/, made by `python -m dgstudio.lab.bases`."""
ENDING = ".safetensors"


def base_for(spec: StreamSpec, choice: str = "auto") -> tuple[BaseModel | None, str]:
    """The base model for a stream, and a sentence that says which and why.

    Parameters
    ----------
    choice
        "auto": the shipped base made for a stream of this name, if the features agree; "none": start from nothing;
        the name of a shipped base, as in `SHIPPED`; else the path of a base file.

    Raises
    ------
    BadInputError
        If a base that was asked for does not exist or was made for other features.
    """
    if choice == "none":
        return None, "No base model: starting from nothing, the first held key makes the first class."
    if choice == "auto":
        name = SHIPPED.get(spec.name)
        path = asset(name) if name is not None else None
        if path is None or not path.exists():
            return None, f"No base model ships for “{spec.name}”: starting from nothing."
    else:
        path = _chosen(choice)
    base = BaseModel.load(path)
    if fits(base, spec):
        names = ", ".join(base.class_names)
        return base, f"Base model {path.stem}: knows {names}; {len(base.protected)} protected inputs."
    sentence = f"The base model {path.stem} was made for other channels or another window than “{spec.name}” has"
    if choice == "auto":
        return None, f"{sentence}: starting from nothing."
    raise BadInputError(f"{sentence}; choose another base, or none.")


def _chosen(choice: str) -> Path:
    """The file that a user means; `BadInputError`, with what there is, where it is neither a name nor a file."""
    try:
        if choice in SHIPPED and not Path(choice).is_file():
            return asset(SHIPPED[choice])
        path = Path(choice).expanduser()
        if choice.strip() and path.exists():
            return path
    except (OSError, ValueError, RuntimeError):  # what no file can be called, or a home that is not there
        pass
    names = ", ".join(SHIPPED)
    raise BadInputError(
        f"There is no base model “{shortened(plain_text(choice))}”: choose auto, none, {names}, or the path of a "
        f"{ENDING} file."
    )


def fits(base: BaseModel, spec: StreamSpec) -> bool:
    """Whether a base was made for the features of this stream, at about its rate; samples as they are have none."""
    rate = base.meta.get("rate")
    other = isinstance(rate, int | float) and abs(rate - spec.rate) > 0.02 * spec.rate
    return (spec.kind in AS_THEY_ARE or not other) and tuple(base.feature_names) == features_of(spec).names
