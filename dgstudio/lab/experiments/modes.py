"""`experiment modes`: what may change, A to D, for both update rules, and the controls, on the same labels.

Two streams. *Noise and blur* is the papers' protocol: the base knows all classes, and 200 labels come from the same
classes through a sensor with noise of 0.5σ and a blur. *New classes* has labels of classes that the base does not know.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from dgstudio.lab.data import Dataset, load
from dgstudio.lab.experiment import Experiment, Options
from dgstudio.lab.experiments.adapt import PROTECTED, QUICK_SEEDS, SEEDS, classes_of, names_of, shared_config
from dgstudio.lab.experiments.drift import BLUR, Change, changes_of, drifted
from dgstudio.lab.methods import Labels, Method, Start
from dgstudio.lab.methods.gradient_method import Steered
from dgstudio.lab.results import Result, Row, over_seeds
from dgstudio.lab.run_method import Trial, begin_when_needed, labels_of
from dgstudio.lab.runs import RunId, Runs
from dgstudio.learning.rules.conventional import ConventionalTwin, InPlaceTwin, TwinStart
from dgstudio.learning.settings import GRADIENT, LOCKED_BANK
from dgstudio.model.plan import Plan
from dgstudio.records import dataclass
from dgstudio.types import F32, F64, Example, Mode

LABELS, QUICK_LABELS = 200, 60
"""In all, of noise and blur."""
NEW_LABELS = 20
"""A class, of new classes."""
PUBLISH_EVERY = 4
NOISE = 0.5
"""Standard deviation of the noise, in that of all pixels of an image, of the channel, or of the column."""
DRIFT, NEW = "noise and blur", "new classes"

Twin = Callable[..., ConventionalTwin]


class Control:
    """The conventional twin of the studio; its versions are what it answers with after each block of labels.

    `versions` and `busy_s` are those of `Steered`.
    """

    def __init__(self, start: Start, make: Twin) -> None:
        self._twin = make(TwinStart.of_base(start.base), seed=start.seed)
        self._dim = start.X.shape[1]
        self.versions = 0
        self.busy_s = 0.0

    def add_class(self, class_id: int) -> None:
        """Grow an output column."""
        self._twin.add_class(class_id)
        self._twin.mark_version()

    def absorb(self, examples: Sequence[Example]) -> None:
        """Ten Adam steps an example."""
        begin = time.process_time()
        self._twin.absorb(examples)
        self.busy_s += time.process_time() - begin

    def publish(self) -> bool:
        """Call the present state a version."""
        self._twin.mark_version()
        self.versions += 1
        return False

    def protect(self) -> F32:
        """Nothing to do: it protects nothing."""
        return np.zeros((0, self._dim), np.float32)

    def logits_of(self, raw: F32) -> tuple[tuple[int, ...], F32]:
        """One input, as it is read."""
        answer = self._twin.read(raw)
        return answer.classes, answer.logits

    def answer(self, raw: F32) -> Labels:
        """Class ids of the largest logits."""
        answers = [self._twin.read(row) for row in raw]
        return np.asarray([a.classes[int(a.logits.argmax())] for a in answers], np.int64)

    def plan(self) -> Plan | None:
        """None: nothing to certify."""
        return None

    def rejections(self) -> int:
        """None ever."""
        return 0


@dataclass(frozen=True, slots=True)
class _Entrant:
    """One line of the table: who learns, and what of it may change."""

    method: str
    mode: str
    make: Callable[[Start], Steered | Control]


def entrants() -> list[_Entrant]:
    """Both rules in all modes; the gradient without anything protected, as the papers have it; the controls."""
    made = [_Entrant("frozen", "off", lambda start: Steered(start, LOCKED_BANK, Mode.OFF))]
    for method, rule, held in (
        ("ours", LOCKED_BANK, True),
        ("gradient", GRADIENT, True),
        ("gradient_unheld", GRADIENT, False),
    ):
        for mode in (Mode.ROUTING, Mode.WEIGHTS, Mode.BOTH):
            made.append(_Entrant(method, mode.value, _steered(rule, mode, held)))
    made.append(_Entrant("swap", "all weights", lambda start: Control(start, ConventionalTwin)))
    made.append(_Entrant("in_place", "all weights", lambda start: Control(start, InPlaceTwin)))
    return made


def _steered(rule: str, mode: Mode, held: bool) -> Callable[[Start], Steered]:
    return lambda start: Steered(start if held else _unheld(start), rule, mode)


def _unheld(start: Start) -> Start:
    """The same start with an empty P: nothing holds the learner back, and the audit shows what that does."""
    base = replace(start.base, protected=start.base.protected[:0], protected_labels=start.base.protected_labels[:0])
    return replace(start, base=base)


def noise_and_blur(data: Dataset) -> Change:
    """The papers' drift, before the features of a window are computed; a table has no neighbours to blur with."""
    blur = changes_of(data).get("blur")
    if data.kind == "image":
        sd: F64 = np.asarray(data.X_train.std(dtype=np.float64))
    elif data.windows is not None:
        sd = data.windows["train"].std((0, 1), dtype=np.float64)
    else:
        sd = data.X_train.std(0, dtype=np.float64)

    def change(X: F64, rng: np.random.Generator) -> F64:
        blurred = X if blur is None else blur(X, rng)
        noisy: F64 = blurred + rng.normal(0.0, NOISE, X.shape) * sd
        return noisy

    return change


