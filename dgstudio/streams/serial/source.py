"""A board on a serial port as a source: each line of numbers is a sample."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError, StreamError
from dgstudio.guard.texts import plain_text
from dgstudio.reasons.arrivals import Counted, Trouble, WrongNumberOfInputs
from dgstudio.reasons.devices import GarbledLine, NoLines, NoLinesYet
from dgstudio.reasons.reason import Reason, how_many
from dgstudio.records import dataclass
from dgstudio.streams.block_queue import BlockQueue
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.features import default_window
from dgstudio.streams.recordings.timing import HIGHEST_RATE
from dgstudio.streams.serial.line_format import COMMENT, LineFormat, format_of
from dgstudio.streams.serial.lines import LONGEST, LineCutter
from dgstudio.streams.serial.port_reader import PortReader
from dgstudio.streams.serial.ports import SerialPlace, chosen, place_of
from dgstudio.streams.source import Knob, SourceKind, SourceRequest, address_in
from dgstudio.streams.timing.arrivals import Arrivals
from dgstudio.streams.timing.steady_times import GAP_S, GAP_STEPS, SteadyTimes, measured_rate, rounded_rate
from dgstudio.types import Block, StreamKind, StreamSpec

NAME = "serial"
LOOKED_AT = 24
"""The newest lines, by which the format is found."""
MEASURE_S = 1.2
LEAST_MEASURED = 4
"""The rate is measured over at least so long, and so many lines."""
SILENCE_S = 0.05
"""What comes after so long a silence is the beginning of a line."""
HELD_S = 8.0
"""Seconds of samples that wait at most."""
HELD_LINES = 65_536
"""Lines that wait at most for the rate to be known."""


@dataclass(slots=True)
class LineCounts:
    """What was left out; only dg-serial writes."""

    partial: int = 0
    """Lines of which only the end came: the first one after opening."""
    garbled: int = 0
    """Lines that hold something else than numbers."""
    uneven: int = 0
    """Lines with another number of values."""


class SerialSource:
    """Lines of numbers from a board.

    How the numbers are parted, what they are called and how many come a second is found out from the first lines;
    `spec` is there from then on, and `known` is set. A line that is cut or holds something else is counted and left
    out, and stream time goes on by one step. Where a gap is longer than a few samples, there is a break.

    Lines are taken in by a thread of its own from `listen` or `open` on; `condition`, `newest` and the counters are
    for any thread.

    Parameters
    ----------
    place
        Port and speed.
    rate
        Lines a second; None: it is measured.
    channels
        Names of the channels, one for each number on a line; None: from a line of words, if there is one.
    window_s
        Seconds of a window; None: as usual.

    Raises
    ------
    BadInputError
        For a rate or a window that cannot be.
    """

    spec: StreamSpec

    def __init__(
        self,
        place: SerialPlace,
        *,
        rate: float | None = None,
        channels: tuple[str, ...] | None = None,
        window_s: float | None = None,
    ) -> None:
        if rate is not None and not 0 < rate <= HIGHEST_RATE:
            raise BadInputError(f"The rate {rate:g} cannot be used: give lines a second, up to {HIGHEST_RATE:g}.")
        if window_s is not None and not 0.01 <= window_s <= 60.0:
            raise BadInputError(f"--window {window_s:g} cannot be used: it must be .01 to 60 s.")
        self.place = place
        self.known = threading.Event()
        """Set once `spec` is there."""
        self.counts = LineCounts()
        self.newest: deque[str] = deque(maxlen=LOOKED_AT)
        """The newest lines, as they came."""
        self._rate, self._names, self._window_s = rate, channels, window_s
        self._reader = PortReader(place, self._take)
        self._cutter = LineCutter()
        self._arrivals = Arrivals()
        self._begins = self._cut = True
        """Whether nothing has come since the port was opened; whether the next line may be the end of one."""
        self._format: LineFormat | None = None
        self._looked_at: deque[bytes] = deque(maxlen=LOOKED_AT)
        self._held: deque[tuple[bytes, float]] = deque(maxlen=HELD_LINES)
        """Lines that came before it was known what they hold, and when."""
        self._queue: BlockQueue | None = None
        self._times: SteadyTimes | None = None
        self._begun: float | None = None
        self._read = False
        if channels is not None and rate is not None:
            self._settle(channels, rate)

    @property
    def measured_rate(self) -> float | None:
        """Lines a second, where nobody said them; None before that is known."""
        return self.spec.rate if self._rate is None and self.known.is_set() else None

    @property
    def notes(self) -> tuple[Trouble, ...]:
        """What was found out, for the user."""
        form = self._format
        if form is None or not self.known.is_set():
            return ()
        parted = "" if form.delimiter is None else f", parted by {form.delimiter.words}"
        how = f"{how_many(form.count, 'number')} a line{parted}"
        measured = "" if self._rate is not None else f", {self.spec.rate:g} lines a second measured"
        return (Trouble(f"{self.place}: {how}{measured}"),)

    def listen(self) -> None:
        """Take lines in from now on, though nobody reads yet. `StreamError` where the port cannot be had."""
        if not self._reader.running:
            self._cutter.clear()
            self._begins = True
            if self._times is not None:
                self._times.restart()
            if self._queue is not None:
                self._queue.break_next()
            self._reader.open()

    # -- the source ------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Start; opened again the stream goes on after a break. `StreamError` where the port cannot be had."""
        if self._queue is None:
            raise StreamError("What the lines hold is not known yet: listen first.")
        self.listen()
        self._queue.open()

    def close(self) -> None:
        """Stop, and give the port back; a waiting `read` returns."""
        self._reader.close()
        if self._queue is not None:
            self._queue.close()

    def read(self, timeout: float) -> Block | None:
        """Return what has come, or None if nothing does within `timeout` wall seconds.

        Raises
        ------
        StreamError
            If the source is not open, or the board was unplugged.
        """
        if self._queue is None:
            raise StreamError("What the lines hold is not known yet: listen first.")
        block = self._queue.read(timeout)
        if block is None and self._reader.trouble is not None:
            raise StreamError(self._reader.trouble)
        return block

    def knobs(self) -> tuple[Knob, ...]:
        """Return the live settings: there are none. Any thread."""
        return ()

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Refuse a setting: there is none (`BadInputError`)."""
        raise BadInputError(f"“{NAME}” has no knob “{name}”.")

    # -- how it stands ---------------------------------------------------------------------------------------------

    @property
    def trouble(self) -> str | None:
        """Why no lines are taken in any more; None while they are."""
        return self._reader.trouble

    @property
    def samples(self) -> int:
        """Lines that became samples."""
        return 0 if self._queue is None else self._queue.taken

    def condition(self) -> SourceCondition:
        """How it stands at this moment. Any thread."""
        counted = self._counted()
        if self._reader.trouble is not None:
            return SourceCondition(Lamp.RETRYING, why=Trouble(self._reader.trouble), counted=counted)
        waiting: Reason | None = None
        if not self.known.is_set():
            waiting = NoLinesYet(len(self._held))
        return self._arrivals.condition(time.perf_counter(), counted, waiting)

    def _counted(self) -> tuple[Counted, ...]:
        counts = self.counts
        found = (
            (counts.partial, "line", "cut at the beginning"),
            (counts.garbled, "line", "garbled"),
            (counts.uneven, "line", "with another number of values"),
            (self._cutter.too_long, "line", "too long"),
            (0 if self._queue is None else self._queue.dropped, "sample", "without room"),
        )
        return tuple(Counted(count, what, why) for count, what, why in found if count)

    # -- dg-serial -------------------------------------------------------------------------------------------------

    def _take(self, data: bytes, wall: float) -> None:
        """Bytes came."""
        if self._begins:
            # Whoever opens a port in the middle of a line hears its end first, which may look like a whole one.
            self._begins, self._cut = False, wall - self._reader.opened_wall < SILENCE_S
        lines = self._cutter.feed(data)
        if not lines and self._cutter.bytes_since_line > LONGEST:
            self._arrivals.note_wrong(NoLines(self.place.baud), wall)
        for line in lines:
            self.newest.append(plain_text(line.decode("utf-8", "replace"))[:200])
        if self._queue is None or self._format is None:
            self._find_out(lines, wall)
        else:
            self._put(lines, wall)

    def _find_out(self, lines: list[bytes], wall: float) -> None:
        """Find the format of the lines, and how many come a second; what came meanwhile is put in then."""
        for line in lines:
            if not line.startswith(COMMENT):
                self._looked_at.append(line)
                self._held.append((line, wall))
        if self._format is None:
            self._format = format_of(self._looked_at)
            if self._format is None:
                if len(self._looked_at) == LOOKED_AT:
                    self._arrivals.note_wrong(_what_is_wrong(self._looked_at, self.place.baud), wall)
                self._let_go()
                return
        if self._queue is None:
            rate = self._rate or self._measured(self._format)
            if rate is None:
                return
            self._settle(self._names or self._named(self._format), rate)
        self._put_held()

    def _let_go(self) -> None:
        """Where the rate is known, no older lines are needed than those by which the format is found."""
        while self._queue is not None and len(self._held) > LOOKED_AT:
            self._held.popleft()
            self.counts.garbled += 1

    def _put_held(self) -> None:
        held = list(self._held)
        self._held.clear()
        begin = 0
        for at in range(1, len(held) + 1):
            if at == len(held) or held[at][1] != held[begin][1]:
                self._put([line for line, _ in held[begin:at]], held[begin][1])
                begin = at

    def _measured(self, form: LineFormat) -> float | None:
        """Lines of numbers a second; None while too few have come to tell."""
        stamps = np.array([wall for line, wall in self._held if form.numbers(line) is not None])
        if len(stamps) < LEAST_MEASURED:
            return None
        # A board that starts anew when its port is opened breaks off, and says nothing for a second or two.
        steps = np.diff(stamps)
        pauses = np.flatnonzero(steps > max(GAP_STEPS * float(steps.mean()), GAP_S))
        stamps = stamps[pauses[-1] + 1 :] if len(pauses) else stamps
        if len(stamps) < LEAST_MEASURED or stamps[-1] - stamps[0] < MEASURE_S:
            return None
        rate = measured_rate(stamps)
        return None if rate is None else rounded_rate(rate)

    def _named(self, form: LineFormat) -> tuple[str, ...]:
        """What the numbers are called: by the newest line that says so."""
        said = [names for line, _ in self._held if (names := form.names(line)) is not None]
        return said[-1] if said else tuple(f"ch{number + 1}" for number in range(form.count))

    def _settle(self, channels: tuple[str, ...], rate: float) -> None:
        """All is known: the stream begins."""
        window_s, hop_s = default_window(rate)
        window_s = window_s if self._window_s is None else max(self._window_s, 2 / rate)
        self.spec = StreamSpec(NAME, StreamKind.SIGNAL, rate, channels, window_s, hop_s)
        self._times = SteadyTimes(rate)
        self._queue = BlockQueue(NAME, max(1024, round(HELD_S * rate)))
        self.known.set()

    def _put(self, lines: list[bytes], wall: float) -> None:
        """Lines that came together become samples."""
        assert self._queue is not None, "what the lines hold is known"
        assert self._times is not None, "so is how fast they come"
        assert self._format is not None, "and how they are written"
        rows, good = self._rows(lines, self._format, wall)
        if not len(good):
            return
        times, gaps = self._times.of(np.full(len(good), wall))
        if self._begun is None:
            self._begun = float(times[0])
        if rows:
            values = np.array(rows, np.float64).clip(-3e38, 3e38).astype(np.float32)
            self._queue.put(times[good] - self._begun, values, gap=bool(gaps))

    def _rows(
        self, lines: list[bytes], form: LineFormat, wall: float
    ) -> tuple[list[list[float]], npt.NDArray[np.bool_]]:
        """The numbers of the lines that have them, and of each line that took a sample's time whether it has."""
        rows: list[list[float]] = []
        good: list[bool] = []
        wide, counts = len(self.spec.channels), self.counts
        for line in lines:
            if line.startswith(COMMENT):
                continue
            cut, self._cut = self._cut, False
            numbers = form.numbers(line)
            if numbers is None and form.names(line) in self._headers:
                continue
            if cut:
                counts.partial += 1
                continue
            right = numbers is not None and len(numbers) == wide
            good.append(right)
            if numbers is None:
                counts.garbled += 1
                self._arrivals.note_wrong(GarbledLine(line.decode("utf-8", "replace")), wall)
            elif not right:
                counts.uneven += 1
                self._arrivals.note_wrong(WrongNumberOfInputs(len(numbers), wide), wall)
            else:
                rows.append(numbers)
                self._arrivals.note_right(wall)
        return rows, np.array(good, np.bool_)

    @property
    def _headers(self) -> tuple[tuple[str, ...] | None, ...]:
        """Names that a line of words may say again: a board says them whenever it starts."""
        return (self.spec.channels,)


