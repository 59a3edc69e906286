"""What the learner stood on at a version: the sets that, with the base, determine its weights."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dgstudio.learning.bank.locked_bank import Sums
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.settings import GRADIENT, LOCKED_BANK
from dgstudio.model.snapshot import frozen
from dgstudio.records import dataclass

Array = npt.NDArray[Any]


def id_array(ids: Iterable[int]) -> npt.NDArray[np.int64]:
    """Ascending, read-only."""
    return frozen(np.sort(np.fromiter(ids, np.int64)), np.int64)


def _none() -> npt.NDArray[np.int64]:
    return id_array(())


@dataclass(frozen=True, slots=True, eq=False)
class Seal:
    """A sealed bank, the examples folded in with it (ascending), their class ids, and the version before the seal."""

    bank: int
    ids: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    before: int


class Dials(NamedTuple):
    """What the user sets of the learner while it runs: rule and mode by name, τ and δ."""

    rule: str
    mode: str
    tau: float
    delta: float


@dataclass(frozen=True, slots=True, eq=False)
class TrainingState:
    """The learning bank's examples (ids, ascending, and the class ids they were learned with), P, the sums, the seals.

    The sums are None where the model began from nothing and nothing is sealed. `certified` is the last version that
    protected something. `base_learned` and `base_labels` are the examples that moved the base itself, likewise.
    `dials` are those that the version was made with, None where that is not known. `partway`: its learning bank is on
    the way from what these examples give to another one, part by part.
    """

    learned: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    protected: ProtectedSet
    sums: Sums | None
    seals: tuple[Seal, ...]
    certified: int | None
    base_learned: npt.NDArray[np.int64] = field(default_factory=_none)
    base_labels: npt.NDArray[np.int64] = field(default_factory=_none)
    dials: Dials | None = None
    partway: bool = False

    def published(self, rule: str = LOCKED_BANK) -> dict[int, int]:
        """Example id → class id, by id, of what a rule has learned where it learns: the learning bank, or the base."""
        ids, labels = (self.base_learned, self.base_labels) if rule == GRADIENT else (self.learned, self.labels)
        return dict(zip(ids.tolist(), labels.tolist(), strict=True))

    def with_published(self, labels: Mapping[int, int], rule: str = LOCKED_BANK) -> TrainingState:
        """The same, but for what a rule has learned: example id → class id."""
        ids = id_array(labels)
        class_ids = frozen([labels[int(i)] for i in ids], np.int64)
        if rule == GRADIENT:
            return replace(self, base_learned=ids, base_labels=class_ids)
        return replace(self, learned=ids, labels=class_ids)

    def sealed(self, rule: str = LOCKED_BANK) -> dict[int, int]:
        """Example id → class id of all that is learned where this rule does not learn; what lies higher overrides."""
        layers = [(seal.ids, seal.labels) for seal in self.seals]
        if rule == GRADIENT:
            layers.append((self.learned, self.labels))
        else:
            layers.insert(0, (self.base_learned, self.base_labels))
        pairs = (zip(ids.tolist(), labels.tolist(), strict=True) for ids, labels in layers)
        return {example_id: class_id for pair in pairs for example_id, class_id in pair}

    def every(self) -> set[int]:
        """Ids of all examples that are learned, sealed ones and those of the base too."""
        layers = (self.learned, self.base_learned, *(seal.ids for seal in self.seals))
        return {int(i) for ids in layers for i in ids}

    def to_arrays(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays by name and JSON-able metadata."""
        arrays, cohorts = self.protected.to_arrays()
        arrays |= {"learned": self.learned, "labels": self.labels}
        if len(self.base_learned):
            arrays |= {"base.learned": self.base_learned, "base.labels": self.base_labels}
        for index, seal in enumerate(self.seals):
            arrays[f"seal.{index}.ids"] = seal.ids
            arrays[f"seal.{index}.labels"] = seal.labels
        meta: dict[str, Any] = {
            "cohorts": cohorts,
            "seals": [{"bank": seal.bank, "before": seal.before} for seal in self.seals],
            "certified": self.certified,
            "sums": None,
            "dials": None,
        }
        if self.partway:
            meta["partway"] = True
        if self.dials is not None:
            rule, mode, tau, delta = self.dials
            # JSON has no infinity.
            meta["dials"] = [rule, mode, tau, delta if math.isfinite(delta) else None]
        if self.sums is not None:
            arrays |= {"sums.A0": self.sums.A0, "sums.B0": self.sums.B0, "sums.b_r": self.sums.b_r}
            meta["sums"] = list(self.sums.classes)
        return arrays, meta

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> TrainingState:
        """What `to_arrays` gave, byte for byte. KeyError where something is missing."""
        sums = None
        if meta["sums"] is not None:
            A0, B0, b_r = (frozen(arrays[f"sums.{name}"]) for name in ("A0", "B0", "b_r"))
            sums = Sums(A0, B0, b_r, tuple(int(c) for c in meta["sums"]))
        seals = tuple(
            Seal(
                int(seal["bank"]),
                id_array(arrays[f"seal.{index}.ids"]),
                frozen(arrays[f"seal.{index}.labels"], np.int64),
                int(seal["before"]),
            )
            for index, seal in enumerate(meta["seals"])
        )
        protected = ProtectedSet.from_arrays(arrays, meta["cohorts"])
        learned, labels = (frozen(arrays[name], np.int64) for name in ("learned", "labels"))
        dials = None
        if meta.get("dials") is not None:
            rule, mode, tau, delta = meta["dials"]
            dials = Dials(str(rule), str(mode), float(tau), math.inf if delta is None else float(delta))
        partway = meta.get("partway") is True
        training = cls(learned, labels, protected, sums, seals, meta["certified"], dials=dials, partway=partway)
        if "base.learned" not in arrays:
            return training
        ids, class_ids = (frozen(arrays[name], np.int64) for name in ("base.learned", "base.labels"))
        return replace(training, base_learned=ids, base_labels=class_ids)
