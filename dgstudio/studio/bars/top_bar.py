"""The bar at the top: source, learning mode, contract, serving version, recording state, and the main buttons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from dgstudio.engine.watching.refusing import WHY
from dgstudio.streams.condition import condition_of
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.actions.registry import ActionRegistry, display_key, tooltip_of
from dgstudio.studio.bridge.look import Look
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.lamp_words import LAMPS
from dgstudio.studio.common.mode_words import MODE_WORDS
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.common.twin_text import TWIN_WORDS
from dgstudio.studio.common.widgets.chip import DOT, GAP, PADDING, Chip, Part, Segmented
from dgstudio.studio.common.widgets.elided_label import ElidedLabel
from dgstudio.studio.painting.time_line import ago
from dgstudio.studio.theme.format import grouped
from dgstudio.studio.theme.room import keeps_own_room
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import Mode, StreamKind, StreamSpec, StreamState

HEIGHT = 51
IMU = ("ax", "ay", "az", "gx", "gy", "gz")
"""Channels that say what the sensor is."""
STOPPED_S = 0.05
"""A moment less than this before the stop is that of the stop."""
BESIDE_NAME = 2 * PADDING + DOT + 2 * GAP
"""Of the chip that names what is recorded: all but the name and the seconds."""
IDLE = Part("text", "Label"), Part("muted", "hold a key")
WATCHING = (Part("muted", "watching only"),)
"""What stands where a label is being recorded, while none is."""
THEN_TIP = (
    "The past is shown: stream, answer, gates, examples and stability are those of this moment, and the version is\n"
    "the one that answered it. Answers and learning go on meanwhile. Comma and full stop move by one answer.\n"
    "Seconds count from where the view was stopped, here, on every axis and beside every doubtful moment."
)


class TopBar(QFrame):
    """The top bar. Where the window is narrow, side remarks and key caps are left out before anything else."""

    mode_chosen = Signal(object)

    def __init__(
        self, state: StudioState, modes: tuple[Mode, ...], actions: ActionRegistry[Any], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("topBar")
        self.setAccessibleName("Top bar")
        self._state, self._actions = state, actions
        self.theme: Theme = DARK
        self._condition = condition_of(StreamState.OPENING)
        self._look: Look | None = None
        self._needs = (0, 0, False)
        self.brand = QLabel("dgstudio")
        self.brand.setObjectName("brand")
        self.source = Chip("Source", [Part("dot", "dot"), Part("strong", ""), Part("muted", "", level=3)])
        self.learn = QLabel("Learn")
        self.learn.setObjectName("muted")
        choices = [(mode.value, *MODE_WORDS[mode]) for mode in modes]
        self.modes = Segmented("Learning mode", choices)
        self.modes.chosen.connect(lambda key: self.mode_chosen.emit(Mode(key)))
        self.contract = Chip(
            "Contract",
            [Part("text", "Contract", level=1), Part("strong", "Exact"), Part("muted", "", level=4)],
        )
        self.serving = self._button(
            ActionId.PIN, "Serving", [Part("text", "Serving", level=1), Part("strong", "v0"), Part("muted", "live")]
        )
        back = [Part("text", "Roll back", level=1)]
        self.roll_back = self._button(ActionId.ROLL_BACK, "Roll back", back, icon="mdi6.undo-variant")
        self.then = Chip("The moment that is shown", [], clickable=False)
        self.then.set_edge("warning", "warning")
        self.then.setToolTip(THEN_TIP)
        self.then_note = ElidedLabel("everything below shows this moment")
        self.then_note.setObjectName("muted")
        self.follow = self._button(ActionId.LIVE, "Follow", [Part("text", "Follow")], icon="mdi6.skip-forward-outline")
        self.recording = Chip(
            "Label",
            [Part("dot", "dot", "text_faint"), *(IDLE if state.watched is None else WATCHING)],
            clickable=False,
        )
        self.recording.fixed_width = 150
        may_elide_names(self.recording)
        self.compare = self._button(ActionId.COMPARE, "Compare", [Part("text", "Compare")])
        self.compare.setCheckable(True)
        self.present = self._button(ActionId.PRESENT, "Present", [Part("text", "Present")])
        self.search = self._button(ActionId.PALETTE, "Command palette", [], icon="mdi6.magnify")
        self.menu = Chip("Menu", [Part("icon", "mdi6.dots-horizontal")])
        self.menu.setToolTip("All actions")
        row = QHBoxLayout(self)
        keeps_own_room(row)
        left = (self.brand, self.source, self.learn, self.modes, self.contract, self.serving, self.roll_back)
        right = (self.recording, self.compare, self.present, self.search, self.menu)
        for widget in (*left, self.then, self.follow):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.then_note, 40, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        for widget in right:
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        self._row = row
        self.chips = [widget for widget in (*left, self.then, self.follow, *right) if isinstance(widget, Chip)]
        self.contract.setToolTip(
            "Every publish by the learner leaves the logits of every protected input identical to the last bit;\n"
            "it is proved before the publish, else the publish is rejected. Click for openness, rule and protection."
        )
        self.recording.setToolTip("What is being labelled now: hold a class's card or its key 1–9")
        state.when(StudioState.spec, StudioState.source_name).connect(self._show_source)
        state.when(StudioState.mode).connect(self._show_mode)
        state.when(StudioState.protected, StudioState.serving, StudioState.pinned).connect(self._show_versions)
        state.when(StudioState.compare).connect(self._show_compared)
        for show in (self._show_source, self._show_mode, self._show_versions, self._show_compared):
            show()
        self._share_middle()
        self.apply_theme(DARK)

    @property
    def changing(self) -> tuple[QWidget, ...]:
        """The controls that change the session."""
        return *self.modes.segments.values(), self.roll_back, self.serving, self.compare

    def update_frame(self, frame: Frame) -> None:
        """Follow the stream's state, and say which moment is shown."""
        if frame.look is not self._look:
            self._show_moment(frame.look)
        condition = frame.source or condition_of(frame.stats.stream_state)
        if condition != self._condition:
            self._condition = condition
            self._show_source()

    def show_recording(self, name: str, colour: str, seconds: float) -> None:
        """Show the class that is being recorded and for how long; "" for none. The bar does not move by it."""
        if name:
            elapsed = f"{seconds:.1f} s"
            metrics = QFontMetrics(self.theme.ui("bar", 600))
            room = (
                self.theme.px(self.recording.fixed_width)
                - self.theme.px(BESIDE_NAME)
                - metrics.horizontalAdvance(elapsed)
            )
            short = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
            self.recording.set_parts(
                [Part("dot", "dot", "recording"), Part("strong", short, colour), Part("text", elapsed)]
            )
            self.recording.set_edge("recording", "recording_soft")
        else:
            idle = IDLE if self._state.watched is None else WATCHING
            self.recording.set_parts([Part("dot", "dot", "text_faint"), *idle])
            self.recording.set_edge("")

    def _show_moment(self, look: Look | None) -> None:
        """Say how long ago the moment is that all panels show, and which version answered it; None: it is now."""
        before, self._look = self._look, look
        if look is not None:
            version = "" if look.reading is None else f"answered by v{look.reading.version}"
            # Figures of equal width in a room of their own: what moves on does not shift its neighbours.
            wide = QFontMetrics(self.theme.ui("bar", 600)).horizontalAdvance("−888.8 s")
            then = [Part("text", "Then", "surface", level=4), Part("strong", ago(look.behind), "surface", width=wide)]
            # Where it was stopped, and no moment before that was asked for.
            stopped = [Part("strong", "Paused", "surface")]
            version_part = Part("text", version, "surface", level=1)
            self.then.set_parts([*(stopped if look.behind < STOPPED_S else then), version_part])
        if (look is None) != (before is None):
            self._share_middle()
        self._fit()

    def _share_middle(self) -> None:
        """Show what is learned and served now, or, while the past is looked at, which moment that is."""
        past = self._look is not None
        shown: dict[QWidget, bool] = dict.fromkeys((self.modes, self.roll_back), not past)
        shown |= dict.fromkeys((self.contract, self.serving), not past)
        shown |= dict.fromkeys((self.then, self.then_note, self.follow), past)
        for widget, visible in shown.items():
            widget.setVisible(visible)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.then_note.setFont(theme.ui("body"))
        self.brand.setFont(theme.ui("brand", 700))
        self.learn.setFont(theme.ui("body"))
        for chip in self.chips:
            chip.apply_theme(theme)
        self.modes.apply_theme(theme)
        self._row.setContentsMargins(theme.px(14), 0, theme.px(14), 0)
        self.setFixedHeight(theme.px(HEIGHT))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fit()

    def _button(self, id: ActionId, name: str, parts: list[Part], icon: str = "") -> Chip:
        action = self._actions[id]
        pieces = [Part("icon", icon)] if icon else []
        pieces += parts
        if id != ActionId.PIN:
            pieces.append(Part("key", display_key(action.keys[0]), level=2))
        chip = Chip(name, pieces)
        chip.setToolTip(tooltip_of(action))
        chip.clicked.connect(lambda: self._actions.trigger(id))
        return chip

    def _fit(self) -> None:
        if not self.testAttribute(Qt.WidgetAttribute.WA_Resized):
            # How wide it will be nobody has said yet; whoever does calls this again.
            return
        # From the fullest to the barest, the first that fits: large type, smaller type, then fewer and fewer parts.
        row = self._row
        # Not by the items of the row: with each of them that is looked at and let go, PySide may free what others use.
        widgets = [child for child in self.children() if isinstance(child, QWidget)]
        spare = (self.brand, self.learn)
        wanted = [widget for widget in widgets if widget in spare or not widget.isHidden()]
        if self._look is not None:
            wanted.remove(self.learn)
        # It takes what room is left.
        wanted = [widget for widget in wanted if widget is not self.then_note]
        margins = row.contentsMargins()
        sizes = ("bar", 5), ("body", 5), ("body", 4), ("body", 3), ("body", 2), ("body", 1), ("body", 0)
        for size, level in sizes:
            # At last the words go whose place says as much as they do.
            shown = wanted if level else [widget for widget in wanted if widget not in spare]
            chips = [widget for widget in shown if isinstance(widget, Chip)]
            for chip in (*self.chips, *self.modes.segments.values()):
                chip.set_size(size)
            row.setSpacing(self.theme.px(12 if level > 3 else 7))
            fixed = sum(widget.sizeHint().width() for widget in shown if not isinstance(widget, Chip))
            room = self.width() - margins.left() - margins.right() - fixed - row.spacing() * len(shown)
            if level == 0 or sum(chip.width_at(level) for chip in chips) <= room:
                for chip in self.chips:
                    chip.set_level(level)
                for widget in spare:
                    widget.setVisible(widget in shown)
                left = room - sum(chip.width_at(level) for chip in chips)
                # Of a sentence that would be cut nothing is shown.
                note = self.then_note.fontMetrics().horizontalAdvance(self.then_note.text()) + row.spacing()
                self.then_note.setVisible(self._look is not None and left > note)
                break

    def _show_mode(self) -> None:
        self.modes.choose(self._state.mode.value)

    def _show_versions(self) -> None:
        state = self._state
        pinned = state.pinned is not None
        protected, version = f"· {grouped(state.protected)} protected", f"v{state.serving}"
        self.contract.set_part(2, protected)
        self.serving.set_part(1, version)
        self.serving.set_part(2, "pinned" if pinned else "live", "warning" if pinned else "")
        self.serving.set_edge("warning" if pinned else "")
        # All figures are equally wide: what has as many as before fits as before.
        needs = len(protected), len(version), pinned
        if needs != self._needs:
            self._needs = needs
            self._fit()

    def _show_compared(self) -> None:
        compare = self._state.compare
        self.compare.setChecked(bool(compare))
        names = " and ".join(TWIN_WORDS[kind].with_article for kind in compare)
        self.compare.setToolTip(f"Comparing with {names}" if names else tooltip_of(self._actions[ActionId.COMPARE]))

    def _show_source(self) -> None:
        state, condition = self._state, self._condition
        dot, words = LAMPS[condition.lamp]
        spec = state.spec
        kind = "no stream" if spec is None else _kind_word(spec.kind, spec.channels)
        pace = _pace(spec, condition.rate)
        if spec is not None and spec.speed not in (1.0, 0.0):
            pace += f" · ×{spec.speed:g}"
        name = state.source_name or (spec.name if spec is not None else "") or "No source"
        # Trouble is told in words too, and is never left out.
        told = Part("text", words, dot) if words else Part("muted", kind + pace, level=3)
        if condition.rate is not None and not words:
            # What is measured changes all the time, and its neighbours stand still.
            widest = QFontMetrics(self.theme.ui("bar")).horizontalAdvance(f"{kind} · 8888 a second")
            told = replace(told, width=widest)
        before = self.source.sizeHint().width()
        shown = "OSC" if name == "osc" else (name[:1].upper() + name[1:]).replace("_", " ")
        self.source.set_parts([Part("dot", "dot", dot), Part("strong", _short(shown, 22)), told])
        lines = [f"{shown}: {condition.words}", kind + pace, *(f"{each.words} left out" for each in condition.counted)]
        lines.append(WHY if state.watched is not None else tooltip_of(self._actions[ActionId.SOURCE]))
        self.source.setToolTip("\n".join(lines))
        if self.source.sizeHint().width() != before:
            self._fit()


def _kind_word(kind: StreamKind, channels: tuple[str, ...]) -> str:
    if kind == StreamKind.SIGNAL:
        return "IMU" if tuple(name.lower() for name in channels) == IMU else f"{len(channels)} ch"
    if kind == StreamKind.VALUES:
        return f"{len(channels)} input{'' if len(channels) == 1 else 's'}"
    return "video" if kind == StreamKind.IMAGE else kind


def _pace(spec: StreamSpec | None, measured: float | None) -> str:
    """How many samples a second there are, as they come or as they are declared."""
    if measured is not None:
        return f" · {measured:.0f} a second" if measured >= 10 else f" · {measured:.1f} a second"
    # What comes when it likes declares nothing.
    return "" if spec is None or spec.kind is StreamKind.VALUES else f" · {spec.rate:g} Hz"


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
