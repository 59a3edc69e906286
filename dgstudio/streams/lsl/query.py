"""Which LSL streams there are, and which of them a user means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.guard.limits import LABEL
from dgstudio.guard.texts import plain_text
from dgstudio.reasons.reason import how_many, shortened
from dgstudio.records import dataclass
from dgstudio.streams.lsl.library import lsl

FIELDS = ("name", "type", "host", "id")
"""By what a stream is found."""
MARKERS = "markers"
"""Names the stream of markers that label."""
ANY = "*"
TEXT = 3
"""Format of streams of texts, as LSL numbers them."""


@dataclass(frozen=True, slots=True)
class LslQuery:
    """What a stream must be called; "" where anything will do. `markers`: the stream of markers, None for none."""

    name: str = ""
    type: str = ""
    host: str = ""
    id: str = ""
    markers: str | None = None

    @property
    def words(self) -> str:
        """As in "“BioSemi” of type EEG on lab-2"."""
        parts = [f"“{self.name}”" if self.name else "", f"of type {self.type}" if self.type else ""]
        parts += [f"on {self.host}" if self.host else "", f"with the id {self.id}" if self.id else ""]
        return " ".join(part for part in parts if part)

    def means(self, stream: LslStream) -> bool:
        """Whether a stream is of these."""
        return all(getattr(self, field) in ("", getattr(stream, field)) for field in FIELDS)


@dataclass(frozen=True, slots=True)
class LslStream:
    """A stream that somebody sends. `rate` 0: its samples come when they like; `uid` is another one whenever its
    sender starts, `info` LSL's own description.
    """

    name: str
    type: str
    host: str
    id: str
    channels: int
    rate: float
    text: bool
    uid: str = ""
    info: Any = None

    @property
    def words(self) -> str:
        """As in "BioSemi (EEG, 8 channels at 500 Hz, on lab-2)"."""
        what = "texts" if self.text else how_many(self.channels, "channel")
        pace = f" at {self.rate:g} Hz" if self.rate else ""
        kind = f"{self.type}, " if self.type else ""
        return f"{self.name} ({kind}{what}{pace}, on {self.host})"


def query_of(address: str) -> LslQuery:
    """Read NAME, or name=…,type=…,host=…,id=…, with markers=NAME or markers for any.

    Raises
    ------
    BadInputError
        For a word that is none of these.
    """
    found: dict[str, str] = {}
    for number, part in enumerate(filter(None, (part.strip() for part in address.split(",")))):
        key, equals, value = part.partition("=")
        key, value = key.strip().lower(), value.strip()
        if not equals and part.lower() == MARKERS:
            key, value = MARKERS, ANY
        elif not equals and number == 0:
            key, value = "name", part
        if key not in (*FIELDS, MARKERS) or not value or key in found:
            raise BadInputError(
                f"“{shortened(part)}” cannot be read: an LSL stream is named as in lsl:NAME, or "
                "lsl:type=EEG,host=lab-2,markers=Cues."
            )
        found[key] = value
    return LslQuery(**found)


class Resolver:
    """Looks for streams on the network, in threads of the library, for as long as it is there. Any thread."""

    def __init__(self) -> None:
        self._resolver: Any = lsl().ContinuousResolver(forget_after=3.0)

    def found(self) -> tuple[LslStream, ...]:
        """Return all streams that are there, in order of their names."""
        newest: dict[tuple[str, ...], LslStream] = {}
        for info in sorted(self._resolver.results(), key=lambda info: float(info.created_at())):
            stream = _stream_of(info)
            # One that has started again is told beside what it was before for some seconds.
            newest[stream.name, stream.type, stream.host, stream.id or stream.uid] = stream
        return tuple(sorted(newest.values(), key=lambda stream: (stream.name, stream.host, stream.id)))

    def close(self) -> None:
        """Look no more."""
        self._resolver = None


def chosen(query: LslQuery, streams: Iterable[LslStream]) -> LslStream | None:
    """Return the stream that is meant, None where there is none yet.

    Raises
    ------
    BadInputError
        If several are, or one that cannot be a source.
    """
    every = tuple(streams)
    found = [stream for stream in every if query.means(stream)]
    if any(getattr(query, field) for field in FIELDS) and found and all(stream.text for stream in found):
        raise BadInputError(
            f"The LSL stream {found[0].words} has texts, which are no samples; they can label: "
            f"lsl:NAME,markers={found[0].name}."
        )
    # Where nothing is said, streams of markers are not what is meant.
    found = [stream for stream in found if not stream.text]
    return _only(found, "lsl")


def marker_stream(query: LslQuery, source: LslStream, streams: Iterable[LslStream]) -> LslStream | None:
    """Return the stream of markers that labels, None where there is none yet. `BadInputError` where several could."""
    name = query.markers
    found = [stream for stream in streams if stream.channels == 1 and stream.uid != source.uid]
    if name == ANY:
        found = [stream for stream in found if stream.text or (not stream.rate and stream.type.lower() == MARKERS)]
    else:
        found = [stream for stream in found if stream.name == name]
    return _only(found, "lsl:…,markers")


def _only(found: list[LslStream], how: str) -> LslStream | None:
    if len(found) > 1:
        names = ", ".join(stream.words for stream in found[:6])
        alike = len({stream.name for stream in found}) == 1
        more = "by host= or id= too, " if alike else ""
        option = f"{how}:NAME" if how == "lsl" else f"{how}=NAME"
        raise BadInputError(f"There are {len(found)} LSL streams: name one {more}as in {option}. {names}.")
    return found[0] if found else None


def _stream_of(info: Any) -> LslStream:
    name, kind, host, identity = (
        plain_text(str(text))[:LABEL] for text in (info.name(), info.type(), info.hostname(), info.source_id())
    )
    text = info.channel_format() == TEXT
    return LslStream(
        name, kind, host, identity, int(info.channel_count()), float(info.nominal_srate()), text, info.uid(), info
    )
