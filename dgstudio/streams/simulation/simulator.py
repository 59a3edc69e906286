"""A simulated six-axis motion sensor on the wrist of a simulated person, with known ground truth."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError, StreamError
from dgstudio.records import dataclass
from dgstudio.streams.features import default_window
from dgstudio.streams.simulation.gestures import GESTURES, PACE_HZ, Person, motion, turned
from dgstudio.streams.source import BLOCK_S, Knob, KnobKind, SourceKind, SourceRequest
from dgstudio.streams.timing.playback_clock import StreamClock
from dgstudio.types import F32, F64, Block, StreamKind, StreamSpec

CHANNELS = ("ax", "ay", "az", "gx", "gy", "gz")
RATE = 200.0
RATES = (50.0, 400.0)
SCRIPTS = {"auto": ("rest", "walk", "run", "shake"), "auto (all)": GESTURES[:7]}
"""Values of the gesture knob that perform several gestures in turn."""

GRANULE = 64
"""Samples that are computed at once, always all of them: bytes must not depend on where blocks begin and end."""
SCRIPT_S = (3.5, 5.5)
"""Shortest and longest time that a script stays with a gesture."""
BLEND_S = 0.2
"""Time in which one gesture goes over into the next."""
GAIN_S = 2.0
"""Time constant with which the gain drifts to where its knob is."""
BURST = 5
"""Samples that a dropout takes away together."""

_DIAGONAL = np.ones(3)

_KNOBS = (
    Knob("gesture", "Performing", KnobKind.CHOICE, "auto", choices=("auto", *GESTURES, "auto (all)"),
         tooltip="What the simulated person does; auto goes through rest, walk, run and shake."),
    Knob("rotation", "Sensor rotation", KnobKind.FLOAT, 0.0, -180.0, 180.0, 1.0, "°",
         tooltip="How far the sensor is turned about its diagonal; at 120° its axes have changed places."),
    Knob("gain", "Gain drift", KnobKind.FLOAT, 1.0, 0.5, 1.5, 0.01, "×",
         tooltip="Where the sensor's gain drifts to, within a few seconds."),
    Knob("noise", "Noise", KnobKind.FLOAT, 0.04, 0.0, 0.5, 0.01, "g",
         tooltip="Standard deviation of the sensor noise, in g and in rad/s."),
    Knob("dropouts", "Dropouts", KnobKind.FLOAT, 0.0, 0.0, 0.5, 0.01, "",
         tooltip="Share of samples that are lost, five in a row; they arrive as missing values."),
    Knob("jitter", "Jitter", KnobKind.FLOAT, 0.0, 0.0, 1.0, 0.01, "samples",
         tooltip="How unevenly the samples are taken: up to one sample late."),
    Knob("frequency", "Custom rate", KnobKind.FLOAT, 2.5, 0.2, 12.0, 0.1, "Hz",
         tooltip="Repetitions a second of the gesture “custom”."),
    Knob("amplitude", "Custom force", KnobKind.FLOAT, 0.6, 0.0, 3.0, 0.05, "g",
         tooltip="Strength of the gesture “custom”."),
    Knob("swap", "Swap axes", KnobKind.BOOL, False, tooltip="Exchange x and y of both sensors."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Performance:
    """One gesture from the sample `start` on, at `hz`, with phase `phase` there."""

    gesture: str
    start: int
    phase: float
    hz: float
    amplitude: float


class _Granule(NamedTuple):
    times: F64
    values: F32
    truth: npt.NDArray[np.int16]


class SimulatorSource:
    """A six-axis sensor (ax ay az in g, gx gy gz in rad/s) at 50–400 Hz on a person who performs gestures.

    Each seed is another person (pace, size, phase, pose, how the sensor sits), who stays the same; knobs change
    the gesture and the sensor. `Block.truth` indexes `spec.truth_names`. The stream is a function of the seed, the
    rate and the knob changes at their samples alone: its bytes do not depend on blocks or clocks.

    Parameters
    ----------
    rate
        Samples a second, 50..400.
    speed
        Stream seconds a wall second; 0 runs free.
    block_s
        Wall seconds that a block is worth.

    Raises
    ------
    BadInputError
        For a rate, speed or seed out of range.
    """

    def __init__(self, *, seed: int = 0, rate: float = RATE, speed: float = 1.0, block_s: float = BLOCK_S) -> None:
        if not RATES[0] <= rate <= RATES[1]:
            raise BadInputError(f"The simulator runs at {RATES[0]:g} to {RATES[1]:g} samples a second, not at {rate}.")
        if not 0 <= seed < 2**63:
            raise BadInputError(f"The seed {seed} cannot be used: give a whole number from 0 on, below 2^63.")
        self.notes: tuple[str, ...] = ()
        window_s, hop_s = default_window(rate)
        self.spec = StreamSpec("simulator", StreamKind.SIGNAL, float(rate), CHANNELS, window_s, hop_s, GESTURES, speed)
        self.person = Person.drawn(seed)
        self._seed = seed
        self._clock = StreamClock(speed)  # refuses a speed that cannot be, before it is used
        self._block = max(1, round(block_s * rate * (speed or 1.0)))
        self._knobs = {knob.name: knob for knob in _KNOBS}
        self._lock = threading.Lock()
        self._next = 0
        self._gap = False
        self._turn_at = 0
        self._turns = 0
        self._gain = (0, 1.0, 1.0)
        self._cached: tuple[int, _Granule] | None = None
        self._played: list[_Performance] = []
        self._begin(0)

    @property
    def sent(self) -> int:
        """Samples handed out so far. Any thread."""
        return self._next

    def open(self) -> None:
        """Start the clock; opened again, the person goes on where they were, after a break."""
        self._gap = self._next > 0
        self._clock.start(self._next / self.spec.rate)

    def close(self) -> None:
        """Stop the clock."""
        self._clock.stop()

    def read(self, timeout: float) -> Block | None:
        """Return the next block of some 10 ms, or None if it is not due within `timeout` wall seconds.

        Raises
        ------
        StreamError
            If the simulator is not open.
        """
        if not self._clock.running:
            raise StreamError("The simulator is not open: open it before reading.")
        slips = self._clock.slips
        if not self._clock.wait((self._next + self._block - 1) / self.spec.rate, timeout):
            return None
        self._gap |= self._clock.slips > slips
        with self._lock:
            times, values, truth = self._take(self._block)
        block = Block(times, values, truth, self._gap)
        self._gap = False
        return block

    def knobs(self) -> tuple[Knob, ...]:
        """Return the live settings with their present values. Any thread."""
        with self._lock:
            return tuple(self._knobs.values())

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Change a knob from the next unread sample on; floats are limited to the knob's range. Any thread.

        Raises
        ------
        BadInputError
            For an unknown knob or a value of the wrong kind.
        """
        with self._lock:
            knob = self._knobs.get(name)
            if knob is None:
                raise BadInputError(f"The simulator has no knob “{name}”; it has {', '.join(self._knobs)}.")
            new = knob.fitting(value)
            if new == knob.value:
                return
            if name == "gain":
                self._gain = (self._next, self._gain_at(self._next), float(new))
            self._knobs[name] = replace(knob, value=new)
            if name == "gesture":
                self._begin(self._next)
            elif name in ("frequency", "amplitude") and self._played[-1].gesture == "custom":
                self._perform("custom", self._next)
            self._cached = None

    def _begin(self, at: int) -> None:
        """Start what the gesture knob says, at the sample `at`."""
        choice = str(self._knobs["gesture"].value)
        if choice in SCRIPTS:
            self._turns = 0
            self._turn(SCRIPTS[choice], at)
        else:
            self._perform(choice, at)

    def _turn(self, script: tuple[str, ...], at: int) -> None:
        """Start the next gesture of a script, and decide when it ends."""
        self._perform(script[self._turns % len(script)], at)
        stay = np.random.default_rng([self._seed, 2, self._turns]).uniform(*SCRIPT_S)
        self._turn_at = at + round(stay * self.spec.rate)
        self._turns += 1

    def _perform(self, gesture: str, at: int) -> None:
        if gesture == "custom":
            hz, amplitude = float(self._knobs["frequency"].value), float(self._knobs["amplitude"].value)
        else:
            hz, amplitude = PACE_HZ[gesture] * self.person.pace[gesture], 1.0
        # A script plans to the end of the granule that is being read: what it planned beyond `at` will not happen.
        self._played = [p for p in self._played if p.start <= at]
        phase = 0.0
        if self._played:
            last = self._played[-1]
            phase = math.fmod(last.phase + math.tau * last.hz * (at - last.start) / self.spec.rate, math.tau)
            if last.start == at:
                self._played.pop()
        self._played.append(_Performance(gesture, at, phase, hz, amplitude))

    def _gain_at(self, sample: float) -> float:
        start, was, target = self._gain
        return target + (was - target) * math.exp(-max(0.0, sample - start) / (GAIN_S * self.spec.rate))

    def _take(self, count: int) -> _Granule:
        """Return the next `count` samples. Holds the lock."""
        parts: list[_Granule] = []
        stop = self._next + count
        while self._next < stop:
            number = self._next // GRANULE
            if self._cached is None or self._cached[0] != number:
                self._cached = (number, self._compute(number))
            first = number * GRANULE
            part = slice(self._next - first, min(GRANULE, stop - first))
            times, values, truth = self._cached[1]
            parts.append(_Granule(times[part], values[part], truth[part]))
            self._next = first + part.stop
        return _Granule(
            np.concatenate([p.times for p in parts]),
            np.concatenate([p.values for p in parts]),
            np.concatenate([p.truth for p in parts]),
        )

    def _compute(self, number: int) -> _Granule:
        """Compute a whole granule under the present knobs; what was read of it before they changed stays as read."""
        first = number * GRANULE
        script = SCRIPTS.get(str(self._knobs["gesture"].value))
        while script is not None and self._turn_at < first + GRANULE:
            self._turn(script, self._turn_at)
        index = np.arange(first, first + GRANULE)
        rng = np.random.Generator(np.random.Philox(key=[self._seed, number]))
        noise = rng.standard_normal((GRANULE, 6))
        late = rng.random(GRANULE)
        position = index + float(self._knobs["jitter"].value) * late
        body, truth = self._body(index, position)
        sensor = turned(_DIAGONAL, math.radians(float(self._knobs["rotation"].value))) @ self.person.worn
        values = np.concatenate([body[:, :3] @ sensor.T, body[:, 3:] @ sensor.T], axis=1)
        if self._knobs["swap"].value:
            values = values[:, [1, 0, 2, 4, 3, 5]]
        start, was, target = self._gain
        since = np.maximum(index - start, 0) / (GAIN_S * self.spec.rate)
        values = values * (target + (was - target) * np.exp(-since))[:, None]
        values = (values + float(self._knobs["noise"].value) * noise).astype(np.float32)
        values[self._lost(index)] = np.nan
        return _Granule(position / self.spec.rate, values, truth)

    def _body(self, index: npt.NDArray[np.int64], position: F64) -> tuple[F64, npt.NDArray[np.int16]]:
        """Blend the performances that the samples fall into: values (n, 6), truth (n,)."""
        blend = BLEND_S * self.spec.rate
        begun = [p for p in self._played if p.start <= index[0] - blend]
        # Performances wholly in the past are not needed again, the newest of them apart: others begin from it.
        self._played = self._played[max(0, len(begun) - 1) :]
        values = np.zeros((len(index), 6))
        truth = np.zeros(len(index), np.int16)
        time = position / self.spec.rate
        for number, p in enumerate(self._played):
            cycle = p.phase + math.tau * p.hz * (position - p.start) / self.spec.rate
            moved = motion(self.person, p.gesture, cycle, time, p.hz, p.amplitude)
            share = np.clip((position - p.start) / blend, 0.0, 1.0) if number else np.ones(len(index))
            values += share[:, None] * (moved - values)
            truth[index >= p.start] = GESTURES.index(p.gesture)
        return values, truth

    def _lost(self, index: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which samples a dropout takes: bursts on a grid of their own."""
        share = float(self._knobs["dropouts"].value)
        bursts = index // BURST
        drawn = {
            int(b): np.random.Generator(np.random.Philox(key=[self._seed, 2**32 + int(b)])).random()
            for b in (np.unique(bursts) if share > 0 else ())
        }
        return np.array([drawn.get(int(b), 1.0) < share for b in bursts])


TRUTH_COLUMN = "gesture"
"""What the simulator's ground truth is called where a column with labels is asked for."""


def _open(request: SourceRequest) -> SimulatorSource:
    if request.labels_column not in (None, TRUTH_COLUMN):
        raise BadInputError(
            f"The simulator has no column “{request.labels_column}”: its labels are in the column {TRUTH_COLUMN}."
        )
    return SimulatorSource(seed=request.seed, rate=RATE if request.rate is None else request.rate, speed=request.speed)


KIND = SourceKind(
    "simulator",
    "simulator",
    "A simulated motion sensor on a wrist at 50 to 400 Hz, which performs gestures that are known.",
    lambda name: name == "simulator",
    _open,
    paced=True,
)
