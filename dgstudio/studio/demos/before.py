"""How the window stood before a demo, so that leaving it puts back what should not stay."""

from __future__ import annotations

from dgstudio.records import dataclass
from dgstudio.studio.bridge.state import MapMode
from dgstudio.studio.demos.parts import DemoParts
from dgstudio.types import Mode, TwinKind


@dataclass(frozen=True, slots=True)
class Before:
    """What a demo may turn: what is compared, what is learned and by which rule, the knobs, the presentation."""

    compare: tuple[TwinKind, ...]
    mode: Mode
    rule: str
    knobs: tuple[tuple[str, float | str | bool], ...]
    presentation: bool
    map_mode: MapMode
    parts_apart: bool

    @classmethod
    def of(cls, parts: DemoParts) -> Before:
        """As it is now."""
        state = parts.state
        knobs = tuple((knob.name, knob.value) for knob in state.knobs)
        return cls(state.compare, state.mode, state.rule, knobs, state.presentation, state.map_mode, state.parts_apart)

    def put_back(self, parts: DemoParts) -> None:
        """Turn back what stands otherwise now."""
        state, commands = parts.state, parts.commands
        if state.compare != self.compare:
            commands.comparison.choose(*self.compare)
        if state.rule != self.rule:
            commands.model.set_rule(self.rule)
        if state.mode is not self.mode:
            commands.model.set_mode(self.mode)
        if state.parts_apart != self.parts_apart:
            commands.model.set_parts_apart(self.parts_apart)
        now = {knob.name: knob.value for knob in state.knobs}
        for name, value in self.knobs:
            if name in now and now[name] != value:
                commands.set_knob(name, value)
        state.set_paused(False)
        state.map_mode = self.map_mode
        state.presentation = self.presentation
