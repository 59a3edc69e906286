"""Trains a base and its conventional twin: same data, steps, seed, size and first weights. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.model.network import DynamicGateMLP, array, representation
from dgstudio.model.snapshot import Base
from dgstudio.records import dataclass
from dgstudio.types import F32

MAX_HIDDEN = 1024
MAX_INPUTS = 4096
SOFT, HARD = 2.0, 0.2
"""T_g at the first and at the last step."""
BUDGET = 1.0
"""λ, the strength of the budget term."""
NOISE = 0.6
"""ς, how much the scores are shaken, in standard deviations of them."""
REPORT_EVERY = 25
"""Steps between two calls of the progress callback."""

Classes = tuple[int, ...]
Labels = npt.NDArray[np.integer]


class TrainingCancelled(DgstudioError):
    """The caller's cancel check said stop; nothing was trained."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is: steps done, steps in all, loss and accuracy of the newest batch."""

    step: int
    steps: int
    loss: float
    accuracy: float


Report = Callable[[Progress], None]
Cancelled = Callable[[], bool]


def train_base(
    x: F32,
    y: Labels,
    classes: Classes,
    *,
    hidden: int = 128,
    k: int = 32,
    steps: int = 1500,
    batch: int = 64,
    seed: int = 0,
    rate: float = 2e-3,
    budget: float = BUDGET,
    noise: float = NOISE,
    projection: int | None = None,
    progress: Report | None = None,
    cancelled: Cancelled | None = None,
) -> Base:
    """Train a gated base by Adam; the same arguments give the same bytes on the same machine.

    Runs in the calling thread, with one torch thread.

    Parameters
    ----------
    x, y
        Normalised inputs (n, d) float32 and their class ids (n,).
    classes
        Ids in the order of the logits; each needs at least one example.
    hidden, k
        H ≤ 1,024 units, of which k are open.
    steps, batch, rate
        Adam steps, inputs a step (drawn with replacement), step size.
    budget
        λ of the budget term; its target is the share k / H.
    noise
        ς, how much the gates' scores are shaken while it learns (`DynamicGateMLP.shaken`); 0 for not at all.
    projection
        The gates read a random projection of x to this many numbers (ψ) instead of x, which makes them cheaper for
        a large d; None: x itself.
    progress, cancelled
        Called in this thread: every 25 steps and after the last; before every step.

    Raises
    ------
    BadInputError
        For data or sizes that cannot be trained on.
    TrainingCancelled
        If `cancelled` returns True.
    """
    inputs, columns = _checked(x, y, classes, hidden, k, steps, batch, projection)
    generator = torch.Generator().manual_seed(seed)
    d = inputs.shape[1]
    psi = None if projection is None else _projection(projection, d, seed)
    shaking = torch.Generator().manual_seed(seed + 3)
    network = DynamicGateMLP(d, hidden, len(classes), k, generator, psi)

    def loss(rows: Tensor, labels: Tensor, done: float) -> Tensor:
        T_g = SOFT * (HARD / SOFT) ** done
        return network.loss(rows, labels, T_g, budget, k / hidden, noise=noise, generator=shaking)

    batches = _Batches(inputs, columns, steps, batch, seed)
    _descend(network, loss, batches, rate, progress, cancelled)
    return network.to_base(classes)


def train_dense(
    x: F32,
    y: Labels,
    classes: Classes,
    *,
    hidden: int = 128,
    steps: int = 1500,
    batch: int = 64,
    seed: int = 0,
    rate: float = 2e-3,
    progress: Report | None = None,
    cancelled: Cancelled | None = None,
) -> tuple[F32, F32, F32, F32]:
    """Train the conventional twin, y = Vᵀ relu(W1 x + b1) + b2, and return W1 (H, d), b1 (H,), V (H, C), b2 (C,).

    Parameters and errors are those of `train_base`; with equal ones it starts from the same weights and sees the
    same batches.
    """
    inputs, columns = _checked(x, y, classes, hidden, 1, steps, batch, None)
    network = _Dense(inputs.shape[1], hidden, len(classes), torch.Generator().manual_seed(seed))

    def loss(rows: Tensor, labels: Tensor, done: float) -> Tensor:
        return functional.cross_entropy(network(rows), labels)

    batches = _Batches(inputs, columns, steps, batch, seed)
    _descend(network, loss, batches, rate, progress, cancelled)
    return array(network.W1), array(network.b1), array(network.V), array(network.b2)


