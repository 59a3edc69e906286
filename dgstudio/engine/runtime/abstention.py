"""When the answer is "unsure": one rule for all who answer, for whatever is shown, sent, scored and counted.

Logits and probabilities stand as they are, and so do receipts, certificates and the contract, which are about logits.
"""

from __future__ import annotations

import math

from dgstudio.errors import BadInputError
from dgstudio.model.plan import Answer
from dgstudio.session.file import Session
from dgstudio.types import Unsure

ABSTAIN = "unsure below"
"""Session setting: the threshold."""
MOST = 0.99


def decided(answer: Answer, threshold: float) -> tuple[int, Unsure]:
    """What counts as the answer: the place of its class in the list of classes, or −1 for none, and why it is unsure.

    It is unsure where the model itself says so (`Answer.unsure`: no class leads, else it is unlike anything learned),
    or where the most likely class is less likely than `threshold`.
    """
    if answer.unsure:
        return -1, Unsure.CLOSE if answer.close else Unsure.STRANGE
    if threshold > 0.0 and answer.top >= 0 and float(answer.probabilities.max()) < threshold:
        return -1, Unsure.UNLIKELY
    return answer.top, Unsure.NOT


def checked(threshold: float) -> float:
    """Return the threshold itself. `BadInputError` where it is no probability below 1."""
    if not (math.isfinite(threshold) and 0.0 <= threshold <= MOST):
        raise BadInputError(f"The threshold of “unsure” is {threshold}: choose 0 (never) to {MOST}.")
    return threshold


def kept_threshold(session: Session) -> float:
    """The threshold that a session holds; 0 where it holds none that can be used."""
    kept = session.config(ABSTAIN)
    try:
        return checked(float(kept)) if isinstance(kept, int | float) else 0.0
    except BadInputError:
        return 0.0
