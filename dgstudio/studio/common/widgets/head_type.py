"""The type of the heads of a table, which are painted on a widget of their own."""

from __future__ import annotations

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHeaderView


def give_type(header: QHeaderView, font: QFont) -> None:
    """Let the heads of a table have this type. Qt thread.

    A style sheet gives what they are painted on the font that it had when it was styled first: it follows the header
    no more.
    """
    header.setFont(font)
    header.viewport().setFont(font)
