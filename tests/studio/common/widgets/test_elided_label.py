from __future__ import annotations

from dgstudio.studio.common.widgets.elided_label import ElidedLabel

LONG = "accuracy over the last takes, as they were answered before any of them was learned"


def test_what_has_no_room_ends_in_an_ellipsis_and_comes_back(qtbot):
    label = ElidedLabel(LONG)
    qtbot.addWidget(label)
    label.resize(120, 20)
    label.show()
    assert label.text() == LONG
    assert label.shown().endswith("…") and LONG.startswith(label.shown()[:-1])
    assert label.fontMetrics().horizontalAdvance(label.shown()) <= 120
    label.resize(2000, 20)
    assert label.shown() == LONG
    label.setText("short")
    assert label.text() == label.shown() == "short"


def test_a_larger_type_leaves_room_for_less(qtbot):
    label = ElidedLabel(LONG)
    qtbot.addWidget(label)
    label.resize(200, 20)
    label.show()
    before = label.shown()
    font = label.font()
    font.setPixelSize(2 * label.fontInfo().pixelSize())
    label.setFont(font)
    assert len(label.shown()) < len(before)


def test_text_is_never_markup(qtbot):
    label = ElidedLabel("<b>walk</b>")
    qtbot.addWidget(label)
    label.resize(400, 20)
    label.show()
    assert label.shown() == "<b>walk</b>"
