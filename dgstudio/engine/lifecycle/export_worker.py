"""dg-export: what a user takes along from a running session is written by a process of its own, from a copy.

In a process, because drawing a report or checking a model here would keep answers waiting for the interpreter.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dgstudio.engine.facts.saving import Exported, NotExported
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.worker import Worker
from dgstudio.errors import DgstudioError
from dgstudio.session.export.atomic_write import card_path, check_targets, unfinished
from dgstudio.session.export.kinds import ExportKind, check_name

COMMAND = (sys.executable, "-m", "dgstudio", "export")
"""The process that exports; session, kind and file are added to it."""
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
WAIT_S = 0.5
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
        status, said, errors = self._written(job)
        if self._over.is_set():
            return
        if status == 0:
            self.events.say(Exported(job.path, " ".join(said.split())))
            return
        last = errors.strip().splitlines()[-1:] or [f"the process ended with status {status}."]
        self.events.say(NotExported(job.path, last[0].removeprefix("dgstudio: ")))

    def _written(self, job: Job) -> tuple[int, str, str]:
        """Run the process to its end: its status, and what it said on stdout and stderr."""
        if self._over.is_set():
            return 1, "", ""
        command = [*COMMAND, str(job.copy), f"--{job.kind}", str(job.path), *(["--overwrite"] if job.overwrite else [])]
        # Its answers must be those of this process: the same kernel, one BLAS thread.
        environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "PYTHONUTF8": "1"}
        try:
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
        except OSError as error:
            return 1, "", f"the process cannot be started ({error.strerror})."
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
        return process.returncode, said, errors
