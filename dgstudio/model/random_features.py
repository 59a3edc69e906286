"""The random features that banks read: what they are made of, and as the kernel and other programs read them."""

from __future__ import annotations

import json
import math
from dataclasses import field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.kernel import parts
from dgstudio.model.arrays import Arrays, stamp
from dgstudio.records import dataclass
from dgstudio.types import F32, F64


@dataclass(frozen=True, eq=False)
class Features(Arrays):
    """φ: z = [√(2/D)·cos 2π(lengths ∘ Ω g(x) + phase) ; 1], one for all banks of a base, frozen at birth.

    g(x) = gain ∘ [x ; relu(W1 x + b1)] over all units of the base as they were, or gain ∘ x where W1 is None. Ω are
    directions that are orthogonal by blocks, H S₃ H S₂ H S₁ with H the Walsh–Hadamard transform and S the `signs`
    (Yu et al. 2016): random Fourier features (Rahimi and Recht 2007) for some D log D additions and a few kB.

    `gain` (G,); `signs` (3, width, blocks) int8 of ±1, width a power of two that holds G; `lengths` and `phase` (D,)
    in turns. In models from before kernel 4 Ω is a full matrix `omega` (D, G) and `phase` in radians, and
    g(x) = [x / x_rms ; 2·relu(W1 x + b1) / u_rms]; `seen`, `usual` and `unusual` are older still, and nothing uses them
    (`Snapshot.known` is what says what is unlike it all).
    """

    omega: F32 | None = None
    phase: F32 = field(default_factory=lambda: np.zeros(0, np.float32))
    W1: F32 | None = None
    b1: F32 | None = None
    x_rms: float = 1.0
    u_rms: float = 1.0
    seen: F32 | None = None
    usual: float = 0.0
    unusual: float = math.inf
    gain: F32 | None = None
    signs: npt.NDArray[np.int8] | None = None
    lengths: F32 | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        structured = self.gain is not None and self.signs is not None and self.lengths is not None
        if self.phase.ndim != 1 or not len(self.phase) or (self.omega is None) != structured:
            raise BadInputError("The features of a model are incomplete: directions, lengths or phases are missing.")
        if (self.W1 is None) != (self.b1 is None) or (self.W1 is not None and self.W1.ndim != 2):
            raise BadInputError("The features of a model are incomplete: the units that they read do not fit together.")
        width, waves = self._width, len(self.phase)
        wanted: dict[str, tuple[int, ...]] = {"b1": (self.hidden,)}
        if self.omega is not None:
            wanted |= {"omega": (waves, width)}
        elif self.signs is not None:
            padded = self.signs.shape[1] if self.signs.ndim == 3 else 0
            if padded < width or padded & (padded - 1):
                raise BadInputError("The features of a model have directions that are too short for what they read.")
            wanted |= {"gain": (width,), "signs": (3, padded, -(-waves // padded)), "lengths": (waves,)}
            if self.signs.dtype != np.int8 or not (np.abs(self.signs) == 1).all():
                raise BadInputError("The features of a model have signs that are neither +1 nor −1.")
        for name, shape in wanted.items():
            found = getattr(self, name)
            if found is not None and found.shape != shape:
                raise BadInputError(f"The features' {name} has shape {found.shape}; {shape} was expected.")
        if self.hidden > width or not (self.x_rms and self.u_rms):
            raise BadInputError("The features of a model read more units than they have room for.")

    @property
    def _width(self) -> int:
        """G."""
        if self.gain is not None:
            return len(self.gain)
        assert self.omega is not None, "features have directions"
        return int(self.omega.shape[-1])

    @property
    def hidden(self) -> int:
        """Units that g reads."""
        return 0 if self.W1 is None else int(self.W1.shape[0])

    @property
    def inputs(self) -> int:
        """Number of features d that g reads."""
        return self._width - self.hidden

    @property
    def dim(self) -> int:
        """Length of z, D + 1."""
        return len(self.phase) + 1

    @cached_property
    def id(self) -> str:
        """Content id of all of φ that makes z."""
        arrays = {name: found for name, found in self.ids.items() if name != "seen"}
        return stamp(self.phase, self.phase[:0], json.dumps([arrays, self.x_rms, self.u_rms]))

    def scalars(self) -> dict[str, float]:
        """Name → number of what is no array."""
        return {name: float(getattr(self, name)) for name in ("x_rms", "u_rms", "usual", "unusual")}

    def gains(self) -> F64:
        """What g weighs its entries by, (G,)."""
        if self.gain is not None:
            return self.gain.astype(np.float64)
        if self.W1 is None:
            return np.ones(self._width)
        return np.concatenate([np.full(self.inputs, 1.0 / self.x_rms), np.full(self.hidden, 2.0 / self.u_rms)])

    def directions(self) -> F64:
        """Lengths times Ω as a full matrix (D, G), in turns."""
        if self.omega is not None:
            return self.omega.astype(np.float64) / (2 * math.pi)
        assert self.signs is not None
        assert self.lengths is not None
        _, width, blocks = self.signs.shape
        hadamard = np.ones((1, 1))
        while len(hadamard) < width:
            hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
        rows = np.empty((width, blocks, self._width))
        for block in range(blocks):
            s1, s2, s3 = self.signs[:, :, block].astype(np.float64)
            rows[:, block] = (hadamard * s3) @ ((hadamard * s2) @ (hadamard * s1)[:, : self._width])
        result: F64 = rows.reshape(-1, self._width)[: len(self.phase)] * self.lengths.astype(np.float64)[:, None]
        return result

    def turns(self) -> F64:
        """The phases (D,) in turns."""
        phase = self.phase.astype(np.float64)
        return phase / (2 * math.pi) if self.omega is not None else phase

    @cached_property
    def for_kernel(self) -> parts.Phi:
        """As the kernel reads it."""
        waves, full = len(self.phase), parts.tiles(len(self.phase))
        return parts.Phi(
            hidden=self.hidden,
            waves=waves,
            width=0 if self.signs is None else int(self.signs.shape[1]),
            W1=None if self.W1 is None else parts.columns(self.W1),
            b1=None if self.b1 is None else parts.filled(self.b1, parts.tiles(self.hidden)),
            gain=self.gains().astype(np.float32),
            signs=None if self.signs is None else self.signs.astype(np.float32),
            lengths=None if self.lengths is None else parts.filled(self.lengths, full),
            omega=None if self.omega is None else parts.columns(self.directions()),
            phase=parts.filled(self.turns(), full),
            scale=float(np.float32(math.sqrt(2.0 / waves))),
        )
