"""The benches of what the inspector computes measure what they say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dgstudio.bench.views import taught_model
from dgstudio.bench.views.attribution_error import attribution_figures
from dgstudio.bench.views.taught_model import TaughtModel
from dgstudio.bench.views.version_comparison import comparison_figures


@pytest.fixture(scope="module")
def model() -> Iterator[TaughtModel]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("EXAMPLES", 120), ("SEALED", 20), ("LEARNED", 50), ("NEWEST", 10)):
            patch.setattr(taught_model, name, value)
        with taught_model.taught_model() as model:
            yield model


def test_answers_are_taken_apart_exactly(model: TaughtModel) -> None:
    figures = attribution_figures(0.4, model)
    assert 0 < figures["max_error"] <= 1e-5 and figures["unexplained"] == 0 and figures["answers"] >= 20
    assert figures["answer_p99_ms"] > 0 and figures["without_p99_ms"] > 0
    banks = model.inspector.versions.of(model.after).snapshot.banks
    assert [bank.sealed for bank in banks] == [True, False]


def test_versions_are_compared_on_all_inputs(model: TaughtModel) -> None:
    figures = comparison_figures(0.2, model)
    assert figures["inputs"] == 520 and figures["protected_moved"] == 0
    assert figures["changed"] > 0 and figures["p99_ms"] >= figures["p50_ms"] > 0 < figures["one_p99_ms"]
