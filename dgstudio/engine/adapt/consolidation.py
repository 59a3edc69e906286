"""Consolidation: a new base is trained from all examples in a process of its own, and compared with the present model.

Nothing of the session changes until the user says so. In a process, because importing torch, and training, would make
serving and the window stall (design 12).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

from dgstudio.engine.facts.event import Fact
from dgstudio.engine.facts.learning import BaseReady, TrainingCancelled, TrainingFailed
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.worker import Worker
from dgstudio.errors import DgstudioError
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.training.consolidation import (
    BASE,
    ERRORS,
    Comparison,
    TrainingSet,
    TrainingStage,
    compare,
    put_job,
    training_set,
)
from dgstudio.model.base_model_file import BaseModel
from dgstudio.types import Example

STEPS = 1500
"""Adam steps of the base and of its conventional twin, as the shipped bases have."""
COMMAND = (sys.executable, "-m", "dgstudio.lab.train_process")
"""The process that trains; the folder with the training set is added to it."""
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class ConsolidationState(StrEnum):
    """How far the training of a new base is."""

    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Consolidation(Worker):
    """dg-consolidate: one training from beginning to end. Any thread reads its figures; `stop` cancels it.

    Parameters
    ----------
    learner
        Only read, and only what is immutable or may be read by any thread.
    examples
        All that is labelled at this moment.
    living
        Class id → name of the living classes.
    feature_names, rate
        Of the stream.

    Attributes
    ----------
    share, stage : how much is done, 0..1, and what is being done.
    outcome : what came of it, once it has ended.
    model, comparison : once it is ready.
    """

    name = "dg-consolidate"

    def __init__(
        self,
        learner: Learner,
        examples: Callable[[], Sequence[Example]],
        living: Callable[[], dict[int, str]],
        feature_names: Sequence[str],
        rate: float,
        events: EventQueue,
    ) -> None:
        super().__init__(events)
        self.state = ConsolidationState.RUNNING
        self.share = 0.0
        self.stage = TrainingStage.COLLECTING
        self.outcome: Fact | None = None
        self.model: BaseModel | None = None
        self.comparison: Comparison | None = None
        self._learner = learner
        self._examples, self._living = examples, living
        self._feature_names, self._rate = feature_names, rate
        self._process: subprocess.Popen[str] | None = None

    def turn(self) -> None:
        """Train and compare; the only turn there is."""
        try:
            parked = self._learner.parked
            examples = [e for e in self._examples() if e.id not in parked]
            data = training_set(examples, self._learner.training.protected, self._living(), self._learner.store.head)
            model = self._train(data)
            if model is not None:
                self.stage = TrainingStage.COMPARING
                comparison = compare(model, data, self._learner.store.head, self._learner.training.protected)
                if not self.stopping:
                    self.model, self.comparison = model, comparison
        except (DgstudioError, OSError) as error:
            self._end(ConsolidationState.FAILED, TrainingFailed(str(error)))
        else:
            if self.model is None:
                self._end(ConsolidationState.CANCELLED, TrainingCancelled())
            else:
                self._end(ConsolidationState.READY, BaseReady())
        self._stop.set()

    def recover(self, error: Exception) -> None:
        """What could not be foreseen ends it as well."""
        self._end(ConsolidationState.FAILED, TrainingFailed(repr(error)))
        self._stop.set()

    def wake(self) -> None:
        """End the process, so that the thread does not wait for it. Any thread."""
        process = self._process
        if process is not None:
            process.kill()

    # -- inside ----------------------------------------------------------------------------------------------

    def _train(self, data: TrainingSet) -> BaseModel | None:
        """The trained base, or None if it was cancelled; no process and no file is left, whatever happens."""
        with tempfile.TemporaryDirectory(prefix="dgstudio-") as name:
            folder = Path(name)
            put_job(folder, data, self._learner.settings, self._feature_names, rate=self._rate, steps=STEPS)
            why = self._follow(folder)
            if self.stopping:
                return None
            if why:
                raise DgstudioError(why)
            return BaseModel.load(folder / BASE)

    def _follow(self, folder: Path) -> str:
        """Run the process and follow it to its end; returns why it failed, "" where it did not."""
        # Its answers must be those of this process: the same kernel, one BLAS thread.
        environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
        with (folder / ERRORS).open("w", encoding="utf-8") as errors:
            process = self._process = subprocess.Popen(
                [*COMMAND, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                env=environment,
            )
        assert process.stdout is not None
        why = ""
        try:
            if self.stopping:
                process.kill()
            for line in process.stdout:
                why = self._heard(line) or why
        except BaseException:
            process.kill()
            raise
        finally:
            process.stdout.close()
            # It has said all that it says, and takes its time to end; `wake` kills it where nobody waits for it.
            status = process.wait()
            self._process = None
        if status == 0 or why:
            return why
        said = (folder / ERRORS).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        last = f" Its last words: {said[-1][:200]}" if said else ""
        return f"the training process ended unexpectedly (status {status}).{last}"

    def _heard(self, line: str) -> str:
        """Note how far the process is; returns why it gives up, if it says so."""
        try:
            news = json.loads(line)
            if "error" in news:
                return str(news["error"])
            self.share, self.stage = float(news["share"]), TrainingStage(news["stage"])
        except (ValueError, TypeError, KeyError):
            # A library's chatter.
            return ""
        return ""

    def _end(self, state: ConsolidationState, fact: Fact) -> None:
        self.outcome, self.state = fact, state
        self.events.say(fact)
