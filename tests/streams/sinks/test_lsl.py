"""Answers and versions as LSL streams, as a receiver gets them."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from waiting import wait_until

pylsl = pytest.importorskip("pylsl")

from dgstudio.streams.sinks.registry import open_sink  # noqa: E402
from dgstudio.types import I32, U8, Reading  # noqa: E402

EMPTY = np.zeros(0, np.float32)


def reading(hop: int, top: int | None, version: int = 3) -> Reading:
    wall = time.perf_counter() - 0.01
    ids, units = np.zeros(0, np.int32), np.zeros(0, np.uint8)
    active: I32 = ids
    state: U8 = units
    return Reading(
        hop, 0.0, 1.0, version, "abcdef0123456789", EMPTY, active, EMPTY, EMPTY, EMPTY, state, 0, 1.0, (4, 7),
        np.array([1.0, 2.0], np.float32), np.array([0.25, 0.75], np.float32), top, 50.0, wall, wall + 0.002,
    )  # fmt: skip


def inlet(name: str) -> Any:
    found: list[Any] = []
    wait_until(lambda: found.extend(pylsl.resolve_byprop("name", name, timeout=0.5)) or found, name)
    got = pylsl.StreamInlet(found[0])
    got.open_stream(timeout=5)
    return got


def pulled(got: Any, count: int) -> tuple[list[Any], list[float]]:
    samples: list[Any] = []
    stamps: list[float] = []

    def come() -> bool:
        more, at = got.pull_chunk(timeout=0.05)
        samples.extend(more)
        stamps.extend(at)
        return len(samples) >= count

    wait_until(come)
    return samples, stamps


def test_answers_and_versions_go_out(request: pytest.FixtureRequest) -> None:
    sink = open_sink("lsl:out-test", lambda: {4: "rest", 7: "wave"})
    figures, answers, versions = (inlet(f"out-test{more}") for more in ("", " answers", " versions"))
    assert figures.info().get_channel_labels() == ["class", "confidence", "version", "latency_ms"]
    before = pylsl.local_clock()
    for hop, (top, version) in enumerate([(7, 3), (7, 3), (4, 3), (None, 4), (7, 4)]):
        sink(reading(hop, top, version))
    rows, stamps = pulled(figures, 5)
    assert [row[0] for row in rows] == [8, 8, 5, 0, 8] and [row[2] for row in rows] == [3, 3, 3, 4, 4]
    assert rows[0][1] == 0.75 and rows[3][1] == 0 and rows[0][3] == pytest.approx(2.0, abs=0.01)
    # As of the newest sample of the window, ten milliseconds before it was sent.
    assert stamps[0] == pytest.approx(before - 0.01, abs=0.01)
    assert [row[0] for row in pulled(answers, 4)[0]] == ["wave", "rest", "unsure", "wave"]
    assert [row[0] for row in pulled(versions, 2)[0]] == ["v3 abcdef01", "v4 abcdef01"]
    assert sink.figure == ("answers over LSL", 5) and sink.name == "LSL outlet out-test"
    sink.close()
    sink.close()


def test_it_has_a_name_of_its_own_where_none_is_given() -> None:
    sink = open_sink("lsl", dict)
    assert sink.name == "LSL outlet dgstudio"
    sink.close()
