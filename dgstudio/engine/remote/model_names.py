"""Models under names that other programs give them: a version that is kept for good, and a file of it."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath, PureWindowsPath

from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import Event
from dgstudio.engine.facts.saving import ExportDied, Exported, ExportNotStarted, NotExported
from dgstudio.errors import BadInputError
from dgstudio.guard.files import make_folder
from dgstudio.learning.learner.learner import Learner
from dgstudio.reasons.reason import shortened
from dgstudio.session.export.kinds import ExportKind
from dgstudio.session.storage.location import data_folder

NAMED_MODELS = "named models"
"""Session setting: name → version."""
NAME = re.compile(r"[\w][\w .+-]{0,59}")
FOLDER = "models"
SUFFIX = ".safetensors"


class ModelNames:
    """Keeps versions under names, for whoever owns the commands; they are the session's. One thread.

    The file goes to a folder of dgstudio's own, and folders in a name are left out: who sends messages from elsewhere
    says nothing about other places of this machine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        kept = engine.session.config(NAMED_MODELS)
        self._versions: dict[str, int] = (
            {str(name): version for name, version in kept.items() if isinstance(version, int)}
            if isinstance(kept, dict)
            else {}
        )
        self._writing: dict[Path, str] = {}

    def save(self, name: str, address: str) -> None:
        """Keep the newest version under a name, and write it to a file; `over` tells what became of that.

        Raises
        ------
        BadInputError
            If it cannot be a name, or the file cannot be written.
        """
        name = _plain(name)
        path = data_folder() / FOLDER / f"{name}{SUFFIX}"
        try:
            make_folder(path.parent)
        except OSError as error:
            raise BadInputError(f"{path.parent} cannot be made: {error.strerror or error}.") from error
        engine = self._engine

        def keep(learner: Learner) -> None:
            version = learner.store.head.version
            engine.versions.keep(version, learner)
            self._versions = {**self._versions, name: version}
            named = dict(self._versions)
            engine.queue.write(lambda session: session.set_config(NAMED_MODELS, named))

        engine.learn.request(keep)
        engine.recording.export(ExportKind.MODEL, path, overwrite=True)
        self._writing[path] = address

    def serve(self, name: str) -> None:
        """Let the version of that name answer, whatever is learned meanwhile.

        Raises
        ------
        BadInputError
            If there is none of that name any more.
        """
        name = _plain(name)
        version = self._versions.get(name)
        if version is None or version not in self._engine.model.reachable():
            known = ", ".join(sorted(self._versions)) or "none"
            raise BadInputError(f"There is no model “{name}” in this session; those that were saved in it: {known}.")
        self._engine.model.pin(version)

    def over(self, events: list[Event] | tuple[Event, ...]) -> list[tuple[str, str]]:
        """What has been written by now: the address of the message that asked for it, and why it failed, or ""."""
        found: list[tuple[str, str]] = []
        for event in events:
            fact = event.fact
            if isinstance(fact, Exported | NotExported | ExportDied | ExportNotStarted):
                address = self._writing.pop(fact.path, None)
                if address is not None:
                    found.append((address, "" if isinstance(fact, Exported) else event.sentence))
        return found


def _plain(name: str) -> str:
    """The name of a model in what may be the path of a file of any system."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    stem = last.rpartition(".")[0] or last
    if not NAME.fullmatch(stem):
        raise BadInputError(f"“{shortened(name)}” cannot be the name of a model: use letters and digits.")
    return stem
