"""Rows of a session file to values and back: what a column holds, and what a damaged one looks like."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from dgstudio.errors import SessionError
from dgstudio.guard.limits import IDS, LABEL, NAME, NOTE_SHOWN, WINDOW_VALUES
from dgstudio.guard.texts import json_value, plain_text
from dgstudio.reasons.stored import reason_fields, stored_reason
from dgstudio.session.format.checkpoint import CheckpointInfo
from dgstudio.session.format.codecs import pack, unpacked
from dgstudio.types import (
    Act,
    ActKind,
    Cause,
    CauseKind,
    ClassChange,
    ClassInfo,
    Example,
    LabelChange,
    LabelledBy,
    Level,
    LogLine,
    NoteChange,
    PublishRecord,
    RecordKind,
    SetChange,
    Take,
)

Row = Sequence[Any]

ACT_COLUMNS = "id, done, unix, data"
CLASS_COLUMNS = "id, name, key, colour, living, place"
TAKE_COLUMNS = "id, class_id, start_time, end_time, source, who, created_unix, examples"
INFO_COLUMNS = "version, parent, digest, kind, reason, unix, kept, learned_count"
EVENT_COLUMNS = "id, kind, level, unix, text, data"
EXAMPLE_COLUMNS = (
    "id, class_id, take_id, start_time, end_time, learn, active, checksum, raw_samples, raw_channels, features, raw"
)
COLOUR = re.compile("#[0-9a-fA-F]{6}")
NO_COLOUR = "#999999"
"""Of a class whose own is none."""
KEY = 2
"""Characters of a class's key."""
NO_LABEL = -1
"""Class of an example that does not stand yet: its import is still being written."""


MOST_ID = 2**48
"""No example, take, act, class or version has a higher number: far below 64 bits, there is always a next one."""


class DamagedRowError(ValueError):
    """A row whose bytes are not what was written; its text is the end of a sentence."""


NOT_A_VALUE = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)
"""What making a value of a row that was never written by dgstudio may raise, whatever is in it."""


def _known(value: Any, lowest: int = 0) -> int:
    """A number of an example, take, act, class or version, as a file has it."""
    if value.__class__ is not int or not lowest <= value <= MOST_ID:
        raise DamagedRowError(f"{value!r:.40} is no number of anything")
    return int(value)