def run(options: Options, runs: Runs) -> Result:
    """Run every entrant on both streams, each on a fresh copy of the same model, for each seed."""
    name = options.data or "digits"
    seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
    protected = options.protected or PROTECTED
    old_classes, new_classes = classes_of(load(name), options)
    found: dict[tuple[str, str, str], list[Row]] = {}
    runs.expect(seeds * 2 * len(entrants()))
    for seed in range(seeds):
        data = load(name, seed)
        for stream in (DRIFT, NEW):
            classes = data.classes if stream == DRIFT else old_classes
            start = begin_when_needed(runs, data, classes, seed, protected, quick=options.quick)
            old = data.part("test", classes)
            if stream == DRIFT:
                labels = max(1, (QUICK_LABELS if options.quick else LABELS) // len(data.classes))
                change = noise_and_blur(data)
                X, tested = (drifted(data, part, change, seed) for part in ("train", "test"))
                examples = labels_of(X, data.y_train, data.classes, labels, seed, data)
                aim, names = (tested, data.y_test), ("drifted_accuracy", "clean_accuracy")
            else:
                X, y = data.part("train", new_classes)
                examples = labels_of(X, y, new_classes, NEW_LABELS, seed, data)
                aim, names = data.part("test", new_classes), ("new_accuracy", "old_accuracy")
            for entrant in entrants():
                run_id = RunId(data.name, seed, entrant.method, f"{stream}, {entrant.mode}")
                row = runs.row(run_id, partial(_figures, entrant, start, examples, aim, old, names))
                found.setdefault((stream, entrant.method, entrant.mode), []).append(row)
    counts = {DRIFT: labels, NEW: NEW_LABELS}
    rows: list[Row] = []
    for (stream, who, mode), over in found.items():
        head = {"data": data.name, "stream": stream, "method": who, "mode": mode, "labels_per_class": counts[stream]}
        rows.append(head | over_seeds(over))
    config = {
        "data": data.name,
        "base_classes": names_of(data, old_classes),
        "new_classes": names_of(data, new_classes),
        "labels": {DRIFT: labels * len(data.classes), NEW: NEW_LABELS * len(new_classes)},
        "noise_sd": NOISE,
        "blur_sd": BLUR,
        **shared_config(seeds, protected, PUBLISH_EVERY, len(start().base.protected), options.quick),
    }
    return Result("modes", config, sorted(rows, key=lambda row: (DRIFT, NEW).index(row["stream"])))


def _figures(
    entrant: _Entrant,
    start: Callable[[], Start],
    examples: Sequence[Example],
    aim: tuple[F32, Labels],
    old: tuple[F32, Labels],
    names: tuple[str, str],
) -> Row:
    begun = start()
    method = entrant.make(begun)
    learner: Method = method
    trial = Trial(learner, begun, old[0])
    before = {name + "_before": trial.accuracy(*part) for name, part in zip(names, (aim, old), strict=True)}
    trial.learn(examples, PUBLISH_EVERY)
    after = {name: trial.accuracy(*part) for name, part in zip(names, (aim, old), strict=True)}
    # Each rule learns in its publishes, too: what counts is all of it.
    whole = {"ms_per_example": method.busy_s * 1e3 / len(examples), "publishes": float(method.versions)}
    return before | after | trial.figures() | whole


EXPERIMENT = Experiment(
    "what may change, A to D, by both rules and in the controls: what is learned, and what becomes of old answers",
    run,
    frozenset({"data", "base_classes", "new_classes", "protected"}),
    y=("drifted_accuracy", "clean_accuracy", "new_accuracy", "old_accuracy"),
    columns=(
        "data",
        "stream",
        "method",
        "mode",
        "drifted_accuracy_before",
        "drifted_accuracy",
        "clean_accuracy",
        "new_accuracy",
        "old_accuracy",
        "protected_bits_changed",
        "unchanged_old_share",
        "publishes",
        "rejections",
        "ms_per_example",
    ),
)
