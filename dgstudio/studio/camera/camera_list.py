"""The cameras that are connected, by name, as Qt knows them. Qt thread only."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

from PySide6.QtCore import QLoggingCategory, QObject, Signal

from dgstudio.extras.known import EXTRAS, installed, needs
from dgstudio.guard.texts import plain_text
from dgstudio.studio.camera.video_feed import QUIET

PACKAGE = "PySide6.QtMultimedia"


class CameraList(QObject):
    """Follows which cameras there are, once QtMultimedia is loaded: that takes a while, and is done beside.

    `poll` is called now and then. `changed` tells that `names` are others.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.names: tuple[str, ...] = ()
        self.missing = ""
        """What is not installed or cannot be loaded, in a sentence; "" otherwise."""
        self._devices: QObject | None = None
        self._loading: threading.Thread | None = None
        if not installed(PACKAGE, EXTRAS["webcam"].packages[PACKAGE]):
            self.missing = needs("Cameras and videos need", PACKAGE)

    def poll(self) -> None:
        """Begin to load what is needed, or, once that is there, to follow the cameras."""
        if self.missing or self._devices is not None:
            return
        if self._loading is None:
            if "QT_LOGGING_RULES" not in os.environ:
                # Before it is loaded: that is when it speaks.
                QLoggingCategory.setFilterRules(QUIET)
            self._loading = threading.Thread(target=_load, name="dg-load", daemon=True)
            self._loading.start()
        elif not self._loading.is_alive():
            self._follow()

    def _follow(self) -> None:
        try:
            from PySide6.QtMultimedia import QMediaDevices
        except ImportError as error:
            self.missing = f"Cameras and videos need system libraries that are missing: {error}."
            self.changed.emit()
            return
        devices = self._devices = QMediaDevices(self)
        devices.videoInputsChanged.connect(self._look)
        self._look()

    def _look(self) -> None:
        from PySide6.QtMultimedia import QMediaDevices

        names = tuple(plain_text(device.description()) or "Camera" for device in QMediaDevices.videoInputs())
        if names != self.names:
            self.names = names
            self.changed.emit()


def _load() -> None:
    with suppress(ImportError):  # whoever follows says so
        import PySide6.QtMultimedia  # noqa: F401
