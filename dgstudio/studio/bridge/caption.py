"""What a guided demo says at the moment, for whoever shows it."""

from __future__ import annotations

from dgstudio.records import dataclass


@dataclass(frozen=True, slots=True)
class Caption:
    """The sentence of one step of a guided demo.

    Attributes
    ----------
    text : the sentence, with its figures filled in.
    step, steps : which step it is, from 1, and of how many.
    title : what the demo is called.
    paused : whether the demo stands still; the stream goes on.
    waiting : whether the step has been done and the demo waits for the next one to be asked for.
    """

    text: str
    step: int
    steps: int
    title: str
    paused: bool = False
    waiting: bool = False
