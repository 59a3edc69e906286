"""Killing a window at random moments: afterwards its session file must hold all that it had shown as saved."""

from __future__ import annotations

import random
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from dgstudio.errors import DgstudioError
from dgstudio.extras.known import EXTRAS, missing
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.restore import restored
from dgstudio.types import Act, ActKind, LabelChange

KILLS_A_FILE = 10
"""After so many kills a session of its own begins: files grow, and reading them takes time."""
LATEST_S = 1.0
"""The latest moment of a kill, after the window is up."""
EARLY, EARLY_S = 0.2, 0.8
"""The share of kills that do not wait for the window, and their latest moment."""
AIMED, AIMS, AIM_S = 0.2, ("import", "switch"), 60.0
"""The share of kills that wait until their window is at something that it does rarely, which, and how long at most."""
UP_S = 60.0
LANES = 2
"""Windows that work at the same time, each on a file of its own: most of the time they wait for their user."""

Start = Callable[[Path, int, str], tuple[BaseProcess, Connection]]
"""Starts a process that works on a session file and says what it shows, given a seed and what it is to do first, ""
for anything; see `crash_actor`."""
Entry = tuple[str, int]
"""An act of the history: "take" and the take's id, or "act" and its own."""


@dataclass(slots=True)
class Killed:
    """What all kills together showed. `lost` are sentences, one for each thing that was shown as saved and is not."""

    kills: int = 0
    shown: int = 0
    copies: int = 0
    early: int = 0
    damaged: int = 0
    within: Counter[str] = field(default_factory=Counter)
    """How many came within something that goes on for longer: an import, say."""
    lost: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """The same as numbers."""
        counted = {name: getattr(self, name) for name in ("kills", "shown", "copies", "early", "damaged")}
        return {**counted, "within": dict(sorted(self.within.items())), "lost": len(self.lost)}


class Ledger:
    """What one window said that it showed, and what may therefore be in its file."""

    def __init__(self) -> None:
        self._acts: list[Entry] = []
        self._done = 0
        self._cut: list[Entry] = []
        """Takes that stand without an act, since they were cut short: the next window makes acts of them."""
        self._wishes: list[str] = []
        """What was asked for since the last thing that was shown."""
        self._takes: dict[int, int] = {}
        self._bases: dict[int, str] = {}
        """Versions on a base of the user's own, and their digests."""
        self.copies: list[tuple[Path, dict[int, int]]] = []
        self.under_way: dict[str, float] = {}
        """What goes on for longer than a moment, and for about how many seconds."""
        self._found = self.begun = False
        self.shown = 0

    def hear(self, message: tuple[Any, ...]) -> list[str]:
        """Take one message in; returns what is wrong with it."""
        match message:
            case ("found", entries, done):
                problems = [] if (entries, done) in list(self._reopened()) else [f"it reopened with {entries}, {done}"]
                self._set(entries, done)
                self._found = True
                return problems
            case ("begun" | "history" as kind, entries, done):
                self._set(entries, done)
                self.begun |= kind == "begun"
            case ("wish", word):
                self._wishes.append(word)
                return []
            case ("under way", what, seconds):
                self.under_way[what] = seconds
                return []
            case ("over", what):
                self.under_way.pop(what, None)
                return []
            case ("take", identity, examples):
                self._takes[identity] = examples
                self._settle("do", ("take", identity))
            case ("act", identity):
                self._settle("do", ("act", identity))
            case ("undo" | "redo" as word, _):
                self._settle(word, None)
            case ("base", version, digest):
                self._bases[version] = digest
            case ("copy", path):
                self.copies.append((Path(path), dict(self._takes)))
        self.shown += 1
        return []

    def killed(self, session: Session) -> list[str]:
        """Compare with the file after a kill, and go on from there; returns what is not there of what was shown."""
        acts, done = session.acts()
        entries = [_entry(act) for act in acts]
        problems = [*_missing(session, self._takes), *_other_bases(session, self._bases)]
        if not any(_fits(entries, known) and done == how_many for known, how_many in self._possible()):
            problems.append(
                f"its history is {entries} of which {done} done; shown was {self._acts} of which {self._done}, "
                f"then asked for: {', '.join(self._wishes) or 'nothing'}"
            )
        problems += _contradictions(session, acts, done)
        self._acts, self._done = entries, done
        acted = {number for kind, number in entries if kind == "take"}
        imported = {identity for act in acts for change in _born(act) for identity in change.ids}
        standing = {example.take_id for example in session.examples() if example.id not in imported}
        self._cut = [("take", take.id) for take in session.takes() if take.id in standing - acted]
        self._wishes.clear()
        self.under_way.clear()
        self._found = self.begun = False
        return problems

    def _set(self, entries: list[Entry], done: int) -> None:
        self._acts, self._done = list(entries), done
        self._cut, self._wishes = [], []

    def _settle(self, word: str, entry: Entry | None) -> None:
        """Something was shown: what was asked for before it has been done, or came to nothing."""
        self._wishes.clear()
        self._acts, self._done = _after(self._acts, self._done, word, entry)

    def _reopened(self) -> Iterator[tuple[list[Entry], int]]:
        """How a window may find the history: with the takes that were cut short."""
        yield self._acts, self._done
        for count in range(1, len(self._cut) + 1):
            yield [*self._acts[: self._done], *self._cut[:count]], self._done + count

    def _possible(self) -> Iterator[tuple[list[Entry | None], int]]:
        """Histories that the file may hold: as shown, and with what was asked for since, as far as it was done."""
        for acts, done in [(self._acts, self._done)] if self._found else self._reopened():
            states: list[tuple[list[Entry | None], int]] = [(list(acts), done)]
            for word in self._wishes:
                # A wish may come to nothing: no window in the take, nothing to relabel.
                states += [_after(list(known), how_many, word, None) for known, how_many in states]
            yield from states


