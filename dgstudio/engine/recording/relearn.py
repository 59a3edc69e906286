"""Relearning: what each stored version was learned from is learned again, and must give the same digest.

A version keeps its recipe: the examples that its learning bank holds, with their labels, what lies below, the sums, the
protected inputs, mode and dials. Under the locked bank its weights are a function of these, whatever came between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from enum import Enum, auto
from typing import Any

from dgstudio.engine.recording.unlearned import (
    ExamplesNotThere,
    Needed,
    NoCopy,
    NoRecipe,
    NotKept,
    NotReadable,
    OtherDigest,
    OtherSums,
    VersionNotThere,
)
from dgstudio.errors import BadInputError, Rejected, SessionError
from dgstudio.learning.label_set import LabelSet
from dgstudio.learning.learner.reproduce import RuleCache, learning_kernel, settings_again, stands_on
from dgstudio.learning.learner.training.sealing import below, seal
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.format.checkpoint import KERNEL_OF, SETTINGS, Checkpoint, CheckpointInfo
from dgstudio.session.restore import restored
from dgstudio.session.versions.recipe_solver import OtherKernelError, Relearner
from dgstudio.types import Mode, RecordKind

SEALS = frozenset({RecordKind.BANK_SEALED, RecordKind.PROTECTED})
COPIES = frozenset({RecordKind.CLASS_ADDED, RecordKind.CLASS_REMOVED, RecordKind.RELEASED, RecordKind.ROLLED_BACK})
"""Kinds of versions in which nothing is learned: they answer as another version does, with other living classes."""


@dataclass(slots=True)
class RelearnFigures:
    """What relearning found, version by version.

    `same`: learned again, with the same digest. `given`: nothing was learned in them, or they are copies of another
    version, and equal to it. `differing` and `left_out` are (version, why): learned again otherwise, and not learned
    again. `other_kernel`: differing, but another kernel learned them, where bits may differ.
    """

    same: list[int] = field(default_factory=list)
    given: list[int] = field(default_factory=list)
    differing: list[tuple[int, Reason]] = field(default_factory=list)
    other_kernel: list[int] = field(default_factory=list)
    left_out: list[tuple[int, Reason]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many versions were looked at."""
        lists = self.same, self.given, self.differing, self.other_kernel, self.left_out
        return sum(len(found) for found in lists)


