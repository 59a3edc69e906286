"""The source that is looked at in the sheet: opened when its row is chosen, and let go of when another one is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject

from dgstudio.engine.lifecycle.stream_config import StreamChoice, open_like
from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.streams.camera.source import CameraSource
from dgstudio.streams.choosing.device_search import DeviceSearch
from dgstudio.streams.choosing.preview import SourcePreview
from dgstudio.streams.choosing.source_opening import SourceOpening
from dgstudio.streams.condition import SourceCondition
from dgstudio.streams.osc import source as osc
from dgstudio.streams.osc.endpoint import Endpoint, endpoint_of
from dgstudio.streams.phone import source as phone
from dgstudio.streams.phone.source import PhoneSource
from dgstudio.streams.pointer import PointerSource
from dgstudio.streams.registry import kind_of
from dgstudio.streams.source import Source, rate_to_keep
from dgstudio.streams.source_fit import change_for, why_unfit
from dgstudio.studio.camera.video_feed import VideoFeed
from dgstudio.types import StreamKind, StreamSpec

Wait = Callable[[SourceCondition], None]
"""Called while a source waits for what it must know; see `SourceRequest.patience`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens where a source is taken: it goes on in this session, or `why` not; None: that is not known yet.

    `change` says what is done to its samples where it goes on, or "".
    """

    fits: bool | None = None
    why: str = ""
    change: str = ""


class Looking(QObject):
    """Looks at one source at a time. Qt thread only.

    Parameters
    ----------
    made
        The stream that the session stands on.
    search
        Gives up the OSC port while it is needed here.
    """

    def __init__(self, made: StreamSpec, search: DeviceSearch, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.choice: StreamChoice | None = None
        self._made, self._search = made, search
        self._preview: SourcePreview | None = None
        self._before: SourcePreview | None = None
        """What was looked at before: it may still have the device."""
        self._feed: VideoFeed | None = None
        self._opening: SourceOpening | None = None

    # -- looking ------------------------------------------------------------------------------------------------------

    def look_at(self, choice: StreamChoice | None) -> None:
        """Look at another source, or at none."""
        before = self._let_go()
        self.choice = choice
        if choice is None:
            self._search.listen(True)
            return
        busy = choice.source.startswith(("osc", "phone"))
        search = self._search

        def first() -> None:
            if before is not None:
                before.join()
            search.listen(not busy)

        self._preview = SourcePreview(lambda patience: self._opened(choice, patience), first)
        self._preview.start()

    def stop(self) -> None:
        """Look at nothing; what is being opened is closed."""
        self._let_go()
        self.choice = None
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.give_up()

    @property
    def preview(self) -> SourcePreview | None:
        """What is looked at; None where nothing is."""
        return self._preview

    @property
    def source(self) -> Source | None:
        """The source that is looked at; None before it is there."""
        return None if self._preview is None else self._preview.source

    def follow(self) -> None:
        """Bring pictures to a camera's source once that is there; called with each turn of the sheet."""
        source = self.source
        if isinstance(source, CameraSource) and self._feed is None:
            self._feed = VideoFeed(source, self)
            self._feed.start()

    def point(self, x: float, y: float) -> None:
        """Move the pointer that is looked at."""
        source = self.source
        if isinstance(source, PointerSource):
            source.point(x, y)

    def verdict(self) -> Verdict:
        """What happens if it is taken."""
        source, choice = self.source, self.choice
        if source is None or choice is None or not hasattr(source, "spec"):
            return Verdict()
        spec = self._as_taken(source, choice)
        why = why_unfit(self._made, spec)
        if why is not None:
            return Verdict(False, why)
        kind = kind_of(choice.source)
        if kind is not None and kind.windowed and spec.kind is StreamKind.SIGNAL:
            return Verdict(True, change=f"Its newest message is taken {spec.rate:g} times a second.")
        return Verdict(True, change=change_for(self._made, spec))

    # -- taking -------------------------------------------------------------------------------------------------------

    def begin_taking(self) -> SourceOpening:
        """Let go of it, and open it for this session; see `taken`."""
        choice = self.choice
        assert choice is not None, "what is taken is looked at"
        seen = self.source
        before = self._let_go()

        def make(patience: Wait) -> Source:
            if before is not None:
                before.join()
            if isinstance(seen, PhoneSource):
                # It need not find out once more what the phone sends.
                return seen.called(self._made.channels)
            return self._opened(choice, patience, taken=True)

        self._opening = SourceOpening(make)
        return self._opening

    def release(self) -> tuple[StreamChoice, SourcePreview | None]:
        """Let go of what is looked at; returns it as a new session opens it, and what must be over before."""
        choice, source = self.choice, self.source
        assert choice is not None, "what is taken is looked at"
        kind, spec = kind_of(choice.source), getattr(source, "spec", None)
        if source is not None and spec is not None and kind is not None and kind.named:
            # So that nobody has to wait for the first message once more.
            choice = replace(choice, channels=spec.channels, rate=rate_to_keep(source, choice.rate))
        before = self._let_go()
        self.choice = None
        return choice, before

    # -- inside -------------------------------------------------------------------------------------------------------

    def _let_go(self) -> SourcePreview | None:
        preview, self._preview = self._preview, None
        self._before = preview or self._before
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.stop()
            feed.deleteLater()
        if preview is not None:
            preview.stop()
        return self._before

    def _opened(self, choice: StreamChoice, patience: Wait, *, taken: bool = False) -> Source:
        """Make the source; not in the Qt thread. One that is taken is called as the session's channels are."""
        made, kind = self._made, kind_of(choice.source)
        named = taken and kind is not None and (kind.named or made.kind is StreamKind.IMAGE)
        return open_like(
            made,
            choice.source,
            rate=choice.rate,
            channels=made.channels if named else None,
            listen=choice.listen,
            allowed=choice.allowed,
            patience=patience,
        )

    def _as_taken(self, source: Source, choice: StreamChoice) -> StreamSpec:
        kind, made = kind_of(choice.source), self._made
        spec = source.spec
        if kind is not None and kind.named and len(spec.channels) == len(made.channels):
            spec = replace(spec, channels=made.channels)
        return spec


