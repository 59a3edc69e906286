"""The growth of a recorded session: a short run has every figure, and its parts add up."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from dgstudio import cli
from dgstudio.bench import recorded_growth
from dgstudio.bench.recorded_growth import run_recorded_growth
from dgstudio.errors import BadInputError
from dgstudio.session.file import Session
from dgstudio.session.format.row_check import row_check


@pytest.mark.slow
def test_a_short_run_has_every_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "growth.json"
    monkeypatch.setattr(recorded_growth, "WARM_UP_S", 1.0)
    monkeypatch.setattr(recorded_growth, "EVERY_S", 4.0)
    monkeypatch.setattr(sys, "argv", ["dgstudio", "bench", "--recorded", "--seconds", "8", "--json", str(path)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert not left.value.code
    figures = json.loads(path.read_text(encoding="utf-8"))
    session, tables = figures["session"], figures["mb_per_hour"]
    assert session["publishes"] > 10 and figures["replay"]["mismatches"] == 0 and figures["replay"]["answers"] > 200
    assert 10 < sum(tables.values()) < 1.3 * session["recorded_mb_per_hour"]
    assert {"stream_block", "receipts", "example"} <= tables.keys()


def test_too_short_a_run_and_options_that_do_not_go_together_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadInputError, match="--seconds must be at least 20"):
        run_recorded_growth(5.0)
    for other in ("--labels", "--label-rate=5"):
        monkeypatch.setattr(sys, "argv", ["dgstudio", "bench", "--recorded", other])
        with pytest.raises(SystemExit):
            cli.main()
        assert "--recorded goes with --seconds and --json only" in capsys.readouterr().err


def test_bytes_are_told_table_by_table() -> None:
    with Session.memory() as session:
        before = session.table_bytes()
        session.set_config("key", "value")
        after = session.table_bytes()
    digits = len(str(row_check("key", '"value"')))
    assert after.pop("config") - before.pop("config") == len("key") + len('"value"') + digits, "with its checksum"
    assert after == before
