"""`experiment unknown`: does the model say "unsure" to what it was never shown, or name the newest class?

A base knows some classes, one or two are taught, and one or two are never shown. Known inputs are held-out ones of
all classes that were learned; unknown are those of the class never shown, an unplugged or stuck sensor, noise, an
inverted signal. *studio* is the rule that serves, with the thresholds that it ships with: what it says is what the
answers say. The others are rivals, and better placed: each is a score, higher the less an input is known, whose
threshold is chosen on known validation inputs, so that as many of them are called unsure as by the studio, or 1 %, if
that is more. No unknown input chooses anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from dgstudio.errors import BadInputError
from dgstudio.lab.bases import SIMULATOR_CLASSES
from dgstudio.lab.data import Dataset, Part, features_of, load
from dgstudio.lab.experiment import Experiment, Options
from dgstudio.lab.results import Result, Row, over_seeds
from dgstudio.lab.run_method import begin, labels_of
from dgstudio.lab.runs import RunId, Runs
from dgstudio.lab.subspace_ood import ADDED, DIRECTIONS, added_directions, directions
from dgstudio.learning.bank.out_of_distribution import unlikeness
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.conventional import ConventionalTwin, TwinStart
from dgstudio.learning.rules.dense import softmax
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Answer, Plan
from dgstudio.records import dataclass
from dgstudio.streams.features import SignalFeatures
from dgstudio.streams.simulation.simulator import SimulatorSource
from dgstudio.types import F32, F64, BankState, Example, StreamSpec

DATA = ("digits", "basicmotions", "simulator")
STUDIO = "studio"
"""The studio's own rule, as it serves: what the answers say, with the thresholds that it ships with."""
METHODS = (
    STUDIO,
    "t and residual",
    "t and sum",
    "t",
    "sum",
    "residual",
    "leverage",
    "softmax",
    "max logit",
    "energy",
    "dense softmax",
    "dense max logit",
    "dense energy",
)
"""Those with t, sum, residual and leverage read the learning bank; softmax, max logit and energy the answer."""
DENSE = "dense "
"""What the names of those begin with that read the dense twin."""
PAIRS = {"t and residual": ("t", "residual"), "t and sum": ("t", "sum")}
LABELS = 20
PROTECTED = 400
FALSE_ALARMS = 0.01
"""Share of the known validation inputs that a rival may call unsure, at least."""
DETECTED = 0.95
SEEDS, QUICK_SEEDS = 5, 1
AT_MOST = 300
"""Inputs of a kind that are judged."""
NOISE = (0.3, 1.0, 3.0)
"""Standard deviations of added noise, in those of the samples or pixels."""
GESTURES = (*SIMULATOR_CLASSES, "circle", "tap", "wave")
PEOPLE: dict[Part, tuple[int, int]] = {"train": (0, 12), "valid": (40, 44), "test": (60, 66)}
SECONDS_A_GESTURE, FIRST_S, EVERY_S = 6.0, 1.0, 0.25
PIXEL_MAX = 16.0

Scores = dict[str, F64]


# -- what is shown -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Data, and which of its classes the base knows, which are taught, and which are never shown."""

    data: Dataset
    known: tuple[int, ...]
    taught: tuple[int, ...]
    never: tuple[int, ...]


def world(name: str, seed: int) -> World:
    """Choose by the seed; the simulator's base always knows its four gestures, and is taught the circle.

    Raises
    ------
    BadInputError
        For data that this experiment cannot break signals of.
    """
    if name == "simulator":
        return World(simulated(seed), (0, 1, 2, 3), (4,), (5, 6))
    if name not in DATA:
        raise BadInputError(f"The experiment unknown breaks signals that it knows: choose {', '.join(DATA)}.")
    data = load(name, seed)
    order = np.random.default_rng(seed).permutation(len(data.class_names)).tolist()
    never, taught = (2, 2) if len(order) > 4 else (1, 1)
    known = order[: len(order) - never - taught]
    return World(data, tuple(sorted(known)), tuple(order[len(known) : -never]), tuple(order[-never:]))


