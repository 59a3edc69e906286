"""Beginning and going on: the learner, classes and labels of a new session, or those that a session file holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.engine.facts.event import Fact
from dgstudio.engine.facts.resuming import MadeByOtherKernel, ModelLost, OtherBase, PinnedGone, SettingsUnusable
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.runtime.class_table import OKABE_ITO, ClassTable, free_key
from dgstudio.engine.runtime.history import History
from dgstudio.errors import BadInputError, SessionError, SessionFormatError
from dgstudio.kernel import KERNEL
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.reproduce import learning_kernel, settings_kept
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.learning.settings import LOCKED_BANK, LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.published import BaseLoaded, BegunFromNothing
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.format.checkpoint import KERNEL_OF, PROTECTED, SERVED_BY, SETTINGS, TRAINING, Checkpoint
from dgstudio.session.format.rows import NO_LABEL, NOT_A_VALUE
from dgstudio.session.restore import FEATURES, SIGNAL, restored, served_here, signal_of, spec_of
from dgstudio.session.versions.recipe_solver import OtherKernelError
from dgstudio.streams.features import Features
from dgstudio.types import ClassInfo, Mode, PublishRecord, RecordKind, StreamSpec, Take

LEARNING = "learning"
"""Session setting: rule, mode, τ, δ and how many are protected at a seal, as they were set last."""


NUMBERS = ("protected", "seal_at", "features")
"""Settings of the learner that the session keeps beside its dials."""
MANY_CLASSES = 8
"""More that are new to the model come as one version."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """What an engine starts with. `past` is history that the session holds; `records` are new and still to be kept."""

    learner: Learner
    classes: ClassTable
    book: LabelBook
    base: BaseModel | None
    next_example: int = 0
    next_take: int = 0
    past: History = field(default_factory=History)
    records: list[PublishRecord] = field(default_factory=list)
    notes: list[Fact] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Restored:
    """The version that a session goes on from."""

    checkpoint: Checkpoint
    head: Snapshot
    training: TrainingState
    parked: list[int]


def checkpoint_of(learner: Learner, record: PublishRecord, *, kept: bool = False, recorded: bool = False) -> Checkpoint:
    """The version that a record made, and what the learner stood on, as the session keeps it: in the learner's thread.

    `kept`: it is never thinned out, whatever it is; `recorded`: it answered what is recorded.
    """
    assert record.version is not None
    version, training = learner.store.get(record.version), learner.training_of(record.version)
    arrays, snapshot_meta = version.to_arrays_and_meta()
    more, training_meta = training.to_arrays()
    arrays.update({PROTECTED + name: array for name, array in more.items()})
    return Checkpoint(
        version=version.version,
        parent=version.parent,
        digest=version.digest,
        arrays=arrays,
        meta={
            "snapshot": snapshot_meta,
            TRAINING: training_meta,
            "parked": sorted(learner.parked),
            KERNEL_OF: learning_kernel(),
            SERVED_BY: KERNEL,
            SETTINGS: settings_kept(learner.settings, version),
        },
        kind=record.kind,
        reason=record.reason.words,
        unix=version.unix,
        learned=_both(training.learned, training.base_learned),
        kept=kept or record.kind != RecordKind.LEARNED,
        recorded=recorded,
    )


def _both(ids: npt.NDArray[np.int64], others: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    # Not np.union1d: the first call imports what takes longer than all of this.
    return np.array(sorted({*ids.tolist(), *others.tolist()}), np.int64)


def dials_of(learner: Learner) -> dict[str, Any]:
    """Rule, mode, τ, δ and the learner's numbers that the user can set, as the session keeps them."""
    settings = learner.settings
    delta = settings.delta if math.isfinite(settings.delta) else None
    dials = {"rule": settings.rule, "mode": learner.mode.value, "tau": settings.tau, "delta": delta}
    return {**dials, **{name: getattr(settings, name) for name in NUMBERS}}


def _dialled(
    session: Session, settings: LearnerSettings | None, has_base: bool
) -> tuple[LearnerSettings, Mode, list[Fact]]:
    """The settings with the dials as the session has them, the mode, and what should be said."""
    settings = settings or LearnerSettings()
    kept = session.config(LEARNING)
    if kept is None:
        return settings, Mode.BOTH, []
    try:
        mode, rule = Mode(kept["mode"]), str(kept["rule"])
        delta = math.inf if kept["delta"] is None else float(kept["delta"])
        # The gradient rule moves a base: a session that was rolled back to before it had one goes on without.
        rule = rule if has_base else LOCKED_BANK
        numbers: dict[str, Any] = {name: int(kept.get(name, getattr(settings, name))) for name in NUMBERS}
        dialled = replace(settings, rule=rule, tau=float(kept["tau"]), delta=delta, **numbers)
        return dialled.check(), mode, []
    except (BadInputError, *NOT_A_VALUE):
        return settings, Mode.BOTH, [SettingsUnusable()]


