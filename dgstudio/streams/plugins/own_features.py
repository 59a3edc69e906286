"""Features of one's own, in the place of ours: a package brings them, a stream names them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.guard.limits import COLUMNS, LABEL
from dgstudio.guard.texts import plain_text
from dgstudio.reasons.reason import shortened
from dgstudio.records import dataclass
from dgstudio.streams.features import AS_THEY_ARE, Features, SignalFeatures, repair
from dgstudio.types import F32, StreamSpec


class OwnFeatures(Protocol):
    """What a package makes for a stream: names, and a function of a window."""

    names: tuple[str, ...]
    """Of the features, each another one; what is learned stands on them, so they are the same for the same stream."""

    def __call__(self, window: F32) -> F32:
        """Return the features (len(names),) of a window (n, channels), in which nothing is missing.

        The same bytes for the same window: receipts are compared by them.
        """
        ...


@dataclass(frozen=True, slots=True)
class FeatureKind:
    """Features, as a package declares them. `make` is called for each stream; BadInputError says where it can't."""

    name: str
    summary: str
    make: Callable[[StreamSpec], OwnFeatures]


class PluginFeatures:
    """Features of a package, checked: finite numbers, as many as there are names. See `SignalFeatures`.

    Raises
    ------
    BadInputError
        If they cannot be made for this stream.
    """

    def __init__(self, kind: FeatureKind, spec: StreamSpec) -> None:
        if spec.kind in AS_THEY_ARE:
            raise BadInputError(f"The samples of “{spec.name}” are features as they are: leave out --features.")
        try:
            self._own = kind.make(spec)
            names = tuple(plain_text(str(name))[:LABEL] for name in self._own.names)
        except BadInputError:
            raise
        except Exception as error:
            raise BadInputError(f"The features “{kind.name}” cannot be made for {spec.name}: {error!r}.") from error
        if not 0 < len(names) <= COLUMNS or len(set(names)) < len(names) or not all(names):
            raise BadInputError(f"The features “{kind.name}” need names, each another one, at most {COLUMNS:,}.")
        self.spec = spec
        self.names = names
        self.dim = len(names)
        self.repaired = 0
        self._kind = kind
        self._first = True

    def __call__(self, window: F32) -> F32:
        """Return the features (dim,) float32, all finite, of a window (n, channels).

        Raises
        ------
        DgstudioError
            If the package fails, or gives something else.
        """
        values, bad = repair(np.ascontiguousarray(window, np.float32))
        if bad is not None:
            self.repaired += int(np.count_nonzero(bad if self._first else bad[-self.spec.hop :]))
        self._first = False
        try:
            found = np.asarray(self._own(values.astype(np.float32)), np.float32)
        except Exception as error:
            raise DgstudioError(f"The features “{self._kind.name}” have failed: {error!r}.") from error
        if found.shape != (self.dim,) or not np.isfinite(found).all():
            what = f"of shape {found.shape}" if found.shape != (self.dim,) else "that are not finite"
            raise DgstudioError(f"The features “{self._kind.name}” gave values {what}: there are {self.dim} names.")
        return found


def features_of(spec: StreamSpec) -> Features:
    """Return the features of a stream: ours, or those that it names.

    Raises
    ------
    BadInputError
        If it has none, or names some that no installed package brings.
    """
    if not spec.features:
        return SignalFeatures(spec)
    from dgstudio.streams.plugins.entry_points import FEATURES, plugins

    there = plugins(FEATURES, FeatureKind)
    kind = next((kind for kind in there.found if kind.name == spec.features), None)
    if kind is None:
        names = ", ".join(kind.name for kind in there.found) or "none"
        raise BadInputError(
            f"There are no features “{shortened(spec.features)}”: install the package that brings them, or leave them "
            f"out; those that are installed: {names}.{there.words}"
        )
    return PluginFeatures(kind, spec)
