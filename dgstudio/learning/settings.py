"""The numbers that the learner is set up with, and what is wrong with numbers that make no sense."""

from __future__ import annotations

import math

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass

PROOF_GAP = 0.05
"""A protected input's router score must stay this far below τ in the serving kernel."""
PROJECTION_SLACK = 0.02
"""The projection stops as soon as no protected input exceeds its limit by more than this."""
TAU_GAP = 0.08
"""τ lies at least this far above the limit −m: the slack, the proof's gap, and room for rounding to float32."""
LOCKED_BANK, GRADIENT = "locked bank", "gradient"
RULES = (LOCKED_BANK, GRADIENT)
"""The update rules, by name; the first is the default."""


@dataclass(frozen=True, slots=True)
class LearnerSettings:
    """How the learner learns (design 3). Frozen; `check` says what is wrong.

    Parameters
    ----------
    rule
        "locked bank" (a bank above the base, solved in closed form) or "gradient" (the base's own gates and units).
    kappa, mu
        An example weighs κμ/n_class; a class of the base's training set weighs μ in all, one of a sealed bank √κ·μ.
    prior
        β: how much an open bank leans towards the classes that its examples show.
    tau
        Openness: the learning bank is open where r > τ.
    delta
        The learning bank speaks where it disagrees with what lies below by more than −δ.
    margin
        m: the projection brings r of every protected input to −m.
    unsure
        Whether banks keep where their examples lie, so that what is unlike them is "unsure"; else whatever opens a bank
        counts as like something learned.
    features
        D: random Fourier features, used where there is no base (a base brings its own).
    protected
        How many learned examples at most become protected inputs at one seal.
    protected_max
        How many protected inputs there may be in all; D features carry about as many constraints.
    seal_at
        The learning bank is sealed by itself once it holds this many examples.
    max_banks
        Sealed banks at most: each costs every answer a product with its router.
    seed
        Of the random features where there is no base.
    max_rounds
        Sweeps of the projection before a proposal is given up.
    audit_at_publish
        "background": publishes are proved, and audited in slices afterwards; "full": every protected input is also
        re-answered before `step` returns.
    rate, steps_per_example
        Of Adam, where the rule is the gradient.
    gate_temperature
        T_g: backward, a gate is taken for σ(s / T_g).
    halvings
        How often a step of the gates is halved before it is left out, because protected inputs would open other units.
    """

    rule: str = LOCKED_BANK
    kappa: float = 4.0
    mu: float = 50.0
    prior: float = 0.3
    tau: float = -0.5
    delta: float = 0.05
    margin: float = 0.6
    unsure: bool = True
    features: int = 1024
    protected: int = 400
    protected_max: int = 1000
    seal_at: int = 1000
    max_banks: int = 16
    seed: int = 0
    max_rounds: int = 200
    audit_at_publish: str = "background"
    rate: float = 1e-3
    steps_per_example: int = 10
    gate_temperature: float = 0.2
    halvings: int = 6

    @property
    def mass_taught(self) -> float:
        """√κ·μ, what each class of a sealed bank weighs: halfway between what it weighed and what the base's weigh.

        With μ it would lose to what is taught next, with κμ what is taught next would lose to it.
        """
        return math.sqrt(self.kappa) * self.mu

    def check(self) -> LearnerSettings:
        """Return the settings themselves.

        Raises
        ------
        BadInputError
            With a sentence about the first number that cannot be used.
        """
        if self.rule not in RULES:
            raise BadInputError(f"There is no update rule “{self.rule}”: choose {' or '.join(RULES)}.")
        if not (math.isfinite(self.prior) and self.prior >= 0):
            raise BadInputError(f"The learner's β is {self.prior}: give 0 (no leaning) or more.")
        numbers = {"κ": self.kappa, "μ": self.mu, "m": self.margin, "τ": self.tau}
        numbers |= {"rate of Adam": self.rate, "T_g": self.gate_temperature}
        for name, number in numbers.items():
            if not math.isfinite(number):
                raise BadInputError(f"The learner's {name} is {number}: give it a finite number.")
        for name in ("κ", "μ", "m", "rate of Adam", "T_g"):
            if numbers[name] <= 0:
                raise BadInputError(f"The learner's {name} is {numbers[name]}: it must be above 0.")
        if math.isnan(self.delta) or self.delta < 0:
            raise BadInputError(f"δ is {self.delta}: give 0 (speak only to disagree), more, or inf (always speak).")
        # Rounded, so that the dial's end (−m + 0.08 itself) is not refused for a bit of binary fraction.
        if round(self.tau - (TAU_GAP - self.margin), 9) < 0:
            raise BadInputError(
                f"Openness τ = {self.tau:g} leaves no room below it for protected inputs: "
                f"choose {TAU_GAP - self.margin:.2f} or more."
            )
        if self.tau >= 1:
            raise BadInputError(f"Openness τ = {self.tau:g} would keep every bank closed: choose less than 1.")
        for name, count in (
            ("random features", self.features),
            ("protected inputs in all", self.protected_max),
            ("examples before sealing", self.seal_at),
            ("sealed banks", self.max_banks),
            ("rounds of the projection", self.max_rounds),
            ("Adam steps an example", self.steps_per_example),
        ):
            if count < 1:
                raise BadInputError(f"The number of {name} is {count}: it must be at least 1.")
        if self.halvings < 0:
            raise BadInputError(f"The number of halvings of a step is {self.halvings}: give 0 or more.")
        if self.protected < 0:
            raise BadInputError(f"The number of inputs protected at a seal is {self.protected}: give 0 or more.")
        if self.audit_at_publish not in ("background", "full"):
            raise BadInputError(f"Audit at publish “{self.audit_at_publish}” is not one of: background, full.")
        return self
