"""The decision map as a picture: colours, hatching and borders for each thing that it can show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor, QImage

from dgstudio.engine.plane.decision_map import DecisionMap
from dgstudio.studio.bridge.state import MapMode
from dgstudio.studio.pad.class_marks import Look
from dgstudio.studio.theme.theme import Theme

Colours = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint32]
Flags = npt.NDArray[np.bool_]
Kind = TypeVar("Kind", bound=np.generic)

PALE, STRONG = 0.22, 0.80
"""How much of its class's colour a cell has whose answer is barely sure, and quite sure."""
HINT = 0.13
"""The same where the answer is unsure."""
EQUAL, NEW = 0.28, 0.50
HUES = 64
STRIPE, USUAL = 7, 340
"""Pixels from one stripe of the hatching to the next, at least, and in a picture so wide; in a wider one, more."""
LEAN = 0.30
"""How far a stripe leans towards its ink."""
DIMMED = 0.62
LEAST_NAMED = 0.004
"""Part of the plane that a class has at least where its name is written on it."""


def map_picture(made: DecisionMap, mode: MapMode, looks: Mapping[int, Look], theme: Theme, size: int) -> QImage:
    """The whole plane, `size` pixels wide and high; every pixel has the answer of its cell, none lies between two."""
    if mode is MapMode.UNITS:
        cells = _hues(theme)[(made.active_sets >> np.uint64(58)).astype(np.intp)]
        pixels = _enlarged(_packed(cells), size)
        _draw_borders(pixels, made.active_sets, _pixel(theme, "background"))
        speakers = made.answers.speakers.reshape(made.side, made.side)
        _draw_borders(pixels, speakers, _pixel(theme, "warning"), thick=True)
        return _image(pixels)
    if mode is MapMode.CERTIFIED:
        return _certified(made, theme, size)
    cells = _by_class(made, looks, theme)
    pixels = _hatched(cells, (made.tops < 0) & (made.likeliest >= 0), _rgb(theme, "text_muted"), size)
    _draw_borders(pixels, made.tops, _pixel(theme, "background"))
    return _image(pixels)


def outline(region: Flags, theme: Theme, size: int, *, dim: bool) -> QImage:
    """The border of a region of cells, transparent elsewhere; with `dim` what lies outside is darkened or paled."""
    veil = np.uint32(_premultiplied(theme.colour("background", DIMMED if dim else 0.0)))
    pixels = _enlarged(np.where(region, np.uint32(0), veil), size)
    _draw_borders(pixels, region, _pixel(theme, "text_strong"), thick=True)
    return _image(pixels, QImage.Format.Format_ARGB32_Premultiplied)


