"""What can be a source at this moment, as rows of a list: what is always there, and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from dgstudio.reasons.reason import how_many
from dgstudio.records import dataclass
from dgstudio.streams.camera.kind import WEBCAM, shipped_videos
from dgstudio.streams.choosing.device_search import Found
from dgstudio.streams.condition import HeardMessages
from dgstudio.streams.lsl.query import LslStream
from dgstudio.streams.pointer import NAME as POINTER
from dgstudio.streams.pointer import WITH_VELOCITY
from dgstudio.streams.registry import plugin_kinds, shipped_recordings
from dgstudio.streams.source import SourceKind

RECORDINGS = (".csv", ".npz", ".arff")


class Section(StrEnum):
    """What heads rows of the list."""

    TRY = "To try"
    CAMERAS = "Cameras and videos"
    NETWORK = "Network"
    BOARDS = "Boards"
    FILES = "Recordings"
    PACKAGES = "Packages"


class EntryKind(StrEnum):
    """What a row stands for: which settings it has, and how it is looked at."""

    PLAIN = "plain"
    POINTER = "pointer"
    CAMERA = "camera"
    VIDEO = "video"
    RECORDING = "recording"
    OSC = "osc"
    PHONE = "phone"
    LSL = "lsl"
    SERIAL = "serial"
    PLUGIN = "plugin"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row.

    Attributes
    ----------
    key : tells it again when the list is made anew.
    title, about : what it is called, and a plain sentence about it.
    brief : the same in few words, as a row has room for.
    name : what is typed for it after --source, as far as that is known without settings.
    found : what was found of it; stands in the row in the place of `brief`.
    note : in a sentence, that there is nothing, and what to do.
    missing : what is not installed, with the line that installs it; "" where nothing is.
    """

    key: str
    section: Section
    kind: EntryKind
    title: str
    about: str
    brief: str
    name: str = ""
    found: str = ""
    note: str = ""
    missing: str = ""


def entries(found: Found, cameras: Sequence[str], no_cameras: str) -> tuple[Entry, ...]:
    """Return all rows, in their order; `cameras` by name, `no_cameras` says what they and videos lack, if anything."""
    return (
        *_to_try(no_cameras),
        *_cameras(cameras, no_cameras),
        *_network(found),
        *_boards(found),
        *_files(),
        *_packages(),
    )


def _to_try(no_videos: str) -> Iterator[Entry]:
    yield Entry(
        "simulator",
        Section.TRY,
        EntryKind.PLAIN,
        "Simulator",
        "A simulated motion sensor on a wrist, which performs gestures that are known.",
        "A simulated motion sensor",
        "simulator",
    )
    videos = shipped_videos()
    for name in shipped_recordings():
        what, brief = "A real recording that comes with dgstudio", "A real recording to try"
        if name in videos:
            what, brief = "A clip that comes with dgstudio", "A clip to try"
        kind = EntryKind.VIDEO if name in videos else EntryKind.RECORDING
        missing = no_videos if name in videos else ""
        title = name[:1].upper() + name[1:].replace("_", " ")
        yield Entry(f"shipped {name}", Section.TRY, kind, title, f"{what}, looped.", brief, name, missing=missing)
    yield Entry(
        POINTER,
        Section.TRY,
        EntryKind.POINTER,
        "Pointer",
        "A pad in the window: mouse, finger or pen are where they are.",
        "Where mouse, finger or pen is",
        POINTER,
    )
    yield Entry(
        WITH_VELOCITY,
        Section.TRY,
        EntryKind.POINTER,
        "Pointer and how it moves",
        "A pad in the window; how fast the pointer moves counts as well.",
        "Where it is, and how fast",
        WITH_VELOCITY,
    )


def _cameras(cameras: Sequence[str], no_cameras: str) -> Iterator[Entry]:
    about = "Pictures of the camera; they are shown, stay on this machine, and are never kept."
    for name in cameras:
        yield Entry(f"camera {name}", Section.CAMERAS, EntryKind.CAMERA, name, about, "A camera", f"{WEBCAM}:{name}")
    if not cameras:
        note = "" if no_cameras else "No camera found. Plug one in; it appears here."
        yield Entry(
            WEBCAM,
            Section.CAMERAS,
            EntryKind.CAMERA,
            "Camera",
            about,
            "None found: plug one in",
            WEBCAM,
            note=note,
            missing=no_cameras,
        )
    yield Entry(
        "video file",
        Section.CAMERAS,
        EntryKind.VIDEO,
        "Video file…",
        "A video of yours; each frame goes the way that those of a camera go.",
        "MP4 and what else can be played",
        missing=no_cameras,
    )


