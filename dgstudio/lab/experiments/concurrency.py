"""`experiment concurrency`: readers at full speed while versions change under them; every read is attributed.

What is compared: the studio's model published by replacing one reference (`ours`), a dense network published in the
same way (`swap`), one whose arrays are overwritten under a mutex that readers take too (`lock`), and one that
learns in the very arrays that are being read (`in_place`, the control that must fail).
"""

from __future__ import annotations

import sys
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from functools import cache, partial

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.lab.experiment import Experiment, Options
from dgstudio.lab.publishing import Contestant, InPlace, Locked, PlanSwap, Swap
from dgstudio.lab.results import Result, Row, over_seeds
from dgstudio.lab.runs import RunId, Runs
from dgstudio.learning.bank.base_model import assemble
from dgstudio.learning.contract.contract import Contract
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.conventional import STEPS_PER_EXAMPLE
from dgstudio.learning.rules.dense import Adam, DenseWeights, gradient
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Normaliser, Snapshot
from dgstudio.records import dataclass
from dgstudio.types import F32, Example, RecordKind

METHODS = ("ours", "swap", "lock", "in_place")
READS = {"ours": 10_000_000}
READS_OTHERS = 1_000_000
READS_QUICK = {"ours": 200_000}
READS_OTHERS_QUICK = 50_000
SWITCH_S = 0.00002
"""`sys.setswitchinterval` of the race: shorter than an answer, which has the interpreter to itself otherwise, so that
versions are published in the middle of answers."""
READERS = 2
INPUTS_DIM, HIDDEN, ACTIVE, FEATURES = 16, 32, 8, 64
"""Small, so that ten million reads take minutes: what is tested does not depend on the size."""
KNOWN, NEW = (0, 1, 2), (3, 4)
EXAMPLES_A_CLASS = 80
ROTATION = 48
"""Different inputs that readers answer in turn."""
MAX_NS = 2**32 - 1


@dataclass(slots=True)
class Reads:
    """What came of the reads of one method: counts, and the time of each in ns."""

    reads: int = 0
    torn: int = 0
    unpublished: int = 0
    unattributed: int = 0
    publishes: int = 0
    overlapped: int = 0
    """Reads during which something was published: those that could have gone wrong."""
    seconds: float = 0.0
    times: npt.NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))

    def counts(self) -> dict[str, int]:
        """Return what is counted."""
        return {
            "reads": self.reads,
            "torn": self.torn,
            "unpublished": self.unpublished,
            "unattributed": self.unattributed,
            "publishes": self.publishes,
            "overlapped": self.overlapped,
        }

    def figures(self) -> dict[str, float]:
        """Return what is measured."""
        p50, p99 = np.percentile(self.times, (50, 99)) / 1e3 if len(self.times) else (0.0, 0.0)
        return {
            "serve_p50_us": float(p50),
            "serve_p99_us": float(p99),
            "publishes_per_s": self.publishes / self.seconds if self.seconds else 0.0,
            "seconds": self.seconds,
        }


COUNTED = (*Reads().counts(), "protected_bits_changed")
"""What is summed over the seeds; everything else has a mean."""


# -- what is published ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A base, the versions that were learned on it, and those made by publishing their parts alone.

    `versions` passed the contract's proof and a full audit each; `inputs` (n, d) are what readers answer.
    """

    base: BaseModel
    versions: tuple[Snapshot, ...]
    learned: int
    inputs: tuple[F32, ...]
    examples: tuple[Example, ...]
    bits_changed: int


def blobs(rng: np.random.Generator, classes: Sequence[int], count: int) -> tuple[F32, npt.NDArray[np.int64]]:
    """`count` inputs (n, d) around each class's centre; the centres do not depend on `rng`."""
    centres = np.random.default_rng(16).normal(0.0, 2.0, (len(KNOWN + NEW), INPUTS_DIM))
    rows = [centres[c] + rng.normal(0.0, 0.9, (count, INPUTS_DIM)) for c in classes]
    return np.concatenate(rows).astype(np.float32), np.repeat(np.asarray(classes, np.int64), count)


