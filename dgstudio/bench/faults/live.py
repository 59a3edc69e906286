"""What a running engine stands on breaks: its file, its disk, its source, its learner, its clock. Nothing may be lost.

Each fault has an engine of its own, in a process of its own: some of them break what a whole process has. Then all of
them happen to one engine, one after the other.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dgstudio.bench.faults.permissions import obey_permissions, permissions_count
from dgstudio.bench.faults.samples import SEED, SPEED, TAKE_S, wait_for
from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import DgstudioError
from dgstudio.guard.files import PRIVATE_FOLDER
from dgstudio.records import dataclass
from dgstudio.session.check import check
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source
from dgstudio.streams.simulation.simulator import SimulatorSource
from dgstudio.types import Block

LONGEST_S = 120.0
ASLEEP_S = 3.0
GOES_ON_S = 2.5
"""The longest that a fault goes on, where it has an end."""
DAY_S = 86_400.0


@dataclass(slots=True)
class Faults:
    """How many faults were tried, sentences on those that did harm, and why others could not be tried, by name."""

    tried: int = 0
    uncontained: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def figures(self) -> dict[str, int]:
        """The same as numbers."""
        return {"tried": self.tried, "uncontained": len(self.uncontained)}


class Patient:
    """An engine that labels and records, and what it was told as saved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        source = open_source("simulator", seed=SEED, speed=SPEED)
        assert isinstance(source, SimulatorSource)
        self.source = source
        session = Session.create(folder / "live.dgs")
        self.engine = Engine(source, base_for(source.spec)[0], session, EngineSettings(learn_every_s=0.2))
        for name in ("circle", "wave"):
            self.engine.labels.add_class(name)
        self.engine.recording.record(True)
        self.engine.start()
        self.takes = 0
        self._heard: set[EventKind] = set()

    @property
    def path(self) -> Path:
        """The file in which the session is now."""
        path = self.engine.session.path
        assert path is not None, "it is saved from the beginning"
        return path

    def has_heard(self, kind: EventKind) -> bool:
        """Whether the engine has ever said something of this kind."""
        self._heard.update(event.kind for event in self.engine.events.drain())
        return kind in self._heard

    def label(self, wait: bool = True) -> None:
        """Label what was seen last, and wait until that is learned and saved, or said not to be."""
        engine, name = self.engine, ("circle", "wave")[self.takes % 2]
        self.source.set_knob("gesture", name)
        self.takes += 1
        before = engine.lane.counts.reads
        wait_for(lambda: engine.lane.counts.reads > before + 60, "answers")
        info, now = engine.classes.by_name(name), engine.clock.now()
        assert info is not None
        engine.labels.label_span(info.id, now - TAKE_S, now - 0.1)
        if wait:
            self.settle()

    def settle(self) -> None:
        """Wait until all is done."""
        wait_for(lambda: self.engine.store.idle and self.engine.learn.idle, "the store and the learner")

    def end(self) -> list[str]:
        """Stop, open what there is, and say what is not as it must be."""
        engine = self.engine
        known = {e.id: (e.class_id, e.features.tobytes()) for e in engine.book.active_examples()}
        stats, saved = engine.stats(), engine.queue.saved.failed
        left = engine.stop()
        wrong = [f"the thread {name} did not stop" for name in left]
        dead = [w.name for w in (engine.store, engine.learn, engine.infer, engine.out) if w.failed]
        wrong += [f"{name} gave up" for name in dead]
        if stats.torn or stats.unpublished or stats.protected_bits_changed:
            wrong.append("an answer was torn, of no version, or a protected bit changed")
        if saved:
            wrong.append("saving did not begin again")
            return wrong
        with check(self.path) as found:
            there = {e.id: (e.class_id, e.features.tobytes()) for e in found.session.examples()}
            wrong += found.problems
        if there != known:
            lost, more = len(known.keys() - there.keys()), len(there.keys() - known.keys())
            wrong.append(f"{lost} examples are lost, {more} came back, of {len(known)}")
        if not known:
            wrong.append("nothing was labelled")
        return wrong


