"""What flows between the rooms: blocks, examples, takes, readings, receipts, records of publishes, events.

Everything here is a plain value, numpy only, safe to hand from one thread to another. Times are seconds of
*stream time* (the clock of the source) unless a name ends in `_wall` (`time.perf_counter`) or `_unix`. Each
lies in a file by subject, and all are imported from here.
"""

from dgstudio.types.answers import BASE, NOBODY, BankState, Reading, Receipt, TwinKind, TwinReading, TwinState, Unsure
from dgstudio.types.arrays import F32, F64, I32, U8
from dgstudio.types.labels import (
    Act,
    ActKind,
    ClassChange,
    ClassInfo,
    Example,
    LabelChange,
    LabelledBy,
    NoteChange,
    Take,
)
from dgstudio.types.learning import (
    OWN_ACTS,
    Cause,
    CauseKind,
    LearnerActivity,
    Mode,
    PublishRecord,
    RecordKind,
    RoutingRoom,
    SetChange,
)
from dgstudio.types.status import EngineStats, Level, LogLine, SaveState, Saving
from dgstudio.types.streams import ONE_BY_ONE, UNKNOWN_TRUTH, Block, StreamKind, StreamSpec, StreamState

__all__ = [
    "BASE",
    "F32",
    "F64",
    "I32",
    "NOBODY",
    "ONE_BY_ONE",
    "OWN_ACTS",
    "U8",
    "UNKNOWN_TRUTH",
    "Act",
    "ActKind",
    "BankState",
    "Block",
    "Cause",
    "CauseKind",
    "ClassChange",
    "ClassInfo",
    "EngineStats",
    "Example",
    "LabelChange",
    "LabelledBy",
    "LearnerActivity",
    "Level",
    "LogLine",
    "Mode",
    "NoteChange",
    "PublishRecord",
    "Reading",
    "Receipt",
    "RecordKind",
    "RoutingRoom",
    "SaveState",
    "Saving",
    "SetChange",
    "StreamKind",
    "StreamSpec",
    "StreamState",
    "Take",
    "TwinKind",
    "TwinReading",
    "TwinState",
    "Unsure",
]