class _Dense(nn.Module):
    def __init__(self, inputs: int, hidden: int, outputs: int, generator: torch.Generator) -> None:
        super().__init__()
        self.W1, self.b1, self.V, self.b2 = representation(inputs, hidden, outputs, generator)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x @ self.W1.T + self.b1) @ self.V + self.b2


@dataclass(frozen=True, slots=True, eq=False)
class _Batches:
    """The same batches for the same seed, whatever network they go to."""

    inputs: Tensor
    columns: Tensor
    steps: int
    size: int
    seed: int

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(self.seed + 1)
        for _ in range(self.steps):
            rows = torch.randint(len(self.inputs), (self.size,), generator=generator)
            yield self.inputs[rows], self.columns[rows]


def _descend(
    network: nn.Module,
    loss_of: Callable[[Tensor, Tensor, float], Tensor],
    batches: _Batches,
    rate: float,
    progress: Report | None,
    cancelled: Cancelled | None,
) -> None:
    if not 0 < rate <= 1:
        raise BadInputError(f"The rate of training is {rate}: it must be above 0 and at most 1.")
    steps = batches.steps
    with _one_thread():
        optimiser = torch.optim.Adam(network.parameters(), lr=rate)
        for step, (rows, labels) in enumerate(batches):
            if cancelled is not None and cancelled():
                raise TrainingCancelled(f"The training was cancelled after {step} of {steps} steps.")
            loss = loss_of(rows, labels, step / max(1, steps - 1))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no type for it
            optimiser.step()
            if progress is not None and ((step + 1) % REPORT_EVERY == 0 or step + 1 == steps):
                with torch.no_grad():
                    right = (network(rows).argmax(1) == labels).float().mean()
                progress(Progress(step + 1, steps, float(loss.detach()), float(right)))
    if not all(bool(torch.isfinite(p).all()) for p in network.parameters()):
        raise BadInputError(
            f"The training diverged at a rate of {rate:g}: choose a smaller one, and normalise the inputs."
        )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in torch depend on how many threads share them; and other threads are busy answering."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _projection(width: int, inputs: int, seed: int) -> Tensor:
    """Return a Gaussian ψ (p, d) that keeps lengths on average."""
    generator = torch.Generator().manual_seed(seed + 2)
    return torch.randn((width, inputs), generator=generator) / float(np.sqrt(width))


def _checked(
    x: F32, y: Labels, classes: Classes, hidden: int, k: int, steps: int, batch: int, projection: int | None
) -> tuple[Tensor, Tensor]:
    """Inputs and columns as tensors, or a sentence about what is wrong."""
    x, y = np.asarray(x, np.float32), np.asarray(y)
    if x.ndim != 2 or not len(x) or y.shape != (len(x),):
        raise BadInputError(f"Training needs inputs (n, d) and one class id each, not {x.shape} and {y.shape}.")
    if not np.isfinite(x).all():
        raise BadInputError("The training inputs hold numbers that are not finite.")
    if len(classes) < 2 or len(set(classes)) != len(classes):
        raise BadInputError("A base needs at least two different classes.")
    for class_id in classes:
        if not (y == class_id).any():
            raise BadInputError(f"Class {class_id} has no example to train on.")
    columns = np.full(len(y), -1)
    for column, class_id in enumerate(classes):
        columns[y == class_id] = column
    if (columns < 0).any():
        raise BadInputError(
            f"Example {int(np.argmin(columns))} has class {y[columns < 0][0]}, which is not to be trained."
        )
    limits = [("hidden units", hidden, MAX_HIDDEN), ("inputs", x.shape[1], MAX_INPUTS), ("open units", k, hidden)]
    limits += [] if projection is None else [("numbers that the gates read", projection, x.shape[1])]
    for what, number, most in limits:
        if not 1 <= number <= most:
            raise BadInputError(f"The number of {what} is {number}: it must be 1 to {most}.")
    if steps < 1 or batch < 1:
        raise BadInputError(f"A training of {steps} steps of {batch} inputs learns nothing: give at least 1 of each.")
    return torch.tensor(x), torch.tensor(columns)
