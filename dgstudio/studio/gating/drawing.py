"""The picture that each view makes of the figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from dgstudio.engine.evaluation.active_learning import SEEN
from dgstudio.studio.gating.pictures import Axis, Bars, Cells, Dots, Level, Line, Picture, Role, even_edges
from dgstudio.studio.gating.seen import Seen
from dgstudio.studio.gating.views import View
from dgstudio.studio.theme.format import grouped, percent, seconds

UNSEEN: Final = 1.0 - SEEN / (2.0 - SEEN)
"""A pattern this unlike all known ones (1 − overlap) shares less than `SEEN` of its units with each of them."""
WRITTEN_MOST = 12
"""So many classes at most have their numbers in the cells."""
NOTED_MOST = 60
AGO = "stream seconds before the live edge"


def picture_of(view: View, seen: Seen) -> Picture:
    """Return the picture of a view that has something to show."""
    return _PICTURES[view](seen)


def _shares(seen: Seen) -> Picture:
    shares, figures = seen.figures.shares, seen.figures
    names = tuple(map(seen.name_of, shares.classes))
    counts = shares.counts.tolist()
    words = tuple(
        tuple(f"unit {unit} on {name}, of {grouped(n)} inputs" for unit in range(figures.units))
        for name, n in zip(names, counts, strict=True)
    )
    colours = tuple(map(seen.colour_of, shares.classes))
    y = Axis("class", names)
    hint = "Full colour: fires on all inputs of the class."
    return Cells(Axis("unit"), y, shares.shares, colours, words, of_units=True, hint=hint)


def _overlap(seen: Seen) -> Picture:
    overlap = seen.figures.overlap
    names = tuple(map(seen.name_of, overlap.classes))
    words = tuple(tuple(f"{a} and {b}" if a != b else f"{a}, two inputs of it" for b in names) for a in names)
    colours = ("base_unit",) * len(names)
    axis, written = Axis("class", names), len(names) <= WRITTEN_MOST
    hint = "Share of the units, of those that either input opens, that both open (Jaccard), on average."
    return Cells(axis, axis, overlap.overlap, colours, words, written=written, hint=hint)


def _margins(seen: Seen) -> Picture:
    spread = seen.figures.margins
    total, below = int(spread.counts.sum()), 0
    words, rows = [], []
    for left, right, count in zip(spread.edges, spread.edges[1:], spread.counts.tolist(), strict=False):
        below += count
        words.append(f"γ {left:.3f} to {right:.3f}: {grouped(count)} inputs · {percent(below / total)} are below")
        rows.append((float(left), float(right), count))
    return Bars(
        Axis("γ: lead of the last unit that fires, in scores"),
        Axis("inputs"),
        spread.edges,
        spread.counts.astype(np.float64),
        ("base_unit",),
        tuple(words),
        ("γ from", "γ to", "inputs"),
        tuple(rows),
        hint="Further left, a smaller change of the gates' weights would change which units fire.",
    )


def _units(seen: Seen) -> Picture:
    load = seen.figures.load
    partners: dict[int, tuple[int, float]] = {}
    for a, b, overlap in load.redundant:
        partners.setdefault(a, (b, overlap))
        partners.setdefault(b, (a, overlap))
    roles, words = [], []
    for unit, share in enumerate(load.load.tolist()):
        told = f"unit {unit} fires on {percent(share, 1)} of all inputs"
        if unit in load.dead:
            role, told = Role.DEAD, f"unit {unit} never fires"
        elif unit in load.always_on:
            role, told = Role.ALWAYS, f"unit {unit} always fires"
        elif unit in partners:
            other, overlap = partners[unit]
            role, told = Role.REDUNDANT, f"{told}, nearly always with unit {other} (overlap {overlap:.2f})"
        else:
            role = Role.USUAL
        roles.append(role)
        words.append(told)
    hint = "× never fires · ▲ always · ◆ with the unit at the other end of a line."
    x, y = Axis("unit"), Axis("share of all inputs on which it fires")
    return Dots(x, y, load.load, tuple(roles), load.redundant, tuple(words), hint)


def _load(seen: Seen) -> Picture:
    figures = seen.figures
    load = figures.load.load
    order = np.argsort(-load, kind="stable").tolist()
    words = tuple(
        f"unit {unit}, place {n + 1} of {len(order)}: {percent(load[unit], 1)}" for n, unit in enumerate(order)
    )
    return Bars(
        Axis("units, the busiest first"),
        Axis("share of all inputs on which it fires"),
        even_edges(len(order)),
        load[order],
        ("base_unit",),
        words,
        ("unit", "share of inputs"),
        tuple((unit, float(load[unit])) for unit in order),
        Level(figures.active / figures.units, f"if all did the same: {percent(figures.active / figures.units)}"),
        tuple(order),
        most=1.0,
    )


def _cost(seen: Seen) -> Picture:
    cost = seen.figures.cost
    level = (
        None if cost.dense is None else Level(float(cost.dense), f"a dense network of this size: {grouped(cost.dense)}")
    )
    return Line(
        Axis(AGO),
        Axis("multiply–accumulates of an answer"),
        cost.times,
        cost.macs.astype(np.float64),
        seen.stance.edge,
        "base_unit",
        "{} multiply–accumulates",
        ",.0f",
        level=level,
        moment=_cursor(seen),
        hint="Gates, random features and banks are counted: a bank that opens costs its read-out.",
    )


def _flips(seen: Seen) -> Picture:
    flips, edge = seen.figures.flips, seen.stance.edge
    gates, answers = flips.gates.tolist(), flips.answers.tolist()
    first = flips.seconds.astype(np.float64) - edge
    # Seconds without answers are no bars: each bar ends where its second does, and the gap is an empty one.
    edges, heights, words, notes, rows = [float(first[0])] if len(first) else [0.0], [], [], [], []
    for begin, second, gate, answer in zip(first.tolist(), flips.seconds.tolist(), gates, answers, strict=True):
        if begin > edges[-1] + 1e-6:
            heights.append(0.0)
            words.append("no answer in this time")
            notes.append("")
            edges.append(begin)
        heights.append(float(gate))
        words.append(
            f"{seconds(begin)} to {seconds(begin + 1)}: {grouped(gate)} flips of units, {answer} of the answer"
        )
        notes.append(f"↔{answer}" if answer else "")
        rows.append((second, gate, answer))
        edges.append(begin + 1.0)
    return Bars(
        Axis(AGO),
        Axis("flips of units a second"),
        np.array(edges),
        np.array(heights),
        ("base_unit",),
        tuple(words),
        ("stream time from, s", "flips of units", "changes of the answer"),
        tuple(rows),
        notes=tuple(notes) if len(notes) <= NOTED_MOST else (),
        moment=_cursor(seen),
        hint="↔2: the answer changed twice in that second.",
    )


def _novelty(seen: Seen) -> Picture:
    figures = seen.figures
    return Line(
        Axis(AGO),
        Axis("unlike every known pattern, 0 to 1"),
        figures.novelty_times,
        figures.novelty,
        seen.stance.edge,
        "learned_unit",
        "{} unlike the nearest known pattern",
        ".2f",
        most=1.0,
        level=Level(UNSEEN, f"unseen above: less than {percent(SEEN)} of its units shared"),
        moment=_cursor(seen),
        hint="1 − largest overlap (Jaccard) with the units that a protected input or an example opens.",
    )


def _cursor(seen: Seen) -> float | None:
    """Where the time cursor stands, counted from the live edge."""
    stance = seen.stance
    return None if stance.moment is None else stance.moment - stance.edge


def _nearest(seen: Seen) -> Picture:
    nearest = seen.nearest
    names = tuple(f"{seen.name_of(n.class_id)} · {n.example_id}" for n in nearest)
    overlaps = np.array([n.overlap for n in nearest])
    words = tuple(
        f"example {n.example_id} of {seen.name_of(n.class_id)}: {percent(n.overlap)} of the units that either opens"
        for n in nearest
    )
    return Bars(
        Axis("overlap of its units with those of this moment (Jaccard)"),
        Axis("example", names),
        even_edges(len(nearest)),
        overlaps,
        tuple(seen.colour_of(n.class_id) for n in nearest),
        words,
        ("example", "class", "overlap"),
        tuple((n.example_id, seen.name_of(n.class_id), n.overlap) for n in nearest),
        lying=True,
        most=1.0,
        hint="The class and the number of the example; the most alike on top.",
    )


_PICTURES: Final[dict[View, Callable[[Seen], Picture]]] = {
    View.SHARES: _shares,
    View.OVERLAP: _overlap,
    View.MARGINS: _margins,
    View.UNITS: _units,
    View.LOAD: _load,
    View.COST: _cost,
    View.FLIPS: _flips,
    View.NOVELTY: _novelty,
    View.NEAREST: _nearest,
}
