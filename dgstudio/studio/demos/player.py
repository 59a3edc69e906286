"""Plays a demo in a window: captions, deeds, waiting, claims, one step after the other."""

from __future__ import annotations

import time
from enum import StrEnum

from PySide6.QtCore import QObject, QTimer, Signal

from dgstudio.errors import DgstudioError
from dgstudio.studio.bridge.caption import Caption
from dgstudio.studio.bridge.state import Frame
from dgstudio.studio.demos.claims.facts import Facts
from dgstudio.studio.demos.claims.figures import figure_named, written
from dgstudio.studio.demos.claims.outcome import CheckedClaim, CheckedFigure, Outcome, StepOutcome, Verdict
from dgstudio.studio.demos.ongoing import Ongoing
from dgstudio.studio.demos.parts import DemoParts
from dgstudio.studio.demos.script import Claim, Script, Step, TimedDeed

TICK_MS = 40
LONGEST_TICK_S = 0.2
"""A window that stood still for longer has not shown the script to anybody meanwhile."""
NAP_S = 0.1
"""How often a caption's figures change at most: figures that flicker cannot be read."""
UNKNOWN_S = 2.0
"""How long the caption before stands on where a figure of the next one is not known yet."""


class Phase(StrEnum):
    """What a player does."""

    PLAYING = "playing"
    PAUSED = "paused"
    WAITING = "waiting"
    """For the next step to be asked for."""
    OVER = "over"
    """The last step has been played; its caption stays."""
    ENDED = "ended"