def simulated(seed: int) -> Dataset:
    """Windows of simulated people, others in each part, with the sensor turned by up to 20° and more or less noisy."""
    rng = np.random.default_rng(seed)
    parts: dict[str, Any] = {}
    windows: dict[Part, F32] = {}
    for part, (first, last) in PEOPLE.items():
        found, y = [], []
        for person in range(first, last):
            knobs = {"rotation": float(rng.uniform(-20, 20)), "noise": float(rng.uniform(0.02, 0.12))}
            for class_id, gesture in enumerate(GESTURES):
                spec, cut = _performed(seed * 1000 + person, gesture, knobs)
                found.append(cut)
                y.append(np.full(len(cut), class_id, np.int64))
        windows[part] = np.concatenate(found)
        parts[f"X_{part}"], parts[f"y_{part}"] = features_of(spec, windows[part]), np.concatenate(y)
    names = SignalFeatures(spec).names
    return Dataset("simulator", GESTURES, names, kind="signal", windows=windows, spec=spec, **parts)


def _performed(person: int, gesture: str, knobs: dict[str, float]) -> tuple[StreamSpec, F32]:
    """Windows (n, window, channels) of one gesture; its first second goes over from another and is left out."""
    source = SimulatorSource(seed=person, speed=0)
    spec = source.spec
    source.open()
    source.set_knob("gesture", gesture)
    for name, value in knobs.items():
        source.set_knob(name, value)
    blocks: list[F32] = []
    while sum(map(len, blocks)) < SECONDS_A_GESTURE * spec.rate:
        block = source.read(1.0)
        if block is not None:
            blocks.append(block.values)
    source.close()
    values = np.concatenate(blocks)[round(FIRST_S * spec.rate) :]
    ends = range(spec.window, len(values) + 1, round(EVERY_S * spec.rate))
    return spec, np.asarray([values[end - spec.window : end] for end in ends], np.float32)


def unknown_inputs(here: World, rng: np.random.Generator) -> dict[str, F32]:
    """Kind → raw features (n, d) of inputs that no one taught."""
    data = here.data
    shown = np.isin(data.y_test, here.known + here.taught)
    kinds = {"class never shown": some(data.part("test", here.never)[0], rng)}
    if data.windows is None or data.spec is None:
        whole = some(data.X_test[shown], rng)
        broken = _broken(whole, data.X_train.std(keepdims=True), data.X_train.mean(keepdims=True), rng)
        broken["inverted"] = PIXEL_MAX - whole
        return kinds | broken
    whole = some(data.windows["test"][shown], rng)
    samples = data.windows["train"].reshape(-1, whole.shape[-1])
    broken = _broken(whole, samples.std(0), samples.mean(0), rng)
    broken["inverted"] = -whole
    # One channel of the sensor is dead, the others go on.
    broken["one channel unplugged"] = np.where(np.arange(whole.shape[-1]) == 0, np.float32(0), whole)
    return kinds | {kind: features_of(data.spec, windows) for kind, windows in broken.items()}


def _broken(whole: F32, spread: F32, middle: F32, rng: np.random.Generator) -> dict[str, F32]:
    one = np.zeros_like(whole[:1])
    stuck = [one + middle + k * spread for k in (-3.0, -1.0, 1.0, 3.0)]
    kinds = {
        "unplugged": one,
        "stuck": np.concatenate(stuck),
        "noise alone": middle + rng.normal(0, 1, whole.shape) * spread,
    }
    for strength in NOISE:
        kinds[f"with noise of {strength:g} σ"] = whole + rng.normal(0, strength, whole.shape) * spread
    return {kind: np.asarray(rows, np.float32) for kind, rows in kinds.items()}


def some(rows: F32, rng: np.random.Generator) -> F32:
    """At most `AT_MOST` of the rows."""
    chosen: F32 = rows[rng.permutation(len(rows))[:AT_MOST]]
    return chosen


# -- scores --------------------------------------------------------------------------------------------------------


