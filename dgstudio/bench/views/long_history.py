"""A session with a long history for the bench: ten thousand versions in acts of all kinds, without their weights."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from dgstudio.reasons.published import BaseLoaded, LearnedFrom, ProtectedByUser, RolledBack
from dgstudio.reasons.reason import Reason
from dgstudio.session.file import Session
from dgstudio.types import Cause, CauseKind, PublishRecord, RecordKind, SetChange

CLASSES = 5
LONG_TAKE = 400
"""Publishes of the longest act, which is unfolded in the bench."""


def make_long_history(path: Path, versions: int) -> None:
    """Write a session whose history tells of so many versions; nothing else is in it."""
    with Session.create(path) as session, session.batch():
        for record in records_of(versions):
            session.put_record(record)


def records_of(versions: int) -> Iterator[PublishRecord]:
    """Takes of a dozen publishes, undone and gone back from now and then, rejections in between; the same each time."""
    chance = random.Random(17)
    digest = f"{0:032x}"
    yield PublishRecord(0, RecordKind.INITIAL, 0, None, BaseLoaded(("rest", "walk")), 0.0, 0.0, digest)
    seq = version = 0
    act = 0

    def record(kind: RecordKind, reason: Reason, cause: Cause | None, class_id: int | None = None) -> PublishRecord:
        nonlocal seq, version
        seq += 1
        parent = version
        version += kind != RecordKind.REJECTED
        back = kind == RecordKind.ROLLED_BACK
        learned = class_id is not None
        return PublishRecord(
            seq=seq,
            kind=kind,
            version=None if kind == RecordKind.REJECTED else version,
            parent=parent,
            reason=reason,
            time=0.2 * seq,
            unix=1.7e9 + 0.2 * seq,
            digest=f"{seq:032x}",
            examples=3 * seq,
            new_examples=((class_id, 3),) if class_id is not None else (),
            units_changed=5,
            protected=400,
            duration_ms=2.5,
            to_version=chance.randrange(parent) if back else None,
            cause=cause,
            change=SetChange(((3 * seq, 3 * seq + 2, class_id or 0),)) if learned else None,
        )

    while version < versions:
        act += 1
        what = chance.random()
        if what < 0.06:
            yield record(RecordKind.ROLLED_BACK, RolledBack(max(0, version - 20)), None)
        elif what < 0.1:
            yield record(RecordKind.PROTECTED, ProtectedByUser(60, 40, 0), None)
        elif what < 0.2:
            yield record(RecordKind.LEARNED, LearnedFrom(forgot=12), Cause(CauseKind.UNDONE, act, act % CLASSES))
        else:
            cause = Cause(CauseKind.TAKE, act, act % CLASSES)
            often = LONG_TAKE if act == 20 else chance.randrange(1, 14)
            for _ in range(min(often, versions - version)):
                yield record(RecordKind.LEARNED, LearnedFrom((("circle", 3),)), cause, act % CLASSES)
            if chance.random() < 0.1:
                yield record(RecordKind.REJECTED, LearnedFrom(), cause)
