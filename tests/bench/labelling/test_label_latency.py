"""The window's part of the bench of labelling: a short run on a short session has every figure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from dgstudio.bench.labelling import label_latency
from dgstudio.bench.labelling.label_latency import run_labels
from dgstudio.bench.labelling.long_session import NEW_CLASSES, make_long_session
from dgstudio.engine.recording.replay import replay_figures
from dgstudio.session.file import Session

EXAMPLES = 1500
KEYS = {
    "toast": ("p50_ms", "p99_ms", "count"),
    "thumbnail": ("p50_ms", "p99_ms", "missed"),
    "undo": ("p50_ms", "p99_ms", "count"),
    "relabel": ("p99_ms",),
    "browser": ("open_ms_50k", "scroll_fps_50k"),
    "shown": ("not_durable",),
    "samples": ("sent", "lost"),
    "hops": ("skipped",),
    "serve": ("p50_us", "p99_us"),
    "answer": ("p99_ms",),
    "window": ("fps", "gap_p99_ms"),
    "reads": ("torn", "unpublished"),
    "contract": ("bits_changed",),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labels") / "long.dgs"
    make_long_session(path, EXAMPLES)
    return path


def test_a_long_session_is_one_that_the_window_could_have_made(path: Path) -> None:
    with Session.open(path) as session:
        assert session.report.ok
        examples, takes, (acts, done) = session.examples(), session.takes(), session.acts()
        assert len(examples) == EXAMPLES and len(takes) == EXAMPLES / 100
        assert done == len(acts) == len(takes) + len(NEW_CLASSES)
        latest = session.latest_checkpoint()
        assert latest is not None
        assert set(latest.learned.tolist()) == {example.id for example in examples if example.learn}
        names = {info.id: info.name for info in session.classes()}
        assert set(NEW_CLASSES) < {names[take.class_id] for take in takes}


@pytest.mark.slow
def test_a_short_run_has_every_figure(path: Path, qapp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_latency, "SCROLLED_S", 0.5)
    monkeypatch.setattr(label_latency, "RELABELLED", 2)
    figures = run_labels(path, 3.0)
    for group, names in KEYS.items():
        for name in names:
            value = figures[group][name]
            assert isinstance(value, int | float) and math.isfinite(value), (group, name, value)
    for group, name in (("shown", "not_durable"), ("samples", "lost"), ("reads", "torn"), ("thumbnail", "missed")):
        assert figures[group][name] == 0, (group, name)
    assert figures["toast"]["count"] > 1 and figures["undo"]["count"] > 1
    with Session.open(path) as session:
        assert session.report.ok and len(session.takes()) > EXAMPLES / 100
    replayed = replay_figures(path)
    assert replayed["mismatches"] == 0 and replayed["answers"] > 100
