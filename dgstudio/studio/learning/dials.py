"""What the dials of learning do: a plain sentence each, and what each does to the answers of the last seconds."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from dgstudio.records import dataclass
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.theme.format import grouped, percent
from dgstudio.types import BankState, Reading


class Dial(StrEnum):
    """A dial, by what is written beside it."""

    MOST = "Most at once"
    OPENNESS = "Openness"
    DISAGREEMENT = "Disagreement"
    ABSTAIN = "Unsure below"
    BANK = "Sealed at"
    FEATURES = "Features"


@dataclass(frozen=True, slots=True)
class DialWords:
    """One plain sentence on what a dial does, and what more there is to know of it."""

    sentence: str
    more: str


DIALS: Final = {
    Dial.MOST: DialWords(
        "So many inputs join the protected ones at one time, at most.",
        "Examples that are answered rightly, and recent inputs that are answered surely, as even over the classes and\n"
        "over the regions of their inputs as can be.",
    ),
    Dial.OPENNESS: DialWords(
        "How soon the learning bank opens: wider learns faster, narrower spares more old answers.",
        "It is open where r > τ. What is not protected may be answered otherwise where it opens; sealed banks keep "
        "theirs.",
    ),
    Dial.DISAGREEMENT: DialWords(
        "How much it may agree with what lies below and speak all the same; at 0 only to disagree.",
        "It speaks where its own class leads what lies below by more than −δ.",
    ),
    Dial.ABSTAIN: DialWords(
        "Answers less likely than this count as unsure; what is computed stays the same.",
        "It changes what is shown and sent. Inputs unlike anything learned are unsure in any case.",
    ),
    Dial.BANK: DialWords(
        "So many examples fill the learning bank; then it is sealed for good and a new one begins.",
        "Fewer keep a publish quick, more keep longer what can be unlearned exactly.",
    ),
    Dial.FEATURES: DialWords(
        "So many random features has a model that begins from nothing: more tell finer differences.",
        "They cost more with each answer and publish. Their number is chosen before the first label.",
    ),
}


def effects_of(frame: Frame, state: StudioState) -> dict[Dial, str]:
    """Return what each dial does at present, as a short sentence; a dial of which nothing can be said has none."""
    stats = frame.stats
    effects = {Dial.MOST: f"{grouped(state.protected)} are protected."}
    held = stats.learned - stats.sealed
    effects[Dial.BANK] = f"{grouped(held)} {'is' if held == 1 else 'are'} in it."
    recent = [reading for reading in frame.readings if reading.classes]
    if not recent:
        return effects
    seconds = f"the last {max(1.0, recent[-1].end - recent[0].end):.0f} s"
    banks = [reading for reading in recent if len(reading.bank_r)]
    if banks:
        effects[Dial.OPENNESS] = f"Open on {percent(_share(banks, _is_open))} of {seconds}."
        effects[Dial.DISAGREEMENT] = f"It spoke on {percent(_share(banks, _speaks))}."
    unsure = _share(recent, lambda reading: reading.top is None)
    effects[Dial.ABSTAIN] = f"{percent(unsure)} of {seconds} were unsure."
    return effects


def _is_open(reading: Reading) -> bool:
    return bool(reading.bank_r[-1] > reading.bank_tau[-1])


def _speaks(reading: Reading) -> bool:
    return int(reading.bank_state[-1]) == BankState.SPEAKING


def _share(readings: list[Reading], true: object) -> float:
    assert callable(true)
    return sum(bool(true(reading)) for reading in readings) / len(readings)
