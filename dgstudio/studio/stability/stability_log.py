"""What the Stability panel shows: which records of publishes are of the last seconds, and what the twins did."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

from dgstudio.engine.facts.compared import TwinFigures
from dgstudio.engine.runtime.history import History
from dgstudio.studio.bridge.state import TwinFrame
from dgstudio.studio.common.widgets.margin_text import cause_words
from dgstudio.studio.stability.twin_trace import TwinTrace
from dgstudio.types import OWN_ACTS, PublishRecord, RecordKind, TwinKind

VIEW_S = 30.0
"""Seconds that are kept and shown, of a stream that plays at its own pace."""


class Mark(StrEnum):
    """What a mark in a lane stands for."""

    FLIP = "flip"
    REJECTED = "rejected"
    BACK = "back"
    LIVE = "live"
    SAME = "same"
    UNCHECKED = "unchecked"
    CHANGED = "changed"
    CHOSEN = "chosen"
    """Changed, as the user wanted."""


class StabilityLog:
    """Publishes, and what the twins did, of the last `span` stream seconds. Qt thread only.

    Records before number `first` of the history are left out: they are of earlier runs.
    """

    def __init__(self, first: int = 0) -> None:
        self.span = VIEW_S
        self.now = float("-inf")
        self.any_update = False
        """Whether there ever was a publish after the first version, or a rejection."""
        self.records: deque[PublishRecord] = deque()
        """The publishes and rejections in view, oldest first."""
        self.publishes: deque[PublishRecord] = deque()
        """Those of them that are versions."""
        self.turn = 0
        """Another number whenever the records in view have become others."""
        self._seen = first
        """The number of the record that comes next."""
        self.twins: dict[TwinKind, TwinTrace] = {}
        """What each twin that runs did, in the order in which they were chosen."""

    def advance(self, now: float, history: History, count: int) -> bool:
        """Move the right edge to `now`, the view on to before record `count`; return whether there is one to show.

        A stream that jumps back starts the view afresh.
        """
        if now < self.now - 1.0:
            self.records.clear()
            self.publishes.clear()
            self.turn += 1
            for trace in self.twins.values():
                trace.forget()
        self.now = now
        begin = now - self.span
        new = [record for record in history[self._seen : count] if record.kind != RecordKind.INITIAL]
        self._seen = count
        self.any_update = self.any_update or bool(new)
        self.records.extend(new)
        self.publishes.extend(record for record in new if record.version is not None)
        left = False
        for records in (self.records, self.publishes):
            while records and records[0].time < begin:
                records.popleft()
                left = True
        self.turn += bool(new) or left
        for trace in self.twins.values():
            trace.leave(begin)
        return bool(new)

    def stretch(self, start: float, end: float, history: History, first: int = 0) -> StabilityLog:
        """Return what is known of a past stretch of stream time [start, end]; of the twins, what is not too old.

        Records before number `first` are of earlier runs.
        """
        past = StabilityLog()
        past.span, past.now, past.any_update = end - start, end, self.any_update
        for record in history.back_from(end, first):
            # What was published before the first answer has no place in the stream: its time is 0.
            if 0 < record.time < start:
                break
            if start <= record.time <= end and record.kind != RecordKind.INITIAL:
                past.records.appendleft(record)
        past.publishes.extend(record for record in past.records if record.version is not None)
        past.twins = {kind: trace.stretch(start, end) for kind, trace in self.twins.items()}
        past.turn = 1
        return past

    def add_twins(self, twins: Sequence[TwinFrame]) -> bool:
        """Take up what the twins did; those that are not told of run no more. Return whether there is news to show."""
        traces = {twin.kind: self.twins.get(twin.kind) or TwinTrace(twin.kind) for twin in twins}
        news = list(traces) != list(self.twins)
        self.twins = traces
        for twin in twins:
            news = traces[twin.kind].add(twin, self.now) or news
        return news


def changed(record: PublishRecord) -> bool:
    """Return whether a publish moved a protected logit, if only by a bit."""
    return record.bits_changed > 0 or record.max_delta != 0.0


def protected_words(records: Sequence[PublishRecord]) -> tuple[str, str]:
    """Return the text of the first lane and the token of its colour, for the publishes in view."""
    checked = [record for record in records if record.protected]
    if not records:
        return "no publish of late", "text_muted"
    if not checked:
        return "nothing is protected yet", "text_muted"
    moved = sum(map(changed, checked))
    same = len(checked) - moved
    if not moved:
        return f"bit-identical × {same}", "good"
    ink = "warning" if all(record.kind in OWN_ACTS for record in checked if changed(record)) else "bad"
    return f"{moved} changed" + (f" · {same} bit-identical" if same else ""), ink


def event_counts(records: Iterable[PublishRecord]) -> list[tuple[Mark, int]]:
    """Return how many protected flips, rejections and roll-backs are in view, those that are none left out."""
    counts = {Mark.FLIP: 0, Mark.REJECTED: 0, Mark.BACK: 0}
    for record in records:
        counts[Mark.FLIP] += record.flips
        counts[Mark.REJECTED] += record.kind == RecordKind.REJECTED
        counts[Mark.BACK] += record.kind == RecordKind.ROLLED_BACK
    return [(name, count) for name, count in counts.items() if count]


def event_words(counts: Iterable[tuple[Mark, int]]) -> tuple[str, str]:
    """Return the text of the third lane and the token of its colour."""
    past = {Mark.FLIP: "flipped", Mark.REJECTED: Mark.REJECTED, Mark.BACK: "rolled back"}
    return " · ".join(f"{count} {past[name]}" for name, count in counts) or "none", "text_muted"


def twin_words(twin: TwinFigures) -> tuple[str, str]:
    """Return the text of a twin's lane and the token of its colour."""
    if not twin.answers.counted:
        return "counting its protected answers …", "text_muted"
    lost = twin.answers.gone
    words = f"{lost:,} of {twin.answers.watched:,} protected answers lost"
    harmed = lost or twin.unpublished or twin.torn
    return words, "twin" if harmed else "text_muted"


