"""What is answered: a reading a hop, its receipt, and what a twin said to the same."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

from dgstudio.records import dataclass
from dgstudio.types.arrays import F32, I32, U8
from dgstudio.types.learning import Mode

BASE = -1
"""`Reading.speaker` where the base answered."""
NOBODY = -2
"""`Reading.speaker` where no part of the snapshot answers."""


class BankState(IntEnum):
    """What a bank did on one input."""

    CLOSED = 0
    SILENT = 1
    SPEAKING = 2


class Receipt(NamedTuple):
    """What replays an answer: digests (hex) of the input, the snapshot, the active units and the logits.

    A tuple, for one is made with every answer: a frozen dataclass takes four times as long to make.
    """

    input: str
    version: int
    digest: str
    active: str
    logits: str
    kernel: str


class Unsure(StrEnum):
    """Why an answer names no class although there are some."""

    NOT = ""
    STRANGE = "strange"
    """The model itself says so: the input is unlike anything learned."""
    CLOSE = "close"
    """The model itself says so: no class leads the next by as much as it must."""
    UNLIKELY = "unlikely"
    """The class is less probable than the user wants."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One answer. Arrays are read-only by convention; `classes` names the columns of `logits`.

    `features` (d,) float32 raw; `active` (k,) int32 ascending; `activations` (k,) float32 of those units;
    `bank_r`, `bank_state`, one entry a bank; `margin` is s_(k) − s_(k+1) of the base (inf without a base).
    """

    hop: int
    start: float
    end: float
    version: int
    digest: str
    features: F32
    active: I32
    activations: F32
    bank_r: F32
    bank_tau: F32
    bank_state: U8
    speaker: int
    margin: float
    classes: tuple[int, ...]
    logits: F32
    probabilities: F32
    top: int | None
    """Class id of the answer; None while there is no class or the answer is "unsure"."""
    latency_us: float
    """Features in hand → probabilities."""
    arrival_wall: float
    """When the sample that completed the hop entered the ring."""
    ready_wall: float
    """When this reading became readable."""
    truth: str | None = None
    certified: int | None = None
    """The last protected version that this answer is certified to equal, if it is."""
    receipt: Receipt | None = None
    sample: int = 0
    """Running number of the sample after the window's last one, in the sample ring."""
    unsure: Unsure = Unsure.NOT
    """Why `top` is None, where there are classes."""

    @property
    def confidence(self) -> float:
        """Probability of the top class, 0 where there is none."""
        return float(self.probabilities.max()) if self.top is not None and len(self.probabilities) else 0.0


class TwinKind(StrEnum):
    """A model that ours is compared with on the same stream and labels."""

    IN_PLACE = "in_place"
    """Conventional: fine-tuned, every step written into the arrays that are read."""
    SWAP = "swap"
    """Conventional: fine-tuned, published by swapping one reference."""
    REPLAY = "replay"
    """Conventional: half of each step rehearses the protected inputs, class by class; published by swap."""
    OURS_OFF = "ours_off"
    """Our own model, that learns nothing; likewise below, in each of its modes."""
    OURS_ROUTING = "ours_routing"
    OURS_WEIGHTS = "ours_weights"
    OURS_BOTH = "ours_both"

    @property
    def mode(self) -> Mode | None:
        """The mode in which it learns, where it is our own model; None of a conventional one."""
        return Mode(self.removeprefix("ours_")) if self.startswith("ours_") else None


class TwinState(StrEnum):
    """What the arrays were from which a twin answered, from best to worst."""

    VERSION = "version"
    """Whole, and a published version."""
    UNPUBLISHED = "unpublished"
    """Whole, never a version."""
    TORN = "torn"
    """They changed during the read."""
    UNATTRIBUTED = "unattributed"
    """Torn, and equal to no state that ever was."""


@dataclass(frozen=True, slots=True, eq=False)
class TwinReading:
    """An answer of a twin to the same hop; `truth` is the hop's own."""

    hop: int
    end: float
    classes: tuple[int, ...]
    probabilities: F32
    top: int | None
    state: TwinState
    latency_us: float
    truth: str | None = None
