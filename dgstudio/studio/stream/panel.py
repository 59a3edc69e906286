"""The Stream panel: the live input with its answers and labels; standing still freezes the view, never the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QWidget

from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.look import Look
from dgstudio.studio.bridge.state import Frame, Phase, StreamMode, StudioState
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.common.panels.panel_header import HEADER_HEIGHT
from dgstudio.studio.painting.ribbons import Span, Stretches, answers_of, ink_on, joined, label_spans, truths_of
from dgstudio.studio.stream.overview_bar import BufferBar
from dgstudio.studio.stream.picture_view import PictureView
from dgstudio.studio.stream.scene import Scene
from dgstudio.studio.stream.stream_canvas import MODE_TOKENS
from dgstudio.studio.stream.stream_view import StreamView
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import F32, ONE_BY_ONE, RecordKind, StreamKind, StreamState, Take

if TYPE_CHECKING:
    from dgstudio.studio.pad.pointer_pad import PointerPad

WAITING = "Waiting for the stream …"
NOT_RECORDED = "The stream is not recorded: it can be seen where it is answered"
LOADING = "Loading …"
LOST = "Stream lost, retrying"
ENDED = "Stream ended"
GONE = "This has left the buffer: it cannot be labelled any more"
PART_GONE = "The hatched part has left the buffer"
TEXT_S = 0.25
CHANGE = "change"
"""The trace of pictures: how much of what is seen differs from the picture before."""
LARGE = 1.3
"""Scale of type from which the header has no room for what stays the same."""
STRIP = 92
"""Logical pixels that the stream of a pointer is high below the pad, at least."""
MOST_LINES = 400
"""Publishes of one view that are drawn."""
LONGEST_S = 120.0
"""The longest view: with a recording there may be hours to look back on."""
SHORTEST_S = 0.5
"""Of stream time at the usual pace, that the view zooms in to."""


class StreamPanel(PanelFrame):
    """Follows the live edge, or stands still anywhere in the buffer (`StudioState.looked_at`).

    A drag marks a stretch (`StudioState.selection`).
    """

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Stream", parent=parent)
        self._state, self._commands = state, commands
        self._frame: Frame | None = None
        self._look: Look | None = None
        self._span = (0.0, 0.0)
        self._takes: list[Take] = []
        self._stale_takes = self._stale_bar = False
        self._key: tuple[object, ...] = ()
        self._answers, self._truths = Stretches(), Stretches()
        self._labels: tuple[object, list[Span]] = (None, [])
        self._lines: tuple[object, list[tuple[float, str]]] = (None, [])
        self._mine: tuple[float, float] | None = None
        self._text_wall = 0.0
        self._knows_truth = False
        self.brief = False
        """Whether the labels are left out where the truth is known: it says as much to whoever only looks on."""
        self.view = StreamView()
        self.view.marked.connect(self._mark)
        self.view.placed.connect(state.look_back)
        self.view.scrolled.connect(self.move_by)
        self.view.zoomed.connect(self.zoom)
        self.view.jumped.connect(self._jump)
        self.bar = BufferBar(self.view.looks)
        self.bar.moved.connect(self._begin_at)
        self.body.addWidget(self.view, 1)
        self.body.addWidget(self.bar)
        self.pad: PointerPad | None = None
        """Where a pointer is moved, above the stream; None where the stream is of something else."""
        self.picture: PictureView | None = None
        """What a camera sees, above the stream; None where the stream is of something else."""
        state.when(StudioState.class_looks).connect(self._refresh_looks)
        state.when(StudioState.label_changes).connect(self._note_labels)
        state.when(StudioState.selection).connect(self._show_selection)
        state.when(StudioState.paused, StudioState.scrubbing, StudioState.looked_at).connect(self._show_place)
        state.when(StudioState.spec, StudioState.phase).connect(self._show_source)
        self._place_pad()
        self._refresh_looks()
        self._show_empty()

    @property
    def scene(self) -> Scene:
        """What is drawn at this moment."""
        return self.view.scene

    def update_frame(self, frame: Frame) -> None:
        """Show the newest samples, or those that are looked at, with labels made since."""
        if self._frame is not None and self._frame.spec != frame.spec:
            self.view.range.reset()
            self._answers, self._truths = Stretches(), Stretches()
            self._knows_truth = False
        self._frame = frame
        self._note_answers(frame)
        self._take_place(frame)
        self.bar.note(frame.new_readings, frame.spec.hop_s)
        if self.pad is not None:
            self._show_pad(self.pad, frame)
        elif self.picture is not None:
            self._show_picture(self.picture, frame)
        self._say(frame)
        if not len(frame.times) and self._look is None:
            self._show_empty()
            return
        self._show(frame)

    def update_unseen(self, frame: Frame) -> None:
        """Keep what was answered, for the ribbon and for the bar of the whole buffer."""
        if self._frame is None or self._frame.spec == frame.spec:
            self._note_answers(frame)
            self.bar.note(frame.new_readings, frame.spec.hop_s)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self._refresh_looks()
        self.view.apply_theme(theme)
        self.bar.apply_theme(theme)
        self._place_pad()
        if self.picture is not None:
            self.picture.apply_theme(theme)
        if self.pad is not None:
            self.pad.apply_theme(theme)
            self.pad.choice.apply_theme(theme, theme.px(HEADER_HEIGHT))
        self._key = ()
        self._show_header()

    # -- the pad of a pointer, the picture of a camera -----------------------------------------------------------

    def _place_pad(self) -> None:
        """Put the pad above the stream where that is a pointer's, or the picture, and leave the stream a low strip."""
        spec = self._state.spec
        if spec is not None and self._commands.camera is not None:
            if self.picture is None:
                self.picture = PictureView(self._commands.camera)
                self.body.insertWidget(0, self.picture)
                self.body.setStretchFactor(self.picture, 100)
            self.view.setMinimumHeight(self.theme.px(STRIP))
        if spec is None or spec.kind is not StreamKind.POINTER:
            return
        if self.pad is None:
            from dgstudio.studio.pad.pointer_pad import PointerPad  # most streams are of something else

            self.pad = PointerPad(self._state, self._commands)
            self.header.insertWidget(1, self.pad.choice)
            self.body.insertWidget(0, self.pad)
            # The pad takes what it can use of the height, the stream what is left.
            self.body.setStretchFactor(self.pad, 100)
        self.view.setMinimumHeight(self.theme.px(STRIP))

    def _show_pad(self, pad: PointerPad, frame: Frame) -> None:
        """Show where the pointer is, or was at the moment that is looked at."""
        look = self._look
        if look is None:
            pad.update_frame(frame, frame.times, frame.values, frame.reading)
            return
        count = int(np.searchsorted(look.past.times, look.moment, side="right"))
        pad.update_frame(frame, look.past.times[:count], look.past.values[:count], look.reading, live=False)

    def _show_picture(self, view: PictureView, frame: Frame) -> None:
        """Show what is seen, or was at the moment that is looked at."""
        if self._commands.camera is not None:
            view.look_through(self._commands.camera)
        if self._look is None:
            view.show_newest(frame.frame_time_wall)
        else:
            view.show_past(self._commands.source_time(self._look.moment))

    # -- moving through the past -------------------------------------------------------------------------------

    def move_by(self, seconds: float) -> None:
        """Move the view by so many stream seconds, at most to either end of the buffer; it stands still from now on."""
        start, end = self._shown_span()
        self._show_from(start + seconds, end - start, scrubbing=True)

    def zoom(self, factor: float, anchor: float) -> None:
        """Make the view longer by `factor`, or shorter, and let it stand still; the moment `anchor` keeps its place."""
        start, end = self._shown_span()
        if self._frame is None:
            return
        most = min(self._frame.now - self._frame.oldest, LONGEST_S * self._state.pace)
        most = max(most, self._state.view_s)
        wide = min(max((end - start) * factor, SHORTEST_S * self._state.pace), most)
        ratio = wide / max(end - start, 1e-9)
        self._show_from(anchor - (anchor - start) * ratio, wide, scrubbing=self._state.scrubbing)

    def press_key(self, event: QKeyEvent) -> bool:
        """Take a key that no control wanted, while the view stands still; return whether it meant something."""
        return self._state.paused and self.view.moves(event)

    def _jump(self, where: str) -> None:
        if where == "live":
            self._state.set_paused(False)
        else:
            self._begin_at(float("-inf"))

    def _begin_at(self, start: float) -> None:
        first, last = self._shown_span()
        self._show_from(start, last - first, scrubbing=True)

    def _show_from(self, start: float, wide: float, *, scrubbing: bool) -> None:
        frame = self._frame
        if frame is None or not len(frame.times):
            return
        # Not beyond what there is; a view that is longer than the buffer ends at its edge.
        newest = frame.now
        first = max(frame.oldest, min(start, newest - wide)) if newest - frame.oldest > wide else newest - wide
        self._state.look_at(first, first + wide, scrubbing=scrubbing)

    def _shown_span(self) -> tuple[float, float]:
        if self._state.looked_at is not None:
            return self._state.looked_at
        return (self.scene.start, self.scene.end)

    # -- what is drawn -----------------------------------------------------------------------------------------

    def _take_place(self, frame: Frame) -> None:
        """Follow the live edge, or take up what is looked at, and the labels that changed meanwhile."""
        before, look = self._look, frame.look
        self._look = look
        if look is None:
            self._span, self._takes = (frame.now - self._state.view_s, frame.now), frame.takes
            return
        self._span = look.start, look.end
        moved = before is None or before.past is not look.past
        if moved and look.edge != look.end:
            # What was drawn at the pause keeps its scale; what lies elsewhere may be larger.
            self.view.range.cover(self._traced(look.past.values))
        if moved or self._stale_takes:
            self._takes = self._commands.book.takes(*self._span)
            self._stale_takes = False

    def _show(self, frame: Frame) -> None:
        self._drop_what_left()
        key = self._key_of(frame)
        if key == self._key:
            # The stream stands still: no repaint for nothing.
            return
        self._key = key
        if not self._state.paused or not len(self.view.range.low):
            values = frame.values if self._look is None else self._look.past.values
            self.view.range.follow(self._traced(values), frame.frame_time_wall)
        self.view.show_scene(self._scene_of(frame))

    def _key_of(self, frame: Frame) -> tuple[object, ...]:
        state, look = self._state, self._look
        past = None if look is None else look.past
        return (
            self._span, None if look is None else look.moment, len(frame.times if past is None else past.times),
            len(frame.readings if past is None else past.readings),
            tuple((take.id, take.class_id, take.end) for take in self._takes),
            frame.recording if past is None else None, state.stream_mode, self._gone(frame),
            frame.stats.stream_state, state.record_count,
        )  # fmt: skip

    def _gone(self, frame: Frame) -> float:
        # In steps: the edge of what is lost need not move at every frame.
        gone = frame.oldest > self._span[0] and self._look is not None
        return frame.oldest - frame.oldest % 0.5 if gone else float("-inf")

    def _scene_of(self, frame: Frame) -> Scene:
        state, spec, look = self._state, frame.spec, self._look
        past, (start, end) = None if look is None else look.past, self._span
        times, values = (frame.times, frame.values) if past is None else (past.times, past.values)
        answers, truths = self._answered(frame)
        ribbons = {"answer": answers, "labels": self._labelled(frame, end)}
        self._knows_truth = self._knows_truth or bool(truths)
        if self._knows_truth:
            ribbons["truth"] = truths
            if self.brief:
                del ribbons["labels"]
        # What comes when it likes has no rate by which a gap would show.
        rate = 0.0 if spec.kind in ONE_BY_ONE else spec.rate
        channels = spec.channels if self.picture is None else (CHANGE,)
        return Scene(
            channels=channels, rate=rate, start=start, end=end, times=times, values=self._traced(values),
            ribbons=ribbons, publishes=self._publishes(start, end), selection=state.selection,
            pills=self._pills(frame), mode=state.stream_mode, edge=end if look is None else look.edge,
            gone=self._gone(frame), moment=None if look is None else look.moment,
            dim=frame.stats.stream_state == StreamState.LOST,
        )  # fmt: skip

    def _traced(self, values: F32) -> F32:
        """The traces (n, channels): the samples, or of pictures how much each differs from the one before."""
        if self.picture is None:
            return values
        moved = np.zeros((len(values), 1), np.float32)
        if len(values) > 1:
            moved[1:, 0] = np.sqrt(np.square(np.diff(values, axis=0)).mean(1))
        return moved

    def _note_answers(self, frame: Frame) -> None:
        begin, hop_s = frame.now - self._state.view_s, frame.spec.hop_s
        parts = answers_of(frame.new_readings), truths_of(frame.new_readings)
        for stretches, new in zip((self._answers, self._truths), parts, strict=True):
            stretches.add(new, hop_s)
            stretches.keep_from(begin)

    def _answered(self, frame: Frame) -> tuple[list[Span], list[Span]]:
        """Answers and ground truth of what is in view."""
        if self._look is None:
            return [*self._answers.spans], [*self._truths.spans]
        readings, hop_s = self._look.past.readings, frame.spec.hop_s
        return joined(answers_of(readings), hop_s), joined(truths_of(readings), hop_s)

    def _labelled(self, frame: Frame, end: float) -> list[Span]:
        recording = frame.recording if self._look is None else None
        key = tuple(self._takes), recording, end if recording is not None else 0.0
        if key != self._labels[0]:
            self._labels = key, label_spans(self._takes, recording, end)
        return self._labels[1]

    def _pills(self, frame: Frame) -> list[tuple[str, str]]:
        source, pills = frame.stats.stream_state, []
        gone = self._gone(frame)
        if gone > self._span[0]:
            pills.append((GONE if gone >= self._span[1] else PART_GONE, "warning"))
        if source == StreamState.LOST:
            pills.append((LOST, "bad"))
        elif source == StreamState.ENDED:
            pills.append((ENDED, "text_muted"))
        return pills

    def _publishes(self, start: float, end: float) -> list[tuple[float, str]]:
        """The publishes in view, and some before it: a band of them reaches beyond the left edge."""
        # While it follows, none comes into view but at its end.
        key = self._state.record_count, self._state.view_s if self._look is None else (start, end)
        if key == self._lines[0]:
            return self._lines[1]
        start, end = start - 0.1 * (end - start), end if self._look is not None else float("inf")
        lines: list[tuple[float, str]] = []
        for record in self._state.history.back_from(end, self._state.first_record):
            # What was published before the first answer has no place in the stream: its time is 0.
            if 0 < record.time < start or len(lines) >= MOST_LINES:
                break
            if record.version is not None and start <= record.time <= end and record.time > 0:
                lines.append((record.time, "warning" if record.kind == RecordKind.ROLLED_BACK else "publish"))
        self._lines = key, lines
        return lines

    def _show_empty(self) -> None:
        state = self._state
        lost = self._frame is not None and self._frame.stats.stream_state == StreamState.LOST
        text = LOADING if state.phase == Phase.LOADING else LOST if lost else WAITING
        if state.watched is not None and not state.watched.recorded:
            text = NOT_RECORDED
        if self.view.scene.empty != text:
            self._key = ()
            self.view.show_scene(Scene(empty=text))
            self._show_header()

    def _refresh_looks(self) -> None:
        looks: dict[int | str | None, tuple[QColor, QColor, str]] = {}
        for card in self._state.classes:
            fill = self.theme.colour(self.theme.visible(card.info.colour))
            # By name too: ground truth knows names only.
            looks[card.info.id] = looks[card.info.name] = (fill, ink_on(fill, self.theme), card.info.name)
        self.view.set_looks(looks)
        self._key = ()

    # -- words -------------------------------------------------------------------------------------------------

    def _say(self, frame: Frame) -> None:
        wall = frame.frame_time_wall
        if 0 <= wall - self._text_wall < TEXT_S:
            return
        self._text_wall = wall
        takes = self._commands.book.takes(frame.oldest, frame.now) if self._stale_bar else None
        self._stale_bar = False
        state, oldest = self._state, frame.oldest
        self.bar.show_state(
            (oldest, frame.now),
            self._span,
            state.stream_mode,
            takes,
            moment=None if self._look is None else self._look.moment,
            doubtful=tuple(reading.end for reading in state.uncertain if reading.end >= oldest),
        )
        self._show_header()

    def _show_header(self) -> None:
        spec, mode = self._frame.spec if self._frame is not None else self._state.spec, self._state.stream_mode
        word = f'<span style="color: {getattr(self.theme, MODE_TOKENS[mode])}">{mode}</span>'
        if mode != StreamMode.FOLLOWING and self._frame is not None:
            # What is older than that stands on the axis.
            since = self._frame.age(self._span[1]) if self._look is None else self._frame.now - self._look.edge
            stopped = "" if mode == StreamMode.PAUSED else " · stopped"
            self.set_right(f"{word}{stopped} {max(0.0, since):.0f} s ago")
        elif spec is not None and self.pad is not None:
            # Large type leaves room for the choice of maps only.
            self.set_right("" if self.theme.scale > LARGE else word)
        elif spec is not None:
            # Large type leaves room for what changes only.
            few = self.theme.scale > LARGE or self.picture is not None
            channels = "" if few else f" · {len(spec.channels)} ch"
            self.set_right(f"{word}{channels} · {self._state.view_s:g} s")
        else:
            self.set_right("")

    # -- marking -----------------------------------------------------------------------------------------------

    def _mark(self, span: tuple[float, float] | None) -> None:
        self._mine = span
        self._state.selection = span

    def _drop_what_left(self) -> None:
        # A mark of this panel that nobody can see any more must not catch the next class key.
        if self._mine is not None and (self._mine[1] < self._span[0] or self._mine[0] > self._span[1]):
            self._mark(None)

    def _note_labels(self) -> None:
        self._stale_takes = self._stale_bar = True

    def _show_selection(self) -> None:
        span = self._state.selection
        if span != self._mine:
            # Labelled, unmarked or marked by someone else: the hand's drag is over.
            self._mine = None
            self.view.end_drag()
        self.view.scene.selection = span
        self.view.update()

    def _show_place(self) -> None:
        self._key = ()
        self._text_wall = float("-inf")
        self._show_header()

    def _show_source(self) -> None:
        self._place_pad()
        if self._frame is None or not len(self._frame.times):
            self._show_empty()
            self._show_header()
