"""Pictures as a stream: the newest frame of a camera or a video, and what a network sees in it.

Frames are handed in by whoever owns the camera, which is the window; here they wait in a place for one, become features
in the thread that reads the source, and are shown and kept as small pictures. Nothing leaves the machine.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path

import numpy as np

from dgstudio.errors import BadInputError, StreamEnded, StreamError
from dgstudio.reasons.arrivals import Trouble
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.streams.camera.colour_gradients import ColourGradients
from dgstudio.streams.camera.label_track import LabelTrack
from dgstudio.streams.camera.lite0_embedding import Lite0Embedding, lite0_at_hand
from dgstudio.streams.camera.small_picture import shrunk, window_of
from dgstudio.streams.camera.video_frame import VideoFrame
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.source import Knob, KnobKind
from dgstudio.streams.timing.arrivals import ArrivalRate
from dgstudio.types import F32, U8, UNKNOWN_TRUTH, Block, StreamKind, StreamSpec

RATE = 20.0
"""Features a second at most: a hand moves little in a twentieth of a second."""
SILENCE_S = 3.0
"""A stream that has run and brings no frame for so long is lost."""
SHOWN = 480
"""Pixels that the longer side of the picture that is shown has at most."""
KEPT_S = 120.0
KEPT_HZ = 10.0
MIRROR, TURN, CROP, SMALL = "mirror", "turn", "crop", "small pictures"
TURNS = ("0°", "90°", "180°", "270°")
TOGETHER_S = 0.1
"""Wall seconds between two pictures up to which their answers are drawn as one stretch, and more than twice that."""
AGES = 4096
"""Frames of which the age is kept."""
LATELY = 100


@dataclass(frozen=True, slots=True)
class FeaturesInUse(Reason):
    """What a picture is described by, and what is missing where that is the light description."""

    title: str
    missing: str = ""
    """The line that installs what is missing."""

    @property
    def words(self) -> str:
        """Which features, and how to get the better ones."""
        if not self.missing:
            return f"pictures are described by {self.title}"
        return (
            f"pictures are described by {self.title} only, which tell scenes apart, not things: to install the "
            f"embedding run {self.missing}"
        )


@dataclass(frozen=True, slots=True)
class FrameOrigin:
    """Where frames come from: a video file, or a camera by a part of its name, "" for the first."""

    video: Path | None = None
    camera: str = ""
    speed: float = 1.0
    loop: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class ShownPicture:
    """What is seen at a moment: `pixels` (n, m, 3) uint8, upright; `square` left, top and side of what the model sees.

    The square is in shares of the picture's width, height and width.
    """

    number: int
    pixels: U8
    square: tuple[float, float, float]


class CameraSource:
    """One sample a picture: its features. A frame that comes while one is at work takes the place of one that waits.

    Stream time is that of a video's own frames, loop after loop, and for a camera the time at which frames come.

    `offer`, `tell_trouble` and `tell_end` may be called by any thread, and whoever owns the camera looks at `wanted`;
    `open`, `read` and `close` belong to one thread. `picture` and `thumbnail` may be called by any thread.

    Attributes
    ----------
    origin : where frames come from.
    wanted : changes whenever frames are to be begun anew; 0 while none are wanted.
    features_title, light_only : what pictures are described by; whether the embedding is not installed.
    dropped : frames that were replaced before anybody looked at them.

    Raises
    ------
    BadInputError
        If the video or its label track cannot be read, or for a rate or speed that cannot be.
    """

    def __init__(self, origin: FrameOrigin, *, name: str, rate: float = RATE, embed: bool | None = None) -> None:
        if not 1 <= rate <= 60:
            raise BadInputError(f"Pictures are looked at 1 to 60 times a second, not {rate:g} times.")
        if not 0.1 <= origin.speed <= 20:
            raise BadInputError(f"A video plays at 0.1 to 20 times its speed, not at {origin.speed:g}.")
        self.origin = origin
        self._track = _track_of(origin.video)
        self._embeds = lite0_at_hand() if embed is None else embed
        kind = Lite0Embedding if self._embeds else ColourGradients
        self.features_title = kind.title
        self.light_only = not self._embeds
        missing = ""
        if self.light_only and not lite0_at_hand():
            from dgstudio.extras.known import EXTRAS, line

            missing = line(EXTRAS["webcam"])
        self.notes: tuple[Reason, ...] = (FeaturesInUse(kind.title, missing),)
        self.spec = StreamSpec(
            name,
            StreamKind.IMAGE,
            rate / origin.speed,
            kind.names(),
            TOGETHER_S * origin.speed,
            TOGETHER_S * origin.speed,
            self._track.names if self._track is not None else (),
            origin.speed,
        )
        self._every_s = 1.0 / rate
        self.wanted = 0
        self.dropped = 0
        self.taken = 0
        """Frames that have become features."""
        self._describe: Lite0Embedding | ColourGradients | None = None
        self._lock = threading.Lock()
        self._arrived = threading.Event()
        self._waiting: VideoFrame | None = None
        self._trouble = ""
        self._told = False
        """Whether it was told since frames were asked for last."""
        self._ended = self._opened = self._live = False
        self._begun = 0
        self._last_wall = 0.0
        self._due = 0.0
        self._mirror, self._turn, self._crop, self._small = origin.video is None, 0, 1.0, True
        self._clock = _FrameClock()
        self._shown: ShownPicture | None = None
        self._past: deque[tuple[float, U8]] = deque(maxlen=round(KEPT_S * KEPT_HZ))
        self._rate = ArrivalRate()
        self._ages: deque[float] = deque(maxlen=AGES)

    # -- whoever owns the camera ---------------------------------------------------------------------------------

    def offer(self, frame: VideoFrame) -> None:
        """Hand in a frame: it takes the place of one that still waits. Any thread; never waits."""
        with self._lock:
            self.dropped += self._waiting is not None
            self._waiting = frame
            self._trouble = ""
        self._arrived.set()

    def tell_trouble(self, sentence: str) -> None:
        """Say that no frames can come, and why; they are asked for again soon. Any thread."""
        with self._lock:
            self._trouble, self._told = sentence, True
        self._arrived.set()

    def tell_end(self) -> None:
        """Say that the video is over. Any thread."""
        self._ended = True
        self._arrived.set()

    # -- the thread that reads -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Ask for frames; opened again, the stream goes on after a break."""
        if self._describe is None:
            self._describe = Lite0Embedding() if self._embeds else ColourGradients()
        with self._lock:
            self._waiting, self._told = None, False
        self._ended, self._live, self._opened = False, False, True
        self._clock.interrupt()
        self._begun += 1
        self.wanted = self._begun

    def close(self) -> None:
        """Want no more frames; a waiting `read` returns. Closing twice does nothing."""
        self._opened = False
        self.wanted = 0
        self._arrived.set()

    def read(self, timeout: float) -> Block | None:
        """Return the features of the newest frame, or None if none comes within `timeout` wall seconds.

        Raises
        ------
        StreamEnded
            At the end of a video that plays once.
        StreamError
            If no frames can come, or come no more, or the source is not open.
        """
        if not self._opened or self._describe is None:
            raise StreamError(f"“{self.spec.name}” is not open: open it before reading.")
        frame = self._next(timeout)
        if frame is None:
            return None
        describe, size = self._describe, self._describe.size
        # Before it, so that a frame which cannot be described is not tried again.
        self._live, self._last_wall = True, frame.wall
        upright = self._upright(frame.pixels(size, size, square=self._crop), frame.turns)
        values = describe(np.ascontiguousarray(upright))
        moment, gap = self._clock.time_of(frame, self.origin.speed)
        self._keep(frame, moment)
        self.taken += 1
        self._rate.note(time.perf_counter())
        self._ages.append(time.perf_counter() - frame.wall)
        truth = None
        if self._track is not None:
            label = UNKNOWN_TRUTH if frame.position is None else self._track.at(frame.position)
            truth = np.array([label], np.int16)
        return Block(np.array([moment]), values[None], truth, gap)

    def _next(self, timeout: float) -> VideoFrame | None:
        now = time.perf_counter()
        if now < self._due:
            # No more often than was declared.
            time.sleep(min(self._due - now, max(timeout, 0.0)))
            if time.perf_counter() < self._due:
                return None
        self._arrived.wait(max(timeout, 0.0))
        self._arrived.clear()
        with self._lock:
            frame, self._waiting = self._waiting, None
            trouble = self._trouble if self._told else ""
        if frame is None:
            if trouble:
                raise StreamError(trouble)
            if self._ended:
                raise StreamEnded(f"“{self.spec.name}” is over.")
            if self._live and time.perf_counter() - self._last_wall > SILENCE_S:
                raise StreamError(f"“{self.spec.name}” has brought no picture for {SILENCE_S:g} seconds.")
            return None
        now = time.perf_counter()
        self._due = max(self._due + self._every_s, now + self._every_s / 2)
        return frame

    def _upright(self, pixels: U8, turns: int) -> U8:
        turned = np.rot90(pixels, -(turns + self._turn) % 4)
        return turned[:, ::-1] if self._mirror else turned

    def _keep(self, frame: VideoFrame, moment: float) -> None:
        """What is shown of it, and what is kept small."""
        scale = min(1.0, SHOWN / max(frame.height, frame.width))
        rows, columns = max(1, round(frame.height * scale)), max(1, round(frame.width * scale))
        pixels = np.ascontiguousarray(self._upright(frame.pixels(rows, columns), frame.turns))
        tall, wide = pixels.shape[:2]
        side = self._crop * min(tall, wide)
        square = (wide - side) / 2 / wide, (tall - side) / 2 / tall, side / wide
        self._shown = ShownPicture(self.taken, pixels, square)
        if not self._past or moment - self._past[-1][0] >= 1 / KEPT_HZ - 1e-3:
            self._past.append((moment, shrunk(pixels)))

    # -- what others ask -----------------------------------------------------------------------------------------

    def condition(self) -> SourceCondition:
        """How it stands: how many pictures a second are described, or why there are none. Any thread."""
        if self._live:
            return SourceCondition(Lamp.RECEIVING, self._rate.at(time.perf_counter()) or None)
        return SourceCondition(Lamp.WAITING, why=Trouble(self._trouble) if self._trouble else None)

    def picture(self) -> ShownPicture | None:
        """The newest picture; None before the first."""
        return self._shown

    def small_picture(self, moment: float) -> U8 | None:
        """The small picture (48, 64, 3) uint8 nearest to a stream time; None where none is kept near it."""
        past = list(self._past)
        if not past:
            return None
        at, pixels = min(past, key=lambda kept: abs(kept[0] - moment))
        return pixels if abs(at - moment) <= 1.0 else None

    def picture_window(self, moment: float) -> F32 | None:
        """The same as a window of numbers."""
        pixels = self.small_picture(moment)
        return None if pixels is None else window_of(pixels)

    def thumbnail(self, moment: float) -> F32 | None:
        """The same, to be kept with an example; None where small pictures are switched off."""
        return self.picture_window(moment) if self._small else None

    @property
    def trouble(self) -> str:
        """Why no frames come, in a sentence; "" where they do, or where nothing is known yet."""
        return self._trouble

    @property
    def age_ms(self) -> float:
        """How old frames have been lately when their features were there, in milliseconds, the median; 0 before."""
        ages = list(self._ages)[-LATELY:]
        return 1e3 * float(np.median(ages)) if ages else 0.0

    def ages(self) -> list[float]:
        """The same in seconds, of each of the last frames, oldest first."""
        return list(self._ages)

    # -- knobs ---------------------------------------------------------------------------------------------------

    def knobs(self) -> tuple[Knob, ...]:
        """Return the live settings with their present values. Any thread."""
        return (
            Knob(
                CROP, "part that is looked at", KnobKind.FLOAT, round(100 * self._crop), 20, 100, 5, "%",
                tooltip="The square in the middle that the model sees: so much of the picture's shorter side.",
            ),
            Knob(
                MIRROR, "mirror", KnobKind.BOOL, self._mirror,
                tooltip="Left and right change sides, as in a mirror: what is learned is learned of that picture.",
            ),
            Knob(
                TURN, "Picture turned by", KnobKind.CHOICE, TURNS[self._turn], choices=TURNS,
                tooltip="By how much the picture is turned to the right.",
            ),
            Knob(
                SMALL, "small pictures in the session", KnobKind.BOOL, self._small,
                tooltip="Keep 64 × 48 pixels with examples, to know them by. Frames are not kept, nothing is sent.",
            ),
        )  # fmt: skip

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Change a setting; it holds from the next picture on. Any thread.

        Raises
        ------
        BadInputError
            For a knob that does not exist or a value that it cannot take.
        """
        knob = next((knob for knob in self.knobs() if knob.name == name), None)
        if knob is None:
            raise BadInputError(f"“{self.spec.name}” has no knob “{name}”.")
        value = knob.fitting(value)
        if name == CROP:
            self._crop = float(value) / 100
        elif name == TURN:
            self._turn = TURNS.index(str(value))
        elif name == MIRROR:
            self._mirror = bool(value)
        else:
            self._small = bool(value)


class _FrameClock:
    """Stream time of frames: of a camera when they come, of a video where they stand in it, loop after loop."""

    def __init__(self) -> None:
        self._last = -1.0
        self._position = 0.0
        self._offset = 0.0
        self._gap = True

    def interrupt(self) -> None:
        """What comes next does not follow what was before."""
        self._gap = True

    def time_of(self, frame: VideoFrame, speed: float) -> tuple[float, bool]:
        """Its stream time, above that of every frame before it, and whether there is a gap before it."""
        at = speed * frame.wall if frame.position is None else frame.position
        gap = self._gap or at <= self._position
        if gap:
            # A beat after what was before.
            self._offset = self._last + (0.04 if self._last >= 0 else 1.0) - at
        self._gap, self._position = False, at
        self._last = max(at + self._offset, self._last + 1e-6)
        return self._last, gap


def _track_of(video: Path | None) -> LabelTrack | None:
    if video is None:
        return None
    path = video.with_suffix(".txt")
    return LabelTrack.read(path) if path.is_file() else None