class Scorer:
    """All scores of raw inputs, for a model that was taught `examples` on `base`, and for its dense twin.

    With t = R z, the read-out of the learning bank whether it is open or not:
    *t* is −max_c t_c. *sum* is −Σ_c t_c: the targets of all classes add up to 1 on everything that was learned, so
    this is the ridge's own estimate of "was anything like this ever learned". *leverage* is zᵀA⁻¹z, the ridge's
    predictive variance, with A = A0 + Σ v z zᵀ over the examples. *residual* is ‖z‖² − ‖U z‖², what is left of z
    outside the subspace of what was learned (lab/subspace_ood.py): the leverage's larger part, far cheaper. *studio* is
    the larger of unlikeness (learning/bank/out_of_distribution.py) and the wanted lead over the lead, above 1 where the
    answer is unsure.
    """

    def __init__(self, base: BaseModel, examples: Sequence[Example], seed: int) -> None:
        learner = Learner.begin(base)
        for class_id in dict.fromkeys(example.class_id for example in examples):
            learner.add_class(class_id)
        learner.absorb(examples)
        learner.step()
        self._plan = Plan(learner.store.head)
        self.bits_changed = learner.audit_all().bits_changed
        """Bits of protected answers that its one publish changed."""
        self._twin = ConventionalTwin(TwinStart.of_base(base), replay=True, seed=seed)
        for example in examples:
            self._twin.absorb([example])
        Z = np.array([self._plan.embed(example.features) for example in examples], np.float64)
        ids, counts = np.unique([example.class_id for example in examples], return_counts=True)
        mass = learner.settings.kappa * learner.settings.mu
        v = np.array([mass / counts[np.searchsorted(ids, example.class_id)] for example in examples])
        A0 = base.A0.astype(np.float64)
        self._inverse = np.linalg.inv(A0 + Z.T @ (Z * v[:, None]))
        U0 = directions(base.A0)
        self._U = np.concatenate([U0, added_directions(U0, Z)])

    def __call__(self, rows: F32) -> tuple[Scores, npt.NDArray[np.int64]]:
        """Scores of raw inputs (n, d), and the class ids that the model answers (n,)."""
        plan, found = self._plan, []
        tops = []
        for raw in rows:
            answer = plan.answer(raw)
            z = plan.embed(raw)
            t = np.dot(plan.snapshot.banks[-1].R, z)
            inside = np.dot(self._U, z)
            dense = self._twin.read(raw).logits
            found.append(
                (
                    _of_studio(plan, answer),
                    -t.max(),
                    -t.sum(),
                    np.dot(z, z) - np.dot(inside, inside),
                    z @ self._inverse @ z,
                    *_of_logits(answer.logits),
                    *_of_logits(dense),
                )
            )
            tops.append(plan.snapshot.classes[int(answer.logits.argmax())])
        columns = np.asarray(found, np.float64).reshape(len(rows), len(METHODS) - len(PAIRS)).T
        single = [method for method in METHODS if method not in PAIRS]
        return dict(zip(single, columns, strict=True)), np.asarray(tops, np.int64)


def _of_studio(plan: Plan, answer: Answer) -> float:
    """What the studio's verdict compares with 1, pushed to the side of 1 on which the verdict is."""
    snapshot = plan.snapshot
    assert snapshot.known is not None, "the base was just made"
    open_banks = [
        (bank.near, bank.reach)
        for bank, state in zip(snapshot.banks, answer.state, strict=True)
        if state != BankState.CLOSED
    ]
    second, first = np.sort(answer.logits)[-2:]
    lead = max(float(first - second), 1e-6)
    score = max(unlikeness(snapshot.known, open_banks, answer.x), snapshot.known.lead / lead)
    # The kernel's rounding decides at the very edge.
    return max(score, 1.0 + 1e-9) if answer.unsure else min(score, 1.0)


def _of_logits(logits: F32) -> tuple[float, float, float]:
    """Softmax confidence, largest logit, and energy (Liu et al. 2020), negated."""
    largest = float(logits.max())
    return -float(softmax(logits).max()), -largest, -largest - float(np.log(np.exp(logits - largest).sum()))


class Pairing:
    """Two scores as one: the larger, each measured from where half of the false alarms are spent.

    u_i = (s_i − θ_i) / (θ_i − median_i) with θ_i the (1 − 0.005) quantile of the known validation inputs.
    """

    def __init__(self, valid: Scores) -> None:
        self._limits = {}
        for name in {name for pair in PAIRS.values() for name in pair}:
            limit, median = threshold(valid[name], FALSE_ALARMS / 2), float(np.median(valid[name]))
            self._limits[name] = limit, max(limit - median, 1e-12)

    def __call__(self, scores: Scores) -> Scores:
        """Scores with the pairs besides."""

        def measured(name: str) -> F64:
            limit, width = self._limits[name]
            result: F64 = (scores[name] - limit) / width
            return result

        return scores | {pair: np.maximum(measured(a), measured(b)) for pair, (a, b) in PAIRS.items()}


def threshold(known: F64, false_alarms: float) -> float:
    """Least value that at most this share of the known inputs exceeds."""
    return float(np.quantile(known, 1 - false_alarms, method="higher"))


def auroc(known: F64, unknown: F64) -> float:
    """Probability that an unknown input scores higher than a known one, ties counted half."""
    ranks = rankdata(np.concatenate([known, unknown]))[len(known) :]
    above = float(ranks.sum()) - len(unknown) * (len(unknown) + 1) / 2
    return above / (len(known) * len(unknown))


