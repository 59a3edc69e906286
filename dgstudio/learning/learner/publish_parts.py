"""The atomic parts of a publish: a learning bank's router, and its read-out of each class.

Any of them may be published alone, in any order and after any delay: a router that is proved closed on the protected
inputs is closed whatever the read-outs are, and a read-out is asked only where the router is open.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dgstudio.model.snapshot import Bank, Snapshot
from dgstudio.records import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A router, with where the examples lie that go with it; or the read-out of one class."""

    class_id: int | None = None
    """None: the router."""


ROUTER = Part()


def parts_between(head: Snapshot, proposal: Snapshot) -> list[Part]:
    """What of a proposal differs from the head, part by part; none where it cannot be cut.

    That is: where there was no learning bank, or will be none; where base, sealed banks or features are others (as
    while a model from nothing is still fitted to its examples); and where τ or δ are.
    """
    same = all(getattr(head, name) is getattr(proposal, name) for name in ("base", "normaliser", "phi", "known"))
    if not (same and head.banks and len(head.banks) == len(proposal.banks)):
        return []
    if any(a is not b for a, b in zip(head.banks[:-1], proposal.banks[:-1], strict=True)):
        return []
    old, new = head.banks[-1], proposal.banks[-1]
    if (old.id, old.tau, old.delta, old.sealed) != (new.id, new.tau, new.delta, new.sealed):
        return []
    found = [ROUTER] if old.router_stamp != new.router_stamp else []
    was, now = old.readout_stamps, new.readout_stamps
    return [*found, *(Part(c) for c in dict.fromkeys((*old.classes, *new.classes)) if was.get(c) != now.get(c))]


def with_part(head: Snapshot, proposal: Snapshot, part: Part) -> Snapshot:
    """The head with one part of a proposal's learning bank; a class that the proposal does not have is left out."""
    old, new = head.banks[-1], proposal.banks[-1]
    if part == ROUTER:
        bank = replace(old, w=new.w, near=new.near, reach=new.reach)
    else:
        bank = _with_readout(old, new, part.class_id)
    return head.with_(banks=(*head.banks[:-1], bank))


def _with_readout(old: Bank, new: Bank, class_id: int | None) -> Bank:
    rows = {c: old.R[place] for place, c in enumerate(old.classes) if c != class_id}
    if class_id is not None and class_id in new.classes:
        rows[class_id] = new.R[new.classes.index(class_id)]
    # In the order that the bank will have at last.
    classes = tuple(c for c in dict.fromkeys((*new.classes, *old.classes)) if c in rows)
    return replace(old, R=np.array([rows[c] for c in classes], np.float32), classes=classes)