class _NotPossible(Exception):
    """A version cannot be learned again, for a reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.words)
        self.reason = reason


class _Again(Enum):
    """What becomes of a version in which nothing differs."""

    SAME = auto()
    GIVEN = auto()


def relearn(session: Session, progress: Callable[[int, int], None] = lambda done, total: None) -> RelearnFigures:
    """Learn every stored version again. The session is only read; `progress` hears how many of how many are done."""
    figures = RelearnFigures()
    infos = session.checkpoints()
    recipes = _Recipes(session)
    for number, info in enumerate(infos):
        _judge(info, recipes, figures)
        progress(number + 1, len(infos))
    return figures


def _judge(info: CheckpointInfo, recipes: _Recipes, figures: RelearnFigures) -> None:
    """Learn one version again and note what came of it."""
    version = info.version
    try:
        checkpoint = recipes.stored(version)
    except OtherKernelError:
        figures.other_kernel.append(version)
        return
    except SessionError as error:
        figures.differing.append((version, NotReadable(str(error))))
        return
    if not info.whole:
        # To read it was to learn it again.
        (figures.same if info.learned else figures.given).append(version)
        return
    try:
        found = recipes.learn(checkpoint)
    except _NotPossible as error:
        figures.left_out.append((version, error.reason))
    except Rejected as error:
        figures.differing.append((version, error.reason))
    except BadInputError as error:
        figures.differing.append((version, NotReadable(str(error))))
    else:
        if found is _Again.GIVEN:
            figures.given.append(version)
        elif found is _Again.SAME:
            figures.same.append(version)
        elif checkpoint.meta.get(KERNEL_OF, learning_kernel()) != learning_kernel():
            figures.other_kernel.append(version)
        else:
            figures.differing.append((version, found))


class _Recipes:
    """Makes versions from their recipes. A rule is used on as long as what it stands on is the same."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._relearner, self._others = Relearner(), Relearner()
        self._examples = {example.id: example for example in session.examples(active_only=False)}
        self._stored = session.versions()
        self._went_back = {record.version: record.to_version for record in session.records()}
        self._newest: Snapshot | None = None
        self._rule = RuleCache()

    def stored(self, version: int) -> Checkpoint:
        """A version as the session gives it."""
        return self._session.checkpoint(version, self._relearner)

    def learn(self, checkpoint: Checkpoint) -> _Again | Reason:
        """What differs, else whether something was learned in it at all. Raises `_NotPossible`."""
        snapshot, training = restored(checkpoint, self._newest)
        self._newest = snapshot
        if checkpoint.kind in COPIES:
            return self._copied(snapshot, checkpoint)
        if checkpoint.kind in SEALS:
            return self._sealed(snapshot, training, checkpoint.meta)
        if checkpoint.kind == RecordKind.CONSOLIDATED:
            raise _NotPossible(NoRecipe(NotKept.TRAINING))
        if len(training.base_learned):
            raise _NotPossible(NoRecipe(NotKept.GRADIENT_STEPS))
        if training.partway:
            raise _NotPossible(NoRecipe(NotKept.REST))
        if not len(training.learned):
            if checkpoint.kind == RecordKind.REBUILT and training.seals:
                raise _NotPossible(NoRecipe(NotKept.LEFT_OUT))
            return _Again.GIVEN
        again = self._bank(snapshot, training, checkpoint.meta)
        return _Again.SAME if again.digest == snapshot.digest else OtherDigest(snapshot.digest, again.digest)

    def _bank(self, snapshot: Snapshot, training: TrainingState, meta: Mapping[str, Any]) -> Snapshot:
        """The version with its learning bank solved for again."""
        rule = self._rule_of(snapshot, training, meta)
        mode, head = Mode(snapshot.mode), snapshot
        if mode in (Mode.ROUTING, Mode.WEIGHTS):
            head = self._version(snapshot.parent, Needed.BEFORE)[0]
        return rule.propose(head, mode).with_(classes=snapshot.classes, temperature=snapshot.temperature)

    def _rule_of(self, snapshot: Snapshot, training: TrainingState, meta: Mapping[str, Any]) -> LockedBankRule:
        """A rule that stands on what the version stood on, with its examples."""
        target = training.published()
        lacking = sorted(target.keys() - self._examples.keys())
        if lacking:
            raise _NotPossible(ExamplesNotThere(len(lacking), lacking[0]))
        bank = snapshot.banks[-1]
        settings = settings_again(meta.get(SETTINGS), bank.tau, bank.delta)
        lower = below(snapshot, training)
        ground = stands_on(lower, training.sums, training.protected.inputs, settings)
        return self._rule.on(ground, settings, lower, training, target, self._examples.__getitem__)

    def _copied(self, snapshot: Snapshot, checkpoint: Checkpoint) -> _Again | Reason:
        """Given where it is the copy that it says it is."""
        back = checkpoint.kind == RecordKind.ROLLED_BACK
        source = self._went_back.get(snapshot.version) if back else snapshot.parent
        of = self._version(source, Needed.COPIED)[0].with_(classes=snapshot.classes)
        return _Again.GIVEN if of.digest == snapshot.digest else NoCopy(source)

    def _sealed(self, snapshot: Snapshot, training: TrainingState, meta: Mapping[str, Any]) -> _Again | Reason:
        """Seal the version before it again; its bank and its sums must come out the same."""
        before, stood = self._version(snapshot.parent, Needed.SEALED)
        if len(stood.base_learned):
            raise _NotPossible(NoRecipe(NotKept.GRADIENT_STEPS))
        if not len(stood.learned):
            raise _NotPossible(NoRecipe(NotKept.NO_SEAL))
        settings = replace(settings_again(meta.get(SETTINGS)), protected_max=0)
        rule = self._rule_of(before, stood, meta)
        labels = LabelSet(self._examples.values())
        made = seal(before, stood, rule, labels, settings, snapshot.version, snapshot.unix)
        self._rule.forget()
        again = made.snapshot.with_(classes=snapshot.classes)
        if again.digest != snapshot.digest:
            return OtherDigest(snapshot.digest, again.digest)
        mine, theirs = made.training.sums, training.sums
        if mine is None or theirs is None:
            return _Again.SAME if mine is theirs else OtherSums(there=False)
        pairs = ((getattr(mine, name), getattr(theirs, name)) for name in ("A0", "B0", "b_r"))
        same = mine.classes == theirs.classes and all(a.tobytes() == b.tobytes() for a, b in pairs)
        return _Again.SAME if same else OtherSums(there=True)

    def _version(self, version: int | None, which: Needed) -> tuple[Snapshot, TrainingState]:
        if version is None or version not in self._stored:
            raise _NotPossible(VersionNotThere(which, kept=False))
        try:
            return restored(self._session.checkpoint(version, self._others))
        except SessionError as error:
            raise _NotPossible(VersionNotThere(which, kept=True)) from error
