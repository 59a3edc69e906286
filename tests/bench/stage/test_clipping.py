"""Widgets are asked what of them cannot be seen; what may be cut says so itself."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPixmap
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QScrollArea, QTableWidget, QWidget

from dgstudio.bench.stage.clipping import findings_in, on_screen, small_in
from dgstudio.bench.stage.painted_text import PaintedTexts
from dgstudio.studio.common.overlays.room_marks import lies_over, may_elide_names
from dgstudio.studio.common.widgets.elided_label import ElidedLabel

LONG = "a name that is far longer than the room which it is given"


@pytest.fixture
def texts():
    with PaintedTexts() as listening:
        yield listening


@pytest.fixture
def window(qtbot, texts):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(400, 200)
    window.show()
    return window


def put(child: QWidget, window: QWidget, x: int, y: int, wide: int, tall: int) -> QWidget:
    child.setParent(window)
    child.setGeometry(x, y, wide, tall)
    child.show()
    return child


def kinds(window: QWidget, texts: PaintedTexts, named: tuple[str, ...] = ()) -> list[str]:
    return [finding.what for finding in findings_in(window, texts, frozenset(named))]


class Painting(QWidget):
    """Writes texts at places of its own."""

    def __init__(self, *written: tuple[QRectF, str]) -> None:
        super().__init__()
        self.written = written

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        for box, text in self.written:
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)


def test_what_has_its_room_is_not_told_of(window, texts):
    put(QLabel("room enough"), window, 10, 10, 200, 24)
    put(QPushButton("Go"), window, 10, 60, 90, 30)
    put(Painting((QRectF(0, 0, 180, 20), "painted")), window, 200, 60, 190, 30)
    assert kinds(window, texts) == []


def test_a_label_and_a_button_whose_words_are_cut(window, texts):
    put(QLabel("too long for it"), window, 10, 10, 30, 24)
    put(QPushButton("also too long"), window, 10, 60, 40, 30)
    wrapped = put(QLabel("many words " * 6), window, 100, 10, 90, 20)
    wrapped.setWordWrap(True)
    found = findings_in(window, texts)
    assert [finding.what for finding in found] == ["clipped"] * 3
    assert "too long for it" in found[0].words and "QLabel" in found[0].where


def test_parts_on_each_other_and_outside(window, texts):
    put(QLabel("one"), window, 10, 10, 100, 30)
    other = put(QLabel("two"), window, 60, 20, 100, 30)
    assert kinds(window, texts) == ["overlapped"]
    lies_over(other)
    assert kinds(window, texts) == []
    other.move(350, 20)
    assert kinds(window, texts) == ["outside"]


def test_what_scrolls_may_be_longer_than_its_view(window, texts):
    area = QScrollArea()
    inner = QWidget()
    inner.resize(80, 900)
    area.setWidget(inner)
    put(area, window, 10, 10, 150, 150)
    assert kinds(window, texts) == []
    area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    assert kinds(window, texts) == ["outside"]


def test_only_a_name_may_be_cut_and_only_where_the_widget_says_so(window, texts):
    label = ElidedLabel(LONG)
    put(label, window, 10, 10, 120, 24)
    assert kinds(window, texts) == ["elided"]
    assert kinds(window, texts, (LONG,)) == ["elided"]
    may_elide_names(label)
    assert kinds(window, texts, (LONG,)) == []
    assert kinds(window, texts) == ["elided"], "it is nobody's name"


def test_a_label_whose_words_were_cut_before_it_was_given_them(window, texts):
    label = put(QLabel(""), window, 10, 10, 120, 24)
    label.setText(label.fontMetrics().elidedText(LONG, Qt.TextElideMode.ElideRight, 100))
    assert kinds(window, texts) == ["elided"]


def test_painted_words_that_leave_their_box_lie_on_each_other_or_under_a_part(window, texts):
    painting = put(Painting((QRectF(0, 0, 20, 20), "wider than its box")), window, 10, 10, 200, 60)
    assert "clipped" in kinds(window, texts)
    painting.written = ((QRectF(0, 0, 150, 20), "first words"), (QRectF(20, 4, 150, 20), "other words"))
    assert kinds(window, texts) == ["overlapped"]
    painting.written = ((QRectF(0, 0, 150, 20), "under it"),)
    put(QPushButton(""), painting, 0, 0, 60, 20)
    assert kinds(window, texts) == ["covered"]


def test_painted_words_that_were_cut_short(window, texts):
    class Short(QWidget):
        def paintEvent(self, event) -> None:
            painter = QPainter(self)
            short = QFontMetrics(painter.font()).elidedText(LONG, Qt.TextElideMode.ElideRight, 80)
            painter.drawText(QRectF(0, 0, 100, 20), Qt.AlignmentFlag.AlignLeft, short)

    short = put(Short(), window, 10, 10, 120, 30)
    assert kinds(window, texts, (LONG,)) == ["elided"]
    may_elide_names(short)
    assert kinds(window, texts, (LONG,)) == []


def test_what_is_written_into_a_kept_picture_is_known_where_it_is_drawn(window, texts):
    class Kept(QWidget):
        def __init__(self) -> None:
            super().__init__()
            self.picture = QPixmap(150, 20)
            self.picture.fill(Qt.GlobalColor.black)
            painter = QPainter(self.picture)
            painter.drawText(QRectF(0, 0, 150, 20), Qt.AlignmentFlag.AlignVCenter, "kept words")
            painter.end()

        def paintEvent(self, event) -> None:
            painter = QPainter(self)
            painter.drawPixmap(QPointF(100, 5), self.picture)

    put(Kept(), window, 10, 10, 260, 40)
    assert kinds(window, texts) == []
    put(Kept(), window, 10, 100, 120, 40)
    assert kinds(window, texts) == ["clipped"]


def test_a_window_that_is_larger_than_its_screen(window):
    assert on_screen(window, (400, 200)) == []
    assert [finding.what for finding in on_screen(window, (390, 200))] == ["off screen"]


def test_painting_is_as_before_when_nobody_listens(qapp):
    before = QPainter.drawText
    with PaintedTexts():
        assert QPainter.drawText is not before
    assert QPainter.drawText is before


def test_a_menu_that_is_taller_than_the_screen_is_told_of(window):
    menu = QMenu(window)
    for number in range(40):
        menu.addAction(f"act {number}")
    menu.popup(window.mapToGlobal(window.rect().topLeft()))
    tall = menu.height()
    assert [finding.where for finding in on_screen(window, (1280, tall - 1))] == ["a menu"]
    assert on_screen(window, (1280, tall)) == []
    menu.close()
    assert on_screen(window, (1280, tall - 1)) == []


def test_the_heads_of_a_table_that_are_painted_larger_than_their_room(window, texts):
    table = QTableWidget(1, 1)
    table.setHorizontalHeaderLabels(["a head\nin two lines"])
    head = table.horizontalHeader()
    head.setFixedHeight(40)
    put(table, window, 0, 0, 300, 150)
    table.setColumnWidth(0, 120)
    assert kinds(window, texts) == []
    large = QFont(head.font())
    large.setPixelSize(22)
    head.viewport().setFont(large)
    assert kinds(window, texts) == ["clipped"]


def test_small_type_is_told_of_in_labels_and_by_hand(window, texts):
    for at, size in ((10, 11), (40, 18)):
        font = QFont()
        font.setPixelSize(size)
        put(QLabel(f"label of {size}"), window, 10, at, 150, 24).setFont(font)
        put(Painting((QRectF(0, 0, 180, 24), f"painted in {size}")), window, 200, at, 190, 24).setFont(font)
    found = small_in(window, texts, 18)
    assert {finding.what for finding in found} == {"small"}
    assert sorted(finding.words[:16] for finding in found) == ["“label of 11” of", "“painted in 11” "]
    assert not small_in(window, texts, 11)
