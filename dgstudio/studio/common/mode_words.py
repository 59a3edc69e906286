"""What the modes of learning and its rules are called, each with one plain sentence."""

from __future__ import annotations

from typing import Final

from dgstudio.types import Mode

MODE_WORDS: Final = {
    Mode.OFF: ("Off", "Nothing is learned; labels are kept for later"),
    Mode.ROUTING: ("Routing", "Only which units answer may change"),
    Mode.WEIGHTS: ("Weights", "Only what units compute may change"),
    Mode.BOTH: ("Both", "Routing and weights may change, within the contract"),
}
RULES: Final = {
    "locked bank": ("Locked bank", "Solved in closed form beside the base; learns new classes, unlearns exactly."),
    "gradient": ("Gradient", "Adam on the base’s own gates and units, the papers’ rule; no new classes."),
}


def mode_sentence(mode: Mode) -> str:
    """Return what a mode means, as a sentence with its name."""
    name, words = MODE_WORDS[mode]
    return f"{name}: {words[0].lower()}{words[1:]}."
