"""The one QApplication."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QApplication


def application() -> QApplication:
    """The one QApplication, made if need be."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication(sys.argv[:1])
    app.setApplicationName("dgstudio")
    app.setApplicationDisplayName("dgstudio")
    app.setDesktopFileName("dgstudio")
    return app
