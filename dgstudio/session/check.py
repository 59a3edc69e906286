"""A look at everything in a session file: what is damaged, by name, and a new session of what is sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from types import TracebackType
from typing import Self

from dgstudio.errors import BadInputError, SessionError
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.recording.recorded import Missing
from dgstudio.session.restore import restored, snapshot_of
from dgstudio.session.storage.repair import named
from dgstudio.session.versions.recipe_solver import Relearner

_OF_TABLE = {"stream_block": ("samples", "block"), "receipts": ("receipts", "pack")}
"""Table → what its rows hold, and what such a row is called."""


@dataclass(slots=True)
class CheckedSession:
    """A session that was looked at; it is open until it is left (`with`), and its file is never written to.

    `problems` are sentences, the general one first; none where everything is as it was written.
    """

    session: Session
    problems: list[str] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    """What lacks of what was recorded."""
    versions: list[int] = field(default_factory=list)
    """Versions that cannot be restored, though their arrays are there."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.session.close()

    def rescue(self, path: Path) -> None:
        """Write everything that is sound into a new session. SessionError where that file exists or cannot be made."""

        def drop(copy: Session) -> None:
            copy.recorded.drop(self.missing)
            copy.drop_checkpoints(self.versions)

        self.session.save_copy(path, more=drop)


def check(path: Path, say: Callable[[str], object] = lambda what: None) -> CheckedSession:
    """Look at pages, schema, every row, array and version, what each recipe needs, and all that is recorded.

    Versions that are kept by recipe are not learned again (`dgstudio replay --relearn` does that).

    Parameters
    ----------
    say
        Is told what is looked at.

    Raises
    ------
    SessionError
        Where the file cannot be opened, or nothing in it can be read.
    """
    say("pages, schema, rows, arrays")
    session = Session.examined(path)
    try:
        found = CheckedSession(session)
        read = session.classes, session.takes, session.acts, session.records, session.events, session.examples
        for rows in read:
            rows()
        found.problems += session.report.problems
        say("versions")
        _look_at_versions(found)
        say("recorded samples and receipts")
        found.missing = session.recorded.missing()
        found.problems += [sentence for lacking in found.missing for sentence in _sentences(lacking)]
    except BaseException:
        session.close()
        raise
    return found


def _look_at_versions(found: CheckedSession) -> None:
    """Restore each whole version: its arrays and metadata have to be a model, with the digest that it had."""
    relearner = Relearner()
    for info in found.session.checkpoints():
        if not info.whole:
            continue
        try:
            checkpoint = found.session.checkpoint(info.version, relearner)
            digest = snapshot_of(checkpoint).digest
            restored(checkpoint)
        except (SessionError, BadInputError) as error:
            found.versions.append(info.version)
            found.problems.append(str(error))
        else:
            if digest != info.digest:
                found.versions.append(info.version)
                was = f"it was {info.digest[:8]}, and its arrays are {digest[:8]}"
                found.problems.append(f"Version {info.version} is damaged: {was}.")


def _sentences(lacking: Missing) -> list[str]:
    (what, single), count = _OF_TABLE[lacking.table], len(lacking.rows)
    rows, are = (f"1 {single} of {what}", "is") if count == 1 else (f"{count:,} {single}s of {what}", "are")
    if lacking.stretch is None:
        return [f"{rows} {are} of no stretch that is known."]
    said, of = [], f"of the recorded stretch {lacking.stretch + 1}"
    if lacking.rows:
        said.append(f"{rows} {of} {are} damaged (id {named(lacking.rows)}).")
    if lacking.counted is not None and lacking.counted != lacking.there:
        said.append(f"Of {lacking.counted:,} {what} {of}, {lacking.there:,} can be read.")
    return said
