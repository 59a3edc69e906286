"""What is sent over LSL from another process are samples of an engine, all of them, and its gaps are breaks."""

import pytest

from dgstudio.bench.streams import lsl_loss
from dgstudio.bench.streams.lsl_loss import run_lsl_loss


@pytest.mark.slow
def test_no_sample_is_lost_of_an_even_or_an_uneven_stream() -> None:
    figures = run_lsl_loss(3.0)
    assert figures["lost"] == figures["lost_uneven"] == 0
    assert figures["breaks_too_many"] == figures["breaks_missed"] == 0
    assert figures["samples"] > 1300 and figures["time_off_ms"] < 50


def test_without_pylsl_it_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsl_loss, "missing", lambda _extra: ("pylsl",))
    assert "pylsl" in run_lsl_loss(1.0)["left_out"]
