"""A source of a package, held so that whatever it does is a sentence, and never the end of anything else."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from dgstudio.errors import BadInputError, DgstudioError, StreamError
from dgstudio.reasons.arrivals import Trouble
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.source import Knob
from dgstudio.types import Block, StreamSpec


class PluginSource:
    """Passes on what a source of a package gives, once it is looked at. See `Source`.

    What fails in `open` and `read` is a `StreamError`, so that it is tried again; of blocks that cannot be it is said
    what is wrong with them. What else the package's source has (`listen`, `marks`, …) is to be had here too.

    Raises
    ------
    BadInputError
        If it lacks what a source must have.
    """

    def __init__(self, name: str, own: Any) -> None:
        lacks = [part for part in ("open", "read", "close", "knobs", "set_knob") if not hasattr(own, part)]
        if lacks or not isinstance(getattr(own, "spec", None), StreamSpec):
            what = f"no {lacks[0]}" if lacks else "no spec"
            raise BadInputError(f"The plug-in “{name}” gives something that is no source: it has {what}.")
        self._name, self._own = name, own
        self._knobs: tuple[Knob, ...] = ()
        self._last = -np.inf
        if hasattr(own, "condition"):
            # Only then it is a source that reports.
            self.condition = self._condition
        for part in dir(own):
            # Else protocols do not see it: from Python 3.12 on they pass by what `__getattr__` gives.
            if not (part.startswith("_") or part in vars(self) or hasattr(type(self), part)) and callable(
                inspect.getattr_static(own, part)
            ):
                setattr(self, part, getattr(own, part))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    @property
    def spec(self) -> StreamSpec:
        """What the source says of its stream."""
        spec: StreamSpec = self._own.spec
        return spec

    @spec.setter
    def spec(self, spec: StreamSpec) -> None:
        self._own.spec = spec

    @property
    def notes(self) -> tuple[Any, ...]:
        """What the user should know; texts do as well."""
        found = getattr(self._own, "notes", ())
        return tuple(note if hasattr(note, "sentence") else Trouble(str(note)) for note in found)

    def open(self) -> None:
        """Start the stream. `StreamError` where it fails."""
        try:
            self._own.open()
        except DgstudioError:
            raise
        except Exception as error:
            raise StreamError(self._failed("be opened", error)) from error

    def read(self, timeout: float) -> Block | None:
        """Return the next block, or None if there was none in `timeout` wall seconds. `StreamError` where it fails."""
        try:
            found = self._own.read(timeout)
        except DgstudioError:
            raise
        except Exception as error:
            raise StreamError(self._failed("be read", error)) from error
        return None if found is None else self._checked(found)

    def close(self) -> None:
        """Stop the stream; what fails there harms nobody."""
        try:
            self._own.close()
        except Exception as error:
            raise StreamError(self._failed("be closed", error)) from error

    def knobs(self) -> tuple[Knob, ...]:
        """Return the live settings; where that fails, those of before."""
        try:
            found = tuple(self._own.knobs())
        except Exception:
            return self._knobs
        if all(isinstance(knob, Knob) for knob in found):
            self._knobs = found
        return self._knobs

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Change a live setting. `BadInputError` where it cannot be."""
        try:
            self._own.set_knob(name, value)
        except DgstudioError:
            raise
        except Exception as error:
            raise BadInputError(self._failed(f"set “{name}”", error)) from error

    def _condition(self) -> SourceCondition:
        try:
            found = self._own.condition()
        except Exception as error:
            return SourceCondition(Lamp.WRONG, why=Trouble(self._failed("say how it stands", error)))
        return found if isinstance(found, SourceCondition) else SourceCondition(Lamp.RECEIVING)

    def _checked(self, block: Any) -> Block:
        """The block as it must be: times that rise, a row of values for each."""
        try:
            times = np.asarray(block.times, np.float64)
            values = np.asarray(block.values, np.float32)
            truth = None if block.truth is None else np.asarray(block.truth, np.int16)
            gap = bool(block.break_before)
        except Exception as error:
            raise StreamError(self._failed("be read", error)) from error
        right = times.ndim == 1 and len(times) and values.shape == (len(times), len(self.spec.channels))
        if not right or (truth is not None and truth.shape != times.shape):
            raise StreamError(
                f"The plug-in “{self._name}” gives {values.shape} values at {times.shape} times: it must be a row of "
                f"{len(self.spec.channels)} for each."
            )
        if not np.isfinite(times).all() or times[0] <= self._last or (np.diff(times) <= 0).any():
            raise StreamError(f"The plug-in “{self._name}” gives times that do not rise.")
        self._last = float(times[-1])
        return Block(times, values, truth, gap)

    def _failed(self, what: str, error: Exception) -> str:
        return f"The plug-in “{self._name}” cannot {what}: {error!r}."
