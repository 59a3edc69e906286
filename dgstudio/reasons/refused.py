"""Why something was not published, and why examples wait or stay."""

from __future__ import annotations

from enum import StrEnum

from dgstudio.reasons.reason import Reason, capital, example_count, how_many, joined
from dgstudio.records import dataclass


class Fault(StrEnum):
    """What a proposal is refused for, where there is no more to say of it than that."""

    SUMS_DAMAGED = "sums damaged"
    SUMS_NOT_FINITE = "sums not finite"
    REGRESSION_NOT_FINITE = "regression not finite"
    WEIGHTS_NOT_FINITE = "weights not finite"
    WEIGHTS_TOO_LARGE = "weights too large"
    GRADIENT_NOT_FINITE = "gradient not finite"
    BASE_NOT_FINITE = "base not finite"
    NO_READOUT = "no read-out"
    BASE_CHANGED = "base changed"
    NORMALISER_CHANGED = "normaliser changed"
    PHI_CHANGED = "phi changed"
    KNOWN_CHANGED = "known changed"
    BANKS_OUT_OF_ORDER = "banks out of order"
    LEARNING_FAILED = "learning failed"


_WAIT = "the examples since the last publish wait"
_NOT = "it was not published"
_FAULTS = {
    Fault.SUMS_DAMAGED: "the base's statistics cannot be inverted: its sums are damaged; load another base model",
    Fault.SUMS_NOT_FINITE: "the base's statistics hold numbers that are not finite: load another base model",
    Fault.REGRESSION_NOT_FINITE: f"the regression gave numbers that are not finite; {_WAIT}",
    Fault.WEIGHTS_NOT_FINITE: f"the regression gave weights that are not finite; {_WAIT}",
    Fault.WEIGHTS_TOO_LARGE: f"the learned weights are too large for float32; {_WAIT}",
    Fault.GRADIENT_NOT_FINITE: "the gradient of these examples is not finite: they are left out",
    Fault.BASE_NOT_FINITE: f"the base of the proposal holds numbers that are not finite; {_NOT}",
    Fault.NO_READOUT: "there is no read-out yet that routing could open: learn with both first",
    Fault.BASE_CHANGED: f"the proposal changes the base, which protected inputs use; {_NOT}",
    Fault.NORMALISER_CHANGED: f"the proposal changes the normaliser, which protected inputs use; {_NOT}",
    Fault.PHI_CHANGED: f"the proposal changes the phi, which protected inputs use; {_NOT}",
    Fault.KNOWN_CHANGED: f"the proposal changes what is known, which protected inputs use; {_NOT}",
    Fault.BANKS_OUT_OF_ORDER: f"the banks of the proposal are not in the order of their birth; {_NOT}",
    Fault.LEARNING_FAILED: "learning them failed",
}


@dataclass(frozen=True, slots=True)
class Faulty(Reason):
    """A fault that has no fields."""

    fault: Fault

    @property
    def words(self) -> str:
        """What is wrong, and what comes of it."""
        return _FAULTS[Fault(self.fault)]


@dataclass(frozen=True, slots=True)
class ExamplesNotFinite(Reason):
    """So many examples hold numbers that are not finite."""

    count: int

    @property
    def words(self) -> str:
        """As in "2 examples left out: their numbers are not finite"."""
        return f"{example_count(self.count)} left out: their numbers are not finite"


@dataclass(frozen=True, slots=True)
class IllConditioned(Reason):
    """The regression over so many examples cannot be trusted; `rcond` is 1 / condition."""

    examples: int
    rcond: float

    @property
    def words(self) -> str:
        """With what to do."""
        return (
            f"the regression over {self.examples} examples is ill-conditioned (1/condition {self.rcond:.1e}): {_WAIT}; "
            "lower κ, or remove examples that repeat each other"
        )


@dataclass(frozen=True, slots=True)
class RouterNotClosed(Reason):
    """No router was found within `rounds` rounds that is closed on all `inputs` protected inputs."""

    inputs: int
    rounds: int

    @property
    def words(self) -> str:
        """With what to do."""
        return (
            f"the router could not be kept closed on all {self.inputs} protected inputs within {self.rounds} rounds: "
            "the new examples lie too close to protected ones. Label clearer examples, or release the protected inputs"
        )


@dataclass(frozen=True, slots=True)
class BankWouldOpen(Reason):
    """A bank would come within `gap` of opening on a protected input."""

    bank: int
    number: int
    r: float
    tau: float
    gap: float

    @property
    def words(self) -> str:
        """With its numbers."""
        return (
            f"bank {self.bank} would come within {self.gap} of opening on protected input {self.number} "
            f"(r = {self.r:.6f}, τ = {self.tau:g}); {_NOT}"
        )


@dataclass(frozen=True, slots=True)
class BitsWouldChange(Reason):
    """So many bits of protected answers would be others."""

    bits: int

    @property
    def words(self) -> str:
        """As in "12 bits of protected answers would change"."""
        return f"{self.bits} bits of protected answers would change; {_NOT}"


@dataclass(frozen=True, slots=True)
class BaseMoved(Reason):
    """A rule that never moves the base has proposed another one."""

    rule: str

    @property
    def words(self) -> str:
        """Naming the rule."""
        return f"the proposal changes the base, which the {self.rule} never moves; {_NOT}"


