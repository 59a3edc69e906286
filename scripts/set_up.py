"""Makes .venv ready: the environment, the pinned libraries, the system libraries of Qt. Called by scripts/setup.sh.

An installation that was interrupted goes on where it stopped; two set-ups at once wait for each other. Standard
library only: it runs on the Python that the machine has.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from dgstudio import system_packages  # noqa: E402  (found in the checkout, before anything is installed)
from dgstudio.errors import DgstudioError  # noqa: E402
from dgstudio.extras.failures import InstallTrouble, why_of  # noqa: E402
from dgstudio.kernel import build  # noqa: E402

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PARTS = {"window": 600, "all": 1300}
"""About how many MB each part takes on disk, torch not counted; what it is stands in requirements/."""


def main() -> None:
    """Set up one part, or end with a sentence that says what to do."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("stamp", help="what marks the finished part; it changes when pins or scripts do")
    options = parser.parse_args()
    try:
        with _alone():
            _set_up(options.part, options.stamp)
    except DgstudioError as error:
        sys.exit(f"Set-up: {error}")
    except KeyboardInterrupt:
        sys.exit("\nSet-up interrupted. Run the same command again: it goes on from here.")
    except OSError as error:
        full = " Free some space, then run it again." if error.errno == 28 else ""
        sys.exit(f"Set-up: {error.strerror}: {error.filename}.{full}")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other set-up works in this folder. The lock goes with the process, however that ends."""
    import fcntl  # not on Windows, where make does not run either

    with (ROOT / ".set-up-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another set-up is at work in this folder: waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _set_up(part: str, stamp: str) -> None:
    if PYTHON.exists() and (VENV / f".set-up-{part}").exists() and (VENV / f".set-up-{part}").read_text() == stamp:
        return  # the set-up that was waited for has done it
    begin = time.monotonic()
    for old in VENV.glob(".set-up-*"):
        old.unlink()
    _make_venv()
    _drop_half_installed()
    _say(f"Setting up .venv: about {PARTS[part]} MB on disk, a few minutes the first time.")
    # What was tested and nothing else: a file of another hash is refused.
    _pip_install(["--require-hashes", "--no-deps", "-r", f"requirements/{part}.txt"])
    _pip_install(["--no-deps", "-e", "."])
    _see_to_kernel()
    if part == "all":
        _run([PYTHON, "-m", "dgstudio.extras", "install", "train"])
    _run([PYTHON, "-m", "dgstudio.system_packages"])
    # Compiled now, so that the first start need not.
    subprocess.run([PYTHON, "-m", "compileall", "-q", "dgstudio"], cwd=ROOT, check=False)
    for finished in ("window", part):
        (VENV / f".set-up-{finished}").write_text(stamp)
    size = sum(path.lstat().st_size for path in VENV.rglob("*")) / 1e6
    _say(f"Set up in {time.monotonic() - begin:.0f} s; .venv takes {size:,.0f} MB.")


def _see_to_kernel() -> None:
    """Say so where the build of the package could not compile the kernel: pip keeps that to itself."""
    if (build.LIBRARIES / build.library_name(1)).exists():
        return
    try:
        build.build()
    except build.BuildError as error:
        _say(f"The kernel could not be compiled: {error}. Its reference in numpy serves: the same answers, slower.")


def _make_venv() -> None:
    """Make .venv, or make it again where it does not work; a missing venv module is installed where it may be."""
    if PYTHON.exists() and _works([PYTHON, "-m", "pip", "--version"]):
        return
    if not _works([sys.executable, "-c", "import venv, ensurepip"]):
        name = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        _say(f"Python's venv module is missing: it comes with {name}.")
        # Together with what Qt is going to need, so that nobody has to ask for root twice.
        system_packages.install([name, *system_packages.packages_of(system_packages.likely_missing())[0]], _say)
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        said = (made.stderr or made.stdout).strip().splitlines()
        raise DgstudioError(f"No environment could be made in {VENV}: {said[-1] if said else 'venv failed'}")


def _pip_install(arguments: list[str]) -> None:
    """Let pip show its own progress; what it complains of is kept, to be told as a sentence."""
    command = [str(PYTHON), "-m", "pip", "install", "--no-input", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as pip:
        assert pip.stderr is not None
        said = pip.stderr.read()
    if pip.returncode:
        raise DgstudioError(what_pip_says(said))


def what_pip_says(said: str) -> str:
    """The reason for which pip failed, as a sentence that says what to do."""
    why = why_of(said)
    if why == InstallTrouble.NETWORK:
        return "The package index cannot be reached. Check the network, then run this again: it goes on from here."
    if why == InstallTrouble.DISK:
        return "The disk is full. Free some space, then run this again: it goes on from here."
    if "DO NOT MATCH THE HASHES" in said:
        named = re.search(r"^ +(\S+) from ", said, re.MULTILINE)
        what = named[1] if named else "a package"
        return f"The package index gave another file for {what} than the one that was tested: nothing was installed."
    lines = said.strip().splitlines() or ["it gave no reason"]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return f"pip could not install what is needed: {errors[-1].removeprefix('ERROR: ')}"


def _run(command: list[str | Path]) -> None:
    """Run a part of the set-up that says itself what went wrong."""
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SystemExit(1)


def _works(command: list[str | Path]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _drop_half_installed() -> None:
    """Forget packages whose installation was cut off: pip writes RECORD last, and takes the rest for installed."""
    for folder in VENV.glob("lib/python3*/site-packages/*.dist-info"):
        if not (folder / "RECORD").exists():
            shutil.rmtree(folder)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    main()
