"""All of it, one after the other, and the figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dgstudio.bench.faults.input_trials import prepare_inputs
from dgstudio.bench.faults.live import run_faults
from dgstudio.bench.faults.pool import Outcome, Prepare, Tally, run_trials
from dgstudio.bench.faults.samples import SESSION, make_session, make_tables
from dgstudio.bench.faults.session_trials import prepare_sessions
from dgstudio.bench.faults.signals import run_signals
from dgstudio.bench.kills.crash_test import Start, run_kills
from dgstudio.bench.report import machine
from dgstudio.errors import BadInputError
from dgstudio.records import dataclass

SEED = 20260316
WITH_BASE = 0.05
"""The share of sessions that have a base model, with arrays that take long to read."""
BAD = (Outcome.TRACEBACK, Outcome.HANG, Outcome.OVER_MEMORY, Outcome.CHANGED, Outcome.SILENT)


@dataclass(frozen=True, slots=True)
class HowMany:
    """How many of each are tried; of the live faults, each so many times."""

    sessions: int = 20_000
    inputs: int = 100_000
    faults: int = 10
    kills: int = 300
    signals: int = 100

    def share(self, part: float) -> HowMany:
        """The same, smaller; at least one of each. BadInputError where `part` makes no sense."""
        if not 0 < part <= 1:
            raise BadInputError("--share must lie above 0 and be at most 1.")
        wanted = (self.sessions, self.inputs, self.faults, self.kills, self.signals)
        return HowMany(*(max(1, round(part * count)) for count in wanted))


def run_fault_bench(how_many: HowMany, doomed: Start, say: Callable[[str], object], seed: int = SEED) -> dict[str, Any]:
    """Damage files, break what an engine stands on, signal and kill windows; what came of it as nested dictionaries.

    Parameters
    ----------
    doomed
        Starts a window that works until it is killed.
    say
        Is told what begins, and each thing that should not have happened.
    """
    with TemporaryDirectory(prefix="dgstudio-sound-") as name:
        folder = Path(name)
        fuzz = _fuzz(how_many, folder, seed, say)
        say(f"breaking what an engine stands on, {how_many.faults} times in each way")
        faults = run_faults(how_many.faults, say)
        say(f"ending {how_many.signals} windows by signals")
        signals = run_signals(how_many.signals, seed, say)
        say(f"killing {how_many.kills} windows")
        killed = run_kills(doomed, folder, how_many.kills)
        for sentence in killed.lost:
            say(f"lost: {sentence}")
    return {
        "fuzz": fuzz,
        "faults": faults.figures(),
        "left_out": {f"faults: {name}": why for name, why in faults.left_out.items()},
        "signals": signals.figures(),
        "kills": {
            "tried": killed.kills,
            "lost": len(killed.lost),
            "damaged": killed.damaged,
            "shown": killed.shown,
            "within": dict(sorted(killed.within.items())),
        },
        "seed": seed,
        "machine": machine(),
    }


def _fuzz(how_many: HowMany, folder: Path, seed: int, say: Callable[[str], object]) -> dict[str, int]:
    with_base = round(how_many.sessions * WITH_BASE)
    small, large = folder / "small", folder / "large"
    for place, base in ((small, False), (large, True)):
        place.mkdir()
        make_session(place / SESSION, with_base=base)
    make_tables(folder)
    tallies: list[Tally] = []
    rounds: list[tuple[str, Prepare, Path, int]] = [
        ("damaged sessions", prepare_sessions, small, how_many.sessions - with_base),
        ("damaged sessions with a base model", prepare_sessions, large, with_base),
        ("damaged tables and base models", prepare_inputs, folder, how_many.inputs),
    ]
    for words, prepare, place, count in rounds:
        say(f"{count:,} {words}")
        tally = run_trials(prepare, place, count, seed, say)
        for number, outcome, detail in tally.examples:
            say(f"{outcome} ({number}): {detail}")
        tallies.append(tally)
    counts = {outcome.value: sum(tally.counts[outcome] for tally in tallies) for outcome in Outcome}
    sessions = sum(tally.tried for tally in tallies[:2])
    return {"sessions": sessions, "inputs": tallies[2].tried, **counts}
