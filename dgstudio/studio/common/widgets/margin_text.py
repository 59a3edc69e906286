"""Margins and bounds in words: how safely an answer was routed, and how much room the protected inputs have."""

from __future__ import annotations

import math
from collections.abc import Callable

from dgstudio.engine.adapt.routing_margins import MOVED, AnswerMargins
from dgstudio.types import PublishRecord, RoutingRoom

SMALL = 0.001
"""Smaller margins are not told apart."""


def answer_words(margins: AnswerMargins) -> str:
    """Return lines about the gates, the banks, and what may or did change; empty where there is none of them."""
    lines = []
    gates = margins.gates
    if gates is not None and math.isfinite(gates.gamma):
        moved = f"until the input moves by {gates.radius:.2g}: then unit {gates.enters} opens for {gates.leaves}"
        lines.append(f"Gate margin γ = {gates.gamma:.2g}. The same units answer {moved}")
    for number, bank in enumerate(margins.banks, 1):
        said = f"Bank {number}: r − τ = {signed(bank.router)}"
        if bank.disagreement is not None and math.isfinite(bank.disagreement):
            said += f", disagreement {signed(bank.disagreement)} above −δ"
        lines.append(said + (" (closed; opens above 0)" if bank.router <= 0 else " (open)"))
    if math.isfinite(margins.routing):
        lines.append(f"Every number of gates and routers may move by {margins.routing:.1g} before this changes")
    if margins.logits:
        lines.append(f"If every weight moved by {MOVED:g}, no logit would move by more than {margins.logits:.2g}")
    if margins.since is not None and len(margins.since[1].classes):
        version, bound = margins.since
        flips = len(bound.flipped)
        units = f"{flips} unit{'' if flips == 1 else 's'} flipped"
        if not flips and bound.routing.any():
            units = "another part answers"
        moved = f"{bound.routing.max():.2g} by routing and {bound.weights.max():.2g} by weights"
        lines.append(f"Since v{version} a logit has moved by at most {moved} ({units})")
    return "\n".join(lines)


def room_words(room: RoutingRoom | None) -> str:
    """Return how much room routing has over the protected inputs; empty before they have been looked at."""
    if room is None:
        return ""
    parts = []
    if room.gates is not None and room.radius is not None:
        parts.append(f"gates γ {_pair(room.gates)}, that is a move of the input of {_pair(room.radius)}")
    if room.routers is not None:
        parts.append(f"routers |r\N{NO-BREAK SPACE}−\N{NO-BREAK SPACE}τ| {_pair(room.routers)}")
    if room.disagreement is not None:
        parts.append(f"disagreement {_pair(room.disagreement)}")
    return f"Room of their routing, least and median: {'; '.join(parts)}." if parts else ""


def cause_words(record: PublishRecord, name_of: Callable[[int | None], str]) -> str:
    """Return whose examples moved the live answer at a publish; empty where none did, or it is not known."""
    shares = [f"{name_of(class_id)} {signed(share)}" for class_id, share in record.live_causes]
    return f"in the logit that moved most, by examples of {', '.join(shares)}" if shares else ""


def signed(value: float) -> str:
    """Return a number with its sign, two digits."""
    return f"{value:+.2f}".replace("-", "−")


def _pair(values: tuple[float, float]) -> str:
    return " and ".join(f"{value:.2g}" if value >= SMALL else f"under {SMALL:g}" for value in values)
