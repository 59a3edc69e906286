"""How cameras and videos are asked for."""

from __future__ import annotations

from pathlib import Path

from dgstudio.errors import BadInputError
from dgstudio.extras.known import EXTRAS, installed, needs
from dgstudio.guard.texts import plain_text
from dgstudio.paths import sample
from dgstudio.streams.camera.colour_gradients import ColourGradients
from dgstudio.streams.camera.lite0_embedding import Lite0Embedding, lite0_at_hand
from dgstudio.streams.camera.lite0_weights import PACKAGE
from dgstudio.streams.camera.source import RATE, CameraSource, FrameOrigin
from dgstudio.streams.source import SourceKind, SourceRequest, address_in

WEBCAM = "webcam"
SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ogv", ".nut")
"""Of video files; what of them plays depends on the FFmpeg that Qt brings."""


def shipped_videos() -> tuple[str, ...]:
    """Return the names of the videos in sample_data, sorted."""
    return tuple(sorted(path.stem for path in sample("").glob("*") if path.suffix in SUFFIXES))


def _claims(name: str) -> bool:
    return address_in(name, WEBCAM) is not None or name.lower().endswith(SUFFIXES) or name in shipped_videos()


def _open(request: SourceRequest) -> CameraSource:
    if request.labels_column is not None:
        raise BadInputError(
            f"Pictures have no column “{request.labels_column}”: the labels of a video stand beside it, in a label "
            "track of the same name that ends in .txt."
        )
    if not installed("PySide6.QtMultimedia", EXTRAS["webcam"].packages["PySide6.QtMultimedia"]):
        raise BadInputError(needs("Cameras and videos need", "PySide6.QtMultimedia"))
    embed = _embeds(request.channels)
    rate = RATE if request.rate is None else request.rate
    address = address_in(request.name, WEBCAM)
    if address is not None:
        if request.speed != 1.0:
            raise BadInputError("A camera shows what is there now: leave out --speed.")
        return CameraSource(FrameOrigin(camera=plain_text(address).strip()), name=WEBCAM, rate=rate, embed=embed)
    path = _video(request.name)
    if request.speed == 0:
        raise BadInputError("A video is shown while it plays: give --speed a number above 0.")
    origin = FrameOrigin(path, speed=request.speed, loop=request.loop)
    return CameraSource(origin, name=plain_text(path.stem), rate=rate, embed=embed)


def _embeds(channels: tuple[str, ...] | None) -> bool | None:
    """Whether pictures are to be described by the embedding, as those of the session were; None: as they can be."""
    if channels == ColourGradients.names():
        return False
    if channels == Lite0Embedding.names() and not lite0_at_hand():
        what = f"What this session has learned is of pictures as {Lite0Embedding.title} describes them, which needs"
        raise BadInputError(needs(what, PACKAGE))
    return None


def _video(name: str) -> Path:
    path = Path(name).expanduser()
    if path.is_file():
        return path.resolve()
    if name in shipped_videos():
        return next(path for path in sample("").glob(f"{name}.*") if path.suffix in SUFFIXES)
    raise BadInputError(f"There is no video “{plain_text(name, 60)}”: give the path of one.")


KIND = SourceKind(
    "camera",
    f"{WEBCAM}[:NAME] or the path of a video",
    "Pictures of a camera, the first or the one whose name holds NAME, or of a video; shown, and never kept.",
    _claims,
    _open,
)
