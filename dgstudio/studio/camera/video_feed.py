"""Brings the frames of a camera or a video file to its source, as long as that wants them. Qt thread only."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCameraPermission, QCoreApplication, QLoggingCategory, QObject, Qt, QTimer, QUrl

from dgstudio import system_packages
from dgstudio.errors import DgstudioError
from dgstudio.guard.texts import plain_text
from dgstudio.streams.camera.source import CameraSource

if TYPE_CHECKING:
    from PySide6.QtMultimedia import QVideoFrame

LOOK_MS = 50
"""How often it is looked whether the source wants frames, or wants them anew."""
POLL_S = 0.004
"""How often it is looked whether there is a new frame."""
QUIET = "qt.multimedia.*=false"
"""What Qt logs of libraries that it does without, and of each file; its errors come as signals."""
WANTED_PIXELS = 640 * 480
"""A camera is asked for the smallest pictures that have as many."""
LEAST_HZ = 15.0
DEVICES = Path("/dev")


class VideoFeed(QObject):
    """Owns player or camera; begins, ends and begins them anew as `source.wanted` says.

    Frames are copied in a thread of their own, the newest there is, and none waits in a queue of the window's.
    """

    def __init__(self, source: CameraSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._serving = 0
        self._run: _Run | None = None
        self._watch = QTimer(self)
        self._watch.setInterval(LOOK_MS)
        self._watch.timeout.connect(self._follow)

    def start(self) -> None:
        """Follow the source from now on."""
        self._watch.start()

    def stop(self) -> None:
        """Let go of player and camera; called before the source's thread is ended."""
        self._watch.stop()
        self._end()

    def _follow(self) -> None:
        if self._source.wanted == self._serving:
            return
        self._end()
        self._serving = self._source.wanted
        if not self._serving:
            return
        try:
            self._run = _run_of(self._source)
            self._run.begin()
        except DgstudioError as error:
            self._source.tell_trouble(str(error))

    def _end(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.end()


def _run_of(source: CameraSource) -> _Run:
    if "QT_LOGGING_RULES" not in os.environ:
        # Before it is loaded: that is when it speaks.
        QLoggingCategory.setFilterRules(QUIET)
    try:
        import PySide6.QtMultimedia  # noqa: F401
    except ImportError as error:
        raise DgstudioError(_why_not(error)) from error
    return _FileRun(source) if source.origin.video is not None else _CameraRun(source)


def _why_not(error: ImportError) -> str:
    """Why QtMultimedia cannot be loaded, and what to do."""
    if isinstance(error, ModuleNotFoundError):
        # Only here: every window has a feed, and hardly any has a camera.
        from dgstudio.extras.known import needs

        return needs("Cameras and videos need", "PySide6.QtMultimedia")
    lacking = system_packages.missing_libraries()
    return (
        f"Cameras and videos need system libraries that are missing. {system_packages.advice(lacking or [str(error)])}"
    )


class _Run:
    """One time that frames are brought, from the beginning to the end.

    A thread of its own looks whether there is a new one and copies it. Nothing is connected to Qt's signal of a new
    frame: called in Qt's thread, Python would wait for the interpreter, which the end of that thread is awaited with.
    """

    def __init__(self, source: CameraSource) -> None:
        from PySide6.QtMultimedia import QVideoSink

        self.source = source
        self.sink = QVideoSink()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._bring, name="dg-camera", daemon=True)

    def begin(self) -> None:
        """Bring what comes into the sink."""
        self._thread.start()

    def end(self) -> None:
        """Let go of everything."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _bring(self) -> None:
        last: QVideoFrame | None = None
        while not self._stop.wait(POLL_S):
            frame = self.sink.videoFrame()
            # Before the first, at the end of a file and when a camera is let go there is an empty one.
            if frame.isValid() and (last is None or frame != last):
                last = frame
                hand_on(frame, self.source)


def hand_on(frame: QVideoFrame, source: CameraSource) -> None:
    """Copy a valid frame that came just now, and hand it to the source; or tell why that cannot be. Any thread."""
    wall = time.perf_counter()
    from dgstudio.studio.camera.qt_frame import frame_of

    try:
        source.offer(frame_of(frame, wall, of_file=source.origin.video is not None))
    except DgstudioError as error:
        source.tell_trouble(str(error))


class _FileRun(_Run):
    """A video file, played at its speed."""

    def __init__(self, source: CameraSource) -> None:
        from PySide6.QtMultimedia import QMediaPlayer

        super().__init__(source)
        path = source.origin.video
        assert path is not None, "a file is played"
        self._name = plain_text(path.name)
        self._player = QMediaPlayer()
        self._player.setVideoSink(self.sink)
        self._player.setLoops(QMediaPlayer.Loops.Infinite if source.origin.loop else QMediaPlayer.Loops.Once)
        self._player.errorOccurred.connect(self._failed)
        self._player.mediaStatusChanged.connect(self._changed)
        self._player.setSource(QUrl.fromLocalFile(str(path)))
        self._player.setPlaybackRate(source.origin.speed)
        self._player.play()

    def end(self) -> None:
        super().end()
        self._player.stop()
        self._player.deleteLater()

    def _failed(self, error: Any, words: str) -> None:
        from PySide6.QtMultimedia import QMediaPlayer

        path = self.source.origin.video
        if path is None or not path.is_file():
            self.source.tell_trouble(f"The video {self._name} is gone: put it back where it was.")
        elif error is QMediaPlayer.Error.FormatError:
            self.source.tell_trouble(
                f"{self._name} cannot be played: it is damaged, or no video that can be read here. "
                "Convert it to MP4, say."
            )
        else:
            self.source.tell_trouble(f"{self._name} cannot be played: {plain_text(words)}.")

    def _changed(self, status: Any) -> None:
        from PySide6.QtMultimedia import QMediaPlayer

        if status is QMediaPlayer.MediaStatus.EndOfMedia:
            self.source.tell_end()
        elif status is QMediaPlayer.MediaStatus.LoadedMedia and not self._player.hasVideo():
            self.source.tell_trouble(f"There are no pictures in {self._name}: it only sounds.")


class _CameraRun(_Run):
    """A camera; `DgstudioError` says why there is none."""

    def __init__(self, source: CameraSource) -> None:
        from PySide6.QtMultimedia import QCamera, QMediaCaptureSession, QMediaDevices

        super().__init__(source)
        self._require_permission()
        self._devices = QMediaDevices()
        self._device = _chosen(list(QMediaDevices.videoInputs()), source.origin.camera)
        self._name = plain_text(self._device.description()) or "the camera"
        self._camera = QCamera(self._device)
        form = _format_of(list(self._device.videoFormats()))
        if form is not None:
            self._camera.setCameraFormat(form)
        self._session = QMediaCaptureSession()
        self._session.setCamera(self._camera)
        self._session.setVideoSink(self.sink)
        self._camera.errorOccurred.connect(self._failed)
        self._devices.videoInputsChanged.connect(self._look)
        self._camera.start()

    def end(self) -> None:
        super().end()
        self._camera.stop()
        for part in (self._session, self._camera, self._devices):
            part.deleteLater()

    def _require_permission(self) -> None:
        app, wanted = _application(), QCameraPermission()
        if app is None:
            raise DgstudioError("There is no window that could show a camera.")
        state = app.checkPermission(wanted)
        if state is Qt.PermissionStatus.Undetermined:
            # The system asks now; the source asks again in a second.
            app.requestPermission(wanted, app, lambda _permission: None)
            raise DgstudioError("The system asks whether dgstudio may see the camera: say yes there.")
        if state is Qt.PermissionStatus.Denied:
            raise DgstudioError(f"The system does not let dgstudio see the camera: allow it {_settings_place()}.")

    def _failed(self, _error: Any, words: str) -> None:
        said = plain_text(words).rstrip(".")
        self.source.tell_trouble(
            f"{self._name} cannot be used{f': {said}' if said else ''}. "
            "Close other programs that show it, or plug it in again."
        )

    def _look(self) -> None:
        from PySide6.QtMultimedia import QMediaDevices

        if all(device.id() != self._device.id() for device in QMediaDevices.videoInputs()):
            self.source.tell_trouble(f"{self._name} is gone: plug it in again.")


def _application() -> QCoreApplication | None:
    return QCoreApplication.instance()


def _settings_place() -> str:
    if sys.platform == "darwin":
        return "in System Settings, Privacy & Security, Camera"
    return "in the privacy settings of the system"


def _chosen(devices: list[Any], wanted: str) -> Any:
    """The first camera whose name holds what is wanted. `DgstudioError` names those that there are."""
    for device in devices:
        if wanted.lower() in plain_text(device.description()).lower():
            return device
    if devices:
        names = ", ".join(plain_text(device.description()) for device in devices)
        raise DgstudioError(f"No camera is called “{wanted}”: there is {names}.")
    locked = [path for path in sorted(DEVICES.glob("video*")) if not os.access(path, os.R_OK | os.W_OK)]
    if locked and sys.platform.startswith("linux"):
        raise DgstudioError(
            f"You may not use the camera {locked[0]}: have yourself added to the group video, then log in again."
        )
    raise DgstudioError("No camera is connected: plug one in, or give a video file with --source.")


def _format_of(formats: list[Any]) -> Any:
    """The smallest pictures that are large enough, at a rate that is high enough; None: what the camera likes."""
    fit = [
        form
        for form in formats
        if form.maxFrameRate() >= LEAST_HZ and form.resolution().width() * form.resolution().height() >= WANTED_PIXELS
    ]
    return min(fit, key=lambda form: form.resolution().width() * form.resolution().height(), default=None)
