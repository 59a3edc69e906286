"""The decision map is measured on what really happens: versions are published, and their maps come."""

from __future__ import annotations

import pytest

from dgstudio.bench.views.map_rate import map_figures


@pytest.mark.slow
def test_maps_of_new_versions_come_while_classes_are_drawn(qapp: object) -> None:
    figures = map_figures(seconds=3.5)
    assert figures["hz"] > 0 and figures["published_hz"] >= figures["hz"] * 0.5
    assert 0 <= figures["age_p50_ms"] <= figures["age_p99_ms"]
    assert figures["fps"] > 0 and figures["serve_p99_us"] > 0 and figures["lost_samples"] == 0
