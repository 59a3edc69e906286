"""The picture of a stream: a row per channel, ribbons and a time axis beneath."""

from __future__ import annotations

from math import ceil, floor

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QScrollBar, QSizePolicy, QWidget

from dgstudio.studio.bridge.state import StreamMode
from dgstudio.studio.painting.decimation import SlowRange
from dgstudio.studio.painting.kept_layer import KeptLayer
from dgstudio.studio.painting.ribbons import ink_on
from dgstudio.studio.painting.time_line import axis_marks, moment_wide, paint_cursor, paint_moment
from dgstudio.studio.stream.scene import Places, Scene
from dgstudio.studio.stream.strip import StreamStrip
from dgstudio.studio.theme.paper import keeps_shapes
from dgstudio.studio.theme.theme import DARK, Theme

LEAST_ROW = 11.5
"""Logical pixels a channel needs to be readable; where there is less room the rows scroll."""
RIBBON, GAP, AXIS = 13, 5, 15
THIN_RIBBON, AXIS_TYPE = 11, 10
MODE_TOKENS = {StreamMode.FOLLOWING: "good", StreamMode.PAUSED: "warning", StreamMode.SCRUBBING: "warning"}
"""Colour tokens of what the view does."""


class StreamCanvas(QWidget):
    """Paints a `Scene`; knows where everything is.

    Names and axis are one picture, what scrolls another (`StreamStrip`); what lies over both is drawn at each frame.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.scene = Scene()
        self.range = SlowRange()
        self.looks: dict[int | str | None, tuple[QColor, QColor, str]] = {}
        """Fill, ink and name of each class, by id and by name."""
        self.strip = StreamStrip(self.range, self.look)
        self._still = KeptLayer()
        self._places: Places | None = None
        self.rows_bar = QScrollBar(Qt.Orientation.Vertical, self)
        self.rows_bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows_bar.valueChanged.connect(lambda _value: self._lay_out())
        self.rows_bar.hide()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(280), self.theme.px(260))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(160), self.theme.px(90))

    # -- what it shows -----------------------------------------------------------------------------------------

    def show_scene(self, scene: Scene) -> None:
        """Show a frame."""
        before, self.scene = self.scene, scene
        if (scene.channels, tuple(scene.ribbons)) != (before.channels, tuple(before.ribbons)):
            self._lay_out()
        elif self._still.key != self._still_key() or scene.moment != before.moment:
            self.update()
        else:
            # Names and axis stand as they are.
            self.update(self._moving())

    def set_looks(self, looks: dict[int | str | None, tuple[QColor, QColor, str]]) -> None:
        """Give classes these fills, inks and names, by id and by name."""
        self.looks.clear()
        self.looks.update(looks)
        self.strip.forget()
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.strip.apply_theme(theme)
        self._lay_out()

    def look(self, key: int | str | None) -> tuple[QColor, QColor, str]:
        """Return fill, ink and name of a class id or name; what has no card any more is grey."""
        known = self.looks.get(key)
        if known is None:
            theme = self.theme
            if key is None:
                known = theme.colour("control"), theme.colour("text_muted"), "unsure"
            else:
                fill = theme.colour("reserve_unit")
                known = fill, ink_on(fill, theme), key if isinstance(key, str) else f"class {key}"
            self.looks[key] = known
        return known

    # -- where things are --------------------------------------------------------------------------------------

    @property
    def places(self) -> Places:
        """Where the parts of the picture lie: worked out once for a size, a theme and the rows of a stream."""
        if self._places is None:
            plot = self._plot()
            top, ribbons = plot.bottom() + 2, {}
            for name in self.scene.ribbons:
                ribbons[name] = QRectF(plot.left(), top + self.theme.px(GAP), plot.width(), self._tall(name))
                top = ribbons[name].bottom()
            count = max(1, len(self.scene.channels))
            tall = max(plot.height() / count, self.theme.length(LEAST_ROW))
            fit = max(1, min(count, int(plot.height() / tall + 1e-6)))
            tall, first = (plot.height() / fit, self.rows_bar.value()) if fit < count else (tall, 0)
            self._places = Places(plot, ribbons, self.height() - self.theme.px(AXIS), tall, first, fit)
        return self._places

    @property
    def plot(self) -> QRectF:
        """The traces' rectangle."""
        return self.places.plot

    def ribbon_rect(self, name: str) -> QRectF:
        """The rectangle of one ribbon."""
        return self.places.ribbons[name]

    def rows(self) -> tuple[float, int, int]:
        """Return how tall a channel's row is, the first channel in view and how many are."""
        return self.places.tall, self.places.first, self.places.fit

    def _gutter(self) -> int:
        """Logical pixels left of the time axis, for the names."""
        metrics = QFontMetrics(self.theme.ui("tiny"))
        words = (*self.scene.channels[:64], *self.scene.ribbons)
        wide = max((metrics.horizontalAdvance(word) for word in words), default=0) + self.theme.px(8)
        return int(min(max(wide, self.theme.px(24)), 0.26 * self.width()))

    def _plot(self) -> QRectF:
        below = self.theme.px(AXIS) + sum(self._tall(name) + self.theme.px(GAP) for name in self.scene.ribbons) + 2
        right = self.width() - (self.rows_bar.width() + 3 if not self.rows_bar.isHidden() else 0)
        left = self._gutter()
        return QRectF(left, 0, max(1, right - left), max(1, self.height() - below))

    def _moving(self) -> QRect:
        """What changes from frame to frame: all that is right of the names and above the axis."""
        plot = self.places.plot
        left = floor(plot.left())
        return QRect(left, 0, ceil(plot.right()) - left, ceil(self.places.bottom) + 1)

    def x_of(self, time: float) -> float:
        """Return where a moment of stream time is, in logical pixels."""
        plot, scene = self.plot, self.scene
        return plot.left() + (time - scene.start) / max(scene.end - scene.start, 1e-9) * plot.width()

    def time_at(self, x: float) -> float:
        """Return the moment of stream time at a pixel."""
        plot, scene = self.plot, self.scene
        return scene.start + (x - plot.left()) / plot.width() * (scene.end - scene.start)

    def _tall(self, name: str) -> int:
        # Where its names are no smaller than those of the others it is as tall.
        return self.theme.px(THIN_RIBBON if name == "truth" and not self.theme.least else RIBBON)

    def _lay_out(self) -> None:
        self._places = None
        self._still.forget()
        count, fit = len(self.scene.channels), self.places.fit
        wide = 8
        self.rows_bar.setRange(0, max(0, count - fit))
        self.rows_bar.setPageStep(fit)
        self.rows_bar.setVisible(count > fit)
        self.rows_bar.setGeometry(self.width() - wide, 0, wide, int(self.places.plot.height()))
        self._places = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._lay_out()

    # -- painting ----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme, scene, places, ratio = self.theme, self.scene, self.places, self.devicePixelRatioF()
        if scene.empty or not self._moving().contains(event.rect()):
            # Names and axis stand still: painted once for this size, theme and stream.
            self._still.draw(
                painter,
                QRectF(self.rect()),
                ratio,
                self._paint_still,
                key=self._still_key(),
                ground=theme.colour("surface"),
            )
        if scene.empty:
            painter.setFont(theme.ui("body"))
            painter.setPen(theme.colour("text_muted"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()).adjusted(12, 0, -12, 0), flags, scene.empty)
            self._paint_focus(painter)
            return
        if keeps_shapes(painter):
            self.strip.draw_whole(painter, scene, places)
        else:
            self.strip.show(scene, places, ratio)
            self.strip.draw(painter)
        if scene.marked is not None:
            self._paint_edges(painter, places, scene.marked)
        self._paint_gone(painter, places)
        self._paint_pills(painter, places.plot)
        if scene.moment is not None:
            self._paint_cursor(painter, places, scene.moment)
        self._paint_focus(painter)

    def _still_key(self) -> object:
        scene = self.scene
        behind = 0.0 if scene.edge is None else scene.edge - scene.end
        return (
            self.size(), self.devicePixelRatioF(), self.theme, self.places, scene.channels, scene.span,
            round(behind, 3), bool(scene.empty), self._hidden_marks(),
        )  # fmt: skip

    def _marks(self) -> list[tuple[float, str]]:
        """The marks of the axis: how far from its right end, as a share of it, and their figures."""
        scene, metrics = self.scene, QFontMetrics(self.theme.mono(AXIS_TYPE))
        behind = 0.0 if scene.edge is None else round(scene.edge - scene.end, 3)
        return [*axis_marks(scene.span, behind, self.plot.width(), metrics)]

    def _hidden_marks(self) -> tuple[float, ...]:
        """The marks whose figures would stand where that of the time cursor does."""
        moment, plot = self.scene.moment, self.plot
        if moment is None:
            return ()
        half = moment_wide(self.theme) / 2
        room = half + QFontMetrics(self.theme.mono(AXIS_TYPE)).horizontalAdvance("−88 ") / 2
        cursor = min(max(self.x_of(moment), plot.left() + half), plot.right() - half)
        shares = (share for share, _ in self._marks())
        return tuple(share for share in shares if abs(plot.right() - share * plot.width() - cursor) < room)

    def _paint_still(self, painter: QPainter) -> None:
        if not self.scene.empty:
            self._paint_names(painter, self.plot)
            self._paint_axis(painter, self.plot)

    def _paint_names(self, painter: QPainter, plot: QRectF) -> None:
        theme, scene, places = self.theme, self.scene, self.places
        font = theme.ui("tiny")
        metrics = QFontMetrics(font)
        painter.setFont(font)
        room = int(plot.left() - self.theme.px(6))
        # Rows may be lower than a line of type: of a name nothing is cut off for that.
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
        for row in range(places.fit):
            channel, middle = places.first + row, places.middle(row)
            painter.setPen(theme.colour(theme.channel(channel)))
            text = metrics.elidedText(scene.channels[channel], Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRectF(0, middle - places.tall / 2, room + 4, places.tall), left, text)
        painter.setPen(theme.colour("text_muted"))
        for name, rect in places.ribbons.items():
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
            tall = theme.px(20)
            painter.drawText(QRectF(0, rect.center().y() - tall / 2, room + 4, tall), left, text)

    def _paint_axis(self, painter: QPainter, plot: QRectF) -> None:
        theme = self.theme
        font = theme.mono(AXIS_TYPE)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        top = self.height() - theme.px(AXIS)
        hidden = self._hidden_marks()
        for share, text in self._marks():
            if share in hidden:
                continue
            x = plot.right() - share * plot.width()
            painter.setPen(theme.colour("border_strong"))
            painter.drawLine(QPointF(x - 0.5, top), QPointF(x - 0.5, top + 3))
            half = metrics.horizontalAdvance(text) / 2
            centre = min(max(x, plot.left() + half), plot.right() - half)
            painter.setPen(theme.colour("text_muted"))
            box = QRectF(centre - half - 2, top + 2, 2 * half + 4, theme.px(AXIS) - 2)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_edges(self, painter: QPainter, places: Places, span: tuple[float, float]) -> None:
        theme, plot = self.theme, places.plot
        left, right = self.strip.x_of(span[0]), self.strip.x_of(span[1])
        box = QRectF(left, plot.top(), max(1.0, right - left), places.bottom)
        painter.save()
        painter.setClipRect(plot.adjusted(0, 0, 0, self.height()), Qt.ClipOperation.IntersectClip)
        painter.setPen(QPen(theme.colour("accent_hover"), 1))
        painter.drawLine(box.topLeft(), box.bottomLeft())
        painter.drawLine(box.topRight(), box.bottomRight())
        font = theme.ui("tiny", 600)
        metrics = QFontMetrics(font)
        text = f"{span[1] - span[0]:.1f} s · press a class key"
        wide = metrics.horizontalAdvance(text) + 14
        left = min(max(box.center().x() - wide / 2, plot.left()), max(plot.left(), plot.right() - wide))
        tag = QRectF(left, box.bottom() - theme.px(17), wide, theme.px(17))
        # Above the ribbons: what is being labelled stays in sight.
        tag.moveBottom(plot.bottom() + 1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent"))
        painter.drawRoundedRect(tag, 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(font)
        painter.setPen(theme.colour("on_accent"))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()

    def _paint_gone(self, painter: QPainter, places: Places) -> None:
        plot = places.plot
        right = min(self.strip.x_of(self.scene.gone), plot.right())
        if right > plot.left():
            box = QRectF(plot.left(), plot.top(), right - plot.left(), places.bottom)
            painter.fillRect(box, QBrush(self.theme.colour("border_strong"), Qt.BrushStyle.BDiagPattern))

    def _paint_cursor(self, painter: QPainter, places: Places, moment: float) -> None:
        """The time cursor: a line through traces and ribbons, and on the axis how long ago that was."""
        plot, edge = places.plot, self.scene.end if self.scene.edge is None else self.scene.edge
        x = min(self.x_of(moment), plot.right() - 1)
        paint_cursor(painter, self.theme, x, 0, places.bottom)
        tall = self.theme.px(AXIS)
        paint_moment(
            painter, self.theme, x, QRectF(plot.left(), self.height() - tall, plot.width(), tall), edge - moment
        )

    def _paint_pills(self, painter: QPainter, plot: QRectF) -> None:
        theme, scene = self.theme, self.scene
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        if scene.mode != StreamMode.FOLLOWING:
            painter.setPen(QPen(theme.colour(MODE_TOKENS[scene.mode]), theme.length(2)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            frame = QRectF(plot.left(), 1, plot.width() - 1, self.height() - theme.px(AXIS) - 1)
            painter.drawRect(frame)
        font = theme.ui("small", 600)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        top = plot.top() + 7
        for text, token in scene.pills:
            room = int(plot.width() - 12)
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room - 18)
            wide = min(room, metrics.horizontalAdvance(text) + 18)
            pill = QRectF(plot.center().x() - wide / 2, top, wide, theme.px(22))
            ink = theme.colour(token)
            painter.setPen(QPen(ink, 1))
            painter.setBrush(theme.colour("raised"))
            painter.drawRoundedRect(pill, 4, 4)
            painter.setPen(ink)
            painter.drawText(pill.adjusted(9, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter, text)
            top += pill.height() + 5
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_focus(self, painter: QPainter) -> None:
        if self.hasFocus():
            painter.setPen(QPen(self.theme.colour("accent_hover"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -1, -1))
