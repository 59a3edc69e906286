"""A stream of LabStreamingLayer as a source, with the markers that label it."""

from __future__ import annotations

import threading
import time
from collections import deque

import numpy as np

from dgstudio.errors import BadInputError, StreamError
from dgstudio.guard.limits import NAME as LONGEST_NAME
from dgstudio.guard.texts import plain_text
from dgstudio.reasons.arrivals import Counted, Trouble
from dgstudio.reasons.devices import NoLslStream
from dgstudio.reasons.reason import Reason
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.features import default_window
from dgstudio.streams.lsl.inlet import Inlet
from dgstudio.streams.lsl.query import LslQuery, LslStream, Resolver, chosen, marker_stream, query_of
from dgstudio.streams.marks import Mark, MarkQueue
from dgstudio.streams.recordings.timing import HIGHEST_RATE
from dgstudio.streams.source import Knob, SourceKind, SourceRequest, address_in
from dgstudio.streams.timing.arrivals import Arrivals
from dgstudio.streams.timing.steady_times import SteadyTimes
from dgstudio.types import F32, F64, Block, StreamKind, StreamSpec

NAME = "lsl"
GAP_S = 0.1
UNTIMED_RATE = 100.0
"""Samples a second that buffers are made for where samples come when they like."""
LOOK_S = 0.5
"""How long a stream is looked for when it is opened again, each time."""
ENDS = frozenset({"", "0", "end", "none", "stop"})
"""Markers, in lower case, from which on the stream is of no class."""


