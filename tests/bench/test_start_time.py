"""How long a start takes: medians of starts in turn, by one clock."""

from __future__ import annotations

from typing import Any

import pytest

from dgstudio.bench import start_time
from dgstudio.errors import DgstudioError


def test_starts_take_turns_and_the_medians_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[str] = []
    bare, windows = iter([1.0, 0.5, 9.0]), iter([2.0, 1.5, 8.0])

    def imports() -> float:
        turns.append("bare")
        return next(bare)

    def start(folder: Any, *arguments: str) -> dict[str, float]:
        turns.append("window")
        seconds = next(windows)
        return {"splash": 0.1, "window": seconds, "moving": seconds + 1}

    monkeypatch.setattr(start_time, "STARTS", 3)
    monkeypatch.setattr(start_time, "bare_imports", imports)
    monkeypatch.setattr(start_time, "timed_start", start)
    assert start_time.start_times() == {
        "splash_s": 0.1,
        "window_s": 2.0,
        "moving_s": 3.0,
        "bare_imports_s": 1.0,
        "over_bare_imports": 2.0,
    }
    assert turns == ["bare", "window"] * 3


@pytest.mark.slow
def test_a_start_takes_longer_than_its_imports(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    bare = start_time.bare_imports()
    seen = start_time.timed_start(tmp_path, "--quit-after", f"{start_time.OPEN_S:g}")
    # On a busy machine the first picture may be painted only when there is something in it that moves.
    assert 0 < seen["splash"] < min(seen["window"], seen["moving"]) and 0.1 < bare < seen["window"]


def test_a_window_in_which_nothing_moved_is_no_measurement(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    def ran(command: list[str], *, env: dict[str, str], **_: Any) -> None:
        (tmp_path / "timings.json").write_text('{"window": 1.0}', encoding="utf-8")

    monkeypatch.setattr(start_time.subprocess, "run", ran)
    with pytest.raises(DgstudioError, match="nothing moving"):
        start_time.timed_start(tmp_path)


def test_compiled_modules_are_kept_from_the_first_start_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    environments: list[dict[str, str]] = []

    def ran(command: list[str], *, env: dict[str, str], **_: Any) -> None:
        environments.append(env)
        (tmp_path / "timings.json").write_text('{"moving": 1.0}', encoding="utf-8")

    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("HELD", "on")
    monkeypatch.setattr(start_time.subprocess, "run", ran)
    start_time.bare_imports()
    start_time.timed_start(tmp_path)
    assert len(environments) == 2
    assert all(env["HELD"] == "on" and "PYTHONDONTWRITEBYTECODE" not in env for env in environments)
