"""A bridge without an engine for tests and pictures: sine waves as a stream, random answers, commands as a list."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from dgstudio.engine.adapt.auto_protect import OWN_INPUT, RECENT_INPUT, ProtectedInput
from dgstudio.engine.adapt.candidate_models import CandidateModels
from dgstudio.engine.adapt.model_commands import ModelCommands
from dgstudio.engine.adapt.routing_margins import AnswerMargins
from dgstudio.engine.adapt.twin_comparison import TwinComparison
from dgstudio.engine.adapt.version_index import Containing, VersionIndex
from dgstudio.engine.adapt.version_relearning import VersionRelearning
from dgstudio.engine.browse.browse_worker import BrowseWorker
from dgstudio.engine.evaluation.quality_worker import QualityWorker
from dgstudio.engine.facts.compared import KeptAnswers, TwinFigures
from dgstudio.engine.facts.event import Event
from dgstudio.engine.imports.worker import ImportWorker
from dgstudio.engine.inspection.inspection_worker import Asked, InspectionWorker
from dgstudio.engine.labels.example_table import ExampleArrays
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.labels.label_commands import LabelCommands
from dgstudio.engine.recording.lookback import Lookback, Past
from dgstudio.engine.recording_commands import RecordingCommands
from dgstudio.engine.runtime.class_table import OKABE_ITO, free_key
from dgstudio.engine.runtime.history import History
from dgstudio.engine.serving.answered_now import AnsweredNow
from dgstudio.errors import BadInputError
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.learner.training.consolidation import TrainingStage
from dgstudio.model.robustness_bounds import BankMargin, GateMargin
from dgstudio.reasons.published import LearnedFrom
from dgstudio.reasons.reason import Reason
from dgstudio.streams.source import Knob
from dgstudio.studio.bridge.state import CellView, ClassCard, Frame, Proposal, StudioState, Task, TwinFrame, UnitView
from dgstudio.studio.bridge.time_cursor import TimeCursor
from dgstudio.types import (
    BASE,
    Cause,
    CauseKind,
    ClassInfo,
    EngineStats,
    Example,
    Mode,
    PublishRecord,
    Reading,
    SaveState,
    Saving,
    StreamSpec,
    Take,
    TwinKind,
    TwinReading,
    TwinState,
)

HIDDEN, ACTIVE, FEATURES, RATE, HOP_S = 128, 24, 64, 200.0, 0.05
A_SECOND = int(RATE)
"""Samples."""
NAMES = ("circle", "rest", "walk", "shake", "run")
WALL0 = 1000.0
BUFFER_S = 60.0


def spec() -> StreamSpec:
    """A six-axis sensor at 200 Hz."""
    channels = ("ax", "ay", "az", "gx", "gy", "gz")
    return StreamSpec("simulator", "signal", RATE, channels, 1.0, HOP_S, NAMES)


def knobs() -> tuple[Knob, ...]:
    """The simulator's usual knobs."""
    gestures = ("rest", "walk", "run", "circle", "shake", "auto")
    return (
        Knob("gesture", "Performing", "choice", "circle", choices=gestures, tooltip="What the person performs"),
        Knob("rotation", "Sensor rotation", "float", 24.0, 0.0, 90.0, 1.0, "°", tooltip="How the sensor is turned"),
        Knob("noise", "Noise", "float", 0.08, 0.0, 0.5, 0.01),
        Knob("gain", "Gain drift", "float", 1.0, 0.5, 1.5, 0.01, "×"),
        Knob("swap", "Swap axes", "bool", False),
    )


def window_of(class_id: int, phase: float = 0.0, n: int = 100) -> np.ndarray:
    """One labelled window, (n, 6): a wave whose frequency is the class's own."""
    t = np.linspace(0, 1, n)[:, None]
    rng = np.random.default_rng(class_id * 100 + int(phase * 10))
    waves = np.sin(2 * np.pi * (class_id + 1.2) * t + phase + np.arange(6) * 0.7) * (1 + 0.2 * np.arange(6))
    return (waves + 0.1 * rng.normal(size=(n, 6))).astype(np.float32)


