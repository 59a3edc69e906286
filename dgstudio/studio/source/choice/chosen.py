"""What the fields of the sheet come to: a source as a user would type it, or a sentence about what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

from dgstudio.engine.lifecycle.stream_config import StreamChoice
from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.streams.osc.endpoint import checked_port, networks_of, path_of
from dgstudio.streams.osc.source import USUAL as OSC
from dgstudio.streams.phone.source import USUAL as PHONE
from dgstudio.streams.serial.ports import BAUD
from dgstudio.studio.source.choice.entries import Entry, EntryKind

EVERYWHERE = "0.0.0.0"


@dataclass(frozen=True, slots=True)
class Fields:
    """What is typed and set, as text; each kind of source takes what it knows.

    Attributes
    ----------
    port, path : of OSC, and of a phone's port.
    network : whether others than this machine may send OSC.
    only_from : networks that may, parted by commas or spaces; "" for all.
    device, baud : of a serial port that is not listed, and how fast it is.
    text : an LSL stream by its name, or what a plug-in is told.
    file : of a recording or a video.
    """

    port: str = ""
    path: str = OSC.path
    network: bool = False
    only_from: str = ""
    device: str = ""
    baud: str = str(BAUD)
    text: str = ""
    file: str = ""


def usual_fields(entry: Entry) -> Fields:
    """What stands in the fields of a row at first."""
    return Fields(port=str(PHONE.port if entry.kind is EntryKind.PHONE else OSC.port))


def choice_of(entry: Entry, fields: Fields) -> StreamChoice | None:
    """Return the source that is chosen; None where something must be named first.

    Raises
    ------
    BadInputError
        If a field cannot be read; the text says how it is written.
    """
    match entry.kind:
        case EntryKind.OSC:
            port, path = checked_port(fields.port.strip(), fields.port), path_of(fields.path.strip() or OSC.path)
            listen = EVERYWHERE if fields.network else None
            return StreamChoice(f"osc:{port}{path}", listen=listen, allowed=_networks(fields) if listen else ())
        case EntryKind.PHONE:
            port = checked_port(fields.port.strip(), fields.port)
            return StreamChoice(f"phone:{port}", allowed=_networks(fields))
        case EntryKind.SERIAL:
            device = entry.name or fields.device.strip()
            baud = fields.baud.strip().replace(",", "")
            return StreamChoice(f"serial:{device}@{baud}") if device else None
        case EntryKind.LSL:
            query = entry.name or fields.text.strip()
            return StreamChoice(f"lsl:{query}" if query else "lsl")
        case EntryKind.PLUGIN if fields.text.strip():
            return StreamChoice(f"{entry.name}:{fields.text.strip()}")
        case EntryKind.RECORDING | EntryKind.VIDEO if not entry.name:
            return _file(entry, fields)
        case _:
            return StreamChoice(entry.name)


def missing_words(entry: Entry) -> str:
    """What must be named first, in a sentence, where `choice_of` returns nothing."""
    if entry.kind is EntryKind.SERIAL:
        return "Plug a board in, or type the name of its port."
    return "Choose a video." if entry.kind is EntryKind.VIDEO else "Choose a recording, or a folder of takes."


def _networks(fields: Fields) -> tuple[str, ...]:
    texts = tuple(filter(None, re.split(r"[,;\s]+", fields.only_from)))
    networks_of(texts)
    return texts


def _file(entry: Entry, fields: Fields) -> StreamChoice | None:
    text = fields.file.strip()
    if not text:
        return None
    path = Path(text).expanduser()
    if not path.exists():
        raise BadInputError(f"There is no {path.name or text}: choose another file.")
    return StreamChoice(str(path.resolve()))