def _truncate(patient: Patient) -> None:
    os.truncate(patient.path, 4096 * random.Random(patient.takes).randrange(3))


def _replace(patient: Patient) -> None:
    other = patient.folder / "other.dgs"
    Session.create(other).close()
    other.replace(patient.path)


def _delete_wal(patient: Patient) -> None:
    patient.path.with_name(patient.path.name + "-wal").unlink()


def _full_disk(patient: Patient) -> Callable[[], None]:
    """No file may grow any more: the system says so as it does of a full disk."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (patient.path.stat().st_size, before[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _read_only_folder(patient: Patient) -> Callable[[], None]:
    """Nothing can be made beside the session any more: a copy is refused, labels are saved all the same."""
    patient.folder.chmod(0o500)
    copy = patient.folder / "copy.dgs"
    patient.engine.recording.save_copy(copy)

    def end() -> None:
        try:
            wait_for(lambda: patient.has_heard(EventKind.COPY_NOT_SAVED), "the copy to be refused")
        finally:
            patient.folder.chmod(PRIVATE_FOLDER)

    return end


def _lost_source(patient: Patient) -> Callable[[], None]:
    source: Any = patient.source
    read = source.read

    def lost(timeout: float) -> Block | None:
        raise OSError("the cable was pulled")

    source.read = lost
    return lambda: setattr(source, "read", read)


def _bad_values(patient: Patient) -> Callable[[], None]:
    source: Any = patient.source
    read, chance = source.read, np.random.default_rng(SEED)

    def bad(timeout: float) -> Block | None:
        block = read(timeout)
        if block is None:
            return None
        values = block.values.copy()
        spoiled = chance.random(values.shape) < 0.3
        values[spoiled] = chance.choice(np.asarray([np.nan, np.inf, -np.inf, 3e38], np.float32), int(spoiled.sum()))
        spoiled_block: Block = replace(block, values=values)
        return spoiled_block

    source.read = bad
    return lambda: setattr(source, "read", read)


def _failing_learner(patient: Patient) -> Callable[[], None]:
    learner: Any = patient.engine.learner
    absorb, times = learner.absorb, iter(range(3))

    def failing(*arguments: Any, **more: Any) -> Any:
        if next(times, None) is not None:
            raise FloatingPointError("made to fail")
        return absorb(*arguments, **more)

    learner.absorb = failing
    return lambda: setattr(learner, "absorb", absorb)


def _jumping_clock(patient: Patient) -> Callable[[], None]:
    clock: Any = time
    honest, chance = time.time, random.Random(SEED)
    clock.time = lambda: honest() + chance.choice((-DAY_S, DAY_S))
    return lambda: setattr(clock, "time", honest)


def _sleep(patient: Patient) -> None:
    """The whole process stands still for some seconds, as when a lid is closed; a helper wakes it."""
    pid = os.getpid()
    if os.fork() == 0:
        time.sleep(ASLEEP_S)
        os.kill(pid, signal.SIGCONT)
        os._exit(0)
    os.kill(pid, signal.SIGSTOP)


Fault = Callable[[Patient], Callable[[], None] | None]
"""Does harm; returns what ends it, where it can end."""
FAULTS: dict[str, Fault] = {
    "the file is deleted": lambda patient: patient.path.unlink(),
    "the file is replaced": _replace,
    "the file is cut short": _truncate,
    "the -wal file is deleted": _delete_wal,
    "the disk is full": _full_disk,
    "the folder is read-only": _read_only_folder,
    "the source dies": _lost_source,
    "the stream is full of NaN and infinities": _bad_values,
    "the learner raises": _failing_learner,
    "the clock jumps by days": _jumping_clock,
    "the machine sleeps": _sleep,
}


def run_faults(times: int, say: Callable[[str], object]) -> Faults:
    """Try each fault so many times at random moments: while a take is being labelled, learned, saved or recorded.

    As often all of them are tried on one engine, one after the other.
    """
    faults = Faults()
    for number in range(times):
        for name in FAULTS:
            _try([name], number, faults, say)
        run_all_on_one(number, say, faults)
    return faults


def run_all_on_one(
    seed: int, say: Callable[[str], object], faults: Faults | None = None, *, goes_on_s: float = GOES_ON_S
) -> Faults:
    """Try all faults on one engine, in an order that follows from the seed; counted into `faults` where there are."""
    total = Faults() if faults is None else faults
    _try(random.Random(f"order {seed}").sample(sorted(FAULTS), len(FAULTS)), seed, total, say, goes_on_s)
    return total


def _try(
    names: Sequence[str], seed: int, faults: Faults, say: Callable[[str], object], goes_on_s: float = GOES_ON_S
) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_suffer, args=(names, seed, goes_on_s, theirs), daemon=True)
    process.start()
    theirs.close()
    left_out: dict[str, str] = {}
    try:
        longest = LONGEST_S * len(names)
        wrong, left_out = ours.recv() if ours.poll(longest) else ([f"nothing was heard for {longest:g} s"], {})
    except EOFError:
        process.join()
        wrong = [f"the process ended with {process.exitcode}"]
    process.kill()
    process.join()
    ours.close()
    tried = [name for name in names if name not in left_out]
    faults.tried += len(tried)
    faults.left_out.update(left_out)
    for sentence in wrong:
        faults.uncontained.append(f"{', '.join(tried)} ({seed}): {sentence}")
        say(faults.uncontained[-1])


def _suffer(names: Sequence[str], seed: int, goes_on_s: float, connection: Connection) -> None:
    chance = random.Random(f"{' '.join(names)} {seed}")
    # What a worker says of its failures is the fault that was made.
    logging.disable()
    try:
        with TemporaryDirectory(prefix="dgstudio-live-") as folder:
            left_out = _left_out(names, Path(folder))
            faults = [FAULTS[name] for name in names if name not in left_out]
            connection.send((suffer(faults, Path(folder), chance, goes_on_s) if faults else [], left_out))
    except BaseException:
        connection.send(([traceback.format_exc(limit=-6)], {}))
    # Threads that hang are told of; they must not keep the process.
    sys.stdout.flush()
    os._exit(0)


def _left_out(names: Sequence[str], folder: Path) -> dict[str, str]:
    """What cannot be tried here, and why; before there is another thread."""
    if "the folder is read-only" not in names:
        return {}
    obey_permissions()
    why = "this user writes into read-only folders all the same"
    return {} if permissions_count(folder) else {"the folder is read-only": why}


def suffer(faults: Sequence[Fault], folder: Path, chance: random.Random, goes_on_s: float = GOES_ON_S) -> list[str]:
    """Let these faults happen to an engine in turn; returns sentences on what was wrong afterwards."""
    patient = Patient(folder)
    try:
        patient.label()
        for fault in faults:
            _happen(fault, patient, chance, goes_on_s)
        patient.label()
    except DgstudioError as error:
        return [str(error), *patient.end()]
    return patient.end()


def _happen(fault: Fault, patient: Patient, chance: random.Random, goes_on_s: float) -> None:
    patient.label(wait=False)
    # Somewhere between the label and its version in the file.
    time.sleep(chance.uniform(0.0, 0.4))
    end = fault(patient)
    try:
        if fault is not _lost_source:
            patient.label(wait=False)
        time.sleep(chance.uniform(0.2, goes_on_s))
    finally:
        if end is not None:
            end()
    patient.label()
    # Where saving failed it is tried again after some seconds.
    wait_for(lambda: not patient.engine.queue.saved.failed, "saving to begin again")
