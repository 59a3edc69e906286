"""The labelled examples as a map: two principal components of their features, coloured by class."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.engine.browse.example_query import Columns
from dgstudio.engine.labels.example_table import distinct, places_of
from dgstudio.studio.painting.kept_layer import PRINTED
from dgstudio.studio.theme.paper import keeps_shapes
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import F32, F64, Example

FITTED_ON = 4000
"""Examples that the components are computed from, at most."""
PLACED_AT_A_TIME = 4096
GROWTH = 2.0
"""The components are computed anew when there are this many times the examples they were computed from."""
SLACK = 0.1
"""What is drawn of the plane stays as it is while the examples leave it by no more than this share of it."""
MARGIN = 14
MARK = 3.2
"""Radius of the dot on what is selected, logical pixels."""
FEW = 1000
"""So many dots are drawn one by one."""
EMPTY = "No examples yet."
ONLY, ADD, TOGGLE = "only", "add", "toggle"
"""What a choice on the map does to the selection: replaces it, adds to it, turns round what was chosen."""


class Components:
    """Two principal components of standardised features, kept until there is much more to compute them from.

    Principal component analysis (Pearson 1901; Hotelling 1933) by the eigenvectors of the correlation matrix. When
    they are computed anew, they are turned within their plane so that they lie as nearly as they can as the old ones
    did (orthogonal Procrustes, Schönemann 1966): the map neither flips over nor turns round.
    """

    def __init__(self) -> None:
        self._fitted = 0
        self._known: tuple[F64, F64, F64] | None = None
        """Mean (d,), scale (d,) and axes (d, 2)."""

    def fits(self, count: int, wide: int) -> bool:
        """Whether they do for so many examples with so many features."""
        return self._known is not None and len(self._known[0]) == wide and count < GROWTH * self._fitted

    def fit(self, some: F32, count: int) -> None:
        """Compute them from some of `count` examples: features (m, d), m at least 1."""
        self._known, self._fitted = self._fit(some.astype(np.float64), self._known), count

    def __call__(self, features: F32) -> F64:
        """Coordinates (n, 2) of features (n, d), once they have been computed."""
        assert self._known is not None, "fit comes first"
        mean, scale, axes = self._known
        # In single precision: a pixel is a thousandth of what is drawn.
        placed = (features - mean.astype(np.float32)) @ (axes / scale[:, None]).astype(np.float32)
        return placed.astype(np.float64)

    @staticmethod
    def _fit(some: F64, before: tuple[F64, F64, F64] | None) -> tuple[F64, F64, F64]:
        mean, spread = some.mean(0), some.std(0)
        scale = np.where(spread > 1e-9, spread, 1.0)
        standard = (some - mean) / scale
        _, vectors = np.linalg.eigh(standard.T @ standard)
        axes = vectors[:, ::-1][:, :2]
        if axes.shape[1] < 2:
            axes = np.column_stack([axes, np.zeros(len(axes))])
        if before is not None and before[2].shape == axes.shape:
            left, _, right = np.linalg.svd(axes.T @ before[2])
            axes = axes @ (left @ right)
        return mean, scale, axes


def _features(examples: Sequence[Example]) -> F32:
    """Features (n, d); joined and parted again, which is four times as fast as stacked."""
    return np.concatenate([example.features for example in examples]).reshape(len(examples), -1)


def _extent(placed: F64, before: tuple[F64, F64] | None) -> tuple[F64, F64]:
    """What is to be drawn of coordinates (n, 2): as before, unless they have grown out of it or shrunk well within."""
    # The outermost few may not push all others into one spot.
    low, high = np.quantile(placed, (0.005, 0.995), axis=0)
    if before is not None:
        span, was = high - low, before[1] - before[0]
        room = SLACK * np.maximum(was, 1e-9)
        inside = (low >= before[0] - room).all() and (high <= before[1] + room).all()
        if inside and (span >= was * (1 - 4 * SLACK)).all():
            return before
    return low, high


class ExampleMap(QWidget):
    """The map; dragging a rectangle selects what lies in it. `chosen` carries ids, and `ONLY`, `ADD` or `TOGGLE`."""

    chosen = Signal(object, object)

    def __init__(self, colour_of: Callable[[int], str]) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self._colour_of = colour_of
        self._components = Components()
        self._ids = np.zeros(0, np.int64)
        self._labels = np.zeros(0, np.int64)
        self._placed: F64 = np.zeros((0, 2))
        self._shown = np.zeros(0, bool)
        self._colours: dict[int, str] = {}
        self._extent: tuple[F64, F64] | None = None
        """Lowest and highest coordinates (2,) that are drawn."""
        self._selected: set[int] = set()
        self._points: F64 | None = None
        self._ground: QPixmap | None = None
        self._marks: QPixmap | None = None
        self._from: QPoint | None = None
        self._to: QPoint | None = None
        self.setAccessibleName("Map of the examples")
        self.setToolTip(
            "Two principal components of the features: what looks alike lies together. "
            "Drag to select, click for one; with Shift it adds, with Ctrl it turns round."
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def show_columns(self, columns: Columns, shown: npt.NDArray[np.bool_]) -> None:
        """Show examples, all with as many features; those that are not `shown` (n,) are faint, and not chosen.

        Whatever is filtered, each stays where it is.
        """
        ids, labels = columns.ids, columns.class_ids
        colours = {class_id: self._colour_of(class_id) for class_id in distinct(labels).tolist()}
        # An example never changes its features.
        moved = not np.array_equal(ids, self._ids) or len(ids) != len(self._placed)
        same = not moved and np.array_equal(labels, self._labels) and np.array_equal(shown, self._shown)
        if same and colours == self._colours:
            return
        if len(ids) and moved:
            self._placed = self._places(columns)
            self._extent = _extent(self._placed, self._extent)
        elif not len(ids):
            self._placed, self._extent = np.zeros((0, 2)), None
        self._ids, self._labels, self._shown, self._colours = ids, labels, shown, colours
        self._ground = self._marks = self._points = None
        self.update()

    def _places(self, columns: Columns) -> F64:
        """Coordinates (n, 2): an example that has them keeps them while the components stay."""
        examples, components, count = columns.examples, self._components, len(columns)
        placed, known = np.empty((count, 2)), np.zeros(count, bool)
        if components.fits(count, len(examples[0].features)):
            places, known = places_of(columns.ids, self._ids)
            placed[known] = self._placed[places[known]]
        else:
            components.fit(_features(examples[:: max(1, count // FITTED_ON)]), count)
        new = np.flatnonzero(~known)
        for start in range(0, len(new), PLACED_AT_A_TIME):
            rows = new[start : start + PLACED_AT_A_TIME]
            placed[rows] = components(_features([examples[row] for row in rows.tolist()]))
        return placed

    def select(self, ids: set[int]) -> None:
        """Ring these examples."""
        if ids != self._selected:
            self._selected, self._marks = set(ids), None
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.setMinimumSize(theme.px(200), theme.px(160))
        self._ground = self._marks = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        self._ground = self._marks = self._points = None
        super().resizeEvent(event)

    def points(self) -> F64:
        """Return where the examples are drawn, (n, 2) in logical pixels."""
        placed = self._placed
        if self._extent is None:
            return placed
        if self._points is not None:
            return self._points
        low, high = self._extent
        span = np.where(high - low > 1e-9, high - low, 1.0)
        size = np.array([self.width() - 2 * MARGIN, self.height() - 2 * MARGIN])
        self._points = MARGIN + np.clip((placed - low) / span, -0.02, 1.02) * size
        return self._points

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        shapes, ratio = keeps_shapes(painter), self.devicePixelRatioF()
        if self._ground is None and not shapes:
            self._ground = self._painted(ratio)
        painter.drawPixmap(0, 0, self._painted(PRINTED) if shapes or self._ground is None else self._ground)
        theme = self.theme
        if not len(self._ids):
            painter.setFont(theme.ui("body"))
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, EMPTY)
            return
        if len(self._selected) > FEW:
            if self._marks is None and not shapes:
                self._marks = self._chosen_dots(ratio)
            painter.drawPixmap(0, 0, self._chosen_dots(PRINTED) if shapes or self._marks is None else self._marks)
        elif self._selected:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("text_strong"))
            for x, y in self._chosen_points().tolist():
                painter.drawEllipse(QPointF(x, y), MARK, MARK)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._from is not None and self._to is not None:
            painter.setPen(QPen(theme.colour("accent_text"), 1))
            wash = QColor(theme.colour("accent"))
            wash.setAlpha(40)
            painter.setBrush(wash)
            painter.drawRect(QRectF(QRect(self._from, self._to).normalized()))

    def _chosen_points(self) -> F64:
        """Where what is selected is drawn."""
        chosen = np.sort(np.fromiter(self._selected, np.int64, len(self._selected)))
        places, found = places_of(chosen, self._ids)
        return self.points()[places[found]]

    def _chosen_dots(self, ratio: float) -> QPixmap:
        return self._dots([(self._chosen_points(), self.theme.colour("text_strong"))], MARK, ratio)

    def _painted(self, ratio: float) -> QPixmap:
        points, visible = self.points(), self.theme.visible
        layers = [(points[~self._shown], self.theme.colour("border"))]
        layers += [
            (points[self._shown & (self._labels == class_id)], QColor(visible(colour)))
            for class_id, colour in self._colours.items()
        ]
        return self._dots(layers, 2.3, ratio, self.theme.colour("well"))

    def _dots(
        self, layers: Sequence[tuple[F64, QColor]], radius: float, ratio: float, ground: QColor | None = None
    ) -> QPixmap:
        """Points as discs, later layers over earlier ones: a painter takes seconds for tens of thousands.

        Each point sets one pixel to the number of its layer; then every pixel takes the highest number within reach.
        """
        wide, tall = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        reach = radius * ratio
        edge = int(reach)
        numbers = np.zeros((tall + 2 * edge, wide + 2 * edge), np.uint16)
        for number, (points, _) in enumerate(layers, 1):
            x, y = np.round(points.T * ratio).astype(np.int64)
            numbers[np.clip(y, 0, tall - 1) + edge, np.clip(x, 0, wide - 1) + edge] = number
        highest = np.zeros((tall, wide), np.uint16)
        for dy in range(2 * edge + 1):
            for dx in range(2 * edge + 1):
                if (dx - edge) ** 2 + (dy - edge) ** 2 <= reach * reach:
                    np.maximum(highest, numbers[dy : dy + tall, dx : dx + wide], out=highest)
        inks = [0 if ground is None else ground.rgba(), *(colour.rgba() for _, colour in layers)]
        pixels = np.array(inks, np.uint32)[highest]
        image = QImage(pixels.data, wide, tall, 4 * wide, QImage.Format.Format_ARGB32)
        pixmap = QPixmap.fromImage(image)
        pixmap.setDevicePixelRatio(ratio)
        return pixmap

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() == Qt.MouseButton.LeftButton:
            self._from = self._to = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if self._from is not None:
            self._to = event.position().toPoint()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() != Qt.MouseButton.LeftButton or self._from is None or self._to is None:
            return
        box = QRect(self._from, self._to).normalized()
        self._from = self._to = None
        points, ids = self.points()[self._shown], self._ids[self._shown]
        if box.width() < 4 and box.height() < 4:
            # A click means the nearest one.
            away = np.hypot(*(points - [box.center().x(), box.center().y()]).T) if len(points) else np.zeros(0)
            found = [int(ids[away.argmin()])] if len(away) and away.min() < 12 else []
        else:
            low, high = np.array([box.left(), box.top()]), np.array([box.right(), box.bottom()])
            found = [int(i) for i in ids[((points >= low) & (points <= high)).all(1)]]
        self.update()
        keys = event.modifiers()
        how = ADD if keys & Qt.KeyboardModifier.ShiftModifier else ONLY
        self.chosen.emit(set(found), TOGGLE if keys & Qt.KeyboardModifier.ControlModifier else how)
