"""The papers' rule: Adam on the base's own gates and units, held to what protected inputs do not use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import field, replace

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError, Rejected
from dgstudio.learning.bank.out_of_distribution import with_taught
from dgstudio.learning.contract.contract import active_units
from dgstudio.learning.rules.conventional import BATCH, RECENT
from dgstudio.learning.rules.dense import Adam, softmax
from dgstudio.learning.settings import GRADIENT, LearnerSettings
from dgstudio.model.ood_reference import Known
from dgstudio.model.snapshot import Base, Snapshot
from dgstudio.reasons.refused import ClassesUnknown, Fault, Faulty, Gates, NothingMoves
from dgstudio.records import dataclass
from dgstudio.types import F32, Example, Mode

BLOCK = 16
"""Examples in a proposal, so that a long queue does not hold up the next publish."""

Columns = npt.NDArray[np.intp]


@dataclass(slots=True, eq=False)
class _AdamState:
    """What goes on from one published proposal to the next."""

    rng: np.random.Generator
    routing: Adam
    weights: Adam
    recent: list[int] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Moving:
    """A base on its way: gates Θ, c and units W1, b1, V are writeable copies, all else is still the base's."""

    base: Base
    theta: F32
    c: F32
    W1: F32
    b1: F32
    V: F32

    @classmethod
    def of(cls, base: Base) -> Moving:
        """At the start."""
        return cls(base, base.theta.copy(), base.c.copy(), base.W1.copy(), base.b1.copy(), base.V.copy())

    def at_rest(self) -> Base:
        """The base that it has become; arrays that have not moved are the old ones."""
        pairs = {name: (getattr(self, name), getattr(self.base, name)) for name in ("theta", "c", "W1", "b1", "V")}
        moved = {name: new for name, (new, old) in pairs.items() if new.tobytes() != old.tobytes()}
        return replace(self.base, **moved) if moved else self.base


