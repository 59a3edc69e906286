"""Lines that a board sends from another process are samples of an engine, all of them."""

import sys

import pytest

from dgstudio.bench.streams.serial_loss import run_serial_loss


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.slow
def test_no_line_is_lost() -> None:
    figures = run_serial_loss(2.0)
    # At 921,600 baud the terminal holds less than a tenth of a second, and tests beside this one may take longer.
    assert figures["lost"] == figures["lost_at_9600"] == figures["garbled"] == 0
    assert figures["lines"] > 400 and figures["lines_at_921600"] > 3000 and 200 < figures["rate_measured"] < 500


def test_without_pyserial_it_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    assert "pyserial" in run_serial_loss(1.0)["left_out"]
