"""What needs packages that the window does without: it is offered to install them, and then done, without a restart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.records import dataclass
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.surroundings import Dresser, Room, Teller
from dgstudio.types import Level

if TYPE_CHECKING:
    from dgstudio.extras.installation import Installation
    from dgstudio.studio.packages.package_sheet import PackageLine, PackageSheet

JOIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Need:
    """What can be done in the window and needs the packages of an extra: a heading, why, and what it is called."""

    extra: str
    title: str
    why: str
    what: str


TRAINING: Final = Need(
    "train",
    "Training a new base needs torch",
    "torch trains networks by gradients. Learning from labels, Compare and the gradient rule do without it, so it was "
    "not installed with the window.",
    "The training",
)
ONNX: Final = Need(
    "export",
    "An ONNX file needs onnx and onnxruntime",
    "onnx writes the file; onnxruntime answers with it, so that it is compared with dgstudio's own answers before it "
    "is kept. A .safetensors file needs neither.",
    "The export",
)
REPORT: Final = Need(
    "report", "A report needs matplotlib and Jinja2", "They draw the figures and fill in the page.", "The report"
)
ANIMATION: Final = Need(
    "animation", "A moving picture needs Pillow", "It writes files of WebP and of GIF.", "The moving picture"
)
NEEDED_BY: Final = {".onnx": ONNX, ".html": REPORT, ".htm": REPORT, ".webp": ANIMATION, ".gif": ANIMATION}
"""Ending of a file → what writing it needs."""


class Packages:
    """Offers, installs, and does what waits for it. Qt thread; `poll` is called with each frame.

    Nothing is imported, and no widget made, before something is missing.
    """

    def __init__(self, state: StudioState, room: Room, dresser: Dresser, teller: Teller) -> None:
        self._state, self._room, self._dresser, self._teller = state, room, dresser, teller
        self._need: Need | None = None
        self._then: Callable[[], object] = lambda: None
        self._told = False
        """Whether the log has been told of the failure."""
        self.installation: Installation | None = None
        self.sheet: PackageSheet | None = None
        self.line: PackageLine | None = None

    @property
    def busy(self) -> bool:
        """Whether packages are being installed, or wait for the user's word."""
        return self.installation is not None and not self.installation.over

    @property
    def words(self) -> str:
        """What is being installed, in a sentence; "" where nothing is."""
        return self.installation.extra.words if self.installation is not None and self.busy else ""

    def having(self, need: Need, then: Callable[[], object]) -> None:
        """Do `then`, now if nothing is missing for it, else once the user has had it installed."""
        from dgstudio.extras.known import EXTRAS, missing

        extra = EXTRAS[need.extra]
        before = self.installation
        if not missing(extra):
            then()
        elif self.busy and before is not None and before.extra is not extra:
            self._teller.show(f"First {self.words} must be there: wait, or cancel that.", Level.WARNING)
        elif self.busy:
            self._need, self._then = need, then
            self._teller.show(f"{need.what} begins when the installation is over.")
        else:
            self.installation = None
            self._dismiss()
            self._need, self._then = need, then
            self._offer(before.failure if before is not None and before.extra is extra else "")

    def poll(self) -> None:
        """Show how far the installation is, and go on once it is over."""
        it, line = self.installation, self.line
        if it is None or line is None:
            return
        over = it.over
        line.show_state(it)
        if over and not it.failure:
            self._end(it)
            return
        if over and not self._told:
            self._told = True
            self._teller.log(Notice(EventKind.PACKAGES, it.failure, Level.ERROR))
        line.show()

    def stop(self) -> None:
        """Cancel what is being installed and wait for its end."""
        if self.installation is not None:
            self.installation.cancel()
            self.installation.join(JOIN_S)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _offer(self, failure: str) -> None:
        from dgstudio.extras.installation import GPU_MB
        from dgstudio.extras.known import EXTRAS, MB, line
        from dgstudio.reasons.sizes import size_words
        from dgstudio.studio.packages.package_sheet import PackageSheet

        need = self._need
        assert need is not None
        if self.sheet is None:
            self.sheet = self._dresser.dress(PackageSheet(self._install, self._room.desk))
        extra = EXTRAS[need.extra]
        size = (
            f"About {size_words(extra.download_mb * MB)} to download and {size_words(extra.disk_mb * MB)} on disk. "
            "The stream goes on meanwhile, and nothing has to be restarted."
        )
        if "torch" in extra.packages:
            large = size_words(GPU_MB[1] * MB)
            size += f" Should only the build for graphics cards be at hand ({large}), you are asked first."
        self.sheet.offer(need.title, need.why, size, line(extra), failure)

    def _install(self) -> None:
        from dgstudio.extras.installation import Installation
        from dgstudio.extras.known import EXTRAS

        assert self._need is not None
        assert self.sheet is not None
        self.sheet.close_overlay()
        self.installation = Installation(EXTRAS[self._need.extra])
        self._told = False
        self.installation.start()
        if self.line is None:
            from dgstudio.studio.packages.package_sheet import PackageLine

            self.line = self._dresser.dress(PackageLine(self._room.desk))
            self.line.agree.clicked.connect(lambda _checked=False: self._agree())
            self.line.look.clicked.connect(lambda _checked=False: self._look())
            self.line.cancel.clicked.connect(lambda _checked=False: self._cancel())
            self._room.add_line(self.line)
        self.poll()

    def _agree(self) -> None:
        if self.installation is not None:
            self.installation.agree()

    def _look(self) -> None:
        failure = self.installation.failure if self.installation is not None else ""
        self.installation = None
        self._dismiss()
        self._offer(failure)

    def _cancel(self) -> None:
        if self.busy and self.installation is not None:
            self.installation.cancel()
        else:
            self._dismiss()
            self.installation = None

    def _dismiss(self) -> None:
        if self.line is not None:
            self.line.hide()

    def _end(self, it: Installation) -> None:
        from dgstudio.extras.installation import InstallState

        it.join()
        self.installation = None
        self._dismiss()
        need, then = self._need, self._then
        self._need, self._then = None, lambda: None
        if it.state == InstallState.DONE and need is not None:
            self._teller.say(Notice(EventKind.PACKAGES, f"{it.text} {need.what} begins.", Level.GOOD))
            then()
        else:
            self._teller.say(Notice(EventKind.PACKAGES, it.text, Level.WARNING))
