"""Figures of a small gating, made by hand: eight units of which three fire, two classes, some live answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dgstudio.engine.inspection.gating_figures import (
    Cost,
    Flips,
    GatingFigures,
    class_overlap,
    distribution,
    firing_shares,
    novelty,
    unit_load,
)

UNITS = 8
# Unit 0 always fires; 1 and 2 are class 0's and fire together; 7 never does.
CLASS_0, CLASS_1 = (0, 1, 2), (0, 3, 4)


def fires(*patterns: tuple[int, ...]) -> np.ndarray:
    found = np.zeros((len(patterns), UNITS), bool)
    for row, units in zip(found, patterns, strict=True):
        row[list(units)] = True
    return found


def figures(*, version: int = 42, labelled: int = 4) -> GatingFigures:
    """`labelled` examples of each class."""
    known = fires(*[CLASS_0] * labelled, *[CLASS_1] * labelled)
    labels = np.repeat(np.array([0, 1], np.int64), labelled)
    live = fires(CLASS_0, CLASS_1, (0, 5, 6), (0, 3, 4))
    return GatingFigures(
        version=version,
        units=UNITS,
        active=3,
        shares=firing_shares(known, labels),
        overlap=class_overlap(known, labels),
        load=unit_load(np.concatenate([known, live])),
        margins=distribution(np.array([0.1, 0.2, 0.3, 0.4])),
        cost=Cost(np.array([17.0, 18.0, 19.0, 20.0]), np.array([300, 300, 300, 500], np.int64), 200),
        flips=Flips(np.array([17, 18, 20], np.int64), np.array([4, 6, 2], np.int64), np.array([1, 2, 0], np.int64)),
        novelty_times=np.array([17.0, 18.0, 19.0, 20.0]),
        novelty=novelty(live, known),
        inputs=(0, len(known), len(live)),
    )


def without_answers(of: GatingFigures) -> GatingFigures:
    nothing, none = np.zeros(0), np.zeros(0, np.int64)
    return replace(
        of,
        cost=Cost(nothing, none, 200),
        flips=Flips(none, none, none),
        novelty_times=nothing,
        novelty=nothing,
        inputs=(*of.inputs[:2], 0),
    )