def resume(
    session: Session,
    base: BaseModel | None,
    spec: StreamSpec,
    features: Features,
    settings: LearnerSettings | None = None,
) -> Resumed:
    """Take up what the session holds, or begin with the base model, or from nothing.

    A session that is watched is taken as it is: whoever writes it brings it up to date.

    Raises
    ------
    BadInputError
        If the session's examples have other features than this stream gives; or if it is watched, and holds no version
        yet.
    """
    known, signal = _kept_features(session), _kept_signal(session)
    if known is not None and tuple(known) != features.names:
        raise BadInputError(
            f"The session {session.name} was made with other channels than “{spec.name}” has: "
            f"open it with the stream that it was made with{_named(signal)} (--source)."
        )
    if not session.read_only and (known is None or signal is None):
        with session.batch():
            session.set_config(FEATURES, list(features.names))
            session.set_config(SIGNAL, signal_of(spec))
    infos = session.classes()
    latest = _newest(session)
    if latest is None and session.watched:
        raise BadInputError(f"The session {session.name} holds no version of its model yet: watch it once it does.")
    if latest is None:
        return _begun(session, base, infos, settings, len(features.names))
    return _gone_on(session, base, latest, infos, settings, len(features.names))


def _newest(session: Session) -> _Restored | None:
    """The newest version that can be gone on from; what cannot be restored is passed over and said."""
    for checkpoint in session.newest_checkpoints():
        try:
            head, training = restored(checkpoint)
            return _Restored(checkpoint, head, training, [int(i) for i in checkpoint.meta.get("parked", ())])
        except BadInputError as error:
            session.tell(str(error))
        except NOT_A_VALUE as error:
            session.tell(f"Version {checkpoint.version} of the session is incomplete: {error!r}.")
    return None


def _kept_features(session: Session) -> list[str] | None:
    """Names of the features that the session's examples have; None where it does not say."""
    known = session.config(FEATURES)
    if known is None or (isinstance(known, list) and all(isinstance(name, str) for name in known)):
        return known
    session.tell("The session's names of features are damaged: they are taken from the stream.")
    return None


def _kept_signal(session: Session) -> dict[str, Any] | None:
    """What the session keeps of its stream; None where it does not say."""
    signal = session.config(SIGNAL)
    if signal is None:
        return None
    try:
        spec_of(signal)
    except (BadInputError, *NOT_A_VALUE) as error:
        session.tell(f"What the session says of its stream is taken from the stream instead: {error}")
        return None
    return dict(signal)


def _named(signal: Any) -> str:
    """“, Basic motions” of what is kept under `SIGNAL`, or nothing."""
    name = signal.get("name") if isinstance(signal, dict) else None
    return f", “{name}”" if isinstance(name, str) and name else ""


def _begun(
    session: Session, base: BaseModel | None, infos: list[ClassInfo], settings: LearnerSettings | None, dim: int
) -> Resumed:
    """A new session, one that was killed before its first version was written, or one of whose versions none is left.

    In the last case the versions that it had keep their numbers, and that it begins anew is said.
    """
    if not infos and base is not None:
        named = zip(base.classes, base.class_names, strict=True)
        infos = []
        for class_id, name in named:
            key = free_key({info.key for info in infos})
            infos.append(ClassInfo(class_id, name, key, OKABE_ITO[class_id % len(OKABE_ITO)]))
    classes, labels, past = ClassTable(infos), _Labels(session, dim), History(session.records())
    settings, mode, notes = _dialled(session, settings, base is not None)
    before = _numbers(session, past)
    if before:
        notes.append(ModelLost(max(before)))
    seq = max((record.seq for record in past), default=-1) + 1
    learner = Learner.begin(
        base,
        settings,
        examples=labels.active,
        name_of=_namer(classes),
        recall=_recaller(session),
        fetch=session.examples_by_id,
        mode=mode,
        next_version=max(before, default=-1) + 1,
        next_seq=seq + bool(seq),
    )
    head = learner.store.head
    names = tuple(classes.names[c] for c in head.classes)
    first = PublishRecord(
        seq=seq,
        kind=RecordKind.INITIAL,
        version=head.version,
        parent=None,
        reason=BaseLoaded(names) if names else BegunFromNothing(),
        time=0.0,
        unix=head.unix,
        digest=head.digest,
        protected=learner.protected_count,
    )
    return Resumed(
        learner,
        classes,
        labels.book(),
        base,
        labels.next_example,
        labels.next_take,
        past=past,
        records=[first, *_with_living(learner, classes)],
        notes=notes,
    )


