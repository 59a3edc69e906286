"""The one QApplication, and its look."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QApplication

from dgstudio.studio.freed_memory import keep_little_freed_memory
from dgstudio.studio.theme.stylesheet import stylesheet
from dgstudio.studio.theme.theme import Theme, palette_of

STYLED = "dgstudioStyled"
"""Property of the application: whether it has our style."""


def application() -> QApplication:
    """The one QApplication, made if need be."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    # Before there are threads.
    keep_little_freed_memory()
    # Told at once and not by `setStyle`, which would have PySide make a class of QStyle: a start needs none.
    app = QApplication([*sys.argv[:1], "-style", "fusion"])
    app.setProperty(STYLED, True)
    app.setApplicationName("dgstudio")
    app.setApplicationDisplayName("dgstudio")
    app.setDesktopFileName("dgstudio")
    return app


def apply_to(app: QApplication, theme: Theme) -> None:
    """Give a theme to Qt: palette, font, stylesheet (Qt main thread)."""
    given = f"{theme.name} {theme.scale}"
    if app.property("dgstudioTheme") == given:
        # Setting a stylesheet styles every widget anew: tens of milliseconds for what is there already.
        return
    app.setProperty("dgstudioTheme", given)
    with collector_off():
        if not app.property(STYLED):
            app.setStyle("Fusion")
            app.setProperty(STYLED, True)
        app.setPalette(palette_of(theme))
        app.setFont(theme.ui())
        app.setStyleSheet(stylesheet(theme))


@contextmanager
def collector_off() -> Iterator[None]:
    """Let no widget go meanwhile that is garbage: Qt has bare pointers to all there are, and calls our code between."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
