"""Stills as files: how large, on which ground, sharp; letters stay letters; of what fails nothing is left."""

import errno
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.studio.painting.still import MOST_PIXELS, recorded
from dgstudio.studio.painting.still_file import write_still
from dgstudio.studio.theme.icons import paint_icon
from dgstudio.studio.theme.theme import LIGHT, load_fonts

SIZE = QSize(192, 96)
SVG = "{http://www.w3.org/2000/svg}"


def paint(painter):
    painter.fillRect(QRect(10, 10, 20, 20), QColor("red"))
    painter.setPen(QColor("black"))
    painter.setFont(LIGHT.ui())
    painter.drawText(QRect(40, 10, 140, 20), Qt.AlignmentFlag.AlignLeft, "rest & walk")
    painter.setFont(LIGHT.header())
    painter.drawText(QRect(40, 40, 140, 20), Qt.AlignmentFlag.AlignLeft, "Gates & more")
    paint_icon(painter, "mdi6.magnify", QRect(10, 60, 20, 20), QColor("blue"))


@pytest.fixture
def still(qapp):
    """Return a still of 192 × 96 logical pixels: two by one inches in print."""
    load_fonts()
    return recorded("Gates\x07", SIZE, paint, "what it shows")


def test_a_png_file_has_print_resolution_a_stated_size_and_a_light_ground(still, tmp_path):
    write_still(tmp_path / "a.png", still, overwrite=False)
    image = QImage(str(tmp_path / "a.png"))
    assert (image.width(), image.height()) == (600, 300) and still.words == "51 × 25 mm at 300 dpi"
    assert round(image.dotsPerMeterX() * 0.0254) == round(image.dotsPerMeterY() * 0.0254) == 300
    assert image.pixelColor(0, 0).name() == image.pixelColor(599, 299).name() == LIGHT.surface == "#ffffff"
    assert image.text("Title") == "Gates" and image.text("Description") == "what it shows"


def test_its_edges_are_sharp_and_nothing_is_drawn_twice_over_all_bands(still, tmp_path):
    def draw(painter):
        painter.fillRect(QRect(8, 0, 8, 400), QColor("red"))
        # A clip of its own, as those of widgets: what is translucent would show how often it is drawn.
        painter.setClipRect(QRect(20, 0, 8, 400))
        painter.fillRect(QRect(16, 0, 24, 400), QColor(0, 0, 0, 51))

    tall = recorded("", QSize(40, 400), draw)
    write_still(tmp_path / "a.png", tall, overwrite=False)
    image = QImage(str(tmp_path / "a.png"))
    seen = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(0, image.height(), 7)}
    assert seen == {"#ff0000", "#ffffff", "#cccccc"}
    red = [sum(image.pixelColor(x, y).name() == "#ff0000" for x in range(image.width())) for y in (0, 399, 400, 1249)]
    assert red == [25] * 4


def test_letters_of_an_svg_file_are_letters_and_icons_outlines(still, tmp_path):
    write_still(tmp_path / "a.svg", still, overwrite=False)
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("50.80mm", "25.40mm", "0 0 192 96")
    assert root.findtext(f"{SVG}title") == "Gates" and root.findtext(f"{SVG}desc") == "what it shows"
    texts = {(text.text or "").strip(): text for text in root.iter(f"{SVG}text")}
    assert set(texts) == {"rest & walk", "GATES & MORE"}, "capitals are kept, and no icon is a letter of its font"
    assert texts["rest & walk"].get("font-family").startswith("Inter, ")
    assert texts["GATES & MORE"].get("letter-spacing") == "0.7"
    assert any(path.get("d", "").count(" ") > 20 for path in root.iter(f"{SVG}path")), "the outline of the icon"


def test_a_window_of_a_very_large_screen_is_printed_smaller(qapp):
    still = recorded("", QSize(7680, 4320), lambda _painter: None)
    assert still.pixels.width() * still.pixels.height() <= 1.001 * MOST_PIXELS
    assert still.printed_mm[0] == pytest.approx(still.pixels.width() / 300 * 25.4)


def test_what_cannot_be_written_is_told_and_leaves_nothing(still, tmp_path, monkeypatch):
    there = tmp_path / "a.png"
    there.write_bytes(b"mine")
    with pytest.raises(BadInputError, match="exists already"):
        write_still(there, still, overwrite=False)
    with pytest.raises(BadInputError, match=r"neither in \.png nor in \.svg"):
        write_still(tmp_path / "a.jpg", still, overwrite=True)
    with pytest.raises(DgstudioError, match="nothing was written"):
        write_still(tmp_path / "none" / "a.png", still, overwrite=True)

    def full(self, _data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DgstudioError, match="no space left on device; nothing was written"):
        write_still(there, still, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"] and there.read_bytes() == b"mine"
