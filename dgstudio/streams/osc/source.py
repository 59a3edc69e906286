"""OSC as Wekinator's senders speak it: each message to one address is an input of the model, as it stands."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from dgstudio.errors import BadInputError, StreamError
from dgstudio.reasons.arrivals import Counted, NotNumbers, OtherAddress, TooManyInputs, Trouble, WrongNumberOfInputs
from dgstudio.reasons.reason import Reason
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.features import LARGEST, default_window
from dgstudio.streams.osc.control_queue import PREFIXES, ControlMessage, ControlQueue
from dgstudio.streams.osc.endpoint import LOOPBACK, Endpoint, Networks, endpoint_of, is_loopback, networks_of
from dgstudio.streams.osc.heard import HeardTable
from dgstudio.streams.osc.packets import OscMessage
from dgstudio.streams.osc.receiver import OscReceiver
from dgstudio.streams.push import PushSource
from dgstudio.streams.queued import BEFORE_ALL, QueuedSource
from dgstudio.streams.source import Knob, SourceKind, SourceRequest, address_in
from dgstudio.streams.timing.arrivals import Arrivals
from dgstudio.streams.windows import check_window
from dgstudio.types import Block, StreamKind, StreamSpec

NAME = "osc"
USUAL = Endpoint(LOOPBACK, 6448, "/wek/inputs")
"""Where Wekinator's senders send their inputs, and on which port Wekinator listens."""
RATE = 100.0
"""Of values, how many a second the buffers are made for; with a window, how many samples a second are taken."""
RATES = (1.0, 2000.0)
TOGETHER_S = 0.1
"""Messages that come no further apart are one stretch of the stream where it is drawn."""
MOST_INPUTS = 1024


