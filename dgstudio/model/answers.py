"""The answers of a plan to many inputs, each byte as if the input had been answered by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dgstudio.kernel import parts
from dgstudio.types import F32, I32

Flags = npt.NDArray[np.bool_]


class Answers:
    """What `Plan.answers` gives: arrays with a row for each of n inputs, views of what the kernel wrote."""

    __slots__ = ("_network", "_out", "_who")

    def __init__(self, network: parts.Network, out: F32, who: I32) -> None:
        self._network, self._out, self._who = network, out, who

    @classmethod
    def joined(cls, parts: Sequence[Answers]) -> Answers:
        """The answers of one plan to some inputs and to others, in this order; at least one part."""
        out, who = np.concatenate([part._out for part in parts]), np.concatenate([part._who for part in parts])
        return cls(parts[0]._network, out, who)

    def __len__(self) -> int:
        return len(self._who)

    def _part(self, number: int) -> F32:
        return self._out[:, self._network.ranges[number]]

    @property
    def active(self) -> I32:
        """Indices of the active units, ascending, (n, k)."""
        return self._who[:, : self._network.active_size]

    @property
    def activations(self) -> F32:
        """What these compute, (n, k)."""
        return self._part(1)

    @property
    def states(self) -> I32:
        """Each bank's `BankState`, (n, B)."""
        return self._who[:, self._network.active_size : -3]

    @property
    def speakers(self) -> I32:
        """Place of the bank that answers, `BASE` or `NOBODY`, (n,)."""
        return self._who[:, -3]

    @property
    def tops(self) -> I32:
        """Index of the answer among the living classes, (n,); −1 for none, and where it is unsure."""
        return self._who[:, -2]

    @property
    def unsure(self) -> Flags:
        """Whether the input is unlike anything learned, or no class leads, (n,)."""
        return self._who[:, -1].astype(bool)

    @property
    def logits(self) -> F32:
        """(n, C) over the living classes."""
        return self._part(6)

    @property
    def probabilities(self) -> F32:
        """(n, C), softmax(logits / T)."""
        return self._part(7)
