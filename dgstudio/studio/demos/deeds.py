"""What a demo can do, one dataclass for each: its fields are the keys of a script, `do` is how it is done."""

from __future__ import annotations

from typing import Protocol

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.streams.source import KnobKind
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.bridge.inspected import AnswerSubject, VersionsSubject
from dgstudio.studio.demos.ongoing import Drawing, Holding, Ongoing, Place
from dgstudio.studio.demos.parts import DemoParts
from dgstudio.types import Mode, TwinKind

GESTURE = "gesture"
"""The simulator's knob for what is performed."""


class Deed(Protocol):
    """Something that a step of a demo does."""

    def do(self, parts: DemoParts) -> Ongoing | None:
        """Do it; returns what goes on for a while, if anything does. `DgstudioError` where it cannot be done."""
        ...


@dataclass(frozen=True, slots=True)
class Perform:
    """Let the simulated person perform a gesture."""

    perform: str

    def do(self, parts: DemoParts) -> None:
        """Turn the simulator's knob."""
        Turn(GESTURE, self.perform).do(parts)


@dataclass(frozen=True, slots=True)
class Turn:
    """Turn a knob of the source."""

    knob: str
    to: float | str | bool

    def do(self, parts: DemoParts) -> None:
        """As the panel Source does."""
        knob = next((knob for knob in parts.state.knobs if knob.name == self.knob), None)
        if knob is None:
            raise BadInputError(f"the source {parts.state.source_name} has no knob “{self.knob}”")
        to = float(self.to) if knob.kind == KnobKind.FLOAT and not isinstance(self.to, str) else self.to
        parts.commands.set_knob(self.knob, to)


@dataclass(frozen=True, slots=True)
class AddClass:
    """Add a class, unless there is one of that name."""

    add_class: str

    def do(self, parts: DemoParts) -> None:
        """As “Add a class” does."""
        if all(card.info.name != self.add_class for card in parts.state.classes):
            parts.commands.labels.add_class(self.add_class)


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold a class for some seconds, as by its key."""

    hold: str
    seconds: float

    def do(self, parts: DemoParts) -> Ongoing:
        """Press now."""
        return Holding(parts, parts.class_id(self.hold), self.seconds)


@dataclass(frozen=True, slots=True)
class Draw:
    """Move the pointer along some places of the pad, each (x, y) from −1 to 1."""

    draw: tuple[Place, ...]
    seconds: float

    def do(self, parts: DemoParts) -> Ongoing:
        """Begin at the first of them."""
        return Drawing(parts, self.draw, self.seconds)


@dataclass(frozen=True, slots=True)
class SetMode:
    """Say what the learner may change."""

    mode: Mode

    def do(self, parts: DemoParts) -> None:
        """As the switch in the top bar does."""
        parts.commands.model.set_mode(self.mode)


@dataclass(frozen=True, slots=True)
class SetRule:
    """Choose the rule that learns."""

    rule: str

    def do(self, parts: DemoParts) -> None:
        """As “Contract and learning” does."""
        parts.commands.model.set_rule(self.rule)


@dataclass(frozen=True, slots=True)
class Compare:
    """Compare with other models on the same stream and labels; with none: no more."""

    compare: tuple[TwinKind, ...]

    def do(self, parts: DemoParts) -> None:
        """As the action Compare does."""
        parts.commands.comparison.choose(*self.compare)


@dataclass(frozen=True, slots=True)
class PartsApart:
    """Publish what is learned part by part, in random order and with pauses, or whole again."""

    parts_apart: bool

    def do(self, parts: DemoParts) -> None:
        """As “Publish part by part” does."""
        parts.commands.model.set_parts_apart(self.parts_apart)


@dataclass(frozen=True, slots=True)
class Act:
    """Do something that the menu has."""

    action: ActionId

    def do(self, parts: DemoParts) -> None:
        """As its shortcut does."""
        if not parts.actions.offered(parts.actions[self.action]):
            raise BadInputError(f"“{parts.actions[self.action].title}” cannot be done at this moment")
        parts.actions.trigger(self.action)


@dataclass(frozen=True, slots=True)
class Present:
    """Begin or leave the presentation."""

    present: bool

    def do(self, parts: DemoParts) -> None:
        """As F5 does."""
        if parts.state.presentation != self.present:
            parts.actions.trigger(ActionId.PRESENT)


@dataclass(frozen=True, slots=True)
class LookBack:
    """Put the time cursor so many seconds before now; 0: follow again."""

    look_back: float

    def do(self, parts: DemoParts) -> None:
        """As a click on the stream does."""
        reach = parts.commands.lookback.reach()
        if self.look_back <= 0:
            parts.state.set_paused(False)
        elif reach is not None:
            parts.state.look_back(max(reach[0], reach[1] - self.look_back))


@dataclass(frozen=True, slots=True)
class Inspect:
    """Open the Inspector on the answer of the moment that is shown, or on the two versions that are compared."""

    inspect: str

    def do(self, parts: DemoParts) -> None:
        """As a click does."""
        parts.state.inspect(VersionsSubject() if self.inspect == "versions" else AnswerSubject())


DEEDS: tuple[type[Deed], ...] = (
    Perform,
    Turn,
    AddClass,
    Hold,
    Draw,
    SetMode,
    SetRule,
    Compare,
    PartsApart,
    Act,
    Present,
    LookBack,
    Inspect,
)
"""All kinds: a table of a script is of the kind whose first field it has."""
