"""The bare plot beside the window."""

from __future__ import annotations

import pytest

from dgstudio.bench import bare_plot


@pytest.mark.slow
def test_a_frame_of_the_plot_costs_something() -> None:
    pytest.importorskip("pyqtgraph")
    assert 0.1 < bare_plot.plot_ms() < 100


def test_without_pyqtgraph_it_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare_plot, "installed", lambda package, distribution: False)
    monkeypatch.setattr(bare_plot, "tested_versions", lambda: {"pyqtgraph": "0.14.0"})
    assert bare_plot.plot_missing().endswith("-m pip install pyqtgraph==0.14.0")
    monkeypatch.setattr(bare_plot, "installed", lambda package, distribution: True)
    assert bare_plot.plot_missing() == ""