def small_base(seed: int) -> BaseModel:
    """Train a small gated base on three classes. Needs torch."""
    from dgstudio.model.training import train_base, train_dense  # slow to import: only where it is needed

    raw, labels = blobs(np.random.default_rng(seed), KNOWN, 100)
    normaliser = Normaliser.fit(raw)
    x = normaliser(raw)
    return assemble(
        raw,
        labels,
        normaliser=normaliser,
        base=train_base(x, labels, KNOWN, hidden=HIDDEN, k=ACTIVE, steps=200, seed=seed),
        dense=train_dense(x, labels, KNOWN, hidden=HIDDEN, steps=200, seed=seed),
        feature_names=tuple(f"x{i}" for i in range(INPUTS_DIM)),
        class_names=tuple(f"class {c}" for c in KNOWN),
        settings=LearnerSettings(features=FEATURES, protected=60, seed=seed),
    )


def prepare(seed: int, examples_a_class: int = EXAMPLES_A_CLASS) -> Prepared:
    """Let a learner learn two classes example by example, then publish the parts of its versions alone.

    Raises
    ------
    DgstudioError
        If a part published alone does not pass the proof.
    """
    rng = np.random.default_rng(seed)
    base = small_base(seed)
    # Being unsure changes no byte of what is compared: versions that differ in it alone could not be told apart.
    learner = Learner.begin(base, LearnerSettings(features=FEATURES, unsure=False))
    for class_id in NEW:
        learner.add_class(class_id)
    raw, labels = blobs(rng, NEW, examples_a_class)
    examples = tuple(Example(i, int(labels[j]), 0, raw[j], 0.0, 0.0) for i, j in enumerate(rng.permutation(len(raw))))
    learned = []
    for example in examples:
        learner.absorb([example])
        record = learner.step()
        if record is not None and record.kind == RecordKind.LEARNED:
            learned.append(learner.store.head)
    contract = Contract(learner.training.protected)
    parts = parts_alone(learned, contract, rng, learner.store.next_version)
    versions = (*learned, *parts)
    audited = [contract.audit(Plan(snapshot), 0, len(contract.protected)) for snapshot in versions]
    rows, _ = blobs(rng, KNOWN + NEW, 1 + ROTATION // len(KNOWN + NEW))
    inputs = tuple(rows[rng.permutation(len(rows))[:ROTATION]])
    return Prepared(base, versions, len(learned), inputs, examples, sum(audit.bits_changed for audit in audited))


def parts_alone(
    versions: Sequence[Snapshot], contract: Contract, rng: np.random.Generator, first: int
) -> list[Snapshot]:
    """Publish each version's router and read-out alone: every part once, in any order, so after any delay.

    Each snapshot follows the one before it by one part, and is proved by the contract as a learner's publish is.
    """
    head = versions[0]
    published: list[Snapshot] = []
    for turn in rng.permutation(2 * len(versions)):
        source, bank = versions[turn // 2].banks[-1], head.banks[-1]
        if turn % 2:
            changed = replace(bank, w=source.w)
        else:
            changed = replace(bank, R=source.R, classes=source.classes)
        candidate = head.with_(
            version=first + len(published),
            parent=head.version,
            banks=(*head.banks[:-1], changed),
            reason=f"{'router' if turn % 2 else 'read-out'} of v{versions[turn // 2].version} alone",
        )
        contract.prove(head, candidate)
        published.append(candidate)
        head = candidate
    return published


def dense_states(prepared: Prepared, seed: int) -> list[DenseWeights]:
    """Fine-tune the base's dense twin on the same examples and keep its state after each of them."""
    base = prepared.base
    W1, b1, V, b2 = base.dense
    weights = DenseWeights(W1, b1, V, b2, base.classes).copy()
    for class_id in NEW:
        weights = weights.with_class(class_id)
    adam, rng = Adam(), np.random.default_rng(seed)
    x = np.array([base.normaliser(example.features) for example in prepared.examples])
    columns = np.array([weights.classes.index(example.class_id) for example in prepared.examples])
    states = []
    for count in range(1, len(x) + 1):
        for _ in range(STEPS_PER_EXAMPLE):
            chosen = rng.integers(count, size=16)
            moved = adam.displacement(gradient(weights, x[chosen], columns[chosen]))
            for target, change in zip(weights.arrays(), moved, strict=True):
                target += change
        states.append(weights.copy())
    return states


# -- the race ------------------------------------------------------------------------------------------------------


def _read(
    contestant: Contestant,
    place: int,
    count: int,
    inputs: int,
    stop: threading.Event,
    mine: list[int],
    took: array[int],
) -> None:
    """Read `count` times, as reader number `place`; `mine` counts verdicts and overlaps, `took` the nanoseconds."""
    clock = time.perf_counter_ns
    for turn in range(count):
        number = (turn + 7 * place) % inputs
        published = contestant.publishes
        begin = clock()
        got = contestant.read(number)
        elapsed = clock() - begin
        mine[4] += contestant.publishes != published
        mine[contestant.judge(number, got)] += 1
        took.append(min(elapsed, MAX_NS))
        if turn % 1024 == 0 and stop.is_set():
            return


def race(
    contestant: Contestant,
    reads: int,
    inputs: int,
    readers: int = 2,
    progress: Callable[[int], None] = lambda done: None,
) -> Reads:
    """Let `readers` threads read as fast as they can, `reads` in all, while one thread writes as fast as it can.

    The writer offers the interpreter to others after each publish, as a learner that solves and copies does.

    Parameters
    ----------
    inputs
        How many inputs the rotation has.
    progress
        Called in this thread with the reads done so far.

    Raises
    ------
    Exception
        What a reader or the writer raised, once all have ended.
    """
    counts = [[0, 0, 0, 0, 0] for _ in range(readers)]
    times = [array("I") for _ in range(readers)]
    failures: list[BaseException] = []
    stop = threading.Event()

    def guarded(body: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                body()
            except BaseException as error:
                failures.append(error)
                stop.set()

        return run

    def reading(place: int) -> Callable[[], None]:
        share = reads // readers + (place < reads % readers)
        return lambda: _read(contestant, place, share, inputs, stop, counts[place], times[place])

    def writing() -> None:
        while not stop.is_set():
            contestant.write()
            # Readers get their turn, as beside a learner that waits for labels.
            time.sleep(0)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    writer = threading.Thread(target=guarded(writing), name="lab-writer")
    threads = [threading.Thread(target=guarded(reading(i)), name=f"lab-reader-{i}") for i in range(readers)]
    begin = time.perf_counter()
    try:
        for thread in (writer, *threads):
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.25)
                progress(sum(map(len, times)))
    finally:
        stop.set()
        for thread in (*threads, writer):
            thread.join()
        sys.setswitchinterval(interval)
    seconds = time.perf_counter() - begin
    if failures:
        raise failures[0]
    _, torn, unpublished, unattributed, overlapped = np.sum(counts, axis=0).tolist()
    return Reads(
        reads=sum(map(len, times)),
        torn=torn,
        unpublished=unpublished,
        unattributed=unattributed + contestant.late(),
        publishes=contestant.publishes,
        overlapped=overlapped,
        seconds=seconds,
        times=np.concatenate([np.asarray(row, np.uint32) for row in times]),
    )


# -- the experiment ------------------------------------------------------------------------------------------------


def run(options: Options, runs: Runs) -> Result:
    """Race each method; its reads are divided among the seeds, each with a base and versions of its own.

    Raises
    ------
    BadInputError
        For a method that there is not.
    DgstudioError
        If the in-place control shows neither torn nor unpublished reads: the check would prove nothing then.
    """
    methods = options.methods or METHODS
    for method in methods:
        if method not in METHODS:
            raise BadInputError(f"There is no method “{method}” in this experiment: choose {', '.join(METHODS)}.")
    seeds = options.seeds or 1
    raced: dict[str, list[Row]] = {method: [] for method in methods}
    runs.expect(seeds * len(methods))
    for seed in range(seeds):
        versions = _versions_when_needed(runs, seed)
        for method in methods:
            reads = _reads_of(method, options.quick) // seeds
            run_id = RunId("blobs", seed, method, f"{reads:,} reads")
            raced[method].append(runs.row(run_id, partial(_raced, runs, versions, method, reads, seed)))
    rows: list[Row] = []
    for method in methods:
        row: Row = {"data": "blobs", "method": method, **counted(raced[method])}
        row |= over_seeds([{name: part[name] for name in part if name not in COUNTED} for part in raced[method]])
        rows.append(row)
        if method == "in_place" and not row["torn"] + row["unpublished"]:
            raise DgstudioError("The in-place control shows no torn and no unpublished read: the check is broken.")
    config = {
        "quick": options.quick,
        "readers": READERS,
        "switch_interval_s": SWITCH_S,
        "inputs": INPUTS_DIM,
        "hidden": HIDDEN,
        "active": ACTIVE,
        "features": FEATURES,
        "rotation": ROTATION,
    }
    return Result("concurrency", config, rows)


def _reads_of(method: str, quick: bool) -> int:
    return READS_QUICK.get(method, READS_OTHERS_QUICK) if quick else READS.get(method, READS_OTHERS)


def contestant_of(method: str, prepared: Prepared, states: Sequence[DenseWeights], seed: int = 0) -> Contestant:
    """Make one of `METHODS`, fresh."""
    normaliser = prepared.base.normaliser
    if method == "ours":
        return PlanSwap(prepared.versions, prepared.inputs)
    if method == "swap":
        return Swap(states, normaliser, prepared.inputs)
    if method == "lock":
        return Locked(states, normaliser, prepared.inputs)
    return InPlace(prepared.base, prepared.examples, prepared.inputs, seed)


Versions = Callable[[], tuple[Prepared, Sequence[DenseWeights]]]


def _versions_when_needed(runs: Runs, seed: int) -> Versions:
    """What is published while others read, made when the first race asks for it."""

    @cache
    def versions() -> tuple[Prepared, Sequence[DenseWeights]]:
        runs.at("learning the versions to publish")
        prepared = prepare(seed)
        return prepared, dense_states(prepared, seed)

    return versions


def _raced(runs: Runs, versions: Versions, method: str, reads: int, seed: int) -> Row:
    """Counts and figures of one race; of ours, too, how many versions there were and what they left alone."""
    prepared, states = versions()
    contestant = contestant_of(method, prepared, states, seed)
    found = race(
        contestant, reads, len(prepared.inputs), READERS, lambda done: runs.at(share=done / reads if reads else 0.0)
    )
    row: Row = found.counts() | found.figures()
    if method != "ours":
        return row
    counts = {"versions": prepared.learned, "parts_alone": len(prepared.versions) - prepared.learned}
    return row | counts | {"protected_bits_changed": prepared.bits_changed}


def counted(parts: Sequence[Row]) -> dict[str, int]:
    """Sums of the counts over the seeds: one wrong read in all is one too many, whatever the mean is."""
    return {name: sum(part[name] for part in parts) for name in COUNTED if name in parts[0]}


EXPERIMENT = Experiment(
    summary="readers at full speed while versions are published: torn, unpublished and unattributed reads",
    run=run,
    takes=frozenset({"methods"}),
    y=("serve_p50_us", "serve_p99_us"),
)
