"""A bridge without an engine for tests and pictures: sine waves as a stream, random answers, commands as a list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dgstudio.engine.adapt.auto_protect import OWN_INPUT, RECENT_INPUT, ProtectedInput
from dgstudio.engine.adapt.routing_margins import AnswerMargins
from dgstudio.engine.adapt.version_index import Containing
from dgstudio.engine.labels.example_table import Standing
from dgstudio.engine.recording.lookback import Past
from dgstudio.engine.runtime.class_table import OKABE_ITO, free_key
from dgstudio.engine.runtime.history import History
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learned_examples import LearnedExamples
from dgstudio.model.robustness_bounds import BankMargin, GateMargin
from dgstudio.streams.source import Knob
from dgstudio.studio.bridge.state import CellView, ClassCard, Frame, Proposal, StudioState, Task, UnitView
from dgstudio.types import (
    BASE,
    Act,
    ClassInfo,
    EngineStats,
    Event,
    Example,
    Mode,
    PublishRecord,
    Reading,
    StreamSpec,
    Take,
    TwinReading,
)

HIDDEN, ACTIVE, FEATURES, RATE, HOP_S = 128, 24, 64, 200.0, 0.05
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


class FakeBridge:
    """Stands where the bridge stands; `calls` lists what the window asked for, oldest first."""

    def __init__(self, names: tuple[str, ...] = NAMES, modes: tuple[Mode, ...] = (Mode.OFF, Mode.BOTH)) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.state = StudioState()
        self.modes = modes
        self.events: list[Event] = []
        self.recording: tuple[int, float] | None = None
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
        self.publishes: list[PublishRecord] = []
        self.stats = EngineStats(
            samples=4000, hops=400, serve_p50_us=84.0, serve_p99_us=1900.0, learned=412, publishes=42, rejections=3,
            reads=48210, receipts_checked=2000, protected=400, stream_state="live", saved="saved",
        )  # fmt: skip
        state = self.state
        state.spec, state.knobs, state.source_name = spec(), knobs(), "simulator"
        state.mode, state.protected, state.hidden, state.active = Mode.BOTH, 400, HIDDEN, ACTIVE
        state.serving = state.head = self.version
        state.session_name, state.saved, state.phase = "gestures.dgs", "saved", "ready"
        state.feature_names = tuple(f"f{i}" for i in range(FEATURES))
        lamps = ("up to date", "up to date", "learning", "out of date")
        for place, name in enumerate(names):
            info = ClassInfo(place, name, self._free_key(), OKABE_ITO[place % len(OKABE_ITO)])
            if name == "run":
                state.classes.append(ClassCard(info))
            else:
                thumbs = [window_of(place, 0.6 * k) for k in range(9)]
                state.classes.append(ClassCard(info, 42 + place, thumbs, lamps[place % 4], 9 + place))

    def _free_key(self) -> str:
        return free_key({card.info.key for card in self.state.classes})

    # -- the stream ----------------------------------------------------------------------------------------------

    def history(self, count: int = 42) -> None:
        """Fill the past: publishes, a few rejections, one roll-back."""
        for seq in range(count):
            time = self.now - (count - seq) * 0.7
            self.publishes.append(self._publish(seq, time))
        self.state.history = History(self.publishes)
        self.state.announce("versions")

    def _publish(self, seq: int, time: float) -> PublishRecord:
        kind = {9: "rejected", 23: "rejected", 31: "rejected", 27: "rolled back", 36: "class added"}.get(seq, "learned")
        return PublishRecord(
            seq=seq, kind=kind, version=None if kind == "rejected" else seq + 1, parent=seq,
            reason="learned from 12 examples of circle", time=time, unix=1.7e9 + seq, digest="5f1ca9e2b7", examples=12,
            new_examples=((0, 12),), units_changed=9, protected=400, duration_ms=3.8,
            routing_delta=abs(float(self.rng.normal(0.1, 0.1))),
            representation_delta=abs(float(self.rng.normal(0.05, 0.05))),
            label_to_publish_ms=180.0, to_version=22 if kind == "rolled back" else None,
        )  # fmt: skip

    def signal(self, times: np.ndarray) -> np.ndarray:
        """The stream at `times` as (n, 6) float32: still, then shaking, then circling, every ten seconds."""
        phase = (times % 10.0)[:, None]
        base = np.arange(6) * 0.9
        shake = np.sin(2 * np.pi * 3.1 * times[:, None] + base)
        circle = 0.7 * np.sin(2 * np.pi * 0.8 * times[:, None] + base)
        calm = 0.04 * np.sin(43 * times[:, None] + base) + 0.05 * np.sin(97 * times[:, None] * (1 + 0.1 * base))
        return np.where(phase < 3.5, calm, np.where(phase < 6.2, shake, circle)).astype(np.float32) + calm.astype(
            np.float32
        )

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
        times = np.arange(max(0.0, self.now - state.view_s), self.now, 1 / RATE)
        events, self.events = self.events, []
        publishes, self.publishes = self.publishes, []
        self.stats.reads += len(new)
        twin_new = [] if state.compare is None else [
            TwinReading(r.hop, r.end, r.classes, r.probabilities, r.top, "unpublished", 40.0) for r in new
        ]  # fmt: skip
        takes = self._takes()
        return Frame(
            spec=state.spec or spec(), now=self.now, times=times, values=self.signal(times),
            readings=list(self.readings),
            new_readings=new, reading=self.readings[-1] if self.readings else None, twin_new=twin_new,
            twin=twin_new[-1] if twin_new else None, publishes=publishes, takes=takes, recording=self.recording,
            events=events, stats=self.stats, frame_time_wall=self.wall, oldest=max(0.0, self.now - BUFFER_S),
        )  # fmt: skip

    def doubt(self, count: int = 3) -> None:
        """Put some doubtful moments of the last seconds into the state, newest first."""
        self.state.uncertain = [self.reading_at(self.now - 0.3 - 2.1 * k, 0.5) for k in range(count)]
        self.state.announce("uncertain")

    # -- commands ------------------------------------------------------------------------------------------------

    def offered_modes(self) -> tuple[Mode, ...]:
        return self.modes

    def press_class(self, class_id: int) -> None:
        self.calls.append(("press", class_id))
        self.recording = (class_id, self.now)

    def release_class(self) -> None:
        self.calls.append(("release",))
        self.recording = None

    def add_class(self, name: str) -> ClassInfo:
        self.calls.append(("add", name))
        clean = name.strip()
        if not clean:
            raise BadInputError("A class needs a name: type at least one letter.")
        if any(card.info.name == clean for card in self.state.classes):
            raise BadInputError(f"There is a class {clean!r} already: give this one another name.")
        place = len(self.state.classes)
        info = ClassInfo(place, clean, self._free_key(), OKABE_ITO[place % len(OKABE_ITO)])
        self.state.classes.append(ClassCard(info))
        self.state.announce("classes")
        return info

    def edit_class(self, class_id: int, **change: str) -> None:
        self.calls.append(("edit", class_id, change))
        if change.get("name") == "":
            raise BadInputError("A class needs a name: type at least one letter.")

    def move_class(self, class_id: int, place: int) -> None:
        self.calls.append(("move", class_id, place))

    def remove_class(self, class_id: int) -> None:
        self.calls.append(("remove", class_id))

    def merge_class(self, class_id: int, into: int) -> None:
        self.calls.append(("merge", class_id, into))

    def relabel(self, example_ids: Sequence[int], class_id: int) -> None:
        self.calls.append(("relabel", tuple(example_ids), class_id))

    def take_back_last(self, class_id: int) -> None:
        self.calls.append(("take back", class_id))

    def delete_examples(self, example_ids: Sequence[int]) -> None:
        self.calls.append(("delete", tuple(example_ids)))

    def standing(self) -> Standing:
        return Standing.of(self.examples())

    def examples(self) -> list[Example]:
        return []

    def takes_by_id(self) -> dict[int, Take]:
        return {}

    def watch_examples(self, on: bool) -> None:
        self.calls.append(("browse", on))

    def notes(self) -> dict[int, str]:
        return {}

    def note_examples(self, example_ids: Sequence[int], text: str) -> None:
        self.calls.append(("note", tuple(example_ids), text))

    def takes_of_this_run(self) -> frozenset[int]:
        return frozenset(self.takes_by_id())

    def containing(self, example_ids: Sequence[int]) -> Containing:
        return Containing(((12, 31),))

    def contents_of(self, version: int) -> LearnedExamples | None:
        return None

    def show_span(self, start: float, end: float) -> None:
        self.calls.append(("show", start, end))

    def acts(self) -> tuple[list[Act], int]:
        return [], 0

    def undo(self) -> None:
        self.calls.append(("undo",))

    def redo(self) -> None:
        self.calls.append(("redo",))

    def save_copy(self, path: str) -> None:
        self.calls.append(("copy", path))

    def save_as(self, path: str) -> None:
        self.calls.append(("save as", path))

    def duplicate(self) -> None:
        self.calls.append(("duplicate",))

    def read_import(self, path: str) -> None:
        self.calls.append(("read import", path))

    def choose_import(self, choices: object) -> None:
        self.calls.append(("choose import", choices))

    def begin_import(self) -> None:
        self.calls.append(("begin import",))

    def cancel_import(self) -> None:
        self.calls.append(("cancel import",))

    def layout(self) -> dict[str, object]:
        return {}

    def keep_layout(self, layout: dict[str, object]) -> None:
        pass

    def watch_quality(self, kind: str | None) -> None:
        self.calls.append(("watch", kind))

    def set_aside_takes(self, on: bool) -> None:
        self.calls.append(("aside", on))
        self.state.set_aside = on
        self.state.announce("quality")

    def record_stream(self, on: bool) -> None:
        self.calls.append(("record", on))
        self.state.recording_stream = self.stats.recording = on
        self.state.announce("recording")

    def export(self, kind: str, path: str) -> None:
        self.calls.append(("export", kind, path))

    def set_mode(self, mode: Mode) -> None:
        self.calls.append(("mode", mode))
        self.state.mode = mode
        self.state.announce("mode")

    def set_openness(self, tau: float, delta: float) -> None:
        self.calls.append(("openness", tau, delta))
        self.state.tau, self.state.delta = tau, delta
        self.state.announce("settings")

    def set_abstain(self, threshold: float) -> None:
        self.calls.append(("abstain", threshold))
        self.state.abstain = threshold
        self.state.announce("settings")

    def set_rule(self, name: str) -> None:
        self.calls.append(("rule", name))
        self.state.rule = name
        self.state.announce("settings")

    def set_compare(self, kind: str | None) -> None:
        self.calls.append(("compare", kind))
        self.state.compare = kind
        self.state.announce("compare")

    def pin(self, version: int) -> None:
        self.calls.append(("pin", version))
        self.state.pinned = version
        self.state.announce("versions")

    def unpin(self) -> None:
        self.calls.append(("unpin",))
        self.state.pinned = None
        self.state.announce("versions")

    def roll_back(self, version: int | None = None) -> None:
        self.calls.append(("roll_back", version))

    def resume_parked(self) -> None:
        self.calls.append(("resume parked",))

    def protect_now(self) -> None:
        self.calls.append(("protect",))

    def set_knob(self, name: str, value: float | str | bool) -> None:
        self.calls.append(("knob", name, value))

    def label_span(self, class_id: int, start: float, end: float, who: str = "retro") -> None:
        if start < self.now - BUFFER_S:
            raise BadInputError("That stretch has left the buffer, which holds the last 60 s: mark a later one.")
        self.calls.append(("span", class_id, start, end) if who == "retro" else ("span", class_id, start, end, who))

    def pass_over(self, start: float, end: float) -> None:
        self.passed.append((start, end))
        self.state.drop_uncertain((start, end))

    def past(self, start: float, end: float) -> Past:
        first, last = max(start, self.now - BUFFER_S, 0.0), min(end, self.now)
        times = np.arange(first, max(first, last), 1 / RATE)
        return Past(times, self.signal(times), tuple(r for r in self.every_reading if start <= r.end <= end))

    def takes_in(self, start: float, end: float) -> list[Take]:
        return [take for take in self._takes() if take.end >= start and take.start <= end]

    def _takes(self) -> list[Take]:
        return [
            Take(1, 1, self.now - 9.1, self.now - 7.4, "simulator"),
            Take(2, 0, self.now - 2.6, self.now - 0.8, "simulator"),
            *self.more_takes,
        ]

    def cells(self, reading: Reading) -> list[CellView]:
        rng = np.random.default_rng(reading.hop // 8)
        strengths = np.sort(rng.random(40) ** 2)[::-1] * (1.0 if reading.speaker != BASE else 0.3)
        return [CellView(0 if k % 3 else 3, float(s), k, float(s)) for k, s in enumerate(strengths)]

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

    def protect_by_itself(self, on: bool) -> None:
        self.calls.append(("by itself", on))
        self.state.protect_by_itself = on
        self.state.announce("settings")

    def set_protected(self, count: int) -> None:
        self.calls.append(("protected", count))
        self.state.protect_at_seal = count
        self.state.announce("settings")

    def set_seal_at(self, count: int) -> None:
        self.calls.append(("seal at", count))
        self.state.seal_at = count
        self.state.announce("settings")

    def set_features(self, count: int) -> None:
        self.calls.append(("features", count))
        self.state.features = count
        self.state.announce("settings")

    def protected_inputs(self) -> list[ProtectedInput]:
        return self.inputs

    def release_inputs(self, inputs: Sequence[np.ndarray]) -> None:
        self.calls.append(("release inputs", len(inputs)))
        self.inputs = [held for held in self.inputs if not any(held.features is raw for raw in inputs)]
        self.state.protected -= len(inputs)
        self.state.announce("health")

    def start_consolidation(self) -> None:
        self.calls.append(("consolidate",))
        if self.state.task is not None:
            raise BadInputError("A new base is being trained already.")
        self.train(0.0)

    def train(self, share: float, over: bool = False) -> None:
        """Let the training of a new base be so far."""
        text = "A new base is trained: compare it with the present model." if over else "Training the gated base"
        self.state.task = Task("New base", text, share, over)
        self.state.announce("task")

    def propose(self, proposal: Proposal | None) -> None:
        """Let another model wait for the user's word, or none any more."""
        self.state.proposal = proposal
        if proposal is None:
            self.state.task = None
            self.state.announce("task")
        self.state.announce("proposal")

    def cancel_consolidation(self) -> None:
        self.calls.append(("cancel",))
        self.state.task = None
        self.state.announce("task")

    def plan_rebuild(self, example_ids: tuple[int, ...]) -> None:
        self.calls.append(("rebuild", example_ids))

    def accept_proposal(self) -> None:
        self.calls.append(("accept",))
        self.propose(None)

    def discard_proposal(self) -> None:
        self.calls.append(("discard",))
        self.propose(None)

    def shutdown(self) -> None:
        self.calls.append(("shutdown",))