def _gone_on(
    session: Session,
    base: BaseModel | None,
    newest: _Restored,
    infos: list[ClassInfo],
    settings: LearnerSettings | None,
    dim: int,
) -> Resumed:
    latest, head, training = newest.checkpoint, newest.head, newest.training
    classes, labels = ClassTable(infos), _Labels(session, dim)
    past = History(session.records())
    numbers = _numbers(session, past)
    settings, mode, notes = _dialled(session, settings, head.base is not None)
    learner = Learner(
        head,
        training,
        settings,
        examples=labels.active,
        parked=newest.parked,
        name_of=_namer(classes),
        recall=_recaller(session),
        fetch=session.examples_by_id,
        mode=mode,
        next_version=max(numbers, default=head.version) + 1,
        next_seq=max((record.seq for record in past), default=-1) + 1,
        learn_again=not served_here(latest),
    )
    if not served_here(latest):
        notes.append(MadeByOtherKernel(KERNEL))
    notes += _served_again(session, learner)
    if base is not None and head.base is not None and not _stands_on(head, base):
        # It is kept all the same: a version before a new base stands on it.
        notes.append(OtherBase())
    return Resumed(
        learner,
        classes,
        labels.book(),
        base,
        labels.next_example,
        labels.next_take,
        past=past,
        records=[] if session.watched else _with_living(learner, classes),
        notes=notes,
    )


def _numbers(session: Session, past: Iterable[PublishRecord]) -> list[int]:
    """Numbers of versions that the session has, or had."""
    return [info.version for info in session.checkpoints()] + [r.version for r in past if r.version is not None]


def _stands_on(head: Snapshot, base: BaseModel) -> bool:
    """Whether a version stands on this base model: φ's own copy of its units is never moved by learning."""
    return head.phi is not None and head.phi.W1 is not None and head.phi.ids["W1"] == base.phi.ids["W1"]


def _served_again(session: Session, learner: Learner) -> list[Fact]:
    """Pin the version that was pinned when the session was closed; returns what should be said where it is gone."""
    serving = session.serving
    if serving in (None, session.head, learner.store.head.version):
        return []
    try:
        learner.recalled(serving)
        learner.store.pin(serving)
    except BadInputError as error:
        return [PinnedGone(str(error))]
    return []


class _Labels:
    """Takes and examples of a session."""

    def __init__(self, session: Session, dim: int) -> None:
        self._session = session
        self._takes: list[Take] = session.takes()
        every = session.examples(active_only=False)
        self._every = [example for example in every if len(example.features) == dim]
        if len(self._every) < len(every):
            others = len(every) - len(self._every)
            session.tell(f"Examples that do not have {dim} features each are left out: {others:,}.")
        self._hidden = session.inactive_ids()
        left = [example.id for example in self._every if example.class_id == NO_LABEL]
        if left and not session.read_only:
            # An import that was cut off: nothing of it ever stood.
            session.drop_examples(left, ())
        self.active = [example for example in self._every if example.id not in self._hidden]
        self.next_example = max((example.id for example in every), default=-1) + 1
        self.next_take = max((take.id for take in self._takes), default=-1) + 1

    def book(self) -> LabelBook:
        """What undo walks and the cards show."""
        book = LabelBook()
        acts, done = self._session.acts()
        lacking = book.restore(self._takes, self._every, self._hidden, acts, done, self._session.notes())
        if not self._session.read_only:
            for act in lacking:
                self._session.put_act(act)
        return book


def _recaller(session: Session) -> Callable[[int], tuple[Snapshot, TrainingState] | None]:
    """Fetches what memory has let go of from the session; what cannot be made again there raises BadInputError."""

    def recall(version: int) -> tuple[Snapshot, TrainingState] | None:
        try:
            return restored(session.checkpoint(version))
        except (SessionFormatError, OtherKernelError) as error:
            raise BadInputError(str(error)) from error
        except SessionError:
            return None

    return recall


def _namer(classes: ClassTable) -> Callable[[int], str]:
    """Class id → name, as the table has it at that moment."""
    return lambda class_id: classes.names.get(class_id, f"class {class_id}")


def _with_living(learner: Learner, classes: ClassTable) -> list[PublishRecord]:
    """Bring the head's classes to those that live: a kill may come between the label and the version."""
    living = {info.id: None for info in classes.living()}
    records = [learner.remove_class(c) for c in learner.store.head.classes if c not in living]
    known = set(learner.store.head.classes)
    new = [c for c in living if c not in known]
    if len(new) > MANY_CLASSES:
        records.append(learner.add_classes(new))
    else:
        records += [learner.add_class(c) for c in new]
    return [record for record in records if record is not None]