class LslSource:
    """Receives a stream that is found by its name, type, host or id.

    `spec` is there once it was found (`look`). Its times are those of its sender's clock, brought to this machine's; of
    a stream with a rate they are evened out (`SteadyTimes`), and a gap of more than five samples and .1 s is a break.
    One whose samples come when they like is a stream of values, unless a rate is given. When its sender goes and comes
    again the source goes on after a break.

    `open`, `read`, `close`, `look` belong to one thread; `condition` and the counters are for any.

    Raises
    ------
    BadInputError
        For a rate or a window that cannot be.
    """

    spec: StreamSpec

    def __init__(
        self,
        query: LslQuery,
        *,
        rate: float | None = None,
        channels: tuple[str, ...] | None = None,
        window_s: float | None = None,
    ) -> None:
        if rate is not None and not 0 < rate <= HIGHEST_RATE:
            raise BadInputError(f"The rate {rate:g} cannot be used: give samples a second, up to {HIGHEST_RATE:g}.")
        if window_s is not None and not 0.01 <= window_s <= 60.0:
            raise BadInputError(f"--window {window_s:g} cannot be used: it must be .01 to 60 s.")
        self.query = query
        self.known = threading.Event()
        """Set once `spec` is there."""
        self.marks = MarkQueue()
        self.marks_wanted = query.markers is not None
        self.taken = 0
        """Samples that came."""
        self.missing = 0
        """Samples that lack by the times of those around them."""
        self._rate, self._channels, self._window_s = rate, channels, window_s
        self._resolver: Resolver | None = None
        self._inlet: Inlet | None = None
        self._markers: Inlet | None = None
        self._gone = ""
        """The stream that was lost, which may still be told to be there."""
        self._others: tuple[str, ...] = ()
        self._trouble: str | None = None
        self._arrivals = Arrivals()
        self._times: SteadyTimes | None = None
        self._begun: float | None = None
        self._shift = 0.0
        """What is added to stamps since its sender has come again."""
        self._last = -np.inf
        self._blocks: deque[Block] = deque()
        self._marked: deque[tuple[str, float]] = deque()
        """Markers that came before the first sample."""
        self._gap = False
        self._look_for_markers = 0.0

    @property
    def notes(self) -> tuple[Trouble, ...]:
        """What was found, for the user."""
        if self._inlet is None:
            return ()
        markers = "" if self._markers is None else f", labelled by the markers of {self._markers.stream.words}"
        return (Trouble(f"receives the LSL stream {self._inlet.stream.words}{markers}"),)

    def look(self) -> bool:
        """Connect to the stream if it is there by now; whether it is.

        Raises
        ------
        BadInputError
            If several streams are meant, or one that cannot be a source.
        StreamError
            If it is there and does not answer, or has other channels than before.
        """
        if self._inlet is not None:
            return True
        if self._resolver is None:
            self._resolver = Resolver()
        there = [stream for stream in self._resolver.found() if stream.uid != self._gone]
        found = chosen(self.query, there)
        if found is None:
            self._others = tuple(stream.words for stream in there if not stream.text)
            return False
        wanted = self._channels or (self.spec.channels if self.known.is_set() else None)
        if wanted is not None and len(wanted) != found.channels:
            raise StreamError(
                f"The LSL stream {found.words} has other channels than before, when it had {len(wanted)}: begin a new "
                "session with it."
            )
        self._inlet = Inlet(found)
        self._trouble = None
        if not self.known.is_set():
            self._settle(found, wanted or self._inlet.labels())
        self._find_markers()
        self._look_no_more()
        return True

    # -- the source ------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Start; opened again the stream goes on after a break. `StreamError` where it is not there."""
        until = time.monotonic() + LOOK_S
        try:
            while not self.look():
                if time.monotonic() > until:
                    raise StreamError(f"{self._no_stream().sentence} It is looked for.")
                time.sleep(0.02)
        except (StreamError, BadInputError) as error:
            self._trouble = str(error)
            raise
        self._gap = self.taken > 0
        if self._times is not None:
            self._times.restart()

    def close(self) -> None:
        """Stop. Closing twice does nothing."""
        for inlet in (self._inlet, self._markers):
            if inlet is not None:
                inlet.close()
        self._inlet = self._markers = None
        if self._resolver is not None:
            self._resolver.close()
        self._resolver = None

    def read(self, timeout: float) -> Block | None:
        """Return what has come, or None if nothing does within `timeout` wall seconds.

        Raises
        ------
        StreamError
            If the stream is lost, or was not opened.
        """
        if self._blocks:
            return self._blocks.popleft()
        if self._inlet is None:
            raise StreamError(f"The LSL stream {self.query.name} is not open: open it before reading.")
        try:
            values, stamps = self._inlet.pull(timeout)
        except StreamError as error:
            self._gone, self._trouble = self._inlet.stream.uid, str(error)
            self.close()
            raise
        if len(stamps):
            self._take(values.astype(np.float32), stamps)
        self._take_markers()
        return self._blocks.popleft() if self._blocks else None

    def knobs(self) -> tuple[Knob, ...]:
        """Return the live settings: there are none. Any thread."""
        return ()

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Refuse a setting: there is none (`BadInputError`)."""
        raise BadInputError(f"“{NAME}” has no knob “{name}”.")

    # -- how it stands -----------------------------------------------------------------------------------------------

    def condition(self) -> SourceCondition:
        """How it stands at this moment. Any thread."""
        found = (
            (self.missing, "sample", "missing by the times of those around"),
            (self.marks.dropped, "marker", "without room"),
        )
        counted = tuple(Counted(count, what, why) for count, what, why in found if count)
        if self._trouble is not None:
            return SourceCondition(Lamp.RETRYING, why=Trouble(self._trouble), counted=counted)
        waiting = self._no_stream() if not self.known.is_set() else None
        return self._arrivals.condition(time.perf_counter(), counted, waiting)

    def _no_stream(self) -> Reason:
        return NoLslStream(self.query.words, self._others)

    # -- the reading thread --------------------------------------------------------------------------------------------

    def _settle(self, found: LslStream, channels: tuple[str, ...]) -> None:
        """The stream is found: what it is like is known."""
        rate = found.rate or self._rate
        if rate is None:
            rate = UNTIMED_RATE
            self.spec = StreamSpec(found.name, StreamKind.VALUES, rate, channels, 1.0 / rate, 1.0 / rate)
        else:
            window_s, hop_s = default_window(rate)
            window_s = window_s if self._window_s is None else max(self._window_s, 2 / rate)
            self.spec = StreamSpec(found.name, StreamKind.SIGNAL, rate, channels, window_s, hop_s)
            self._times = SteadyTimes(rate, gap_s=GAP_S)
        self.known.set()

    def _take(self, values: F32, stamps: F64) -> None:
        wall = time.perf_counter()
        for _ in range(len(stamps)):
            self._arrivals.note_right(wall)
        self.taken += len(stamps)
        if self._times is None:
            # A microsecond is less than any sender's jitter; two samples never have the same time.
            steps = 1e-6 * np.arange(len(stamps))
            gaps: list[int] = []
            times = np.maximum.accumulate(np.maximum(stamps - steps, self._last + 1e-6)) + steps
        else:
            times, gaps = self._times.of(stamps)
            if times[0] + self._shift <= self._last:
                # The clock of a sender that came again may say anything.
                self._shift = self._last + 1.0 / self.spec.rate - float(times[0])
            times += self._shift
        if self._begun is None:
            self._begun = float(times[0])
        rate = self.spec.rate
        for begin, end in zip([0, *gaps], [*gaps, len(times)], strict=True):
            if begin == end:
                continue
            if begin in gaps:
                before = self._last if begin == 0 else float(times[begin - 1])
                self.missing += max(0, round((float(times[begin]) - before) * rate) - 1)
            gap = self._gap or begin in gaps
            self._blocks.append(Block(times[begin:end] - self._begun, values[begin:end], None, gap))
            self._gap = False
        self._last = float(times[-1])

    # -- markers -------------------------------------------------------------------------------------------------------

    def _find_markers(self) -> None:
        """Connect to the stream of markers, if one is asked for and is there."""
        if self.query.markers is None or self._markers is not None or self._inlet is None:
            return
        self._look_for_markers = time.monotonic() + 1.0
        if self._resolver is None:
            self._resolver = Resolver()
            return
        found = marker_stream(self.query, self._inlet.stream, self._resolver.found())
        if found is not None:
            self._markers = Inlet(found)
            self._look_no_more()

    def _look_no_more(self) -> None:
        """Let the network rest, where all that is wanted is there."""
        if self._resolver is not None and (self.query.markers is None or self._markers is not None):
            self._resolver.close()
            self._resolver = None

    def _take_markers(self) -> None:
        if self.query.markers is None:
            return
        try:
            if self._markers is None and time.monotonic() > self._look_for_markers:
                self._find_markers()
            if self._markers is None:
                return
            values, stamps = self._markers.pull(0.0)
        except (StreamError, BadInputError):
            # The stream goes on without labels until they come again.
            self._markers = None
            self._put_mark("", self._last - self._shift)
            return
        for value, stamp in zip(values[:, 0].tolist(), stamps.tolist(), strict=True):
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else _number_words(value)
            self._put_mark(text, stamp)

    def _put_mark(self, text: str, stamp: float) -> None:
        self._marked.append((text, stamp))
        if self._begun is None:
            return
        while self._marked:
            word, at = self._marked.popleft()
            name = plain_text(word).strip()[:LONGEST_NAME]
            self.marks.put(Mark(max(0.0, at + self._shift - self._begun), None if name.lower() in ENDS else name))


def _number_words(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def _open(request: SourceRequest) -> LslSource:
    if request.labels_column is not None:
        raise BadInputError(
            f"An LSL stream has no column “{request.labels_column}”: a stream of markers labels it, as in "
            "lsl:NAME,markers."
        )
    if request.speed != 1.0:
        raise BadInputError("An LSL stream comes when it comes: leave out --speed.")
    query = query_of(address_in(request.name, NAME) or "")
    source = LslSource(query, rate=request.rate, channels=request.channels, window_s=request.window_s)
    try:
        while not source.look():
            request.patience(source.condition())
            time.sleep(0.05)
    except StreamError as error:
        source.close()
        raise BadInputError(str(error)) from error
    except BaseException:
        source.close()
        raise
    return source


KIND = SourceKind(
    NAME,
    "lsl[:NAME]",
    "A stream of LabStreamingLayer, by name, or as in lsl:type=EEG,host=lab-2,markers=Cues.",
    lambda name: address_in(name, NAME) is not None,
    _open,
    frozenset({"window_s"}),
    named=True,
)
