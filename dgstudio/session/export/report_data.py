"""What a report tells, as values: classes, takes, versions, what was kept unchanged, how right the answers were."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.session.export.model_file.model import Version
from dgstudio.session.export.scoring import Scores, score_takes
from dgstudio.session.file import Session
from dgstudio.session.format.compared import COMPARED, ComparedTwin, of_setting
from dgstudio.session.restore import SIGNAL
from dgstudio.types import F32, OWN_ACTS, ClassInfo, Example, Level, LogLine, PublishRecord, RecordKind, Take

THUMBNAILS = 6
"""Windows that are shown of a class, spread evenly over those that the session kept."""
GREY = "#808080"
"""Of a class whose colour is none."""
MAY_MOVE = OWN_ACTS | {RecordKind.ROLLED_BACK, RecordKind.RELEASED, RecordKind.CLASS_REMOVED}
"""Kinds of versions that may move protected answers: the user's own acts."""


@dataclass(frozen=True, slots=True)
class ClassStory:
    """A living class: its standing examples, those of them that are learned, its takes, windows of it."""

    info: ClassInfo
    examples: int
    learned: int
    takes: int
    windows: tuple[F32, ...]
    from_base: bool


@dataclass(frozen=True, slots=True)
class Note:
    """A note of the user's on standing examples of one class: what it says, on how many, in how many takes.

    `ids` are the first and the last of the examples.
    """

    text: str
    class_id: int
    count: int
    takes: int
    ids: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One line of the timeline: a version, or a run of neighbouring ones of the same kind.

    `first`, `last` are version numbers, None for rejected proposals; `examples` how many were learned first there.
    """

    kind: RecordKind
    first: int | None
    last: int | None
    count: int
    reason: Reason
    unix: float
    examples: int


@dataclass(frozen=True, slots=True)
class Story:
    """A session as a report tells it. `signal` is what is known of the stream; `head` None where there is no version.

    `bits` and `own_bits` are bits of protected answers that changed at the learner's publishes, and at the user's own
    acts.
    """

    name: str
    began: float
    ended: float
    signal: dict[str, Any] | None
    classes: tuple[ClassStory, ...]
    takes: tuple[Take, ...]
    notes: tuple[Note, ...]
    records: tuple[PublishRecord, ...]
    chapters: tuple[Chapter, ...]
    head: Version | None
    published: int
    rejected: int
    bits: int
    own_bits: int
    protected: int
    scores: Scores
    events: tuple[LogLine, ...] = ()
    """What was told of things that went wrong, oldest first."""
    compared: tuple[ComparedTwin, ...] = ()
    """The twins that ran beside it, each as it stood at last."""

    @property
    def examples(self) -> int:
        """How many examples stand."""
        return sum(entry.examples for entry in self.classes)

    def named(self, class_id: int | None) -> str:
        """The name of a class that ever was; None is "unsure"."""
        if class_id is None:
            return "unsure"
        found = [entry.info.name for entry in self.classes if entry.info.id == class_id]
        return found[0] if found else f"class {class_id}"


def tell(session: Session) -> Story:
    """Read what there is to tell; takes are scored, which may take some seconds.

    Raises
    ------
    BadInputError
        If the session holds neither examples nor versions.
    """
    records, examples, takes = session.records(), session.examples(), session.takes()
    living = sorted((info for info in session.classes() if info.living), key=lambda info: info.order)
    if not examples and not session.versions():
        raise BadInputError(
            f"The session {session.name} holds neither examples nor versions: there is nothing to tell."
        )
    head = Version.of(session, None) if session.versions() else None
    alive = {info.id for info in living}
    labels: dict[int, Counter[int]] = {}
    for example in examples:
        labels.setdefault(example.take_id, Counter())[example.class_id] += 1
    learned = set() if head is None else head.training.every()
    base = None if head is None else head.snapshot.base
    classes = []
    for info in living:
        mine = [example for example in examples if example.class_id == info.id]
        raw = [example.raw for example in mine if example.raw is not None and example.raw.size]
        step = max(1.0, len(raw) / THUMBNAILS)
        shown = tuple(raw[int(i * step)] for i in range(min(THUMBNAILS, len(raw))))
        classes.append(
            ClassStory(
                replace(info, colour=_plain(info.colour)),
                len(mine),
                sum(example.id in learned for example in mine),
                len({example.take_id for example in mine}),
                shown,
                base is not None and info.id in base.classes,
            )
        )
    # An example may have got another label since: a take is of the class that most of its examples have.
    kept = [replace(take, class_id=labels[take.id].most_common(1)[0][0]) for take in takes if take.id in labels]
    moments = [record.unix for record in records] + [take.created_unix for take in takes]
    moments = [unix for unix in moments if math.isfinite(unix) and unix > 0]
    versions = [record for record in records if record.version is not None]
    own = [record for record in versions if record.kind in MAY_MOVE]
    bits = sum(record.bits_changed for record in versions)
    own_bits = sum(record.bits_changed for record in own)
    signal = session.config(SIGNAL)
    return Story(
        name=session.name,
        began=min(moments, default=math.nan),
        ended=max(moments, default=math.nan),
        signal=signal if isinstance(signal, dict) else None,
        classes=tuple(classes),
        takes=tuple(kept),
        notes=tuple(notes_on(session.notes(), [example for example in examples if example.class_id in alive])),
        records=tuple(records),
        chapters=tuple(chapters_of(records)),
        head=head,
        published=len(versions),
        rejected=sum(record.kind == RecordKind.REJECTED for record in records),
        bits=bits - own_bits,
        own_bits=own_bits,
        protected=0 if head is None else len(head.training.protected),
        scores=score_takes(session, kept, examples, records, living),
        compared=of_setting(session.config(COMPARED)),
        events=tuple(event for event in session.events() if event.level in (Level.WARNING, Level.ERROR)),
    )


def notes_on(notes: Mapping[int, str], examples: Iterable[Example]) -> list[Note]:
    """The notes on these examples, the same words on one class taken together, in the order of the examples."""
    found: dict[tuple[str, int], list[Example]] = {}
    for example in examples:
        text = notes.get(example.id, "")
        if text:
            found.setdefault((text, example.class_id), []).append(example)
    return [
        Note(text, class_id, len(mine), len({example.take_id for example in mine}), (mine[0].id, mine[-1].id))
        for (text, class_id), mine in found.items()
    ]


def _plain(colour: str) -> str:
    """A colour as figures and styles can take it; a session may come from anybody."""
    return colour if re.fullmatch("#[0-9a-fA-F]{6}", colour) else GREY


def chapters_of(records: Sequence[PublishRecord]) -> list[Chapter]:
    """The history with neighbouring "learned" versions, and neighbouring rejections, taken together."""
    chapters = []
    numbered = enumerate(records)
    alike = groupby(
        numbered,
        lambda pair: pair[1].kind if pair[1].kind in (RecordKind.LEARNED, RecordKind.REJECTED) else str(pair[0]),
    )
    for _, group in alike:
        run = [record for _, record in group]
        first, last = run[0], run[-1]
        count = sum(n for record in run for _, n in record.new_examples)
        chapters.append(Chapter(first.kind, first.version, last.version, len(run), last.reason, last.unix, count))
    return chapters
