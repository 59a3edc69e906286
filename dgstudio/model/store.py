"""The history of snapshots: publishing is one assignment; readers take `serving` without a lock."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable

from dgstudio.errors import BadInputError
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.published import RolledBack

MAX_KEPT = 128
RECENT = 64
"""The newest versions are never thinned out."""
PLANS = 4
"""Plans that are kept: of the versions before and after a publish, of that which serves, and of one proposed."""
DIGEST_BYTES = 16
"""Of a snapshot's digest."""


class SnapshotStore:
    """Two references and a bounded history. One thread publishes, pins and rolls back; any thread reads.

    `head` is the learner's parent, `serving` what readers take: pinning holds `serving` still while `head` goes on.

    Parameters
    ----------
    initial
        The first version; it is kept for good.
    max_kept
        Versions held in memory, pinned and kept ones not counted. Older ones thin out, the oldest gaps first.
    next_version
        The least number that a version may get, where a file holds versions that memory does not.
    """

    def __init__(self, initial: Snapshot, max_kept: int = MAX_KEPT, next_version: int = 0) -> None:
        self._held = {initial.version: initial}
        self._digests = _Digests()
        self._digests.note(initial.version, initial.digest)
        self._next = max(next_version, initial.version + 1)
        self._kept = {initial.version}
        self._max_kept = max(max_kept, RECENT)
        self._plans: tuple[Plan, ...] = ()
        self.head = initial
        self.serving = initial
        self.pinned: int | None = None
        self.before_serving: Callable[[Snapshot], object] = lambda _snapshot: None
        """Called with a version just before it serves, in the thread that publishes: whoever answers makes ready."""

    @property
    def next_version(self) -> int:
        """The number that the next published version gets."""
        return self._next

    def publish(self, snapshot: Snapshot) -> None:
        """Make `snapshot` the head, and the serving version unless one is pinned.

        Raises
        ------
        BadInputError
            If its version is not newer than all before it: a number never means two things.
        """
        if snapshot.version < self.next_version:
            raise BadInputError(f"Version {snapshot.version} was published before; {self.next_version} is next.")
        self._next = snapshot.version + 1
        self._take(snapshot)
        self.head = snapshot
        if self.pinned is None:
            self._serve(snapshot)

    def adopt(self, snapshot: Snapshot) -> None:
        """Hold an older version again, fetched from where it was kept; neither `head` nor `serving` moves.

        Raises
        ------
        BadInputError
            If another content was published under its number.
        """
        if self._digests.of(snapshot.version) not in (None, snapshot.digest):
            raise BadInputError(f"Version {snapshot.version} is not the one that was published; choose another.")
        self._take(snapshot)

    def pin(self, version: int) -> None:
        """Serve `version` until `unpin`, whatever is published meanwhile."""
        self._serve(self.get(version))
        self.pinned = version

    def unpin(self) -> None:
        """Serve the head again."""
        self.pinned = None
        self._serve(self.head)

    def keep(self, version: int) -> None:
        """Never thin this version out."""
        self.get(version)
        self._kept.add(version)

    def roll_back(self, version: int, *, classes: tuple[int, ...], unix: float) -> Snapshot:
        """Publish the content of `version` again, with these living classes, as head and serving, and return it."""
        again = self.get(version).with_(
            version=self.next_version,
            parent=self.head.version,
            classes=classes,
            reason=RolledBack(version).words,
            unix=unix,
        )
        self.pinned = None
        self.publish(again)
        return again

    def get(self, version: int) -> Snapshot:
        """Return a version that is still held; `BadInputError` says whether it ever was."""
        snapshot = self._held.get(version)
        if snapshot is None:
            why = "has been thinned out of memory" if self._digests.of(version) else "does not exist"
            raise BadInputError(f"Version {version} {why}; choose another.")
        return snapshot

    def plan(self, snapshot: Snapshot) -> Plan:
        """Compile a snapshot for answering, unless that was done just now; whether it was published does not matter.

        Any thread. A publish asks for the same plan a dozen times, for what is proved, audited and told of it.
        """
        plans = self._plans
        plan = next((plan for plan in plans if plan.snapshot is snapshot), None) or Plan(snapshot)
        if not plans or plans[0] is not plan:
            # What was asked for last goes last. One assignment: of what two threads add at once one is made again.
            self._plans = (plan, *[other for other in plans if other is not plan][: PLANS - 1])
        return plan

    def holds(self, version: int) -> bool:
        """Whether `get` would return this version."""
        return version in self._held

    def ever(self, version: int, digest: str) -> bool:
        """Whether this version was ever published, with this digest."""
        return self._digests.of(version) == digest

    def history(self) -> list[Snapshot]:
        """Return the versions that are held, oldest first."""
        return [snapshot for _, snapshot in sorted(self._held.items())]

    def _serve(self, snapshot: Snapshot) -> None:
        self.before_serving(snapshot)
        self.serving = snapshot

    def _take(self, snapshot: Snapshot) -> None:
        self._digests.note(snapshot.version, snapshot.digest)
        self._held = {**self._held, snapshot.version: snapshot}
        if len(self._held) > self._max_kept + len(self._kept):
            self._thin(snapshot.version)

    def _thin(self, newcomer: int) -> None:
        """Drop every other version of the older ones that nobody asked to keep."""
        safe = self._kept | {self.head.version, self.serving.version, newcomer}
        versions = sorted(self._held)
        candidates = [v for v in versions[:-RECENT] if v not in safe]
        dropped = set(candidates[::2])
        self._held = {v: s for v, s in self._held.items() if v not in dropped}


class _Digests:
    """The digest of every version there ever was, in 24 bytes each: hours of learning make tens of thousands.

    One thread notes, any thread asks.
    """

    def __init__(self) -> None:
        self._versions = array("q")
        self._bytes = bytearray()
        self._adopted: dict[int, str] = {}
        """Those that came after a newer one; few."""

    def note(self, version: int, digest: str) -> None:
        """Remember the digest of a version; again and again is no harm."""
        if not self._versions or version > self._versions[-1]:
            # The bytes first: who finds the version must find them.
            self._bytes += bytes.fromhex(digest)
            self._versions.append(version)
        elif self.of(version) is None:
            self._adopted[version] = digest

    def of(self, version: int) -> str | None:
        """Return a version's digest, None where there never was one."""
        place = bisect_left(self._versions, version)
        if place < len(self._versions) and self._versions[place] == version:
            return self._bytes[DIGEST_BYTES * place : DIGEST_BYTES * (place + 1)].hex()
        return self._adopted.get(version)