@dataclass(frozen=True, slots=True)
class BankWouldChange(Reason):
    """A bank that protected inputs may use would be another."""

    bank: int

    @property
    def words(self) -> str:
        """Naming the bank."""
        return f"bank {self.bank}, which protected inputs may use, would change; {_NOT}"


@dataclass(frozen=True, slots=True)
class BankNotFinite(Reason):
    """A bank of the proposal holds numbers that are not finite."""

    bank: int

    @property
    def words(self) -> str:
        """Naming the bank."""
        return f"bank {self.bank} of the proposal holds numbers that are not finite; {_NOT}"


@dataclass(frozen=True, slots=True)
class OtherUnits(Reason):
    """A protected input would open other units."""

    number: int

    @property
    def words(self) -> str:
        """Naming the input."""
        return f"protected input {self.number} would open other units; {_NOT}"


@dataclass(frozen=True, slots=True)
class UnitWouldChange(Reason):
    """A unit that a protected input opens would be another."""

    unit: int
    number: int

    @property
    def words(self) -> str:
        """Naming both."""
        return f"unit {self.unit}, which protected input {self.number} opens, would change; {_NOT}"


@dataclass(frozen=True, slots=True)
class VerdictWouldTurn(Reason):
    """A protected input would be called unsure, or no longer."""

    number: int

    @property
    def words(self) -> str:
        """Naming the input."""
        return f"protected input {self.number} would be called unsure, or no longer; {_NOT}"


@dataclass(frozen=True, slots=True)
class NothingToProtect(Reason):
    """No bank can be sealed and no input protected; `room`: whether more could be protected at all."""

    protected: int
    room: bool

    @property
    def words(self) -> str:
        """As in "400 inputs are protected, and there is no room for more"."""
        why = "nothing more is answered rightly" if self.room else "there is no room for more"
        return f"{self.protected} inputs are protected, and {why}"


@dataclass(frozen=True, slots=True)
class ClassesUnknown(Reason):
    """The base does not know these classes, and the gradient cannot give it one."""

    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """With what to do."""
        return (
            f"the base does not know {joined(self.names)}, and the gradient cannot give it a class more: "
            "choose the locked bank"
        )


class Gates(StrEnum):
    """Why the gates do not move."""

    NO_GRADIENT = "no gradient"
    HELD = "held"
    """Each step, even halved, would have protected inputs open other units."""


@dataclass(frozen=True, slots=True)
class NothingMoves(Reason):
    """The gradient may move neither the gates nor the weights; None for what it was not to move.

    `halvings` is how often a step of the gates was halved; `free` how many of `units` no protected input opens.
    """

    gates: Gates | None
    halvings: int
    free: int | None
    units: int

    @property
    def words(self) -> str:
        """Why neither moves."""
        said = []
        if self.gates is not None:
            said.append(
                f"each step of the gates, even halved {self.halvings} times, would have protected inputs open other "
                "units"
                if self.gates == Gates.HELD
                else "the gates get no gradient from these examples"
            )
        if self.free is not None:
            said.append(
                f"none of the {self.free} units that no protected input opens is opened by these examples"
                if self.free
                else f"each of the {self.units} units is opened by some protected input"
            )
        return f"nothing may move: {', and '.join(said)}"


@dataclass(frozen=True, slots=True)
class NoMoreBanks(Reason):
    """So many banks are sealed that no more may be."""

    banks: int

    @property
    def words(self) -> str:
        """With what to do."""
        return (
            f"the model has {how_many(self.banks, 'sealed bank')}, the most that serving stays quick with: "
            "roll back, or choose “Train a new base from all examples”"
        )


@dataclass(frozen=True, slots=True)
class NoRoom(Reason):
    """So many labelled examples wait, for the learning bank has no room; `full`: no bank can be sealed any more."""

    waiting: int
    full: NoMoreBanks | None

    @property
    def words(self) -> str:
        """As in "3 examples wait, not learned yet. The learning bank cannot be sealed"."""
        why = "the learning bank cannot be sealed" if self.full is None else self.full.words
        return f"{example_count(self.waiting)} wait, not learned yet. {capital(why)}"


@dataclass(frozen=True, slots=True)
class LearningOff(Reason):
    """Labels wait, for the user has switched learning off."""

    @property
    def words(self) -> str:
        """The same for all."""
        return "learning is off"


@dataclass(frozen=True, slots=True)
class ExamplesAside(Reason):
    """Labels wait, for a roll-back set them aside."""

    @property
    def words(self) -> str:
        """With what to do."""
        return "a roll-back set its examples aside: “Resume parked examples” learns them again"


@dataclass(frozen=True, slots=True)
class StaysLearned(Reason):
    """Examples that were taken back and that cannot be unlearned, or not yet.

    So many are `sealed`, the first of them in `bank`, which was sealed after version `before`; so many learned
    `in_base`; so many will be unlearned when the locked bank learns again.
    """

    sealed: int
    bank: int | None
    before: int | None
    in_base: int
    later: int

    @property
    def words(self) -> str:
        """Each with what to do."""
        said = []
        if self.sealed:
            said.append(
                f"{example_count(self.sealed)} sealed in bank {self.bank} cannot be unlearned: "
                f"roll back to v{self.before} to go before the seal"
            )
        if self.in_base:
            said.append(
                f"{example_count(self.in_base)} learned in the base itself cannot be unlearned, only left out of what "
                "comes: roll back to a version before them, or train a new base"
            )
        if self.later:
            said.append(f"{example_count(self.later)} will be unlearned when the locked bank learns again")
        return "; ".join(said)
