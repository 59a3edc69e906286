"""A conventional dense network in numpy: forward pass, gradient of the cross-entropy, Adam."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dgstudio.records import dataclass
from dgstudio.types import F32


@dataclass(frozen=True, slots=True, eq=False)
class DenseWeights:
    """y = V ᵀ relu(W1 x + b1) + b2. W1 (H, d), b1 (H,), V (H, C), b2 (C,), float32; `classes` names V's columns."""

    W1: F32
    b1: F32
    V: F32
    b2: F32
    classes: tuple[int, ...]

    def arrays(self) -> tuple[F32, F32, F32, F32]:
        """The parameters, in a fixed order."""
        return self.W1, self.b1, self.V, self.b2

    def copy(self) -> DenseWeights:
        """Parameters of their own."""
        W1, b1, V, b2 = (array.copy() for array in self.arrays())
        return DenseWeights(W1, b1, V, b2, self.classes)

    @property
    def nbytes(self) -> int:
        """Bytes of all parameters."""
        return sum(array.nbytes for array in self.arrays())

    def with_class(self, class_id: int) -> DenseWeights:
        """One output column more. It begins without weights and at the lowest bias, so it answers nothing yet."""
        column = np.zeros((len(self.V), 1), np.float32)
        bias = np.full(1, self.b2.min() if len(self.b2) else 0.0, np.float32)
        V: F32 = np.concatenate([self.V, column], axis=1)
        return replace(self, V=V, b2=np.concatenate([self.b2, bias]), classes=(*self.classes, class_id))


def logits_of(weights: DenseWeights, x: F32) -> F32:
    """Logits (C,) of one normalised input (d,): the kernel that serves and that is compared byte for byte."""
    hidden: F32 = weights.W1 @ x
    hidden += weights.b1
    np.maximum(hidden, 0, out=hidden)
    logits: F32 = hidden @ weights.V
    logits += weights.b2
    return logits


def softmax(logits: F32) -> F32:
    """Over the last axis."""
    if not logits.shape[-1]:
        return logits
    shifted: F32 = np.exp(logits - logits.max(-1, keepdims=True))
    shifted /= shifted.sum(-1, keepdims=True)
    return shifted


def batch_logits(weights: DenseWeights, X: F32) -> F32:
    """Logits (n, C) of normalised inputs (n, d)."""
    result: F32 = np.maximum(X @ weights.W1.T + weights.b1, 0) @ weights.V + weights.b2
    return result


def gradient(weights: DenseWeights, X: F32, columns: npt.NDArray[np.intp]) -> tuple[F32, F32, F32, F32]:
    """Gradient of the mean cross-entropy over inputs X (n, d) whose classes are `columns` (n,), in `arrays` order."""
    before: F32 = X @ weights.W1.T + weights.b1
    hidden: F32 = np.maximum(before, 0)
    slope: F32 = softmax(hidden @ weights.V + weights.b2)
    slope[np.arange(len(X)), columns] -= 1
    slope /= np.float32(len(X))
    back: F32 = (slope @ weights.V.T) * (before > 0)
    return back.T @ X, back.sum(0), hidden.T @ slope, slope.sum(0)


class Adam:
    """Kingma and Ba (2015), with bias correction; one state an array."""

    def __init__(self, rate: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> None:
        self._rate, self._beta1, self._beta2, self._epsilon = rate, beta1, beta2, epsilon
        self._step = 0
        self._first: list[F32] = []
        self._second: list[F32] = []

    def displacement(self, gradients: tuple[F32, ...]) -> list[F32]:
        """What to add to each array. An array that has grown columns gets fresh moments for these."""
        self._step += 1
        fix1, fix2 = 1 - self._beta1**self._step, 1 - self._beta2**self._step
        moved = []
        for index, slope in enumerate(gradients):
            if index == len(self._first):
                self._first.append(np.zeros_like(slope))
                self._second.append(np.zeros_like(slope))
            elif self._first[index].shape != slope.shape:
                self._first[index] = _grown(self._first[index], slope.shape)
                self._second[index] = _grown(self._second[index], slope.shape)
            first, second = self._first[index], self._second[index]
            first += (1 - self._beta1) * (slope - first)
            second += (1 - self._beta2) * (slope * slope - second)
            moved.append((-self._rate / fix1) * first / (np.sqrt(second / fix2) + self._epsilon))
        return moved


def _grown(moments: F32, shape: tuple[int, ...]) -> F32:
    larger = np.zeros(shape, np.float32)
    larger[..., : moments.shape[-1]] = moments
    return larger
