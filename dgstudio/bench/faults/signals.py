"""Windows that are told to end by a signal at a random moment: what they leave, how soon, and with which status."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from tempfile import TemporaryDirectory

from dgstudio.errors import DgstudioError
from dgstudio.records import dataclass
from dgstudio.session.check import check

LATEST_S = 4.0
END_S = 3.0
"""As long as an orderly end may take on a machine that does nothing else."""
PATIENCE_S = 60.0
QUIET = {"QT_QPA_PLATFORM": "offscreen"}


@dataclass(slots=True)
class Signalled:
    """How many windows were told to end, and sentences on those that did not end well."""

    tried: int = 0
    slow: int = 0
    slowest_s: float = 0.0
    bad: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """The same as numbers."""
        return {"tried": self.tried, "bad": len(self.bad), "slow": self.slow, "slowest_s": self.slowest_s}


def run_signals(count: int, seed: int, say: Callable[[str], object]) -> Signalled:
    """End so many windows, each at a random moment of its first seconds; there are signals on POSIX systems only."""
    total = Signalled()
    if sys.platform == "win32":
        return total
    for number in range(count):
        chance = random.Random(f"signal {seed} {number}")
        with TemporaryDirectory(prefix="dgstudio-signal-") as folder:
            which = chance.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
            problem, took = _one(Path(folder), which, chance.uniform(0.0, LATEST_S))
        total.tried += 1
        total.slowest_s = max(total.slowest_s, took)
        total.slow += took > END_S
        if problem:
            total.bad.append(f"{which.name} ({number}): {problem}")
            say(total.bad[-1])
    return total


def _one(folder: Path, which: signal.Signals, after: float) -> tuple[str, float]:
    """What was wrong, "" for nothing; and how long the end took."""
    path = folder / "s.dgs"
    environment = {**os.environ, **QUIET, "DGSTUDIO_HOME": str(folder)}
    command = [sys.executable, "-m", "dgstudio", "--session", str(path)]
    # Whoever runs this in the background ignores interrupts, and its children would.
    program = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(which, signal.SIG_DFL),
    )
    time.sleep(after)
    program.send_signal(which)
    begun = time.monotonic()
    try:
        said = program.communicate(timeout=PATIENCE_S)[0]
    except subprocess.TimeoutExpired:
        program.kill()
        program.communicate()
        return "it hung", PATIENCE_S
    took = time.monotonic() - begun
    early = -which
    if program.returncode not in (128 + which, early):
        return f"it ended with {program.returncode}: {said[-500:]}", took
    if "Traceback" in said and program.returncode != early:
        return f"it said {said[-500:]}", took
    left = sorted(p.name for p in folder.iterdir() if p.name.startswith("s.dgs"))
    if program.returncode != early and left not in ([], ["s.dgs"]):
        return f"it left {', '.join(left)}", took
    if path.exists():
        try:
            with check(path) as found:
                return " ".join(found.problems), took
        except DgstudioError as error:
            return str(error), took
    return "", took