@cache
def methods_of(kind: type) -> dict[str, inspect.Signature]:
    """The public methods of a class and their parameters, looked up once."""
    methods = inspect.getmembers(kind, inspect.isfunction)
    return {name: inspect.signature(method) for name, method in methods if not name.startswith("_")}


class StandIn:
    """Something with the methods of a class, and their parameters, that does what `does` says and nothing else.

    A call that is not refused is noted in `calls` as ("of.method", value, …): values that are as by default are left
    out, and what can only be given by name is in a dictionary at the end.
    """

    def __init__(
        self, kind: type, *, of: str, calls: list[tuple[object, ...]] | None = None, **does: Callable[..., object]
    ) -> None:
        self._kind = kind
        assert does.keys() <= methods_of(kind).keys(), f"{kind.__name__} has not all of {', '.join(does)}"
        for name, signature in methods_of(kind).items():
            setattr(self, name, self._noting(f"{of}.{name}", signature, does.get(name), calls))

    @property
    def __class__(self) -> type:
        return self._kind

    @staticmethod
    def _noting(
        name: str,
        signature: inspect.Signature,
        do: Callable[..., object] | None,
        calls: list[tuple[object, ...]] | None,
    ) -> Callable[..., object]:
        parameters = signature.parameters

        def call(*values: object, **named: object) -> object:
            bound = signature.bind(None, *values, **named).arguments
            result = None if do is None else do(*values, **named)
            if calls is not None:
                del bound["self"]
                told = {n: v for n, v in bound.items() if v is not parameters[n].default}
                only = {n: v for n, v in told.items() if parameters[n].kind is inspect.Parameter.KEYWORD_ONLY}
                placed: list[object] = []
                for n, value in told.items():
                    if n not in only:
                        placed.extend(value if parameters[n].kind is inspect.Parameter.VAR_POSITIONAL else [value])
                calls.append((name, *placed, *([only] if only else [])))
            return result

        return call


def _signal(times: np.ndarray) -> np.ndarray:
    phase = (times % 10.0)[:, None]
    base = np.arange(6) * 0.9
    shake = np.sin(2 * np.pi * 3.1 * times[:, None] + base)
    circle = 0.7 * np.sin(2 * np.pi * 0.8 * times[:, None] + base)
    calm = 0.04 * np.sin(43 * times[:, None] + base) + 0.05 * np.sin(97 * times[:, None] * (1 + 0.1 * base))
    return np.where(phase < 3.5, calm, np.where(phase < 6.2, shake, circle)).astype(np.float32) + calm.astype(
        np.float32
    )


@cache
def _second(number: int) -> np.ndarray:
    return _signal(np.arange(number * A_SECOND, (number + 1) * A_SECOND) / RATE)


def _samples(first: int, count: int) -> np.ndarray:
    """The signal of so many samples of the grid, each computed once for all tests."""
    begin, end = first // A_SECOND, (first + count - 1) // A_SECOND
    seconds = np.concatenate([_second(number) for number in range(begin, end + 1)] or [np.zeros((0, 6), np.float32)])
    return seconds[first - begin * A_SECOND :][:count]


