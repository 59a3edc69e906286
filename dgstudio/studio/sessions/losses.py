"""What is lost if the user leaves a session now, and how that is told."""

from __future__ import annotations

from enum import Enum, auto

from dgstudio.engine.adapt.consolidation import ConsolidationState
from dgstudio.engine.engine import Engine
from dgstudio.records import dataclass

GO, QUIT = "Go all the same", "Quit"
"""Buttons of the toast that warns; `GO` where several things would be lost, `QUIT` where the window is to close."""


class Loss(Enum):
    """What may be lost with the present session."""

    UNSAVED = auto()
    TRAINING = auto()
    TRAINED = auto()
    INSTALLING = auto()
    WRITING = auto()


LEAVE = {
    Loss.UNSAVED: "Leave them",
    Loss.TRAINING: "Stop it and go",
    Loss.TRAINED: "Go without it",
    Loss.INSTALLING: "Stop it and go",
    Loss.WRITING: "Stop it and go",
}
"""The button of the toast that warns of one thing."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What goes with the present session: which things, how many examples, which packages, which file."""

    kinds: frozenset[Loss]
    unsaved: int = 0
    installing: str = ""
    writing: str = ""

    def sentences(self) -> str:
        """A sentence on each."""
        examples = "1 example is" if self.unsaved == 1 else f"{self.unsaved:,} examples are"
        said = {
            Loss.UNSAVED: f"{examples} in memory only, and lost if you go: “Save as” (Ctrl+Shift+S) keeps them.",
            Loss.TRAINING: "A new base is being trained: going stops that.",
            Loss.TRAINED: "A trained new base waits for your word (“Compare…” above): it is lost if you go.",
            Loss.INSTALLING: f"{self.installing} is not installed yet: going stops that.",
            Loss.WRITING: f"{self.writing} is not written yet: going stops that.",
        }
        return " ".join(sentence for loss, sentence in said.items() if loss in self.kinds)

    def button(self) -> str:
        """What to press for going all the same."""
        return LEAVE[next(iter(self.kinds))] if len(self.kinds) == 1 else GO


def losses_of(engine: Engine, installing: str, writing: str) -> Losses:
    """Return what would be lost; packages that are being installed, and a file that is being written, "" for none."""
    unsaved = 0 if engine.queue.saved.safe else engine.book.total
    training = engine.candidates.consolidation
    there = {
        Loss.UNSAVED: unsaved > 0,
        Loss.TRAINING: training is not None and training.state == ConsolidationState.RUNNING,
        Loss.TRAINED: training is not None and training.state == ConsolidationState.READY,
        Loss.INSTALLING: bool(installing),
        Loss.WRITING: bool(writing),
    }
    return Losses(frozenset(loss for loss, is_there in there.items() if is_there), unsaved, installing, writing)