def twin_note(twin: TwinFigures) -> str:
    """Return what is said beside a twin's line: how far it moved, and from what its answers were read."""
    parts = [f"max |Δp| {twin.max_delta:.2g}"] if twin.max_delta else []
    if twin.reads:
        parts.append(f"{percent(twin.unpublished, twin.reads)} of reads unpublished")
    if twin.torn:
        parts.append(f"{twin.torn:,} torn")
    return " · ".join(parts)


def percent(part: int, whole: int) -> str:
    """Return a share with one decimal, rounded down, so that "100 %" and "0 %" mean all and none."""
    if part <= 0 or part >= whole:
        return "0 %" if part <= 0 else "100 %"
    return f"{max(1, part * 1000 // whole) / 10:.1f} %"


def tooltip_of(record: PublishRecord, lane: int, name_of: Callable[[int | None], str] = "class {}".format) -> str:
    """Return what the tooltip of a mark says, in one or two lines; `name_of` names a class."""
    what = f"v{record.version}" if record.version is not None else "a proposal"
    when = f" at {record.time:.1f} s"
    if record.kind == RecordKind.REJECTED:
        return f"Rejected{when}, nothing changed: {record.reason.words}"
    if lane == 1:
        if record.routing_delta is None or record.representation_delta is None:
            return f"{what}{when}: there was no live input"
        moved = f"routing moved its logits by {record.routing_delta:.3g}, weights by {record.representation_delta:.3g}"
        causes = cause_words(record, name_of)
        flipped = ", and its answer changed" if record.live_flip else ""
        return f"{what}{when}: {moved}{flipped}" + (f"\n{causes[0].upper()}{causes[1:]}" if causes else "")
    if lane == 2:
        flips = f", {record.flips} protected answers flipped" if record.flips else ""
        if record.kind == RecordKind.ROLLED_BACK:
            return f"Went to v{record.to_version}{when}{flips}: what it learns next is learned on that"
        return f"{what}{when}{flips}: {record.reason.words}"
    if not record.protected:
        return f"{what}{when}: no input was protected"
    if not changed(record):
        return (
            f"{what}{when}: all logits of {record.protected} protected inputs are bit-identical ({record.reason.words})"
        )
    moved = f"a protected logit moved by {record.max_delta:.3g} at most"
    if record.kind in OWN_ACTS:
        moved = f"{record.kind}, as you chose: {moved}"
    return f"{what}{when}: {moved}; bits that differ: {record.bits_changed}"