def same_source(one: str, other: str) -> bool:
    """Whether two names, as they are typed after --source, mean the same."""
    return one == other or _whole(one) == _whole(other)


def port_of(name: str) -> int | None:
    """Return the port that a source listens on, as it is typed after --source; None of one that listens on none."""
    at = _endpoint(name)
    return None if at is None else at.port


def _endpoint(name: str) -> Endpoint | None:
    kind, _, address = name.partition(":")
    try:
        match kind:
            case osc.NAME:
                return endpoint_of(address, osc.USUAL)
            case phone.NAME:
                return phone.phone_endpoint(address)
    except BadInputError:
        pass
    return None


def _whole(name: str) -> str:
    """The name with what is usual written out."""
    from dgstudio.streams.serial.ports import place_of

    kind, _, address = name.partition(":")
    at = _endpoint(name)
    if at is not None:
        return f"{kind}:{at.port}{at.path}"
    try:
        match kind:
            case "serial":
                place = place_of(address)
                return f"{kind}:{place.device}@{place.baud}"
    except BadInputError:
        pass
    return name


def spec_words(spec: StreamSpec | None) -> str:
    """What stands behind the lamp's words: how many channels, and how many samples a second."""
    if spec is None:
        return ""
    count = len(spec.channels)
    if spec.kind is StreamKind.IMAGE:
        return ""
    many = f"{count:,} channel{'' if count == 1 else 's'}"
    pace = "" if spec.kind is StreamKind.VALUES else f" at {spec.rate:g} Hz"
    return f" · {many}{pace}"