class Player(QObject):
    """Plays one script from its first step to its last, then stays on that until it is ended. Qt thread only.

    The script's time stands still while it is paused; the stream, the answers and the learning go on.

    Parameters
    ----------
    attended
        Whether somebody is there who goes on where a step waits.
    """

    step_over = Signal(object)
    """A step has come to its end; carries its `StepOutcome`, while its caption is still shown."""
    over = Signal()
    """The last step has come to its end."""
    failed = Signal(str)
    """Something could not be done: carries a sentence. The demo stands still where it is."""

    def __init__(
        self, script: Script, parts: DemoParts, *, attended: bool = True, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.script = script
        self.facts = Facts(parts.commands)
        self.phase = Phase.PAUSED
        self.trouble = ""
        self._parts, self._attended = parts, attended
        self._began = time.perf_counter()
        self._number = 0
        self._clock = 0.0
        """Seconds of the script since the present step began."""
        self._wall = self._began
        self._todo: list[TimedDeed] = []
        self._ongoing: list[Ongoing] = []
        self._broken: set[Claim] = set()
        """Claims on every moment that did not hold at one."""
        self._stepping = False
        self._said = (float("-inf"), "")
        self._outcomes: list[StepOutcome] = []
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self.script.steps[self._number]

    @property
    def outcome(self) -> Outcome:
        """What has come of it so far."""
        return Outcome(tuple(self._outcomes), self.trouble)

    def update_frame(self, frame: Frame) -> None:
        """Take up a frame's figures."""
        self.facts.update_frame(frame)

    # -- what the speaker does -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Play from the first step on."""
        self._began = self._wall = time.perf_counter()
        self.phase = Phase.PLAYING
        self._timer.start()
        self._begin_step(0)

    def pause(self) -> None:
        """Stop the script, not the stream."""
        if self.phase is Phase.PLAYING:
            self.phase = Phase.PAUSED
            for deed in self._ongoing:
                deed.rest()
            self._say()

    def go_on(self) -> None:
        """Go on by itself, from a pause or from where it waits."""
        self._stepping = False
        if self.phase is Phase.WAITING:
            self._next()
        elif self.phase is Phase.PAUSED and not self.trouble:
            self._play()

    def toggle(self) -> None:
        """Pause, or go on."""
        if self.phase is Phase.PLAYING:
            self.pause()
        else:
            self.go_on()

    def next(self) -> None:
        """Play one step and wait then: the present one to its end if it is paused, else the one after it."""
        self._stepping = True
        if self.phase is Phase.PAUSED and not self.trouble:
            self._play()
        else:
            self.skip()

    def skip(self) -> None:
        """Leave the present step as it is, done as far as it can be at once, and go to the one after it."""
        if self.phase in (Phase.OVER, Phase.ENDED):
            return
        if self.phase is not Phase.WAITING:
            self._rush()
        # What has just gone wrong stands as well.
        if not self.trouble:
            if self.phase is not Phase.WAITING:
                self._close(checked=False)
            self._next()

    def end(self) -> None:
        """Leave it: nothing that it began goes on."""
        self._timer.stop()
        self._stop_ongoing()
        self.phase = Phase.ENDED
        self._parts.state.caption = None

    # -- steps ---------------------------------------------------------------------------------------------------

    def _play(self) -> None:
        self.phase, self._wall = Phase.PLAYING, time.perf_counter()
        self._say()

    def _begin_step(self, number: int) -> None:
        self._number, self._clock = number, 0.0
        self._todo = list(self.step.deeds)
        self._broken = set()
        self.facts.begin_step()
        self._play()
        self._do_what_is_due()

    def _next(self) -> None:
        if self._number + 1 < len(self.script.steps):
            self._begin_step(self._number + 1)
            return
        self.phase = Phase.OVER
        self._timer.stop()
        self._say()
        self.over.emit()

    def _tick(self) -> None:
        now = time.perf_counter()
        passed, self._wall = min(now - self._wall, LONGEST_TICK_S), now
        if self.phase is Phase.PLAYING:
            self._clock += passed
            self._ongoing = [deed for deed in self._ongoing if not deed.advance(passed)]
            self._do_what_is_due()
        # What it is paused at keeps its figures up to date: the stream goes on.
        if now - self._said[0] > NAP_S:
            self._say()
        if self.phase is Phase.PLAYING:
            self._look()

    def _do_what_is_due(self) -> None:
        while self._todo and self._todo[0].after <= self._clock:
            self._do(self._todo.pop(0))

    def _do(self, timed: TimedDeed) -> None:
        try:
            ongoing = timed.deed.do(self._parts)
        except DgstudioError as error:
            self.trouble = f"Step {self._number + 1} “{self.step.name}” of {self.script.title}: {error}"
            self._todo.clear()
            self._stop_ongoing()
            self.phase = Phase.PAUSED
            self._say()
            self.failed.emit(self.trouble)
            return
        if ongoing is not None:
            self._ongoing.append(ongoing)

    def _rush(self) -> None:
        """Do at once what the step still has to do; what would take a while is not begun."""
        self._stop_ongoing()
        for timed in list(self._todo):
            self._do(timed)
            self._stop_ongoing()
        self._todo.clear()

    def _stop_ongoing(self) -> None:
        for deed in self._ongoing:
            deed.end()
        self._ongoing.clear()

    def _look(self) -> None:
        """See whether the step has come to its end."""
        until, value = self.step.until, self.facts.value
        for claim in self.step.claims:
            if claim.always and not claim.condition.holds(value):
                self._broken.add(claim)
        busy = self._todo or self._ongoing or self._clock < until.seconds
        come = until.when is None or until.when.holds(value)
        if (busy or not come) and self._clock < until.at_most:
            return
        self._stop_ongoing()
        self._close(checked=True, in_vain=not come)
        stands = self._stepping or (self.step.waits and self._attended)
        if stands and self._number + 1 < len(self.script.steps):
            self.phase = Phase.WAITING
            self._say()
        else:
            self._next()

    def _close(self, *, checked: bool, in_vain: bool = False) -> None:
        """Check the claims of the step and tell of it; `in_vain`: it has waited for something that did not come."""
        self._say(closing=True)
        figure = self.facts.value
        claims = []
        for claim in self.step.claims:
            verdict = Verdict.NOT_CHECKED
            if checked:
                holds = claim not in self._broken and claim.condition.holds(figure)
                verdict = Verdict.TRUE if holds else Verdict.FALSE
            words = Step("", claim.words, (), self.step.until, ()).said(self.facts.words)
            claims.append(CheckedClaim(words, claim.condition.text, verdict, self._noted(claim.condition.figures)))
        when = self.step.until.when
        if in_vain and when is not None:
            words = f"waited {self.step.until.at_most:g} s for it"
            claims.append(CheckedClaim(words, when.text, Verdict.FALSE, self._noted(when.figures)))
        moment = time.perf_counter() - self._began
        every = self._noted(self.script.figures)
        outcome = StepOutcome(self.step.name, self._said[1], self._clock, moment, tuple(claims), every)
        self._outcomes.append(outcome)
        self.step_over.emit(outcome)

    def _noted(self, names: tuple[str, ...]) -> tuple[CheckedFigure, ...]:
        found = []
        for name in names:
            value = self.facts.value(name)
            found.append(CheckedFigure(name, value, written(value, figure_named(name).unit)))
        return tuple(found)

    def _say(self, *, closing: bool = False) -> None:
        text = self.step.said(self.facts.words)
        unknown = any(self.facts.value(name) is None for name in self.step.figures)
        if unknown and not closing and self._clock < UNKNOWN_S:
            # It will be known in a moment: no sentence with a hole in it.
            text = self._said[1]
        self._said = time.perf_counter(), text
        self._parts.state.caption = Caption(
            text,
            self._number + 1,
            len(self.script.steps),
            self.script.title,
            paused=self.phase is Phase.PAUSED,
            waiting=self.phase in (Phase.WAITING, Phase.OVER),
        )
