"""The bench of labelling: what it refuses, and that it puts its parts together."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from dgstudio import cli
from dgstudio.bench.labelling import label_bench
from dgstudio.bench.labelling.label_bench import WindowParts, run_label_bench
from dgstudio.errors import BadInputError


def refuses(*_: Any) -> Any:
    raise AssertionError("nothing may begin")


PARTS = WindowParts(refuses, refuses)


@pytest.mark.parametrize(
    ("seconds", "kills", "said"), [(4.9, 1, "at least 5"), (float("nan"), 1, "at least 5"), (9, -1, "0 or more")]
)
def test_what_makes_no_sense_is_refused_before_anything_begins(seconds: float, kills: int, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        run_label_bench(seconds, kills, PARTS)


def test_labelling_without_a_window_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["dgstudio", "bench", "--labels", "--no-window"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 1 and "leave out --no-window" in capsys.readouterr().err


@pytest.mark.slow
def test_it_opens_the_long_session_and_hands_it_to_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_bench, "EXAMPLES", 600)
    monkeypatch.setattr(label_bench, "STARTS", 1)
    monkeypatch.setattr(label_bench, "OPEN_S", 1.0)
    monkeypatch.setattr(label_bench, "replay_figures", lambda path: {"mismatches": 0 if path.exists() else 1})
    seen: list[tuple[Path, bool, float]] = []

    def labels(path: Path, seconds: float) -> dict[str, Any]:
        seen.append((path, path.exists(), seconds))
        return {"toast": {"p99_ms": 1.0}}

    said: list[str] = []
    figures = run_label_bench(7.0, 0, WindowParts(labels, refuses), said.append)
    assert [(exists, seconds) for _, exists, seconds in seen] == [(True, 7.0)] and not seen[0][0].exists()
    assert figures["toast"] == {"p99_ms": 1.0} and figures["replay"] == {"mismatches": 0}
    assert 0.1 < figures["session"]["open_s_50k"] < 60
    assert "crash" not in figures and "600" in said[0] and "cores" in figures["machine"]
