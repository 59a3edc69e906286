"""An import into a session that no window has open: written by a dg-store of its own, learned when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from dgstudio.engine.imports.column_mapping import FEATURES, Choices, Target, guessed, matched, numeric_columns
from dgstudio.engine.imports.plan import ImportPlan, plan_import
from dgstudio.engine.imports.sources import read_any
from dgstudio.engine.imports.windows import LEARN_EVERY_S
from dgstudio.engine.imports.writer import store_import
from dgstudio.engine.labels.import_door import ImportDoor
from dgstudio.engine.labels.label_history import LabelHistory
from dgstudio.engine.labels.labeller import Labeller
from dgstudio.engine.labels.prequential import PrequentialScores
from dgstudio.engine.labels.store_worker import StoreWorker
from dgstudio.engine.lifecycle.resume import resume
from dgstudio.engine.recording.recorder import StreamRecorder
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.rings import RecordRing, SampleRing
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.errors import BadInputError, SessionError
from dgstudio.session.file import Session
from dgstudio.session.restore import FEATURES as FEATURE_NAMES
from dgstudio.session.restore import SIGNAL
from dgstudio.streams.imports.table import ImportTable
from dgstudio.streams.imports.watch import Watch
from dgstudio.streams.plugins.own_features import features_of
from dgstudio.types import Cause, Example, LabelledBy, Reading, StreamKind, StreamSpec

JOIN_S = 60.0


def import_into(
    session: Session,
    path: Path,
    choose: Callable[[ImportTable, Choices, Target], Choices],
    *,
    only_plan: bool = False,
) -> ImportPlan:
    """Import a file, or another session, into a session; it is closed at the end.

    Parameters
    ----------
    session
        One that can be written, and was open in the studio before: its stream says what examples have to be like.
    choose
        Called with the table and a first guess; returns what is to be done.
    only_plan
        Say what would come, and change nothing.

    Raises
    ------
    DgstudioError
        If it cannot be done; nothing is changed then.
    """
    with session:
        if session.read_only and not only_plan:
            problem = next(iter(session.report.problems), f"Nothing can be saved in {session.name}.")
            raise SessionError(problem)
        target = _target(session)
        watch = Watch()
        first = read_any(path, target, watch)
        choices = choose(first, guessed(first, target), target)
        label = first.column(choices.label)
        table = first if label is None or label.named else read_any(path, target, watch, (label.name,))
        plan = plan_import(table, choices, target, watch)
        if plan.blocker:
            raise BadInputError(plan.blocker)
        if not only_plan:
            _store(session, target, plan, watch)
        return plan


def with_options(
    table: ImportTable,
    choices: Choices,
    target: Target,
    *,
    label: str | None,
    time: str | None,
    rate: float | None,
    features: bool,
) -> Choices:
    """Replace in a first guess what the user knows better; `BadInputError` names a column that is not there."""
    for name in (label, time):
        if name is not None and table.column(name) is None:
            has = ", ".join(column.name for column in table.columns[:12])
            raise BadInputError(f"{table.path.name} has no column “{name}”; it has {has}.")
    choices = replace(choices, label=label or choices.label, time=time or choices.time, rate=rate or choices.rate)
    if features:
        return replace(choices, shape=FEATURES)
    if choices.shape != FEATURES and label is not None:
        # What was taken for a channel may be the label.
        return replace(choices, channels=matched(numeric_columns(table, choices), target.spec.channels))
    return choices


def _target(session: Session) -> Target:
    names, signal = session.config(FEATURE_NAMES), session.config(SIGNAL)
    try:
        spec = StreamSpec(
            name=str(signal["name"]),
            kind=StreamKind(signal["kind"]),
            rate=float(signal["rate"]),
            channels=tuple(map(str, signal["channels"])),
            window_s=float(signal["window_s"]),
            hop_s=float(signal["hop_s"]),
        )
        return Target(spec, tuple(map(str, names)), tuple(info.name for info in session.classes() if info.living))
    except (KeyError, TypeError, ValueError):
        raise BadInputError(
            f"The session {session.name} does not say which stream it is of: open it in the studio once, then import."
        ) from None


def _store(session: Session, target: Target, plan: ImportPlan, watch: Watch) -> None:
    """Run dg-store until the import is written."""
    if session.latest_checkpoint() is None:
        raise BadInputError(
            f"The session {session.name} has no model yet: open it in the studio once, then import into it."
        )
    resumed = resume(session, None, target.spec, features_of(target.spec))
    readings: RecordRing[Reading] = RecordRing(1)
    ring, events = SampleRing(16, len(target.spec.channels)), EventQueue()
    labeller = Labeller(
        target.spec,
        readings,
        ring,
        learn_every_s=LEARN_EVERY_S,
        next_example=resumed.next_example,
        next_take=resumed.next_take,
    )

    queue, book, classes, model = StoreQueue(session, events), resumed.book, resumed.classes, _NoModel()
    store = StoreWorker(
        queue,
        labeller,
        book,
        classes,
        model,
        events,
        lambda: 0.0,
        recorder=StreamRecorder(session, target.spec, ring, readings, events, lambda: 0),
        scores=PrequentialScores(resumed.learner.store),
        sets_aside=False,
        reaction_s=lambda: 0.0,
        hold_s=0.0,
    )
    history = LabelHistory(queue, book, classes, model, events)
    store.start()
    try:
        store_import(ImportDoor(queue, history, book, classes, labeller, store), plan, watch)
    finally:
        store.stop()
        store.join(JOIN_S)
    if queue.saved.failed:
        raise SessionError(queue.saved.why)


class _NoModel:
    """Nobody learns here: whoever opens the session does."""

    def absorb(self, examples: Sequence[Example], made_wall: float, cause: Cause) -> None: ...

    def forget(self, ids: Sequence[int], cause: Cause) -> None: ...

    def add_class(self, class_id: int, cause: Cause) -> None: ...

    def remove_class(self, class_id: int, cause: Cause) -> None: ...

    def act_ended(self, who: LabelledBy) -> None: ...

    def go_to(self, version: int | None, cause: Cause) -> None: ...

    def still_in(self, ids: Sequence[int]) -> None: ...