class GradientRule:
    """A few Adam steps an example on the cross-entropy of the base's logits, one thread at a time.

    s = Θ ψ(x) + c, m = top-k(s), y = Vᵀ (m ⊙ relu(W1 x + b1)) + b2; forward the gates are hard, backward
    ∂m/∂s is taken for that of σ(s / T_g) (the straight-through estimator). b2, k, ψ, the class list, the normaliser, φ
    and the banks stay. Two things hold the displacement of each step, after Adam, since momentum moves entries whose
    gradient is zero:

    - *units*: rows of W1, b1 and V move only for units that no protected input opens;
    - *gates*: Θ and c move only as far as every protected input opens the very same units. A step that would go further
      is halved, at most `settings.halvings` times, and then left out. (Which (Θ, c) keep the sets is convex, so halving
      leads back to them.) The serving kernel has the last word.

    A proposal in which nothing can move is rejected. Gradient steps cannot be undone: what is forgotten is only left
    out of the batches to come.

    Parameters
    ----------
    settings
        Rate, steps, T_g, halvings and seed.
    head
        The version to go on from; it must have a base.
    protected
        Raw inputs (N, d).
    learned
        Examples that `head` has learned by this rule already: batches are drawn from the newest of them as well.
    name_of
        Names a class in reasons.

    Raises
    ------
    BadInputError
        If `head` has no base.
    """

    name = GRADIENT
    unlearns = False

    def __init__(
        self,
        settings: LearnerSettings,
        head: Snapshot,
        protected: F32,
        *,
        learned: Sequence[Example] = (),
        name_of: Callable[[int], str] = "class {}".format,
    ) -> None:
        base = head.base
        if base is None:
            raise BadInputError("The gradient rule moves a base, and this model has none: choose the locked bank.")
        self.settings = settings
        self.held_still: tuple[int, int] | None = None
        self._name_of = name_of
        self._known = base.classes
        self._normaliser = head.normaliser
        self._protected = protected
        self._active = active_units(base, head.normaliser, protected)
        self.free = np.ones(base.hidden, bool)
        """Units (H,) that no protected input opens."""
        self.free[self._active.ravel()] = False
        x = self._protected_x = self._normalised(protected.reshape(-1, base.inputs))
        self._gate_inputs: F32 = x if base.psi is None else x @ base.psi.T
        shut = np.ones((len(protected), base.hidden), bool)
        np.put_along_axis(shut, self._active, False, axis=1)
        self._inactive = np.nonzero(shut)[1].reshape(len(protected), base.hidden - base.k)
        self._features: dict[int, F32] = {e.id: self._normalised(e.features) for e in learned[-RECENT:]}
        self._class_ids: dict[int, int] = {e.id: e.class_id for e in learned}
        self._waiting: dict[int, None] = {}
        self._refused: dict[int, int] = {}
        # With the version, so that a rule made anew does not draw the same batches again.
        rng = np.random.default_rng((settings.seed, head.version))
        self._state = _AdamState(rng, Adam(settings.rate), Adam(settings.rate), list(self._class_ids)[-RECENT:])
        self._next: _AdamState | None = None
        self._block: tuple[int, ...] = ()
        self._held = self._steps = 0

    # -- the set of examples -----------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._class_ids)

    @property
    def offered_modes(self) -> tuple[Mode, ...]:
        """All: gates and units move apart."""
        return (Mode.OFF, Mode.ROUTING, Mode.WEIGHTS, Mode.BOTH)

    @property
    def learned(self) -> dict[int, int]:
        """Example id → class id of what was learned and of what waits."""
        return dict(self._class_ids)

    @property
    def proposed(self) -> dict[int, int]:
        """What was learned, the examples of the last proposal included."""
        waits = self._waiting.keys() - set(self._block)
        return {i: c for i, c in self._class_ids.items() if i not in waits}

    def absorb(self, examples: Sequence[Example]) -> None:
        """Take examples in; one that is there with this label is not learned again, nor one that was refused."""
        for example in examples:
            if self._refused.get(example.id) == example.class_id:
                continue
            self._refused.pop(example.id, None)
            if self._class_ids.get(example.id) != example.class_id:
                self._features[example.id] = self._normalised(example.features)
                self._class_ids[example.id] = example.class_id
                self._waiting[example.id] = None

    def forget(self, ids: Iterable[int]) -> None:
        """Leave examples out of what comes; ids that are not here are passed over."""
        for example_id in ids:
            self._drop(example_id)
            self._refused.pop(example_id, None)

    def get_ready(self) -> None:
        """Nothing to do: each proposal begins from the version that there is."""

    def reconsider(self) -> None:
        """Let what was refused be absorbed again."""
        self._refused.clear()

    # -- proposing ---------------------------------------------------------------------------------------------

    def propose(self, head: Snapshot, mode: Mode) -> Snapshot:
        """Make a child of `head` whose base has learned the next waiting examples; `head` itself where none wait.

        Raises
        ------
        Rejected
            For classes that the base does not know, and where nothing may move. These examples are refused from now
            on, until `reconsider`; nothing else of the rule's state changes.
        """
        self._next, self._block, self.held_still = None, (), None
        self._refuse_unknown()
        block = tuple(self._waiting)[:BLOCK]
        if not block:
            return head
        assert head.base is not None, "a base does not go away"
        state = deepcopy(self._state)
        moving = Moving.of(head.base)
        self._held = self._steps = 0
        for example_id in block:
            state.recent = [*(i for i in state.recent if i != example_id), example_id][-RECENT:]
            for _ in range(self.settings.steps_per_example):
                self._step(moving, state, mode)
        if not all(np.isfinite(array).all() for array in (moving.W1, moving.b1, moving.V)):
            self._refuse(block)
            raise Rejected(Faulty(Fault.GRADIENT_NOT_FINITE))
        base = self._confirmed(moving)
        if base is head.base:
            self._refuse(block)
            raise Rejected(self._why_nothing_moved(head.base, mode))
        if self._held:
            self.held_still = self._held, self._steps
        self._next, self._block = state, block
        return head.with_(base=base, known=self._known_after(head, block))

    def accept(self) -> None:
        """Go on from the last proposal: its examples are learned, moments and draws are what they came to."""
        if self._next is not None:
            self._state = self._next
        for example_id in self._block:
            self._waiting.pop(example_id, None)
        # What no batch can draw any more is only counted.
        needed = {*self._state.recent, *self._waiting}
        self._features = {i: x for i, x in self._features.items() if i in needed}
        self._next, self._block = None, ()

    def evidence(self, snapshot: Snapshot) -> None:
        """None: no sum over examples gives what a gradient has learned."""

    def set_dials(self, tau: float, delta: float) -> None:
        """Nothing to do: openness belongs to banks."""
        self.settings = replace(self.settings, tau=tau, delta=delta).check()

    # -- steps -------------------------------------------------------------------------------------------------

    def _step(self, moving: Moving, state: _AdamState, mode: Mode) -> None:
        X, columns = self._batch(state)
        routing, weights = gradients(moving, X, columns, self.settings.gate_temperature)
        if mode in (Mode.ROUTING, Mode.BOTH):
            self._steps += 1
            self._move_gates(moving, *state.routing.displacement(routing))
        if mode in (Mode.WEIGHTS, Mode.BOTH):
            for name, change in zip(("W1", "b1", "V"), state.weights.displacement(weights), strict=True):
                array = getattr(moving, name)
                array[self.free] += change[self.free]

    def _batch(self, state: _AdamState) -> tuple[F32, Columns]:
        """The newest example and others of the recent ones: inputs (n, d) and columns of V (n,)."""
        recent = [i for i in state.recent if i in self._features]
        drawn = state.rng.integers(len(recent), size=min(BATCH, len(recent)) - 1)
        ids = [recent[-1], *(recent[i] for i in drawn.tolist())]
        columns = [self._known.index(self._class_ids[i]) for i in ids]
        return np.array([self._features[i] for i in ids]), np.array(columns, np.intp)

    def _move_gates(self, moving: Moving, theta: F32, c: F32) -> None:
        """Move the gates by as much of a displacement as leaves every protected input's active set alone."""
        if not len(self._protected):
            moving.theta += theta
            moving.c += c
            return
        now = self._gate_inputs @ moving.theta.T + moving.c
        change = self._gate_inputs @ theta.T + c
        open_now, open_change, shut_now, shut_change = (
            np.take_along_axis(scores, units, 1) for units in (self._active, self._inactive) for scores in (now, change)
        )
        for halved in range(self.settings.halvings + 1):
            share = np.float32(0.5**halved)
            lowest = (open_now + share * open_change).min(1)
            highest = (shut_now + share * shut_change).max(1, initial=-np.inf)
            # Written so that a NaN counts as a change.
            if (lowest > highest).all():
                moving.theta += share * theta
                moving.c += share * c
                return
        self._held += 1

    def _confirmed(self, moving: Moving) -> Base:
        """The base at rest, its gates drawn back by halves until the serving kernel itself opens the same units."""
        old, base = moving.base, moving.at_rest()
        for halved in range(self.settings.halvings + 1):
            still = base.theta is old.theta and base.c is old.c
            if still or np.array_equal(active_units(base, self._normaliser, self._protected), self._active):
                return base
            share = np.float32(0.5 ** (halved + 1))
            theta, c = (getattr(old, n) + share * (getattr(moving, n) - getattr(old, n)) for n in ("theta", "c"))
            base = replace(moving, theta=theta, c=c).at_rest()
        self._held = self._steps
        return replace(moving, theta=old.theta, c=old.c).at_rest()

    # -- inside ------------------------------------------------------------------------------------------------

    def _known_after(self, head: Snapshot, block: Sequence[int]) -> Known | None:
        """What the base knows once it has learned these: an answer that was taught must not be called unsure."""
        if head.known is None:
            return None
        return with_taught(head.known, np.array([self._features[i] for i in block]), self._protected_x)

    def _normalised(self, raw: F32) -> F32:
        raw = np.asarray(raw, np.float32)
        return raw if self._normaliser is None else self._normaliser(raw)

    def _drop(self, example_id: int) -> None:
        for held in (self._features, self._class_ids, self._waiting):
            held.pop(example_id, None)

    def _refuse(self, ids: Iterable[int]) -> None:
        for example_id in list(ids):
            self._refused[example_id] = self._class_ids[example_id]
            self._drop(example_id)

    def _refuse_unknown(self) -> None:
        unknown = [i for i in self._waiting if self._class_ids[i] not in self._known]
        if not unknown:
            return
        names = tuple(self._name_of(c) for c in dict.fromkeys(self._class_ids[i] for i in unknown))
        self._refuse(unknown)
        raise Rejected(ClassesUnknown(names))

    def _why_nothing_moved(self, base: Base, mode: Mode) -> NothingMoves:
        gates = free = None
        if mode in (Mode.ROUTING, Mode.BOTH):
            gates = Gates.HELD if self._held else Gates.NO_GRADIENT
        if mode in (Mode.WEIGHTS, Mode.BOTH):
            free = int(self.free.sum())
        return NothingMoves(gates, self.settings.halvings, free, base.hidden)


