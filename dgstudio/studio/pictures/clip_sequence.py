"""A clip as a picture of Pillow's with many frames; imported when one is written, since Pillow may be missing."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from dgstudio.studio.pictures.clip_frames import Clip


class ClipSequence(Image.Image):
    """The frames of a clip, one in memory at a time: that which was asked for last.

    Parameters
    ----------
    note
        Is told with each frame how much of the clip has been asked for, 0..1.
    """

    def __init__(self, clip: Clip, note: Callable[[float], None]) -> None:
        super().__init__()
        self._mode, self._size = "RGB", clip.size
        self._clip, self._note = clip, note
        self.n_frames = len(clip.times())
        self._farthest = 0
        self._rewind()
        self.seek(0)

    def _rewind(self) -> None:
        self._frames, self._at = enumerate(self._clip.frames()), -1

    def seek(self, frame: int) -> None:
        """Show this frame; `EOFError` beyond the last, as Pillow's own pictures do."""
        if not 0 <= frame < self.n_frames:
            raise EOFError
        if frame == self._at:
            return
        if frame < self._at:
            self._rewind()
        for place, pixels in self._frames:
            if place == frame:
                self._at = place
                self.im = Image.fromarray(pixels).im
                break
        if frame >= self._farthest:
            self._farthest = frame
            self._note(frame / self.n_frames)

    def tell(self) -> int:
        """Return which frame is shown."""
        return self._at
