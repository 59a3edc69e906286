"""An extra is installed by pip, in a process of its own that yields to what is live."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import field
from enum import StrEnum
from pathlib import Path

from dgstudio.extras.failures import InstallFailed, InstallTrouble, failed, why_of
from dgstudio.extras.known import MB, Extra, key_of, listed, missing, requirements, tested_versions
from dgstudio.extras.process import end, started
from dgstudio.reasons.sizes import size_words
from dgstudio.records import dataclass

CPU, GPU = "for processors", "for NVIDIA graphics cards"
"""The builds of torch; dgstudio has use for the first only."""
GPU_MB = (3000, 6000)
"""Download and disk of the second, with all that it needs."""


class InstallState(StrEnum):
    """How far an installation is."""

    PLANNING = "planning"
    ASKING = "asking"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OVER = frozenset({InstallState.DONE, InstallState.FAILED, InstallState.CANCELLED})

POLL_S = 0.1
LOOK_S = 0.5
"""How often it is measured how much has come."""
PROBE_S = 25.0
"""For a question to an index: what is asked for is not fetched."""
DOWNLOADED = 0.8
"""Of the bar: what is fetched; the rest is being written."""
_UNSAID = frozenset({"pip", "setuptools", "wheel", "uv", "dgstudio"})
"""May change while the window is open: nothing of them is in use there."""

Words = Callable[[str], object]


def pip_command() -> tuple[str, ...]:
    """The beginning of every pip command: that of the interpreter in use."""
    return sys.executable, "-m", "pip"


@dataclass(frozen=True, slots=True)
class InstallationPlan:
    """What will be run, one command after the other, and about how much that fetches and writes, in MB.

    `build` is one of `CPU` and `GPU` where torch is among it, else "".
    """

    extra: Extra
    commands: tuple[tuple[str, ...], ...]
    download_mb: int
    disk_mb: int
    build: str = ""


class _Cancelled(Exception):
    pass


@dataclass(slots=True)
class _Heard:
    """What a process has said, and its exit status."""

    status: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class Installation:
    """dg-install: one extra is installed by pip in a process of its own. Any thread reads its figures.

    `start` does it in a thread, to be joined; `run` in the calling one. Of what is cancelled nothing counts as
    installed that is not whole, and no process and no temporary file is left.

    Parameters
    ----------
    extra
        What to install.
    ask
        Whether to wait for `agree` before anything much larger than `extra` says is fetched.
    tell
        Called by the thread that runs it with each new sentence.

    Attributes
    ----------
    state : how far it is; it asks only if need be.
    share, text : how much is done, 0..1, and what is being done.
    plan : once it is known.
    why, failure : once it has failed: the kind of trouble, and a sentence.
    """

    name = "dg-install"

    def __init__(self, extra: Extra, *, ask: bool = True, tell: Words = lambda _text: None) -> None:
        self.extra = extra
        self.state = InstallState.PLANNING
        self.share = 0.0
        self.text = ""
        self.plan: InstallationPlan | None = None
        self.why = self.failure = ""
        self._ask, self._tell = ask, tell
        self._word = threading.Event()
        """The user has spoken: agreed or cancelled."""
        self._cancelled = threading.Event()
        self._folder = Path()
        self._thread = threading.Thread(target=self.run, name=self.name, daemon=True)

    # -- any thread ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def agree(self) -> None:
        """Go on although it is much."""
        self._word.set()

    def cancel(self) -> None:
        """Stop soon."""
        self._cancelled.set()
        self._word.set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end of the thread; whether it has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.state in OVER

    # -- the thread that runs it -----------------------------------------------------------------------------------

    def run(self) -> None:
        """Do it, from beginning to end; never raises."""
        try:
            self._look_around()
            with tempfile.TemporaryDirectory(prefix="dgstudio-", ignore_cleanup_errors=True, dir=self._roomy()) as name:
                self._folder = Path(name)
                self._say(f"Looking for {self.extra.words}")
                self.plan = plan = self._planned()
                self._say(plan_words(plan))
                if plan.build == GPU and self._ask:
                    self.state = InstallState.ASKING
                    self._word.wait()
                self._check_cancelled()
                self._check_room(plan)
                self.state = InstallState.RUNNING
                for command in plan.commands:
                    self._do(command)
            importlib.invalidate_caches()
            left = missing(self.extra)
            if left:
                raise InstallFailed(
                    InstallTrouble.OTHER, f"pip has ended, and yet {listed(left)} cannot be found: restart dgstudio."
                )
        except _Cancelled:
            self._say("Cancelled: nothing is installed.")
            self.state = InstallState.CANCELLED
        except KeyboardInterrupt:
            self.state = InstallState.CANCELLED
            raise
        except Exception as error:
            self.why = error.why if isinstance(error, InstallFailed) else InstallTrouble.OTHER
            reason = getattr(error, "strerror", "") or str(error) or repr(error)
            self.failure = str(error) if isinstance(error, InstallFailed) else f"Nothing was installed: {reason}."
            self.state = InstallState.FAILED
        else:
            self.share = 1.0
            self._say(
                f"{listed(requirements(self.extra))} {'are' if len(self.extra.packages) > 1 else 'is'} installed."
            )
            self.state = InstallState.DONE

    def make_plan(self) -> InstallationPlan:
        """Find out what would be done, and do nothing of it.

        Raises
        ------
        InstallFailed
            Saying what stands in the way.
        """
        self._look_around()
        with tempfile.TemporaryDirectory(prefix="dgstudio-", ignore_cleanup_errors=True) as name:
            self._folder = Path(name)
            return self._planned()

    # -- planning ------------------------------------------------------------------------------------------------

    def _look_around(self) -> None:
        """Refuse at once what cannot work."""
        if importlib.util.find_spec("pip") is None:
            raise failed(InstallTrouble.PIP, self.extra)
        if sys.prefix == sys.base_prefix:
            if Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists():
                raise failed(InstallTrouble.SYSTEM, self.extra)
        elif not os.access(sysconfig.get_path("purelib"), os.W_OK):
            raise failed(InstallTrouble.RIGHT, self.extra)

    def _roomy(self) -> Path | None:
        """Where temporary files go: the environment itself, where the usual place has less room than it."""
        usual, own = tempfile.gettempdir(), Path(sys.prefix)
        with suppress(OSError):
            if _free_mb(Path(usual)) < GPU_MB[0] < _free_mb(own) and os.access(own, os.W_OK):
                return own
        return None

    def _check_room(self, plan: InstallationPlan) -> None:
        needed, free = plan.disk_mb, _free_mb(Path(sysconfig.get_path("purelib")))
        if free < needed:
            room = f"{size_words(needed * MB)} are needed, {size_words(free * MB)} free"
            raise failed(InstallTrouble.DISK, self.extra, room)

    def _planned(self) -> InstallationPlan:
        extra = self.extra
        wanted = requirements(extra)
        kept = self._folder / "kept.txt"
        kept.write_text("".join(f"{row}\n" for row in _kept(extra)), encoding="utf-8")
        pip = (*pip_command(), "install", "--no-input", "--progress-bar", "off", "-c", str(kept), *wanted)
        usual = InstallationPlan(
            extra, (pip,), extra.download_mb, extra.disk_mb, CPU if "torch" in extra.packages else ""
        )
        if "torch" not in extra.packages or not sys.platform.startswith("linux"):
            return usual
        torch = wanted[list(extra.packages).index("torch")]
        if "+cpu" in self._pip_would_take(torch):
            return usual
        self._say("Looking for the small build of torch")
        uv = self._uv()
        if uv:
            small = (*uv, "pip", "install", "--no-deps", "--python", sys.executable, "--torch-backend", "cpu", torch)
            heard = self._hear([*small, "--dry-run"], PROBE_S, UV_HTTP_TIMEOUT="5", UV_HTTP_RETRIES="0")
            if heard.status == 0 and "+cpu" in heard.text:
                # The rest of what it needs comes by pip, which knows where this machine takes packages from.
                return InstallationPlan(extra, (small, pip), extra.download_mb, extra.disk_mb, CPU)
        return InstallationPlan(extra, (pip,), *GPU_MB, GPU)

    def _pip_would_take(self, requirement: str) -> str:
        """The version, with its build, that pip finds for a requirement; nothing is fetched but what describes it."""
        command = (*pip_command(), "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--no-input")
        report = self._folder / "report.json"
        heard = self._hear([*command, "--report", str(report), requirement], PROBE_S, PIP_RETRIES="0")
        try:
            (found,) = json.loads(report.read_text(encoding="utf-8"))["install"]
            return str(found["metadata"]["version"])
        except (OSError, ValueError, KeyError, TypeError):
            why = why_of(heard.text)
            if why in (InstallTrouble.NETWORK, InstallTrouble.VERSION):
                raise failed(why, self.extra) from None
            return ""

    def _uv(self) -> tuple[str, ...]:
        """The beginning of a uv command: uv knows where torch's small builds are. () where there is none to be had."""
        if importlib.util.find_spec("uv") is not None:
            return sys.executable, "-m", "uv"
        place = self._folder / "uv"
        command = (*pip_command(), "install", "--quiet", "--no-input", "--no-deps", "--target", str(place), "uv")
        self._hear(command, 2 * PROBE_S, PIP_RETRIES="0")
        found = place / "bin" / "uv"
        return (str(found),) if found.is_file() else ()

    # -- running -------------------------------------------------------------------------------------------------

    def _do(self, command: Sequence[str]) -> None:
        heard = self._hear(command, None, self._follow, UV_HTTP_TIMEOUT="60", PIP_RETRIES="2")
        if heard.status:
            why = why_of(heard.text)
            told = [row for row in heard.lines if not row.startswith(("WARNING", "[notice]", " "))]
            last = told[-1].removeprefix("ERROR: ")[:200] if told else f"it ended with status {heard.status}"
            raise failed(why, self.extra, last)

    def _hear(
        self,
        command: Sequence[str],
        seconds: float | None,
        follow: Callable[[str], None] = lambda _line: None,
        **variables: str,
    ) -> _Heard:
        """Run a process to its end, for at most so many seconds; `follow` gets each line, and "" now and then."""
        heard, said = _Heard(), self._folder / "said.txt"
        environment = {
            **os.environ,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
            "UV_NO_CONFIG": "1",
            "UV_CACHE_DIR": str(self._folder / "cache"),
            # So that nothing is left of it, and it can be seen how much has come.
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self._folder)),
            **variables,
        }
        self._check_cancelled()
        began = looked = time.monotonic()
        with said.open("wb") as out, said.open(encoding="utf-8", errors="replace") as back:
            process = started(command, environment, out)
            rest = ""
            try:
                while True:
                    status = process.poll()
                    *lines, rest = (rest + back.read()).split("\n")
                    for row in [*lines, *([rest] if status is not None and rest else [])]:
                        heard.lines.append(row.rstrip())
                        follow(row.strip())
                    if status is not None:
                        heard.status = status
                        return heard
                    now = time.monotonic()
                    if seconds is not None and now - began > seconds:
                        heard.status = 1
                        return heard
                    if now - looked > LOOK_S:
                        looked = now
                        follow("")
                    self._cancelled.wait(POLL_S)
                    self._check_cancelled()
            finally:
                end(process)

    def _follow(self, row: str) -> None:
        """Take what pip or uv print, or a moment to measure ("")."""
        assert self.plan is not None
        if row:
            words = _told(row)
            if words.startswith("Installing"):
                self.share = max(self.share, DOWNLOADED)
            if words:
                self._say(words)
        elif self.share < DOWNLOADED:
            self.share = max(self.share, DOWNLOADED * min(0.99, _held_mb(self._folder) / self.plan.download_mb))
        else:
            # How much is written nobody tells: what is left becomes less, ever more slowly.
            self.share += 0.05 * (0.99 - self.share)

    def _say(self, text: str) -> None:
        if text != self.text:
            self.text = text
            self._tell(text)

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise _Cancelled