class OscSource:
    """Inputs that come as OSC messages to `at`, and wishes for the program that come to the same port.

    Without a window each message is a sample and an input of the model, and is answered; with `window_s` the newest
    message is sampled `rate` times a second, and features are taken of windows, as of any signal.

    `spec` is there once the number of inputs is known: from `channels`, else from the first message. Packets are taken
    in by a thread of its own from `listen` on; once it is open, by the one that reads. `condition`, `heard` and the
    counters are for any thread.

    Raises
    ------
    BadInputError
        For a rate or a window that cannot be.
    """

    spec: StreamSpec

    def __init__(
        self,
        at: Endpoint = USUAL,
        *,
        channels: Sequence[str] | None = None,
        window_s: float | None = None,
        rate: float = RATE,
        allowed: Networks = (),
    ) -> None:
        if not RATES[0] <= rate <= RATES[1]:
            raise BadInputError(f"OSC can be sampled {RATES[0]:g} to {RATES[1]:,g} times a second, not {rate:g} times.")
        check_window(window_s, rate)
        self.at = at
        self.controls = ControlQueue()
        self.known = threading.Event()
        """Set once `spec` is there."""
        self.heard = HeardTable()
        """What comes, by address: that to others than ours, too."""
        self._window_s, self._rate = window_s, rate
        self._receiver = OscReceiver(at, self._hear, allowed)
        self._anybody = not allowed
        self._queued: QueuedSource | None = None
        self._pushed: PushSource | None = None
        self._arrivals = Arrivals()
        self._opened = False
        if channels is not None:
            self._settle(channels)

    @property
    def port(self) -> int:
        """The port that packets come to."""
        return self._receiver.port

    @property
    def notes(self) -> tuple[Trouble, ...]:
        """What the user should know at the start."""
        where = f"listens to OSC messages on {self.at}, inputs to {self.at.path}"
        if self._anybody and not is_loopback(self.at.host):
            where += "; everybody who reaches this address may send: say who with --osc-from"
        return (Trouble(where),)

    def listen(self) -> None:
        """Take packets in from now on, though nobody reads yet. `StreamError` where the port cannot be had."""
        self._receiver.listen()

    # -- the source ------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Start; opened again the stream goes on after a break. `StreamError` where the port cannot be had."""
        stream = self._stream
        if stream is self._queued:
            # Whoever reads takes them in: a thread less between an input and its answer.
            self._receiver.open()
        else:
            self._receiver.listen()
        stream.open()
        self._opened = True

    def close(self) -> None:
        """Stop, and give the port back; a waiting `read` returns."""
        self._opened = False
        self._receiver.close()
        for stream in (self._queued, self._pushed):
            if stream is not None:
                stream.close()

    def read(self, timeout: float) -> Block | None:
        """Return what has come, or None if nothing does within `timeout` wall seconds.

        Raises
        ------
        StreamError
            If the source is not open, or the port was lost.
        """
        stream, queued = self._stream, self._queued
        if queued is None:
            if self._opened and self._receiver.trouble is not None:
                raise StreamError(self._receiver.trouble)
            return stream.read(timeout)
        if self._opened:
            self._receiver.pump(0.0 if queued.waiting else timeout)
        return queued.read(0.0)

    def knobs(self) -> tuple[Knob, ...]:
        """Return the live settings: there are none. Any thread."""
        return ()

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Refuse a setting: there is none (`BadInputError`)."""
        raise BadInputError(f"“{self.spec.name}” has no knob “{name}”.")

    @property
    def _stream(self) -> QueuedSource | PushSource:
        stream = self._queued or self._pushed
        if stream is None:
            raise StreamError("How many inputs there are is not known yet: it is taken from the first message.")
        return stream

    # -- how it stands -----------------------------------------------------------------------------------------------

    def condition(self) -> SourceCondition:
        """How it stands at this moment. Any thread."""
        counted, trouble = self._counted(), self._receiver.trouble
        if trouble is not None:
            return SourceCondition(Lamp.RETRYING, why=Trouble(trouble), counted=counted)
        wall = time.perf_counter()
        heard = self.heard.lately(wall)
        other = next((each.address for each in heard if each.address != self.at.path), None)
        waiting = None if other is None else OtherAddress(other, self.at.path)
        return replace(self._arrivals.condition(wall, counted, waiting), heard=heard)

    def _counted(self) -> tuple[Counted, ...]:
        counts = self._receiver.counts
        dropped = 0 if self._queued is None else self._queued.dropped
        found = (
            (self._arrivals.wrong, "message", "without the right inputs"),
            (counts.malformed, "packet", "without OSC"),
            (counts.too_large, "packet", "too large"),
            (counts.foreign, "packet", "from elsewhere"),
            (counts.too_many + counts.overflowed, "packet", "beyond what is read in a second"),
            (dropped, "input", "without room"),
            (self.controls.dropped, "control message", "too many"),
        )
        return tuple(Counted(count, what, why) for count, what, why in found if count)

    # -- whoever takes packets in ---------------------------------------------------------------------------------

    def _hear(self, message: OscMessage, wall: float) -> None:
        address = message.address
        if address == self.at.path:
            self._input(message.values, wall)
        elif address.startswith(PREFIXES):
            self.controls.put(self._wish(message, wall))
            return
        self.heard.note(message, self._receiver.sender, wall)

    def _wish(self, message: OscMessage, wall: float) -> ControlMessage:
        if self._window_s is not None:
            return ControlMessage(message.address, message.values)
        if self._queued is None:
            return ControlMessage(message.address, message.values, BEFORE_ALL, 0)
        return ControlMessage(message.address, message.values, self._queued.moment(wall), self._queued.taken)

    def _input(self, values: tuple[object, ...], wall: float) -> None:
        row, why = numbers_of(values)
        if why is None and not self.known.is_set():
            if len(row) > MOST_INPUTS:
                why = TooManyInputs(len(row), MOST_INPUTS)
            else:
                self._settle(input_names(len(row)))
        if why is None and len(row) != len(self.spec.channels):
            why = WrongNumberOfInputs(len(row), len(self.spec.channels))
        if why is not None:
            self._arrivals.note_wrong(why, wall)
            return
        self._arrivals.note_right(wall)
        if self._queued is not None:
            self._queued.put(row, wall)
        elif self._pushed is not None:
            self._pushed.push(row)

    def _settle(self, channels: Sequence[str]) -> None:
        """The number of inputs is known: the stream begins."""
        names = tuple(channels)
        if self._window_s is None:
            self.spec = StreamSpec(NAME, StreamKind.VALUES, self._rate, names, TOGETHER_S, TOGETHER_S)
            self._queued = QueuedSource(self.spec)
        else:
            _, hop_s = default_window(self._rate)
            self.spec = StreamSpec(NAME, StreamKind.SIGNAL, self._rate, names, self._window_s, hop_s)
            self._pushed = PushSource(self.spec)
        self.known.set()


def numbers_of(values: Sequence[object]) -> tuple[tuple[float, ...], Reason | None]:
    """Return the values of a message as numbers, or what is wrong with them."""
    if not values:
        return (), NotNumbers("nothing")
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return (), NotNumbers(_kind_of(value))
        if not abs(value) <= LARGEST:
            return (), NotNumbers(f"{value:g}")
    return tuple(map(float, values)), None  # type: ignore[arg-type]


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    return {str: "a text", bytes: "bytes", list: "a list", type(None): "nothing"}.get(type(value), "something else")


def input_names(count: int) -> tuple[str, ...]:
    """What inputs are called that nobody has named."""
    return tuple(f"input {number + 1}" for number in range(count))


def _open(request: SourceRequest) -> OscSource:
    if request.labels_column is not None:
        raise BadInputError(
            f"OSC messages have no column “{request.labels_column}”: labels come as /wekinator/control/outputs."
        )
    if request.speed != 1.0:
        raise BadInputError("OSC messages come when they come: leave out --speed.")
    at = endpoint_of(address_in(request.name, NAME) or "", USUAL)
    if request.listen is not None:
        at = replace(endpoint_of(request.listen, at), path=at.path)
    channels = request.channels
    if request.inputs is not None:
        if not 1 <= request.inputs <= MOST_INPUTS:
            raise BadInputError(f"--inputs must be a number from 1 to {MOST_INPUTS:,}.")
        if channels is not None and len(channels) != request.inputs:
            raise BadInputError(f"The session has {len(channels)} inputs, not {request.inputs}: leave out --inputs.")
        channels = channels or input_names(request.inputs)
    rate = RATE if request.rate is None else request.rate
    source = OscSource(
        at, channels=channels, window_s=request.window_s, rate=rate, allowed=networks_of(request.allowed)
    )
    if channels is None:
        _await_first(source, request)
    return source


def _await_first(source: OscSource, request: SourceRequest) -> None:
    """Let the first message say how many inputs there are."""
    source.listen()
    try:
        while not source.known.wait(0.05):
            request.patience(source.condition())
    except BaseException:
        source.close()
        raise


KIND = SourceKind(
    NAME,
    "osc[:[HOST:]PORT[/ADDRESS]]",
    "OSC messages as Wekinator's senders send them: to port 6448, /wek/inputs.",
    lambda name: address_in(name, NAME) is not None,
    _open,
    frozenset({"window_s", "inputs"}),
    named=True,
    windowed=True,
)
