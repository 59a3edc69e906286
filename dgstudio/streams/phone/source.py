"""A phone as a source: an app on it sends its sensors as OSC, each to an address of its own, over the network."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dgstudio.errors import BadInputError, StreamError
from dgstudio.reasons.arrivals import Counted, TooManyInputs, Trouble, WrongNumberOfInputs
from dgstudio.reasons.devices import NoPhone, SomeSensorsOnly
from dgstudio.reasons.reason import Reason
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.features import default_window
from dgstudio.streams.osc.control_queue import PREFIXES
from dgstudio.streams.osc.endpoint import Endpoint, Networks, checked_port, endpoint_of, is_loopback, networks_of
from dgstudio.streams.osc.heard import HeardTable
from dgstudio.streams.osc.own_addresses import own_addresses
from dgstudio.streams.osc.packets import OscMessage
from dgstudio.streams.osc.receiver import OscReceiver
from dgstudio.streams.osc.source import MOST_INPUTS, numbers_of
from dgstudio.streams.phone.channels import Layout, layout_of, named_layout
from dgstudio.streams.push import PushSource
from dgstudio.streams.source import Knob, SourceKind, SourceRequest, address_in
from dgstudio.streams.timing.arrivals import LOST_S, Arrivals
from dgstudio.streams.windows import check_window
from dgstudio.types import Block, StreamKind, StreamSpec

NAME = "phone"
USUAL = Endpoint("0.0.0.0", 9000, "/phone")
"""The port that Sensors2OSC begins with; in other apps it is typed in."""
RATE = 50.0
"""Samples a second that are taken of what came last: about as often as the quicker apps send."""
RATES = (5.0, 400.0)
LEARN_S = 2.0
"""How long it is listened to a phone until it is known what all it sends; apps send some sensors once a second."""
AT_LEAST = 2
"""Messages to an address in that time that make it a sensor: what is touched now and then is none."""


class PhoneSource:
    """The sensors of one phone, as one signal: of each address that it sends to, the newest values.

    The first phone that sends is listened to; another one may take its place once that has been silent. What it sends
    is found out in its first two seconds: `spec` is there from then on, and `known` is set. It is sampled `rate` times
    a second from when every sensor has come, and rests while the phone is silent.

    Packets are taken in by a thread of its own from `listen` or `open` on; `condition` is for any thread.

    Parameters
    ----------
    at
        Host and port to listen on.
    channels
        Those of the stream that is gone on with; None: as the phone names them. Sensors are found by their names, or,
        where nothing is called so, taken in their order.
    rate
        Samples a second.
    window_s
        Seconds of a window; None: as usual.
    allowed
        Networks that may send; empty: all.

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
        rate: float = RATE,
        window_s: float | None = None,
        allowed: Networks = (),
    ) -> None:
        if not RATES[0] <= rate <= RATES[1]:
            raise BadInputError(f"A phone is sampled {RATES[0]:g} to {RATES[1]:g} times a second, not {rate:g} times.")
        check_window(window_s, rate)
        self.at = at
        self.known = threading.Event()
        """Set once `spec` is there."""
        self.heard = HeardTable()
        self._rate, self._window_s = rate, window_s
        self._receiver = OscReceiver(at, self._hear, allowed, kind=NAME)
        self._allowed = allowed
        self._reached_at = at.host
        """By which address a phone reaches this machine; looked up whenever it begins to listen."""
        self._arrivals = Arrivals()
        self._phone = ""
        """The machine that is listened to; "" before anybody has sent."""
        self._phone_wall = self._begun_wall = 0.0
        """When it has sent last, and when its first message came."""
        self._others = 0
        self._counts: dict[str, int] = {}
        """Address → values, of what the phone sends; `_times` how often."""
        self._times: dict[str, int] = {}
        self._layout: Layout | None = None
        self._lacking: set[str] = set()
        """Addresses of the layout that nothing has come to yet."""
        self._row = np.zeros(0, np.float32)
        self._pushed: PushSource | None = None
        self._opened = self._resting = False
        if channels is not None:
            self._settle(tuple(channels))

    @property
    def port(self) -> int:
        """The port that packets come to."""
        return self._receiver.port

    @property
    def notes(self) -> tuple[Trouble, ...]:
        """What the user should know at the start."""
        here = () if is_loopback(self.at.host) else own_addresses()
        where = (
            f"in the app on your phone, type the address {here[0] if here else self.at.host} and the port {self.port}"
        )
        if not self._allowed and not is_loopback(self.at.host):
            where += "; everybody on this network may send: say who with --osc-from"
        return (Trouble(where),)

    def listen(self) -> None:
        """Take packets in from now on, though nobody reads yet. `StreamError` where the port cannot be had."""
        here = () if is_loopback(self.at.host) else own_addresses()
        self._reached_at = here[0] if here else self.at.host
        self._receiver.listen()

    def called(self, channels: Sequence[str]) -> PhoneSource:
        """Return the same source with other names of its channels, not yet opened; what is known of the phone it knows.

        `close` this one first: the port belongs to one.
        """
        other = PhoneSource(self.at, channels=channels, rate=self._rate, window_s=self._window_s, allowed=self._allowed)
        if self._layout is not None:
            counts = {address: len(places) for address, places in self._layout.items()}
            layout = layout_of(channels, counts, whole=True)
            if layout is not None:
                other._phone, other._phone_wall, other._begun_wall = self._phone, self._phone_wall, self._begun_wall
                other._lay(layout)
        return other

    # -- the source ------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Start; opened again the stream goes on after a break. `StreamError` where the port cannot be had."""
        if self._pushed is None:
            raise StreamError("What the phone sends is not known yet: listen first.")
        self.listen()
        self._pushed.open()
        self._opened, self._resting = True, False

    def close(self) -> None:
        """Stop, and give the port back; a waiting `read` returns."""
        self._opened = False
        self._receiver.close()
        if self._pushed is not None:
            self._pushed.close()

    def read(self, timeout: float) -> Block | None:
        """Return what has come, or None if nothing does within `timeout` wall seconds, or the phone is silent.

        Raises
        ------
        StreamError
            If the source is not open, or the port was lost.
        """
        pushed = self._pushed
        if pushed is None or not self._opened:
            raise StreamError("The phone is not listened to: open it before reading.")
        if self._receiver.trouble is not None:
            raise StreamError(self._receiver.trouble)
        silent = bool(self._phone) and time.perf_counter() - self._phone_wall > LOST_S
        if silent:
            if not self._resting:
                # What came last is no sample of now.
                self._resting = True
                pushed.close()
            time.sleep(min(max(timeout, 0.0), 0.05))
            return None
        if self._resting:
            self._resting = False
            pushed.open()
        return pushed.read(timeout)

    def knobs(self) -> tuple[Knob, ...]:
        """Return the live settings: there are none. Any thread."""
        return ()

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Refuse a setting: there is none (`BadInputError`)."""
        raise BadInputError(f"“{NAME}” has no knob “{name}”.")

    # -- how it stands -----------------------------------------------------------------------------------------------

    def condition(self) -> SourceCondition:
        """How it stands at this moment: its rate is that of the quickest sensor. Any thread."""
        wall, counted, trouble = time.perf_counter(), self._counted(), self._receiver.trouble
        heard = self.heard.lately(wall)
        if trouble is not None:
            return SourceCondition(Lamp.RETRYING, why=Trouble(trouble), counted=counted, heard=heard)
        found = self._arrivals.condition(wall, counted, self._waiting())
        rate = max((each.rate for each in heard if each.sender == self._phone), default=0.0)
        return replace(found, rate=rate or None, heard=heard) if found.rate else replace(found, heard=heard)

    def _waiting(self) -> Reason:
        if not self._phone:
            return NoPhone(self._reached_at, self.port)
        return SomeSensorsOnly(tuple(sorted(self._lacking or self._counts)))

    def _counted(self) -> tuple[Counted, ...]:
        counts = self._receiver.counts
        found = (
            (self._arrivals.wrong, "message", "that cannot be used"),
            (self._others, "message", "from another phone"),
            (counts.malformed, "packet", "without OSC"),
            (counts.too_large, "packet", "too large"),
            (counts.foreign, "packet", "from elsewhere"),
            (counts.too_many + counts.overflowed, "packet", "beyond what is read in a second"),
        )
        return tuple(Counted(count, what, why) for count, what, why in found if count)

    # -- whoever takes packets in ---------------------------------------------------------------------------------

    def _hear(self, message: OscMessage, wall: float) -> None:
        if message.address.startswith(PREFIXES):
            return  # a phone tells the program nothing
        sender = self._receiver.sender
        self.heard.note(message, sender, wall)
        if sender != self._phone:
            if self._phone and wall - self._phone_wall <= LOST_S:
                self._others += 1
                return
            self._meet(sender, wall)
        self._phone_wall = wall
        row, why = numbers_of(message.values)
        if why is not None:
            return  # apps send texts, too: the name of the device, say
        if self._layout is None:
            self._learn(message.address, len(row), wall)
        if self._layout is not None:
            self._take(self._layout, message.address, row, wall)

    def _meet(self, sender: str, wall: float) -> None:
        """Another phone than before sends: what it sends is found out anew."""
        self._phone, self._begun_wall = sender, wall
        self._counts, self._times, self._layout = {}, {}, None

    def _learn(self, address: str, count: int, wall: float) -> None:
        """Find out what the phone sends, and which channels that are."""
        if address not in self._counts and len(self._counts) >= MOST_INPUTS:
            return
        self._counts[address] = count
        self._times[address] = self._times.get(address, 0) + 1
        whole = wall - self._begun_wall >= LEARN_S
        counts = {each: self._counts[each] for each, times in self._times.items() if times >= AT_LEAST}
        total = sum(counts.values())
        if self.known.is_set():
            layout = layout_of(self.spec.channels, counts, whole=whole)
            if layout is not None:
                self._lay(layout)
            elif whole and counts:
                self._arrivals.note_wrong(WrongNumberOfInputs(total, len(self.spec.channels)), wall)
        elif whole and total > MOST_INPUTS:
            self._arrivals.note_wrong(TooManyInputs(total, MOST_INPUTS), wall)
        elif whole and counts:
            names, layout = named_layout(counts)
            self._settle(names)
            self._lay(layout)

    def _lay(self, layout: Layout) -> None:
        self._row = np.zeros(len(self.spec.channels), np.float32)
        self._lacking = set(layout)
        self._layout = layout

    def _take(self, layout: Layout, address: str, row: tuple[float, ...], wall: float) -> None:
        places = layout.get(address)
        if places is None:
            return
        if len(places) != len(row):
            self._arrivals.note_wrong(WrongNumberOfInputs(len(row), len(places)), wall)
            return
        self._row[list(places)] = row
        self._lacking.discard(address)
        if not self._lacking:
            self._arrivals.note_right(wall)
            assert self._pushed is not None, "what has a layout has channels"
            self._pushed.push(self._row)

    def _settle(self, channels: tuple[str, ...]) -> None:
        """The channels are known: the stream begins."""
        usual_s, hop_s = default_window(self._rate)
        window_s = usual_s if self._window_s is None else self._window_s
        self.spec = StreamSpec(NAME, StreamKind.SIGNAL, self._rate, channels, window_s, hop_s)
        self._pushed = PushSource(self.spec)
        self.known.set()


def phone_endpoint(address: str, listen: str | None = None) -> Endpoint:
    """Return where a phone is listened to: [PORT], as a user types it. `BadInputError` where that is no port."""
    at = USUAL if not address else replace(USUAL, port=checked_port(address, f"{NAME}:{address}"))
    return at if listen is None else replace(endpoint_of(listen, at), path=at.path)


def _open(request: SourceRequest) -> PhoneSource:
    if request.labels_column is not None:
        raise BadInputError(f"A phone has no column “{request.labels_column}”: label with keys instead.")
    if request.speed != 1.0:
        raise BadInputError("What a phone sends comes when it comes: leave out --speed.")
    source = PhoneSource(
        phone_endpoint(address_in(request.name, NAME) or "", request.listen),
        channels=request.channels,
        rate=RATE if request.rate is None else request.rate,
        window_s=request.window_s,
        allowed=networks_of(request.allowed),
    )
    if request.channels is None:
        source.listen()
        try:
            while not source.known.wait(0.05):
                request.patience(source.condition())
        except BaseException:
            source.close()
            raise
    return source


KIND = SourceKind(
    NAME,
    "phone[:PORT]",
    "A phone with an app that sends its sensors as OSC: to port 9000 of this machine, over the network.",
    lambda name: address_in(name, NAME) is not None,
    _open,
    frozenset({"window_s"}),
    named=True,
    paced=True,
)
