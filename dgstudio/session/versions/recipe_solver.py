"""Whole versions from recipes: what a version was learned from is learned again, and must give the same digest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field

from dgstudio.errors import BadInputError, Rejected, SessionError, SessionFormatError
from dgstudio.learning.learner.reproduce import RuleCache, learning_kernel, settings_again
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass
from dgstudio.session.format.checkpoint import KERNEL_OF, PROTECTED, SETTINGS, TRAINING, Array, Checkpoint
from dgstudio.session.format.recipes import LABELS, LEARNED, Recipe, lower_meta
from dgstudio.types import Example, Mode


class OtherKernelError(SessionError):
    """A version that is kept by its recipe was learned by another kernel, and is not the same to the last bit here.

    `again` is what this kernel makes of the recipe, under the digest that this has; `kernel` names the other one.
    """

    def __init__(self, text: str, again: Checkpoint, kernel: str) -> None:
        super().__init__(text)
        self.again = again
        self.kernel = kernel


@dataclass(slots=True)
class Relearner:
    """Makes reading one version after the other cheap, by arrays, examples and a rule that go from one to the next.

    Give the same one to each `Session.checkpoint` of a row of versions. One thread.
    """

    arrays: dict[str, Array] = field(default_factory=dict)
    """The arrays of the version that was read last, by content id."""
    examples: dict[int, Example] = field(default_factory=dict)
    """The examples of the version that was learned again last, as they are in the session."""
    _rule: RuleCache = field(default_factory=RuleCache, init=False)
    _ground: str | None = field(default=None, init=False)
    _lower: tuple[Snapshot, TrainingState] | None = field(default=None, init=False)

    def whole(self, recipe: Recipe, label: str) -> Checkpoint:
        """The version of a recipe, whose examples are all in `examples`; `label` names the session.

        Raises
        ------
        OtherKernelError
            Where another kernel learned it, and it is another version here.
        SessionFormatError
            Where this kernel did and it is another all the same: it is damaged.
        """
        info = recipe.info
        try:
            snapshot = self._learned(recipe)
        except (BadInputError, Rejected, KeyError, TypeError, ValueError) as error:
            why = str(error) if isinstance(error, BadInputError | Rejected) else repr(error)
            raise SessionFormatError(
                f"Version {info.version} of the session {label} cannot be learned again from its recipe ({why}); "
                "choose another."
            ) from error
        checkpoint = self._checkpoint(recipe, snapshot)
        if snapshot.digest == info.digest and len(checkpoint.arrays) == recipe.array_count:
            return checkpoint
        kernel = str(recipe.meta.get(KERNEL_OF))
        if kernel != learning_kernel():
            raise OtherKernelError(
                f"Version {info.version} of the session {label} was made by another kernel ({kernel}; this is "
                f"{learning_kernel()}): learned again here it is not the same to the last bit; choose another.",
                checkpoint,
                kernel,
            )
        raise SessionFormatError(
            f"Version {info.version} of the session {label} is damaged: it was {info.digest[:8]}, and what it was "
            f"learned from gives {snapshot.digest[:8]} now; choose another."
        )

    def _learned(self, recipe: Recipe) -> Snapshot:
        meta = recipe.meta["snapshot"]
        lower, training = self._ground_of(recipe)
        open_banks = [bank for bank in meta["banks"] if not bank["sealed"]]
        tau, delta = None, math.inf
        if open_banks:
            tau, off = float(open_banks[-1]["tau"]), open_banks[-1]["delta"] == "off"
            delta = math.inf if off else float(open_banks[-1]["delta"])
        rule = self._rule.on(
            recipe.ground,
            settings_again(recipe.meta[SETTINGS], tau, delta),
            lower,
            training,
            dict(zip(recipe.ids.tolist(), recipe.labels.tolist(), strict=True)),
            self.examples.__getitem__,
        )
        head = lower.with_(
            version=recipe.info.version,
            parent=recipe.info.parent,
            classes=tuple(int(c) for c in meta["classes"]),
            temperature=float(meta["temperature"]),
            mode=str(meta["mode"]),
            reason=str(meta["reason"]),
            unix=float(meta["unix"]),
        )
        return rule.propose(head, Mode.BOTH)

    def _ground_of(self, recipe: Recipe) -> tuple[Snapshot, TrainingState]:
        """What lies below the learning bank, and the training that it was learned on; of the same ground the same."""
        if self._lower is None or recipe.ground != self._ground:
            lower = Snapshot.unchecked(_snapshot_own(recipe.shared), lower_meta(recipe.meta)).with_(classes=())
            training = TrainingState.from_arrays(_training_own(recipe), recipe.meta[TRAINING])
            self._lower, self._ground = (lower, training), recipe.ground
        return self._lower

    def _checkpoint(self, recipe: Recipe, snapshot: Snapshot) -> Checkpoint:
        info, (arrays, meta) = recipe.info, snapshot.to_arrays_and_meta()
        arrays.update({PROTECTED + name: array for name, array in _training_own(recipe).items()})
        # The very arrays that were read, so that versions on one ground share them.
        arrays.update(recipe.shared)
        same = snapshot.digest == info.digest
        return Checkpoint(
            version=info.version,
            parent=info.parent,
            digest=snapshot.digest,
            arrays=arrays,
            meta=recipe.meta if same else {**recipe.meta, "snapshot": meta},
            kind=info.kind,
            reason=info.reason,
            unix=info.unix,
            learned=recipe.ids,
            kept=info.kept,
        )


def _snapshot_own(shared: Mapping[str, Array]) -> dict[str, Array]:
    return {name: array for name, array in shared.items() if not name.startswith(PROTECTED)}


def _training_own(recipe: Recipe) -> dict[str, Array]:
    own = {name[len(PROTECTED) :]: array for name, array in recipe.shared.items() if name.startswith(PROTECTED)}
    return own | {LEARNED[len(PROTECTED) :]: recipe.ids, LABELS[len(PROTECTED) :]: recipe.labels}