def _after(acts: list[Any], done: int, word: str, entry: Entry | None) -> tuple[list[Any], int]:
    if word == "do":
        return [*acts[:done], entry], done + 1
    step = done - 1 if word == "undo" else done + 1
    return acts, min(max(step, 0), len(acts))


def _fits(entries: list[Entry], known: list[Entry | None]) -> bool:
    return len(entries) == len(known) and all(b in (None, a) for a, b in zip(entries, known, strict=True))


def _entry(act: Act) -> Entry:
    return ("act", act.id) if act.take_id is None else ("take", act.take_id)


def _born(act: Act) -> list[LabelChange]:
    """The changes of an act that are the birth of examples: of an import."""
    return [change for change in act.labels if change.before is None] if act.kind == ActKind.IMPORTED else []


def _other_bases(session: Session, bases: dict[int, str]) -> Iterator[str]:
    for version, digest in bases.items():
        try:
            found = restored(session.checkpoint(version))[0].digest
        except DgstudioError as error:
            yield f"version {version} on a new base is not there: {error}"
        else:
            if found != digest:
                yield f"version {version} on a new base is another than it was"


def _missing(session: Session, takes: dict[int, int]) -> Iterator[str]:
    counts: dict[int, int] = {}
    for example in session.examples(active_only=False):
        counts[example.take_id] = counts.get(example.take_id, 0) + 1
    known = {take.id for take in session.takes()}
    for identity, examples in takes.items():
        if identity not in known or counts.get(identity, 0) != examples:
            yield f"take {identity} has {counts.get(identity, 0)} of {examples} examples"


def _contradictions(session: Session, acts: list[Act], done: int) -> Iterator[str]:
    """Labels that are not what the history says: half an act was kept."""
    standing = {example.id: example.class_id for example in session.examples()}
    of_take: dict[int, list[int]] = {}
    for example in session.examples(active_only=False):
        of_take.setdefault(example.take_id, []).append(example.id)
    classes = {take.id: take.class_id for take in session.takes()}
    wanted: dict[int, int | None] = {}
    for act in acts[done:]:
        if act.take_id is not None:
            wanted.update(dict.fromkeys(of_take.get(act.take_id, ()), None))
        for change in _born(act):
            wanted.update(dict.fromkeys(change.ids, None))
    for act in acts[:done]:
        if act.take_id is not None:
            wanted.update(dict.fromkeys(of_take.get(act.take_id, ()), classes[act.take_id]))
        for change in act.labels:
            wanted.update(dict.fromkeys(change.ids, change.after))
    wrong = [identity for identity, label in wanted.items() if standing.get(identity) != label]
    if wrong:
        yield f"the labels of the examples {wrong[:5]} ({len(wrong)} in all) are not what its history says"


def run_kills(start: Start, folder: Path, kills: int, seed: int = 20260316) -> Killed:
    """Kill windows at random moments and look at their files.

    Parameters
    ----------
    start
        Starts one window.
    folder
        Where the files go; it holds some 50 MB for each lane.
    kills
        How many in all, by `LANES` windows at a time.
    seed
        Of the moments and of what is done in the windows; the machine's own timing adds to both.

    Raises
    ------
    DgstudioError
        Where a window does not come up.
    """
    total = Killed()
    raised: list[BaseException] = []
    lock = threading.Lock()
    shares = [kills // LANES + (lane < kills % LANES) for lane in range(LANES)]

    def lane(number: int) -> None:
        try:
            _run_lane(start, folder, shares[number], random.Random(f"{seed}.{number}"), f"lane{number}", total, lock)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=lane, args=(number,), name=f"kills-{number}") for number in range(LANES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]
    return total


