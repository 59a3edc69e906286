from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter

import dgstudio.studio
from dgstudio.studio.theme.icons import FONTS, paint_icon

SOURCES = sorted(Path(dgstudio.studio.__file__).parent.rglob("*.py"))
NAMES = sorted(
    {name for file in SOURCES for name in re.findall(r'"((?:mdi6|fa6s)\.[a-z][a-z0-9-]*)"', file.read_text("utf-8"))}
)


def picture(name: str) -> QImage:
    image = QImage(32, 32, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    paint_icon(painter, name, QRect(0, 0, 32, 32), QColor("#ff0000"))
    painter.end()
    return image


def test_every_font_is_in_use():
    assert {name.partition(".")[0] for name in NAMES} == set(FONTS)
    assert len(NAMES) > 20


@pytest.mark.parametrize("name", NAMES)
def test_every_icon_that_is_named_is_drawn_in_the_middle(qapp, name):
    image = picture(name)
    inked = [(x, y) for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() > 60]
    assert inked and all(image.pixelColor(x, y).red() > 200 for x, y in inked)
    for places in zip(*inked, strict=True):
        assert abs(min(places) + max(places) - 31) <= 6


def test_no_two_icons_are_alike(qapp):
    pictures = [bytes(picture(name).constBits()) for name in NAMES]
    assert len(set(pictures)) == len(NAMES)