# -- the experiment ------------------------------------------------------------------------------------------------


def one_seed(name: str, seed: int, labels: int, quick: bool) -> dict[tuple[str, str], Row]:
    """(kind, method) → figures."""
    here = world(name, seed)
    data, shown = here.data, here.known + here.taught
    rng = np.random.default_rng(seed)
    start = begin(data, here.known, seed, PROTECTED, quick=quick)
    X, y = data.part("train", here.taught)
    scorer = Scorer(start.base, labels_of(X, y, here.taught, labels, seed, data), seed)
    valid, _ = scorer(some(data.part("valid", shown)[0], rng))
    paired = Pairing(valid)
    valid = paired(valid)
    X_known, y_known = data.part("test", shown)
    chosen = rng.permutation(len(X_known))[: 2 * AT_MOST]
    known, tops = scorer(X_known[chosen])
    known = paired(known)
    right = tops == y_known[chosen]
    alike = max(FALSE_ALARMS, float((valid[STUDIO] > 1.0).mean()))
    rows: dict[tuple[str, str], Row] = {}
    for kind, inputs in unknown_inputs(here, rng).items():
        unknown, answered = scorer(inputs)
        unknown = paired(unknown)
        newest = np.isin(answered, here.taught)
        for method in METHODS:
            limit = 1.0 if method == STUDIO else threshold(valid[method], alike)
            unsure = unknown[method] > limit
            caught = float(np.quantile(unknown[method], 1 - DETECTED, method="lower"))
            rows[kind, method] = {
                "auroc": auroc(known[method], unknown[method]),
                "false_alarms_at_95": float((known[method] >= caught).mean()),
                "unsure": float(unsure.mean()),
                "known_unsure": float((known[method] > limit).mean()),
                "answered_newest": float((newest & ~unsure).mean()),
                "newest_without": float(newest.mean()),
                "accuracy": float(right.mean()),
                "accuracy_unsure_wrong": float((right & ~(known[method] > limit)).mean()),
            }
            if not method.startswith(DENSE):
                rows[kind, method]["protected_bits_changed"] = float(scorer.bits_changed)
    return rows


def run(options: Options, runs: Runs) -> Result:
    """Judge every score on every kind of unknown input; "all" is the mean over the kinds."""
    names = (str(options.data),) if options.data else DATA
    if options.labels_per_class is not None and len(options.labels_per_class) > 1:
        raise BadInputError("Unknown has one number of labels per class: give one, as in --labels-per-class 20.")
    labels = (options.labels_per_class or (LABELS,))[0]
    seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
    found: dict[tuple[str, str, str], list[Row]] = {}
    runs.expect(len(names) * seeds)
    for name in names:
        for seed in range(seeds):
            kept = runs.rows(RunId(name, seed), partial(_listed, name, seed, labels, options.quick))
            rows = {(row.pop("unknown"), row.pop("method")): row for row in kept}
            for (kind, method), row in rows.items():
                found.setdefault((name, kind, method), []).append(row)
            for method in METHODS:
                mine = [row for (_, of), row in rows.items() if of == method]
                mean = {figure: float(np.mean([row[figure] for row in mine])) for figure in mine[0]}
                found.setdefault((name, "all", method), []).append(mean)
    rows_out: list[Row] = [
        {"data": name, "unknown": kind, "method": method, "labels_per_class": labels, **over_seeds(over)}
        for (name, kind, method), over in found.items()
    ]
    config = {
        "data": list(names),
        "seeds": seeds,
        "quick": options.quick,
        "labels_per_class": labels,
        "protected": PROTECTED,
        "false_alarms": FALSE_ALARMS,
        "directions": [DIRECTIONS, ADDED],
    }
    return Result("unknown", config, rows_out)


def _listed(name: str, seed: int, labels: int, quick: bool) -> list[Row]:
    found = one_seed(name, seed, labels, quick)
    return [{"unknown": kind, "method": method, **row} for (kind, method), row in found.items()]


EXPERIMENT = Experiment(
    "what was never shown, broken sensors, noise: unsure, or the newest class?",
    run,
    frozenset({"data", "labels_per_class"}),
    y=("auroc", "unsure", "answered_newest"),
    columns=(
        "data",
        "unknown",
        "method",
        "auroc",
        "false_alarms_at_95",
        "unsure",
        "known_unsure",
        "answered_newest",
        "newest_without",
        "accuracy",
        "accuracy_unsure_wrong",
    ),
)
