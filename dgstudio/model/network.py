"""The DynamicGate MLP as it is trained: the page to open to understand the method. Needs torch.

One hidden layer of H units, of which every input opens k. Two kinds of parameters, which can change apart:

    s = Θ ψ(x) + c              a score for each unit                       routing: which units answer
    m = top-k of s              1 for the k largest scores, 0 for the others
    u = m ⊙ relu(W1 x + b1)     what the open units compute                 representation: what they compute
    y = Vᵀ u + b2               one logit a class

The gates read x (through a fixed ψ), never u: so learning in one part cannot move what the other part does.

Choosing the k largest has no useful derivative. Forward, the choice is hard; backward, we pretend that it had been
soft, σ(s / T_g), and let the gradient straight through. T_g starts high, so that even a unit that is far from
being chosen hears whether it would have helped, and is brought down until soft and hard choice agree.

In training the scores are shaken, s + ς·sd(s)·ε with ε ~ N(0, 1), before the k largest are chosen: units that are
nearly chosen learn to stand in for those that are, so that an input never seen before, which opens a few others, is
answered no worse. Serving shakes nothing.

Sources: the DynamicGate MLP (arXiv 2603.16367, 2604.13546); the straight-through estimator (Bengio, Léonard and
Courville 2013, arXiv 1308.3432); noisy top-k gating (Shazeer et al. 2017, arXiv 1701.06538). Serving needs none of
this: `plan.Plan` answers with numpy, and computes the open units only.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dgstudio.model.snapshot import Base
from dgstudio.types import F32


class DynamicGateMLP(nn.Module):
    """s = Θ ψ(x) + c, u = top-k(s) ⊙ relu(W1 x + b1), y = Vᵀ u + b2. Parameters as in `snapshot.Base`, float32.

    Parameters
    ----------
    inputs, hidden, outputs
        d, H and the number of classes.
    k
        How many units each input opens, 1..H.
    generator
        Where the first weights are drawn from. Representation first: a conventional network drawn from the same
        seed, by `representation`, starts from the same W1, b1, V, b2.
    psi
        ψ, a fixed projection (p, d) that the gates read x through; None for ψ(x) = x.
    """

    psi: Tensor | None

    def __init__(
        self, inputs: int, hidden: int, outputs: int, k: int, generator: torch.Generator, psi: Tensor | None = None
    ) -> None:
        super().__init__()
        self.k = k
        self.W1, self.b1, self.V, self.b2 = representation(inputs, hidden, outputs, generator)
        width = inputs if psi is None else len(psi)
        self.theta = drawn((hidden, width), width, generator)
        self.c = nn.Parameter(torch.zeros(hidden))
        self.register_buffer("psi", psi)

    def scores(self, x: Tensor) -> Tensor:
        """Return s = Θ ψ(x) + c, (n, H), for x (n, d)."""
        features = x if self.psi is None else x @ self.psi.T
        return features @ self.theta.T + self.c

    def open_units(self, s: Tensor) -> Tensor:
        """Return m, (n, H): 1 for the k units with the largest scores. Ties go to the lower index."""
        # A stable sort of −s, exactly as in the serving kernel; torch's own topk promises nothing about ties.
        order = torch.argsort(-s, dim=-1, stable=True)
        return torch.zeros_like(s).scatter(-1, order[..., : self.k], 1.0)

    def gates(self, s: Tensor, T_g: float) -> Tensor:
        """Return m, whose derivative is said to be ∂σ(s / T_g)/∂s: the straight-through estimator, (n, H)."""
        soft = torch.sigmoid(s / T_g)
        return self.open_units(s) + (soft - soft.detach())

    @staticmethod
    def shaken(s: Tensor, noise: float, generator: torch.Generator) -> Tensor:
        """Return s + ς·sd(s)·ε, ς = `noise`, ε ~ N(0, 1) drawn from `generator`; sd over all scores of the batch."""
        return s + noise * s.detach().std() * torch.randn(s.shape, generator=generator)

    def answer(self, x: Tensor, m: Tensor) -> Tensor:
        """Return y = Vᵀ (m ⊙ relu(W1 x + b1)) + b2, (n, C), for inputs (n, d) and gates (n, H)."""
        u = m * functional.relu(x @ self.W1.T + self.b1)
        return u @ self.V + self.b2

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, C) of normalised inputs (n, d), with hard gates: what the serving kernel answers, within 1e-5."""
        return self.answer(x, self.open_units(self.scores(x)))

    def loss(
        self,
        x: Tensor,
        columns: Tensor,
        T_g: float,
        strength: float,
        target: float,
        *,
        noise: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Cross-entropy of the hard answer, its gates by shaken scores, + λ · relu(mean σ(s / T_g) − target).

        Exactly k units are open whatever the scores; the budget (λ = `strength`) keeps the *soft* share of open
        units at what k promises, `target` = k / H. Without it all scores drift up, σ saturates, and the gates stop
        learning. `columns` (n,) are places in the class list; scores are shaken only where a `generator` is given.
        """
        s = self.scores(x)
        chosen_by = s if generator is None else self.shaken(s, noise, generator)
        error = functional.cross_entropy(self.answer(x, self.gates(chosen_by, T_g)), columns)
        return error + strength * functional.relu(self.active_share(s, T_g) - target)

    @staticmethod
    def active_share(s: Tensor, T_g: float) -> Tensor:
        """Mean of σ(s / T_g): the share of units that the soft gates hold open."""
        return torch.sigmoid(s / T_g).mean()

    def to_base(self, classes: tuple[int, ...]) -> Base:
        """Return these parameters as the immutable base that is served; `classes` are the ids of V's columns."""
        arrays = {name: array(value) for name, value in self.named_parameters()}
        psi = None if self.psi is None else array(self.psi)
        return Base(**arrays, k=self.k, classes=classes, psi=psi)

    @classmethod
    def from_base(cls, base: Base) -> DynamicGateMLP:
        """Return a trainable copy of a base."""
        psi = None if base.psi is None else torch.tensor(base.psi)
        network = cls(base.inputs, base.hidden, len(base.classes), base.k, torch.Generator(), psi)
        with torch.no_grad():
            for name, value in network.named_parameters():
                value.copy_(torch.tensor(getattr(base, name)))
        return network


def representation(
    inputs: int, hidden: int, outputs: int, generator: torch.Generator
) -> tuple[nn.Parameter, nn.Parameter, nn.Parameter, nn.Parameter]:
    """Draw first W1 (H, d), b1 (H,), V (H, C), b2 (C,)."""
    return (
        drawn((hidden, inputs), inputs, generator),
        drawn((hidden,), inputs, generator),
        drawn((hidden, outputs), hidden, generator),
        drawn((outputs,), hidden, generator),
    )


def drawn(shape: tuple[int, ...], fan_in: int, generator: torch.Generator) -> nn.Parameter:
    """Draw first weights from U(−1/√fan_in, 1/√fan_in), the usual start of a linear layer."""
    bound = 1.0 / math.sqrt(fan_in)
    return nn.Parameter((2.0 * torch.rand(shape, generator=generator) - 1.0) * bound)


def array(tensor: Tensor) -> F32:
    """Return a tensor as a float32 numpy array of its own."""
    return np.array(tensor.detach().numpy(), np.float32)
