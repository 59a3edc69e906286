"""What comes in: a stream by its facts, and samples as they come."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from dgstudio.records import dataclass
from dgstudio.types.arrays import F32, F64

UNKNOWN_TRUTH = -1
"""The entry of `Block.truth` where the ground truth is not known."""


class StreamKind(StrEnum):
    """What a stream is of."""

    SIGNAL = "signal"
    POINTER = "pointer"
    IMAGE = "image"
    VALUES = "values"
    """Each sample is an input of the model as it stands, and comes when it likes: there are no windows."""


ONE_BY_ONE = frozenset({StreamKind.VALUES, StreamKind.IMAGE})
"""Kinds of streams whose samples are inputs as they stand and come when they like; of pictures, their features."""


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """What a source declares about its stream.

    `rate` is in samples per second of stream time; `truth_names` are the labels that `Block.truth` indexes. Of values
    and pictures, which come when they like, `rate` is what there is room for, and `hop_s` how far apart two of them
    still belong together where they are drawn.
    """

    name: str
    kind: StreamKind
    rate: float
    channels: tuple[str, ...]
    window_s: float
    hop_s: float
    truth_names: tuple[str, ...] = ()
    speed: float = 1.0
    """Stream seconds per wall second; 0 means as fast as it is read."""
    features: str = ""
    """Name of the features that a package brings; "" for ours."""

    @property
    def window(self) -> int:
        """Samples in a window, at least one."""
        return 1 if self.kind in ONE_BY_ONE else max(1, round(self.window_s * self.rate))

    @property
    def hop(self) -> int:
        """Samples between two windows, at least one."""
        return 1 if self.kind in ONE_BY_ONE else max(1, round(self.hop_s * self.rate))


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive samples: `times` (n,) float64, `values` (n, channels) float32, `truth` (n,) int16 or None.

    `break_before` says that the first sample does not follow the last one of the block before it (a gap, the
    boundary of a take, a seek): windows start afresh.
    """

    times: F64
    values: F32
    truth: npt.NDArray[np.int16] | None = None
    break_before: bool = False


class StreamState(StrEnum):
    """How it stands with the source."""

    OPENING = "opening"
    LIVE = "live"
    ENDED = "ended"
    LOST = "lost"
