"""A damaged or hostile session is opened as the program opens it, and compared with what it was."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from dgstudio.bench.faults.mutations import damaged_session
from dgstudio.bench.faults.pool import TRIAL_S, Outcome, Try
from dgstudio.bench.faults.samples import SESSION
from dgstudio.engine.lifecycle.resume import resume
from dgstudio.errors import DgstudioError
from dgstudio.session.check import check
from dgstudio.session.file import Session
from dgstudio.session.restore import SIGNAL, spec_of
from dgstudio.streams.features import SignalFeatures

ENDED_FOR_TIME = -getattr(signal, "SIGXCPU", signal.SIGTERM)
"""The status of a command that took too much of the processor."""
BY_COMMAND = 100
"""Every so manieth trial goes through the real command."""
RESUMED = 10
"""Every so manieth trial goes as far as a learner that stands on the session."""


def prepare_sessions(sound: Path, folder: Path, seed: int) -> Try:
    """Trials on copies of the sound session."""
    original = (sound / SESSION).read_bytes()
    path = folder / "sound.dgs"
    path.write_bytes(original)
    with Session.open(path) as session:
        known = contents(session)

    def make(number: int) -> tuple[Outcome, str]:
        chance = random.Random(f"session {seed} {number}")
        path = folder / f"{number}.dgs"
        path.write_bytes(original)
        try:
            damaged_session(path, chance)
            if number % BY_COMMAND == 0:
                return _by_command(path, known)
            return _opened(path, known, number)
        finally:
            for left in folder.glob(f"{number}.*"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()

    return make


def contents(session: Session) -> dict[str, str]:
    """A digest of each part of a session, as the program reads it."""
    examples = session.examples(active_only=False)
    latest = session.latest_checkpoint()
    arrays = {} if latest is None else {name: array.tobytes() for name, array in latest.arrays.items()}
    meta = {} if latest is None else latest.meta
    parts: dict[str, Any] = {
        "classes": session.classes(),
        "takes": session.takes(),
        "labels": [(e.id, e.class_id, e.take_id, repr((e.start, e.end)), e.learn) for e in examples],
        "features": [e.features.tobytes() for e in examples],
        "raw": [None if e.raw is None else e.raw.tobytes() for e in examples],
        "hidden": sorted(session.inactive_ids()),
        "notes": sorted(session.notes().items()),
        "acts": session.acts(),
        "records": session.records(),
        "events": session.events(),
        "settings": [session.config(key) for key in ("features", SIGNAL, "stream", "learning", "head", "serving")],
        "versions": session.checkpoints(),
        "model": (sorted(arrays.items()), json.dumps(meta, sort_keys=True)),
        "recorded": _recorded(session),
    }
    return {name: hashlib.sha256(repr(value).encode()).hexdigest()[:16] for name, value in parts.items()}


def _recorded(session: Session) -> list[object]:
    found: list[object] = []
    for stretch in session.recorded.stretches():
        found.append(stretch)
        for kept in session.recorded.blocks(stretch.id):
            block = kept.content
            found.append(None if block is None else (block.first, block.times.tobytes(), block.values.tobytes()))
        for pack in session.recorded.answers(stretch.id):
            answers = pack.content
            found.append(None if answers is None else [(a.hop, a.version, a.logits.tobytes()) for a in answers])
    return found


def _opened(path: Path, known: dict[str, str], number: int) -> tuple[Outcome, str]:
    before = path.read_bytes()
    try:
        with Session.open(path) as session:
            now, problems = contents(session), list(session.report.problems)
            if number % RESUMED == 0:
                spec = spec_of(session.config(SIGNAL) or {})
                resume(session, None, spec, SignalFeatures(spec))
    except DgstudioError:
        return (Outcome.REFUSED, "") if path.read_bytes() == before else (Outcome.CHANGED, "refused")
    if problems:
        return (Outcome.TOLD, "") if path.read_bytes() == before else (Outcome.CHANGED, problems[0])
    other = sorted(part for part in known if now[part] != known[part])
    if not other:
        return Outcome.FINE, ""
    try:
        with check(path) as found:
            if found.problems:
                return Outcome.TOLD, ""
    except DgstudioError:
        return Outcome.REFUSED, ""
    return Outcome.SILENT, f"other than before: {', '.join(other)}"


def _by_command(path: Path, known: dict[str, str]) -> tuple[Outcome, str]:
    """`dgstudio check`, then an export: a sentence and an exit status, never a traceback."""
    before = path.read_bytes()
    checked = _run("check", str(path))
    exported = _run("export", str(path), "--examples", str(path.with_suffix(".csv")))
    for done in (checked, exported):
        said = done.stdout + done.stderr
        if done.returncode == ENDED_FOR_TIME:
            return Outcome.HANG, f"{done.args} took more than {TRIAL_S:g} s of the processor"
        if "Traceback" in said or "unforeseen" in said or done.returncode not in (0, 1, 2):
            return Outcome.TRACEBACK, f"{done.args}: {done.returncode}\n{said[-1500:]}"
    if path.read_bytes() != before:
        return Outcome.CHANGED, "by the command"
    if checked.returncode:
        return Outcome.TOLD, ""
    with Session.reading(path) as session:
        other = sorted(part for part, digest in contents(session).items() if digest != known[part])
    return (Outcome.SILENT, f"check says nothing: {', '.join(other)}") if other else (Outcome.FINE, "")


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dgstudio", *arguments]
    limit = _limit_processor if sys.platform != "win32" else None
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, preexec_fn=limit)


def _limit_processor() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (round(TRIAL_S), round(TRIAL_S) + 1))
