"""What the session keeps of a comparison, so that a report can tell of it: the figures of each twin's last run."""

from __future__ import annotations

import time
from collections.abc import Sequence

from dgstudio.engine.facts.compared import KeptAnswers
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.engine.serving.lane import Lane
from dgstudio.engine.twins.twin_lane import TwinLane
from dgstudio.session.file import Session
from dgstudio.session.format.compared import COMPARED, ComparedTwin, of_setting, to_setting
from dgstudio.types import TwinKind


class ComparedLog:
    """Notes figures in the session. One thread at a time."""

    def __init__(self, session: Session, queue: StoreQueue, lane: Lane) -> None:
        self._queue = queue
        self._lane = lane
        self._kept = {twin.kind: twin for twin in of_setting(session.config(COMPARED))}
        self._began: dict[TwinLane, tuple[int, int]] = {}
        """How often ours had been judged, and right, when each twin began."""

    def begin(self, twin: TwinLane) -> None:
        """A twin runs from now on."""
        counts = self._lane.counts
        self._began[twin] = counts.truth_seen, counts.truth_right

    def note(self, twins: Sequence[TwinLane], ours: KeptAnswers) -> None:
        """Keep how these stand; what has answered nothing is passed over."""
        noted = {twin.kind: self._figures(twin, ours) for twin in twins if twin in self._began}
        noted = {kind: figures for kind, figures in noted.items() if figures.reads}
        if noted:
            kept = self._kept = {**self._kept, **noted}
            self._queue.write(lambda session: session.set_config(COMPARED, to_setting(kept.values())))

    def end(self, twins: Sequence[TwinLane], ours: KeptAnswers) -> None:
        """These run no more: keep how they stand."""
        self.note(twins, ours)
        for twin in twins:
            self._began.pop(twin, None)

    def _figures(self, twin: TwinLane, ours: KeptAnswers) -> ComparedTwin:
        it, counts, (seen, right) = twin.figures(), self._lane.counts, self._began[twin]
        return ComparedTwin(
            kind=TwinKind(it.kind),
            unix=time.time(),
            watched=it.answers.watched,
            kept=it.answers.kept,
            lost=tuple((lost.was, lost.now, lost.count) for lost in it.answers.lost),
            bits=it.answers.bits,
            learned=it.learned,
            reads=it.reads,
            torn=it.torn,
            unpublished=it.unpublished,
            unattributed=it.unattributed,
            seen=it.truth_seen,
            right=it.truth_right,
            ours_watched=ours.watched,
            ours_kept=ours.kept,
            ours_seen=counts.truth_seen - seen,
            ours_right=counts.truth_right - right,
        )