def _what_is_wrong(lines: Iterable[bytes], baud: int) -> Reason:
    """Why these lines are no lines of numbers."""
    newest = list(lines)[-1]
    text = newest.decode("utf-8", "replace")
    strange = sum(not character.isprintable() or character == "\ufffd" for character in text)
    return NoLines(baud) if 4 * strange > len(text) else GarbledLine(text)


def _open(request: SourceRequest) -> SerialSource:
    if request.labels_column is not None:
        raise BadInputError(f"A serial port has no column “{request.labels_column}”: label with keys instead.")
    if request.speed != 1.0:
        raise BadInputError("What a board sends comes when it comes: leave out --speed.")
    place = chosen(place_of(address_in(request.name, NAME) or ""))
    source = SerialSource(place, rate=request.rate, channels=request.channels, window_s=request.window_s)
    if not source.known.is_set():
        _await_lines(source, request)
    return source


def _await_lines(source: SerialSource, request: SourceRequest) -> None:
    """Let the first lines say what they hold."""
    try:
        source.listen()
        while not source.known.wait(0.05):
            if source.trouble is not None:
                raise BadInputError(source.trouble)
            request.patience(source.condition())
    except StreamError as error:
        source.close()
        raise BadInputError(str(error)) from error
    except BaseException:
        source.close()
        raise


KIND = SourceKind(
    NAME,
    "serial[:PORT[@BAUD]]",
    "A board on a serial port that prints lines of numbers, as in serial:/dev/ttyACM0@115200.",
    lambda name: address_in(name, NAME) is not None,
    _open,
    frozenset({"window_s"}),
    named=True,
)