class FakeBridge:
    """Stands where the bridge stands; `calls` lists what the window asked for, oldest first."""

    def __init__(self, names: tuple[str, ...] = NAMES, modes: tuple[Mode, ...] = (Mode.OFF, Mode.BOTH)) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.state = StudioState()
        self.modes = modes
        self.events: list[Event] = []
        self.refusals: dict[int, Reason] = {}
        self.twin_figures: dict[TwinKind, TwinFigures] = {}
        """What the twins have done, where it is not nothing."""
        self.twin_state = "unpublished"
        self.twins = SimpleNamespace(past=self._twin_past)
        self.held: tuple[int, float] | None = None
        self.now = 20.0
        self.wall = WALL0
        self.hop = 0
        self.version = 42
        self.rng = np.random.default_rng(7)
        self.readings: list[Reading] = []
        self.every_reading: list[Reading] = []
        rng = np.random.default_rng(3)
        origins = (OWN_INPUT, "example 12", RECENT_INPUT)
        self.inputs = [
            ProtectedInput(rng.normal(size=FEATURES).astype(np.float32), k % 4, 1 - k / 100, origins[k % 3])
            for k in range(40)
        ]
        self.passed: list[tuple[float, float]] = []
        self.more_takes: list[Take] = []
        self.stats = EngineStats(
            samples=4000, hops=400, serve_p50_us=84.0, serve_p99_us=1900.0, learned=412, publishes=42, rejections=3,
            reads=48210, receipts_checked=2000, protected=400, stream_state="live", saved=Saving(SaveState.SAVED),
        )  # fmt: skip
        self._make_parts()
        self.cursor = TimeCursor(self.state, self.lookback)
        self.inspection = StandIn(
            InspectionWorker, of="inspection", ask=lambda topic, question: Asked(topic, 0, question)
        )
        self.evidence = SimpleNamespace(turn=0, knows=lambda reading: True)
        state = self.state
        state.spec, state.knobs, state.source_name = spec(), knobs(), "simulator"
        state.mode, state.protected, state.hidden, state.active = Mode.BOTH, 400, HIDDEN, ACTIVE
        state.serving = state.head = self.version
        state.session_name, state.saved, state.phase = "gestures.dgs", Saving(SaveState.SAVED), "ready"
        state.feature_names = tuple(f"f{i}" for i in range(FEATURES))
        lamps = ("up to date", "up to date", "learning", "out of date")
        for place, name in enumerate(names):
            info = ClassInfo(place, name, self._free_key(), OKABE_ITO[place % len(OKABE_ITO)])
            card = ClassCard(info)
            if name != "run":
                thumbs = tuple(window_of(place, 0.6 * k) for k in range(9))
                card = ClassCard(info, 42 + place, thumbs, lamps[place % 4], 9 + place)
            state.classes = (*state.classes, card)

    def switch_source(self, source: Any, choice: Any) -> None:
        source.close()
        self.calls.append(("switch_source", source.spec.name, choice))

    def source_time(self, moment: float) -> float:
        return moment

    def point(self, x: float, y: float) -> None:
        self.calls.append(("point", x, y))

    def _make_parts(self) -> None:
        calls, show = self.calls, self.show
        self.plane: Any = None
        self.camera: Any = None
        self.stream = spec()
        self.chosen_source = "simulator"
        self.protected = ProtectedSet()
        self.labels = StandIn(
            LabelCommands, of="labels", calls=calls,
            add_class=self._add_class, edit_class=self._edit_class, label_span=self._label_span,
            press_class=self._press_class, release_class=self._release_class,
            set_aside=lambda on: show(set_aside=on),
        )  # fmt: skip
        self.model = StandIn(
            ModelCommands, of="model", calls=calls,
            set_mode=lambda mode: show(mode=mode),
            set_openness=lambda tau, delta: show(tau=tau, delta=delta),
            set_abstain=lambda threshold: show(abstain=threshold),
            set_rule=lambda name: show(rule=name),
            protect_by_itself=lambda on: show(protect_by_itself=on),
            set_protected=lambda count: show(protect_at_seal=count),
            set_seal_at=lambda count: show(seal_at=count),
            set_features=lambda count: show(features=count),
            pin=lambda version: show(pinned=version), unpin=lambda: show(pinned=None),
            release_inputs=self._release_inputs,
        )  # fmt: skip
        self.model.offered_modes = self.modes
        self.model.protected_inputs = lambda: self.inputs
        self.comparison = StandIn(
            TwinComparison,
            of="comparison",
            calls=calls,
            choose=lambda *kinds: show(compare=tuple(map(TwinKind, kinds))),
        )
        self.candidates = StandIn(
            CandidateModels, of="candidates", calls=calls, start_consolidation=self._start_consolidation,
            cancel_consolidation=lambda: show(task=None),
            accept=lambda: self.propose(None), discard=lambda: self.propose(None),
        )  # fmt: skip
        # What can be learned again is looked at all the time: only what is done is noted.
        self.relearning = StandIn(
            VersionRelearning, of="relearning", refusal=self.refusals.get,
            learn_again=lambda version: calls.append(("relearning.learn_again", version)),
            cancel=lambda: calls.append(("relearning.cancel",)),
        )  # fmt: skip
        self.recording = StandIn(RecordingCommands, of="recording", calls=calls, record=self._record)
        self.imports = StandIn(ImportWorker, of="imports", calls=calls)
        self.quality = StandIn(QualityWorker, of="quality", calls=calls)
        self.browse = StandIn(BrowseWorker, of="browse", calls=calls)
        self.lookback = StandIn(Lookback, of="lookback", past=self._past)
        self.contents = StandIn(VersionIndex, of="contents", containing=lambda ids: Containing(((12, 31),)))
        self.examples: list[Example] = []
        self.book = StandIn(
            LabelBook, of="book", as_arrays=lambda: ExampleArrays.of(self.examples), every_take=dict, notes=dict,
            takes_of_this_run=lambda: frozenset(self.book.every_take()), history=lambda: ([], 0),
            takes=self._takes_between,
        )  # fmt: skip

    def _free_key(self) -> str:
        return free_key({card.info.key for card in self.state.classes})

    # -- the stream ----------------------------------------------------------------------------------------------

    def history(self, count: int = 42) -> None:
        """Fill the past: publishes, a few rejections, one roll-back."""
        self.publish(*(self._publish(seq, self.now - (count - seq) * 0.7) for seq in range(count)))

    def publish(self, *records: PublishRecord) -> None:
        """Let the history go on; the next frame tells of it."""
        self.state.history.extend(records)

    def remember(self, records: Iterable[PublishRecord]) -> None:
        """Let another history be known already."""
        self.state.history, self.state.record_count = History(records), 0
        self.state.record_count = len(self.state.history)

    def _publish(self, seq: int, time: float) -> PublishRecord:
        kind = {9: "rejected", 23: "rejected", 31: "rejected", 27: "rolled back", 36: "class added"}.get(seq, "learned")
        return PublishRecord(
            seq=seq, kind=kind, version=None if kind == "rejected" else seq + 1, parent=seq,
            reason=LearnedFrom((("circle", 12),)), time=time, unix=1.7e9 + seq, digest="5f1ca9e2b7", examples=12,
            new_examples=((0, 12),), units_changed=9, protected=400, duration_ms=3.8,
            routing_delta=abs(float(self.rng.normal(0.1, 0.1))),
            representation_delta=abs(float(self.rng.normal(0.05, 0.05))),
            label_to_publish_ms=180.0, to_version=22 if kind == "rolled back" else None,
            cause=None if kind in ("rolled back", "class added") else Cause(CauseKind.TAKE, seq // 7, 0),
        )  # fmt: skip

    def signal(self, times: np.ndarray) -> np.ndarray:
        """The stream at `times` as (n, 6) float32: still, then shaking, then circling, every ten seconds."""
        return _signal(times)

    def answer_at(self, time: float) -> int:
        """The class that the model answers at a moment."""
        phase = time % 10.0
        return 1 if phase < 3.5 else 3 if phase < 6.2 else 0

    def reading_at(self, end: float, certain: float = 0.91) -> Reading:
        """One answer for the window that ends at `end`."""
        classes = tuple(card.info.id for card in self.state.classes)
        top = self.answer_at(end) if self.answer_at(end) in classes else (classes[0] if classes else None)
        rest = (1 - certain) / max(1, len(classes) - 1)
        p = np.array([certain if c == top else rest for c in classes], np.float32)
        if len(p) > 1 and top is not None:
            second = (classes.index(top) + 1) % len(classes)
            p[second] += 0.02
        unit_rng = np.random.default_rng(11 + (top or 0))
        active = np.sort(unit_rng.permutation(HIDDEN)[:ACTIVE]).astype(np.int32)
        flips = self.rng.integers(0, HIDDEN, 2)
        active = np.sort(np.unique(np.concatenate([active[2:], flips]))).astype(np.int32)
        self.hop += 1
        speaks = top == 0
        return Reading(
            hop=self.hop, start=end - 1.0, end=end, version=self.version, digest="5f1ca9e2b7",
            features=self.rng.normal(size=FEATURES).astype(np.float32), active=active,
            activations=np.abs(self.rng.normal(1.0, 0.5, len(active))).astype(np.float32),
            bank_r=np.array([0.6 if speaks else -0.9], np.float32) + self.rng.normal(0, 0.1, 1).astype(np.float32),
            bank_tau=np.array([-0.5], np.float32),
            bank_state=np.array([2 if speaks else 0], np.uint8), speaker=0 if speaks else BASE, margin=0.12,
            classes=classes, logits=np.log(np.maximum(p, 1e-6)), probabilities=p, top=top, latency_us=84.0,
            arrival_wall=self.wall, ready_wall=self.wall + 1e-4, truth=None, certified=None if speaks else 37,
            sample=int(end * RATE),
        )  # fmt: skip

    def frame(self, seconds: float = 0.033) -> Frame:
        """Advance by `seconds` and return what the bridge would hand out."""
        state = self.state
        before, self.now, self.wall = self.now, self.now + seconds, self.wall + seconds
        new = [
            self.reading_at(t)
            for t in np.arange(np.ceil(before / HOP_S), np.floor(self.now / HOP_S) + 1) * HOP_S
            if t > before
        ]
        self.readings = [r for r in [*self.readings, *new] if r.end >= self.now - state.view_s]
        self.every_reading += new
        # As a sensor's are, of one grid: a sample stays where it is from frame to frame.
        first = np.ceil(max(0.0, self.now - state.view_s) * RATE - 1e-6)
        times = np.arange(first, np.floor(self.now * RATE + 1e-6) + 1) / RATE
        events, self.events = self.events, []
        publishes, state.record_count = state.history.since(state.record_count)
        self.stats.reads += len(new)
        twins = tuple(self._twin(kind, new) for kind in state.compare)
        takes, oldest = self._takes(), max(0.0, self.now - BUFFER_S)
        values = _samples(int(first), len(times))
        look = self.cursor.follow(Past(times, values, tuple(self.readings)), self.now, oldest)
        return Frame(
            spec=state.spec or spec(), now=self.now, times=times, values=values,
            readings=list(self.readings),
            new_readings=new, reading=self.readings[-1] if self.readings else None, twins=twins,
            ours=KeptAnswers(400, 400), publishes=publishes, takes=takes, recording=self.held,
            events=events, stats=self.stats, frame_time_wall=self.wall, oldest=oldest, look=look,
        )  # fmt: skip

    def _twin(self, kind: TwinKind, new: list[Reading]) -> TwinFrame:
        answers = [
            TwinReading(r.hop, r.end, r.classes, r.probabilities, r.top, TwinState(self.twin_state), 40.0) for r in new
        ]
        figures = self.twin_figures.get(kind) or TwinFigures(kind, KeptAnswers(400, 400, bits=False))
        return TwinFrame(kind, figures, answers, answers[-1] if answers else None)

    def _twin_past(self, kind: TwinKind, start: float, end: float) -> list[TwinReading]:
        return self._twin(kind, [r for r in self.every_reading if start <= r.end <= end]).new

    def doubt(self, count: int = 3) -> None:
        """Put some doubtful moments of the last seconds into the state, newest first."""
        self.state.uncertain = tuple(self.reading_at(self.now - 0.3 - 2.1 * k, 0.5) for k in range(count))

    # -- what the view is told at once ---------------------------------------------------------------------------

    def show(self, **values: object) -> None:
        """Let the view model be this."""
        with self.state.update():
            for name, value in values.items():
                setattr(self.state, name, value)

    def show_card(self, place: int, **values: Any) -> None:
        """Let a class's card be this."""
        cards = list(self.state.classes)
        cards[place] = replace(cards[place], **values)
        self.state.classes = tuple(cards)

    def train(self, share: float, over: bool = False) -> None:
        """Let the training of a new base be so far."""
        self.state.task = Task(TrainingStage.COMPARING if over else TrainingStage.BASE, share, over)

    def propose(self, proposal: Proposal | None) -> None:
        """Let another model wait for the user's word, or none any more."""
        with self.state.update():
            self.state.proposal = proposal
            if proposal is None:
                self.state.task = None

    # -- what parts of the engine do -----------------------------------------------------------------------------

    def _add_class(self, name: str) -> ClassInfo:
        clean = name.strip()
        if not clean:
            raise BadInputError("A class needs a name: type at least one letter.")
        if any(card.info.name == clean for card in self.state.classes):
            raise BadInputError(f"There is a class {clean!r} already: give this one another name.")
        place = len(self.state.classes)
        info = ClassInfo(place, clean, self._free_key(), OKABE_ITO[place % len(OKABE_ITO)])
        self.state.classes = (*self.state.classes, ClassCard(info))
        return info

    def _edit_class(self, class_id: int, **change: str) -> None:
        if change.get("name") == "":
            raise BadInputError("A class needs a name: type at least one letter.")

    def _label_span(self, class_id: int, start: float, end: float, who: str = "retro") -> None:
        if start < self.now - BUFFER_S:
            raise BadInputError("That stretch has left the buffer, which holds the last 60 s: mark a later one.")

    def _press_class(self, class_id: int) -> None:
        self.held = (class_id, self.now)

    def _release_class(self) -> None:
        self.held = None

    def _release_inputs(self, inputs: Sequence[np.ndarray]) -> None:
        self.inputs = [held for held in self.inputs if not any(held.features is raw for raw in inputs)]
        self.show(protected=self.state.protected - len(inputs))

    def _record(self, on: bool) -> None:
        self.stats.recording = on
        self.show(recording_stream=on)

    def _start_consolidation(self) -> None:
        if self.state.task is not None:
            raise BadInputError("A new base is being trained already.")
        self.train(0.0)

    def _past(self, start: float, end: float) -> Past:
        first, last = max(start, self.now - BUFFER_S, 0.0), min(end, self.now)
        times = np.arange(first, max(first, last), 1 / RATE)
        return Past(times, self.signal(times), tuple(r for r in self.every_reading if start <= r.end <= end))

    def _takes_between(self, since: float = -np.inf, until: float = np.inf) -> list[Take]:
        return [take for take in self._takes() if take.end >= since and take.start <= until]

    def _takes(self) -> list[Take]:
        return [
            Take(1, 1, self.now - 9.1, self.now - 7.4, "simulator"),
            Take(2, 0, self.now - 2.6, self.now - 0.8, "simulator"),
            *self.more_takes,
        ]

    # -- what is asked of the bridge itself ----------------------------------------------------------------------

    def show_span(self, start: float, end: float) -> None:
        self.calls.append(("show_span", start, end))

    def pass_over(self, start: float, end: float) -> None:
        self.passed.append((start, end))
        self.state.drop_uncertain((start, end))

    def set_knob(self, name: str, value: float | str | bool) -> None:
        self.calls.append(("set_knob", name, value))

    def source_knobs(self) -> tuple[Knob, ...]:
        return self.state.knobs

    def layout(self) -> dict[str, object]:
        return {}

    def keep_layout(self, layout: dict[str, object]) -> None: ...

    def shutdown(self) -> None:
        self.calls.append(("shutdown",))

    def cells(self, reading: Reading, *, urgent: bool = True) -> list[CellView]:
        rng = np.random.default_rng(reading.hop // 8)
        strengths = np.sort(rng.random(40) ** 2)[::-1] * (1.0 if reading.speaker != BASE else 0.3)
        return [CellView(0 if k % 3 else 3, float(s), k, float(s)) for k, s in enumerate(strengths)]

    def answer_again(self, reading: Reading) -> AnsweredNow | None:
        return AnsweredNow(self.version, reading.top, reading.certified is not None)

    def margins(self, reading: Reading) -> AnswerMargins | None:
        outside = np.setdiff1d(np.arange(HIDDEN), reading.active)
        gates = GateMargin(
            reading.margin, 0.31, np.linspace(0.31, 4.0, HIDDEN), int(reading.active[0]), int(outside[0])
        )
        banks = tuple(
            BankMargin(place + 1, float(r - tau), 0.4 if r > tau else None)
            for place, (r, tau) in enumerate(zip(reading.bank_r, reading.bank_tau, strict=False))
        )
        return AnswerMargins(gates, banks, 0.002, 0.11)

    def unit(self, index: int) -> UnitView | None:
        rng = np.random.default_rng(index)
        names = tuple(card.info.name for card in self.state.classes)
        return UnitView(
            index, self.state.feature_names, rng.normal(size=FEATURES).astype(np.float32), names,
            rng.normal(size=len(names)).astype(np.float32),
        )  # fmt: skip