def _network(found: Found) -> Iterator[Entry]:
    yield Entry(
        "osc",
        Section.NETWORK,
        EntryKind.OSC,
        "OSC",
        "Messages of other programs, as Wekinator's senders send them: each is an input as it stands.",
        "Messages as Wekinator's senders send",
        "osc",
        _heard_words(found),
    )
    yield Entry(
        "phone",
        Section.NETWORK,
        EntryKind.PHONE,
        "Phone",
        "An app on your phone sends how it moves; the network is listened to while this is chosen.",
        "How your phone moves",
        "phone",
    )
    for stream in found.streams:
        if not stream.text:
            yield Entry(
                f"lsl {stream.name} {stream.host} {stream.id}",
                Section.NETWORK,
                EntryKind.LSL,
                stream.name or "LSL stream",
                "A stream of LabStreamingLayer on the network.",
                "LSL",
                _lsl_name(stream),
                _stream_words(stream),
            )
    nothing = found.looked and not found.streams and not found.no_streams
    note = "No LSL stream found. Start its sender; it appears here." if nothing else ""
    yield Entry(
        "lsl",
        Section.NETWORK,
        EntryKind.LSL,
        "LSL stream by name…" if found.streams else "LSL stream",
        "A stream of LabStreamingLayer that you name; empty: the only one there is.",
        "By its name" if found.streams else "None found: start its sender",
        note=note,
        missing=found.no_streams,
    )


def _boards(found: Found) -> Iterator[Entry]:
    about = "A board that prints lines of numbers: what parts them, and how many come, is found out."
    for port in found.ports:
        title = port.description or port.device
        where = port.device if port.description else "A serial port"
        yield Entry(f"serial {port.device}", Section.BOARDS, EntryKind.SERIAL, title, about, where, port.device)
    nothing = found.looked and not found.ports and not found.no_ports
    note = "No serial port found. Plug a board in; it appears here." if nothing else ""
    title = "Another serial port…" if found.ports else "Serial port"
    brief = "By its name" if found.ports else "None found: plug a board in"
    yield Entry("serial", Section.BOARDS, EntryKind.SERIAL, title, about, brief, note=note, missing=found.no_ports)


def _files() -> Iterator[Entry]:
    yield Entry(
        "recording file",
        Section.FILES,
        EntryKind.RECORDING,
        "Recording…",
        "A CSV, NPZ or ARFF file of yours, or a folder with a take in each file.",
        "CSV, NPZ, ARFF, or a folder of takes",
    )


def _packages() -> Iterator[Entry]:
    plugins = plugin_kinds()
    for kind in plugins.found:
        yield Entry(
            f"plugin {kind.name}",
            Section.PACKAGES,
            EntryKind.PLUGIN,
            kind.name,
            _sentence(kind),
            "Of a package",
            kind.name,
        )
    if plugins.words:
        # A plug-in that is broken is named, and why.
        words = plugins.words.strip()
        yield Entry("left out", Section.PACKAGES, EntryKind.PLUGIN, "Left out", words, "", missing=words)


def _sentence(kind: SourceKind) -> str:
    return kind.summary or "A source that an installed package brings."


def _lsl_name(stream: LslStream) -> str:
    parts = (("name", stream.name), ("type", stream.type), ("host", stream.host), ("id", stream.id))
    # What cannot be written in a name is left out: the rest tells it most often.
    return ",".join(f"{key}={value}" for key, value in parts if value and "," not in value and "=" not in value)


def _stream_words(stream: LslStream) -> str:
    pace = f"{stream.rate:g} Hz" if stream.rate else "as they come"
    parts = (stream.type, how_many(stream.channels, "channel"), pace, f"on {stream.host}" if stream.host else "")
    return " · ".join(filter(None, parts))


def _heard_words(found: Found) -> str:
    if not found.heard:
        return ""
    more = f" · {len(found.heard) - 1} more" if found.heard[1:] else ""
    return f"{heard_words(found.heard[0])}{more}"


def heard_words(heard: HeardMessages) -> str:
    """As in "/wek/inputs · 6 values · 100 a second · from 127.0.0.1"."""
    pace = f"{heard.rate:.0f} a second" if heard.rate >= 1 else "now and then"
    return f"{heard.address} · {how_many(heard.count, 'value')} · {pace} · from {heard.sender}"
