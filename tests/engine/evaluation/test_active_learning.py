"""Which moments are asked about: by margin, by gate pattern, spread over time and classes, gone when labelled."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from dgstudio.engine.evaluation.active_learning import WARM_UP, DoubtfulMoments, GatePatterns
from dgstudio.types import BASE, NOBODY, Reading, Take

USUAL = np.arange(8, dtype=np.int32)


def answer(end: float, p: list[float], *, active: np.ndarray = USUAL, sure: bool = True) -> Reading:
    probabilities = np.array(p, np.float32)
    nothing = np.zeros(0, np.float32)
    return Reading(
        hop=int(end * 50), start=end - 1.0, end=end, version=1, digest="", features=nothing, active=active,
        activations=np.ones(len(active), np.float32), bank_r=nothing, bank_tau=nothing,
        bank_state=np.zeros(0, np.uint8), speaker=BASE, margin=1.0, classes=tuple(range(len(p))),
        logits=np.log(probabilities), probabilities=probabilities, top=int(probabilities.argmax()) if sure else None,
        latency_us=50.0, arrival_wall=0.0, ready_wall=0.0,
    )  # fmt: skip


def ends(moments: DoubtfulMoments) -> list[float]:
    return [moment.reading.end for moment in moments.moments]


def test_a_close_race_and_an_unsure_answer_are_doubtful_and_a_clear_one_is_not() -> None:
    moments = DoubtfulMoments()
    assert not moments.note([answer(1.0, [0.9, 0.1])])
    assert moments.note([answer(2.0, [0.52, 0.48])])
    assert moments.note([answer(5.0, [0.9, 0.1], sure=False)])
    assert ends(moments) == [5.0, 2.0]
    assert not moments.note([answer(9.0, [1.0])])
    # Where nothing answers there is nothing to ask about.
    assert not moments.note([dataclasses.replace(answer(12.0, [0.5, 0.5], sure=False), speaker=NOBODY)])


def test_of_close_moments_the_most_doubtful_stays() -> None:
    moments = DoubtfulMoments(apart_s=2.0)
    moments.note(answer(1.0 + 0.02 * k, [0.5 + abs(k - 30) / 1000, 0.5 - abs(k - 30) / 1000]) for k in range(100))
    assert ends(moments) == [pytest.approx(1.6)]
    moments.note([answer(4.0, [0.6, 0.4])])
    assert ends(moments) == [4.0, pytest.approx(1.6)]


def test_an_unseen_gate_pattern_is_asked_about_however_sure_the_answer_is() -> None:
    moments = DoubtfulMoments()
    moments.note(answer(0.02 * k, [0.99, 0.01]) for k in range(WARM_UP))
    assert moments.moments == []
    other = np.arange(4, 12, dtype=np.int32)
    assert moments.note([answer(5.0, [0.99, 0.01], active=other)])
    assert moments.moments[0].unseen
    # It has been seen now, and so is one that shares most of its units.
    assert not moments.note([answer(9.0, [0.99, 0.01], active=other), answer(12.0, [0.99, 0.01], active=other + 1)])


def test_patterns_grow_with_the_base_and_forget_the_oldest() -> None:
    patterns = GatePatterns(most=2)
    sets = [np.arange(k, k + 4) for k in (0, 10, 20)]
    assert [patterns.is_new(active) for active in (*sets, sets[2], sets[0])] == [True, True, True, False, True]
    assert not patterns.is_new(np.zeros(0, np.int32))


def test_when_too_many_wait_the_class_with_most_gives_up_its_least_doubtful() -> None:
    moments = DoubtfulMoments(kept=4)
    one, other = [0.55, 0.45], [0.44, 0.56]
    moments.note([answer(3.0, other), answer(6.0, [0.6, 0.4]), *(answer(9.0 + 3 * k, one) for k in range(3))])
    assert ends(moments) == [15.0, 12.0, 9.0, 3.0]
    # A second one of the rare class finds room as well.
    moments.note([answer(18.0, other)])
    assert sorted(int(m.reading.probabilities.argmax()) for m in moments.moments) == [0, 0, 1, 1]


def test_moments_go_when_labelled_passed_over_or_out_of_the_buffer() -> None:
    moments = DoubtfulMoments()
    moments.note(answer(end, [0.5, 0.5]) for end in (3.0, 6.0, 9.0, 12.0))
    assert moments.labelled([Take(0, 1, 5.2, 5.9, "s")]) and ends(moments) == [12.0, 9.0, 3.0]
    assert not moments.labelled([Take(0, 1, 8.8, 9.4, "s")])
    assert moments.passed_over(8.0, 9.0) and ends(moments) == [12.0, 3.0]
    # Its neighbours are the same moment.
    assert not moments.note([answer(9.04, [0.5, 0.5])])
    assert moments.keep_from(5.0) and ends(moments) == [12.0]