def name_places(made: DecisionMap) -> dict[int, tuple[float, float]]:
    """Class id → the place of the plane where its name is written: in the middle of what is answered so, if that is
    large enough to be seen.
    """
    places = {}
    middles = (2 * np.arange(made.side) + 1) / made.side - 1
    for place, class_id in enumerate(made.snapshot.classes):
        rows, columns = np.nonzero(made.tops == place)
        if len(rows) < LEAST_NAMED * made.side**2:
            continue
        away = (rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2
        nearest = int(away.argmin())
        places[class_id] = (float(middles[columns[nearest]]), float(-middles[rows[nearest]]))
    return places


def _by_class(made: DecisionMap, looks: Mapping[int, Look], theme: Theme) -> Colours:
    ground, well = _rgb(theme, "surface"), _rgb(theme, "well")
    classes = made.snapshot.classes
    grey = theme.colour("reserve_unit")
    fills = [_of(looks[c].fill if c in looks else grey) for c in classes]
    fills.append(_of(theme.colour("well")))  # what −1 means
    colour = np.array(fills, np.float32)[made.likeliest]
    least = 1.0 / max(2, len(classes))
    sure = np.clip((made.confidence - least) / (1 - least), 0.0, 1.0)[..., None]
    answered = (made.tops >= 0)[..., None]
    known: Colours = ground + (PALE + (STRONG - PALE) * sure) * (colour - ground)
    doubted = well + HINT * (colour - well)
    cells: Colours = np.where(answered, known, doubted).astype(np.float32)
    return cells


def _certified(made: DecisionMap, theme: Theme, size: int) -> QImage:
    equal, ground = made.certified, _rgb(theme, "surface")
    if equal is None:
        return _image(np.full((size, size), _pixel(theme, "well")))
    same = ground + EQUAL * (_rgb(theme, "good") - ground)
    other = ground + NEW * (_rgb(theme, "learned_unit") - ground)
    cells = np.where(equal[..., None], same, other).astype(np.float32)
    pixels = _hatched(cells, ~equal, _rgb(theme, "text_strong"), size)
    _draw_borders(pixels, equal, _pixel(theme, "text_strong"))
    return _image(pixels)


# -- pixels ----------------------------------------------------------------------------------------------------------


def _of(colour: QColor) -> tuple[float, float, float]:
    return colour.red(), colour.green(), colour.blue()


def _rgb(theme: Theme, token: str) -> Colours:
    return np.array(_of(theme.colour(token)), np.float32)


def _hues(theme: Theme) -> Colours:
    return np.array([_of(QColor(hue)) for hue in theme.hues(HUES)], np.float32)


def _packed(colours: Colours) -> Pixels:
    """Opaque pixels of colours (…, 3), 0 to 255."""
    red, green, blue = np.moveaxis(np.rint(colours).astype(np.uint32), -1, 0)
    pixels: Pixels = (np.uint32(0xFF) << np.uint32(24)) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
    return pixels


def _premultiplied(colour: QColor) -> int:
    alpha = colour.alphaF()
    parts = [round(part * alpha) for part in _of(colour)]
    return (colour.alpha() << 24) | (parts[0] << 16) | (parts[1] << 8) | parts[2]


def _pixel(theme: Theme, token: str) -> np.uint32:
    return np.uint32(theme.colour(token).rgba())


def _cell_of_pixel(side: int, size: int) -> npt.NDArray[np.intp]:
    """Row or column of cells that each of `size` pixels lies in."""
    return np.arange(size) * side // size


def _enlarged(cells: npt.NDArray[Kind], size: int) -> npt.NDArray[Kind]:
    at = _cell_of_pixel(len(cells), size)
    return cells[at][:, at]


def _hatched(cells: Colours, where: Flags, ink: Colours, size: int) -> Pixels:
    """Cells as pixels, those of `where` with thin diagonal stripes that lean towards `ink`."""
    pixels, striped = _enlarged(_packed(cells), size), _enlarged(_packed(cells + LEAN * (ink - cells)), size)
    across = np.arange(size)
    stripes = (across[:, None] + across[None, :]) % max(STRIPE, round(STRIPE * size / USUAL)) == 0
    stripes &= _enlarged(where, size)
    found: Pixels = np.where(stripes, striped, pixels)
    return found


def _draw_borders(pixels: Pixels, cells: npt.NDArray[Any], colour: np.uint32, *, thick: bool = False) -> None:
    """Draw where neighbouring cells differ: one pixel on one side, or two on either."""
    codes = _enlarged(cells, len(pixels))
    edges = np.zeros(pixels.shape, bool)
    edges[:, 1:] = codes[:, 1:] != codes[:, :-1]
    edges[1:] |= codes[1:] != codes[:-1]
    if thick:
        wide = edges.copy()
        for shift in (1, 2):
            wide[:-shift] |= edges[shift:]
            wide[:, :-shift] |= edges[:, shift:]
        wide[1:] |= edges[:-1]
        wide[:, 1:] |= edges[:, :-1]
        edges = wide
    pixels[edges] = colour


def _image(pixels: Pixels, kind: QImage.Format = QImage.Format.Format_RGB32) -> QImage:
    tall, wide = pixels.shape
    # A copy, for the pixels go when this ends.
    return QImage(np.ascontiguousarray(pixels).data, wide, tall, 4 * wide, kind).copy()
