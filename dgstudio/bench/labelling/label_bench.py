"""`dgstudio bench --labels`: labelling in a long session through a real window, and what kills leave of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dgstudio.bench.kills.crash_test import Start, run_kills
from dgstudio.bench.labelling.long_session import make_long_session
from dgstudio.bench.report import machine
from dgstudio.bench.start_time import STARTS, timed_start
from dgstudio.engine.recording.replay import replay_figures
from dgstudio.errors import BadInputError
from dgstudio.records import dataclass

EXAMPLES = 50_000
OPEN_S = 3.0
"""How long it then stays open."""


@dataclass(frozen=True, slots=True)
class WindowParts:
    """What the bench needs of the window, which it does not know.

    Attributes
    ----------
    labels
        Labels in a window on a session file for so many seconds and records its stream there; returns figures as
        nested dictionaries.
    doomed
        Starts a window that works until it is killed.
    """

    labels: Callable[[Path, float], dict[str, Any]]
    doomed: Start


def run_label_bench(
    seconds: float, kills: int, parts: WindowParts, say: Callable[[str], object] = lambda text: None
) -> dict[str, Any]:
    """Measure labelling, and return all figures as nested dictionaries of numbers, and `machine` as text.

    Parameters
    ----------
    seconds
        How long keys are held and undone in the window, at least 5; the browser and the rest come on top.
    kills
        How many windows are killed.
    say
        Is told what begins.

    Raises
    ------
    BadInputError
        For too short a run, or a number of kills that makes no sense.
    """
    if not seconds >= 5:
        raise BadInputError("--seconds must be at least 5: shorter runs have no percentiles worth printing.")
    if kills < 0:
        raise BadInputError("--kills must be 0 or more.")
    figures: dict[str, Any] = {}
    with TemporaryDirectory(prefix="dgstudio-labels-") as name:
        folder = Path(name)
        long = folder / "long.dgs"
        say(f"making a session of {EXAMPLES:,} examples")
        make_long_session(long, EXAMPLES)
        say("opening it")
        figures["session"] = {"open_s_50k": open_time(long, folder), "mb_50k": long.stat().st_size / 1e6}
        say(f"labelling, undoing, browsing in it for {seconds:g} s and some")
        figures.update(parts.labels(long, seconds))
        say("replaying what was recorded meanwhile")
        figures["replay"] = replay_figures(long)
        if kills:
            say(f"killing {kills} windows")
            killed = run_kills(parts.doomed, folder, kills)
            for sentence in killed.lost:
                say(f"lost: {sentence}")
            figures["crash"] = killed.figures()
    figures["seconds"] = seconds
    figures["machine"] = machine()
    return figures


def open_time(path: Path, folder: Path) -> float:
    """Seconds from the start of `dgstudio open` to its window with the session in it: median of `STARTS` starts."""
    taken = [timed_start(folder, "open", str(path), "--quit-after", f"{OPEN_S:g}")["window"] for _ in range(STARTS)]
    return float(np.median(taken))
