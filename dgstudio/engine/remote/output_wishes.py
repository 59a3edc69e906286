"""Messages that change what of the answers is sent: they hold for the inputs after them, whenever they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dgstudio.engine.remote.arguments import names, only_output
from dgstudio.errors import BadInputError
from dgstudio.streams.osc.control_queue import OURS, WEKINATOR, ControlMessage
from dgstudio.streams.sinks.output_switches import OutputSwitches, SwitchedOutput

Changes = dict[str, Any]
"""Switches by name, as they are to be."""


class OutputWishes:
    """Changes the switches of outputs as messages ask for it.

    Inputs are answered at once, and messages are carried out a moment later, by the thread that owns the engine's
    commands. So `hear` belongs to whoever takes packets in, and marks in the stream of inputs where a switch changes;
    all that is left for later is to say so.

    Parameters
    ----------
    outputs
        What is switched.
    first
        How many inputs there were before those that messages count: another source may have sent them.
    """

    def __init__(self, outputs: Sequence[SwitchedOutput], first: Callable[[], int] = int) -> None:
        self._outputs = tuple(outputs)
        self._first = first
        self._wishes: dict[str, Callable[[Sequence[object]], Changes]] = {
            f"{WEKINATOR}startRunning": lambda values: {"running": True},
            f"{WEKINATOR}stopRunning": lambda values: {"running": False},
            f"{WEKINATOR}enableModelRunning": lambda values: _computed(values, True),
            f"{WEKINATOR}disableModelRunning": lambda values: _computed(values, False),
            f"{WEKINATOR}setOutputNames": _named,
            f"{OURS}control/enableProbabilities": lambda values: {"probabilities": True},
            f"{OURS}control/disableProbabilities": lambda values: {"probabilities": False},
        }

    @property
    def addresses(self) -> tuple[str, ...]:
        """Of the messages that change a switch."""
        return tuple(self._wishes)

    @property
    def newest(self) -> OutputSwitches | None:
        """The switches as they are once all inputs by now are answered; None where there is no output."""
        return self._outputs[0].newest if self._outputs else None

    def hear(self, message: ControlMessage) -> None:
        """Let a message hold for the inputs after it. Whoever takes packets in.

        One that cannot be read, or is about something else, changes nothing.
        """
        if message.address not in self._wishes:
            return
        try:
            changes = self.changes_of(message)
        except BadInputError:
            return
        self.change(None if message.after is None else self._first() + message.after, changes)

    def changes_of(self, message: ControlMessage) -> Changes:
        """What a message changes. `BadInputError` where it cannot be read. Any thread."""
        return self._wishes[message.address](message.values)

    def change(self, after: int | None, changes: Changes) -> None:
        """Change switches for the inputs that come after the first `after`; None: from the next answer on."""
        for output in self._outputs:
            output.change(after, **changes)


def _computed(values: Sequence[object], on: bool) -> Changes:
    only_output(values)
    return {"computed": on}


def _named(values: Sequence[object]) -> Changes:
    return {"name": names(values, 1, "output")[0].replace(" ", "_").strip("/")}
