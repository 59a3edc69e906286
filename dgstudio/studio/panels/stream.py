"""The Stream panel: the live input with its answers and labels; pausing it freezes the view, never the engine."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QWidget

from dgstudio.studio.state import Commands, Frame, StudioState
from dgstudio.studio.theme import Theme
from dgstudio.studio.widgets.panel import PanelFrame
from dgstudio.studio.widgets.ribbons import answer_spans, ink_on, label_spans, truth_spans
from dgstudio.studio.widgets.streamcanvas import Scene
from dgstudio.studio.widgets.streamview import StreamView

WAITING = "Waiting for the stream …"
LOADING = "Loading …"
LOST = "Stream lost, retrying"
ENDED = "Stream ended"
TEXT_S = 0.25
MOST_LINES = 160


class StreamPanel(PanelFrame):
    """The last seconds of the stream; a drag over them marks a stretch (`StudioState.set_selection`)."""

    def __init__(self, state: StudioState, commands: Commands, parent: QWidget | None = None) -> None:
        super().__init__("Stream", parent=parent)
        self._state, self._commands = state, commands
        self._held: Frame | None = None
        self._key: tuple[object, ...] = ()
        self._mine: tuple[float, float] | None = None
        self._text_wall = 0.0
        self._behind = 0.0
        self._knows_truth = False
        self.view = StreamView()
        self.view.marked.connect(self._mark)
        self.body.addWidget(self.view, 1)
        state.changed.connect(self._on_changed)
        self._refresh_looks()
        self._show_empty()

    @property
    def scene(self) -> Scene:
        """What is drawn at this moment."""
        return self.view.scene

    def update_frame(self, frame: Frame) -> None:
        """Show the newest samples, or while paused the ones that stood there then, with labels made since."""
        if self._state.paused and self._held is not None and self._held.spec == frame.spec:
            self._held = self._relabelled(self._held, frame)
        else:
            if self._held is not None and self._held.spec != frame.spec:
                self.view.range.reset()
                self._knows_truth = False
            self._held = frame
        self._say(frame)
        shown = self._held
        if not len(shown.times):
            self._show_empty()
            return
        self._drop_what_left(shown)
        key = self._key_of(shown, frame)
        if key == self._key:
            # The stream stands still: no repaint for nothing.
            return
        self._key = key
        if not self._state.paused or not len(self.view.range.low):
            self.view.range.follow(shown.values, frame.frame_time_wall)
        self.view.show_scene(self._scene_of(shown, frame))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self._refresh_looks()
        self.view.apply_theme(theme)
        self._key = ()
        self._show_header()

    # -- what is drawn -----------------------------------------------------------------------------------------

    def _relabelled(self, held: Frame, frame: Frame) -> Frame:
        # Labels of the frozen stretch that is still live follow the engine; older ones stand as they did.
        live = frame.times[0] if len(frame.times) else frame.now
        newer = {take.id for take in frame.takes}
        takes = [take for take in held.takes if take.end < live and take.id not in newer] + frame.takes
        return replace(held, takes=takes, recording=None)

    def _key_of(self, shown: Frame, frame: Frame) -> tuple[object, ...]:
        state, history = self._state, self._state.history
        behind = self._behind if state.paused else 0.0
        return (
            shown.now, len(shown.times), len(shown.readings), tuple(take.id for take in shown.takes),
            shown.recording, state.selection, state.paused, behind, frame.stats.stream_state,
            len(history), state.view_s, self.view.dragging,
        )  # fmt: skip

    def _scene_of(self, shown: Frame, frame: Frame) -> Scene:
        state, spec = self._state, shown.spec
        end = shown.now
        start = end - state.view_s
        ribbons = {
            "answer": answer_spans(shown.readings, spec.hop_s),
            "labels": label_spans(shown.takes, shown.recording, end),
        }
        truths = truth_spans(shown.readings, spec.hop_s) if spec.truth_names else []
        self._knows_truth = self._knows_truth or bool(truths)
        if self._knows_truth:
            ribbons["truth"] = truths
        pills = []
        if state.paused:
            pills.append(("Paused · Space goes on", "warning"))
        source = frame.stats.stream_state
        if source == "lost":
            pills.append((LOST, "bad"))
        elif source == "ended":
            pills.append((ENDED, "text_muted"))
        return Scene(
            channels=spec.channels, rate=spec.rate, start=start, end=end, times=shown.times, values=shown.values,
            ribbons=ribbons, publishes=self._publishes(start, end), selection=state.selection, pills=pills,
            frozen=state.paused, dim=source == "lost",
        )  # fmt: skip

    def _publishes(self, start: float, end: float) -> list[tuple[float, str]]:
        lines: list[tuple[float, str]] = []
        for record in reversed(self._state.history):
            # What was published before the first answer has no place in the stream: its time is 0.
            if 0 < record.time < start or len(lines) >= MOST_LINES:
                break
            if record.version is not None and start <= record.time <= end and record.time > 0:
                lines.append((record.time, "warning" if record.kind == "rolled back" else "publish"))
        return lines

    def _show_empty(self) -> None:
        state = self._state
        lost = self._held is not None and self._held.stats.stream_state == "lost"
        text = LOADING if state.phase == "loading" else LOST if lost else WAITING
        if self.view.scene.empty != text:
            self._key = ()
            self.view.show_scene(Scene(empty=text))
            self._show_header()

    def _refresh_looks(self) -> None:
        looks = self.view.looks
        looks.clear()
        for card in self._state.classes:
            fill = self.theme.colour(self.theme.visible(card.info.colour))
            # By name too: ground truth knows names only.
            looks[card.info.id] = looks[card.info.name] = (fill, ink_on(fill, self.theme), card.info.name)
        self._key = ()

    # -- words -------------------------------------------------------------------------------------------------

    def _say(self, frame: Frame) -> None:
        wall = frame.frame_time_wall
        if 0 <= wall - self._text_wall < TEXT_S:
            return
        self._text_wall = wall
        if self._state.paused and self._held is not None:
            self._behind = max(0.0, round(frame.now - self._held.now))
        self._show_header()

    def _show_header(self) -> None:
        spec, state = self._held.spec if self._held is not None else self._state.spec, self._state
        if state.paused:
            self.set_right(f'<span style="color: {self.theme.warning}">paused · {self._behind:.0f} s behind</span>')
        elif spec is not None:
            self.set_right(f"{len(spec.channels)} ch · {state.view_s:g} s")
        else:
            self.set_right("")

    # -- marking -----------------------------------------------------------------------------------------------

    def _mark(self, span: tuple[float, float] | None) -> None:
        self._mine = span
        self._state.set_selection(span)

    def _drop_what_left(self, shown: Frame) -> None:
        # A mark of this panel that nobody can see any more must not catch the next class key.
        if self._mine is not None and self._mine[1] < shown.now - self._state.view_s:
            self._mark(None)

    def _on_changed(self, topic: object) -> None:
        if topic == "classes":
            self._refresh_looks()
        elif topic == "selection":
            span = self._state.selection
            if span != self._mine:
                # Labelled, unmarked or marked by someone else: the hand's drag is over.
                self._mine = None
                self.view.end_drag()
            if self.view.scene.selection != span:
                self.view.scene.selection = span
                self.view.update()
        elif topic == "paused":
            self._behind, self._key = 0.0, ()
            self._show_header()
            if self._held is not None and len(self._held.times):
                self.view.show_scene(self._scene_of(self._held, self._held))
        elif topic in ("source", "phase") and not (self._held is not None and len(self._held.times)):
            self._show_empty()
            self._show_header()