def _known_or_none(value: Any) -> int | None:
    return None if value is None else _known(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise DamagedRowError(f"{value!r:.40} is no text")
    return value


def _put(value: int, lowest: int = 0) -> int:
    """The same, as it is to be stored. Raises SessionError: what is written has to be readable again."""
    number = int(value)
    if not lowest <= number <= MOST_ID:
        raise SessionError(f"The number {number} cannot be stored in a session; numbers go from {lowest} to 2^48.")
    return number


def _real(value: float) -> float | None:
    """SQLite has no NaN: it becomes NULL, and `_number` makes it NaN again."""
    # Nor has it −0.0, which its checksum would know from 0.0.
    number = float(value) + 0.0
    return None if math.isnan(number) else number


def _number(value: Any) -> float:
    if value is not None and not isinstance(value, int | float):
        raise DamagedRowError(f"{value!r:.40} is no number")
    return math.nan if value is None else float(value)


def _json_default(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} is not plain data")


def to_json(value: Any, what: str) -> str:
    """Text of plain data (NaN and infinities as JavaScript writes them); numpy numbers and arrays become lists.

    Raises
    ------
    SessionError
        Where `value` holds anything else, naming `what`.
    """
    try:
        return json.dumps(value, default=_json_default, ensure_ascii=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise SessionError(
            f"{what} cannot be stored ({error}); keep numbers, text, lists and dictionaries only."
        ) from error


def text_of(value: str) -> str:
    """Text that SQLite can hold: half a surrogate pair, which some keyboards send, becomes "?"."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


E = TypeVar("E", bound=StrEnum)


def one_of(kind: type[E], value: Any, otherwise: E) -> E:
    """The member of an enum that a column names; `otherwise` where it is damaged, or known to a later dgstudio only."""
    try:
        return kind(value)
    except ValueError:
        return otherwise


def class_row(info: ClassInfo) -> Row:
    """Values of a class in the order of `CLASS_COLUMNS`."""
    texts = text_of(info.name), text_of(info.key), text_of(info.colour)
    return (_put(info.id), *texts, int(info.living), None if info.place is None else int(info.place))


def class_of(row: Row) -> ClassInfo:
    """A class from a row of `CLASS_COLUMNS`."""
    identity, texts = _known(row[0]), (_text(row[1]), _text(row[2]), _text(row[3]))
    name, key = plain_text(texts[0], NAME) or f"class {identity}", plain_text(texts[1], KEY)
    colour = texts[2] if COLOUR.fullmatch(texts[2]) else NO_COLOUR
    return ClassInfo(identity, name, key, colour, bool(row[4]), _known_or_none(row[5]))


def take_row(take: Take) -> Row:
    """Values of a take in the order of `TAKE_COLUMNS`."""
    times = _real(take.start), _real(take.end)
    rest = (text_of(take.source), text_of(take.who), _real(take.created_unix), int(take.examples))
    return _put(take.id), _put(take.class_id, NO_LABEL), *times, *rest


def take_of(row: Row) -> Take:
    """A take from a row of `TAKE_COLUMNS`."""
    return Take(
        id=_known(row[0]),
        class_id=_known(row[1], NO_LABEL),
        start=_number(row[2]),
        end=_number(row[3]),
        source=plain_text(_text(row[4]), LABEL),
        who=one_of(LabelledBy, row[5], LabelledBy.HELD),
        created_unix=_number(row[6]),
        examples=_known(row[7]),
    )


def _blob(array: npt.NDArray[Any], dimensions: int, what: str) -> bytes:
    # A silent cast would store another number than the learner sees.
    if array.dtype.newbyteorder("=") != np.float32 or array.ndim != dimensions:
        raise SessionError(
            f"{what} are {array.dtype} of shape {array.shape}, and a session holds float32 with {dimensions} "
            "dimension(s); convert them before labelling."
        )
    return array.astype("<f4", copy=False).tobytes()


def example_row(example: Example) -> Row:
    """Values of an active example in the order of `EXAMPLE_COLUMNS`. Raises SessionError for a wrong dtype or shape."""
    features = _blob(example.features, 1, f"The features of example {example.id}")
    raw = None if example.raw is None else pack(_blob(example.raw, 2, f"The raw samples of example {example.id}"), 4)
    samples, channels = (None, None) if example.raw is None else example.raw.shape
    checksum = zlib.crc32(raw or b"", zlib.crc32(features))
    ids = _put(example.id), _put(example.class_id, NO_LABEL), _put(example.take_id)
    times = _real(example.start), _real(example.end)
    return (*ids, *times, int(example.learn), 1, checksum, samples, channels, features, raw)


def example_of(row: Row) -> Example:
    """An example from a row of `EXAMPLE_COLUMNS`; its arrays are read-only.

    Raises
    ------
    DamagedRowError
        Where the stored arrays are not those that were written.
    """
    identity, samples, channels, features, raw = (_known(row[0]), row[8], row[9], row[10], row[11])
    if not has_its_arrays(row[7], features, raw):
        raise DamagedRowError(f"example {identity} has other arrays than were written")
    return Example(
        id=identity,
        class_id=_known(row[1], NO_LABEL),
        take_id=_known(row[2]),
        features=_read_only(features, (-1,)),
        start=_number(row[3]),
        end=_number(row[4]),
        learn=bool(row[5]),
        raw=None if raw is None else _window(raw, int(samples), int(channels)),
    )


def has_its_arrays(checksum: Any, features: Any, raw: Any) -> bool:
    """Whether an example's stored arrays are those that were written."""
    if not isinstance(features, bytes) or len(features) % 4 or not (raw is None or isinstance(raw, bytes)):
        return False
    return bool(zlib.crc32(raw or b"", zlib.crc32(features)) == checksum)


def _window(raw: bytes, samples: int, channels: int) -> npt.NDArray[np.float32]:
    if not (samples >= 0 and channels >= 0 and samples * channels <= WINDOW_VALUES):
        raise DamagedRowError("its window is larger than any that is stored")
    return _read_only(unpacked(raw, 4 * samples * channels), (samples, channels))


def _read_only(data: bytes, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    array = np.frombuffer(data, "<f4").astype(np.float32).reshape(shape)
    array.flags.writeable = False
    return array


_NONE = type(None)
_PLAIN: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "int | None": (int, _NONE),
    "float | None": (int, float, _NONE),
}


def info_of(row: Row) -> CheckpointInfo:
    """A version without its arrays from a row of `INFO_COLUMNS`; whole."""
    return CheckpointInfo(
        version=_known(row[0]),
        parent=_known_or_none(row[1]),
        digest=_text(row[2]),
        kind=one_of(RecordKind, row[3], RecordKind.LEARNED),
        reason=plain_text(_text(row[4]), lines=True),
        unix=_number(row[5]),
        kept=bool(row[6]),
        learned=_known(row[7]),
    )


def note_of(row: Row) -> tuple[int, str]:
    """An example's id and the note on it."""
    return _known(row[0]), plain_text(_text(row[1]), NOTE_SHOWN, lines=True)


WHY = "why"
"""Key of the fields of a record's reason; its words stand under "reason", for an earlier dgstudio and for people."""
_RECORD_FIELDS = {f.name: f.default for f in fields(PublishRecord)}
_RECORD_TYPES = {f.name: _PLAIN[str(f.type)] for f in fields(PublishRecord) if str(f.type) in _PLAIN}
"""Field of a record → what its JSON may be."""


def act_row(act: Act) -> Row:
    """Values of an act that is done in the order of `ACT_COLUMNS`."""
    data: dict[str, Any] = {
        "kind": act.kind,
        "text": act.what.words,
        "what": reason_fields(act.what),
        "take": act.take_id,
        "version": act.version,
        "made": act.made,
        "labels": [[change.before, change.after, _runs(change.ids)] for change in act.labels],
        "classes": [
            [None if change.before is None else class_row(change.before), class_row(change.after)]
            for change in act.classes
        ],
    }
    if act.notes:
        data["notes"] = [[text_of(n.before), text_of(n.after), _runs(n.ids)] for n in act.notes]
    return _put(act.id), 1, _real(act.unix), to_json(data, f"The act {act.id}")


def act_of(row: Row) -> Act:
    """An act from a row's id, time and JSON."""
    data = json_value(row[2])
    labels = tuple(
        LabelChange(_known_or_none(before), _known_or_none(after), _ids_of(runs))
        for before, after, runs in data["labels"]
    )
    classes = tuple(
        ClassChange(None if before is None else class_of(before), class_of(after)) for before, after in data["classes"]
    )
    notes = tuple(NoteChange(str(before), str(after), _ids_of(runs)) for before, after, runs in data.get("notes", ()))
    kind, take_id, version = ActKind(data["kind"]), _known_or_none(data["take"]), _known_or_none(data["version"])
    what = stored_reason(data.get("what"), str(data["text"]))
    # Acts of earlier versions of this program made no versions.
    made = _known_or_none(data.get("made"))
    return Act(_known(row[0]), kind, what, labels, classes, take_id, _number(row[1]), version, notes, made)


def _runs(ids: Sequence[int]) -> list[list[int]]:
    """Ids in order as [first, last] of each run without a gap."""
    runs: list[list[int]] = []
    for identity in ids:
        if runs and runs[-1][1] + 1 == identity:
            runs[-1][1] = int(identity)
        else:
            runs.append([int(identity), int(identity)])
    return runs


def _ids_of(runs: Sequence[Sequence[int]]) -> tuple[int, ...]:
    checked = [(_known(first), _known(last)) for first, last in runs]
    if sum(max(last + 1 - first, 0) for first, last in checked) > IDS:
        raise DamagedRowError("it names more examples than a session has")
    return tuple(identity for first, last in checked for identity in range(first, last + 1))


def record_text(record: PublishRecord) -> str:
    """A publish record as JSON, without what is as usual: there are ten a second."""
    said = {name: getattr(record, name) for name in _RECORD_FIELDS}
    said = {name: value for name, value in said.items() if value != _RECORD_FIELDS[name]}
    if record.cause is not None:
        said["cause"] = [record.cause.kind, record.cause.number, record.cause.class_id]
    if record.change is not None:
        said["change"] = [record.change.gained, record.change.lost]
    said["reason"] = text_of(record.reason.words)
    why = reason_fields(record.reason)
    if why is not None:
        said[WHY] = why
    return to_json(said, f"The record of version {record.version}")


def record_of(row: Row) -> PublishRecord:
    """A publish record from a row's id and JSON; fields that this dgstudio does not know are left out."""
    data = json_value(row[1])
    values = {name: value for name, value in data.items() if name in _RECORD_FIELDS}
    for name, types in _RECORD_TYPES.items():
        value = values.get(name)
        if name in values and not (isinstance(value, types) and (type(value) is not int or abs(value) <= MOST_ID)):
            raise DamagedRowError(f"{name} of a record cannot be {value!r:.40}")
    pairs = values.get("new_examples", ())
    values["new_examples"] = tuple((int(class_id), int(count)) for class_id, count in pairs)
    causes = values.get("live_causes", ())
    values["live_causes"] = tuple((int(class_id), float(share)) for class_id, share in causes)
    values["cause"] = _cause_of(values.get("cause"))
    values["change"] = _change_of(values.get("change"))
    values["kind"] = RecordKind(values["kind"])
    values["reason"] = stored_reason(data.get(WHY), str(values["reason"]))
    return PublishRecord(**values)


def _cause_of(kept: Any) -> Cause | None:
    """The cause of a record; None where there is none, or of a kind that this dgstudio does not know."""
    if kept is None:
        return None
    kind, number, class_id = kept
    try:
        return Cause(CauseKind(kind), _known(number), _known_or_none(class_id))
    except ValueError:
        return None


def _change_of(kept: Any) -> SetChange | None:
    if kept is None:
        return None
    gained, lost = kept
    if sum(max(_known(run[1]) + 1 - _known(run[0]), 0) for run in (*gained, *lost)) > IDS:
        raise DamagedRowError("it names more examples than a session has")
    return SetChange(
        tuple((_known(first), _known(last), _known(class_id, NO_LABEL)) for first, last, class_id in gained),
        tuple((_known(first), _known(last)) for first, last in lost),
    )


def line_row(line: LogLine) -> Row:
    """Values of a line of the log in the order of `EVENT_COLUMNS`, without its id; odd data becomes its text."""
    try:
        data = to_json(line.data, "Event data")
    except SessionError:
        data = to_json(repr(line.data), "Event data")
    return text_of(line.kind), text_of(line.level), _real(line.unix), text_of(line.text), data


def line_of(row: Row) -> LogLine:
    """A line of the log from a row of `EVENT_COLUMNS`."""
    return LogLine(
        kind=plain_text(_text(row[1]), LABEL),
        level=one_of(Level, row[2], Level.INFO),
        unix=_number(row[3]),
        text=plain_text(_text(row[4]), lines=True),
        data=json_value(row[5]),
    )
