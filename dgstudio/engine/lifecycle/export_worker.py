"""dg-export: what a user takes along from a running session is written by a process of its own, from a copy.

In a process, because drawing a report or checking a model here would keep answers waiting for the interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path

from dgstudio.engine.facts.saving import ExportDied, Exported, ExportNotStarted, NotExported
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.worker import Worker
from dgstudio.errors import DgstudioError
from dgstudio.records import dataclass
from dgstudio.session.export.atomic_write import card_path, check_targets, unfinished
from dgstudio.session.export.kinds import OVERWRITE, ExportKind, Told, check_name

COMMAND = (sys.executable, "-m", "dgstudio.session.export.process")
"""The process that exports; session, kind and file are added to it."""
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
WAIT_S = 0.5
LAST_WORDS = 200
"""Characters that are told of the errors of a process that died."""
NICE = 10
"""What is live comes first."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to write: its kind, the file, and whether it may replace one that is there.

    `folder` holds the copy of the session and is removed with it.
    """

    kind: ExportKind
    path: Path
    overwrite: bool
    folder: tempfile.TemporaryDirectory[str]
    copy: Path


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its status, what it had to tell, why it refused ("": it did not), and its last error."""

    status: int
    said: str
    refused: str
    last_words: str


class ExportWorker(Worker):
    """One export after the other; an event says how each ended. The thread begins with the first.

    `stop` lets what was asked for come to its end; `join` ends it when its time is over, and nothing is left of it.
    """

    name = "dg-export"

    def __init__(self, events: EventQueue) -> None:
        super().__init__(events)
        self._jobs: deque[Job] = deque()
        self._wake = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._over = threading.Event()
        self._busy = False

    def prepare(self, kind: ExportKind, path: Path, overwrite: bool, session_file: Path | None, name: str) -> Job:
        """Check what was asked for, and make the place for the copy of the session; any thread.

        Raises
        ------
        BadInputError
            If the file's name says no format of this kind, or it cannot or must not be written.
        DgstudioError
            If there is no room for temporary files.
        """
        check_name(kind, path)
        path = path.absolute()
        check_targets([path, card_path(path)] if kind == ExportKind.MODEL else [path], session_file, overwrite)
        try:
            folder = tempfile.TemporaryDirectory(prefix="dgstudio-")
        except OSError as error:
            raise DgstudioError(f"Not exported: no temporary folder can be made ({error.strerror}).") from error
        return Job(kind, path, overwrite, folder, Path(folder.name) / f"{name}.dgs")

    def add(self, job: Job) -> None:
        """Do it, now that its copy of the session is there. dg-store only."""
        self._jobs.append(job)
        if self._thread.ident is None:
            self.start()
        self._wake.set()

    def give_up(self, job: Job, why: str) -> None:
        """Say that it cannot be done, since its copy of the session could not be made. Any thread."""
        job.folder.cleanup()
        self.events.say(NotExported(job.path, why))

    @property
    def idle(self) -> bool:
        """Whether everything that was asked for has come to its end."""
        return not self._jobs and not self._busy

    # -- the thread ------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """One export, or a wait for the next."""
        if not self._jobs:
            self._wake.wait(WAIT_S)
            self._wake.clear()
            return
        self._busy = True
        job = self._jobs.popleft()
        try:
            self._do(job)
        finally:
            job.folder.cleanup()
            self._busy = False

    def finish(self) -> None:
        """What was asked for before the end is still done."""
        while self._jobs:
            self.turn()

    def wake(self) -> None:
        """Make a waiting turn return soon. Any thread."""
        self._wake.set()

    def join(self, timeout: float) -> bool:
        """Wait for the end of the thread; what is not done by then is not done at all."""
        if super().join(timeout):
            return True
        self._over.set()
        process = self._process
        if process is not None:
            process.kill()
        return super().join(1.0)

    def _do(self, job: Job) -> None:
        if self._over.is_set():
            return
        try:
            ended = self._written(job)
        except OSError as error:
            self.events.say(ExportNotStarted(job.path, error.strerror or repr(error)))
            return
        if self._over.is_set():
            return
        if ended.refused:
            self.events.say(NotExported(job.path, ended.refused))
        elif ended.status:
            self.events.say(ExportDied(job.path, ended.status, ended.last_words))
        else:
            self.events.say(Exported(job.path, ended.said))

    def _written(self, job: Job) -> Ended:
        """Run the process to its end; `OSError` where it cannot be started."""
        options = [OVERWRITE] if job.overwrite else []
        command = [*COMMAND, str(job.copy), str(job.kind), str(job.path), *options]
        # Its answers must be those of this process: the same kernel, one BLAS thread.
        environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "PYTHONUTF8": "1"}
        process = self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
        )
        import psutil  # for this only, and a start does without

        with suppress(psutil.Error, OSError):
            psutil.Process(process.pid).nice(NICE if os.name != "nt" else psutil.BELOW_NORMAL_PRIORITY_CLASS)
        if self._over.is_set():
            process.kill()
        said, errors = process.communicate()
        self._process = None
        for path in (job.path, card_path(job.path)):
            with suppress(OSError):
                unfinished(path, process.pid).unlink(missing_ok=True)
        last = errors.strip().splitlines()[-1:]
        return Ended(
            process.returncode,
            " ".join(_told(said, Told.SAID)),
            " ".join(_told(said, Told.REFUSED)),
            last[0][:LAST_WORDS] if last else "",
        )


def _told(lines: str, what: Told) -> list[str]:
    """What a process has told of one kind; the chatter of a library is passed over."""
    found = []
    for line in lines.splitlines():
        try:
            found.append(str(json.loads(line)[what]))
        except (ValueError, TypeError, KeyError):
            continue
    return found
