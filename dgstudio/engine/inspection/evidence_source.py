"""What each bank of any version rests on: solved again where it has to be, checked against the bank's own weights."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from dgstudio.engine.inspection.known_examples import ExamplesOf
from dgstudio.engine.inspection.reachable_versions import ReachableVersions, StandingVersion
from dgstudio.engine.inspection.unavailable import ExamplesMissing, NothingNoted, SolvedOtherwise, UnavailableError
from dgstudio.errors import Rejected
from dgstudio.learning.bank.attribution import Evidence
from dgstudio.learning.bank.locked_bank import Sums
from dgstudio.learning.learner.bank_ground import BankGround
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.reproduce import stands_on
from dgstudio.learning.learner.training.training_state import Seal, TrainingState
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.snapshot import Bank, Snapshot
from dgstudio.reasons.reason import Reason
from dgstudio.types import F32, Example, Mode

CACHE_BYTES = 64 << 20
"""As much evidence is kept; of a thousand examples it takes four megabytes."""
GROUNDS = 2
"""Grounds that are kept, some twenty megabytes each: that of the learning bank, and one more."""
TRIED = 6
"""Grounds at most on which one bank is solved for."""
ANCESTORS = 8
"""Versions at most that are looked at for where a bank was learned, besides those in memory."""
MODES = (Mode.BOTH, Mode.WEIGHTS, Mode.ROUTING)


class EvidenceSource:
    """Finds `Evidence` of the banks of any version, sealed ones too. One thread.

    A bank is solved again from what its version, or an earlier one that has the very same bank, stands on. It is
    explained only where the parts add up to what the bank itself scores: see `BankGround.evidence`.
    """

    def __init__(self, learner: Learner, versions: ReachableVersions, examples: ExamplesOf) -> None:
        self._learner = learner
        self._versions = versions
        self._examples = examples
        self._found: OrderedDict[object, Evidence] = OrderedDict()
        self._grounds: OrderedDict[object, BankGround] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """What the kept evidence takes, in bytes."""
        return sum(evidence.size_bytes for evidence in self._found.values())

    def let_go(self) -> None:
        """Keep no grounds any more; what was explained stays."""
        self._grounds.clear()

    def evidence_of(self, version: int, place: int | None = None) -> Evidence | Reason | None:
        """What a bank of a version rests on, by its place from 0; of the last one where that is None.

        Returns
        -------
        A reason where it cannot be had, and None where there is no such bank.

        Raises
        ------
        UnavailableError
            Where the version cannot be reached.
        """
        return self.of(self._versions.of(version), place)

    def of(self, standing: StandingVersion, place: int | None = None) -> Evidence | Reason | None:
        """The same of a version that is at hand."""
        banks = standing.snapshot.banks
        place = len(banks) - 1 if place is None else place
        if not 0 <= place < len(banks):
            return None
        key = _content(standing.snapshot, place)
        known = self._found.get(key)
        if known is None:
            found = self._of_learner(standing, place) or self._solved(standing, place)
            if isinstance(found, Reason):
                return found
            known = self._found[key] = found
        self._found.move_to_end(key)
        while len(self._found) > 1 and self.size_bytes > CACHE_BYTES:
            self._found.popitem(last=False)
        return known.of(standing.snapshot)

    def learned_by(self, standing: StandingVersion, place: int) -> dict[int, int] | None:
        """Example id → class id of what a bank was learned from; None where that is not noted."""
        seal = _seal_of(standing, place)
        if seal is not None:
            return dict(zip(seal.ids.tolist(), seal.labels.tolist(), strict=True))
        last = place == len(standing.snapshot.banks) - 1 and not standing.snapshot.banks[place].sealed
        return standing.training.published() if last and len(standing.training.learned) else None

    # -- inside ------------------------------------------------------------------------------------------------

    def _of_learner(self, standing: StandingVersion, place: int) -> Evidence | None:
        """The learner's own, where it is about this very bank."""
        evidence = self._learner.evidence()
        same = evidence is not None and evidence.version == standing.version
        return evidence if same and place == len(standing.snapshot.banks) - 1 else None

    def _solved(self, standing: StandingVersion, place: int) -> Evidence | Reason:
        snapshot, learned = standing.snapshot, self.learned_by(standing, place)
        if not learned:
            return NothingNoted(place)
        known = self._examples(learned)
        lacking = sorted(learned.keys() - known.keys())
        if lacking:
            return ExamplesMissing(place, len(lacking), lacking[0])
        examples = [replace(known[i], class_id=c) for i, c in sorted(learned.items())]
        least = float("inf")
        for ground, modes in self._possible(standing, place):
            try:
                rows = ground.rows(examples)
            except Rejected:
                continue
            for mode in modes:
                found, error = ground.evidence(snapshot, snapshot.banks[place], rows, mode)
                if found is not None:
                    return found
                least = min(least, error)
        return SolvedOtherwise(place, least)

    def _possible(self, standing: StandingVersion, place: int) -> Iterator[tuple[BankGround, tuple[Mode, ...]]]:
        """Grounds on which a bank may have been learned, the likeliest first, and the modes in which."""
        tried: set[object] = set()
        for source in self._sources(standing, place):
            training, modes = source.training, _modes(source.snapshot)
            if _stood_below(training, standing.snapshot, place):
                key, ground = self._ground(source.snapshot, place, training.sums, training.protected.inputs, source)
            else:
                made = self._folded(source, standing, place)
                if made is None:
                    continue
                key, ground = made
                modes = MODES
            if key not in tried:
                tried.add(key)
                yield ground, modes
            if len(tried) == TRIED:
                return

    def _sources(self, standing: StandingVersion, place: int) -> Iterator[StandingVersion]:
        """Versions on whose ground a bank may have been learned: those that have the very bank unsealed; its own."""
        seal, content = _seal_of(standing, place), _content(standing.snapshot, place)
        if seal is None:
            yield standing
        else:
            yield from self._reached([seal.before])
        same = [s.version for s in self._versions.in_memory() if _has_open(s, place, content)]
        yield from self._reached(same)
        # Released or renamed classes since it was learned, and memory has let go of it: back along its parents.
        parent = standing.snapshot.parent if seal is None else seal.before
        for _ in range(ANCESTORS):
            before = next(self._reached([] if parent is None else [parent]), None)
            if before is None or not _has_open(before.snapshot, place, content):
                return
            yield before
            parent = before.snapshot.parent

    def _reached(self, versions: list[int]) -> Iterator[StandingVersion]:
        for version in versions:
            try:
                yield self._versions.of(version)
            except UnavailableError:
                continue

    def _ground(
        self, snapshot: Snapshot, place: int, sums: Sums | None, protected: F32, of: StandingVersion
    ) -> tuple[object, BankGround]:
        """A ground, made once for all banks that were learned on it."""
        lower, settings = snapshot.with_(banks=snapshot.banks[:place]), _of_bank(of.settings, snapshot.banks[place])
        key = stands_on(lower, sums, protected, settings)
        ground = self._grounds.get(key)
        if ground is None:
            ground = self._grounds[key] = BankGround(lower, sums, protected, settings)
        self._grounds.move_to_end(key)
        while len(self._grounds) > GROUNDS:
            self._grounds.popitem(last=False)
        return key, ground

    def _folded(
        self, source: StandingVersion, standing: StandingVersion, place: int
    ) -> tuple[object, BankGround] | None:
        """The ground of a bank that was made anew after others, from a version before all of them (a rebuild).

        The versions in between were never published: their sums are folded again.
        """
        snapshot, training = standing.snapshot, standing.training
        stood = source.training
        sums, first = stood.sums, len(stood.seals)
        if first > place:
            return None
        for between in range(first, place):
            learned = self.learned_by(standing, between)
            known = {} if learned is None else self._examples(learned)
            if learned is None or learned.keys() - known.keys():
                return None
            examples: list[Example] = [replace(known[i], class_id=c) for i, c in sorted(learned.items())]
            protected = _closed_for(training, snapshot.banks[between])
            _, ground = self._ground(snapshot, between, sums, protected, standing)
            try:
                sums = ground.folded(examples)
            except Rejected:
                return None
        return self._ground(snapshot, place, sums, _closed_for(training, snapshot.banks[place]), standing)