def gradients(
    moving: Moving, X: F32, columns: Columns, temperature: float
) -> tuple[tuple[F32, F32], tuple[F32, F32, F32]]:
    """Gradients of the mean cross-entropy over normalised inputs X (n, d) whose columns of V are (n,).

    Returns those of (Θ, c), by the straight-through estimator with this T_g, and those of (W1, b1, V).
    """
    base = moving.base
    F: F32 = X if base.psi is None else X @ base.psi.T
    s: F32 = F @ moving.theta.T + moving.c
    m: F32 = np.zeros_like(s)
    np.put_along_axis(m, np.argsort(-s, axis=1, kind="stable")[:, : base.k], np.float32(1), axis=1)
    before: F32 = X @ moving.W1.T + moving.b1
    h: F32 = np.maximum(before, np.float32(0))
    u: F32 = m * h
    slope = softmax(u @ moving.V + base.b2)
    slope[np.arange(len(X)), columns] -= 1
    slope /= np.float32(len(X))
    back: F32 = slope @ moving.V.T
    soft: F32 = np.float32(0.5) + np.float32(0.5) * np.tanh(s / np.float32(2 * temperature))
    by_score: F32 = back * h * soft
    by_score *= (1 - soft) / np.float32(temperature)
    by_unit: F32 = back * m
    by_unit[before <= 0] = 0
    return (by_score.T @ F, by_score.sum(0)), (by_unit.T @ X, by_unit.sum(0), u.T @ slope)