def _run_lane(
    start: Start, folder: Path, kills: int, chance: random.Random, name: str, total: Killed, lock: threading.Lock
) -> None:
    ledger, path = Ledger(), folder / name
    # There is no new base to switch to where none can be trained.
    aims = [aim for aim in AIMS if aim != "switch" or not missing(EXTRAS["train"])]
    for number in range(kills):
        if number % KILLS_A_FILE == 0:
            _clear(folder, name)
            ledger, path = Ledger(), folder / f"{name}-{number // KILLS_A_FILE}.dgs"
        shown, early = ledger.shown, number % KILLS_A_FILE > 0 and chance.random() < EARLY
        aim = chance.choice(aims) if not early and chance.random() < AIMED else ""
        problems = _one_life(start, path, chance, ledger, early=early, aim=aim)
        within = list(ledger.under_way)
        damaged, copies = 0, 0
        for copy, takes in [(path, None), *ledger.copies]:
            found = _looked_at(copy, ledger if takes is None else takes, folder / f"{name}.look.dgs")
            damaged += found is None
            copies += takes is not None
            problems += [f"{copy.name} is damaged"] if found is None else found
        ledger.copies.clear()
        with lock:
            total.kills += 1
            total.shown += ledger.shown - shown
            total.copies += copies
            total.early += early
            total.within.update(within)
            total.damaged += damaged
            total.lost += [f"{path.name}, kill {number}: {problem}" for problem in problems]


def _one_life(start: Start, path: Path, chance: random.Random, ledger: Ledger, *, early: bool, aim: str) -> list[str]:
    """Start a window, kill it, and hear all that it said before; returns what was wrong with that."""
    process, connection = start(path, chance.randrange(1 << 30), aim)
    problems: list[str] = []
    with connection:
        try:
            deadline = time.monotonic() + (chance.uniform(0, EARLY_S) if early else UP_S)
            while not ledger.begun and time.monotonic() < deadline:
                if connection.poll(max(0.0, deadline - time.monotonic())):
                    problems += ledger.hear(connection.recv())
            if not (early or ledger.begun):
                raise DgstudioError(f"The window that was to be killed did not come up within {UP_S:g} s.")
            problems += _until_killed(connection, chance, ledger, 0.0 if early else LATEST_S, aim)
        except (EOFError, OSError):
            problems.append("the window ended by itself")
        process.kill()
        process.join()
        try:
            # What it said until it was dead it had shown.
            while True:
                problems += ledger.hear(connection.recv())
        except (EOFError, OSError):
            pass
    return problems


def _until_killed(
    connection: Connection, chance: random.Random, ledger: Ledger, latest_s: float, aim: str
) -> list[str]:
    """Hear what a window says until its time has come; returns what is wrong with it."""
    problems: list[str] = []
    deadline = time.monotonic() + (AIM_S if aim else chance.uniform(0, latest_s))
    while (left := deadline - time.monotonic()) > 0:
        if connection.poll(left):
            before = set(ledger.under_way)
            problems += ledger.hear(connection.recv())
            begun = ledger.under_way.keys() - before
            if begun and (aim in begun if aim else not before):
                # The kill may come at any moment of what goes on for longer.
                deadline = time.monotonic() + chance.uniform(0, max(ledger.under_way[what] for what in begun))
                aim = ""
    return problems


def _looked_at(path: Path, known: Ledger | dict[int, int], look: Path) -> list[str] | None:
    """What is wrong with a session file, seen in a copy: the next window finds it as the kill left it. None: damage."""
    for end in ("", "-wal"):
        beside = path.with_name(path.name + end)
        copy = look.with_name(look.name + end)
        copy.unlink(missing_ok=True)
        if beside.exists():
            shutil.copyfile(beside, copy)
    if not look.exists() and isinstance(known, Ledger) and not known.shown:
        return []
    try:
        with Session.open(look) as session:
            problems = known.killed(session) if isinstance(known, Ledger) else list(_missing(session, known))
            latest = session.latest_checkpoint()
            if latest is None and session.checkpoints():
                problems.append("no version of the model can be restored")
            if not session.report.ok:
                return None
        with closing(sqlite3.connect(look)) as plain:
            if plain.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                return None
    except DgstudioError as error:
        return [f"{path.name} does not open: {error}"]
    return problems


def _clear(folder: Path, name: str) -> None:
    for path in folder.glob(f"{name}[-.]*"):
        path.unlink(missing_ok=True)