def _content(snapshot: Snapshot, place: int) -> tuple[object, ...]:
    """What a bank scores, by content."""
    bank, phi = snapshot.banks[place], snapshot.phi
    assert phi is not None, "a bank reads features"
    normaliser = snapshot.normaliser
    scale = None if normaliser is None else tuple(sorted(normaliser.ids.items()))
    return phi.id, scale, bank.classes, bank.ids["w"], bank.ids["R"]


def _has_open(snapshot: Snapshot, place: int, content: object) -> bool:
    """Whether a version has the very bank, not sealed yet."""
    return (
        len(snapshot.banks) == place + 1 and not snapshot.banks[place].sealed and _content(snapshot, place) == content
    )


def _seal_of(standing: StandingVersion, place: int) -> Seal | None:
    bank = standing.snapshot.banks[place]
    return next((seal for seal in standing.training.seals if seal.bank == bank.id), None) if bank.sealed else None


def _stood_below(training: TrainingState, snapshot: Snapshot, place: int) -> bool:
    """Whether what a version stood on is what lies below the bank: as many are sealed."""
    return len(training.seals) == place == len(snapshot.banks[:place])


def _modes(snapshot: Snapshot) -> tuple[Mode, ...]:
    """The mode that a version says it was learned in, and the others: a dial may have been turned after it."""
    said = Mode(snapshot.mode) if snapshot.mode in set(Mode) else Mode.BOTH
    first = Mode.BOTH if said is Mode.OFF else said
    return (first, *(mode for mode in MODES if mode is not first))


def _of_bank(settings: LearnerSettings, bank: Bank) -> LearnerSettings:
    return replace(settings, tau=bank.tau)


def _closed_for(training: TrainingState, bank: Bank) -> F32:
    """The protected inputs that joined before a bank was born, (N, d)."""
    protected = training.protected
    return replace(protected, cohorts=tuple(c for c in protected.cohorts if bank.id not in c.banks)).inputs
