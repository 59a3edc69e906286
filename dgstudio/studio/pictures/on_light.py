"""A part of the window on the light theme for as long as it takes to keep its picture; nobody sees it so."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from dgstudio.studio.painting.still import Still, still_of
from dgstudio.studio.theme.application import collector_off
from dgstudio.studio.theme.stylesheet import stylesheet
from dgstudio.studio.theme.theme import LIGHT, Theme, Themed

UNFRAMED = "QDockWidget#panelDock { background: %s; }"
"""The line around a panel that floats is none of its picture."""


def still_on_light(widget: QWidget, parts: Sequence[tuple[Themed, Theme]], title: str) -> Still:
    """Keep what a widget shows now, as the light theme shows it. Qt thread only.

    The widget gets its look back before Qt comes to paint anything: all of it is one event.

    Parameters
    ----------
    parts
        What in it draws itself from a theme, each with the theme that it has.
    """
    before, scale = widget.styleSheet(), parts[0][1].scale if parts else 1.0
    dark = [(part, theme) for part, theme in parts if theme.dark]
    # Styling asks every widget in it: none may be collected meanwhile.
    with collector_off():
        try:
            if dark:
                widget.setStyleSheet(stylesheet(LIGHT.scaled(scale)) + UNFRAMED % LIGHT.surface)
            for part, theme in dark:
                part.apply_theme(LIGHT.scaled(theme.scale))
            return still_of(widget, title)
        finally:
            for part, theme in dark:
                part.apply_theme(theme)
            if dark:
                widget.setStyleSheet(before)
