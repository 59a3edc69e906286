"""Which versions changed something, and what they had learned, line by line."""

from __future__ import annotations

from html import escape

from dgstudio.engine.inspection.comparing.blame import Blame, Blamed
from dgstudio.engine.inspection.unit_figures import UnitChange
from dgstudio.studio.bridge.state import StudioState

MOST = 8


def lines(found: Blame, state: StudioState) -> list[str]:
    """Return a line a version, newest first, as rich text; the last one says how far back it was looked."""
    rows = [
        f"<b>v{each.change.version}</b>: {_moved(each)} · {_learned(each, state)}" for each in found.found[::-1][:MOST]
    ]
    if not rows:
        rows.append("No version has changed it.")
    elif len(found.found) > MOST:
        rows.append(f"and {len(found.found) - MOST} earlier ones")
    looked = len(found.looked_at)
    if looked < found.reachable:
        rows.append(f"looked at {looked} of {found.reachable} versions")
    return rows


def _moved(each: Blamed) -> str:
    change = each.change
    if isinstance(change, UnitChange):
        return unit_words(change)
    parts = [] if not change.base else [f"base {change.base:.2g}"]
    if change.base is None:
        parts.append("another base altogether")
    count = len(change.banks)
    if count:
        size = max((size for _, size in change.banks), default=0.0)
        parts.append(f"read-out of {count} bank{'s' if count != 1 else ''}, by {size:.2g}")
    return ", ".join(parts)


def unit_words(change: UnitChange) -> str:
    """Return what a version changed in a unit, as sizes."""
    if change.routing is None or change.incoming is None or change.outgoing is None:
        return "another base altogether"
    parts = (("gate", change.routing), ("incoming", change.incoming), ("outgoing", change.outgoing))
    return ", ".join(f"{name} {size:.2g}" for name, size in parts if size) or "moved by less than can be told"


def _learned(each: Blamed, state: StudioState) -> str:
    learned = each.learned
    parts = [f"{count} of {escape(state.name_of(c))}" for c, count in learned.by_class.items()]
    told = [f"learned {', '.join(parts)}"] if parts else []
    told += [f"{len(learned.forgotten)} taken back"] if learned.forgotten else []
    told += [f"{len(learned.relabelled)} relabelled"] if learned.relabelled else []
    return ", ".join(told) or "nothing learned"
