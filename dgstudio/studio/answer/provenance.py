"""Where an answer comes from, in one line: certified, or new and carried by which examples, or why it is unsure."""

from __future__ import annotations

from collections import Counter

import numpy as np

from dgstudio.studio.answer.answer_text import Line
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.types import Reading, Unsure

CARRIES = 0.5
"""An example carries an answer if its share is at least this part of the strongest one's."""
CERTIFIED_TIP = "Proved for this answer: the same units and bank answered, with the same content, as in that version"
BANK_TIP = (
    "Learned since the last protected version; examples whose share is at least half of the strongest are counted"
)
UNSURE_TIPS = {
    Unsure.STRANGE: "The input is near nothing that was learned: an unplugged sensor, noise, something never shown. "
    "The scores stand; they only name no class.",
    Unsure.CLOSE: "No class leads the next by as much as it must. The scores stand; they only name no class.",
}
"""Where the model itself is unsure: why."""
UNLIKELY_TIP = (
    "The most likely class is less likely than the threshold under Contract and learning (L). Logits and proofs are "
    "not touched by it."
)
BASE_TIP = "The base model answered, but with other units or weights than in the last protected version"


def provenance(reading: Reading, state: StudioState, commands: Bridge) -> Line:
    """Say whether an answer is certified to equal a protected version's, or new and carried by which examples."""
    if reading.unsure == Unsure.UNLIKELY and len(reading.probabilities):
        best = int(np.argmax(reading.probabilities))
        leaning = f"{state.name_of(reading.classes[best])} {reading.probabilities[best]:.2f}"
        words = f"◆ perhaps {leaning}, below {state.abstain:.2f}"
        return Line(((words, "warning", 400),), UNLIKELY_TIP)
    if reading.unsure in UNSURE_TIPS:
        same = f" · as in v{reading.certified}" if reading.certified is not None else ""
        return Line(((f"◆ {_why_unsure(reading, state)}{same}", "warning", 400),), UNSURE_TIPS[reading.unsure])
    if reading.certified is not None:
        return Line(((f"◆ bit-identical to v{reading.certified}", "good", 400),), CERTIFIED_TIP)
    if reading.speaker >= 0:
        bank = f"◆ new: bank {reading.speaker + 1}"
        carried = carriers(reading, state, commands)
        return Line(((f"{bank}, by {carried}" if carried else f"{bank} speaks", "warning", 400),), BANK_TIP)
    if reading.top is None:
        return Line((("no part of the model is sure", "text_muted", 400),))
    return Line((("the base answers, not certified", "text_muted", 400),), BASE_TIP)


def _why_unsure(reading: Reading, state: StudioState) -> str:
    if reading.unsure == Unsure.STRANGE:
        return "too strange: near nothing learned"
    first, second = np.argsort(-reading.logits, kind="stable")[:2]
    return f"too close: {state.name_of(reading.classes[first])} or {state.name_of(reading.classes[second])}"


def carriers(reading: Reading, state: StudioState, commands: Bridge) -> str:
    """Say how many examples of which classes speak for the answer; empty where none does."""
    cells = commands.cells(reading)
    strongest = max((cell.toward for cell in cells), default=0.0)
    if not strongest > 0:
        return ""
    counts = Counter(cell.class_id for cell in cells if cell.toward >= CARRIES * strongest).most_common(2)
    if len(counts) == 1:
        class_id, count = counts[0]
        return f"{count} example{'s' if count > 1 else ''} of {state.name_of(class_id)}"
    # Kept short: it stands in one line.
    return ", ".join(f"{count} of {state.name_of(class_id)}" for class_id, count in counts)


def lead_of(reading: Reading) -> float:
    """Return by how many logits the best class leads the second; infinite where there is no second."""
    best = np.sort(reading.logits)[::-1]
    return float(best[0] - best[1]) if len(best) > 1 else float("inf")