def _told(row: str) -> str:
    """What pip or uv are at, in our words; "" for what need not be told."""
    if found := re.match(r"Downloading (?:\S*/)?([\w.]+?)-\d\S*\.(?:whl|tar\.gz)(?:\.metadata)?(?: \((.+)\))?$", row):
        name, size = found.groups()
        return "" if ".metadata" in row else f"Downloading {name}{f' ({size})' if size else ''}"
    if found := re.match(r"Downloading ([\w.-]+) \((.+)\)$", row):
        return f"Downloading {found[1]} ({found[2]})"
    if found := re.match(r"Collecting ([\w.-]+)", row):
        return f"Looking for {found[1]}"
    if found := re.match(r"Installing collected packages: (.+)$", row):
        return f"Installing {listed(found[1].split(', '))}"
    return "Installing torch" if re.match(r"Prepared \d+ package", row) else ""


def _kept(extra: Extra) -> list[str]:
    """Constraints: what is installed stays as it is, since it may be in use; what comes is what was tested with it."""
    versions = tested_versions()
    for found in importlib.metadata.distributions():
        # Broken metadata have no name.
        if found.metadata["Name"]:
            versions[key_of(found.metadata["Name"])] = found.version
    for name in (*map(key_of, extra.packages.values()), *_UNSAID):
        versions.pop(name, None)
    return [f"{name}=={version}" for name, version in sorted(versions.items())]


def _free_mb(folder: Path) -> float:
    return shutil.disk_usage(folder).free / 1e6


def _held_mb(folder: Path) -> float:
    """What lies in a folder that others write to and take from meanwhile."""
    held = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                held += Path(place, name).stat().st_size
    return held / 1e6


def plan_words(plan: InstallationPlan) -> str:
    """What a plan means, in a sentence."""
    sizes = f"about {size_words(plan.download_mb * MB)} to download, {size_words(plan.disk_mb * MB)} on disk"
    if plan.build == GPU:
        return f"Only torch's build {GPU} can be had here: {sizes}."
    return f"{plan.extra.words}, for {plan.extra.brings}: {sizes}."
