"""The heads of a table are painted with the type that they were given."""

from __future__ import annotations

from PySide6.QtWidgets import QTableWidget

from dgstudio.studio.common.widgets.head_type import give_type
from dgstudio.studio.theme.theme import DARK


def test_what_the_heads_are_painted_on_has_their_type_too(qtbot):
    table = QTableWidget(2, 2)
    qtbot.addWidget(table)
    table.setStyleSheet("QHeaderView::section { background: #222222; }")
    table.show()
    head = table.horizontalHeader()
    for scale in (1.5, 1.0):
        give_type(head, DARK.scaled(scale).ui("small"))
        assert head.viewport().font().pixelSize() == head.font().pixelSize() == round(12 * scale)
