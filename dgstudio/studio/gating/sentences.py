"""What each view means, in a sentence of plain words with its numbers; and why there is nothing to see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from dgstudio.engine.inspection.gating_figures import PAIRS_MOST
from dgstudio.studio.gating.drawing import UNSEEN
from dgstudio.studio.gating.seen import Seen
from dgstudio.studio.gating.views import View
from dgstudio.studio.theme.format import grouped, percent

OWN, OTHERS = 0.5, 0.05
"""A unit is one class's own where it fires on this share of its inputs, and on at most so many of each other's."""

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FAR = 0.25
"""An example that shares less is not called alike."""


def sentence_of(view: View, seen: Seen) -> str:
    """Return what a view says; where there is nothing to see, what is missing."""
    return why_empty(view, seen) or _WORDS[view](seen)


def why_empty(view: View, seen: Seen) -> str:
    """Return what a view lacks, and what to do; "" where there is something to see."""
    figures = seen.figures
    known = bool(figures.shares.classes)
    if view in (View.SHARES, View.OVERLAP, View.NOVELTY) and not known:
        return (
            "Nothing is labelled or protected yet, so that no unit can be said to fire for a class. Hold a class key "
            "while you perform it."
        )
    if view is View.NEAREST and not figures.inputs[1]:
        return "Nothing is labelled yet: hold a class key while you perform it, and this moment can be compared to it."
    if view is View.NEAREST and not len(seen.stance.reading.features):
        return "The input of this moment is not held any more, so that it cannot be compared to examples."
    if view is View.NEAREST and not seen.nearest:
        return "Looking for the examples that open nearly the same units …"
    if view in (View.UNITS, View.LOAD, View.MARGINS) and not sum(figures.inputs):
        return "No input has come yet: these figures are of inputs."
    if view is View.MARGINS and not len(figures.margins.counts):
        return "All units fire on every input, so that none is near to changing places with another."
    times = {View.COST: figures.cost.times, View.FLIPS: figures.flips.seconds, View.NOVELTY: figures.novelty_times}
    if view in times and not len(times[view]):
        return "No answer of this time is held with all that this takes."
    return ""


def _shares(seen: Seen) -> str:
    shares, units = seen.figures.shares, seen.figures.units
    count = len(shares.classes)
    row, unit = np.unravel_index(int(np.argmax(shares.shares)), shares.shares.shape)
    strongest = f"unit {unit} fires on {percent(shares.shares[row, unit])} of {seen.name_of(shares.classes[row])}"
    if count == 1:
        return f"Each column is a unit: {strongest}; with one class there is nothing to tell it from yet."
    rest = np.array([np.delete(shares.shares, r, 0).max(0) for r in range(count)])
    own = int(((shares.shares >= OWN) & (rest <= OTHERS)).any(0).sum())
    return (
        f"Each class wakes its own set of units: {own} of {units} fire for one class and hardly for any other; "
        f"{strongest}."
    )


def _overlap(seen: Seen) -> str:
    overlap, names = seen.figures.overlap.overlap, [seen.name_of(c) for c in seen.figures.overlap.classes]
    if len(names) == 1:
        alone = f"Two inputs of {names[0]} have {_share(overlap[0, 0])} of their units in common"
        return f"{alone}; there is no second class yet to compare it with."
    apart = np.where(np.eye(len(names), dtype=bool), -np.inf, np.nan_to_num(overlap, nan=-np.inf))
    a, b = np.unravel_index(int(np.argmax(apart)), apart.shape)
    same = np.diag(overlap)[~np.isnan(np.diag(overlap))]
    own = float(same.mean()) if len(same) else float("nan")
    return (
        f"{_capital(names[a])} and {names[b]} are routed most alike: an input of one and one of the other have "
        f"{_share(overlap[a, b])} of their units in common; two of the same class have {_share(own)}."
    )


def _margins(seen: Seen) -> str:
    margins = seen.figures.margins
    return (
        f"On half of all inputs the last unit that fires leads the first that does not by more than "
        f"{_number(margins.median)}; on the closest one {_number(margins.least)} decides: whatever moves each score by "
        "less than half of that changes no gate."
    )


def _units(seen: Seen) -> str:
    load, units = seen.figures.load, seen.figures.units
    total = grouped(sum(seen.figures.inputs))
    dead, always, pairs = len(load.dead), len(load.always_on), len(load.redundant)
    most = " or more" if pairs == PAIRS_MOST else ""
    return (
        f"{dead} of {units} units never {_verb(dead, 'fires', 'fire')} on any of {total} inputs and {always} "
        f"{_verb(always, 'fires', 'fire')} on all, which tells no two inputs apart; {pairs}{most} "
        f"{_verb(pairs, 'pair fires', 'pairs fire')} nearly always together, so that one of each tells what both do."
    )


def _load(seen: Seen) -> str:
    figures = seen.figures
    load = figures.load.load
    busy = int(np.argmax(load))
    least = int(np.searchsorted(np.cumsum(np.sort(load)[::-1]), load.sum() / 2)) + 1
    return (
        f"{least} of {figures.units} units do half of the work; the busiest, unit {busy}, fires on "
        f"{percent(load[busy])} of all inputs, where each would fire on {percent(figures.active / figures.units)} "
        "if all did the same."
    )


def _cost(seen: Seen) -> str:
    cost = seen.figures.cost
    median = float(np.median(cost.macs))
    words = f"An answer takes {grouped(round(median))} multiply–accumulates, gates and features counted"
    if not cost.dense:
        return f"{words}."
    times = median / cost.dense
    than = f"{times:.1f} times" if times >= 1 else percent(times)
    return f"{words}: {than} what a dense network of this size would take ({grouped(cost.dense)})."


def _flips(seen: Seen) -> str:
    flips, figures = seen.figures.flips, seen.figures
    # The first and the last second are parts of one.
    whole = flips.gates[1:-1] if len(flips.gates) > 2 else flips.gates
    changed = int(flips.answers.sum())
    return (
        f"In a usual second {grouped(round(float(np.median(whole))))} times a unit begins or ends to fire, in the most "
        f"restless one {grouped(int(whole.max()))} times ({figures.active} fire at any moment); the answer changed "
        f"{changed} {_verb(changed, 'time', 'times')} in these {len(flips.seconds)} s."
    )


def _novelty(seen: Seen) -> str:
    novelty = seen.figures.novelty
    unseen = int((novelty > UNSEEN).sum())
    return (
        f"{grouped(unseen)} of these {grouped(len(novelty))} answers were routed through a set of units unlike all "
        f"that is protected or labelled; the strangest was {_number(float(np.nanmax(novelty)))} away from the "
        "nearest known set, on a scale from 0 to 1."
    )


def _nearest(seen: Seen) -> str:
    first, top = seen.nearest[0], seen.stance.reading.top
    name, answered = seen.name_of(first.class_id), seen.name_of(top)
    if first.overlap < FAR:
        return (
            f"No example opens nearly the units of this moment, which was answered {answered}: the nearest, example "
            f"{first.example_id} of {name}, has {percent(first.overlap)} of its units in common with it."
        )
    common = f"{percent(first.overlap)} in common"
    alike = f"This moment opens most nearly the units of example {first.example_id} of {name}: {common}"
    agrees = sum(n.class_id == first.class_id for n in seen.nearest)
    link = "and" if top == first.class_id else "but"
    count = len(seen.nearest)
    return f"{alike}, {link} it was answered {answered}; {agrees} of the {count} nearest are {name}."


def _share(value: float) -> str:
    return "an unknown part" if np.isnan(value) else percent(value)


def _number(value: float) -> str:
    if abs(value) >= 1:
        return f"{value:.2f}"
    digits, _, power = f"{value:.2g}".partition("e")
    return f"{digits}·10{str(int(power)).translate(RAISED)}" if power else digits


def _verb(count: int, one: str, several: str) -> str:
    return one if count == 1 else several


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


_WORDS: Final[dict[View, Callable[[Seen], str]]] = {
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
