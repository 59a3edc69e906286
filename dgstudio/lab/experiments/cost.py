"""`experiment cost`: time, multiply–accumulates and memory of an answer, of a publish, of an example, size by size.

One size is swept at a time around a default; weights and data are drawn at random, since only shapes cost anything.
Every contestant answers the same inputs, one a call, in turn, in one thread. Needs torch, scikit-learn and river.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from dgstudio.errors import DgstudioError
from dgstudio.extras.known import needs
from dgstudio.lab.experiment import Experiment, Options
from dgstudio.lab.results import Result, Row, over_seeds
from dgstudio.lab.runs import RunId, Runs
from dgstudio.lab.serving import answered, torch_dense
from dgstudio.learning.bank.base_model import assemble
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.conventional import ConventionalTwin, TwinStart
from dgstudio.learning.rules.dense import DenseWeights, logits_of, softmax
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Base, Normaliser, Snapshot
from dgstudio.model.store import SnapshotStore
from dgstudio.records import dataclass
from dgstudio.types import F32, Example, RecordKind

Answer = Callable[[F32], object]


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is swept: H units, d features, D random features, N protected inputs, classes of the base, …"""

    H: int = 128
    d: int = 64
    D: int = 1024
    N: int = 400
    classes: int = 6
    examples: int = 200
    banks: int = 1
    versions: int = 1

    @property
    def active(self) -> int:
        """k: a quarter of the units."""
        return max(1, self.H // 4)


SWEEPS: dict[str, tuple[int, ...]] = {
    "H": (32, 128, 512, 1024),
    "d": (16, 64, 256, 1024, 4096),
    "D": (256, 512, 1024, 2048),
    "N": (100, 400, 1000),
    "classes": (2, 6, 20, 50),
    "examples": (20, 200, 500, 1000),
    "banks": (0, 1, 2, 4, 8),
    "versions": (1, 100, 1000),
}
QUICK_SWEEPS: dict[str, tuple[int, ...]] = {"H": (128, 512), "D": (256, 1024), "examples": (200, 500), "banks": (1, 4)}
RIVALS_TOO = ("H", "d", "D", "classes", "banks", "versions")
"""Whatever an answer may depend on; of D, banks and versions rivals have none, and what they cost stays the same."""
SEEDS, QUICK_SEEDS = 3, 1
INPUTS = 32
ROUNDS, QUICK_ROUNDS = 40, 10
PUBLISHES = 12
BLOCK = 16
NEW = 2
"""Classes that are taught."""
RIVAL_EXAMPLES = 300
"""Examples that river's models learn before they answer; trees cost what they have grown to."""


# -- what is measured ----------------------------------------------------------------------------------------------


def random_base(sizes: Sizes, rng: np.random.Generator) -> tuple[BaseModel, list[Example], list[F32]]:
    """Draw a base of these sizes with random weights, examples of two new classes, and inputs, half of them new."""
    centres = rng.normal(0.0, 2.0, (sizes.classes + NEW, sizes.d))

    def drawn(class_id: int, count: int) -> F32:
        rows: F32 = (centres[class_id] + rng.normal(0.0, 0.7, (count, sizes.d))).astype(np.float32)
        return rows

    a_class = -(-2 * sizes.N // sizes.classes)
    raw = np.concatenate([drawn(c, a_class) for c in range(sizes.classes)])
    labels = np.repeat(np.arange(sizes.classes), a_class)
    classes = tuple(range(sizes.classes))

    def weights(*shape: int) -> F32:
        return rng.normal(0.0, shape[-1] ** -0.5, shape).astype(np.float32)

    H, d, C = sizes.H, sizes.d, sizes.classes
    W1, b1, V, b2 = weights(H, d), np.zeros(H, np.float32), weights(H, C), np.zeros(C, np.float32)
    model = assemble(
        raw,
        labels,
        normaliser=Normaliser.fit(raw),
        base=Base(weights(H, d), b1, W1, b1, V, b2, sizes.active, classes),
        dense=(W1, b1, V, b2),
        feature_names=tuple(f"x{i}" for i in range(d)),
        class_names=tuple(map(str, classes)),
        settings=LearnerSettings(features=sizes.D, protected=sizes.N),
    )
    examples = []
    for number in range(sizes.examples + PUBLISHES):
        class_id = sizes.classes + number % NEW
        examples.append(Example(number, class_id, 0, drawn(class_id, 1)[0], 0.0, 0.0))
    inputs = [drawn((number % NEW) + (sizes.classes if number % 2 else 0), 1)[0] for number in range(INPUTS)]
    return model, examples, inputs


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """A model that was taught, and what that cost: ms an example absorbed, p50 and p99 of a publish in ms.

    `bits_changed`: of protected answers, over all its publishes.
    """

    snapshot: Snapshot
    absorb_ms: float
    publish_p50_ms: float
    publish_p99_ms: float
    bits_changed: int


def taught(base: BaseModel, examples: Sequence[Example], sizes: Sizes) -> Taught:
    """Absorb the examples in blocks, and publish again with each of the last few."""
    learner = _learner(base, sizes)
    held, more = examples[: sizes.examples], examples[sizes.examples :]
    begin = time.process_time()
    for first in range(0, len(held), BLOCK):
        learner.absorb(held[first : first + BLOCK])
    absorb_ms = (time.process_time() - begin) * 1e3 / len(held)
    took, bits = [], 0
    for example in more:
        learner.absorb([example])
        record = learner.step()
        if record is None or record.kind != RecordKind.LEARNED:
            raise DgstudioError(f"A publish that was to be timed did not come about: {record and record.reason.words}")
        took.append(record.duration_ms)
        bits += learner.audit_all().bits_changed
    p50, p99 = np.percentile(took[1:], (50, 99))
    return Taught(learner.store.head, absorb_ms, float(p50), float(p99), bits)


def _learner(base: BaseModel, sizes: Sizes) -> Learner:
    settings = LearnerSettings(features=sizes.D, seal_at=10 * (sizes.examples + PUBLISHES))
    learner = Learner.begin(base, settings)
    for class_id in range(sizes.classes, sizes.classes + NEW):
        learner.add_class(class_id)
    return learner


def learner_mb(base: BaseModel, examples: Sequence[Example], sizes: Sizes) -> float:
    """Memory in MB that a learner holds once it has absorbed the examples, the base itself not counted."""
    tracemalloc.start()
    try:
        learner = _learner(base, sizes)
        learner.absorb(examples[: sizes.examples])
        learner.step()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / 1e6
    finally:
        tracemalloc.stop()


def with_banks(snapshot: Snapshot, count: int) -> Snapshot:
    """`count` banks: copies of the learned one, all of them sealed but the last. The worst case: all open at once."""
    if count == 0:
        return snapshot.with_(banks=())
    last = snapshot.banks[-1]
    copies = [
        replace(last, id=last.id + i, sealed=i + 1 < count, w=last.w.copy(), R=last.R.copy()) for i in range(count)
    ]
    return snapshot.with_(banks=tuple(copies))


def versions_mb(snapshot: Snapshot, count: int) -> tuple[float, Snapshot]:
    """MB of all distinct arrays in a store after `count` publishes that each changed the learning bank; its newest."""
    store = SnapshotStore(snapshot)
    for _ in range(count - 1):
        head = store.head
        last = head.banks[-1]
        bank = replace(last, w=last.w.copy(), R=last.R.copy())
        store.publish(head.with_(version=store.next_version, parent=head.version, banks=(*head.banks[:-1], bank)))
    held = {id(array): array.nbytes for version in store.history() for array in version.arrays().values()}
    return sum(held.values()) / 1e6, store.serving


# -- the contestants -----------------------------------------------------------------------------------------------


def rivals(base: BaseModel, examples: Sequence[Example]) -> dict[str, tuple[Answer, Row]]:
    """Name → how it answers a raw input with probabilities, and its fixed figures; each has learned the examples.

    Raises
    ------
    DgstudioError
        Where torch, scikit-learn or river is missing.
    """
    try:
        from river import forest, linear_model, preprocessing
        from sklearn.neural_network import MLPClassifier
    except ImportError as error:
        raise DgstudioError(needs("The rivals come with", (error.name or "river").partition(".")[0])) from error
    twin = ConventionalTwin(TwinStart.of_base(base))
    dense_ms = _each_ms(lambda example: twin.absorb([example]), examples[:20])
    W1, b1, V, b2 = base.dense
    weights = DenseWeights(W1, b1, V, b2, base.classes)
    for example in examples[:NEW]:
        weights = weights.with_class(example.class_id)
    normalise = base.normaliser
    macs = float(weights.W1.size + weights.V.size)
    torch_answer = torch_dense(weights)
    dense_mb = weights.nbytes / 1e6

    d = base.base.inputs
    names = [f"x{i}" for i in range(d)]
    X = np.concatenate([base.protected, [example.features for example in examples]])
    y = np.concatenate([base.protected_labels, [example.class_id for example in examples]])
    mixed = np.random.default_rng(0).permutation(len(X))[:RIVAL_EXAMPLES].tolist()
    mlp = MLPClassifier((base.base.hidden,), random_state=0)
    x = normalise(X)
    mlp.partial_fit(x[mixed], y[mixed], classes=np.unique(y))
    mlp_ms = _each_ms(lambda i: mlp.partial_fit(x[i : i + 1], y[i : i + 1]), mixed[:20])
    mlp_mb = sum(array.nbytes for array in (*mlp.coefs_, *mlp.intercepts_)) / 1e6

    rows = {i: dict(zip(names, X[i].tolist(), strict=True)) for i in mixed}
    linear: Any = preprocessing.StandardScaler() | linear_model.SoftmaxRegression()
    trees: Any = forest.ARFClassifier(seed=0)
    linear_ms = _each_ms(lambda i: linear.learn_one(rows[i], int(y[i])), mixed)
    trees_ms = _each_ms(lambda i: trees.learn_one(rows[i], int(y[i])), mixed)

    def named(raw: F32) -> dict[str, float]:
        return dict(zip(names, raw.tolist(), strict=True))

    return {
        "numpy dense": (
            lambda raw: softmax(logits_of(weights, normalise(raw))),
            {"macs": macs, "memory_mb": dense_mb, "absorb_ms": dense_ms},
        ),
        "torch dense": (
            lambda raw: torch_answer(normalise(raw)),
            {"macs": macs, "memory_mb": dense_mb},
        ),
        "scikit-learn MLP": (
            lambda raw: mlp.predict_proba(normalise(raw)[None]),
            {"macs": macs, "memory_mb": mlp_mb, "absorb_ms": mlp_ms},
        ),
        "river softmax": (
            lambda raw: linear.predict_proba_one(named(raw)),
            {"macs": float(d * len(np.unique(y))), "absorb_ms": linear_ms},
        ),
        "river forest": (lambda raw: trees.predict_proba_one(named(raw)), {"absorb_ms": trees_ms}),
    }


def _each_ms(call: Callable[[Any], object], items: Sequence[Any]) -> float:
    """Mean CPU ms a call."""
    begin = time.process_time()
    for item in items:
        call(item)
    return (time.process_time() - begin) * 1e3 / len(items)


def latencies(contestants: dict[str, Answer], inputs: Sequence[F32], rounds: int) -> dict[str, Row]:
    """p50 and p99 of one answer in µs; contestants take turns round by round, and the first round only warms up."""
    times: dict[str, list[int]] = {name: [] for name in contestants}
    gc.collect()
    for turn in range(rounds + 1):
        for name, call in contestants.items():
            for raw in inputs:
                begin = time.perf_counter_ns()
                call(raw)
                elapsed = time.perf_counter_ns() - begin
                if turn:
                    times[name].append(elapsed)
    found = {}
    for name, values in times.items():
        p50, p99 = np.percentile(values, (50, 99)) / 1e3
        found[name] = {"serve_p50_us": float(p50), "serve_p99_us": float(p99)}
    return found


# -- the experiment ------------------------------------------------------------------------------------------------


def measure(sizes: Sizes, seed: int, rounds: int, *, with_rivals: bool, with_versions: bool) -> dict[str, Row]:
    """Method → figures at these sizes."""
    base, examples, inputs = random_base(sizes, np.random.default_rng(seed))
    what = taught(base, examples, sizes)
    snapshot = with_banks(what.snapshot, sizes.banks)
    memory = sum(array.nbytes for array in snapshot.arrays().values()) / 1e6
    if with_versions:
        memory, snapshot = versions_mb(snapshot, sizes.versions)
    plan, alone = Plan(snapshot), Plan(base.snapshot())
    mine: Row = {
        "macs": _macs(plan, inputs),
        "memory_mb": memory,
        "learner_mb": learner_mb(base, examples, sizes),
        "absorb_ms": what.absorb_ms,
        "publish_p50_ms": what.publish_p50_ms,
        "publish_p99_ms": what.publish_p99_ms,
        "protected_bits_changed": float(what.bits_changed),
    }
    contestants: dict[str, tuple[Answer, Row]] = {"ours": (partial(answered, plan), mine)}
    if with_rivals:
        base_mb = sum(a.nbytes for part in (base.normaliser, base.base) for a in part.arrays().values()) / 1e6
        fixed: Row = {"macs": _macs(alone, inputs), "memory_mb": base_mb}
        contestants |= {"ours, base alone": (partial(answered, alone), fixed), **rivals(base, examples)}
    took = latencies({name: call for name, (call, _) in contestants.items()}, inputs, rounds)
    return {name: took[name] | row for name, (_, row) in contestants.items()}


def _macs(plan: Plan, inputs: Sequence[F32]) -> float:
    return float(np.mean([plan.macs(plan.answer(raw)) for raw in inputs]))


def run(options: Options, runs: Runs) -> Result:
    """Sweep one size after the other; the default sizes are measured once a seed and shown in every sweep."""
    sweeps = QUICK_SWEEPS if options.quick else SWEEPS
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
    default = Sizes()
    points = [(size, value) for size, values in sweeps.items() for value in values]
    found: dict[tuple[str, int, str], list[Row]] = {}
    # Sweeps that have a point in common measure it once.
    runs.expect(seeds * len({(replace(default, **{size: value}), size in RIVALS_TOO) for size, value in points}))
    for seed in range(seeds):
        known: dict[tuple[Sizes, bool], dict[str, Row]] = {}
        for size, value in points:
            sizes = replace(default, **{size: value})
            with_rivals, with_versions = size in RIVALS_TOO, size == "versions"
            key = sizes, with_rivals
            if key not in known:
                measured = partial(measure, sizes, seed, rounds, with_rivals=with_rivals, with_versions=with_versions)
                rows_of_methods = runs.rows(
                    RunId("blobs", seed, setting=f"{size} = {value}"), partial(_listed, measured)
                )
                known[key] = {row.pop("method"): row for row in rows_of_methods}
            for method, row in known[key].items():
                found.setdefault((size, value, method), []).append(row)
    rows: list[Row] = [
        {"data": "blobs", "size": size, "value": value, "method": method, **over_seeds(over)}
        for (size, value, method), over in found.items()
    ]
    config = {
        "seeds": seeds,
        "quick": options.quick,
        "default": {"H": default.H, "k": default.active, **{name: getattr(default, name) for name in SWEEPS}},
        "answers_timed": rounds * INPUTS,
    }
    return Result("cost", config, rows)


def _listed(measured: Callable[[], dict[str, Row]]) -> list[Row]:
    return [{"method": method, **row} for method, row in measured().items()]


EXPERIMENT = Experiment(
    "time, multiply–accumulates and memory of answers, publishes and examples, against every size",
    run,
    y=("serve_p50_us", "serve_p99_us"),
)
